package page

import (
	"strings"
	"testing"
)

func TestLocal(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"/account", "/account/security?made=1", "/account/credits?type=usage&from=2026-01-31"} {
		if !Local(to) {
			t.Errorf("got no page for %q, want one of ours", to)
		}
	}
	hostile := []string{
		"", "account", "//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, "/account\\..", "https://evil.example/",
		"javascript:alert(1)", "/account\r\nSet-Cookie: a=b", "/\t/evil.example", "/account#x", "/./account", "/account/../login",
		"/account//evil", "http:/account", "//evil@host/account", "/%5c%5cevil.example/..", "/é", "/" + strings.Repeat("a", maxLocal),
	}
	for _, to := range hostile {
		if Local(to) {
			t.Errorf("got %q taken for a page of ours", to)
		}
	}
}

// FuzzLocal: what is taken stays on this host.
func FuzzLocal(f *testing.F) {
	for _, seed := range []string{"/account", "//evil", `/\evil`, "/a?b=c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, to string) {
		if Local(to) && (to[0] != '/' || len(to) > 1 && (to[1] == '/' || to[1] == '\\')) {
			t.Errorf("got %q taken for a page of ours", to)
		}
	})
}
