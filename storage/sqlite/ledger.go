package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
)

// Ledger keeps wallets and their journal.
type Ledger struct{ db *DB }

var _ ledger.Store = (*Ledger)(nil)

// Ledger is the part of the engine that knows credits.
func (db *DB) Ledger() *Ledger { return &Ledger{db} }

// querier runs reads, on the writing connection or in a snapshot of a reader.
type querier interface {
	query(query string, args ...any) (*sql.Rows, error)
	queryRow(query string, args ...any) *sql.Row
}

// snapshot is a reading transaction.
type snapshot struct {
	ctx context.Context // of the one call that reads
	tx  *sql.Tx
}

func (s snapshot) query(query string, args ...any) (*sql.Rows, error) {
	return s.tx.QueryContext(s.ctx, query, args...)
}

func (s snapshot) queryRow(query string, args ...any) *sql.Row {
	return s.tx.QueryRowContext(s.ctx, query, args...)
}

// Decide implements [ledger.Store]. The one writer is the lock.
func (l *Ledger) Decide(ctx context.Context, w ledger.Wants, decide func(time.Time, ledger.State) (ledger.Delta, error)) error {
	return l.db.write(ctx, func(t *tx) error { return l.decide(t, w, decide) })
}

func (l *Ledger) decide(t *tx, w ledger.Wants, decide func(time.Time, ledger.State) (ledger.Delta, error)) error {
	state, err := loadState(t, w)
	if err != nil {
		return err
	}
	delta, err := decide(l.db.clock(), state)
	if err != nil || delta.Empty() {
		return err
	}
	if err := updateWallet(t, delta.Wallet); err != nil {
		return err
	}
	return writeJournal(t, delta)
}

// Wallet implements [ledger.Store].
func (l *Ledger) Wallet(ctx context.Context, userID uuid.UUID) (ledger.State, time.Time, error) {
	tx, err := l.db.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return ledger.State{}, time.Time{}, fmt.Errorf("starting a snapshot: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	state, err := loadState(snapshot{ctx, tx}, ledger.Wants{UserID: userID})
	return state, l.db.clock(), err
}

func loadState(q querier, w ledger.Wants) (ledger.State, error) {
	var s ledger.State
	var err error
	if s.Wallet, err = loadWallet(q, w.UserID); err != nil {
		return s, err
	}
	if s.Grants, err = loadGrants(q, w.UserID); err != nil {
		return s, err
	}
	if w.Key == nil {
		return s, nil
	}
	record := ledger.KeyRecord{Key: ledger.Key{Hash: w.Key.Hash}}
	var fingerprint []byte
	var created int64
	err = q.queryRow(`SELECT fingerprint, object_id, created_at FROM credits_idempotency
		WHERE user_id = ? AND key_hash = ?`, w.UserID.String(), w.Key.Hash[:]).
		Scan(&fingerprint, &record.TransactionID, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("reading an idempotency key: %w", err)
	}
	copy(record.Key.Fingerprint[:], fingerprint)
	record.CreatedAt = fromTimestamp(created)
	s.Key = &record
	s.Done, err = loadTransaction(q, w.UserID, record.TransactionID)
	return s, err
}

func loadWallet(q querier, userID uuid.UUID) (ledger.Wallet, error) {
	var w ledger.Wallet
	var daily, last, created int64
	err := q.queryRow(`SELECT user_id, state, balance, free_credits_remaining, held_paid, held_free, debt,
			total_earned, total_spent, seq, grants, version, last_daily_reset_at, last_at, created_at
		FROM credits_balances WHERE user_id = ?`, userID.String()).
		Scan(&w.UserID, &w.State, &w.Paid, &w.Free, &w.HeldPaid, &w.HeldFree, &w.Debt,
			&w.Earned, &w.Spent, &w.Seq, &w.Grants, &w.Version, &daily, &last, &created)
	if err != nil {
		return w, notFound(err, ledger.ErrNoWallet)
	}
	w.LastDaily, w.LastAt, w.CreatedAt = fromTimestamp(daily), fromTimestamp(last), fromTimestamp(created)
	return w, nil
}

// loadGrants reads the open grants, and the daily one, which lasts.
func loadGrants(q querier, userID uuid.UUID) ([]ledger.Grant, error) {
	rows, err := q.query(`SELECT no, class, source, priority, issued, remaining, held, expires_at FROM credits_grants
			WHERE user_id = ? AND open = 1
		UNION SELECT no, class, source, priority, issued, remaining, held, expires_at FROM credits_grants
			WHERE user_id = ? AND source = 'daily' ORDER BY no`, userID.String(), userID.String())
	if err != nil {
		return nil, fmt.Errorf("reading grants: %w", err)
	}
	defer rows.Close()
	var grants []ledger.Grant
	for rows.Next() {
		var g ledger.Grant
		var expires sql.NullInt64
		err := rows.Scan(&g.No, &g.Class, &g.Source, &g.Priority, &g.Issued, &g.Remaining, &g.Held, &expires)
		if err != nil {
			return nil, fmt.Errorf("reading a grant: %w", err)
		}
		g.ExpiresAt = fromOptional(expires)
		grants = append(grants, g)
	}
	return grants, rows.Err()
}

func insertWallet(t *tx, w ledger.Wallet) error {
	_, err := t.exec(`INSERT INTO credits_balances (user_id, state, balance, free_credits_remaining, held_paid, held_free,
			debt, total_earned, total_spent, seq, grants, version, last_daily_reset_at, last_at, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		w.UserID.String(), string(w.State), w.Paid, w.Free, w.HeldPaid, w.HeldFree, w.Debt, w.Earned, w.Spent,
		w.Seq, w.Grants, w.Version, timestamp(w.LastDaily), timestamp(w.LastAt), timestamp(w.CreatedAt), timestamp(w.LastAt))
	if err != nil {
		return fmt.Errorf("storing a wallet: %w", err)
	}
	return nil
}

// updateWallet writes the projections; the version asserts that they are those that were read.
func updateWallet(t *tx, w ledger.Wallet) error {
	fits, err := one(t.exec(`UPDATE credits_balances SET balance = ?, free_credits_remaining = ?, held_paid = ?, held_free = ?,
			debt = ?, total_earned = ?, total_spent = ?, seq = ?, grants = ?, version = ?, last_daily_reset_at = ?,
			last_at = ?, updated_at = ? WHERE user_id = ? AND version = ?`,
		w.Paid, w.Free, w.HeldPaid, w.HeldFree, w.Debt, w.Earned, w.Spent, w.Seq, w.Grants, w.Version,
		timestamp(w.LastDaily), timestamp(w.LastAt), timestamp(w.LastAt), w.UserID.String(), w.Version-1))
	if err != nil {
		return fmt.Errorf("updating a wallet: %w", err)
	}
	if !fits {
		return fmt.Errorf("updating a wallet: its version moved under the lock")
	}
	return nil
}
