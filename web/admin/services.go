package admin

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
	"mana/web/login"
	"mana/web/ui"
)

// servicesView is what the page of service keys shows.
type servicesView struct {
	ui.Page
	Done   string
	Faults ui.Faults
	Keys   []provider.ServiceKey
	Value  string // of a key, right after it was made
	Of     string // its name
	Typed  provider.ServiceKey
	CapUse string // as typed
	CapDay string
	Now    time.Time
}

// Services answers GET /admin/service-keys.
func (p *Pages) Services(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	v, err := p.servicesView(r, who)
	if err != nil {
		return err
	}
	v.Done = done(r)
	ui.Render(w, r, http.StatusOK, servicesPage(v))
	return nil
}

func (p *Pages) servicesView(r *http.Request, who *provider.SignedIn) (v servicesView, err error) {
	v.Page, v.Now = p.page(r, who, ui.T(r.Context(), ui.AdminServices)), p.Now()
	v.Typed.Permissions = []string{provider.MayBalance, provider.MayUse}
	v.Keys, err = p.ServiceKeys.ListServiceKeys(r.Context())
	return v, err
}

// ChangeServices answers POST /admin/service-keys. A value that was made is on the answer, and nowhere later.
func (p *Pages) ChangeServices(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	admin := provider.ServiceKeyAdmin{Store: p.ServiceKeys, By: by(r, who), Now: p.Now}
	ctx, id := r.Context(), r.PostForm.Get("id")
	var key, typed provider.ServiceKey
	var value identity.Secret
	var err error
	switch r.PostForm.Get("act") {
	case "create":
		if typed, err = typedService(r); err == nil {
			key, value, err = admin.Register(ctx, typed, "")
		}
	case "rotate":
		key, value, err = admin.Rotate(ctx, id, secretOverlap)
	case "revoke":
		_, err = admin.Revoke(ctx, id)
	default:
		err = provider.ErrUnknownServiceKey
	}
	shown := serviceFaults(r, err)
	if err != nil && shown == nil {
		return err
	}
	if value == "" && shown == nil {
		login.SeeOther(w, r, PathServices+"?done=revoked")
		return nil
	}
	v, err := p.servicesView(r, who)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if v.Value, v.Of = string(value), key.Name; shown != nil {
		v.Failed, v.Faults, v.Typed, status = true, shown, typed, http.StatusUnprocessableEntity
		v.CapUse, v.CapDay = r.PostForm.Get("cap_use"), r.PostForm.Get("cap_day")
	}
	ui.Render(w, r, status, servicesPage(v))
	return nil
}

// typedService is the key that the form describes. [provider.ClientFaults].
func typedService(r *http.Request) (provider.ServiceKey, error) {
	k := provider.ServiceKey{
		Name: strings.TrimSpace(r.PostForm.Get("name")), AppIDs: strings.Fields(r.PostForm.Get("app_ids")), Permissions: r.PostForm["permissions"],
	}
	var faults provider.ClientFaults
	for field, to := range map[string]*ledger.Amount{"cap_use": &k.CapUse, "cap_day": &k.CapDay} {
		text := strings.TrimSpace(r.PostForm.Get(field))
		if text == "" {
			continue
		}
		amount, err := ledger.ParseAmount([]byte(text))
		if err != nil {
			faults = append(faults, provider.ClientFault{Field: field, Text: ui.T(r.Context(), ui.AdminAmountWrong)})
		}
		*to = amount
	}
	if len(faults) > 0 {
		return k, faults
	}
	return k, nil
}

// serviceFaults are what is wrong with the form; nil: nothing, or what no form can mend.
func serviceFaults(r *http.Request, err error) ui.Faults {
	var faults provider.ClientFaults
	switch {
	case errors.As(err, &faults):
		var found ui.Faults
		for _, f := range faults {
			found = append(found, ui.Fault{Field: f.Field, Text: sayFault(r.Context(), f)})
		}
		return found
	case errors.Is(err, provider.ErrServiceKeyTaken):
		return ui.Faults{{Field: "name", Text: ui.T(r.Context(), ui.AdminNameTaken)}}
	case errors.Is(err, provider.ErrServiceKeyEnded):
		return ui.Faults{{Text: ui.T(r.Context(), ui.AdminServiceEnded)}}
	}
	return nil
}

// serviceTone is how the state of a key looks.
func serviceTone(k provider.ServiceKey, now time.Time) (ui.Tone, ui.Key) {
	switch {
	case !k.RevokedAt.IsZero():
		return ui.Danger, ui.AdminServiceRevoked
	case !k.Live(now):
		return ui.Warn, ui.AdminServiceExpired
	}
	return ui.Good, ui.AdminServiceLive
}
