package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
)

// publishedMembers is the whole of the metadata.
const publishedMembers = "acr_values_supported authorization_endpoint authorization_response_iss_parameter_supported claim_types_supported " +
	"claims_parameter_supported claims_supported code_challenge_methods_supported display_values_supported end_session_endpoint " +
	"grant_types_supported id_token_signing_alg_values_supported introspection_endpoint introspection_endpoint_auth_methods_supported " +
	"issuer jwks_uri prompt_values_supported protected_resources request_parameter_supported request_uri_parameter_supported " +
	"response_modes_supported response_types_supported revocation_endpoint revocation_endpoint_auth_methods_supported " +
	"scopes_supported subject_types_supported token_endpoint token_endpoint_auth_methods_supported ui_locales_supported userinfo_endpoint"

// truth is a list of the metadata, what might stand in it but does not, and how to try a value.
type truth struct {
	member  string
	absent  string
	accepts func(t *testing.T, value string) bool
}

// TestTruthOfMetadata is MD0: what the metadata lists is accepted by its handler, and what it does not list is
// refused.
func TestTruthOfMetadata(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid profile email address phone offline_access roles credits:read credits:spend", allAlgorithms)
	f.browser.authorize(f.auth())
	f.browser.enableApp()
	f.sql(t, `UPDATE auth_users SET has_passkey = 1`) // so that the person reaches every class
	public := f.server.client(t, "Public", "--public", "--redirect", callback)
	_, metadata, _ := f.api(t, "GET", "/.well-known/openid-configuration", "", nil)
	if got := strings.Join(slices.Sorted(maps.Keys(metadata)), " "); got != publishedMembers {
		t.Errorf("got the members\n%s, want\n%s", got, publishedMembers)
	}
	asked := func(name string) func(t *testing.T, value string) bool {
		return func(t *testing.T, value string) bool {
			t.Helper()
			page := f.browser.get(f.auth(name, value))
			location, err := page.Location()
			if err != nil && page.StatusCode != http.StatusOK {
				t.Fatalf("got %d for %s=%s, want a page or a redirect", page.StatusCode, name, value)
			}
			if err != nil {
				return !strings.Contains(page.body, `name="error"`)
			}
			code := location.Query().Get("error")
			return code == "" || strings.HasSuffix(code, "_required")
		}
	}
	signed := func(alg string) bool { return slices.Contains(slices.Collect(maps.Values(f.keyset(t))), alg) }
	for _, c := range []truth{
		{"response_types_supported", "token,id_token,id_token token,code id_token,code token,code id_token token,none,device", asked("response_type")},
		{"response_modes_supported", "fragment,jwt,query.jwt,form_post.jwt,fragment.jwt,web_message", asked("response_mode")},
		{"code_challenge_methods_supported", "plain,S512", asked("code_challenge_method")},
		{"prompt_values_supported", "register,Login,logon", asked("prompt")},
		{"scopes_supported", "role,groups,admin", asked("scope")},
		{"grant_types_supported", "password,implicit,urn:ietf:params:oauth:grant-type:device_code,urn:ietf:params:oauth:grant-type:token-exchange," +
			"urn:ietf:params:oauth:grant-type:jwt-bearer,urn:openid:params:grant-type:ciba", func(t *testing.T, grant string) bool {
			_, body, _ := f.token(t, "grant_type", grant)
			return body["error"] != "unsupported_grant_type" && body["error"] != "unauthorized_client"
		}},
		{"token_endpoint_auth_methods_supported", "private_key_jwt,client_secret_jwt,tls_client_auth", f.authenticates("/token", public)},
		{"revocation_endpoint_auth_methods_supported", "private_key_jwt,client_secret_jwt,tls_client_auth", f.authenticates("/revoke", public)},
		{"introspection_endpoint_auth_methods_supported", "none,private_key_jwt,client_secret_jwt", f.authenticates("/introspect", public)},
		{"id_token_signing_alg_values_supported", "none,HS256,RS384", func(_ *testing.T, alg string) bool { return signed(alg) }},
		{"subject_types_supported", "pairwise", func(_ *testing.T, kind string) bool { return kind == "public" }},
		{"acr_values_supported", "urn:mana:acr:none", func(t *testing.T, acr string) bool {
			return asked("claims")(t, fmt.Sprintf(`{"id_token":{"acr":{"essential":true,"value":%q}}}`, acr))
		}},
	} {
		listed := make(map[string]bool)
		for _, value := range metadata[c.member].([]any) {
			listed[value.(string)] = true
			if !c.accepts(t, value.(string)) {
				t.Errorf("%s: got %v refused, which is listed", c.member, value)
			}
		}
		for value := range strings.SplitSeq(c.absent, ",") {
			if listed[value] || c.accepts(t, value) {
				t.Errorf("%s: got %s accepted or listed", c.member, value)
			}
		}
	}
	for name, want := range map[string]any{
		"claims_parameter_supported": true, "request_parameter_supported": false, "request_uri_parameter_supported": false,
		"authorization_response_iss_parameter_supported": true, "protected_resources": []any{f.issuer + "/api/v1/credits"},
		"claim_types_supported": []any{"normal"}, "display_values_supported": []any{"page"}, "ui_locales_supported": []any{"en", "de"},
	} {
		if fmt.Sprint(metadata[name]) != fmt.Sprint(want) {
			t.Errorf("got %s %v, want %v", name, metadata[name], want)
		}
	}
	for name := range metadata {
		endpoint, _ := metadata[name].(string)
		if strings.HasSuffix(name, "_endpoint") && f.ask(t, "GET", strings.TrimPrefix(endpoint, f.issuer), "").StatusCode == http.StatusNotFound {
			t.Errorf("%s: got 404", name)
		}
	}
}

// TestNotAdvertised holds the list of what is not advertised against the metadata (MD0): a name that comes there has
// to go here.
func TestNotAdvertised(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("deploy/docs/divergences.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "\n## Not advertised\n")
	list, _, _ = strings.Cut(list, "\n## ")
	var names []string
	for line := range strings.Lines(list) {
		column, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		for i, part := range strings.Split(column, "`") {
			if strings.HasPrefix(line, "|") && i%2 == 1 {
				names = append(names, part)
			}
		}
	}
	for _, want := range []string{"sid", "service_documentation"} {
		if !slices.Contains(names, want) {
			t.Errorf("got %q listed, want %s among them", names, want)
		}
	}
	_, metadata, _ := start(t).api(t, "GET", "/.well-known/openid-configuration", "", nil)
	for member, value := range metadata {
		values, _ := value.([]any)
		for _, name := range names {
			if member == name || slices.Contains(values, any(name)) {
				t.Errorf("got %s advertised in %s, which the list of divergences denies", name, member)
			}
		}
	}
}

// authenticates tries a method of client authentication at an endpoint.
func (f *fixture) authenticates(path string, public created) func(t *testing.T, method string) bool {
	return func(t *testing.T, method string) bool {
		t.Helper()
		form := url.Values{"token": {"x"}, "grant_type": {"refresh_token"}, "refresh_token": {"x"}}
		headers := []string{"Content-Type", formType}
		switch method {
		case "client_secret_basic":
			headers = append(headers, "Authorization", basic(f.client))
		case "client_secret_post":
			form.Set("client_id", f.client.ID)
			form.Set("client_secret", f.client.Secret)
		case "none":
			form.Set("client_id", public.ID)
		default:
			form.Set("client_id", f.client.ID)
			form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
			form.Set("client_assertion", "e30.e30.AA")
		}
		return f.ask(t, "POST", path, form.Encode(), headers...).StatusCode != http.StatusUnauthorized
	}
}

// TestDocuments is MD1, MD2, MD3, T14 and KY5.
func TestDocuments(t *testing.T) {
	t.Parallel()
	s := start(t)
	const cached = "public, max-age=600, stale-while-revalidate=600"
	discovery := s.ask(t, "GET", "/.well-known/openid-configuration", "")
	if oauth := s.ask(t, "GET", "/.well-known/oauth-authorization-server", ""); oauth.body != discovery.body || !strings.HasPrefix(discovery.body, `{"issuer":"`+s.issuer+`"`) {
		t.Errorf("MD1, T14: got\n%s and\n%s", oauth.body, discovery.body)
	}
	if _, err := loadConfig([]string{"ISSUER=http://localhost:3001/tenant"}, false); err == nil {
		t.Error("MD1: got an issuer with a path, whose documents nobody would find")
	}
	const resource = "/.well-known/oauth-protected-resource/api/v1/credits"
	_, metadata, _ := s.api(t, "GET", resource, "", nil)
	wantMembers(t, "MD2", metadata, "authorization_servers bearer_methods_supported resource resource_name scopes_supported")
	if metadata["resource"] != s.issuer+"/api/v1/credits" || fmt.Sprint(metadata["authorization_servers"]) != "["+s.issuer+"]" ||
		fmt.Sprint(metadata["bearer_methods_supported"]) != "[header]" || fmt.Sprint(metadata["scopes_supported"]) != "[credits:read credits:spend]" {
		t.Errorf("MD2: got %v", metadata)
	}
	for name, c := range map[string]struct{ token, want string }{
		"no token":    {"", `Bearer resource_metadata="%s", scope="credits:read"`},
		"a bad token": {"Bearer x", `Bearer resource_metadata="%s", scope="credits:read", error="invalid_token"`},
	} {
		var headers []string
		if c.token != "" {
			headers = []string{"Authorization", c.token}
		}
		got := s.ask(t, "GET", "/api/v1/credits/balance", "", headers...)
		if challenge := got.Header.Get("WWW-Authenticate"); got.StatusCode != 401 || challenge != fmt.Sprintf(c.want, s.issuer+resource) {
			t.Errorf("MD3: %s: got %d with %s", name, got.StatusCode, challenge)
		}
	}
	for path, c := range map[string]struct{ media, cache string }{
		"/.well-known/openid-configuration":       {"application/json", cached},
		"/.well-known/oauth-authorization-server": {"application/json", cached},
		resource: {"application/json", cached},
		"/jwks":  {"application/jwk-set+json", cached + ", stale-if-error=82800"},
	} {
		got := s.ask(t, "GET", path, "", "Accept-Encoding", "identity")
		tag := got.Header.Get("ETag")
		if got.Header.Get("Content-Type") != c.media || got.Header.Get("Cache-Control") != c.cache || !strings.HasPrefix(tag, `"`) {
			t.Errorf("%s: got %v", path, got.Header)
		}
		for list, want := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200} {
			if again := s.ask(t, "GET", path, "", "If-None-Match", list, "Accept-Encoding", "identity"); again.StatusCode != want || want == 304 && again.body != "" {
				t.Errorf("%s: got %d for If-None-Match %s, want %d", path, again.StatusCode, list, want)
			}
		}
		if head := s.ask(t, "HEAD", path, "", "Accept-Encoding", "identity"); head.body != "" || head.Header.Get("Content-Length") != fmt.Sprint(len(got.body)) {
			t.Errorf("%s: got %v for HEAD", path, head.Header)
		}
	}
}

// TestTwoProviders is T15 and T20: programs in one process have each their own issuer, keys and metadata.
func TestTwoProviders(t *testing.T) {
	t.Parallel()
	first, second := newFixture(t, "openid email"), newFixture(t, "openid email")
	for _, f := range []*fixture{first, second} {
		other := first
		if f == first {
			other = second
		}
		tokens := f.grantedTo(t)
		if claimsOf(t, tokens["id_token"])["iss"] != f.issuer || claimsOf(t, tokens["access_token"])["iss"] != f.issuer {
			t.Errorf("got %v", tokens)
		}
		if f.userInfo(t, tokens["access_token"].(string)) != 200 || other.userInfo(t, tokens["access_token"].(string)) != 401 {
			t.Error("got a token of one provider accepted at the other, or refused at its own")
		}
		if got := f.ask(t, "GET", "/.well-known/openid-configuration", ""); strings.Contains(got.body, other.issuer) || strings.Count(got.body, f.issuer) < 9 {
			t.Errorf("got %s", got.body)
		}
		got := f.browser.get("/end_session?" + url.Values{"id_token_hint": {tokens["id_token"].(string)}, "post_logout_redirect_uri": {postLogout}}.Encode())
		if got.Header.Get("Location") != postLogout {
			t.Errorf("got %d to %q", got.StatusCode, got.Header.Get("Location"))
		}
	}
}
