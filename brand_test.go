package main

import (
	"compress/gzip"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestBrand shows the name, colour, logo and links of the operator on the pages, in the visitor's language.
func TestBrand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	logo := filepath.Join(dir, "logo.svg")
	if err := os.WriteFile(logo, []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := prepare(t, "BRAND_NAME=Notes & Co", "BRAND_ACCENT=#ffcc00", "BRAND_LOGO_FILE="+logo, "SUPPORT_EMAIL=help@example.com",
		"IMPRINT_URL=https://example.com/imprint", "PRIVACY_URL=https://example.com/privacy", "TERMS_URL=https://example.com/terms")
	log := s.begin(t)
	s.waitReady(t, log)
	if !strings.Contains(log.String(), "BRAND_ACCENT cannot be read on our pages (4.5:1): light ones show #") {
		t.Errorf("got no word of the colour that was corrected:\n%s", log)
	}
	b := s.browser(t)
	b.language = "de"
	login := b.get("/login")
	b.says(login, "de", "Notes &amp; Co", `alt="" height="32"`, `href="https://example.com/imprint">Impressum<`, `href="https://example.com/privacy">Datenschutz<`,
		`href="https://example.com/terms">Nutzungsbedingungen<`, `href="mailto:help@example.com">Hilfe<`)
	for _, asset := range assetsOf(login) {
		file := b.get(asset)
		if strings.HasSuffix(asset, ".css") && !strings.Contains(file.body, "@layer theme{:root{--accent:#") {
			t.Errorf("got no accent in %s", asset)
		}
		if file.StatusCode != http.StatusOK || !strings.Contains(file.Header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("got %d for %s with %v", file.StatusCode, asset, file.Header)
		}
	}
}

// TestLoginWeight is what a first visit to the login page may cost.
func TestLoginWeight(t *testing.T) {
	t.Parallel()
	b := start(t).browser(t)
	login := b.get("/login")
	assets := assetsOf(login)
	total, script := len(login.body), 0
	for _, asset := range assets {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.server.issuer+asset, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept-Encoding", "gzip")
		file := b.do(request)
		total += len(file.body)
		if strings.HasSuffix(asset, ".js") {
			script += len(file.body)
		}
		reader, err := gzip.NewReader(strings.NewReader(file.body))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, reader); err != nil {
			t.Fatal(err)
		}
	}
	if len(login.body) > 14<<10 || script > 4<<10 || total > 30<<10 || len(assets) > 3 || strings.Contains(login.body, "://") {
		t.Errorf("got %d bytes in all, %d of HTML, %d of scripts, with %v; want at most 30 KiB, 14 KiB, 4 KiB, 3 files of ours\n%s",
			total, len(login.body), script, assets, login.body)
	}
}

// assetsOf are the files that a page loads.
func assetsOf(page answer) (paths []string) {
	for _, found := range regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"`).FindAllStringSubmatch(page.body, -1) {
		paths = append(paths, found[1])
	}
	return paths
}
