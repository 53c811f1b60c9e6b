// Package ledger is the credits ledger: wallets, grants, transactions and postings in double entry.
//
// It promises that credits are neither lost nor made up: every transaction's postings sum to zero, a
// wallet never goes below zero, a request with the same idempotency key has one effect, and nothing is
// answered before it is durable. The core ([Apply], [Open]) is a pure function; a [Store] loads the
// state under a lock, calls it, and writes what it decided in one database transaction.
//
// The package must never see a float, a clock of its own, SQL or HTTP.
package ledger

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Errors that callers tell apart.
var (
	// ErrInsufficient: free and paid credits together are less than the amount asked for.
	ErrInsufficient = errors.New("insufficient credits")
	// ErrDebt: the wallet has outstanding debt; nothing can be spent before it is settled.
	ErrDebt = errors.New("outstanding debt")
	// ErrKeyReused: the idempotency key was used with a different request by the same caller.
	ErrKeyReused = errors.New("idempotency key reused with another request")
	// ErrFrozen: the wallet is frozen because a check found it inconsistent; reads go on.
	ErrFrozen = errors.New("wallet is frozen")
	// ErrClosed: the wallet belongs to a deleted or disabled person.
	ErrClosed = errors.New("wallet is closed")
	// ErrNoWallet: there is no wallet for this person.
	ErrNoWallet = errors.New("no such wallet")
	// ErrNoTransaction: the person has no such transaction.
	ErrNoTransaction = errors.New("no such transaction")
	// ErrInProgress: another request with the same idempotency key still runs, after a wait of 2 seconds.
	ErrInProgress = errors.New("a request with this key is still running")
	// ErrNothingToRefund: the person has no such use, another app charged it, or no use has so much left to refund.
	ErrNothingToRefund = errors.New("nothing to refund")
	// ErrImpossible: a bug or a damaged row. Nothing may be written on it.
	ErrImpossible = errors.New("wallet contradicts itself")
	// ErrContended: others were faster each time; it passes by itself.
	ErrContended = errors.New("others are at the same wallet")
	// ErrBalanceLimit: the wallet would hold more than [MaxWallet].
	ErrBalanceLimit = errors.New("balance limit reached")
	// ErrReason: an adjustment has no reason, no idempotency key, one that is malformed or too long, or nobody who makes it.
	ErrReason = errors.New("an adjustment needs a reason of at most 1000 characters, a key of at most 255 of visible ASCII, and an actor")
	// ErrAmount: the amount is not a decimal greater than 0, at most 1,000,000, with at most 6 places.
	ErrAmount = errors.New("amount out of range")
)

// WalletState says what a wallet may do.
type WalletState string

// The states of a wallet.
const (
	WalletActive   WalletState = "active"
	WalletDisabled WalletState = "disabled"
	WalletFrozen   WalletState = "frozen"
	WalletClosed   WalletState = "closed"
)

// Wallet is what one person owns: the projections of the journal that limit spending.
type Wallet struct {
	UserID   uuid.UUID
	State    WalletState
	Paid     Amount // without held parts
	Free     Amount // without held parts
	HeldPaid Amount
	HeldFree Amount
	Debt     Amount // shown positive
	Earned   Amount // purchased credits less those taken back; bonuses never count
	Spent    Amount // usage less refunds of usage

	Seq     int64 // number of the last transaction; 0 before the first
	Version int64 // raised by every write
	Grants  int   // highest number of a grant; 1 is the debt account, so the first grant is 2

	AlertBelow Amount // the person is told by mail when less than this is left to spend; 0: never
	AlertArmed bool   // there was more since the last such mail

	LastDaily time.Time // when the last daily grant counted from; registration counts as the first
	LastAt    time.Time // time of the last transaction
	CreatedAt time.Time
}

// Summary is what a wallet says, for the security log.
func (w Wallet) Summary() string {
	return fmt.Sprintf("state=%s free=%s paid=%s held=%s debt=%s earned=%s spent=%s transactions=%d",
		w.State, w.Free, w.Paid, w.HeldFree+w.HeldPaid, w.Debt, w.Earned, w.Spent, w.Seq)
}

// Total is free + paid + held - debt, the figure that balance_before and balance_after chain.
func (w Wallet) Total() Amount { return w.Free + w.Paid + w.HeldFree + w.HeldPaid - w.Debt }

// Class says whether credits were bought.
type Class string

// The classes of credits. Free credits are spent before paid ones.
const (
	Free Class = "free"
	Paid Class = "paid"
)

// Grant is one lot of credits with one origin. Its number is also its account within the wallet.
type Grant struct {
	No        int
	Class     Class
	Source    string // "signup", "daily", "purchase:<id>", ...; unique per wallet
	Priority  int    // free 10, paid 50; lower burns first
	Issued    Amount
	Remaining Amount
	Held      Amount
	ExpiresAt time.Time // zero: never
}

// The shared accounts (ledger rows of credits.accounts). Accounts of a wallet are positive: 1 is its
// debt, 2 and up its grants in order of creation.
const (
	AccountIssueBonus      = -1
	AccountIssueDaily      = -2
	AccountIssueAdjustment = -3
	AccountSale            = -4
	AccountUsage           = -5
	AccountExpired         = -6
	AccountWithdrawn       = -7
	AccountOpening         = -8
	AccountDebt            = 1
)

// Posting moves Amount (> 0) from one account to another: two legs in one row, so that it cannot fail
// to sum to zero. At least one of the accounts is the wallet's own.
type Posting struct {
	N      int // 1..n within the transaction
	From   int
	To     int
	Amount Amount
}

// Type is the wire type of a transaction.
type Type string

// The types of transactions of the history.
const (
	TypePurchase   Type = "purchase"
	TypeUsage      Type = "usage"
	TypeRefund     Type = "refund"
	TypeBonus      Type = "bonus"
	TypeExpiry     Type = "expiry"
	TypeAdjustment Type = "adjustment"
)

// Transaction is the unit of history: one event of one wallet, numbered without gaps, never changed.
type Transaction struct {
	ID     uuid.UUID // UUIDv7
	UserID uuid.UUID
	Seq    int64
	Type   Type
	// Kind is the event: "signup", "daily", "use", "capture", "refund", "grant", "correction", "repayment", "purchase",
	// "reversal", "reinstatement", "closing".
	Kind string

	Amount Amount // signed change of Wallet.Total
	Before Amount
	After  Amount

	AppID          string
	Description    string
	Metadata       []byte    // JSON object as it was given; nil if none
	Caller         string    // "first-party", "client:<id>", "app:<id>", "internal:<what>"
	Actor          string    // who acted: "user", "service:<id of the key>", "command line", "system"
	IdempotencyKey string    // as the request gave it; empty if none
	RelatedID      uuid.UUID // of the use that a refund gives back; nil for others
	HoldID         uuid.UUID // of the hold that it captures, or whose release settles debt; nil for others
	PurchaseID     uuid.UUID // whose payment it was; nil for others

	// The wallet after this transaction: the answer that a replay gives again.
	FreeAfter, PaidAfter, HeldAfter, DebtAfter, EarnedAfter, SpentAfter Amount

	At       time.Time // the time it counts from, microseconds UTC
	Legs     int       // how many postings it has
	Postings []Posting
}

// Operator reports whether an operator gave or took.
func (t Transaction) Operator() bool { return t.Caller == callerOperator }

// UsageDay is what one app charged in one day.
type UsageDay struct {
	AppID string
	Day   int64  // days since 1970, UTC
	Used  Amount // uses less their refunds, on the day of the use
	Uses  int64
}

// dayOf is the day of a time, UTC.
func dayOf(t time.Time) int64 { return t.Unix() / (24 * 60 * 60) }

// Usage is a use and what was given back of it.
type Usage struct {
	Transaction // with its postings
	Refunded    Amount
}

// Key identifies a request for idempotency within one wallet.
type Key struct {
	Hash        [16]byte // first 16 bytes of SHA-256 over length-prefixed caller and key
	Fingerprint [32]byte // SHA-256 over what the request asks for
}

// KeyRecord is a stored idempotency key and what it made.
type KeyRecord struct {
	Key           Key
	TransactionID uuid.UUID // nil: it made none, but made or changed the hold
	HoldID        uuid.UUID // nil: the transaction tells
	CreatedAt     time.Time
}

// Package is something that can be bought: credits for a price. One credit costs one cent.
type Package struct {
	ID             uuid.UUID
	Name           string
	Description    string
	Credits        Amount
	PriceEuroCents int64
	StripePriceID  string
	Active         bool
	SortOrder      int
	Metadata       []byte
	CreatedAt      time.Time
	UpdatedAt      time.Time
}
