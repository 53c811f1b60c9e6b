package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// alert is when the person is to be told that few credits are left: once, until there were enough again. Zero: not now.
func (d *draft) alert() (at time.Time) {
	w := &d.wallet
	if w.AlertBelow == 0 || w.State != WalletActive {
		return at
	}
	low := w.Free+w.Paid < w.AlertBelow
	if at = w.LastAt; d.now.After(at) {
		at = d.now
	}
	if !low || !w.AlertArmed {
		at = time.Time{}
	}
	w.AlertArmed = !low
	return at
}

// SetAlert sets below what a person is told by mail that few credits are left, at most [MaxOperation], and 0 for never.
// Who has less already is told when it has become less again. language is that of the mail where the profile names none.
// [ErrAmount], [ErrNoWallet].
func (l *Ledger) SetAlert(ctx context.Context, userID uuid.UUID, below Amount, language string) error {
	if below < 0 || below > MaxOperation {
		return ErrAmount
	}
	if err := l.store.SetAlert(ctx, userID, below, language); err != nil {
		return fmt.Errorf("setting an alert: %w", err)
	}
	return nil
}
