package storagetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
)

// operator is whoever may use the command line, in tests.
func operator() identity.Actor { return identity.Actor{Name: actor, RequestID: "r1"} }

func testSetup(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	offer := func(again bool) identity.Secret {
		t.Helper()
		code, err := identity.OfferSetup(ctx, s.Identity, again, operator(), clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	wantOpen := func(want bool) {
		t.Helper()
		if got, err := s.Identity.SetupOpen(ctx); err != nil || got != want {
			t.Errorf("got setup open %v, %v, want %v", got, err, want)
		}
	}
	account := func(email string) identity.NewAccount {
		a := newAccount(email, clock.Now())
		a.User.Role = identity.RoleAdmin
		return a
	}

	wantOpen(false)
	want(t, s.Identity.CheckSetup(ctx, identity.NewSecret().Hash()), identity.ErrSetupCode)
	old := offer(false)
	wantOpen(true)
	code := offer(false)
	want(t, s.Identity.CheckSetup(ctx, old.Hash()), identity.ErrSetupCode)
	want(t, s.Identity.CheckSetup(ctx, code.Hash()), nil)
	clock.Add(identity.SetupFor)
	want(t, s.Identity.CheckSetup(ctx, code.Hash()), identity.ErrSetupExpired)
	_, err := s.Identity.SetUp(ctx, code.Hash(), account("late@example.com"))
	want(t, err, identity.ErrSetupExpired)

	code = offer(false)
	createUser(t, s, "taken@example.com", clock.Now())
	_, err = s.Identity.SetUp(ctx, code.Hash(), account("taken@example.com"))
	want(t, err, identity.ErrEmailTaken) // and the link is still good
	outcomes := race(64, func(i int) error {
		_, err := s.Identity.SetUp(ctx, code.Hash(), account(fmt.Sprintf("admin%d@example.com", i)))
		return err
	})
	if outcomes[nil] != 1 || outcomes[identity.ErrSetupCode] != 63 {
		t.Errorf("got %v of 64 tries at one moment, want 1 administrator", outcomes)
	}
	wantNumber(t, s, `SELECT count(*) FROM auth.users WHERE role = 'admin'`, 1)
	wantOpen(false)
	if found, err := s.Identity.HasAdministrator(ctx); err != nil || !found {
		t.Errorf("got %v, %v, want an administrator", found, err)
	}
	_, err = identity.OfferSetup(ctx, s.Identity, false, operator(), clock.Now())
	want(t, err, identity.ErrSetupDone)

	code = offer(true)
	wantOpen(true)
	want(t, s.Identity.PromoteBySetup(ctx, code.Hash(), uuid.New(), identity.Event{Type: "x"}), identity.ErrNotFound)
	person := createUser(t, s, "bob@example.com", clock.Now())
	promote := func() error {
		return s.Identity.PromoteBySetup(ctx, code.Hash(), person.ID, identity.Event{UserID: person.ID, Type: "role_changed"})
	}
	want(t, promote(), nil)
	want(t, promote(), identity.ErrSetupCode)
	if got, err := s.Identity.UserByID(ctx, person.ID); err != nil || !got.Administrates() {
		t.Errorf("got %v, %v, want an administrator", got, err)
	}
	wantNumber(t, s, `SELECT count(*) FROM auth.security_events WHERE event_type = 'recovery_offered'`, 1)
	wantNumber(t, s, `SELECT count(*) FROM auth.security_events WHERE event_type = 'role_changed'`, 1)
}

func testAdministration(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	first, second := createUser(t, s, "first@example.com", clock.Now()), createUser(t, s, "second@example.com", clock.Now())
	console := identity.Admin{Store: s.Identity, By: operator()}
	by := func(u identity.User) identity.Admin {
		return identity.Admin{Store: s.Identity, By: identity.Actor{Admin: u.ID, RequestID: "r2", Device: identity.Device{IPAddress: "192.0.2.1"}}}
	}
	events := func(q identity.EventQuery) []identity.LoggedEvent {
		t.Helper()
		q.Limit = identity.MaxPage
		found, err := s.Identity.Events(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}

	t.Run("only administrators act", func(t *testing.T) {
		want(t, by(first).SetRole(ctx, second.ID, identity.RoleAdmin), identity.ErrNotAdministrator)
		want(t, by(identity.User{}).SetRole(ctx, second.ID, identity.RoleAdmin), identity.ErrNotAdministrator)
		want(t, by(first).SignOutEverywhere(ctx, second.ID), identity.ErrNotAdministrator)
		want(t, console.SetRole(ctx, first.ID, identity.RoleAdmin), nil)
		want(t, by(first).SetRole(ctx, second.ID, identity.RoleAdmin), nil)
		want(t, by(first).SetRole(ctx, uuid.New(), identity.RoleAdmin), identity.ErrNotFound)
		want(t, by(first).SetRole(ctx, second.ID, "owner"), identity.ErrRole)
		got := events(identity.EventQuery{Actor: "admin:" + first.ID.String()})
		if len(got) != 1 || got[0].Type != "role_changed" || got[0].UserID != second.ID || got[0].Metadata["before"] != "user" ||
			got[0].Metadata["after"] != "admin" || got[0].Metadata["requestId"] != "r2" || got[0].Device.IPAddress != "192.0.2.1" {
			t.Errorf("got %+v, want one change of a role with who, whom, before and after", got)
		}
	})
	t.Run("an act that changes nothing", func(t *testing.T) {
		note := func(by identity.Actor) error { return s.Identity.NoteAct(ctx, by, identity.Event{Type: "looked"}) }
		want(t, note(identity.Actor{Admin: uuid.New()}), identity.ErrNotAdministrator)
		want(t, note(by(first).By), nil)
		if got := events(identity.EventQuery{Type: "looked"}); len(got) != 1 || got[0].Metadata["actor"] != by(first).By.String() {
			t.Errorf("got %+v, want one event of the administrator", got)
		}
	})
	t.Run("the last administrator stays", func(t *testing.T) {
		outcomes := race(2, func(i int) error {
			return []identity.Admin{by(first), by(second)}[i].SetDisabled(ctx, []identity.User{second, first}[i].ID, true)
		})
		if outcomes[nil] != 1 {
			t.Errorf("got %v of two who lock each other out, want one to stay", outcomes)
		}
		left, gone := first, second
		if user, err := s.Identity.UserByID(ctx, first.ID); err != nil || !user.Live() {
			left, gone = second, first
		}
		want(t, by(left).SetDisabled(ctx, left.ID, true), identity.ErrLastAdministrator)
		want(t, console.SetRole(ctx, left.ID, identity.RoleUser), identity.ErrLastAdministrator)
		want(t, s.Identity.DeleteAccount(ctx, deletion(left.ID)), identity.ErrLastAdministrator)
		if user, err := s.Identity.UserByID(ctx, left.ID); err != nil || !user.Administrates() {
			t.Errorf("got %+v, %v, want nothing deleted of the last administrator", user, err)
		}
		want(t, by(gone).SetDisabled(ctx, gone.ID, false), identity.ErrNotAdministrator)
		want(t, by(left).SetDisabled(ctx, gone.ID, false), nil)
	})
	t.Run("free roles", func(t *testing.T) {
		want(t, by(first).SetRoles(ctx, second.ID, []string{"a b"}), identity.ErrRole)
		want(t, by(first).SetRoles(ctx, second.ID, make([]string, 51)), identity.ErrRole)
		want(t, by(first).SetRoles(ctx, second.ID, []string{"writer", "editor", "writer"}), nil)
		want(t, by(first).SetRoles(ctx, second.ID, []string{"editor", "writer"}), nil) // changes nothing
		roles, err := s.Identity.Roles(ctx, second.ID)
		if err != nil || !slices.Equal(roles, []string{"editor", "writer"}) {
			t.Errorf("got %v, %v, want each once and in order", roles, err)
		}
		if got := events(identity.EventQuery{Type: "roles_changed"}); len(got) != 1 || got[0].Metadata["after"] != "editor writer" {
			t.Errorf("got %+v, want one event", got)
		}
	})
	t.Run("signed out everywhere", func(t *testing.T) {
		person := createUser(t, s, "carol@example.com", clock.Now())
		saveClient(t, s, "mc_notes", clock.Now())
		app := newFamily(t, s, clock, startSession(t, s, person, clock.Now()), true)
		session := startSession(t, s, person, clock.Now())
		d, err := s.Identity.Dossier(ctx, person.ID)
		if err != nil || d.User.ID != person.ID || len(d.Sessions) != 2 {
			t.Fatalf("got %+v, %v, want two sessions", d, err)
		}
		want(t, by(first).SignOutEverywhere(ctx, person.ID), nil)
		_, _, err = s.Identity.SessionByID(ctx, session.ID)
		want(t, err, identity.ErrNoSession)
		if app.live(t) {
			t.Error("got a grant with offline access still live")
		}
		again := startSession(t, s, person, clock.Now())
		want(t, by(first).SetDisabled(ctx, person.ID, true), nil)
		want(t, by(first).SetDisabled(ctx, person.ID, false), nil)
		_, _, err = s.Identity.SessionByID(ctx, again.ID)
		want(t, err, identity.ErrNoSession)
	})
	t.Run("people are found", func(t *testing.T) {
		for i := range 5 {
			a := newAccount(fmt.Sprintf("grace%d@example.com", i), clock.Now())
			if a.User.Name = "Müller " + string(rune('A'+i)); i == 4 {
				a.User.Name = "Ärger"
			}
			if _, err := s.Identity.CreateAccount(ctx, a); err != nil {
				t.Fatal(err)
			}
		}
		for prefix, n := range map[string]int{"grace": 5, "grace3@example.com": 1, "müller": 4, "ärger": 1, "müller c": 1, "race": 0, "g%": 0, "ada": 3} {
			found, err := s.Identity.SearchPeople(ctx, identity.PeopleQuery{Prefix: prefix, Limit: 100})
			if err != nil || len(found) != n {
				t.Errorf("%q: got %d people, %v, want %d", prefix, len(found), err, n)
			}
		}
		for _, odd := range []string{"a\x00", "\xff"} {
			if found, err := s.Identity.SearchPeople(ctx, identity.PeopleQuery{Prefix: odd + "~", Limit: 1}); err != nil || len(found) > 0 {
				t.Errorf("%q: got %d people, %v, want none", odd, len(found), err)
			}
			if found, err := s.Identity.Events(ctx, identity.EventQuery{Type: odd, Actor: odd, Limit: 1}); err != nil || len(found) > 0 {
				t.Errorf("%q: got %d events, %v, want none", odd, len(found), err)
			}
		}
		var all []uuid.UUID
		for before := uuid.Nil; ; {
			page, err := s.Identity.SearchPeople(ctx, identity.PeopleQuery{Before: before, Limit: 3})
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range page {
				all = append(all, u.ID)
			}
			if len(page) < 3 {
				break
			}
			before = page[2].ID
		}
		if len(all) != 8 || !slices.IsSortedFunc(all, func(a, b uuid.UUID) int { return -slices.Compare(a[:], b[:]) }) {
			t.Errorf("got %v, want all 8 people once, the youngest first", all)
		}
	})
	t.Run("events by page and time", func(t *testing.T) {
		all := events(identity.EventQuery{})
		var paged []identity.LoggedEvent
		q := identity.EventQuery{Limit: 4}
		for {
			page, err := s.Identity.Events(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			paged = append(paged, page...)
			if len(page) < 4 {
				break
			}
			q.BeforeAt, q.BeforeID = page[3].At, page[3].ID
		}
		same := func(a, b identity.LoggedEvent) bool { return a.ID == b.ID }
		if !slices.EqualFunc(all, paged, same) || len(all) < 10 {
			t.Errorf("got %d events in pages, want the same %d", len(paged), len(all))
		}
		later := clock.Now().Add(time.Hour)
		if got := events(identity.EventQuery{Since: later}); len(got) != 0 {
			t.Errorf("got %v, want none", got)
		}
		if got := events(identity.EventQuery{Until: later, UserID: second.ID, Type: "register"}); len(got) != 1 {
			t.Errorf("got %v, want the registration", got)
		}
	})
}

// testGiven: credits are given on the word of somebody who is an administrator then, beside commands of others on the
// same wallet.
func testGiven(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	admin, user := createUser(t, s, "admin@example.com", clock.Now()), createUser(t, s, "user@example.com", clock.Now())
	want(t, identity.Admin{Store: s.Identity, By: operator()}.SetRole(t.Context(), admin.ID, identity.RoleAdmin), nil)
	credits := ledger.New(ledger.Config{Store: s.Ledger})
	give := func(who uuid.UUID, key string) error {
		_, err := credits.Adjust(t.Context(), ledger.Adjustment{
			UserID: user.ID, Amount: ledger.Credit, Reason: "thanks", IdempotencyKey: key, Actor: "admin:" + who.String(), Admin: who,
		})
		return err
	}
	outcomes := race(30, func(i int) error {
		return give([]uuid.UUID{admin.ID, user.ID, uuid.Nil}[i%3], fmt.Sprintf("k%d", i))
	})
	if outcomes[nil] != 20 || outcomes[identity.ErrNotAdministrator] != 10 {
		t.Errorf("got %v, want the administrator's and the command line's alone", outcomes)
	}
	balance, err := credits.Peek(t.Context(), user.ID)
	if err != nil || balance.Free != bonus+20*ledger.Credit {
		t.Errorf("got %v, %v, want 20 more", balance.Free, err)
	}
}
