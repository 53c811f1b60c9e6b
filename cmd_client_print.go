package main

import (
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"mana/provider"
)

// The code that client create prints. PROVIDER and SCOPES are filled in; all else comes from the environment.
var (
	//go:embed deploy/snippets/go/main.go
	snippetGo string
	//go:embed deploy/snippets/next-auth/auth.ts
	snippetNextAuth string
	//go:embed deploy/snippets/spring/application.yaml
	snippetSpring string
	//go:embed deploy/snippets/spring/Security.java
	snippetSpringJava string
)

// snippetKinds are what --print takes.
var snippetKinds = []string{"go", "next-auth", "spring"}

// snippetPaths are the paths that a library gives its redirect URI; the name of the provider follows.
var snippetPaths = map[string]string{"next-auth": "/api/auth/callback/", "spring": "/login/oauth2/code/"}

// checkSnippet refuses to print for an app to which the code would not fit.
func checkSnippet(kind string, client provider.Client, asJSON bool) error {
	code := snippet(kind)
	switch {
	case kind == "":
		return nil
	case code == "" || asJSON:
		return errors.New("--print must be " + strings.Join(snippetKinds, ", ") + ", and goes without --json")
	case snippetPaths[kind] != "" && providerName(kind, client.RedirectURIs) == "":
		return errors.New("--print " + kind + " needs a --redirect whose path is " + snippetPaths[kind] + "mana")
	}
	return nil
}

func snippet(kind string) string {
	return map[string]string{"go": snippetGo, "next-auth": snippetNextAuth, "spring": snippetSpring + "\n" + snippetSpringJava}[kind]
}

// providerName is what the library of an app calls us: the last word of the redirect URI; empty when that is not the
// library's.
func providerName(kind string, redirects []string) string {
	if len(redirects) == 0 {
		return ""
	}
	to, err := url.Parse(redirects[0])
	if err != nil {
		return ""
	}
	name, ok := strings.CutPrefix(to.Path, snippetPaths[kind])
	if !ok || !plainValue.MatchString(name) || strings.ContainsAny(name, `/,:@%+.`) {
		return ""
	}
	return name
}

// print writes the lines of a .env file that a shell can read too, and with a kind the code that reads them.
func (c created) print(out io.Writer, kind string) error {
	lines := [][2]string{
		{"ISSUER", c.Issuer},
		{"CLIENT_ID", c.ID},
		{"CLIENT_SECRET", c.Secret},
		{"REDIRECT_URI", strings.Join(c.RedirectURIs, " ")},
		{"SCOPE", strings.Join(c.Scopes, " ")},
	}
	if kind == "next-auth" { // seals its own cookies
		secret := make([]byte, 32)
		rand.Read(secret)
		lines = append(lines, [2]string{"AUTH_SECRET", base64.RawURLEncoding.EncodeToString(secret)})
	}
	var text strings.Builder
	for _, line := range lines {
		if line[1] != "" {
			fmt.Fprintf(&text, "%s=%s\n", line[0], quoted(line[1]))
		}
	}
	if code := snippet(kind); code != "" {
		fill := strings.NewReplacer("PROVIDER", providerName(kind, c.RedirectURIs), "SCOPES", strings.Join(c.Scopes, ","))
		if kind == "go" {
			fill = strings.NewReplacer()
		}
		text.WriteString("\n" + fill.Replace(code))
	}
	_, err := io.WriteString(out, text.String())
	return err
}
