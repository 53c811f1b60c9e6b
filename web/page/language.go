package page

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// Language is what a page is written in: a tag of BCP 47.
type Language string

// The languages that the catalogue has.
const (
	English Language = "en"
	German  Language = "de"
)

// Languages are all of them, the one for everybody else first.
func Languages() []Language { return []Language{English, German} }

// PathLanguage is where the links of the footer lead: it keeps the choice and goes back.
const PathLanguage = "/language"

const (
	languageCookie = "mana_lang"
	languageLife   = 365 * 24 * time.Hour
)

// matcher finds the nearest language that there is, as browsers and CLDR see nearness.
var matcher = language.NewMatcher([]language.Tag{language.English, language.German})

// Understand gives the first language of a list, parted by spaces as ui_locales is, that the catalogue has. What is no
// tag is passed over. It reports whether there is one.
func Understand(list string) (Language, bool) {
	var tags []language.Tag
	for field := range strings.FieldsSeq(list[:min(len(list), maxLanguages)]) {
		if tag, err := language.Parse(field); err == nil {
			tags = append(tags, tag)
		}
	}
	return nearest(tags)
}

func nearest(tags []language.Tag) (Language, bool) {
	_, index, confidence := matcher.Match(tags...)
	return Languages()[index], confidence >= language.High
}

// maxLanguages is how much of a list is read, in bytes.
const maxLanguages = 500

// Language is that of the answer: what was asked for by [State.Speak], the cookie, what the browser prefers, English.
func (s *State) Language() Language {
	if s.language == "" {
		s.language = spoken(s.request)
	}
	return s.language
}

// Speak answers in the first language of a list that the catalogue has, whatever the cookie says. An empty list, and
// one without such a language, changes nothing.
func (s *State) Speak(list string) {
	if l, ok := Understand(list); ok {
		s.language = l
	}
}

func spoken(r *http.Request) Language {
	if r == nil {
		return English
	}
	if strings.Contains(r.URL.RawQuery, "ui_locales=") { // a page about a request that is not stored
		if l, ok := Understand(r.URL.Query().Get("ui_locales")); ok {
			return l
		}
	}
	if cookie, err := r.Cookie(languageCookie); err == nil {
		if l := Language(cookie.Value); l == English || l == German {
			return l
		}
	}
	header := r.Header.Get("Accept-Language")
	tags, _, err := language.ParseAcceptLanguage(header[:min(len(header), maxLanguages)])
	if err != nil {
		return English
	}
	l, _ := nearest(tags)
	return l
}

// InLanguage is a context for texts that no request asks for, such as those of mails.
func InLanguage(ctx context.Context, l Language) context.Context {
	return context.WithValue(ctx, contextKey{}, &State{language: l})
}

// KeepLanguage remembers a choice in the browser. It holds no secret, and no prefix: it decides nothing else.
func KeepLanguage(w http.ResponseWriter, l Language, secure bool) {
	http.SetCookie(w, &http.Cookie{
		Name: languageCookie, Value: string(l), Path: "/", MaxAge: int(languageLife / time.Second),
		Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// LanguageLink is the address that chooses a language and comes back to the page of the request.
func (s *State) LanguageLink(l Language) string {
	back := "/"
	if s.request != nil && !s.Protocol {
		back = s.back()
	}
	return PathLanguage + "?" + url.Values{"to": {string(l)}, "back": {back}}.Encode()
}

// back is the address of the page of the request. Of a page that an app waits for, no more of its query is kept than
// the page itself has put there.
func (s *State) back() string {
	to := s.request.URL.Path
	get := s.request.Method == http.MethodGet || s.request.Method == http.MethodHead
	switch {
	case get && !s.request.URL.Query().Has("request"):
		return s.request.URL.RequestURI()
	case !get && s.Posted:
		return path.Dir(to)
	}
	if query := kept(s.request.Form, "request", "return"); query != "" {
		to += "?" + query
	}
	return to
}

// kept are those fields of a form that its page had in its address.
func kept(form url.Values, names ...string) string {
	values := make(url.Values)
	for _, name := range names {
		if value := form.Get(name); value != "" {
			values.Set(name, value)
		}
	}
	return values.Encode()
}

// Local reports whether a text is the path of a page of ours, perhaps with a query, in every reading that
// browsers have of it.
func Local(to string) bool {
	u, err := url.ParseRequestURI(to)
	if err != nil || len(to) > maxLocal || u.Scheme != "" || u.Host != "" || u.User != nil {
		return false
	}
	for _, c := range []byte(to) {
		if c <= ' ' || c >= 0x7f || c == '\\' || c == '#' {
			return false
		}
	}
	return strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") && path.Clean(u.Path) == u.Path
}

const maxLocal = 1024 // bytes of an address that a page goes back to

// ChooseLanguage answers GET [PathLanguage]. It changes nothing but the cookie.
func ChooseLanguage(secure bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l, ok := Understand(r.FormValue("to")); ok {
			KeepLanguage(w, l, secure)
		}
		back := r.FormValue("back")
		if !Local(back) {
			back = "/"
		}
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, back, http.StatusSeeOther) //nolint:gosec // a path of ours
	})
}
