package main

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const callback = "http://127.0.0.1:4711/callback?kept=1"

// relyingParty is go-oidc and x/oauth2 as their users write them.
func relyingParty(t *testing.T, s *server, c created, scopes ...string) (*oidc.Provider, oauth2.Config) {
	t.Helper()
	provider, err := oidc.NewProvider(t.Context(), s.issuer)
	if err != nil {
		t.Fatal(err)
	}
	return provider, oauth2.Config{
		ClientID: c.ID, ClientSecret: c.Secret, Endpoint: provider.Endpoint(), RedirectURL: callback, Scopes: scopes,
	}
}

func TestGoOIDC(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t)
	b.signUp("ada@example.com")
	provider, config := relyingParty(t, s, s.client(t, "Notes", "--redirect", callback), "openid", "profile", "email")
	verifier := oauth2.GenerateVerifier()
	query := b.authorize(config.AuthCodeURL("st/ate=&~", oidc.Nonce("n-1"), oauth2.S256ChallengeOption(verifier)))
	if query.Get("state") != "st/ate=&~" || query.Get("iss") != s.issuer || query.Get("kept") != "1" {
		t.Errorf("got %v, want state, issuer and the registered query", query)
	}
	token, err := config.Exchange(t.Context(), query.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	idToken, err := provider.Verifier(&oidc.Config{ClientID: config.ClientID}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if idToken.Nonce != "n-1" || idToken.VerifyAccessToken(token.AccessToken) != nil {
		t.Errorf("got nonce %q, at_hash %v", idToken.Nonce, idToken.VerifyAccessToken(token.AccessToken))
	}
	var claims map[string]any
	if err := idToken.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	for name := range claims {
		if !strings.Contains(" iss sub aud exp iat auth_time nonce acr amr at_hash ", " "+name+" ") {
			t.Errorf("got the claim %s in the ID token, want none outside the standard", name)
		}
	}
	info, err := provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
	if err != nil || info.Email != "ada@example.com" || info.EmailVerified || info.Subject != idToken.Subject {
		t.Errorf("got %v, %v", info, err)
	}
	expired := *token
	expired.Expiry = time.Now().Add(-time.Minute)
	refreshed, err := config.TokenSource(t.Context(), &expired).Token()
	if err != nil || refreshed.AccessToken == token.AccessToken || refreshed.RefreshToken == "" {
		t.Fatalf("got %v, %v, want another access token", refreshed, err)
	}
	if info, err = provider.UserInfo(t.Context(), oauth2.StaticTokenSource(refreshed)); err != nil || info.Subject != idToken.Subject {
		t.Errorf("got %v, %v for the refreshed token", info, err)
	}
	second := b.get(config.AuthCodeURL("again", oauth2.S256ChallengeOption(verifier)))
	if second.StatusCode != http.StatusSeeOther {
		t.Errorf("got %d, want no page the second time: consent is remembered", second.StatusCode)
	}
}

// fixture is a signed-in browser and a confidential client that may spend credits.
type fixture struct {
	*server
	browser  *browser
	client   created
	verifier string
	auth     func(changes ...string) string // authorization URL with parameters changed; "-" removes
}

func newFixture(t *testing.T, scopes string, env ...string) *fixture {
	t.Helper()
	s := prepare(t, env...)
	return s.fixture(t, scopes, func() { s.serve(t) })
}

// fixture makes a client, starts the program and signs a person in.
func (s *server) fixture(t *testing.T, scopes string, serve func()) *fixture {
	t.Helper()
	f := &fixture{server: s, browser: s.browser(t), verifier: oauth2.GenerateVerifier()}
	f.client = s.create(t, "Notes", "--redirect", callback, "--scope", strings.ReplaceAll(scopes, " ", ","),
		"--grant", "authorization_code,refresh_token,client_credentials", "--post-logout", "http://127.0.0.1:4711/bye")
	serve()
	f.browser.signUp("ada@example.com")
	f.auth = func(changes ...string) string {
		q := url.Values{
			"client_id": {f.client.ID}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {scopes},
			"state": {"s"}, "nonce": {"n"}, "code_challenge": {oauth2.S256ChallengeFromVerifier(f.verifier)},
			"code_challenge_method": {"S256"},
		}
		for i := 0; i+1 < len(changes); i += 2 {
			if q.Set(changes[i], changes[i+1]); changes[i+1] == "-" {
				q.Del(changes[i])
			}
		}
		return s.issuer + "/authorize?" + q.Encode()
	}
	return f
}

// token calls the token endpoint with client_secret_basic.
func (f *fixture) token(t *testing.T, pairs ...string) (int, map[string]any, http.Header) {
	t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {callback}, "code_verifier": {f.verifier}}
	for i := 0; i+1 < len(pairs); i += 2 {
		if form.Set(pairs[i], pairs[i+1]); pairs[i+1] == "-" {
			form.Del(pairs[i])
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), "POST", f.issuer+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(f.client.ID, f.client.Secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body, response.Header
}

// TestParallelRedemptions is T2 and CO4.
func TestParallelRedemptions(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	code := f.browser.authorize(f.auth()).Get("code")
	var mu sync.Mutex
	statuses := make(map[int]int)
	access := ""
	var group sync.WaitGroup
	begin := make(chan struct{})
	for range 64 {
		group.Go(func() {
			<-begin
			status, body, _ := f.token(t, "code", code)
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
			if status == http.StatusOK {
				access = body["access_token"].(string)
			} else if body["error"] != "invalid_grant" {
				t.Errorf("got %v, want invalid_grant", body)
			}
		})
	}
	close(begin)
	group.Wait()
	if statuses[200] != 1 || statuses[400] != 63 {
		t.Fatalf("got %v, want 1 success and 63 refusals", statuses)
	}
	if status := f.userInfo(t, access); status != http.StatusUnauthorized {
		t.Errorf("got %d at userinfo after the repeats, want 401: the grant is revoked", status)
	}
}

func (f *fixture) userInfo(t *testing.T, token string) int {
	t.Helper()
	status, _, header := f.api(t, "GET", "/userinfo", token, nil)
	if status == http.StatusUnauthorized && header.Get("WWW-Authenticate") == "" {
		t.Error("got 401 without a challenge")
	}
	return status
}

// TestTokenErrors is CO2, CO3, CO7 and CA1 in one client's hands.
func TestTokenErrors(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	code := func() string { return f.browser.authorize(f.auth()).Get("code") }
	for _, c := range []struct {
		name   string
		pairs  []string
		status int
		want   string
	}{
		{"no grant type", []string{"grant_type", "-"}, 400, "invalid_request"},
		{"unknown grant type", []string{"grant_type", "password"}, 400, "unsupported_grant_type"},
		{"no code", nil, 400, "invalid_request"},
		{"malformed code", []string{"code", "x"}, 400, "invalid_grant"},
		{"wrong verifier", []string{"code", code(), "code_verifier", oauth2.GenerateVerifier()}, 400, "invalid_grant"},
		{"no verifier", []string{"code", code(), "code_verifier", "-"}, 400, "invalid_grant"},
		{"other redirect URI", []string{"code", code(), "redirect_uri", "https://evil.example"}, 400, "invalid_grant"},
		{"other client id", []string{"code", code(), "client_id", "mc_demo"}, 400, "invalid_request"},
		{"two methods", []string{"code", code(), "client_secret", "x"}, 400, "invalid_request"},
		{"client credentials with openid", []string{"grant_type", "client_credentials", "scope", "openid"}, 400, "invalid_scope"},
	} {
		status, body, header := f.token(t, c.pairs...)
		if status != c.status || body["error"] != c.want || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %d %v, want %d %s", c.name, status, body, c.status, c.want)
		}
	}
	if status, _, _ := f.token(t, "code", code(), "redirect_uri", "-"); status != http.StatusOK {
		t.Errorf("got %d without redirect_uri, want 200: the challenge binds the code", status)
	}
	right := f.client.Secret
	f.client.Secret = "wrong"
	kept := code()
	status, body, header := f.token(t, "code", kept)
	if status != 401 || body["error"] != "invalid_client" || !strings.HasPrefix(header.Get("WWW-Authenticate"), "Basic") {
		t.Errorf("got %d %v, want invalid_client with a challenge", status, body)
	}
	f.client.Secret = right
	if status, _, _ := f.token(t, "code", kept); status != http.StatusOK {
		t.Errorf("got %d, want a failed authentication to leave the code", status)
	}
	for method, want := range map[string]int{"GET": 405, "PUT": 405} {
		if status, _, _ := f.api(t, method, "/token", "", nil); status != want {
			t.Errorf("%s: got %d, want %d", method, status, want)
		}
	}
	if status, _, _ := f.api(t, "POST", "/token", "", `{}`); status != http.StatusUnsupportedMediaType {
		t.Errorf("got %d for JSON, want 415", status)
	}
}

// TestFormPost reads the response from the form that the browser would send, and nothing from the address (AZ-M, T10).
func TestFormPost(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	f.browser.authorize(f.auth())
	page := f.browser.get(f.auth("response_mode", "form_post"))
	if page.StatusCode != http.StatusOK || !strings.Contains(page.body, `action="`+html.EscapeString(callback)+`"`) ||
		!strings.Contains(page.Header.Get("Content-Security-Policy"), "form-action 'self' http://127.0.0.1:4711") {
		t.Fatalf("got %d, policy %s\n%s", page.StatusCode, page.Header.Get("Content-Security-Policy"), page.body)
	}
	fields := make(map[string]string)
	for _, field := range hiddenField.FindAllStringSubmatch(page.body, -1) {
		fields[field[1]] = html.UnescapeString(field[2])
	}
	if len(fields) != 3 || fields["state"] != "s" || fields["iss"] != f.issuer || strings.Contains(page.Request.URL.String(), fields["code"]) {
		t.Errorf("got %v", fields)
	}
	if status, body, _ := f.token(t, "code", fields["code"]); status != http.StatusOK || body["id_token"] == nil {
		t.Errorf("got %d %v", status, body)
	}
	refused := f.browser.get(f.auth("response_mode", "form_post", "prompt", "none", "max_age", "0"))
	if !strings.Contains(refused.body, `name="error" value="login_required"`) || strings.Contains(refused.body, `name="code"`) {
		t.Errorf("got %s, want the error in the form", refused.body)
	}
}

// TestCrossSitePost begins at another site's form: the session is found again on our own address (before AZ1, B19).
func TestCrossSitePost(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	to, err := url.Parse(f.auth())
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), "POST", f.issuer+"/authorize", strings.NewReader(to.RawQuery))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", "https://app.example")
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	page := f.browser.do(request)
	if page.Request.URL.Path != "/consent" {
		t.Fatalf("got %d at %s, want the consent page", page.StatusCode, page.Request.URL)
	}
	location, err := f.browser.submit(page, "/consent", "decision", "deny").Location()
	if err != nil || location.Query().Get("error") != "access_denied" || location.Query().Get("state") != "s" {
		t.Errorf("got %v, %v, want access_denied", location, err)
	}
	if again := f.browser.get(page.Request.URL.String()); again.StatusCode != http.StatusBadRequest {
		t.Errorf("got %d for a request that has ended, want 400", again.StatusCode)
	}
}

// TestForms proves that pages take forms from their own browser alone (CN3), and that an interaction is of no use
// elsewhere (AZ21).
func TestForms(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	consent := f.browser.get(f.auth())
	other := f.server.browser(t)
	other.signUp("eve@example.com")
	if got := other.get(consent.Request.URL.String()); got.StatusCode != http.StatusBadRequest {
		t.Errorf("got %d in another browser, want 400", got.StatusCode)
	}
	request := consent.Request.URL.Query().Get("request")
	for name, form := range map[string]url.Values{
		"no token":      {"request": {request}, "decision": {"allow"}},
		"foreign token": {"request": {request}, "decision": {"allow"}, "form_token": {"x"}},
	} {
		if got := f.browser.post("/consent", form); got.StatusCode != http.StatusForbidden {
			t.Errorf("%s: got %d, want 403", name, got.StatusCode)
		}
	}
	for _, path := range []string{"/login", "/signup", "/logout", "/consent"} {
		post, err := http.NewRequestWithContext(t.Context(), "POST", f.issuer+path, strings.NewReader("a=b"))
		if err != nil {
			t.Fatal(err)
		}
		post.Header.Set("Content-Type", "text/plain")
		if got := f.browser.do(post); got.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("%s: got %d for text, want 415", path, got.StatusCode)
		}
		post, _ = http.NewRequestWithContext(t.Context(), "POST", f.issuer+path, strings.NewReader("a=b"))
		post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		post.Header.Set("Sec-Fetch-Site", "cross-site")
		post.Header.Set("Origin", "https://evil.example")
		if got := f.browser.do(post); got.StatusCode != http.StatusForbidden {
			t.Errorf("%s: got %d across sites, want 403", path, got.StatusCode)
		}
	}
	if got := f.browser.get("/account"); got.Request.URL.Path != "/account" {
		t.Errorf("got %s, want the session untouched", got.Request.URL)
	}
	if location, err := f.browser.submit(f.browser.get(consent.Request.URL.String()), "/consent", "decision", "allow").Location(); err != nil || location.Query().Get("code") == "" {
		t.Errorf("got %v, %v, want a code in the right browser", location, err)
	}
}

// TestLogout walks the ways out that the protocol knows (LO1 to LO4).
func TestLogout(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	_, tokens, _ := f.token(t, "code", f.browser.authorize(f.auth()).Get("code"))
	hint := tokens["id_token"].(string)
	end := func(pairs ...string) answer {
		q := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			q.Set(pairs[i], pairs[i+1])
		}
		return f.browser.get("/end_session?" + q.Encode())
	}
	for name, pairs := range map[string][]string{
		"no parameters":    {"state", "s"},
		"URI without hint": {"post_logout_redirect_uri", "http://127.0.0.1:4711/bye"},
		"broken hint":      {"id_token_hint", hint + "x", "post_logout_redirect_uri", "http://127.0.0.1:4711/bye"},
		"foreign URI":      {"id_token_hint", hint, "post_logout_redirect_uri", "https://evil.example"},
		"query added":      {"id_token_hint", hint, "post_logout_redirect_uri", "http://127.0.0.1:4711/bye?x=1"},
		"another client":   {"id_token_hint", hint, "client_id", "mc_demo"},
	} {
		got := end(pairs...)
		if got.Request.URL.Path != "/logout" || !strings.Contains(got.body, "ada@example.com") {
			t.Errorf("%s: got %d at %s, want a question", name, got.StatusCode, got.Request.URL)
		}
	}
	got := end("id_token_hint", hint, "post_logout_redirect_uri", "http://127.0.0.1:4711/bye", "state", "a&b")
	if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "http://127.0.0.1:4711/bye?state=a%26b" {
		t.Errorf("got %d to %s", got.StatusCode, got.Header.Get("Location"))
	}
	if got := f.browser.get("/account"); got.Request.URL.Path != "/login" {
		t.Errorf("got %s, want nobody signed in", got.Request.URL)
	}
	if status := f.userInfo(t, tokens["access_token"].(string)); status != http.StatusUnauthorized {
		t.Errorf("got %d at userinfo after the logout, want 401", status)
	}
}

// TestClientOrigins lets pages of registered clients read the token endpoint and userinfo, and nobody else (EP9).
func TestClientOrigins(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	for _, path := range []string{"/token", "/userinfo"} {
		for origin, allowed := range map[string]bool{
			"http://127.0.0.1:4711": true, "http://127.0.0.1": false, "http://127.0.0.1:4711.evil.example": false,
			"https://evil.example": false, "null": false, "http://localhost:3000": false,
		} {
			for _, method := range []string{"OPTIONS", "POST"} {
				_, _, header := f.api(t, method, path, "", nil, "Origin", origin, "Access-Control-Request-Method", "POST",
					"Access-Control-Request-Headers", "authorization")
				if got := header.Get("Access-Control-Allow-Origin"); (got == origin) != allowed || got != origin && got != "" {
					t.Errorf("%s %s from %s: got %q", method, path, origin, got)
				}
				if header.Get("Access-Control-Allow-Credentials") != "" || !strings.Contains(header.Get("Vary"), "Origin") {
					t.Errorf("%s %s from %s: got credentials, or no Vary", method, path, origin)
				}
			}
		}
	}
}
