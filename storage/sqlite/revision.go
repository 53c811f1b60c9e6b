package sqlite

import (
	"context"
	"fmt"
)

// Revisions reads the counters that rise with every change of what programs keep in memory, by subject:
// "clients", "keys" and "service_keys".
func (db *DB) Revisions(ctx context.Context) (map[string]int64, error) {
	rows, err := db.query(ctx, `SELECT subject, revision FROM auth_revisions`)
	if err != nil {
		return nil, fmt.Errorf("reading revisions: %w", err)
	}
	defer rows.Close()
	revisions := make(map[string]int64)
	for rows.Next() {
		var subject string
		var revision int64
		if err := rows.Scan(&subject, &revision); err != nil {
			return nil, fmt.Errorf("reading a revision: %w", err)
		}
		revisions[subject] = revision
	}
	return revisions, rows.Err()
}
