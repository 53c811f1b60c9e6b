package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// without takes tables away from the running program while something is done, as storage that fails would.
func (f *fixture) without(t *testing.T, table string, do func()) {
	t.Helper()
	f.sql(t, `ALTER TABLE `+table+` RENAME TO gone`)
	defer f.sql(t, `ALTER TABLE gone RENAME TO `+table)
	do()
}

// TestStorageFaults is EP8, T19 and AZ22: when storage fails, nothing is consumed, nothing is said to be done, and the
// client may try again.
func TestStorageFaults(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email credits:read")
	f.client = f.server.client(t, "Notes", "--redirect", callback, "--scope", "openid,email,credits:read", "--rotate-refresh", "--post-logout", postLogout)
	tokens := f.grantedTo(t)
	access, refresh, hint := tokens["access_token"].(string), tokens["refresh_token"].(string), tokens["id_token"].(string)
	forIssuer := f.grantedTo(t, "resource", f.issuer)["access_token"].(string)
	code := f.browser.authorize(f.auth("client_id", f.client.ID)).Get("code")
	_, rest := f.person(t, "rest@example.com")
	own := basic(f.client)
	redeem := "grant_type=authorization_code&code_verifier=" + f.verifier + "&code=" + code
	unavailable := func(what, path, body string, headers ...string) {
		t.Helper()
		method := map[bool]string{true: "GET", false: "POST"}[body == ""]
		got := f.ask(t, method, path, body, append(headers, "Content-Type", formType)...)
		if got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
			t.Errorf("%s: got %d %v %s, want 503 with Retry-After", what, got.StatusCode, got.Header, got.body)
		}
		wantJSONError(t, what, got, "temporarily_unavailable")
	}
	f.without(t, "auth_codes", func() {
		unavailable("EP8: a code", "/token", redeem, "Authorization", own)
		wantRefusal(t, "AZ22: issuing", f, f.browser.get(f.auth("client_id", f.client.ID)), "temporarily_unavailable")
	})
	f.without(t, "auth_refresh_tokens", func() {
		unavailable("EP8: a code whose refresh token cannot be stored", "/token", redeem, "Authorization", own)
		unavailable("EP8: a refresh", "/token", "grant_type=refresh_token&refresh_token="+refresh, "Authorization", own)
		unavailable("T19: a refresh token", "/revoke", "token="+refresh, "Authorization", own)
		unavailable("EP8: introspection of a refresh token", "/introspect", "token="+refresh, "Authorization", own)
	})
	f.without(t, "auth_revoked_tokens", func() {
		unavailable("T19: an access token", "/revoke", "token="+access, "Authorization", own)
	})
	f.without(t, "auth_grants", func() {
		unavailable("EP8: introspection", "/introspect", "token="+access, "Authorization", own)
		unavailable("EP8: userinfo", "/userinfo", "", "Authorization", "Bearer "+forIssuer)
		if status, body, header := f.api(t, "GET", "/api/v1/credits/balance", access, nil); status < 500 || body["error"] == "UNAUTHORIZED" || header.Get("WWW-Authenticate") != "" {
			t.Errorf("EP8: got %d %v at the credits API, want a fault of ours", status, body)
		}
	})
	f.without(t, "auth_consents", func() {
		wantRefusal(t, "AZ22: consent", f, f.browser.get(f.auth("client_id", f.client.ID)), "temporarily_unavailable")
		form := f.browser.get(f.auth("client_id", f.client.ID, "response_mode", "form_post"))
		if fields := hiddenOf(form); fields["error"] != "temporarily_unavailable" {
			t.Errorf("AZ22: got %v in the form", fields)
		}
	})
	f.without(t, "auth_requests", func() {
		wantRefusal(t, "AZ22: storing", f, f.browser.get(f.auth("client_id", f.client.ID, "prompt", "login")), "temporarily_unavailable")
	})
	f.without(t, "auth_sessions", func() {
		wantRefusal(t, "AZ22: session", f, f.browser.get(f.auth("client_id", f.client.ID)), "temporarily_unavailable")
		wantPage(t, "AZ22: before the client is proven", f.browser.get(f.auth("client_id", "mc_none")), http.StatusBadRequest)
		for _, path := range []string{"/login", "/consent?request=" + strings.Repeat("a", 43), "/logout"} {
			if got := f.browser.get(path); got.StatusCode < 500 || got.Header.Get("Location") != "" || strings.Contains(got.body, "auth_") {
				t.Errorf("AZ22: %s: got %d\n%s", path, got.StatusCode, got.body)
			}
		}
		out := f.browser.get("/end_session?id_token_hint=" + hint)
		if out.StatusCode != http.StatusServiceUnavailable || out.Header.Get("Retry-After") == "" || strings.Contains(fmt.Sprint(out.Header)+out.body, "gone") {
			t.Errorf("EP8: got %d %v from the end of a session", out.StatusCode, out.Header)
		}
	})

	if status, body, _ := f.post(t, "/token", f.client, "grant_type", "authorization_code", "code", code, "code_verifier", f.verifier); status != 200 {
		t.Errorf("EP8: got %d %v for the code afterwards, want it as it was", status, body)
	}
	if status, body := f.refresh(t, refresh); status != 200 {
		t.Errorf("EP8: got %d %v for the refresh token afterwards, want it as it was", status, body)
	}
	if status, _, _ := f.api(t, "GET", "/api/v1/credits/balance", access, nil); status != 200 {
		t.Errorf("T19: got %d, want the token alive, since no revocation was confirmed", status)
	}
	if status, _, _ := f.api(t, "GET", "/api/v1/credits/balance", rest, nil); status != 200 {
		t.Errorf("got %d for the token of the REST login", status)
	}
	if got := f.browser.get("/account"); got.Request.URL.Path != "/account" {
		t.Errorf("got %s, want the session as it was", got.Request.URL)
	}
}
