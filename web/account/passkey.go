package account

import (
	"encoding/base64"
	"errors"
	"net/http"
	"slices"

	"github.com/a-h/templ"

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
	PathPasskeyRename  = PathPasskeys + "/rename"
	PathPasskeyRemove  = PathPasskeys + "/remove"
)

// passkeyView is the page that makes a passkey.
type passkeyView struct {
	ui.Page
	Name            string
	Request, Return string // what waits for a sign-in that the page stands behind
	Onward          string // where who wants none goes on; empty: the page stands for itself
	Faults          ui.Faults
}

// onePasskeyView is a page about one passkey.
type onePasskeyView struct {
	ui.Page
	ID, Name string
	Faults   ui.Faults
}

// NewPasskey answers GET /account/security/passkeys.
func (p *Pages) NewPasskey(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	ui.Render(w, r, http.StatusOK, passkeyPage(passkeyView{Page: p.page(r, who, ui.PasskeyAdd)}))
	return nil
}

// OfferPasskey answers GET /account/security/passkeys/offer: somebody has just signed in by password.
func (p *Pages) OfferPasskey(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if who.User.HasPasskey || !p.Identity.TakesPasskeys() {
		login.SeeOther(w, r, login.Onward(r))
		return nil
	}
	v := p.offerView(r, who)
	v.Name = agent(r.Context(), r.UserAgent())
	ui.Render(w, r, http.StatusOK, offerPage(v))
	return nil
}

func (p *Pages) offerView(r *http.Request, who *provider.SignedIn) passkeyView {
	v := passkeyView{Page: p.page(r, who, ui.PasskeyOffer), Onward: login.Onward(r)}
	v.Wide, v.Nav, v.Email = false, ui.Nav{}, ""
	v.Request, v.Return = r.FormValue(provider.ParamRequest), r.FormValue(login.ParamReturn)
	return v
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
	name, offered := r.PostForm.Get("name"), r.PostForm.Get("offered") != ""
	secured, err := p.Identity.AddPasskey(r.Context(), identity.NewPasskey{
		User: who.User, Session: who.Session, Browser: p.Provider.Cookies().Session(r), Name: name, Answer: r.PostForm.Get("credential"), Device: page.Device(r),
	})
	fault := ui.Fault{}
	switch {
	case err == nil && offered:
		p.secured(w, secured)
		login.SeeOther(w, r, login.Onward(r))
		return nil
	case err == nil:
		p.secured(w, secured)
		login.SeeOther(w, r, PathSecurity+"?done=passkey")
		return nil
	case errors.Is(err, identity.ErrName):
		fault = ui.Fault{Field: "name", Text: ui.T(r.Context(), ui.PasskeyNameInvalid)}
	case errors.Is(err, identity.ErrPasskeyTaken):
		fault.Text = ui.T(r.Context(), ui.PasskeyTaken)
	case errors.Is(err, identity.ErrPasskey):
		fault.Text = ui.T(r.Context(), ui.PasskeyNotMade)
	default:
		return err
	}
	v, shown := passkeyView{Page: p.page(r, who, ui.PasskeyAdd)}, passkeyPage
	if offered {
		v, shown = p.offerView(r, who), offerPage
	}
	v.Failed, v.Name, v.Faults = true, name, ui.Faults{fault}
	ui.Render(w, r, http.StatusBadRequest, shown(v))
	return nil
}

// passkeyOf finds the passkey that an address or form names.
func (p *Pages) passkeyOf(r *http.Request, who *provider.SignedIn) (identity.Passkey, bool, error) {
	passkeys, err := p.Identity.Passkeys(r.Context(), who.User.ID)
	at := slices.IndexFunc(passkeys, func(k identity.Passkey) bool { return passkeyID(k) == r.FormValue("id") })
	if err != nil || at < 0 {
		return identity.Passkey{}, false, err
	}
	return passkeys[at], true, nil
}

// showPasskey shows a page about the passkey that the address names.
func (p *Pages) showPasskey(w http.ResponseWriter, r *http.Request, who *provider.SignedIn, title ui.Key, shown func(onePasskeyView) templ.Component) error {
	passkey, found, err := p.passkeyOf(r, who)
	if err != nil {
		return err
	}
	if !found {
		login.SeeOther(w, r, PathSecurity)
		return nil
	}
	ui.Render(w, r, http.StatusOK, shown(onePasskeyView{Page: p.page(r, who, title), ID: passkeyID(passkey), Name: passkey.Name}))
	return nil
}

// ShowRenamePasskey answers GET /account/security/passkeys/rename.
func (p *Pages) ShowRenamePasskey(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	return p.showPasskey(w, r, who, ui.PasskeyRenameTitle, renamePasskeyPage)
}

// RenamePasskey answers POST /account/security/passkeys/rename.
func (p *Pages) RenamePasskey(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	passkey, found, err := p.passkeyOf(r, who)
	if err != nil {
		return err
	}
	if !found { // it was removed meanwhile
		login.SeeOther(w, r, PathSecurity)
		return nil
	}
	name := r.PostForm.Get("name")
	err = p.Identity.RenamePasskey(r.Context(), who.User.ID, passkey.ID, name, page.Device(r))
	if errors.Is(err, identity.ErrName) {
		v := onePasskeyView{Page: p.page(r, who, ui.PasskeyRenameTitle), ID: passkeyID(passkey), Name: name}
		v.Failed, v.Faults = true, ui.Faults{{Field: "name", Text: ui.T(r.Context(), ui.PasskeyNameInvalid)}}
		ui.Render(w, r, http.StatusUnprocessableEntity, renamePasskeyPage(v))
		return nil
	}
	if err != nil && !errors.Is(err, identity.ErrNotFound) { // it was removed meanwhile
		return err
	}
	login.SeeOther(w, r, PathSecurity+"?done=named")
	return nil
}

// ShowRemovePasskey answers GET /account/security/passkeys/remove.
func (p *Pages) ShowRemovePasskey(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	return p.showPasskey(w, r, who, ui.PasskeyRemoveTitle, removePasskeyPage)
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
		v := onePasskeyView{Page: p.page(r, who, ui.PasskeyRemoveTitle), ID: r.PostForm.Get("id")}
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
