package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// refusal gives the error that the client receives for an authorization URL.
func (b *browser) refusal(to string) string {
	b.t.Helper()
	page := b.get(to)
	location, err := page.Location()
	if err != nil {
		b.t.Fatalf("got %d at %s, want a redirect to the app\n%s", page.StatusCode, page.Request.URL, page.body)
	}
	return location.Query().Get("error")
}

func (b *browser) signIn(page answer, email string) answer {
	b.t.Helper()
	return b.submit(page, "/login", "username", email, "password", testPassword)
}

// TestIDTokenHint fixes the person whom a request is about (OpenID Connect Core 1.0, section 3.1.2.1), whose address nobody else learns.
func TestIDTokenHint(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	hint := f.grantedTo(t)["id_token"].(string)
	if code := f.browser.authorize(f.auth("id_token_hint", hint, "prompt", "none")).Get("code"); code == "" {
		t.Error("got no code for the person who is signed in")
	}
	_, access, _ := f.token(t, "code", f.browser.authorize(f.auth()).Get("code"))
	other := f.server.client(t, "Other", "--redirect", callback)
	for name, changes := range map[string][]string{
		"nonsense":         {"id_token_hint", "a.b.c"},
		"an access token":  {"id_token_hint", access["access_token"].(string)},
		"altered":          {"id_token_hint", hint[:len(hint)-4] + "AAAA"},
		"another client's": {"id_token_hint", hint, "client_id", other.ID, "scope", "openid"},
	} {
		if got := f.browser.refusal(f.auth(append(changes, "prompt", "none")...)); got != "invalid_request" {
			t.Errorf("%s: got %q, want invalid_request", name, got)
		}
	}
	eve := f.server.browser(t)
	eve.signUp("eve@example.com")
	if got := eve.refusal(f.auth("id_token_hint", hint, "prompt", "none")); got != "login_required" {
		t.Errorf("got %q for a hint of somebody else, want login_required", got)
	}
	page := eve.get(f.auth("id_token_hint", hint))
	if page.Request.URL.Path != "/login" || !strings.Contains(page.body, "You are signed in as eve@example.com, but") {
		t.Fatalf("got %s, want the login for another person\n%s", page.Request.URL, page.body)
	}
	again := eve.signIn(page, "eve@example.com")
	if again.Request.URL.Path != "/login" || !strings.Contains(again.body, "You are signed in as eve@example.com, but") {
		t.Errorf("got %s, want the login page again for the wrong person\n%s", again.Request.URL, again.body)
	}
	nobody := f.server.browser(t)
	for _, asked := range []string{hint, ""} {
		shown := nobody.get(f.auth("id_token_hint", asked))
		if strings.Contains(shown.body, "ada@example.com") || !strings.Contains(shown.body, `name="username"`) {
			t.Errorf("want a login page that tells nothing of the person\n%s", shown.body)
		}
	}
	location, err := eve.signIn(page, "ada@example.com").Location()
	if err != nil || location.Query().Get("code") == "" {
		t.Errorf("got %v, %v, want a code for the right person", location, err)
	}
	sub := claimsOf(t, hint)["sub"].(string)
	for wanted, want := range map[string]string{sub: "", "somebody else": "login_required"} {
		claims := fmt.Sprintf(`{"id_token":{"sub":{"value":%q}}}`, wanted)
		if got := f.browser.refusal(f.auth("claims", claims, "prompt", "none")); got != want {
			t.Errorf("sub %q: got %q, want %q", wanted, got, want)
		}
	}
}

// TestSelectAccount is AU2.
func TestSelectAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	f.browser.authorize(f.auth())
	page := f.browser.get(f.auth("prompt", "select_account"))
	if page.Request.URL.Path != "/login/select" || !strings.Contains(page.body, "ada@example.com") {
		t.Fatalf("got %s, want the choice of an account\n%s", page.Request.URL, page.body)
	}
	location, err := f.browser.submit(page, "/login/select").Location()
	if err != nil || location.Query().Get("code") == "" {
		t.Errorf("got %v, %v, want a code for the account that was chosen", location, err)
	}
	page = f.browser.get(f.auth("prompt", "select_account login"))
	if page = f.browser.submit(page, "/login/select"); page.Request.URL.Path != "/login" {
		t.Errorf("got %s, want a fresh proof after the choice", page.Request.URL)
	}
	page = f.browser.get(f.auth("prompt", "select_account"))
	other := f.browser.get("/login?request=" + page.Request.URL.Query().Get("request") + "&switch=1")
	if other.Request.URL.Path != "/login" || strings.Contains(other.body, "ada@example.com") {
		t.Errorf("got %s, want a login for any account", other.Request.URL)
	}
	if fresh := f.server.browser(t).get(f.auth("prompt", "select_account")); fresh.Request.URL.Path != "/login" {
		t.Errorf("got %s for nobody, want the login page", fresh.Request.URL)
	}
}

// TestClaims asks for claims by scope and one by one (OpenID Connect Core 1.0, sections 5.4 and 5.5; 4.3_userinfo in
// testdata/openid_rows.txt), and consents to what is new alone.
func TestClaims(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid profile email address phone")
	f.command(t, "user", "set", "ada@example.com", "given_name=Ada", "birthdate=1815-12-10", "email_verified=true",
		"phone_number=+44 20 7946 0000", "address.locality=London", "address.country=GB", "zoneinfo=Europe/London", "locale=en-GB")
	info := func(changes ...string) map[string]any {
		t.Helper()
		status, body, _ := f.api(t, "GET", "/userinfo", f.grantedTo(t, changes...)["access_token"].(string), nil)
		if status != http.StatusOK {
			t.Fatalf("got %d %v", status, body)
		}
		return body
	}
	all := info()
	for name, want := range map[string]any{
		"name": "Ada Lovelace", "given_name": "Ada", "birthdate": "1815-12-10", "email": "ada@example.com", "email_verified": true,
		"phone_number": "+44 20 7946 0000", "phone_number_verified": false, "zoneinfo": "Europe/London", "locale": "en-GB",
	} {
		if all[name] != want {
			t.Errorf("got %s %v, want %v", name, all[name], want)
		}
	}
	if _, number := all["updated_at"].(json.Number); !number || fmt.Sprint(all["address"]) != "map[country:GB locality:London]" || all["nickname"] != nil {
		t.Errorf("got %v", all)
	}
	fresh := f.server.client(t, "Fresh", "--redirect", callback, "--scope", "openid,profile,phone")
	f.client = fresh
	claims := `{"userinfo":{"given_name":{"essential":true},"birthdate":null,"email":null,"x":{"y":1}},"id_token":{"name":null,"auth_time":{"essential":true}}}`
	page := f.browser.get(f.auth("client_id", fresh.ID, "scope", "openid", "claims", claims))
	if page.Request.URL.Path != "/consent" || !strings.Contains(page.body, "See these details: name, given name, birthdate") {
		t.Fatalf("got %s, want the details in the consent\n%s", page.Request.URL, page.body)
	}
	some := info("scope", "openid", "claims", claims)
	if len(some) != 3 || some["given_name"] != "Ada" || some["birthdate"] != "1815-12-10" {
		t.Errorf("got %v, want sub and the two claims that the client may ask for", some)
	}
	idToken := claimsOf(t, f.grantedTo(t, "scope", "openid", "claims", claims)["id_token"])
	if idToken["name"] != "Ada Lovelace" || idToken["given_name"] != nil || idToken["sub"] == nil {
		t.Errorf("got %v, want the name in the ID token", idToken)
	}
	if got := f.browser.refusal(f.auth("client_id", fresh.ID, "scope", "openid", "prompt", "none", "claims", `{"userinfo":{"phone_number":null}}`)); got != "consent_required" {
		t.Errorf("got %q for a further claim, want consent_required", got)
	}
	for claims, want := range map[string]string{
		`{"id_token":{"acr":{"essential":true,"value":"urn:mana:acr:mfa"}}}`:                         "unmet_authentication_requirements",
		`{"id_token":{"acr":{"essential":true,"values":["urn:mana:acr:mfa","urn:mana:acr:basic"]}}}`: "",
		`{"id_token":{"acr":{"values":["phr"]}}}`:                                                    "",
		`[]`: "invalid_request", `null`: "invalid_request", `{"userinfo":1}`: "invalid_request", `{"a":`: "invalid_request",
		strings.Repeat(`{"a":`, 9) + "1" + strings.Repeat("}", 9): "invalid_request",
		`{"a":"` + strings.Repeat("a", 8000) + `"}`:               "",
	} {
		if got := f.browser.refusal(f.auth("client_id", fresh.ID, "scope", "openid", "prompt", "none", "claims", claims)); got != want {
			t.Errorf("%.60s: got %q, want %q", claims, got, want)
		}
	}
}

func TestUserSetRefuses(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.person(t, "ada@example.com")
	for code, commands := range map[int][][]string{
		0: {{"ada@example.com", "nickname=Countess", "address.country=GB"}, {"ada@example.com", "nickname=", "address.country="}},
		2: {
			{"ada@example.com"},
			{"ada@example.com", "shoe_size=42"},
			{"ada@example.com", "birthdate=yesterday"},
			{"x", "name=Ada"},
			{"ada@example.com", "website=javascript:alert(1)"},
			{"ada@example.com", "zoneinfo=Moon/Crater"},
			{"ada@example.com", "email_verified=perhaps"},
		},
		4: {{"nobody@example.com", "name=Nobody"}},
	} {
		for _, args := range commands {
			if got := run(t.Context(), append([]string{"user", "set"}, args...), s.env, new(lockedBuffer), new(lockedBuffer)); got != code {
				t.Errorf("%v: got exit code %d, want %d", args, got, code)
			}
		}
	}
	var set map[string]any
	out := s.command(t, "user", "set", "ada@example.com", "nickname=Countess", "--json")
	if err := json.Unmarshal([]byte(out), &set); err != nil || set["email"] != "ada@example.com" || fmt.Sprint(set["profile"]) != "map[nickname:Countess]" {
		t.Errorf("got %s, %v, want the person as it is now", out, err)
	}
	if out := s.command(t, "user", "set", "ada@example.com", "nickname="); out != "" {
		t.Errorf("got %s, want nothing said", out)
	}
	var shown map[string]any
	if err := json.Unmarshal([]byte(s.command(t, "user", "show", "--json", "ada@example.com")), &shown); err != nil || fmt.Sprint(shown["profile"]) != "map[]" {
		t.Errorf("got %v, %v, want an empty profile again", shown, err)
	}
}

// TestSecondProof asks for a later one and leaves what other apps were given (AU1).
func TestSecondProof(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	first := f.grantedTo(t)
	page := f.browser.get(f.auth("prompt", "login"))
	if page.Request.URL.Path != "/login" {
		t.Fatalf("got %s, want a fresh login", page.Request.URL)
	}
	location, err := f.browser.signIn(page, "ada@example.com").Location()
	if err != nil || location.Query().Get("code") == "" {
		t.Fatalf("got %v, %v", location, err)
	}
	if status := f.userInfo(t, first["access_token"].(string)); status != http.StatusOK {
		t.Errorf("got %d with the token from before, want the session to go on", status)
	}
}

// TestPostedLogout keeps the hint out of addresses (LO1).
func TestPostedLogout(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	tokens := f.grantedTo(t)
	form := url.Values{"id_token_hint": {tokens["id_token"].(string)}, "post_logout_redirect_uri": {"http://127.0.0.1:4711/bye"}, "state": {"s t"}}
	request, err := http.NewRequestWithContext(t.Context(), "POST", f.issuer+"/end_session", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", "https://app.example")
	got := f.browser.do(request)
	if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "http://127.0.0.1:4711/bye?state=s+t" {
		t.Errorf("got %d to %q", got.StatusCode, got.Header.Get("Location"))
	}
	if strings.Contains(got.Request.URL.String(), "id_token_hint") {
		t.Errorf("got %s, want no token in an address", got.Request.URL)
	}
	if status := f.userInfo(t, tokens["access_token"].(string)); status != http.StatusUnauthorized {
		t.Errorf("got %d after the logout, want 401", status)
	}
	f.browser.signIn(f.browser.get("/login"), "ada@example.com")
	if page := f.browser.get("/end_session?posted=1"); page.Request.URL.Path != "/logout" || f.browser.get("/account").Request.URL.Path != "/account" {
		t.Errorf("got %s, want a question: the logout that was posted is over", page.Request.URL)
	}
}

// TestParallelRegistration has one winner, and nobody is told that the service is busy (fault 8).
func TestParallelRegistration(t *testing.T) {
	t.Parallel()
	s := start(t)
	var mu sync.Mutex
	statuses := make(map[int]int)
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			status, _, _ := s.api(t, "POST", "/api/v1/auth/register", "", map[string]string{"email": "ada@example.com", "password": testPassword})
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
	}
	group.Wait()
	if statuses[201] != 1 || statuses[409] != 63 {
		t.Errorf("got %v, want 1 account and 63 refusals", statuses)
	}
}

// TestSignupClosedMetadata is MD0 and AU2 where nobody may sign up.
func TestSignupClosedMetadata(t *testing.T) {
	t.Parallel()
	s := start(t, "SIGNUP=closed")
	_, document, _ := s.api(t, "GET", "/.well-known/openid-configuration", "", nil)
	if strings.Contains(fmt.Sprint(document["prompt_values_supported"]), "create") {
		t.Errorf("got %v, want no create", document["prompt_values_supported"])
	}
	client := s.client(t, "Notes", "--redirect", callback)
	f := &fixture{server: s, client: client}
	page := s.browser(t).get(s.issuer + "/authorize?" + url.Values{
		"client_id": {f.client.ID}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}, "prompt": {"create"},
		"code_challenge": {strings.Repeat("a", 43)}, "code_challenge_method": {"S256"},
	}.Encode())
	if page.Request.URL.Path != "/login" {
		t.Errorf("got %s, want the login page", page.Request.URL)
	}
}
