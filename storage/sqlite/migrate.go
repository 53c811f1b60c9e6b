package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"mana/migrations"
)

// ErrSchema says that the file's schema is not one that this program can serve.
var ErrSchema = errors.New("database schema does not fit this program")

// Status lists the migrations that the program knows, and when the file got them. A file that is not there has none.
func Status(ctx context.Context, path string) ([]migrations.Step, error) {
	steps, err := migrations.SQLite()
	if err != nil {
		return nil, err
	}
	status := make([]migrations.Step, len(steps))
	for i, step := range steps {
		status[i] = migrations.Step{Version: step.Version, Name: step.Name}
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return status, nil
	}
	pool, err := sql.Open("sqlite", dsn(path, "deferred", "query_only(1)"))
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	defer func() { _ = pool.Close() }() // it was only read
	if _, err := isNewer(ctx, pool, steps); err != nil {
		return nil, err
	}
	rows, err := pool.QueryContext(ctx, `SELECT version, applied_at FROM schema_migrations WHERE version <= ?`, len(steps))
	if err != nil {
		return nil, fmt.Errorf("reading applied migrations: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var version int
		var at int64
		if err := rows.Scan(&version, &at); err != nil {
			return nil, fmt.Errorf("reading applied migrations: %w", err)
		}
		status[version-1].AppliedAt = fromTimestamp(at)
	}
	return status, rows.Err()
}

// migrate brings the schema up to date in one exclusive transaction, so that of several starters one does
// the work and a crash leaves the schema as it was. A changed file and a newer schema that does not serve this program
// are refused; one that does stays as it is, and is newer.
func migrate(ctx context.Context, pool *sql.DB, steps []migrations.Migration, now func() time.Time) (newer bool, err error) {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("starting a migration: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	if err := applySteps(ctx, tx, steps, now); err != nil {
		return false, err
	}
	if newer, err = isNewer(ctx, tx, steps); err != nil {
		return false, err
	}
	if err := tx.Commit(); err != nil {
		return false, fmt.Errorf("committing a migration: %w", err)
	}
	return newer, nil
}

// isNewer reports whether a newer program has left the file. [ErrSchema] when a step of that does not serve this one.
func isNewer(ctx context.Context, q interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}, steps []migrations.Migration,
) (bool, error) {
	var newest int
	if err := q.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM schema_migrations`).Scan(&newest); err != nil {
		return false, fmt.Errorf("reading applied migrations: %w", err)
	}
	if newest <= len(steps) {
		return false, nil
	}
	var oldest int // of the programs that all newer steps serve
	err := q.QueryRowContext(ctx, `SELECT max(coalesce(serves, version)) FROM schema_migrations WHERE version > ?`, len(steps)).Scan(&oldest)
	if err != nil {
		return false, fmt.Errorf("reading applied migrations: %w", err)
	}
	if oldest > len(steps) {
		return false, fmt.Errorf("%w: it is at version %d, this program knows %d", ErrSchema, newest, len(steps))
	}
	return true, nil
}

func applySteps(ctx context.Context, tx *sql.Tx, steps []migrations.Migration, now func() time.Time) error {
	// Which steps the file has, and the checksum each had when it was applied.
	_, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_migrations (
		version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum BLOB NOT NULL, applied_at INTEGER NOT NULL
	) STRICT`)
	if err != nil {
		return fmt.Errorf("making the table of migrations: %w", err)
	}
	applied, err := appliedSteps(ctx, tx)
	if err != nil {
		return err
	}
	for _, step := range steps {
		checksum, done := applied[step.Version]
		if done && string(step.Checksum[:]) != checksum {
			return fmt.Errorf("%w: migration %s was changed after it was applied", ErrSchema, step.Name)
		}
		if done {
			continue
		}
		if _, err := tx.ExecContext(ctx, step.SQL); err != nil {
			return fmt.Errorf("applying migration %s: %w", step.Name, err)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO schema_migrations (version, name, checksum, applied_at)
			VALUES (?, ?, ?, ?)`, step.Version, step.Name, step.Checksum[:], timestamp(now()))
		if err == nil && step.Serves > 0 {
			_, err = tx.ExecContext(ctx, `UPDATE schema_migrations SET serves = ? WHERE version = ?`, step.Serves, step.Version)
		}
		if err != nil {
			return fmt.Errorf("recording migration %s: %w", step.Name, err)
		}
	}
	return nil
}

func appliedSteps(ctx context.Context, tx *sql.Tx) (map[int]string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT version, checksum FROM schema_migrations`)
	if err != nil {
		return nil, fmt.Errorf("reading applied migrations: %w", err)
	}
	defer rows.Close()
	applied := make(map[int]string)
	for rows.Next() {
		var version int
		var checksum []byte
		if err := rows.Scan(&version, &checksum); err != nil {
			return nil, fmt.Errorf("reading applied migrations: %w", err)
		}
		applied[version] = string(checksum)
	}
	return applied, rows.Err()
}
