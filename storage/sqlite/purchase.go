package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
)

var _ ledger.Purchases = (*Ledger)(nil)

// selectPurchases reads purchases with their refunds and disputes as lists.
const selectPurchases = `SELECT p.id, p.user_id, p.package_id, p.credits, p.price_euro_cents, p.currency, p.livemode, p.account, p.status,
	coalesce(p.stripe_payment_intent_id, ''), coalesce(p.stripe_checkout_session_id, ''), coalesce(p.stripe_customer_id, ''),
	p.paid_cents, p.reported_cents, p.posted, p.metadata, p.created_at, p.expires_at, p.completed_at,
	(SELECT json_group_array(json_object('ID', coalesce(r.id, ''), 'RequestID', r.request_id, 'Cents', r.cents, 'State', r.state) ORDER BY r.n)
		FROM credits_refunds r WHERE r.purchase_id = p.id),
	(SELECT json_group_array(json_object('ID', d.id, 'Cents', d.cents, 'State', d.state) ORDER BY d.n)
		FROM credits_disputes d WHERE d.purchase_id = p.id)
	FROM credits_purchases p `

func scanPurchase(row rowScanner) (ledger.Purchase, error) {
	var p ledger.Purchase
	var metadata sql.NullString
	var created, expires int64
	var completed sql.NullInt64
	var refunds, disputes string
	err := row.Scan(&p.ID, &p.UserID, &p.PackageID, &p.Credits, &p.PriceEuroCents, &p.Currency, &p.Livemode, &p.Account, &p.Status,
		&p.Payment.IntentID, &p.Payment.CheckoutID, &p.Payment.CustomerID, &p.Facts.PaidCents, &p.Facts.ReportedCents, &p.Posted,
		&metadata, &created, &expires, &completed, &refunds, &disputes)
	if err != nil {
		return p, err
	}
	if metadata.Valid {
		p.Metadata = []byte(metadata.String)
	}
	p.CreatedAt, p.ExpiresAt, p.CompletedAt = fromTimestamp(created), fromTimestamp(expires), fromOptional(completed)
	if p.Facts.Refunds, err = decodeList[ledger.PaymentRefund](refunds); err != nil {
		return p, err
	}
	p.Facts.Disputes, err = decodeList[ledger.Dispute](disputes)
	return p, err
}

func collectPurchases(rows *sql.Rows, err error) ([]ledger.Purchase, error) {
	if err != nil {
		return nil, fmt.Errorf("reading purchases: %w", err)
	}
	defer rows.Close()
	var found []ledger.Purchase
	for rows.Next() {
		p, err := scanPurchase(rows)
		if err != nil {
			return nil, fmt.Errorf("reading a purchase: %w", err)
		}
		found = append(found, p)
	}
	return found, rows.Err()
}

// Order implements [ledger.Purchases].
func (l *Ledger) Order(ctx context.Context, o ledger.Order) (ledger.Purchase, error) {
	now := l.db.clock()
	var p ledger.Purchase
	err := l.db.write(ctx, func(t *tx) (err error) {
		p, err = order(t, o, now)
		return err
	})
	if err != nil {
		return ledger.Purchase{}, fmt.Errorf("ordering: %w", err)
	}
	return p, nil
}

func order(t *tx, o ledger.Order, now time.Time) (ledger.Purchase, error) {
	p, err := loadPurchase(t, o.UserID, o.ID)
	if !errors.Is(err, ledger.ErrNoPurchase) {
		return p, err // it was ordered before
	}
	wallet, err := loadWallet(t, o.UserID)
	if err != nil {
		return p, err
	}
	var pending int
	err = t.queryRow(`SELECT count(*) FROM credits_purchases WHERE user_id = ? AND status = 'pending' AND expires_at > ?`,
		o.UserID.String(), timestamp(now)).Scan(&pending)
	if err != nil {
		return p, err
	}
	pack := ledger.Package{ID: o.PackageID}
	err = t.queryRow(`SELECT credits, price_euro_cents, active FROM credits_packages WHERE id = ?`, o.PackageID.String()).
		Scan(&pack.Credits, &pack.PriceEuroCents, &pack.Active)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return p, err
	}
	if p, err = ledger.NewPurchase(wallet, pending, pack, now, o); err != nil {
		return p, err
	}
	_, err = t.exec(`INSERT INTO credits_purchases (id, user_id, package_id, credits, price_euro_cents, currency, livemode, account,
			status, metadata, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.ID.String(), p.UserID.String(), p.PackageID.String(), p.Credits, p.PriceEuroCents, p.Currency, p.Livemode, p.Account,
		string(p.Status), optionalText(string(p.Metadata)), timestamp(p.CreatedAt), timestamp(p.ExpiresAt))
	return p, err
}

// Link implements [ledger.Purchases].
func (l *Ledger) Link(ctx context.Context, purchaseID uuid.UUID, to ledger.Payment) error {
	err := l.db.write(ctx, func(t *tx) error {
		p, err := scanPurchase(t.queryRow(selectPurchases+`WHERE p.id = ?`, purchaseID.String()))
		if err != nil {
			return notFound(err, ledger.ErrNoPurchase)
		}
		before := p.Payment
		if p, err = p.Linked(to); err != nil || p.Payment == before {
			return err
		}
		return writePayment(t, p, before)
	})
	if violates(err, "credits_purchases.stripe_payment_intent_id") || violates(err, "credits_purchases.stripe_checkout_session_id") {
		err = ledger.ErrLinked
	}
	if err != nil {
		return fmt.Errorf("linking a purchase: %w", err)
	}
	return nil
}

// writePayment writes the ids of a payment.
func writePayment(t *tx, p ledger.Purchase, before ledger.Payment) error {
	_, err := t.exec(`UPDATE credits_purchases SET stripe_payment_intent_id = ?, stripe_checkout_session_id = ?, stripe_customer_id = ?
		WHERE id = ?`, optionalText(p.Payment.IntentID), optionalText(p.Payment.CheckoutID), optionalText(p.Payment.CustomerID), p.ID.String())
	if err != nil {
		return err
	}
	return wakeEvents(t, p, before)
}

// wakeEvents lets the events wait again that did not know whose payment it was.
func wakeEvents(t *tx, p ledger.Purchase, before ledger.Payment) error {
	if p.Payment.IntentID == before.IntentID {
		return nil
	}
	_, err := t.exec(`UPDATE credits_stripe_events SET processed_at = NULL, outcome = '', reason = '', stripe_payment_intent_id = ''
		WHERE reason = 'unknown purchase' AND stripe_payment_intent_id = ?`, p.Payment.IntentID)
	return err
}

// writePurchase writes what a decision made of a purchase.
func writePurchase(t *tx, p, before ledger.Purchase) error {
	price := p.PriceEuroCents
	_, err := t.exec(`UPDATE credits_purchases SET status = ?, paid_cents = ?, reported_cents = ?, refunded_cents = ?, disputed_cents = ?,
			posted = ?, completed_at = ?, stripe_payment_intent_id = ?, stripe_checkout_session_id = ?, stripe_customer_id = ? WHERE id = ?`,
		string(p.Status), p.Facts.PaidCents, p.Facts.ReportedCents, min(price, p.Facts.RefundedCents()), min(price, p.Facts.DisputedCents()),
		p.Posted, optionalTime(p.CompletedAt), optionalText(p.Payment.IntentID), optionalText(p.Payment.CheckoutID),
		optionalText(p.Payment.CustomerID), p.ID.String())
	if err != nil {
		return fmt.Errorf("updating a purchase: %w", err)
	}
	if err := wakeEvents(t, p, before.Payment); err != nil {
		return err
	}
	if err := writeRefunds(t, p, before.Facts.Refunds); err != nil {
		return fmt.Errorf("storing refunds: %w", err)
	}
	if err := writeDisputes(t, p, before.Facts.Disputes); err != nil {
		return fmt.Errorf("storing disputes: %w", err)
	}
	return nil
}

func writeRefunds(t *tx, p ledger.Purchase, before []ledger.PaymentRefund) error {
	if slices.Equal(p.Facts.Refunds, before) {
		return nil
	}
	if _, err := t.exec(`DELETE FROM credits_refunds WHERE purchase_id = ?`, p.ID.String()); err != nil {
		return err
	}
	for i, r := range p.Facts.Refunds {
		_, err := t.exec(`INSERT INTO credits_refunds (purchase_id, n, user_id, id, request_id, cents, state) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			p.ID.String(), i+1, p.UserID.String(), optionalText(r.ID), optionalID(r.RequestID), r.Cents, string(r.State))
		if err != nil {
			return err
		}
	}
	return nil
}

func writeDisputes(t *tx, p ledger.Purchase, before []ledger.Dispute) error {
	if slices.Equal(p.Facts.Disputes, before) {
		return nil
	}
	if _, err := t.exec(`DELETE FROM credits_disputes WHERE purchase_id = ?`, p.ID.String()); err != nil {
		return err
	}
	for i, d := range p.Facts.Disputes {
		_, err := t.exec(`INSERT INTO credits_disputes (purchase_id, n, user_id, id, cents, state) VALUES (?, ?, ?, ?, ?, ?)`,
			p.ID.String(), i+1, p.UserID.String(), d.ID, d.Cents, string(d.State))
		if err != nil {
			return err
		}
	}
	return nil
}

// loadPurchase reads a purchase of a person. [ledger.ErrNoPurchase].
func loadPurchase(q querier, userID, id uuid.UUID) (ledger.Purchase, error) {
	p, err := scanPurchase(q.queryRow(selectPurchases+`WHERE p.id = ? AND p.user_id = ?`, id.String(), userID.String()))
	if err != nil {
		return ledger.Purchase{}, fmt.Errorf("reading a purchase: %w", notFound(err, ledger.ErrNoPurchase))
	}
	return p, nil
}

// Purchase implements [ledger.Purchases].
func (l *Ledger) Purchase(ctx context.Context, userID, id uuid.UUID) (ledger.Purchase, error) {
	snapshot, err := l.db.snapshot(ctx)
	if err != nil {
		return ledger.Purchase{}, err
	}
	defer snapshot.end()
	return loadPurchase(snapshot, userID, id)
}

// PurchasesOf implements [ledger.Purchases].
func (l *Ledger) PurchasesOf(ctx context.Context, userID uuid.UUID, limit int) ([]ledger.Purchase, error) {
	return collectPurchases(l.db.query(ctx, selectPurchases+`WHERE p.user_id = ? ORDER BY p.created_at DESC, p.id DESC LIMIT ?`,
		userID.String(), limit))
}

// Withdraw implements [ledger.Purchases].
func (l *Ledger) Withdraw(ctx context.Context, w ledger.Withdrawal) (ledger.Purchase, error) {
	now := l.db.clock()
	var p ledger.Purchase
	frozen := false
	err := l.db.write(ctx, func(t *tx) error {
		before, err := loadPurchase(t, w.UserID, w.PurchaseID)
		if err != nil {
			return err
		}
		s, err := loadSale(t, before, now)
		if err != nil {
			return err
		}
		var delta ledger.Delta
		delta, p, err = ledger.Withdraw(s, before, now, w)
		if frozen = errors.Is(err, ledger.ErrImpossible); frozen {
			return freeze(t, w.UserID, []string{err.Error()}, now)
		}
		if err != nil {
			return err
		}
		if err := writeSale(t, delta); err != nil {
			return err
		}
		if err := writePurchase(t, p, before); err != nil {
			return err
		}
		return insertEvents(t, identity.PurchaseEvents(before, p, withdrawer(w)), timestamp(now))
	})
	if err == nil && frozen {
		err = ledger.ErrFrozen
	}
	if err != nil {
		return ledger.Purchase{}, fmt.Errorf("withdrawing from a purchase: %w", err)
	}
	return p, nil
}

// withdrawer is who withdraws.
func withdrawer(w ledger.Withdrawal) identity.Device {
	return identity.Device{IPAddress: w.IPAddress, UserAgent: w.UserAgent, Language: w.Language}
}

// loadSale loads the wallet of a purchase with its grant, which one that was never completed has not, and the holds whose
// time is over. [ledger.ErrNoWallet].
func loadSale(t *tx, p ledger.Purchase, now time.Time) (ledger.State, error) {
	s, err := loadState(t, ledger.Wants{UserID: p.UserID})
	if err != nil {
		return s, err
	}
	if err = loadHolds(t, &s, ledger.Wants{}, now, false); err != nil || p.CompletedAt.IsZero() {
		return s, err
	}
	own, err := collectGrants(t.query(`SELECT `+grantColumns+` FROM credits_grants WHERE user_id = ? AND source = ? AND open = 0`,
		p.UserID.String(), p.Source()))
	s.Grants = append(s.Grants, own...)
	slices.SortFunc(s.Grants, func(a, b ledger.Grant) int { return a.No - b.No })
	return s, err
}

// writeSale writes what a decision made of a wallet.
func writeSale(t *tx, d ledger.Delta) error {
	if d.Empty() {
		return nil
	}
	if err := updateWallet(t, d.Wallet); err != nil {
		return err
	}
	return writeJournal(t, d)
}

// CancelExpired implements [ledger.Purchases].
func (l *Ledger) CancelExpired(ctx context.Context, limit int) (int, error) {
	now := l.db.clock()
	var n int64
	err := l.db.write(ctx, func(t *tx) error {
		done, err := t.exec(`UPDATE credits_purchases SET status = 'cancelled' WHERE id IN
			(SELECT id FROM credits_purchases WHERE status = 'pending' AND expires_at <= ? LIMIT ?)`, timestamp(now), limit)
		if err != nil {
			return err
		}
		n, err = done.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("cancelling purchases: %w", err)
	}
	return int(n), nil
}

var _ ledger.Payments = (*Ledger)(nil)

// Customer implements [ledger.Payments].
func (l *Ledger) Customer(ctx context.Context, userID uuid.UUID) (string, error) {
	var id string
	err := l.db.queryRow(ctx, `SELECT stripe_customer_id FROM credits_stripe_customers WHERE user_id = ?`, userID.String()).Scan(&id)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("reading a customer: %w", err)
	}
	return id, nil
}

// NoteCustomer implements [ledger.Payments].
func (l *Ledger) NoteCustomer(ctx context.Context, userID uuid.UUID, customerID string) (string, error) {
	now := l.db.clock()
	var stored string
	err := l.db.write(ctx, func(t *tx) error {
		_, err := t.exec(`INSERT INTO credits_stripe_customers (user_id, stripe_customer_id, created_at) VALUES (?, ?, ?)
			ON CONFLICT (user_id) DO NOTHING`, userID.String(), customerID, timestamp(now))
		if err != nil {
			return err
		}
		return t.queryRow(`SELECT stripe_customer_id FROM credits_stripe_customers WHERE user_id = ?`, userID.String()).Scan(&stored)
	})
	if err != nil {
		return "", fmt.Errorf("storing a customer: %w", err)
	}
	return stored, nil
}

// AskedRefunds implements [ledger.Payments].
func (l *Ledger) AskedRefunds(ctx context.Context, after uuid.UUID, limit int) ([]ledger.AskedRefund, error) {
	rows, err := l.db.query(ctx, `SELECT r.request_id, r.purchase_id, p.stripe_payment_intent_id, r.cents
		FROM credits_refunds r JOIN credits_purchases p ON p.id = r.purchase_id
		WHERE r.state = 'asked' AND r.request_id > ? AND p.stripe_payment_intent_id IS NOT NULL ORDER BY r.request_id LIMIT ?`,
		after.String(), limit)
	if err != nil {
		return nil, fmt.Errorf("listing refunds: %w", err)
	}
	defer rows.Close()
	var found []ledger.AskedRefund
	for rows.Next() {
		var r ledger.AskedRefund
		if err := rows.Scan(&r.RequestID, &r.PurchaseID, &r.IntentID, &r.Cents); err != nil {
			return nil, fmt.Errorf("listing refunds: %w", err)
		}
		found = append(found, r)
	}
	return found, rows.Err()
}

// PurchasesSince implements [ledger.Payments].
func (l *Ledger) PurchasesSince(ctx context.Context, since time.Time, after uuid.UUID, limit int) ([]ledger.Purchase, error) {
	return collectPurchases(l.db.query(ctx, selectPurchases+`WHERE p.created_at >= ? AND p.id > ? ORDER BY p.id LIMIT ?`,
		timestamp(since), after.String(), limit))
}

// NewestPurchases implements [ledger.Payments].
func (l *Ledger) NewestPurchases(ctx context.Context, since time.Time, state ledger.PurchaseStatus, limit int) ([]ledger.Purchase, error) {
	return collectPurchases(l.db.query(ctx, selectPurchases+`WHERE p.created_at >= ?1 AND (?2 = '' OR p.status = ?2) ORDER BY p.id DESC LIMIT ?3`,
		timestamp(since), string(state), limit))
}
