package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"mana/keys"
)

// TestKeysExport prints what /jwks answers, and nothing private.
func TestKeysExport(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.command(t, "keys", "rotate")
	eventually(t, "both keys are published", func() bool { return len(s.keyset(t)) == 2 })
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal([]byte(s.command(t, "keys", "export")), &set); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, k := range set.Keys {
		got[k["kid"].(string)] = k["alg"].(string)
		if _, private := k["d"]; private {
			t.Errorf("got the private key %v", k["kid"])
		}
	}
	if want := s.keyset(t); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestKeysRewrap changes the master key: keys and authenticator apps go on, the old one opens nothing any more.
func TestKeysRewrap(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid")
	a, _ := f.browser.enableApp()
	published := f.command(t, "keys", "export")
	f.stop()
	before, own := "MASTER_KEY="+f.masterKey(t), f.env
	next := "MASTER_KEY=" + keys.NewMasterKey().Encode()
	with := func(settings ...string) { f.env = append(slices.Clone(own), settings...) }

	with(before)
	f.fails(t, exitUsage, "keys", "rewrap", "--yes")
	with(next, "MASTER_KEY_OLD="+keys.NewMasterKey().Encode())
	f.fails(t, exitFailed, "keys", "rewrap", "--yes")
	with(next, strings.Replace(before, "KEY=", "KEY_OLD=", 1))
	f.fails(t, exitRefused, "keys", "rewrap")
	if got := f.command(t, "keys", "export"); got != published {
		t.Errorf("got %s with both master keys, want %s", got, published)
	}
	for _, want := range []string{
		`{"keys":1,"second_factors":1,"recovery_codes_removed":10}`, `{"keys":0,"second_factors":0,"recovery_codes_removed":0}`,
	} {
		if got := f.command(t, "keys", "rewrap", "--yes", "--json"); got != want+"\n" {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	with(before)
	f.fails(t, exitFailed, "keys", "export")

	with(next)
	if got := f.command(t, "keys", "export"); got != published {
		t.Errorf("got %s under the new master key, want %s", got, published)
	}
	f.forgetSteps(t)
	f.serve(t)
	b := f.server.browser(t)
	page := b.signIn(b.get("/login?return=/account"), "ada@example.com")
	if got := b.submit(page, "/mfa", "code", a.code(0)); got.StatusCode != http.StatusOK || got.Request.URL.Path != "/account" {
		t.Errorf("got %d at %s, want a sign-in by the app", got.StatusCode, got.Request.URL)
	}
}
