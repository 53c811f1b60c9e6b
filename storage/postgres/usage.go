package postgres

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/ledger"
)

// loadUsage finds the use that a refund gives back, nil if there is none. last is the number of the wallet's last
// transaction.
func loadUsage(t *tx, r ledger.Refund, last int64, now time.Time) (*ledger.Usage, error) {
	query, args := findNamed, []any{r.TransactionID, r.UserID, r.AppID}
	if r.TransactionID == uuid.Nil {
		query, args = findNewest, []any{
			r.UserID, last - ledger.RefundRows, r.AppID, r.Caller, now.Add(-ledger.RefundWithin), r.Amount,
		}
	}
	var id uuid.UUID
	var used ledger.Usage
	err := t.queryRow(query, args...).Scan(&id, &used.Refunded)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // the core says what that means
	}
	if err != nil {
		return nil, fmt.Errorf("looking for a use: %w", err)
	}
	if used.Transaction, err = loadTransaction(t, r.UserID, id); err != nil {
		return nil, err
	}
	used.Postings, err = loadPostings(t, id)
	return &used, err
}

const findNamed = `SELECT id, (SELECT coalesce(sum(amount), 0)::bigint FROM credits.transactions r WHERE r.related_id = t.id)
	FROM credits.transactions t WHERE id = $1 AND user_id = $2 AND app_id = $3 AND type = 'usage'`

// The parts of a use that are refunded together are at most the use, so that their sum cannot overflow.
const findNewest = `SELECT id, refunded FROM (
		SELECT id, seq, amount, (SELECT coalesce(sum(amount), 0)::bigint FROM credits.transactions r WHERE r.related_id = t.id) AS refunded
		FROM credits.transactions t
		WHERE user_id = $1 AND seq > $2 AND type = 'usage' AND app_id = $3 AND caller = $4 AND at >= $5 AND -amount >= $6) uses
	WHERE -amount - refunded >= $6 ORDER BY -amount - refunded <> $6, seq DESC LIMIT 1`

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
