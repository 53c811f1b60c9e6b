package storagetest

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
)

// testRecords is what a person sees of their own, and ends: never what is somebody else's.
func testRecords(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ada := createUser(t, s, "ada@example.com", clock.Now())
	eve := createUser(t, s, "eve@example.com", clock.Now())
	saveClient(t, s, "mc_notes", clock.Now())
	clock.Add(time.Second)
	old := startSession(t, s, ada, clock.Now())
	clock.Add(time.Minute)
	theirs := startSession(t, s, eve, clock.Now())
	here := startSession(t, s, ada, clock.Now())
	app := newFamily(t, s, clock, old, false)
	t.Run("sessions", func(t *testing.T) { testSessionsOf(t, s, clock, ada, here, old) })
	t.Run("end one", func(t *testing.T) {
		e := identity.Event{UserID: ada.ID, Type: "session_revoked"}
		want(t, s.Identity.EndSessionOf(t.Context(), ada.ID, theirs.ID, "revoked", e), identity.ErrNoSession)
		want(t, s.Identity.EndSessionOf(t.Context(), ada.ID, uuid.New(), "revoked", e), identity.ErrNoSession)
		want(t, s.Identity.EndSessionOf(t.Context(), ada.ID, old.ID, "revoked", e), nil)
		want(t, s.Identity.EndSessionOf(t.Context(), ada.ID, old.ID, "revoked", e), identity.ErrNoSession)
		if app.live(t) {
			t.Error("got a live grant of a session that was ended")
		}
		if _, _, err := s.Identity.SessionByID(t.Context(), theirs.ID); err != nil {
			t.Errorf("got %v for the session of somebody else, want it live", err)
		}
		wantNumber(t, s, `SELECT count(*) FROM auth.security_events WHERE event_type = 'session_revoked'`, 1)
	})
	t.Run("end the others", func(t *testing.T) {
		for range 2 {
			startSession(t, s, ada, clock.Now())
		}
		for _, n := range []int{2, 0} {
			got, err := s.Identity.EndOtherSessions(t.Context(), ada.ID, here.ID, "revoked", identity.Event{UserID: ada.ID, Type: "others"})
			if err != nil || got != n {
				t.Errorf("got %d, %v, want %d ended", got, err, n)
			}
		}
		left, err := s.Identity.SessionsOf(t.Context(), ada.ID, 10)
		if err != nil || len(left) != 1 || left[0].ID != here.ID {
			t.Errorf("got %v, %v, want the one that was kept", left, err)
		}
		wantNumber(t, s, `SELECT count(*) FROM auth.security_events WHERE event_type = 'others'`, 1)
	})
	t.Run("events", func(t *testing.T) { testEventsOf(t, s, ada, eve) })
}

func testSessionsOf(t *testing.T, s Store, clock *Clock, ada identity.User, here, old identity.Session) {
	got, err := s.Identity.SessionsOf(t.Context(), ada.ID, 10)
	if err != nil || len(got) != 2 || got[0].ID != here.ID || got[1].ID != old.ID {
		t.Fatalf("got %v, %v, want both sessions, the latest first", got, err)
	}
	if one, err := s.Identity.SessionsOf(t.Context(), ada.ID, 1); err != nil || len(one) != 1 {
		t.Errorf("got %v, %v, want one", one, err)
	}
	expired := newSession(ada, clock.Now())
	expired.ExpiresAt = clock.Now()
	idle := newSession(ada, clock.Now())
	idle.LastActivityAt = clock.Now().Add(-25 * time.Hour)
	for _, ended := range []identity.Session{expired, idle} {
		if _, err := s.Identity.StartSession(t.Context(), ended, nil, identity.Event{UserID: ada.ID, Type: "login_success"}); err != nil {
			t.Fatal(err)
		}
		want(t, s.Identity.EndSessionOf(t.Context(), ada.ID, ended.ID, "revoked", identity.Event{}), identity.ErrNoSession)
	}
	if again, err := s.Identity.SessionsOf(t.Context(), ada.ID, 10); err != nil || len(again) != 2 {
		t.Errorf("got %v, %v, want no session that ended by its age", again, err)
	}
}

func testEventsOf(t *testing.T, s Store, ada, eve identity.User) {
	var seen []identity.PastEvent
	for before := uuid.Nil; ; {
		page, err := s.Identity.EventsOf(t.Context(), ada.ID, before, 3)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, page...)
		if len(page) < 3 {
			break
		}
		before = page[2].ID
	}
	all, err := s.Identity.EventsOf(t.Context(), ada.ID, uuid.Nil, 100)
	if err != nil || len(all) != len(seen) || len(all) < 8 {
		t.Fatalf("got %d events at once, %d by pages, %v", len(all), len(seen), err)
	}
	for i, e := range all {
		if e.ID != seen[i].ID || e.UserID != ada.ID || e.At.IsZero() || i > 0 && e.At.After(all[i-1].At) {
			t.Errorf("got %+v at %d, want the events of the person, newest first, each once", e, i)
		}
	}
	if all[0].Type != "others" || all[0].Metadata["sessions"] != "2" || all[len(all)-1].Type != "register" {
		t.Errorf("got %+v and %+v, want the newest and the oldest", all[0], all[len(all)-1])
	}
	if got, err := s.Identity.EventsOf(t.Context(), eve.ID, all[0].ID, 100); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v before an event of somebody else, want nothing", got, err)
	}
}

// testConnections is which apps a person let in, and how they are shut out.
func testConnections(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	ada := createUser(t, s, "ada@example.com", clock.Now())
	eve := createUser(t, s, "eve@example.com", clock.Now())
	saveClient(t, s, "mc_notes", clock.Now())
	session := startSession(t, s, ada, clock.Now())
	since := clock.Now()
	offline := newFamily(t, s, clock, session, true)
	clock.Add(time.Hour)
	allowed := clock.Now()
	code := identity.NewSecret()
	err := s.Provider.IssueCode(ctx, provider.CodeIssue{
		Consent: &provider.Consent{UserID: ada.ID, ClientID: "mc_notes", Scopes: []string{"openid", "email"}, UpdatedAt: allowed},
		Grant: provider.Grant{
			Handle: []byte("0123456789abcdef"), UserID: ada.ID, ClientID: "mc_notes", SessionID: session.ID, AuthTime: allowed, CreatedAt: allowed,
		},
		CodeHash: code.Hash(), RedirectURI: "https://notes.example/callback", ExpiresIn: time.Minute,
	}, provider.Allow)
	if err != nil {
		t.Fatal(err)
	}
	theirs := newFamily(t, s, clock, startSession(t, s, eve, clock.Now()), true)
	connection := func(user identity.User) provider.Connection {
		t.Helper()
		found, err := s.Provider.Connections(ctx, user.ID)
		if err != nil || len(found) != 1 || found[0].ClientID != "mc_notes" {
			t.Fatalf("got %v, %v, want one app", found, err)
		}
		return found[0]
	}
	if c := connection(ada); len(c.Scopes) != 2 || !c.Since.Equal(allowed) || !c.UsedAt.Equal(allowed) {
		t.Errorf("got %+v, want what was allowed at %v", c, allowed)
	}
	if c := connection(eve); len(c.Scopes) != 1 || !c.Since.Equal(allowed) {
		t.Errorf("got %+v, want the scopes of the grant", c)
	}
	clock.Add(time.Hour)
	for _, rotate := range []bool{false, true} {
		clock.Add(time.Minute)
		if _, err := offline.refresh(t, offline.token, rotate); err != nil {
			t.Fatal(err)
		}
		if c := connection(ada); !c.UsedAt.Equal(clock.Now()) {
			t.Errorf("got %v used last after a refresh, want %v", c.UsedAt, clock.Now())
		}
	}
	e := identity.Event{UserID: ada.ID, Type: "app_disconnected"}
	want(t, s.Provider.Disconnect(ctx, ada.ID, "mc_other", e), provider.ErrUnknownClient)
	want(t, s.Provider.Disconnect(ctx, ada.ID, "mc_notes", e), nil)
	want(t, s.Provider.Disconnect(ctx, ada.ID, "mc_notes", e), provider.ErrUnknownClient)
	if found, err := s.Provider.Connections(ctx, ada.ID); err != nil || len(found) != 0 {
		t.Errorf("got %v, %v, want no app since %v", found, err, since)
	}
	if offline.live(t) || !theirs.live(t) {
		t.Error("got the wrong grants revoked")
	}
	wantNumber(t, s, `SELECT count(*) FROM auth.refresh_tokens WHERE client_id = 'mc_notes' AND revoked_at IS NULL`, 1)
	wantNumber(t, s, `SELECT count(*) FROM auth.security_events WHERE event_type = 'app_disconnected'`, 1)
}

// testEntry is one line of a history with what gives it back.
func testEntry(t *testing.T, w *wallets) {
	ctx := t.Context()
	use := w.mustUse(t, 10*ledger.Credit)
	w.mustUse(t, ledger.Credit)
	refunds := []uuid.UUID{}
	for range 2 {
		receipt, err := w.refund(t, 4*ledger.Credit, func(r *ledger.Refund) { r.TransactionID = use })
		if err != nil {
			t.Fatal(err)
		}
		refunds = append(refunds, receipt.Transaction.ID)
	}
	found, err := w.Ledger.Entry(ctx, w.user.ID, use)
	if err != nil || len(found) != 3 || found[0].ID != use || found[1].ID != refunds[0] || found[2].ID != refunds[1] {
		t.Errorf("got %v, %v, want the use and both refunds", found, err)
	}
	entry, back, err := w.ledger.Entry(ctx, w.user.ID, refunds[0])
	if err != nil || entry.RelatedID != use || len(back) != 0 {
		t.Errorf("got %v, %v, %v, want a refund of the use", entry, back, err)
	}
	owner, err := w.ledger.Owner(ctx, use)
	if err != nil || owner != w.user.ID {
		t.Errorf("got %v, %v, want %v", owner, err, w.user.ID)
	}
	_, err = w.ledger.Owner(ctx, uuid.New())
	want(t, err, ledger.ErrNoTransaction)
	for user, id := range map[uuid.UUID]uuid.UUID{uuid.New(): use, w.user.ID: uuid.New()} {
		_, _, err := w.ledger.Entry(ctx, user, id)
		want(t, err, ledger.ErrNoTransaction)
	}
}
