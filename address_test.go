package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestChangeAddress changes the address of a person by a link to the new one, and takes it back by the link that the old one
// got, which signs everybody out and ends all ways in.
func TestChangeAddress(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.account(t, "ada@example.com", true)
	const path = "/account/email"
	if page := b.get("/account"); !strings.Contains(page.body, `href="`+path+`"`) {
		t.Errorf("got no way to the page\n%s", page.body)
	}
	form := b.get(path)
	for typed, text := range map[string]string{"nonsense": "Enter an e-mail address", "Ada@example.com": "your address already"} {
		b.wantPage(b.submit(form, path, "email", typed), http.StatusUnprocessableEntity, path, text)
	}
	b.wantPage(b.submit(form, path, "email", "new@example.com"), http.StatusOK, path, "on its way to new@example.com")
	link := b.mailLink("Confirm your new e-mail address")
	other := s.browser(t)
	page := other.get(link)
	other.wantPage(page, http.StatusOK, "/change-email", "in place of ada@example.com")
	if status, _ := s.login(t, "ada@example.com", testPassword); status != http.StatusOK {
		t.Errorf("got %d before the link was used, want nothing changed", status)
	}
	other.wantPage(other.submit(page, "/change-email"), http.StatusOK, "/change-email", "Your address was changed")
	other.wantPage(other.get(link), http.StatusBadRequest, "/change-email", "")
	if status, _ := s.login(t, "new@example.com", testPassword); status != http.StatusOK {
		t.Errorf("got %d with the new address, want 200", status)
	}
	if status, _ := s.login(t, "ada@example.com", testPassword); status != http.StatusUnauthorized {
		t.Errorf("got %d with the old address, want 401", status)
	}
	b.wantAccount(b.get("/account"), "new@example.com")

	page = other.get(other.mailLink("Your e-mail address was changed"))
	other.wantPage(page, http.StatusOK, "/undo-email", "signed out")
	other.wantPage(other.submit(page, "/undo-email"), http.StatusOK, "/undo-email", "Set a new password")
	if page := b.get("/account"); page.Request.URL.Path != "/login" {
		t.Errorf("got %s, want the session to have ended", page.Request.URL)
	}
	other.submit(other.get("/forgot"), "/forgot", "email", "ada@example.com")
	other.submit(other.get(other.mailLink("Set a new password")), "/reset", "password", "another horse battery")
	if status, _ := s.login(t, "ada@example.com", "another horse battery"); status != http.StatusOK {
		t.Errorf("got %d with the address that is back, want 200", status)
	}
}

// TestChangeAddressGuarded: a change needs a fresh proof, and gives nobody an address of somebody else.
func TestChangeAddressGuarded(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.account(t, "eve@example.com", true)
	b := s.account(t, "ada@example.com", true)
	form := b.get("/account/email")
	b.submit(form, "/account/email", "email", "eve@example.com")
	page := b.get(b.mailLink("Confirm your new e-mail address"))
	b.wantPage(b.submit(page, "/change-email"), http.StatusConflict, "/change-email", "in use")
	s.sql(t, `UPDATE auth_sessions SET auth_time = auth_time - 301000000`)
	for _, page := range []answer{b.get("/account/email"), b.submit(form, "/account/email", "email", "new@example.com")} {
		b.wantPage(page, http.StatusOK, "/login", "confirm that it is you")
	}
}

// TestChangeAddressLimited: what is passed at one person or address is passed with a time to wait, and so is what a network
// may have sent.
func TestChangeAddressLimited(t *testing.T) {
	t.Parallel()
	s := start(t, "RATE_LIMIT_CLASSES=mail=2/3600")
	b := s.account(t, "ada@example.com", true)
	form := b.get("/account/email")
	for i := range 3 {
		got := b.submit(form, "/account/email", "email", fmt.Sprintf("new%d@example.com", i))
		if i < 2 {
			b.wantPage(got, http.StatusOK, "/account/email", "")
			continue
		}
		b.wantPage(got, http.StatusTooManyRequests, "/account/email", "")
		if got.Header.Get("Retry-After") == "" {
			t.Error("got no Retry-After")
		}
	}
}
