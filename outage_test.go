package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"mana/storage/servers"
)

// The forms of an answer while the database is away.
const (
	inMemory = "200 from memory"
	ofREST   = "503 of the JSON API"
	ofOAuth  = "503 of the protocol"
	ofPage   = "503 as a page"
	toOther  = "a redirect to another provider"
	toClient = "a redirect to the client that says so"
)

// formOf finds the form of an answer.
func formOf(got answer) string {
	unavailable := got.StatusCode == http.StatusServiceUnavailable && got.Header.Get("Retry-After") != ""
	location := got.Header.Get("Location")
	switch {
	case got.StatusCode == http.StatusOK:
		return inMemory
	case unavailable && strings.Contains(got.body, `"SERVICE_UNAVAILABLE"`) && strings.Contains(got.body, "connection"),
		unavailable && strings.Contains(got.body, `"service-unavailable"`):
		return ofREST
	case unavailable && strings.Contains(got.body, `"temporarily_unavailable"`):
		return ofOAuth
	case unavailable && strings.Contains(got.body, "<html"):
		return ofPage
	case strings.Contains(location, "/authorize?client_id="):
		return toOther
	case strings.HasPrefix(location, callback) && strings.Contains(location, "error=temporarily_unavailable"):
		return toClient
	}
	return fmt.Sprintf("%d %s %s", got.StatusCode, location, got.body[:min(300, len(got.body))])
}

// TestDatabaseOutage is the table of what is answered while PostgreSQL is away, endpoint by endpoint: stopped, and
// hanging. Afterwards everything is as it was, within five seconds, and what was presented meanwhile is not used up.
func TestDatabaseOutage(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]struct {
		fail, mend func(*testing.T, *servers.Postgres)
		direct     bool // without a pooler
	}{
		"stopped":         {stopDatabase, startDatabase, true},
		"stopped, pooled": {stopDatabase, startDatabase, false},
		"hanging":         {hangDatabase, resumeDatabase, true},
		"hanging, pooled": {hangDatabase, resumeDatabase, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database, env := onPostgres(t)
			if failure.direct {
				env = append(env, "DATABASE_URL="+database.URL(servers.App, "mana"))
			}
			o := newDatabaseOutage(t, append(env, "RATE_LIMIT_MAX=100000"))
			failure.fail(t, database)
			eventually(t, "it is not ready", func() bool {
				status, _, _ := o.api(t, "GET", "/health/ready", "", nil)
				return status == http.StatusServiceUnavailable
			})
			o.walk(t, 4*time.Second)
			failure.mend(t, database)
			o.recovers(t)
		})
	}
}

// databaseOutage is a program with everything that a caller may hold when the database goes away.
type databaseOutage struct {
	*fixture
	backend           backend
	id, token, second string         // a person of the REST login, and two tokens
	refresh           any            // of the second
	code              string         // of the client
	granted           map[string]any // tokens of the client
	login, signup     answer         // pages with forms, of nobody
	forgot            answer
	consent, logout   answer // of the person
	stranger          *browser
	admin             *browser // of an administrator
	there             *browser // of somebody at another provider
	linked, twice     *browser // with a link by mail and another provider's answer, and waiting for a second factor
	app               app
	mfa, reset        answer // pages of the second factor, and of a link by mail
	back              string // where another provider sends somebody to
}

func newDatabaseOutage(t *testing.T, env []string) *databaseOutage {
	t.Helper()
	theirs, s := start(t), prepare(t, env...)
	s.env = append(s.env, theirs.upstream(t, s.issuer)...)
	s.command(t, "migrate", "up")
	o := &databaseOutage{fixture: s.fixture(t, "openid email offline_access", func() { s.serve(t) })}
	o.others(t, theirs)
	o.backend = o.fixture.backend(t, "--app", "todo", "--allow", "balance,use,refund")
	o.id, o.token = o.person(t, "rest@example.com")
	_, login, _ := o.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "rest@example.com", "password": testPassword})
	o.second, o.refresh = fmt.Sprint(login["accessToken"]), login["refreshToken"]
	o.granted = o.grantedTo(t)
	o.code = o.browser.authorize(o.auth()).Get("code")
	o.stranger = o.server.browser(t)
	o.login, o.signup = o.stranger.get("/login"), o.stranger.get("/signup")
	o.forgot = o.stranger.get("/forgot")
	o.consent, o.logout = o.browser.get(o.auth("prompt", "consent")), o.browser.get("/logout")
	eventually(t, "the server knows the back end", func() bool {
		status, _, _ := o.backend.call(t, "GET", "credits/balance/"+o.id, nil)
		return status == http.StatusOK
	})
	return o
}

// others prepare what hangs on a second factor, a link by mail, another provider, and an administrator.
func (o *databaseOutage) others(t *testing.T, theirs *server) {
	t.Helper()
	o.admin = o.administrator(t)
	o.there = theirs.account(t, "eve@example.com", true)
	b, email := o.server.browser(t), "twice@example.com"
	b.signUp(email)
	o.app, _ = b.enableApp()
	o.linked = o.server.browser(t)
	o.back = o.linked.with("/login/with/acme", o.there)
	o.linked.submit(o.linked.get("/forgot"), "/forgot", "email", email)
	o.reset = o.linked.get(o.linked.mailLink("Set a new password"))
	o.twice = o.server.browser(t)
	o.mfa = o.twice.signIn(o.twice.get("/login"), email)
}

// endpoint is one line of the table.
type endpoint struct {
	name string
	call func() answer
	want string
}

// walk asks every endpoint at one time: one that hangs must not keep others from an answer.
func (o *databaseOutage) walk(t *testing.T, most time.Duration) {
	t.Helper()
	table := append(append(o.documents(t), o.contract(t)...), append(o.protocol(t), o.pages()...)...)
	var group sync.WaitGroup
	for _, line := range table {
		group.Go(func() {
			begin := time.Now()
			got := line.call()
			if form := formOf(got); form != line.want {
				t.Errorf("%s: got %s, want %s", line.name, form, line.want)
			}
			if took := time.Since(begin); took > most {
				t.Errorf("%s: got an answer after %v, want it within %v", line.name, took, most)
			}
		})
	}
	group.Wait()
	if status, body, _ := o.api(t, "GET", "/health/ready", "", nil); status != http.StatusServiceUnavailable {
		t.Errorf("got %d %v, want it not ready", status, body)
	}
}

func (o *databaseOutage) documents(t *testing.T) (table []endpoint) {
	for _, path := range []string{
		"/jwks", "/api/v1/auth/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server",
		"/health", "/health/live", "/api/v1/health",
	} {
		table = append(table, endpoint{path, func() answer { return o.ask(t, "GET", path, "") }, inMemory})
	}
	return table
}

func (o *databaseOutage) contract(t *testing.T) (table []endpoint) {
	call := func(want, method, path, body string, headers ...string) {
		table = append(table, endpoint{method + " " + path, func() answer {
			return o.ask(t, method, "/api/v1/"+path, body, append(headers, "Content-Type", "application/json")...)
		}, want})
	}
	person, key := []string{"Authorization", "Bearer " + o.token}, []string{"X-Service-Key", o.backend.key.Value}
	call(ofREST, "POST", "auth/register", `{"email":"new@example.com","password":"`+testPassword+`"}`)
	call(ofREST, "POST", "auth/login", `{"email":"rest@example.com","password":"`+testPassword+`"}`)
	for range 6 { // not counted
		call(ofREST, "POST", "auth/login", `{"email":"rest@example.com","password":"a wrong password"}`)
	}
	call(ofREST, "POST", "auth/refresh", fmt.Sprintf(`{"refreshToken":%q}`, o.refresh))
	call(ofREST, "POST", "auth/logout", ``, "Authorization", "Bearer "+o.second)
	call(ofREST, "POST", "auth/validate", fmt.Sprintf(`{"token":%q}`, o.token))
	call(ofREST, "POST", "credits/use", `{"amount":1,"appId":"todo","description":"x","idempotencyKey":"away"}`, person...)
	for _, path := range []string{"balance", "transactions", "history", "usage", "purchases"} {
		call(ofREST, "GET", "credits/"+path, "", person...)
	}
	for _, path := range []string{"profile", "session", "sessions", "security-events"} {
		call(ofREST, "GET", "auth/"+path, "", person...)
	}
	call(ofREST, "POST", "auth/profile", `{"name":"Other"}`, person...)
	call(ofREST, "POST", "auth/forgot-password", `{"email":"rest@example.com"}`)
	call(ofREST, "GET", "credits/packages", "")
	call(ofREST, "GET", "credits/balance/"+o.id, "", key...)
	call(ofREST, "GET", "internal/credits/balance/"+o.id, "", key...)
	call(ofREST, "POST", "internal/credits/use", spend(o.id, "1", ""), key...)
	call(ofREST, "POST", "credits/use", spend(o.id, "1", ""), key...)
	call(ofREST, "POST", "credits/refund", spend(o.id, "1", `,"appId":"todo"`), key...)
	return table
}

func (o *databaseOutage) protocol(t *testing.T) (table []endpoint) {
	own, token := basic(o.client), fmt.Sprint(o.granted["access_token"])
	call := func(name, path, body string) {
		table = append(table, endpoint{name, func() answer {
			return o.ask(t, "POST", path, body, "Content-Type", formType, "Authorization", own)
		}, ofOAuth})
	}
	call("a code", "/token", "grant_type=authorization_code&code_verifier="+o.verifier+"&redirect_uri="+url.QueryEscape(callback)+"&code="+o.code)
	call("a refresh token", "/token", fmt.Sprint("grant_type=refresh_token&refresh_token=", o.granted["refresh_token"]))
	call("introspection", "/introspect", "token="+token)
	call("revocation of a refresh token", "/revoke", fmt.Sprint("token=", o.granted["refresh_token"]))
	call("revocation of an access token", "/revoke", "token="+token)
	table = append(table, endpoint{"userinfo", func() answer {
		return o.ask(t, "GET", "/userinfo", "", "Authorization", "Bearer "+token)
	}, ofOAuth})
	return table
}

func (o *databaseOutage) pages() []endpoint {
	who := []string{"username", "ada@example.com", "password", testPassword}
	return []endpoint{
		{"an authorization request", func() answer { return o.browser.get(o.auth()) }, toClient},
		{"the account", func() answer { return o.browser.get("/account") }, ofPage},
		{"the credits of the account", func() answer { return o.browser.get("/account/credits") }, ofPage},
		{"the sessions of the account", func() answer { return o.browser.get("/account/sessions") }, ofPage},
		{"the apps of the account", func() answer { return o.browser.get("/account/apps") }, ofPage},
		{"the security of the account", func() answer { return o.browser.get("/account/security") }, ofPage},
		{"a forgotten password", func() answer { return o.stranger.submit(o.forgot, "/forgot", "email", "ada@example.com") }, ofPage},
		{"the logout page", func() answer { return o.browser.get("/logout") }, ofPage},
		{"a logout", func() answer { return o.browser.submit(o.logout, "/logout") }, ofPage},
		{"a consent", func() answer { return o.browser.submit(o.consent, "/consent", "decision", "allow") }, ofPage},
		{"the end of a session", func() answer {
			return o.browser.get(fmt.Sprint("/end_session?id_token_hint=", o.granted["id_token"]))
		}, ofOAuth},
		{"a second factor", func() answer { return o.twice.submit(o.mfa, "/mfa", "code", o.app.code(1)) }, ofPage},
		{"the page of a second factor", func() answer { return o.browser.get(totpPath) }, ofPage},
		{"a link by mail", func() answer { return o.linked.submit(o.reset, "/reset", "password", "another horse battery") }, ofPage},
		{"the proof of an address", func() answer { return o.stranger.get("/verify-email?token=" + strings.Repeat("A", 43)) }, ofPage},
		{"the way to another provider", func() answer { return o.stranger.get("/login/with/acme") }, toOther},
		{"the way back from it", func() answer { return o.linked.get(o.back) }, ofPage},
		{"the options of a passkey", func() answer {
			return o.stranger.post("/login/passkey/options", url.Values{"form_token": {formToken(o.stranger.t, o.login)}})
		}, ofPage},
		{"the passkeys of the account", func() answer { return o.browser.get("/account/security/passkeys") }, ofPage},
		{"administration", func() answer { return o.admin.get("/admin") }, ofPage},
		{"administration of people", func() answer { return o.admin.get("/admin/users?q=ada") }, ofPage},
		{"administration of a person", func() answer { return o.admin.get("/admin/users/" + o.id) }, ofPage},
		{"the login page of nobody", func() answer { return o.stranger.get("/login") }, inMemory},
		{"a login", func() answer { return o.stranger.submit(o.login, "/login", who...) }, ofPage},
		{"a sign-up", func() answer {
			return o.stranger.submit(o.signup, "/signup", "name", "Ada", "email", "page@example.com", "password", testPassword)
		}, ofPage},
	}
}

// recovers waits until the program serves, and finds everything as it was.
func (o *databaseOutage) recovers(t *testing.T) {
	t.Helper()
	begin := time.Now()
	eventually(t, "it is ready again", func() bool {
		status, _, _ := o.api(t, "GET", "/health/ready", "", nil)
		return status == http.StatusOK
	})
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("got ready after %v, want 5 s at most", took)
	}
	status, body, _ := o.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "rest@example.com", "password": testPassword})
	if status != http.StatusOK {
		t.Errorf("got %d %v, want no failure counted", status, body)
	}
	if status, body, _ = o.api(t, "POST", "/api/v1/auth/refresh", "", map[string]any{"refreshToken": o.refresh}); status != http.StatusOK {
		t.Errorf("got %d %v for the refresh token of the login, want it as it was", status, body)
	}
	if status, body, _ = o.fixture.token(t, "code", o.code); status != http.StatusOK {
		t.Errorf("got %d %v for the code, want it as it was", status, body)
	}
	if status, body := o.fixture.refresh(t, o.granted["refresh_token"]); status != http.StatusOK {
		t.Errorf("got %d %v for the refresh token, want it as it was", status, body)
	}
	if got := o.browser.get("/account"); got.StatusCode != http.StatusOK || got.Request.URL.Path == "/login" {
		t.Errorf("got %d at %s, want the session as it was", got.StatusCode, got.Request.URL)
	}
	o.twice.wantPage(o.twice.submit(o.mfa, "/mfa", "code", o.app.code(1)), http.StatusOK, "/account", "twice@example.com")
	o.linked.wantPage(o.linked.submit(o.reset, "/reset", "password", "another horse battery"), http.StatusOK, "/reset", "Your password was changed")
	// The other provider has taken its code back already, and gives another.
	o.linked.wantAccount(o.linked.get(o.linked.with("/login/with/acme", o.there)), "eve@example.com")
	if got := o.backend.free(t, o.id); got != "150" {
		t.Errorf("got %s credits, want nothing spent", got)
	}
}
