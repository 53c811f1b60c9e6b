package account

import (
	"encoding/base64"
	"errors"
	"net/http"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/login"
	"mana/web/page"
	"mana/web/ui"
)

// Paths of the pages of passkeys.
const (
	PathPasskeys       = PathSecurity + "/passkeys"
	PathPasskeyOptions = PathPasskeys + "/options"
	PathPasskeyRemove  = PathPasskeys + "/remove"
)

// passkeyView is the page that makes a passkey.
type passkeyView struct {
	ui.Page
	Name   string
	Faults ui.Faults
}

// removePasskeyView asks whether to remove one.
type removePasskeyView struct {
	ui.Page
	ID, Name string
	Faults   ui.Faults
}

// NewPasskey answers GET /account/security/passkeys.
func (p *Pages) NewPasskey(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	ui.Render(w, r, http.StatusOK, passkeyPage(passkeyView{Page: p.page(r, who, ui.PasskeyAdd)}))
	return nil
}

// PasskeyOptions answers POST /account/security/passkeys/options.
func (p *Pages) PasskeyOptions(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	options, err := p.Identity.NewPasskeyOptions(r.Context(), who.User, p.Provider.Cookies().Session(r))
	if err != nil {
		return err
	}
	login.WriteOptions(w, options)
	return nil
}

// AddPasskey answers POST /account/security/passkeys.
func (p *Pages) AddPasskey(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	name := r.PostForm.Get("name")
	secured, err := p.Identity.AddPasskey(r.Context(), identity.NewPasskey{
		User: who.User, Session: who.Session, Browser: p.Provider.Cookies().Session(r), Name: name, Answer: r.PostForm.Get("credential"), Device: page.Device(r),
	})
	fault := ui.Fault{}
	switch {
	case err == nil:
		p.secured(w, secured)
		login.SeeOther(w, r, PathSecurity+"?done=passkey")
		return nil
	case errors.Is(err, identity.ErrName):
		fault = ui.Fault{Field: "name", Text: ui.T(r.Context(), ui.NameInvalid)}
	case errors.Is(err, identity.ErrPasskeyTaken):
		fault.Text = ui.T(r.Context(), ui.PasskeyTaken)
	case errors.Is(err, identity.ErrPasskey):
		fault.Text = ui.T(r.Context(), ui.PasskeyNotMade)
	default:
		return err
	}
	v := passkeyView{Page: p.page(r, who, ui.PasskeyAdd), Name: name, Faults: ui.Faults{fault}}
	v.Failed = true
	ui.Render(w, r, http.StatusBadRequest, passkeyPage(v))
	return nil
}

// ShowRemovePasskey answers GET /account/security/passkeys/remove.
func (p *Pages) ShowRemovePasskey(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	passkeys, err := p.Identity.Passkeys(r.Context(), who.User.ID)
	if err != nil {
		return err
	}
	for _, passkey := range passkeys {
		if id := passkeyID(passkey); id == r.FormValue("id") {
			v := removePasskeyView{Page: p.page(r, who, ui.PasskeyRemoveTitle), ID: id, Name: passkey.Name}
			ui.Render(w, r, http.StatusOK, removePasskeyPage(v))
			return nil
		}
	}
	login.SeeOther(w, r, PathSecurity)
	return nil
}

// RemovePasskey answers POST /account/security/passkeys/remove.
func (p *Pages) RemovePasskey(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	id, err := base64.RawURLEncoding.DecodeString(r.PostForm.Get("id"))
	if err != nil {
		login.SeeOther(w, r, PathSecurity)
		return nil
	}
	secured, err := p.Identity.RemovePasskey(r.Context(), who.Session, id, page.Device(r))
	if errors.Is(err, identity.ErrLastWay) {
		v := removePasskeyView{Page: p.page(r, who, ui.PasskeyRemoveTitle), ID: r.PostForm.Get("id")}
		v.Failed, v.Faults = true, ui.Faults{{Text: ui.T(r.Context(), ui.PasskeyLast)}}
		ui.Render(w, r, http.StatusConflict, removePasskeyPage(v))
		return nil
	}
	if err != nil && !errors.Is(err, identity.ErrNotFound) {
		return err
	}
	if err == nil {
		p.secured(w, secured)
	}
	login.SeeOther(w, r, PathSecurity)
	return nil
}

// passkeyID is how addresses and forms name a passkey.
func passkeyID(p identity.Passkey) string { return base64.RawURLEncoding.EncodeToString(p.ID) }
