package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// child is another program that a test runs beside ours: it prints lines, and ends with the test at the latest.
type child struct {
	t       *testing.T
	command *exec.Cmd
	input   io.Closer
	lines   *bufio.Scanner
	stderr  *lockedBuffer
}

// launch starts a program in a folder.
func launch(t *testing.T, dir string, env []string, name string, args ...string) *child {
	t.Helper()
	c := &child{t: t, command: exec.CommandContext(t.Context(), name, args...), stderr: new(lockedBuffer)}
	c.command.Dir, c.command.Env, c.command.Stderr = dir, append(os.Environ(), env...), c.stderr
	c.command.Cancel = func() error { return c.command.Process.Signal(syscall.SIGTERM) }
	c.command.WaitDelay = 5 * time.Second
	input, err := c.command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := c.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.input, c.lines = input, bufio.NewScanner(output)
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.command.Wait() })
	return c
}

// line is the next line that the program prints.
func (c *child) line() string {
	c.t.Helper()
	if !c.lines.Scan() {
		c.t.Fatalf("got no line from %v: %v\n%s", c.command.Args, c.lines.Err(), c.stderr)
	}
	return c.lines.Text()
}

// read decodes the next line as JSON.
func (c *child) read(to any) {
	c.t.Helper()
	if line := c.line(); json.Unmarshal([]byte(line), to) != nil {
		c.t.Fatalf("got %q from %v, want %T\n%s", line, c.command.Args, to, c.stderr)
	}
}

// end waits for the program to end by itself, without an error.
func (c *child) end() {
	c.t.Helper()
	if err := c.command.Wait(); err != nil {
		c.t.Fatalf("%v: %v\n%s", c.command.Args, err, c.stderr)
	}
}

// nodeProject is the folder of a program for Node, with its packages installed.
func nodeProject(t *testing.T, dir, dependency string) string {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		missing(t, "node")
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", dependency)); err != nil {
		missing(t, dependency+" (npm ci in "+dir+")")
	}
	return dir
}

// appEnv is what an example reads of its registration.
func appEnv(c created, redirect string, more ...string) []string {
	return append([]string{
		"ISSUER=" + c.Issuer, "CLIENT_ID=" + c.ID, "CLIENT_SECRET=" + c.Secret, "REDIRECT_URI=" + redirect,
		"SCOPE=openid profile email",
	}, more...)
}

// visit goes where the provider and an app send the browser, allows what is asked, and gives the last page.
func (b *browser) visit(to string) answer {
	b.t.Helper()
	for range 10 {
		request, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, to, nil)
		if err != nil {
			b.t.Fatal(err)
		}
		request.Header.Set("Accept", "text/html") // mod_auth_openidc sends nobody else to the provider
		page := b.do(request)
		if page.Request.URL.Path == "/consent" && page.StatusCode == http.StatusOK {
			page = b.submit(page, "/consent", "decision", "allow")
		}
		next, err := page.Location()
		if err != nil {
			return page
		}
		to = next.String()
	}
	b.t.Fatalf("got no end of redirects, the last to %s", to)
	return answer{}
}

// listening waits until something answers on a loopback port.
func (c *child) listening(port string) {
	c.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		connection, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second)
		if err == nil {
			connection.Close()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	c.t.Fatalf("%v does not listen\n%s", c.command.Args, c.stderr)
}

// person is what the examples say about who logged in.
type person struct{ Iss, Sub, Email, Name string }

func (p person) is(t *testing.T, claims person) {
	t.Helper()
	if p.Sub == "" || p.Sub != claims.Sub || p.Email != "ada@example.com" || p.Name != "Ada Lovelace" {
		t.Errorf("got %+v from userinfo and %+v in the ID token", p, claims)
	}
}

// TestOpenIDClient runs Node's openid-client: login, refresh, userinfo, logout.
func TestOpenIDClient(t *testing.T) {
	t.Parallel()
	example := nodeProject(t, filepath.Join("deploy", "examples", "openid-client"), "openid-client")
	s := start(t)
	b := s.browser(t)
	b.signUp("ada@example.com")
	app := "http://127.0.0.1:" + freePort(t)
	client := s.client(t, "Node", "--redirect", app+"/callback", "--post-logout", app+"/bye")
	node := launch(t, example, appEnv(client, app+"/callback", "POST_LOGOUT_URI="+app+"/bye"), "node", "client.mjs")
	var first struct{ URL string }
	node.read(&first)
	b.visit(first.URL)
	var second struct {
		Claims, UserInfo person
		Logout           string
	}
	node.read(&second)
	second.UserInfo.is(t, second.Claims)
	if second.Claims.Iss != s.issuer {
		t.Errorf("got %+v", second)
	}
	b.visit(second.Logout)
	var third struct{ SignedOut bool }
	node.read(&third)
	node.end()
	if got := b.get("/account"); !third.SignedOut || got.Request.URL.Path != "/login" {
		t.Errorf("got %s after the logout", got.Request.URL)
	}
}

// TestOAuth4WebAPI runs Node's oauth4webapi: login, refresh, userinfo, introspection, revocation.
func TestOAuth4WebAPI(t *testing.T) {
	t.Parallel()
	example := nodeProject(t, filepath.Join("deploy", "examples", "oauth4webapi"), "oauth4webapi")
	s := start(t)
	b := s.browser(t)
	b.signUp("ada@example.com")
	redirect := "http://127.0.0.1:" + freePort(t) + "/callback"
	client := s.client(t, "Node", "--redirect", redirect)
	node := launch(t, example, appEnv(client, redirect), "node", "client.mjs")
	var first struct{ URL string }
	node.read(&first)
	b.visit(first.URL)
	var second struct {
		Claims, UserInfo person
		Before, After    bool
	}
	node.read(&second)
	node.end()
	second.UserInfo.is(t, second.Claims)
	if !second.Before || second.After {
		t.Errorf("got active %v before the revocation and %v after it", second.Before, second.After)
	}
}

// TestAuthlib runs a Flask app with Authlib: login, refresh, userinfo.
func TestAuthlib(t *testing.T) {
	t.Parallel()
	example := filepath.Join("deploy", "examples", "authlib")
	python, err := filepath.Abs(filepath.Join(example, "venv", "bin", "python"))
	if err != nil {
		t.Fatal(err)
	}
	if err := exec.CommandContext(t.Context(), python, "-c", "import authlib, flask").Run(); err != nil {
		missing(t, "Authlib (a venv in "+example+")")
	}
	s := start(t)
	b := s.browser(t)
	b.signUp("ada@example.com")
	port := freePort(t)
	app := "http://127.0.0.1:" + port
	client := s.client(t, "Flask", "--redirect", app+"/callback", "--post-logout", app+"/")
	flask := launch(t, example, appEnv(client, app+"/callback"), python, "app.py")
	flask.listening(port)
	var claims person
	flask.decode(b.visit(app+"/login"), &claims)
	var second struct {
		Claims    person
		Refreshed bool
	}
	flask.decode(b.visit(app+"/userinfo"), &second)
	second.Claims.is(t, claims)
	if !second.Refreshed || claims.Iss != s.issuer {
		t.Errorf("got %+v and %+v", claims, second)
	}
	bye := b.visit(app + "/logout")
	if got := b.get("/account"); !strings.Contains(bye.body, "signIn") || got.Request.URL.Path != "/login" {
		t.Errorf("got %q after the logout, and %s at the provider", bye.body, got.Request.URL)
	}
}

// decode reads a page of the app that is JSON.
func (c *child) decode(page answer, to any) {
	c.t.Helper()
	if err := json.Unmarshal([]byte(page.body), to); err != nil || page.StatusCode != http.StatusOK {
		c.t.Fatalf("got %d %q at %s\n%s", page.StatusCode, page.body, page.Request.URL, c.stderr)
	}
}

// TestModAuthOpenIDC runs Apache with mod_auth_openidc before an application: login, refresh, logout.
func TestModAuthOpenIDC(t *testing.T) {
	t.Parallel()
	apache, err := exec.LookPath("apache2")
	if err != nil {
		apache = "/usr/sbin/apache2"
	}
	if _, err := os.Stat("/usr/lib/apache2/modules/mod_auth_openidc.so"); err != nil {
		missing(t, "libapache2-mod-auth-openidc")
	}
	config, err := filepath.Abs(filepath.Join("deploy", "examples", "mod_auth_openidc", "apache.conf"))
	if err != nil {
		t.Fatal(err)
	}
	s := start(t)
	b := s.browser(t)
	b.signUp("ada@example.com")
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s", r.URL.Path, r.Header.Get("OIDC_CLAIM_email"))
	}))
	t.Cleanup(behind.Close)
	port := freePort(t)
	app := "http://127.0.0.1:" + port
	client := s.client(t, "Apache", "--redirect", app+"/callback", "--post-logout", app+"/bye")
	env := appEnv(client, app+"/callback", "PORT="+port, "APP="+behind.URL, "RUN="+t.TempDir(), "PASSPHRASE="+testPassword)
	server := launch(t, "", env, apache, "-X", "-f", config)
	server.listening(port)
	forged, err := http.NewRequestWithContext(t.Context(), http.MethodGet, app+"/bye", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	forged.Header.Set("OIDC_CLAIM_email", "eve@example.com")
	if response, err := http.DefaultClient.Do(forged); err != nil {
		t.Error(err)
	} else if got, _ := io.ReadAll(response.Body); response.Body.Close() != nil || string(got) != "/bye " {
		t.Errorf("got %q for a header of the caller's own", got)
	}
	if got := b.visit(app + "/page"); got.body != "/page ada@example.com" {
		t.Fatalf("got %d %q after the login\n%s", got.StatusCode, got.body, server.stderr)
	}
	type info struct {
		AccessToken string `json:"access_token"`
		UserInfo    person
	}
	var before, after info
	server.decode(b.get(app+"/callback?info=json"), &before)
	back := b.visit(app + "/callback?" + url.Values{"refresh": {app + "/back"}, "access_token": {before.AccessToken}}.Encode())
	server.decode(b.get(app+"/callback?info=json"), &after)
	if before.AccessToken == after.AccessToken || back.body != "/back ada@example.com" || strings.Contains(back.Request.URL.RawQuery, "error") {
		t.Errorf("got %s after the refresh, and the same token: %v\n%s", back.Request.URL, before.AccessToken == after.AccessToken, server.stderr)
	}
	after.UserInfo.is(t, before.UserInfo)
	bye := b.visit(app + "/callback?" + url.Values{"logout": {app + "/bye"}}.Encode())
	if got := b.get("/account"); !strings.HasPrefix(bye.body, "/bye") || got.Request.URL.Path != "/login" {
		t.Errorf("got %d %q after the logout, and %s at the provider\n%s", bye.StatusCode, bye.body, got.Request.URL, server.stderr)
	}
}
