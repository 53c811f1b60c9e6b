package api

import (
	"testing"

	"mana/ledger"
)

// TestLostWalletChallenge refuses the token of a person without a wallet, or with a closed one, with a challenge.
func TestLostWalletChallenge(t *testing.T) {
	t.Parallel()
	for _, err := range []error{ledger.ErrNoWallet, ledger.ErrClosed} {
		if e := refusals()[err]; e.Status != 401 || e.Message != "Invalid token" || e.Challenge != "Bearer" {
			t.Errorf("%v: got %+v", err, e)
		}
	}
}
