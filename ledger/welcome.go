package ledger

import (
	"slices"
	"time"
)

// Welcome posts the signup bonus to a wallet that was opened without it. A wallet that has had one, or is not active,
// stays as it is: the Delta is empty. That no other wallet of the same person has had one, the caller makes sure.
// [ErrImpossible].
func Welcome(s State, now time.Time, o Opening) (Delta, error) {
	had := slices.ContainsFunc(s.Grants, func(g Grant) bool { return g.Source == sourceSignup })
	if o.Bonus == 0 || had || s.Wallet.State != WalletActive {
		return Delta{}, nil
	}
	if err := s.check(); err != nil {
		return Delta{}, err
	}
	d := newDraft(s)
	at := later(now.UTC().Truncate(time.Microsecond), s.Wallet.LastAt)
	if err := d.bonus(o.TransactionID, signup(o.Bonus), at); err != nil {
		return Delta{}, err
	}
	return d.delta(nil), nil
}

func signup(amount Amount) bonus {
	return bonus{kindSignup, sourceSignup, "Signup bonus", AccountIssueBonus, amount}
}
