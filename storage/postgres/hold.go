package postgres

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"mana/ledger"
)

// objectHold is what the record of a key says that it made, if it is not a transaction.
const objectHold = "hold"

func keyObject(r ledger.KeyRecord) string {
	if r.TransactionID == uuid.Nil {
		return objectHold
	}
	return "transaction"
}

const holdColumns = `id, user_id, caller, actor, app_id, description, metadata::text, idempotency_key, amount, added, captured, state,
	created_at, expires_at, ended_at, capture_id, made_seq, ended_seq, free_left, paid_left, held_left, debt_left, earned_left,
	spent_left`

// selectHolds reads holds with their parts, which the index gives in order.
const selectHolds = `SELECT ` + holdColumns + `, p.* FROM credits.holds h CROSS JOIN LATERAL (
		SELECT coalesce(array_agg(no), '{}'), coalesce(array_agg(class), '{}'), coalesce(array_agg(amount), '{}'),
			coalesce(array_agg(captured), '{}') FROM (
			SELECT grant_no AS no, coalesce((SELECT class FROM credits.grants WHERE user_id = hold_parts.user_id AND no = grant_no), '') AS class,
				amount, captured FROM credits.hold_parts WHERE hold_id = h.id ORDER BY grant_no) AS o) AS p (nos, classes, amounts, captures)`

// dueHolds are those of a wallet whose time is over and whose rows say open.
const dueHolds = selectHolds + ` WHERE user_id = $1 AND state = 'open' AND expires_at <= $2 ORDER BY id`

func scanHold(row pgx.CollectableRow) (ledger.Hold, error) {
	var h ledger.Hold
	var nos []int
	var classes []ledger.Class
	var amounts, captured []ledger.Amount
	l := &h.Remaining
	err := row.Scan(&h.ID, &h.UserID, &h.Caller, &h.Actor, &h.AppID, &h.Description, &h.Metadata, toText(&h.IdempotencyKey),
		&h.Amount, &h.Added, &h.Captured, &h.State, &h.CreatedAt, &h.ExpiresAt, toTime(&h.EndedAt), toID(&h.Capture), &h.MadeSeq,
		(*zeronull.Int8)(&h.EndedSeq), &l.Free, &l.Paid, &l.Held, &l.Debt, &l.Earned, &l.Spent, &nos, &classes, &amounts, &captured)
	for i, no := range nos {
		h.Parts = append(h.Parts, ledger.HoldPart{Grant: no, Class: classes[i], Amount: amounts[i], Captured: captured[i]})
	}
	return h, err
}

func (t *tx) holds(query string, args ...any) ([]ledger.Hold, error) {
	rows, err := t.query(query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading holds: %w", err)
	}
	holds, err := pgx.CollectRows(rows, scanHold)
	if err != nil {
		return nil, fmt.Errorf("reading holds: %w", err)
	}
	return holds, nil
}

// openHolds reads all open holds of a wallet.
func openHolds(t *tx, userID uuid.UUID) ([]ledger.Hold, error) {
	return t.holds(selectHolds+` WHERE user_id = $1 AND state = 'open' ORDER BY id`, userID)
}

// walkHolds reads all holds of a wallet, by their ids.
func walkHolds(t *tx, userID uuid.UUID) iter.Seq2[ledger.Hold, error] {
	return func(yield func(ledger.Hold, error) bool) {
		for after := uuid.Nil; ; {
			page, err := t.holds(selectHolds+` WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3`, userID, after, journalPage)
			if err != nil {
				yield(ledger.Hold{}, err)
				return
			}
			for _, h := range page {
				if after = h.ID; !yield(h, nil) {
					return
				}
			}
			if len(page) < journalPage {
				return
			}
		}
	}
}

// roundHold is a hold as the commands of a round so far leave it.
type roundHold struct {
	ledger.Hold
	made, changed bool
}

// queueHolds reads with everything else the holds that commands name.
func (r *round) queueHolds(batch *pgx.Batch) {
	var named []uuid.UUID
	for _, c := range r.commands {
		if c.wants.Hold != uuid.Nil && (c.wants.Hold != c.wants.ID || r.unsure) {
			named = append(named, c.wants.Hold)
		}
	}
	if len(named) > 0 {
		batch.Queue(selectNamedHolds, named).Query(r.takeHolds)
	}
}

// loadHolds reads, in a round trip of its own, the holds that became known to be needed only now: those that keys have
// made, and of wallets that have more held than what is read already, those whose time is over, and how many they are
// if there is to be one more. Most rounds need none.
func (r *round) loadHolds() error {
	var named, held, counted []uuid.UUID
	for _, k := range r.keys {
		if k.record.HoldID != uuid.Nil {
			named = append(named, k.record.HoldID)
		}
	}
	for id, w := range r.wallets {
		if w != nil && !w.knowsHolds() {
			held = append(held, id)
		}
	}
	for _, c := range r.commands {
		if c.wants.Hold != uuid.Nil && c.wants.Hold == c.wants.ID && slices.Contains(held, c.wants.UserID) {
			counted = append(counted, c.wants.UserID)
		}
	}
	batch := new(pgx.Batch)
	if len(named) > 0 {
		batch.Queue(selectNamedHolds, named).Query(r.takeHolds)
	}
	if len(held) > 0 {
		batch.Queue(selectDueHolds, held, r.now).Query(r.takeHolds)
	}
	if len(counted) > 0 {
		batch.Queue(countHolds, counted).Query(r.takeCounts)
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := r.conn.SendBatch(r.ctx, batch).Close(); err != nil {
		return fmt.Errorf("reading holds: %w", err)
	}
	return nil
}

// knowsHolds reports whether all open holds of the wallet are read, and counts them: an open hold has something left, so
// none is missing when they are all that is held.
func (w *wallet) knowsHolds() bool {
	rest := w.loaded.HeldFree + w.loaded.HeldPaid
	w.openHolds = 0
	for _, h := range w.holds {
		if h.State == ledger.HoldOpen {
			rest -= h.Rest()
			w.openHolds++
		}
	}
	return rest == 0
}

func (r *round) takeHolds(rows pgx.Rows) error {
	holds, err := pgx.CollectRows(rows, scanHold)
	for _, h := range holds {
		if w := r.wallets[h.UserID]; w != nil {
			w.holds[h.ID] = &roundHold{Hold: h}
		}
	}
	return err
}

func (r *round) takeCounts(rows pgx.Rows) error {
	var of uuid.UUID
	var n int
	_, err := pgx.ForEachRow(rows, []any{&of, &n}, func() error {
		if w := r.wallets[of]; w != nil {
			w.openHolds = n
		}
		return nil
	})
	return err
}

// What rounds ask of holds.
const (
	selectNamedHolds = `SELECT h.* FROM unnest($1::uuid[]) AS i (id) CROSS JOIN LATERAL (` + selectHolds + ` WHERE id = i.id LIMIT 1) h`
	selectDueHolds   = `SELECT h.* FROM unnest($1::uuid[]) AS w (user_id) CROSS JOIN LATERAL (
		SELECT id FROM credits.holds WHERE user_id = w.user_id AND state = 'open' AND expires_at <= $2) AS i
		CROSS JOIN LATERAL (` + selectHolds + ` WHERE id = i.id LIMIT 1) h`
	countHolds = `SELECT w.user_id, n FROM unnest($1::uuid[]) AS w (user_id) CROSS JOIN LATERAL (
		SELECT count(*) AS n FROM credits.holds WHERE user_id = w.user_id AND state = 'open') h`
)

// held lists the holds that a decision sees: those whose time is over, and those that are named.
func (w *wallet) held(now time.Time, named uuid.UUID, key *ledger.KeyRecord) []ledger.Hold {
	var holds []ledger.Hold
	for id, h := range w.holds {
		if h.Due(now) || id == named || key != nil && id == key.HoldID {
			holds = append(holds, h.Hold)
		}
	}
	slices.SortFunc(holds, func(a, b ledger.Hold) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return holds
}

// applyHolds takes over what a command decided.
func (w *wallet) applyHolds(d ledger.Delta) {
	if d.Made != nil {
		w.holds[d.Made.ID] = &roundHold{Hold: *d.Made, made: true}
		w.openHolds++
	}
	for _, h := range d.Holds {
		of := w.holds[h.ID]
		if of.Hold, of.changed = h, true; h.State != ledger.HoldOpen {
			w.openHolds--
		}
	}
}

// traceless reports whether a decision only makes a hold longer or larger, and has no key: if its commit had no answer,
// nothing tells whether it counts, and made again it might count twice.
func (c *command) traceless(d ledger.Delta) bool {
	changed := slices.ContainsFunc(d.Holds, func(h ledger.Hold) bool { return h.ID == c.wants.Hold && h.State == ledger.HoldOpen })
	return changed && d.Key == nil && !slices.ContainsFunc(d.Transactions, func(x ledger.Transaction) bool { return x.ID == c.wants.ID })
}

// addHolds takes the holds of a wallet as they end.
func (j *journal) addHolds(w *wallet) {
	for _, h := range w.holds {
		switch {
		case h.made:
			j.holds = append(j.holds, h.Hold)
		case h.changed:
			j.moved = append(j.moved, h.Hold)
		}
	}
}

// queueHolds writes new holds, changed ones, and the parts of both.
func (j *journal) queueHolds(batch *pgx.Batch) {
	if len(j.holds) > 0 {
		j.queueNewHolds(batch)
	}
	if len(j.moved) > 0 {
		j.queueChangedHolds(batch)
	}
	var added, captured []ledger.Hold // the parts of others are as they were made
	for _, h := range j.moved {
		switch {
		case h.Added > 0:
			added = append(added, h)
		case h.Captured > 0:
			captured = append(captured, h)
		}
	}
	queueParts(batch, insertParts, j.holds)
	queueParts(batch, insertParts+` ON CONFLICT (hold_id, grant_no) DO UPDATE SET amount = excluded.amount, captured = excluded.captured`, added)
	queueParts(batch, `UPDATE credits.hold_parts p SET captured = n.captured FROM `+newParts+` WHERE p.hold_id = n.hold_id AND p.grant_no = n.grant_no`, captured)
}

const (
	newParts    = `unnest($1::uuid[], $2::integer[], $3::uuid[], $4::bigint[], $5::bigint[]) AS n (hold_id, grant_no, user_id, amount, captured)`
	insertParts = `INSERT INTO credits.hold_parts (hold_id, grant_no, user_id, amount, captured) SELECT * FROM ` + newParts
)

func (j *journal) queueNewHolds(batch *pgx.Batch) {
	ids := func(of func(ledger.Hold) uuid.UUID) []uuid.UUID { return column(j.holds, of) }
	texts := func(of func(ledger.Hold) string) []string { return column(j.holds, of) }
	optional := func(of func(ledger.Hold) string) []zeronull.Text {
		return column(j.holds, func(h ledger.Hold) zeronull.Text { return optionalText(of(h)) })
	}
	args := append([]any{
		ids(func(h ledger.Hold) uuid.UUID { return h.UserID }),
		texts(func(h ledger.Hold) string { return h.Caller }),
		texts(func(h ledger.Hold) string { return h.Actor }),
		texts(func(h ledger.Hold) string { return h.AppID }),
		texts(func(h ledger.Hold) string { return h.Description }),
		optional(func(h ledger.Hold) string { return string(h.Metadata) }),
		optional(func(h ledger.Hold) string { return h.IdempotencyKey }),
		column(j.holds, func(h ledger.Hold) time.Time { return h.CreatedAt }),
		column(j.holds, func(h ledger.Hold) int64 { return h.MadeSeq }),
	}, changing(j.holds)...)
	batch.Queue(`INSERT INTO credits.holds (user_id, caller, actor, app_id, description, metadata, idempotency_key, created_at, made_seq, `+changes+`)
		SELECT user_id, caller, actor, app_id, description, metadata::json, idempotency_key, created_at, made_seq, `+changes+`
		FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::bigint[],
			$10::uuid[], $11::bigint[], $12::bigint[], $13::bigint[], $14::text[], $15::timestamptz[], $16::timestamptz[], $17::uuid[],
			$18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[])
			AS n (user_id, caller, actor, app_id, description, metadata, idempotency_key, created_at, made_seq, `+changes+`)`, args...)
}

func (j *journal) queueChangedHolds(batch *pgx.Batch) {
	batch.Queue(`UPDATE credits.holds h SET amount = n.amount, added = n.added, captured = n.captured, state = n.state,
			expires_at = n.expires_at, ended_at = n.ended_at, capture_id = n.capture_id, ended_seq = n.ended_seq,
			free_left = n.free_left, paid_left = n.paid_left, held_left = n.held_left, debt_left = n.debt_left,
			earned_left = n.earned_left, spent_left = n.spent_left
		FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::uuid[],
			$9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[]) AS n (`+changes+`)
		WHERE h.id = n.id`, changing(j.moved)...)
}

// changes are the columns of a hold that change, after its id, and changing their values.
const changes = `id, amount, added, captured, state, expires_at, ended_at, capture_id, ended_seq, free_left, paid_left, held_left,
	debt_left, earned_left, spent_left`

func changing(holds []ledger.Hold) []any {
	amounts := func(of func(ledger.Hold) ledger.Amount) []int64 {
		return column(holds, func(h ledger.Hold) int64 { return int64(of(h)) })
	}
	return []any{
		column(holds, func(h ledger.Hold) uuid.UUID { return h.ID }),
		amounts(func(h ledger.Hold) ledger.Amount { return h.Amount }),
		amounts(func(h ledger.Hold) ledger.Amount { return h.Added }),
		amounts(func(h ledger.Hold) ledger.Amount { return h.Captured }),
		column(holds, func(h ledger.Hold) string { return string(h.State) }),
		column(holds, func(h ledger.Hold) time.Time { return h.ExpiresAt }),
		column(holds, func(h ledger.Hold) zeronull.Timestamptz { return optionalTime(h.EndedAt) }),
		column(holds, func(h ledger.Hold) zeronull.UUID { return optionalID(h.Capture) }),
		column(holds, endedSeq),
		amounts(func(h ledger.Hold) ledger.Amount { return h.Remaining.Free }),
		amounts(func(h ledger.Hold) ledger.Amount { return h.Remaining.Paid }),
		amounts(func(h ledger.Hold) ledger.Amount { return h.Remaining.Held }),
		amounts(func(h ledger.Hold) ledger.Amount { return h.Remaining.Debt }),
		amounts(func(h ledger.Hold) ledger.Amount { return h.Remaining.Earned }),
		amounts(func(h ledger.Hold) ledger.Amount { return h.Remaining.Spent }),
	}
}

// endedSeq is null of a hold that is open.
func endedSeq(h ledger.Hold) *int64 {
	if h.State == ledger.HoldOpen {
		return nil
	}
	return &h.EndedSeq
}

func queueParts(batch *pgx.Batch, query string, holds []ledger.Hold) {
	if len(holds) == 0 {
		return
	}
	var ids, userIDs []uuid.UUID
	var nos, amounts, captured []int64
	for _, h := range holds {
		for _, p := range h.Parts {
			ids, userIDs, nos = append(ids, h.ID), append(userIDs, h.UserID), append(nos, int64(p.Grant))
			amounts, captured = append(amounts, int64(p.Amount)), append(captured, int64(p.Captured))
		}
	}
	batch.Queue(query, ids, nos, userIDs, amounts, captured)
}

// holds reads holds outside of a decision.
func (l *Ledger) holds(ctx context.Context, as actor, query string, args ...any) ([]ledger.Hold, error) {
	var holds []ledger.Hold
	if err := l.db.read(ctx, as, query, all(&holds, scanHold), args...); err != nil {
		return nil, fmt.Errorf("reading holds: %w", err)
	}
	return holds, nil
}

// Hold implements [ledger.Holds].
func (l *Ledger) Hold(ctx context.Context, id uuid.UUID) (ledger.Hold, error) {
	holds, err := l.holds(ctx, ledgerActor, selectHolds+` WHERE id = $1`, id)
	if err == nil && len(holds) == 0 {
		err = ledger.ErrNoHold
	}
	if err != nil {
		return ledger.Hold{}, err
	}
	return holds[0], nil
}

// HoldsOf implements [ledger.Holds].
func (l *Ledger) HoldsOf(ctx context.Context, userID uuid.UUID, q ledger.HoldQuery) ([]ledger.Hold, error) {
	return l.holds(ctx, user(userID), selectHolds+` WHERE user_id = $1 AND ($2 = '' OR caller = $2) AND ($3 = '' OR state = $3)
		AND ($4::uuid IS NULL OR id < $4) ORDER BY id DESC LIMIT $5`, userID, q.Caller, string(q.State), optionalID(q.Before), q.Limit)
}

// DueHolds implements [ledger.Holds].
func (l *Ledger) DueHolds(ctx context.Context, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := l.db.read(ctx, ledgerActor, `SELECT DISTINCT h.user_id FROM credits.holds h JOIN credits.balances b ON b.user_id = h.user_id
		WHERE h.state = 'open' AND h.expires_at <= $1 AND b.state = 'active' LIMIT $2`,
		all(&ids, pgx.RowTo[uuid.UUID]), l.db.clock(), limit)
	if err != nil {
		return nil, fmt.Errorf("looking for holds whose time is over: %w", err)
	}
	return ids, nil
}

// OpenHolds implements [ledger.Holds].
func (l *Ledger) OpenHolds(ctx context.Context) (int, error) {
	var n int
	if err := l.db.reader(ctx, ledgerActor)(`SELECT count(*) FROM credits.holds WHERE state = 'open'`).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting holds: %w", err)
	}
	return n, nil
}
