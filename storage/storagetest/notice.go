package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"mana/provider/identity"
)

// kinds are those of the mails to an address, sorted.
func kinds(t *testing.T, s Store, to identity.Email) (found []string) {
	t.Helper()
	all, err := s.Identity.Mails(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.To == to {
			found = append(found, string(m.Kind))
		}
	}
	slices.Sort(found)
	return found
}

// testNotices: whoever changes a way to sign in is told so by mail, in the transaction of the change.
func testNotices(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	saveClient(t, s, "mc_notes", clock.Now())
	told := func(t *testing.T, user identity.User, want ...string) {
		t.Helper()
		if got := kinds(t, s, user.Email); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if err := s.Exec(ctx, `DELETE FROM auth.mails`); err != nil {
			t.Fatal(err)
		}
	}
	user := createUser(t, s, "ada@example.com", clock.Now())

	t.Run("second factor", func(t *testing.T) {
		session := withFactor(t, s, user, clock.Now())
		told(t, user, "two_factor_enabled")
		proof := identity.FactorProof{RecoveryHash: recoveryHashes("ada@example.com", 1)[0]}
		if _, err := s.Identity.FinishSignIn(ctx, finishing(beginSignIn(t, s, user, clock.Now()), user, clock.Now(), proof)); err != nil {
			t.Fatal(err)
		}
		told(t, user, "recovery_code_used")
		if err := s.Identity.RemoveTOTP(ctx, changeIn(session, "two_factor_disabled")); err != nil {
			t.Fatal(err)
		}
		want(t, s.Identity.RemoveTOTP(ctx, changeIn(session, "two_factor_disabled")), identity.ErrNotFound)
		told(t, user, "two_factor_disabled")
	})
	t.Run("passkeys", func(t *testing.T) {
		session := startSession(t, s, user, clock.Now())
		if err := s.Identity.AddPasskey(ctx, changeIn(session, "passkey_registered"), newPasskey(user, "notice", 0, clock.Now()), 9); err != nil {
			t.Fatal(err)
		}
		if err := s.Identity.RemovePasskey(ctx, changeIn(session, "passkey_deleted"), []byte("notice")); err != nil {
			t.Fatal(err)
		}
		told(t, user, "passkey_deleted", "passkey_registered")
	})
	t.Run("a token that was used before, once", func(t *testing.T) {
		f := newFamily(t, s, clock, startSession(t, s, user, clock.Now()), false)
		if _, err := f.refresh(t, f.token, true); err != nil {
			t.Fatal(err)
		}
		clock.Add(time.Minute)
		for range 2 {
			if _, err := f.refresh(t, f.token, true); err == nil {
				t.Fatal("got a token for one that was used")
			}
		}
		told(t, user, "refresh_token_reused")
	})
	t.Run("accounts with others", func(t *testing.T) {
		want(t, link(t, s, linked(user, "acme", "1", clock)), nil)
		told(t, user, "account_linked")
		event := identity.Event{UserID: user.ID, Type: "account_claimed"}
		if err := s.Identity.ClaimAccount(ctx, user.Email, linked(user, "other", "1", clock), identity.LateBonus{}, event); err != nil {
			t.Fatal(err)
		}
		told(t, user, "account_claimed")
	})
	t.Run("events that are not worth one", func(t *testing.T) {
		if err := s.Identity.NoteEvent(ctx, identity.Event{UserID: user.ID, Type: "login_success"}); err != nil {
			t.Fatal(err)
		}
		told(t, user)
	})
	t.Run("language", func(t *testing.T) { testNoticeLanguage(t, s, clock) })
	t.Run("an address that nobody has proven", func(t *testing.T) { testUnprovenMails(t, s, clock) })
	t.Run("deletion", func(t *testing.T) { testFarewell(t, s, clock) })
}

// testNoticeLanguage: the language of the profile comes first, then that of the pages at hand.
func testNoticeLanguage(t *testing.T, s Store, clock *Clock) {
	for i, c := range []struct{ locale, device, want string }{
		{"", "de", "de"},
		{"", "en", "en"},
		{"", "", ""},
		{"de-AT", "en", "de"},
		{"de", "", "de"},
		{"en-US", "de", "en"},
		{"fr", "de", "de"},
		{"den", "en", "en"},
	} {
		user := createUser(t, s, fmt.Sprintf("speaker%d@example.com", i), clock.Now())
		_, err := s.Identity.ReviseProfile(t.Context(), user.ID, func(u *identity.User) error {
			u.Profile.Locale = c.locale
			return nil
		})
		change := changeIn(startSession(t, s, user, clock.Now()), "account_linked")
		change.Event.Device.Language = c.device
		if err := errors.Join(err, s.Identity.LinkAccount(t.Context(), change, linked(user, "speaks", fmt.Sprint(i), clock))); err != nil {
			t.Fatal(err)
		}
		all, err := s.Identity.Mails(t.Context(), 1)
		if err != nil || len(all) != 1 || all[0].To != user.Email || all[0].Language != c.want || !all[0].ExpiresAt.After(clock.Now()) {
			t.Errorf("got %v, %v for %+v", all, err, c)
		}
	}
	if err := s.Exec(t.Context(), `DELETE FROM auth.mails`); err != nil {
		t.Fatal(err)
	}
}

// testUnprovenMails: whoever names the address of somebody else, at sign-up, has few mails sent there, whatever is done
// to the account, and however often it is made. A link that was asked for still comes, and a proven address gets all.
func testUnprovenMails(t *testing.T, s Store, clock *Clock) {
	ctx := t.Context()
	sent := func(to identity.Email) int {
		t.Helper()
		if err := s.Exec(ctx, `UPDATE auth.mails SET sent_at = created_at`); err != nil { // so that none is replaced
			t.Fatal(err)
		}
		return len(kinds(t, s, to))
	}
	user := createUser(t, s, "stranger@example.com", clock.Now())
	act := func() {
		t.Helper()
		session := startSession(t, s, user, clock.Now())
		if err := s.Identity.LinkAccount(ctx, changeIn(session, "account_linked"), linked(user, "bomb", "1", clock)); err != nil {
			t.Fatal(err)
		}
		if err := s.Exec(ctx, `DELETE FROM auth.accounts WHERE provider = 'bomb'`); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		act()
		sent(user.Email)
	}
	if got := sent(user.Email); got != identity.UnprovenMails {
		t.Errorf("got %d mails to an address that is not proven, want %d", got, identity.UnprovenMails)
	}
	request(t, s, string(user.Email), identity.MailReset, clock.Now())
	if got := sent(user.Email); got != identity.UnprovenMails+1 {
		t.Errorf("got %d mails, want the link too", got)
	}
	if err := s.Exec(ctx, `UPDATE auth.users SET email_verified = true WHERE email = 'stranger@example.com'`); err != nil {
		t.Fatal(err)
	}
	act()
	if got := sent(user.Email); got != identity.UnprovenMails+2 {
		t.Errorf("got %d mails, want all to a proven address", got)
	}
	mailed := 0
	for range 5 {
		account := newAccount("again@example.com", clock.Now())
		account.Link, account.Mail = newLink(identity.MailVerify, clock.Now())
		account.MailKey, account.MailLimits = keyOf("again@example.com"), []identity.AttemptLimit{{Max: 3, Window: time.Hour}}
		made, err := s.Identity.CreateAccount(ctx, account)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(kinds(t, s, made.Email), string(identity.MailVerify)) {
			mailed++
		}
		if err := s.Identity.DeleteAccount(ctx, deletion(made.ID)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Exec(ctx, `DELETE FROM auth.mails`); err != nil {
		t.Fatal(err)
	}
	if mailed != 3 {
		t.Errorf("got %d mails to an address that is registered again and again, want 3", mailed)
	}
}

// testFarewell: the last mail goes to the address that the person had, and the address is forgotten then.
func testFarewell(t *testing.T, s Store, clock *Clock) {
	ctx := t.Context()
	user := createUser(t, s, "gone@example.com", clock.Now())
	request(t, s, "gone@example.com", identity.MailReset, clock.Now())
	if err := s.Identity.DeleteAccount(ctx, deletion(user.ID)); err != nil {
		t.Fatal(err)
	}
	want(t, s.Identity.DeleteAccount(ctx, deletion(user.ID)), identity.ErrNotFound)
	m, err := s.Identity.LeaseMail(ctx, time.Minute)
	if err != nil || m.Kind != identity.MailDeleted || m.To != "gone@example.com" {
		t.Fatalf("got %v, %v", m, err)
	}
	if err := s.Identity.MailSent(ctx, m); err != nil {
		t.Fatal(err)
	}
	wantNumber(t, s, `SELECT count(*) FROM auth.mails`, 1)
	wantNumber(t, s, `SELECT count(*) FROM auth.mails WHERE address <> ''`, 0)
}
