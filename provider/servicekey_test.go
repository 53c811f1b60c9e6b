package provider_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
	"mana/storage/sqlite"
	"mana/storage/storagetest"
)

func TestCheckServiceKey(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		spoil func(*provider.ServiceKey)
		want  string // the field at fault; empty: none
	}{
		"fine": {func(*provider.ServiceKey) {}, ""},
		"all that can be": {func(k *provider.ServiceKey) {
			k.CapUse, k.CapDay, k.Rate = ledger.MaxOperation, ledger.MaxOperation, 1_000_000
		}, ""},
		"no name":            {func(k *provider.ServiceKey) { k.Name = "" }, "name"},
		"long name":          {func(k *provider.ServiceKey) { k.Name = strings.Repeat("n", 61) }, "name"},
		"short hash":         {func(k *provider.ServiceKey) { k.Hash = k.Hash[:31] }, "value"},
		"no app":             {func(k *provider.ServiceKey) { k.AppIDs = nil }, "app_ids"},
		"app with a blank":   {func(k *provider.ServiceKey) { k.AppIDs = []string{"a b"} }, "app_ids"},
		"app twice":          {func(k *provider.ServiceKey) { k.AppIDs = []string{"a", "a"} }, "app_ids"},
		"no permission":      {func(k *provider.ServiceKey) { k.Permissions = nil }, "permissions"},
		"unknown permission": {func(k *provider.ServiceKey) { k.Permissions = []string{"grant"} }, "permissions"},
		"cap below 0":        {func(k *provider.ServiceKey) { k.CapUse = -1 }, "cap_use"},
		"cap too high":       {func(k *provider.ServiceKey) { k.CapDay = ledger.MaxOperation + 1 }, "cap_day"},
		"rate too high":      {func(k *provider.ServiceKey) { k.Rate = 1_000_001 }, "rate"},
		"expired":            {func(k *provider.ServiceKey) { k.ExpiresAt = now }, "expires_at"},
		"expires at last":    {func(k *provider.ServiceKey) { k.ExpiresAt = now.Add(time.Second) }, ""},
	} {
		k := provider.ServiceKey{
			Name: "todo", Hash: make([]byte, 32), AppIDs: []string{"todo"}, Permissions: []string{"refund", "use", "use"}, CreatedAt: now,
		}
		c.spoil(&k)
		got, err := k.Complete()
		var faults provider.ClientFaults
		errors.As(err, &faults)
		if (err == nil) != (c.want == "") || c.want != "" && (len(faults) != 1 || faults[0].Field != c.want) {
			t.Errorf("%s: got %v, want a fault of %q", name, err, c.want)
		}
		if err == nil && !slices.Equal(got.Permissions, []string{"use", "refund"}) {
			t.Errorf("%s: got permissions %v, want each once and in order", name, got.Permissions)
		}
	}
}

// TestServiceKeys shows values to the directory while their keys age and change.
func TestServiceKeys(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	clock := storagetest.NewClock()
	db, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(t.TempDir(), "mana.db"), Now: clock.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	store := db.Provider()
	admin := provider.ServiceKeyAdmin{Store: store, By: identity.Actor{Name: "test"}, Now: clock.Now}
	keys := provider.NewServiceKeys(store, clock.Now)
	found := func(what, value string, want bool) {
		t.Helper()
		if _, err := keys.Find(value); want != (err == nil) || err != nil && !errors.Is(err, provider.ErrInvalidServiceKey) {
			t.Errorf("%s: got %v, want found %v", what, err, want)
		}
	}
	reload := func(err error) {
		t.Helper()
		if err := errors.Join(err, keys.Reload(ctx)); err != nil {
			t.Fatal(err)
		}
	}
	todo := provider.ServiceKey{Name: "todo", AppIDs: []string{"todo", "worker"}, Permissions: []string{provider.MayUse}, ExpiresAt: clock.Now().Add(3 * time.Hour)}
	_, first, err := admin.Register(ctx, todo, "")
	found("before the first reload", string(first), false)
	reload(err)
	found("nothing", "", false)
	found("another value", string(first)+"x", false)
	found("a new key", string(first), true)
	_, second, err := admin.Rotate(ctx, "todo", time.Hour)
	reload(err)
	found("the old value, in the overlap", string(first), true)
	found("the new value", string(second), true)
	if k, err := keys.Find(string(second)); err != nil || k.Caller() != "app:todo" || !k.May(provider.MayUse) || k.May(provider.MayRefund) {
		t.Errorf("got %+v, %v", k, err)
	}
	clock.Add(time.Hour)
	found("the old value, after the overlap", string(first), false)
	found("the new value, an hour later", string(second), true)
	_, third, err := admin.Rotate(ctx, "todo", 0)
	reload(err)
	found("the old value, without an overlap", string(second), false)

	used := func() time.Time {
		t.Helper()
		if err := keys.NoteUses(ctx); err != nil {
			t.Fatal(err)
		}
		all, err := store.ListServiceKeys(ctx)
		if err != nil || len(all) != 1 {
			t.Fatalf("got %v, %v, want one key", all, err)
		}
		return all[0].LastUsedAt
	}
	if got := used(); !got.Equal(clock.Now()) {
		t.Errorf("got %v, want the use of this moment", got)
	}
	at := clock.Now()
	clock.Add(time.Hour)
	if got := used(); !got.Equal(at) {
		t.Errorf("got %v, want no later use than %v", got, at)
	}
	found("before it expires", string(third), true)
	clock.Add(time.Hour)
	found("after it expired", string(third), false)
	if _, _, err := admin.Rotate(ctx, "todo", 0); !errors.Is(err, provider.ErrServiceKeyEnded) {
		t.Errorf("got %v, want an expired key to be refused", err)
	}
	todo.Name, todo.ExpiresAt = "two", time.Time{}
	_, fourth, err := admin.Register(ctx, todo, "an-existing-value-of-an-old-service")
	reload(err)
	found("a registered value", "an-existing-value-of-an-old-service", true)
	_, err = admin.Revoke(ctx, "two")
	found("before the revocation is known", string(fourth), true)
	reload(err)
	found("a revoked key", string(fourth), false)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := keys.Reload(cancelled); err == nil {
		t.Error("got no error of a failed reload")
	}
}
