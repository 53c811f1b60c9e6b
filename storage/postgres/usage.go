package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/ledger"
)

// loadUsage reads a use with what was given back of it, nil if the person has no such use.
func loadUsage(t *tx, userID, id uuid.UUID) (*ledger.Usage, error) {
	var used ledger.Usage
	err := t.queryRow(`SELECT (SELECT coalesce(sum(amount), 0)::bigint FROM credits.transactions r WHERE r.related_id = t.id)
		FROM credits.transactions t WHERE id = $1 AND user_id = $2 AND type = 'usage'`, id, userID).Scan(&used.Refunded)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // the core says what that means
	}
	if err != nil {
		return nil, fmt.Errorf("reading a use: %w", err)
	}
	if used.Transaction, err = loadTransaction(t, userID, id); err != nil {
		return nil, err
	}
	used.Postings, err = loadPostings(t, id)
	return &used, err
}

// FindUse implements [ledger.Store]. Both searches go backwards, make the sum of a use once, and stop at the first that
// fits; the second is made only if the first finds nothing. The parts of a use that are refunded together are at most
// the use, so that their sum cannot overflow.
func (l *Ledger) FindUse(ctx context.Context, r ledger.Refund) (uuid.UUID, error) {
	var id uuid.UUID
	err := l.db.reader(ctx, user(r.UserID))(`WITH uses AS NOT MATERIALIZED (
			SELECT id, seq, -amount - (SELECT coalesce(sum(amount), 0)::bigint FROM credits.transactions r WHERE r.related_id = t.id) AS rest
			FROM credits.transactions t
			WHERE user_id = $1 AND seq > (SELECT seq FROM credits.balances WHERE user_id = $1) - $2
				AND type = 'usage' AND app_id = $3 AND caller = $4 AND at >= $5 AND -amount >= $6)
		SELECT coalesce((SELECT id FROM uses WHERE rest = $6 ORDER BY seq DESC LIMIT 1),
			(SELECT id FROM uses WHERE rest > $6 ORDER BY seq DESC LIMIT 1))`,
		r.UserID, ledger.RefundRows, r.AppID, r.Caller, l.db.clock().Add(-ledger.RefundWithin), r.Amount).Scan(toID(&id))
	if err != nil {
		return uuid.Nil, fmt.Errorf("looking for a use: %w", err)
	}
	return id, nil
}

// Owner implements [ledger.Store].
func (l *Ledger) Owner(ctx context.Context, transactionID uuid.UUID) (uuid.UUID, error) {
	var owner uuid.UUID
	err := l.db.reader(ctx, system)(`SELECT user_id FROM credits.transactions WHERE id = $1`, transactionID).Scan(&owner)
	return owner, notFound(err, ledger.ErrNoTransaction)
}

// Usage implements [ledger.Store].
func (l *Ledger) Usage(ctx context.Context, userID uuid.UUID, q ledger.UsageQuery) ([]ledger.UsageDay, error) {
	query := `SELECT app_id, 0::bigint, sum(credits_used)::bigint AS used, sum(uses)::bigint FROM credits.usage_stats
		WHERE user_id = $1 AND date >= date '1970-01-01' + $2::integer AND date < date '1970-01-01' + $3::integer
		GROUP BY app_id ORDER BY used DESC, app_id COLLATE "C" LIMIT $4`
	if q.ByDay {
		query = `SELECT '', (date - date '1970-01-01')::bigint, sum(credits_used)::bigint, sum(uses)::bigint FROM credits.usage_stats
			WHERE user_id = $1 AND date >= date '1970-01-01' + $2::integer AND date < date '1970-01-01' + $3::integer
			GROUP BY date ORDER BY date LIMIT $4`
	}
	var usage []ledger.UsageDay
	err := l.db.read(ctx, user(userID), query, func(rows pgx.Rows) (err error) {
		usage, err = pgx.CollectRows(rows, pgx.RowToStructByPos[ledger.UsageDay])
		return err
	}, userID, q.Since, q.Until, q.Limit)
	if err != nil {
		return nil, fmt.Errorf("reading usage: %w", err)
	}
	return usage, nil
}

// AppUsage sums up what each app charged all people, by day.
func (l *Ledger) AppUsage(ctx context.Context, since, until int64, limit int) ([]ledger.UsageDay, error) {
	var usage []ledger.UsageDay
	err := l.db.read(ctx, system, `SELECT app_id, (date - date '1970-01-01')::bigint, sum(credits_used)::bigint, sum(uses)::bigint
		FROM credits.usage_stats WHERE date >= date '1970-01-01' + $1::integer AND date < date '1970-01-01' + $2::integer
		GROUP BY app_id, date ORDER BY date DESC, app_id COLLATE "C" LIMIT $3`,
		all(&usage, pgx.RowToStructByPos[ledger.UsageDay]), since, until, limit)
	if err != nil {
		return nil, fmt.Errorf("reading usage: %w", err)
	}
	return usage, nil
}

func loadPostings(t *tx, transactionID uuid.UUID) ([]ledger.Posting, error) {
	rows, err := t.query(`SELECT n, from_account, to_account, amount FROM credits.entries WHERE transaction_id = $1 ORDER BY n`,
		transactionID)
	if err != nil {
		return nil, fmt.Errorf("reading postings: %w", err)
	}
	postings, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ledger.Posting])
	if err != nil {
		return nil, fmt.Errorf("reading postings: %w", err)
	}
	return postings, nil
}
