package ledger

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// AppStripe is the appId of what a payment did.
const AppStripe = "stripe"

// callerPurchase posts what payments come to. No request can name it.
const callerPurchase = "internal:purchase"

// Source is that of the purchase's own grant.
func (p Purchase) Source() string { return "purchase:" + p.ID.String() }

// Settle decides what a fact does to its purchase and to the wallet, of which the state has the purchase's own grant
// too, and the holds whose time is over. It is a pure function. A fact that does not fit changes nothing, and neither
// does one by which a closed wallet would have to change. [ErrFrozen]; [ErrImpossible]: nothing may be written.
func Settle(s State, p Purchase, now time.Time, x Settling) (Delta, Settled, error) {
	if s.Wallet.State == WalletFrozen {
		return Delta{}, Settled{}, ErrFrozen
	}
	if reason := x.Fact.misfit(p); reason != "" {
		return Delta{}, Settled{Outcome: OutcomeQuarantined, Reason: reason}, nil
	}
	now = now.UTC().Truncate(time.Microsecond)
	p.Payment = p.Payment.with(x.Fact.Payment)
	p.Facts = p.Facts.add(x.Fact)
	first := p.advance(x.Fact.Kind, now)
	if s.Wallet.State != WalletActive && Target(p, p.Facts) != p.Posted {
		return Delta{}, Settled{Outcome: OutcomeQuarantined, Reason: ReasonClosed}, nil
	}
	d, done, err := p.post(s, sale{id: x.TransactionID, actor: AppStripe, now: now, first: first})
	if errors.Is(err, ErrBalanceLimit) {
		return Delta{}, Settled{Outcome: OutcomeQuarantined, Reason: ReasonLimit}, nil
	}
	return d, Settled{Outcome: OutcomeSettled, Purchase: p, Transaction: done}, err
}

// Withdraw decides what a withdrawal does: the credits go at once, and Stripe is to be asked for the money. What was
// spent stays bought, and so does the fraction of a cent. [ErrNotWithdrawable], [ErrFrozen], [ErrClosed], [ErrImpossible].
func Withdraw(s State, p Purchase, now time.Time, w Withdrawal) (Delta, Purchase, error) {
	switch {
	case slices.ContainsFunc(p.Facts.Refunds, func(r PaymentRefund) bool { return r.RequestID == w.RequestID }):
		return Delta{}, p, nil // it is done
	case s.Wallet.State == WalletFrozen:
		return Delta{}, p, ErrFrozen
	case s.Wallet.State != WalletActive:
		return Delta{}, p, ErrClosed
	case p.CompletedAt.IsZero() || now.After(p.CompletedAt.Add(WithdrawWithin)):
		return Delta{}, p, ErrNotWithdrawable
	}
	cents := p.Withdrawable(s.Grants)
	if cents == 0 {
		return Delta{}, p, ErrNotWithdrawable
	}
	p.Facts = p.Facts.add(Fact{Kind: FactRefund, Refund: PaymentRefund{RequestID: w.RequestID, Cents: cents, State: RefundAsked}})
	d, _, err := p.post(s, sale{id: w.TransactionID, actor: w.Actor, now: now.UTC().Truncate(time.Microsecond)})
	return d, p, err
}

// Withdrawable is the price in whole cents of what is unspent of a purchase, given the grants of its wallet.
func (p Purchase) Withdrawable(grants []Grant) int64 {
	at := slices.IndexFunc(grants, func(g Grant) bool { return g.Source == p.Source() })
	if at < 0 || p.Credits <= 0 {
		return 0
	}
	left := min(grants[at].Remaining-grants[at].Held, p.Posted)
	back := p.Facts.refunded(func(PaymentRefund) bool { return true })
	return max(0, min(mulDiv(int64(left), p.PriceEuroCents, int64(p.Credits)), p.PriceEuroCents-back))
}

// misfit says why a fact does not belong to a purchase; empty: it does.
func (x Fact) misfit(p Purchase) Reason {
	switch {
	case x.Account != p.Account:
		return ReasonAccount
	case x.Livemode != p.Livemode:
		return ReasonLivemode
	case x.Currency != p.Currency:
		return ReasonCurrency
	case !x.fits(p.PriceEuroCents):
		return ReasonAmount
	case x.PurchaseID != uuid.Nil && x.PurchaseID != p.ID || !p.Payment.fits(x.Payment):
		return ReasonPayment
	}
	return ""
}

// fits reports whether the cents of a fact can be those of a payment of the price.
func (x Fact) fits(price int64) bool {
	cents := x.Cents
	switch x.Kind {
	case FactPaid:
		return cents == price
	case FactRefund:
		cents = x.Refund.Cents
	case FactDispute:
		cents = x.Dispute.Cents
	case FactRefunded, FactFailed, FactCancelled:
	}
	return cents >= 0 && cents <= price
}

// fits reports whether ids that are known on both sides are the same.
func (p Payment) fits(other Payment) bool {
	fit := func(a, b string) bool { return a == "" || b == "" || a == b }
	return fit(p.IntentID, other.IntentID) && fit(p.CheckoutID, other.CheckoutID)
}

// with adds the ids that were not known.
func (p Payment) with(other Payment) Payment {
	return Payment{cmp.Or(p.IntentID, other.IntentID), cmp.Or(p.CheckoutID, other.CheckoutID), cmp.Or(p.CustomerID, other.CustomerID)}
}

// Linked is the purchase with the ids of its payment. [ErrLinked] if it has others.
func (p Purchase) Linked(to Payment) (Purchase, error) {
	if !p.Payment.fits(to) {
		return p, ErrLinked
	}
	p.Payment = p.Payment.with(to)
	return p, nil
}

// advance moves the status on, and reports whether the purchase is completed by it.
func (p *Purchase) advance(kind FactKind, now time.Time) (completed bool) {
	to := p.Status
	switch kind {
	case FactPaid:
		to = PurchaseCompleted
	case FactFailed:
		to = PurchaseFailed
	case FactCancelled:
		to = PurchaseCancelled
	case FactRefund, FactRefunded, FactDispute:
	}
	before := p.Status
	p.Status = further(statusOrder, to, p.Status)
	if completed = p.Status == PurchaseCompleted && before != PurchaseCompleted; completed {
		p.CompletedAt = now
	}
	return completed
}

// sale is how the difference of a purchase to its target is posted.
type sale struct {
	id    uuid.UUID
	actor string
	now   time.Time
	first bool // the payment has just arrived
}

// post moves the wallet to the target of the purchase. [ErrBalanceLimit], [ErrImpossible].
func (p *Purchase) post(s State, how sale) (Delta, Transaction, error) {
	amount := Target(*p, p.Facts) - p.Posted
	if amount == 0 {
		return Delta{}, Transaction{}, nil
	}
	if err := s.check(); err != nil {
		return Delta{}, Transaction{}, err
	}
	d := newDraft(s)
	d.now = how.now
	if err := d.expire(how.id); err != nil {
		return Delta{}, Transaction{}, err
	}
	if d.wallet.held()+amount-d.wallet.Debt > MaxWallet {
		return Delta{}, Transaction{}, ErrBalanceLimit
	}
	metadata, err := p.describe()
	if err != nil {
		return Delta{}, Transaction{}, err
	}
	before := d.wallet
	x := Transaction{
		ID: how.id, Type: TypeAdjustment, AppID: AppStripe, PurchaseID: p.ID, Metadata: metadata,
		Caller: callerPurchase, Actor: how.actor, At: later(how.now, d.wallet.LastAt),
	}
	switch {
	case amount < 0:
		x.Kind, x.Description = kindReversal, fmt.Sprintf("Credit purchase reversed: %s credits", -amount)
		x.Postings = d.takeBack(*p, -amount)
	case how.first:
		x.Type, x.Kind, x.Description = TypePurchase, kindPurchase, fmt.Sprintf("Credit purchase: %s credits", p.Credits)
		x.Postings = d.sell(*p, amount)
	default:
		x.Kind, x.Description = kindReinstatement, fmt.Sprintf("Credit purchase restored: %s credits", amount)
		x.Postings = d.sell(*p, amount)
	}
	p.Posted += amount
	d.wallet.Earned += amount
	if d.wallet.Earned < 0 || d.wallet.Debt < 0 {
		return Delta{}, Transaction{}, fmt.Errorf("%w: purchase %s has more posted than was earned", ErrImpossible, p.ID)
	}
	done := d.record(x, before)
	return d.delta(nil), done, nil
}

// describe is the metadata of what is posted.
func (p Purchase) describe() ([]byte, error) {
	return json.Marshal(struct {
		PurchaseID     uuid.UUID `json:"purchaseId"`
		PackageID      uuid.UUID `json:"packageId"`
		IntentID       string    `json:"stripePaymentIntentId"`
		PriceEuroCents int64     `json:"priceEuroCents"`
	}{p.ID, p.PackageID, p.Payment.IntentID, p.PriceEuroCents})
}

// sell gives credits to the purchase's own grant, as far as they do not settle debt.
func (d *draft) sell(p Purchase, amount Amount) []Posting {
	grant := Grant{No: d.wallet.Grants + 1, Class: Paid, Source: p.Source(), Priority: priorityPaid}
	at := slices.IndexFunc(d.grants, func(g Grant) bool { return g.Source == p.Source() })
	if at >= 0 {
		grant = d.grants[at]
	}
	had := grant.Remaining
	postings := d.give(nil, AccountSale, &grant, amount)
	grant.Issued += grant.Remaining - had
	switch {
	case at >= 0:
		d.grants[at] = grant
	case grant.Issued > 0:
		d.wallet.Grants++
		d.grants = append(d.grants, grant)
	}
	return postings
}

// takeBack takes credits whose payment went back: those of the purchase, then other paid ones, the latest first, as
// far as they are not held. The rest becomes debt.
func (d *draft) takeBack(p Purchase, amount Amount) []Posting {
	var paid []*Grant
	for i := range d.grants {
		if d.grants[i].Class == Paid {
			paid = append(paid, &d.grants[i])
		}
	}
	own := func(g *Grant) int {
		if g.Source == p.Source() {
			return 0
		}
		return 1
	}
	slices.SortFunc(paid, func(a, b *Grant) int { return cmp.Or(own(a)-own(b), b.No-a.No) })
	var postings []Posting
	for _, grant := range paid {
		part := min(amount, grant.Remaining-grant.Held)
		if part <= 0 {
			continue
		}
		grant.Remaining -= part
		d.wallet.Paid -= part
		amount -= part
		d.touch(grant.No)
		postings = appendPosting(postings, grant.No, AccountSale, part)
	}
	d.wallet.Debt += amount
	return appendPosting(postings, AccountDebt, AccountSale, amount)
}
