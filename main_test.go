package main

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"mana/storage/storagetest"
	"mana/web/ui"
)

// server is the whole program on a free port.
type server struct {
	issuer string
	dir    string
	env    []string
	stop   func() (code int, log string)
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// manyTries are limits that parallel tests do not reach.
const manyTries = "RATE_LIMIT_CLASSES=signup=100000/60,signupday=100000/60,mail=100000/60,account=100000/60,login=100000/60,spend=100000/60,read=100000/60,bearer=100000/60,refresh=100000/60,refreship=100000/60,authorize=100000/60,token=100000/60,tokenip=100000/60,client=100000/60"

// start runs the program as its user would, with a data folder of its own, until the test ends.
func start(t *testing.T, env ...string) *server {
	t.Helper()
	s := prepare(t, env...)
	s.serve(t)
	return s
}

// prepare is the program before its start, on which commands can be run already.
func prepare(t *testing.T, env ...string) *server {
	t.Helper()
	port := freePort(t)
	dir := t.TempDir()
	for _, entry := range env {
		if given, ok := strings.CutPrefix(entry, "PORT="); ok {
			port = given
		}
	}
	return &server{
		issuer: "http://localhost:" + port, dir: dir,
		env: append([]string{"PORT=" + port, "DATA_DIR=" + dir, "LOG_FORMAT=json", "METRICS_ADDR=off", manyTries}, env...),
	}
}

// serve runs the program until the test ends.
func (s *server) serve(t *testing.T) {
	t.Helper()
	s.waitReady(t, s.begin(t))
}

// begin is [server.serve] that does not wait. It gives the log.
func (s *server) begin(t *testing.T) *lockedBuffer {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log := new(lockedBuffer)
	exit := make(chan int, 1)
	go func() { exit <- run(ctx, []string{"serve"}, s.env, io.Discard, log) }()
	var once sync.Once
	code := 0
	s.stop = func() (int, string) {
		once.Do(func() {
			cancel()
			code = <-exit
		})
		return code, log.String()
	}
	t.Cleanup(func() {
		if code, log := s.stop(); code != 0 {
			t.Errorf("got exit code %d, want 0\n%s", code, log[max(0, len(log)-2000):])
		}
	})
	return log
}

func (s *server) waitReady(t *testing.T, log *lockedBuffer) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		response, err := http.Get(s.issuer + "/health/ready")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the program is not ready\n%s", log)
}

func freePort(t *testing.T) string {
	t.Helper()
	return storagetest.FreePort(t)
}

// command runs another command of the program on the same data.
func (s *server) command(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), args, s.env, &stdout, &stderr); code != 0 {
		t.Fatalf("got exit code %d of %v, want 0\n%s", code, args, &stderr)
	}
	return stdout.String()
}

// client registers an app by the command line, and waits until the server knows it.
func (s *server) client(t *testing.T, args ...string) created {
	t.Helper()
	c := s.create(t, args...)
	eventually(t, "the server knows the new client", func() bool { return s.knows(t, c.ID) })
	return c
}

// create registers an app, which the server knows a second later, or with the next that it knows.
func (s *server) create(t *testing.T, args ...string) (c created) {
	t.Helper()
	output := s.command(t, append([]string{"client", "create", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(output), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// knows reports whether the running server knows a client.
func (s *server) knows(t *testing.T, id string) bool {
	t.Helper()
	page := s.browser(t).get("/authorize?client_id=" + id)
	return !strings.Contains(page.body, ui.T(t.Context(), ui.UnknownClientText))
}

// eventually waits until something is so, as the server sees what another process did within a second or two.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("got nothing for 10 s, want: %s", what)
		}
	}
}

// fails runs a command that must end with an exit code, and gives what it says.
func (s *server) fails(t *testing.T, want int, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), args, s.env, &stdout, &stderr); code != want {
		t.Errorf("got exit code %d of %v, want %d\n%s%s", code, args, want, &stdout, &stderr)
	}
	return stderr.String()
}

// browser is an HTTP client with cookies that stops at redirects to foreign hosts.
type browser struct {
	*http.Client
	t        *testing.T
	server   *server
	language string // Accept-Language
}

func (s *server) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, server: s}
	b.Client = &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), s.issuer+"/") {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return b
}

// answer is a response that was read.
type answer struct {
	*http.Response
	body string
}

func (b *browser) do(r *http.Request) answer {
	b.t.Helper()
	r.Header.Set("Accept-Language", b.language)
	response, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{response, string(body)}
}

func (b *browser) get(to string) answer {
	b.t.Helper()
	if strings.HasPrefix(to, "/") {
		to = b.server.issuer + to
	}
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, to, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(request)
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

// submit sends the form of a page with its hidden fields and the given ones, as a browser would.
func (b *browser) submit(page answer, action string, pairs ...string) answer {
	b.t.Helper()
	if !strings.Contains(page.body, `action="`+action+`"`) {
		b.t.Fatalf("no form with action %s in %s\n%s", action, page.Request.URL, page.body)
	}
	form := hiddenFields(page, action)
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.post(action, form)
}

// hiddenFields are those of a form of a page.
func hiddenFields(page answer, action string) url.Values {
	form := url.Values{}
	_, part, _ := strings.Cut(page.body, `action="`+action+`"`)
	part, _, _ = strings.Cut(part, "</form>")
	for _, field := range hiddenField.FindAllStringSubmatch(part, -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	return form
}

func (b *browser) post(path string, form url.Values) answer {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.server.issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", b.server.issuer)
	return b.do(request)
}

const testPassword = "correct horse battery"

// signUp makes an account in this browser and signs it in.
func (b *browser) signUp(email string) {
	b.t.Helper()
	got := b.submit(b.get("/signup"), "/signup", "name", "Ada Lovelace", "email", email, "password", testPassword)
	if got.StatusCode != http.StatusOK || got.Request.URL.Path != "/account" {
		b.t.Fatalf("got %d at %s after sign-up, want the account\n%s", got.StatusCode, got.Request.URL, got.body)
	}
}

// authorize walks login and consent and gives the query that the app receives.
func (b *browser) authorize(to string) url.Values {
	b.t.Helper()
	page := b.get(to)
	if strings.HasPrefix(page.Request.URL.Path, "/consent") && page.StatusCode == http.StatusOK {
		page = b.submit(page, "/consent", "decision", "allow")
	}
	location, err := page.Location()
	if err != nil {
		b.t.Fatalf("got %d at %s, want a redirect to the app\n%s", page.StatusCode, page.Request.URL, page.body)
	}
	return location.Query()
}

// api calls the JSON API. A body that is a string is sent as it is.
func (s *server) api(t *testing.T, method, path, token string, body any, headers ...string) (int, map[string]any, http.Header) {
	t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	default:
		encoded, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		reader = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, s.issuer+path, reader)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if (strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/.well-known/") || path == "/jwks") && len(raw) > 0 && !bytes.HasSuffix(raw, []byte("\n")) {
		t.Errorf("got %q, want an answer that ends its line", raw)
	}
	var decoded map[string]any
	if len(raw) > 0 && raw[0] == '{' {
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		if err := decoder.Decode(&decoded); err != nil {
			t.Fatalf("got %s, want JSON: %v", raw, err)
		}
	}
	return response.StatusCode, decoded, response.Header
}

// person registers by the API and logs in: the id and a first-party token.
func (s *server) person(t *testing.T, email string) (id, token string) {
	t.Helper()
	status, body, _ := s.api(t, "POST", "/api/v1/auth/register", "", map[string]string{"email": email, "password": testPassword, "name": "Ada"})
	if status != http.StatusCreated {
		t.Fatalf("got %d %v at registration", status, body)
	}
	status, login, _ := s.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": email, "password": testPassword})
	if status != http.StatusOK {
		t.Fatalf("got %d %v at login", status, login)
	}
	return body["id"].(string), login["accessToken"].(string)
}

// missing skips a test loudly when what it needs is not installed, and fails it under CI.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed", what)
	}
	t.Skipf("SKIPPED: %s is not installed, so this is NOT proved", what)
}

// screenshots is where pictures go: a folder to look at, or one that goes with the test.
func screenshots(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("SCREENSHOTS"); dir != "" {
		return dir
	}
	return filepath.Join(t.TempDir(), "screens")
}
