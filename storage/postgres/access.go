package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// access is connections for one kind of work, which no other kind can use up.
type access struct {
	pool  *pgxpool.Pool
	wait  time.Duration // longest wait for a connection
	limit time.Duration // longest life of a transaction
	pulse *pulse
	watch Watch
}

// acquire takes a connection. Waiting for one is bounded, and for none is waited while the database is away: [ErrBusy].
func (a *access) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	if err := a.pulse.away(); err != nil {
		return nil, err
	}
	return acquire(ctx, a.pool, a.wait)
}

func acquire(ctx context.Context, pool *pgxpool.Pool, wait time.Duration) (*pgxpool.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return conn, nil
}

// connect makes the first connection.
func (a *access) connect(ctx context.Context, wait time.Duration) error {
	conn, err := acquire(ctx, a.pool, wait)
	if err == nil {
		conn.Release()
	}
	return err
}

// write runs a function as one transaction, again if it lost against another one. Once it has begun, its outcome
// is awaited whatever becomes of ctx. The function must touch nothing but its transaction and what it sets anew.
func (a *access) write(ctx context.Context, as actor, run func(*tx) error) (err error) {
	ctx, done := a.watch(ctx, "write")
	defer func() { done(faultOf(err)) }()
	for try := 1; ; try++ {
		begun := false
		err := a.ask(ctx, func(ctx context.Context, conn *pgxpool.Conn) (again bool, err error) {
			err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{BeginQuery: as.begin()}, func(conn pgx.Tx) error {
				begun = true
				return runSafely(&tx{ctx, conn}, run)
			})
			return !begun, err
		})
		if err == nil || try == maxTries || !lost(err) {
			return answerable(err)
		}
		_ = pause(ctx, jitter())
	}
}

// ask runs something on a connection. If the connection had died unnoticed, so have the others: they are thrown away,
// and what run says can be done again is done again once.
func (a *access) ask(ctx context.Context, run func(ctx context.Context, conn *pgxpool.Conn) (again bool, err error)) error {
	for try := 1; ; try++ {
		conn, err := a.acquire(ctx)
		if err != nil {
			return err
		}
		limited, cancel := a.pulse.limited(ctx, a.limit)
		again, err := run(limited, conn)
		leaveReadOnly(limited, conn, err)
		err = givenUp(limited, err)
		late := limited.Err() != nil // it did not die unnoticed: it was waited for long enough
		cancel()
		conn.Release()
		if !died(err) {
			return err
		}
		a.pool.Reset()
		if !again || late || try == 2 {
			return err
		}
	}
}

// reader gives what reads single rows, each in a transaction of its own that takes one round trip.
func (a *access) reader(ctx context.Context, as actor) func(string, ...any) pgx.Row {
	return func(query string, args ...any) pgx.Row {
		return row{func(dest ...any) error {
			return a.read(ctx, as, query, func(rows pgx.Rows) error {
				if !rows.Next() {
					return errors.Join(rows.Err(), noRow(rows))
				}
				if err := rows.Scan(dest...); err != nil {
					return err
				}
				rows.Close()
				return rows.Err()
			}, args...)
		}}
	}
}

// noRow is the error of a query that ended without a row.
func noRow(rows pgx.Rows) error {
	if rows.Err() != nil {
		return nil
	}
	return pgx.ErrNoRows
}

// row is a row that is read when it is scanned.
type row struct{ scan func(dest ...any) error }

// Scan implements [pgx.Row].
func (r row) Scan(dest ...any) error { return r.scan(dest...) }

// read runs one query in one round trip: without BEGIN, a batch is a transaction of its own. collect may be called
// twice.
func (a *access) read(ctx context.Context, as actor, query string, collect func(pgx.Rows) error, args ...any) (err error) {
	ctx, done := a.watch(ctx, "read")
	defer func() { done(faultOf(err)) }()
	return answerable(a.ask(ctx, func(ctx context.Context, conn *pgxpool.Conn) (bool, error) {
		batch := new(pgx.Batch)
		batch.Queue(actAs, as.name, as.subject())
		batch.Queue(query, args...).Query(collect)
		return true, conn.SendBatch(ctx, batch).Close()
	}))
}
