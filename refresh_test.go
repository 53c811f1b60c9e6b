package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// post calls an endpoint for programs with client_secret_basic, or by client_id alone when there is no secret.
func (s *server) post(t *testing.T, path string, c created, pairs ...string) (int, map[string]any, http.Header) {
	t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	headers := []string{"Content-Type", "application/x-www-form-urlencoded"}
	if c.Secret == "" {
		form.Set("client_id", c.ID)
	} else {
		request := &http.Request{Header: http.Header{}}
		request.SetBasicAuth(c.ID, c.Secret)
		headers = append(headers, "Authorization", request.Header.Get("Authorization"))
	}
	return s.api(t, "POST", path, "", form.Encode(), headers...)
}

// grantedTo signs a person in at a client and gives the token response.
func (f *fixture) grantedTo(t *testing.T, changes ...string) map[string]any {
	t.Helper()
	changes = append([]string{"client_id", f.client.ID}, changes...)
	status, body, _ := f.post(t, "/token", f.client, "grant_type", "authorization_code", "redirect_uri", callback,
		"code_verifier", f.verifier, "code", f.browser.authorize(f.auth(changes...)).Get("code"))
	if status != http.StatusOK {
		t.Fatalf("got %d %v for a code", status, body)
	}
	return body
}

func (f *fixture) refresh(t *testing.T, token any, pairs ...string) (int, map[string]any) {
	t.Helper()
	status, body, _ := f.post(t, "/token", f.client, append([]string{"grant_type", "refresh_token", "refresh_token", fmt.Sprint(token)}, pairs...)...)
	return status, body
}

// publicFixture is a fixture whose client has no secret, so that its refresh tokens rotate.
func publicFixture(t *testing.T, scopes string) *fixture {
	t.Helper()
	f := newFixture(t, scopes)
	f.client = f.server.client(t, "Public", "--public", "--redirect", callback, "--scope", strings.ReplaceAll(scopes, " ", ","),
		"--grant", "authorization_code,refresh_token")
	return f
}

// claimsOf reads the payload of a token without a look at its signature.
func claimsOf(t *testing.T, token any) map[string]any {
	t.Helper()
	parts := strings.Split(fmt.Sprint(token), ".")
	if len(parts) != 3 {
		t.Fatalf("got %v, want a JWT", token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// TestRefreshRotates is T2, RF2, RF3 and RF4.
func TestRefreshRotates(t *testing.T) {
	t.Parallel()
	f := publicFixture(t, "openid email")
	first := f.grantedTo(t)
	var mu sync.Mutex
	successors := make(map[any]int)
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			status, body := f.refresh(t, first["refresh_token"])
			mu.Lock()
			defer mu.Unlock()
			if successors[body["refresh_token"]]++; status != http.StatusOK {
				t.Errorf("got %d %v, want the same successor for all", status, body)
			}
		})
	}
	group.Wait()
	if len(successors) != 1 {
		t.Fatalf("got %d successors, want one", len(successors))
	}
	_, second := f.refresh(t, first["refresh_token"])
	status, third := f.refresh(t, second["refresh_token"])
	if status != http.StatusOK {
		t.Fatalf("got %d %v", status, third)
	}
	if status := f.userInfo(t, third["access_token"].(string)); status != http.StatusOK {
		t.Errorf("got %d at userinfo, want 200", status)
	}
	// The first token is two generations old: its use ends everything.
	if status, body := f.refresh(t, first["refresh_token"]); status != 400 || body["error"] != "invalid_grant" {
		t.Errorf("got %d %v for a reuse, want invalid_grant", status, body)
	}
	if status, body := f.refresh(t, third["refresh_token"]); status != 400 || body["error"] != "invalid_grant" {
		t.Errorf("got %d %v after a reuse, want the family ended", status, body)
	}
	if status := f.userInfo(t, third["access_token"].(string)); status != http.StatusUnauthorized {
		t.Errorf("got %d at userinfo after a reuse, want 401", status)
	}
}

// TestRefreshOfConfidentialClient is RF1, RF2, RF5, RF6 and RF7.
func TestRefreshOfConfidentialClient(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email credits:read")
	f.client = f.server.client(t, "Notes", "--redirect", callback, "--scope", "openid,email,credits:read", "--grant", "authorization_code,refresh_token")
	first := f.grantedTo(t)
	if first["refresh_token"] == nil || first["scope"] != "openid email credits:read" {
		t.Fatalf("got %v, want a refresh token", first)
	}
	verifier := oidc.NewVerifier(f.issuer, oidc.NewRemoteKeySet(t.Context(), f.issuer+"/jwks"), &oidc.Config{ClientID: f.client.ID})
	before, err := verifier.Verify(t.Context(), first["id_token"].(string))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // it does not rotate
		status, body := f.refresh(t, first["refresh_token"])
		if status != http.StatusOK || body["refresh_token"] != nil || body["scope"] != first["scope"] {
			t.Fatalf("got %d %v, want new tokens beside the same refresh token", status, body)
		}
		after, err := verifier.Verify(t.Context(), body["id_token"].(string))
		if err != nil || after.Subject != before.Subject || after.Nonce != "" {
			t.Errorf("got %v, %v, want the same person without nonce", after, err)
		}
		var was, is struct {
			AuthTime int64 `json:"auth_time"`
		}
		if err := before.Claims(&was); err != nil || after.Claims(&is) != nil || was != is {
			t.Errorf("got auth_time %v, want %v", is, was)
		}
	}
	status, narrowed := f.refresh(t, first["refresh_token"], "scope", "openid", "resource", f.issuer)
	if status != http.StatusOK || narrowed["scope"] != "openid" || f.userInfo(t, narrowed["access_token"].(string)) != http.StatusOK {
		t.Errorf("got %d %v, want a narrowed token for userinfo", status, narrowed)
	}
	for name, c := range map[string]struct {
		pairs []string
		want  string
	}{
		"a wider scope":      {[]string{"scope", "openid profile"}, "invalid_scope"},
		"nonsense":           {[]string{"refresh_token", "x"}, "invalid_grant"},
		"no token":           {[]string{"refresh_token", ""}, "invalid_request"},
		"an access token":    {[]string{"refresh_token", first["access_token"].(string)}, "invalid_grant"},
		"a code's own grant": {[]string{"grant_type", "authorization_code", "code", first["refresh_token"].(string)}, "invalid_grant"},
	} {
		if status, body := f.refresh(t, first["refresh_token"], c.pairs...); status != 400 || body["error"] != c.want {
			t.Errorf("%s: got %d %v, want %s", name, status, body, c.want)
		}
	}
	right := f.client
	f.client = f.server.client(t, "Other", "--redirect", callback, "--grant", "authorization_code,refresh_token")
	if status, body := f.refresh(t, first["refresh_token"]); status != 400 || body["error"] != "invalid_grant" {
		t.Errorf("got %d %v at another client, want invalid_grant", status, body)
	}
	f.client = right
	if status, _ := f.refresh(t, first["refresh_token"]); status != http.StatusOK {
		t.Errorf("got %d, want another client's try without effect", status)
	}
	f.browser.submit(f.browser.get("/logout"), "/logout")
	if status, body := f.refresh(t, first["refresh_token"]); status != 400 || body["error"] != "invalid_grant" {
		t.Errorf("got %d %v after the logout, want the session's family ended", status, body)
	}
}

// TestOfflineAccess outlives the session, and x/oauth2 renews it by itself (RF1, CN5, LO5).
func TestOfflineAccess(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	f.client = f.server.client(t, "Notes", "--redirect", callback, "--scope", "openid,offline_access", "--grant", "authorization_code,refresh_token")
	tokens := f.grantedTo(t, "scope", "openid offline_access")
	f.browser.submit(f.browser.get("/logout"), "/logout")
	if status := f.userInfo(t, tokens["access_token"].(string)); status != http.StatusOK {
		t.Errorf("got %d at userinfo after the logout, want offline access to go on", status)
	}
	_, config := relyingParty(t, f.server, f.client, "openid", "offline_access")
	renewed, err := config.TokenSource(t.Context(), &oauth2.Token{RefreshToken: tokens["refresh_token"].(string)}).Token()
	if err != nil || f.userInfo(t, renewed.AccessToken) != http.StatusOK {
		t.Errorf("got %v, %v, want x/oauth2 to renew", renewed, err)
	}
}

// TestIntrospectionOfExpired grants no time beyond the expiry: the clock that it is held against is the issuer's own.
func TestIntrospectionOfExpired(t *testing.T) {
	t.Parallel()
	forger := newForger(t)
	f := newFixture(t, "openid", forger.setting())
	token := f.grantedTo(t)["access_token"].(string)
	for ago, want := range map[time.Duration]bool{-time.Minute: true, time.Second: false, 30 * time.Second: false} {
		shown := forger.changed(token, "exp", time.Now().Add(-ago).Unix())
		if _, body, _ := f.post(t, "/introspect", f.client, "token", shown); body["active"] != want {
			t.Errorf("got %v for a token that ended %v ago", body, ago)
		}
	}
}

// TestIntrospectionAndRevocation is IN1 and RV1.
func TestIntrospectionAndRevocation(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email credits:read")
	f.client = f.server.client(t, "Notes", "--redirect", callback, "--scope", "openid,email,credits:read",
		"--grant", "authorization_code,refresh_token,client_credentials")
	tokens := f.grantedTo(t)
	_, own, _ := f.post(t, "/token", f.client, "grant_type", "client_credentials", "scope", "credits:read")
	other := f.server.client(t, "Other", "--redirect", callback)
	active := func(c created, token any) (map[string]any, bool) {
		t.Helper()
		status, body, header := f.post(t, "/introspect", c, "token", fmt.Sprint(token))
		if status != http.StatusOK || header.Get("Cache-Control") != "no-store" {
			t.Fatalf("got %d %v", status, body)
		}
		if body["active"] == false && len(body) != 1 {
			t.Errorf("got %v, want nothing else of an inactive token", body)
		}
		return body, body["active"] == true
	}
	for name, token := range map[string]any{"access": tokens["access_token"], "refresh": tokens["refresh_token"], "own": own["access_token"]} {
		body, ok := active(f.client, token)
		if !ok || body["client_id"] != f.client.ID || body["sub"] == "" || body["exp"] == nil || body["username"] != nil {
			t.Errorf("%s: got %v", name, body)
		}
		if _, ok := active(other, token); ok {
			t.Errorf("%s: got active for a client that it was not issued to", name)
		}
	}
	for _, token := range []string{"", "x", "a.b.c", tokens["id_token"].(string), strings.Repeat("a", 43)} {
		if token == "" {
			continue
		}
		if _, ok := active(f.client, token); ok {
			t.Errorf("got active for %q", token)
		}
	}
	public := f.server.client(t, "Public", "--public", "--redirect", callback)
	for name, c := range map[string]created{"nobody": {}, "a public client": public, "a wrong secret": {clientFields: clientFields{ID: f.client.ID}, Secret: "x"}} {
		if status, body, header := f.post(t, "/introspect", c, "token", "x"); status != 401 || body["error"] != "invalid_client" || header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: got %d %v, want 401", name, status, body)
		}
	}
	revoke := func(c created, token any) {
		t.Helper()
		if status, body, _ := f.post(t, "/revoke", c, "token", fmt.Sprint(token)); status != http.StatusOK || body != nil {
			t.Errorf("got %d %v for a revocation, want 200 and nothing", status, body)
		}
	}
	balance := func(token any) int {
		status, _, _ := f.api(t, "GET", "/api/v1/credits/balance", fmt.Sprint(token), nil)
		return status
	}
	revoke(other, tokens["access_token"])
	revoke(other, tokens["refresh_token"])
	revoke(f.client, "nonsense")
	if balance(tokens["access_token"]) != http.StatusOK {
		t.Error("got a token revoked by another client")
	}
	_, sibling := f.refresh(t, tokens["refresh_token"])
	revoke(f.client, tokens["access_token"])
	if got := balance(tokens["access_token"]); got != http.StatusUnauthorized {
		t.Errorf("got %d with a revoked token, want 401 at once", got)
	}
	if got := balance(sibling["access_token"]); got != http.StatusOK {
		t.Errorf("got %d with its sibling, want 200", got)
	}
	revoke(f.client, own["access_token"])
	if _, ok := active(f.client, own["access_token"]); ok {
		t.Error("got the client's own token active after its revocation")
	}
	revoke(f.client, tokens["refresh_token"])
	if got := balance(sibling["access_token"]); got != http.StatusUnauthorized {
		t.Errorf("got %d after the family was revoked, want 401", got)
	}
	if _, ok := active(f.client, tokens["refresh_token"]); ok {
		t.Error("got the refresh token active after its revocation")
	}
	for _, path := range []string{"/introspect", "/revoke"} {
		if status, _, header := f.api(t, "GET", path+"?token=x", "", nil); status != 405 || header.Get("Allow") != "POST" {
			t.Errorf("GET %s: got %d", path, status)
		}
		if status, body, _ := f.post(t, path, f.client); status != 400 || body["error"] != "invalid_request" {
			t.Errorf("%s without token: got %d %v", path, status, body)
		}
		if status, body, _ := f.post(t, path+"?token=x", f.client, "token", "x"); status != 400 || body["error"] != "invalid_request" {
			t.Errorf("%s with a query: got %d %v", path, status, body)
		}
	}
}

// TestRESTRefresh holds the refresh and logout of the contract, faults 1, 3, 4, 5 and 7 of its section 11.
func TestRESTRefresh(t *testing.T) {
	t.Parallel()
	s := start(t, "JWT_ACCESS_TOKEN_EXPIRY=10m")
	login := func() map[string]any {
		t.Helper()
		status, body, _ := s.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "ada@example.com", "password": testPassword, "deviceId": "d-1"})
		if status != http.StatusOK {
			t.Fatalf("got %d %v", status, body)
		}
		return body
	}
	refresh := func(token any) (int, map[string]any) {
		t.Helper()
		status, body, _ := s.api(t, "POST", "/api/v1/auth/refresh", "", map[string]any{"refreshToken": token})
		return status, body
	}
	valid := func(token any) bool {
		_, body, _ := s.api(t, "POST", "/api/v1/auth/validate", "", map[string]any{"token": token})
		return body["valid"] == true
	}
	s.person(t, "ada@example.com")
	first := login()
	if !valid(first["accessToken"]) || fmt.Sprint(first["expiresIn"]) != "600" {
		t.Errorf("got %v, want the life that was set", first)
	}
	var mu sync.Mutex
	successors := make(map[any]bool)
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			status, body := refresh(first["refreshToken"])
			mu.Lock()
			defer mu.Unlock()
			if successors[body["refreshToken"]] = true; status != http.StatusOK {
				t.Errorf("got %d %v", status, body)
			}
		})
	}
	group.Wait()
	_, second := refresh(first["refreshToken"])
	for _, name := range []string{"user", "accessToken", "refreshToken", "expiresIn", "tokenType"} {
		if second[name] == nil {
			t.Errorf("got no %s in %v", name, second)
		}
	}
	if len(successors) != 1 || !valid(second["accessToken"]) {
		t.Errorf("got %d successors, want one", len(successors))
	}
	if claimsOf(t, first["accessToken"])["sessionId"] != claimsOf(t, second["accessToken"])["sessionId"] {
		t.Error("got another session id after a refresh")
	}
	_, third := refresh(second["refreshToken"])
	status, body := refresh(first["refreshToken"])
	if status != 401 || body["error"] != "TOKEN_INVALID" || body["message"] != "Invalid refresh token" {
		t.Errorf("got %d %v for a token two generations old", status, body)
	}
	if status, _ := refresh(third["refreshToken"]); status != 401 || valid(third["accessToken"]) {
		t.Errorf("got %d after a reuse, want the session ended", status)
	}
	for name, c := range map[string]struct {
		body   any
		status int
		code   string
	}{
		"missing":  {map[string]any{}, 400, "VALIDATION"},
		"a number": {map[string]any{"refreshToken": 1}, 400, "VALIDATION"},
		"too long": {map[string]any{"refreshToken": strings.Repeat("a", 600)}, 401, "TOKEN_INVALID"},
		"unknown":  {map[string]any{"refreshToken": strings.Repeat("a", 43)}, 401, "TOKEN_INVALID"},
		"access":   {map[string]any{"refreshToken": third["accessToken"]}, 401, "TOKEN_INVALID"},
	} {
		if status, body, _ := s.api(t, "POST", "/api/v1/auth/refresh", "", c.body); status != c.status || body["error"] != c.code {
			t.Errorf("%s: got %d %v, want %d %s", name, status, body, c.status, c.code)
		}
	}
	testRESTLogout(t, s, login, refresh, valid)
}

func testRESTLogout(t *testing.T, s *server, login func() map[string]any, refresh func(any) (int, map[string]any), valid func(any) bool) {
	t.Helper()
	logout := func(bearer string, body any) (int, map[string]any) {
		status, answer, _ := s.api(t, "POST", "/api/v1/auth/logout", bearer, body)
		return status, answer
	}
	for name, end := range map[string]func(session map[string]any) (string, any){
		"by bearer":        func(b map[string]any) (string, any) { return b["accessToken"].(string), nil },
		"by refresh token": func(b map[string]any) (string, any) { return "", map[string]any{"refreshToken": b["refreshToken"]} },
		"by a rotated token": func(b map[string]any) (string, any) {
			refresh(b["refreshToken"])
			return "", map[string]any{"refreshToken": b["refreshToken"]}
		},
		"bad bearer beside": func(b map[string]any) (string, any) { return "x", map[string]any{"refreshToken": b["refreshToken"]} },
	} {
		session := login()
		bearer, body := end(session)
		status, answer := logout(bearer, body)
		if status != 200 || answer["success"] != true || answer["message"] != "Logged out successfully" {
			t.Errorf("%s: got %d %v", name, status, answer)
		}
		balance, _, _ := s.api(t, "GET", "/api/v1/credits/balance", session["accessToken"].(string), nil)
		if status, _ := refresh(session["refreshToken"]); status != 401 || valid(session["accessToken"]) || balance != 401 {
			t.Errorf("%s: got refresh %d, balance %d after the logout", name, status, balance)
		}
	}
	for name, c := range map[string]struct {
		bearer  string
		body    any
		status  int
		message string
	}{
		"nothing":         {"", nil, 401, "No token provided"},
		"bad bearer":      {"x", nil, 401, "Invalid token"},
		"unknown refresh": {"", map[string]any{"refreshToken": "nobody knows"}, 200, "Logged out successfully"},
	} {
		if status, body := logout(c.bearer, c.body); status != c.status || body["message"] != c.message {
			t.Errorf("%s: got %d %v", name, status, body)
		}
	}
}
