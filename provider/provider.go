// Package provider is the OpenID Provider: what a person lets a client have. It serves the protocol over
// HTTP, because OAuth is defined over HTTP.
//
// It promises that nothing is sent to an address that was not registered, that a code is redeemed once
// and only by its client with its PKCE verifier, that every token names a grant that can be revoked at
// once, and that the metadata says only what runs. Its adversaries are other clients, other browsers,
// pages of other origins, and whoever sees a URL.
package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/google/uuid"

	"mana/keys"
	"mana/keys/verifier"
	"mana/provider/identity"
)

// Paths of the protocol under the issuer.
const (
	PathDiscovery           = "/.well-known/openid-configuration"
	PathAuthorizationServer = "/.well-known/oauth-authorization-server"
	PathJWKS                = "/jwks"
	PathAuthorize           = "/authorize"
	PathToken               = "/token"
	PathUserInfo            = "/userinfo"
	PathIntrospect          = "/introspect"
	PathRevoke              = "/revoke"
	PathEndSession          = "/end_session"
	PathCredits             = "/api/v1/credits" // the protected resource
	PathAdmin               = "/api/v1/admin"   // the administration API, another
)

// Paths of the hosted pages that the protocol leads to. Each takes the parameter "request".
const (
	PathLogin       = "/login"
	PathSelect      = "/login/select"
	PathFactor      = "/mfa"
	PathFactorCodes = "/mfa/codes"
	PathSignup      = "/signup"
	PathConsent     = "/consent"
	PathLogout      = "/logout"
)

// FirstPartyClient is the client id of tokens made by the REST login.
const FirstPartyClient = "mana-first-party"

const (
	codeLife    = time.Minute
	requestLife = 30 * time.Minute
	idTokenLife = time.Hour
	refreshIdle = 7 * 24 * time.Hour
	clockSkew   = time.Minute

	// factsLife is how long it is kept what stands behind an access token: a revocation elsewhere shows within
	// it, one in this process at once.
	factsLife = time.Second
	maxFacts  = 8192

	maxVerified = 16384 // tokens whose signature need not be checked again, about 600 bytes each
)

// FormField is one hidden field of a form_post page.
type FormField struct{ Name, Value string }

// PageError is what a person is told when nothing may be sent to the client.
type PageError string

// The stable codes of error pages of the protocol.
const (
	PageBadRequest     PageError = "invalid_request"
	PageUnknownClient  PageError = "client_unknown"
	PageBadRedirect    PageError = "redirect_unknown"
	PageRequestExpired PageError = "request_expired"
	PageServerError    PageError = "server_error"
)

// Pages renders what the protocol shows to a person. It is the hosted pages' side of the provider.
type Pages interface {
	// ProtocolError shows an error page, at the address that was asked, with no way to the client.
	ProtocolError(w http.ResponseWriter, r *http.Request, status int, code PageError)
	// FormPost shows the page that posts fields to a proven address (OAuth 2.0 Form Post Response Mode).
	FormPost(w http.ResponseWriter, r *http.Request, to ProvenRedirect, fields []FormField)
}

// Config is what a provider needs. All fields are required, unless said.
type Config struct {
	Issuer    string // exact, without trailing slash
	Audience  string // aud of first-party tokens
	Store     Store
	Identity  *identity.Service
	Ring      *keys.Ring
	Cookies   Cookies
	Pages     Pages
	AccessTTL time.Duration // 1 to 60 minutes
	// RefreshMax is the longest life of a refresh family and of a first-party session.
	RefreshMax time.Duration
	SignupOpen bool
	// RequireVerified gives nothing to people who have not proven their address.
	RequireVerified bool
	// Derive gives a secret of 32 bytes for a label.
	Derive func(label string) []byte
	// Device is where a request came from.
	Device func(*http.Request) identity.Device
	Logger *slog.Logger
	// CreditsAlg signs access tokens for the credits API, one of the ring's; empty: RS256.
	CreditsAlg string
	Now        func() time.Time
	// Ended is called when something ended that access tokens stand on, for other processes to forget it too. It must
	// not wait. It may be nil.
	Ended func()
	// Metrics is where it is counted what clients ask, nil if nowhere.
	Metrics *metrics.Set
}

// Provider serves the protocol. It is safe for concurrent use.
type Provider struct {
	issuer          string
	audience        string
	store           *directory // serves clients from memory
	identity        *identity.Service
	ring            *keys.Ring
	cookies         Cookies
	pages           Pages
	accessTTL       time.Duration
	refreshMax      time.Duration
	signupOpen      bool
	requireVerified bool
	refreshKey      []byte // makes successors of refresh tokens
	device          func(*http.Request) identity.Device
	logger          *slog.Logger
	now             func() time.Time
	facts           *memo[Facts]        // by the id of an access token
	verified        *memo[accessClaims] // by the hash of an access token
	verifier        *verifier.Verifier
	creditsAlg      string
	ended           func()
	counts          counts
	discovery       published
	jwks            published
	library         http.Handler
}

// New makes a provider. It fails when its own metadata cannot be encoded.
func New(cfg Config) (*Provider, error) {
	local, err := verifier.New(context.Background(), cfg.Issuer, verifier.Config{
		Audiences: []string{cfg.Audience, cfg.Issuer + PathCredits, cfg.Issuer + PathAdmin, cfg.Issuer}, Keys: cfg.Ring.Key, Now: cfg.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("making the check of access tokens: %w", err)
	}
	p := &Provider{
		issuer: cfg.Issuer, audience: cfg.Audience, store: newDirectory(cfg.Store), identity: cfg.Identity,
		ring: cfg.Ring, cookies: cfg.Cookies, pages: cfg.Pages, accessTTL: cfg.AccessTTL, refreshMax: cfg.RefreshMax,
		signupOpen: cfg.SignupOpen, requireVerified: cfg.RequireVerified,
		refreshKey: cfg.Derive(refreshLabel), device: cfg.Device, logger: cfg.Logger, now: cfg.Now,
		facts:    newMemo[Facts](factsLife, maxFacts),
		verified: newMemo[accessClaims](cfg.AccessTTL, maxVerified),
		verifier: local, creditsAlg: cfg.CreditsAlg, ended: cfg.Ended, counts: newCounts(cfg.Metrics),
	}
	if err := p.Republish(); err != nil {
		return nil, err
	}
	p.library = newLibraryHandler(p)
	return p, nil
}

// Republish prepares the metadata and the key set again. It is to be called when the ring has changed.
func (p *Provider) Republish() error {
	p.verified.clear() // what a revoked key signed
	discovery, err := p.metadata()
	if err != nil {
		return err
	}
	p.discovery.Store(NewDocument("application/json", discovery, cacheMetadata))
	p.jwks.Store(NewDocument("application/jwk-set+json", p.ring.JWKS(), cacheJWKS))
	return nil
}

// Issuer is the issuer identifier.
func (p *Provider) Issuer() string { return p.issuer }

// CreditsResource is the identifier of the credits API as a protected resource (RFC 9728).
func (p *Provider) CreditsResource() string { return p.issuer + PathCredits }

// AdminResource is the identifier of the administration API as a protected resource.
func (p *Provider) AdminResource() string { return p.issuer + PathAdmin }

// SignsWith reports whether ID tokens can be signed with an algorithm; empty: the default.
func (p *Provider) SignsWith(alg string) bool {
	return alg == "" || slices.Contains(p.ring.Algorithms(), alg)
}

// Discovery serves the metadata (OpenID Connect Discovery 1.0, section 4; RFC 8414, section 3).
func (p *Provider) Discovery() http.Handler { return &p.discovery }

// JWKS serves the public keys (RFC 7517, section 5).
func (p *Provider) JWKS() http.Handler { return &p.jwks }

// UserInfo serves the claims of a person (OpenID Connect Core 1.0, section 5.3). Each call with a valid token of a
// person is shown to limited first, which answers it and reports true when it is one too many.
func (p *Provider) UserInfo(limited func(w http.ResponseWriter, r *http.Request, person uuid.UUID) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serveUserInfo(w, r, limited) })
}

// EndSession serves RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0, section 2).
func (p *Provider) EndSession() http.Handler { return http.HandlerFunc(p.serveEndSession) }

// Cookies are the cookies of hosted pages.
func (p *Provider) Cookies() Cookies { return p.cookies }

// SignedIn is the person that a browser is signed in as.
type SignedIn struct {
	Session identity.Session
	User    identity.User
}

// SignedIn finds the session of a browser; nil when it has none. An error means that storage failed.
func (p *Provider) SignedIn(r *http.Request) (*SignedIn, error) {
	session, user, err := p.identity.Session(r.Context(), p.cookies.Session(r))
	if isNoSession(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if p.requireVerified && !user.EmailVerified {
		return nil, nil // the person signs in, and is told there what to do
	}
	return &SignedIn{Session: session, User: user}, nil
}

// SignOut ends a session: its grants, but for those with offline access, and its tokens end with it at once.
func (p *Provider) SignOut(ctx context.Context, session identity.Session, d identity.Device) error {
	defer p.forget()
	return p.identity.SignOut(ctx, session, d)
}

// SessionsEnded is to be called after sessions, grants or refresh tokens ended, so that it shows at once here and in
// other processes.
func (p *Provider) SessionsEnded() { p.forget() }

// Forget drops what is kept of access tokens for a moment: another process ended something that they stand on.
func (p *Provider) Forget() { p.facts.clear() }

// Changed forgets what is kept of access tokens, here and in other processes: an administrator changed something that
// they stand on.
func (p *Provider) Changed() { p.forget() }

// forget is called when this process ended something.
func (p *Provider) forget() {
	p.facts.clear()
	if p.ended != nil {
		p.ended()
	}
}

const faultMessage = "protocol request failed"

// logFault writes what the caller is not told: why a fault of ours refused a request.
func (p *Provider) logFault(w http.ResponseWriter, err error) {
	if errors.Is(err, context.Canceled) {
		return // the caller has gone
	}
	p.logger.Error(faultMessage, "error", err, "requestId", w.Header().Get("X-Request-Id"))
}

// isForm reports whether a request carries a form body (RFC 6749, appendix B). A charset is tolerated.
func isForm(r *http.Request) bool {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(media), "application/x-www-form-urlencoded")
}
