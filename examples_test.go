package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestExampleGo runs the API in Go and its client: a token passes, a call without one is challenged.
func TestExampleGo(t *testing.T) {
	t.Parallel()
	s := start(t)
	client := s.client(t, "Reports", "--grant", "client_credentials", "--scope", "credits:read")
	program := filepath.Join(t.TempDir(), "go")
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./deploy/examples/go").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	app := launch(t, "", appEnv(client, ""), program)
	if got, want := app.line(), "200 a report for "+client.ID; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := app.line(); !strings.HasPrefix(got, "401 Bearer realm=") || !strings.Contains(got, `scope="credits:read"`) {
		t.Errorf("got %q, want a challenge", got)
	}
	app.end()
}

// TestExampleExpress runs the web app with Express: login, session, logout, and a callback that nobody asked for.
func TestExampleExpress(t *testing.T) {
	t.Parallel()
	example := nodeProject(t, filepath.Join("deploy", "examples", "express"), "express")
	s := start(t)
	b := s.browser(t)
	b.signUp("ada@example.com")
	port := freePort(t)
	app := "http://127.0.0.1:" + port
	client := s.client(t, "Express", "--redirect", app+"/callback", "--post-logout", app+"/")
	node := launch(t, example, appEnv(client, app+"/callback"), "node", "app.mjs")
	node.line()
	if got := b.get(app + "/callback?code=x&state=y"); got.StatusCode != http.StatusBadRequest {
		t.Errorf("got %d for a callback that nobody asked for", got.StatusCode)
	}
	var claims person
	node.decode(b.visit(app+"/login"), &claims)
	claims.is(t, claims)
	if claims.Iss != s.issuer {
		t.Errorf("got %+v", claims)
	}
	bye := b.visit(app + "/logout")
	if got := b.get("/account"); !strings.Contains(bye.body, "signIn") || got.Request.URL.Path != "/login" {
		t.Errorf("got %q after the logout, and %s at the provider", bye.body, got.Request.URL)
	}
}

// TestExampleSPA runs the page without a back end in a browser: login, refresh, logout.
func TestExampleSPA(t *testing.T) {
	t.Parallel()
	example := nodeProject(t, filepath.Join("deploy", "examples", "spa"), "oauth4webapi")
	s := start(t)
	var client created
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(example)))
	mux.HandleFunc("/config.json", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]string{"issuer": client.Issuer, "client_id": client.ID})
	})
	page := httptest.NewServer(mux)
	t.Cleanup(page.Close)
	client = s.client(t, "SPA", "--public", "--scope", "openid,profile,email,offline_access", "--redirect", page.URL+"/", "--post-logout", page.URL+"/")
	ctx, complaints := chromium(t)
	w := &walk{t: t, ctx: ctx}
	w.open(page.URL+"/", "#login", "")
	w.press("#login", "#signup", "")
	w.press("#signup", "#name", "")
	w.fill("#name", "Ada Lovelace", "#email", "ada@example.com", "#password", testPassword)
	w.press("#submit", "form:not([data-settle]) #allow", "")
	w.press("#allow", "#refresh", "")
	first := w.read(chromedp.Evaluate[string](`document.getElementById("state").textContent + location.search + document.getElementById("claims").textContent`))
	if !strings.HasPrefix(first, "Signed in{") || !strings.Contains(first, "ada@example.com") {
		t.Errorf("got %q, want who signed in, and no code in the address", first)
	}
	w.do(chromedp.Click(chromedp.CSS("#refresh")))
	w.read(chromedp.Poll[string](`!document.getElementById("state").textContent.startsWith("Signed in") && "done"`))
	if got := w.read(chromedp.Text(chromedp.CSS("#state"))); got != "Refreshed" {
		t.Errorf("got %q, want other tokens", got)
	}
	w.press("#logout", "#login", "")
	w.open(s.issuer+"/account", "#email", "") // signed out at the provider too
	for _, complaint := range complaints() {
		if !strings.HasPrefix(complaint, "info:") {
			t.Errorf("the browser complains: %s", complaint)
		}
	}
}

// TestExampleReadmes: each example says in a few lines how it is run.
func TestExampleReadmes(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("deploy/examples/*")
	if err != nil || len(folders) < 7 {
		t.Fatalf("got %v, %v", folders, err)
	}
	for _, folder := range folders {
		readme := readText(t, filepath.Join(folder, "README.md"))
		if lines := strings.Count(readme, "\n"); lines > 12 || !strings.Contains(readme, "go run . client create") {
			t.Errorf("%s: got %s", folder, fmt.Sprintf("%d lines", lines))
		}
	}
}
