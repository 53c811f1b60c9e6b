// Package login holds the hosted pages by which people sign in, sign up, consent and sign out.
//
// It promises that a page changes nothing by GET, that unknown and known accounts are answered alike, and
// that a person never leaves for an address that was not proven.
package login

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
	"mana/provider/upstream"
	"mana/web/mail"
	"mana/web/page"
	"mana/web/ui"
)

// Config is what the pages need. All fields are required, unless said.
type Config struct {
	Protocol
	Provider   *provider.Provider
	Identity   *identity.Service
	Forms      *page.Forms
	Logger     *slog.Logger
	SignupOpen bool
	Bonus      ledger.Amount
	Mails      bool // people get the mails that are written for them
	// Discreet says that sign-up does not tell whether an address is taken: a mail does, and nobody is signed in by it.
	Discreet bool
	// Take counts one use of a class of limits by the caller's network, and gives how long to wait when it
	// is passed. GiveBack takes a count back.
	Take     func(ctx context.Context, class string) time.Duration
	GiveBack func(ctx context.Context, class string)
	// Upstreams are the providers that people may sign in with, in the order of their buttons; may be empty.
	Upstreams []*upstream.Provider
	// Seal and Open make texts that only we can make and read, bound to a row.
	Seal func(row string, plain []byte) []byte
	Open func(row string, sealed []byte) ([]byte, error)
	Now  func() time.Time
}

// Pages answers the sign-in pages. It is safe for concurrent use.
type Pages struct {
	Config
	cookies provider.Cookies
}

// New makes the pages.
func New(cfg Config) *Pages { return &Pages{Config: cfg, cookies: cfg.Provider.Cookies()} }

// Handle turns a handler that returns errors into one that shows them: the one place for all of them.
func (p *Pages) Handle(h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			p.showError(w, r, err)
		}
	})
}

func (p *Pages) showError(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, page.ErrForgery):
		p.Error(w, r, http.StatusForbidden)
	case errors.Is(err, page.ErrMediaType):
		p.Error(w, r, http.StatusUnsupportedMediaType)
	case errors.Is(err, page.ErrTooLarge):
		p.Error(w, r, http.StatusRequestEntityTooLarge)
	case errors.Is(err, provider.ErrNoRequest):
		p.ProtocolError(w, r, http.StatusBadRequest, provider.PageRequestExpired)
	case errors.Is(err, identity.ErrBusy), errors.Is(err, context.Canceled), passesByItself(err):
		p.Error(w, r, http.StatusServiceUnavailable)
	default:
		p.Logger.ErrorContext(r.Context(), "page failed", "error", err, "requestId", page.From(r.Context()).RequestID)
		p.Error(w, r, http.StatusInternalServerError)
	}
}

// passesByItself reports whether trying again helps, as storage says of an overload.
func passesByItself(err error) bool {
	temporary, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err)
	return ok && temporary.Temporary()
}

// visit is what a handler learns first: the app that waits, nil if none, and who is signed in, nil if nobody.
func (p *Pages) visit(r *http.Request) (*provider.Interaction, *provider.SignedIn, error) {
	who, err := p.Provider.SignedIn(r)
	if who != nil {
		page.From(r.Context()).Live(who.User.Profile.Zoneinfo)
	}
	if err != nil || r.FormValue(provider.ParamRequest) == "" {
		return nil, who, err
	}
	flow, err := p.Provider.Interaction(r)
	if flow != nil {
		page.From(r.Context()).AllowForm(flow.Redirect.Origin())
		page.From(r.Context()).Speak(flow.Request.UILocales)
	}
	return flow, who, err
}

// ShowLogin answers GET /login. It goes on by itself when nothing is left to prove.
func (p *Pages) ShowLogin(w http.ResponseWriter, r *http.Request) error {
	flow, who, err := p.visit(r)
	if err != nil {
		return err
	}
	switching := r.FormValue("switch") != ""
	switch {
	case flow != nil && (flow.Silent() || !switching && !p.Provider.LoginDue(flow, who) && !flow.StepUpDue(who)):
		p.Provider.Resume(w, r, flow, who)
		return nil
	case flow == nil && who != nil && (returnTo(r) == "" || p.Provider.Fresh(who)):
		SeeOther(w, r, cmp.Or(returnTo(r), accountPath))
		return nil
	}
	v := p.loginView(w, r, flow)
	switch {
	case flow != nil && who != nil && flow.OtherPerson(who):
		v.Lead = ui.T(r.Context(), ui.LoginOther, "email", string(who.User.Email))
	case who != nil && !switching:
		v.Email, v.FixedEmail, v.Lead = string(who.User.Email), true, ui.T(r.Context(), ui.LoginAgain)
		v.Remember = who.Session.IdleFor == 0
		if len(who.Session.AMR) == 0 && len(v.With) > 0 {
			v.Lead = ui.T(r.Context(), ui.LoginAgainWith)
		}
		if who.User.HasPasskey && (flow == nil && provider.Weak(who) || flow != nil && flow.StepUpDue(who)) {
			v.Lead = ui.T(r.Context(), ui.PasskeyNeeded)
		}
	case flow != nil:
		v.Email = flow.Request.LoginHint
	}
	ui.Render(w, r, http.StatusOK, loginPage(v))
	return nil
}

func (p *Pages) loginView(w http.ResponseWriter, r *http.Request, flow *provider.Interaction) loginView {
	v := loginView{Page: p.page(w, r, ui.LoginTitle), Mails: p.Mails, SignupOpen: p.SignupOpen && (flow == nil || !flow.OnePerson())}
	v.App, v.Request = appOf(flow)
	if flow == nil {
		v.Return = returnTo(r)
	}
	v.Passkeys = p.Identity.TakesPasskeys()
	v.With = p.withViews(r.Context(), v.Request, v.Return)
	return v
}

// page is a page whose form is bound to the browser.
func (p *Pages) page(w http.ResponseWriter, r *http.Request, title ui.Key) ui.Page {
	token := p.Forms.Token(string(p.cookies.EnsureBrowser(w, r)))
	return ui.Page{Site: p.Site, Title: ui.T(r.Context(), title), FormToken: token}
}

func appOf(flow *provider.Interaction) (appView, string) {
	if flow == nil {
		return appView{}, ""
	}
	return appView{Name: flow.Client.Name, Host: flow.Redirect.Host()}, string(flow.ID)
}

// Login answers POST /login.
func (p *Pages) Login(w http.ResponseWriter, r *http.Request) error {
	if err := p.Forms.Check(r, string(p.cookies.Browser(r))); err != nil {
		return err
	}
	flow, _, err := p.visit(r)
	if err != nil {
		return err
	}
	if flow != nil && r.PostForm.Get("cancel") != "" {
		p.Provider.Deny(w, r, flow)
		return nil
	}
	if wait := p.Take(r.Context(), "login"); wait > 0 {
		return p.loginRefused(w, r, flow, http.StatusTooManyRequests, wait)
	}
	in := identity.SignIn{
		Email: r.PostForm.Get("username"), Password: r.PostForm.Get("password"),
		Remember: r.PostForm.Get("remember") != "", Replaces: p.cookies.Session(r), Device: page.Device(r),
	}
	started, err := p.Identity.SignIn(r.Context(), in)
	if !errors.Is(err, identity.ErrCredentials) {
		p.GiveBack(r.Context(), "login")
	}
	if locked := new(identity.LockedError); errors.As(err, &locked) {
		return p.loginRefused(w, r, flow, http.StatusTooManyRequests, locked.RetryAfter)
	}
	if errors.Is(err, identity.ErrUnverified) {
		_, request := appOf(flow)
		p.askVerified(w, r, in.Email, request)
		return nil
	}
	if errors.Is(err, identity.ErrCredentials) || errors.Is(err, identity.ErrEmail) {
		return p.loginRefused(w, r, flow, http.StatusUnprocessableEntity, 0)
	}
	if err != nil {
		return err
	}
	if p.offers(r, started) {
		return p.offer(w, r, flow, started)
	}
	return p.signedIn(w, r, flow, started)
}

// askVerified sends somebody who has to prove the address first to where the mail is waited for.
func (p *Pages) askVerified(w http.ResponseWriter, r *http.Request, email, request string) {
	p.cookies.SetAddress(w, email)
	SeeOther(w, r, withRequest(mail.PathVerify, request))
}

// loginRefused shows the form again with what was typed but the password.
func (p *Pages) loginRefused(w http.ResponseWriter, r *http.Request, flow *provider.Interaction, status int, wait time.Duration) error {
	v := p.loginView(w, r, flow)
	v.Failed, v.Email, v.Remember = true, r.PostForm.Get("username"), r.PostForm.Get("remember") != ""
	who, err := p.Provider.SignedIn(r)
	if err != nil {
		return err
	}
	v.FixedEmail = v.Return != "" && who != nil && v.Email == string(who.User.Email)
	v.Faults = ui.Faults{{Text: ui.T(r.Context(), ui.LoginFailed)}}
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", wholeSeconds(wait))
		v.Faults = ui.Faults{{Text: ui.T(r.Context(), ui.Locked, "n", ui.Span(r.Context(), wait))}}
	}
	ui.Render(w, r, status, loginPage(v))
	return nil
}

// signedIn hands the session to the browser and goes on with what waits, or asks for the second factor first.
func (p *Pages) signedIn(w http.ResponseWriter, r *http.Request, flow *provider.Interaction, s identity.Started) error {
	if s.Waiting != "" {
		p.cookies.SetSignIn(w, s.Waiting)
		SeeOther(w, r, withWaiting(provider.PathFactor, r))
		return nil
	}
	if err := p.begin(w, r, flow, s); err != nil {
		return err
	}
	if flow == nil {
		SeeOther(w, r, cmp.Or(returnTo(r), accountPath))
		return nil
	}
	p.Provider.Resume(w, r, flow, &provider.SignedIn{Session: s.Session, User: s.User})
	return nil
}

// begin hands the session to the browser, and notes that it was proven for what waits.
func (p *Pages) begin(w http.ResponseWriter, r *http.Request, flow *provider.Interaction, s identity.Started) error {
	p.cookies.SetSession(w, s.Cookie, s.Session.CookieUntil())
	if l, ok := page.Understand(s.User.Profile.Locale); ok {
		page.KeepLanguage(w, l, p.cookies.Secure())
	}
	if flow == nil {
		return nil
	}
	return p.Provider.Proven(r, flow, &provider.SignedIn{Session: s.Session, User: s.User})
}

// SeeOther sends the browser to a page of ours.
func SeeOther(w http.ResponseWriter, r *http.Request, path string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, path, http.StatusSeeOther) //nolint:gosec // callers give paths of ours; see page.Local
}

// withRequest adds the id of the interaction to the address of a page.
func withRequest(path, request string) string {
	if request == "" {
		return path
	}
	return path + "?" + provider.ParamRequest + "=" + request
}

// emailAttributes are those of a field that takes an address.
func emailAttributes(autocomplete string, focus bool) templ.Attributes {
	return templ.Attributes{
		"autocomplete": autocomplete, "inputmode": "email", "autocapitalize": "none", "spellcheck": "false",
		"required": true, "autofocus": focus,
	}
}
