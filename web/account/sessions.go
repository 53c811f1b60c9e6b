package account

import (
	"errors"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/login"
	"mana/web/page"
	"mana/web/ui"
)

// sessionsView is what the page of sessions shows.
type sessionsView struct {
	ui.Page
	Done   string
	Here   identity.Session
	Others []identity.Session // the latest activity first
}

// Sessions answers GET /account/sessions: where the person is signed in, this browser first.
func (p *Pages) Sessions(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	sessions, err := p.Identity.SessionsOf(r.Context(), who.User.ID)
	if err != nil {
		return err
	}
	here := func(s identity.Session) bool { return s.ID == who.Session.ID }
	v := sessionsView{Page: p.page(r, who, ui.SessionsTitle), Here: who.Session, Others: slices.DeleteFunc(sessions, here)}
	v.Done = done(r, map[string]ui.Key{"ended": ui.SessionEnded, "others": ui.SessionsEnded, "gone": ui.SessionGone})
	ui.Render(w, r, http.StatusOK, sessionsPage(v))
	return nil
}

// EndSessions answers POST /account/sessions: ends one session, or all but that of this browser.
func (p *Pages) EndSessions(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	defer p.Provider.SessionsEnded() // what failed may have happened
	if r.PostForm.Get("others") != "" {
		if _, err := p.Identity.EndOtherSessions(r.Context(), who.User.ID, who.Session.ID, page.Device(r)); err != nil {
			return err
		}
		login.SeeOther(w, r, PathSessions+"?done=others")
		return nil
	}
	id, err := uuid.Parse(r.PostForm.Get("session"))
	if err == nil {
		err = p.Identity.EndSessionOf(r.Context(), who.User.ID, id, page.Device(r))
	} else {
		err = identity.ErrNoSession
	}
	switch {
	case errors.Is(err, identity.ErrNoSession):
		login.SeeOther(w, r, PathSessions+"?done=gone")
		return nil
	case err != nil:
		return err
	}
	login.SeeOther(w, r, PathSessions+"?done=ended")
	return nil
}
