package page

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestLanguage is the order of choice: what was asked for, the cookie, the browser, English.
func TestLanguage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		asked, cookie, header string
		want                  Language
	}{
		"nothing":                  {"", "", "", English},
		"browser":                  {"", "", "de-AT,de;q=0.9,en;q=0.8", German},
		"browser, by weight":       {"", "", "de;q=0.5, en-GB;q=0.9", English},
		"browser, second choice":   {"", "", "fr-FR, de;q=0.5", German},
		"browser, none of ours":    {"", "", "fr-FR, nl", English},
		"browser, malformed":       {"", "", "de;;q=,", English},
		"browser, endless":         {"", "", strings.Repeat("fr,", 1000) + "de", English},
		"cookie before browser":    {"", "en", "de", English},
		"cookie, unknown":          {"", "xx", "de", German},
		"asked before cookie":      {"de-DE", "en", "en", German},
		"asked, second choice":     {"x-klingon fr de", "en", "en", German},
		"asked, none of ours":      {"fr", "de", "en", German},
		"asked, not a language":    {"\xff\xfe ;;", "de", "en", German},
		"asked, cut in the middle": {strings.Repeat("x-a ", 400) + "de", "", "en", English},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Header.Set("Accept-Language", c.header)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: "mana_lang", Value: c.cookie})
		}
		state := new(State)
		With(r, state)
		state.Speak(c.asked)
		if got := state.Language(); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// TestChooseLanguage keeps the choice and goes back, to pages of ours only.
func TestChooseLanguage(t *testing.T) {
	t.Parallel()
	for back, want := range map[string]string{
		"/login?request=a%2Fb": "/login?request=a%2Fb", "/": "/", "": "/", "login": "/",
		"//evil.example": "/", "/\\evil.example": "/", "https://evil.example/": "/", "javascript:alert(1)": "/", "/\t/evil.example": "/", "///evil": "/",
	} {
		w := httptest.NewRecorder()
		target := PathLanguage + "?" + url.Values{"to": {"de"}, "back": {back}}.Encode()
		ChooseLanguage(true).ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, http.NoBody))
		if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != want {
			t.Errorf("%q: got %d and %q, want %q", back, w.Code, got, want)
		}
		cookie := w.Result().Cookies()[0]
		if cookie.Name != "mana_lang" || cookie.Value != "de" || !cookie.Secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode {
			t.Errorf("got %v", cookie)
		}
	}
	w := httptest.NewRecorder()
	ChooseLanguage(false).ServeHTTP(w, httptest.NewRequest(http.MethodGet, PathLanguage+"?to=fr&back=/login", http.NoBody))
	if len(w.Result().Cookies()) != 0 {
		t.Error("got a cookie for a language that there is not")
	}
}
