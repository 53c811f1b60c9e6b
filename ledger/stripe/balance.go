package stripe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"

	"mana/ledger"
)

const (
	balanceDays   = 4       // that each comparison reads: what is late by three days is found
	maxMovements  = 100_000 // of one comparison
	maxDifference = 100     // purchases that are kept of those that differ
)

// Balance is what the last comparison with Stripe's balance came to.
type Balance struct {
	At   time.Time // zero: there was none yet
	Days []BalanceDay
	// Differences are purchases of which Stripe's balance says something else than we do, at most 100 of the Count.
	Differences []Difference
	Count       int
}

// BalanceDay is what Stripe's balance says of our purchases on one day of UTC, in cents.
type BalanceDay struct {
	Day                      time.Time
	Paid, Refunded, Disputed int64 // what came back is taken off
}

// Difference is a purchase of which we have other cents than Stripe's balance: less than 0 is what we lack.
type Difference struct {
	PurchaseID uuid.UUID
	Cents      int64
}

// moved is one movement of Stripe's balance for a payment.
type moved struct {
	at         time.Time
	source     string // of its kind: "charge", "refund", "dispute"
	id         string // of the source
	intentID   string
	purchaseID uuid.UUID // of the metadata; nil: none
	cents      int64     // out of our balance: less than 0
}

// Balance is the last comparison with Stripe's balance by this process. It must not be changed.
func (s *Shop) Balance() Balance {
	if last := s.backlog.balance.Load(); last != nil {
		return *last
	}
	return Balance{}
}

// balance compares purchases with Stripe's balance: what was paid, refunded and disputed in the last days, by purchase.
// Where they differ, the objects of the purchase are read again, and the balance too, so that nothing counts as a
// difference that was under way.
func (c *comparison) balance(ctx context.Context, stripe reader, now time.Time) error {
	report, err := c.weigh(ctx, stripe, now)
	if err != nil {
		return err
	}
	if report.Count > 0 {
		for _, d := range report.Differences {
			if err := stripe.again(ctx, c.known[d.PurchaseID], func(f ledger.Fact) error { return c.take(ctx, f) }); err != nil {
				return err
			}
		}
		clear(c.known)
		if err := c.load(ctx, now.Add(-openFor)); err != nil {
			return err
		}
		if report, err = c.weigh(ctx, stripe, now); err != nil {
			return err
		}
	}
	for _, d := range report.Differences {
		c.shop.Logger.Error("Stripe's balance says something else of a purchase", "purchase", d.PurchaseID, "cents", d.Cents)
	}
	c.shop.backlog.balance.Store(&report)
	return nil
}

// account are the movements of one purchase, by the id of their source.
type account map[string]map[string]int64

// weigh reads the balance once.
func (c *comparison) weigh(ctx context.Context, stripe reader, now time.Time) (Balance, error) {
	first := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-balanceDays)
	report := Balance{At: now, Days: make([]BalanceDay, balanceDays)}
	for i := range report.Days {
		report.Days[i].Day = first.AddDate(0, 0, i)
	}
	accounts := make(map[uuid.UUID]account)
	all, err := stripe.movements(ctx, first, maxMovements, func(m moved) {
		id, ours := c.whose(m, now)
		if !ours {
			return
		}
		if accounts[id] == nil {
			accounts[id] = account{objectCharge: {}, objectRefund: {}, objectDispute: {}}
		}
		accounts[id][m.source][m.id] += m.cents
		report.add(m)
	})
	if err == nil && !all {
		err = fmt.Errorf("comparing the balance: %w", errTooMany)
	}
	if err != nil {
		return report, err
	}
	differ := make(map[uuid.UUID]int64)
	for id, a := range accounts {
		differ[id] = a.differ(c.known[id]) // of a purchase that we do not know, all of it
	}
	for id, p := range c.known {
		if p.Facts.PaidCents == 0 || p.CompletedAt.Before(first) || len(accounts[id][objectCharge]) > 0 {
			continue
		}
		booked, err := stripe.booked(ctx, p)
		if err != nil {
			return report, err
		}
		if !booked {
			differ[id] += p.Facts.PaidCents
		}
	}
	report.conclude(differ)
	return report, nil
}

// conclude notes the purchases that differ.
func (b *Balance) conclude(differ map[uuid.UUID]int64) {
	for id, cents := range differ {
		if cents != 0 {
			b.Differences = append(b.Differences, Difference{id, cents})
		}
	}
	slices.SortFunc(b.Differences, func(x, y Difference) int { return slices.Compare(x.PurchaseID[:], y.PurchaseID[:]) })
	b.Count = len(b.Differences)
	b.Differences = b.Differences[:min(b.Count, maxDifference)]
}

// errTooMany: there are more movements than one comparison holds in memory.
var errTooMany = errors.New("too many movements in a few days")

// whose finds the purchase of a movement. What names none, or one that is too old, is none of ours.
func (c *comparison) whose(m moved, now time.Time) (uuid.UUID, bool) {
	if m.purchaseID == uuid.Nil {
		id, ours := c.intent[m.intentID]
		return id, ours
	}
	seconds, nanoseconds := m.purchaseID.Time().UnixTime()
	return m.purchaseID, m.purchaseID.Version() == 7 && now.Sub(time.Unix(seconds, nanoseconds)) < openFor
}

// add adds a movement to its day.
func (b *Balance) add(m moved) {
	at := slices.IndexFunc(b.Days, func(d BalanceDay) bool { return d.Day.Equal(m.at.Truncate(24 * time.Hour)) })
	if at < 0 {
		return
	}
	switch day := &b.Days[at]; m.source {
	case objectCharge:
		day.Paid += m.cents
	case objectRefund:
		day.Refunded -= m.cents
	case objectDispute:
		day.Disputed -= m.cents
	}
}

// differ is by how many cents the facts of a purchase and the movements of a few days differ: what they say of each
// payment, refund and dispute that moved.
func (a account) differ(p ledger.Purchase) (cents int64) {
	for _, paid := range a[objectCharge] {
		cents += p.Facts.PaidCents - paid
	}
	for id, moved := range a[objectRefund] {
		at := slices.IndexFunc(p.Facts.Refunds, func(r ledger.PaymentRefund) bool { return r.ID == id })
		if at < 0 {
			cents -= moved
			continue
		}
		r := p.Facts.Refunds[at]
		cents += out(r.Cents, r.State == ledger.RefundFailed, moved) - moved
	}
	for id, moved := range a[objectDispute] {
		at := slices.IndexFunc(p.Facts.Disputes, func(d ledger.Dispute) bool { return d.ID == id })
		if at < 0 {
			cents -= moved
			continue
		}
		d := p.Facts.Disputes[at]
		cents += out(d.Cents, d.State == ledger.DisputeWon || d.State == ledger.DisputeWarning, moved) - moved
	}
	return cents
}

// out is what we say has moved for a refund or a dispute, in days of which Stripe's balance shows some movements: the
// money went out, unless it is back; if it went out before these days, they show its return alone.
func out(cents int64, back bool, moved int64) int64 {
	switch {
	case !back:
		return -cents
	case moved > 0:
		return cents
	}
	return 0
}

// movements reads the balance with the objects that moved it.
func (c *stripeClient) movements(ctx context.Context, since time.Time, limit int, tell func(moved)) (bool, error) {
	params := &stripe.BalanceTransactionListParams{
		ListParams:   stripe.ListParams{Context: ctx, Limit: stripe.Int64(objectPage)},
		CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()},
	}
	params.AddExpand("data.source")
	list := c.api.BalanceTransactions.List(params)
	for n := 0; list.Next(); n++ {
		if n == limit {
			return false, nil
		}
		if m, ok := movementOf(list.BalanceTransaction()); ok {
			tell(m)
		}
	}
	return true, listed(list.Err())
}

// movementOf reads a movement in euros; others, fees and payouts are none of ours.
func movementOf(b *stripe.BalanceTransaction) (m moved, ok bool) {
	m.at, m.cents = time.Unix(b.Created, 0).UTC(), b.Amount
	if b.Source == nil || b.Currency != stripe.CurrencyEUR {
		return m, false
	}
	m.id = b.Source.ID
	var of *stripe.PaymentIntent
	var metadata map[string]string
	switch source := b.Source; {
	case source.Charge != nil:
		m.source, of, metadata = objectCharge, source.Charge.PaymentIntent, source.Charge.Metadata
	case source.Refund != nil:
		m.source, of, metadata = objectRefund, source.Refund.PaymentIntent, source.Refund.Metadata
	case source.Dispute != nil:
		m.source, of, metadata = objectDispute, source.Dispute.PaymentIntent, source.Dispute.Metadata
	default:
		return m, false
	}
	if of != nil {
		m.intentID = of.ID
	}
	if id, err := uuid.Parse(metadata[metaPurchase]); err == nil {
		m.purchaseID = id
	}
	return m, m.intentID != "" || m.purchaseID != uuid.Nil
}

// booked reads the charge of a payment.
func (c *stripeClient) booked(ctx context.Context, p ledger.Purchase) (bool, error) {
	params := &stripe.PaymentIntentParams{Params: stripe.Params{Context: ctx}}
	params.AddExpand("latest_charge")
	intent, err := c.api.PaymentIntents.Get(p.Payment.IntentID, params)
	if refusedAs(err, 404) {
		return false, nil
	}
	if err != nil {
		return false, fault("reading a payment", err)
	}
	return intent.LatestCharge != nil && intent.LatestCharge.BalanceTransaction != nil, nil
}
