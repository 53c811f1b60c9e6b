package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// withOther runs the program with another instance of itself as the upstream provider "acme".
func withOther(t *testing.T, env ...string) (ours, theirs *server) {
	t.Helper()
	theirs, ours = start(t), prepare(t, env...)
	ours.env = append(ours.env, theirs.upstream(t, ours.issuer)...)
	ours.serve(t)
	return ours, theirs
}

// upstream gives the settings by which another program sends people here.
func (s *server) upstream(t *testing.T, issuer string) []string {
	t.Helper()
	c := s.client(t, "Ours", "--redirect", issuer+"/login/with/acme/callback")
	return []string{
		"UPSTREAM_ACME_ISSUER=" + s.issuer, "UPSTREAM_ACME_CLIENT_ID=" + c.ID, "UPSTREAM_ACME_CLIENT_SECRET=" + c.Secret, "UPSTREAM_ACME_LABEL=Acme",
	}
}

// account makes a person at a provider, with a browser that is signed in there.
func (s *server) account(t *testing.T, email string, verified bool) *browser {
	t.Helper()
	b := s.browser(t)
	b.signUp(email)
	if verified {
		s.sql(t, `UPDATE auth_users SET email_verified = 1 WHERE email = '`+email+`'`)
	}
	return b
}

// with goes from a page of ours to the other provider in a browser that is signed in there, and gives the address that
// it sends ours back to.
func (b *browser) with(path string, there *browser) string {
	b.t.Helper()
	to, err := b.get(path).Location()
	if err != nil {
		b.t.Fatal(err)
	}
	page := there.get(to.String())
	if page.Request.URL.Path == "/consent" && page.StatusCode == http.StatusOK {
		page = there.submit(page, "/consent", "decision", "allow")
	}
	back, err := page.Location()
	if err != nil {
		b.t.Fatalf("got %d at %s, want to be sent back\n%s", page.StatusCode, page.Request.URL, page.body)
	}
	return back.String()
}

// wantAccount expects a browser to be signed in as somebody.
func (b *browser) wantAccount(page answer, email string) {
	b.t.Helper()
	if page.StatusCode != http.StatusOK || page.Request.URL.Path != "/account" || !strings.Contains(page.body, email) {
		b.t.Errorf("got %d at %s, want the account of %s\n%s", page.StatusCode, page.Request.URL, email, page.body)
	}
}

func wantShown(t *testing.T, what string, page answer, status int, text string) {
	t.Helper()
	if page.StatusCode != status || !strings.Contains(page.body, text) {
		t.Errorf("%s: got %d, want %d and %q\n%s", what, page.StatusCode, status, text, page.body)
	}
}

// links counts the links of a person.
func (s *server) links(t *testing.T, email string) int {
	t.Helper()
	return len(s.texts(t, `SELECT a.id FROM auth_accounts a JOIN auth_users u ON u.id = a.user_id WHERE u.email = ?`, email))
}

// TestUpstreamSignIn signs in with another instance of the program: a new account, a linked one, and one that was never
// proven and is taken from whoever made it.
func TestUpstreamSignIn(t *testing.T) {
	t.Parallel()
	ours, theirs := withOther(t)
	t.Run("a new account", func(t *testing.T) {
		b, there := ours.browser(t), theirs.account(t, "bob@example.com", true)
		if login := b.get("/login"); !strings.Contains(login.body, "Continue with Acme") {
			t.Errorf("got no button\n%s", login.body)
		}
		back := b.with("/login/with/acme", there)
		b.wantAccount(b.get(back), "bob@example.com")
		wantShown(t, "the answer again", b.get(back), http.StatusBadRequest, "did not work")
		again := ours.browser(t)
		again.wantAccount(again.get(again.with("/login/with/acme", there)), "bob@example.com")
		status, body, _ := ours.api(t, "POST", "/api/v1/auth/login", "", `{"email":"bob@example.com","password":"`+testPassword+`"}`)
		wantError(t, "no password", status, body, 401, "INVALID_CREDENTIALS")
		if n := len(ours.texts(t, `SELECT id FROM auth_users WHERE email = 'bob@example.com' AND email_verified = 1`)); n != 1 {
			t.Errorf("got %d proven accounts, want 1", n)
		}
	})
	t.Run("an account that both have proven is linked", func(t *testing.T) {
		ours.account(t, "eve@example.com", true)
		b := ours.browser(t)
		b.wantAccount(b.get(b.with("/login/with/acme", theirs.account(t, "eve@example.com", true))), "eve@example.com")
		if status, _, _ := ours.api(t, "POST", "/api/v1/auth/login", "", `{"email":"eve@example.com","password":"`+testPassword+`"}`); status != 200 {
			t.Errorf("got %d for the password, want 200", status)
		}
	})
	t.Run("an account is not linked on the word of nobody, and claimed when it was never proven", func(t *testing.T) {
		squatter := ours.account(t, "ada@example.com", false)
		there := theirs.account(t, "ada@example.com", false)
		b := ours.browser(t)
		wantShown(t, "unproven", b.get(b.with("/login/with/acme", there)), http.StatusConflict, "link Acme under Security")
		if n := ours.links(t, "ada@example.com"); n != 0 {
			t.Errorf("got %d links, want none", n)
		}
		theirs.sql(t, `UPDATE auth_users SET email_verified = 1 WHERE email = 'ada@example.com'`)
		b.wantAccount(b.get(b.with("/login/with/acme", there)), "ada@example.com")
		if page := squatter.get("/account"); page.Request.URL.Path != "/login" {
			t.Errorf("got %s for whoever made the account, want them signed out", page.Request.URL)
		}
		status, body, _ := ours.api(t, "POST", "/api/v1/auth/login", "", `{"email":"ada@example.com","password":"`+testPassword+`"}`)
		wantError(t, "the password", status, body, 401, "INVALID_CREDENTIALS")
	})
	t.Run("an app waits", func(t *testing.T) {
		c := ours.client(t, "Notes", "--redirect", callback)
		b, there := ours.browser(t), theirs.account(t, "dora@example.com", true)
		login := b.get(c.authorizeURL(ours))
		at := strings.Index(login.body, `href="/login/with/acme?`)
		if at < 0 {
			t.Fatalf("got no button\n%s", login.body)
		}
		path, _, _ := strings.Cut(login.body[at+len(`href="`):], `"`)
		if got := b.authorize(b.with(strings.ReplaceAll(path, "&amp;", "&"), there)); got.Get("code") == "" {
			t.Errorf("got %v, want a code", got)
		}
	})
	t.Run("a disabled person is refused", func(t *testing.T) {
		there := theirs.account(t, "off@example.com", true)
		b := ours.browser(t)
		b.get(b.with("/login/with/acme", there))
		ours.sql(t, `UPDATE auth_users SET disabled_at = created_at WHERE email = 'off@example.com'`)
		wantShown(t, "disabled", b.get(b.with("/login/with/acme", there)), http.StatusForbidden, "did not work")
	})
}

// authorizeURL is a request for a code.
func (c created) authorizeURL(s *server) string {
	return s.issuer + "/authorize?" + url.Values{
		"client_id": {c.ID}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}.Encode()
}

// TestUpstreamLink links an account to somebody who is signed in, after a fresh proof and a confirmation.
func TestUpstreamLink(t *testing.T) {
	t.Parallel()
	ours, theirs := withOther(t)
	b, there := ours.account(t, "carl@example.com", false), theirs.account(t, "other@work.example", true)
	page := b.get(b.with("/login/with/acme?link=1", there))
	wantShown(t, "confirmation", page, http.StatusOK, "other@work.example")
	if n := ours.links(t, "carl@example.com"); n != 0 {
		t.Errorf("got %d links before the confirmation", n)
	}
	stranger := ours.account(t, "mallory@example.com", false)
	form := url.Values{"form_token": {field(t, stranger.get(stranger.with("/login/with/acme?link=1", there)), "form_token")}, "offer": {field(t, page, "offer")}}
	forged := stranger.post("/login/with/acme/link", form)
	wantShown(t, "the offer of another session", forged, http.StatusBadRequest, "did not work")
	wantShown(t, "linked", b.submit(page, "/login/with/acme/link"), http.StatusOK, "The account is linked")
	if n := ours.links(t, "carl@example.com"); n != 1 {
		t.Fatalf("got %d links, want 1", n)
	}
	fresh := ours.browser(t)
	fresh.wantAccount(fresh.get(fresh.with("/login/with/acme", there)), "carl@example.com")
	wantShown(t, "linked to somebody else", stranger.submit(stranger.get(stranger.with("/login/with/acme?link=1", there)), "/login/with/acme/link"),
		http.StatusConflict, "linked to another account")
	wantShown(t, "unlinked", b.submit(b.get("/account/security"), "/account/security/unlink"), http.StatusOK, "The link is removed")
	only := ours.browser(t)
	only.wantAccount(only.get(only.with("/login/with/acme", theirs.account(t, "only@example.com", true))), "only@example.com")
	wantShown(t, "the only way in", only.submit(only.get("/account/security"), "/account/security/unlink"), http.StatusConflict, "only way to sign in")
	if page := ours.browser(t).get("/login/with/acme?link=1"); page.Request.URL.Path != "/login" {
		t.Errorf("got %s for nobody, want the login page", page.Request.URL)
	}
}

// field is the value of a hidden field of a page.
func field(t *testing.T, page answer, name string) string {
	t.Helper()
	for _, field := range hiddenField.FindAllStringSubmatch(page.body, -1) {
		if field[1] == name {
			return field[2]
		}
	}
	t.Fatalf("got no field %s in %s", name, page.body)
	return ""
}

// TestUpstreamFaults sends answers that belong to nothing, and asks providers that are not there.
func TestUpstreamFaults(t *testing.T) {
	t.Parallel()
	ours, theirs := withOther(t, "SIGNUP=closed", "UPSTREAM_GONE_ISSUER=http://127.0.0.1:1", "UPSTREAM_GONE_CLIENT_ID=x")
	there := theirs.account(t, "bob@example.com", true)
	b := ours.browser(t)
	wantShown(t, "nobody asked", b.get("/login/with/acme/callback?code=x&state=y"), http.StatusBadRequest, "did not work")
	wantShown(t, "unknown provider", b.get("/login/with/nobody"), http.StatusNotFound, "")
	wantShown(t, "away", b.get("/login/with/gone"), http.StatusServiceUnavailable, "does not answer")
	wantShown(t, "sign-up is closed", b.get(b.with("/login/with/acme", there)), http.StatusForbidden, "cannot be created")
	for name, change := range map[string]func(url.Values){
		"another state":  func(v url.Values) { v.Set("state", "other") },
		"another issuer": func(v url.Values) { v.Set("iss", "https://evil.example") },
		"no issuer":      func(v url.Values) { v.Del("iss") },
		"another code":   func(v url.Values) { v.Set("code", "other") },
		"refused there":  func(v url.Values) { v.Del("code"); v.Set("error", "access_denied") },
	} {
		back, err := url.Parse(b.with("/login/with/acme", there))
		if err != nil {
			t.Fatal(err)
		}
		query := back.Query()
		change(query)
		back.RawQuery = query.Encode()
		wantShown(t, name, b.get(back.String()), http.StatusBadRequest, "did not work")
	}
	back := b.with("/login/with/acme", there)
	wantShown(t, "another browser", ours.browser(t).get(back), http.StatusBadRequest, "did not work")
	wantShown(t, "another provider", b.get(strings.Replace(back, "/acme/", "/gone/", 1)), http.StatusBadRequest, "did not work")
}

// TestUpstreamReference signs in with oidc-provider.
func TestUpstreamReference(t *testing.T) {
	t.Parallel()
	dir := nodeProject(t, filepath.Join("deploy", "tools", "reference"), "oidc-provider")
	theirs, ours := "http://localhost:"+freePort(t), prepare(t)
	setup, err := json.Marshal(map[string]any{
		"issuer": theirs, "subject": uuid.NewString(), "email": "ada@example.com", "password": testPassword,
		"claims": map[string]any{"email": "ada@example.com", "email_verified": true, "name": "Ada Lovelace"},
		"clients": []map[string]any{{
			"client_id": "ours", "client_secret": "a-secret", "redirect_uris": []string{ours.issuer + "/login/with/reference/callback"},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if line := launch(t, dir, []string{"SETUP=" + string(setup)}, "node", "server.mjs").line(); line != "ready" {
		t.Fatalf("got %q, want the reference ready", line)
	}
	ours.env = append(ours.env, "UPSTREAM_REFERENCE_ISSUER="+theirs, "UPSTREAM_REFERENCE_CLIENT_ID=ours", "UPSTREAM_REFERENCE_CLIENT_SECRET=a-secret")
	ours.serve(t)
	b, there := ours.browser(t), (&server{issuer: theirs}).browser(t)
	to, err := b.get("/login/with/reference").Location()
	if err != nil {
		t.Fatal(err)
	}
	page := there.get(to.String())
	for range 2 { // login, consent
		if page.StatusCode == http.StatusOK {
			page = there.submit(page, page.Request.URL.Path, "username", "ada@example.com", "password", testPassword)
		}
	}
	back, err := page.Location()
	if err != nil {
		t.Fatalf("got %d at %s\n%s", page.StatusCode, page.Request.URL, page.body)
	}
	b.wantAccount(b.get(back.String()), "ada@example.com")
	if n := len(ours.texts(t, `SELECT id FROM auth_users WHERE email_verified = 1 AND name = 'Ada Lovelace'`)); n != 1 {
		t.Errorf("got %d, want the person with name and proven address", n)
	}
}

// withGitHub runs the program with the addresses and answers of a GitHub Enterprise Server.
func withGitHub(t *testing.T) *server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login/oauth/access_token", func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("code") != "the-code" || r.PostFormValue("code_verifier") == "" || r.PostFormValue("client_secret") != "s" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"gho_1","token_type":"bearer","scope":"read:user,user:email"}`))
	})
	for path, body := range map[string]string{
		"/api/v3/user":        `{"id":583231,"login":"ada","name":"Ada Lovelace"}`,
		"/api/v3/user/emails": `[{"email":"old@example.com","primary":false,"verified":true},{"email":"Ada@example.com","primary":true,"verified":true}]`,
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer gho_1" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			_, _ = w.Write([]byte(body))
		})
	}
	github := httptest.NewServer(mux)
	t.Cleanup(github.Close)
	return start(t, "UPSTREAM_GITHUB_ISSUER="+github.URL, "UPSTREAM_GITHUB_CLIENT_ID=c", "UPSTREAM_GITHUB_CLIENT_SECRET=s")
}

func TestUpstreamGitHub(t *testing.T) {
	t.Parallel()
	s := withGitHub(t)
	b := s.browser(t)
	to, err := b.get("/login/with/github").Location()
	if err != nil {
		t.Fatal(err)
	}
	if q := to.Query(); to.Path != "/login/oauth/authorize" || q.Get("scope") != "read:user user:email" || q.Get("code_challenge_method") != "S256" {
		t.Errorf("got %s", to)
	}
	b.wantAccount(b.get("/login/with/github/callback?code=the-code&state="+to.Query().Get("state")), "ada@example.com")
	if ids := s.texts(t, `SELECT provider_account_id FROM auth_accounts WHERE provider = 'github'`); len(ids) != 1 || ids[0] != "583231" {
		t.Errorf("got %v, want the number of the account", ids)
	}
}

// TestAddressIssuer serves under an address of the network, for which no browser makes passkeys.
func TestAddressIssuer(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	s := start(t, "PORT="+port, "ISSUER=http://127.0.0.1:"+port)
	s.issuer = "http://127.0.0.1:" + port
	b := s.browser(t)
	if login := b.get("/login"); login.StatusCode != http.StatusOK || strings.Contains(login.body, "passkey.js") {
		t.Errorf("got %d, or passkeys, in\n%s", login.StatusCode, login.body)
	}
	wantShown(t, "passkeys", b.get("/account/security/passkeys"), http.StatusNotFound, "")
}

// TestUpstreamUntold signs in with a provider that tells no time: its person may have been asked nothing, so it is no
// fresh proof, whoever signs out and in again.
func TestUpstreamUntold(t *testing.T) {
	t.Parallel()
	s := withGitHub(t)
	b := s.browser(t)
	in := func(from string) answer {
		to, err := b.get(from).Location()
		if err != nil {
			t.Fatal(err)
		}
		return b.get("/login/with/github/callback?code=the-code&state=" + to.Query().Get("state"))
	}
	b.wantAccount(in("/login/with/github"), "ada@example.com")
	if page := b.get("/account/security/passkeys"); page.Request.URL.Path != "/account/security/passkeys" {
		t.Errorf("got %s for an account of now, want the page", page.Request.URL)
	}
	s.sql(t, `UPDATE auth_users SET created_at = created_at - 600000000`)
	b.submit(b.get("/logout"), "/logout")
	b.wantAccount(in("/login/with/github"), "ada@example.com")
	for range 2 {
		page := b.get("/account/security/passkeys")
		b.wantPage(page, http.StatusOK, "/login", "counts only if it asks you again")
		in("/login/with/github?return=/account/security/passkeys")
	}
	b.submit(b.get("/forgot"), "/forgot", "email", "ada@example.com")
	b.submit(b.get(b.mailLink("Set a new password")), "/reset", "password", testPassword)
	page := b.signIn(b.get("/login?return=/account/security/passkeys"), "ada@example.com")
	if page.Request.URL.Path != "/account/security/passkeys" {
		t.Errorf("got %s after a password, want the page\n%s", page.Request.URL, page.body)
	}
}

// TestUpstreamUnproven signs in by an address that the other provider has not proven where it has to be: the account is made,
// waits for the link of its mail, and the page does not tell a known address from an unknown one.
func TestUpstreamUnproven(t *testing.T) {
	t.Parallel()
	ours, theirs := withOther(t, "REQUIRE_EMAIL_VERIFICATION=true")
	known := ours.browser(t)
	known.submit(known.get("/signup"), "/signup", "email", "ada@example.com", "password", testPassword)
	for _, email := range []string{"bob@example.com", "ada@example.com"} {
		there := theirs.account(t, email, false)
		for range 2 {
			b := ours.browser(t)
			b.wantPage(b.get(b.with("/login/with/acme", there)), http.StatusOK, "/verify-email", "sent to "+email)
			if page := b.get("/account"); page.Request.URL.Path != "/login" {
				t.Errorf("got %s, want nobody signed in", page.Request.URL)
			}
		}
	}
	if n := ours.links(t, "ada@example.com"); n != 0 {
		t.Errorf("got %d links to an account of somebody else, want none", n)
	}
	kinds := ours.texts(t, `SELECT m.kind FROM auth_mails m JOIN auth_users u ON u.id = m.user_id WHERE u.email = 'ada@example.com' ORDER BY m.id`)
	if !slices.Equal(kinds, []string{"verify_email", "account_exists"}) { // a later one takes the place of one not sent yet
		t.Errorf("got %v, want the owner told", kinds)
	}
	there := theirs.browser(t)
	there.signIn(there.get("/login"), "bob@example.com")
	b := ours.browser(t)
	b.get(b.with("/login/with/acme", there))
	b.submit(b.get(b.mailLink("Confirm your e-mail address")), "/verify-email")
	b.wantAccount(b.get(b.with("/login/with/acme", there)), "bob@example.com")
}

// TestUpstreamKnownLimited: whoever sets addresses that are not theirs at another provider learns of few whether they are
// known, while sign-ins that are done are not counted.
func TestUpstreamKnownLimited(t *testing.T) {
	t.Parallel()
	ours, theirs := withOther(t, "RATE_LIMIT_CLASSES=login=2/3600")
	ours.account(t, "ada@example.com", false)
	own, strange := theirs.account(t, "bob@example.com", true), theirs.account(t, "ada@example.com", false)
	for range 3 {
		b := ours.browser(t)
		b.wantAccount(b.get(b.with("/login/with/acme", own)), "bob@example.com")
	}
	for _, status := range []int{http.StatusConflict, http.StatusConflict, http.StatusTooManyRequests} {
		b := ours.browser(t)
		if got := b.get(b.with("/login/with/acme", strange)); got.StatusCode != status {
			t.Errorf("got %d for a known address, want %d", got.StatusCode, status)
		}
	}
}
