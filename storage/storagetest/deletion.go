package storagetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
)

// deletion is the end of a person.
func deletion(id uuid.UUID) identity.Deletion {
	return identity.Deletion{
		UserID: id, Closing: ledger.Closing{TransactionID: uuid.Must(uuid.NewV7()), Actor: "user"},
		Event: identity.Event{UserID: id, Type: "account_deleted"},
	}
}

func testDeletion(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, *wallets){
		"everything personal goes, the ledger stays": testDeletionAll,
		"the address is free, without a bonus":       testDeletionAddress,
		"beside uses and other deletions":            testDeletionRace,
		"a wallet that is frozen or empty":           testDeletionFrozen,
		"devices in the security log":                testDeletionEvents,
		"a wallet that is wrong or lost":             testDeletionWrong,
		"old events":                                 testOldEvents,
		"denied by a link":                           testDenied,
		"the bonus of a proven address":              testWelcome,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := NewClock()
			s := open(t, clock.Now)
			w := &wallets{Store: s, clock: clock, user: createUser(t, s, "ada@example.com", clock.Now())}
			w.ledger = ledger.New(ledger.Config{Store: s.Ledger, SignupBonus: bonus, DailyFree: 5 * ledger.Credit})
			test(t, w)
		})
	}
}

// testDenied deletes an account on the word of whoever has its address, beside who proves it by the same link.
func testDenied(t *testing.T, w *wallets) {
	ctx := t.Context()
	denying := func(user identity.User, hash []byte) error {
		d := deletion(user.ID)
		d.Denied = hash
		return w.Identity.DeleteAccount(ctx, d)
	}
	eve := createUser(t, w.Store, "eve@example.com", w.clock.Now())
	reset := request(t, w.Store, "eve@example.com", identity.MailReset, w.clock.Now())
	verify := request(t, w.Store, "eve@example.com", identity.MailVerify, w.clock.Now())
	for _, hash := range [][]byte{reset, identity.NewSecret().Hash()} {
		want(t, denying(eve, hash), identity.ErrLinkInvalid)
	}
	want(t, denying(w.user, verify), identity.ErrLinkInvalid) // of somebody else
	want(t, denying(eve, verify), nil)
	hash := request(t, w.Store, "ada@example.com", identity.MailVerify, w.clock.Now())
	outcomes := race(16, func(i int) error {
		if i%2 == 0 {
			return denying(w.user, hash)
		}
		return second(w.Identity.ConfirmEmail(ctx, hash, identity.LateBonus{}, identity.Event{Type: "email_verified"}))
	})
	user, err := w.Identity.UserByID(ctx, w.user.ID)
	if err != nil || outcomes[nil] != 1 || user.EmailVerified != user.Live() {
		t.Errorf("got %v, %+v, %v, want one to have their way", outcomes, user, err)
	}
	bob := createUser(t, w.Store, "bob@example.com", w.clock.Now())
	late := request(t, w.Store, "bob@example.com", identity.MailVerify, w.clock.Now())
	if err := w.Tamper(ctx, `UPDATE auth.users SET email_verified = true WHERE email = 'bob@example.com'`); err != nil {
		t.Fatal(err)
	}
	want(t, denying(bob, late), identity.ErrLinkInvalid)
}

func testDeletionAll(t *testing.T, w *wallets) {
	ctx := t.Context()
	session := startSession(t, w.Store, w.user, w.clock.Now())
	saveClient(t, w.Store, "mc_notes", w.clock.Now())
	apps := []*family{
		newFamily(t, w.Store, w.clock, session, false), newFamily(t, w.Store, w.clock, session, true),
		newFirstParty(t, w.Store, w.clock, w.user),
	}
	_, err := w.Identity.ReviseProfile(ctx, w.user.ID, func(u *identity.User) error {
		u.Name, u.Profile = "Ada", identity.Profile{GivenName: "Ada"}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.use(t, 20*ledger.Credit, "k"); err != nil {
		t.Fatal(err)
	}
	w.clock.Add(48 * time.Hour)
	request(t, w.Store, "ada@example.com", identity.MailReset, w.clock.Now())
	if err := w.Identity.DeleteAccount(ctx, deletion(w.user.ID)); err != nil {
		t.Fatal(err)
	}
	want(t, w.Identity.DeleteAccount(ctx, deletion(w.user.ID)), identity.ErrNotFound)
	want(t, w.Identity.DeleteAccount(ctx, deletion(uuid.New())), identity.ErrNotFound)

	user, err := w.Identity.UserByID(ctx, w.user.ID)
	if err != nil || user.Email != "" || user.Name != "" || user.Profile != (identity.Profile{}) || user.Live() {
		t.Errorf("got %+v, %v, want a deleted person without a profile", user, err)
	}
	_, err = w.Identity.Credential(ctx, "ada@example.com")
	want(t, err, identity.ErrNotFound)
	_, _, err = w.Identity.SessionByID(ctx, session.ID)
	want(t, err, identity.ErrNoSession)
	for i, f := range apps {
		if f.live(t) {
			t.Errorf("family %d lives on", i)
		}
		if _, err := f.refresh(t, f.token, true); err == nil {
			t.Errorf("family %d refreshes", i)
		}
	}
	wantNumber(t, w.Store, `SELECT count(*) FROM auth.passwords`, 0)
	wantNumber(t, w.Store, `SELECT count(*) FROM auth.mails WHERE kind <> 'account_deleted'`, 0)
	wantNumber(t, w.Store, `SELECT count(*) FROM auth.verification_tokens`, 0)
	wantNumber(t, w.Store, `SELECT count(*) FROM auth.sessions WHERE ip_address <> '' OR user_agent <> '' OR cookie_hash IS NOT NULL`, 0)
	wantNumber(t, w.Store, `SELECT count(*) FROM auth.security_events WHERE event_type = 'account_deleted'`, 1)
	w.wantClosed(t, ledger.Transaction{Type: ledger.TypeAdjustment, Kind: "closing", Amount: -130 * ledger.Credit, Before: 130 * ledger.Credit})
}

// wantClosed expects a closed, empty wallet whose last transaction is as said, and which nothing can be done with.
func (w *wallets) wantClosed(t *testing.T, last ledger.Transaction) {
	t.Helper()
	state, _, err := w.Ledger.Wallet(t.Context(), w.user.ID)
	if err != nil || state.Wallet.State != ledger.WalletClosed || state.Wallet.Free != 0 || state.Wallet.Paid != 0 {
		t.Errorf("got %+v, %v, want an empty, closed wallet", state.Wallet, err)
	}
	history, err := w.Ledger.History(t.Context(), w.user.ID, 1, 0)
	if err != nil || len(history) != 1 || history[0].Type != last.Type || history[0].Kind != last.Kind ||
		history[0].Amount != last.Amount || history[0].Before != last.Before {
		t.Errorf("got %+v, %v, want %+v", history, err, last)
	}
	_, err = w.use(t, ledger.Credit, "after")
	want(t, err, ledger.ErrClosed)
	checker, _ := w.checker()
	report, err := checker.Verify(t.Context(), nil)
	if err != nil || len(report.Faults) > 0 || report.Imbalance().Sign() != 0 {
		t.Errorf("got %+v, %v, want sound books", report, err)
	}
}

func testDeletionAddress(t *testing.T, w *wallets) {
	if err := w.Identity.DeleteAccount(t.Context(), deletion(w.user.ID)); err != nil {
		t.Fatal(err)
	}
	again := createUser(t, w.Store, "ada@example.com", w.clock.Now())
	state, _, err := w.Ledger.Wallet(t.Context(), again.ID)
	if err != nil || again.ID == w.user.ID || state.Wallet.Free != 0 || state.Wallet.State != ledger.WalletActive {
		t.Errorf("got %+v, %v, want a new wallet without a bonus", state.Wallet, err)
	}
}

// testDeletionRace deletes beside uses: each use is before the closing, and its debit stays, or is refused.
func testDeletionRace(t *testing.T, w *wallets) {
	outcomes := race(48, func(i int) error {
		if i%4 == 0 {
			return w.Identity.DeleteAccount(t.Context(), deletion(w.user.ID))
		}
		_, err := w.use(t, ledger.Credit, "")
		return err
	})
	if outcomes[identity.ErrNotFound] != 11 || outcomes[nil]+outcomes[ledger.ErrClosed] != 37 {
		t.Errorf("got %v, want one deletion, and uses done or refused", outcomes)
	}
	rest := bonus - ledger.Amount(outcomes[nil]-1)*ledger.Credit
	w.wantClosed(t, ledger.Transaction{Type: ledger.TypeAdjustment, Kind: "closing", Amount: -rest, Before: rest})
}

func testDeletionFrozen(t *testing.T, w *wallets) {
	if err := w.Ledger.Freeze(t.Context(), w.user.ID, []string{"test"}); err != nil {
		t.Fatal(err)
	}
	empty := newAccount("eve@example.com", w.clock.Now())
	empty.Opening.Bonus = 0
	if _, err := w.Identity.CreateAccount(t.Context(), empty); err != nil {
		t.Fatal(err)
	}
	for id, state := range map[uuid.UUID]ledger.WalletState{w.user.ID: ledger.WalletFrozen, empty.User.ID: ledger.WalletClosed} {
		if err := w.Identity.DeleteAccount(t.Context(), deletion(id)); err != nil {
			t.Fatal(err)
		}
		if got, _, err := w.Ledger.Wallet(t.Context(), id); err != nil || got.Wallet.State != state {
			t.Errorf("got %+v, %v, want it %s", got.Wallet, err, state)
		}
	}
	wantNumber(t, w.Store, `SELECT count(*) FROM credits.transactions WHERE kind = 'closing'`, 0)
	if err := w.Books.Mend(t.Context(), actor, w.user.ID, ledger.Rebuild); err != nil {
		t.Fatal(err)
	}
	w.wantClosed(t, ledger.Transaction{Type: ledger.TypeAdjustment, Kind: "closing", Amount: -bonus, Before: bonus})
}

// testDeletionWrong deletes people whose wallet cannot be closed.
func testDeletionWrong(t *testing.T, w *wallets) {
	for i, change := range []string{
		raiseFree, `UPDATE credits.grants SET remaining = remaining - 1 WHERE user_id = ?`, `DELETE FROM credits.balances WHERE user_id = ?`,
	} {
		account := newAccount(fmt.Sprintf("d%d@example.com", i), w.clock.Now())
		if strings.HasPrefix(change, "DELETE") {
			account.Opening.Bonus = 0 // nothing names the wallet
		}
		var err error
		if w.user, err = w.Identity.CreateAccount(t.Context(), account); err != nil {
			t.Fatal(err)
		}
		if err := w.Tamper(t.Context(), replaceMark(change, w.user)); err != nil {
			t.Fatal(err)
		}
		if err := w.Identity.DeleteAccount(t.Context(), deletion(w.user.ID)); err != nil {
			t.Errorf("%s: got %v", change, err)
		}
		if user, err := w.Identity.UserByID(t.Context(), w.user.ID); err != nil || user.Live() {
			t.Errorf("%s: got %+v, %v, want a deleted person", change, user, err)
		}
	}
	wantNumber(t, w.Store, `SELECT count(*) FROM credits.transactions WHERE kind = 'closing'`, 0)
	wantNumber(t, w.Store, `SELECT count(*) FROM credits.balances WHERE state = 'frozen'`, 2)
	wantNumber(t, w.Store, `SELECT count(*) FROM auth.security_events WHERE event_type = 'wallet_frozen'`, 2)
}

func testDeletionEvents(t *testing.T, w *wallets) {
	other := createUser(t, w.Store, "eve@example.com", w.clock.Now())
	for _, user := range []identity.User{w.user, other} {
		event := identity.Event{UserID: user.ID, Type: "login_success", Device: identity.Device{IPAddress: "203.0.113.7", UserAgent: "Browser"}}
		if _, err := w.Identity.StartSession(t.Context(), newSession(user, w.clock.Now()), nil, event); err != nil {
			t.Fatal(err)
		}
	}
	const known = `SELECT count(*) FROM auth.security_events WHERE ip_address = '203.0.113.7' AND user_agent = 'Browser'`
	wantNumber(t, w.Store, known, 2)
	wantRefusal(t, w.Store, `UPDATE auth.security_events SET ip_address = '', user_agent = ''`, "security_events_append_only", denied)
	if err := w.Identity.DeleteAccount(t.Context(), deletion(w.user.ID)); err != nil {
		t.Fatal(err)
	}
	wantNumber(t, w.Store, known, 1)
	wantNumber(t, w.Store, `SELECT count(*) FROM auth.security_events WHERE event_type = 'login_success'`, 2)
}

// testOldEvents has events deleted after the retention; the database itself keeps those of the last 30 days.
func testOldEvents(t *testing.T, w *wallets) {
	w.clock.Add(29 * 24 * time.Hour)
	startSession(t, w.Store, w.user, w.clock.Now())
	const all = `SELECT count(*) FROM auth.security_events`
	wantNumber(t, w.Store, all, 2)
	for _, retention := range []time.Duration{0, time.Hour} {
		if _, err := w.Clean(t.Context(), retention); err != nil {
			t.Error(err)
		}
		wantNumber(t, w.Store, all, 2)
	}
	w.clock.Add(2 * 24 * time.Hour)
	startSession(t, w.Store, w.user, w.clock.Now())
	if _, err := w.Clean(t.Context(), 40*24*time.Hour); err != nil {
		t.Error(err)
	}
	wantNumber(t, w.Store, all, 3)
	if _, err := w.Clean(t.Context(), 0); err != nil {
		t.Error(err)
	}
	wantNumber(t, w.Store, all, 2)
	wantRefusal(t, w.Store, `DELETE FROM auth.security_events`, "security_events_append_only", denied)
}
