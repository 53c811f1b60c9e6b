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
	rows, err := pool.QueryContext(ctx, `SELECT version, applied_at FROM schema_migrations`)
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
		if version > len(status) {
			return nil, fmt.Errorf("%w: it is at version %d, this program knows %d", ErrSchema, version, len(steps))
		}
		status[version-1].AppliedAt = fromTimestamp(at)
	}
	return status, rows.Err()
}

// migrate brings the schema up to date in one exclusive transaction, so that of several starters one does
// the work and a crash leaves the schema as it was. A changed file and a newer schema are refused.
func migrate(ctx context.Context, pool *sql.DB, now func() time.Time) error {
	steps, err := migrations.SQLite()
	if err != nil {
		return err
	}
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("starting a migration: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	if err := applySteps(ctx, tx, steps, now); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing a migration: %w", err)
	}
	return nil
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
	newest := 0
	for version := range applied {
		newest = max(newest, version)
	}
	if newest > len(steps) {
		return fmt.Errorf("%w: it is at version %d, this program knows %d", ErrSchema, newest, len(steps))
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
