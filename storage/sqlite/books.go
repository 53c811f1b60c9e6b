package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
)

var _ ledger.Books = (*Ledger)(nil)

// canonical matches the one form that ids are written in.
var canonical = func() string {
	hex := func(n int) string { return strings.Repeat("[0-9a-f]", n) }
	return "'" + strings.Join([]string{hex(8), hex(4), hex(4), hex(4), hex(12)}, "-") + "'"
}()

// Wallets implements [ledger.Books]. A row whose id is none belongs to [Ledger.Structure].
func (l *Ledger) Wallets(ctx context.Context, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	return collectIDs(l.db.query(ctx, `SELECT user_id FROM credits_balances WHERE user_id > ?
		AND user_id GLOB `+canonical+` ORDER BY user_id LIMIT ?`, after.String(), limit))
}

// Transactions counts all transactions: numbers have no gaps.
func (l *Ledger) Transactions(ctx context.Context) (int64, error) {
	var n int64
	if err := l.db.queryRow(ctx, `SELECT coalesce(sum(seq), 0) FROM credits_balances`).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting transactions: %w", err)
	}
	return n, nil
}

// Touched implements [ledger.Books].
func (l *Ledger) Touched(ctx context.Context, after int64, limit int) ([]uuid.UUID, int64, error) {
	var last int64
	err := l.db.queryRow(ctx, `SELECT coalesce(max(pos), 0) FROM credits_transactions`).Scan(&last)
	if err != nil {
		return nil, 0, fmt.Errorf("reading the end of the journal: %w", err)
	}
	if after == 0 {
		return nil, last, nil
	}
	ids, err := collectIDs(l.db.query(ctx, `SELECT DISTINCT user_id FROM credits_transactions
		WHERE pos > ? AND pos <= ? AND user_id GLOB `+canonical+` LIMIT ?`, after, last, limit))
	return ids, last, err
}

func collectIDs(rows *sql.Rows, err error) ([]uuid.UUID, error) {
	if err != nil {
		return nil, fmt.Errorf("listing wallets: %w", err)
	}
	defer rows.Close()
	var ids []uuid.UUID
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("listing wallets: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// Inspect implements [ledger.Books].
func (l *Ledger) Inspect(ctx context.Context, userID uuid.UUID, read func(ledger.Journal) error) error {
	snapshot, err := l.db.snapshot(ctx)
	if err != nil {
		return err
	}
	defer snapshot.end()
	journal, err := loadJournal(snapshot, userID)
	if err != nil {
		return err
	}
	return read(journal)
}

func loadJournal(q querier, userID uuid.UUID) (ledger.Journal, error) {
	wallet, err := loadWallet(q, userID)
	if err != nil {
		return ledger.Journal{}, err
	}
	grants, err := collectGrants(q.query(`SELECT `+grantColumns+` FROM credits_grants WHERE user_id = ? ORDER BY no`, userID.String()))
	if err != nil {
		return ledger.Journal{}, err
	}
	usage, err := loadUsageDays(q, userID)
	if err != nil {
		return ledger.Journal{}, err
	}
	purchases, err := collectPurchases(q.query(selectPurchases+`WHERE p.user_id = ?`, userID.String()))
	if err != nil {
		return ledger.Journal{}, err
	}
	backward := func(yield func(ledger.Transaction, error) bool) {
		if err := walkBack(q, userID, func(x ledger.Transaction) bool { return yield(x, nil) }); err != nil {
			yield(ledger.Transaction{}, err)
		}
	}
	return ledger.Journal{
		Wallet: wallet, Grants: grants, Holds: walkHolds(q, userID), Usage: usage, Purchases: purchases, Backward: backward, Keys: keysOf(q, userID),
	}, nil
}

// keysOf reads the records of a wallet's idempotency keys.
func keysOf(q querier, userID uuid.UUID) iter.Seq2[ledger.KeyRecord, error] {
	return func(yield func(ledger.KeyRecord, error) bool) {
		rows, err := q.query(`SELECT key_hash, fingerprint, object, object_id, created_at FROM credits_idempotency WHERE user_id = ?`, userID.String())
		if err != nil {
			yield(ledger.KeyRecord{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			var r ledger.KeyRecord
			var hash, fingerprint []byte
			var object string
			var created int64
			if err = rows.Scan(&hash, &fingerprint, &object, &r.TransactionID, &created); err != nil {
				break
			}
			if object == objectHold {
				r.HoldID, r.TransactionID = r.TransactionID, uuid.Nil
			}
			copy(r.Key.Hash[:], hash)
			copy(r.Key.Fingerprint[:], fingerprint)
			r.CreatedAt = fromTimestamp(created)
			if !yield(r, nil) {
				return
			}
		}
		if err = cmp.Or(err, rows.Err()); err != nil {
			yield(ledger.KeyRecord{}, err)
		}
	}
}

func loadUsageDays(q querier, userID uuid.UUID) ([]ledger.UsageDay, error) {
	rows, err := q.query(`SELECT app_id, date, credits_used, uses FROM credits_usage_stats WHERE user_id = ?`, userID.String())
	if err != nil {
		return nil, fmt.Errorf("reading usage: %w", err)
	}
	defer rows.Close()
	var days []ledger.UsageDay
	for rows.Next() {
		var u ledger.UsageDay
		if err := rows.Scan(&u.AppID, &u.Day, &u.Used, &u.Uses); err != nil {
			return nil, fmt.Errorf("reading usage: %w", err)
		}
		days = append(days, u)
	}
	return days, rows.Err()
}

// walkBack reads the transactions of a wallet with their postings, the newest first, until visit says no.
func walkBack(q querier, userID uuid.UUID, visit func(ledger.Transaction) bool) error {
	rows, err := q.query(`SELECT `+qualified("t", transactionColumns)+`, e.n, e.from_account, e.to_account, e.amount
		FROM credits_transactions t LEFT JOIN credits_entries e ON e.transaction_id = t.id
		WHERE t.user_id = ? ORDER BY t.seq DESC, e.n`, userID.String())
	if err != nil {
		return fmt.Errorf("reading a journal: %w", err)
	}
	defer rows.Close()
	var current ledger.Transaction
	for rows.Next() {
		var n, from, to, amount sql.NullInt64
		x, err := scanTransaction(joined{rows, []any{&n, &from, &to, &amount}})
		if err != nil {
			return fmt.Errorf("reading a journal: %w", err)
		}
		if x.ID != current.ID {
			if current.ID != uuid.Nil && !visit(current) {
				return nil
			}
			current = x
		}
		if n.Valid {
			current.Postings = append(current.Postings, ledger.Posting{
				N: int(n.Int64), From: int(from.Int64), To: int(to.Int64), Amount: ledger.Amount(amount.Int64),
			})
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading a journal: %w", err)
	}
	if current.ID != uuid.Nil {
		visit(current)
	}
	return nil
}

// joined is a row with more columns after those that its reader knows.
type joined struct {
	rowScanner
	more []any
}

// Scan reads all columns.
func (j joined) Scan(targets ...any) error { return j.rowScanner.Scan(append(targets, j.more...)...) }

// qualified puts the name of a table before each of its columns.
func qualified(table, columns string) string {
	fields := strings.Fields(strings.ReplaceAll(columns, ",", " "))
	return table + "." + strings.Join(fields, ", "+table+".")
}

// Page implements [ledger.Books].
func (l *Ledger) Page(ctx context.Context, userID uuid.UUID, after int64, limit int) ([]ledger.Transaction, error) {
	rows, err := l.db.query(ctx, `SELECT `+transactionColumns+` FROM credits_transactions
		WHERE user_id = ? AND seq > ? ORDER BY seq LIMIT ?`, userID.String(), after, limit)
	return collectTransactions(rows, err)
}

// Structure implements [ledger.Books].
func (l *Ledger) Structure(ctx context.Context, deep bool) ([]ledger.Fault, error) {
	wanted, err := l.db.schema()
	if err != nil {
		return nil, err
	}
	faults, err := compareSchema(ctx, l.db.readers, wanted)
	if err == nil {
		faults, err = l.compareAccounts(ctx, faults)
	}
	if err == nil {
		faults, err = l.misnamed(ctx, faults)
	}
	if err != nil || !deep {
		return faults, err
	}
	damage, err := l.damage(ctx)
	if err != nil {
		return nil, err
	}
	orphans, err := l.orphans(ctx)
	if err != nil && len(damage) > 0 {
		orphans, err = []ledger.Fault{{Invariant: "I20", Text: err.Error()}}, nil
	}
	lost, lostErr := l.lost(ctx)
	if lostErr != nil && len(damage) > 0 {
		lost, lostErr = []ledger.Fault{{Invariant: "I20", Text: lostErr.Error()}}, nil
	}
	return slices.Concat(faults, damage, orphans, lost), cmp.Or(err, lostErr)
}

// compareAccounts adds the shared accounts that are not as they were made.
func (l *Ledger) compareAccounts(ctx context.Context, faults []ledger.Fault) ([]ledger.Fault, error) {
	rows, err := l.db.query(ctx, `SELECT no, code FROM credits_accounts`)
	if err != nil {
		return nil, fmt.Errorf("reading accounts: %w", err)
	}
	defer rows.Close()
	stored := make(map[int]string)
	for rows.Next() {
		var no int
		var code string
		if err := rows.Scan(&no, &code); err != nil {
			return nil, fmt.Errorf("reading accounts: %w", err)
		}
		stored[no] = code
	}
	return append(faults, ledger.CompareAccounts(stored)...), rows.Err()
}

// misnamed adds the wallets whose id is none: nothing can be looked up in them.
func (l *Ledger) misnamed(ctx context.Context, faults []ledger.Fault) ([]ledger.Fault, error) {
	var n int64
	err := l.db.queryRow(ctx, `SELECT count(*) FROM credits_balances WHERE user_id NOT GLOB `+canonical).Scan(&n)
	if err != nil {
		return nil, fmt.Errorf("reading the ids of wallets: %w", err)
	}
	if n > 0 {
		faults = append(faults, ledger.Fault{Invariant: "I20", Text: fmt.Sprintf("%d wallets have no id of a person", n)})
	}
	return faults, nil
}

// damage lists what pages and indexes of the file contradict each other in. A row that an index has lost is one that
// is looked for in vain, such as what was given back of a use.
func (l *Ledger) damage(ctx context.Context) ([]ledger.Fault, error) {
	rows, err := l.db.readers.QueryContext(ctx, `PRAGMA integrity_check`)
	if err != nil {
		return nil, fmt.Errorf("checking the file: %w", err)
	}
	defer rows.Close()
	var faults []ledger.Fault
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("checking the file: %w", err)
		}
		if text != "ok" {
			faults = append(faults, ledger.Fault{Invariant: "I20", Text: "the file is damaged: " + text})
		}
	}
	if err := rows.Err(); err != nil && ctx.Err() == nil {
		faults = append(faults, ledger.Fault{Invariant: "I20", Text: "the file is damaged: " + err.Error()})
	}
	return faults, ctx.Err()
}

// orphans counts, row by row, what has lost its transaction.
func (l *Ledger) orphans(ctx context.Context) ([]ledger.Fault, error) {
	var faults []ledger.Fault
	for _, rule := range []struct{ invariant, text, query string }{
		{"I2", "postings without their transaction", `SELECT count(*) FROM credits_entries e WHERE NOT EXISTS
			(SELECT 1 FROM credits_transactions t WHERE t.id = e.transaction_id AND t.user_id = e.user_id)`},
		{"I10", "keys without their transaction", `SELECT count(*) FROM credits_idempotency k WHERE object = 'transaction' AND NOT EXISTS
			(SELECT 1 FROM credits_transactions t WHERE t.id = k.object_id AND t.user_id = k.user_id AND t.idempotency_key IS NOT NULL)`},
		{"I10", "keys without their hold", `SELECT count(*) FROM credits_idempotency k WHERE object = 'hold' AND NOT EXISTS
			(SELECT 1 FROM credits_holds h WHERE h.id = k.object_id AND h.user_id = k.user_id)`},
		{"I6", "parts of holds without their hold", `SELECT count(*) FROM credits_hold_parts p WHERE NOT EXISTS
			(SELECT 1 FROM credits_holds h WHERE h.id = p.hold_id AND h.user_id = p.user_id)`},
		{"I10", "transactions with a key more than there are keys", `SELECT (SELECT count(*) FROM credits_transactions
			WHERE idempotency_key IS NOT NULL) - (SELECT count(*) FROM credits_idempotency WHERE object = 'transaction')`},
	} {
		var n int64
		if err := l.db.readers.QueryRowContext(ctx, rule.query).Scan(&n); err != nil {
			return nil, fmt.Errorf("counting %s: %w", rule.text, err)
		}
		if n != 0 {
			faults = append(faults, ledger.Fault{Invariant: rule.invariant, Text: fmt.Sprintf("%d %s", n, rule.text)})
		}
	}
	return faults, nil
}

// lost lists, row by row, what belongs to a wallet that is not there, and wallets and people without each other.
func (l *Ledger) lost(ctx context.Context) ([]ledger.Fault, error) {
	rows, err := l.db.readers.QueryContext(ctx, `SELECT user_id, what FROM (
		SELECT user_id, 'a journal without a wallet' AS what FROM credits_transactions UNION
		SELECT user_id, 'a grant without a wallet' FROM credits_grants UNION
		SELECT user_id, 'a hold without a wallet' FROM credits_holds UNION
		SELECT user_id, 'usage without a wallet' FROM credits_usage_stats UNION
		SELECT user_id, 'an idempotency key without a wallet' FROM credits_idempotency UNION
		SELECT user_id, 'a purchase without a wallet' FROM credits_purchases UNION
		SELECT id, 'a person without a wallet' FROM auth_users WHERE deleted_at IS NULL)
		WHERE user_id NOT IN (SELECT user_id FROM credits_balances)
		UNION ALL SELECT user_id, 'a wallet without a person' FROM credits_balances WHERE user_id NOT IN (SELECT id FROM auth_users)
		LIMIT ?`, ledger.MaxLost)
	if err != nil {
		return nil, fmt.Errorf("looking for lost wallets: %w", err)
	}
	defer rows.Close()
	var faults []ledger.Fault
	for rows.Next() {
		var id, what string
		if err := rows.Scan(&id, &what); err != nil {
			return nil, fmt.Errorf("looking for lost wallets: %w", err)
		}
		f := ledger.Fault{Invariant: "I20", Text: "there is " + what}
		if f.UserID, err = uuid.Parse(id); err != nil {
			f.Text += ", of an id that is none"
		}
		faults = append(faults, f)
	}
	return faults, rows.Err()
}

// Mend implements [ledger.Books]. The journal may be long: it is read before the one writer is asked.
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
	return l.db.write(ctx, func(t *tx) error {
		now, err := loadWallet(t, userID)
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
		}}, timestamp(l.db.clock()))
	})
}

// closeOfDeleted ends what the deletion of a person could not, since the wallet was frozen.
func closeOfDeleted(t *tx, userID uuid.UUID, actor string, now time.Time) error {
	var deleted bool
	err := t.queryRow(`SELECT deleted_at IS NOT NULL FROM auth_users WHERE id = ?`, userID.String()).Scan(&deleted)
	if err != nil || !deleted {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	return closeWallet(t, userID, ledger.Closing{TransactionID: id, Actor: actor}, now)
}

func replaceProjections(t *tx, p ledger.Projections) error {
	userID := p.Wallet.UserID
	if err := updateWallet(t, p.Wallet); err != nil {
		return err
	}
	if _, err := t.exec(`DELETE FROM credits_grants WHERE user_id = ?`, userID.String()); err != nil {
		return fmt.Errorf("mending grants: %w", err)
	}
	if err := writeGrants(t, userID, p.Grants); err != nil {
		return err
	}
	if _, err := t.exec(`DELETE FROM credits_usage_stats WHERE user_id = ?`, userID.String()); err != nil {
		return err
	}
	for _, u := range p.Usage {
		if err := writeUsage(t, userID, u); err != nil {
			return err
		}
	}
	for _, b := range p.Purchases {
		if _, err := t.exec(`UPDATE credits_purchases SET posted = ? WHERE id = ?`, b.Posted, b.ID.String()); err != nil {
			return err
		}
	}
	return nil
}
