// Package account holds the pages of a person who is signed in: who they are, how they prove it, where they are signed
// in, which apps they allowed, and their credits.
//
// It promises that a page shows and changes what belongs to the person of the session alone, whatever ids its address
// or form names, and that GET changes nothing.
package account

import (
	"context"
	"net/http"
	"time"

	"mana/ledger"
	"mana/ledger/stripe"
	"mana/provider"
	"mana/provider/identity"
	"mana/provider/upstream"
	"mana/web/login"
	"mana/web/page"
	"mana/web/ui"
)

// Config is what the pages need. All fields are required.
type Config struct {
	Site     ui.Site
	Provider *provider.Provider
	Identity *identity.Service
	Ledger   *ledger.Ledger
	Forms    *page.Forms
	Shop     *stripe.Shop
	Now      func() time.Time
	// Take counts one use of a class of limits by key, and gives how long to wait when it is passed.
	Take func(ctx context.Context, class, key string) time.Duration
	// Network is the key under which an address is counted.
	Network func(ctx context.Context) string
	// Upstreams are the other providers that people may sign in with; may be empty.
	Upstreams []*upstream.Provider
}

// Pages answers the account area. It is safe for concurrent use.
type Pages struct{ Config }

// New makes the pages.
func New(cfg Config) *Pages { return &Pages{cfg} }

// page is the frame of a page of the area.
func (p *Pages) page(r *http.Request, who *provider.SignedIn, title ui.Key) ui.Page {
	ctx := r.Context()
	page.From(ctx).Live(who.User.Profile.Zoneinfo)
	frame := ui.Page{
		Site: p.Site, Title: ui.T(ctx, title), Wide: true, Email: string(who.User.Email),
		FormToken: p.Forms.Token(string(p.Provider.Cookies().Session(r))),
		Nav: ui.Nav{Label: ui.AccountTitle, Items: []ui.NavItem{
			{Text: ui.ProfileTitle, URL: PathProfile, Icon: "person"},
			{Text: ui.SecurityTitle, URL: PathSecurity, Icon: "lock"},
			{Text: ui.SessionsTitle, URL: PathSessions, Icon: "device"},
			{Text: ui.AppsTitle, URL: PathApps, Icon: "apps"},
			{Text: ui.CreditsTitle, URL: PathCredits, Icon: "credits"},
		}},
	}
	if who.User.Administrates() {
		frame.Nav.Items = append(frame.Nav.Items, ui.NavItem{Text: ui.AdminTitle, URL: login.PathAdmin, Icon: "gear"})
	}
	return frame
}

// The pages of the area.
const (
	PathProfile  = "/account"
	PathSessions = "/account/sessions"
	PathApps     = "/account/apps"
	PathCredits  = "/account/credits"
	PathExport   = "/account/credits/export"
	PathAlert    = "/account/credits/alert"
	PathData     = "/account/data"
)

// check proves that a form was sent by a page of ours in this browser.
func (p *Pages) check(r *http.Request) error {
	return p.Forms.Check(r, string(p.Provider.Cookies().Session(r)))
}

// done is what the redirect before this page says has been done; empty: nothing that is known.
func done(r *http.Request, known map[string]ui.Key) string {
	key, ok := known[r.FormValue("done")]
	if !ok {
		return ""
	}
	return ui.T(r.Context(), key)
}
