package storagetest

import (
	"slices"
	"testing"
	"time"

	"mana/provider"
	"mana/provider/identity"
)

// testEndings changes what answers about access tokens rest on, and finds each change from the mark before it.
func testEndings(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	saveClient(t, s, "mc_notes", clock.Now())
	user := createUser(t, s, "ada@example.com", clock.Now())
	other := createUser(t, s, "eve@example.com", clock.Now())
	startSession(t, s, other, clock.Now())
	since := func(t *testing.T, mark int64) provider.Endings {
		t.Helper()
		e, err := s.Endings(ctx, mark)
		if err != nil || e.Mark < mark {
			t.Fatalf("got %+v, %v from %d", e, err, mark)
		}
		return e
	}
	quiet := func(t *testing.T) int64 { // transactions of others may hold the mark back
		t.Helper()
		mark := since(t, -1).Mark
		for late := time.Now().Add(10 * time.Second); ; {
			e := since(t, mark)
			if mark = e.Mark; len(e.Subjects) == 0 {
				return mark
			}
			if time.Now().After(late) {
				t.Fatalf("got %+v, want none", e)
			}
		}
	}
	session := startSession(t, s, user, clock.Now())
	grants := make([]provider.Grant, 2)
	for i := range grants {
		_, grants[i] = issueCode(t, s, session, clock.Now())
	}
	for _, c := range []struct {
		what, subject string
		change        func() error
	}{
		{"a person", user.ID.String(), func() error {
			return s.Exec(ctx, `UPDATE auth.users SET name = 'Ada L.' WHERE id = '`+user.ID.String()+`'`)
		}},
		{"a role", user.ID.String(), func() error {
			return s.Exec(ctx, `INSERT INTO auth.roles (user_id, role) VALUES ('`+user.ID.String()+`', 'editor')`)
		}},
		{"a role that is gone", user.ID.String(), func() error { return s.Exec(ctx, `DELETE FROM auth.roles`) }},
		{"an access token", "jti-1", func() error { return s.Provider.RevokeToken(ctx, "jti-1", clock.Now().Add(time.Hour)) }},
		{"an app", user.ID.String(), func() error {
			return s.Provider.Disconnect(ctx, user.ID, "mc_notes", identity.Event{UserID: user.ID, Type: "app_disconnected"})
		}},
		{"a session that is gone", user.ID.String(), func() error {
			return s.Exec(ctx, `DELETE FROM auth.sessions WHERE user_id = '`+user.ID.String()+`'`)
		}},
	} {
		mark := quiet(t)
		if err := c.change(); err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		got := since(t, mark)
		if got.Lost || !slices.Contains(got.Subjects, c.subject) || slices.Contains(got.Subjects, other.ID.String()) {
			t.Errorf("%s: got %+v, want %s", c.what, got, c.subject)
		}
	}
	if got := since(t, -1); got.Lost || len(got.Subjects) > 0 {
		t.Errorf("got %+v, want the mark alone", got)
	}
	if got, err := s.Endings(ctx, quiet(t)+1_000_000_000); err != nil || !got.Lost {
		t.Errorf("got %+v, %v from a mark of another database, want it lost", got, err)
	}
	testManyEndings(t, s, user)
}

// testManyEndings makes more than are told, and more than are kept.
func testManyEndings(t *testing.T, s Store, user identity.User) {
	ctx := t.Context()
	first, err := s.Endings(ctx, -1)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Exec(ctx, `INSERT INTO auth.endings (subject) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10100)
		SELECT '`+user.ID.String()+`' FROM n`)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Endings(ctx, first.Mark); err != nil || !got.Lost || len(got.Subjects) > 0 {
		t.Errorf("got %v, %v of too many, want them lost", got, err)
	}
	if _, err := s.Clean(ctx, time.Hour); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Number(ctx, `SELECT count(*) FROM auth.endings`); err != nil || n < 10000 || n > 10000 {
		t.Errorf("got %d, %v, want the newest kept", n, err)
	}
}
