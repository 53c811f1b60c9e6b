//go:build !bench

package main

import (
	"crypto/sha1"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// breachedPasswords writes a list as it is published, and gives its path.
func breachedPasswords(t *testing.T, passwords ...string) string {
	t.Helper()
	lines := make([]string, 0, 1000)
	for i := range cap(lines) - len(passwords) {
		passwords = append(passwords, fmt.Sprint("filler ", i))
	}
	for i, password := range passwords {
		lines = append(lines, fmt.Sprintf("%X:%d\r\n", sha1.Sum([]byte(password)), i+1))
	}
	slices.Sort(lines)
	path := filepath.Join(t.TempDir(), "breached.txt")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBreachCheck: nobody can choose a password that is known from a breach, wherever passwords are chosen.
func TestBreachCheck(t *testing.T) {
	t.Parallel()
	const known = "correct donkey battery"
	s := start(t, "BREACH_CHECK="+breachedPasswords(t, known))
	b := s.browser(t)
	page := b.submit(b.get("/signup"), "/signup", "email", "ada@example.com", "password", known)
	b.wantPage(page, http.StatusUnprocessableEntity, "/signup", "known from a data breach")
	status, body, _ := s.api(t, "POST", "/api/v1/auth/register", "", map[string]any{"email": "ada@example.com", "password": known})
	wantError(t, "register", status, body, 400, "WEAK_PASSWORD")
	if body["message"] != "password is known from a data breach" {
		t.Errorf("got %v", body)
	}

	b.signUp("ada@example.com")
	page = b.submit(b.get("/account/security"), "/account/security", "current", testPassword, "password", known)
	b.wantPage(page, http.StatusUnprocessableEntity, "/account/security", "known from a data breach")
	_, token := s.login(t, "ada@example.com", testPassword)
	status, body, _ = s.api(t, "POST", "/api/v1/auth/change-password", token, map[string]any{"currentPassword": testPassword, "newPassword": known})
	wantError(t, "change", status, body, 400, "WEAK_PASSWORD")

	other := s.browser(t)
	other.submit(other.get("/forgot"), "/forgot", "email", "ada@example.com")
	page = other.get(other.mailLink("Set a new password"))
	page = other.submit(page, "/reset", "password", known)
	other.wantPage(page, http.StatusUnprocessableEntity, "/reset", "known from a data breach")
	page = other.submit(page, "/reset", "password", "another horse battery")
	other.wantPage(page, http.StatusOK, "/reset", "Your password was changed")
}
