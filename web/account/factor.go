package account

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/login"
	"mana/web/page"
	"mana/web/ui"
)

// Paths of the pages of the second factor.
const (
	PathSecurity   = "/account/security"
	PathTOTP       = PathSecurity + "/totp"
	PathTOTPOffer  = PathTOTP + "/key"
	PathTOTPRemove = PathTOTP + "/remove"
	PathRecovery   = PathSecurity + "/recovery-codes"
)

// totpView is what setting up an authenticator app shows.
type totpView struct {
	ui.Page
	Offered bool   // a key waits for its first code
	Key     string // as text, shown this once; else empty
	URI     string // the same for the picture
	Misses  int
	Faults  ui.Faults
}

// codesView is what the page of recovery codes shows.
type codesView struct {
	ui.Page
	Codes []string // shown this once; nil: only how many are left
	Left  int
	File  string // the codes as a file
}

// TOTP answers GET /account/security/totp: what is needed, or the field for the first code of a key that was shown.
func (p *Pages) TOTP(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if who.User.SecondFactor {
		login.SeeOther(w, r, PathSecurity)
		return nil
	}
	v, err := p.totpView(r, who)
	if err != nil {
		return err
	}
	ui.Render(w, r, http.StatusOK, totpPage(v))
	return nil
}

func (p *Pages) totpView(r *http.Request, who *provider.SignedIn) (totpView, error) {
	factor, err := p.Identity.Factors(r.Context(), who.User.ID)
	return totpView{Page: p.page(r, who, ui.TOTPSetUp), Offered: factor.Secret != nil}, err
}

// OfferTOTP answers POST /account/security/totp/key: makes a key and shows it, this once.
func (p *Pages) OfferTOTP(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	key, err := p.Identity.OfferTOTP(r.Context(), who.Session)
	if errors.Is(err, identity.ErrFactorSet) {
		login.SeeOther(w, r, PathTOTP)
		return nil
	}
	if err != nil {
		return err
	}
	ui.Render(w, r, http.StatusOK, totpPage(totpView{
		Page: p.page(r, who, ui.TOTPSetUp), Offered: true, Key: key.Text(), URI: key.URI(p.Site.Brand, who.User.Email),
	}))
	return nil
}

// EnableTOTP answers POST /account/security/totp: a right code switches the app on.
func (p *Pages) EnableTOTP(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	secured, err := p.Identity.EnableTOTP(r.Context(), who.Session, r.PostForm.Get("code"), page.Device(r))
	locked := new(identity.LockedError)
	switch {
	case errors.Is(err, identity.ErrNotFound): // it is on already, or was never begun
		login.SeeOther(w, r, PathTOTP)
		return nil
	case errors.As(err, &locked):
		w.Header().Set("Retry-After", strconv.FormatInt(int64((locked.RetryAfter+time.Second-1)/time.Second), 10))
		return p.totpRefused(w, r, who, ui.Fault{Text: ui.T(r.Context(), ui.Locked, "n", ui.Span(r.Context(), locked.RetryAfter))})
	case errors.Is(err, identity.ErrCodeWrong):
		return p.totpRefused(w, r, who, ui.Fault{Field: "code", Text: ui.T(r.Context(), ui.FactorWrong)})
	case err != nil:
		return err
	}
	p.secured(w, secured)
	return p.showCodes(w, r, &provider.SignedIn{Session: secured.Session, User: who.User}, secured)
}

func (p *Pages) totpRefused(w http.ResponseWriter, r *http.Request, who *provider.SignedIn, fault ui.Fault) error {
	v, err := p.totpView(r, who)
	if err != nil {
		return err
	}
	v.Failed, v.Faults = true, ui.Faults{fault}
	v.Misses, _ = strconv.Atoi(r.PostForm.Get("misses")) // it decides only about a hint
	v.Misses++
	status := http.StatusUnprocessableEntity
	if fault.Field == "" {
		status = http.StatusTooManyRequests
	}
	ui.Render(w, r, status, totpPage(v))
	return nil
}

// secured hands the new cookie of a session to its browser, after others may have ended.
func (p *Pages) secured(w http.ResponseWriter, s identity.Secured) {
	p.Provider.SessionsEnded()
	p.Provider.Cookies().SetSession(w, s.Cookie, s.Session.CookieUntil())
}

// showCodes shows new recovery codes. The form token is that of the new cookie.
func (p *Pages) showCodes(w http.ResponseWriter, r *http.Request, who *provider.SignedIn, s identity.Secured) error {
	v := codesView{Page: p.page(r, who, ui.RecoveryTitle), Codes: s.RecoveryCodes}
	if s.Cookie != "" {
		v.FormToken = p.Forms.Token(string(s.Cookie))
	}
	head := ui.T(r.Context(), ui.RecoveryFile, "brand", p.Site.Brand, "mail", string(who.User.Email))
	v.File = "data:text/plain;charset=utf-8," + url.PathEscape(head+"\n\n"+strings.Join(s.RecoveryCodes, "\n")+"\n")
	ui.Render(w, r, http.StatusOK, codesPage(v))
	return nil
}

// ShowRemoveTOTP answers GET /account/security/totp/remove.
func (p *Pages) ShowRemoveTOTP(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if !who.User.SecondFactor {
		login.SeeOther(w, r, PathSecurity)
		return nil
	}
	ui.Render(w, r, http.StatusOK, removeTOTPPage(p.page(r, who, ui.TOTPRemoveTitle)))
	return nil
}

// RemoveTOTP answers POST /account/security/totp/remove.
func (p *Pages) RemoveTOTP(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	secured, err := p.Identity.RemoveTOTP(r.Context(), who.Session, page.Device(r))
	if err != nil && !errors.Is(err, identity.ErrNotFound) {
		return err
	}
	if err == nil {
		p.secured(w, secured)
	}
	login.SeeOther(w, r, PathSecurity)
	return nil
}

// Recovery answers GET /account/security/recovery-codes: how many are left.
func (p *Pages) Recovery(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	factor, err := p.Identity.Factors(r.Context(), who.User.ID)
	if err != nil {
		return err
	}
	if factor.EnabledAt.IsZero() {
		login.SeeOther(w, r, PathSecurity)
		return nil
	}
	ui.Render(w, r, http.StatusOK, codesPage(codesView{Page: p.page(r, who, ui.RecoveryTitle), Left: factor.RecoveryLeft}))
	return nil
}

// RenewRecovery answers POST /account/security/recovery-codes: makes new ones.
func (p *Pages) RenewRecovery(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	secured, err := p.Identity.RenewRecoveryCodes(r.Context(), who.Session, page.Device(r))
	if errors.Is(err, identity.ErrNotFound) {
		login.SeeOther(w, r, PathSecurity)
		return nil
	}
	if err != nil {
		return err
	}
	p.secured(w, secured)
	return p.showCodes(w, r, who, secured)
}
