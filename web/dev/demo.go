// Package dev holds the pages of a development server. Its demo is an honest relying party: it knows the
// issuer's address and its own client, and speaks to the provider over HTTP like anybody else. The package
// is not reachable outside dev mode.
package dev

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/login"
	"mana/web/page"
	"mana/web/ui"
)

const (
	// DemoClientID is the client of the demo, made anew at each start with another secret.
	DemoClientID = "mc_demo"
	// DemoCallback is its redirect path.
	DemoCallback = "/dev/demo/callback"
	// DemoPath is where it begins.
	DemoPath = "/dev/demo"

	maxSessions = 100 // of the demo, the oldest gives way
	callTime    = 10 * time.Second
)

// Config is what the demo needs. All fields are required.
type Config struct {
	Site    ui.Site
	Issuer  string
	Secret  identity.Secret // of the client
	Forms   *page.Forms
	Cookies provider.Cookies
	// HTTP reaches the issuer: inside a container its address may be mapped to another port.
	HTTP *http.Client
}

// Demo is the relying party. It is safe for concurrent use.
type Demo struct {
	Config
	mu       sync.Mutex
	party    rp.RelyingParty // nil until the first use
	sessions map[identity.Secret]*demoSession
	order    []identity.Secret
}

// demoSession is one browser at the demo: first a login that waits for its callback, then tokens.
type demoSession struct {
	state, nonce, verifier string

	accessToken, idToken string
	lastKey              string // idempotency key of the last spending

	TokenCurl string
	Checks    []checkView
	Claims    []claimView
	Spent     *spentView
}

// NewDemo makes the demo.
func NewDemo(cfg Config) *Demo {
	return &Demo{Config: cfg, sessions: make(map[identity.Secret]*demoSession)}
}

// Client is the registration of the demo at the provider.
func (d *Demo) Client(now time.Time) provider.Client {
	return provider.Client{
		ID: DemoClientID, Name: "Mana Demo", Secrets: []provider.ClientSecret{{Hash: d.Secret.Hash()}},
		RedirectURIs: []string{d.Issuer + DemoCallback}, PostLogoutRedirectURIs: []string{d.Issuer + DemoPath},
		GrantTypes: []string{string(oidc.GrantTypeCode)}, Scopes: demoScopes(), AppIDs: []string{"demo"},
		CreatedAt: now.UTC().Truncate(time.Microsecond),
	}
}

func demoScopes() []string {
	return []string{
		provider.ScopeOpenID, provider.ScopeProfile, provider.ScopeEmail, provider.ScopeCreditsRead, provider.ScopeCreditsSpend,
	}
}

// relyingParty discovers the provider at the first use, when the server is listening.
func (d *Demo) relyingParty(ctx context.Context) (rp.RelyingParty, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.party != nil {
		return d.party, nil
	}
	party, err := rp.NewRelyingPartyOIDC(ctx, d.Issuer, DemoClientID, string(d.Secret), d.Issuer+DemoCallback, demoScopes(),
		rp.WithHTTPClient(d.HTTP), rp.WithVerifierOpts(rp.WithSupportedSigningAlgorithms("RS256"), rp.WithNonce(expectedNonce)))
	if err == nil {
		d.party = party
	}
	return party, err
}

// Home answers GET /dev/demo.
func (d *Demo) Home(w http.ResponseWriter, r *http.Request) error {
	session := d.session(r)
	if session != nil && session.accessToken == "" {
		session = nil // a login that was never finished
	}
	d.show(w, r, http.StatusOK, demoView{Session: session})
	return nil
}

func (d *Demo) show(w http.ResponseWriter, r *http.Request, status int, v demoView) {
	v.Page = ui.Page{
		Site: d.Site, Title: ui.T(r.Context(), ui.DemoTitle), Wide: true,
		FormToken: d.Forms.Token(string(d.Cookies.EnsureBrowser(w, r))),
	}
	page.From(r.Context()).AllowForm(d.Issuer)
	ui.Render(w, r, status, demoPage(v))
}

func (d *Demo) fail(w http.ResponseWriter, r *http.Request, status int, problem ui.Key, pairs ...string) error {
	d.show(w, r, status, demoView{Problem: ui.T(r.Context(), problem, pairs...), Session: d.signedIn(r)})
	return nil
}

func (d *Demo) signedIn(r *http.Request) *demoSession {
	if s := d.session(r); s != nil && s.accessToken != "" {
		return s
	}
	return nil
}

// session finds the demo's own session of a browser.
func (d *Demo) session(r *http.Request) *demoSession {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s, ok := d.sessions[d.Cookies.Browser(r)]; ok {
		copied := *s
		return &copied
	}
	return nil
}

// keep stores a session, and forgets the oldest when there are too many.
func (d *Demo) keep(browser identity.Secret, s *demoSession) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := d.sessions[browser]; !known {
		d.order = append(d.order, browser)
	}
	d.sessions[browser] = s
	if len(d.order) > maxSessions {
		delete(d.sessions, d.order[0])
		d.order = d.order[1:]
	}
}

// Logout answers POST /dev/demo/logout: RP-initiated logout at the provider.
func (d *Demo) Logout(w http.ResponseWriter, r *http.Request) error {
	if err := d.Forms.Check(r, string(d.Cookies.Browser(r))); err != nil {
		return err
	}
	session := d.signedIn(r)
	if session == nil {
		login.SeeOther(w, r, DemoPath)
		return nil
	}
	d.keep(d.Cookies.Browser(r), &demoSession{})
	party, err := d.relyingParty(r.Context())
	if err != nil {
		return d.fail(w, r, http.StatusBadGateway, ui.DemoNoDiscovery)
	}
	to := party.GetEndSessionEndpoint() + "?" + query("id_token_hint", session.idToken, "post_logout_redirect_uri", d.Issuer+DemoPath)
	login.SeeOther(w, r, to)
	return nil
}
