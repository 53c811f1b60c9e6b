package storagetest

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// linked is an account of a person with a provider.
func linked(user identity.User, provider, account string, clock *Clock) identity.Linked {
	return identity.Linked{
		ID: uuid.Must(uuid.NewV7()), UserID: user.ID, Provider: provider, AccountID: account, Email: "ada@work.example", CreatedAt: clock.Now(),
	}
}

// link links an account in a new session of its person.
func link(t *testing.T, s Store, l identity.Linked) error {
	t.Helper()
	session := startSession(t, s, identity.User{ID: l.UserID}, l.CreatedAt)
	return s.Identity.LinkAccount(t.Context(), changeIn(session, "account_linked"), l)
}

func testUpstreams(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	ada, eve := createUser(t, s, "ada@example.com", clock.Now()), createUser(t, s, "eve@example.com", clock.Now())
	event := identity.Event{UserID: ada.ID, Type: "account_linked"}

	t.Run("a person is found by the account", func(t *testing.T) {
		_, err := s.Identity.LinkedUser(ctx, "acme", "17")
		want(t, err, identity.ErrNotFound)
		for range 2 { // the second time changes nothing
			want(t, link(t, s, linked(ada, "acme", "17", clock)), nil)
		}
		wantNumber(t, s, `SELECT count(*) FROM auth.security_events WHERE event_type = 'account_linked'`, 1)
		if user, err := s.Identity.LinkedUser(ctx, "acme", "17"); err != nil || user.ID != ada.ID {
			t.Errorf("got %v, %v", user, err)
		}
		_, err = s.Identity.LinkedUser(ctx, "other", "17")
		want(t, err, identity.ErrNotFound)
		links, err := s.Identity.LinkedAccounts(ctx, ada.ID)
		if err != nil || len(links) != 1 || links[0].AccountID != "17" || links[0].Email != "ada@work.example" || !links[0].CreatedAt.Equal(clock.Now()) {
			t.Errorf("got %v, %v", links, err)
		}
	})
	t.Run("an account belongs to one person, who has one of each provider", func(t *testing.T) {
		want(t, link(t, s, linked(eve, "acme", "17", clock)), identity.ErrLinked)
		want(t, link(t, s, linked(ada, "acme", "18", clock)), identity.ErrLinked)
		outcomes := race(16, func(i int) error {
			return link(t, s, linked([]identity.User{ada, eve}[i%2], "race", "1", clock))
		})
		if outcomes[nil] != 8 || outcomes[identity.ErrLinked] != 8 {
			t.Errorf("got %v, want one of them to have it", outcomes)
		}
	})
	t.Run("the last way in stays", func(t *testing.T) {
		want(t, s.Identity.UnlinkAccount(ctx, ada.ID, "none", event), identity.ErrNotFound)
		if err := s.Identity.UnlinkAccount(ctx, ada.ID, "acme", event); err != nil {
			t.Fatal(err)
		}
		account := newAccount("bob@example.com", clock.Now())
		account.PasswordHash = ""
		first := linked(account.User, "acme", "17", clock)
		account.Linked = &first
		bob, err := s.Identity.CreateAccount(ctx, account)
		if err != nil {
			t.Fatal(err)
		}
		if credential, err := s.Identity.Credential(ctx, "bob@example.com"); err != nil || credential.PasswordHash != "" {
			t.Errorf("got %v, %v, want no password", credential, err)
		}
		want(t, s.Identity.UnlinkAccount(ctx, bob.ID, "acme", event), identity.ErrLastWay)
		if user, err := s.Identity.LinkedUser(ctx, "acme", "17"); err != nil || user.ID != bob.ID {
			t.Errorf("got %v, %v", user, err)
		}
		want(t, link(t, s, linked(bob, "more", "1", clock)), nil)
		outcomes := race(2, func(i int) error { return s.Identity.UnlinkAccount(ctx, bob.ID, []string{"acme", "more"}[i], event) })
		if outcomes[nil] != 1 || outcomes[identity.ErrLastWay] != 1 {
			t.Errorf("got %v, want one link to stay", outcomes)
		}
		if err := s.Identity.DeleteAccount(ctx, deletion(bob.ID)); err != nil {
			t.Fatal(err)
		}
		wantNumber(t, s, `SELECT count(*) FROM auth.accounts a JOIN auth.users u ON u.id = a.user_id WHERE u.deleted_at IS NOT NULL`, 0)
	})
	t.Run("an account that was never proven goes to whoever proves it", func(t *testing.T) {
		mallory := createUser(t, s, "carl@example.com", clock.Now()) // whoever it was
		session := startSession(t, s, mallory, clock.Now())
		want(t, link(t, s, linked(mallory, "theirs", "666", clock)), nil)
		mine := linked(mallory, "acme", "carl", clock)
		want(t, s.Identity.ClaimAccount(ctx, "other@example.com", mine, identity.LateBonus{}, event), identity.ErrLinkFirst)
		if err := s.Identity.ClaimAccount(ctx, "carl@example.com", mine, identity.LateBonus{}, event); err != nil {
			t.Fatal(err)
		}
		want(t, s.Identity.ClaimAccount(ctx, "carl@example.com", linked(mallory, "late", "1", clock), identity.LateBonus{}, event), identity.ErrLinkFirst)
		_, _, err := s.Identity.SessionByID(ctx, session.ID)
		want(t, err, identity.ErrNoSession)
		credential, err := s.Identity.Credential(ctx, "carl@example.com")
		if err != nil || credential.PasswordHash != "" || !credential.User.EmailVerified {
			t.Errorf("got %v, %v, want a proven address and no password", credential, err)
		}
		links, err := s.Identity.LinkedAccounts(ctx, mallory.ID)
		if err != nil || len(links) != 1 || links[0].AccountID != "carl" {
			t.Errorf("got %v, %v, want the new link alone", links, err)
		}
	})
	t.Run("a link is made in a live session, which gets a new cookie", func(t *testing.T) { testLinkInSession(t, s, clock) })
	t.Run("without a session for a proven address alone", func(t *testing.T) {
		finn := createUser(t, s, "finn@example.com", clock.Now())
		want(t, s.Identity.LinkProven(ctx, finn.Email, linked(finn, "acme", "finn", clock), event), identity.ErrLinkFirst)
		want(t, s.Identity.ClaimAccount(ctx, finn.Email, linked(finn, "acme", "finn", clock), identity.LateBonus{}, event), nil)
		want(t, s.Identity.LinkProven(ctx, "other@example.com", linked(finn, "more", "finn", clock), event), identity.ErrLinkFirst)
		want(t, s.Identity.LinkProven(ctx, finn.Email, linked(finn, "more", "finn", clock), event), nil)
	})
	t.Run("signs in while it is linked", func(t *testing.T) {
		gwen := createUser(t, s, "gwen@example.com", clock.Now())
		want(t, link(t, s, linked(gwen, "acme", "gwen", clock)), nil)
		proof := identity.Proof{Provider: "acme", AccountID: "gwen"}
		begin := func() error {
			session := newSession(gwen, clock.Now())
			session.Proof = proof
			return second(s.Identity.StartSession(ctx, session, nil, identity.Event{UserID: gwen.ID, Type: "login_success"}))
		}
		wait := func() error {
			return s.Identity.BeginSignIn(ctx, identity.WaitingSignIn{
				Hash: identity.NewSecret().Hash(), UserID: gwen.ID, AuthTime: clock.Now(), CreatedAt: clock.Now(),
				ExpiresAt: clock.Now().Add(time.Minute), Proof: proof,
			})
		}
		want(t, begin(), nil)
		want(t, wait(), nil)
		want(t, s.Identity.UnlinkAccount(ctx, gwen.ID, "acme", event), nil)
		want(t, begin(), identity.ErrCredentials)
		want(t, wait(), identity.ErrCredentials)
	})
}

func testLinkInSession(t *testing.T, s Store, clock *Clock) {
	ctx := t.Context()
	hana := createUser(t, s, "hana@example.com", clock.Now())
	session, other := startSession(t, s, hana, clock.Now()), startSession(t, s, hana, clock.Now())
	for range 2 { // the second time stores nothing
		change := changeIn(session, "account_linked")
		want(t, s.Identity.LinkAccount(ctx, change, linked(hana, "acme", "hana", clock)), nil)
		if found, _, err := s.Identity.SessionByCookie(ctx, change.CookieHash); err != nil || found.ID != session.ID {
			t.Errorf("got %v, %v, want the session by its new cookie", found, err)
		}
	}
	_, _, err := s.Identity.SessionByCookie(ctx, session.CookieHash)
	want(t, err, identity.ErrNoSession)
	_, _, err = s.Identity.SessionByID(ctx, other.ID)
	want(t, err, nil)
	want(t, s.Identity.EndSession(ctx, session.ID, "logout", identity.Event{UserID: hana.ID, Type: "logout"}), nil)
	want(t, s.Identity.LinkAccount(ctx, changeIn(session, "account_linked"), linked(hana, "more", "hana", clock)), identity.ErrNoSession)
	if links, err := s.Identity.LinkedAccounts(ctx, hana.ID); err != nil || len(links) != 1 {
		t.Errorf("got %v, %v, want one", links, err)
	}
}
