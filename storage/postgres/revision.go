package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Revisions reads the counters that rise with every change of what programs keep in memory, by subject:
// "clients", "keys" and "service_keys". On the way the clocks are compared.
func (db *DB) Revisions(ctx context.Context) (map[string]int64, error) {
	revisions := make(map[string]int64)
	var subject string
	var revision int64
	var now time.Time
	before := time.Now()
	err := db.quick.read(ctx, system, `SELECT subject, revision, clock_timestamp() FROM auth.revisions`, func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&subject, &revision, &now}, func() error {
			revisions[subject] = revision
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading revisions: %w", err)
	}
	db.compareClocks(now, before, time.Now())
	return revisions, nil
}
