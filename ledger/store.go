package ledger

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// State is what the core needs to know of one wallet to decide a command.
type State struct {
	Wallet Wallet
	Grants []Grant      // open grants and the daily grant, in order of number
	Key    *KeyRecord   // record of the key that was asked for, nil if there is none
	Done   *Transaction // the transaction of Key, nil if there is none
}

// Delta is the whole effect of a decision. A store writes it as it is, or not at all.
type Delta struct {
	Wallet       Wallet  // new projections; Version is one more than it was read
	Grants       []Grant // new and changed grants
	Transactions []Transaction
	Key          *KeyRecord // to be stored, nil if none
}

// Empty reports whether there is nothing to write.
func (d Delta) Empty() bool { return len(d.Transactions) == 0 }

// Wants names what a decision needs loaded.
type Wants struct {
	UserID uuid.UUID
	Key    *Key // looked up if not nil
}

// Store keeps wallets and their journal. Each method is one database transaction.
type Store interface {
	// Decide locks the wallet, loads State, calls decide once with the time of the storage, and commits
	// the Delta; an empty one writes nothing. When decide fails, nothing is written and its error is
	// returned. [ErrNoWallet] if there is no such wallet. When Decide returns nil the effect is durable.
	Decide(ctx context.Context, w Wants, decide func(now time.Time, s State) (Delta, error)) error
	// Wallet reads one wallet in one snapshot, with the time of the storage. [ErrNoWallet].
	Wallet(ctx context.Context, userID uuid.UUID) (State, time.Time, error)
	// History lists at most limit transactions, newest first by commit order, skipping offset. Postings
	// are not loaded.
	History(ctx context.Context, userID uuid.UUID, limit, offset int) ([]Transaction, error)
	// Packages lists the active packages by sort order, then name.
	Packages(ctx context.Context) ([]Package, error)
}
