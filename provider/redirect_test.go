package provider

import (
	"net/url"
	"testing"
)

// TestProve is AZ5 and AR8.
func TestProve(t *testing.T) {
	t.Parallel()
	client := Client{RedirectURIs: []string{
		"https://app.example/cb", "https://app.example/cb?a=1", "http://127.0.0.1/cb", "http://[::1]:9000/cb", "com.example.app:/cb",
	}}
	for uri, want := range map[string]bool{
		"https://app.example/cb":                true,
		"https://app.example/cb?a=1":            true,
		"com.example.app:/cb":                   true,
		"http://127.0.0.1:5000/cb":              true,
		"http://127.0.0.1/cb":                   true,
		"http://[::1]/cb":                       true,
		"":                                      false,
		"https://app.example/cb/":               false,
		"https://app.example/CB":                false,
		"https://APP.example/cb":                false,
		"https://app.example:443/cb":            false,
		"https://app.example/cb?a=2":            false,
		"https://app.example/cb?a=1&b=2":        false,
		"https://app.example/cb#f":              false,
		"https://app.example.evil.example/cb":   false,
		"https://app.example@evil.example/cb":   false,
		"http://app.example/cb":                 false,
		"http://localhost:5000/cb":              false,
		"http://127.0.0.1:5000/cb?x":            false,
		"http://127.0.0.1:5000@evil.example/cb": false,
		"http://127.0.0.1.evil.example/cb":      false,
		"http://127.0.0.1:/cb":                  false,
		"http://127.0.0.1:123456/cb":            false,
		"http://127.0.0.1:50\\@evil.example/cb": false,
		"https%3A%2F%2Fapp.example%2Fcb":        false,
		"com.example.app:/cb2":                  false,
	} {
		if _, got := client.Prove(uri); got != want {
			t.Errorf("%q: got %v, want %v", uri, got, want)
		}
	}
}

func TestCheckRedirectURI(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]bool{
		"https://app.example/cb": true, "http://localhost/cb": true, "http://127.0.0.1:1/": true, "http://[::1]/": true, "com.example.app:/cb": true,
		"http://app.example/cb": false, "https://a.example/#f": false, "https://u:p@a.example/": false, "https://*.example/": false,
		"https://a.example/\\x": false, "https://a.example/ x": false, "myapp:/cb": false, "javascript:alert(1)": false, "/cb": false,
		"https://ä.example/": false, "": false, "https:///cb": false,
		"https://a;script-src-elem/x": false, "https://a,b/": false, "https://a'b/": false, "https://a.example:99999/": false,
		"https://a.example:0/": false, "https://a.example:/": false, "https://a.example:8443/cb": true, "http://[::1]:7/": true,
		"https://[::1": false, "https://[fe80::1%25eth0]/": false,
	} {
		if got := CheckRedirectURI(uri) == ""; got != want {
			t.Errorf("%q: got %v, want %v", uri, got, want)
		}
	}
}

// FuzzProve expects that what is proven is the registered address, but for the port of a loopback one.
func FuzzProve(f *testing.F) {
	f.Add("http://127.0.0.1:1/cb")
	f.Add("https://app.example/cb")
	client := Client{RedirectURIs: []string{"https://app.example/cb", "http://127.0.0.1/cb"}}
	f.Fuzz(func(t *testing.T, uri string) {
		proven, ok := client.Prove(uri)
		if !ok || uri == "https://app.example/cb" {
			return
		}
		u, err := url.Parse(proven.URI())
		if err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" || u.Path != "/cb" || u.RawQuery != "" || u.User != nil || u.Fragment != "" {
			t.Fatalf("got %q proven: %v", uri, err)
		}
	})
}

// TestParseBasic is CA2.
func TestParseBasic(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"Basic bWM6cw==": true, "basic bWM6cw==": true, "Basic bWM": false, "Basic bWM6cw": false, "Basic bWM6czp0": false,
		"Bearer bWM6cw==": false, "Basic": false, "Basic  bWM6cw==": false, "Basic JXp6OnM=": false,
	} {
		if _, got := parseBasic(header); got != want {
			t.Errorf("%q: got %v, want %v", header, got, want)
		}
	}
}

func FuzzParseBasic(f *testing.F) {
	f.Add("Basic bWM6cw==")
	f.Fuzz(func(_ *testing.T, header string) { parseBasic(header) })
}
