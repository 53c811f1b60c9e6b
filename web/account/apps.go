package account

import (
	"errors"
	"net/http"
	"net/url"

	"mana/provider"
	"mana/web/login"
	"mana/web/page"
	"mana/web/ui"
)

// appsView is what the page of connected apps shows.
type appsView struct {
	ui.Page
	Done  string
	Apps  []provider.Connected
	Until string // how long access tokens live on
}

// Apps answers GET /account/apps: which apps the person has let in.
func (p *Pages) Apps(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	apps, err := p.Provider.Connected(r.Context(), who.User.ID)
	if err != nil {
		return err
	}
	v := appsView{Page: p.page(r, who, ui.AppsTitle), Apps: apps, Until: ui.Span(r.Context(), p.Provider.AccessLife())}
	v.Done = done(r, map[string]ui.Key{"removed": ui.AppRemoved})
	ui.Render(w, r, http.StatusOK, appsPage(v))
	return nil
}

// RemoveApp answers POST /account/apps: shuts one out. One that has nothing is as good as removed.
func (p *Pages) RemoveApp(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	err := p.Provider.Disconnect(r.Context(), who.User.ID, r.PostForm.Get("client"), page.Device(r))
	if err != nil && !errors.Is(err, provider.ErrUnknownClient) {
		return err
	}
	login.SeeOther(w, r, PathApps+"?done=removed")
	return nil
}

// hostOf is where an app's people return to; empty if it has no such place.
func hostOf(c provider.Client) string {
	for _, uri := range c.RedirectURIs {
		if u, err := url.Parse(uri); err == nil && u.Host != "" {
			return u.Host
		}
	}
	return ""
}
