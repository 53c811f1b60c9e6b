package account

import (
	"errors"
	"net/http"

	"github.com/google/uuid"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/login"
	"mana/web/page"
	"mana/web/ui"
)

const recentEvents = 50

// securityView is what the page on security shows.
type securityView struct {
	ui.Page
	Done     string
	Faults   ui.Faults
	Factor   identity.TwoFactor
	Passkeys []identity.Passkey
	// TakesPasskeys says that they can be used here.
	TakesPasskeys bool
	Linked        []linkedView
	Events        []identity.PastEvent
	Older         string // address of the events before these; empty: there are none
}

// Security answers GET /account/security: how the person proves who they are, and what happened to the account.
func (p *Pages) Security(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	v, err := p.securityView(r, who)
	if err != nil {
		return err
	}
	ui.Render(w, r, http.StatusOK, securityPage(v))
	return nil
}

func (p *Pages) securityView(r *http.Request, who *provider.SignedIn) (securityView, error) {
	v := securityView{Page: p.page(r, who, ui.SecurityTitle)}
	var err error
	if v.Factor, err = p.Identity.Factors(r.Context(), who.User.ID); err != nil {
		return v, err
	}
	v.TakesPasskeys = p.Identity.TakesPasskeys()
	if v.Passkeys, err = p.Identity.Passkeys(r.Context(), who.User.ID); err != nil {
		return v, err
	}
	if v.Linked, err = p.linkedViews(r, who); err != nil {
		return v, err
	}
	v.Done = done(r, map[string]ui.Key{"passkey": ui.PasskeyAdded, "named": ui.PasskeyNamed, "password": ui.PasswordChanged, "linked": ui.LinkDone, "unlinked": ui.UnlinkDone})
	before, err := uuid.Parse(r.FormValue("before"))
	if err != nil {
		before = uuid.Nil
	}
	v.Events, err = p.Identity.EventsOf(r.Context(), who.User.ID, before, recentEvents)
	if len(v.Events) == recentEvents {
		v.Older = PathSecurity + "?before=" + v.Events[recentEvents-1].ID.String() + "#events"
	}
	return v, err
}

// ChangePassword answers POST /account/security. The present password is the proof that is asked for, and of somebody who
// has more than that, a fresh sign-in with it.
func (p *Pages) ChangePassword(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	if (who.User.SecondFactor || who.User.HasPasskey) && !p.Provider.Fresh(who) {
		login.AskLogin(w, r, "")
		return nil
	}
	cookie, err := p.Identity.ChangePassword(r.Context(), identity.NewPassword{
		UserID: who.User.ID, SessionID: who.Session.ID, Current: r.PostForm.Get("current"), Password: r.PostForm.Get("password"),
		Language: string(page.From(r.Context()).Language()), Device: page.Device(r),
	})
	p.Provider.SessionsEnded() // what failed may have happened
	if err == nil {
		p.secured(w, identity.Secured{Session: who.Session, Cookie: cookie})
		login.SeeOther(w, r, PathSecurity+"?done=password")
		return nil
	}
	fault, status := passwordFault(r, err)
	if status == 0 {
		return err
	}
	v, err := p.securityView(r, who)
	if err != nil {
		return err
	}
	v.Failed, v.Faults = true, ui.Faults{fault}
	ui.Render(w, r, status, securityPage(v))
	return nil
}

// passwordFault says what is wrong with a change of password; a status of 0 means that it is none of the person's.
func passwordFault(r *http.Request, err error) (ui.Fault, int) {
	ctx := r.Context()
	locked := new(identity.LockedError)
	switch {
	case errors.As(err, &locked):
		return ui.Fault{Field: "current", Text: ui.T(ctx, ui.Locked, "n", ui.Span(ctx, locked.RetryAfter))}, http.StatusTooManyRequests
	case errors.Is(err, identity.ErrCredentials):
		return ui.Fault{Field: "current", Text: ui.T(ctx, ui.PasswordWrong)}, http.StatusUnprocessableEntity
	case errors.Is(err, identity.ErrPasswordLength):
		return ui.Fault{Field: "password", Text: ui.T(ctx, ui.PasswordShort)}, http.StatusUnprocessableEntity
	case errors.Is(err, identity.ErrPasswordCommon):
		return ui.Fault{Field: "password", Text: ui.T(ctx, ui.PasswordListed)}, http.StatusUnprocessableEntity
	case errors.Is(err, identity.ErrPasswordBreached):
		return ui.Fault{Field: "password", Text: ui.T(ctx, ui.PasswordBreached)}, http.StatusUnprocessableEntity
	}
	return ui.Fault{}, 0
}

// alarming are events that a person should look at.
func alarming(event string) bool {
	return event == "login_failure" || event == "account_locked" || event == "refresh_token_reused" || event == "passkey_copied"
}
