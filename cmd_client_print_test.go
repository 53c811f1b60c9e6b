package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/joho/godotenv"
	"go.yaml.in/yaml/v3"
)

// TestPrintNextAuth: the settings of an app with Auth.js are complete, and Node reads its code.
func TestPrintNextAuth(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	s.fails(t, 2, "client", "create", "Web", "--redirect", callback, "--print", "next-auth")
	printed := s.command(t, "client", "create", "Web", "--redirect", "http://localhost:3000/api/auth/callback/acme", "--print", "next-auth")
	settings, code, _ := strings.Cut(printed, "\n\n")
	values, err := godotenv.Unmarshal(settings)
	if err != nil || values["ISSUER"] != s.issuer || values["CLIENT_SECRET"] == "" || len(values["AUTH_SECRET"]) < 32 || values["SCOPE"] == "" {
		t.Errorf("got %v, %v, want all settings", values, err)
	}
	if !strings.Contains(code, `id: "acme"`) || !strings.Contains(code, "issuer: process.env.ISSUER") {
		t.Errorf("got %s", code)
	}
	if _, err := exec.LookPath("node"); err != nil {
		missing(t, "node")
	}
	file := filepath.Join(t.TempDir(), "auth.mjs") // it uses nothing of TypeScript
	if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.CommandContext(t.Context(), "node", "--check", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// TestPrintSpring: the configuration of an app with Spring is YAML that names the client, and Java reads its class but for
// the libraries.
func TestPrintSpring(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	s.fails(t, 2, "client", "create", "Web", "--redirect", callback, "--print", "spring")
	printed := s.command(t, "client", "create", "Web", "--redirect", "http://localhost:8080/login/oauth2/code/mana", "--print", "spring")
	_, code, _ := strings.Cut(printed, "\n\n")
	settings, class, _ := strings.Cut(code, "\n\n")
	type named map[string]map[string]string
	var config struct {
		Spring struct {
			Security struct {
				OAuth2 struct {
					Client struct{ Registration, Provider named }
				}
			}
		}
	}
	if err := yaml.Unmarshal([]byte(settings), &config); err != nil {
		t.Fatal(err)
	}
	app := config.Spring.Security.OAuth2.Client
	if app.Registration["mana"]["client-id"] != "${CLIENT_ID}" || app.Provider["mana"]["issuer-uri"] != "${ISSUER}" ||
		!strings.HasPrefix(app.Registration["mana"]["scope"], "openid") {
		t.Errorf("got %+v", app)
	}
	if _, err := exec.LookPath("javac"); err != nil {
		missing(t, "javac")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "Security.java")
	if err := os.WriteFile(file, []byte(class), 0o600); err != nil {
		t.Fatal(err)
	}
	output, _ := exec.CommandContext(t.Context(), "javac", "-proc:none", "-d", dir, file).CombinedOutput() // fails without Spring
	for line := range strings.Lines(string(output)) {
		if strings.Contains(line, "error:") && !strings.Contains(line, "does not exist") && !strings.Contains(line, "cannot find symbol") {
			t.Errorf("got %s", line)
		}
	}
	if !strings.Contains(string(output), "does not exist") {
		t.Errorf("got %s, want nothing but the libraries missing", output)
	}
}
