//go:build !bench

package main

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
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

// TestSignupWork: nobody is signed up without the work that a browser was given, which counts once, there.
func TestSignupWork(t *testing.T) {
	t.Parallel()
	s := start(t, "SIGNUP_WORK=9")
	b, other := s.browser(t), s.browser(t)
	work := func(b *browser) string {
		given := b.post("/signup/work", url.Values{"form_token": {hiddenFields(b.get("/signup"), "/signup").Get("form_token")}})
		var w struct {
			Challenge string
			Bits      int
		}
		if err := json.Unmarshal([]byte(given.body), &w); err != nil || w.Bits != 9 {
			t.Fatalf("got %d %s, %v", given.StatusCode, given.body, err)
		}
		return w.Challenge
	}
	solved := func(challenge string, right bool) string {
		for i := 0; ; i++ {
			text := fmt.Sprintf("%s.%d", challenge, i)
			if sum := sha256.Sum256([]byte(text)); (sum[0] == 0 && sum[1] < 0x80) == right {
				return text
			}
		}
	}
	send := func(b *browser, work string) answer {
		page := b.get("/signup")
		if !strings.Contains(page.body, "<noscript>") {
			t.Error("got no word to who has no script")
		}
		return b.submit(page, "/signup", "email", "ada@example.com", "password", testPassword, "work", work)
	}
	challenge, twice := work(b), solved(work(b), true)
	for name, work := range map[string]string{
		"none": "", "wrong": solved(challenge, false), "made up": solved(strings.Repeat("A", 43), true), "no challenge": solved("", true),
	} {
		if page := send(b, work); page.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page.body, `role="alert"`) {
			t.Errorf("%s: got %d", name, page.StatusCode)
		}
	}
	other.wantPage(send(other, twice), http.StatusUnprocessableEntity, "/signup", "did not finish")
	b.submit(b.get("/signup"), "/signup", "email", "nonsense", "password", testPassword, "work", twice)
	b.wantPage(send(b, twice), http.StatusUnprocessableEntity, "/signup", "did not finish")
	if got := s.count(t, `SELECT count(*) FROM auth_users`); got != 0 {
		t.Errorf("got %d people", got)
	}
	if status, _, _ := s.api(t, "POST", "/api/v1/auth/register", "", map[string]any{"email": "eve@example.com", "password": testPassword}); status < 400 {
		t.Errorf("got %d by the API, which takes no work", status)
	}
	b.wantPage(send(b, solved(challenge, true)), http.StatusOK, "/account", "")
	if page := start(t).browser(t).get("/signup"); strings.Contains(page.body, "work.js") {
		t.Error("got work where none is asked for")
	}
}

// TestBrowserSignupWork signs somebody up in a browser that works for it.
func TestBrowserSignupWork(t *testing.T) {
	t.Parallel()
	s := start(t, "SIGNUP_WORK=12")
	_, complaints := walkIn(t, s)
	if got := s.count(t, `SELECT count(*) FROM auth_users`); got != 1 {
		t.Errorf("got %d people, want 1", got)
	}
	quiet(t, complaints())
}
