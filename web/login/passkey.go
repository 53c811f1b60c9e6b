package login

import (
	"errors"
	"net/http"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/page"
	"mana/web/ui"
)

// PathPasskeyOffer is the page that offers a passkey to who has signed in without one.
const PathPasskeyOffer = SecurityPath + "/passkeys/offer"

// offers reports whether a person who signed in by password is offered a passkey: the device can make one, as a script
// of the login page says, and nobody was offered one in this browser lately.
func (p *Pages) offers(r *http.Request, s identity.Started) bool {
	return r.PostForm.Get("offer") != "" && p.Identity.TakesPasskeys() && s.Waiting == "" && !s.User.HasPasskey && !p.cookies.Offered(r)
}

// offer hands the session to the browser, and offers a passkey before it goes on.
func (p *Pages) offer(w http.ResponseWriter, r *http.Request, flow *provider.Interaction, s identity.Started) error {
	if err := p.begin(w, r, flow, s); err != nil {
		return err
	}
	p.cookies.SetOffered(w)
	SeeOther(w, r, withWaiting(PathPasskeyOffer, r))
	return nil
}

// Onward is where a page leads that stood between a sign-in and what waits for it.
func Onward(r *http.Request) string { return withWaiting(provider.PathLogin, r) }

// PasskeyOptions answers POST /login/passkey/options: what a browser needs to ask for a passkey. It is alike for
// everybody.
func (p *Pages) PasskeyOptions(w http.ResponseWriter, r *http.Request) error {
	browser := p.cookies.Browser(r)
	if err := p.Forms.Check(r, string(browser)); err != nil {
		return err
	}
	if wait := p.Take(r.Context(), "passkey"); wait > 0 {
		p.Limited(w, r, wait)
		return nil
	}
	options, err := p.Identity.PasskeyOptions(r.Context(), browser)
	if err != nil {
		return err
	}
	WriteOptions(w, options)
	return nil
}

// WriteOptions answers a script that asks for the options of a passkey.
func WriteOptions(w http.ResponseWriter, options []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(options) //nolint:gosec // JSON, and who has gone need not be told
}

// Passkey answers POST /login/passkey: a passkey has proven who it is.
func (p *Pages) Passkey(w http.ResponseWriter, r *http.Request) error {
	browser := p.cookies.Browser(r)
	if err := p.Forms.Check(r, string(browser)); err != nil {
		return err
	}
	flow, _, err := p.visit(r)
	if err != nil {
		return err
	}
	if wait := p.Take(r.Context(), "passkey"); wait > 0 {
		return p.loginRefused(w, r, flow, http.StatusTooManyRequests, wait)
	}
	started, err := p.Identity.SignInPasskey(r.Context(), browser, r.PostForm.Get("credential"), identity.SignIn{
		Remember: r.PostForm.Get("remember") != "", Replaces: p.cookies.Session(r), Device: page.Device(r),
	})
	if errors.Is(err, identity.ErrPasskey) || errors.Is(err, identity.ErrCredentials) {
		v := p.loginView(w, r, flow)
		v.Failed, v.Faults = true, ui.Faults{{Text: ui.T(r.Context(), ui.PasskeyFailed)}}
		ui.Render(w, r, http.StatusUnauthorized, loginPage(v))
		return nil
	}
	if errors.Is(err, identity.ErrUnverified) {
		_, request := appOf(flow)
		p.askVerified(w, r, string(started.User.Email), request)
		return nil
	}
	if err != nil {
		return err
	}
	p.cookies.SetSignIn(w, "")
	return p.signedIn(w, r, flow, started)
}
