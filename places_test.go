package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestPlaces asks for what is found at the same place everywhere.
func TestPlaces(t *testing.T) {
	t.Parallel()
	s := start(t, "SUPPORT_EMAIL=help@example.com")
	read := func(s *server, path string) (int, string) {
		response, err := http.Get(s.issuer + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
	if status, text := read(s, "/robots.txt"); status != http.StatusOK || text != "User-agent: *\nDisallow: /\n" {
		t.Errorf("got %d %q for crawlers", status, text)
	}
	_, text := read(s, "/.well-known/security.txt")
	fields := make(map[string]string)
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		fields[name] = value
	}
	expires, err := time.Parse(time.RFC3339, fields["Expires"])
	if left := time.Until(expires); err != nil || left < 30*24*time.Hour || left > 365*24*time.Hour {
		t.Errorf("got %q, %v: want less than a year", fields["Expires"], err)
	}
	if fields["Contact"] != "mailto:help@example.com" || fields["Canonical"] != s.issuer+"/.well-known/security.txt" {
		t.Errorf("got %q", text)
	}
	b := s.browser(t)
	b.signUp("ada@example.com")
	if got := b.get("/.well-known/change-password"); got.Request.URL.Path != "/account/security" {
		t.Errorf("got %s to change a password", got.Request.URL)
	}
	if status, text := read(start(t), "/.well-known/security.txt"); status != http.StatusNotFound {
		t.Errorf("got %d %q without an address", status, text)
	}
}
