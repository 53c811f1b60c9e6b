package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"mana/ledger"
)

// writeUsage changes what an app charged in one day. A use raises it; a refund lowers what is there.
func writeUsage(t *tx, userID uuid.UUID, u ledger.UsageDay) error {
	if u.Uses > 0 {
		_, err := t.exec(`INSERT INTO credits_usage_stats (user_id, app_id, date, credits_used, uses) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET credits_used = credits_used + excluded.credits_used, uses = uses + excluded.uses`,
			userID.String(), u.AppID, u.Day, u.Used, u.Uses)
		if err != nil {
			return fmt.Errorf("counting a use: %w", err)
		}
		return nil
	}
	counted, err := one(t.exec(`UPDATE credits_usage_stats SET credits_used = credits_used + ?
		WHERE user_id = ? AND app_id = ? AND date = ?`, u.Used, userID.String(), u.AppID, u.Day))
	if err != nil {
		return fmt.Errorf("counting a refund: %w", err)
	}
	if !counted {
		return fmt.Errorf("counting a refund: its use was not counted")
	}
	return nil
}

// loadUsage reads a use with what was given back of it, nil if the person has no such use.
func loadUsage(q querier, userID, id uuid.UUID) (*ledger.Usage, error) {
	var used ledger.Usage
	err := q.queryRow(`SELECT (SELECT coalesce(sum(amount), 0) FROM credits_transactions r WHERE r.related_id = t.id)
		FROM credits_transactions t WHERE id = ? AND user_id = ? AND type = 'usage'`, id.String(), userID.String()).Scan(&used.Refunded)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // the core says what that means
	}
	if err != nil {
		return nil, fmt.Errorf("reading a use: %w", err)
	}
	if used.Transaction, err = loadTransaction(q, userID, id); err != nil {
		return nil, err
	}
	used.Postings, err = loadPostings(q, id)
	return &used, err
}

// FindUse implements [ledger.Store]. Both searches go backwards, make the sum of a use once, and stop at the first that
// fits; the second is made only if the first finds nothing. The parts of a use that are refunded together are at most
// the use, so that their sum cannot overflow.
func (l *Ledger) FindUse(ctx context.Context, r ledger.Refund) (uuid.UUID, error) {
	var id uuid.NullUUID
	err := l.db.queryRow(ctx, `WITH uses AS NOT MATERIALIZED (
			SELECT id, seq, -amount - (SELECT coalesce(sum(amount), 0) FROM credits_transactions r WHERE r.related_id = t.id) AS rest
			FROM credits_transactions t
			WHERE user_id = ?1 AND seq > (SELECT seq FROM credits_balances WHERE user_id = ?1) - ?2
				AND type = 'usage' AND app_id = ?3 AND caller = ?4 AND at >= ?5 AND -amount >= ?6)
		SELECT coalesce((SELECT id FROM uses WHERE rest = ?6 ORDER BY seq DESC LIMIT 1),
			(SELECT id FROM uses WHERE rest > ?6 ORDER BY seq DESC LIMIT 1))`,
		r.UserID.String(), ledger.RefundRows, r.AppID, r.Caller, timestamp(l.db.clock().Add(-ledger.RefundWithin)), r.Amount).Scan(&id)
	if err != nil {
		return uuid.Nil, fmt.Errorf("looking for a use: %w", err)
	}
	return id.UUID, nil
}

// Owner implements [ledger.Store].
func (l *Ledger) Owner(ctx context.Context, transactionID uuid.UUID) (uuid.UUID, error) {
	var owner uuid.UUID
	err := l.db.queryRow(ctx, `SELECT user_id FROM credits_transactions WHERE id = ?`, transactionID.String()).Scan(&owner)
	return owner, notFound(err, ledger.ErrNoTransaction)
}

// Usage implements [ledger.Store].
func (l *Ledger) Usage(ctx context.Context, userID uuid.UUID, q ledger.UsageQuery) ([]ledger.UsageDay, error) {
	query := `SELECT app_id, 0, sum(credits_used) AS used, sum(uses) FROM credits_usage_stats
		WHERE user_id = ? AND date >= ? AND date < ? GROUP BY app_id ORDER BY used DESC, app_id LIMIT ?`
	if q.ByDay {
		query = `SELECT '', date, sum(credits_used), sum(uses) FROM credits_usage_stats
			WHERE user_id = ? AND date >= ? AND date < ? GROUP BY date ORDER BY date LIMIT ?`
	}
	return collectUsage(l.db.query(ctx, query, userID.String(), q.Since, q.Until, q.Limit))
}

// AppUsage sums up what each app charged all people, by day.
func (l *Ledger) AppUsage(ctx context.Context, since, until int64, limit int) ([]ledger.UsageDay, error) {
	return collectUsage(l.db.query(ctx, `SELECT app_id, date, sum(credits_used), sum(uses) FROM credits_usage_stats
		WHERE date >= ? AND date < ? GROUP BY app_id, date ORDER BY date DESC, app_id LIMIT ?`, since, until, limit))
}

func collectUsage(rows *sql.Rows, err error) ([]ledger.UsageDay, error) {
	if err != nil {
		return nil, fmt.Errorf("reading usage: %w", err)
	}
	defer rows.Close()
	var usage []ledger.UsageDay
	for rows.Next() {
		var u ledger.UsageDay
		if err := rows.Scan(&u.AppID, &u.Day, &u.Used, &u.Uses); err != nil {
			return nil, fmt.Errorf("reading usage: %w", err)
		}
		usage = append(usage, u)
	}
	return usage, rows.Err()
}

func loadPostings(q querier, transactionID uuid.UUID) ([]ledger.Posting, error) {
	rows, err := q.query(`SELECT n, from_account, to_account, amount FROM credits_entries WHERE transaction_id = ? ORDER BY n`,
		transactionID.String())
	if err != nil {
		return nil, fmt.Errorf("reading postings: %w", err)
	}
	defer rows.Close()
	var postings []ledger.Posting
	for rows.Next() {
		var p ledger.Posting
		if err := rows.Scan(&p.N, &p.From, &p.To, &p.Amount); err != nil {
			return nil, fmt.Errorf("reading a posting: %w", err)
		}
		postings = append(postings, p)
	}
	return postings, rows.Err()
}
