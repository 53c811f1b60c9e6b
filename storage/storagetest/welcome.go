package storagetest

import (
	"testing"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
)

// late is the bonus of an account that was opened without it.
func late(a identity.NewAccount) identity.LateBonus {
	return identity.LateBonus{Claim: a.BonusClaim, Opening: ledger.Opening{TransactionID: uuid.Must(uuid.NewV7()), Bonus: bonus}}
}

// testWelcome: a bonus that waits for the proof of the address comes with it, once for a person and a claim.
func testWelcome(t *testing.T, w *wallets) {
	ctx, now := t.Context(), w.clock.Now()
	// stranger has an account without bonus and without a proven address.
	stranger := func(email string) identity.NewAccount {
		account := newAccount(email, now)
		account.Opening.Bonus = 0
		if _, err := w.Identity.CreateAccount(ctx, account); err != nil {
			t.Fatal(err)
		}
		return account
	}
	holds := func(what string, a identity.NewAccount, free ledger.Amount) {
		t.Helper()
		state, _, err := w.Ledger.Wallet(ctx, a.User.ID)
		if err != nil || state.Wallet.Free != free {
			t.Errorf("%s: got %+v, %v, want %s free", what, state.Wallet, err, free)
		}
	}
	proves := func(a identity.NewAccount) {
		t.Helper()
		hash := request(t, w.Store, string(a.User.Email), identity.MailReset, now)
		reset := newReset(hash, string(a.User.Email), now)
		reset.Bonus = late(a)
		if _, err := w.Identity.ResetPassword(ctx, reset); err != nil {
			t.Fatal(err)
		}
	}

	linkAt := stranger("link@example.com")
	hash := request(t, w.Store, "link@example.com", identity.MailVerify, now)
	outcomes := race(8, func(int) error {
		_, err := w.Identity.ConfirmEmail(ctx, hash, late(linkAt), identity.Event{Type: "email_verified"})
		return err
	})
	if outcomes[nil] != 1 {
		t.Errorf("got %v, want one proof", outcomes)
	}
	holds("a link", linkAt, bonus)
	proves(linkAt)
	holds("a link, and a reset", linkAt, bonus)

	reset := stranger("reset@example.com")
	proves(reset)
	holds("a reset", reset, bonus)

	claimed := stranger("claimed@example.com")
	account := linked(claimed.User, "acme", "welcome", w.clock)
	if err := w.Identity.ClaimAccount(ctx, claimed.User.Email, account, late(claimed), identity.Event{Type: "claimed"}); err != nil {
		t.Fatal(err)
	}
	holds("a claim", claimed, bonus)

	off := stranger("off@example.com")
	hash = request(t, w.Store, "off@example.com", identity.MailVerify, now)
	if _, err := w.Identity.ConfirmEmail(ctx, hash, identity.LateBonus{}, identity.Event{}); err != nil {
		t.Fatal(err)
	}
	holds("bonuses that do not wait", off, 0)

	again := stranger("again@example.com")
	again.BonusClaim = reset.BonusClaim
	proves(again)
	holds("a claim that is known", again, 0)

	frozen := stranger("frozen@example.com")
	if err := w.Ledger.Freeze(ctx, frozen.User.ID, []string{"test"}); err != nil {
		t.Fatal(err)
	}
	proves(frozen)
	holds("a frozen wallet", frozen, 0)

	had := newAccount("had@example.com", now)
	if _, err := w.Identity.CreateAccount(ctx, had); err != nil {
		t.Fatal(err)
	}
	had.BonusClaim = frozen.BonusClaim // new, as the frozen wallet got nothing
	proves(had)
	holds("a wallet that had one", had, bonus)

	checker, _ := w.checker()
	report, err := checker.Verify(ctx, func(int64) {})
	if err != nil || len(report.Faults) > 0 {
		t.Errorf("got %+v, %v, want nothing wrong", report, err)
	}
}
