package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// tokenOf is the token of the link in the newest mail with a subject.
func (s *server) tokenOf(t *testing.T, subject string) string {
	t.Helper()
	link, err := url.Parse(s.browser(t).mailLink(subject))
	if err != nil {
		t.Fatal(err)
	}
	return link.Query().Get("token")
}

// auth posts to a route of section 2.6 of the contract.
func (s *server) auth(t *testing.T, path, token string, body map[string]any) (int, map[string]any) {
	t.Helper()
	status, answer, _ := s.api(t, "POST", "/api/v1/auth/"+path, token, body)
	return status, answer
}

func wantSuccess(t *testing.T, what string, status int, body map[string]any, message string) {
	t.Helper()
	got, _ := body["message"].(string)
	if status != http.StatusOK || body["success"] != true || got != message {
		t.Errorf("%s: got %d %v, want success and %q", what, status, body, message)
	}
}

// TestContractReset is section 2.6 of the contract: forgotten passwords.
func TestContractReset(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, token := s.person(t, "ada@example.com")
	const asked = "If the address is registered, a mail has been sent"
	for email, to := range map[string]any{"ada@example.com": "http://localhost:3000/back", "nobody@example.com": "https://evil.example/"} {
		status, body := s.auth(t, "forgot-password", "", map[string]any{"email": email, "redirectTo": to})
		wantSuccess(t, email, status, body, asked)
	}
	status, body := s.auth(t, "forgot-password", "", map[string]any{"email": "nonsense"})
	wantError(t, "no address", status, body, 400, "VALIDATION")

	link := s.tokenOf(t, "Set a new password")
	for name, c := range map[string]struct {
		token    any
		password string
		code     string
	}{
		"missing":      {nil, "another horse battery", "VALIDATION"},
		"no string":    {7, "another horse battery", "VALIDATION"},
		"unknown":      {strings.Repeat("A", 43), "another horse battery", "TOKEN_INVALID"},
		"altered":      {link[:42] + "=", "another horse battery", "TOKEN_INVALID"},
		"another link": {s.tokenOf(t, "Confirm your e-mail address"), "another horse battery", "TOKEN_INVALID"},
		"short":        {link, "short", "WEAK_PASSWORD"},
		"common":       {link, "password1", "WEAK_PASSWORD"},
	} {
		status, body := s.auth(t, "reset-password", "", map[string]any{"token": c.token, "newPassword": c.password})
		wantError(t, name, status, body, 400, c.code)
	}
	status, body = s.auth(t, "reset-password", "", map[string]any{"token": link, "newPassword": "another horse battery"})
	wantSuccess(t, "reset", status, body, "")
	status, body = s.auth(t, "reset-password", "", map[string]any{"token": link, "newPassword": "a third horse battery"})
	wantError(t, "used", status, body, 400, "TOKEN_INVALID")
	if status, _, _ := s.api(t, "GET", "/api/v1/auth/profile", token, nil); status != http.StatusUnauthorized {
		t.Errorf("got %d for a token from before, want 401", status)
	}
	status, fresh := s.login(t, "ada@example.com", "another horse battery")
	if status != http.StatusOK {
		t.Fatalf("got %d for the new password", status)
	}
	counts := make(map[string]int)
	for _, event := range s.list(t, "/api/v1/auth/security-events", fresh) {
		counts[event["eventType"].(string)]++
	}
	if counts["password_reset_requested"] != 1 || counts["password_reset_completed"] != 1 {
		t.Errorf("got events %v", counts)
	}
	// The page of the link leads to the address that was allowed, and to no other.
	status, body = s.auth(t, "forgot-password", "", map[string]any{"email": "ada@example.com", "redirectTo": "http://localhost:3000/back"})
	wantSuccess(t, "again", status, body, asked)
	b := s.browser(t)
	page := b.submit(b.get(b.mailLink("Set a new password")), "/reset", "password", "a fourth horse battery")
	if to := page.Header.Get("Location"); page.StatusCode != http.StatusSeeOther || to != "http://localhost:3000/back" {
		t.Errorf("got %d to %q, want the app's address", page.StatusCode, to)
	}
	s.person(t, "bob@example.com") // an address gets three mails an hour
	s.auth(t, "forgot-password", "", map[string]any{"email": "bob@example.com", "redirectTo": "https://evil.example/"})
	page = b.submit(b.get(b.mailLink("Set a new password")), "/reset", "password", "a fifth horse battery")
	b.wantPage(page, http.StatusOK, "/reset", "Your password was changed")
}

// TestContractVerify is section 2.6 of the contract: proving an address.
func TestContractVerify(t *testing.T) {
	t.Parallel()
	s := start(t, "REQUIRE_EMAIL_VERIFICATION=true")
	status, body, _ := s.api(t, "POST", "/api/v1/auth/register", "", map[string]string{"email": "ada@example.com", "password": testPassword})
	if user, _ := body["user"].(map[string]any); status != http.StatusCreated || user["emailVerified"] != false {
		t.Fatalf("got %d %v, want an unverified person", status, body)
	}
	first := s.tokenOf(t, "Confirm your e-mail address")
	for _, email := range []string{"ada@example.com", "nobody@example.com"} {
		status, body := s.auth(t, "resend-verification", "", map[string]any{"email": email})
		wantSuccess(t, email, status, body, "")
	}
	status, body = s.auth(t, "verify-email", "", map[string]any{"token": first})
	wantError(t, "an older link", status, body, 400, "TOKEN_INVALID")
	link := s.tokenOf(t, "Confirm your e-mail address")
	status, body = s.auth(t, "verify-email", "", map[string]any{"token": link})
	wantSuccess(t, "verify", status, body, "")
	status, body = s.auth(t, "verify-email", "", map[string]any{"token": link})
	wantError(t, "used", status, body, 400, "TOKEN_INVALID")
	if status, _ := s.login(t, "ada@example.com", testPassword); status != http.StatusOK {
		t.Errorf("got %d, want a login", status)
	}
}

// TestContractChange is section 2.6 of the contract: another password.
func TestContractChange(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, other := s.person(t, "ada@example.com")
	_, token := s.login(t, "ada@example.com", testPassword)
	change := func(token, current, password string) (int, map[string]any) {
		return s.auth(t, "change-password", token, map[string]any{"currentPassword": current, "newPassword": password})
	}
	status, body := change("", testPassword, "another horse battery")
	wantError(t, "nobody", status, body, 401, "UNAUTHORIZED")
	status, body = change(token, "wrong password", "another horse battery")
	wantError(t, "wrong", status, body, 400, "INVALID_CREDENTIALS")
	if body["message"] != "Current password is incorrect" {
		t.Errorf("got %v", body)
	}
	status, body = change(token, testPassword, "short")
	wantError(t, "weak", status, body, 400, "WEAK_PASSWORD")
	status, body = change(token, testPassword, "another horse battery")
	wantSuccess(t, "change", status, body, "Password changed")
	for name, c := range map[string]struct {
		token string
		want  int
	}{"this session": {token, 200}, "another session": {other, 401}} {
		if status, _, _ := s.api(t, "GET", "/api/v1/auth/profile", c.token, nil); status != c.want {
			t.Errorf("%s: got %d, want %d", name, status, c.want)
		}
	}
	for range 4 { // with the first one these are five
		status, body = change(token, "wrong password", "a third horse battery")
		wantError(t, "wrong", status, body, 400, "INVALID_CREDENTIALS")
	}
	status, body = change(token, "another horse battery", "a third horse battery")
	wantError(t, "too many", status, body, 429, "ACCOUNT_LOCKED")
}

// TestContractStronger: somebody with a stronger way in than the password changes nothing by it alone over REST, and goes on
// to sign in as before.
func TestContractStronger(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.person(t, "ada@example.com")
	s.sql(t, `UPDATE auth_users SET has_passkey = 1`)
	status, token := s.login(t, "ada@example.com", testPassword)
	if status != http.StatusOK {
		t.Fatalf("got %d for the login, want 200", status)
	}
	for route, body := range map[string]map[string]string{
		"POST /api/v1/auth/change-password": {"currentPassword": testPassword, "newPassword": "another horse battery"},
		"DELETE /api/v1/auth/account":       {"password": testPassword},
	} {
		method, path, _ := strings.Cut(route, " ")
		status, answer, _ := s.api(t, method, path, token, body)
		wantError(t, route, status, answer, http.StatusForbidden, "MFA_REQUIRED")
		if !strings.Contains(fmt.Sprint(answer["message"]), "account page") {
			t.Errorf("%s: got %v, want the way to the page", route, answer)
		}
	}
	if status, _ := s.login(t, "ada@example.com", testPassword); status != http.StatusOK {
		t.Errorf("got %d with the password, want it unchanged", status)
	}
}
