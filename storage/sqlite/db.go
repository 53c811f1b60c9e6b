// Package sqlite is the embedded engine: one file, one writing connection, the default without settings.
//
// It promises that nothing is answered before it is on disk (WAL, synchronous=FULL), that concurrent
// writes share one commit without sharing their fate, and that a method is one transaction. A copy of
// the file holds no secret in clear but names, addresses and amounts.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"mana/migrations"
)

const (
	busyTimeout = 5 * time.Second
	maxReaders  = 8
)

// Config is what the engine needs.
type Config struct {
	Path   string // of the file; it and its folder are made if they do not exist
	Now    func() time.Time
	Logger *slog.Logger
	// Metrics is where the size and duration of commits are counted, nil if nowhere.
	Metrics *metrics.Set
	Watch   Watch // nil: nobody does

	batch int                    // writes that share a commit; 0: as many as there are
	steps []migrations.Migration // nil: those of this program
}

// DB is one open database file. It is safe for concurrent use.
type DB struct {
	now     func() time.Time
	logger  *slog.Logger
	readers *sql.DB
	writer  *writer
	watch   Watch
	schema  func() (schema, error) // as this program makes it, or as a newer one had left it at the start

	statements sync.Map                  // of the readers, *sql.Stmt by text
	codesFrom  atomic.Pointer[codePlace] // where cleaning codes goes on; nil: at the first
}

// Open opens the file, brings its schema up to date and starts the writer. The schema of a newer program
// is an error, unless it serves this one ([ErrSchema]).
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if cfg.Watch == nil {
		cfg.Watch = unwatched
	}
	if err := prepareFile(cfg.Path); err != nil {
		return nil, err
	}
	pool, err := sql.Open("sqlite", dsn(cfg.Path, "immediate", "synchronous(FULL)", "wal_autocheckpoint(0)", "temp_store(MEMORY)",
		fmt.Sprintf("journal_size_limit(%d)", logLimit)))
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", cfg.Path, err)
	}
	pool.SetMaxOpenConns(1)
	wanted, err := prepareSchema(ctx, pool, cfg)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	writer, err := startWriter(ctx, pool, cfg)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	readers, err := openReaders(dsn(cfg.Path, "deferred", "query_only(1)"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", cfg.Path, err), writer.stop())
	}
	readers.SetMaxOpenConns(maxReaders)
	readers.SetMaxIdleConns(min(maxReaders, 2*runtime.GOMAXPROCS(0)))
	return &DB{now: cfg.Now, logger: cfg.Logger, readers: readers, writer: writer, watch: cfg.Watch, schema: wanted}, nil
}

// Risks lists none: the program itself sets how this engine commits.
func (db *DB) Risks(context.Context) ([]string, error) { return nil, nil }

// Close finishes what was taken, folds the log into the file and closes it.
func (db *DB) Close() error {
	return errors.Join(db.writer.stop(), db.readers.Close())
}

// Ping reports whether the file can be read, and after a write failed whether it can be written.
func (db *DB) Ping(ctx context.Context) error {
	var one int
	if err := db.queryRow(ctx, `SELECT 1 FROM schema_migrations LIMIT 1`).Scan(&one); err != nil {
		return fmt.Errorf("reading the database: %w", err)
	}
	if !db.writer.failing.Load() {
		return nil
	}
	err := db.write(ctx, func(t *tx) error {
		_, err := t.exec(`PRAGMA user_version = 0`) // as it is: a page is written all the same
		return err
	})
	if err != nil {
		return fmt.Errorf("writing the database: %w", err)
	}
	return nil
}

// reader gives what reads single rows outside a transaction.
func (db *DB) reader(ctx context.Context) func(string, ...any) *sql.Row {
	return func(query string, args ...any) *sql.Row { return db.queryRow(ctx, query, args...) }
}

// prepared is the reading statement of a text, parsed once for each connection: parsing costs more than most reads.
func (db *DB) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if known, ok := db.statements.Load(text); ok {
		return known.(*sql.Stmt), nil
	}
	stmt, err := db.readers.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	known, twice := db.statements.LoadOrStore(text, stmt)
	if twice {
		_ = stmt.Close() // another caller was faster
	}
	return known.(*sql.Stmt), nil
}

func (db *DB) queryRow(ctx context.Context, text string, args ...any) (row *sql.Row) {
	ctx, done := db.watch(ctx, "read")
	defer func() { done(faultOf(row.Err())) }()
	stmt, err := db.prepared(ctx, text)
	if err != nil {
		return db.readers.QueryRowContext(ctx, text, args...) // it meets the same fault
	}
	return stmt.QueryRowContext(ctx, args...)
}

func (db *DB) query(ctx context.Context, text string, args ...any) (_ *sql.Rows, err error) {
	ctx, done := db.watch(ctx, "read")
	defer func() { done(faultOf(err)) }()
	stmt, err := db.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// prepareFile makes the folder and the file readable for its owner alone.
func prepareFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("opening the database file: %w", err)
	}
	return file.Close()
}

// dsn names the file and the settings of each connection; the busy time-out comes first.
func dsn(path, lock string, pragmas ...string) string {
	query := url.Values{"_txlock": {lock}}
	query.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()))
	query.Add("_pragma", "journal_mode(WAL)")
	query.Add("_pragma", "foreign_keys(1)")
	for _, pragma := range pragmas {
		query.Add("_pragma", pragma)
	}
	return "file:" + url.PathEscape(path) + "?" + query.Encode()
}

// timestamp is the form of times in the file: microseconds since 1970, UTC.
func timestamp(t time.Time) int64 { return t.UnixMicro() }

// optionalTime stores the zero time as null.
func optionalTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return timestamp(t)
}

func fromTimestamp(us int64) time.Time { return time.UnixMicro(us).UTC() }

func fromOptional(us sql.NullInt64) time.Time {
	if !us.Valid {
		return time.Time{}
	}
	return fromTimestamp(us.Int64)
}

// wholeSeconds is the form of lengths of time in the file.
func wholeSeconds(d time.Duration) int64 { return int64(d / time.Second) }

// clock is the time of the storage.
func (db *DB) clock() time.Time { return db.now().UTC().Truncate(time.Microsecond) }
