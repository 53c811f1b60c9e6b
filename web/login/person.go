package login

import (
	"errors"
	"net/http"
	"net/url"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/page"
)

// ParamReturn is the name under which the login page carries the page of ours that a person goes back to.
const ParamReturn = "return"

const (
	accountPath = "/account" // where a person goes who wants nothing else

	// SecurityPath is the page on which people look after their ways in.
	SecurityPath = "/account/security"
)

// Person answers a page for somebody who is signed in.
type Person func(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error

// SignedIn makes a handler of a page for who is signed in. Anybody else signs in first and comes back, also who is signed
// out while the page is made.
func (p *Pages) SignedIn(h Person) http.Handler {
	return p.Handle(func(w http.ResponseWriter, r *http.Request) error {
		who, err := p.Provider.SignedIn(r)
		if err != nil {
			return err
		}
		if who == nil {
			AskLogin(w, r, "")
			return nil
		}
		page.From(r.Context()).Live(who.User.Profile.Zoneinfo)
		if err = h(w, r, who); errors.Is(err, identity.ErrNoSession) { // it ended meanwhile
			AskLogin(w, r, SecurityPath)
			return nil
		}
		return err
	})
}

// Fresh is [Pages.SignedIn] for what needs a proof within [provider.FreshProof]: who gave it earlier proves it again
// and comes back. What was posted is not kept; after a POST they come back to the page named by back, such as
// "/account/security", where they find the form again. Empty is the path of the request itself.
func (p *Pages) Fresh(back string, h Person) http.Handler {
	return p.SignedIn(func(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
		if !p.Provider.Fresh(who) {
			AskLogin(w, r, back)
			return nil
		}
		return h(w, r, who)
	})
}

// AskLogin sends a browser to the login page and from there back to the page that it asked for, or after a POST to
// the one named by back, as in [Pages.Fresh].
func AskLogin(w http.ResponseWriter, r *http.Request, back string) {
	to := r.URL.RequestURI()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		to = r.URL.Path
		if back != "" {
			to = back
		}
	}
	SeeOther(w, r, provider.PathLogin+"?"+ParamReturn+"="+url.QueryEscape(to))
}

// returnTo is the page that a request to the login page wants to go back to; empty when it names none of ours.
func returnTo(r *http.Request) string {
	to := r.FormValue(ParamReturn)
	if !page.Local(to) {
		return ""
	}
	return to
}
