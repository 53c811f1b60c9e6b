package postgres

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/ledger"
	"mana/provider/identity"
)

var _ ledger.Books = (*Ledger)(nil)

// journalPage is how many transactions one query of a long history reads: the database bounds the time of each.
const journalPage = 1000

// Wallets implements [ledger.Books].
func (l *Ledger) Wallets(ctx context.Context, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := l.db.jobs.read(ctx, ledgerActor, `SELECT user_id FROM credits.balances WHERE user_id > $1 ORDER BY user_id LIMIT $2`,
		all(&ids, pgx.RowTo[uuid.UUID]), after, limit)
	if err != nil {
		return nil, fmt.Errorf("listing wallets: %w", err)
	}
	return ids, nil
}

// Transactions counts all transactions: numbers have no gaps.
func (l *Ledger) Transactions(ctx context.Context) (int64, error) {
	var n int64
	err := l.db.jobs.reader(ctx, ledgerActor)(`SELECT coalesce(sum(seq), 0)::bigint FROM credits.balances`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting transactions: %w", err)
	}
	return n, nil
}

// Touched implements [ledger.Books]. The position is a database transaction before which none still runs.
func (l *Ledger) Touched(ctx context.Context, after int64, limit int) ([]uuid.UUID, int64, error) {
	var last int64
	err := l.db.jobs.reader(ctx, ledgerActor)(`SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1`).Scan(&last)
	if err != nil {
		return nil, 0, fmt.Errorf("reading the end of the journal: %w", err)
	}
	if after == 0 {
		return nil, last, nil
	}
	var ids []uuid.UUID
	err = l.db.jobs.read(ctx, ledgerActor, `SELECT DISTINCT user_id FROM credits.transactions WHERE xact > $1 AND xact <= $2 LIMIT $3`,
		all(&ids, pgx.RowTo[uuid.UUID]), after, last, limit)
	if err != nil {
		return nil, 0, fmt.Errorf("listing touched wallets: %w", err)
	}
	return ids, last, nil
}

// Inspect implements [ledger.Books]. It lasts as long as its reader.
func (l *Ledger) Inspect(ctx context.Context, userID uuid.UUID, read func(ledger.Journal) error) error {
	conn, err := l.db.jobs.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	begin := `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ` + service(userID).settings()
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{BeginQuery: begin}, func(conn pgx.Tx) error {
		journal, err := loadJournal(&tx{ctx, conn}, userID)
		if err != nil {
			return err
		}
		return read(journal)
	})
	return answerable(err)
}

// loadWallet reads a wallet; lock is what the row is locked by, or empty.
func loadWallet(t *tx, userID uuid.UUID, lock string) (ledger.Wallet, error) {
	var w ledger.Wallet
	rows, err := t.query(selectWallets+lock, []uuid.UUID{userID})
	if err == nil {
		w, err = pgx.CollectExactlyOneRow(rows, scanWallet)
	}
	if err != nil {
		return w, fmt.Errorf("reading a wallet: %w", notFound(err, ledger.ErrNoWallet))
	}
	return w, nil
}

func loadJournal(t *tx, userID uuid.UUID) (ledger.Journal, error) {
	var j ledger.Journal
	var err error
	if j.Wallet, err = loadWallet(t, userID, ""); err != nil {
		return j, err
	}
	var rows pgx.Rows
	if rows, err = t.query(`SELECT user_id, `+grantColumns+` FROM credits.grants WHERE user_id = $1 ORDER BY no`, userID); err == nil {
		j.Grants, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (ledger.Grant, error) {
			var of uuid.UUID
			var g ledger.Grant
			return g, row.Scan(grantTargets(&of, &g)...)
		})
	}
	if err != nil {
		return j, fmt.Errorf("reading grants: %w", err)
	}
	j.Holds = walkHolds(t, userID)
	if rows, err = t.query(`SELECT app_id, date - date '1970-01-01', credits_used, uses FROM credits.usage_stats
		WHERE user_id = $1`, userID); err == nil {
		j.Usage, err = pgx.CollectRows(rows, pgx.RowToStructByPos[ledger.UsageDay])
	}
	if err != nil {
		return j, fmt.Errorf("reading usage: %w", err)
	}
	if j.Purchases, err = loadPurchases(t, userID); err != nil {
		return j, err
	}
	j.Backward = func(yield func(ledger.Transaction, error) bool) {
		if err := walkBack(t, userID, func(x ledger.Transaction) bool { return yield(x, nil) }); err != nil {
			yield(ledger.Transaction{}, err)
		}
	}
	j.Keys = func(yield func(ledger.KeyRecord, error) bool) {
		if err := walkKeys(t, userID, func(r ledger.KeyRecord) bool { return yield(r, nil) }); err != nil {
			yield(ledger.KeyRecord{}, err)
		}
	}
	return j, nil
}

// walkKeys reads the records of a wallet's idempotency keys, until visit says no.
func walkKeys(t *tx, userID uuid.UUID, visit func(ledger.KeyRecord) bool) error {
	for after := []byte{}; ; {
		rows, err := t.query(`SELECT key_hash, fingerprint, object, object_id, created_at FROM credits.idempotency
			WHERE user_id = $1 AND key_hash > $2 ORDER BY key_hash LIMIT $3`, userID, after, journalPage)
		if err != nil {
			return fmt.Errorf("reading idempotency keys: %w", err)
		}
		page, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r ledger.KeyRecord, err error) {
			var hash, fingerprint []byte
			var object string
			err = row.Scan(&hash, &fingerprint, &object, &r.TransactionID, &r.CreatedAt)
			if object == objectHold {
				r.HoldID, r.TransactionID = r.TransactionID, uuid.Nil
			}
			copy(r.Key.Hash[:], hash)
			copy(r.Key.Fingerprint[:], fingerprint)
			return r, err
		})
		if err != nil {
			return fmt.Errorf("reading idempotency keys: %w", err)
		}
		for _, r := range page {
			if !visit(r) {
				return nil
			}
		}
		if len(page) < journalPage {
			return nil
		}
		last := page[len(page)-1].Key.Hash
		after = last[:]
	}
}

// walkBack reads the transactions of a wallet with their postings, the newest first, until visit says no.
func walkBack(t *tx, userID uuid.UUID, visit func(ledger.Transaction) bool) error {
	for before := int64(math.MaxInt64); ; {
		page, err := loadPage(t, userID, before)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, x := range page {
			if !visit(x) {
				return nil
			}
		}
		before = page[len(page)-1].Seq
	}
}

// loadPage reads transactions of a wallet below a number, the newest first, with their postings.
func loadPage(t *tx, userID uuid.UUID, before int64) ([]ledger.Transaction, error) {
	rows, err := t.query(`SELECT `+transactionColumns+`, n, from_account, to_account, moved
		FROM (SELECT * FROM credits.transactions WHERE user_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3) t
		LEFT JOIN LATERAL (SELECT n, from_account, to_account, amount AS moved FROM credits.entries
			WHERE transaction_id = t.id) e ON true
		ORDER BY seq DESC, n`, userID, before, journalPage)
	if err != nil {
		return nil, fmt.Errorf("reading a journal: %w", err)
	}
	var page []ledger.Transaction
	var x ledger.Transaction
	var n, from, to *int
	var amount *ledger.Amount
	_, err = pgx.ForEachRow(rows, append(transactionTargets(&x), &n, &from, &to, &amount), func() error {
		if len(page) == 0 || page[len(page)-1].ID != x.ID {
			page = append(page, x)
		}
		if n != nil {
			last := &page[len(page)-1]
			last.Postings = append(last.Postings, ledger.Posting{N: *n, From: *from, To: *to, Amount: *amount})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading a journal: %w", err)
	}
	return page, nil
}

// Page implements [ledger.Books].
func (l *Ledger) Page(ctx context.Context, userID uuid.UUID, after int64, limit int) ([]ledger.Transaction, error) {
	var page []ledger.Transaction
	err := l.db.jobs.read(ctx, user(userID), `SELECT `+transactionColumns+` FROM credits.transactions
		WHERE user_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`, all(&page, scanTransaction), userID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("reading a page: %w", err)
	}
	return page, nil
}

// Mend implements [ledger.Books]. The journal may be long: it is read before the wallet is locked.
func (l *Ledger) Mend(ctx context.Context, actor string, userID uuid.UUID, mend func(ledger.Journal) (ledger.Projections, error)) error {
	var before ledger.Wallet
	var p ledger.Projections
	err := l.Inspect(ctx, userID, func(j ledger.Journal) (err error) {
		before = j.Wallet
		p, err = mend(j)
		return err
	})
	if err != nil {
		return err
	}
	return l.db.jobs.write(ctx, system, func(t *tx) error { // it looks at the person too
		now, err := loadWallet(t, userID, ` FOR NO KEY UPDATE`)
		if err != nil {
			return err
		}
		if now != before || now.State != ledger.WalletFrozen {
			return fmt.Errorf("%w: it is %s and was written to meanwhile", ledger.ErrNotRebuilt, now.State)
		}
		if err := replaceProjections(t, p); err != nil {
			return fmt.Errorf("mending a wallet: %w", err)
		}
		if err := closeOfDeleted(t, userID, actor, l.db.clock()); err != nil {
			return fmt.Errorf("closing the wallet of a deleted person: %w", err)
		}
		return insertEvent(t, identity.Event{UserID: userID, Type: "wallet_rebuilt", Metadata: map[string]string{
			"actor": actor, "before": before.Summary(), "after": p.Wallet.Summary(),
		}}, l.db.clock())
	})
}

// closeOfDeleted ends what the deletion of a person could not, since the wallet was frozen.
func closeOfDeleted(t *tx, userID uuid.UUID, actor string, now time.Time) error {
	var deleted bool
	err := t.queryRow(`SELECT deleted_at IS NOT NULL FROM auth.users WHERE id = $1`, userID).Scan(&deleted)
	if err != nil || !deleted {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	return closeWallet(t, userID, ledger.Closing{TransactionID: id, Actor: actor}, now)
}

// replaceProjections writes the locked wallet, its grants and its usage.
func replaceProjections(t *tx, p ledger.Projections) error {
	userID := p.Wallet.UserID
	var j journal
	j.wallets = []ledger.Wallet{p.Wallet}
	j.usage = make(map[usageKey]ledger.UsageDay)
	for _, u := range p.Usage {
		j.usage[usageKey{userID, u.AppID, u.Day}] = u
	}
	batch := new(pgx.Batch)
	batch.Queue(`DELETE FROM credits.grants WHERE user_id = $1`, userID)
	for _, g := range p.Grants {
		batch.Queue(`INSERT INTO credits.grants (user_id, no, class, source, priority, issued, remaining, held, open, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			userID, g.No, string(g.Class), g.Source, g.Priority, int64(g.Issued), int64(g.Remaining), int64(g.Held), g.Remaining > 0,
			optionalTime(g.ExpiresAt))
	}
	batch.Queue(`DELETE FROM credits.usage_stats WHERE user_id = $1`, userID)
	if err := j.queue(batch); err != nil {
		return err
	}
	for _, b := range p.Purchases {
		batch.Queue(`UPDATE credits.purchases SET posted = $1 WHERE id = $2`, int64(b.Posted), b.ID)
	}
	return t.conn.SendBatch(t.ctx, batch).Close()
}
