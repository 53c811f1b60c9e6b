package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestUserAccess makes an administrator by the command line, who sets a password by the link, and takes access away.
func TestUserAccess(t *testing.T) {
	t.Parallel()
	s := start(t)
	var made givenLink
	if err := json.Unmarshal([]byte(s.command(t, "user", "create", "Ada@example.com", "--admin", "--name", "Ada", "--json")), &made); err != nil {
		t.Fatal(err)
	}
	if made.Email != "ada@example.com" || made.Role != "admin" || !strings.HasPrefix(made.Link, s.issuer+"/reset?token=") {
		t.Errorf("got %+v", made)
	}
	s.fails(t, exitRefused, "user", "create", "ada@example.com")
	s.fails(t, exitUsage, "user", "create", "nonsense")
	b := s.browser(t)
	page := b.submit(b.get(made.Link), "/reset", "password", testPassword)
	b.wantPage(page, http.StatusOK, "/reset", "Your password was changed")
	b.wantPage(b.submit(b.get("/login"), "/login", "username", "ada@example.com", "password", testPassword), http.StatusOK, "/account", "")
	var shown shownUser
	if err := json.Unmarshal([]byte(s.command(t, "user", "show", made.ID, "--json")), &shown); err != nil || shown.EmailVerified || shown.Role != "admin" {
		t.Errorf("got %+v, %v, want an administrator whose address nobody has proven", shown, err)
	}

	s.fails(t, exitUsage, "user", "reset", made.ID)
	s.fails(t, exitMissing, "user", "reset", "nobody@example.com", "--password")
	if got := s.command(t, "user", "reset", "ada@example.com", "--sessions"); !strings.Contains(got, "sessions ended: 1") {
		t.Errorf("got %q", got)
	}
	if page := b.get("/account"); page.Request.URL.Path != "/login" {
		t.Errorf("got %s, want the person signed out", page.Request.URL)
	}
	var reset givenLink
	if err := json.Unmarshal([]byte(s.command(t, "user", "reset", made.ID, "--password", "--json")), &reset); err != nil {
		t.Fatal(err)
	}
	b.wantPage(b.submit(b.get(reset.Link), "/reset", "password", "another horse battery"), http.StatusOK, "/reset", "")
	b.wantPage(b.get(made.Link), http.StatusBadRequest, "/reset", "")
	if status, _ := s.login(t, "ada@example.com", "another horse battery"); status != http.StatusOK {
		t.Errorf("got %d, want a login by the new password", status)
	}
}
