package main

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Kinds of tokens, each of use in its own places alone (T5).
const (
	kindFirstParty  = "first-party access token"
	kindIssuer      = "access token for the issuer"
	kindCredits     = "access token for the credits API"
	kindClient      = "client's own access token"
	kindID          = "ID token"
	kindRefresh     = "refresh token"
	kindRESTRefresh = "first-party refresh token"
	kindCode        = "authorization code"
)

// consumer is a place that takes a token.
type consumer struct {
	accepts []string // kinds
	// use shows a token: whether it is accepted, and if not, whether it is refused as it should be.
	use func(t *testing.T, token string) (accepted, refused bool)
}

// matrix is one program, with someone signed in, and a client that may do everything.
type matrix struct {
	*fixture
	consumers map[string]consumer
}

func newMatrix(t *testing.T, env ...string) *matrix {
	t.Helper()
	m := &matrix{fixture: newFixture(t, "openid email credits:read credits:spend", env...)}
	m.person(t, "rest@example.com")
	m.consumers = map[string]consumer{
		"userinfo":       {[]string{kindIssuer}, m.atUserInfo},
		"balance":        {[]string{kindFirstParty, kindCredits}, m.atBalance},
		"holds":          {[]string{kindFirstParty, kindCredits}, m.atHolds},
		"refunds":        {[]string{kindClient}, m.atRefunds},
		"validate":       {[]string{kindFirstParty}, m.atValidate},
		"introspection":  {[]string{kindIssuer, kindCredits, kindClient, kindRefresh}, m.atIntrospection},
		"refresh":        {[]string{kindRefresh}, m.atToken("refresh_token", "refresh_token")},
		"redemption":     {[]string{kindCode}, m.atToken("authorization_code", "code")},
		"REST refresh":   {[]string{kindRESTRefresh}, m.atRESTRefresh},
		"id_token_hint":  {[]string{kindID}, m.atHint},
		"end of session": {[]string{kindID}, m.atEndSession},
	}
	return m
}

// homes are where each kind is accepted.
var homes = map[string]string{
	kindFirstParty: "validate", kindIssuer: "userinfo", kindCredits: "balance", kindClient: "introspection",
	kindID: "id_token_hint", kindRefresh: "refresh", kindRESTRefresh: "REST refresh", kindCode: "redemption",
}

// kinds makes one fresh token of every kind.
func (m *matrix) kinds(t *testing.T) map[string]string {
	t.Helper()
	text := func(body map[string]any, name string) string {
		value, _ := body[name].(string)
		if value == "" {
			t.Fatalf("got %v, want %s", body, name)
		}
		return value
	}
	code := func(changes ...string) string { return m.browser.authorize(m.auth(changes...)).Get("code") }
	_, login, _ := m.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "rest@example.com", "password": testPassword})
	_, forCredits, _ := m.token(t, "code", code())
	_, forIssuer, _ := m.token(t, "code", code("resource", m.issuer))
	_, ofClient, _ := m.token(t, "grant_type", "client_credentials", "scope", "credits:spend")
	return map[string]string{
		kindFirstParty: text(login, "accessToken"), kindRESTRefresh: text(login, "refreshToken"),
		kindCredits: text(forCredits, "access_token"), kindRefresh: text(forCredits, "refresh_token"),
		kindIssuer: text(forIssuer, "access_token"), kindID: text(forIssuer, "id_token"),
		kindClient: text(ofClient, "access_token"), kindCode: code(),
	}
}

func (m *matrix) atUserInfo(t *testing.T, token string) (accepted, refused bool) {
	status := m.userInfo(t, token)
	return status == http.StatusOK, status == http.StatusUnauthorized
}

func (m *matrix) atBalance(t *testing.T, token string) (accepted, refused bool) {
	status, _, header := m.api(t, "GET", "/api/v1/credits/balance", token, nil)
	challenged := strings.Contains(header.Get("WWW-Authenticate"), "resource_metadata=")
	return status == http.StatusOK, (status == http.StatusUnauthorized || status == http.StatusForbidden) && challenged
}

func (m *matrix) atHolds(t *testing.T, token string) (accepted, refused bool) {
	status, _, header := m.api(t, "GET", "/api/v1/credits/holds", token, nil)
	challenged := strings.Contains(header.Get("WWW-Authenticate"), "resource_metadata=")
	return status == http.StatusOK, (status == http.StatusUnauthorized || status == http.StatusForbidden) && challenged
}

// atRefunds names no use: a token that counts is told so.
func (m *matrix) atRefunds(t *testing.T, token string) (accepted, refused bool) {
	status, _, header := m.api(t, "POST", "/api/v1/credits/refunds", token, "{}")
	challenged := strings.Contains(header.Get("WWW-Authenticate"), "resource_metadata=")
	return status == http.StatusBadRequest, (status == http.StatusUnauthorized || status == http.StatusForbidden) && challenged
}

func (m *matrix) atValidate(t *testing.T, token string) (accepted, refused bool) {
	status, body, _ := m.api(t, "POST", "/api/v1/auth/validate", "", map[string]string{"token": token})
	return body["valid"] == true, status == http.StatusOK && body["valid"] == false && body["payload"] == nil
}

// asClient posts a form with the client's secret.
func (m *matrix) asClient(t *testing.T, path string, form url.Values) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(m.client.ID, m.client.Secret)
	return m.server.browser(t).do(request)
}

func (m *matrix) atIntrospection(t *testing.T, token string) (accepted, refused bool) {
	got := m.asClient(t, "/introspect", url.Values{"token": {token}})
	body := strings.TrimSpace(got.body)
	return strings.Contains(body, `"active":true`), got.StatusCode == http.StatusOK && body == `{"active":false}`
}

func (m *matrix) atToken(grant, parameter string) func(t *testing.T, token string) (accepted, refused bool) {
	return func(t *testing.T, token string) (accepted, refused bool) {
		pairs := []string{"grant_type", grant, parameter, token}
		if grant == "refresh_token" {
			pairs = append(pairs, "redirect_uri", "-", "code_verifier", "-")
		}
		status, body, _ := m.token(t, pairs...)
		return status == http.StatusOK, status == http.StatusBadRequest && body["error"] == "invalid_grant"
	}
}

func (m *matrix) atRESTRefresh(t *testing.T, token string) (accepted, refused bool) {
	status, _, _ := m.api(t, "POST", "/api/v1/auth/refresh", "", map[string]string{"refreshToken": token})
	return status == http.StatusOK, status == http.StatusUnauthorized
}

func (m *matrix) atHint(_ *testing.T, token string) (accepted, refused bool) {
	query := m.browser.authorize(m.auth("prompt", "none", "id_token_hint", token))
	return query.Get("code") != "", query.Get("error") == "invalid_request"
}

// atEndSession asks in a browser without a session: a hint that counts leads to the app at once.
func (m *matrix) atEndSession(t *testing.T, token string) (accepted, refused bool) {
	got := m.server.browser(t).get("/end_session?" + url.Values{"id_token_hint": {token}, "post_logout_redirect_uri": {postLogout}}.Encode())
	return got.Header.Get("Location") == postLogout, got.Header.Get("Location") == "" && !strings.Contains(got.body, "4711")
}

// TestTokenMatrix shows every kind of token to every consumer: only those of the right kind pass, and a refusal
// leaves the token good where it belongs.
func TestTokenMatrix(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	for name, consumer := range m.consumers {
		tokens := m.kinds(t)
		for _, kind := range slices.Sorted(maps.Keys(tokens)) {
			want := slices.Contains(consumer.accepts, kind)
			accepted, refused := consumer.use(t, tokens[kind])
			if accepted != want || refused == want {
				t.Errorf("%s at %s: got accepted %v, refused %v, want accepted %v", kind, name, accepted, refused, want)
			}
			if want {
				continue
			}
			if accepted, _ := m.consumers[homes[kind]].use(t, tokens[kind]); !accepted {
				t.Errorf("%s is no good at %s any more, after it was refused at %s", kind, homes[kind], name)
			}
		}
	}
	revocable := []string{kindIssuer, kindCredits, kindClient, kindRefresh}
	for kind, token := range m.kinds(t) {
		if got := m.asClient(t, "/revoke", url.Values{"token": {token}}); got.StatusCode != http.StatusOK {
			t.Errorf("%s: got %d from the revocation, want 200", kind, got.StatusCode)
		}
		accepted, refused := m.consumers[homes[kind]].use(t, token)
		if want := !slices.Contains(revocable, kind); accepted != want || refused == want {
			t.Errorf("%s at %s after a revocation: got accepted %v, refused %v", kind, homes[kind], accepted, refused)
		}
	}
}

// harmless is what makes no difference: an ID token needs no id, and serves as a hint after its time (OpenID Connect
// Core 1.0, section 3.1.2.1).
var harmless = map[string][]string{
	kindFirstParty: {"nothing"}, kindIssuer: {"nothing"}, kindCredits: {"nothing"}, kindClient: {"nothing"},
	kindID: {"nothing", "expired", "no expiry", "no id"},
}

// TestForgeries shows tokens that are false in one thing to every consumer of the real ones (AL2, T5).
func TestForgeries(t *testing.T) {
	t.Parallel()
	forger := newForger(t)
	m := newMatrix(t, forger.setting())
	tokens := m.kinds(t)
	for name, consumer := range m.consumers {
		for _, kind := range consumer.accepts {
			if strings.Count(tokens[kind], ".") != 2 {
				continue
			}
			for what, forged := range forger.forgeries(tokens[kind]) {
				want := slices.Contains(harmless[kind], what)
				accepted, refused := consumer.use(t, forged)
				if accepted != want || refused == want {
					t.Errorf("%s with %s at %s: got accepted %v, refused %v, want accepted %v", kind, what, name, accepted, refused, want)
				}
			}
		}
	}
}
