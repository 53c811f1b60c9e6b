package ledger

import (
	"time"

	"github.com/google/uuid"
)

// FactKind is what a fact tells of a payment.
type FactKind string

// The kinds of facts.
const (
	FactPaid      FactKind = "paid"      // the whole price has arrived
	FactFailed    FactKind = "failed"    // a try to pay
	FactCancelled FactKind = "cancelled" // the payment, or its page has expired
	FactRefund    FactKind = "refund"    // one refund, as it stands
	FactRefunded  FactKind = "refunded"  // the sum of all refunds of the payment
	FactDispute   FactKind = "dispute"   // one dispute, as it stands
)

// Fact is what one event tells of one payment, or one of Stripe's objects, when it is read again.
type Fact struct {
	EventID string // in the inbox; empty: it was read from an object
	Kind    FactKind

	// How the purchase is found: by any of these. They must not contradict it.
	PurchaseID uuid.UUID // of the metadata; nil: none
	Payment    Payment

	// What must fit the purchase.
	Currency string // as Stripe writes it: "eur"
	Livemode bool
	Account  string // of the event; empty: that of the key

	Cents   int64         // FactPaid: what arrived; FactRefunded: the sum
	Refund  PaymentRefund // FactRefund
	Dispute Dispute       // FactDispute
}

// Reason says why an event is in quarantine.
type Reason string

// The reasons of quarantine. Nothing was posted, and nothing of the event is among the facts.
const (
	ReasonUnknown    Reason = "unknown purchase" // it is tried again by itself when a purchase is linked to the payment
	ReasonAmount     Reason = "amount"
	ReasonCurrency   Reason = "currency"
	ReasonLivemode   Reason = "livemode"
	ReasonAccount    Reason = "account"
	ReasonPayment    Reason = "payment" // the purchase has another payment, or the payment another purchase
	ReasonClosed     Reason = "closed wallet"
	ReasonLimit      Reason = "balance limit"
	ReasonUnreadable Reason = "unreadable"
)

// Outcome is what became of an event.
type Outcome string

// The outcomes of events.
const (
	OutcomeSettled     Outcome = "settled" // it is among the facts, and the wallet is as they say
	OutcomeIgnored     Outcome = "ignored" // it tells nothing of a payment
	OutcomeQuarantined Outcome = "quarantined"
)

// KeepBodies is how long the body of a processed event is kept. One in quarantine stays until somebody has looked at it,
// but for those of an unknown purchase, which are mostly of something else that is sold there.
const KeepBodies = 90 * 24 * time.Hour

// StripeEvent is an event as it arrived.
type StripeEvent struct {
	ID          string
	Type        string
	Body        []byte // as it was signed; empty once it is old
	ReceivedAt  time.Time
	ProcessedAt time.Time // zero: it waits
	Outcome     Outcome   // empty while it waits
	Reason      Reason    // of quarantine
	IntentID    string    // of quarantine, where it is known
}
