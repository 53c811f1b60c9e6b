package ledger

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Order is a request to buy a package.
type Order struct {
	ID        uuid.UUID // of the purchase, UUIDv7
	UserID    uuid.UUID
	PackageID uuid.UUID
	Livemode  bool
	Account   string
	Metadata  []byte // JSON object; nil if none
}

// Withdrawal is a person's word that a purchase is not wanted any more.
type Withdrawal struct {
	RequestID     uuid.UUID // of the refund that Stripe is to be asked for
	TransactionID uuid.UUID
	UserID        uuid.UUID
	PurchaseID    uuid.UUID
	Actor         string // "user"

	// Who asks, for the security log and for the language of the mail that confirms it; may be empty.
	IPAddress, UserAgent, Language string
}

// Purchases keeps what people buy. Each method is one database transaction.
type Purchases interface {
	// Order stores a pending purchase of a package as it is now. One with this id is given as it stands. [ErrNoPackage], [ErrTooManyPending],
	// [ErrBalanceLimit] if the credits would not fit, [ErrClosed], [ErrFrozen], [ErrNoWallet].
	Order(ctx context.Context, o Order) (Purchase, error)
	// Link notes where a purchase is paid; ids that are empty stay as they are. What is noted already is no error.
	// Events that waited for this payment are tried again. [ErrNoPurchase], [ErrLinked].
	Link(ctx context.Context, purchaseID uuid.UUID, p Payment) error
	// Purchase reads one of a person's purchases. [ErrNoPurchase].
	Purchase(ctx context.Context, userID, id uuid.UUID) (Purchase, error)
	// PurchasesOf lists a person's purchases, newest first, at most limit.
	PurchasesOf(ctx context.Context, userID uuid.UUID, limit int) ([]Purchase, error)
	// Withdraw takes back what is unspent of a purchase, in whole cents, and asks for their refund: see
	// [Payments.AskedRefunds]. The mail that confirms it is written with it. The same request again changes nothing. [ErrNotWithdrawable], [ErrNoPurchase], [ErrClosed], [ErrFrozen].
	Withdraw(ctx context.Context, w Withdrawal) (Purchase, error)
	// CancelExpired cancels purchases that have waited too long for their payment, and tells how many, at most limit.
	CancelExpired(ctx context.Context, limit int) (int, error)
}

// Settling is a fact to be taken in.
type Settling struct {
	TransactionID uuid.UUID // of what is posted, UUIDv7
	Fact          Fact
}

// Settled is what became of a fact.
type Settled struct {
	Outcome     Outcome
	Reason      Reason      // of quarantine
	Purchase    Purchase    // as it stands; zero in quarantine
	Transaction Transaction // what was posted; zero: nothing
}

// Inbox keeps the events of Stripe until they are settled. Each method is one database transaction.
type Inbox interface {
	// Receive stores a genuine event. One that is known is not stored again: fresh is false.
	Receive(ctx context.Context, e StripeEvent) (fresh bool, err error)
	// Take is Receive and Settle in one commit, which may be shared with others. No outcome says that the event is stored
	// and waits. After an error it may be stored or not, which Receive finds out.
	Take(ctx context.Context, e StripeEvent, s Settling) (fresh bool, done Settled, err error)
	// Waiting lists at most limit events that are not processed, in order of arrival, after one; the zero value of it
	// begins.
	Waiting(ctx context.Context, after StripeEvent, limit int) ([]StripeEvent, error)
	// Settle takes a fact in under the lock of the wallet: it joins the facts of its purchase, the wallet gets or
	// gives the difference to their target, and its event is processed. A fact that does not fit is in quarantine,
	// which is no error. An event that was processed before changes nothing. [ErrFrozen]: the event waits.
	// [ErrNoEvent].
	Settle(ctx context.Context, s Settling) (Settled, error)
	// Dismiss ends an event that tells nothing of a payment, or that cannot be read. [ErrNoEvent].
	Dismiss(ctx context.Context, eventID string, o Outcome, r Reason) error
	Quarantine
}

// Quarantine keeps the events that do not fit. Each method is one database transaction.
type Quarantine interface {
	// Quarantined lists at most limit events that are in quarantine, newest first.
	Quarantined(ctx context.Context, limit int) ([]StripeEvent, error)
	// Requeue lets an event in quarantine wait again. [ErrNoEvent], also when its body is not kept any more.
	Requeue(ctx context.Context, eventID string) error
}

// AskedRefund is money that Stripe is to be asked to give back. RequestID is the key of the call.
type AskedRefund struct {
	RequestID  uuid.UUID
	PurchaseID uuid.UUID
	IntentID   string
	Cents      int64
}

// Backlog is how much is under way.
type Backlog struct {
	Waiting     int64     // events that are not processed
	Oldest      time.Time // when the first of them arrived; zero: none waits
	Quarantined int64
	Last        time.Time // when the last event arrived, or was processed; zero: none in [KeepBodies]
	Pending     int64     // purchases that wait for their payment
}

// Payments is what calls to Stripe, and the comparison with it, need. Each method is one database transaction.
type Payments interface {
	// Customer is the person's id at Stripe, empty if there is none.
	Customer(ctx context.Context, userID uuid.UUID) (string, error)
	// NoteCustomer stores it once and gives the one that is stored.
	NoteCustomer(ctx context.Context, userID uuid.UUID, customerID string) (string, error)
	// AskedRefunds lists at most limit refunds that Stripe has to be asked for, in order of RequestID after one. One is
	// done when a fact tells of it: with its RequestID and what Stripe answered, or [RefundFailed] when it refused.
	AskedRefunds(ctx context.Context, after uuid.UUID, limit int) ([]AskedRefund, error)
	// PurchasesSince lists at most limit purchases of all people, made at since or later, in order of id after one.
	PurchasesSince(ctx context.Context, since time.Time, after uuid.UUID, limit int) ([]Purchase, error)
	// NewestPurchases lists the newest purchases of all people, at most limit, made at since or later, in a state or in
	// any, which is empty.
	NewestPurchases(ctx context.Context, since time.Time, state PurchaseStatus, limit int) ([]Purchase, error)
	// Backlog counts what is under way.
	Backlog(ctx context.Context) (Backlog, error)
}
