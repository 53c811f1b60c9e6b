package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/ledger"
	"mana/provider/identity"
)

var _ ledger.Purchases = (*Ledger)(nil)

// purchaseColumns are a purchase with its refunds and disputes as lists.
const purchaseColumns = `p.id, p.user_id, p.package_id, p.credits, p.price_euro_cents, p.currency, p.livemode, p.account, p.status,
	p.stripe_payment_intent_id, p.stripe_checkout_session_id, p.stripe_customer_id, p.paid_cents, p.reported_cents, p.posted,
	p.metadata::text, p.created_at, p.expires_at, p.completed_at,
	coalesce((SELECT json_agg(json_build_object('ID', coalesce(r.id, ''), 'RequestID', r.request_id, 'Cents', r.cents, 'State', r.state)
		ORDER BY r.n) FROM credits.refunds r WHERE r.purchase_id = p.id), '[]')::text,
	coalesce((SELECT json_agg(json_build_object('ID', d.id, 'Cents', d.cents, 'State', d.state)
		ORDER BY d.n) FROM credits.disputes d WHERE d.purchase_id = p.id), '[]')::text`

func scanPurchase(row pgx.CollectableRow) (ledger.Purchase, error) {
	var p ledger.Purchase
	var refunds, disputes string
	err := row.Scan(&p.ID, &p.UserID, &p.PackageID, &p.Credits, &p.PriceEuroCents, &p.Currency, &p.Livemode, &p.Account, &p.Status,
		toText(&p.Payment.IntentID), toText(&p.Payment.CheckoutID), toText(&p.Payment.CustomerID), &p.Facts.PaidCents,
		&p.Facts.ReportedCents, &p.Posted, &p.Metadata, &p.CreatedAt, &p.ExpiresAt, toTime(&p.CompletedAt), &refunds, &disputes)
	if err != nil {
		return p, err
	}
	if p.Facts.Refunds, err = decodeList[ledger.PaymentRefund](refunds); err != nil {
		return p, err
	}
	p.Facts.Disputes, err = decodeList[ledger.Dispute](disputes)
	p.CreatedAt, p.ExpiresAt = p.CreatedAt.UTC(), p.ExpiresAt.UTC()
	return p, err
}

// Order implements [ledger.Purchases]. The wallet is locked, so that no two orders count each other out.
func (l *Ledger) Order(ctx context.Context, o ledger.Order) (ledger.Purchase, error) {
	now := l.db.clock()
	var p ledger.Purchase
	err := l.db.write(ctx, service(o.UserID), func(t *tx) (err error) {
		p, err = order(t, o, now)
		return err
	})
	if err != nil {
		return ledger.Purchase{}, fmt.Errorf("ordering: %w", err)
	}
	return p, nil
}

func order(t *tx, o ledger.Order, now time.Time) (ledger.Purchase, error) {
	wallet, err := loadWallet(t, o.UserID, ` FOR NO KEY UPDATE`)
	if err != nil {
		return ledger.Purchase{}, err
	}
	p, err := onePurchase(t.query(selectPurchase, o.ID))
	if !errors.Is(err, ledger.ErrNoPurchase) {
		return p, err // it was ordered before
	}
	var pending int
	err = t.queryRow(`SELECT count(*) FROM credits.purchases WHERE user_id = $1 AND status = 'pending' AND expires_at > $2`,
		o.UserID, now).Scan(&pending)
	if err != nil {
		return p, err
	}
	pack := ledger.Package{ID: o.PackageID}
	err = t.queryRow(`SELECT credits, price_euro_cents, active FROM credits.packages WHERE id = $1`, o.PackageID).
		Scan(&pack.Credits, &pack.PriceEuroCents, &pack.Active)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return p, err
	}
	if p, err = ledger.NewPurchase(wallet, pending, pack, now, o); err != nil {
		return p, err
	}
	_, err = t.exec(`INSERT INTO credits.purchases (id, user_id, package_id, credits, price_euro_cents, currency, livemode, account,
			status, metadata, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::json, $11, $12)`,
		p.ID, p.UserID, p.PackageID, int64(p.Credits), p.PriceEuroCents, p.Currency, p.Livemode, p.Account, string(p.Status),
		optionalText(string(p.Metadata)), p.CreatedAt, p.ExpiresAt)
	return p, err
}

// Link implements [ledger.Purchases].
func (l *Ledger) Link(ctx context.Context, purchaseID uuid.UUID, to ledger.Payment) error {
	err := l.db.write(ctx, system, func(t *tx) error {
		if err := lockPayment(t, to.IntentID); err != nil {
			return err
		}
		p, err := lockPurchase(t, purchaseID)
		if err != nil {
			return err
		}
		before := p.Payment
		if p, err = p.Linked(to); err != nil || p.Payment == before {
			return err
		}
		batch := new(pgx.Batch)
		queuePayment(batch, p, before)
		return t.conn.SendBatch(t.ctx, batch).Close()
	})
	if violates(err, "purchases_payment_intent_key") || violates(err, "purchases_checkout_session_key") {
		err = ledger.ErrLinked
	}
	if err != nil {
		return fmt.Errorf("linking a purchase: %w", err)
	}
	return nil
}

// lockPayment keeps events of a payment that no purchase is known to have from missing that one is being linked to it.
func lockPayment(t *tx, intentID string) error {
	if intentID == "" {
		return nil
	}
	_, err := t.exec(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, intentID)
	return err
}

// lockPurchase locks the wallet of a purchase, then the purchase. [ledger.ErrNoPurchase].
func lockPurchase(t *tx, id uuid.UUID) (ledger.Purchase, error) {
	_, err := t.exec(`SELECT FROM credits.balances WHERE user_id = (SELECT user_id FROM credits.purchases WHERE id = $1)
		FOR NO KEY UPDATE`, id)
	if err != nil {
		return ledger.Purchase{}, err
	}
	return onePurchase(t.query(selectPurchase, id))
}

const selectPurchase = `SELECT ` + purchaseColumns + ` FROM credits.purchases p WHERE p.id = $1 FOR NO KEY UPDATE`

func onePurchase(rows pgx.Rows, err error) (ledger.Purchase, error) {
	if err != nil {
		return ledger.Purchase{}, err
	}
	p, err := pgx.CollectExactlyOneRow(rows, scanPurchase)
	return p, notFound(err, ledger.ErrNoPurchase)
}

// queuePayment writes the ids of a payment, and lets the events wait again that did not know whose it was.
func queuePayment(batch *pgx.Batch, p ledger.Purchase, before ledger.Payment) {
	batch.Queue(`UPDATE credits.purchases SET stripe_payment_intent_id = $1, stripe_checkout_session_id = $2, stripe_customer_id = $3
		WHERE id = $4`, optionalText(p.Payment.IntentID), optionalText(p.Payment.CheckoutID), optionalText(p.Payment.CustomerID), p.ID)
	queueWaking(batch, p, before)
}

func queueWaking(batch *pgx.Batch, p ledger.Purchase, before ledger.Payment) {
	if p.Payment.IntentID != before.IntentID {
		batch.Queue(`UPDATE credits.stripe_events SET processed_at = NULL, outcome = '', reason = '', stripe_payment_intent_id = ''
			WHERE reason = 'unknown purchase' AND stripe_payment_intent_id = $1`, p.Payment.IntentID)
	}
}

// queuePurchase writes what a decision made of a purchase.
func queuePurchase(batch *pgx.Batch, p, before ledger.Purchase) {
	price := p.PriceEuroCents
	batch.Queue(`UPDATE credits.purchases SET status = $1, paid_cents = $2, reported_cents = $3, refunded_cents = $4, disputed_cents = $5,
			posted = $6, completed_at = $7, stripe_payment_intent_id = $8, stripe_checkout_session_id = $9, stripe_customer_id = $10
		WHERE id = $11`,
		string(p.Status), p.Facts.PaidCents, p.Facts.ReportedCents, min(price, p.Facts.RefundedCents()), min(price, p.Facts.DisputedCents()),
		int64(p.Posted), optionalTime(p.CompletedAt), optionalText(p.Payment.IntentID), optionalText(p.Payment.CheckoutID),
		optionalText(p.Payment.CustomerID), p.ID)
	queueWaking(batch, p, before.Payment)
	if !slices.Equal(p.Facts.Refunds, before.Facts.Refunds) {
		batch.Queue(`DELETE FROM credits.refunds WHERE purchase_id = $1`, p.ID)
		for i, r := range p.Facts.Refunds {
			batch.Queue(`INSERT INTO credits.refunds (purchase_id, n, user_id, id, request_id, cents, state) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				p.ID, i+1, p.UserID, optionalText(r.ID), optionalID(r.RequestID), r.Cents, string(r.State))
		}
	}
	if !slices.Equal(p.Facts.Disputes, before.Facts.Disputes) {
		batch.Queue(`DELETE FROM credits.disputes WHERE purchase_id = $1`, p.ID)
		for i, d := range p.Facts.Disputes {
			batch.Queue(`INSERT INTO credits.disputes (purchase_id, n, user_id, id, cents, state) VALUES ($1, $2, $3, $4, $5, $6)`,
				p.ID, i+1, p.UserID, d.ID, d.Cents, string(d.State))
		}
	}
}

// Purchase implements [ledger.Purchases].
func (l *Ledger) Purchase(ctx context.Context, userID, id uuid.UUID) (ledger.Purchase, error) {
	var p ledger.Purchase
	err := l.db.read(ctx, user(userID), `SELECT `+purchaseColumns+` FROM credits.purchases p WHERE p.id = $1 AND p.user_id = $2`,
		func(rows pgx.Rows) (err error) { p, err = onePurchase(rows, nil); return err }, id, userID)
	if err != nil {
		return ledger.Purchase{}, fmt.Errorf("reading a purchase: %w", err)
	}
	return p, nil
}

// PurchasesOf implements [ledger.Purchases].
func (l *Ledger) PurchasesOf(ctx context.Context, userID uuid.UUID, limit int) ([]ledger.Purchase, error) {
	var found []ledger.Purchase
	err := l.db.read(ctx, user(userID), `SELECT `+purchaseColumns+` FROM credits.purchases p WHERE p.user_id = $1
		ORDER BY p.created_at DESC, p.id DESC LIMIT $2`, all(&found, scanPurchase), userID, limit)
	if err != nil {
		return nil, fmt.Errorf("listing purchases: %w", err)
	}
	return found, nil
}

// Withdraw implements [ledger.Purchases]. Only the system sees the outbox and addresses: the transaction ends as that.
func (l *Ledger) Withdraw(ctx context.Context, w ledger.Withdrawal) (ledger.Purchase, error) {
	now := l.db.clock()
	var p ledger.Purchase
	frozen := false
	err := l.db.write(ctx, service(w.UserID), func(t *tx) error {
		s, before, err := lockSale(t, w.UserID, w.PurchaseID, now)
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
		err = writeSale(t, s, delta, func(batch *pgx.Batch) {
			queuePurchase(batch, p, before)
			batch.Queue(actAs, system.name, system.subject())
		})
		if err != nil {
			return err
		}
		return insertEvents(t, identity.PurchaseEvents(before, p, withdrawer(w)), now)
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

// lockSale locks a wallet and loads it with a purchase and its grant, and the holds whose time is over. [ledger.ErrNoPurchase], [ledger.ErrNoWallet].
func lockSale(t *tx, userID, purchaseID uuid.UUID, now time.Time) (s ledger.State, p ledger.Purchase, err error) {
	if s.Wallet, err = loadWallet(t, userID, ` FOR NO KEY UPDATE`); err != nil {
		return s, p, err
	}
	only := []uuid.UUID{userID}
	batch := new(pgx.Batch)
	takeGrants := func(rows pgx.Rows) error {
		var of uuid.UUID
		var g ledger.Grant
		_, err := pgx.ForEachRow(rows, grantTargets(&of, &g), func() error { s.Grants = append(s.Grants, g); return nil })
		return err
	}
	batch.Queue(selectGrants, only).Query(takeGrants)
	batch.Queue(`SELECT user_id, `+grantColumns+` FROM credits.grants WHERE user_id = $1 AND source = $2 AND NOT open`,
		userID, ledger.Purchase{ID: purchaseID}.Source()).Query(takeGrants)
	batch.Queue(selectMarks, only).Query(func(rows pgx.Rows) error {
		return eachMark(rows, func(_ uuid.UUID, last ledger.Mark) { s.Last = last })
	})
	batch.Queue(selectPurchase, purchaseID).Query(func(rows pgx.Rows) (err error) {
		p, err = onePurchase(rows, nil)
		return err
	})
	if err := t.conn.SendBatch(t.ctx, batch).Close(); err != nil {
		return s, p, fmt.Errorf("reading a purchase: %w", err)
	}
	if p.UserID != userID {
		return s, p, ledger.ErrNoPurchase
	}
	slices.SortFunc(s.Grants, func(a, b ledger.Grant) int { return a.No - b.No })
	s.Holds, err = t.holds(dueHolds, userID, now)
	return s, p, err
}

// writeSale writes what a decision made of a wallet that lockSale has loaded, with more, in one round trip.
func writeSale(t *tx, s ledger.State, d ledger.Delta, more func(*pgx.Batch)) error {
	batch := new(pgx.Batch)
	if !d.Empty() {
		var j journal
		j.addSale(s, d)
		if err := j.queue(batch); err != nil {
			return err
		}
	}
	more(batch)
	return t.conn.SendBatch(t.ctx, batch).Close()
}

// CancelExpired implements [ledger.Purchases].
func (l *Ledger) CancelExpired(ctx context.Context, limit int) (int, error) {
	now := l.db.clock()
	var n int64
	err := l.db.write(ctx, system, func(t *tx) error {
		done, err := t.exec(`UPDATE credits.purchases SET status = 'cancelled' WHERE id IN
			(SELECT id FROM credits.purchases WHERE status = 'pending' AND expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, now, limit)
		n = done.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("cancelling purchases: %w", err)
	}
	return int(n), nil
}

// loadPurchases reads all that a person ordered.
func loadPurchases(t *tx, userID uuid.UUID) ([]ledger.Purchase, error) {
	rows, err := t.query(`SELECT `+purchaseColumns+` FROM credits.purchases p WHERE p.user_id = $1`, userID)
	if err == nil {
		var found []ledger.Purchase
		if found, err = pgx.CollectRows(rows, scanPurchase); err == nil {
			return found, nil
		}
	}
	return nil, fmt.Errorf("reading purchases: %w", err)
}

var _ ledger.Payments = (*Ledger)(nil)

// Customer implements [ledger.Payments].
func (l *Ledger) Customer(ctx context.Context, userID uuid.UUID) (string, error) {
	var id string
	err := l.db.reader(ctx, user(userID))(`SELECT stripe_customer_id FROM credits.stripe_customers WHERE user_id = $1`, userID).Scan(&id)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("reading a customer: %w", err)
	}
	return id, nil
}

// NoteCustomer implements [ledger.Payments].
func (l *Ledger) NoteCustomer(ctx context.Context, userID uuid.UUID, customerID string) (string, error) {
	now := l.db.clock()
	var stored string
	err := l.db.write(ctx, service(userID), func(t *tx) error {
		_, err := t.exec(`INSERT INTO credits.stripe_customers (user_id, stripe_customer_id, created_at) VALUES ($1, $2, $3)
			ON CONFLICT (user_id) DO NOTHING`, userID, customerID, now)
		if err != nil {
			return err
		}
		return t.queryRow(`SELECT stripe_customer_id FROM credits.stripe_customers WHERE user_id = $1`, userID).Scan(&stored)
	})
	if err != nil {
		return "", fmt.Errorf("storing a customer: %w", err)
	}
	return stored, nil
}

// AskedRefunds implements [ledger.Payments].
func (l *Ledger) AskedRefunds(ctx context.Context, after uuid.UUID, limit int) ([]ledger.AskedRefund, error) {
	var found []ledger.AskedRefund
	err := l.db.read(ctx, system, `SELECT r.request_id, r.purchase_id, p.stripe_payment_intent_id, r.cents
		FROM credits.refunds r JOIN credits.purchases p ON p.id = r.purchase_id
		WHERE r.state = 'asked' AND r.request_id > $1 AND p.stripe_payment_intent_id IS NOT NULL ORDER BY r.request_id LIMIT $2`,
		all(&found, pgx.RowToStructByPos[ledger.AskedRefund]), after, limit)
	if err != nil {
		return nil, fmt.Errorf("listing refunds: %w", err)
	}
	return found, nil
}

// PurchasesSince implements [ledger.Payments].
func (l *Ledger) PurchasesSince(ctx context.Context, since time.Time, after uuid.UUID, limit int) ([]ledger.Purchase, error) {
	var found []ledger.Purchase
	err := l.db.read(ctx, system, `SELECT `+purchaseColumns+` FROM credits.purchases p WHERE p.created_at >= $1 AND p.id > $2
		ORDER BY p.id LIMIT $3`, all(&found, scanPurchase), since, after, limit)
	if err != nil {
		return nil, fmt.Errorf("listing purchases: %w", err)
	}
	return found, nil
}

// NewestPurchases implements [ledger.Payments].
func (l *Ledger) NewestPurchases(ctx context.Context, since time.Time, state ledger.PurchaseStatus, limit int) ([]ledger.Purchase, error) {
	var found []ledger.Purchase
	err := l.db.read(ctx, system, `SELECT `+purchaseColumns+` FROM credits.purchases p WHERE p.created_at >= $1
		AND ($2::text = '' OR p.status = $2::text) ORDER BY p.id DESC LIMIT $3`, all(&found, scanPurchase), since, string(state), limit)
	if err != nil {
		return nil, fmt.Errorf("listing purchases: %w", err)
	}
	return found, nil
}
