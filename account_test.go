package main

import (
	"net/http"
	"net/url"
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
