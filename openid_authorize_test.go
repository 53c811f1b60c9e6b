package main

import (
	"database/sql"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"mana/provider"
)

// count reads one number from the database beside the running program.
func (s *server) count(t *testing.T, query string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "mana.db")+"?_pragma=busy_timeout(5000)&_pragma=query_only(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// submits sends an authorization request as a form from another site.
func (b *browser) submits(to string) answer {
	b.t.Helper()
	path, query, _ := strings.Cut(to, "?")
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, path, strings.NewReader(query))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", formType)
	request.Header.Set("Origin", "https://app.example")
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	return b.do(request)
}

// wantPage holds an answer to what a person is shown when nothing may be sent to a client: no way out, and nothing of
// the request.
func wantPage(t *testing.T, what string, got answer, status int) {
	t.Helper()
	switch {
	case got.StatusCode != status, got.Header.Get("Location") != "", got.Header.Get("Refresh") != "":
		t.Errorf("%s: got %d, Location %q, want a page with %d", what, got.StatusCode, got.Header.Get("Location"), status)
	case !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html"), got.Header.Get("Cache-Control") != "no-store":
		t.Errorf("%s: got the headers %v", what, got.Header)
	case strings.Contains(got.body, "evil.example"), strings.Contains(got.body, ":4711"), !strings.Contains(got.body, got.Header.Get("X-Request-Id")):
		t.Errorf("%s: got a way out, or no request id, in\n%s", what, got.body)
	}
}

// TestUnprovenRequests holds the rows of the authorization endpoint that end at a page of ours, whatever else is wrong.
func TestUnprovenRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	off := f.create(t, "Off", "--redirect", callback)
	f.command(t, "client", "update", off.ID, "--disabled")
	f.changeClient(t, f.client.ID, func(c *provider.Client) {
		c.RedirectURIs = append(c.RedirectURIs, "https://app.example/cb?a=%2F&b", "com.example.app:/cb")
	})
	eventually(t, "the server knows the new addresses", func() bool {
		return f.browser.get(f.auth("redirect_uri", "com.example.app:/cb", "prompt", "none")).StatusCode == http.StatusSeeOther
	})
	for name, changes := range map[string][]string{
		"AZ2: no client":                     {"client_id", "-"},
		"AZ2: an unknown client":             {"client_id", "mc_none"},
		"AZ2: a disabled client":             {"client_id", off.ID},
		"AZ2: a metadata document":           {"client_id", "https://evil.example/client.json"},
		"AZ5: missing, with one registered":  {"redirect_uri", "-"},
		"AZ5: path added":                    {"redirect_uri", callback + "/x"},
		"AZ5: query added":                   {"redirect_uri", callback + "&b=2"},
		"AZ5: query left out":                {"redirect_uri", "http://127.0.0.1:4711/callback"},
		"AZ5: fragment added":                {"redirect_uri", callback + "#x"},
		"AZ5: another loopback name":         {"redirect_uri", strings.Replace(callback, "127.0.0.1", "localhost", 1)},
		"AZ5: https instead":                 {"redirect_uri", strings.Replace(callback, "http:", "https:", 1)},
		"AZ5: another case":                  {"redirect_uri", strings.Replace(callback, "callback", "Callback", 1)},
		"AZ5: another port elsewhere":        {"redirect_uri", "https://app.example:444/cb?a=%2F&b"},
		"AZ5: decoded once":                  {"redirect_uri", "https://app.example/cb?a=/&b"},
		"AZ5: user information":              {"redirect_uri", strings.Replace(callback, "127", "evil.example@127", 1)},
		"AZ5: blank":                         {"redirect_uri", callback + " "},
		"T9: encoded twice":                  {"redirect_uri", url.QueryEscape(callback)},
		"AZ6: a control character":           {"state", "a\nb"},
		"AZ6: not UTF-8":                     {"state", "a\xffb"},
		"AZ6: too long":                      {"state", strings.Repeat("a", 2049)},
		"AZ2 before the rest":                {"client_id", "mc_none", "response_type", "token", "redirect_uri", "https://evil.example"},
		"AZ5 before the rest":                {"redirect_uri", "https://evil.example", "response_type", "token", "scope", "nothing", "prompt", "none"},
		"AZ4 and AZ5: request":               {"redirect_uri", "https://evil.example", "request", "x"},
		"AZ4 and AZ5: request_uri":           {"redirect_uri", "https://evil.example", "request_uri", "urn:ietf:params:oauth:request_uri:x"},
		"AZ5: posted to the form of another": {"redirect_uri", "https://evil.example", "response_mode", "form_post"},
	} {
		wantPage(t, name, f.browser.get(f.auth(changes...)), http.StatusBadRequest)
		wantPage(t, name+", posted", f.browser.submits(f.auth(changes...)), http.StatusBadRequest)
	}
	good := strings.TrimPrefix(f.auth(), f.issuer+"/authorize?")
	for name, c := range map[string]struct {
		method, query, media, body string
		status                     int
	}{
		"AZ1: method":                       {"PUT", "?" + good, "", "", 405},
		"AZ1: content type":                 {"POST", "", "application/json", "{}", 415},
		"AZ1: no content type":              {"POST", "", "", good, 415},
		"AZ1: a known parameter twice":      {"GET", "?" + good + "&scope=openid", "", "", 400},
		"AZ1: an unknown one twice":         {"GET", "?" + good + "&x=1&x=1", "", "", 400},
		"AZ1: once in each":                 {"POST", "?scope=openid", formType, good, 400},
		"AZ1: malformed":                    {"GET", "?" + good + "&x=%zz", "", "", 400},
		"AZ1: a large value":                {"GET", "?" + good + "&x=" + strings.Repeat("a", 8<<10+1), "", "", 413},
		"AZ1: a large body":                 {"POST", "", formType, good + strings.Repeat("&", 64<<10), 413},
		"AZ1: more parameters than allowed": {"GET", "?" + good + manyParams(101), "", "", 413},
	} {
		wantPage(t, name, f.ask(t, c.method, "/authorize"+c.query, c.body, "Content-Type", c.media), c.status)
	}
	loopback := f.browser.get(f.auth("redirect_uri", strings.Replace(callback, "4711", "5000", 1)))
	if loopback.Request.URL.Path != "/consent" {
		t.Errorf("AZ5: got %s, want the port of a loopback address free", loopback.Request.URL)
	}
}

func manyParams(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "&p%d=x", i)
	}
	return b.String()
}

// TestRefusedRequests holds the rows of the authorization endpoint that tell the client: by GET and by POST, in the
// query and in the form (T10), with state and iss (IS1), never as JSON (T7).
func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	noCode := f.create(t, "No code", "--redirect", callback)
	f.changeClient(t, noCode.ID, func(c *provider.Client) { c.GrantTypes = []string{"client_credentials"} })
	eventually(t, "the server knows the grants", func() bool {
		location, err := f.browser.get(f.auth("client_id", noCode.ID, "prompt", "none")).Location()
		return err == nil && location.Query().Get("error") == "unauthorized_client"
	})
	deep := strings.Repeat(`{"a":`, 9) + "1" + strings.Repeat("}", 9)
	for _, c := range []struct {
		name    string
		changes []string
		want    string
	}{
		{"AZ4, T7: a request object", []string{"request", "a.b"}, "request_not_supported"},
		{"AZ4, T8: request_uri", []string{"request_uri", "https://a.example"}, "request_uri_not_supported"},
		{"AZ4: a pushed one", []string{"request_uri", "urn:ietf:params:oauth:request_uri:x"}, "request_uri_not_supported"},
		{"AZ4: both", []string{"request", "x", "request_uri", "https://a.example"}, "invalid_request"},
		{"AZ7: no response_type", []string{"response_type", "-"}, "invalid_request"},
		{"AZ8: token", []string{"response_type", "token"}, "unsupported_response_type"},
		{"AZ8: code id_token", []string{"response_type", "code id_token"}, "unsupported_response_type"},
		{"AZ8: unknown", []string{"response_type", "x"}, "unsupported_response_type"},
		{"AZ8: not registered", []string{"client_id", noCode.ID}, "unauthorized_client"},
		{"AZ9: fragment", []string{"response_mode", "fragment"}, "invalid_request"},
		{"AZ9: unknown", []string{"response_mode", "x"}, "invalid_request"},
		{"AZ11: no challenge", []string{"code_challenge", "-", "code_challenge_method", "-"}, "invalid_request"},
		{"AZ11: a method alone", []string{"code_challenge", "-"}, "invalid_request"},
		{"AZ11, T4: plain", []string{"code_challenge_method", "plain"}, "invalid_request"},
		{"AZ11, T4: no method", []string{"code_challenge_method", "-"}, "invalid_request"},
		{"AZ11, T4: S512", []string{"code_challenge_method", "S512"}, "invalid_request"},
		{"AZ11: short", []string{"code_challenge", strings.Repeat("a", 42)}, "invalid_request"},
		{"AZ11: long", []string{"code_challenge", strings.Repeat("a", 44)}, "invalid_request"},
		{"AZ11: not base64url", []string{"code_challenge", strings.Repeat("a", 42) + "+"}, "invalid_request"},
		{"AZ12: no known scope", []string{"scope", "nothing"}, "invalid_scope"},
		{"AZ12: none at all", []string{"scope", "-"}, "invalid_scope"},
		{"AZ12: none for this client", []string{"scope", "credits:spend"}, "invalid_scope"},
		{"AZ13: unknown prompt", []string{"prompt", "x"}, "invalid_request"},
		{"AZ13: none and login", []string{"prompt", "none login"}, "invalid_request"},
		{"AZ13: negative max_age", []string{"max_age", "-1"}, "invalid_request"},
		{"AZ13: max_age with a fraction", []string{"max_age", "1.5"}, "invalid_request"},
		{"AZ13: max_age with a sign", []string{"max_age", "+1"}, "invalid_request"},
		{"AZ13, T8: claims", []string{"claims", "{"}, "invalid_request"},
		{"AZ13: deep claims", []string{"claims", deep}, "invalid_request"},
		{"AZ13: nonce", []string{"nonce", strings.Repeat("n", 513)}, "invalid_request"},
		{"AZ13: nonce that is no text", []string{"nonce", "n\x00"}, "invalid_request"},
		{"AZ13: registration", []string{"registration", "{}"}, "registration_not_supported"},
		{"AZ17: a foreign hint", []string{"id_token_hint", "a.b.c"}, "invalid_request"},
		{"AZ18: consent due", []string{"prompt", "none"}, "consent_required"},
		{"AZ18: fresh login due", []string{"prompt", "none", "max_age", "0"}, "login_required"},
		{"AZ20: acr", []string{"claims", `{"id_token":{"acr":{"essential":true,"value":"phr"}}}`}, "unmet_authentication_requirements"},
		{"AZ20: acr of two factors", []string{"claims", `{"id_token":{"acr":{"essential":true,"values":["urn:mana:acr:mfa"]}}}`}, "unmet_authentication_requirements"},
		{"CL1: two subjects", []string{"claims", `{"id_token":{"sub":{"values":["a","b"]}}}`}, "invalid_request"},
	} {
		before := f.count(t, `SELECT count(*) FROM auth_requests`)
		wantRefusal(t, c.name, f, f.browser.get(f.auth(c.changes...)), c.want)
		if after := f.count(t, `SELECT count(*) FROM auth_requests`); after != before {
			t.Errorf("%s: got a side effect", c.name)
		}
		wantRefusal(t, c.name+", posted", f, f.browser.submits(f.auth(c.changes...)), c.want)
		if c.changes[0] == "response_mode" {
			continue
		}
		page := f.browser.get(f.auth(append(c.changes, "response_mode", "form_post")...))
		if fields := hiddenOf(page); page.StatusCode != 200 || fields["error"] != c.want || fields["state"] != "s" || fields["iss"] != f.issuer || len(fields) != 4 {
			t.Errorf("%s, T10: got %d with %v, want %s in the form", c.name, page.StatusCode, fields, c.want)
		}
	}
	two := f.browser.get(f.auth() + "&resource=" + url.QueryEscape(f.issuer) + "&resource=" + url.QueryEscape(f.issuer+"/api/v1/credits"))
	wantRefusal(t, "RI2: two resources", f, two, "invalid_target")
}

// wantRefusal holds an answer in the query to what every refusal has, and nothing else.
func wantRefusal(t *testing.T, what string, f *fixture, got answer, want string) {
	t.Helper()
	location, err := got.Location()
	if err != nil || got.StatusCode != http.StatusSeeOther {
		t.Errorf("%s: got %d, want a redirect\n%s", what, got.StatusCode, got.body)
		return
	}
	q := location.Query()
	if q.Get("error") != want || q.Get("state") != "s" || q.Get("iss") != f.issuer || q.Get("kept") != "1" || len(q) != 5 || location.Fragment != "" {
		t.Errorf("%s: got %v, want %s", what, location, want)
	}
	if text := q.Get("error_description"); !errorText.MatchString(text) || insideText.MatchString(text) {
		t.Errorf("%s: got the description %q (T17)", what, text)
	}
}

// hiddenOf reads the hidden fields of a page.
func hiddenOf(page answer) map[string]string {
	fields := make(map[string]string)
	for _, field := range hiddenField.FindAllStringSubmatch(page.body, -1) {
		fields[field[1]] = html.UnescapeString(field[2])
	}
	return fields
}

// TestHarmlessParameters is AZ12, AZ-M and AU4: what never fails a request, what is dropped, and
// what comes back.
func TestHarmlessParameters(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	f.browser.authorize(f.auth())
	for name, changes := range map[string][]string{
		"display":              {"display", "popup"},
		"ui_locales":           {"ui_locales", "de-DE x-klingon"},
		"claims_locales":       {"claims_locales", "xx"},
		"login_hint":           {"login_hint", strings.Repeat("a", 300)},
		"login_hint no text":   {"login_hint", "\xff"},
		"acr_values":           {"acr_values", "phr urn:mana:acr:mfa"},
		"an unknown parameter": {"anything", "goes"},
		"unknown scopes":       {"scope", "openid email nothing profile"},
		"order of scopes":      {"scope", "email openid"},
		"an unknown resource":  {"resource", "https://unknown.example"},
		"an empty value":       {"prompt", ""},
		"a large max_age":      {"max_age", "99999999999999999999"},
		"claims of others":     {"claims", `{"other":1,"userinfo":{"x":null},"id_token":{"auth_time":{"essential":true}}}`},
	} {
		location, err := f.browser.get(f.auth(changes...)).Location()
		if err != nil {
			t.Errorf("%s: got no redirect", name)
			continue
		}
		q := location.Query()
		if q.Get("code") == "" || q.Get("state") != "s" || q.Get("iss") != f.issuer || q.Get("kept") != "1" || len(q) != 4 {
			t.Errorf("AZ-M: %s: got %v, want code, state and iss alone", name, q)
		}
		_, tokens, _ := f.token(t, "code", q.Get("code"))
		if tokens["scope"] != "openid email" {
			t.Errorf("AZ12: %s: got the scope %v", name, tokens["scope"])
		}
		if id := claimsOf(t, tokens["id_token"]); id["acr"] != "urn:mana:acr:basic" {
			t.Errorf("AU4: %s: got acr %v, want what was reached", name, id["acr"])
		}
	}
	for state, want := range map[string]bool{"-": false, "": false, strings.Repeat("é", 1024): true, "a&b=c+d %2F~": true} {
		q := f.browser.authorize(f.auth("state", state))
		if q.Has("state") != want || want && q.Get("state") != state {
			t.Errorf("AZ-M: got the state %q, want %q", q["state"], state)
		}
	}
	hint := f.server.browser(t).get(f.auth("login_hint", "grace@example.com"))
	if !strings.Contains(hint.body, `value="grace@example.com"`) {
		t.Error("got no address filled in by login_hint")
	}
	page := f.browser.get(f.auth("response_mode", "form_post"))
	policy := page.Header.Get("Content-Security-Policy")
	if strings.Count(page.body, "<form") != 1 || !strings.Contains(page.body, `<form method="post" action="`+html.EscapeString(callback)+`"`) ||
		!strings.Contains(page.body, "<button") || !strings.Contains(policy, "form-action 'self' "+appSite) || strings.Contains(policy, "unsafe") || len(hiddenOf(page)) != 3 {
		t.Errorf("AZ-M: got the policy %s for\n%s", policy, page.body)
	}
}
