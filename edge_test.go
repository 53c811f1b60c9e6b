package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mana/web/edge"
)

const (
	edgeToken = "a-token-that-edges-show-0123456789"
	askPause  = 10 * time.Millisecond // between questions that are asked until the answer changes
)

// line carries connections to a port until it is cut.
type line struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	isCut bool
	open  map[net.Conn]struct{}
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{listener: listener, to: to, open: make(map[net.Conn]struct{})}
	t.Cleanup(func() { _ = listener.Close(); l.cut() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go l.carry(conn)
		}
	}()
	return l
}

func (l *line) carry(from net.Conn) {
	defer from.Close()
	to, err := net.Dial("tcp", l.to)
	if err != nil {
		return
	}
	defer to.Close()
	l.mu.Lock()
	if l.isCut {
		l.mu.Unlock()
		return
	}
	l.open[from], l.open[to] = struct{}{}, struct{}{}
	l.mu.Unlock()
	go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
	_, _ = io.Copy(from, to)
	l.mu.Lock()
	delete(l.open, from)
	delete(l.open, to)
	l.mu.Unlock()
}

// cut ends all connections, and each new one at once.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isCut = true
	for conn := range l.open {
		_ = conn.Close()
	}
}

func (l *line) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isCut = false
}

// nearby is an edge and its origin, a process each, with a line between them. The issuer is the edge's address.
type nearby struct {
	*fixture
	edge   *victim
	origin *victim
	line   *line
	http   *http.Client
	// metrics is the private address of the edge.
	metrics string
}

func newNearby(t *testing.T, env ...string) *nearby {
	t.Helper()
	n := &nearby{http: &http.Client{Timeout: 15 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
	binary, port := buildProgram(t), freePort(t)
	n.metrics = "127.0.0.1:" + freePort(t)
	s := prepare(t, append([]string{"EDGE_TOKEN=" + edgeToken}, env...)...)
	here := "http://localhost:" + port
	s.env = append(s.env, "ISSUER="+here)
	n.origin = &victim{server: &server{issuer: s.issuer, dir: s.dir, env: s.env}, binary: binary}
	n.line = newLine(t, strings.Replace(strings.TrimPrefix(s.issuer, "http://"), "localhost", "127.0.0.1", 1))
	n.edge = &victim{server: &server{issuer: here, env: []string{
		"ISSUER=" + here, "PORT=" + port, "EDGE_TOKEN=" + edgeToken, "METRICS_ADDR=" + n.metrics, "LOG_FORMAT=json", "RATE_LIMIT_CLASSES=edge=1000000/60",
	}}, binary: binary, args: []string{"--role=edge", "--origin=http://" + n.line.listener.Addr().String()}}
	s.issuer = here
	n.fixture = s.fixture(t, "openid email offline_access", func() {
		n.origin.run(t)
		t.Cleanup(func() { n.origin.end(t) })
		n.edge.run(t)
		t.Cleanup(func() { n.edge.end(t) })
	})
	return n
}

// asks introspects a token with the credentials of a client.
func (n *nearby) asks(t *testing.T, at *server, c created, token string, headers ...string) (int, string, http.Header) {
	t.Helper()
	return n.call(t, "POST", at.issuer+"/introspect", url.Values{"token": {token}}.Encode(),
		append([]string{"Content-Type", formType, "Authorization", basic(c)}, headers...)...)
}

func (n *nearby) call(t *testing.T, method, to, body string, headers ...string) (int, string, http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	response, err := n.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content), response.Header
}

// isActive reports whether an answer to an introspection says so.
func isActive(t *testing.T, status int, body string) bool {
	t.Helper()
	var said struct {
		Active bool `json:"active"`
	}
	if err := json.Unmarshal([]byte(body), &said); err != nil || status != http.StatusOK {
		return false
	}
	return said.Active
}

// given counts the answers that the edge gave by itself.
func (n *nearby) given(t *testing.T) int {
	t.Helper()
	_, text, _ := n.call(t, "GET", "http://"+n.metrics+"/metrics", "")
	_, rest, _ := strings.Cut(text, `edge_answers_total{by="edge"} `)
	count, err := strconv.Atoi(strings.Fields(rest + " none")[0])
	if err != nil {
		t.Fatalf("got %s, want a count of answers", text)
	}
	return count
}

// kept asks until an answer comes from the edge alone.
func (n *nearby) kept(t *testing.T, token string) {
	t.Helper()
	eventually(t, "the answer is kept", func() bool {
		before := n.given(t)
		status, body, _ := n.asks(t, n.edge.server, n.client, token)
		if !isActive(t, status, body) {
			t.Fatalf("got %d %s, want a live token", status, body)
		}
		return n.given(t) > before
	})
}

// TestEdge signs a person in by an edge, and holds it against an origin that revokes, hangs, dies and is cut off.
func TestEdge(t *testing.T) {
	t.Parallel()
	n := newNearby(t)
	granted := n.grantedTo(t, "resource", n.issuer)
	t.Run("as the origin", func(t *testing.T) { n.sameAsOrigin(t) })
	t.Run("answers are kept", func(t *testing.T) { n.keepsAnswers(t, granted) })
	t.Run("nobody else is told", func(t *testing.T) { n.tellsNobodyElse(t, granted) })
	t.Run("addresses", func(t *testing.T) { n.addresses(t) })
	t.Run("revocation", func(t *testing.T) { n.revokes(t) })
	t.Run("partition", func(t *testing.T) { n.partition(t) })
	t.Run("stopped", func(t *testing.T) { n.stopped(t) })
	t.Run("killed", func(t *testing.T) { n.killed(t) })
}

// sameAsOrigin compares what is served from memory with what the origin serves.
func (n *nearby) sameAsOrigin(t *testing.T) {
	for _, path := range []string{
		"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks",
		"/.well-known/oauth-protected-resource/api/v1/credits", "/nothing", "/api/v1/nothing", "/api/v1/auth/jwks",
	} {
		status, body, header := n.call(t, "GET", n.edge.issuer+path, "")
		want, wanted, wantHeader := n.call(t, "GET", n.origin.issuer+path, "")
		if strings.HasPrefix(path, "/.well-known/") || path == "/jwks" {
			if body != wanted {
				t.Errorf("%s: got %s, want %s", path, body, wanted)
			}
		}
		if status != want {
			t.Errorf("%s: got %d, want %d", path, status, want)
		}
		for _, name := range []string{"Content-Type", "Cache-Control", "Etag", "Access-Control-Allow-Origin", "Referrer-Policy", "X-Content-Type-Options"} {
			if got := header[name]; fmt.Sprint(got) != fmt.Sprint(wantHeader[name]) {
				t.Errorf("%s: got %s %q, want %q", path, name, got, wantHeader[name])
			}
		}
	}
	for _, path := range []string{edge.PathNews, "//jwks", "/jwks/", "/jwks/../edge/revocations", "/%6awks"} {
		if status, body, _ := n.call(t, "GET", n.edge.issuer+path, ""); status != http.StatusNotFound {
			t.Errorf("%s: got %d %s, want 404", path, status, body)
		}
	}
	if status, _, _ := n.call(t, "GET", n.origin.issuer+edge.PathNews, "", edge.HeaderToken, edgeToken+"x"); status != http.StatusNotFound {
		t.Errorf("got %d for a wrong token, want 404", status)
	}
	if status, body, _ := n.call(t, "POST", n.edge.issuer+"/token", strings.Repeat("x", 600<<10), "Content-Type", formType); status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d %s for a large body, want 413", status, body)
	}
}

// keepsAnswers finds that the same question is asked of the origin once.
func (n *nearby) keepsAnswers(t *testing.T, granted map[string]any) {
	token := fmt.Sprint(granted["access_token"])
	n.kept(t, token)
	_, _, header := n.asks(t, n.edge.server, n.client, token)
	if header.Get("Cache-Control") != "no-store" || header.Get("X-Request-Id") != "" || header.Get("Edge-Keep") != "" || len(header["X-Content-Type-Options"]) != 1 {
		t.Errorf("got %v, want the headers of the origin, and no id of another request", header)
	}
	eventually(t, "claims are kept", func() bool {
		before := n.given(t)
		status, body, _ := n.call(t, "GET", n.edge.issuer+"/userinfo", "", "Authorization", "Bearer "+token)
		if status != http.StatusOK || !strings.Contains(body, `"email":"ada@example.com"`) {
			t.Fatalf("got %d %s", status, body)
		}
		return n.given(t) > before
	})
	if status, _, header := n.asks(t, n.origin.server, n.client, token); status != http.StatusOK || header.Get("Edge-Keep") != "" {
		t.Errorf("got %d %v, want nothing said of edges to others", status, header)
	}
}

// tellsNobodyElse asks the question of a kept answer with other credentials.
func (n *nearby) tellsNobodyElse(t *testing.T, granted map[string]any) {
	token := fmt.Sprint(granted["access_token"])
	n.kept(t, token)
	wrong, other := n.client, n.clientAt(t, n, "Other", "--redirect", callback)
	wrong.Secret += "x"
	status, body, _ := n.asks(t, n.edge.server, wrong, token)
	if status != http.StatusUnauthorized {
		t.Errorf("got %d %s for a wrong secret, want 401", status, body)
	}
	if status, body, _ = n.asks(t, n.edge.server, other, token); isActive(t, status, body) || status != http.StatusOK {
		t.Errorf("got %d %s for another client, want an inactive token", status, body)
	}
	n.kept(t, token)
	if status, body, _ = n.call(t, "POST", n.edge.issuer+"/introspect", "token="+token, "Content-Type", formType); status != http.StatusUnauthorized {
		t.Errorf("got %d %s without credentials, want 401", status, body)
	}
	status, body, _ = n.call(t, "POST", n.edge.issuer+"/introspect", "token="+token, "Content-Type", formType, "Authorization", basic(n.client), "Authorization", basic(n.client))
	if status != http.StatusBadRequest {
		t.Errorf("got %d %s for credentials in two ways, want 400", status, body)
	}
	for _, query := range []string{"?", "?access_token=" + token} {
		status, body, _ = n.call(t, "GET", n.edge.issuer+"/userinfo"+query, "", "Authorization", "Bearer "+token)
		want, wanted, _ := n.call(t, "GET", n.origin.issuer+"/userinfo"+query, "", "Authorization", "Bearer "+token)
		if status != want || body != wanted {
			t.Errorf("%s: got %d %s, want %d %s", query, status, body, want, wanted)
		}
	}
}

// clientAt is [server.client] of a running origin.
func (s *server) clientAt(t *testing.T, n *nearby, args ...string) created {
	t.Helper()
	c := n.origin.create(t, args...)
	eventually(t, "the origin knows the new client", func() bool {
		status, _, _ := n.asks(t, n.origin.server, c, "x")
		return status == http.StatusOK
	})
	return c
}

// addresses finds what address the origin sees, whatever callers say of theirs.
func (n *nearby) addresses(t *testing.T) {
	for _, c := range []struct {
		at      *server
		headers []string
		want    string
	}{
		{n.edge.server, nil, "127.0.0.1"},
		{n.edge.server, []string{edge.HeaderClient, "192.0.2.7", "X-Forwarded-For", "192.0.2.8", "Forwarded", "for=192.0.2.9"}, "127.0.0.1"},
		{n.edge.server, []string{"Connection", "Edge-Client, Edge-Token, X-Forwarded-For"}, "127.0.0.1"},
		{n.origin.server, []string{edge.HeaderClient, "192.0.2.7"}, "127.0.0.1"},
		{n.origin.server, []string{edge.HeaderClient, "192.0.2.7", edge.HeaderToken, "wrong"}, "127.0.0.1"},
		{n.origin.server, []string{edge.HeaderClient, "192.0.2.7", edge.HeaderToken, edgeToken, edge.HeaderToken, edgeToken}, "127.0.0.1"},
		{n.origin.server, []string{edge.HeaderClient, "192.0.2.7", edge.HeaderToken, edgeToken}, "192.0.2.7"},
	} {
		status, body, _ := n.call(t, "POST", c.at.issuer+"/api/v1/auth/login", `{"email":"ada@example.com","password":"`+testPassword+`"}`,
			append(c.headers, "Content-Type", "application/json")...)
		var login struct {
			Token string `json:"accessToken"`
		}
		if err := json.Unmarshal([]byte(body), &login); err != nil || status != http.StatusOK {
			t.Fatalf("got %d %s at the login", status, body)
		}
		_, body, _ = n.call(t, "GET", n.origin.issuer+"/api/v1/auth/sessions", "", "Authorization", "Bearer "+login.Token)
		if !strings.Contains(body, `"ipAddress":"`+c.want+`"`) {
			t.Errorf("%v: got %s, want %s", c.headers, body, c.want)
		}
	}
}

// revokes ends what kept answers rest on, at the origin itself or by its command line: the edge says so within the two
// seconds that news count, and never the contrary afterwards.
func (n *nearby) revokes(t *testing.T) {
	revoked, disabled := fmt.Sprint(n.grantedTo(t)["access_token"]), fmt.Sprint(n.grantedTo(t)["access_token"])
	n.kept(t, revoked)
	if status, _, _ := n.origin.post(t, "/revoke", n.client, "token", revoked); status != http.StatusOK {
		t.Fatalf("got %d", status)
	}
	n.ends(t, "a token", revoked, 2*time.Second)
	n.kept(t, disabled)
	n.origin.server.command(t, "client", "update", n.client.ID, "--disabled")
	n.ends(t, "a client", disabled, 10*time.Second) // a second later the origin knows it itself
	n.origin.server.command(t, "client", "update", n.client.ID, "--disabled=false")
	eventually(t, "the client is enabled", func() bool {
		status, _, _ := n.asks(t, n.origin.server, n.client, "x")
		return status == http.StatusOK
	})
}

// ends wants a token that ended not to be live any more for who asks later than within, and never again.
func (n *nearby) ends(t *testing.T, what, token string, within time.Duration) {
	t.Helper()
	begin := time.Now()
	for active := true; active; time.Sleep(askPause) {
		asked := time.Since(begin)
		status, body, _ := n.asks(t, n.edge.server, n.client, token)
		if active = isActive(t, status, body); active && asked > within {
			t.Fatalf("%s: got a live token for who asked %v after its end", what, asked)
		}
	}
	t.Logf("%s: known at the edge after %v", what, time.Since(begin))
	for late := time.Now().Add(4 * time.Second); time.Now().Before(late); time.Sleep(askPause) {
		if status, body, _ := n.asks(t, n.edge.server, n.client, token); isActive(t, status, body) {
			t.Fatalf("%s: got a live token again %v after its end", what, time.Since(begin))
		}
	}
}

// without finds what the edge answers while its origin does not: documents, and no token as live beyond the time that
// news count.
func (n *nearby) without(t *testing.T, token string, away func()) {
	t.Helper()
	n.kept(t, token)
	_, jwks, _ := n.call(t, "GET", n.edge.issuer+"/jwks", "")
	away()
	begin := time.Now()
	for active := true; active; time.Sleep(askPause) {
		asked := time.Since(begin)
		status, body, _ := n.asks(t, n.edge.server, n.client, token)
		if active = isActive(t, status, body); active && asked > 2*time.Second {
			t.Fatalf("got a live token for who asked %v after the origin was there", asked)
		}
		if !active && (status != http.StatusServiceUnavailable || !strings.Contains(body, "temporarily_unavailable")) {
			t.Fatalf("got %d %s, want 503", status, body)
		}
	}
	eventually(t, "the edge knows that its origin is away", func() bool {
		_, body, _ := n.call(t, "GET", n.edge.issuer+"/health/ready", "")
		return strings.Contains(body, `"origin":"away"`)
	})
	for path, want := range map[string]string{
		"/jwks": jwks, "/.well-known/openid-configuration": `"issuer":"` + n.issuer + `"`, "/health/live": `"role":"edge"`,
		"/login": "<!doctype html>", "/api/v1/credits/balance": `"error":"SERVICE_UNAVAILABLE"`, "/userinfo": `temporarily_unavailable`,
	} {
		status, body, header := n.call(t, "GET", n.edge.issuer+path, "")
		served := slices.Contains([]string{"/jwks", "/.well-known/openid-configuration", "/health/live"}, path)
		if !strings.Contains(body, want) || served != (status == http.StatusOK) || !served && (status != http.StatusServiceUnavailable || header.Get("Retry-After") == "") {
			t.Errorf("%s: got %d %v %s, want %s", path, status, header, body, want)
		}
	}
}

// back waits until the edge keeps answers again.
func (n *nearby) back(t *testing.T, token string) {
	t.Helper()
	eventually(t, "the origin is heard again", func() bool {
		status, body, _ := n.asks(t, n.edge.server, n.client, token)
		return isActive(t, status, body)
	})
	n.kept(t, token)
}

func (n *nearby) partition(t *testing.T) {
	token := fmt.Sprint(n.grantedTo(t)["access_token"])
	lost := fmt.Sprint(n.grantedTo(t)["access_token"])
	n.kept(t, lost)
	n.without(t, token, n.line.cut)
	if status, _, _ := n.origin.post(t, "/revoke", n.client, "token", lost); status != http.StatusOK {
		t.Errorf("got %d at the origin", status)
	}
	n.line.mend()
	for late := time.Now().Add(4 * time.Second); time.Now().Before(late); time.Sleep(askPause) {
		if status, body, _ := n.asks(t, n.edge.server, n.client, lost); isActive(t, status, body) {
			t.Fatal("got a token live that ended while the edge was cut off")
		}
	}
	n.back(t, token)
}

// stopped lets the origin hang: it takes connections and answers nothing.
func (n *nearby) stopped(t *testing.T) {
	token := fmt.Sprint(n.grantedTo(t)["access_token"])
	signal := func(s syscall.Signal) {
		if err := n.origin.process().Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	defer signal(syscall.SIGCONT)
	n.without(t, token, func() { signal(syscall.SIGSTOP) })
	signal(syscall.SIGCONT)
	n.back(t, token)
}

// killed lets the origin die and come again.
func (n *nearby) killed(t *testing.T) {
	token := fmt.Sprint(n.grantedTo(t)["access_token"])
	n.without(t, token, func() { n.origin.kill(t) })
	n.origin.run(t)
	n.back(t, token)
}

// process is that of the program. [server.command] runs another one.
func (v *victim) process() *os.Process { return v.command.Process }

// TestEdgeRefuses starts edges that hold what they must not, or lack what they need.
func TestEdgeRefuses(t *testing.T) {
	t.Parallel()
	good := []string{"PRIMARY_URL=https://origin.example.com", "EDGE_TOKEN=" + edgeToken, "ISSUER=https://id.example.com"}
	if _, err := loadConfigAs(roleEdge, good, false); err != nil {
		t.Errorf("got %v, want no fault", err)
	}
	for want, env := range map[string][]string{
		"PRIMARY_URL":    good[1:],
		"EDGE_TOKEN":     {good[0], good[2]},
		"32 visible":     {good[0], good[2], "EDGE_TOKEN=short"},
		"MASTER_KEY":     append(slices.Clone(good), "MASTER_KEY=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
		"DATABASE_URL":   append(slices.Clone(good), "DATABASE_URL=postgres://a:b@localhost/c"),
		"in clear":       append(slices.Clone(good[1:]), "PRIMARY_URL=http://origin.example.com"),
		"without a path": append(slices.Clone(good[1:]), "PRIMARY_URL=https://origin.example.com/x"),
		"SMTP_PASSWORD":  append(slices.Clone(good), "SMTP_PASSWORD=x"),
		"VALKEY_URL":     append(slices.Clone(good), "VALKEY_URL=valkeys://u:p@localhost:6379"),
		"is not an edge": nil,
	} {
		role := roleEdge
		if env == nil {
			role, want = "other", "--role"
		}
		if _, err := loadConfigAs(role, env, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %s", env, err, want)
		}
	}
}

// TestEdgeOtherIssuer sets an edge before an origin of another issuer: nothing of that is served.
func TestEdgeOtherIssuer(t *testing.T) {
	t.Parallel()
	s := start(t, "EDGE_TOKEN="+edgeToken)
	port := freePort(t)
	ctx, cancel := context.WithCancel(t.Context())
	log, exit := new(lockedBuffer), make(chan int, 1)
	env := []string{"PORT=" + port, "EDGE_TOKEN=" + edgeToken, "METRICS_ADDR=off", "LOG_FORMAT=json"}
	go func() { exit <- run(ctx, []string{"serve", "--role=edge", "--origin", s.issuer}, env, io.Discard, log) }()
	eventually(t, "the fault is told", func() bool { return strings.Contains(log.String(), "set ISSUER to the same") })
	for _, path := range []string{"/jwks", "/.well-known/openid-configuration", "/health/ready"} {
		eventually(t, "the edge is not ready", func() bool {
			response, err := http.Get("http://localhost:" + port + path)
			if err != nil {
				return false
			}
			response.Body.Close()
			return response.StatusCode == http.StatusServiceUnavailable
		})
	}
	cancel()
	if code := <-exit; code != exitDone {
		t.Errorf("got exit code %d\n%s", code, log)
	}
}
