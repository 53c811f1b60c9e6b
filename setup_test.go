package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"mana/provider/identity"
	"mana/web/login"
)

var setupCode = regexp.MustCompile(`/setup#([A-Za-z0-9_-]{43})`)

// administrator makes the first administrator of a program, signed in.
func (s *server) administrator(t *testing.T) *browser {
	t.Helper()
	b := s.browser(t)
	code := setupCode.FindStringSubmatch(s.command(t, "setup-link"))
	if code == nil {
		t.Fatal("got no setup link")
	}
	got := b.submit(b.get(login.PathSetup), login.PathSetup, "code", code[1], "name", "Root", "email", "root@example.com", "password", testPassword)
	if got.Request.URL.Path != login.PathAdmin+"/welcome" {
		t.Fatalf("got %d at %s, want the administration\n%s", got.StatusCode, got.Request.URL, got.body)
	}
	return b
}

// TestSetup makes the first administrator by the link, and shows that there is no page without one.
func TestSetup(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t)
	old := setupCode.FindStringSubmatch(s.command(t, "setup-link"))[1]
	code := setupCode.FindStringSubmatch(s.command(t, "setup-link"))[1]
	page := b.get(login.PathSetup)
	for _, refused := range []string{old, string(identity.NewSecret()), "", code + "x"} {
		got := b.submit(page, login.PathSetup, "code", refused, "email", "root@example.com", "password", testPassword)
		if got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.body, `id="code-fault"`) {
			t.Errorf("got %d for the code %q, want it refused at its field", got.StatusCode, refused)
		}
	}
	got := b.submit(page, login.PathSetup, "code", code, "email", "root@example.com", "password", "short")
	if got.StatusCode != http.StatusUnprocessableEntity || strings.Contains(got.body, `id="code-fault"`) || !strings.Contains(got.body, `id="password-fault"`) {
		t.Errorf("got %d, want the password refused alone", got.StatusCode)
	}
	b.submit(page, login.PathSetup, "code", code, "name", "Root", "email", "root@example.com", "password", testPassword)
	if got := b.get("/admin/users"); got.StatusCode != http.StatusOK {
		t.Errorf("got %d, want the administration", got.StatusCode)
	}
	if got := b.get(login.PathSetup); got.StatusCode != http.StatusNotFound {
		t.Errorf("got %d, want no setup any more", got.StatusCode)
	}
	if said := s.fails(t, exitRefused, "setup-link"); !strings.Contains(said, "--recover") {
		t.Errorf("got %q, want the way to one more", said)
	}

	other := s.browser(t)
	other.signUp("ada@example.com")
	if got := other.get("/admin/users"); got.StatusCode != http.StatusNotFound {
		t.Errorf("got %d for a user, want no such page", got.StatusCode)
	}
	code = setupCode.FindStringSubmatch(s.command(t, "setup-link", "--recover"))[1]
	got = other.submit(other.get(login.PathSetup), login.PathSetup, "code", code, "promote", "1")
	if got.Request.URL.Path != login.PathAdmin+"/welcome" || got.StatusCode != http.StatusOK {
		t.Errorf("got %d at %s, want the administration", got.StatusCode, got.Request.URL)
	}
	for kind, n := range map[string]int{"setup_offered": 2, "recovery_offered": 1, "role_changed": 1} {
		if found := s.texts(t, `SELECT metadata FROM auth_security_events WHERE event_type = ? AND metadata IS NOT NULL`, kind); len(found) < n {
			t.Errorf("got %v of %s, want %d", found, kind, n)
		}
	}

	s.sql(t, `UPDATE auth_users SET role = 'user'`)
	code = setupCode.FindStringSubmatch(s.command(t, "setup-link"))[1]
	s.sql(t, `UPDATE auth_setup_links SET expires_at = 0`)
	got = b.submit(b.get(login.PathSetup), login.PathSetup, "code", code, "email", "late@example.com", "password", testPassword)
	if got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.body, "mana setup-link") {
		t.Errorf("got %d, want the code expired\n%s", got.StatusCode, got.body)
	}
}

// TestRoles gives free roles to a person, and to an app that asks for them.
func TestRoles(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid roles")
	f.command(t, "user", "roles", "ada@example.com", "--set", "writer,editor")
	tokens := f.grantedTo(t, "scope", "openid roles", "claims", `{"id_token":{"roles":null}}`)
	_, info, _ := f.api(t, "GET", "/userinfo", tokens["access_token"].(string), nil)
	if got := toTexts(info["roles"]); strings.Join(got, " ") != "editor writer" {
		t.Errorf("got userinfo %v, want the roles", info)
	}
	if out := f.command(t, "user", "roles", "ada@example.com"); out != "editor\nwriter\n" {
		t.Errorf("got %q", out)
	}
	f.command(t, "user", "roles", "ada@example.com", "--set", "")
	if _, info, _ := f.api(t, "GET", "/userinfo", tokens["access_token"].(string), nil); info["roles"] != nil {
		t.Errorf("got %v, want no claim without a value", info)
	}
	f.fails(t, exitUsage, "user", "roles", "ada@example.com", "--set", "a!")
	f.command(t, "user", "role", "ada@example.com", "admin")
	if got := f.browser.get("/admin/users"); got.StatusCode != http.StatusOK {
		t.Errorf("got %d, want the administration", got.StatusCode)
	}
	f.fails(t, exitRefused, "user", "role", "ada@example.com", "user")
}

func toTexts(list any) []string {
	var texts []string
	items, _ := list.([]any)
	for _, item := range items {
		text, _ := item.(string)
		texts = append(texts, text)
	}
	return texts
}
