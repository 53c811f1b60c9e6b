package sqlite

import (
	"context"
	"fmt"

	"mana/provider"
)

// Endings tells what changed since a mark. A negative one asks for the mark alone.
func (db *DB) Endings(ctx context.Context, after int64) (provider.Endings, error) {
	var e provider.Endings
	if err := db.queryRow(ctx, `SELECT coalesce(max(no), 0) FROM auth_endings`).Scan(&e.Mark); err != nil {
		return e, fmt.Errorf("reading the last ending: %w", err)
	}
	if after < 0 || after == e.Mark {
		return e, nil
	}
	rows, err := db.query(ctx, `SELECT subject FROM auth_endings WHERE no > ? AND no <= ? LIMIT ?`, after, e.Mark, provider.MaxEndings+1)
	if err != nil {
		return e, fmt.Errorf("reading endings: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var subject string
		if err := rows.Scan(&subject); err != nil {
			return e, fmt.Errorf("reading an ending: %w", err)
		}
		e.Subjects = append(e.Subjects, subject)
	}
	if len(e.Subjects) > provider.MaxEndings || after > e.Mark { // the mark of another database
		e.Lost, e.Subjects = true, nil
	}
	return e, rows.Err()
}
