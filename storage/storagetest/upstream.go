package storagetest

import (
	"testing"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// linked is an account of a person with a provider.
func linked(user identity.User, provider, account string, clock *Clock) identity.Linked {
	return identity.Linked{
		ID: uuid.Must(uuid.NewV7()), UserID: user.ID, Provider: provider, AccountID: account, Email: "ada@work.example", CreatedAt: clock.Now(),
	}
}

func testUpstreams(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	ada, eve := createUser(t, s, "ada@example.com", clock.Now()), createUser(t, s, "eve@example.com", clock.Now())
	event := identity.Event{UserID: ada.ID, Type: "account_linked"}
	link := linked(ada, "acme", "17", clock)

	t.Run("a person is found by the account", func(t *testing.T) {
		_, err := s.Identity.LinkedUser(ctx, "acme", "17")
		want(t, err, identity.ErrNotFound)
		for range 2 { // the second time changes nothing
			again := link
			again.ID = uuid.Must(uuid.NewV7())
			if err := s.Identity.LinkAccount(ctx, again, event); err != nil {
				t.Fatal(err)
			}
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
		want(t, s.Identity.LinkAccount(ctx, linked(eve, "acme", "17", clock), event), identity.ErrLinked)
		want(t, s.Identity.LinkAccount(ctx, linked(ada, "acme", "18", clock), event), identity.ErrLinked)
		want(t, s.Identity.LinkAccount(ctx, linked(identity.User{ID: uuid.New()}, "acme", "18", clock), event), identity.ErrCredentials)
		outcomes := race(16, func(i int) error {
			return s.Identity.LinkAccount(ctx, linked([]identity.User{ada, eve}[i%2], "race", "1", clock), event)
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
		link := linked(account.User, "acme", "17", clock)
		account.Linked = &link
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
		if err := s.Identity.LinkAccount(ctx, linked(bob, "more", "1", clock), event); err != nil {
			t.Fatal(err)
		}
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
		if err := s.Identity.LinkAccount(ctx, linked(mallory, "theirs", "666", clock), event); err != nil {
			t.Fatal(err)
		}
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
}
