package login

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/mail"
	"mana/web/page"
	"mana/web/ui"
)

// confirmView is what the page of a link shows that proves an address.
type confirmView struct {
	ui.Page
	Email  string
	MadeAt time.Time
}

// ShowVerify answers GET /verify-email: where the link of a mail leads, and where a person waits for one. It changes
// nothing.
func (p *Pages) ShowVerify(w http.ResponseWriter, r *http.Request) error {
	if p.takeLink(w, r, mail.PathVerify) {
		return nil
	}
	switch {
	case r.FormValue("done") != "":
		return p.confirmed(w, r)
	case r.FormValue("denied") != "":
		return p.say(w, r, http.StatusOK, saying{ui.DeniedTitle, ui.Denied, ui.Link{}})
	case r.FormValue("link") == "":
		return p.showSent(w, r)
	}
	link, err := p.Identity.Link(r.Context(), identity.PurposeVerify, p.cookies.Link(r))
	if err != nil {
		return p.deadLink(w, r, err, mail.PathVerify)
	}
	p.allowReturn(r, link)
	ui.Render(w, r, http.StatusOK, confirmPage(confirmView{
		Page: p.page(w, r, ui.VerifyTitle), Email: string(link.User.Email), MadeAt: link.User.CreatedAt,
	}))
	return nil
}

// confirmed says that an address is proven, and leads on.
func (p *Pages) confirmed(w http.ResponseWriter, r *http.Request) error {
	_, who, err := p.visit(r)
	if err != nil {
		return err
	}
	action := ui.Link{Text: ui.T(r.Context(), ui.LoginTitle), URL: "/login"}
	if who != nil {
		action = ui.Link{Text: ui.T(r.Context(), ui.ToAccount), URL: accountPath}
	}
	return p.say(w, r, http.StatusOK, saying{ui.VerifyDoneTitle, ui.VerifyDone, action})
}

// showSent is the page of somebody who waits for a link.
func (p *Pages) showSent(w http.ResponseWriter, r *http.Request) error {
	if !p.Mails {
		return p.mailsClosed(w, r)
	}
	_, request, err := p.waiting(r)
	if err != nil {
		return err
	}
	v := p.sentView(w, r, request)
	if r.FormValue("sent") != "" {
		v.Done = ui.T(r.Context(), ui.SentAgain)
	}
	ui.Render(w, r, http.StatusOK, sentPage(v))
	return nil
}

func (p *Pages) sentView(w http.ResponseWriter, r *http.Request, request string) mailView {
	v := mailView{Page: p.page(w, r, ui.SentTitle), Request: request, Lead: ui.T(r.Context(), ui.SentLeadPlain)}
	if address, err := identity.ParseEmail(p.cookies.Address(r)); err == nil {
		v.Email, v.Lead = string(address), ui.T(r.Context(), ui.SentLead, "mail", string(address))
	}
	return v
}

// Verify answers POST /verify-email: the link is used up, the address proven.
func (p *Pages) Verify(w http.ResponseWriter, r *http.Request) error {
	if err := p.Forms.Check(r, string(p.cookies.Browser(r))); err != nil {
		return err
	}
	link, err := p.Identity.VerifyEmail(r.Context(), p.cookies.Link(r), page.Device(r))
	if err != nil {
		return p.deadLink(w, r, err, mail.PathVerify)
	}
	p.Provider.SessionsEnded()
	p.cookies.SetLink(w, "")
	return p.leave(w, r, link, mail.PathVerify)
}

// Deny answers POST /verify-email/deny: whoever has the address did not make the account, which is deleted.
func (p *Pages) Deny(w http.ResponseWriter, r *http.Request) error {
	if err := p.Forms.Check(r, string(p.cookies.Browser(r))); err != nil {
		return err
	}
	if err := p.Identity.DenyAccount(r.Context(), p.cookies.Link(r), page.Device(r)); err != nil {
		return p.deadLink(w, r, err, mail.PathVerify)
	}
	p.Provider.SessionsEnded()
	p.cookies.SetLink(w, "")
	SeeOther(w, r, withParam(mail.PathVerify, "denied"))
	return nil
}

// Resend answers POST /verify-email/resend, alike whether somebody waits for a link or not.
func (p *Pages) Resend(w http.ResponseWriter, r *http.Request) error {
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
	email := r.PostForm.Get("email")
	err = p.Identity.ResendVerification(r.Context(), email, mailTo(r, request), page.Device(r))
	if errors.Is(err, identity.ErrEmail) {
		v := p.sentView(w, r, request)
		v.Failed, v.Email, v.Faults = true, email, emailFault(r.Context())
		ui.Render(w, r, http.StatusUnprocessableEntity, sentPage(v))
		return nil
	}
	if err != nil {
		return err
	}
	p.cookies.SetAddress(w, email)
	SeeOther(w, r, withParam(withRequest(mail.PathVerify, request), "sent"))
	return nil
}

// waiting is the app that waits, nil if none, and the id of its interaction.
func (p *Pages) waiting(r *http.Request) (*provider.Interaction, string, error) {
	flow, _, err := p.visit(r)
	_, request := appOf(flow)
	return flow, request, err
}

// mailTo is how a mail to whoever asked is written, and that its page leads back to the app that waits.
func mailTo(r *http.Request, request string) identity.MailTo {
	to := identity.MailTo{Language: language(r)}
	if request != "" {
		to.ReturnTo = withRequest("/login", request)
	}
	return to
}

func language(r *http.Request) string { return string(page.From(r.Context()).Language()) }

// allowReturn lets the form of the page end where its link leads back to.
func (p *Pages) allowReturn(r *http.Request, link identity.Link) {
	if to, err := url.Parse(link.ReturnTo); err == nil && to.Host != "" {
		page.From(r.Context()).AllowForm(to.Scheme + "://" + to.Host)
	}
}

// leave goes to where a link leads back to after it was used, or says at its page that it was: there may be nowhere, or
// an app that no longer waits in this browser.
func (p *Pages) leave(w http.ResponseWriter, r *http.Request, link identity.Link, path string) error {
	to, err := url.Parse(link.ReturnTo)
	waits := err == nil && link.ReturnTo != ""
	if waits && to.Host == "" {
		again := r.Clone(r.Context())
		again.Form = to.Query()
		if _, err := p.Provider.Interaction(again); errors.Is(err, provider.ErrNoRequest) {
			waits = false
		}
	}
	if !waits {
		link.ReturnTo = withParam(path, "done")
	}
	SeeOther(w, r, link.ReturnTo)
	return nil
}

// withParam adds a parameter that says "yes" to the address of a page.
func withParam(path, name string) string {
	if strings.Contains(path, "?") {
		return path + "&" + name + "=1"
	}
	return path + "?" + name + "=1"
}

// wholeSeconds is a waiting time as a header says it, rounded up.
func wholeSeconds(wait time.Duration) string {
	return strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
}
