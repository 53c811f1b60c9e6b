package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
)

// Ledger keeps wallets and their journal.
type Ledger struct{ db *DB }

var _ ledger.Store = (*Ledger)(nil)

// Ledger is the part of the engine that knows credits.
func (db *DB) Ledger() *Ledger { return &Ledger{db} }

// Decide implements [ledger.Store]. The one writer is the lock.
func (l *Ledger) Decide(ctx context.Context, w ledger.Wants, decide func(time.Time, ledger.State) (ledger.Delta, error)) error {
	return l.db.write(ctx, func(t *tx) error { return l.decide(t, w, decide) })
}

func (l *Ledger) decide(t *tx, w ledger.Wants, decide func(time.Time, ledger.State) (ledger.Delta, error)) error {
	now := l.db.clock()
	if w.Admin != uuid.Nil {
		if err := authorize(t, identity.Actor{Admin: w.Admin}); err != nil {
			return err
		}
	}
	state, err := loadState(t, w)
	if err == nil {
		err = loadHolds(t, &state, w, now, t.again)
	}
	if err != nil {
		return err
	}
	if t.again && w.ID != w.Hold {
		done, err := loadTransaction(t, w.UserID, w.ID)
		if err == nil {
			state.Done = &done
		} else if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	delta, err := decide(now, state)
	if err != nil || delta.Empty() {
		return err
	}
	if err := updateWallet(t, delta.Wallet); err != nil {
		return err
	}
	return writeJournal(t, delta)
}

// Freeze implements [ledger.Store].
func (l *Ledger) Freeze(ctx context.Context, userID uuid.UUID, reasons []string) error {
	return l.db.write(ctx, func(t *tx) error { return freeze(t, userID, reasons, l.db.clock()) })
}

func freeze(t *tx, userID uuid.UUID, reasons []string, now time.Time) error {
	frozen, err := one(t.exec(`UPDATE credits_balances SET state = 'frozen', version = version + 1, updated_at = ?
		WHERE user_id = ? AND state = 'active'`, timestamp(now), userID.String()))
	if err != nil {
		return fmt.Errorf("freezing a wallet: %w", err)
	}
	if !frozen {
		return nil
	}
	return insertEvent(t, identity.Event{
		UserID: userID, Type: "wallet_frozen", Metadata: map[string]string{"actor": "system", "reasons": strings.Join(reasons, "; ")},
	}, timestamp(now))
}

// Wallet implements [ledger.Store].
func (l *Ledger) Wallet(ctx context.Context, userID uuid.UUID) (ledger.State, time.Time, error) {
	snapshot, err := l.db.snapshot(ctx)
	if err != nil {
		return ledger.State{}, time.Time{}, err
	}
	defer snapshot.end()
	now := l.db.clock()
	state, err := loadState(snapshot, ledger.Wants{UserID: userID})
	if err == nil {
		err = loadHolds(snapshot, &state, ledger.Wants{}, now, false)
	}
	return state, now, err
}

func loadState(q querier, w ledger.Wants) (ledger.State, error) {
	var s ledger.State
	var err error
	if s.Wallet, err = loadWallet(q, w.UserID); err != nil {
		return s, err
	}
	if s.Last, err = loadMark(q, w.UserID); err != nil {
		return s, err
	}
	if s.Key, s.Done, err = loadKey(q, w); err != nil {
		return s, err
	}
	if w.Use != uuid.Nil && s.Key == nil {
		if s.Used, err = loadUsage(q, w.UserID, w.Use); err != nil {
			return s, err
		}
	}
	s.Grants, err = loadGrants(q, w.UserID, s.Used)
	return s, err
}

// loadKey finds the record of a key and its transaction.
func loadKey(q querier, w ledger.Wants) (*ledger.KeyRecord, *ledger.Transaction, error) {
	if w.Key == nil {
		return nil, nil, nil
	}
	record := ledger.KeyRecord{Key: ledger.Key{Hash: w.Key.Hash}}
	var fingerprint []byte
	var created int64
	var object string
	err := q.queryRow(`SELECT fingerprint, object, object_id, created_at FROM credits_idempotency
		WHERE user_id = ? AND key_hash = ?`, w.UserID.String(), w.Key.Hash[:]).
		Scan(&fingerprint, &object, &record.TransactionID, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading an idempotency key: %w", err)
	}
	copy(record.Key.Fingerprint[:], fingerprint)
	record.CreatedAt = fromTimestamp(created)
	if object == objectHold {
		record.HoldID, record.TransactionID = record.TransactionID, uuid.Nil
		return &record, nil, nil
	}
	done, err := loadTransaction(q, w.UserID, record.TransactionID)
	return &record, &done, err
}

func loadWallet(q querier, userID uuid.UUID) (ledger.Wallet, error) {
	var w ledger.Wallet
	var daily, last, created int64
	err := q.queryRow(`SELECT user_id, state, balance, free_credits_remaining, held_paid, held_free, debt,
			total_earned, total_spent, seq, grants, version, alert_below, alert_armed, last_daily_reset_at, last_at, created_at
		FROM credits_balances WHERE user_id = ?`, userID.String()).
		Scan(&w.UserID, &w.State, &w.Paid, &w.Free, &w.HeldPaid, &w.HeldFree, &w.Debt,
			&w.Earned, &w.Spent, &w.Seq, &w.Grants, &w.Version, &w.AlertBelow, &w.AlertArmed, &daily, &last, &created)
	if err != nil {
		return w, notFound(err, ledger.ErrNoWallet)
	}
	w.LastDaily, w.LastAt, w.CreatedAt = fromTimestamp(daily), fromTimestamp(last), fromTimestamp(created)
	return w, nil
}

// loadMark reads how the newest transaction leaves a wallet.
func loadMark(q querier, userID uuid.UUID) (ledger.Mark, error) {
	var s ledger.Mark
	var at int64
	err := q.queryRow(`SELECT seq, free_after, paid_after, held_after, debt_after, earned_after, spent_after, at
		FROM credits_transactions WHERE user_id = ? ORDER BY seq DESC LIMIT 1`, userID.String()).
		Scan(&s.Seq, &s.Free, &s.Paid, &s.Held, &s.Debt, &s.Earned, &s.Spent, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("reading the newest transaction: %w", err)
	}
	s.At = fromTimestamp(at)
	return s, nil
}

const grantColumns = `no, class, source, priority, issued, remaining, held, expires_at`

// loadGrants reads the open grants, the daily one, which lasts, and those of a use to be refunded.
func loadGrants(q querier, userID uuid.UUID, used *ledger.Usage) ([]ledger.Grant, error) {
	grants, err := collectGrants(q.query(`SELECT `+grantColumns+` FROM credits_grants WHERE user_id = ?1 AND open = 1
		UNION ALL SELECT `+grantColumns+` FROM credits_grants WHERE user_id = ?1 AND source = 'daily' AND open = 0`, userID.String()))
	if err == nil && used != nil {
		var more []ledger.Grant
		more, err = collectGrants(q.query(`SELECT `+grantColumns+` FROM credits_grants WHERE user_id = ? AND open = 0 AND source <> 'daily'
			AND no IN (SELECT from_account FROM credits_entries WHERE transaction_id = ?)`, userID.String(), used.ID.String()))
		grants = append(grants, more...)
	}
	slices.SortFunc(grants, func(a, b ledger.Grant) int { return a.No - b.No })
	return grants, err
}

func collectGrants(rows *sql.Rows, err error) ([]ledger.Grant, error) {
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
	fits, err := one(t.exec(`UPDATE credits_balances SET state = ?, balance = ?, free_credits_remaining = ?, held_paid = ?, held_free = ?,
			debt = ?, total_earned = ?, total_spent = ?, seq = ?, grants = ?, version = ?, alert_armed = ?, last_daily_reset_at = ?,
			last_at = ?, updated_at = ? WHERE user_id = ? AND version = ?`,
		string(w.State), w.Paid, w.Free, w.HeldPaid, w.HeldFree, w.Debt, w.Earned, w.Spent, w.Seq, w.Grants, w.Version,
		w.AlertArmed, timestamp(w.LastDaily), timestamp(w.LastAt), timestamp(w.LastAt), w.UserID.String(), w.Version-1))
	if err != nil {
		return fmt.Errorf("updating a wallet: %w", err)
	}
	if !fits {
		return fmt.Errorf("updating a wallet: its version moved under the lock")
	}
	return nil
}
