package ledger

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// State is what the core needs to know of one wallet to decide a command.
type State struct {
	Wallet Wallet
	Last   Mark         // as the newest transaction leaves the wallet, zero if there is none
	Grants []Grant      // open grants, the daily grant and those of Used, in order of number
	Key    *KeyRecord   // record of the key that was asked for, nil if there is none
	Done   *Transaction // the transaction of Key, or the command's own, nil if there is none
	Used   *Usage       // what is to be refunded, nil if there is none
	// Holds are those whose time is over and whose rows say open, and those that the command or the record of its key
	// names, ended or not. For a closing, all that are open.
	Holds     []Hold
	OpenHolds int   // how many rows say open, for a command that makes one
	Barred    error // why the store lets nothing be spent, such as a limit of the caller's; nil: it does
}

// Delta is the whole effect of a decision. A store writes it as it is, or not at all.
type Delta struct {
	Wallet       Wallet  // new projections; Version is one more than it was read
	Grants       []Grant // new and changed grants
	Transactions []Transaction
	Usage        []UsageDay // changes, a refund's below 0
	Key          *KeyRecord // to be stored, nil if none
	Made         *Hold      // new, nil if none
	Added        Amount     // to a hold that was there
	Holds        []Hold     // changed
	Alert        time.Time  // of a mail of the same transaction, that few credits are left; zero: none
}

// Empty reports whether there is nothing to write.
func (d Delta) Empty() bool {
	return len(d.Transactions) == 0 && len(d.Holds) == 0 && d.Made == nil && d.Key == nil && d.Wallet.State != WalletClosed
}

// Charged is what counts against the limits of a caller: what was used without a hold, and what was held.
func (d Delta) Charged() Amount {
	var sum Amount
	for _, t := range d.Transactions {
		if t.Kind == kindUse {
			sum -= t.Amount
		}
	}
	if d.Made != nil {
		sum += d.Made.Amount
	}
	return sum + d.Added
}

// Returned is what no longer counts against the limits of a caller: the rest of holds that its actor has made at that time
// or later, and that a request has ended. What time ended goes on counting.
func (d Delta) Returned(actor string, since time.Time) Amount {
	var sum Amount
	for _, h := range d.Holds {
		if (h.State == HoldReleased || h.State == HoldCaptured) && h.Actor == actor && !h.CreatedAt.Before(since) {
			sum += h.Rest()
		}
	}
	return sum
}

// Wants names what a decision needs loaded.
type Wants struct {
	UserID uuid.UUID
	Key    *Key // looked up if not nil
	// ID is that of the command. A store that decides it again, since it does not know whether the first
	// commit counts, looks for a transaction with it.
	ID uuid.UUID
	// Hold is the hold that the command changes, nil if there is none; the same as ID: it makes one. Then the open holds
	// are to be counted.
	Hold uuid.UUID
	// Use is the use to be given back, loaded with what has been given back of it; nil: none.
	Use uuid.UUID
	// Admin is an administrator on whose word the command is; uuid.Nil: nobody's. A store that finds no such
	// administrator in the transaction decides nothing, and says so by an error of its own.
	Admin uuid.UUID
	// Bytes is the length of the command's texts, by which a store bounds what it commits at one time.
	Bytes int
}

// Store keeps wallets and their journal. Each method is one database transaction.
type Store interface {
	// Decide locks the wallet, loads State, calls decide once with the time of the storage, and commits
	// the Delta; an empty one writes nothing. When decide fails, nothing is written and its error is
	// returned. [ErrNoWallet] if there is no such wallet. When Decide returns nil the effect is durable.
	Decide(ctx context.Context, w Wants, decide func(now time.Time, s State) (Delta, error)) error
	// Wallet reads one wallet in one snapshot, with the time of the storage. [ErrNoWallet].
	Wallet(ctx context.Context, userID uuid.UUID) (State, time.Time, error)
	// FindUse looks for what a refund that names no use gives back, in one snapshot and without a lock, since it
	// may read long: of the uses of the same person, caller and app within [RefundWithin] and the last
	// [RefundRows] transactions whose rest is at least the amount, the newest whose rest is the amount, or the
	// newest. Nil if there is none.
	FindUse(ctx context.Context, r Refund) (uuid.UUID, error)
	// Owner tells whose transaction an id names. [ErrNoTransaction].
	Owner(ctx context.Context, transactionID uuid.UUID) (uuid.UUID, error)
	// SetAlert sets below what a person is told by mail that few credits are left, 0 for never. language is that of
	// the mail where the profile names none. [ErrNoWallet].
	SetAlert(ctx context.Context, userID uuid.UUID, below Amount, language string) error
	// Freeze stops all writing to a wallet that contradicts itself, and notes the reasons in the security log.
	// One that is not active stays as it is.
	Freeze(ctx context.Context, userID uuid.UUID, reasons []string) error
	Records
	Holds
}

// Held reports whether a decision on a wallet needs holds.
func (w Wants) Held(wallet Wallet) bool {
	return w.Hold != uuid.Nil && w.Hold != w.ID || wallet.HeldFree+wallet.HeldPaid > 0
}

// Holds are the holds as people and programs read them. Each method is one snapshot. Rows say open until somebody
// touches the wallet: see [Hold.At].
type Holds interface {
	// Hold gives one, whoever's it is. [ErrNoHold].
	Hold(ctx context.Context, id uuid.UUID) (Hold, error)
	// HoldsOf lists at most limit holds of a wallet, newest first, from before one on, if that is not nil. An empty
	// caller or state takes all.
	HoldsOf(ctx context.Context, userID uuid.UUID, q HoldQuery) ([]Hold, error)
	// DueHolds lists at most limit wallets with holds whose time is over and whose rows say open.
	DueHolds(ctx context.Context, limit int) ([]uuid.UUID, error)
	// OpenHolds counts the rows that say open.
	OpenHolds(ctx context.Context) (int, error)
}

// HoldQuery asks for holds of a wallet.
type HoldQuery struct {
	Caller string
	State  HoldState
	Before uuid.UUID
	Limit  int
}
