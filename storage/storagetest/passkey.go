package storagetest

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/provider/identity"
)

func newPasskey(user identity.User, id string, count uint32, now time.Time) identity.Passkey {
	return identity.Passkey{
		ID: []byte(id), UserID: user.ID, Name: "Phone", PublicKey: []byte("key"), SignCount: count, BackupEligible: true,
		Kind: identity.KindDevice, CreatedAt: now,
	}
}

func use(user identity.User, id string, count uint32, now time.Time) identity.PasskeyUse {
	session := newSession(user, now)
	session.AMR = []string{"swk", "user", "mfa"}
	return identity.PasskeyUse{
		ID: []byte(id), Count: count, BackedUp: true, Session: session, Event: identity.Event{UserID: user.ID, Type: "passkey_login_success"},
	}
}

func testPasskeys(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	user, eve := createUser(t, s, "ada@example.com", clock.Now()), createUser(t, s, "eve@example.com", clock.Now())
	add := func(user identity.User, id string, count uint32) error {
		change := changeIn(startSession(t, s, user, clock.Now()), "passkey_registered")
		return s.Identity.AddPasskey(ctx, change, newPasskey(user, id, count, clock.Now()), 2)
	}

	t.Run("a challenge is shown once, in time, by its browser", func(t *testing.T) {
		browser, other := identity.NewSecret().Hash(), identity.NewSecret().Hash()
		for _, person := range []uuid.UUID{uuid.Nil, user.ID} {
			c := identity.Challenge{
				Hash: identity.NewSecret().Hash(), Browser: browser, UserID: person, Session: `{"rpId": "localhost"}`,
				ExpiresAt: clock.Now().Add(5 * time.Minute),
			}
			if err := s.Identity.StoreChallenge(ctx, c); err != nil {
				t.Fatal(err)
			}
			_, err := s.Identity.TakeChallenge(ctx, c.Hash, other)
			want(t, err, identity.ErrPasskey)
			outcomes := race(16, func(int) error {
				got, err := s.Identity.TakeChallenge(ctx, c.Hash, browser)
				if err == nil && (got.UserID != person || got.Session != c.Session || !got.ExpiresAt.Equal(c.ExpiresAt)) {
					t.Errorf("got %+v, want %+v", got, c)
				}
				return err
			})
			if outcomes[nil] != 1 || outcomes[identity.ErrPasskey] != 15 {
				t.Errorf("got %v, want one success", outcomes)
			}
			c.Hash = identity.NewSecret().Hash()
			if err := s.Identity.StoreChallenge(ctx, c); err != nil {
				t.Fatal(err)
			}
			clock.Add(5 * time.Minute)
			_, err = s.Identity.TakeChallenge(ctx, c.Hash, browser)
			want(t, err, identity.ErrPasskey)
		}
		if _, err := s.Clean(ctx, time.Hour); err != nil {
			t.Fatal(err)
		}
		wantNumber(t, s, `SELECT count(*) FROM auth.challenges`, 0)
	})
	t.Run("a credential belongs to one account", func(t *testing.T) {
		if err := add(user, "a", 1); err != nil {
			t.Fatal(err)
		}
		want(t, add(eve, "a", 1), identity.ErrPasskeyTaken)
		clock.Add(time.Second)
		if err := add(user, "b", 0); err != nil {
			t.Fatal(err)
		}
		want(t, add(user, "c", 0), identity.ErrPasskey)
		list, err := s.Identity.Passkeys(ctx, user.ID)
		if err != nil || len(list) != 2 || string(list[0].ID) != "a" || list[0].SignCount != 1 || !list[0].BackupEligible ||
			list[0].Name != "Phone" || list[0].Kind != identity.KindDevice || list[0].BackedUp || string(list[0].PublicKey) != "key" || !list[0].LastUsedAt.IsZero() || !list[1].CreatedAt.Equal(clock.Now()) {
			t.Errorf("got %+v, %v", list, err)
		}
		for person, has := range map[uuid.UUID]bool{user.ID: true, eve.ID: false} {
			if got, err := s.Identity.UserByID(ctx, person); err != nil || got.HasPasskey != has {
				t.Errorf("got %v, %v, want a passkey: %v", got, err, has)
			}
		}
		wantNumber(t, s, `SELECT count(*) FROM auth.security_events WHERE event_type = 'passkey_registered'`, 2)
	})
	t.Run("made in a live session, which gets a new cookie while others end", func(t *testing.T) {
		finn := createUser(t, s, "finn@example.com", clock.Now())
		session, other := startSession(t, s, finn, clock.Now()), startSession(t, s, finn, clock.Now())
		change := changeIn(session, "passkey_registered")
		want(t, s.Identity.AddPasskey(ctx, change, newPasskey(finn, "f", 1, clock.Now()), 2), nil)
		if found, _, err := s.Identity.SessionByCookie(ctx, change.CookieHash); err != nil || found.ID != session.ID {
			t.Errorf("got %v, %v, want the session by its new cookie", found, err)
		}
		for _, ended := range [][]byte{session.CookieHash, other.CookieHash} {
			_, _, err := s.Identity.SessionByCookie(ctx, ended)
			want(t, err, identity.ErrNoSession)
		}
		want(t, s.Identity.AddPasskey(ctx, changeIn(other, "passkey_registered"), newPasskey(finn, "g", 1, clock.Now()), 2), identity.ErrNoSession)
		foreign := changeIn(startSession(t, s, eve, clock.Now()), "passkey_registered")
		foreign.UserID = finn.ID
		want(t, s.Identity.AddPasskey(ctx, foreign, newPasskey(finn, "g", 1, clock.Now()), 2), identity.ErrNoSession)
		if list, err := s.Identity.Passkeys(ctx, finn.ID); err != nil || len(list) != 1 {
			t.Errorf("got %v, %v, want one", list, err)
		}
		want(t, s.Identity.DeleteAccount(ctx, deletion(finn.ID)), nil)
	})
	t.Run("signs in while its counter rises", func(t *testing.T) {
		started, err := s.Identity.UsePasskey(ctx, use(user, "a", 2, clock.Now()))
		if err != nil || !started.Strong() {
			t.Errorf("got %v, %v", started, err)
		}
		for _, count := range []uint32{2, 1, 0} {
			_, err := s.Identity.UsePasskey(ctx, use(user, "a", count, clock.Now()))
			want(t, err, identity.ErrPasskeyCopied)
		}
		for range 2 { // one that never counts
			if _, err := s.Identity.UsePasskey(ctx, use(user, "b", 0, clock.Now())); err != nil {
				t.Error(err)
			}
		}
		_, err = s.Identity.UsePasskey(ctx, use(eve, "a", 9, clock.Now()))
		want(t, err, identity.ErrPasskey)
		wantNumber(t, s, `SELECT count(*) FROM auth.security_events WHERE event_type = 'passkey_copied'`, 3)
		outcomes := race(16, func(int) error {
			_, err := s.Identity.UsePasskey(ctx, use(user, "a", 3, clock.Now()))
			return err
		})
		if outcomes[nil] != 1 || outcomes[nil]+outcomes[identity.ErrPasskey] != 16 {
			t.Errorf("got %v, want one success", outcomes)
		}
	})
	t.Run("says when it was used, and whether it is kept elsewhere", func(t *testing.T) {
		list, err := s.Identity.Passkeys(ctx, user.ID)
		if err != nil || len(list) != 2 || !list[0].BackedUp || !list[0].LastUsedAt.Equal(clock.Now()) {
			t.Errorf("got %+v, %v", list, err)
		}
	})
	t.Run("is named by its person alone", func(t *testing.T) {
		renamed := identity.Event{UserID: user.ID, Type: "passkey_renamed"}
		if err := s.Identity.RenamePasskey(ctx, []byte("a"), "Laptop", renamed); err != nil {
			t.Fatal(err)
		}
		want(t, s.Identity.RenamePasskey(ctx, []byte("unknown"), "Mine", renamed), identity.ErrNotFound)
		want(t, s.Identity.RenamePasskey(ctx, []byte("a"), "Mine", identity.Event{UserID: eve.ID, Type: "passkey_renamed"}), identity.ErrNotFound)
		if list, err := s.Identity.Passkeys(ctx, user.ID); err != nil || list[0].Name != "Laptop" || list[1].Name != "Phone" {
			t.Errorf("got %+v, %v", list, err)
		}
		wantNumber(t, s, `SELECT count(*) FROM auth.security_events WHERE event_type = 'passkey_renamed'`, 1)
	})
	t.Run("removed, but for the last way in", func(t *testing.T) {
		session := startSession(t, s, user, clock.Now())
		other := startSession(t, s, user, clock.Now())
		want(t, s.Identity.RemovePasskey(ctx, changeIn(session, "passkey_deleted"), []byte("unknown")), identity.ErrNotFound)
		change := changeIn(session, "passkey_deleted")
		if err := s.Identity.RemovePasskey(ctx, change, []byte("a")); err != nil {
			t.Fatal(err)
		}
		_, _, err := s.Identity.SessionByID(ctx, other.ID)
		want(t, err, identity.ErrNoSession)
		if err := s.Tamper(ctx, `DELETE FROM auth.passwords`); err != nil {
			t.Fatal(err)
		}
		want(t, s.Identity.RemovePasskey(ctx, changeIn(session, "passkey_deleted"), []byte("b")), identity.ErrLastWay)
		if list, err := s.Identity.Passkeys(ctx, user.ID); err != nil || len(list) != 1 {
			t.Errorf("got %v, %v, want the last one", list, err)
		}
		if err := s.Identity.DeleteAccount(ctx, deletion(user.ID)); err != nil {
			t.Fatal(err)
		}
		wantNumber(t, s, `SELECT count(*) FROM auth.passkeys`, 0)
		wantNumber(t, s, `SELECT count(*) FROM auth.users WHERE has_passkey`, 0)
	})
}
