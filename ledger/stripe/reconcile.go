package stripe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"

	"mana/ledger"
)

const (
	lookBack   = 72 * time.Hour       // objects that each comparison reads
	openFor    = 180 * 24 * time.Hour // purchases whose payment may still move
	openEvery  = 24 * time.Hour
	objectPage = 100
	// balanceAgain is when a comparison with the balance that failed is repeated.
	balanceAgain = time.Hour
)

// reader reads Stripe's objects again.
type reader interface {
	// recent tells what the objects say that were made since a time.
	recent(ctx context.Context, since time.Time, tell func(ledger.Fact) error) error
	// again tells what the objects of one purchase say.
	again(ctx context.Context, p ledger.Purchase, tell func(ledger.Fact) error) error
	// movements tells what has moved in the balance since a time, at most limit, and whether that was all.
	movements(ctx context.Context, since time.Time, limit int, tell func(moved)) (all bool, err error)
	// booked reports whether the balance has the payment of a purchase, whenever it was.
	booked(ctx context.Context, p ledger.Purchase) (bool, error)
}

// Reconciler compares purchases with Stripe's objects. It belongs to one goroutine.
type Reconciler struct {
	shop *Shop
	open time.Time // when all open purchases were compared last
}

// Reconciler makes one.
func (s *Shop) Reconciler() *Reconciler { return &Reconciler{shop: s} }

// comparison is one run.
type comparison struct {
	shop   *Shop
	known  map[uuid.UUID]ledger.Purchase
	intent map[string]uuid.UUID
	paid   map[uuid.UUID]bool // purchases that Stripe has a payment of
	fault  error
}

// Run takes in what Stripe's objects of the last 72 hours say, once a day those of all purchases whose payment may still
// move, and Stripe's balance: so an event that was lost is made up for. A purchase that is completed without a payment,
// or of which the balance says something else, is an alert.
func (r *Reconciler) Run(ctx context.Context) error {
	s := r.shop
	stripe, ok := s.desk.(reader)
	if !ok {
		return nil
	}
	now := s.Now()
	c := &comparison{shop: s, known: map[uuid.UUID]ledger.Purchase{}, intent: map[string]uuid.UUID{}, paid: map[uuid.UUID]bool{}}
	daily := now.Sub(r.open) >= openEvery
	since := now.Add(-lookBack)
	if daily {
		since = now.Add(-openFor)
	}
	if err := c.load(ctx, since); err != nil {
		return err
	}
	if err := stripe.recent(ctx, now.Add(-lookBack), func(f ledger.Fact) error { return c.take(ctx, f) }); err != nil {
		return err
	}
	if err := c.each(ctx, stripe, now, daily); err != nil {
		return err
	}
	if !daily {
		return c.fault
	}
	r.open = now // one wallet that is frozen must not have all of this repeated, nor keep the balance from being compared
	if err := c.balance(ctx, stripe, now); err != nil {
		r.open = now.Add(balanceAgain - openEvery)
		return errors.Join(c.fault, err)
	}
	return c.fault
}

// load reads the purchases that are compared.
func (c *comparison) load(ctx context.Context, since time.Time) error {
	for after := uuid.Nil; ; {
		page, err := c.shop.Payments.PurchasesSince(ctx, since, after, roundRows)
		if err != nil {
			return err
		}
		for _, p := range page {
			c.known[p.ID] = p
			if p.Payment.IntentID != "" {
				c.intent[p.Payment.IntentID] = p.ID
			}
			after = p.ID
		}
		if len(page) < roundRows {
			return nil
		}
	}
}

// take takes in what an object says, unless its purchase knows it already. Objects that name no purchase, and that no
// purchase names, are of something else that is sold there.
func (c *comparison) take(ctx context.Context, f ledger.Fact) error {
	id := f.PurchaseID
	if id == uuid.Nil {
		id = c.intent[f.Payment.IntentID]
	}
	p, loaded := c.known[id]
	if id == uuid.Nil {
		return ctx.Err()
	}
	if f.Kind == ledger.FactPaid {
		c.paid[id] = true
	}
	if loaded && knows(p, f) {
		return ctx.Err()
	}
	settled, err := c.shop.settle(ctx, f)
	if err != nil {
		c.fault = fmt.Errorf("settling what Stripe has of purchase %s: %w", id, err) // the next ones may do
		return ctx.Err()
	}
	result := string(settled.Outcome)
	if settled.Transaction.ID != uuid.Nil {
		result = "healed"
		c.shop.Logger.Warn("an event of Stripe was lost, and is made up for", "purchase", id, "kind", f.Kind)
	}
	c.shop.Metrics.GetOrCreateCounter(fmt.Sprintf(`stripe_reconciled_total{result=%q}`, result)).Inc()
	return ctx.Err()
}

// knows reports whether a purchase has what a fact says.
func knows(p ledger.Purchase, f ledger.Fact) bool {
	if f.Payment.IntentID != "" && f.Payment.IntentID != p.Payment.IntentID {
		return false
	}
	switch f.Kind {
	case ledger.FactPaid:
		return p.Facts.PaidCents == f.Cents
	case ledger.FactRefunded:
		return p.Facts.ReportedCents >= f.Cents
	case ledger.FactCancelled:
		return p.Status == ledger.PurchaseCancelled || p.Status == ledger.PurchaseCompleted
	case ledger.FactRefund:
		for _, r := range p.Facts.Refunds {
			if r.ID == f.Refund.ID && r.State == f.Refund.State && r.Cents == f.Refund.Cents {
				return true
			}
		}
	case ledger.FactDispute:
		for _, d := range p.Facts.Disputes {
			if d == f.Dispute {
				return true
			}
		}
	case ledger.FactFailed:
	}
	return false
}

// each looks at the purchases one by one whose payment the lists did not show: the objects of those that may still
// move, and the payments of those that are completed, as long as the lists should have shown them.
func (c *comparison) each(ctx context.Context, stripe reader, now time.Time, daily bool) error {
	differ, faults := int64(0), 0
	for id, p := range c.known {
		paid := p.Facts.PaidCents > 0
		if (!daily || !moves(p, now)) && (!paid || c.paid[id] || now.Sub(p.CreatedAt) > lookBack) {
			continue
		}
		if err := stripe.again(ctx, p, func(f ledger.Fact) error { return c.take(ctx, f) }); err != nil {
			c.fault = err // the next ones may do, but not when Stripe is away
			if faults++; faults == maxFaults {
				return err
			}
			continue
		}
		if paid && !c.paid[id] {
			differ++
			c.shop.Logger.Error("a purchase is completed, and Stripe has no payment of it", "purchase", id)
		}
	}
	c.shop.backlog.differ.Store(differ)
	return nil
}

// moves reports whether something may still happen to a payment without which the wallet would be wrong.
func moves(p ledger.Purchase, now time.Time) bool {
	for _, r := range p.Facts.Refunds {
		if r.State == ledger.RefundPending {
			return true
		}
	}
	for _, d := range p.Facts.Disputes {
		if d.State == ledger.DisputeOpen || d.State == ledger.DisputeWarning {
			return true
		}
	}
	return p.Facts.PaidCents == 0 && now.Sub(p.CreatedAt) < 30*24*time.Hour
}

// recent reads payments, payment pages, refunds and disputes.
func (c *stripeClient) recent(ctx context.Context, since time.Time, tell func(ledger.Fact) error) error {
	from := &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()}
	list := stripe.ListParams{Context: ctx, Limit: stripe.Int64(objectPage)}
	return errors.Join(
		c.intents(&stripe.PaymentIntentListParams{ListParams: list, CreatedRange: from}, tell),
		c.sessions(&stripe.CheckoutSessionListParams{ListParams: list, CreatedRange: from}, tell),
		c.refunds(&stripe.RefundListParams{ListParams: list, CreatedRange: from}, tell),
		c.disputes(&stripe.DisputeListParams{ListParams: list, CreatedRange: from}, tell),
	)
}

// again reads the objects of one payment.
func (c *stripeClient) again(ctx context.Context, p ledger.Purchase, tell func(ledger.Fact) error) error {
	params := stripe.Params{Context: ctx}
	intent := p.Payment.IntentID
	if p.Payment.CheckoutID != "" {
		session, err := c.api.CheckoutSessions.Get(p.Payment.CheckoutID, &stripe.CheckoutSessionParams{Params: params})
		if refusedAs(err, 404) {
			return nil
		}
		if err != nil {
			return fault("reading a payment page", err)
		}
		if session.PaymentIntent != nil {
			intent = session.PaymentIntent.ID
		}
		if err := c.told(ofSession(session), tell); err != nil {
			return err
		}
	}
	if intent == "" {
		return nil
	}
	found, err := c.api.PaymentIntents.Get(intent, &stripe.PaymentIntentParams{Params: params})
	if refusedAs(err, 404) {
		return nil
	}
	if err != nil {
		return fault("reading a payment", err)
	}
	list := stripe.ListParams{Context: ctx, Limit: stripe.Int64(objectPage)}
	return errors.Join(
		c.told(ofIntent(found), tell),
		c.refunds(&stripe.RefundListParams{ListParams: list, PaymentIntent: &intent}, tell),
		c.disputes(&stripe.DisputeListParams{ListParams: list, PaymentIntent: &intent}, tell),
	)
}

// refusedAs reports whether Stripe answered a call with a status.
func refusedAs(err error, status int) bool {
	answer := new(stripe.Error)
	return errors.As(err, &answer) && answer.HTTPStatusCode == status
}

// told tells what an object says, if it says something.
func (c *stripeClient) told(o object, tell func(ledger.Fact) error) error {
	f, ok, err := o.fact("")
	if err != nil && f.PurchaseID != uuid.Nil {
		return err
	}
	if !ok {
		return nil // it tells nothing of a payment, or is of something else that is sold there
	}
	f.Livemode = c.live // the key shows objects of its own mode alone
	return tell(f)
}

func (c *stripeClient) intents(params *stripe.PaymentIntentListParams, tell func(ledger.Fact) error) error {
	list := c.api.PaymentIntents.List(params)
	for list.Next() {
		if err := c.told(ofIntent(list.PaymentIntent()), tell); err != nil {
			return err
		}
	}
	return listed(list.Err())
}

func (c *stripeClient) sessions(params *stripe.CheckoutSessionListParams, tell func(ledger.Fact) error) error {
	list := c.api.CheckoutSessions.List(params)
	for list.Next() {
		if err := c.told(ofSession(list.CheckoutSession()), tell); err != nil {
			return err
		}
	}
	return listed(list.Err())
}

func (c *stripeClient) refunds(params *stripe.RefundListParams, tell func(ledger.Fact) error) error {
	list := c.api.Refunds.List(params)
	for list.Next() {
		if err := c.told(ofRefund(list.Refund()), tell); err != nil {
			return err
		}
	}
	return listed(list.Err())
}

func (c *stripeClient) disputes(params *stripe.DisputeListParams, tell func(ledger.Fact) error) error {
	list := c.api.Disputes.List(params)
	for list.Next() {
		if err := c.told(ofDispute(list.Dispute()), tell); err != nil {
			return err
		}
	}
	return listed(list.Err())
}

func listed(err error) error {
	if err != nil {
		return fault("listing objects", err)
	}
	return nil
}
