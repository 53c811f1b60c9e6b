package login

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/page"
	"mana/web/ui"
)

const (
	recoveryPath = "/account/security/recovery-codes" // where new ones are made
	clockMisses  = 2                                  // wrong codes after which the clock may be the reason
)

// factorView is what the page of the second factor shows.
type factorView struct {
	ui.Page
	App     appView
	Request string
	Return  string
	Account string
	Misses  int
	Passkey bool // the person has one, which stands for both factors
	Faults  ui.Faults
}

// lastCodeView is what is shown after the last recovery code.
type lastCodeView struct {
	ui.Page
	App      appView
	Continue string
}

// ShowFactor answers GET /mfa: a sign-in by password waits for the second factor.
func (p *Pages) ShowFactor(w http.ResponseWriter, r *http.Request) error {
	flow, _, err := p.visit(r)
	if err != nil {
		return err
	}
	user, err := p.Identity.WaitingSignIn(r.Context(), p.cookies.SignIn(r))
	if errors.Is(err, identity.ErrNoSignIn) {
		p.again(w, r)
		return nil
	}
	if err != nil {
		return err
	}
	ui.Render(w, r, http.StatusOK, factorPage(p.factorView(w, r, flow, user)))
	return nil
}

func (p *Pages) factorView(w http.ResponseWriter, r *http.Request, flow *provider.Interaction, user identity.User) factorView {
	v := factorView{Page: p.page(w, r, ui.FactorTitle), Account: string(user.Email), Return: returnTo(r)}
	v.App, v.Request = appOf(flow)
	v.Passkey = user.HasPasskey && p.Identity.TakesPasskeys()
	return v
}

// again sends a browser whose sign-in does not wait any more back to the beginning.
func (p *Pages) again(w http.ResponseWriter, r *http.Request) {
	p.cookies.SetSignIn(w, "")
	SeeOther(w, r, withWaiting(provider.PathLogin, r))
}

// withWaiting adds to the address of a page what the person wanted when the sign-in began.
func withWaiting(path string, r *http.Request) string {
	query := url.Values{}
	if request := identity.Secret(r.FormValue(provider.ParamRequest)); request.Hash() != nil {
		query.Set(provider.ParamRequest, string(request))
	}
	if to := returnTo(r); to != "" {
		query.Set(ParamReturn, to)
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// Factor answers POST /mfa.
func (p *Pages) Factor(w http.ResponseWriter, r *http.Request) error {
	if err := p.Forms.Check(r, string(p.cookies.Browser(r))); err != nil {
		return err
	}
	flow, _, err := p.visit(r)
	if err != nil {
		return err
	}
	if flow != nil && r.PostForm.Get("cancel") != "" {
		p.cookies.SetSignIn(w, "")
		p.Provider.Deny(w, r, flow)
		return nil
	}
	if wait := p.Take(r.Context(), "login"); wait > 0 {
		return p.factorRefused(w, r, flow, &identity.LockedError{RetryAfter: wait})
	}
	started, err := p.Identity.FinishSignIn(r.Context(), identity.FactorSignIn{
		Waiting: p.cookies.SignIn(r), Code: r.PostForm.Get("code") + r.PostForm.Get("recovery"),
		Replaces: p.cookies.Session(r), Device: page.Device(r),
	})
	if !errors.Is(err, identity.ErrCodeWrong) && !errors.Is(err, identity.ErrCodeUsed) {
		p.GiveBack(r.Context(), "login")
	}
	if errors.Is(err, identity.ErrNoSignIn) || errors.Is(err, identity.ErrCredentials) {
		p.again(w, r)
		return nil
	}
	if err != nil {
		return p.factorRefused(w, r, flow, err)
	}
	p.cookies.SetSignIn(w, "")
	if started.RecoveryUsed && started.RecoveryLeft == 0 {
		return p.lastCode(w, r, flow, started)
	}
	return p.signedIn(w, r, flow, started)
}

// factorRefused shows the form again.
func (p *Pages) factorRefused(w http.ResponseWriter, r *http.Request, flow *provider.Interaction, cause error) error {
	locked := new(identity.LockedError)
	wrong, used := errors.Is(cause, identity.ErrCodeWrong), errors.Is(cause, identity.ErrCodeUsed)
	if !wrong && !used && !errors.As(cause, &locked) {
		return cause
	}
	user, err := p.Identity.WaitingSignIn(r.Context(), p.cookies.SignIn(r))
	if errors.Is(err, identity.ErrNoSignIn) {
		p.again(w, r)
		return nil
	}
	if err != nil {
		return err
	}
	v, status := p.factorView(w, r, flow, user), http.StatusUnprocessableEntity
	v.Failed = true
	v.Misses, _ = strconv.Atoi(r.PostForm.Get("misses")) // it decides only about a hint
	v.Misses++
	field, texts := "code", [2]ui.Key{ui.FactorWrong, ui.FactorUsed}
	if r.PostForm.Get("recovery") != "" {
		field, texts = "recovery", [2]ui.Key{ui.RecoveryWrong, ui.RecoveryGone}
	}
	switch {
	case wrong:
		v.Faults = ui.Faults{{Field: field, Text: ui.T(r.Context(), texts[0])}}
	case used:
		v.Faults = ui.Faults{{Field: field, Text: ui.T(r.Context(), texts[1])}}
	default:
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", strconv.FormatInt(int64((locked.RetryAfter+time.Second-1)/time.Second), 10))
		v.Faults = ui.Faults{{Text: ui.T(r.Context(), ui.Locked, "n", ui.Span(r.Context(), locked.RetryAfter))}}
	}
	ui.Render(w, r, status, factorPage(v))
	return nil
}

// lastCode hands the session to the browser, and says that no recovery code is left before it goes on.
func (p *Pages) lastCode(w http.ResponseWriter, r *http.Request, flow *provider.Interaction, s identity.Started) error {
	if err := p.begin(w, r, flow, s); err != nil {
		return err
	}
	SeeOther(w, r, withWaiting(provider.PathFactorCodes, r))
	return nil
}

// ShowLastCode answers GET /mfa/codes.
func (p *Pages) ShowLastCode(w http.ResponseWriter, r *http.Request, _ *provider.SignedIn) error {
	flow, _, err := p.visit(r)
	if err != nil {
		return err
	}
	v := lastCodeView{Page: p.page(w, r, ui.RecoveryLastTitle), Continue: withWaiting(provider.PathLogin, r)}
	v.App, _ = appOf(flow)
	ui.Render(w, r, http.StatusOK, lastCodePage(v))
	return nil
}

// CodeAttributes are those of a field that takes a code of an authenticator app.
func CodeAttributes(focus bool) templ.Attributes {
	return templ.Attributes{
		"inputmode": "numeric", "autocomplete": "one-time-code", "pattern": "[0-9 ]*", "enterkeyhint": "go",
		"required": true, "autofocus": focus,
	}
}
