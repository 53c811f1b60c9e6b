package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// at gives the path that the browser ends at for an authorization URL: a page of ours, or the app's.
func (b *browser) at(to string) string {
	b.t.Helper()
	got := b.get(to)
	if location, err := got.Location(); err == nil {
		return location.Path
	}
	return got.Request.URL.Path
}

// TestLoginDue is AU1 and AU2: when a person must prove who they are.
func TestLoginDue(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	first := f.grantedTo(t)
	if got := f.server.browser(t).at(f.auth()); got != "/login" {
		t.Errorf("AU1: got %s for nobody", got)
	}
	f.sql(t, `UPDATE auth_sessions SET auth_time = auth_time - 100000000`)
	for name, c := range map[string]struct {
		changes []string
		want    string
	}{
		"AU1: nothing asked":        {nil, "/callback"},
		"AU1: prompt login":         {[]string{"prompt", "login"}, "/login"},
		"AU1: older than max_age":   {[]string{"max_age", "99"}, "/login"},
		"AU1: younger than max_age": {[]string{"max_age", "1000"}, "/callback"},
		"AU1: max_age 0":            {[]string{"max_age", "0"}, "/login"},
		"AU2: select_account":       {[]string{"prompt", "select_account"}, "/login/select"},
		"AU2: create":               {[]string{"prompt", "create"}, "/signup"},
		"AU2: consent":              {[]string{"prompt", "consent"}, "/consent"},
		"AU2: login and consent":    {[]string{"prompt", "login consent"}, "/login"},
		"AU2: the hint's person":    {[]string{"id_token_hint", first["id_token"].(string)}, "/callback"},
	} {
		if got := f.browser.at(f.auth(c.changes...)); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	old := claimsOf(t, f.grantedTo(t)["id_token"])
	page := f.browser.signIn(f.browser.get(f.auth("prompt", "login consent")), "ada@example.com")
	if page.Request.URL.Path != "/consent" {
		t.Fatalf("AU2: got %s after the login, want the consent that was asked for as well", page.Request.URL)
	}
	location, err := f.browser.submit(page, "/consent", "decision", "allow").Location()
	if err != nil {
		t.Fatal(err)
	}
	_, tokens, _ := f.token(t, "code", location.Query().Get("code"))
	fresh := claimsOf(t, tokens["id_token"])
	if fresh["auth_time"].(float64) < old["auth_time"].(float64)+99 || fresh["auth_time"].(float64) != float64(int64(fresh["auth_time"].(float64))) {
		t.Errorf("AU1: got auth_time %v after %v, want a later whole second", fresh["auth_time"], old["auth_time"])
	}
	if fresh["acr"] != "urn:mana:acr:basic" || fmt.Sprint(fresh["amr"]) != "[pwd]" {
		t.Errorf("AU3: got acr %v, amr %v, want one factor, the password", fresh["acr"], fresh["amr"])
	}
}

// TestConsent is CN1, CN2, CN3 and CN5.
func TestConsent(t *testing.T) {
	t.Parallel()
	const scopes = "openid email profile offline_access credits:read credits:spend"
	f := newFixture(t, scopes)
	register := func(name string, more ...string) created {
		return f.create(t, append([]string{name, "--redirect", callback, "--scope", strings.ReplaceAll(scopes, " ", ",")}, more...)...)
	}
	notes, own, public := register("Notes <b>"), register("Own", "--first-party"), register("Public", "--public")
	native := register("Native", "--public", "--redirect", "com.example.app:/cb", "--redirect", "https://app.example/cb")
	eventually(t, "the server knows the last one", func() bool { return f.knows(t, native.ID) })
	due := func(c created, want bool, changes ...string) {
		t.Helper()
		if got := f.browser.at(f.auth(append([]string{"client_id", c.ID}, changes...)...)) == "/consent"; got != want {
			t.Errorf("%s %v: got a page: %v, want %v", c.Name, changes, got, want)
		}
	}
	allow := func(c created, changes ...string) {
		t.Helper()
		if f.browser.authorize(f.auth(append([]string{"client_id", c.ID}, changes...)...)).Get("code") == "" {
			t.Errorf("got no code for %s", c.Name)
		}
	}
	allow(notes, "scope", "openid email")
	due(notes, false, "scope", "email openid")
	due(notes, false, "scope", "openid")
	due(notes, true, "scope", "openid email profile")
	due(notes, true, "scope", "openid", "claims", `{"id_token":{"name":null}}`)
	page := f.browser.get(f.auth("client_id", notes.ID, "scope", "openid email profile"))
	if strings.Count(page.body, `class="badge"`) != 1 || !strings.Contains(page.body, "Notes &lt;b&gt;") || strings.Contains(page.body, "<b>") ||
		!strings.Contains(page.body, "127.0.0.1:4711") || !strings.Contains(page.body, "<bdi>") {
		t.Errorf("CN1, CN3: got no mark at the new part, or not name and host in\n%s", page.body)
	}
	allow(notes, "scope", "openid offline_access")
	due(notes, false, "scope", "openid email offline_access") // CN1: the union; CN5: without prompt=consent
	due(notes, true, "scope", "openid", "prompt", "consent")
	due(own, false, "scope", "openid email profile credits:read")
	due(own, true, "scope", "openid credits:spend")
	due(own, true, "scope", "openid", "prompt", "consent")
	for _, c := range []struct {
		client created
		uri    string
	}{{public, callback}, {native, "com.example.app:/cb"}} {
		for range 2 {
			page := f.browser.get(f.auth("client_id", c.client.ID, "scope", "openid", "redirect_uri", c.uri))
			if location, err := f.browser.submit(page, "/consent", "decision", "allow").Location(); err != nil || !strings.Contains(location.RawQuery, "code=") {
				t.Errorf("CN2: got %v, %v", location, err)
			}
		}
		if got := f.browser.refusal(f.auth("client_id", c.client.ID, "scope", "openid", "redirect_uri", c.uri, "prompt", "none")); got != "consent_required" {
			t.Errorf("CN2: got %q for %s, want consent_required", got, c.uri)
		}
	}
	due(native, false, "scope", "openid", "redirect_uri", "https://app.example/cb")
}

// TestEditedPages is CN3 and the rule before AZ1: what is stored at first counts, whatever a page's address or form says.
func TestEditedPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email profile")
	page := f.browser.get(f.auth("scope", "openid"))
	edited := f.browser.get(page.Request.URL.String() + "&scope=openid+email+profile&redirect_uri=https://evil.example&client_id=mc_demo&state=other")
	if edited.StatusCode != http.StatusOK || strings.Contains(edited.body, "evil.example") {
		t.Fatalf("got %d\n%s", edited.StatusCode, edited.body)
	}
	location, err := f.browser.submit(edited, "/consent", "decision", "allow", "scope", "openid email profile", "redirect_uri", "https://evil.example", "state", "other").Location()
	if err != nil || location.Host != "127.0.0.1:4711" || location.Query().Get("state") != "s" {
		t.Fatalf("got %v, %v", location, err)
	}
	if _, tokens, _ := f.token(t, "code", location.Query().Get("code")); tokens["scope"] != "openid" {
		t.Errorf("got the scope %v, want what was shown", tokens["scope"])
	}
}

// TestEndOfInteractions is AZ19 and AZ21: what ends at the client, and what ends at a page.
func TestEndOfInteractions(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	denied := f.browser.submit(f.browser.get(f.auth()), "/consent", "decision", "deny")
	wantRefusal(t, "AZ19: refused", f, denied, "access_denied")
	stranger := f.server.browser(t)
	wantRefusal(t, "AZ19: cancelled login", f, stranger.submit(stranger.get(f.auth()), "/login", "cancel", "1"), "access_denied")
	inForm := f.browser.submit(f.browser.get(f.auth("response_mode", "form_post")), "/consent", "decision", "deny")
	if fields := hiddenOf(inForm); fields["error"] != "access_denied" || fields["code"] != "" {
		t.Errorf("AZ19: got %v in the form", fields)
	}
	page := f.browser.get(f.auth())
	f.command(t, "client", "update", f.client.ID, "--scope", "openid")
	wantRefusal(t, "AZ19: policy", f, f.browser.submit(page, "/consent", "decision", "allow"), "access_denied")
	f.command(t, "client", "update", f.client.ID, "--scope", "openid,email")
	eventually(t, "the server knows the scope again", func() bool {
		return f.browser.refusal(f.auth("scope", "email", "prompt", "none")) == "consent_required"
	})

	page = f.browser.get(f.auth())
	elsewhere := f.server.browser(t)
	elsewhere.signUp("eve@example.com")
	wantPage(t, "AZ21: another browser", elsewhere.get(page.Request.URL.String()), http.StatusBadRequest)
	f.sql(t, `UPDATE auth_requests SET expires_at = ?`, time.Now().UnixMicro())
	wantPage(t, "AZ21: expired", f.browser.get(page.Request.URL.String()), http.StatusBadRequest)
	wantPage(t, "AZ21: expired, allowed", f.browser.submit(page, "/consent", "decision", "allow"), http.StatusBadRequest)
	login := f.server.browser(t)
	late := login.get(f.auth())
	f.sql(t, `UPDATE auth_requests SET expires_at = ?`, time.Now().UnixMicro())
	wantPage(t, "AZ21: expired at the login", login.signIn(late, "ada@example.com"), http.StatusBadRequest)
}

// TestSilence is AZ18: no page, no cookie, nothing stored.
func TestSilence(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	hint := f.grantedTo(t)["id_token"].(string)
	eve := f.server.browser(t)
	eve.signUp("eve@example.com")
	requests := f.count(t, `SELECT count(*) FROM auth_requests`)
	for name, c := range map[string]struct {
		browser *browser
		changes []string
		want    string
	}{
		"nobody":          {f.server.browser(t), nil, "login_required"},
		"somebody else":   {eve, []string{"id_token_hint", hint}, "login_required"},
		"a fresh login":   {f.browser, []string{"max_age", "0"}, "login_required"},
		"consent":         {eve, nil, "consent_required"},
		"a further claim": {f.browser, []string{"claims", `{"userinfo":{"phone_number":null}}`}, ""}, // not one that the client may have
	} {
		got := c.browser.get(f.auth(append(c.changes, "prompt", "none")...))
		location, err := got.Location()
		if err != nil || location.Query().Get("error") != c.want || len(got.Header.Values("Set-Cookie")) != 0 {
			t.Errorf("%s: got %v with the cookies %v, want %q", name, location, got.Header.Values("Set-Cookie"), c.want)
		}
	}
	if after := f.count(t, `SELECT count(*) FROM auth_requests`); after != requests {
		t.Errorf("got %d requests stored, want none", after-requests)
	}
}

// TestLogoutRows is LO1 to LO5, as far as TestLogout and the rows RL of the conformance tests leave it open.
func TestLogoutRows(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email offline_access")
	online, offline := f.grantedTo(t, "scope", "openid email"), f.grantedTo(t)
	hint := online["id_token"].(string)
	phone := f.server.browser(t)
	phone.signIn(phone.get("/login"), "ada@example.com")
	eve := f.server.browser(t)
	eve.signUp("eve@example.com")
	query := "/end_session?" + url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {postLogout}, "state": {"s"}}.Encode()
	if got := eve.get(query); got.Request.URL.Path != "/logout" || !strings.Contains(got.body, "eve@example.com") {
		t.Errorf("LO1: got %s for a hint of another person, want a question", got.Request.URL)
	}
	question := f.browser.get("/end_session")
	if got := f.browser.post("/logout", url.Values{"form_token": {"x"}}); question.Request.URL.Path != "/logout" || got.StatusCode != http.StatusForbidden {
		t.Errorf("LO1: got %d for an answer without the form's token", got.StatusCode)
	}
	got := f.browser.get(query)
	cookie := strings.Join(got.Header.Values("Set-Cookie"), "\n")
	if got.Header.Get("Location") != postLogout+"?state=s" || !strings.Contains(cookie, "mana_session=;") || !strings.Contains(cookie, "Max-Age=0") ||
		got.Header.Get("Clear-Site-Data") != `"cache", "storage"` {
		t.Errorf("LO2, LO5: got %q with %v", got.Header.Get("Location"), got.Header)
	}
	if again := f.browser.get(query); again.Header.Get("Location") != postLogout+"?state=s" {
		t.Errorf("LO2: got %q without a session, want the redirect at once", again.Header.Get("Location"))
	}
	for name, c := range map[string]struct {
		tokens map[string]any
		want   bool
	}{"the session's": {online, false}, "offline": {offline, true}} {
		status, _ := f.refresh(t, c.tokens["refresh_token"])
		if (status == 200) != c.want || (f.userInfo(t, c.tokens["access_token"].(string)) == 200) != c.want {
			t.Errorf("LO5: %s family: got %d after the logout", name, status)
		}
	}
	if got := phone.get("/account"); got.Request.URL.Path != "/account" {
		t.Errorf("LO5: got %s on another device, want its session to go on", got.Request.URL)
	}
	if got := f.browser.get("/end_session?state=s"); got.StatusCode != 200 || got.Request.URL.Path != "/logout" || got.Header.Get("Location") != "" {
		t.Errorf("LO4: got %d at %s, want the signed-out page", got.StatusCode, got.Request.URL)
	}
	for name, wrong := range map[string]string{
		"LO3: unregistered": strings.Replace(query, "4711", "4712", 1), "LO3: altered": strings.Replace(query, "bye", "bye%2F", 1),
	} {
		if got := phone.get(wrong); got.Header.Get("Location") != "" || !strings.Contains(got.body, `action="/logout"`) || strings.Contains(got.body, "471") {
			t.Errorf("%s: got %d\n%s", name, got.StatusCode, got.body)
		}
	}
}
