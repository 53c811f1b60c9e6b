package storagetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"mana/provider"
	"mana/provider/identity"
)

func testClients(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	revision := func(t *testing.T) int64 {
		t.Helper()
		revisions, err := s.Revisions(ctx)
		if err != nil || revisions["clients"] == 0 || revisions["keys"] == 0 {
			t.Fatalf("got %v, %v, want counters of clients and keys", revisions, err)
		}
		return revisions["clients"]
	}
	revise := func(f func(map[string]provider.Client) ([]provider.Client, error)) error {
		return s.Provider.ReviseClients(ctx, operator(), f)
	}

	t.Run("a revision creates and replaces together, and each write is counted", func(t *testing.T) {
		old := saveClient(t, s, "mc_notes", clock.Now())
		before := revision(t)
		err := revise(func(stored map[string]provider.Client) ([]provider.Client, error) {
			changed, made := stored["mc_notes"], stored["mc_notes"]
			changed.Name, changed.Secrets, made.ID = "Notes 2", old.Secrets[:1], "mc_made"
			return []provider.Client{changed, made}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		changed, err := s.Provider.Client(ctx, "mc_notes")
		if err != nil || changed.Name != "Notes 2" || len(changed.Secrets) != 1 {
			t.Errorf("got %+v, %v", changed, err)
		}
		if made, err := s.Provider.Client(ctx, "mc_made"); err != nil || len(made.Secrets) != 2 || !made.Secrets[1].ExpiresAt.Equal(old.Secrets[1].ExpiresAt) {
			t.Errorf("got %+v, %v", made, err)
		}
		if after := revision(t); after <= before {
			t.Errorf("got revision %d after %d, want more", after, before)
		}
	})
	t.Run("what is as it was is not written", func(t *testing.T) {
		before := revision(t)
		err := revise(func(stored map[string]provider.Client) ([]provider.Client, error) {
			return []provider.Client{stored["mc_notes"], stored["mc_made"]}, nil
		})
		if after := revision(t); err != nil || after != before {
			t.Errorf("got revision %d after %d, %v, want no write", after, before, err)
		}
	})
	t.Run("an error stores nothing", func(t *testing.T) {
		before, fault := revision(t), errors.New("no")
		err := revise(func(stored map[string]provider.Client) ([]provider.Client, error) {
			c := stored["mc_notes"]
			c.Name = "Never"
			return []provider.Client{c}, fault
		})
		want(t, err, fault)
		if after := revision(t); after != before {
			t.Errorf("got revision %d after %d, want no write", after, before)
		}
	})
	t.Run("64 parallel revisions lose none", func(t *testing.T) {
		outcomes := race(64, func(int) error {
			return revise(func(stored map[string]provider.Client) ([]provider.Client, error) {
				c := stored["mc_made"]
				c.AppIDs = append(slices.Clone(c.AppIDs), "app")
				return []provider.Client{c}, nil
			})
		})
		c, err := s.Provider.Client(ctx, "mc_made")
		if outcomes[nil] != 64 || err != nil || len(c.AppIDs) != 64 {
			t.Errorf("got %v, %d apps, %v, want 64", outcomes, len(c.AppIDs), err)
		}
	})
	t.Run("removal takes everything of the client, and nothing of others", func(t *testing.T) {
		user := createUser(t, s, "ada@example.com", clock.Now())
		session := startSession(t, s, user, clock.Now())
		request := storeRequest(t, s, "mc_notes", clock.Now())
		kept := storeRequest(t, s, "mc_made", clock.Now())
		redemption, grant := issueCode(t, s, session, clock.Now())
		err := s.Exec(ctx, `INSERT INTO auth.consents (user_id, client_id, scopes, created_at, updated_at)
			SELECT id, 'mc_notes', '["openid"]', created_at, created_at FROM auth.users WHERE id = '`+user.ID.String()+`'`)
		if err != nil {
			t.Fatal(err)
		}
		before := revision(t)
		if err := s.Provider.RemoveClient(ctx, operator(), "mc_notes"); err != nil {
			t.Fatal(err)
		}
		_, err = s.Provider.Client(ctx, "mc_notes")
		want(t, err, provider.ErrUnknownClient)
		_, err = s.Provider.Request(ctx, request.Hash)
		want(t, err, provider.ErrNoRequest)
		_, err = s.Provider.GrantFacts(ctx, grant.Handle, "")
		want(t, err, provider.ErrInvalidGrant)
		_, err = s.Provider.RedeemCode(ctx, redemption, provider.Allow)
		want(t, err, provider.ErrInvalidGrant)
		if consent, err := s.Provider.Consent(ctx, user.ID, "mc_notes"); err != nil || consent.Scopes != nil {
			t.Errorf("got %v, %v, want no consent", consent, err)
		}
		if _, err := s.Provider.Request(ctx, kept.Hash); err != nil {
			t.Errorf("got %v, want the request of the other client", err)
		}
		if after := revision(t); after <= before {
			t.Errorf("got revision %d after %d, want more", after, before)
		}
		want(t, s.Provider.RemoveClient(ctx, operator(), "mc_notes"), provider.ErrUnknownClient)
	})
}

// testClientEvents holds each change of a client against the security log.
func testClientEvents(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	admin := provider.ClientAdmin{Store: s.Provider, By: operator(), Now: clock.Now}
	c, _, err := admin.Register(ctx, provider.Client{Name: "Notes", RedirectURIs: []string{"https://notes.example/callback"}}, false)
	if err != nil {
		t.Fatal(err)
	}
	rename := func(c *provider.Client) error { c.Name = "Notes 2"; return nil }
	for range 2 { // the second changes nothing
		if _, err := admin.Change(ctx, c.ID, rename); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := admin.RotateSecret(ctx, c.ID, time.Hour); err != nil {
		t.Fatal(err)
	}
	stranger := admin
	stranger.By = identity.Actor{Admin: createUser(t, s, "ada@example.com", clock.Now()).ID}
	_, err = stranger.Change(ctx, c.ID, func(c *provider.Client) error { c.FirstParty = true; return nil })
	want(t, err, identity.ErrNotAdministrator)
	want(t, stranger.Remove(ctx, c.ID), identity.ErrNotAdministrator)
	if stored, err := s.Provider.Client(ctx, c.ID); err != nil || stored.FirstParty {
		t.Errorf("got %v, %v, want the client as it was", stored, err)
	}
	want(t, admin.Remove(ctx, c.ID), nil)
	events, err := s.Identity.Events(ctx, identity.EventQuery{Actor: actor, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, e := range events {
		kinds = append(kinds, e.Type)
		if e.Metadata["clientId"] != c.ID || e.Metadata["requestId"] != "r1" {
			t.Errorf("got %+v, want the client and the request named", e)
		}
	}
	if !slices.Equal(kinds, []string{"client_deleted", "client_secret_rotated", "client_changed", "client_created"}) {
		t.Errorf("got %v, want one event for each change", kinds)
	}
	if e := events[2]; e.Metadata["before"] != "name=Notes" || e.Metadata["after"] != "name=Notes 2" {
		t.Errorf("got %+v, want what differs", e.Metadata)
	}
}
