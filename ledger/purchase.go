package ledger

import (
	"errors"
	"math/bits"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Euro is the one currency, as Stripe writes it.
const Euro = "eur"

// Bounds of buying.
const (
	// MaxPending purchases of a person may wait for their payment at one time.
	MaxPending = 5
	// PendingFor is how long a purchase waits for its payment. One that comes later still counts.
	PendingFor = 24 * time.Hour
	// WithdrawWithin is how long a person may withdraw from a purchase after it was completed.
	WithdrawWithin = 14 * 24 * time.Hour
)

// Errors of buying that callers tell apart.
var (
	// ErrNoPackage: there is no such package, or it is not sold any more.
	ErrNoPackage = errors.New("no such package")
	// ErrNoPurchase: the person has no such purchase.
	ErrNoPurchase = errors.New("no such purchase")
	// ErrTooManyPending: [MaxPending] purchases of the person wait for their payment.
	ErrTooManyPending = errors.New("too many purchases wait for their payment")
	// ErrLinked: the purchase is linked to another payment at Stripe, or that payment to another purchase.
	ErrLinked = errors.New("purchase has another payment")
	// ErrNotWithdrawable: the purchase is not paid, its time is over, or nothing of a whole cent is left unspent.
	ErrNotWithdrawable = errors.New("nothing to withdraw from")
	// ErrNoEvent: there is no such event in the inbox.
	ErrNoEvent = errors.New("no such event")
)

// PurchaseStatus says how far a purchase has come. It only advances, in the order of the constants: money that
// arrives completes what has failed or was cancelled.
type PurchaseStatus string

// The states of a purchase.
const (
	PurchasePending   PurchaseStatus = "pending"
	PurchaseFailed    PurchaseStatus = "failed" // a try to pay; it stays payable
	PurchaseCancelled PurchaseStatus = "cancelled"
	PurchaseCompleted PurchaseStatus = "completed"
)

// statusOrder is the order in which a purchase advances.
var statusOrder = []PurchaseStatus{PurchasePending, PurchaseFailed, PurchaseCancelled, PurchaseCompleted}

// Payment is where a purchase is paid at Stripe. An id is empty until it is known, and never changes afterwards.
type Payment struct {
	IntentID   string // "pi_..."
	CheckoutID string // "cs_..."
	CustomerID string // "cus_..."
}

// Purchase is a package as it was when it was ordered, and what became of it. Price and credits never change.
type Purchase struct {
	ID             uuid.UUID // UUIDv7
	UserID         uuid.UUID
	PackageID      uuid.UUID
	Credits        Amount
	PriceEuroCents int64
	Currency       string // [Euro]
	Livemode       bool   // ordered with a live key: only live payments count
	Account        string // Stripe account that is to tell of the payment; empty: that of the key
	Status         PurchaseStatus
	Payment        Payment
	Facts          Facts
	Posted         Amount // credits that the wallet has for it now
	Metadata       []byte // JSON object as it was given; nil if none
	CreatedAt      time.Time
	ExpiresAt      time.Time // then it is cancelled, if it still waits
	CompletedAt    time.Time // zero: it was not paid
}

// Facts are what is known of a payment. They only advance, so that events in any order, repeated or told again from
// Stripe's objects, come to the same.
type Facts struct {
	PaidCents int64 // the price, or 0
	// ReportedCents is the highest figure that was seen of all that Stripe has given back.
	ReportedCents int64
	Refunds       []PaymentRefund
	Disputes      []Dispute
}

// RefundState is how far a refund of a payment has come.
type RefundState string

// The states of refunds, in the order in which they advance.
const (
	RefundAsked     RefundState = "asked" // by us, and Stripe has not answered yet
	RefundPending   RefundState = "pending"
	RefundSucceeded RefundState = "succeeded"
	RefundFailed    RefundState = "failed" // or was cancelled: the money is still here
)

var refundOrder = []RefundState{RefundAsked, RefundPending, RefundSucceeded, RefundFailed}

// PaymentRefund is money that goes back to a buyer. It has one of its ids, or both.
type PaymentRefund struct {
	ID        string    // "re_..."; empty until Stripe has answered
	RequestID uuid.UUID // ours, in the refund's metadata and its idempotency key; nil: others asked for it
	Cents     int64
	State     RefundState
}

// is reports whether two refunds are the same one.
func (r PaymentRefund) is(other PaymentRefund) bool {
	return r.ID != "" && r.ID == other.ID || r.RequestID != uuid.Nil && r.RequestID == other.RequestID
}

// DisputeState is how far a dispute has come.
type DisputeState string

// The states of disputes, in the order in which they advance.
const (
	DisputeWarning DisputeState = "warning" // an inquiry: the money is still here
	DisputeOpen    DisputeState = "open"    // the money is withdrawn
	DisputeLost    DisputeState = "lost"
	DisputeWon     DisputeState = "won" // the money came back
)

var disputeOrder = []DisputeState{DisputeWarning, DisputeOpen, DisputeLost, DisputeWon}

// Dispute is a payment that its buyer's bank asks back.
type Dispute struct {
	ID    string // "dp_..." or "du_..."
	Cents int64
	State DisputeState
}

// RefundedCents is what was or is being given back, not counting what Stripe has yet to be asked for.
func (f Facts) RefundedCents() int64 { return f.refunded(PaymentRefund.told) }

// told reports whether Stripe knows of a refund.
func (r PaymentRefund) told() bool { return r.State != RefundAsked }

// refunded is the larger of what the refunds that count come to and of the highest figure that was reported, less
// those that failed. One that Stripe refused to make has no id, and was never part of a figure.
func (f Facts) refunded(counts func(PaymentRefund) bool) int64 {
	var sum, failed int64
	for _, r := range f.Refunds {
		switch {
		case r.State == RefundFailed && r.ID == "":
		case r.State == RefundFailed:
			failed += r.Cents
		case counts(r):
			sum += r.Cents
		}
	}
	return max(sum, f.ReportedCents-failed, 0)
}

// DisputedCents is what banks have withdrawn and not returned.
func (f Facts) DisputedCents() int64 {
	var sum int64
	for _, d := range f.Disputes {
		if d.State == DisputeOpen || d.State == DisputeLost {
			sum += d.Cents
		}
	}
	return sum
}

// Target is how many credits a purchase comes to by the facts of its payment: those that were bought, less those of
// the money that went back, asked for, or is disputed, each rounded down to micro-credits. It is never below 0.
func Target(p Purchase, f Facts) Amount {
	if p.PriceEuroCents <= 0 || f.PaidCents != p.PriceEuroCents {
		return 0
	}
	revoked := creditsOf(p, f.refunded(func(PaymentRefund) bool { return true }))
	return p.Credits - min(p.Credits, revoked+creditsOf(p, f.DisputedCents()))
}

// creditsOf are the credits of a part of the price: all of them at the full price, or above it.
func creditsOf(p Purchase, cents int64) Amount {
	if cents >= p.PriceEuroCents {
		return p.Credits
	}
	return Amount(mulDiv(int64(p.Credits), max(cents, 0), p.PriceEuroCents))
}

// mulDiv is a * b / c, rounded down, of numbers that are not below 0. b must not be above c, or a not above c.
func mulDiv(a, b, c int64) int64 {
	high, low := bits.Mul64(uint64(a), uint64(b))
	quotient, _ := bits.Div64(high, low, uint64(c))
	return int64(quotient)
}

// add takes in what a fact tells.
func (f Facts) add(x Fact) Facts {
	f.Refunds, f.Disputes = slices.Clone(f.Refunds), slices.Clone(f.Disputes)
	switch x.Kind {
	case FactPaid:
		f.PaidCents = max(f.PaidCents, x.Cents)
	case FactRefunded:
		f.ReportedCents = max(f.ReportedCents, x.Cents)
	case FactRefund:
		f.Refunds = addRefund(f.Refunds, x.Refund)
	case FactDispute:
		f.Disputes = addDispute(f.Disputes, x.Dispute)
	case FactFailed, FactCancelled:
	}
	return f
}

// addRefund joins a refund with what is known of it. Of two rows that turn out to be one, one remains.
func addRefund(known []PaymentRefund, r PaymentRefund) []PaymentRefund {
	var others []PaymentRefund
	for _, k := range known {
		if !k.is(r) {
			others = append(others, k)
			continue
		}
		if r.ID == "" {
			r.ID = k.ID
		}
		if r.RequestID == uuid.Nil {
			r.RequestID = k.RequestID
		}
		r.Cents, r.State = max(r.Cents, k.Cents), further(refundOrder, r.State, k.State)
	}
	return append(others, r)
}

func addDispute(known []Dispute, d Dispute) []Dispute {
	var others []Dispute
	for _, k := range known {
		if k.ID != d.ID {
			others = append(others, k)
			continue
		}
		d.Cents, d.State = max(d.Cents, k.Cents), further(disputeOrder, d.State, k.State)
	}
	return append(others, d)
}

// further is the state that comes later in an order.
func further[S comparable](order []S, a, b S) S {
	if slices.Index(order, a) > slices.Index(order, b) {
		return a
	}
	return b
}
