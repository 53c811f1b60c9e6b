package postgres

import (
	"context"
	"fmt"

	"mana/provider"
)

// Endings tells what changed since a mark. A negative one asks for the mark alone. The mark lies before the oldest
// transaction that still runs, so that what commits late is told, and what commits earlier than that more than once.
func (db *DB) Endings(ctx context.Context, after int64) (provider.Endings, error) {
	var e provider.Endings
	err := db.quick.reader(ctx, system)(`SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1,
		ARRAY(SELECT subject FROM auth.endings WHERE $1::bigint >= 0 AND xact > $1 LIMIT $2)`,
		after, provider.MaxEndings+1).Scan(&e.Mark, &e.Subjects)
	if err != nil {
		return e, fmt.Errorf("reading endings: %w", err)
	}
	if len(e.Subjects) > provider.MaxEndings || after > e.Mark { // the mark of another database
		e.Lost, e.Subjects = true, nil
	}
	return e, nil
}
