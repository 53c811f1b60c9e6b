package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"mana/ledger"
	"mana/provider/identity"
)

// Ledger keeps wallets and their journal.
type Ledger struct{ db *DB }

var _ ledger.Store = (*Ledger)(nil)

// Ledger is the part of the engine that knows credits.
func (db *DB) Ledger() *Ledger { return &Ledger{db} }

// Decide implements [ledger.Store]. Commands that wait at one time share a commit: see committer.
func (l *Ledger) Decide(ctx context.Context, w ledger.Wants, decide func(time.Time, ledger.State) (ledger.Delta, error)) error {
	return l.db.committer.decide(ctx, newCommand(w, decide))
}

// Freeze implements [ledger.Store].
func (l *Ledger) Freeze(ctx context.Context, userID uuid.UUID, reasons []string) error {
	return l.db.write(ctx, service(userID), func(t *tx) error { return freeze(t, userID, reasons, l.db.clock()) })
}

func freeze(t *tx, userID uuid.UUID, reasons []string, now time.Time) error {
	frozen, err := one(t.exec(`UPDATE credits.balances SET state = 'frozen', version = version + 1, updated_at = $1
		WHERE user_id = $2 AND state = 'active'`, now, userID))
	if err != nil {
		return fmt.Errorf("freezing a wallet: %w", err)
	}
	if !frozen {
		return nil
	}
	return insertEvent(t, identity.Event{
		UserID: userID, Type: "wallet_frozen", Metadata: map[string]string{"actor": "system", "reasons": strings.Join(reasons, "; ")},
	}, now)
}

// Wallet implements [ledger.Store]: three queries in one snapshot and one round trip. What of its holds is due, if there
// are any, is a second one: it only says that a decision is to be made.
func (l *Ledger) Wallet(ctx context.Context, userID uuid.UUID) (ledger.State, time.Time, error) {
	var s ledger.State
	err := l.db.ask(ctx, func(ctx context.Context, conn *pgxpool.Conn) (bool, error) {
		return true, conn.SendBatch(ctx, walletBatch(userID, &s)).Close()
	})
	if err != nil {
		return ledger.State{}, time.Time{}, answerable(err)
	}
	now := l.db.clock()
	if s.Wallet.HeldFree+s.Wallet.HeldPaid == 0 {
		return s, now, nil
	}
	s.Holds, err = l.holds(ctx, user(userID), dueHolds, userID, now)
	return s, now, err
}

func walletBatch(userID uuid.UUID, s *ledger.State) *pgx.Batch {
	as, only := user(userID), []uuid.UUID{userID}
	*s = ledger.State{}
	batch := new(pgx.Batch)
	batch.Queue(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`)
	batch.Queue(actAs, as.name, as.subject())
	batch.Queue(selectWallets, only).Query(func(rows pgx.Rows) (err error) {
		s.Wallet, err = pgx.CollectExactlyOneRow(rows, scanWallet)
		return notFound(err, ledger.ErrNoWallet)
	})
	batch.Queue(selectGrants, only).Query(func(rows pgx.Rows) error {
		var of uuid.UUID
		var g ledger.Grant
		_, err := pgx.ForEachRow(rows, grantTargets(&of, &g), func() error {
			s.Grants = append(s.Grants, g)
			return nil
		})
		return err
	})
	batch.Queue(selectMarks, only).Query(func(rows pgx.Rows) error {
		return eachMark(rows, func(_ uuid.UUID, last ledger.Mark) { s.Last = last })
	})
	batch.Queue(`COMMIT`)
	return batch
}

const walletColumns = `user_id, state, balance, free_credits_remaining, held_paid, held_free, debt, total_earned, total_spent,
	seq, grants, version, alert_below, alert_armed, last_daily_reset_at, last_at, created_at`

const selectWallets = `SELECT ` + walletColumns + ` FROM credits.balances WHERE user_id = ANY ($1::uuid[]) ORDER BY user_id`

func scanWallet(row pgx.CollectableRow) (ledger.Wallet, error) {
	var w ledger.Wallet
	err := row.Scan(&w.UserID, &w.State, &w.Paid, &w.Free, &w.HeldPaid, &w.HeldFree, &w.Debt, &w.Earned, &w.Spent,
		&w.Seq, &w.Grants, &w.Version, &w.AlertBelow, &w.AlertArmed, &w.LastDaily, &w.LastAt, &w.CreatedAt)
	return w, err
}

const grantColumns = `no, class, source, priority, issued, remaining, held, expires_at`

// selectGrants reads the open grants and the daily one, which lasts, of wallets.
const selectGrants = `SELECT w.user_id, ` + grantColumns + ` FROM unnest($1::uuid[]) AS w (user_id) CROSS JOIN LATERAL (
		SELECT ` + grantColumns + ` FROM credits.grants WHERE user_id = w.user_id AND open
		UNION ALL SELECT ` + grantColumns + ` FROM credits.grants WHERE user_id = w.user_id AND source = 'daily' AND NOT open
	) g ORDER BY w.user_id, no`

// selectUsedGrants reads the grants that a use took from.
const selectUsedGrants = `SELECT user_id, ` + grantColumns + ` FROM credits.grants WHERE user_id = $1
	AND no IN (SELECT from_account FROM credits.entries WHERE transaction_id = $2)`

func grantTargets(of *uuid.UUID, g *ledger.Grant) []any {
	return []any{of, &g.No, &g.Class, &g.Source, &g.Priority, &g.Issued, &g.Remaining, &g.Held, toTime(&g.ExpiresAt)}
}

// selectMarks reads how the newest transactions leave wallets. That it begins at the number of the wallet keeps it at a
// row or two, whatever the planner believes about the length of a history.
const selectMarks = `SELECT w.user_id, t.* FROM unnest($1::uuid[]) AS w (user_id) CROSS JOIN LATERAL (
		SELECT seq, free_after, paid_after, held_after, debt_after, earned_after, spent_after, at
		FROM credits.transactions WHERE user_id = w.user_id
			AND seq >= (SELECT seq FROM credits.balances WHERE user_id = w.user_id) ORDER BY seq DESC LIMIT 1) t`

func eachMark(rows pgx.Rows, take func(of uuid.UUID, s ledger.Mark)) error {
	var of uuid.UUID
	var s ledger.Mark
	_, err := pgx.ForEachRow(rows, []any{&of, &s.Seq, &s.Free, &s.Paid, &s.Held, &s.Debt, &s.Earned, &s.Spent, &s.At}, func() error {
		take(of, s)
		return nil
	})
	return err
}

func insertWallet(t *tx, w ledger.Wallet) error {
	_, err := t.exec(`INSERT INTO credits.balances (`+walletColumns+`, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $16)`,
		w.UserID, string(w.State), w.Paid, w.Free, w.HeldPaid, w.HeldFree, w.Debt, w.Earned, w.Spent,
		w.Seq, w.Grants, w.Version, w.AlertBelow, w.AlertArmed, w.LastDaily, w.LastAt, w.CreatedAt)
	if err != nil {
		return fmt.Errorf("storing a wallet: %w", err)
	}
	return nil
}
