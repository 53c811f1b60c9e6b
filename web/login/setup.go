package login

import (
	"context"
	"errors"
	"net/http"
	"time"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/page"
	"mana/web/ui"
)

// The pages of the first administrator.
const (
	PathSetup = "/setup"
	PathAdmin = "/admin"
	// pathWelcome is where whoever has just become an administrator begins.
	pathWelcome = PathAdmin + "/welcome"
)

// setupView is what the setup page shows.
type setupView struct {
	ui.Page
	Account           string // who is signed in and may take the code for themselves; empty: nobody
	Code, Name, Email string
	Bonus             string // credits to start with, empty: none
	Faults            ui.Faults
}

// ShowSetup answers GET /setup. Unless a code could be used, there is no such page. The code comes in the fragment of
// the address, which reaches no server and no log.
func (p *Pages) ShowSetup(w http.ResponseWriter, r *http.Request) error {
	v, open, err := p.setupView(w, r)
	if err != nil {
		return err
	}
	if !open {
		p.Error(w, r, http.StatusNotFound)
		return nil
	}
	ui.Render(w, r, http.StatusOK, setupPage(v))
	return nil
}

func (p *Pages) setupView(w http.ResponseWriter, r *http.Request) (v setupView, open bool, err error) {
	if open, err = p.Identity.SetupOpen(r.Context()); err != nil || !open {
		return v, false, err
	}
	who, err := p.Provider.SignedIn(r)
	if err != nil {
		return v, false, err
	}
	v.Page = p.page(w, r, ui.SetupTitle)
	if who != nil {
		v.Account = string(who.User.Email)
	}
	if p.Bonus > 0 {
		v.Bonus = ui.Credits(r.Context(), p.Bonus)
	}
	return v, true, nil
}

// Setup answers POST /setup: an administrator comes into being, or whoever is signed in becomes one.
func (p *Pages) Setup(w http.ResponseWriter, r *http.Request) error {
	if err := p.Forms.Check(r, string(p.cookies.Browser(r))); err != nil {
		return err
	}
	v, open, err := p.setupView(w, r)
	if err != nil {
		return err
	}
	if !open {
		p.Error(w, r, http.StatusNotFound)
		return nil
	}
	who, err := p.Provider.SignedIn(r)
	if err != nil {
		return err
	}
	form := identity.Registration{
		Email: r.PostForm.Get("email"), Password: r.PostForm.Get("password"), Name: r.PostForm.Get("name"), Device: page.Device(r),
	}
	code := identity.Secret(r.PostForm.Get("code"))
	var faults []error
	if who != nil && r.PostForm.Get("promote") != "" {
		err = p.promote(r, code, who)
	} else if faults = form.Faults(); len(faults) == 0 {
		err = p.setUp(w, r, code, form)
	} else {
		err = p.Identity.CheckSetup(r.Context(), code)
	}
	if shown := setupFaults(r.Context(), append(faults, err)); len(shown) > 0 {
		v.Failed, v.Code, v.Name, v.Email, v.Faults = true, string(code), form.Name, form.Email, shown
		ui.Render(w, r, http.StatusUnprocessableEntity, setupPage(v))
		return nil
	}
	if errors.Is(err, identity.ErrSetupDone) {
		p.Error(w, r, http.StatusNotFound)
		return nil
	}
	if err != nil {
		return err
	}
	SeeOther(w, r, pathWelcome)
	return nil
}

func (p *Pages) promote(r *http.Request, code identity.Secret, who *provider.SignedIn) error {
	return p.Identity.Promote(r.Context(), code, who.User, page.Device(r))
}

// setUp makes the account and signs it in.
func (p *Pages) setUp(w http.ResponseWriter, r *http.Request, code identity.Secret, form identity.Registration) error {
	user, err := p.Identity.SetUp(r.Context(), code, form)
	if err != nil {
		return err
	}
	started, err := p.Identity.StartSession(r.Context(), user, identity.SignIn{Replaces: p.cookies.Session(r), Device: page.Device(r)})
	if err != nil {
		return err
	}
	p.cookies.SetSession(w, started.Cookie, time.Time{})
	return nil
}

// setupFaults says at which fields a setup failed.
func setupFaults(ctx context.Context, faults []error) ui.Faults {
	var found ui.Faults
	for _, known := range []struct {
		err  error
		text ui.Key
	}{
		{identity.ErrSetupCode, ui.SetupWrong}, {identity.ErrSetupExpired, ui.SetupExpired},
	} {
		if errors.Is(errors.Join(faults...), known.err) {
			found = append(found, ui.Fault{Field: "code", Text: ui.T(ctx, known.text)})
		}
	}
	return append(found, signupFaults(ctx, faults)...)
}
