package account

import (
	"errors"
	"net/http"
	"slices"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/login"
	"mana/web/page"
	"mana/web/ui"
)

// PathUnlink removes a link to an account with another provider.
const PathUnlink = PathSecurity + "/unlink"

// linkedView is another provider as the security page shows it.
type linkedView struct {
	Name, Label string
	Link        *identity.Linked // nil: not linked
	LinkURL     string
}

// linkedViews lists the providers that are set up, and those of links that are not any more.
func (p *Pages) linkedViews(r *http.Request, who *provider.SignedIn) ([]linkedView, error) {
	links, err := p.Identity.LinkedAccounts(r.Context(), who.User.ID)
	if err != nil {
		return nil, err
	}
	var views []linkedView
	for _, u := range p.Upstreams {
		views = append(views, linkedView{Name: u.Name(), Label: u.Label(), LinkURL: login.LinkURL(u.Name())})
	}
	for i, link := range links {
		at := slices.IndexFunc(views, func(v linkedView) bool { return v.Name == link.Provider })
		if at < 0 {
			views = append(views, linkedView{Name: link.Provider, Label: link.Provider})
			at = len(views) - 1
		}
		views[at].Link = &links[i]
	}
	return views, nil
}

// Unlink answers POST /account/security/unlink.
func (p *Pages) Unlink(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	err := p.Identity.UnlinkUpstream(r.Context(), who.User.ID, r.PostForm.Get("provider"), page.Device(r))
	if errors.Is(err, identity.ErrLastWay) {
		v, err := p.securityView(r, who)
		if err != nil {
			return err
		}
		v.Failed, v.Faults = true, ui.Faults{{Text: ui.T(r.Context(), ui.UnlinkLast)}}
		ui.Render(w, r, http.StatusConflict, securityPage(v))
		return nil
	}
	if err != nil && !errors.Is(err, identity.ErrNotFound) {
		return err
	}
	login.SeeOther(w, r, PathSecurity+"?done=unlinked")
	return nil
}
