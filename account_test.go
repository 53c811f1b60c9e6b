package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestSignInReturns: who asks for a page of the account signs in and comes to it, and never to another host.
func TestSignInReturns(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t)
	b.signUp("ada@example.com")
	for _, to := range []string{"/account", "/account?a=1&b=%2F"} {
		fresh := s.browser(t)
		page := fresh.get(to)
		if got := page.Request.URL; got.Path != "/login" || got.Query().Get("return") != to {
			t.Fatalf("got %s for %s of nobody, want the login page that returns there", got, to)
		}
		refused := fresh.submit(page, "/login", "username", "ada@example.com", "password", "wrong password")
		if refused.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("got %d for a wrong password, want 422", refused.StatusCode)
		}
		if got := fresh.submit(refused, "/login", "username", "ada@example.com", "password", testPassword); got.Request.URL.RequestURI() != to {
			t.Errorf("got to %s after the sign-in, want %s", got.Request.URL, to)
		}
	}
	for _, to := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "/../account"} {
		fresh := s.browser(t)
		page := fresh.get("/login?return=" + url.QueryEscape(to))
		got := fresh.submit(page, "/login", "username", "ada@example.com", "password", testPassword, "return", to)
		if got.StatusCode != http.StatusOK || got.Request.URL.String() != s.issuer+"/account" {
			t.Errorf("got %d at %s for the return to %s, want the account", got.StatusCode, got.Request.URL, to)
		}
	}
}

// TestProfile: what a person tells about themselves is stored, shown to apps, and nothing else with it.
func TestProfile(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t)
	b.signUp("ada@example.com")
	saved := b.submit(b.get("/account"), "/account", "name", "Ada King", "given_name", " Ada ", "birthdate", "1815", "locale", "de",
		"zoneinfo", "Europe/London", "address.street_address", "12 St James's Square\r\nFirst floor", "phone_number", "+44 20 7946 0000",
		"theme", "dark", "email_verified", "true", "phone_number_verified", "true", "email", "eve@example.com", "role", "admin")
	if got := saved.Request.URL.RequestURI(); got != "/account?done=saved" {
		t.Fatalf("got %d at %s\n%s", saved.StatusCode, got, saved.body)
	}
	b.says(saved, "de", "Ihr Profil wurde gespeichert.", `data-theme="dark"`, `value="Ada King"`, "12 St James&#39;s Square\nFirst floor")
	user := s.command(t, "user", "show", "ada@example.com", "--json")
	for _, part := range []string{`"given_name":"Ada"`, `"birthdate":"1815"`, `"email_verified":false`, `"role":"user"`} {
		if !strings.Contains(strings.ReplaceAll(user, `": `, `":`), part) {
			t.Errorf("got no %s in %s", part, user)
		}
	}
	if strings.Contains(user, "phone_number_verified\":true") {
		t.Errorf("got a proven number in %s", user)
	}
	refused := b.submit(saved, "/account", "name", "Ada\u202eKing", "birthdate", "tomorrow", "website", "javascript:alert(1)", "zoneinfo", "Local")
	if refused.StatusCode != http.StatusUnprocessableEntity {
		t.Fatalf("got %d for a profile that cannot be", refused.StatusCode)
	}
	for _, field := range []string{"name", "birthdate", "website", "zoneinfo"} {
		if !strings.Contains(refused.body, `aria-describedby="`+field+`-fault"`) || !strings.Contains(refused.body, `href="#`+field+`"`) {
			t.Errorf("got no fault at %s\n%s", field, refused.body)
		}
	}
	if again := s.command(t, "user", "show", "ada@example.com", "--json"); again != user {
		t.Errorf("got %s after a refusal, want %s", again, user)
	}
	forged := b.post("/account", url.Values{"name": {"Eve"}})
	if forged.StatusCode != http.StatusForbidden {
		t.Errorf("got %d for a form from elsewhere, want 403", forged.StatusCode)
	}
}
