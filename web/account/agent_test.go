package account

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAgent(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0":                                                                     "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36":                            "Chrome on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0":              "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15":                      "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1":    "Safari on iOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.0.0 Mobile/15E148 Safari/604.1": "Chrome on iOS",
		"Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36": "Samsung Internet on Android",
		"Go-http-client/1.1":     "Go-http-client",
		"curl/8.5.0":             "curl",
		"Mozilla/5.0":            "Unknown program",
		"":                       "Unknown program",
		strings.Repeat("é", 100): strings.Repeat("é", 39) + "…",
	} {
		if got := agent(t.Context(), header); got != want {
			t.Errorf("got %q for %q, want %q", got, header, want)
		}
	}
}

func FuzzAgent(f *testing.F) {
	f.Add("Mozilla/5.0 (X11; Linux x86_64)")
	f.Fuzz(func(t *testing.T, header string) {
		if got := agent(t.Context(), header); got == "" || utf8.RuneCountInString(got) > 60 || !utf8.ValidString(got) {
			t.Errorf("got %q", got)
		}
	})
}

func TestShortened(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.77": "203.0.113.x", "::ffff:203.0.113.77": "203.0.113.x", "2001:db8:1:2:3:4:5:6": "2001:db8:1::/48",
		"fe80::1%eth0": "fe80::/48", "127.0.0.1": "This machine", "::1": "This machine", "": "Unknown network", "x": "Unknown network",
	} {
		if got := shortened(t.Context(), address); got != want {
			t.Errorf("got %q for %q, want %q", got, address, want)
		}
	}
}
