// Package ui is the design system: layout, components and the texts of all pages. It shows what it is
// given, and knows no domain. Everything of a person or client is escaped by its place in the page.
package ui

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"

	"mana/web/page"
)

// Site is what all pages share.
type Site struct {
	Brand  string
	Assets *Assets
	Dev    bool // pages say that this is a development server
	Links  []FootLink
}

// Link leads somewhere.
type Link struct{ Text, URL string }

// FootLink is a link of the footer.
type FootLink struct {
	Text Key
	URL  string
}

// Page is what the layout of one page needs.
type Page struct {
	Site
	Title     string
	Failed    bool   // the title begins with "Error: "
	Wide      bool   // account rather than sign-in; an area without it is wider still
	Nav       Nav    // of the area that the page belongs to; without items: none. It makes the page wide
	Email     string // of the person who is signed in; empty: nobody, or not to be shown
	FormToken string // for the sign-out button of the header
}

// Fault is something that is wrong with a field, or with the form as a whole when Field is empty.
type Fault struct {
	Field string // id of the field
	Text  string
}

// Faults are all that is wrong with a form.
type Faults []Fault

// Of is the text for a field, empty if it is right.
func (f Faults) Of(field string) string {
	for _, fault := range f {
		if fault.Field == field {
			return fault.Text
		}
	}
	return ""
}

// Render writes a page.
func Render(w http.ResponseWriter, r *http.Request, status int, component templ.Component) {
	page.Headers(w, r)
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_ = component.Render(r.Context(), w) // the caller has gone: there is nobody to tell
	}
}

const maxName = 60 // characters of a client's name

// clip keeps a name to what fits.
func clip(name string) string {
	if utf8.RuneCountInString(name) <= maxName {
		return name
	}
	return string([]rune(name)[:maxName-1]) + "…"
}

// initial is the sign of an app without a logo.
func initial(name string) string {
	r, _ := utf8.DecodeRuneInString(strings.TrimSpace(name))
	return strings.ToUpper(string(r))
}

// languageName is what a language calls itself.
func languageName(l page.Language) string {
	if l == page.German {
		return "Deutsch"
	}
	return "English"
}

// footClass puts the footer in line with the page above it.
func footClass(p Page) string {
	switch {
	case p.Wide:
		return "wide-foot"
	case len(p.Nav.Items) > 0:
		return "area-foot"
	}
	return "narrow-foot"
}
