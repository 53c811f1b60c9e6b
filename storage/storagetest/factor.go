package storagetest

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"mana/provider/identity"
)

// recoveryHashes are as many hashes of recovery codes.
func recoveryHashes(of string, n int) [][]byte {
	hashes := make([][]byte, n)
	for i := range hashes {
		sum := sha256.Sum256([]byte(of + string(rune('a'+i))))
		hashes[i] = sum[:]
	}
	return hashes
}

// changeIn is a change of factors in a session, which gets a new cookie.
func changeIn(session identity.Session, event string) identity.FactorChange {
	return identity.FactorChange{
		UserID: session.UserID, SessionID: session.ID, CookieHash: identity.NewSecret().Hash(),
		AMR: []string{"pwd", "otp", "mfa"}, Event: identity.Event{UserID: session.UserID, Type: event},
	}
}

// withFactor gives a person an authenticator app and two recovery codes.
func withFactor(t *testing.T, s Store, user identity.User, now time.Time) identity.Session {
	t.Helper()
	session := startSession(t, s, user, now)
	if err := s.Identity.OfferTOTP(t.Context(), user.ID, session.ID, []byte("sealed")); err != nil {
		t.Fatal(err)
	}
	if err := s.Identity.EnableTOTP(t.Context(), changeIn(session, "two_factor_enabled"), 100, recoveryHashes(string(user.Email), 2)); err != nil {
		t.Fatal(err)
	}
	return session
}

// beginSignIn lets a sign-in wait for ten minutes.
func beginSignIn(t *testing.T, s Store, user identity.User, now time.Time) identity.WaitingSignIn {
	t.Helper()
	w := identity.WaitingSignIn{
		Hash: identity.NewSecret().Hash(), UserID: user.ID, AuthTime: now.Truncate(time.Second), AMR: []string{"pwd"},
		Remember: true, CreatedAt: now, ExpiresAt: now.Add(10 * time.Minute),
	}
	if err := s.Identity.BeginSignIn(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	return w
}

func finishing(w identity.WaitingSignIn, user identity.User, now time.Time, proof identity.FactorProof) identity.FinishedSignIn {
	session := newSession(user, now)
	session.AMR = []string{"pwd", "otp", "mfa"}
	return identity.FinishedSignIn{
		Hash: w.Hash, Proof: proof, Session: session, Event: identity.Event{UserID: user.ID, Type: "login_success"},
	}
}

func testFactors(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()

	t.Run("on only after a code, and off again", func(t *testing.T) {
		user := createUser(t, s, "ada@example.com", clock.Now())
		session, other := startSession(t, s, user, clock.Now()), startSession(t, s, user, clock.Now())
		want(t, s.Identity.EnableTOTP(ctx, changeIn(session, "two_factor_enabled"), 1, nil), identity.ErrNotFound)
		for _, secret := range []string{"first", "second"} { // another offer replaces the first
			if err := s.Identity.OfferTOTP(ctx, user.ID, session.ID, []byte(secret)); err != nil {
				t.Fatal(err)
			}
		}
		factor, err := s.Identity.TwoFactor(ctx, user.ID)
		if err != nil || string(factor.Secret) != "second" || !factor.EnabledAt.IsZero() {
			t.Errorf("got %v, %v, want an offer", factor, err)
		}
		want(t, s.Identity.RenewRecoveryCodes(ctx, changeIn(session, "x"), recoveryHashes("x", 2)), identity.ErrNotFound)
		change := changeIn(session, "two_factor_enabled")
		if err := s.Identity.EnableTOTP(ctx, change, 100, recoveryHashes("ada", 10)); err != nil {
			t.Fatal(err)
		}
		found, who, err := s.Identity.SessionByCookie(ctx, change.CookieHash)
		if err != nil || found.ID != session.ID || !found.Strong() || !who.SecondFactor {
			t.Errorf("got %v of %v, %v, want the same session with two factors", found, who, err)
		}
		for _, ended := range [][]byte{session.CookieHash, other.CookieHash} {
			_, _, err := s.Identity.SessionByCookie(ctx, ended)
			want(t, err, identity.ErrNoSession)
		}
		factor, err = s.Identity.TwoFactor(ctx, user.ID)
		if err != nil || !factor.EnabledAt.Equal(clock.Now()) || factor.LastStep != 100 || factor.RecoveryLeft != 10 {
			t.Errorf("got %v, %v", factor, err)
		}
		want(t, s.Identity.OfferTOTP(ctx, user.ID, session.ID, []byte("third")), identity.ErrFactorSet)
		if err := s.Identity.RenewRecoveryCodes(ctx, changeIn(session, "x"), recoveryHashes("new", 3)); err != nil {
			t.Error(err)
		}
		waiting := beginSignIn(t, s, user, clock.Now())
		if err := s.Identity.RemoveTOTP(ctx, changeIn(session, "two_factor_disabled")); err != nil {
			t.Fatal(err)
		}
		want(t, s.Identity.RemoveTOTP(ctx, changeIn(session, "two_factor_disabled")), identity.ErrNotFound)
		_, _, err = s.Identity.SignIn(ctx, waiting.Hash)
		want(t, err, identity.ErrNoSignIn)
		factor, err = s.Identity.TwoFactor(ctx, user.ID)
		if user, userErr := s.Identity.UserByID(ctx, user.ID); err != nil || factor.Secret != nil || userErr != nil || user.SecondFactor {
			t.Errorf("got %v, %v and %v, %v, want nothing", factor, err, user, userErr)
		}
		wantNumber(t, s, `SELECT count(*) FROM auth.recovery_codes`, 0)
		wantNumber(t, s, `SELECT count(*) FROM auth.security_events WHERE event_type LIKE 'two_factor_%'`, 2)
	})
	t.Run("goes with a reset on an address that was never proven, and stays on a proven one", func(t *testing.T) {
		for _, proven := range []bool{false, true} {
			user := createUser(t, s, "reset@example.com", clock.Now())
			revised, err := s.Identity.ReviseProfile(ctx, user.ID, func(u *identity.User) error { u.EmailVerified = proven; return nil })
			if err != nil || revised.EmailVerified != proven {
				t.Fatal(err)
			}
			withFactor(t, s, user, clock.Now())
			waiting := beginSignIn(t, s, user, clock.Now())
			hash := request(t, s, "reset@example.com", identity.MailReset, clock.Now())
			if _, err := s.Identity.ResetPassword(ctx, newReset(hash, "reset@example.com", clock.Now())); err != nil {
				t.Fatal(err)
			}
			_, _, err = s.Identity.SignIn(ctx, waiting.Hash)
			want(t, err, identity.ErrNoSignIn)
			factor, err := s.Identity.TwoFactor(ctx, user.ID)
			after, userErr := s.Identity.UserByID(ctx, user.ID)
			if err != nil || userErr != nil || after.SecondFactor != proven || (factor.Secret != nil) != proven || (factor.RecoveryLeft > 0) != proven {
				t.Errorf("proven %v: got %v, %v and %v, %v", proven, factor, err, after, userErr)
			}
			if err := s.Identity.DeleteAccount(ctx, deletion(user.ID)); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("goes with its person", func(t *testing.T) {
		user := createUser(t, s, "gone@example.com", clock.Now())
		withFactor(t, s, user, clock.Now())
		beginSignIn(t, s, user, clock.Now())
		if err := s.Identity.DeleteAccount(ctx, deletion(user.ID)); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"two_factor_auth", "recovery_codes", "sign_ins"} {
			wantNumber(t, s, `SELECT count(*) FROM auth.`+table, 0)
		}
		wantNumber(t, s, `SELECT count(*) FROM auth.users WHERE second_factor`, 0)
	})
	t.Run("nothing changes in a session that has ended, or of somebody else", func(t *testing.T) {
		user, eve := createUser(t, s, "bob@example.com", clock.Now()), createUser(t, s, "eve@example.com", clock.Now())
		if err := s.Identity.OfferTOTP(ctx, user.ID, startSession(t, s, user, clock.Now()).ID, []byte("sealed")); err != nil {
			t.Fatal(err)
		}
		foreign := changeIn(startSession(t, s, eve, clock.Now()), "two_factor_enabled")
		foreign.UserID = user.ID
		want(t, s.Identity.EnableTOTP(ctx, foreign, 1, nil), identity.ErrNoSession)
		ended := startSession(t, s, user, clock.Now())
		if err := s.Identity.EndSession(ctx, ended.ID, "logout", identity.Event{UserID: user.ID, Type: "logout"}); err != nil {
			t.Fatal(err)
		}
		want(t, s.Identity.EnableTOTP(ctx, changeIn(ended, "two_factor_enabled"), 1, nil), identity.ErrNoSession)
		want(t, s.Identity.OfferTOTP(ctx, user.ID, ended.ID, []byte("other")), identity.ErrNoSession)
		want(t, s.Identity.OfferTOTP(ctx, user.ID, foreign.SessionID, []byte("other")), identity.ErrNoSession)
		want(t, s.Identity.RenewRecoveryCodes(ctx, changeIn(ended, "x"), recoveryHashes("x", 2)), identity.ErrNoSession)
		if factor, err := s.Identity.TwoFactor(ctx, user.ID); err != nil || !factor.EnabledAt.IsZero() || string(factor.Secret) != "sealed" || factor.RecoveryLeft > 0 {
			t.Errorf("got %v, %v, want the offer only", factor, err)
		}
	})
}

func testSignIns(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	user := createUser(t, s, "ada@example.com", clock.Now())
	first := withFactor(t, s, user, clock.Now())
	step := func(n int64) identity.FactorProof { return identity.FactorProof{Step: n} }

	t.Run("waits ten minutes for its person", func(t *testing.T) {
		w := beginSignIn(t, s, user, clock.Now())
		found, who, err := s.Identity.SignIn(ctx, w.Hash)
		if err != nil || who.ID != user.ID || !who.SecondFactor || !found.Remember || !found.AuthTime.Equal(w.AuthTime) || found.AMR[0] != "pwd" {
			t.Errorf("got %v of %v, %v", found, who, err)
		}
		_, _, err = s.Identity.SignIn(ctx, identity.NewSecret().Hash())
		want(t, err, identity.ErrNoSignIn)
		clock.Add(10 * time.Minute)
		_, _, err = s.Identity.SignIn(ctx, w.Hash)
		want(t, err, identity.ErrNoSignIn)
		_, err = s.Identity.FinishSignIn(ctx, finishing(w, user, clock.Now(), step(101)))
		want(t, err, identity.ErrNoSignIn)
	})
	t.Run("no step works twice, nor an earlier one", func(t *testing.T) {
		w := beginSignIn(t, s, user, clock.Now())
		_, err := s.Identity.FinishSignIn(ctx, finishing(w, user, clock.Now(), step(100)))
		want(t, err, identity.ErrCodeUsed)
		finished, err := s.Identity.FinishSignIn(ctx, finishing(w, user, clock.Now(), step(102))) // a refusal left it waiting
		if err != nil || finished.Session.UserID != user.ID {
			t.Fatalf("got %v, %v", finished, err)
		}
		_, err = s.Identity.FinishSignIn(ctx, finishing(w, user, clock.Now(), step(103)))
		want(t, err, identity.ErrNoSignIn)
		_, err = s.Identity.FinishSignIn(ctx, finishing(beginSignIn(t, s, user, clock.Now()), user, clock.Now(), step(101)))
		want(t, err, identity.ErrCodeUsed)
	})
	t.Run("64 at once with one code, and 64 for one sign-in, have one winner", func(t *testing.T) {
		waiting := make([]identity.WaitingSignIn, 64)
		for i := range waiting {
			waiting[i] = beginSignIn(t, s, user, clock.Now())
		}
		outcomes := race(64, func(i int) error {
			_, err := s.Identity.FinishSignIn(ctx, finishing(waiting[i], user, clock.Now(), step(200)))
			return err
		})
		if outcomes[nil] != 1 || outcomes[identity.ErrCodeUsed] != 63 {
			t.Errorf("got %v, want 1 success and 63 used", outcomes)
		}
		one := beginSignIn(t, s, user, clock.Now())
		outcomes = race(64, func(i int) error {
			_, err := s.Identity.FinishSignIn(ctx, finishing(one, user, clock.Now(), step(int64(300+i))))
			return err
		})
		if outcomes[nil] != 1 || outcomes[nil]+outcomes[identity.ErrNoSignIn]+outcomes[identity.ErrCodeUsed] != 64 {
			t.Errorf("got %v, want 1 success", outcomes)
		}
	})
	t.Run("a recovery code works once, for its person", func(t *testing.T) {
		code := recoveryHashes("ada@example.com", 2)[0]
		finish := func(hash []byte, of identity.User) (identity.FinishedSession, error) {
			return s.Identity.FinishSignIn(ctx, finishing(beginSignIn(t, s, of, clock.Now()), of, clock.Now(), identity.FactorProof{RecoveryHash: hash}))
		}
		_, err := finish(recoveryHashes("unknown", 1)[0], user)
		want(t, err, identity.ErrCodeWrong)
		eve := createUser(t, s, "eve@example.com", clock.Now())
		withFactor(t, s, eve, clock.Now())
		_, err = finish(code, eve)
		want(t, err, identity.ErrCodeWrong)
		done, err := finish(code, user)
		if err != nil || done.RecoveryLeft != 1 {
			t.Errorf("got %v, %v, want one code left", done, err)
		}
		_, err = finish(code, user)
		want(t, err, identity.ErrCodeUsed)
		wantNumber(t, s, `SELECT count(*) FROM auth.security_events WHERE event_type = 'recovery_code_used'`, 1)
	})
	t.Run("renews the session that the browser shows", func(t *testing.T) {
		old := startSession(t, s, user, clock.Now())
		f := finishing(beginSignIn(t, s, user, clock.Now()), user, clock.Now(), step(500))
		f.Replaced = old.CookieHash
		done, err := s.Identity.FinishSignIn(ctx, f)
		if err != nil || done.Session.ID != old.ID || done.Session.ID == first.ID {
			t.Errorf("got %v, %v, want session %s", done, err, old.ID)
		}
	})
	t.Run("beside the deletion of its person", func(t *testing.T) {
		for i := range 20 {
			fay := createUser(t, s, fmt.Sprintf("fay%d@example.com", i), clock.Now())
			withFactor(t, s, fay, clock.Now())
			w := beginSignIn(t, s, fay, clock.Now())
			outcomes := race(2, func(n int) error {
				if n == 0 {
					return s.Identity.DeleteAccount(ctx, deletion(fay.ID))
				}
				return second(s.Identity.FinishSignIn(ctx, finishing(w, fay, clock.Now(), step(700))))
			})
			gone := outcomes[identity.ErrNoSignIn]+outcomes[identity.ErrCredentials] == 1
			if outcomes[nil] != 2 && (outcomes[nil] != 1 || !gone) {
				t.Errorf("got %v, want the person deleted, and no fault of the sign-in", outcomes)
			}
			wantNumber(t, s, `SELECT count(*) FROM auth.sessions WHERE revoked_at IS NULL AND user_id = '`+fay.ID.String()+`'`, 0)
		}
	})
	t.Run("nobody is signed in who was disabled meanwhile", func(t *testing.T) {
		w := beginSignIn(t, s, user, clock.Now())
		if err := s.Tamper(ctx, `UPDATE auth.users SET disabled_at = created_at WHERE email = 'ada@example.com'`); err != nil {
			t.Fatal(err)
		}
		_, _, err := s.Identity.SignIn(ctx, w.Hash)
		want(t, err, identity.ErrNoSignIn)
		_, err = s.Identity.FinishSignIn(ctx, finishing(w, user, clock.Now(), step(600)))
		want(t, err, identity.ErrCredentials)
	})
	t.Run("old ones are deleted", func(t *testing.T) {
		clock.Add(48 * time.Hour)
		if _, err := s.Clean(ctx, time.Hour); err != nil {
			t.Fatal(err)
		}
		wantNumber(t, s, `SELECT count(*) FROM auth.sign_ins`, 0)
	})
}
