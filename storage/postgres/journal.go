package postgres

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"mana/ledger"
	"mana/provider/identity"
)

// journal gathers what decisions write. Each table gets one statement, whatever the number of its rows.
type journal struct {
	wallets      []ledger.Wallet // to be updated; the version asserts that they are those that were read
	made         []ownedGrant
	changed      []ownedGrant
	transactions []ledger.Transaction
	usage        map[usageKey]ledger.UsageDay // uses
	refunds      map[usageKey]ledger.UsageDay // below 0
	keys         []ownedKey
	caps         []usedCap
	holds        []ledger.Hold           // new
	moved        []ledger.Hold           // changed
	alerts       map[uuid.UUID]time.Time // people to be told that few credits are left
}

// ownedGrant is a grant of a wallet, and ownedKey a key of one.
type (
	ownedGrant struct {
		userID uuid.UUID
		ledger.Grant
	}
	ownedKey struct {
		userID uuid.UUID
		ledger.KeyRecord
	}
	usageKey struct {
		userID uuid.UUID
		app    string
		day    int64
	}
)

// addDelta takes what a decision adds to the journal. Wallets and grants are added once, as they end.
func (j *journal) addDelta(userID uuid.UUID, d ledger.Delta) {
	j.transactions = append(j.transactions, d.Transactions...)
	if d.Key != nil {
		j.keys = append(j.keys, ownedKey{userID, *d.Key})
	}
	if !d.Alert.IsZero() {
		if j.alerts == nil {
			j.alerts = make(map[uuid.UUID]time.Time)
		}
		j.alerts[userID] = d.Alert
	}
	for _, u := range d.Usage {
		to := &j.usage
		if u.Uses == 0 {
			to = &j.refunds
		}
		if *to == nil {
			*to = make(map[usageKey]ledger.UsageDay)
		}
		key := usageKey{userID, u.AppID, u.Day}
		sum := (*to)[key]
		sum.Used, sum.Uses = sum.Used+u.Used, sum.Uses+u.Uses
		(*to)[key] = sum
	}
}

// addSale takes the one decision on a wallet that was loaded with a purchase.
func (j *journal) addSale(s ledger.State, d ledger.Delta) {
	j.wallets = append(j.wallets, d.Wallet)
	j.addDelta(s.Wallet.UserID, d)
	for _, g := range d.Grants {
		j.addGrant(s.Wallet.UserID, g, s.Wallet.Grants)
	}
	j.moved = append(j.moved, d.Holds...)
}

// addGrant takes a grant as it ends. highest is the number of the wallet's last grant before.
func (j *journal) addGrant(userID uuid.UUID, g ledger.Grant, highest int) {
	if g.No > highest {
		j.made = append(j.made, ownedGrant{userID, g})
		return
	}
	j.changed = append(j.changed, ownedGrant{userID, g})
}

// writeJournal writes a decision whose new wallet is written.
func writeJournal(t *tx, d ledger.Delta) error {
	var j journal
	j.addDelta(d.Wallet.UserID, d)
	for _, g := range d.Grants {
		j.addGrant(d.Wallet.UserID, g, 0)
	}
	j.moved = d.Holds
	return j.write(t)
}

func (j *journal) write(t *tx) error {
	batch := new(pgx.Batch)
	if err := j.queue(batch); err != nil || batch.Len() == 0 {
		return err
	}
	if err := t.conn.SendBatch(t.ctx, batch).Close(); err != nil {
		return fmt.Errorf("writing a journal: %w", err)
	}
	return nil
}

// queue makes the statements. Transactions come before their postings.
func (j *journal) queue(batch *pgx.Batch) error {
	j.queueWallets(batch)
	j.queueGrants(batch)
	j.queueHolds(batch)
	j.queueTransactions(batch)
	j.queueUsage(batch)
	if len(j.keys) > 0 {
		batch.Queue(`INSERT INTO credits.idempotency (user_id, key_hash, fingerprint, object, object_id, created_at)
			SELECT user_id, key_hash, fingerprint, object, object_id, created_at
			FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::text[], $5::uuid[], $6::timestamptz[])
				AS n (user_id, key_hash, fingerprint, object, object_id, created_at)`,
			column(j.keys, func(k ownedKey) uuid.UUID { return k.userID }),
			column(j.keys, func(k ownedKey) []byte { return k.Key.Hash[:] }),
			column(j.keys, func(k ownedKey) []byte { return k.Key.Fingerprint[:] }),
			column(j.keys, func(k ownedKey) string { return keyObject(k.KeyRecord) }),
			column(j.keys, func(k ownedKey) uuid.UUID { return cmp.Or(k.TransactionID, k.HoldID) }),
			column(j.keys, func(k ownedKey) time.Time { return k.CreatedAt }))
	}
	for _, x := range j.transactions {
		event, wanted := identity.EventOf(x)
		if !wanted {
			continue
		}
		args, err := eventRow(event, x.At)
		if err != nil {
			return err
		}
		batch.Queue(insertEventRow, args...)
	}
	if len(j.caps) > 0 {
		batch.Queue(`UPDATE credits.key_caps c SET day = date '1970-01-01' + n.day, used = n.used
			FROM unnest($1::uuid[], $2::integer[], $3::bigint[]) AS n (key_id, day, used) WHERE c.key_id = n.key_id`,
			column(j.caps, func(c usedCap) uuid.UUID { return c.key }),
			column(j.caps, func(c usedCap) int64 { return c.day }),
			column(j.caps, func(c usedCap) int64 { return int64(c.used) }))
	}
	j.queueAlerts(batch)
	return nil
}

// queueWallets writes the projections. That a version was raised by one is what a trigger demands.
func (j *journal) queueWallets(batch *pgx.Batch) {
	if len(j.wallets) == 0 {
		return
	}
	amounts := func(of func(ledger.Wallet) ledger.Amount) []int64 {
		return column(j.wallets, func(w ledger.Wallet) int64 { return int64(of(w)) })
	}
	batch.Queue(`UPDATE credits.balances b SET state = n.state, balance = n.balance, free_credits_remaining = n.free, held_paid = n.held_paid,
			held_free = n.held_free, debt = n.debt, total_earned = n.earned, total_spent = n.spent, seq = n.seq,
			grants = n.grants, version = n.version, alert_armed = n.armed, last_daily_reset_at = n.daily, last_at = n.last_at, updated_at = n.last_at
		FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
				$9::bigint[], $10::integer[], $11::bigint[], $12::timestamptz[], $13::timestamptz[], $14::text[], $15::boolean[])
			AS n (user_id, balance, free, held_paid, held_free, debt, earned, spent, seq, grants, version, daily, last_at, state, armed)
		WHERE b.user_id = n.user_id`,
		column(j.wallets, func(w ledger.Wallet) uuid.UUID { return w.UserID }),
		amounts(func(w ledger.Wallet) ledger.Amount { return w.Paid }),
		amounts(func(w ledger.Wallet) ledger.Amount { return w.Free }),
		amounts(func(w ledger.Wallet) ledger.Amount { return w.HeldPaid }),
		amounts(func(w ledger.Wallet) ledger.Amount { return w.HeldFree }),
		amounts(func(w ledger.Wallet) ledger.Amount { return w.Debt }),
		amounts(func(w ledger.Wallet) ledger.Amount { return w.Earned }),
		amounts(func(w ledger.Wallet) ledger.Amount { return w.Spent }),
		column(j.wallets, func(w ledger.Wallet) int64 { return w.Seq }),
		column(j.wallets, func(w ledger.Wallet) int64 { return int64(w.Grants) }),
		column(j.wallets, func(w ledger.Wallet) int64 { return w.Version }),
		column(j.wallets, func(w ledger.Wallet) time.Time { return w.LastDaily }),
		column(j.wallets, func(w ledger.Wallet) time.Time { return w.LastAt }),
		column(j.wallets, func(w ledger.Wallet) string { return string(w.State) }),
		column(j.wallets, func(w ledger.Wallet) bool { return w.AlertArmed }))
}

func (j *journal) queueGrants(batch *pgx.Batch) {
	userIDs := func(grants []ownedGrant) []uuid.UUID {
		return column(grants, func(g ownedGrant) uuid.UUID { return g.userID })
	}
	numbers := func(grants []ownedGrant, of func(ownedGrant) int64) []int64 { return column(grants, of) }
	texts := func(of func(ownedGrant) string) []string { return column(j.made, of) }
	no := func(g ownedGrant) int64 { return int64(g.No) }
	issued := func(g ownedGrant) int64 { return int64(g.Issued) }
	remaining := func(g ownedGrant) int64 { return int64(g.Remaining) }
	held := func(g ownedGrant) int64 { return int64(g.Held) }
	if len(j.made) > 0 {
		batch.Queue(`INSERT INTO credits.grants (user_id, no, class, source, priority, issued, remaining, held, open, expires_at)
			SELECT user_id, no, class, source, priority, issued, remaining, held, remaining > 0, expires_at
			FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::integer[], $6::bigint[], $7::bigint[],
				$8::bigint[], $9::timestamptz[]) AS n (user_id, no, class, source, priority, issued, remaining, held, expires_at)`,
			userIDs(j.made), numbers(j.made, no), texts(func(g ownedGrant) string { return string(g.Class) }),
			texts(func(g ownedGrant) string { return g.Source }), numbers(j.made, func(g ownedGrant) int64 { return int64(g.Priority) }),
			numbers(j.made, issued), numbers(j.made, remaining), numbers(j.made, held),
			column(j.made, func(g ownedGrant) zeronull.Timestamptz { return optionalTime(g.ExpiresAt) }))
	}
	if len(j.changed) > 0 {
		batch.Queue(`UPDATE credits.grants g SET issued = n.issued, remaining = n.remaining, held = n.held, open = n.remaining > 0
			FROM unnest($1::uuid[], $2::integer[], $3::bigint[], $4::bigint[], $5::bigint[]) AS n (user_id, no, issued, remaining, held)
			WHERE g.user_id = n.user_id AND g.no = n.no`,
			userIDs(j.changed), numbers(j.changed, no), numbers(j.changed, issued), numbers(j.changed, remaining),
			numbers(j.changed, held))
	}
}

// queueUsage raises what apps charged by uses, and lowers by refunds what is there.
func (j *journal) queueUsage(batch *pgx.Batch) {
	for i, usage := range []map[usageKey]ledger.UsageDay{j.usage, j.refunds} {
		if len(usage) == 0 {
			continue
		}
		var userIDs []uuid.UUID
		var apps []string
		var days, used, uses []int64
		for key, sum := range usage {
			userIDs, apps, days = append(userIDs, key.userID), append(apps, key.app), append(days, key.day)
			used, uses = append(used, int64(sum.Used)), append(uses, sum.Uses)
		}
		batch.Queue([]string{raiseUsage, lowerUsage}[i], userIDs, apps, days, used, uses)
	}
}

const raiseUsage = `INSERT INTO credits.usage_stats AS s (user_id, app_id, date, credits_used, uses)
	SELECT user_id, app_id, date '1970-01-01' + day, used, uses
	FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::bigint[], $5::bigint[]) AS n (user_id, app_id, day, used, uses)
	ON CONFLICT (user_id, app_id, date) DO UPDATE SET credits_used = s.credits_used + excluded.credits_used, uses = s.uses + excluded.uses`

const lowerUsage = `UPDATE credits.usage_stats s SET credits_used = s.credits_used + n.used, uses = s.uses + n.uses
	FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::bigint[], $5::bigint[]) AS n (user_id, app_id, day, used, uses)
	WHERE s.user_id = n.user_id AND s.app_id = n.app_id AND s.date = date '1970-01-01' + n.day`

// column is one field of many rows.
func column[R, C any](rows []R, of func(R) C) []C {
	values := make([]C, len(rows))
	for i, row := range rows {
		values[i] = of(row)
	}
	return values
}

// History implements [ledger.Store]. Numbers have no gaps, so that any offset costs one probe.
func (l *Ledger) History(ctx context.Context, userID uuid.UUID, limit, offset int) ([]ledger.Transaction, error) {
	var history []ledger.Transaction
	err := l.db.read(ctx, user(userID), `SELECT `+transactionColumns+` FROM credits.transactions
		WHERE user_id = $1 AND seq <= (SELECT seq FROM credits.balances WHERE user_id = $1) - $2
		ORDER BY seq DESC LIMIT $3`, func(rows pgx.Rows) (err error) {
		history, err = pgx.AppendRows(make([]ledger.Transaction, 0, min(limit, 64)), rows, scanTransaction)
		return err
	}, userID, offset, limit)
	if err != nil {
		return nil, fmt.Errorf("reading a history: %w", err)
	}
	return history, nil
}

// HistoryRange implements [ledger.Store].
func (l *Ledger) HistoryRange(ctx context.Context, userID uuid.UUID, r ledger.Range) ([]ledger.Transaction, error) {
	history := make([]ledger.Transaction, 0, min(r.Limit, 64))
	err := l.db.read(ctx, user(userID), `SELECT `+transactionColumns+` FROM credits.transactions
		WHERE user_id = $1 AND seq > $2 AND seq < $3 AND ($4 = '' OR app_id = $4) AND ($5 = '' OR type = $5)
			AND ($6::timestamptz IS NULL OR at >= $6) AND ($7::timestamptz IS NULL OR at < $7) ORDER BY seq DESC LIMIT $8`,
		func(rows pgx.Rows) (err error) {
			history, err = pgx.AppendRows(history, rows, scanTransaction)
			return err
		}, userID, r.After, r.Before, r.AppID, string(r.Type), optionalTime(r.Since), optionalTime(r.Until), r.Limit)
	if err != nil {
		return nil, fmt.Errorf("reading a history: %w", err)
	}
	return history, nil
}

// Entry implements [ledger.Store].
func (l *Ledger) Entry(ctx context.Context, userID, id uuid.UUID) ([]ledger.Transaction, error) {
	var entries []ledger.Transaction
	err := l.db.read(ctx, user(userID), `SELECT `+transactionColumns+` FROM credits.transactions
		WHERE user_id = $1 AND (id = $2 OR related_id = $2) ORDER BY seq`, all(&entries, scanTransaction), userID, id)
	if err != nil {
		return nil, fmt.Errorf("reading an entry: %w", err)
	}
	return entries, nil
}

// Packages implements [ledger.Store].
func (l *Ledger) Packages(ctx context.Context) ([]ledger.Package, error) {
	var packages []ledger.Package
	err := l.db.read(ctx, nobody, `SELECT id, name, description, credits, price_euro_cents, stripe_price_id, active, sort_order,
		metadata::text, created_at, updated_at FROM credits.packages WHERE active ORDER BY sort_order, name COLLATE "C"`,
		func(rows pgx.Rows) (err error) {
			packages, err = pgx.AppendRows([]ledger.Package{}, rows, scanPackage)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("reading packages: %w", err)
	}
	return packages, nil
}
