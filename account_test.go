package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"mana/web/ui"
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

// TestAccountSessions: a person ends one session, or all others, and none of anybody else.
func TestAccountSessions(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t)
	b.signUp("ada@example.com")
	s.browser(t).signUp("eve@example.com")
	elsewhere := func() *browser { return elsewhereOf(s, t, "ada@example.com") }
	id := func(of *browser) string {
		t.Helper()
		found := regexp.MustCompile(`name="session" value="([^"]+)"`).FindStringSubmatch(of.get("/account/sessions").body)
		if found == nil {
			t.Fatal("got no session to end")
		}
		return found[1]
	}
	phone := elsewhere()
	page := b.get("/account/sessions")
	theirs := elsewhereOf(s, t, "eve@example.com")
	forged := url.Values{"session": {id(b)}, "form_token": {tokenOf(t, theirs.get("/account/sessions"))}}
	if got := theirs.post("/account/sessions", forged); !strings.Contains(got.Request.URL.RawQuery, "gone") {
		t.Errorf("got %d at %s for the session of somebody else", got.StatusCode, got.Request.URL)
	}
	if got := phone.get("/account"); got.Request.URL.Path != "/account" {
		t.Errorf("got %s, want the session of somebody else to go on", got.Request.URL)
	}
	ended := b.submit(page, "/account/sessions", "session", id(b))
	if !strings.Contains(ended.Request.URL.RawQuery, "done=ended") || phone.get("/account").Request.URL.Path != "/login" {
		t.Errorf("got %s, want the session ended", ended.Request.URL)
	}
	others := []*browser{elsewhere(), elsewhere()}
	b.submit(b.get("/account/sessions"), "/account/sessions", "others", "1")
	for _, other := range others {
		if got := other.get("/account"); got.Request.URL.Path != "/login" {
			t.Errorf("got %s with a session that was ended", got.Request.URL)
		}
	}
	if got := b.get("/account/security"); got.Request.URL.Path != "/account/security" || strings.Count(got.body, "Session ended from another device") != 2 {
		t.Errorf("got %d at %s, want both acts in the log", got.StatusCode, got.Request.URL)
	}
}

// elsewhereOf is another browser of a person.
func elsewhereOf(s *server, t *testing.T, email string) *browser {
	t.Helper()
	other := s.browser(t)
	other.submit(other.get("/login"), "/login", "username", email, "password", testPassword)
	return other
}

// tokenOf is the form token of a page.
func tokenOf(t *testing.T, page answer) string {
	t.Helper()
	found := regexp.MustCompile(`name="form_token" value="([^"]+)"`).FindStringSubmatch(page.body)
	if found == nil {
		t.Fatalf("no form token in\n%s", page.body)
	}
	return found[1]
}

// TestChangePassword: the present password is asked for, other sessions end, this one stays.
func TestChangePassword(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t)
	b.signUp("ada@example.com")
	other := elsewhereOf(s, t, "ada@example.com")
	for field, pairs := range map[string][]string{
		"current":  {"current", "wrong password", "password", "another good one"},
		"password": {"current", testPassword, "password", "short"},
	} {
		got := b.submit(b.get("/account/security"), "/account/security", pairs...)
		if got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.body, `aria-describedby="`+field+`-fault"`) {
			t.Errorf("got %d for a wrong %s\n%s", got.StatusCode, field, got.body)
		}
	}
	if got := other.get("/account"); got.Request.URL.Path != "/account" {
		t.Errorf("got %s after refusals, want the session to go on", got.Request.URL)
	}
	thief := s.browser(t)
	at, err := url.Parse(s.issuer)
	if err != nil {
		t.Fatal(err)
	}
	thief.Jar.SetCookies(at, b.Jar.Cookies(at))
	s.sql(t, `UPDATE auth_users SET has_passkey = 1 WHERE email = 'ada@example.com'`)
	got := b.submit(b.get("/account/security"), "/account/security", "current", testPassword, "password", "another good one")
	if got.Request.URL.RequestURI() != "/login?return=%2Faccount%2Fsecurity" {
		t.Errorf("got %d at %s, want the stronger way in asked for", got.StatusCode, got.Request.URL)
	}
	s.sql(t, `UPDATE auth_users SET has_passkey = 0 WHERE email = 'ada@example.com'`)
	got = b.submit(b.get("/account/security"), "/account/security", "current", testPassword, "password", "another good one")
	if got.Request.URL.RequestURI() != "/account/security?done=password" || other.get("/account").Request.URL.Path != "/login" {
		t.Errorf("got %d at %s, want the password changed and the other session ended", got.StatusCode, got.Request.URL)
	}
	if got := thief.get("/account"); got.Request.URL.Path != "/login" {
		t.Errorf("got %s by the cookie of before, want a new one", got.Request.URL)
	}
	if got := b.get("/account"); got.Request.URL.Path != "/account" {
		t.Errorf("got %s by the new cookie", got.Request.URL)
	}
	fresh := s.browser(t)
	if got := fresh.submit(fresh.get("/login"), "/login", "username", "ada@example.com", "password", testPassword); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("got %d for the old password", got.StatusCode)
	}
	if got := fresh.submit(fresh.get("/login"), "/login", "username", "ada@example.com", "password", "another good one"); got.Request.URL.Path != "/account" {
		t.Errorf("got %s for the new password", got.Request.URL)
	}
}

// TestConnectedApps is CN4: an app shows what it was allowed, and is shut out with its refresh tokens.
func TestConnectedApps(t *testing.T) {
	t.Parallel()
	f := publicFixture(t, "openid email offline_access")
	tokens := f.grantedTo(t)
	page := f.browser.get("/account/apps")
	client := regexp.MustCompile(`name="client" value="([^"]+)"`).FindStringSubmatch(page.body)
	if client == nil || !strings.Contains(page.body, ui.T(t.Context(), ui.ScopeEmail)) {
		t.Fatalf("got no app in\n%s", page.body)
	}
	removed := f.browser.submit(page, "/account/apps", "client", client[1])
	if removed.Request.URL.RequestURI() != "/account/apps?done=removed" || strings.Contains(removed.body, client[1]) {
		t.Errorf("got %s with the app still there", removed.Request.URL)
	}
	if status, _, _ := f.api(t, "GET", "/userinfo", tokens["access_token"].(string), nil); status != http.StatusUnauthorized {
		t.Errorf("got %d with a token of an app that was shut out", status)
	}
	if status, body := f.refresh(t, tokens["refresh_token"]); status != http.StatusBadRequest || body["error"] != "invalid_grant" {
		t.Errorf("got %d %v for a refresh by an app that was shut out", status, body)
	}
	if got := f.browser.get(f.auth()); got.Request.URL.Path != "/consent" {
		t.Errorf("got %s, want to be asked again", got.Request.URL)
	}
}
