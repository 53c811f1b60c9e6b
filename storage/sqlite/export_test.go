package sqlite

import "context"

// ExecForTest runs SQL as the program's own role would.
func ExecForTest(ctx context.Context, db *DB, query string) error {
	return db.write(ctx, func(t *tx) error {
		_, err := t.w.conn.ExecContext(t.ctx, query)
		return err
	})
}

// NumberForTest runs SQL that gives one number.
func NumberForTest(ctx context.Context, db *DB, query string) (int, error) {
	var n int
	err := db.readers.QueryRowContext(ctx, query).Scan(&n)
	return n, err
}
