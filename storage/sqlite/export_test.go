package sqlite

import (
	"context"
	"strings"

	"mana/migrations"
)

// ExecForTest runs SQL as the program's own role would.
func ExecForTest(ctx context.Context, db *DB, query string) error {
	return db.write(ctx, func(t *tx) error {
		_, err := t.w.conn.ExecContext(t.ctx, query)
		return err
	})
}

// OpenStepsForTest is [Open] by the program of another release.
func OpenStepsForTest(ctx context.Context, cfg Config, steps []migrations.Migration) (*DB, error) {
	cfg.steps = steps
	return Open(ctx, cfg)
}

// TamperForTest runs SQL as if there were no triggers.
func TamperForTest(ctx context.Context, db *DB, query string) error {
	return db.write(ctx, func(t *tx) error {
		rules, err := readSchema(ctx, db.readers)
		if err != nil {
			return err
		}
		drop, restore := "", ""
		for name, p := range rules {
			if trigger, ok := strings.CutPrefix(name, "trigger "); ok {
				drop, restore = drop+"DROP TRIGGER "+trigger+"; ", restore+"; "+p.text
			}
		}
		_, err = t.w.conn.ExecContext(t.ctx, drop+query+restore)
		return err
	})
}

// NumberForTest runs SQL that gives one number.
func NumberForTest(ctx context.Context, db *DB, query string) (int, error) {
	var n int
	err := db.readers.QueryRowContext(ctx, query).Scan(&n)
	return n, err
}
