package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/joho/godotenv"
	"golang.org/x/oauth2"

	"mana/provider"
)

// ownToken asks for a token of a client itself: the status and what was answered.
func (s *server) ownToken(t *testing.T, id, secret string) (int, map[string]any) {
	t.Helper()
	f := fixture{server: s, client: created{clientFields: clientFields{ID: id}, Secret: secret}}
	status, body, _ := f.token(t, "grant_type", "client_credentials", "scope", "credits:read", "redirect_uri", "-", "code_verifier", "-")
	return status, body
}

func TestClientCommands(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client(t, "Backend", "--grant", "client_credentials", "--scope", "credits:read")
	if status, body := s.ownToken(t, c.ID, c.Secret); status != http.StatusOK {
		t.Fatalf("got %d %v, want a token", status, body)
	}
	show := func(args ...string) (got shown) {
		t.Helper()
		if err := json.Unmarshal([]byte(s.command(t, append(args, "--json")...)), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}

	got := show("client", "update", c.ID, "--disabled", "--name", "Backend 2", "--refresh-idle", "12h", "--refresh-max", "30d", "--app", "a,b")
	if !*got.Disabled || got.Name != "Backend 2" || got.RefreshIdle.String() != "12h0m0s" || got.RefreshMax.String() != "30d" ||
		len(got.AppIDs) != 2 || got.Scopes[0] != "credits:read" || got.GrantTypes[0] != "client_credentials" {
		t.Errorf("got %+v, want what was given, and the rest as it was", got)
	}
	eventually(t, "a disabled client gets no token", func() bool { status, _ := s.ownToken(t, c.ID, c.Secret); return status == 401 })
	got = show("client", "update", c.ID, "--disabled=false", "--app", "", "--refresh-idle", "0")
	if *got.Disabled || got.AppIDs != nil || got.RefreshIdle != 0 || got.Name != "Backend 2" {
		t.Errorf("got %+v, want it enabled, without apps", got)
	}
	eventually(t, "an enabled client gets one", func() bool { status, _ := s.ownToken(t, c.ID, c.Secret); return status == 200 })

	s.command(t, "client", "update", c.ID, "--scope", "credits:spend")
	eventually(t, "a scope that was taken is refused", func() bool {
		_, body := s.ownToken(t, c.ID, c.Secret)
		return body["error"] == "invalid_scope"
	})
	list := s.command(t, "client", "list", "--json")
	if lines := strings.Count(list, "\n"); lines != 2 || !strings.Contains(list, `"client_id":"`+c.ID+`"`) {
		t.Errorf("got %s, want the demo and the backend, a line each", list)
	}
	if text := s.command(t, "client", "show", c.ID); !strings.Contains(text, "client_name") || strings.Contains(text, c.Secret) {
		t.Errorf("got %s", text)
	}

	if text := s.fails(t, 5, "client", "delete", c.ID); !strings.Contains(text, "--yes") {
		t.Errorf("got %s, want a word on --yes", text)
	}
	if status, _ := s.ownToken(t, c.ID, c.Secret); status == 401 {
		t.Error("got no client after a refused deletion")
	}
	s.command(t, "client", "delete", c.ID, "--yes")
	eventually(t, "a deleted client is unknown", func() bool { return !s.knows(t, c.ID) })
	if status, _ := s.ownToken(t, c.ID, c.Secret); status != 401 {
		t.Errorf("got %d of a deleted client, want 401", status)
	}
	for _, args := range [][]string{{"show"}, {"delete", "--yes"}, {"update", "--name", "x"}, {"rotate-secret"}} {
		s.fails(t, 4, append([]string{"client", args[0], c.ID}, args[1:]...)...)
	}
}

func TestClientFaults(t *testing.T) {
	t.Parallel()
	s := start(t)
	public := s.client(t, "App", "--redirect", "com.example.app:/cb", "--public")
	if public.Secret != "" || !public.Public || public.GrantTypes[1] != "refresh_token" {
		t.Errorf("got %+v, want a public client that may refresh", public)
	}
	text := s.fails(t, 2, "client", "create", "Bad", "--redirect", "http://bad.example", "--grant", "password", "--scope", "all", "--id-token-alg", "none", "--id-token-life", "1m")
	for _, field := range []string{"redirect_uris", "grant_types", "scopes", "id_token_signed_response_alg", "id_token_life"} {
		if !strings.Contains(text, field) {
			t.Errorf("got %s, want a word on %s", text, field)
		}
	}
	s.fails(t, 2, "client", "create", "Bad")
	s.fails(t, 2, "client", "create", "Bad", "--redirect", callback, "--refresh-idle", "soon")
	s.fails(t, 2, "client", "create", "Bad", "--redirect", callback, "--print", "cobol")
	s.fails(t, 2, "client", "update", public.ID, "--pkce-exempt")
	s.fails(t, 2, "client", "update", public.ID, "--id-token-alg", "ES256")
	s.changeClient(t, public.ID, func(c *provider.Client) { c.IDTokenAlg = "ES256" }) // of another time
	s.command(t, "client", "update", public.ID, "--disabled")
	s.fails(t, 2, "client", "rotate-secret", public.ID, "--overlap", "31d")
	s.fails(t, 5, "client", "rotate-secret", public.ID)
	var problem struct {
		Title string
		Exit  int
	}
	if err := json.Unmarshal([]byte(s.fails(t, 4, "client", "show", "mc_nobody", "--json")), &problem); err != nil || problem.Exit != 4 || problem.Title != "not found" {
		t.Errorf("got %+v, %v, want a problem object", problem, err)
	}
}

// TestRotateSecret is CA2: two secrets are good for a while, and no third.
func TestRotateSecret(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client(t, "Backend", "--grant", "client_credentials", "--scope", "credits:read")
	rotate := func(args ...string) string {
		t.Helper()
		var got map[string]string
		if err := json.Unmarshal([]byte(s.command(t, append([]string{"client", "rotate-secret", c.ID, "--json"}, args...)...)), &got); err != nil {
			t.Fatal(err)
		}
		secret := got["client_secret"]
		eventually(t, "the new secret is good", func() bool { status, _ := s.ownToken(t, c.ID, secret); return status == 200 })
		return secret
	}
	good := func(secret string, want int) {
		t.Helper()
		if status, _ := s.ownToken(t, c.ID, secret); status != want {
			t.Errorf("got %d, want %d", status, want)
		}
	}
	second := rotate()
	good(c.Secret, 200)
	third := rotate("--overlap", "1h")
	good(second, 200)
	good(c.Secret, 401) // two at most
	fourth := rotate("--overlap", "0")
	good(third, 401)
	brief := rotate("--overlap", "1s")
	eventually(t, "the old secret ends with the overlap", func() bool { status, _ := s.ownToken(t, c.ID, fourth); return status == 401 })
	good(brief, 200)
}

// TestRedemptionReadsStorage redeems a code right after its client was disabled, before the server can have
// heard of it: what a redemption decides is in storage.
func TestRedemptionReadsStorage(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	code := f.browser.authorize(f.auth()).Get("code")
	f.command(t, "client", "update", f.client.ID, "--disabled")
	status, body, _ := f.token(t, "code", code)
	if status != 400 && status != 401 {
		t.Errorf("got %d %v, want no token for a disabled client", status, body)
	}
}

// TestClientEnv gives what a new client prints to a shell and to a reader of .env files.
func TestClientEnv(t *testing.T) {
	t.Parallel()
	s := start(t)
	redirect := "http://localhost:3000/cb?a='$HOME'&b=`id`;\"c"
	for name, args := range map[string][]string{
		"public":       {"--public", "--redirect", "com.example.app:/cb"},
		"confidential": {"--redirect", callback, "--redirect", "https://app.example.com/cb?a=$HOME&b=1"},
		"hostile":      {"--redirect", redirect},
	} {
		printed := s.command(t, append([]string{"client", "create", "Notes"}, args...)...)
		values, err := godotenv.Unmarshal(printed)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := values["CLIENT_SECRET"]; ok != (name != "public") || strings.Contains(printed, "=\n") {
			t.Errorf("%s: got %s, want a secret of confidential clients only, and no empty line", name, printed)
		}
		if values["SCOPE"] != "openid profile email" || name == "hostile" && values["REDIRECT_URI"] != redirect {
			t.Errorf("%s: got %q", name, values)
		}
		for key, want := range values {
			shell := exec.CommandContext(t.Context(), "sh", "-euc", printed+"\nprintf %s \"$"+key+"\"")
			if got, err := shell.CombinedOutput(); err != nil || string(got) != want {
				t.Errorf("%s: a shell has %s as %q, %v, want %q", name, key, got, err, want)
			}
		}
	}
}

func TestSnippetGo(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t)
	b.signUp("ada@example.com")
	redirect := "http://localhost:" + freePort(t) + "/callback"
	printed := s.command(t, "client", "create", "Notes", "--redirect", redirect, "--print", "go")
	settings, code, ok := strings.Cut(printed, "\n\n")
	if !ok || !strings.HasPrefix(settings, "ISSUER="+s.issuer+"\nCLIENT_ID=mc_") {
		t.Fatalf("got %s, want settings, then code", printed)
	}
	dir, err := os.MkdirTemp("deploy", "snippet-") // inside the module, whose libraries it uses
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "app")
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./"+dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	app := exec.CommandContext(t.Context(), program)
	values, err := godotenv.Unmarshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	app.Env = os.Environ()
	for name, value := range values {
		app.Env = append(app.Env, name+"="+value)
	}
	var stderr bytes.Buffer
	app.Stderr = &stderr
	stdout, err := app.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Process.Kill(); _ = app.Wait() })
	if !bufio.NewScanner(stdout).Scan() {
		t.Fatalf("got no word from the app\n%s", &stderr)
	}
	home, err := url.Parse(redirect)
	if err != nil {
		t.Fatal(err)
	}
	home.Path = "/"
	eventually(t, "the app listens", func() bool {
		response, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(home.String())
		if err == nil {
			response.Body.Close()
		}
		return err == nil
	})
	eventually(t, "the server knows the client", func() bool {
		return !strings.Contains(b.get(b.redirected(home.String())).body, "does not belong to an app")
	})
	query := b.authorize(b.redirected(home.String()))
	var claims map[string]any
	page := b.get(redirect + "?" + query.Encode())
	if err := json.Unmarshal([]byte(page.body), &claims); err != nil || claims["iss"] != s.issuer || claims["nonce"] != query.Get("state") {
		t.Errorf("got %d %s, %v, want the claims", page.StatusCode, page.body, err)
	}
	forged := b.get(redirect + "?" + url.Values{"code": {"x"}, "iss": {s.issuer}, "state": {oauth2.GenerateVerifier()}}.Encode())
	if forged.StatusCode != http.StatusBadRequest {
		t.Errorf("got %d for a forged state, want 400", forged.StatusCode)
	}
}

// redirected is where an address leads, with its cookies kept.
func (b *browser) redirected(to string) string {
	b.t.Helper()
	client := &http.Client{Jar: b.Jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(to)
	if err != nil {
		b.t.Fatal(err)
	}
	response.Body.Close()
	return response.Header.Get("Location")
}
