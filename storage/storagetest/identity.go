package storagetest

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/provider/identity"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

func testAccounts(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()

	t.Run("all of a person or nothing", func(t *testing.T) {
		user := createUser(t, s, "ada@example.com", clock.Now())
		credential, err := s.Identity.Credential(ctx, "ada@example.com")
		if err != nil || credential.User.ID != user.ID || credential.PasswordHash != "hash" {
			t.Errorf("got %v, %v", credential, err)
		}
		state, _, err := s.Ledger.Wallet(ctx, user.ID)
		if err != nil || state.Wallet.Free != bonus {
			t.Errorf("got wallet %v, %v, want free %v", state.Wallet, err, bonus)
		}
		_, err = s.Identity.CreateAccount(ctx, newAccount("ada@example.com", clock.Now()))
		want(t, err, identity.ErrEmailTaken)
	})
	t.Run("64 parallel registrations of one address have one winner", func(t *testing.T) {
		outcomes := race(64, func(int) error {
			_, err := s.Identity.CreateAccount(ctx, newAccount("race@example.com", clock.Now()))
			return err
		})
		if outcomes[nil] != 1 || outcomes[identity.ErrEmailTaken] != 63 {
			t.Errorf("got %v, want 1 success and 63 taken", outcomes)
		}
	})
	t.Run("a mailbox has one bonus", func(t *testing.T) {
		a := newAccount("bob@example.com", clock.Now())
		b := newAccount("bob+2@example.com", clock.Now())
		b.BonusClaim = a.BonusClaim
		for _, account := range []identity.NewAccount{a, b} {
			if _, err := s.Identity.CreateAccount(ctx, account); err != nil {
				t.Fatal(err)
			}
		}
		state, _, err := s.Ledger.Wallet(ctx, b.User.ID)
		if err != nil || state.Wallet.Free != 0 || state.Wallet.Seq != 0 {
			t.Errorf("got wallet %v, %v, want no bonus and no row", state.Wallet, err)
		}
	})
	t.Run("a bonus of 0 gives no row", func(t *testing.T) {
		a := newAccount("zero@example.com", clock.Now())
		a.Opening.Bonus = 0
		if _, err := s.Identity.CreateAccount(ctx, a); err != nil {
			t.Fatal(err)
		}
		history, err := s.Ledger.History(ctx, a.User.ID, 10, 0)
		if err != nil || len(history) != 0 {
			t.Errorf("got %v, %v, want an empty history", history, err)
		}
	})
	t.Run("unknown people", func(t *testing.T) {
		_, err := s.Identity.Credential(ctx, "nobody@example.com")
		want(t, err, identity.ErrNotFound)
		_, err = s.Identity.UserByID(ctx, uuid.New())
		want(t, err, identity.ErrNotFound)
	})
	t.Run("security events are append-only", func(t *testing.T) {
		wantRefusal(t, s, `UPDATE auth.security_events SET event_type = 'x'`, "security_events_append_only", denied)
		wantRefusal(t, s, `DELETE FROM auth.security_events`, "security_events_append_only", denied)
		wantRefusal(t, s, s.Replace("auth.security_events", "id"), "security_events_append_only", denied)
	})
}

func testSessions(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	user := createUser(t, s, "ada@example.com", clock.Now())
	logout := identity.Event{UserID: user.ID, Type: "logout"}

	t.Run("found by cookie and by id until it ends", func(t *testing.T) {
		session := startSession(t, s, user, clock.Now())
		found, who, err := s.Identity.SessionByCookie(ctx, session.CookieHash)
		if err != nil || found.ID != session.ID || who.ID != user.ID || found.AMR[0] != "pwd" {
			t.Errorf("got %v, %v, %v", found, who, err)
		}
		for range 2 { // ending twice is harmless
			if err := s.Identity.EndSession(ctx, session.ID, "logout", logout); err != nil {
				t.Error(err)
			}
		}
		_, _, err = s.Identity.SessionByCookie(ctx, session.CookieHash)
		want(t, err, identity.ErrNoSession)
		_, _, err = s.Identity.SessionByID(ctx, session.ID)
		want(t, err, identity.ErrNoSession)
	})
	t.Run("nothing that a browser says of itself keeps a person out", func(t *testing.T) {
		odd := newSession(user, clock.Now())
		odd.UserAgent = "a\x00b\xff"
		device := identity.Device{UserAgent: odd.UserAgent}
		if _, err := s.Identity.StartSession(ctx, odd, nil, identity.Event{UserID: user.ID, Type: "login_success", Device: device}); err != nil {
			t.Error(err)
		}
		if _, _, err := s.Identity.SessionByID(ctx, odd.ID); err != nil {
			t.Error(err)
		}
	})
	t.Run("a new sign-in renews the session of the same person", func(t *testing.T) {
		old := startSession(t, s, user, clock.Now())
		clock.Add(time.Minute)
		fresh := newSession(user, clock.Now())
		started, err := s.Identity.StartSession(ctx, fresh, old.CookieHash, identity.Event{Type: "login_success"})
		if err != nil || started.ID != old.ID || !started.AuthTime.After(old.AuthTime) {
			t.Errorf("got %v, %v, want session %s proven later", started, err, old.ID)
		}
		_, _, err = s.Identity.SessionByCookie(ctx, old.CookieHash)
		want(t, err, identity.ErrNoSession)
		found, _, err := s.Identity.SessionByCookie(ctx, fresh.CookieHash)
		if err != nil || found.ID != old.ID || !found.AuthTime.Equal(fresh.AuthTime) {
			t.Errorf("got %v, %v, want the renewed session", found, err)
		}
	})
	t.Run("a sign-in of somebody else ends the session it replaces", func(t *testing.T) {
		old := startSession(t, s, user, clock.Now())
		other := createUser(t, s, "eve@example.com", clock.Now())
		started, err := s.Identity.StartSession(ctx, newSession(other, clock.Now()), old.CookieHash, identity.Event{})
		if err != nil || started.ID == old.ID {
			t.Errorf("got %v, %v, want a session of its own", started, err)
		}
		_, _, err = s.Identity.SessionByID(ctx, old.ID)
		want(t, err, identity.ErrNoSession)
	})
	t.Run("idle and absolute end", func(t *testing.T) {
		idle, used := startSession(t, s, user, clock.Now()), startSession(t, s, user, clock.Now())
		clock.Add(23 * time.Hour)
		if _, _, err := s.Identity.SessionByCookie(ctx, used.CookieHash); err != nil { // moves the activity
			t.Fatal(err)
		}
		clock.Add(time.Hour)
		_, _, err := s.Identity.SessionByID(ctx, idle.ID)
		want(t, err, identity.ErrNoSession)
		clock.Add(22 * time.Hour)
		if _, _, err := s.Identity.SessionByID(ctx, used.ID); err != nil {
			t.Errorf("got %v, want a session that was used 23 hours ago", err)
		}
		clock.Add(2 * time.Hour)
		_, _, err = s.Identity.SessionByID(ctx, used.ID)
		want(t, err, identity.ErrNoSession)
	})
	t.Run("nobody signs in to a disabled account", func(t *testing.T) {
		other := createUser(t, s, "off@example.com", clock.Now())
		live := startSession(t, s, other, clock.Now())
		if err := s.Exec(ctx, `UPDATE auth.users SET disabled_at = created_at WHERE email = 'off@example.com'`); err != nil {
			t.Fatal(err)
		}
		_, err := s.Identity.StartSession(ctx, newSession(other, clock.Now()), nil, identity.Event{})
		want(t, err, identity.ErrCredentials)
		_, _, err = s.Identity.SessionByID(ctx, live.ID)
		want(t, err, identity.ErrNoSession)
	})
	t.Run("old sessions are deleted after the retention", func(t *testing.T) {
		startSession(t, s, user, clock.Now())
		clock.Add(72 * time.Hour)
		if n, err := s.Clean(ctx, 365*24*time.Hour); err != nil || n != 0 {
			t.Errorf("got %d, %v, want nothing deleted", n, err)
		}
		clock.Add(365 * 24 * time.Hour)
		if n, err := s.Clean(ctx, 365*24*time.Hour); err != nil || n == 0 {
			t.Errorf("got %d, %v, want sessions deleted", n, err)
		}
	})
	t.Run("a session that ended by its age stays dead", func(t *testing.T) {
		for name, age := range map[string]time.Duration{"idle": 25 * time.Hour, "absolute": 400 * 24 * time.Hour} {
			old := startSession(t, s, user, clock.Now())
			clock.Add(age)
			started, err := s.Identity.StartSession(ctx, newSession(user, clock.Now()), old.CookieHash, identity.Event{})
			if err != nil || started.ID == old.ID {
				t.Errorf("%s: got %v, %v, want a session of its own", name, started, err)
			}
			_, _, err = s.Identity.SessionByID(ctx, old.ID)
			want(t, err, identity.ErrNoSession)
		}
	})
}

func testProfiles(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	user := createUser(t, s, "ada@example.com", clock.Now())
	revise := func(u *identity.User) error {
		u.Name, u.AvatarURL, u.EmailVerified = "Ada Lovelace", "https://a.example/ada.png", true
		u.Profile = identity.Profile{
			GivenName: "Ada", Birthdate: "1815-12-10", PhoneNumber: "+44 20 7946 0000", PhoneNumberVerified: true,
			Address: &identity.Address{Locality: "London", Country: "GB"},
		}
		return nil
	}
	clock.Add(time.Hour)
	revised, err := s.Identity.ReviseProfile(t.Context(), user.ID, revise)
	if err != nil {
		t.Fatal(err)
	}
	_ = revise(&user)
	user.UpdatedAt = clock.Now()
	if got, err := s.Identity.UserByID(t.Context(), user.ID); err != nil || !reflect.DeepEqual(got, user) || !reflect.DeepEqual(got, revised) {
		t.Errorf("got %+v and %+v, %v, want %+v", revised, got, err, user)
	}
	refused := errors.New("refused")
	_, err = s.Identity.ReviseProfile(t.Context(), user.ID, func(u *identity.User) error {
		if !reflect.DeepEqual(*u, user) {
			t.Errorf("got %+v to revise, want %+v", *u, user)
		}
		u.Name = "Charles"
		return refused
	})
	want(t, err, refused)
	if got, err := s.Identity.UserByID(t.Context(), user.ID); err != nil || got.Name != user.Name {
		t.Errorf("got %q, %v after a refusal, want the name as before", got.Name, err)
	}
	_, err = s.Identity.ReviseProfile(t.Context(), uuid.New(), revise)
	want(t, err, identity.ErrNotFound)
}

func testAttempts(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	limits := []identity.AttemptLimit{{Max: 5, Window: 15 * time.Minute}, {Max: 7, Window: 24 * time.Hour}}
	key := make([]byte, 32)
	take := func(t *testing.T) identity.Attempt {
		t.Helper()
		attempt, err := s.Identity.TakeAttempt(ctx, key, limits)
		if err != nil {
			t.Fatal(err)
		}
		return attempt
	}
	fail := func(t *testing.T) {
		t.Helper()
		if err := s.Identity.FailAttempt(ctx, take(t).ID, limits, identity.Event{Type: "login_failure"}); err != nil {
			t.Fatal(err)
		}
	}
	returned := take(t)
	if err := s.Identity.ReturnAttempt(ctx, returned.ID); err != nil {
		t.Fatal(err)
	}
	locked := `SELECT count(*) FROM auth.security_events WHERE event_type = 'account_locked'`
	for range 5 {
		wantNumber(t, s, locked, 0)
		fail(t)
	}
	wantNumber(t, s, locked, 1)
	if got := take(t); got.ID != uuid.Nil || got.Pending || got.RetryAfter != 15*time.Minute {
		t.Errorf("got %v, want a refusal for 15 minutes", got)
	}
	clock.Add(15 * time.Minute)
	fail(t)
	fail(t)
	wantNumber(t, s, locked, 2)
	if got := take(t); got.ID != uuid.Nil || got.RetryAfter < 23*time.Hour {
		t.Errorf("got %v, want a refusal by the limit of the day", got)
	}
	clock.Add(24 * time.Hour)
	outcomes := make(chan bool, 64)
	race(64, func(int) error {
		attempt, err := s.Identity.TakeAttempt(ctx, key, limits)
		outcomes <- attempt.ID != uuid.Nil
		return err
	})
	taken := 0
	for range 64 {
		if <-outcomes {
			taken++
		}
	}
	if taken != 5 {
		t.Errorf("got %d of 64 parallel attempts, want 5", taken)
	}
	if got := take(t); !got.Pending {
		t.Errorf("got %v, want places held by attempts that still run", got)
	}
}
