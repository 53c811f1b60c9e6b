package admin

import (
	"net/http"
	"strings"
	"time"

	"mana/keys"
	"mana/provider"
	"mana/web/login"
	"mana/web/ui"
)

// keysView is what the page of signing keys shows.
type keysView struct {
	ui.Page
	Done       string
	Faults     ui.Faults
	Keys       []keys.StoredKey // the newest first
	Algorithms []string
	Now        time.Time
}

// ShowKeys answers GET /admin/keys.
func (p *Pages) ShowKeys(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	v, err := p.keysView(r, who)
	if err != nil {
		return err
	}
	v.Done = done(r)
	ui.Render(w, r, http.StatusOK, keysPage(v))
	return nil
}

func (p *Pages) keysView(r *http.Request, who *provider.SignedIn) (keysView, error) {
	v := keysView{Page: p.page(r, who, ui.T(r.Context(), ui.AdminKeys)), Algorithms: p.Keys.Algorithms(), Now: p.Now()}
	stored, err := p.Keys.SigningKeys(r.Context())
	for i := len(stored) - 1; i >= 0; i-- {
		v.Keys = append(v.Keys, stored[i])
	}
	return v, err
}

// ChangeKeys answers POST /admin/keys.
func (p *Pages) ChangeKeys(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	ctx, form := r.Context(), r.PostForm
	outcome := "rotated"
	var err error
	switch reason := strings.TrimSpace(form.Get("reason")); {
	case form.Get("act") == "rotate":
		err = p.Keys.Rotate(ctx, by(r, who), form.Get("alg"), form.Get("now") != "")
	case form.Get("act") == "revoke" && reason == "":
		v, err := p.keysView(r, who)
		if err != nil {
			return err
		}
		v.Failed, v.Faults = true, ui.Faults{{Field: "reason-" + form.Get("kid"), Text: ui.T(ctx, ui.AdminReasonWrong)}}
		ui.Render(w, r, http.StatusUnprocessableEntity, keysPage(v))
		return nil
	case form.Get("act") == "revoke":
		outcome, err = "revoked", p.Keys.Revoke(ctx, by(r, who), form.Get("kid"), reason)
	default:
		err = keys.ErrUnknownKey
	}
	if err != nil {
		return err
	}
	login.SeeOther(w, r, PathKeys+"?done="+outcome)
	return nil
}

// when is the moment that the state of a key is about.
func when(k keys.StoredKey) (ui.Key, time.Time) {
	switch k.State {
	case keys.Pending:
		return ui.AdminKeySignsFrom, k.ActivatesAt
	case keys.Active:
		return ui.AdminKeySignsSince, k.ActivatedAt
	case keys.Retiring:
		return ui.AdminKeyRemovedOn, k.RetiredAt.Add(keys.RetiringFor)
	}
	return ui.AdminKeyRemovedOn, k.RemovedAt
}

// keyTone is how the state of a key looks.
func keyTone(s keys.State) (ui.Tone, ui.Key) {
	switch s {
	case keys.Pending:
		return ui.Plain, ui.AdminKeyPending
	case keys.Active:
		return ui.Good, ui.AdminKeyActive
	case keys.Retiring:
		return ui.Warn, ui.AdminKeyRetiring
	}
	return ui.Danger, ui.AdminKeyRemoved
}
