package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"mana/provider"
)

// TestClientAuthentication is CA1, CA2 and CA3: one method, and one answer to everything that is wrong.
func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	backend := s.create(t, "Backend", "--grant", "client_credentials", "--scope", "credits:read")
	off := s.create(t, "Off", "--grant", "client_credentials", "--scope", "credits:read")
	public := s.create(t, "Public", "--public", "--redirect", callback)
	s.command(t, "client", "update", off.ID, "--disabled")
	s.serve(t)
	encode := func(c created) string {
		return basic(created{clientFields: c.clientFields, Secret: url.QueryEscape(c.Secret)})
	}
	with := func(c created, secret string) created { c.Secret = secret; return c }
	unknown := with(created{clientFields: clientFields{ID: "mc_unknown"}}, backend.Secret)
	const grant = "grant_type=client_credentials"
	post := func(c created) string {
		return grant + "&" + url.Values{"client_id": {c.ID}, "client_secret": {c.Secret}}.Encode()
	}
	refused := ""
	for name, c := range map[string]struct {
		body    string
		headers []string
		want    string // empty: a token
	}{
		"CA1: client_secret_basic":          {grant, []string{basic(backend)}, ""},
		"CA1: client_secret_post":           {post(backend), nil, ""},
		"CA1: the same client_id beside":    {grant + "&client_id=" + backend.ID, []string{basic(backend)}, ""},
		"CA2: both halves encoded":          {grant, []string{encode(backend)}, ""},
		"CA1: nothing":                      {grant, nil, "invalid_client"},
		"CA1: wrong secret":                 {grant, []string{basic(with(backend, "x"))}, "invalid_client"},
		"CA1: wrong secret, posted":         {post(with(backend, "x")), nil, "invalid_client"},
		"CA1: no secret":                    {grant + "&client_id=" + backend.ID, nil, "invalid_client"},
		"CA1: empty secret":                 {grant, []string{basic(with(backend, ""))}, "invalid_client"},
		"CA1: unknown client":               {grant, []string{basic(unknown)}, "invalid_client"},
		"CA1: unknown client, posted":       {post(unknown), nil, "invalid_client"},
		"CA1: disabled client":              {grant, []string{basic(off)}, "invalid_client"},
		"CA1: another scheme":               {grant, []string{"Bearer " + backend.Secret}, "invalid_client"},
		"CA1: malformed":                    {grant, []string{"Basic ="}, "invalid_client"},
		"CA1: an assertion":                 {grant + "&client_id=" + backend.ID + "&client_assertion=a.b.c", nil, "invalid_client"},
		"CA3: a public client with secret":  {"grant_type=refresh_token&" + url.Values{"client_id": {public.ID}, "client_secret": {"x"}}.Encode(), nil, "invalid_client"},
		"CA3: by basic":                     {"grant_type=refresh_token", []string{basic(public)}, "invalid_client"},
		"CA1: two methods":                  {post(backend), []string{basic(backend)}, "invalid_request"},
		"CA1: basic and an assertion":       {grant + "&client_assertion=a.b.c", []string{basic(backend)}, "invalid_request"},
		"CA1: a secret and an assertion":    {post(backend) + "&client_assertion=a.b.c", nil, "invalid_request"},
		"CA1: two headers":                  {grant, []string{basic(backend), basic(backend)}, "invalid_request"},
		"CA1: client_id of another":         {grant + "&client_id=" + public.ID, []string{basic(backend)}, "invalid_request"},
		"CA3: a public client by client_id": {"grant_type=refresh_token&client_id=" + public.ID, nil, "invalid_request"}, // no refresh_token
	} {
		headers := []string{"Content-Type", formType}
		for _, value := range c.headers {
			headers = append(headers, "Authorization", value)
		}
		got := s.ask(t, "POST", "/token", c.body, headers...)
		switch {
		case c.want == "" && got.StatusCode != 200, c.want == "invalid_client" && got.StatusCode != 401, c.want == "invalid_request" && got.StatusCode != 400:
			t.Errorf("%s: got %d %s", name, got.StatusCode, got.body)
		case c.want != "":
			wantJSONError(t, name, got, c.want)
		}
		if c.want == "invalid_client" {
			if refused = cmp.Or(refused, got.body); got.body != refused {
				t.Errorf("%s: got %s, want the same answer to all: %s", name, got.body, refused)
			}
		}
	}
}

// TestCodeRows is CO1 to CO7 and the traps T1, T3 and T4: what a code is bound to.
func TestCodeRows(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	exempt := f.create(t, "Exempt", "--redirect", callback, "--pkce-exempt", "--scope", "openid")
	public := f.create(t, "Public", "--public", "--redirect", callback, "--scope", "openid")
	other := f.server.client(t, "Other", "--redirect", callback, "--scope", "openid")
	allow := func(c created, changes ...string) string {
		return f.browser.authorize(f.auth(append([]string{"client_id", c.ID, "scope", "openid"}, changes...)...)).Get("code")
	}
	redeem := func(c created, code string, pairs ...string) (int, string) {
		form := []string{"grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", f.verifier}
		status, body, _ := f.post(t, "/token", c, append(form, pairs...)...)
		text, _ := body["error"].(string)
		return status, text
	}
	bare := []string{"code_challenge", "-", "code_challenge_method", "-"}
	for name, c := range map[string]struct {
		client created
		ask    []string
		show   []string
		want   string
		dead   bool // the code is of no use afterwards
	}{
		"CO3: no redirect_uri, with a challenge":       {f.client, nil, []string{"redirect_uri", ""}, "", true},
		"CO3: another redirect_uri":                    {f.client, nil, []string{"redirect_uri", callback + "x"}, "invalid_grant", true},
		"CO2, T1: no verifier":                         {f.client, nil, []string{"code_verifier", ""}, "invalid_grant", true},
		"CO2: a wrong verifier":                        {f.client, nil, []string{"code_verifier", oauth2.GenerateVerifier()}, "invalid_grant", true},
		"CO2: a malformed verifier":                    {f.client, nil, []string{"code_verifier", "short"}, "invalid_grant", true},
		"CO2, T4: the challenge as verifier":           {f.client, nil, []string{"code_verifier", oauth2.S256ChallengeFromVerifier(f.verifier)}, "invalid_grant", true},
		"T1: a public client without verifier":         {public, nil, []string{"code_verifier", ""}, "invalid_grant", true},
		"CO5: an exempt client without challenge":      {exempt, bare, []string{"code_verifier", ""}, "", true},
		"CO3: an exempt client without redirect_uri":   {exempt, bare, []string{"code_verifier", "", "redirect_uri", ""}, "invalid_grant", true},
		"CO3: a verifier without challenge":            {exempt, bare, nil, "invalid_grant", true},
		"CO3: a malformed verifier without challenge":  {exempt, bare, []string{"code_verifier", "short"}, "invalid_grant", true},
		"T1: an exempt client that sent a challenge":   {exempt, nil, []string{"code_verifier", ""}, "invalid_grant", true},
		"CO2: a request refused before consumes none":  {f.client, nil, []string{"client_id", other.ID}, "invalid_request", false},
		"CO7: a scope beyond the grant":                {f.client, nil, []string{"scope", "openid profile"}, "invalid_scope", true},
		"RI2: two resources are refused before":        {f.client, nil, []string{"resource", f.issuer}, "", true},
		"CO7: a resource that was not granted":         {f.client, nil, []string{"resource", f.issuer + "/api/v1/credits"}, "invalid_target", true},
		"EP10: parameters of the query change nothing": {f.client, nil, nil, "", true},
	} {
		code := allow(c.client, c.ask...)
		if len(code) != 43 {
			t.Fatalf("CO1: got the code %q, want 43 characters", code)
		}
		status, fault := redeem(c.client, code, c.show...)
		if fault != c.want || (status == 200) != (c.want == "") {
			t.Errorf("%s: got %d %s, want %q", name, status, fault, c.want)
		}
		if c.want == "" {
			continue
		}
		show := []string{}
		if len(c.ask) > 0 {
			show = []string{"code_verifier", ""}
		}
		if status, _ := redeem(c.client, code, show...); (status != 200) != c.dead {
			t.Errorf("%s: got %d for the code afterwards", name, status)
		}
	}
	code := allow(f.client)
	if status, fault := redeem(other, code); status != 400 || fault != "invalid_grant" {
		t.Errorf("T3: got %d %s for a code of another client", status, fault)
	}
	if status, fault := redeem(f.client, code); status != 400 || fault != "invalid_grant" {
		t.Errorf("CO2: got %d %s, want the code dead after another client showed it", status, fault)
	}
	repeated := allow(f.client)
	_, tokens, _ := f.token(t, "code", repeated)
	if status, fault := redeem(f.client, repeated); status != 400 || fault != "invalid_grant" {
		t.Errorf("CO4: got %d %s for a repeat", status, fault)
	}
	status, _ := f.refresh(t, tokens["refresh_token"])
	_, body, _ := f.post(t, "/introspect", f.client, "token", tokens["access_token"].(string))
	if f.userInfo(t, tokens["access_token"].(string)) != 401 || body["active"] != false || status != 400 {
		t.Errorf("CO4: got the grant alive after a repeat: %v, refresh %d", body, status)
	}
}

// TestGrantRows is CO7 and CC1: which grants a client may use, and what for.
func TestGrantRows(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid credits:read")
	web := f.create(t, "Web", "--redirect", callback, "--grant", "authorization_code")
	public := f.server.client(t, "Public", "--public", "--redirect", callback)
	for name, c := range map[string]struct {
		client created
		pairs  []string
		want   string
	}{
		"CO7: unknown":                        {f.client, []string{"grant_type", "password"}, "unsupported_grant_type"},
		"CO7: none":                           {f.client, nil, "invalid_request"},
		"CO7: not registered":                 {web, []string{"grant_type", "refresh_token", "refresh_token", "x"}, "unauthorized_client"},
		"CO7: credentials not registered":     {web, []string{"grant_type", "client_credentials"}, "unauthorized_client"},
		"CO7: no code":                        {f.client, []string{"grant_type", "authorization_code"}, "invalid_request"},
		"CO7: no refresh token":               {f.client, []string{"grant_type", "refresh_token"}, "invalid_request"},
		"CC1: a public client":                {public, []string{"grant_type", "client_credentials"}, "unauthorized_client"},
		"CC1: openid":                         {f.client, []string{"grant_type", "client_credentials", "scope", "openid"}, "invalid_scope"},
		"CC1: offline_access":                 {f.client, []string{"grant_type", "client_credentials", "scope", "offline_access"}, "invalid_scope"},
		"CC1: a scope that is not the client": {f.client, []string{"grant_type", "client_credentials", "scope", "credits:spend"}, "invalid_scope"},
	} {
		status, body, _ := f.post(t, "/token", c.client, c.pairs...)
		if status != 400 || body["error"] != c.want {
			t.Errorf("%s: got %d %v, want %s", name, status, body, c.want)
		}
	}
	_, own, _ := f.post(t, "/token", f.client, "grant_type", "client_credentials", "scope", "credits:read")
	wantMembers(t, "CC1: no refresh token and no ID token", own, "access_token expires_in scope token_type")
	token := own["access_token"].(string)
	if claims := claimsOf(t, token); claims["sub"] != f.client.ID || claims["auth_time"] != nil {
		t.Errorf("CC1: got %v, want the client as subject", claims)
	}
	got := f.ask(t, "GET", "/userinfo", "", "Authorization", "Bearer "+token)
	if got.StatusCode != 401 || !strings.Contains(got.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("CC1: got %d at userinfo with %v", got.StatusCode, got.Header)
	}
	if status, _, _ := f.api(t, "GET", "/api/v1/credits/balance", token, nil); status != 403 {
		t.Errorf("CC1: got %d at a route of a person, want 403", status)
	}
}

// TestTokenContents holds what tokens hold, in all (openid 4), RI2, RI3 and CA7.
func TestTokenContents(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email offline_access credits:read")
	credits := f.issuer + "/api/v1/credits"
	names := func(m map[string]any) string { return strings.Join(slices.Sorted(maps.Keys(m)), " ") }
	tokens := f.grantedTo(t)
	wantMembers(t, "CO6", tokens, "access_token expires_in id_token refresh_token scope token_type")
	if number, ok := tokens["expires_in"].(json.Number); !ok || number != "900" || tokens["token_type"] != "Bearer" || tokens["scope"] != "openid email offline_access credits:read" {
		t.Errorf("CO6: got %v", tokens)
	}
	if h := header(t, tokens["id_token"].(string)); h.Typ != "JWT" || h.Alg != "RS256" || h.Kid == "" {
		t.Errorf("4.1_ID_token: got %+v", h)
	}
	id := claimsOf(t, tokens["id_token"])
	if got := names(id); got != "acr amr at_hash aud auth_time exp iat iss nonce sub" {
		t.Errorf("4.1_ID_token: got the claims %s", got)
	}
	sub, _ := id["sub"].(string)
	if len(sub) != 36 || sub[14] != '7' || !strings.HasPrefix(f.client.ID, "mc_") {
		t.Errorf("T18, CA7: got the subject %q, want a UUID of version 7", sub)
	}
	if id["iss"] != f.issuer || id["aud"] != f.client.ID || id["nonce"] != "n" || id["exp"].(float64)-id["iat"].(float64) != 3600 {
		t.Errorf("4.1_ID_token: got %v", id)
	}
	access := claimsOf(t, tokens["access_token"])
	if got := names(access); got != "acr aud auth_time client_id exp iat iss jti scope sub" {
		t.Errorf("4.2_access_token: got the claims %s", got)
	}
	if h := header(t, tokens["access_token"].(string)); h.Typ != "at+jwt" || h.Alg != "RS256" || access["exp"].(float64)-access["iat"].(float64) != 900 ||
		len(access["jti"].(string)) != 43 || access["client_id"] != f.client.ID || access["sub"] != sub {
		t.Errorf("4.2_access_token: got %+v %v", h, access)
	}
	_, active, _ := f.post(t, "/introspect", f.client, "token", tokens["access_token"].(string))
	wantMembers(t, "4.4_introspection", active, "acr active aud auth_time client_id exp iat iss jti scope sub token_type")
	_, active, _ = f.post(t, "/introspect", f.client, "token", tokens["refresh_token"].(string))
	wantMembers(t, "4.4_introspection of a refresh token", active, "active client_id exp scope sub")
	_, rest := f.person(t, "rest@example.com")
	if got := names(claimsOf(t, rest)); got != "aud client_id email exp iat iss jti role sessionId sid sub" {
		t.Errorf("4.2_access_token of the REST login: got the claims %s", got)
	}
	api := f.server.client(t, "API", "--grant", "client_credentials", "--scope", "credits:read", "--audience", "manacore", "--audience", credits)
	for name, c := range map[string]struct {
		caller created
		token  any
		want   bool
	}{
		"its own":                   {f.client, tokens["access_token"], true},
		"an API's":                  {api, tokens["access_token"], true},
		"the REST login's, its API": {api, rest, true},
		"the REST login's":          {f.client, rest, false},
		"refresh token, an API":     {api, tokens["refresh_token"], false},
	} {
		if _, body, _ := f.post(t, "/introspect", c.caller, "token", fmt.Sprint(c.token)); (body["active"] == true) != c.want {
			t.Errorf("IN1: %s: got %v", name, body)
		}
	}
	for name, c := range map[string]struct {
		ask, show            []string
		aud, scope, tokenFor string
	}{
		"RI2: none asked, credits granted": {nil, nil, credits, "credits:read", ""},
		"RI2: none asked, none granted":    {[]string{"scope", "openid email"}, nil, f.issuer, "openid email", ""},
		"RI2: asked at the authorization":  {[]string{"resource", f.issuer}, nil, f.issuer, "openid email offline_access", ""},
		"RI2: asked at the token endpoint": {nil, []string{"resource", f.issuer}, f.issuer, "openid email offline_access", ""},
		"RI2: userinfo there":              {[]string{"resource", credits}, []string{"resource", f.issuer}, f.issuer, "openid email offline_access", ""},
		"RI1: an unknown one is ignored":   {nil, []string{"resource", "https://unknown.example"}, credits, "credits:read", ""},
	} {
		code := f.browser.authorize(f.auth(c.ask...)).Get("code")
		_, body, _ := f.token(t, append([]string{"code", code}, c.show...)...)
		if got := claimsOf(t, body["access_token"]); got["aud"] != c.aud || got["scope"] != c.scope {
			t.Errorf("%s, RI3: got aud %v, scope %v", name, got["aud"], got["scope"])
		}
	}
	status, body, _ := f.post(t, "/token", f.client, "grant_type", "refresh_token", "refresh_token", tokens["refresh_token"].(string), "resource", f.issuer)
	if status != 200 || claimsOf(t, body["access_token"])["aud"] != f.issuer || f.userInfo(t, body["access_token"].(string)) != 200 {
		t.Errorf("RI2: got %d %v, want the token for userinfo at a refresh", status, body)
	}
	bound := f.grantedTo(t, "resource", f.issuer)["refresh_token"]
	if status, body := f.refresh(t, bound, "resource", credits); status != 400 || body["error"] != "invalid_target" {
		t.Errorf("RF6: got %d %v for a resource that was not asked for", status, body)
	}
	if status, body := f.refresh(t, bound, "scope", "credits:read", "resource", f.issuer); status != 400 || body["error"] != "invalid_target" {
		t.Errorf("RF6: got %d %v for a token without scopes", status, body)
	}
	form := "grant_type=refresh_token&refresh_token=" + tokens["refresh_token"].(string) + "&resource=" + url.QueryEscape(f.issuer) + "&resource=" + url.QueryEscape(credits)
	wantJSONError(t, "RI2: several", f.ask(t, "POST", "/token", form, "Content-Type", formType, "Authorization", basic(f.client)), "invalid_target")

	without := f.grantedTo(t, "scope", "email offline_access")
	_, refreshed := f.refresh(t, without["refresh_token"])
	_, narrowed := f.refresh(t, tokens["refresh_token"], "scope", "email")
	for name, answer := range map[string]map[string]any{"code": without, "refresh": refreshed, "narrowed": narrowed} {
		if answer["access_token"] == nil || answer["id_token"] != nil {
			t.Errorf("T11: %s: got %v, want no ID token without openid", name, answer)
		}
	}
}

// TestRefreshRows is RF1, RF5, RF6 and RF7, as far as TestRefreshRotates and its like leave them open.
func TestRefreshRows(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email offline_access")
	f.client = f.create(t, "Notes", "--redirect", callback, "--scope", "openid,email,offline_access", "--rotate-refresh")
	other := f.create(t, "Other", "--redirect", callback)
	none := f.create(t, "None", "--redirect", callback, "--scope", "openid", "--grant", "authorization_code")
	quick := f.server.client(t, "Quick", "--redirect", callback, "--scope", "openid", "--refresh-idle", "1h", "--refresh-max", "2h")
	ends := func(c created, token any) time.Duration {
		t.Helper()
		_, body, _ := f.post(t, "/introspect", c, "token", fmt.Sprint(token))
		exp, err := body["exp"].(json.Number).Int64()
		if err != nil {
			t.Fatal(err)
		}
		return time.Until(time.Unix(exp, 0)).Round(time.Minute)
	}
	const day = 24 * time.Hour
	first := f.grantedTo(t)
	if got := ends(f.client, first["refresh_token"]); got != 7*day {
		t.Errorf("RF5: got a refresh token for %v, want 7 days", got)
	}
	_, second := f.refresh(t, first["refresh_token"])
	if len(fmt.Sprint(second["refresh_token"])) != 43 || second["refresh_token"] == first["refresh_token"] {
		t.Errorf("RF2, RF3: got %v, want a successor of 43 characters", second["refresh_token"])
	}
	was, is := claimsOf(t, first["id_token"]), claimsOf(t, second["id_token"])
	for _, name := range []string{"iss", "sub", "aud", "auth_time", "acr", "nonce"} {
		if want := map[bool]any{true: nil, false: was[name]}[name == "nonce"]; is[name] != want {
			t.Errorf("RF7: got %s %v, want %v", name, is[name], want)
		}
	}
	for pair, want := range map[[2]string]string{
		{"scope", "openid profile"}: "invalid_scope", {"resource", f.issuer + "/api/v1/credits"}: "invalid_target",
	} {
		if status, body := f.refresh(t, second["refresh_token"], pair[0], pair[1]); status != 400 || body["error"] != want {
			t.Errorf("RF6: got %d %v for %v", status, body, pair)
		}
	}
	f.sql(t, `UPDATE auth_grants SET created_at = created_at - ?`, (89 * day).Microseconds())
	_, third := f.refresh(t, second["refresh_token"])
	if got := ends(f.client, third["refresh_token"]); got != day {
		t.Errorf("RF5: got a refresh token for %v on the 89th day, want the last one of 90", got)
	}
	f.sql(t, `UPDATE auth_grants SET created_at = created_at - ?`, (2 * day).Microseconds())
	if status, body := f.refresh(t, third["refresh_token"]); status != 400 || body["error"] != "invalid_grant" {
		t.Errorf("RF5: got %d %v after 90 days", status, body)
	}
	f.client = quick
	if got := ends(quick, f.grantedTo(t, "scope", "openid")["refresh_token"]); got != time.Hour {
		t.Errorf("RF5: got %v, want the client's own hour", got)
	}
	theirs := f.grantedTo(t, "scope", "openid")
	f.client = other
	if status, body := f.refresh(t, theirs["refresh_token"]); status != 400 || body["error"] != "invalid_grant" {
		t.Errorf("RF5: got %d %v at another client", status, body)
	}
	if got := f.count(t, `SELECT count(*) FROM auth_security_events WHERE event_type = 'refresh_token_foreign'`); got != 1 {
		t.Errorf("RF5: got %d events of a foreign token, want one", got)
	}
	f.client = none
	if got := f.grantedTo(t, "scope", "openid"); got["refresh_token"] != nil {
		t.Errorf("RF1: got %v for a client without the grant", got)
	}
}

// TestUserInfoRows is UI1, UI2 and EP9: how a token comes to userinfo.
func TestUserInfoRows(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email credits:read")
	token := f.grantedTo(t, "scope", "openid email")["access_token"].(string)
	noOpenID := f.grantedTo(t, "scope", "email")["access_token"].(string)
	forCredits := f.grantedTo(t)["access_token"].(string)
	bearer, form := []string{"Authorization", "Bearer " + token}, []string{"Content-Type", formType}
	with := func(more ...[]string) []string { return slices.Concat(more...) }
	for name, c := range map[string]struct {
		method, query, body string
		headers             []string
		status              int
		challenge           string
	}{
		"UI1: GET":                        {"GET", "", "", bearer, 200, ""},
		"UI1: the scheme in another case": {"GET", "", "", []string{"Authorization", "bEARER " + token}, 200, ""},
		"EP9: POST without body or type":  {"POST", "", "", bearer, 200, ""},
		"UI1: POST, header and a form":    {"POST", "", "x=y", with(bearer, form), 200, ""},
		"UI1: POST form":                  {"POST", "", "access_token=" + token, form, 200, ""},
		"UI2: Accept another form":        {"GET", "", "", with(bearer, []string{"Accept", "application/jwt"}), 200, ""},
		"UI2: Accept nothing we have":     {"GET", "", "", with(bearer, []string{"Accept", "image/png;q=1, */*;q=0"}), 200, ""},
		"UI1: two transports":             {"POST", "", "access_token=" + token, with(bearer, form), 400, "invalid_request"},
		"UI1: two headers":                {"GET", "", "", with(bearer, bearer), 400, "invalid_request"},
		"UI1: twice in the form":          {"POST", "", "access_token=x&access_token=x", form, 400, "invalid_request"},
		"UI1: JSON":                       {"POST", "", "{}", []string{"Content-Type", "application/json"}, 400, "invalid_request"},
		"EP10: in the query":              {"GET", "?access_token=" + token, "", nil, 400, "invalid_request"},
		"EP10: there as well":             {"GET", "?access_token=" + token, "", bearer, 400, "invalid_request"},
		"UI1: nothing":                    {"GET", "", "", nil, 401, ""},
		"UI1: another scheme":             {"GET", "", "", []string{"Authorization", "Basic eDp5"}, 401, ""},
		"UI1: nonsense":                   {"GET", "", "", []string{"Authorization", "Bearer x"}, 401, "invalid_token"},
		"EP5: a token over 8 KiB":         {"GET", "", "", []string{"Authorization", "Bearer " + strings.Repeat("a", 9<<10)}, 401, "invalid_token"},
		"EP5: a value over 8 KiB":         {"POST", "", "access_token=" + strings.Repeat("a", 9<<10), form, 413, "invalid_request"},
		"UI1: another audience":           {"GET", "", "", []string{"Authorization", "Bearer " + forCredits}, 401, "invalid_token"},
		"UI1: no openid":                  {"GET", "", "", []string{"Authorization", "Bearer " + noOpenID}, 403, "insufficient_scope"},
	} {
		got := f.ask(t, c.method, "/userinfo"+c.query, c.body, c.headers...)
		challenge := got.Header.Get("WWW-Authenticate")
		if got.StatusCode != c.status || c.challenge == "" && strings.Contains(challenge, "error=") || c.challenge != "" && !strings.Contains(challenge, `error="`+c.challenge+`"`) {
			t.Errorf("%s: got %d %s with %s, want %d %s", name, got.StatusCode, got.body, challenge, c.status, c.challenge)
		}
		if got.StatusCode == 200 && (got.Header.Get("Content-Type") != "application/json" || !strings.Contains(got.body, `"email":"ada@example.com"`)) {
			t.Errorf("%s: got %v %s", name, got.Header, got.body)
		}
		if c.challenge != "" {
			wantJSONError(t, name, got, c.challenge)
		}
	}
	if got := f.ask(t, "GET", "/api/v1/credits/balance?access_token="+forCredits, ""); got.StatusCode != 401 {
		t.Errorf("EP10: got %d for a token in the query of the REST contract, want 401", got.StatusCode)
	}
}

// TestSecretsAtRest is AR7, CO1 and RF3: what a thief of the database finds is of no use anywhere.
func TestSecretsAtRest(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	f.client = f.server.client(t, "Notes", "--redirect", callback, "--scope", "openid,email", "--rotate-refresh")
	page := f.browser.get(f.auth("client_id", f.client.ID))
	secrets := map[string]string{"request": page.Request.URL.Query().Get("request"), "client secret": f.client.Secret}
	location, err := f.browser.submit(page, "/consent", "decision", "allow").Location()
	if err != nil {
		t.Fatal(err)
	}
	secrets["code"] = location.Query().Get("code")
	_, tokens, _ := f.token(t, "code", secrets["code"])
	_, next := f.refresh(t, tokens["refresh_token"])
	secrets["refresh token"], secrets["successor"] = tokens["refresh_token"].(string), next["refresh_token"].(string)
	secrets["access token"], secrets["password"], secrets["verifier"] = tokens["access_token"].(string), testPassword, f.verifier
	at, _ := url.Parse(f.issuer)
	for _, cookie := range f.browser.Jar.Cookies(at) {
		secrets[cookie.Name] = cookie.Value
	}
	files, err := filepath.Glob(filepath.Join(f.dir, "mana.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got %v, %v", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name, secret := range secrets {
			if len(secret) < 20 || strings.Contains(string(content), secret) {
				t.Errorf("got the %s %q in %s", name, secret, file)
			}
		}
	}
}

// TestFailedSignature is AR6 and AR9: signing follows the commit, by the algorithm of the client's record.
func TestFailedSignature(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	code, later := f.browser.authorize(f.auth()).Get("code"), f.browser.authorize(f.auth()).Get("code")
	f.changeClient(t, f.client.ID, func(c *provider.Client) { c.IDTokenAlg = "ES256" }) // which is not enabled here
	status, body, _ := f.token(t, "code", code, "id_token_signed_response_alg", "RS256", "alg", "none")
	if status != 500 || body["error"] != "server_error" {
		t.Errorf("AR6: got %d %v, want a fault of ours", status, body)
	}
	f.changeClient(t, f.client.ID, func(c *provider.Client) { c.IDTokenAlg = "" })
	eventually(t, "the client as it was", func() bool { // the program may have seen the change meanwhile
		status, body, _ = f.token(t, "code", code)
		return status != 500
	})
	if status != 400 || body["error"] != "invalid_grant" {
		t.Errorf("AR6: got %d %v, want the code consumed", status, body)
	}
	if status, body, _ = f.token(t, "code", later, "alg", "ES256"); status != 200 || header(t, body["id_token"].(string)).Alg != "RS256" {
		t.Errorf("AR9: got %d %v", status, body)
	}
}
