package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/ledger"
	"mana/provider/identity"
)

var _ ledger.Inbox = (*Ledger)(nil)

const eventColumns = `id, type, body, received_at, processed_at, outcome, reason, stripe_payment_intent_id`

func scanStripeEvent(row pgx.CollectableRow) (ledger.StripeEvent, error) {
	var e ledger.StripeEvent
	err := row.Scan(&e.ID, &e.Type, &e.Body, &e.ReceivedAt, toTime(&e.ProcessedAt), &e.Outcome, &e.Reason, &e.IntentID)
	e.ReceivedAt = e.ReceivedAt.UTC()
	return e, err
}

// Receive implements [ledger.Inbox], in one round trip.
func (l *Ledger) Receive(ctx context.Context, e ledger.StripeEvent) (fresh bool, err error) {
	err = l.db.read(ctx, system, `INSERT INTO credits.stripe_events (id, type, body, received_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO NOTHING RETURNING true`, func(rows pgx.Rows) error {
		fresh = false
		for rows.Next() {
			fresh = true
		}
		return rows.Err()
	}, e.ID, e.Type, e.Body, l.db.clock())
	if err != nil {
		return false, fmt.Errorf("storing an event: %w", err)
	}
	return fresh, nil
}

// Waiting implements [ledger.Inbox].
func (l *Ledger) Waiting(ctx context.Context, after ledger.StripeEvent, limit int) ([]ledger.StripeEvent, error) {
	return l.events(ctx, `SELECT `+eventColumns+` FROM credits.stripe_events WHERE processed_at IS NULL
		AND (received_at, id) > ($1, $2) ORDER BY received_at, id LIMIT $3`, after.ReceivedAt, after.ID, limit)
}

// Quarantined implements [ledger.Inbox].
func (l *Ledger) Quarantined(ctx context.Context, limit int) ([]ledger.StripeEvent, error) {
	return l.events(ctx, `SELECT `+eventColumns+` FROM credits.stripe_events WHERE outcome = 'quarantined'
		ORDER BY received_at DESC, id DESC LIMIT $1`, limit)
}

func (l *Ledger) events(ctx context.Context, query string, args ...any) ([]ledger.StripeEvent, error) {
	var found []ledger.StripeEvent
	if err := l.db.read(ctx, system, query, all(&found, scanStripeEvent), args...); err != nil {
		return nil, fmt.Errorf("listing events: %w", err)
	}
	return found, nil
}

// Settle implements [ledger.Inbox].
func (l *Ledger) Settle(ctx context.Context, s ledger.Settling) (ledger.Settled, error) {
	var done ledger.Settled
	frozen := false
	err := l.db.write(ctx, system, func(t *tx) (err error) {
		done, frozen, err = l.settle(t, s)
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

// settle finds the purchase of a fact and has the core decide. frozen says that its wallet contradicts itself, and what
// is written is that.
func (l *Ledger) settle(t *tx, x ledger.Settling) (done ledger.Settled, frozen bool, err error) {
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
	s, before, err := lockSale(t, of[0].user, of[0].purchase, now)
	if err != nil {
		return done, false, err
	}
	if known, err := l.processed(t, x.Fact.EventID, &done); err != nil || known {
		done.Purchase = before
		return done, false, err
	}
	delta, done, err := ledger.Settle(s, before, now, x)
	if errors.Is(err, ledger.ErrImpossible) {
		return done, true, freeze(t, s.Wallet.UserID, []string{err.Error()}, now)
	}
	if err != nil {
		return done, false, err
	}
	err = writeSale(t, s, delta, func(batch *pgx.Batch) {
		if done.Outcome == ledger.OutcomeSettled {
			queuePurchase(batch, done.Purchase, before)
		}
		l.queueOutcome(batch, x.Fact, done)
	})
	if err != nil || done.Outcome != ledger.OutcomeSettled {
		return done, false, err
	}
	return done, false, insertEvents(t, identity.PurchaseEvents(before, done.Purchase, identity.Device{}), now)
}

// ownedPurchase is a purchase and whose it is.
type ownedPurchase struct{ purchase, user uuid.UUID }

// findPurchase finds the purchases that a fact names. The payment is locked first: see lockPayment.
func findPurchase(t *tx, x ledger.Fact) ([]ownedPurchase, error) {
	if err := lockPayment(t, x.Payment.IntentID); err != nil {
		return nil, err
	}
	rows, err := t.query(`SELECT id, user_id FROM credits.purchases WHERE id = $1
		UNION SELECT id, user_id FROM credits.purchases WHERE stripe_payment_intent_id = $2
		UNION SELECT id, user_id FROM credits.purchases WHERE stripe_checkout_session_id = $3`,
		x.PurchaseID, optionalText(x.Payment.IntentID), optionalText(x.Payment.CheckoutID))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p ownedPurchase, err error) {
		return p, row.Scan(&p.purchase, &p.user)
	})
}

// processed reads what became of an event, if it is known already. [ledger.ErrNoEvent].
func (l *Ledger) processed(t *tx, eventID string, done *ledger.Settled) (bool, error) {
	if eventID == "" {
		return false, nil
	}
	err := t.queryRow(`SELECT outcome, reason FROM credits.stripe_events WHERE id = $1`, eventID).Scan(&done.Outcome, &done.Reason)
	return done.Outcome != "", notFound(err, ledger.ErrNoEvent)
}

// conclude notes what became of an event that changes nothing, unless that is known already. [ledger.ErrNoEvent].
func (l *Ledger) conclude(t *tx, x ledger.Fact, done *ledger.Settled) error {
	var before ledger.Settled
	known, err := l.processed(t, x.EventID, &before)
	if err != nil {
		return err
	}
	if known {
		*done = before
		return nil
	}
	batch := new(pgx.Batch)
	l.queueOutcome(batch, x, *done)
	return t.conn.SendBatch(t.ctx, batch).Close()
}

func (l *Ledger) queueOutcome(batch *pgx.Batch, x ledger.Fact, done ledger.Settled) {
	if x.EventID == "" {
		return
	}
	intent := ""
	if done.Outcome == ledger.OutcomeQuarantined {
		intent = x.Payment.IntentID
	}
	batch.Queue(`UPDATE credits.stripe_events SET processed_at = $1, outcome = $2, reason = $3, stripe_payment_intent_id = $4
		WHERE id = $5 AND processed_at IS NULL`, l.db.clock(), string(done.Outcome), string(done.Reason), intent, x.EventID)
}

// Dismiss implements [ledger.Inbox].
func (l *Ledger) Dismiss(ctx context.Context, eventID string, o ledger.Outcome, r ledger.Reason) error {
	err := l.db.write(ctx, system, func(t *tx) error {
		return l.conclude(t, ledger.Fact{EventID: eventID}, &ledger.Settled{Outcome: o, Reason: r})
	})
	if err != nil {
		return fmt.Errorf("dismissing an event: %w", err)
	}
	return nil
}

// Requeue implements [ledger.Inbox].
func (l *Ledger) Requeue(ctx context.Context, eventID string) error {
	err := l.db.write(ctx, system, func(t *tx) error {
		found, err := one(t.exec(`UPDATE credits.stripe_events SET processed_at = NULL, outcome = '', reason = '',
			stripe_payment_intent_id = '' WHERE id = $1 AND outcome = 'quarantined' AND body <> ''`, eventID))
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
	err := l.db.reader(ctx, system)(`SELECT count(*) FILTER (WHERE processed_at IS NULL), min(received_at) FILTER (WHERE processed_at IS NULL),
			count(*) FILTER (WHERE outcome = 'quarantined'), (SELECT count(*) FROM credits.purchases WHERE status = 'pending'),
			greatest(max(received_at) FILTER (WHERE processed_at IS NULL), (SELECT max(processed_at) FROM credits.stripe_events WHERE body <> ''))
		FROM credits.stripe_events WHERE processed_at IS NULL OR outcome = 'quarantined'`).
		Scan(&b.Waiting, toTime(&b.Oldest), &b.Quarantined, &b.Pending, toTime(&b.Last))
	if err != nil {
		return b, fmt.Errorf("counting what is under way: %w", err)
	}
	return b, nil
}
