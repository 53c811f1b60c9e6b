package account

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/login"
	"mana/web/page"
	"mana/web/ui"
)

// PathAddress is the page on which people change their e-mail address.
const PathAddress = "/account/email"

// addressView is what the page of the address shows.
type addressView struct {
	ui.Page
	Present string
	New     string // as typed
	Done    string
	Faults  ui.Faults
}

// Address answers GET /account/email.
func (p *Pages) Address(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	v := p.addressView(r, who)
	if sent, err := identity.ParseEmail(p.Provider.Cookies().Address(r)); err == nil && r.FormValue("sent") != "" {
		v.Done = ui.T(r.Context(), ui.AddressSent, "mail", string(sent))
	}
	ui.Render(w, r, http.StatusOK, addressPage(v))
	return nil
}

func (p *Pages) addressView(r *http.Request, who *provider.SignedIn) addressView {
	return addressView{Page: p.page(r, who, ui.AddressTitle), Present: string(who.User.Email)}
}

// ChangeAddress answers POST /account/email: the new address gets a link. Nothing tells whether somebody has it.
func (p *Pages) ChangeAddress(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	ctx, typed := r.Context(), r.PostForm.Get("email")
	if address, err := identity.ParseEmail(typed); err == nil && address == who.User.Email {
		p.addressRefused(w, r, who, ui.Fault{Field: "email", Text: ui.T(ctx, ui.AddressSame)})
		return nil
	}
	if wait := p.Take(ctx, "mail", p.Network(ctx)); wait > 0 {
		p.addressLimited(w, r, who, wait)
		return nil
	}
	err := p.Identity.ChangeEmail(ctx, who.Session, typed, string(page.From(ctx).Language()), page.Device(r))
	locked := new(identity.LockedError)
	switch {
	case errors.Is(err, identity.ErrEmail):
		p.addressRefused(w, r, who, ui.Fault{Field: "email", Text: ui.T(ctx, ui.EmailInvalid)})
	case errors.As(err, &locked):
		p.addressLimited(w, r, who, locked.RetryAfter)
	case err != nil:
		return err
	default:
		p.Provider.Cookies().SetAddress(w, typed)
		login.SeeOther(w, r, PathAddress+"?sent=1")
	}
	return nil
}

func (p *Pages) addressLimited(w http.ResponseWriter, r *http.Request, who *provider.SignedIn, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
	p.addressRefused(w, r, who, ui.Fault{Text: ui.T(r.Context(), ui.Locked, "n", ui.Span(r.Context(), wait))})
}

func (p *Pages) addressRefused(w http.ResponseWriter, r *http.Request, who *provider.SignedIn, fault ui.Fault) {
	v, status := p.addressView(r, who), http.StatusUnprocessableEntity
	if fault.Field == "" {
		status = http.StatusTooManyRequests
	}
	v.Failed, v.New, v.Faults = true, r.PostForm.Get("email"), ui.Faults{fault}
	ui.Render(w, r, status, addressPage(v))
}
