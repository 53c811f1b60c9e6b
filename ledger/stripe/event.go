package stripe

import (
	"encoding/json"
	"errors"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"

	"mana/ledger"
)

// errUnreadable: an event of a type that is read does not hold what it must.
var errUnreadable = errors.New("event cannot be read")

// envelope is an event of any API version, as far as it is read.
type envelope struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Account  string `json:"account"`
	Livemode *bool  `json:"livemode"`
	Data     struct {
		Object *object `json:"object"`
	} `json:"data"`
}

// object is a payment, a payment page, a charge, a refund or a dispute, in any API version, as far as it is read: what
// has kept its name and form in all of them. A type that Stripe changes makes the event unreadable, on purpose.
type object struct {
	Object         string            `json:"object"`
	ID             string            `json:"id"`
	Status         string            `json:"status"`
	Currency       string            `json:"currency"`
	Amount         *int64            `json:"amount"`
	AmountReceived *int64            `json:"amount_received"` // of a payment
	AmountTotal    *int64            `json:"amount_total"`    // of a payment page
	AmountRefunded *int64            `json:"amount_refunded"` // of a charge
	PaymentStatus  string            `json:"payment_status"`  // of a payment page
	Intent         reference         `json:"payment_intent"`
	Customer       reference         `json:"customer"`
	Metadata       map[string]string `json:"metadata"`
	Moved          []movement        `json:"balance_transactions"` // of a dispute
}

// movement is money that a dispute took from our balance, or brought back.
type movement struct {
	Amount int64 `json:"amount"`
}

// reference is the id of an object, which Stripe writes as such, or with the object around it.
type reference string

// UnmarshalJSON reads either form; null is empty.
func (r *reference) UnmarshalJSON(data []byte) error {
	var id *string
	if json.Unmarshal(data, &id) == nil {
		if id != nil {
			*r = reference(*id)
		}
		return nil
	}
	var whole struct {
		ID string `json:"id"`
	}
	err := json.Unmarshal(data, &whole)
	*r = reference(whole.ID)
	return err
}

// The objects that events are about.
const (
	objectIntent  = "payment_intent"
	objectSession = "checkout.session"
	objectCharge  = "charge"
	objectRefund  = "refund"
	objectDispute = "dispute"
)

// kinds are the types of events that are read, with the object of each.
var kinds = map[string]string{
	"payment_intent.succeeded":                 objectIntent,
	"payment_intent.payment_failed":            objectIntent,
	"payment_intent.canceled":                  objectIntent,
	"checkout.session.completed":               objectSession,
	"checkout.session.async_payment_succeeded": objectSession,
	"checkout.session.async_payment_failed":    objectSession,
	"checkout.session.expired":                 objectSession,
	"charge.refunded":                          objectCharge,
	"charge.refund.updated":                    objectRefund,
	"refund.updated":                           objectRefund,
	"refund.failed":                            objectRefund,
	"charge.dispute.created":                   objectDispute,
	"charge.dispute.funds_withdrawn":           objectDispute,
	"charge.dispute.funds_reinstated":          objectDispute,
	"charge.dispute.closed":                    objectDispute,
}

// kindOf is the type of an event as metrics name it.
func kindOf(kind string) string {
	if kinds[kind] == "" {
		return "other"
	}
	return kind
}

// read gives what an event tells of a payment; ok is false when it tells nothing. Its API version does not matter.
func read(body []byte) (fact ledger.Fact, ok bool, err error) {
	var head struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(body, &head) != nil {
		return fact, false, errUnreadable
	}
	if kinds[head.Type] == "" {
		return fact, false, nil
	}
	var e envelope
	if json.Unmarshal(body, &e) != nil || e.Data.Object == nil || e.Livemode == nil || e.Data.Object.Object != kinds[e.Type] {
		return fact, false, errUnreadable
	}
	fact, ok, err = e.Data.Object.fact(e.Type)
	fact.EventID, fact.Livemode, fact.Account = e.ID, *e.Livemode, e.Account
	return fact, ok, err
}

// fact is what an object tells; kind is the type of the event that it came with, empty when it was read again.
func (o *object) fact(kind string) (ledger.Fact, bool, error) {
	f := ledger.Fact{
		Currency: o.Currency,
		Payment:  ledger.Payment{IntentID: string(o.Intent), CustomerID: string(o.Customer)},
	}
	if id, err := uuid.Parse(o.Metadata[metaPurchase]); err == nil {
		f.PurchaseID = id
	}
	if o.ID == "" || o.Currency == "" {
		return f, false, errUnreadable
	}
	var err error
	switch o.Object {
	case objectIntent:
		f.Payment.IntentID = o.ID
		return o.intentFact(f, kind)
	case objectSession:
		f.Payment.CheckoutID = o.ID
		return o.sessionFact(f, kind)
	case objectCharge:
		f.Kind = ledger.FactRefunded
		f.Cents, err = count(o.AmountRefunded)
	case objectRefund:
		f.Kind, f.Refund = ledger.FactRefund, ledger.PaymentRefund{ID: o.ID, State: refundState(o.Status)}
		if id, err := uuid.Parse(o.Metadata[metaRefund]); err == nil {
			f.Refund.RequestID = id
		}
		f.Refund.Cents, err = count(o.Amount)
	case objectDispute:
		f.Kind, f.Dispute = ledger.FactDispute, ledger.Dispute{ID: o.ID, State: o.disputeState(kind)}
		f.Dispute.Cents, err = count(o.Amount)
	default:
		err = errUnreadable
	}
	return f, err == nil, err
}

// count is an amount that must be there.
func count(cents *int64) (int64, error) {
	if cents == nil || *cents < 0 {
		return 0, errUnreadable
	}
	return *cents, nil
}

func (o *object) intentFact(f ledger.Fact, kind string) (_ ledger.Fact, _ bool, err error) {
	switch {
	case o.Status == "succeeded":
		f.Kind = ledger.FactPaid
		f.Cents, err = count(o.AmountReceived)
	case o.Status == "canceled":
		f.Kind = ledger.FactCancelled
	case kind == "payment_intent.payment_failed":
		f.Kind = ledger.FactFailed
	case kind == "":
		return f, false, nil
	default:
		return f, false, errUnreadable
	}
	return f, err == nil, err
}

// sessionFact counts a page that was completed only when it is paid: other ways of paying take days.
func (o *object) sessionFact(f ledger.Fact, kind string) (_ ledger.Fact, _ bool, err error) {
	switch {
	case o.PaymentStatus == "paid":
		f.Kind = ledger.FactPaid
		f.Cents, err = count(o.AmountTotal)
	case kind == "checkout.session.async_payment_failed":
		f.Kind = ledger.FactFailed
	case o.Status == "expired":
		f.Kind = ledger.FactCancelled
	default:
		return f, false, nil
	}
	return f, err == nil, err
}

func refundState(status string) ledger.RefundState {
	switch status {
	case "succeeded":
		return ledger.RefundSucceeded
	case "failed", "canceled":
		return ledger.RefundFailed
	}
	return ledger.RefundPending // or it waits for somebody's action
}

// disputeState tells by the money that moved whether it is gone; where a dispute is closed, by its end.
func (o *object) disputeState(kind string) ledger.DisputeState {
	var sum int64
	back := false
	for _, m := range o.Moved {
		sum += m.Amount
		back = back || m.Amount > 0
	}
	switch {
	case o.Status == "won", kind == "charge.dispute.funds_reinstated", back && sum >= 0:
		return ledger.DisputeWon
	case o.Status == "lost":
		return ledger.DisputeLost
	case kind == "charge.dispute.funds_withdrawn", sum < 0:
		return ledger.DisputeOpen
	}
	return ledger.DisputeWarning
}

// The objects of the API in the form in which those of events are read.

func ofIntent(i *stripe.PaymentIntent) object {
	o := object{
		Object: objectIntent, ID: i.ID, Status: string(i.Status), Currency: string(i.Currency),
		AmountReceived: &i.AmountReceived, Metadata: i.Metadata,
	}
	if i.Customer != nil {
		o.Customer = reference(i.Customer.ID)
	}
	return o
}

func ofSession(s *stripe.CheckoutSession) object {
	o := object{
		Object: objectSession, ID: s.ID, Status: string(s.Status), PaymentStatus: string(s.PaymentStatus),
		Currency: string(s.Currency), AmountTotal: &s.AmountTotal, Metadata: s.Metadata,
	}
	if s.PaymentIntent != nil {
		o.Intent = reference(s.PaymentIntent.ID)
	}
	if s.Customer != nil {
		o.Customer = reference(s.Customer.ID)
	}
	return o
}

func ofRefund(r *stripe.Refund) object {
	o := object{
		Object: objectRefund, ID: r.ID, Status: string(r.Status), Currency: string(r.Currency), Amount: &r.Amount, Metadata: r.Metadata,
	}
	if r.PaymentIntent != nil {
		o.Intent = reference(r.PaymentIntent.ID)
	}
	return o
}

func ofDispute(d *stripe.Dispute) object {
	o := object{
		Object: objectDispute, ID: d.ID, Status: string(d.Status), Currency: string(d.Currency), Amount: &d.Amount, Metadata: d.Metadata,
	}
	if d.PaymentIntent != nil {
		o.Intent = reference(d.PaymentIntent.ID)
	}
	for _, t := range d.BalanceTransactions {
		o.Moved = append(o.Moved, movement{t.Amount})
	}
	return o
}
