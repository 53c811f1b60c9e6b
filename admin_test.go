package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"mana/web/admin"
)

// TestAdminForOthers finds no page of the administration as a user, by the route table.
func TestAdminForOthers(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.administrator(t)
	user, stranger := s.browser(t), s.browser(t)
	user.signUp("ada@example.com")
	for _, line := range admin.Routes() {
		path := strings.ReplaceAll(line.Path, "{id}", "new")
		for _, c := range []struct {
			who  *browser
			want int
		}{{user, http.StatusNotFound}, {stranger, http.StatusOK}} {
			var got answer
			if line.Method == http.MethodGet {
				got = c.who.get(path)
			} else {
				got = c.who.post(path, url.Values{"act": {"save"}})
			}
			if got.StatusCode != c.want || c.who == stranger && got.Request.URL.Path != "/login" {
				t.Errorf("%s %s: got %d at %s, want %d", line.Method, path, got.StatusCode, got.Request.URL, c.want)
			}
		}
	}
}

// TestLastAdministrator finds the way to the administration and back, and no way to leave it without anybody.
func TestLastAdministrator(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.administrator(t)
	wantShown(t, "the way there", b.get("/account"), http.StatusOK, `href="/admin"`)
	wantShown(t, "the way back", b.get("/admin"), http.StatusOK, `href="/account"`)
	user := s.browser(t)
	user.signUp("ada@example.com")
	if got := user.get("/account"); strings.Contains(got.body, `href="/admin"`) {
		t.Error("got a link to the administration as a user")
	}
	remove := func() answer {
		return b.submit(b.get("/account/delete"), "/account/delete", "email", "root@example.com")
	}
	wantShown(t, "the last", remove(), http.StatusUnprocessableEntity, "last administrator")
	_, token := s.login(t, "root@example.com", testPassword)
	status, body, _ := s.api(t, "DELETE", "/api/v1/auth/account", token, map[string]string{"password": testPassword})
	wantError(t, "the last", status, body, http.StatusConflict, "LAST_ADMINISTRATOR")
	s.command(t, "user", "role", "ada@example.com", "admin")
	wantShown(t, "one of two", remove(), http.StatusOK, "Your account is deleted")
}

// TestAdminActs does each act as an administrator, and finds it in the security log.
func TestAdminActs(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.administrator(t)
	id, token := s.person(t, "ada@example.com")
	path := "/admin/users/" + id
	do := func(path, button string, pairs ...string) answer {
		t.Helper()
		page := b.get(path)
		form := url.Values{"form_token": {formToken(t, page)}, "act": {button}}
		if key := regexp.MustCompile(`name="key" value="([^"]+)"`).FindStringSubmatch(page.body); key != nil {
			form.Set("key", key[1])
		}
		for i := 0; i+1 < len(pairs); i += 2 {
			form.Add(pairs[i], pairs[i+1])
		}
		return b.post(strings.SplitN(path, "?", 2)[0], form)
	}
	okay := func(got answer) {
		t.Helper()
		if got.StatusCode != http.StatusOK {
			t.Errorf("got %d at %s\n%s", got.StatusCode, got.Request.URL, got.body)
		}
	}
	for _, query := range []string{"ada", "ada@example.com", id} {
		if got := b.get("/admin/users?q=" + query); !strings.Contains(got.body, path) {
			t.Errorf("got no %s by %q", id, query)
		}
	}
	okay(do(path, "roles", "roles", "writer editor"))
	okay(do(path, "adjust", "amount", "7.5", "class", "free", "reason", "goodwill"))
	okay(do(path, "adjust", "amount", "-2.5", "reason", "too much"))
	if status, body, _ := s.api(t, "GET", "/api/v1/credits/balance", token, nil); status != http.StatusOK || !strings.Contains(strings.Join(mapTexts(body), " "), "155") {
		t.Errorf("got %d %v, want 155 credits", status, body)
	}
	if got := do(path, "adjust", "amount", "x", "reason", "r"); got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.body, `id="amount-fault"`) {
		t.Errorf("got %d for no amount", got.StatusCode)
	}
	okay(do(path, "end"))
	if status, _, _ := s.api(t, "GET", "/api/v1/credits/balance", token, nil); status != http.StatusUnauthorized {
		t.Errorf("got %d with a token of a session that was ended", status)
	}
	okay(do(path, "disable"))
	okay(do(path, "enable"))
	okay(do(path, "role", "role", "admin"))
	okay(do(path, "role", "role", "user"))

	made := do("/admin/clients/new", "save", "client_name", "Notes", "redirect_uris", "https://notes.example/cb", "grant_types", "authorization_code", "scopes", "openid")
	secret := regexp.MustCompile(`CLIENT_ID=(\S+) CLIENT_SECRET=([A-Za-z0-9_-]{43})`).FindStringSubmatch(made.body)
	if secret == nil {
		t.Fatalf("got no secret\n%s", made.body)
	}
	client := "/admin/clients/" + secret[1]
	if got := b.get(client); strings.Contains(got.body, secret[2]) {
		t.Error("got the secret shown again")
	}
	bad := do(client, "save", "client_name", "Notes", "redirect_uris", "http://notes.example/cb", "grant_types", "authorization_code", "scopes", "openid")
	if bad.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(bad.body, `id="redirect_uris-fault"`) {
		t.Errorf("got %d for a redirect by http", bad.StatusCode)
	}
	okay(do(client, "save", "client_name", "Notes 2", "redirect_uris", "https://notes.example/cb", "grant_types", "authorization_code", "scopes", "openid"))
	if got := do(client, "rotate"); !strings.Contains(got.body, "CLIENT_SECRET=") || strings.Contains(got.body, secret[2]) {
		t.Error("got no new secret")
	}
	okay(do(client, "disable"))
	okay(do(client, "enable"))
	if got := do(client, "delete", "typed", "Notes"); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("got %d for another name typed", got.StatusCode)
	}
	okay(do(client, "delete", "typed", "Notes 2"))
	if got := b.get(client); got.StatusCode != http.StatusNotFound {
		t.Errorf("got %d for a deleted app", got.StatusCode)
	}
	if got := do("/admin/service-keys", "create", "name", "todo", "app_ids", "todo", "permissions", "use"); !strings.Contains(got.body, "SERVICE_KEY=") {
		t.Errorf("got no service key\n%s", got.body)
	}
	okay(do("/admin/keys", "rotate", "alg", "RS256", "now", "1"))
	okay(do("/admin/ledger", "check"))
	for _, page := range []string{"/admin", "/admin/welcome", "/admin/settings", "/admin/audit?type=x", "/admin/keys"} {
		okay(b.get(page))
	}
	log := b.get("/admin/audit/export?format=jsonl").body
	for _, kind := range strings.Fields(`roles_changed credits_adjusted sessions_ended account_disabled account_enabled role_changed client_created
		client_changed client_secret_rotated client_deleted service_key_created key_rotated`) {
		if !regexp.MustCompile(`"type":"` + kind + `".*"actor":"admin:`).MatchString(log) {
			t.Errorf("got no %s by the administrator", kind)
		}
	}
	s.sql(t, `UPDATE auth_sessions SET auth_time = auth_time - 301000000`)
	if got := b.get("/admin/audit/export?format=csv"); got.Request.URL.Path != "/login" {
		t.Errorf("got %d at %s with an old proof, want the login", got.StatusCode, got.Request.URL)
	}
	s.sql(t, `UPDATE auth_sessions SET auth_time = auth_time + 301000000`)
	if csv := b.get("/admin/audit/export?format=csv&type=client_created").body; strings.Count(csv, "\n") != 2 {
		t.Errorf("got %q, want a line and its heading", csv)
	}

	s.sql(t, `UPDATE auth_sessions SET auth_time = auth_time - 301000000`)
	if got := do(path, "disable"); got.Request.URL.Path != "/login" || got.Request.URL.Query().Get("return") != path {
		t.Errorf("got %d at %s, want to prove it once more and come back", got.StatusCode, got.Request.URL)
	}
	if got := b.get(path); got.StatusCode != http.StatusOK || !strings.Contains(got.body, `value="disable"`) {
		t.Error("got it done without a fresh proof, or no page to look at")
	}
}

// formToken is the hidden token of a page.
func formToken(t *testing.T, page answer) string {
	t.Helper()
	found := regexp.MustCompile(`name="form_token" value="([^"]+)"`).FindStringSubmatch(page.body)
	if found == nil {
		t.Fatalf("got %d and no form at %s", page.StatusCode, page.Request.URL)
	}
	return found[1]
}

func mapTexts(body map[string]any) []string {
	var texts []string
	for _, value := range body {
		if text, ok := value.(interface{ String() string }); ok {
			texts = append(texts, text.String())
		}
	}
	return texts
}
