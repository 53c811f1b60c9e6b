package sqlite

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
)

// welcome posts the signup bonus to somebody who has proven the address, if the claim is new. A wallet that contradicts
// itself is frozen, and one that is lost is left to the checks: what is wrong with credits keeps nobody from proving.
func welcome(t *tx, userID uuid.UUID, b identity.LateBonus, now time.Time) error {
	if b.Opening.Bonus == 0 {
		return nil
	}
	state, err := loadState(t, ledger.Wants{UserID: userID})
	if errors.Is(err, ledger.ErrNoWallet) {
		return nil
	}
	if err != nil {
		return err
	}
	delta, err := ledger.Welcome(state, now, b.Opening)
	if errors.Is(err, ledger.ErrImpossible) {
		return freeze(t, userID, []string{err.Error()}, now)
	}
	if err != nil || delta.Empty() {
		return err
	}
	if fresh, err := claimBonus(t, b.Opening, b.Claim, timestamp(now)); err != nil || !fresh {
		return err
	}
	if err := updateWallet(t, delta.Wallet); err != nil {
		return err
	}
	return writeJournal(t, delta)
}
