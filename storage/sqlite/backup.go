package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"mana/migrations"
)

// ErrOccupied says that there is a file already where a backup is to be restored.
var ErrOccupied = errors.New("the file exists already")

// backupLook is how often the growing copy is looked at.
const backupLook = 100 * time.Millisecond

// Backup writes a snapshot of the file at path, while others write to it, and gives the rows of each table. The copy is
// made beside the file first, where it is as safe as the file is.
func Backup(ctx context.Context, path string, to io.Writer, progress func(done, total int64)) (rows map[string]int64, err error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("reading the database: %w", err)
	}
	folder, err := os.MkdirTemp(filepath.Dir(path), ".backup-") // for its owner alone
	if err != nil {
		return nil, fmt.Errorf("making room for the copy: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	copied := filepath.Join(folder, "mana.db")
	if err := vacuumInto(ctx, path, copied, progress); err != nil {
		return nil, err
	}
	if rows, err = countFile(ctx, copied); err != nil {
		return nil, err
	}
	file, err := os.Open(copied)
	if err != nil {
		return nil, fmt.Errorf("reading the copy: %w", err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	if _, err := io.Copy(to, file); err != nil {
		return nil, fmt.Errorf("writing the backup: %w", err)
	}
	return rows, nil
}

// vacuumInto copies the file as one reading transaction sees it.
func vacuumInto(ctx context.Context, path, to string, progress func(done, total int64)) error {
	pool, err := sql.Open("sqlite", dsn(path, "deferred"))
	if err != nil {
		return fmt.Errorf("opening %s: %w", path, err)
	}
	defer pool.Close() //nolint:errcheck // it was only read
	var total int64
	if err := pool.QueryRowContext(ctx, `SELECT page_count * page_size FROM pragma_page_count, pragma_page_size`).Scan(&total); err != nil {
		return fmt.Errorf("measuring the database: %w", err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := pool.ExecContext(ctx, `VACUUM INTO ?`, to)
		done <- err
	}()
	ticker := time.NewTicker(backupLook)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return fmt.Errorf("copying the database: %w", err)
			}
			return nil
		case <-ticker.C:
			if info, err := os.Stat(to); err == nil {
				progress(info.Size(), total)
			}
		}
	}
}

// Restore makes a file of a backup: it checks it, deletes the rows of the tables that are voided, and brings the schema
// up to date. It gives the rows of each table, and those that it deleted. The file appears when all of that is done. The
// caller keeps others off. [ErrOccupied], [ErrSchema].
func Restore(ctx context.Context, cfg Config, from io.Reader, voided []string) (rows, ended map[string]int64, err error) {
	if _, err := os.Lstat(cfg.Path); err == nil {
		return nil, nil, ErrOccupied
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("looking for a file: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(cfg.Path), 0o700); err != nil {
		return nil, nil, fmt.Errorf("making the data folder: %w", err)
	}
	folder, err := os.MkdirTemp(filepath.Dir(cfg.Path), ".restore-")
	if err != nil {
		return nil, nil, fmt.Errorf("making room for the file: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	copied := filepath.Join(folder, "mana.db")
	if err := writeFile(copied, from); err != nil {
		return nil, nil, err
	}
	if ended, err = voidFile(ctx, copied, voided); err != nil {
		return nil, nil, err
	}
	db, err := Open(ctx, Config{Path: copied, Now: cfg.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil, err
	}
	if err := db.Close(); err != nil {
		return nil, nil, err
	}
	if rows, err = countFile(ctx, copied); err != nil {
		return nil, nil, err
	}
	if err := os.Rename(copied, cfg.Path); err != nil {
		return nil, nil, fmt.Errorf("putting the file in its place: %w", err)
	}
	return rows, ended, syncFolder(filepath.Dir(cfg.Path))
}

func writeFile(path string, from io.Reader) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("writing the file: %w", err)
	}
	if _, err := io.Copy(file, from); err != nil {
		return errors.Join(fmt.Errorf("reading the backup: %w", err), file.Close())
	}
	return errors.Join(file.Sync(), file.Close())
}

// syncFolder makes sure that a new name in a folder is on disk.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the data folder: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// voidFile checks a file and deletes all rows of some tables, without a trace in the file.
func voidFile(ctx context.Context, path string, voided []string) (ended map[string]int64, err error) {
	steps, err := migrations.SQLite()
	if err != nil {
		return nil, err
	}
	pool, err := sql.Open("sqlite", dsn(path, "immediate", "secure_delete(1)"))
	if err != nil {
		return nil, fmt.Errorf("opening the backup: %w", err)
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	var newest int
	if err := pool.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM schema_migrations`).Scan(&newest); err != nil {
		return nil, fmt.Errorf("%w: this is no backup of an installation on SQLite: %w", ErrSchema, err)
	}
	if newest > len(steps) {
		return nil, fmt.Errorf("%w: the backup is at version %d, this program knows %d", ErrSchema, newest, len(steps))
	}
	var sound string
	if err := pool.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&sound); err != nil || sound != "ok" {
		return nil, errors.Join(fmt.Errorf("the backup is damaged: %s", sound), err)
	}
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("deleting from the backup: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	there, err := countTables(ctx, tx)
	if err != nil {
		return nil, err
	}
	ended = make(map[string]int64)
	for _, table := range voided {
		if _, ok := there[table]; !ok {
			continue // the backup is older than the table
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table); err != nil {
			return nil, fmt.Errorf("deleting from %s: %w", table, err)
		}
		ended[table] = there[table]
	}
	return ended, tx.Commit()
}

func countFile(ctx context.Context, path string) (map[string]int64, error) {
	pool, err := sql.Open("sqlite", dsn(path, "deferred", "query_only(1)"))
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	defer pool.Close() //nolint:errcheck // it was only read
	tx, err := pool.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("counting rows: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	return countTables(ctx, tx)
}

// countTables gives the rows of each table.
func countTables(ctx context.Context, tx *sql.Tx) (map[string]int64, error) {
	var list string
	err := tx.QueryRowContext(ctx, `SELECT group_concat('SELECT ''' || name || ''', count(*) FROM "' || name || '"', ' UNION ALL ')
		FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`).Scan(&list)
	if err != nil {
		return nil, fmt.Errorf("listing tables: %w", err)
	}
	rows, err := tx.QueryContext(ctx, list)
	if err != nil {
		return nil, fmt.Errorf("counting rows: %w", err)
	}
	defer rows.Close()
	counts := make(map[string]int64)
	for rows.Next() {
		var table string
		var n int64
		if err := rows.Scan(&table, &n); err != nil {
			return nil, fmt.Errorf("counting rows: %w", err)
		}
		counts[table] = n
	}
	return counts, rows.Err()
}
