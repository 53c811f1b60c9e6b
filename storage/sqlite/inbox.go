package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"mana/ledger"
	"mana/provider/identity"
)

var _ ledger.Inbox = (*Ledger)(nil)

const eventColumns = `id, type, body, received_at, processed_at, outcome, reason, stripe_payment_intent_id`

// Receive implements [ledger.Inbox].
func (l *Ledger) Receive(ctx context.Context, e ledger.StripeEvent) (fresh bool, err error) {
	err = l.db.write(ctx, func(t *tx) (err error) {
		fresh, err = l.receive(t, e)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("storing an event: %w", err)
	}
	return fresh, nil
}

func (l *Ledger) receive(t *tx, e ledger.StripeEvent) (fresh bool, err error) {
	return one(t.exec(`INSERT INTO credits_stripe_events (id, type, body, received_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO NOTHING`, e.ID, e.Type, e.Body, timestamp(l.db.clock())))
}

// Take implements [ledger.Inbox]. What fails is undone as a whole, a freeze too: that is for Settle.
func (l *Ledger) Take(ctx context.Context, e ledger.StripeEvent, s ledger.Settling) (fresh bool, done ledger.Settled, err error) {
	err = l.db.write(ctx, func(t *tx) (err error) {
		done = ledger.Settled{}
		if fresh, err = l.receive(t, e); err != nil || !fresh {
			return err
		}
		var frozen bool
		if done, frozen, err = l.settle(t, s, true); err == nil && frozen {
			err = ledger.ErrFrozen
		}
		return err
	})
	if err != nil {
		return false, ledger.Settled{}, fmt.Errorf("taking in an event: %w", err)
	}
	return fresh, done, nil
}

// Waiting implements [ledger.Inbox].
func (l *Ledger) Waiting(ctx context.Context, after ledger.StripeEvent, limit int) ([]ledger.StripeEvent, error) {
	return collectEvents(l.db.query(ctx, `SELECT `+eventColumns+` FROM credits_stripe_events WHERE processed_at IS NULL
		AND (received_at, id) > (?, ?) ORDER BY received_at, id LIMIT ?`, timestamp(after.ReceivedAt), after.ID, limit))
}

// Quarantined implements [ledger.Inbox].
func (l *Ledger) Quarantined(ctx context.Context, limit int) ([]ledger.StripeEvent, error) {
	return collectEvents(l.db.query(ctx, `SELECT `+eventColumns+` FROM credits_stripe_events WHERE outcome = 'quarantined'
		ORDER BY received_at DESC, id DESC LIMIT ?`, limit))
}

func collectEvents(rows *sql.Rows, err error) ([]ledger.StripeEvent, error) {
	if err != nil {
		return nil, fmt.Errorf("listing events: %w", err)
	}
	defer rows.Close()
	var found []ledger.StripeEvent
	for rows.Next() {
		var e ledger.StripeEvent
		var received int64
		var processed sql.NullInt64
		if err := rows.Scan(&e.ID, &e.Type, &e.Body, &received, &processed, &e.Outcome, &e.Reason, &e.IntentID); err != nil {
			return nil, fmt.Errorf("listing events: %w", err)
		}
		e.ReceivedAt, e.ProcessedAt = fromTimestamp(received), fromOptional(processed)
		found = append(found, e)
	}
	return found, rows.Err()
}

// Settle implements [ledger.Inbox].
func (l *Ledger) Settle(ctx context.Context, s ledger.Settling) (ledger.Settled, error) {
	var done ledger.Settled
	frozen := false
	err := l.db.write(ctx, func(t *tx) (err error) {
		done, frozen, err = l.settle(t, s, false)
		return err
	})
	if err == nil && frozen {
		err = ledger.ErrFrozen
	}
	if err != nil {
		return ledger.Settled{}, fmt.Errorf("settling a payment: %w", err)
	}
	return done, nil
}

// settle finds the purchase of a fact and has the core decide. fresh says that its event has just arrived; frozen that
// its wallet contradicts itself, and what is written is that.
func (l *Ledger) settle(t *tx, x ledger.Settling, fresh bool) (done ledger.Settled, frozen bool, err error) {
	now := l.db.clock()
	of, err := findPurchase(t, x.Fact)
	if err != nil {
		return done, false, err
	}
	if len(of) != 1 {
		done = ledger.Settled{Outcome: ledger.OutcomeQuarantined, Reason: ledger.ReasonUnknown}
		if len(of) > 1 {
			done.Reason = ledger.ReasonPayment
		}
		return done, false, l.conclude(t, x.Fact, &done)
	}
	before := of[0]
	s, err := loadSale(t, before, now)
	if err != nil {
		return done, false, err
	}
	if !fresh {
		if known, err := processed(t, x.Fact.EventID, &done); err != nil || known {
			done.Purchase = before
			return done, false, err
		}
	}
	delta, done, err := ledger.Settle(s, before, now, x)
	if errors.Is(err, ledger.ErrImpossible) {
		return done, true, freeze(t, s.Wallet.UserID, []string{err.Error()}, now)
	}
	if err != nil {
		return done, false, err
	}
	if done.Outcome == ledger.OutcomeSettled {
		if err := writeSale(t, delta); err != nil {
			return done, false, err
		}
		if err := writePurchase(t, done.Purchase, before); err != nil {
			return done, false, err
		}
		if err := insertEvents(t, identity.PurchaseEvents(before, done.Purchase, identity.Device{}), timestamp(now)); err != nil {
			return done, false, err
		}
	}
	return done, false, l.writeOutcome(t, x.Fact, done)
}

// findPurchase finds the purchases that a fact names.
func findPurchase(t *tx, x ledger.Fact) ([]ledger.Purchase, error) {
	return collectPurchases(t.query(selectPurchases+`WHERE p.id IN (SELECT id FROM credits_purchases WHERE id = ?
		UNION SELECT id FROM credits_purchases WHERE stripe_payment_intent_id = ?
		UNION SELECT id FROM credits_purchases WHERE stripe_checkout_session_id = ?)`,
		x.PurchaseID.String(), optionalText(x.Payment.IntentID), optionalText(x.Payment.CheckoutID)))
}

// processed reads what became of an event, if it is known already. [ledger.ErrNoEvent].
func processed(t *tx, eventID string, done *ledger.Settled) (bool, error) {
	if eventID == "" {
		return false, nil
	}
	err := t.queryRow(`SELECT outcome, reason FROM credits_stripe_events WHERE id = ?`, eventID).Scan(&done.Outcome, &done.Reason)
	if err != nil {
		return false, notFound(err, ledger.ErrNoEvent)
	}
	return done.Outcome != "", nil
}

// conclude notes what became of an event that changes nothing, unless that is known already. [ledger.ErrNoEvent].
func (l *Ledger) conclude(t *tx, x ledger.Fact, done *ledger.Settled) error {
	var before ledger.Settled
	known, err := processed(t, x.EventID, &before)
	if err != nil {
		return err
	}
	if known {
		*done = before
		return nil
	}
	return l.writeOutcome(t, x, *done)
}

func (l *Ledger) writeOutcome(t *tx, x ledger.Fact, done ledger.Settled) error {
	if x.EventID == "" {
		return nil
	}
	intent := ""
	if done.Outcome == ledger.OutcomeQuarantined {
		intent = x.Payment.IntentID
	}
	_, err := t.exec(`UPDATE credits_stripe_events SET processed_at = ?, outcome = ?, reason = ?, stripe_payment_intent_id = ?
		WHERE id = ? AND processed_at IS NULL`, timestamp(l.db.clock()), string(done.Outcome), string(done.Reason), intent, x.EventID)
	if err != nil {
		return fmt.Errorf("noting an outcome: %w", err)
	}
	return nil
}

// Dismiss implements [ledger.Inbox].
func (l *Ledger) Dismiss(ctx context.Context, eventID string, o ledger.Outcome, r ledger.Reason) error {
	err := l.db.write(ctx, func(t *tx) error {
		return l.conclude(t, ledger.Fact{EventID: eventID}, &ledger.Settled{Outcome: o, Reason: r})
	})
	if err != nil {
		return fmt.Errorf("dismissing an event: %w", err)
	}
	return nil
}

// Requeue implements [ledger.Inbox].
func (l *Ledger) Requeue(ctx context.Context, eventID string) error {
	err := l.db.write(ctx, func(t *tx) error {
		found, err := one(t.exec(`UPDATE credits_stripe_events SET processed_at = NULL, outcome = '', reason = '',
			stripe_payment_intent_id = '' WHERE id = ? AND outcome = 'quarantined' AND length(body) > 0`, eventID))
		if err == nil && !found {
			return ledger.ErrNoEvent
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("letting an event wait again: %w", err)
	}
	return nil
}

// Backlog implements [ledger.Payments].
func (l *Ledger) Backlog(ctx context.Context) (ledger.Backlog, error) {
	var b ledger.Backlog
	var oldest, last sql.NullInt64
	err := l.db.queryRow(ctx, `SELECT (SELECT count(*) FROM credits_stripe_events WHERE processed_at IS NULL),
			(SELECT min(received_at) FROM credits_stripe_events WHERE processed_at IS NULL),
			(SELECT count(*) FROM credits_stripe_events WHERE outcome = 'quarantined'),
			(SELECT count(*) FROM credits_purchases WHERE status = 'pending'),
			nullif(max(coalesce((SELECT max(received_at) FROM credits_stripe_events WHERE processed_at IS NULL), 0),
				coalesce((SELECT max(processed_at) FROM credits_stripe_events WHERE length(body) > 0), 0)), 0)`).
		Scan(&b.Waiting, &oldest, &b.Quarantined, &b.Pending, &last)
	if err != nil {
		return b, fmt.Errorf("counting what is under way: %w", err)
	}
	b.Oldest, b.Last = fromOptional(oldest), fromOptional(last)
	return b, nil
}
