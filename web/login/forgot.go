package login

import (
	"context"
	"errors"
	"net/http"
	"time"

	"mana/provider/identity"
	"mana/web/mail"
	"mana/web/page"
	"mana/web/ui"
)

// pathForgot is where a person asks for a link to set a new password.
const pathForgot = "/forgot"

// mailView is what a page shows that takes an address and sends a mail to it.
type mailView struct {
	ui.Page
	Request string // id of the interaction, empty: none
	Email   string
	Done    string // what was done, empty: nothing
	Lead    string
	Faults  ui.Faults
}

// ShowForgot answers GET /forgot.
func (p *Pages) ShowForgot(w http.ResponseWriter, r *http.Request) error {
	if !p.Mails {
		return p.mailsClosed(w, r)
	}
	flow, _, err := p.visit(r)
	if err != nil {
		return err
	}
	_, request := appOf(flow)
	if r.FormValue("sent") != "" {
		return p.say(w, r, http.StatusOK, saying{ui.ForgotSentTitle, ui.ForgotSent, ui.Link{
			Text: ui.T(r.Context(), ui.LoginTitle), URL: withRequest("/login", request),
		}})
	}
	v := mailView{Page: p.page(w, r, ui.ForgotTitle), Request: request}
	if flow != nil {
		v.Email = flow.Request.LoginHint
	}
	ui.Render(w, r, http.StatusOK, forgotPage(v))
	return nil
}

// Forgot answers POST /forgot, alike whether somebody has the address or not.
func (p *Pages) Forgot(w http.ResponseWriter, r *http.Request) error {
	if !p.Mails {
		return p.mailsClosed(w, r)
	}
	if err := p.Forms.Check(r, string(p.cookies.Browser(r))); err != nil {
		return err
	}
	_, request, err := p.waiting(r)
	if err != nil {
		return err
	}
	if wait := p.Take(r.Context(), "mail"); wait > 0 {
		p.limited(w, r, wait)
		return nil
	}
	err = p.Identity.ForgotPassword(r.Context(), r.PostForm.Get("email"), mailTo(r, request), page.Device(r))
	if errors.Is(err, identity.ErrEmail) {
		v := mailView{Page: p.page(w, r, ui.ForgotTitle), Request: request, Email: r.PostForm.Get("email"), Faults: emailFault(r.Context())}
		v.Failed = true
		ui.Render(w, r, http.StatusUnprocessableEntity, forgotPage(v))
		return nil
	}
	if err != nil {
		return err
	}
	SeeOther(w, r, withParam(withRequest(pathForgot, request), "sent"))
	return nil
}

// ShowReset answers GET /reset. The link of a mail leads here: its token goes into a cookie, and nothing changes.
func (p *Pages) ShowReset(w http.ResponseWriter, r *http.Request) error {
	if p.takeLink(w, r, mail.PathReset) {
		return nil
	}
	if r.FormValue("done") != "" {
		return p.say(w, r, http.StatusOK, saying{ui.ResetDoneTitle, ui.ResetDone, ui.Link{Text: ui.T(r.Context(), ui.LoginTitle), URL: "/login"}})
	}
	link, err := p.Identity.Link(r.Context(), identity.PurposeReset, p.cookies.Link(r))
	if err != nil {
		return p.deadLink(w, r, err, pathForgot)
	}
	p.showReset(w, r, http.StatusOK, link, nil)
	return nil
}

// resetView is what the page for a new password shows.
type resetView struct {
	ui.Page
	Email  string
	Faults ui.Faults
}

func (p *Pages) showReset(w http.ResponseWriter, r *http.Request, status int, link identity.Link, faults ui.Faults) {
	p.allowReturn(r, link)
	v := resetView{Page: p.page(w, r, ui.ResetTitle), Email: string(link.User.Email), Faults: faults}
	v.Failed = len(faults) > 0
	ui.Render(w, r, status, resetPage(v))
}

// Reset answers POST /reset: the link is used up, the password set, and everybody signed out.
func (p *Pages) Reset(w http.ResponseWriter, r *http.Request) error {
	if err := p.Forms.Check(r, string(p.cookies.Browser(r))); err != nil {
		return err
	}
	ctx, token, password := r.Context(), p.cookies.Link(r), r.PostForm.Get("password")
	link, err := p.Identity.ResetPassword(ctx, token, password, language(r), page.Device(r))
	if faults := signupFaults(ctx, []error{err}); len(faults) > 0 {
		if link, err = p.Identity.Link(ctx, identity.PurposeReset, token); err == nil {
			p.showReset(w, r, http.StatusUnprocessableEntity, link, faults)
			return nil
		}
	}
	if err != nil {
		return p.deadLink(w, r, err, pathForgot)
	}
	p.Provider.SessionsEnded()
	p.cookies.SetLink(w, "")
	return p.leave(w, r, link, mail.PathReset)
}

// takeLink moves the token of a link into a cookie and sends the browser to the page without it. It reports whether
// there was one.
func (p *Pages) takeLink(w http.ResponseWriter, r *http.Request, path string) bool {
	tokens := r.URL.Query()[mail.ParamToken]
	if len(tokens) == 0 {
		return false
	}
	token := identity.Secret(tokens[0])
	if len(tokens) > 1 || token.Hash() == nil {
		p.Error(w, r, http.StatusBadRequest)
		return true
	}
	p.cookies.SetLink(w, token)
	SeeOther(w, r, withParam(path, "link"))
	return true
}

// deadLink says why a link does not work, and where another one can be had.
func (p *Pages) deadLink(w http.ResponseWriter, r *http.Request, err error, again string) error {
	text := ui.LinkUsed
	switch {
	case errors.Is(err, identity.ErrLinkExpired):
		text = ui.LinkExpired
	case !errors.Is(err, identity.ErrLinkInvalid):
		return err
	}
	return p.say(w, r, http.StatusBadRequest, saying{ui.LinkDeadTitle, text, ui.Link{Text: ui.T(r.Context(), ui.LinkAgain), URL: again}})
}

func (p *Pages) mailsClosed(w http.ResponseWriter, r *http.Request) error {
	return p.say(w, r, http.StatusForbidden, saying{ui.MailsClosedTitle, ui.MailsClosed, ui.Link{Text: ui.T(r.Context(), ui.LoginTitle), URL: "/login"}})
}

// saying is a page that says one thing, and where it leads.
type saying struct {
	title, text ui.Key
	action      ui.Link // empty: nowhere
}

// say shows a page that says one thing.
func (p *Pages) say(w http.ResponseWriter, r *http.Request, status int, s saying) error {
	ui.Render(w, r, status, ui.Say(ui.Notice{
		Page: ui.Page{Site: p.Site, Title: ui.T(r.Context(), s.title), Failed: status >= http.StatusBadRequest},
		Text: ui.T(r.Context(), s.text), Action: s.action,
	}))
	return nil
}

func (p *Pages) limited(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	w.Header().Set("Retry-After", wholeSeconds(wait))
	p.Limited(w, r, wait)
}

func emailFault(ctx context.Context) ui.Faults {
	return ui.Faults{{Field: "email", Text: ui.T(ctx, ui.EmailInvalid)}}
}
