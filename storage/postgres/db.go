// Package postgres is the engine for several replicas of the program on one PostgreSQL, reached directly or
// through PgBouncer in transaction mode.
//
// It promises what package sqlite promises: nothing is answered before its commit, and a method is one
// transaction. Besides, the database itself keeps people apart. The program's role owns nothing and cannot
// bypass row-level security, and every transaction says for whom it acts, by settings that end with it:
//
//   - "user": for one person, whose rows alone are visible and writable, as far as the tables allow that;
//   - "service": the same, for what the program does to one person's wallet;
//   - "ledger": for the wallets of one batch; it sees nothing of schema auth;
//   - "system": for flows that act for nobody yet, such as a sign-in by address, the redemption of a code or a
//     token, jobs and the command line. It is set only by the methods of this package that need it.
//
// A transaction without them sees no row and writes none. Nothing is kept in a database session: no setting,
// no lock, no temporary table outlives its transaction.
package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"mana/migrations"
)

const (
	defaultConns = 10
	quickConns   = 2
	jobConns     = 2
	defaultWait  = time.Second
	closeLimit   = 500 * time.Millisecond // longest wait for the end of one connection
	connectLimit = 3 * time.Second        // longest try to connect with one host, unless the URL has a connect_timeout
	clockAnswer  = 100 * time.Millisecond
	runLimit     = 6 * time.Second // longest life of a transaction; the role's own limits are shorter
	maxTries     = 5               // of a transaction that lost against others
)

// Config is what the engine needs.
type Config struct {
	// URL names the database and the role, as pgx reads it. pool_max_conns bounds the connections (10), and
	// default_query_exec_mode is cache_describe, which any PgBouncer takes, or cache_statement.
	URL    string
	Now    func() time.Time // nil: the clock of the database
	Wait   time.Duration    // longest wait for a connection; 0: a second
	Lanes  int              // of the ledger: batches that are committed at one time; 0: by the number of processors
	Logger *slog.Logger
	// Metrics is where commits and connections are counted, nil if nowhere.
	Metrics *metrics.Set
	Watch   Watch // nil: nobody does
	// Copying opens a database whose import has not ended, which is refused else.
	Copying bool

	steps []migrations.Migration // nil: those of this program
}

// DB is a pool of connections to one database. It is safe for concurrent use.
type DB struct {
	now       func() time.Time // nil: the clock of the database
	ahead     atomic.Int64     // of the database's clock before ours, in nanoseconds
	logger    *slog.Logger
	steps     []migrations.Migration
	copying   bool    // as in Config
	*access           // of requests
	quick     *access // of what must know at once whether the database is there
	jobs      *access // of what runs beside the requests
	committer *committer
	intake    *intake
	turns     turns                     // of writes, by what they lock
	atStart   atomic.Pointer[structure] // what the rules of the database are held against
	codesFrom atomic.Pointer[codePlace] // where cleaning codes goes on; nil: at the first
}

// Open connects, and refuses a role that could bypass row-level security ([ErrRole]) and a schema that this
// program cannot serve ([ErrSchema]). It changes nothing: see [Migrate].
func Open(ctx context.Context, cfg Config) (*DB, error) {
	settings, err := poolConfig(cfg.URL)
	if err != nil {
		return nil, err
	}
	if cfg.steps == nil {
		if cfg.steps, err = migrations.Postgres(); err != nil {
			return nil, err
		}
	}
	if cfg.Metrics == nil {
		cfg.Metrics = metrics.NewSet()
	}
	if cfg.Watch == nil {
		cfg.Watch = unwatched
	}
	db := &DB{now: cfg.Now, logger: cfg.Logger, steps: cfg.steps, copying: cfg.Copying}
	if err := db.open(ctx, settings, cfg); err != nil {
		return nil, err
	}
	conn := settings.ConnConfig
	first := db.wait + time.Duration(1+len(conn.Fallbacks))*conn.ConnectTimeout // the hosts before the right one may hang
	err = db.check(ctx, first)
	if err == nil {
		err = db.checkRules(ctx)
	}
	if err == nil {
		err = db.quick.connect(ctx, first)
	}
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	beat := &access{db.quick.pool, beatLimit, beatLimit, newPulse(db.logger), unwatched}
	db.pulse.start(func(ctx context.Context) error {
		return beat.reader(ctx, nobody)(`SELECT 1`).Scan(new(int))
	}, db.pool, db.jobs.pool, db.committer.pool)
	return db, nil
}

// open makes the pools, which connect when they are asked.
func (db *DB) open(ctx context.Context, settings *pgxpool.Config, cfg Config) error {
	beats := newPulse(cfg.Logger)
	lanes := cmp.Or(cfg.Lanes, defaultLanes())
	var all []*access
	for _, conns := range []int32{settings.MaxConns, quickConns, jobConns, int32(lanes)} {
		settings := settings.Copy()
		settings.MaxConns, settings.MinConns = conns, min(conns, settings.MinConns)
		beats.listen(settings.ConnConfig)
		pool, err := pgxpool.NewWithConfig(ctx, settings)
		if err != nil {
			for _, a := range all {
				a.pool.Close()
			}
			return fmt.Errorf("opening the database: %w", err)
		}
		all = append(all, &access{pool, cmp.Or(cfg.Wait, defaultWait), runLimit, beats, cfg.Watch})
	}
	db.access, db.quick, db.jobs = all[0], all[1], all[2]
	db.intake = &intake{db: db}
	db.committer = startCommitter(db, all[3], lanes, newBatchMetrics(cfg.Metrics))
	countConnections(cfg.Metrics, all[0].pool, all[1].pool, all[2].pool, all[3].pool)
	return nil
}

// poolConfig reads a URL. An error never repeats it, since it may hold a password.
func poolConfig(url string) (*pgxpool.Config, error) {
	settings, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the database's URL cannot be read")
	}
	if !strings.Contains(url, "pool_max_conns") {
		settings.MaxConns = defaultConns
	}
	conn := settings.ConnConfig
	if conn.ConnectTimeout == 0 {
		conn.ConnectTimeout = connectLimit
	}
	if !strings.Contains(url, "default_query_exec_mode") {
		conn.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	if mode := conn.DefaultQueryExecMode; mode != pgx.QueryExecModeCacheDescribe && mode != pgx.QueryExecModeCacheStatement {
		return nil, fmt.Errorf("default_query_exec_mode %s is not one of cache_describe, cache_statement", mode)
	}
	settings.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		registerTypes(conn.TypeMap())
		return nil
	}
	settings.BeforeClose = func(conn *pgx.Conn) { // the pool itself waits for a quarter of a minute
		ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
		defer cancel()
		_ = conn.Close(ctx)
	}
	return settings, nil
}

// Close finishes what was taken and closes the connections.
func (db *DB) Close() error {
	db.committer.stop()
	db.pulse.end()
	for _, a := range []*access{db.access, db.quick, db.jobs} {
		a.pool.Close()
	}
	return nil
}

// Ping reports whether the database can be read, and takes writes: one in recovery does not, and hosts make one whose
// disk is full read-only.
func (db *DB) Ping(ctx context.Context) error {
	var readOnly bool
	err := db.quick.reader(ctx, nobody)(`SELECT current_setting('transaction_read_only')::boolean FROM auth.schema_migrations LIMIT 1`).
		Scan(&readOnly)
	if err != nil {
		return fmt.Errorf("reading the database: %w", err)
	}
	if readOnly {
		return fmt.Errorf("%w: the database is read-only", ErrBusy)
	}
	return nil
}

// clock is the time of the storage.
func (db *DB) clock() time.Time {
	now := db.now
	if now == nil {
		now = time.Now
	}
	return now().Add(time.Duration(db.ahead.Load())).UTC().Truncate(time.Microsecond)
}

// compareClocks notes how far the database's clock is ahead of ours, unless its answer took too long to tell.
func (db *DB) compareClocks(theirs, before, after time.Time) {
	if db.now == nil && (after.Sub(before) < clockAnswer || db.ahead.Load() == 0) {
		db.ahead.Store(int64(theirs.Sub(before.Add(after.Sub(before) / 2))))
	}
}

// wholeSeconds is the form of lengths of time in the database.
func wholeSeconds(d time.Duration) int64 { return int64(d / time.Second) }
