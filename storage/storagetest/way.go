package storagetest

import (
	"testing"

	"mana/provider/identity"
)

// testWays: administrators take ways in, and nobody is left without one; everybody is told.
func testWays(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	root, user := createUser(t, s, "root@example.com", clock.Now()), createUser(t, s, "ada@example.com", clock.Now())
	want(t, identity.Admin{Store: s.Identity, By: operator()}.SetRole(ctx, root.ID, identity.RoleAdmin), nil)
	admin, nobody := identity.Actor{Admin: root.ID}, identity.Actor{Admin: user.ID}
	withFactor(t, s, user, clock.Now())
	session := startSession(t, s, user, clock.Now())
	want(t, s.Identity.AddPasskey(ctx, changeIn(session, "added"), newPasskey(user, "key", 0, clock.Now()), 9), nil)
	if err := s.Exec(ctx, `UPDATE auth.users SET email_verified = true WHERE email = 'ada@example.com'`); err != nil {
		t.Fatal(err)
	}
	want(t, s.Identity.LinkProven(ctx, user.Email, linked(user, "acme", "1", clock), identity.Event{UserID: user.ID, Type: "linked"}), nil)
	if err := s.Exec(ctx, `DELETE FROM auth.mails`); err != nil {
		t.Fatal(err)
	}
	event := func(kind string) identity.Event { return identity.Event{UserID: user.ID, Type: kind} }
	for _, way := range []struct {
		kind string
		take func(by identity.Actor, e identity.Event) error
	}{
		{"two_factor_disabled", func(by identity.Actor, e identity.Event) error { return s.Identity.TakeApp(ctx, by, e) }},
		{"passkey_deleted", func(by identity.Actor, e identity.Event) error {
			return s.Identity.TakePasskey(ctx, by, []byte("key"), e)
		}},
		{"account_unlinked", func(by identity.Actor, e identity.Event) error { return s.Identity.TakeAccount(ctx, by, "acme", e) }},
	} {
		session := startSession(t, s, user, clock.Now())
		want(t, way.take(nobody, event(way.kind)), identity.ErrNotAdministrator)
		want(t, way.take(admin, identity.Event{UserID: root.ID, Type: way.kind}), identity.ErrNotFound)
		_, _, err := s.Identity.SessionByID(ctx, session.ID)
		want(t, err, nil)
		want(t, way.take(admin, event(way.kind)), nil)
		_, _, err = s.Identity.SessionByID(ctx, session.ID)
		want(t, err, identity.ErrNoSession)
		want(t, way.take(admin, event(way.kind)), identity.ErrNotFound)
		found, err := s.Identity.Events(ctx, identity.EventQuery{Type: way.kind, Actor: admin.String(), Limit: 9})
		if err != nil || len(found) != 1 || found[0].UserID != user.ID {
			t.Errorf("%s: got %v, %v, want one event", way.kind, found, err)
		}
	}
	if got := kinds(t, s, user.Email); len(got) != 3 {
		t.Errorf("got the mails %v, want one of each", got)
	}
	if got, err := s.Identity.UserByID(ctx, user.ID); err != nil || got.SecondFactor || got.HasPasskey {
		t.Errorf("got %+v, %v, want no factor left", got, err)
	}

	session = startSession(t, s, user, clock.Now())
	want(t, s.Identity.AddPasskey(ctx, changeIn(session, "added"), newPasskey(user, "last", 0, clock.Now()), 9), nil)
	if err := s.Exec(ctx, `DELETE FROM auth.passwords WHERE user_id = '`+user.ID.String()+`'`); err != nil {
		t.Fatal(err)
	}
	want(t, s.Identity.TakePasskey(ctx, admin, []byte("last"), event("passkey_deleted")), identity.ErrLastWay)
	if got, err := s.Identity.Passkeys(ctx, user.ID); err != nil || len(got) != 1 {
		t.Errorf("got %v, %v, want the last way in kept", got, err)
	}
}
