package storagetest

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"mana/ledger"
)

// testAlert: whoever asked for it is told by one mail that few credits are left, and again after there were enough.
func testAlert(t *testing.T, w *wallets) {
	ctx := t.Context()
	told := func(what string, want ...string) {
		t.Helper()
		if got := kinds(t, w.Store, w.user.Email); !slices.Equal(got, want) {
			t.Errorf("%s: got mails %v, want %v", what, got, want)
		}
		if err := w.Exec(ctx, `DELETE FROM auth.mails`); err != nil {
			t.Fatal(err)
		}
	}
	set := func(below ledger.Amount) {
		t.Helper()
		if err := w.ledger.SetAlert(ctx, w.user.ID, below, "de"); err != nil {
			t.Fatal(err)
		}
	}
	w.mustUse(t, 100*ledger.Credit)
	told("nobody asked")
	set(40 * ledger.Credit)
	w.mustUse(t, 10*ledger.Credit)
	told("as much as that is left")
	if _, err := w.use(t, 41*ledger.Credit, ""); err == nil {
		t.Error("got 41 of 40")
	}
	told("a refused use")
	use := w.mustUse(t, ledger.Amount(1))
	mails, err := w.Identity.Mails(ctx, 10)
	if err != nil || len(mails) != 1 || mails[0].Language != "de" || mails[0].UserID != w.user.ID || !mails[0].ExpiresAt.After(w.clock.Now()) {
		t.Fatalf("got %v, %v, want a mail in the language that was asked for", mails, err)
	}
	told("below", "low_balance")
	w.mustUse(t, 10*ledger.Credit)
	told("less again")
	w.adjust(t, 20*ledger.Credit, ledger.Free, "more")
	told("more")
	w.mustUse(t, 20*ledger.Credit)
	told("below once more", "low_balance")
	if _, err := w.refund(t, 1, func(r *ledger.Refund) { r.TransactionID = use }); err != nil {
		t.Fatal(err)
	}
	told("a refund that leaves it below")
	set(100 * ledger.Credit)
	w.mustUse(t, ledger.Credit)
	told("it was below when it was asked for")
	set(0)
	w.adjust(t, 200*ledger.Credit, ledger.Paid, "much")
	w.mustUse(t, 200*ledger.Credit)
	told("not any more")
	want(t, w.ledger.SetAlert(ctx, uuid.New(), ledger.Credit, "en"), ledger.ErrNoWallet)
	want(t, w.ledger.SetAlert(ctx, w.user.ID, -1, "en"), ledger.ErrAmount)
	want(t, w.ledger.SetAlert(ctx, w.user.ID, ledger.MaxOperation+1, "en"), ledger.ErrAmount)
}
