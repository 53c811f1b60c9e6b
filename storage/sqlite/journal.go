package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
)

// writeJournal writes grants, postings, transactions and the key of a decision whose wallet is written.
func writeJournal(t *tx, d ledger.Delta) error {
	if err := writeGrants(t, d.Wallet.UserID, d.Grants); err != nil {
		return err
	}
	if err := writeHolds(t, d); err != nil {
		return err
	}
	for _, transaction := range d.Transactions {
		if err := insertTransaction(t, transaction); err != nil {
			return err
		}
		if event, wanted := identity.EventOf(transaction); wanted {
			if err := insertEvent(t, event, timestamp(transaction.At)); err != nil {
				return fmt.Errorf("noting a transaction: %w", err)
			}
		}
	}
	for _, u := range d.Usage {
		if err := writeUsage(t, d.Wallet.UserID, u); err != nil {
			return err
		}
	}
	if !d.Alert.IsZero() {
		if err := insertAlert(t, d.Wallet.UserID, timestamp(d.Alert)); err != nil {
			return err
		}
	}
	if d.Key == nil {
		return nil
	}
	_, err := t.exec(`INSERT INTO credits_idempotency (user_id, key_hash, fingerprint, object, object_id, created_at)
		VALUES (?, ?, ?, ?, ?, ?)`, d.Wallet.UserID.String(), d.Key.Key.Hash[:], d.Key.Key.Fingerprint[:],
		keyObject(*d.Key), cmp.Or(d.Key.TransactionID, d.Key.HoldID).String(), timestamp(d.Key.CreatedAt))
	if err != nil {
		return fmt.Errorf("storing an idempotency key: %w", err)
	}
	return nil
}

func writeGrants(t *tx, userID uuid.UUID, grants []ledger.Grant) error {
	for _, g := range grants {
		_, err := t.exec(`INSERT INTO credits_grants
				(user_id, no, class, source, priority, issued, remaining, held, open, expires_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (user_id, no) DO UPDATE SET issued = excluded.issued, remaining = excluded.remaining,
				held = excluded.held, open = excluded.open`,
			userID.String(), g.No, string(g.Class), g.Source, g.Priority, g.Issued, g.Remaining, g.Held,
			g.Remaining > 0, optionalTime(g.ExpiresAt))
		if err != nil {
			return fmt.Errorf("storing grant %d: %w", g.No, err)
		}
	}
	return nil
}

// insertTransaction writes the postings first: the row of the transaction closes and checks them.
func insertTransaction(t *tx, x ledger.Transaction) error {
	for _, p := range x.Postings {
		_, err := t.exec(`INSERT INTO credits_entries (transaction_id, n, user_id, from_account, to_account, amount)
			VALUES (?, ?, ?, ?, ?, ?)`, x.ID.String(), p.N, x.UserID.String(), p.From, p.To, p.Amount)
		if err != nil {
			return fmt.Errorf("storing posting %d: %w", p.N, err)
		}
	}
	_, err := t.exec(`INSERT INTO credits_transactions (id, user_id, seq, type, kind, amount, balance_before, balance_after,
			legs, app_id, description, metadata, caller, actor, idempotency_key, related_id, hold_id, free_after, paid_after,
			held_after, debt_after, earned_after, spent_after, at, purchase_id)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		x.ID.String(), x.UserID.String(), x.Seq, string(x.Type), x.Kind, x.Amount, x.Before, x.After,
		len(x.Postings), x.AppID, x.Description, optionalText(string(x.Metadata)), x.Caller, x.Actor,
		optionalText(x.IdempotencyKey), optionalID(x.RelatedID), optionalID(x.HoldID), x.FreeAfter, x.PaidAfter, x.HeldAfter, x.DebtAfter, x.EarnedAfter, x.SpentAfter,
		timestamp(x.At), optionalID(x.PurchaseID))
	if err != nil {
		return fmt.Errorf("storing a transaction: %w", err)
	}
	return nil
}

const transactionColumns = `id, user_id, seq, type, kind, amount, balance_before, balance_after, legs, app_id, description,
	metadata, caller, actor, idempotency_key, related_id, hold_id, purchase_id, free_after, paid_after, held_after, debt_after, earned_after, spent_after, at`

func scanTransaction(row rowScanner) (ledger.Transaction, error) {
	var x ledger.Transaction
	var metadata, key, related, hold, purchase sql.NullString
	var at int64
	err := row.Scan(&x.ID, &x.UserID, &x.Seq, &x.Type, &x.Kind, &x.Amount, &x.Before, &x.After, &x.Legs, &x.AppID, &x.Description,
		&metadata, &x.Caller, &x.Actor, &key, &related, &hold, &purchase, &x.FreeAfter, &x.PaidAfter, &x.HeldAfter, &x.DebtAfter, &x.EarnedAfter,
		&x.SpentAfter, &at)
	if metadata.Valid {
		x.Metadata = []byte(metadata.String)
	}
	if err == nil && related.Valid {
		x.RelatedID, err = uuid.Parse(related.String)
	}
	if err == nil && hold.Valid {
		x.HoldID, err = uuid.Parse(hold.String)
	}
	if err == nil && purchase.Valid {
		x.PurchaseID, err = uuid.Parse(purchase.String)
	}
	x.IdempotencyKey, x.At = key.String, fromTimestamp(at)
	return x, err
}

// loadTransaction reads a transaction without its postings.
func loadTransaction(q querier, userID, id uuid.UUID) (ledger.Transaction, error) {
	x, err := scanTransaction(q.queryRow(`SELECT `+transactionColumns+` FROM credits_transactions
		WHERE id = ? AND user_id = ?`, id.String(), userID.String()))
	if err != nil {
		return x, fmt.Errorf("reading transaction %s: %w", id, err)
	}
	return x, nil
}

// History implements [ledger.Store]. Numbers have no gaps, so that any offset costs one probe.
func (l *Ledger) History(ctx context.Context, userID uuid.UUID, limit, offset int) ([]ledger.Transaction, error) {
	rows, err := l.db.query(ctx, `SELECT `+transactionColumns+` FROM credits_transactions
		WHERE user_id = ? AND seq <= (SELECT seq FROM credits_balances WHERE user_id = ?) - ?
		ORDER BY seq DESC LIMIT ?`, userID.String(), userID.String(), offset, limit)
	return collectTransactions(rows, err)
}

// HistoryRange implements [ledger.Store].
func (l *Ledger) HistoryRange(ctx context.Context, userID uuid.UUID, r ledger.Range) ([]ledger.Transaction, error) {
	rows, err := l.db.query(ctx, `SELECT `+transactionColumns+` FROM credits_transactions
		WHERE user_id = ?1 AND seq > ?2 AND seq < ?3 AND (?4 = '' OR app_id = ?4) AND (?5 = '' OR type = ?5)
			AND (?6 IS NULL OR at >= ?6) AND (?7 IS NULL OR at < ?7) ORDER BY seq DESC LIMIT ?8`,
		userID.String(), r.After, r.Before, r.AppID, string(r.Type), optionalTime(r.Since), optionalTime(r.Until), r.Limit)
	return collectTransactions(rows, err)
}

// Entry implements [ledger.Store].
func (l *Ledger) Entry(ctx context.Context, userID, id uuid.UUID) ([]ledger.Transaction, error) {
	rows, err := l.db.query(ctx, `SELECT `+transactionColumns+` FROM credits_transactions
		WHERE user_id = ?1 AND (id = ?2 OR related_id = ?2) ORDER BY seq`, userID.String(), id.String())
	return collectTransactions(rows, err)
}

func collectTransactions(rows *sql.Rows, err error) ([]ledger.Transaction, error) {
	if err != nil {
		return nil, fmt.Errorf("reading a history: %w", err)
	}
	defer rows.Close()
	history := []ledger.Transaction{}
	for rows.Next() {
		x, err := scanTransaction(rows)
		if err != nil {
			return nil, fmt.Errorf("reading a history: %w", err)
		}
		history = append(history, x)
	}
	return history, rows.Err()
}

// Packages implements [ledger.Store].
func (l *Ledger) Packages(ctx context.Context) ([]ledger.Package, error) {
	rows, err := l.db.query(ctx, `SELECT id, name, description, credits, price_euro_cents, stripe_price_id,
		active, sort_order, metadata, created_at, updated_at FROM credits_packages WHERE active = 1 ORDER BY sort_order, name`)
	if err != nil {
		return nil, fmt.Errorf("reading packages: %w", err)
	}
	return collectPackages(rows)
}
