package postgres

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"mana/ledger"
)

const transactionColumns = `id, user_id, seq, type, kind, amount, balance_before, balance_after, legs, app_id, description,
	metadata::text, caller, actor, idempotency_key, related_id, hold_id, purchase_id, free_after, paid_after, held_after, debt_after, earned_after,
	spent_after, at`

const selectTransactions = `SELECT ` + transactionColumns + ` FROM credits.transactions WHERE id = ANY ($1::uuid[])`

func transactionTargets(x *ledger.Transaction) []any {
	return []any{
		&x.ID, &x.UserID, &x.Seq, &x.Type, &x.Kind, &x.Amount, &x.Before, &x.After, &x.Legs, &x.AppID, &x.Description,
		&x.Metadata, &x.Caller, &x.Actor, toText(&x.IdempotencyKey), toID(&x.RelatedID), toID(&x.HoldID), toID(&x.PurchaseID), &x.FreeAfter, &x.PaidAfter, &x.HeldAfter,
		&x.DebtAfter, &x.EarnedAfter, &x.SpentAfter, &x.At,
	}
}

func scanTransaction(row pgx.CollectableRow) (ledger.Transaction, error) {
	var x ledger.Transaction
	err := row.Scan(transactionTargets(&x)...)
	return x, err
}

// loadTransaction reads a transaction without its postings.
func loadTransaction(t *tx, userID, id uuid.UUID) (ledger.Transaction, error) {
	var x ledger.Transaction
	err := t.queryRow(`SELECT `+transactionColumns+` FROM credits.transactions WHERE id = $1 AND user_id = $2`, id, userID).
		Scan(transactionTargets(&x)...)
	if err != nil {
		return x, fmt.Errorf("reading transaction %s: %w", id, err)
	}
	return x, nil
}

// queueTransactions writes the transactions, then their postings, which are checked against them.
func (j *journal) queueTransactions(batch *pgx.Batch) {
	if len(j.transactions) == 0 {
		return
	}
	ids := func(of func(ledger.Transaction) uuid.UUID) []uuid.UUID { return column(j.transactions, of) }
	texts := func(of func(ledger.Transaction) string) []string { return column(j.transactions, of) }
	optional := func(of func(ledger.Transaction) string) []zeronull.Text {
		return column(j.transactions, func(x ledger.Transaction) zeronull.Text { return optionalText(of(x)) })
	}
	amounts := func(of func(ledger.Transaction) ledger.Amount) []int64 {
		return column(j.transactions, func(x ledger.Transaction) int64 { return int64(of(x)) })
	}
	batch.Queue(`INSERT INTO credits.transactions (id, user_id, seq, type, kind, amount, balance_before, balance_after, legs, app_id,
			description, metadata, caller, actor, idempotency_key, related_id, hold_id, free_after, paid_after, held_after, debt_after,
			earned_after, spent_after, at, purchase_id)
		SELECT id, user_id, seq, type, kind, amount, balance_before, balance_after, legs, app_id, description, metadata::json,
			caller, actor, idempotency_key, related_id, hold_id, free_after, paid_after, held_after, debt_after, earned_after, spent_after, at,
			purchase_id
		FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[],
				$9::integer[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::uuid[],
				$17::uuid[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[], $24::timestamptz[],
				$25::uuid[])
			AS n (id, user_id, seq, type, kind, amount, balance_before, balance_after, legs, app_id, description, metadata, caller,
				actor, idempotency_key, related_id, hold_id, free_after, paid_after, held_after, debt_after, earned_after, spent_after, at,
				purchase_id)`,
		ids(func(x ledger.Transaction) uuid.UUID { return x.ID }),
		ids(func(x ledger.Transaction) uuid.UUID { return x.UserID }),
		column(j.transactions, func(x ledger.Transaction) int64 { return x.Seq }),
		texts(func(x ledger.Transaction) string { return string(x.Type) }),
		texts(func(x ledger.Transaction) string { return x.Kind }),
		amounts(func(x ledger.Transaction) ledger.Amount { return x.Amount }),
		amounts(func(x ledger.Transaction) ledger.Amount { return x.Before }),
		amounts(func(x ledger.Transaction) ledger.Amount { return x.After }),
		column(j.transactions, func(x ledger.Transaction) int64 { return int64(len(x.Postings)) }),
		texts(func(x ledger.Transaction) string { return x.AppID }),
		texts(func(x ledger.Transaction) string { return x.Description }),
		optional(func(x ledger.Transaction) string { return string(x.Metadata) }),
		texts(func(x ledger.Transaction) string { return x.Caller }),
		texts(func(x ledger.Transaction) string { return x.Actor }),
		optional(func(x ledger.Transaction) string { return x.IdempotencyKey }),
		column(j.transactions, func(x ledger.Transaction) zeronull.UUID { return optionalID(x.RelatedID) }),
		column(j.transactions, func(x ledger.Transaction) zeronull.UUID { return optionalID(x.HoldID) }),
		amounts(func(x ledger.Transaction) ledger.Amount { return x.FreeAfter }),
		amounts(func(x ledger.Transaction) ledger.Amount { return x.PaidAfter }),
		amounts(func(x ledger.Transaction) ledger.Amount { return x.HeldAfter }),
		amounts(func(x ledger.Transaction) ledger.Amount { return x.DebtAfter }),
		amounts(func(x ledger.Transaction) ledger.Amount { return x.EarnedAfter }),
		amounts(func(x ledger.Transaction) ledger.Amount { return x.SpentAfter }),
		column(j.transactions, func(x ledger.Transaction) time.Time { return x.At }),
		column(j.transactions, func(x ledger.Transaction) zeronull.UUID { return optionalID(x.PurchaseID) }))
	j.queuePostings(batch)
}

func (j *journal) queuePostings(batch *pgx.Batch) {
	var ids, userIDs []uuid.UUID
	var numbers, from, to, amounts []int64
	for _, x := range j.transactions {
		for _, p := range x.Postings {
			ids, userIDs = append(ids, x.ID), append(userIDs, x.UserID)
			numbers, from, to = append(numbers, int64(p.N)), append(from, int64(p.From)), append(to, int64(p.To))
			amounts = append(amounts, int64(p.Amount))
		}
	}
	if len(ids) > 0 {
		batch.Queue(`INSERT INTO credits.entries (transaction_id, n, user_id, from_account, to_account, amount)
			SELECT * FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::integer[], $5::integer[], $6::bigint[])`,
			ids, numbers, userIDs, from, to, amounts)
	}
}
