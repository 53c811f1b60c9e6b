package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestDemo walks the demo without a browser: sign-up, consent, checks, spending, replay, logout.
func TestDemo(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t)
	login := b.submit(b.get("/dev/demo"), "/dev/demo/login")
	if login.Request.URL.Path != "/login" || !strings.Contains(login.body, "Mana Demo") {
		t.Fatalf("got %s, want the login page for the demo", login.Request.URL)
	}
	signup := b.get("/signup?request=" + login.Request.URL.Query().Get("request"))
	consent := b.submit(signup, "/signup", "name", "Ada", "email", "ada@example.com", "password", testPassword)
	demo := b.submit(consent, "/consent", "decision", "allow")
	for _, want := range []string{"RS256, ", s.issuer + "/jwks", "at_hash", "RFC 9207", "mc_demo"} {
		if !strings.Contains(demo.body, want) {
			t.Errorf("got no %q on the demo's page", want)
		}
	}
	spent := b.submit(demo, "/dev/demo/spend")
	if !strings.Contains(spent.body, `<dd id="before">150</dd>`) || !strings.Contains(spent.body, `<dd id="after">149</dd>`) {
		t.Errorf("got\n%s", spent.body)
	}
	again := strings.Index(spent.body, `name="again"`)
	if again < 0 {
		t.Fatal("got no button to send the request again")
	}
	part := spent
	part.body = spent.body[strings.LastIndex(spent.body[:again], "<form"):]
	if replay := b.submit(part, "/dev/demo/spend"); !strings.Contains(replay.body, `id="replayed"`) || !strings.Contains(replay.body, `<dd id="after">149</dd>`) {
		t.Errorf("got no replay\n%s", replay.body)
	}
	if out := b.submit(spent, "/dev/demo/logout"); !strings.Contains(out.body, `id="demo-login"`) {
		t.Errorf("got %s after logout", out.Request.URL)
	}
	if home := b.get("/account"); home.Request.URL.Path != "/login" {
		t.Errorf("got %s, want to be signed out at the provider", home.Request.URL)
	}
	forged := b.get("/dev/demo/callback?code=x&state=y&iss=" + s.issuer)
	if forged.StatusCode != http.StatusBadRequest || strings.Contains(forged.body, `id="checks"`) {
		t.Errorf("got %d for a callback that nobody began", forged.StatusCode)
	}
}

// TestLimits is EP8 and, since nobody believes a header about the caller's address, EP1.
func TestLimits(t *testing.T) {
	t.Parallel()
	s := start(t, "RATE_LIMIT_CLASSES=", "RATE_LIMIT_MAX=3")
	for i := range 11 {
		status, body, header := s.api(t, "POST", "/api/v1/auth/register", "",
			map[string]string{"email": fmt.Sprintf("p%d@example.com", i), "password": testPassword}, "X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i))
		if i < 10 && status != http.StatusCreated {
			t.Errorf("registration %d: got %d %v", i, status, body)
		}
		if i == 10 {
			wantError(t, "the 11th registration", status, body, 429, "RATE_LIMITED")
			if header.Get("Retry-After") == "" {
				t.Error("got no Retry-After")
			}
		}
	}
	b := s.browser(t)
	page := b.submit(b.get("/signup"), "/signup", "email", "x@example.com", "password", testPassword)
	if page.StatusCode != http.StatusTooManyRequests || !strings.Contains(page.body, "Too many tries") {
		t.Errorf("got %d on the page, want 429", page.StatusCode)
	}
	for i := range 4 {
		status, _, _ := s.api(t, "GET", "/api/v1/credits/packages", "", nil)
		if want := map[bool]int{true: 200, false: 429}[i < 3]; status != want {
			t.Errorf("packages %d: got %d, want %d", i, status, want)
		}
	}
}

// TestHostileRequests is EP2 and EP5, below what a client of HTTP can say.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	s := start(t)
	address := strings.TrimPrefix(s.issuer, "http://localhost")
	send := func(raw string) string {
		connection, err := net.DialTimeout("tcp", "127.0.0.1"+address, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.WriteString(connection, raw); err != nil {
			return err.Error()
		}
		line := make([]byte, 12)
		_, _ = io.ReadFull(connection, line)
		return string(line)
	}
	host := "Host: localhost" + address + "\r\n"
	for name, c := range map[string]struct{ raw, want string }{
		"large headers":     {"GET /login HTTP/1.1\r\n" + host + "X: " + strings.Repeat("a", 40<<10) + "\r\n\r\n", "HTTP/1.1 431"},
		"long path":         {"GET /login?" + strings.Repeat("a", 20<<10) + " HTTP/1.1\r\n" + host + "\r\n", "HTTP/1.1 414"},
		"many cookies":      {"GET /login HTTP/1.1\r\n" + host + "Cookie: " + strings.Repeat("a=b; ", 70) + "\r\n\r\n", "HTTP/1.1 431"},
		"two of our cookie": {"GET /account HTTP/1.1\r\n" + host + "Cookie: mana_session=a; mana_session=b\r\n\r\n", "HTTP/1.1 303"},
		"compressed body":   {"POST /token HTTP/1.1\r\n" + host + "Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 415"},
		"announced body":    {"POST /token HTTP/1.1\r\n" + host + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 999999\r\n\r\n", "HTTP/1.1 413"},
		"page body":         {"POST /login HTTP/1.1\r\n" + host + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 40000\r\n\r\n", "HTTP/1.1 413"},
		"foreign host":      {"GET /login HTTP/1.1\r\nHost: evil.example\r\n\r\n", "HTTP/1.1 421"},
		"other loopback":    {"GET /login HTTP/1.1\r\nHost: 127.0.0.1" + address + "\r\n\r\n", "HTTP/1.1 303"},
		"unknown method":    {"BREW /login HTTP/1.1\r\n" + host + "\r\n", "HTTP/1.1 405"},
		"star":              {"OPTIONS * HTTP/1.1\r\n" + host + "\r\n", "HTTP/1.1 200"},
		"token in query":    {"GET /userinfo?access_token=x HTTP/1.1\r\n" + host + "\r\n", "HTTP/1.1 400"},
		"HEAD authorize":    {"HEAD /authorize HTTP/1.1\r\n" + host + "\r\n", "HTTP/1.1 405"},
	} {
		if got := send(c.raw); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// TestLogsHoldNoSecrets runs a whole login and looks for what must never be written.
func TestLogsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email credits:spend")
	code := f.browser.authorize(f.auth()).Get("code")
	_, tokens, _ := f.token(t, "code", code)
	_, rest := f.person(t, "rest@example.com")
	f.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "rest@example.com", "password": "a wrong canary"})
	f.api(t, "POST", "/api/v1/credits/use", tokens["access_token"].(string), `{"amount":1,"appId":"`+f.client.ID+`","description":"canary-description"}`)
	f.userInfo(t, tokens["access_token"].(string)+"x")
	var cookies []string
	for _, cookie := range f.browser.Jar.Cookies(f.browser.get("/account").Request.URL) {
		cookies = append(cookies, cookie.Value)
	}
	_, log := f.stop()
	lines := 0
	for line := range strings.Lines(log) {
		lines++
		if !json.Valid([]byte(line)) {
			t.Errorf("got a line that is not JSON: %s", line)
		}
	}
	if lines < 10 {
		t.Errorf("got %d lines of log, want one for each request", lines)
	}
	for _, event := range []string{`"msg":"started"`, `"issuer":"` + f.issuer + `"`, `"msg":"stopping"`, `"msg":"stopped"`} {
		if !strings.Contains(log, event) {
			t.Errorf("got no %s in the log", event)
		}
	}
	secrets := append(cookies, code, f.client.Secret, f.verifier, testPassword, "a wrong canary", "example.com", "canary-description", rest,
		tokens["access_token"].(string), tokens["id_token"].(string), strings.Split(rest, ".")[2])
	for _, secret := range secrets {
		if strings.Contains(log, secret) {
			t.Errorf("got %q in the log", secret)
		}
	}
}

// TestSecondServer is refused on the same data, and a port that is taken is named.
func TestSecondServer(t *testing.T) {
	t.Parallel()
	s := start(t)
	var stderr lockedBuffer
	if code := run(t.Context(), []string{"serve"}, s.env, io.Discard, &stderr); code != 1 || !strings.Contains(stderr.String(), "is in use; choose another with PORT=") {
		t.Errorf("got %d, %s", code, &stderr)
	}
	env := append([]string{"PORT=" + freePort(t)}, s.env[1:]...)
	if code := run(t.Context(), []string{"serve"}, env, io.Discard, &stderr); code != 1 || !strings.Contains(stderr.String(), "another server runs on") {
		t.Errorf("got %d, %s", code, &stderr)
	}
}

// TestRestartKeepsEverything proves that tokens, sessions and keys outlive the process.
func TestRestartKeepsEverything(t *testing.T) {
	t.Parallel()
	first := start(t)
	_, token := first.person(t, "ada@example.com")
	_, keys, _ := first.api(t, "GET", "/jwks", "", nil)
	first.stop()
	second := start(t, "DATA_DIR="+first.dir, first.env[0], "ISSUER="+first.issuer)
	_, again, _ := second.api(t, "GET", "/jwks", "", nil)
	if fmt.Sprint(keys) != fmt.Sprint(again) {
		t.Errorf("got other keys after a restart")
	}
	if status, body, _ := second.api(t, "GET", "/api/v1/credits/balance", token, nil); status != http.StatusOK {
		t.Errorf("got %d %v for a token from before", status, body)
	}
}

// TestNoServerErrors sends what nobody should send to every route: no answer is a 5xx, none holds what the
// inside says, and nothing panics.
func TestNoServerErrors(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, token := s.person(t, "ada@example.com")
	paths := []string{
		"/", "/login", "/signup", "/consent", "/logout", "/account", "/authorize", "/token", "/userinfo", "/end_session", "/jwks",
		"/.well-known/openid-configuration", "/.well-known/oauth-protected-resource/api/v1/credits", "/assets/x", "/health",
		"/dev/demo", "/dev/demo/login", "/dev/demo/callback", "/dev/demo/spend", "/dev/demo/logout",
		"/api/v1/auth/register", "/api/v1/auth/login", "/api/v1/auth/validate", "/api/v1/credits/balance", "/api/v1/credits/use",
		"/api/v1/credits/transactions", "/api/v1/credits/history", "/api/v1/credits/usage", "/api/v1/credits/packages", "/api/v1/health", "/api/v1/none",
	}
	queries := []string{"", "?request=" + strings.Repeat("A", 43), "?a=%ff&a=%00&limit=9999999999999999999", "?client_id=mc_demo&redirect_uri=%00", "?;=;"}
	bodies := []string{
		"", "{}", "[]", "null", `{"email":{},"password":[],"token":{},"amount":{},"appId":1}`, "a=b&a=c", "\xff\x00", "%zz=%zz",
		"grant_type=authorization_code&code=%00&client_id=%ff", `{"amount":1e999,"appId":"a","description":"\ud83d"}`,
	}
	types := []string{"application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""}
	tokens := []string{"", "Bearer " + token, "Bearer x", "Basic eDp5", "DPoP " + token, "Bearer " + strings.Repeat("a.", 5000)}
	sent := 0
	for i, path := range paths {
		for j, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"} {
			for k, body := range bodies {
				// Neighbouring combinations differ in every part, so that few requests cover many pairs.
				n := i + 3*j + 7*k
				request, err := http.NewRequestWithContext(t.Context(), method, s.issuer+path+queries[n%len(queries)], strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Content-Type", types[n%len(types)])
				request.Header.Set("Authorization", tokens[(n/2)%len(tokens)])
				response, err := http.DefaultTransport.RoundTrip(request)
				if err != nil {
					t.Fatal(err)
				}
				answer, _ := io.ReadAll(response.Body)
				response.Body.Close()
				sent++
				if response.StatusCode >= 500 || insideStory.Match(answer) {
					t.Errorf("%s %s %q: got %d %s", method, request.URL, body, response.StatusCode, answer)
				}
			}
		}
	}
	_, log := s.stop()
	if strings.Contains(log, `"msg":"panic`) || strings.Contains(log, `"level":"ERROR"`) {
		for line := range strings.Lines(log) {
			if strings.Contains(line, `"level":"ERROR"`) {
				t.Errorf("got %s", line)
			}
		}
	}
	t.Logf("%d requests", sent)
}

// insideStory is what a driver, a panic or a source position looks like; random tokens cannot hold it.
var insideStory = regexp.MustCompile(`(?i)sqlite|\bsql:|sql logic|constraint failed|goroutine \d|\.go:\d|/home/|/root/`)

// TestFailedClientsAreLimited counts failed client authentications, and no others, by client and address (EP8).
func TestFailedClientsAreLimited(t *testing.T) {
	t.Parallel()
	s := start(t, "RATE_LIMIT_CLASSES=token=3/60,tokenip=20/60")
	client := s.client(t, "Backend", "--grant", "client_credentials", "--scope", "credits:read")
	ask := func(path string, c created) (int, string) {
		t.Helper()
		status, body, _ := s.post(t, path, c, "grant_type", "client_credentials", "token", "x")
		return status, fmt.Sprint(body["error"])
	}
	fails := func(name, path string, c created) {
		t.Helper()
		for i, want := range []int{401, 401, 401, 429} {
			if status, fault := ask(path, c); status != want || want == 429 && fault != "temporarily_unavailable" {
				t.Errorf("%s, try %d: got %d %s, want %d", name, i+1, status, fault, want)
			}
		}
	}
	succeeds := func(name string) {
		t.Helper()
		for _, path := range []string{"/token", "/introspect"} {
			if status, fault := ask(path, client); status != http.StatusOK {
				t.Fatalf("%s: got %d %s at %s for the right secret", name, status, fault, path)
			}
		}
	}
	for range 10 {
		succeeds("at first")
	}
	fails("an unknown client", "/introspect", created{clientFields: clientFields{ID: "mc_bogus"}, Secret: "wrong"})
	fails("one without a secret", "/token", created{clientFields: clientFields{ID: "mc_other"}})
	succeeds("after failures of others")
	fails("the wrong secret", "/token", created{clientFields: clientFields{ID: client.ID}, Secret: "wrong"})
	if status, _ := ask("/token", created{clientFields: clientFields{ID: "%6d" + client.ID[1:]}, Secret: "wrong"}); status != 429 {
		t.Errorf("got %d for the same client written otherwise, want 429", status)
	}
	statuses := make(map[int]int)
	for i := range 20 {
		status, _ := ask("/token", created{clientFields: clientFields{ID: fmt.Sprint("mc_", i)}, Secret: "wrong"})
		statuses[status]++
	}
	if statuses[401] != 11 || statuses[429] != 9 {
		t.Errorf("got %v for ever new clients, want 20 failures of the address in all", statuses)
	}
}

// TestClientsAreLimited counts what a client was answered, and not what others ask in its name (EP8).
func TestClientsAreLimited(t *testing.T) {
	t.Parallel()
	s := start(t, "RATE_LIMIT_CLASSES=client=2/60", "TRUSTED_PROXIES=127.0.0.0/8,::1/128")
	busy := s.client(t, "Busy", "--grant", "client_credentials", "--scope", "credits:read")
	other := s.client(t, "Other", "--grant", "client_credentials", "--scope", "credits:read")
	for range 5 {
		s.post(t, "/token", created{clientFields: busy.clientFields, Secret: "wrong"}, "grant_type", "client_credentials")
	}
	for i, want := range []int{200, 200, 429} {
		status, body, header := s.post(t, "/token", busy, "grant_type", "client_credentials")
		if status != want || want == 429 && header.Get("Retry-After") == "" {
			t.Errorf("request %d: got %d %v, want %d", i+1, status, body, want)
		}
	}
	if status, body, _ := s.post(t, "/token", other, "grant_type", "client_credentials"); status != http.StatusOK {
		t.Errorf("got %d %v for another client", status, body)
	}
	public := s.client(t, "Public", "--public", "--redirect", callback)
	ask := func(address string) int {
		t.Helper()
		status, _, _ := s.api(t, "POST", "/revoke", "", "token=x&client_id="+public.ID,
			"Content-Type", "application/x-www-form-urlencoded", "X-Forwarded-For", address)
		return status
	}
	for i, want := range []int{200, 200, 429} {
		if status := ask("203.0.113.1"); status != want {
			t.Errorf("a stranger as the public client, request %d: got %d, want %d", i+1, status, want)
		}
	}
	if status := ask("203.0.113.2"); status != http.StatusOK {
		t.Errorf("got %d for the public client elsewhere", status)
	}
}

// TestRefreshFamiliesAreLimited counts a family, whatever its token is by now (EP8).
func TestRefreshFamiliesAreLimited(t *testing.T) {
	t.Parallel()
	s := start(t, "RATE_LIMIT_CLASSES=refresh=3/60")
	s.person(t, "ada@example.com")
	login := func() any {
		t.Helper()
		_, body, _ := s.api(t, "POST", "/api/v1/auth/login", "", map[string]any{"email": "ada@example.com", "password": testPassword})
		return body["refreshToken"]
	}
	refresh := func(token any) (int, map[string]any) {
		t.Helper()
		status, body, _ := s.api(t, "POST", "/api/v1/auth/refresh", "", map[string]any{"refreshToken": token})
		return status, body
	}
	token := login()
	for range 3 {
		status, body := refresh(token)
		if status != http.StatusOK {
			t.Fatalf("got %d %v", status, body)
		}
		token = body["refreshToken"]
	}
	status, body := refresh(token)
	wantError(t, "the 4th of a family", status, body, 429, "RATE_LIMITED")
	if status, body := refresh(login()); status != http.StatusOK {
		t.Errorf("got %d %v for another family", status, body)
	}
	if status, body := refresh("x"); status != http.StatusUnauthorized {
		t.Errorf("got %d %v for no token of ours", status, body)
	}
}

// TestUserInfoIsLimited counts a person's calls of userinfo with those of the credits API (EP8).
func TestUserInfoIsLimited(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid", "RATE_LIMIT_CLASSES=read=3/60")
	ask := func(path string, token any) (int, map[string]any, http.Header) {
		t.Helper()
		return f.api(t, "GET", path, fmt.Sprint(token), nil)
	}
	token := f.grantedTo(t)["access_token"]
	for i, want := range []int{200, 200, 200, 429, 429} {
		if i == 4 {
			token = f.grantedTo(t)["access_token"]
		}
		status, body, header := ask("/userinfo", token)
		if status != want || want == 429 && (body["error"] != "temporarily_unavailable" || header.Get("Retry-After") == "") {
			t.Errorf("call %d: got %d %v, want %d", i+1, status, body, want)
		}
	}
	if status, body, _ := ask("/userinfo", "x"); status != http.StatusUnauthorized {
		t.Errorf("got %d %v for no token of ours", status, body)
	}
	_, other := f.person(t, "bob@example.com")
	if status, body, _ := ask("/api/v1/credits/balance", other); status != http.StatusOK {
		t.Errorf("got %d %v for another person", status, body)
	}
}

// TestReadmeGo holds the code of the README against the program that is printed.
func TestReadmeGo(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, begun := strings.Cut(string(readme), "```go\n")
	code, _, ended := strings.Cut(code, "```")
	if !begun || !ended {
		t.Fatal("got no Go code in the README")
	}
	for line := range strings.Lines(code) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "//") && !strings.Contains(snippetGo, "\t"+line+"\n") {
			t.Errorf("got %q, which is not in the program", line)
		}
	}
}
