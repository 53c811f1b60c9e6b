package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/mail"
	"mana/web/page"
	"mana/web/ui"
)

// ShowSignup answers GET /signup.
func (p *Pages) ShowSignup(w http.ResponseWriter, r *http.Request) error {
	flow, who, err := p.visit(r)
	if err != nil {
		return err
	}
	if !p.SignupOpen {
		return p.signupClosed(w, r, flow)
	}
	if flow == nil && who != nil {
		SeeOther(w, r, "/account")
		return nil
	}
	v := p.signupView(w, r, flow)
	if flow != nil {
		v.Email = flow.Request.LoginHint
	}
	ui.Render(w, r, http.StatusOK, signupPage(v))
	return nil
}

func (p *Pages) signupView(w http.ResponseWriter, r *http.Request, flow *provider.Interaction) signupView {
	v := signupView{Page: p.page(w, r, ui.SignupTitle)}
	v.App, v.Request = appOf(flow)
	v.Work = p.Identity.SignupWork() > 0
	if p.Bonus > 0 {
		v.Bonus = ui.Credits(r.Context(), p.Bonus)
	}
	return v
}

func (p *Pages) signupClosed(w http.ResponseWriter, r *http.Request, flow *provider.Interaction) error {
	_, request := appOf(flow)
	ui.Render(w, r, http.StatusForbidden, ui.Say(ui.Notice{
		Page: ui.Page{Site: p.Site, Title: ui.T(r.Context(), ui.SignupClosed)}, Text: ui.T(r.Context(), ui.SignupClosedText),
		Action: ui.Link{Text: ui.T(r.Context(), ui.LoginTitle), URL: withRequest("/login", request)},
	}))
	return nil
}

// Signup answers POST /signup: the account comes into being and is signed in, unless a mail has to prove the address
// first.
func (p *Pages) Signup(w http.ResponseWriter, r *http.Request) error {
	if err := p.Forms.Check(r, string(p.cookies.Browser(r))); err != nil {
		return err
	}
	flow, _, err := p.visit(r)
	if err != nil {
		return err
	}
	if !p.SignupOpen {
		return p.signupClosed(w, r, flow)
	}
	for _, class := range []string{"signup", "signupday"} {
		if wait := p.Take(r.Context(), class); wait > 0 {
			return p.signupLimited(w, r, flow, wait)
		}
	}
	if p.Identity.SignupWork() > 0 {
		err := p.Identity.CheckWork(r.Context(), p.cookies.Browser(r), r.PostForm.Get("work"))
		if errors.Is(err, identity.ErrWork) {
			return p.signupRefused(w, r, flow, http.StatusUnprocessableEntity, ui.T(r.Context(), ui.SignupWorkMissing))
		}
		if err != nil {
			return err
		}
	}
	registration := identity.Registration{
		Email: r.PostForm.Get("email"), Password: r.PostForm.Get("password"), Name: r.PostForm.Get("name"), Device: page.Device(r),
	}
	_, request := appOf(flow)
	registration.Mail = mailTo(r, request)
	var user identity.User
	if p.Discreet {
		err = p.Identity.RegisterQuietly(r.Context(), registration)
	} else {
		user, err = p.Identity.Register(r.Context(), registration)
	}
	if faults := signupFaults(r.Context(), append(registration.Faults(), err)); len(faults) > 0 {
		v := p.signupView(w, r, flow)
		v.Failed, v.Name, v.Email, v.Faults = true, registration.Name, registration.Email, faults
		ui.Render(w, r, http.StatusUnprocessableEntity, signupPage(v))
		return nil
	}
	if err != nil {
		return err
	}
	if p.Discreet {
		p.cookies.SetAddress(w, registration.Email)
		SeeOther(w, r, withRequest(mail.PathVerify, request))
		return nil
	}
	in := identity.SignIn{Replaces: p.cookies.Session(r), Device: page.Device(r)}
	started, err := p.Identity.StartSession(r.Context(), user, in)
	if err != nil {
		return err
	}
	return p.signedIn(w, r, flow, started)
}

func (p *Pages) signupLimited(w http.ResponseWriter, r *http.Request, flow *provider.Interaction, wait time.Duration) error {
	w.Header().Set("Retry-After", wholeSeconds(wait))
	return p.signupRefused(w, r, flow, http.StatusTooManyRequests, ui.T(r.Context(), ui.Locked, "n", ui.Span(r.Context(), wait)))
}

// signupRefused shows the form again for a reason that lies at none of its fields.
func (p *Pages) signupRefused(w http.ResponseWriter, r *http.Request, flow *provider.Interaction, status int, reason string) error {
	v := p.signupView(w, r, flow)
	v.Failed, v.Name, v.Email = true, r.PostForm.Get("name"), r.PostForm.Get("email")
	v.Faults = ui.Faults{{Text: reason}}
	ui.Render(w, r, status, signupPage(v))
	return nil
}

// PathSignupWork is where the sign-up form finds the work that it has to do, if that is asked for.
const PathSignupWork = provider.PathSignup + "/work"

// SignupWork answers POST /signup/work.
func (p *Pages) SignupWork(w http.ResponseWriter, r *http.Request) error {
	browser := p.cookies.Browser(r)
	if err := p.Forms.Check(r, string(browser)); err != nil {
		return err
	}
	if p.Identity.SignupWork() == 0 {
		p.Error(w, r, http.StatusNotFound)
		return nil
	}
	if wait := p.Take(r.Context(), "passkey"); wait > 0 {
		p.Limited(w, r, wait)
		return nil
	}
	work, err := p.Identity.NewWork(r.Context(), browser)
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(work)
	if err != nil {
		return fmt.Errorf("encoding work: %w", err)
	}
	WriteOptions(w, encoded)
	return nil
}

// signupFaults says at which fields a registration failed, in the order of the fields.
func signupFaults(ctx context.Context, faults []error) ui.Faults {
	var found ui.Faults
	for _, known := range []struct {
		err   error
		field string
		text  ui.Key
	}{
		{identity.ErrName, "name", ui.NameInvalid},
		{identity.ErrEmail, "email", ui.EmailInvalid},
		{identity.ErrEmailTaken, "email", ui.Taken},
		{identity.ErrPasswordLength, "password", ui.PasswordShort},
		{identity.ErrPasswordCommon, "password", ui.PasswordListed},
		{identity.ErrPasswordBreached, "password", ui.PasswordBreached},
	} {
		if errors.Is(errors.Join(faults...), known.err) {
			found = append(found, ui.Fault{Field: known.field, Text: ui.T(ctx, known.text)})
		}
	}
	return found
}
