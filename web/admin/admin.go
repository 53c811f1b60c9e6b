// Package admin holds the pages of administrators: people, apps, packages, signing keys, the ledger, jobs and
// the security log.
//
// It promises that whoever is no administrator, by what storage says at that request, finds no such page; that a change
// needs a proof of who they are within [provider.FreshProof]; and that every change is made by a method that takes the
// one who acts and writes the security log with it. GET changes nothing.
package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"mana/keys"
	"mana/ledger"
	"mana/ledger/stripe"
	"mana/provider"
	"mana/provider/identity"
	"mana/web/login"
	"mana/web/page"
	"mana/web/ui"
)

// Config is what the pages need. All fields are required.
type Config struct {
	Login       *login.Pages
	Site        ui.Site
	Provider    *provider.Provider
	People      identity.Administration
	Desk        identity.MailDesk
	Acts        identity.Acts
	Goods       provider.PackageStore
	Ledger      *ledger.Ledger
	Shop        *stripe.Shop
	Books       ledger.Books
	Checker     *ledger.Checker
	Forms       *page.Forms
	Keys        KeyRing
	ServiceKeys provider.ServiceKeyStore
	Stats       Statistics
	Settings    func() []Setting
	Health      func(context.Context) []Check
	Jobs        func() []Job
	Now         func() time.Time
}

// KeyRing is the signing keys, and what an administrator does to them.
type KeyRing interface {
	// SigningKeys lists all keys ever made, oldest first.
	SigningKeys(ctx context.Context) ([]keys.StoredKey, error)
	// Rotate lets a new key follow the active one of an algorithm, now or when every app knows it.
	Rotate(ctx context.Context, by identity.Actor, alg string, now bool) error
	// Revoke removes a key at once.
	Revoke(ctx context.Context, by identity.Actor, kid, reason string) error
	// Algorithms lists those that sign.
	Algorithms() []string
}

// Setting is one line of the settings, as it may be shown.
type Setting struct {
	Name, Value string
	Meaning     string // in English
	Given       bool   // the environment says it; else it is the default
	Hidden      bool   // there is a value, which is not told
}

// Check is what health says about one part.
type Check struct {
	Name ui.Key
	OK   bool
	Text string
}

// Pages answers the administration. It is safe for concurrent use.
type Pages struct{ Config }

// New makes the pages.
func New(cfg Config) *Pages { return &Pages{cfg} }

// The pages of the area.
const (
	PathHome      = login.PathAdmin
	PathWelcome   = PathHome + "/welcome"
	PathUsers     = PathHome + "/users"
	PathUser      = PathUsers + "/{id}"
	PathClients   = PathHome + "/clients"
	PathClient    = PathClients + "/{id}"
	PathServices  = PathHome + "/service-keys"
	PathKeys      = PathHome + "/keys"
	PathPackages  = PathHome + "/packages"
	PathJobs      = PathHome + "/jobs"
	PathLedger    = PathHome + "/ledger"
	PathPurchases = PathHome + "/purchases"
	PathEvent     = PathPurchases + "/event"
	PathUsage     = PathHome + "/usage"
	PathAudit     = PathHome + "/audit"
	PathExport    = PathAudit + "/export"
	PathSettings  = PathHome + "/settings"
)

// pathAccount is where administrators find their own account.
const pathAccount = "/account"

// Route is one line of the table of the area. A POST is an act: it needs a fresh proof.
type Route struct {
	Method, Path string
	Handle       func(*Pages, http.ResponseWriter, *http.Request, *provider.SignedIn) error
}

// Routes is the table of the area.
func Routes() []Route {
	return []Route{
		{"GET", PathHome, (*Pages).Home},
		{"GET", PathWelcome, (*Pages).Welcome},
		{"GET", PathUsers, (*Pages).Users},
		{"GET", PathUser, (*Pages).User},
		{"POST", PathUser, (*Pages).ChangeUser},
		{"GET", PathClients, (*Pages).Clients},
		{"GET", PathClient, (*Pages).Client},
		{"POST", PathClient, (*Pages).ChangeClient},
		{"GET", PathServices, (*Pages).Services},
		{"POST", PathServices, (*Pages).ChangeServices},
		{"GET", PathKeys, (*Pages).ShowKeys},
		{"POST", PathKeys, (*Pages).ChangeKeys},
		{"GET", PathPackages, (*Pages).Packages},
		{"POST", PathPackages, (*Pages).ChangePackages},
		{"GET", PathJobs, (*Pages).ShowJobs},
		{"POST", PathJobs, (*Pages).ChangeJobs},
		{"GET", PathLedger, (*Pages).ShowLedger},
		{"POST", PathLedger, (*Pages).CheckLedger},
		{"GET", PathPurchases, (*Pages).ShowPurchases},
		{"POST", PathPurchases, (*Pages).RetryEvent},
		{"GET", PathEvent, (*Pages).ShowEvent},
		{"GET", PathUsage, (*Pages).ShowUsage},
		{"GET", PathAudit, (*Pages).Audit},
		{"GET", PathExport, (*Pages).Export},
		{"GET", PathSettings, (*Pages).ShowSettings},
	}
}

// Handler guards a route: who is signed in is an administrator at this request, and whoever changes something has proven
// it lately, by a form of ours.
func (p *Pages) Handler(route Route) http.Handler {
	see := func(h login.Person) login.Person {
		return func(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
			if !who.User.Administrates() {
				return p.nowhere(w, r)
			}
			err := h(w, r, who)
			if isNowhere(err) {
				return p.nowhere(w, r)
			}
			return err
		}
	}
	handle := func(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
		return route.Handle(p, w, r, who)
	}
	if route.Method == http.MethodGet {
		return p.Login.SignedIn(see(handle))
	}
	return p.Login.SignedIn(see(func(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
		if err := p.Forms.Check(r, string(p.Provider.Cookies().Session(r))); err != nil {
			return err
		}
		if !p.Provider.Fresh(who) {
			login.AskLogin(w, r, "")
			return nil
		}
		return handle(w, r, who)
	}))
}

// isNowhere reports whether there is no such page, or no longer for this person.
func isNowhere(err error) bool {
	for _, sentinel := range []error{
		identity.ErrNotAdministrator, identity.ErrNotFound, provider.ErrUnknownClient, provider.ErrUnknownServiceKey,
		provider.ErrUnknownPackage, keys.ErrUnknownKey, ledger.ErrNoWallet, ledger.ErrNoEvent,
	} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	return false
}

func (p *Pages) nowhere(w http.ResponseWriter, r *http.Request) error {
	p.Login.Error(w, r, http.StatusNotFound)
	return nil
}

// by is the administrator who acts.
func by(r *http.Request, who *provider.SignedIn) identity.Actor {
	return identity.Actor{Admin: who.User.ID, Device: page.Device(r), RequestID: page.From(r.Context()).RequestID}
}

// page is the frame of a page of the area.
func (p *Pages) page(r *http.Request, who *provider.SignedIn, title string) ui.Page {
	return ui.Page{
		Site: p.Site, Title: title, Email: string(who.User.Email),
		FormToken: p.Forms.Token(string(p.Provider.Cookies().Session(r))),
		Nav: ui.Nav{Label: ui.AdminTitle, Items: []ui.NavItem{
			{Text: ui.AdminHome, URL: PathHome, Icon: "chart"},
			{Text: ui.AdminUsers, URL: PathUsers, Icon: "person"},
			{Text: ui.AdminClients, URL: PathClients, Icon: "apps"},
			{Text: ui.AdminServices, URL: PathServices, Icon: "key"},
			{Text: ui.AdminKeys, URL: PathKeys, Icon: "lock"},
			{Text: ui.AdminPackages, URL: PathPackages, Icon: "box"},
			{Text: ui.AdminLedger, URL: PathLedger, Icon: "credits"},
			{Text: ui.AdminPurchases, URL: PathPurchases, Icon: "cart"},
			{Text: ui.AdminUsage, URL: PathUsage, Icon: "chart"},
			{Text: ui.AdminAudit, URL: PathAudit, Icon: "list"},
			{Text: ui.AdminJobs, URL: PathJobs, Icon: "mail"},
			{Text: ui.AdminSettings, URL: PathSettings, Icon: "gear"},
			{Text: ui.AdminBack, URL: pathAccount, Icon: "person"},
		}},
	}
}

// done says what the redirect before this page has done.
func done(r *http.Request) string {
	key, ok := map[string]ui.Key{
		"saved": ui.AdminSaved, "disabled": ui.AdminDisabledDone, "enabled": ui.AdminEnabledDone, "ended": ui.AdminEndedDone,
		"adjusted": ui.AdminAdjusted, "deleted": ui.AdminDeletedDone, "rotated": ui.AdminRotated, "revoked": ui.AdminRevoked,
		"requeued": ui.AdminEventRetried,
		"mailed":   ui.AdminMailed, "taken": ui.AdminTaken, "retried": ui.AdminRetried, "dropped": ui.AdminDropped,
	}[r.FormValue("done")]
	if !ok {
		return ""
	}
	return ui.T(r.Context(), key)
}

// Welcome answers GET /admin/welcome: the doors for whoever has just become an administrator.
func (p *Pages) Welcome(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	ui.Render(w, r, http.StatusOK, welcomePage(p.page(r, who, ui.T(r.Context(), ui.AdminWelcome))))
	return nil
}
