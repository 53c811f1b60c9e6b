package provider_test

import (
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mana/keys"
	"mana/provider"
	"mana/provider/identity"
	"mana/storage/sqlite"
)

// TestDirectory changes clients through the provider, which is seen at once, and behind its back.
func TestDirectory(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(t.TempDir(), "mana.db"), Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	closed := sync.OnceValue(db.Close)
	t.Cleanup(func() { _ = closed() })
	master := keys.NewMasterKey()
	ring, err := keys.Load(ctx, keys.Config{Store: db.Keys(), Master: master, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	p, err := provider.New(provider.Config{Issuer: "https://id.example", Audience: "manacore", Store: db.Provider(), Ring: ring, Derive: master.Derive, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	clients := p.Clients()
	knows := func(what string, id string, want bool, origin string, allowed bool) {
		t.Helper()
		_, err := clients.Client(ctx, id)
		if want != (err == nil) || err != nil && !errors.Is(err, provider.ErrUnknownClient) {
			t.Errorf("%s: got %v for %s", what, err, id)
		}
		if got := p.AllowsOrigin(origin); got != allowed {
			t.Errorf("%s: got %v for %s, want %v", what, got, origin, allowed)
		}
	}
	described := provider.Client{Name: "Notes", RedirectURIs: []string{"https://notes.example/cb"}}
	notes, _, err := admin(clients).Register(ctx, described, false)
	if err != nil {
		t.Fatal(err)
	}
	knows("registered", notes.ID, true, "https://notes.example", true)
	knows("another origin", notes.ID, true, "https://notes.example.evil", false)
	_, err = admin(clients).Change(ctx, notes.ID, func(c *provider.Client) error { c.Disabled = true; return nil })
	if err != nil {
		t.Fatal(err)
	}
	knows("disabled", notes.ID, true, "https://notes.example", false)
	other, _, err := admin(db.Provider()).Register(ctx, described, true)
	if err != nil {
		t.Fatal(err)
	}
	knows("behind its back", other.ID, false, "https://notes.example", false)
	if err := p.ReloadClients(ctx); err != nil {
		t.Fatal(err)
	}
	knows("reloaded", other.ID, true, "https://notes.example", true)

	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for range 1000 {
				if _, err := clients.Client(ctx, other.ID); err != nil {
					t.Errorf("got %v while others change", err)
				}
			}
		})
		readers.Go(func() {
			if err := p.ReloadClients(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	readers.Wait()
	if err := admin(clients).Remove(ctx, notes.ID); err != nil {
		t.Fatal(err)
	}
	knows("removed", notes.ID, false, "https://notes.example", true)
	if err := closed(); err != nil {
		t.Fatal(err)
	}
	if err := p.ReloadClients(ctx); err == nil {
		t.Error("got no error of storage that is gone")
	}
	knows("without storage", other.ID, true, "https://notes.example", true)
}

// admin changes clients in tests.
func admin(store provider.Clients) provider.ClientAdmin {
	return provider.ClientAdmin{Store: store, By: identity.Actor{Name: "test"}, Now: time.Now}
}
