package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// These files hold the rows of the protocol's specification, which testdata/openid_rows.txt lists, against the
// running program; the rest of them is proved beside other things.

const (
	formType = "application/x-www-form-urlencoded"
	appSite  = "http://127.0.0.1:4711" // of the pages of the client in tests
)

// ask sends one request as it is, without cookies, and follows no redirect.
func (s *server) ask(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.issuer, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.URL, err = url.Parse(s.issuer + path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if request.Header.Add(headers[i], headers[i+1]); headers[i] == "Host" {
			request.Host = headers[i+1]
		}
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response, string(raw)}
}

// basic is the Authorization header of a client.
func basic(c created) string {
	request := &http.Request{Header: http.Header{}}
	request.SetBasicAuth(c.ID, c.Secret)
	return request.Header.Get("Authorization")
}

// protocolMethods are the paths of the protocol with the methods that they take.
var protocolMethods = map[string][]string{
	"/.well-known/openid-configuration":                    {"GET", "HEAD"},
	"/.well-known/oauth-authorization-server":              {"GET", "HEAD"},
	"/.well-known/oauth-protected-resource/api/v1/credits": {"GET", "HEAD"},
	"/jwks":        {"GET", "HEAD"},
	"/authorize":   {"GET", "POST"},
	"/token":       {"POST"},
	"/userinfo":    {"GET", "POST"},
	"/introspect":  {"POST"},
	"/revoke":      {"POST"},
	"/end_session": {"GET", "POST"},
}

// TestAddressesAreConfigured is EP1: no header of a caller gets into an address, a cookie or the issuer.
func TestAddressesAreConfigured(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	spoof := []string{
		"X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "X-Forwarded-For", "203.0.113.9", "Forwarded", "host=evil.example;proto=https",
		"X-Original-URL", "/evil.example", "X-Rewrite-URL", "/evil.example",
	}
	authorize := strings.TrimPrefix(f.auth(), f.issuer)
	for _, path := range append([]string{"/login", "/account", "/api/v1/credits/balance", authorize, "/end_session"}, protocolPaths()...) {
		for _, method := range []string{"GET", "POST"} {
			for _, host := range []string{strings.TrimPrefix(f.issuer, "http://"), "evil.example"} {
				got := f.ask(t, method, path, "", append([]string{"Host", host, "Content-Type", formType}, spoof...)...)
				said := fmt.Sprint(got.Header) + got.body
				if strings.Contains(said, "evil.example") || strings.Contains(said, "https://localhost") || strings.Contains(said, "Domain=") {
					t.Errorf("%s %s at %s: got %d %s", method, path, host, got.StatusCode, said)
				}
			}
		}
	}
	plain := f.ask(t, "GET", "/.well-known/openid-configuration", "")
	spoofed := f.ask(t, "GET", "/.well-known/openid-configuration", "", append(spoof, "Host", "evil.example")...)
	if plain.body != spoofed.body {
		t.Errorf("got other metadata for another host: %s", spoofed.body)
	}
}

func protocolPaths() []string {
	var paths []string
	for path := range protocolMethods {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

// TestExactRoutes is EP2 and T6: one spelling of each path, and the methods of the table alone.
func TestExactRoutes(t *testing.T) {
	t.Parallel()
	s := start(t)
	for path, allowed := range protocolMethods {
		upper := strings.ToUpper(path)
		encoded := strings.Replace(path[1:], "/", "%2f", 1)
		last := fmt.Sprintf("%s%%%02x", path[:len(path)-1], path[len(path)-1])
		for _, other := range []string{path + "/", upper, "/" + path, "/." + path, "/%2f" + encoded, last, path + "/x", path + ";x"} {
			for _, method := range []string{"GET", "POST"} {
				if got := s.ask(t, method, other, ""); got.StatusCode != http.StatusNotFound || got.Header.Get("Location") != "" {
					t.Errorf("%s %s: got %d, want 404", method, other, got.StatusCode)
				}
			}
		}
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"} {
			got := s.ask(t, method, path, "")
			refused := got.StatusCode == http.StatusMethodNotAllowed
			if refused == slices.Contains(allowed, method) {
				t.Errorf("%s %s: got %d", method, path, got.StatusCode)
			}
			if refused && strings.ReplaceAll(got.Header.Get("Allow"), " ", "") != strings.Join(allowed, ",") {
				t.Errorf("%s %s: got Allow %q, want %v", method, path, got.Header.Get("Allow"), allowed)
			}
		}
	}
	for _, path := range []string{"/healthz", "/ready", "/keys", "/oauth/token", "/oauth/introspect", "/revocation", "/device_authorization", "/register", "/par"} {
		if got := s.ask(t, "GET", path, ""); got.StatusCode != http.StatusNotFound {
			t.Errorf("T14: %s: got %d, want nothing of the library's own", path, got.StatusCode)
		}
	}
}

// TestFormsOfPrograms is EP3, EP4, EP5 and EP10, which the guard holds (GU1) at the endpoints for programs.
func TestFormsOfPrograms(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	c := s.create(t, "Backend", "--grant", "client_credentials", "--scope", "credits:read")
	s.serve(t)
	large := strings.Repeat("a", 8<<10+1)
	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, "&p%d=x", i)
	}
	for path, good := range map[string]string{
		"/token": "grant_type=client_credentials", "/introspect": "token=x", "/revoke": "token=x",
	} {
		for name, r := range map[string]struct {
			query, media, body string
			status             int
		}{
			"EP3: a form":                       {"", formType, good, 200},
			"EP3: a charset":                    {"", formType + "; charset=UTF-8", good, 200},
			"EP3: another case":                 {"", "Application/X-WWW-Form-Urlencoded", good, 200},
			"EP3: JSON":                         {"", "application/json", `{}`, 415},
			"EP3: multipart":                    {"", "multipart/form-data; boundary=x", good, 415},
			"EP3: text":                         {"", "text/plain", good, 415},
			"EP3: no type":                      {"", "", good, 415},
			"EP3: a query":                      {"?x=1", formType, good, 400},
			"EP4: a known parameter twice":      {"", formType, good + "&" + good, 400},
			"EP4: an unknown one twice":         {"", formType, good + "&x=1&x=1", 400},
			"EP4: unknown parameters once":      {"", formType, good + "&x=1&y=1", 200},
			"EP4: resource and audience repeat": {"", formType, good + "&resource=urn:a&resource=urn:b&audience=a&audience=b", 200},
			"EP4: an empty value is absent":     {"", formType, good + "&resource=&scope=", 200},
			"EP5: the largest value":            {"", formType, good + "&x=" + large[1:], 200},
			"EP5: a larger one":                 {"", formType, good + "&x=" + large, 413},
			"EP5: an assertion may be larger":   {"", formType, good + "&request=" + strings.Repeat("a", 16<<10), 200},
			"EP5: and no larger":                {"", formType, good + "&request=" + strings.Repeat("a", 16<<10+1), 413},
			"EP5: 101 parameters":               {"", formType, good + many.String(), 413},
			"EP5: body of more than 64 KiB":     {"", formType, good + strings.Repeat("&", 64<<10), 413},
			"EP10: an access token in a query":  {"?access_token=x", formType, good, 400},
			"EP10: a secret in a query":         {"?client_secret=" + c.Secret, formType, good, 400},
			"EP10: a refresh token in a query":  {"?refresh_token=x", formType, good, 400},
			"T17: a malformed escape":           {"", formType, good + "&x=%zz", 400},
			"T17: a semicolon":                  {"", formType, good + ";x=1", 400},
		} {
			got := s.ask(t, "POST", path+r.query, r.body, "Content-Type", r.media, "Authorization", basic(c))
			if got.StatusCode != r.status {
				t.Errorf("%s at %s: got %d %s, want %d", name, path, got.StatusCode, got.body, r.status)
			}
			if r.status >= 400 {
				wantJSONError(t, name+" at "+path, got, "invalid_request")
			}
		}
	}
}

var (
	errorBody  = regexp.MustCompile(`^\{"error":"([a-z_]+)","error_description":"([^"\\]*)"\}\n$`)
	errorText  = regexp.MustCompile(`^[\x20-\x21\x23-\x5B\x5D-\x7E]+$`)
	insideText = regexp.MustCompile(`(?i)sql|schema:|invalid url escape|unmarshal|%!|runtime|\.go:|goroutine|net/http|strconv|illegal|json:`)
)

// wantJSONError holds an answer to the form of every error of the protocol, and to its code (T17).
func wantJSONError(t *testing.T, what string, got answer, code string) {
	t.Helper()
	found := errorBody.FindStringSubmatch(got.body)
	switch {
	case found == nil, found[1] != code, !errorText.MatchString(found[2]), insideText.MatchString(found[2]):
		t.Errorf("%s: got %s, want %s with a text of ours", what, got.body, code)
	case got.Header.Get("Content-Type") != "application/json", got.Header.Get("Cache-Control") != "no-store":
		t.Errorf("%s: got the headers %v", what, got.Header)
	}
}

// TestHeadersOfAnswers is EP6, EP7, GU2 and T12 on answers of every kind, also those that the library gives, and
// T13: an origin that nobody registered gets nothing from any of them. What is refused before a handler is asked has
// them too (AR4).
func TestHeadersOfAnswers(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	code := f.browser.authorize(f.auth()).Get("code")
	_, tokens, _ := f.token(t, "code", code)
	access := "Bearer " + tokens["access_token"].(string)
	authorize := strings.TrimPrefix(f.auth("prompt", "none"), f.issuer)
	own := basic(f.client)
	for _, c := range []struct {
		method, path, body string
		headers            []string
		status             int
	}{
		{"POST", "/token", "grant_type=client_credentials&scope=openid", []string{"Authorization", own}, 400},
		{"POST", "/token", "grant_type=refresh_token&refresh_token=" + tokens["refresh_token"].(string), []string{"Authorization", own}, 200},
		{"POST", "/token", "grant_type=x", []string{"Authorization", "Basic eDp5"}, 401},
		{"POST", "/token", "", nil, 401},
		{"PUT", "/token", "", nil, 405},
		{"POST", "/token", strings.Repeat("a", 65<<10), nil, 413},
		{"POST", "/token", "", []string{"Content-Encoding", "gzip"}, 415},
		{"POST", "/introspect", "token=x", []string{"Authorization", own}, 200},
		{"POST", "/introspect", "token=x", nil, 401},
		{"POST", "/revoke", "token=x", []string{"Authorization", own}, 200},
		{"POST", "/revoke", "token=x", nil, 401},
		{"GET", "/userinfo", "", []string{"Authorization", access}, 200},
		{"GET", "/userinfo", "", []string{"Authorization", "Bearer x"}, 401},
		{"GET", "/userinfo", "", nil, 401},
		{"GET", "/userinfo?access_token=x", "", nil, 400},
		{"DELETE", "/userinfo", "", nil, 405},
		{"GET", authorize, "", nil, 303},
		{"GET", strings.TrimPrefix(f.auth(), f.issuer), "", nil, 303},
		{"GET", strings.TrimPrefix(f.auth("prompt", "none", "response_mode", "form_post"), f.issuer), "", nil, 200},
		{"GET", "/authorize?client_id=mc_none", "", nil, 400},
		{"PUT", "/authorize", "", nil, 405},
		{"GET", "/end_session", "", nil, 303},
		{"POST", "/end_session", "state=s", nil, 303},
		{"PUT", "/end_session", "", nil, 405},
		{"GET", "/.well-known/none", "", nil, 404},
		{"GET", "/nothing", "", nil, 404},
		{"GET", "/login", "", nil, 200},
		{"GET", "/api/v1/credits/balance", "", nil, 401},
		{"GET", "/login?" + strings.Repeat("a", 17<<10), "", nil, 414},
	} {
		what := fmt.Sprintf("%s %.60s", c.method, c.path)
		headers := append([]string{"Content-Type", formType, "Origin", "https://evil.example"}, c.headers...)
		got := f.ask(t, c.method, c.path, c.body, headers...)
		h := got.Header
		if got.StatusCode != c.status {
			t.Errorf("%s: got %d %s, want %d", what, got.StatusCode, got.body, c.status)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Request-Id") == "" {
			t.Errorf("%s: got %v, want what every answer carries", what, h)
		}
		api := strings.HasPrefix(c.path, "/api/")
		if h.Get("Cache-Control") != "no-store" || h.Get("Pragma") != "no-cache" && !api {
			t.Errorf("%s: got Cache-Control %q, Pragma %q", what, h.Get("Cache-Control"), h.Get("Pragma"))
		}
		if (got.StatusCode == 401) != (h.Get("WWW-Authenticate") != "") && got.StatusCode != 403 && c.status != 400 {
			t.Errorf("%s: got the challenge %q with %d", what, h.Get("WWW-Authenticate"), got.StatusCode)
		}
		if h.Get("Access-Control-Allow-Origin") != "" || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: got %v for a foreign origin", what, h)
		}
		if got.StatusCode == 401 && !api {
			want := map[bool]string{true: "Bearer realm=", false: `Basic realm="` + f.issuer + `"`}[c.path == "/userinfo"]
			if !strings.HasPrefix(h.Get("WWW-Authenticate"), want) {
				t.Errorf("%s: got the challenge %q", what, h.Get("WWW-Authenticate"))
			}
		}
	}
	for path := range protocolMethods {
		got := f.ask(t, "GET", path, "", "Origin", "https://evil.example")
		if origin := got.Header.Get("Access-Control-Allow-Origin"); origin != "" && (origin != "*" || got.StatusCode != 200) || got.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("T13: %s: got %v", path, got.Header)
		}
	}
}

// TestClientOriginHeaders is EP9: what a page of a client may send and read, for ten minutes.
func TestClientOriginHeaders(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	for _, path := range []string{"/token", "/userinfo", "/revoke"} {
		got := f.ask(t, "OPTIONS", path, "", "Origin", appSite, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type,dpop")
		h := got.Header
		if h.Get("Access-Control-Allow-Origin") != appSite || h.Get("Access-Control-Max-Age") != "600" ||
			h.Get("Access-Control-Allow-Headers") != "authorization,content-type,dpop" || h.Get("Access-Control-Allow-Methods") != "POST" {
			t.Errorf("%s: got %d %v before the request", path, got.StatusCode, h)
		}
		other := f.ask(t, "OPTIONS", path, "", "Origin", appSite, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-other")
		if other.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: got another header allowed", path)
		}
		h = f.ask(t, "POST", path, "", "Origin", appSite).Header
		if h.Get("Access-Control-Allow-Origin") != appSite || strings.ToLower(h.Get("Access-Control-Expose-Headers")) != "www-authenticate, dpop-nonce, retry-after" ||
			h.Get("Access-Control-Allow-Credentials") != "" || !strings.Contains(strings.Join(h.Values("Vary"), ","), "Origin") {
			t.Errorf("%s: got %v", path, h)
		}
	}
	for _, path := range []string{"/introspect", "/authorize", "/end_session", "/login", "/health"} {
		for _, method := range []string{"OPTIONS", "GET", "POST"} {
			if got := f.ask(t, method, path, "", "Origin", appSite, "Access-Control-Request-Method", "POST"); got.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s %s: got %v, want no page to read it", method, path, got.Header)
			}
		}
	}
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource/api/v1/credits", "/jwks"} {
		h := f.ask(t, "GET", path, "", "Origin", "https://anybody.example").Header
		if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: got %v, want any origin without credentials", path, h)
		}
	}
	f.command(t, "client", "update", f.client.ID, "--disabled")
	eventually(t, "the origins of a disabled client are foreign", func() bool {
		return f.ask(t, "POST", "/token", "", "Origin", appSite).Header.Get("Access-Control-Allow-Origin") == ""
	})
}

// TestRoutesThatAreOurs is AR3: the list of divergences says why a route is not the library's.
func TestRoutesThatAreOurs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("deploy/docs/divergences.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/authorize", "/token", "/introspect", "/revoke", "/jwks", "/userinfo", "/end_session"} {
		if !strings.Contains(string(text), "`"+path+"`") {
			t.Errorf("got no word on %s", path)
		}
	}
}
