package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	queueSize = 4096
	maxBatch  = 512
	takeWait  = 2 * time.Second // longest wait of a job before it is taken
	idleFold  = time.Second
)

// writer owns the only writing connection. It takes what waits, runs each job in a savepoint of one
// transaction, commits once, and only then answers: a batch is what arrived during the last commit.
type writer struct {
	pool    *sql.DB
	conn    *sql.Conn
	stmts   map[string]*sql.Stmt
	limit   int // of jobs in a batch
	logger  *slog.Logger
	metrics batchMetrics
	jobs    chan *job
	quit    chan struct{}
	done    chan struct{}
	log     foldedLog
	failing atomic.Bool // the last transaction could not be committed
}

// job is one write: a function that must touch nothing but its transaction.
type job struct {
	run   func(*tx) error
	state atomic.Int32  // one of the states below: the first to change it decides
	taken chan struct{} // closed when the writer has taken it
	err   error
	done  chan struct{}
}

// The states of a job. It leaves waiting once.
const (
	jobWaiting int32 = iota
	jobTaken
	jobDropped
)

// tx is the writer's transaction, or rather the savepoint of one job in it.
type tx struct {
	ctx   context.Context // of the batch: no caller can cancel it
	w     *writer
	again bool  // its first commit failed: what the job did may be there all the same
	ended error // what has ended the transaction before its commit: nothing may run any more
}

func startWriter(ctx context.Context, pool *sql.DB, cfg Config) (*writer, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening the writing connection: %w", err)
	}
	if cfg.batch == 0 {
		cfg.batch = maxBatch
	}
	jobs := make(chan *job, queueSize)
	w := &writer{
		limit: cfg.batch,
		pool:  pool, conn: conn, stmts: make(map[string]*sql.Stmt), logger: cfg.Logger, metrics: newBatchMetrics(cfg.Metrics, func() float64 { return float64(len(jobs)) }),
		jobs: jobs, quit: make(chan struct{}), done: make(chan struct{}),
		log: foldedLog{optimized: time.Now()},
	}
	go w.loop()
	return w, nil
}

// write runs a function as one transaction. [ErrBusy] when it was not taken in time: nothing happened.
// Once taken, its outcome is awaited whatever becomes of ctx, since it may be on disk already.
func (db *DB) write(ctx context.Context, run func(*tx) error) (err error) {
	ctx, done := db.watch(ctx, "write")
	defer func() { done(faultOf(err)) }()
	w := db.writer
	j := &job{run: run, taken: make(chan struct{}), done: make(chan struct{})}
	select {
	case <-w.quit:
		return ErrBusy
	default:
	}
	select {
	case w.jobs <- j:
	default:
		return ErrBusy
	}
	timer := time.NewTimer(takeWait)
	defer timer.Stop()
	select {
	case <-j.taken:
	case <-timer.C:
		return j.abandon(ErrBusy)
	case <-ctx.Done():
		return j.abandon(ctx.Err())
	case <-w.done:
		return j.abandon(ErrBusy)
	}
	<-j.done
	return answerable(j.err)
}

// abandon gives up a job that was not taken. If the writer was faster, its outcome is awaited: it may be on
// disk.
func (j *job) abandon(reason error) error {
	if j.state.CompareAndSwap(jobWaiting, jobDropped) {
		return reason
	}
	<-j.done
	return answerable(j.err)
}

func (w *writer) loop() {
	defer close(w.done)
	idle := time.NewTicker(idleFold)
	defer idle.Stop()
	for {
		select {
		case j := <-w.jobs:
			w.batch(j)
		case <-idle.C:
			w.tidy()
		case <-w.quit:
			w.drain()
			w.cut()
			return
		}
	}
}

// drain runs what was queued before the stop.
func (w *writer) drain() {
	for {
		select {
		case j := <-w.jobs:
			w.batch(j)
		default:
			return
		}
	}
}

// batch gathers what waits, up to a limit, and commits it once.
func (w *writer) batch(first *job) {
	jobs := []*job{first}
	for len(jobs) < w.limit {
		select {
		case j := <-w.jobs:
			jobs = append(jobs, j)
			continue
		default:
		}
		break
	}
	live := jobs[:0]
	for _, j := range jobs {
		if j.take() {
			live = append(live, j)
		}
	}
	if len(live) > 0 {
		begin := time.Now()
		w.commit(live)
		w.metrics.observe(len(live), time.Since(begin))
		w.foldIfLarge()
	}
}

// take claims a job for the writer unless its caller gave up first.
func (j *job) take() bool {
	if !j.state.CompareAndSwap(jobWaiting, jobTaken) {
		return false
	}
	close(j.taken)
	return true
}

// commit runs the jobs in one transaction. When the commit itself fails, one of them may be to blame, such
// as by a reference left open: then each gets a transaction of its own, and fails alone.
func (w *writer) commit(jobs []*job) {
	err := w.transact(jobs, false)
	if errors.Is(err, ErrBusy) { // nothing was begun
		w.logger.Error("the database is locked by another program", "jobs", len(jobs), "error", err)
		for _, j := range jobs {
			j.err = err
		}
	} else if err != nil {
		w.logger.Warn("a batch of writes failed and is repeated one by one", "jobs", len(jobs), "error", err)
		for _, j := range jobs {
			if err := w.transact([]*job{j}, true); err != nil {
				j.err = err
			}
		}
	}
	for _, j := range jobs {
		close(j.done)
	}
}

func (w *writer) transact(jobs []*job, again bool) (err error) {
	defer func() { w.failing.Store(err != nil) }()
	ctx := context.Background()
	if err := w.exec(ctx, `BEGIN IMMEDIATE`); err != nil {
		return fmt.Errorf("%w: starting a transaction: %w", ErrBusy, err)
	}
	t := &tx{ctx: ctx, w: w, again: again}
	w.log.dirty = true
	for _, j := range jobs {
		var fault error
		if j.err, fault = t.savepoint(j.run); fault != nil {
			_ = w.exec(ctx, `ROLLBACK`) // mostly the engine was faster
			return errors.Join(j.err, fault)
		}
	}
	if err := w.exec(ctx, `COMMIT`); err != nil {
		return errors.Join(fmt.Errorf("committing: %w", err), w.exec(ctx, `ROLLBACK`))
	}
	return nil
}

// savepoint runs one job so that its failure undoes that job alone. A fault says that the transaction can no longer
// be trusted: the engine itself ends one that meets a full disk, and what ran after that would be on its own.
func (t *tx) savepoint(run func(*tx) error) (err, fault error) {
	if fault := t.w.exec(t.ctx, `SAVEPOINT job`); fault != nil {
		return nil, fmt.Errorf("starting a savepoint: %w", fault)
	}
	err = runSafely(t, run)
	if t.ended != nil {
		return err, fmt.Errorf("the transaction has ended: %w", t.ended)
	}
	if err != nil {
		if fault := t.w.exec(t.ctx, `ROLLBACK TO job`); fault != nil {
			return err, fmt.Errorf("undoing a savepoint: %w", fault)
		}
	}
	if fault := t.w.exec(t.ctx, `RELEASE job`); fault != nil {
		return err, fmt.Errorf("releasing a savepoint: %w", fault)
	}
	return err, nil
}

// runSafely turns a panic into an error, so that one bug does not stop all writing.
func runSafely(t *tx, run func(*tx) error) (err error) {
	defer func() {
		if recovered := recover(); recovered != nil {
			err = fmt.Errorf("panic in a write: %v", recovered)
		}
	}()
	return run(t)
}

// exec runs a statement; each text is prepared once for the life of the connection.
func (t *tx) exec(query string, args ...any) (sql.Result, error) {
	if t.ended != nil {
		return nil, t.ended
	}
	stmt, err := t.w.prepared(t.ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := stmt.ExecContext(t.ctx, args...)
	if exhausted(err) {
		t.ended = err
	}
	return result, err
}

func (t *tx) query(query string, args ...any) (*sql.Rows, error) {
	stmt, err := t.w.prepared(t.ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(t.ctx, args...)
}

func (t *tx) queryRow(query string, args ...any) *sql.Row {
	stmt, err := t.w.prepared(t.ctx, query)
	if err != nil {
		return t.w.conn.QueryRowContext(t.ctx, query, args...) // gives the same error when it is scanned
	}
	return stmt.QueryRowContext(t.ctx, args...)
}

func (w *writer) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, ok := w.stmts[query]; ok {
		return stmt, nil
	}
	stmt, err := w.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("preparing a statement: %w", err)
	}
	w.stmts[query] = stmt
	return stmt, nil
}

func (w *writer) exec(ctx context.Context, query string) error {
	stmt, err := w.prepared(ctx, query)
	if err != nil {
		return err
	}
	_, err = stmt.ExecContext(ctx)
	return err
}

// stop runs what was queued, folds the log and closes the connection.
func (w *writer) stop() error {
	close(w.quit)
	<-w.done
	var err error
	for _, stmt := range w.stmts {
		err = errors.Join(err, stmt.Close())
	}
	return errors.Join(err, w.conn.Close(), w.pool.Close())
}
