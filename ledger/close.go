package ledger

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Closing is how a wallet ends, carried as a value into the transaction that deletes the person.
type Closing struct {
	TransactionID uuid.UUID
	Actor         string // who closes: "user", "command line"
}

// Close releases its holds, withdraws what a wallet has and lets nothing more happen to it. Debt stays on record, and so do all
// transactions. A wallet that is closed already, or frozen, stays as it is: the Delta is empty. A wallet without
// credits is closed without a transaction. [ErrImpossible].
func Close(s State, now time.Time, c Closing) (Delta, error) {
	if s.Wallet.State == WalletClosed || s.Wallet.State == WalletFrozen {
		return Delta{}, nil
	}
	if err := s.check(); err != nil {
		return Delta{}, err
	}
	d := newDraft(s)
	d.now = now.UTC().Truncate(time.Microsecond)
	for i := range d.holds {
		if h := &d.holds[i]; h.State == HoldOpen {
			if err := d.end(c.TransactionID, h, HoldReleased, d.now); err != nil {
				return Delta{}, err
			}
		}
	}
	if d.wallet.HeldFree+d.wallet.HeldPaid != 0 {
		return Delta{}, fmt.Errorf("%w: it has more held than its holds", ErrImpossible)
	}
	before := d.wallet
	d.wallet.State = WalletClosed
	amount := d.wallet.Free + d.wallet.Paid
	if amount == 0 {
		return d.delta(nil), nil
	}
	postings, err := d.burn(amount, AccountWithdrawn)
	if err != nil {
		return Delta{}, err
	}
	d.record(Transaction{
		ID: c.TransactionID, Type: TypeAdjustment, Kind: kindClosing, AppID: AppSystem, Description: "Account closed",
		Caller: "internal:" + kindClosing, Actor: c.Actor, At: later(d.now, before.LastAt), Postings: postings,
	}, before)
	return d.delta(nil), nil
}
