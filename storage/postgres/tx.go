package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// actor is for whom a transaction acts.
type actor struct {
	name   string
	person uuid.UUID // nil: nobody
}

// The actors without a person.
var (
	nobody      = actor{}
	system      = actor{name: "system"}
	ledgerActor = actor{name: "ledger"}
)

// user acts for one person.
func user(id uuid.UUID) actor { return actor{"user", id} }

// service acts for the program on one person's wallet.
func service(id uuid.UUID) actor { return actor{"service", id} }

// subject is the person as a setting, empty for none.
func (a actor) subject() string {
	if a.person == uuid.Nil {
		return ""
	}
	return a.person.String()
}

// actAs says for whom the transaction acts; its settings end with it.
const actAs = `SELECT set_config('app.actor', $1, true), set_config('app.user_id', $2, true), ` + limits

// limits bound what a transaction may take, whatever the role says: a lock that somebody else holds, a statement, and a
// program that has gone silent in the middle of it.
const limits = `set_config('lock_timeout', '2s', true), set_config('statement_timeout', '5s', true),
	set_config('idle_in_transaction_session_timeout', '10s', true)`

// begin starts a transaction that acts for somebody, in one message. What it is made of needs no quoting.
func (a actor) begin() string {
	return `BEGIN; ` + a.settings()
}

// settings is SQL that says for whom the transaction acts.
func (a actor) settings() string {
	return `SELECT set_config('app.actor', '` + a.name + `', true), set_config('app.user_id', '` + a.subject() + `', true), ` + limits
}

// tx is one transaction with its actor.
type tx struct {
	ctx  context.Context // of the transaction: no caller can cancel it
	conn interface {
		Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
		Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
		QueryRow(ctx context.Context, query string, args ...any) pgx.Row
		SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
	}
}

func (t *tx) exec(query string, args ...any) (pgconn.CommandTag, error) {
	return t.conn.Exec(t.ctx, query, args...)
}

func (t *tx) query(query string, args ...any) (pgx.Rows, error) {
	return t.conn.Query(t.ctx, query, args...)
}

func (t *tx) queryRow(query string, args ...any) pgx.Row {
	return t.conn.QueryRow(t.ctx, query, args...)
}

// leaveReadOnly closes the connection to a server that has become a standby, so that the next one is to its
// successor.
func leaveReadOnly(ctx context.Context, conn *pgxpool.Conn, err error) {
	if code(err) == "25006" {
		_ = conn.Conn().Close(ctx)
	}
}

// runSafely turns a panic into an error.
func runSafely(t *tx, run func(*tx) error) (err error) {
	defer func() {
		if recovered := recover(); recovered != nil {
			err = fmt.Errorf("panic in a write: %v", recovered)
		}
	}()
	return run(t)
}

// all collects every row of a query by scan.
func all[T any](found *[]T, scan func(pgx.CollectableRow) (T, error)) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*found, err = pgx.CollectRows(rows, scan)
		if len(*found) == 0 {
			*found = nil
		}
		return err
	}
}

// pause waits before a try that follows others, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// jitter is a random pause of up to retryEvery, so that transactions that lost to each other do not meet again.
func jitter() time.Duration { return retryEvery * time.Duration(uuid.New()[0]) / 256 }
