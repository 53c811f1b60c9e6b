package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// What requests about holds are counted as, beside the types of transactions.
const (
	countHold    Type = "hold"
	countExtend  Type = "extend"
	countRelease Type = "release"
)

// Reserve holds part of a wallet. [ErrHoldLimit], and the errors of [Ledger.Use].
func (l *Ledger) Reserve(ctx context.Context, r Reserve) (Receipt, error) {
	if r.ExpiresIn < time.Second || r.ExpiresIn > MaxHoldTime {
		return Receipt{}, fmt.Errorf("holding for %s: %w", r.ExpiresIn, errors.ErrUnsupported)
	}
	key, err := r.key()
	if err != nil {
		return Receipt{}, err
	}
	if r.Minimum < 0 || r.Minimum > r.Amount {
		return Receipt{}, ErrAmount
	}
	receipt, err := l.request(ctx, Wants{UserID: r.UserID, Key: key}, r.Amount, Command{Reserve: &r})
	return l.count(countHold, receipt, err)
}

// Capture spends a hold, or part of it. [ErrNoHold], [HoldEnded], [HoldExceeded], and the errors of [Ledger.Use] but
// for those of the balance.
func (l *Ledger) Capture(ctx context.Context, c Capture) (Receipt, error) {
	if c.Amount < 0 || c.Amount > MaxWallet {
		return Receipt{}, ErrAmount
	}
	key, err := c.key()
	if err != nil {
		return Receipt{}, err
	}
	receipt, err := l.run(ctx, Wants{UserID: c.UserID, Key: key}, Command{Capture: &c})
	return l.count(TypeUsage, receipt, err)
}

// Extend makes a hold longer, or larger. [ErrNoHold], [HoldEnded], and the errors of [Ledger.Use].
func (l *Ledger) Extend(ctx context.Context, e Extend) (Receipt, error) {
	if e.ExpiresIn < 0 || e.ExpiresIn > MaxHoldTime {
		return Receipt{}, fmt.Errorf("holding for %s: %w", e.ExpiresIn, errors.ErrUnsupported)
	}
	if e.Add < 0 || e.Add > MaxOperation {
		return Receipt{}, ErrAmount
	}
	key, err := e.key()
	if err != nil {
		return Receipt{}, err
	}
	receipt, err := l.run(ctx, Wants{UserID: e.UserID, Key: key}, Command{Extend: &e})
	return l.count(countExtend, receipt, err)
}

// Release ends a hold. One that is over already, and not captured, is answered as it is. [ErrNoHold], [HoldEnded].
func (l *Ledger) Release(ctx context.Context, r Release) (Receipt, error) {
	receipt, err := l.run(ctx, Wants{UserID: r.UserID}, Command{Release: &r})
	return l.count(countRelease, receipt, err)
}

// Hold reads a hold, doing first what is due. [ErrNoHold].
func (l *Ledger) Hold(ctx context.Context, id uuid.UUID) (Hold, error) {
	h, err := l.store.Hold(ctx, id)
	if err != nil || h.State != HoldOpen {
		return h, err
	}
	held, err := l.current(ctx, h.UserID, func() ([]Hold, error) {
		h, err := l.store.Hold(ctx, id)
		return []Hold{h}, err
	})
	if err != nil {
		return Hold{}, err
	}
	return held[0], nil
}

// FindHold reads a hold as its row says, and does nothing. [ErrNoHold].
func (l *Ledger) FindHold(ctx context.Context, id uuid.UUID) (Hold, error) {
	return l.store.Hold(ctx, id)
}

// HoldsOf lists holds of a wallet, newest first, doing first what is due. [ErrNoWallet].
func (l *Ledger) HoldsOf(ctx context.Context, userID uuid.UUID, q HoldQuery) ([]Hold, error) {
	return l.current(ctx, userID, func() ([]Hold, error) { return l.store.HoldsOf(ctx, userID, q) })
}

// current reads holds after what is due was done, as they stand even where it could not be.
func (l *Ledger) current(ctx context.Context, userID uuid.UUID, read func() ([]Hold, error)) ([]Hold, error) {
	if _, err := l.Balance(ctx, userID); err != nil {
		return nil, err
	}
	holds, err := read()
	if err != nil {
		return nil, fmt.Errorf("reading holds: %w", err)
	}
	_, now, err := l.store.Wallet(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("reading a wallet: %w", err)
	}
	for i := range holds {
		holds[i] = holds[i].At(now)
	}
	return holds, nil
}

// LastCapture is the receipt of the newest capture of a hold, for a request without a key that is repeated.
// [ErrNoTransaction].
func (l *Ledger) LastCapture(ctx context.Context, h Hold) (Receipt, error) {
	entry, err := l.store.Entry(ctx, h.UserID, h.Capture)
	if err != nil {
		return Receipt{}, fmt.Errorf("reading a capture: %w", err)
	}
	if len(entry) == 0 {
		return Receipt{}, ErrNoTransaction
	}
	x := entry[0]
	return Receipt{Transaction: x, Hold: &h, Balance: l.after(x, Wallet{UserID: h.UserID, LastAt: x.At}), Replayed: true}, nil
}

// tidyPage is how many wallets are looked for at once.
const tidyPage = 100

// TidyHolds does what is due in wallets that nobody touches: it ends holds whose time is over. It returns how many
// wallets it touched. One that cannot be written, such as one that is frozen, is left for the next time.
func (l *Ledger) TidyHolds(ctx context.Context) (int, error) {
	due, err := l.store.DueHolds(ctx, tidyPage)
	if err != nil {
		return 0, fmt.Errorf("looking for holds whose time is over: %w", err)
	}
	n := 0
	var failed error
	for _, userID := range due {
		if _, err := l.Balance(ctx, userID); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		n++
	}
	return n, failed
}

// OpenHolds counts the open holds of all wallets.
func (l *Ledger) OpenHolds(ctx context.Context) (int, error) {
	return l.store.OpenHolds(ctx)
}
