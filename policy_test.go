package main

import (
	"database/sql"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver, to change rows behind the program's back
)

// sql changes the database beside the running program.
func (s *server) sql(t *testing.T, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "mana.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// number runs a query that gives one number, on the file of a running program.
func (s *server) number(t *testing.T, query string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "mana.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// held is everything that a person and an app hold before something changes.
type held struct {
	*fixture
	code, offlineCode string
	grant, offline    map[string]any // token responses
	rest              map[string]any // a REST login
	ways
}

// hold makes a person with an app that was allowed, and a REST session.
func hold(t *testing.T, theirs *server) *held {
	t.Helper()
	h := &held{fixture: newFixture(t, "openid email offline_access credits:read")}
	h.setUpWays(t, theirs)
	h.client = h.server.client(t, "Notes", "--redirect", callback, "--scope", "openid,email,offline_access,credits:read",
		"--grant", "authorization_code,refresh_token", "--rotate-refresh")
	online := []string{"client_id", h.client.ID, "scope", "openid email credits:read"}
	h.grant = h.grantedTo(t, "scope", "openid email credits:read")
	h.offline = h.grantedTo(t)
	h.code = h.browser.authorize(h.auth(online...)).Get("code")
	h.offlineCode = h.browser.authorize(h.auth("client_id", h.client.ID)).Get("code")
	status, login, _ := h.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "ada@example.com", "password": testPassword})
	if status != http.StatusOK {
		t.Fatalf("got %d %v", status, login)
	}
	h.rest = login
	return h
}

// answers tries every way to a token, and every use of one, and gives what each answers.
func (h *held) answers(t *testing.T) map[string]string {
	t.Helper()
	redeem := func(code string) string {
		status, body, _ := h.post(t, "/token", h.client, "grant_type", "authorization_code", "redirect_uri", callback,
			"code_verifier", h.verifier, "code", code)
		return answerOf(status, body["error"])
	}
	refresh := func(tokens map[string]any) string {
		status, body := h.refresh(t, tokens["refresh_token"])
		return answerOf(status, body["error"])
	}
	call := func(method, path string, token any, body any) string {
		status, answer, _ := h.api(t, method, path, fmt.Sprint(token), body)
		return answerOf(status, answer["error"])
	}
	introspect := func(token any) string {
		status, body, _ := h.post(t, "/introspect", h.client, "token", fmt.Sprint(token))
		if body["active"] == false {
			return "inactive"
		}
		return answerOf(status, body["error"])
	}
	silent := func() string {
		page := h.browser.get(h.auth("client_id", h.client.ID, "prompt", "none"))
		location, err := page.Location()
		if err != nil {
			return fmt.Sprint(page.StatusCode)
		}
		return answerOf(http.StatusOK, optionalError(location.Query().Get("error")))
	}
	hosted := func() string {
		b := h.server.browser(t)
		page := b.signIn(b.get("/login"), "ada@example.com")
		if b.get("/account").Request.URL.Path == "/account" {
			return "yes"
		}
		return fmt.Sprint(page.StatusCode, " ", page.Request.URL.Path)
	}
	_, validation, _ := h.api(t, "POST", "/api/v1/auth/validate", "", map[string]any{"token": h.rest["accessToken"]})
	out := map[string]string{
		"prompt none":          silent(),
		"hosted login":         hosted(),
		"introspect":           introspect(h.grant["access_token"]),
		"introspect refresh":   introspect(h.grant["refresh_token"]),
		"introspect offline":   introspect(h.offline["access_token"]),
		"credits":              call("GET", "/api/v1/credits/balance", h.grant["access_token"], nil),
		"credits, offline":     call("GET", "/api/v1/credits/balance", h.offline["access_token"], nil),
		"credits, first-party": call("GET", "/api/v1/credits/balance", h.rest["accessToken"], nil),
		"validate":             fmt.Sprint(validation["valid"]),
		"code":                 redeem(h.code),
		"code, offline":        redeem(h.offlineCode),
		"refresh":              refresh(h.grant),
		"refresh, offline":     refresh(h.offline),
		"REST refresh":         call("POST", "/api/v1/auth/refresh", "", map[string]any{"refreshToken": h.rest["refreshToken"]}),
		"REST login":           call("POST", "/api/v1/auth/login", "", map[string]string{"email": "ada@example.com", "password": testPassword}),
		"upstream":             h.viaUpstream(t),
		"passkey":              h.viaPasskey(t),
		"reset link":           h.viaReset(t), // the last: it ends the others
	}
	return out
}

func optionalError(name string) any {
	if name == "" {
		return nil
	}
	return name
}

func answerOf(status int, fault any) string {
	if fault != nil {
		return fmt.Sprint(fault)
	}
	if status >= 200 && status < 300 {
		return "yes"
	}
	return fmt.Sprint(status)
}

// TestPolicyMatrix holds every reason to refuse against every path, each with the answer of its path: one policy decides
// for all (AR5 in testdata/openid_rows.txt).
func TestPolicyMatrix(t *testing.T) {
	t.Parallel()
	everything := map[string]string{
		"hosted login": "yes", "prompt none": "yes", "introspect": "yes", "introspect refresh": "yes", "introspect offline": "yes", "credits": "yes",
		"credits, offline": "yes", "credits, first-party": "yes", "validate": "true", "code": "yes", "code, offline": "yes",
		"refresh": "yes", "refresh, offline": "yes", "REST refresh": "yes", "REST login": "yes",
		"upstream": "yes", "passkey": "yes", "reset link": "yes",
	}
	theirs := upstreamOf(t)
	person := map[string]string{
		"hosted login": "422 /login", "prompt none": "login_required", "introspect": "inactive", "introspect refresh": "inactive", "introspect offline": "inactive",
		"credits": "UNAUTHORIZED", "credits, offline": "UNAUTHORIZED", "credits, first-party": "UNAUTHORIZED", "validate": "false",
		"code": "invalid_grant", "code, offline": "invalid_grant", "refresh": "invalid_grant", "refresh, offline": "invalid_grant",
		"REST refresh": "TOKEN_INVALID", "REST login": "INVALID_CREDENTIALS",
		"upstream": "403 /login/with/acme/callback", "passkey": "401 /login/passkey", "reset link": "400 /reset",
	}
	due, unproven, gone := maps.Clone(person), maps.Clone(person), maps.Clone(person)
	gone["upstream"] = "yes" // as somebody new: the address is free
	unproven["REST login"], unproven["hosted login"] = "EMAIL_NOT_VERIFIED", "200 /verify-email"
	unproven["upstream"], unproven["passkey"], unproven["reset link"] = "200 /verify-email", "200 /verify-email", "yes" // which proves it
	due["REST login"], due["hosted login"] = "MFA_REQUIRED", "200 /mfa"
	due["upstream"], due["passkey"], due["reset link"] = "200 /mfa", "yes", "200 /mfa" // a passkey is both factors
	for name, c := range map[string]struct {
		change func(t *testing.T, h *held)
		want   map[string]string // what differs from the answers to everybody
	}{
		"nothing":         {func(*testing.T, *held) {}, nil},
		"person disabled": {func(t *testing.T, h *held) { h.sql(t, `UPDATE auth_users SET disabled_at = 1`) }, person},
		"person deleted":  {func(t *testing.T, h *held) { h.sql(t, `UPDATE auth_users SET deleted_at = 1, email = NULL`) }, person},
		"person deleted by the command": {func(t *testing.T, h *held) {
			h.command(t, "user", "delete", "ada@example.com", "--yes")
		}, gone},
		"address not proven where that is required": {func(t *testing.T, h *held) {
			h.stop()
			h.sql(t, `UPDATE auth_users SET email_verified = 0`)
			h.env = append(h.env, "REQUIRE_EMAIL_VERIFICATION=true")
			h.serve(t)
		}, unproven},
		"person locked": {func(t *testing.T, h *held) { // who holds something keeps it: strangers cannot sign anybody out
			for range 5 {
				h.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "ada@example.com", "password": "not the password"})
			}
		}, map[string]string{"hosted login": "429 /login", "REST login": "ACCOUNT_LOCKED"}},
		"second factor due": {func(t *testing.T, h *held) { h.sql(t, `UPDATE auth_users SET second_factor = 1`) }, due},
		"signed out": {func(_ *testing.T, h *held) { h.browser.submit(h.browser.get("/logout"), "/logout") }, map[string]string{
			"prompt none": "login_required", "introspect": "inactive", "introspect refresh": "inactive", "credits": "UNAUTHORIZED",
			"code": "invalid_grant", "refresh": "invalid_grant",
		}},
		"browser session expired": {func(t *testing.T, h *held) {
			h.sql(t, `UPDATE auth_sessions SET expires_at = 1 WHERE cookie_hash IS NOT NULL`)
		}, map[string]string{
			"prompt none": "login_required", "introspect": "inactive", "introspect refresh": "inactive", "credits": "UNAUTHORIZED",
			"code": "invalid_grant", "refresh": "invalid_grant",
		}},
		"REST session idle too long": {func(t *testing.T, h *held) {
			h.sql(t, `UPDATE auth_sessions SET last_activity_at = 1 WHERE cookie_hash IS NULL`)
		}, map[string]string{"credits, first-party": "UNAUTHORIZED", "validate": "false", "REST refresh": "TOKEN_INVALID"}},
		"client disabled": {func(t *testing.T, h *held) { h.command(t, "client", "update", h.client.ID, "--disabled") }, map[string]string{
			"prompt none": "400", "introspect": "invalid_client", "introspect refresh": "invalid_client", "introspect offline": "invalid_client",
			"credits": "UNAUTHORIZED", "credits, offline": "UNAUTHORIZED", "code": "invalid_client", "code, offline": "invalid_client",
			"refresh": "invalid_client", "refresh, offline": "invalid_client",
		}},
		"client lost a scope": {func(t *testing.T, h *held) {
			h.command(t, "client", "update", h.client.ID, "--scope", "openid,offline_access,credits:read")
		}, map[string]string{
			"introspect": "inactive", "introspect refresh": "inactive", "introspect offline": "inactive", "credits": "UNAUTHORIZED",
			"credits, offline": "UNAUTHORIZED", "code": "invalid_grant", "code, offline": "invalid_grant", "refresh": "invalid_grant",
			"refresh, offline": "invalid_grant",
		}},
		"client lost refresh": {func(t *testing.T, h *held) {
			h.command(t, "client", "update", h.client.ID, "--grant", "authorization_code")
		}, map[string]string{"refresh": "unauthorized_client", "refresh, offline": "unauthorized_client"}},
		"grants revoked": {func(t *testing.T, h *held) { h.sql(t, `UPDATE auth_grants SET revoked_at = 1`) }, map[string]string{
			"introspect": "inactive", "introspect refresh": "inactive", "introspect offline": "inactive", "credits": "UNAUTHORIZED",
			"credits, offline": "UNAUTHORIZED", "code": "invalid_grant", "code, offline": "invalid_grant", "refresh": "invalid_grant",
			"refresh, offline": "invalid_grant",
		}},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			h := hold(t, theirs)
			c.change(t, h)
			want := func(path string) string {
				if text, ok := c.want[path]; ok {
					return text
				}
				return everything[path]
			}
			if name == "client disabled" || strings.HasPrefix(name, "client lost") {
				eventually(t, "the server sees the change", func() bool {
					_, body := h.refresh(t, strings.Repeat("a", 43))
					return body["error"] != "invalid_grant" || name == "client lost a scope" && h.lost(t)
				})
			}
			for path, got := range h.answers(t) {
				if got != want(path) {
					t.Errorf("%s: got %s, want %s", path, got, want(path))
				}
			}
		})
	}
}

// lost reports whether the server knows that the client may not ask for the scope email any more.
func (h *held) lost(t *testing.T) bool {
	t.Helper()
	location, err := h.browser.get(h.auth("client_id", h.client.ID, "scope", "email", "prompt", "none")).Location()
	return err == nil && location.Query().Get("error") == "invalid_scope"
}
