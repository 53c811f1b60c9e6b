package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"

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

const holdColumns = `id, user_id, caller, actor, app_id, description, metadata, idempotency_key, amount, added, captured, state,
	created_at, expires_at, ended_at, capture_id, made_seq, ended_seq, free_left, paid_left, held_left, debt_left, earned_left,
	spent_left`

// selectHolds reads holds, a row for each part of one.
var selectHolds = `SELECT ` + qualified("h", holdColumns) + `, p.grant_no, g.class, p.amount, p.captured
	FROM credits_holds h LEFT JOIN credits_hold_parts p ON p.hold_id = h.id
	LEFT JOIN credits_grants g ON g.user_id = p.user_id AND g.no = p.grant_no`

func collectHolds(rows *sql.Rows, err error) ([]ledger.Hold, error) {
	var holds []ledger.Hold
	for h, err := range eachHold(rows, err) {
		if err != nil {
			return nil, err
		}
		holds = append(holds, h)
	}
	return holds, nil
}

// eachHold reads what [selectHolds] gives, in an order by holds.
func eachHold(rows *sql.Rows, err error) iter.Seq2[ledger.Hold, error] {
	return func(yield func(ledger.Hold, error) bool) {
		if err != nil {
			yield(ledger.Hold{}, fmt.Errorf("reading holds: %w", err))
			return
		}
		defer rows.Close()
		var last ledger.Hold
		for rows.Next() {
			h, err := scanPart(rows)
			if err != nil {
				yield(last, fmt.Errorf("reading a hold: %w", err))
				return
			}
			if h.ID == last.ID {
				last.Parts = append(last.Parts, h.Parts...)
				continue
			}
			if last.ID != uuid.Nil && !yield(last, nil) {
				return
			}
			last = h
		}
		if err := rows.Err(); err != nil || last.ID != uuid.Nil {
			yield(last, err)
		}
	}
}

// scanPart reads a hold with one of its parts, if it has any.
func scanPart(rows *sql.Rows) (ledger.Hold, error) {
	var no, amount, captured sql.NullInt64
	var class sql.NullString
	h, err := scanHold(joined{rows, []any{&no, &class, &amount, &captured}})
	if no.Valid {
		h.Parts = []ledger.HoldPart{{
			Grant: int(no.Int64), Class: ledger.Class(class.String), Amount: ledger.Amount(amount.Int64), Captured: ledger.Amount(captured.Int64),
		}}
	}
	return h, err
}

func scanHold(row rowScanner) (ledger.Hold, error) {
	var h ledger.Hold
	var metadata, key sql.NullString
	var capture uuid.NullUUID
	var created, expires int64
	var ended, endedSeq sql.NullInt64
	l := &h.Remaining
	err := row.Scan(&h.ID, &h.UserID, &h.Caller, &h.Actor, &h.AppID, &h.Description, &metadata, &key, &h.Amount, &h.Added,
		&h.Captured, &h.State, &created, &expires, &ended, &capture, &h.MadeSeq, &endedSeq, &l.Free, &l.Paid, &l.Held, &l.Debt,
		&l.Earned, &l.Spent)
	if metadata.Valid {
		h.Metadata = []byte(metadata.String)
	}
	h.IdempotencyKey, h.Capture, h.EndedSeq = key.String, capture.UUID, endedSeq.Int64
	h.CreatedAt, h.ExpiresAt, h.EndedAt = fromTimestamp(created), fromTimestamp(expires), fromOptional(ended)
	return h, err
}

// loadHolds reads the holds that a decision needs: those that the command and the record of its key name, those whose
// time is over, and for one that makes a hold how many there are. again says that an earlier commit may have made it.
func loadHolds(q querier, s *ledger.State, w ledger.Wants, now time.Time, again bool) error {
	if w.Hold != w.ID || again {
		if err := addHold(q, s, w.Hold); err != nil {
			return err
		}
	}
	if s.Key != nil {
		if err := addHold(q, s, s.Key.HoldID); err != nil {
			return err
		}
	}
	if knowsHolds(s) {
		return nil
	}
	due, err := dueHolds(q, s.Wallet.UserID, now)
	if err != nil {
		return err
	}
	for _, h := range due {
		if !hasHold(s, h.ID) {
			s.Holds = append(s.Holds, h)
		}
	}
	slices.SortFunc(s.Holds, func(a, b ledger.Hold) int { return slices.Compare(a.ID[:], b.ID[:]) })
	if w.Hold == uuid.Nil || w.Hold != w.ID {
		return nil
	}
	err = q.queryRow(`SELECT count(*) FROM credits_holds WHERE user_id = ? AND state = 'open'`, w.UserID.String()).Scan(&s.OpenHolds)
	if err != nil {
		return fmt.Errorf("counting holds: %w", err)
	}
	return nil
}

// knowsHolds reports whether all open holds of the wallet are read, and counts them: an open hold has something left, so
// none is missing when they are all that is held.
func knowsHolds(s *ledger.State) bool {
	rest := s.Wallet.HeldFree + s.Wallet.HeldPaid
	s.OpenHolds = 0
	for _, h := range s.Holds {
		if h.State == ledger.HoldOpen {
			rest -= h.Rest()
			s.OpenHolds++
		}
	}
	return rest == 0
}

// addHold reads one hold, of the wallet or of none.
func addHold(q querier, s *ledger.State, id uuid.UUID) error {
	if id == uuid.Nil || hasHold(s, id) {
		return nil
	}
	one, err := collectHolds(q.query(selectHolds+` WHERE h.id = ? AND +h.user_id = ? ORDER BY p.grant_no`,
		id.String(), s.Wallet.UserID.String()))
	s.Holds = append(s.Holds, one...)
	return err
}

func hasHold(s *ledger.State, id uuid.UUID) bool {
	return slices.ContainsFunc(s.Holds, func(h ledger.Hold) bool { return h.ID == id })
}

// Open holds of a wallet, and of them those whose time is over. Rows are sorted when they are read: the index that has
// the order has those that ended too, which become many.
const (
	openHoldsOf = ` WHERE h.user_id = ? AND h.state = 'open' ORDER BY +h.id, p.grant_no`
	dueHoldsOf  = ` WHERE h.user_id = ? AND h.state = 'open' AND h.expires_at <= ? ORDER BY +h.id, p.grant_no`
)

// dueHolds reads the holds whose time is over. Mostly there are none, as the index alone tells.
func dueHolds(q querier, userID uuid.UUID, now time.Time) ([]ledger.Hold, error) {
	var first sql.NullInt64
	err := q.queryRow(`SELECT min(expires_at) FROM credits_holds WHERE user_id = ? AND state = 'open'`, userID.String()).Scan(&first)
	if err != nil {
		return nil, fmt.Errorf("looking for holds whose time is over: %w", err)
	}
	if !first.Valid || first.Int64 > timestamp(now) {
		return nil, nil
	}
	return collectHolds(q.query(selectHolds+dueHoldsOf, userID.String(), timestamp(now)))
}

// openHolds reads all open holds of a wallet.
func openHolds(q querier, userID uuid.UUID) ([]ledger.Hold, error) {
	return collectHolds(q.query(selectHolds+openHoldsOf, userID.String()))
}

// walkHolds reads all holds of a wallet, by their ids.
func walkHolds(q querier, userID uuid.UUID) iter.Seq2[ledger.Hold, error] {
	return func(yield func(ledger.Hold, error) bool) {
		eachHold(q.query(selectHolds+` WHERE h.user_id = ? ORDER BY h.id, p.grant_no`, userID.String()))(yield)
	}
}

// writeHolds writes the holds that a decision made and changed.
func writeHolds(t *tx, d ledger.Delta) error {
	if h := d.Made; h != nil {
		l := h.Remaining
		_, err := t.exec(`INSERT INTO credits_holds (`+holdColumns+`)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			h.ID.String(), h.UserID.String(), h.Caller, h.Actor, h.AppID, h.Description, optionalText(string(h.Metadata)),
			optionalText(h.IdempotencyKey), h.Amount, h.Added, h.Captured, string(h.State), timestamp(h.CreatedAt),
			timestamp(h.ExpiresAt), optionalTime(h.EndedAt), optionalID(h.Capture), h.MadeSeq, endedSeq(*h), l.Free, l.Paid,
			l.Held, l.Debt, l.Earned, l.Spent)
		if err != nil {
			return fmt.Errorf("storing a hold: %w", err)
		}
		if err := writeParts(t, *h); err != nil {
			return err
		}
	}
	for _, h := range d.Holds {
		l := h.Remaining
		_, err := t.exec(`UPDATE credits_holds SET amount = ?, added = ?, captured = ?, state = ?, expires_at = ?, ended_at = ?,
				capture_id = ?, ended_seq = ?, free_left = ?, paid_left = ?, held_left = ?, debt_left = ?, earned_left = ?,
				spent_left = ? WHERE id = ?`,
			h.Amount, h.Added, h.Captured, string(h.State), timestamp(h.ExpiresAt), optionalTime(h.EndedAt),
			optionalID(h.Capture), endedSeq(h), l.Free, l.Paid, l.Held, l.Debt, l.Earned, l.Spent, h.ID.String())
		if err != nil {
			return fmt.Errorf("changing a hold: %w", err)
		}
		if h.Captured == 0 && h.Added == 0 {
			continue // its parts are as they were made
		}
		if err := writeParts(t, h); err != nil {
			return err
		}
	}
	return nil
}

func writeParts(t *tx, h ledger.Hold) error {
	for _, p := range h.Parts {
		_, err := t.exec(`INSERT INTO credits_hold_parts (hold_id, grant_no, user_id, amount, captured) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET amount = excluded.amount, captured = excluded.captured`,
			h.ID.String(), p.Grant, h.UserID.String(), p.Amount, p.Captured)
		if err != nil {
			return fmt.Errorf("storing a part of a hold: %w", err)
		}
	}
	return nil
}

// endedSeq is null of a hold that is open.
func endedSeq(h ledger.Hold) any {
	if h.State == ledger.HoldOpen {
		return nil
	}
	return h.EndedSeq
}

// Hold implements [ledger.Holds].
func (l *Ledger) Hold(ctx context.Context, id uuid.UUID) (ledger.Hold, error) {
	rows, err := l.db.query(ctx, selectHolds+` WHERE h.id = ? ORDER BY p.grant_no`, id.String())
	holds, err := collectHolds(rows, err)
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
	rows, err := l.db.query(ctx, selectHolds+` WHERE h.id IN (SELECT id FROM credits_holds WHERE user_id = ?1
			AND (?2 = '' OR caller = ?2) AND (?3 = '' OR state = ?3) AND (?4 IS NULL OR id < ?4) ORDER BY id DESC LIMIT ?5)
		ORDER BY h.id DESC, p.grant_no`, userID.String(), q.Caller, string(q.State), optionalID(q.Before), q.Limit)
	return collectHolds(rows, err)
}

// DueHolds implements [ledger.Holds].
func (l *Ledger) DueHolds(ctx context.Context, limit int) ([]uuid.UUID, error) {
	return collectIDs(l.db.query(ctx, `SELECT DISTINCT h.user_id FROM credits_holds h JOIN credits_balances b ON b.user_id = h.user_id
		WHERE h.state = 'open' AND h.expires_at <= ? AND b.state = 'active' LIMIT ?`, timestamp(l.db.clock()), limit))
}

// OpenHolds implements [ledger.Holds].
func (l *Ledger) OpenHolds(ctx context.Context) (int, error) {
	var n int
	if err := l.db.queryRow(ctx, `SELECT count(*) FROM credits_holds WHERE state = 'open'`).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting holds: %w", err)
	}
	return n, nil
}
