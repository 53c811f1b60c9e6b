// Package web answers every HTTP request: it holds the one table of routes, and what happens around them.
//
// It promises limits on size, time and rate for every route, one log event without secrets, and that no
// header of a caller decides an address, an origin or an identity.
package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/google/uuid"
	"github.com/rs/cors"
	"github.com/ulule/limiter/v3"
	"go.opentelemetry.io/otel/trace"

	"mana/ledger"
	"mana/ledger/stripe"
	"mana/provider"
	"mana/provider/identity"
	"mana/provider/upstream"
	"mana/web/account"
	"mana/web/admin"
	"mana/web/api"
	"mana/web/dev"
	"mana/web/edge"
	"mana/web/login"
	"mana/web/page"
	"mana/web/ui"
)

// Config is what the site needs. All fields are required, unless said.
type Config struct {
	Issuer         *url.URL
	Provider       *provider.Provider
	FirstParty     *provider.FirstParty
	ServiceKeys    *provider.ServiceKeys
	Identity       *identity.Service
	Ledger         *ledger.Ledger
	CappedLedger   func(provider.ServiceKey, ledger.Amount) *ledger.Ledger // as in [api.Config]
	Shop           *stripe.Shop
	UI             ui.Site
	FormKey        []byte                                // secret of form tokens
	Seal           func(row string, plain []byte) []byte // as in [api.Config]
	Open           func(row string, sealed []byte) ([]byte, error)
	Limits         Limits
	SharedLimits   limiter.Store               // counters of all processes; nil: this is the only one
	SharedReady    func(context.Context) error // whether they are there; nil without them
	TrustedProxies func() []netip.Prefix       // asked at each request; may be empty
	CORSOrigins    []string                    // may be empty
	EdgeTokens     []string                    // what edges prove themselves by; may be empty
	// Changes are those since a mark, as in [edge.News], for edges.
	Changes         func(ctx context.Context, after int64) (edge.News, error)
	Demo            *dev.Demo            // nil outside dev mode
	Mailbox         *dev.Mailbox         // nil outside dev mode
	Checkout        *dev.Checkout        // nil outside dev mode
	Mails           bool                 // people get the mails that are written for them
	Discreet        bool                 // as in [login.Config]
	RequireVerified bool                 // as in [api.Config]
	Upstreams       []*upstream.Provider // may be empty
	SignupOpen      bool
	SignupBonus     ledger.Amount
	SecurityContact string // URL to report what is wrong; empty: none is told
	ValidateSlots   int
	Ready           func(ctx context.Context) error
	Metrics         *metrics.Set         // what is counted; nil: nobody reads it
	Traces          trace.TracerProvider // makes a span of each request; nil: none
	Failed          func()               // called for each request that failed by our own fault; nil: nobody counts
	Admin           admin.Config         // but for what the site has itself
	Logger          *slog.Logger
	Now             func() time.Time
}

// Site is the whole of the HTTP surface.
type Site struct {
	cfg       Config
	secure    bool
	counts    *counts
	traffic   *traffic
	api       *api.API
	protocol  login.Protocol
	documents map[string]http.Handler // by path
	// kept gives again what an edge keeps, and reports whether it did; nil elsewhere.
	kept func(w http.ResponseWriter, r *http.Request) bool
}

// kind is how a route is guarded and how its refusals look.
type kind int

const (
	kindPage     kind = iota // a person's browser: the issuer's host only
	kindBrowser              // a protocol endpoint that browsers visit
	kindProtocol             // a protocol endpoint for machines
	kindAPI                  // the JSON contract, with CORS
	kindOpen                 // a static file or health
	kindWebhook              // what Stripe calls
	kindDocument             // a public document of the protocol, answered from memory
)

// maxHeaders bounds the request line and all headers to 32 KiB: net/http adds 4 KiB of its own.
const maxHeaders = 28 << 10

// The largest body of each kind, in bytes.
const (
	maxPageBody = 32 << 10
	maxBody     = 64 << 10
	maxEvent    = 512 << 10
)

// maxReturn is the longest address that a client can have a page lead to, in bytes.
const maxReturn = 2048

// route is one line of the table.
type route struct {
	method  string // GET includes HEAD; empty: the handler knows its own
	path    string
	kind    kind
	handler http.Handler
}

// New makes the handler of everything.
func New(cfg Config) (http.Handler, error) {
	s := &Site{
		cfg: cfg, secure: cfg.Issuer.Scheme == "https", protocol: login.Protocol{Site: cfg.UI},
		traffic:   newTraffic(cfg.Metrics),
		documents: make(map[string]http.Handler),
	}
	s.counts = newCounts(cfg, s.traffic.limited)
	s.api = api.New(api.Config{
		Identity: cfg.Identity, FirstParty: cfg.FirstParty, ServiceKeys: cfg.ServiceKeys, Ledger: cfg.Ledger,
		People: cfg.Admin.People, Goods: cfg.Admin.Goods, KeyStore: cfg.Admin.ServiceKeys,
		CappedLedger: cfg.CappedLedger, Shop: cfg.Shop, BuyURL: cfg.Issuer.JoinPath(account.PathBuy).String(), Logger: cfg.Logger, Now: cfg.Now,
		SignupOpen: cfg.SignupOpen && cfg.Identity.SignupWork() == 0, ValidateSlots: cfg.ValidateSlots, Ready: cfg.Ready, SharedReady: cfg.SharedReady,
		Seal: cfg.Seal, Open: cfg.Open, RequireVerified: cfg.RequireVerified, Returns: s.returns,
		Take: s.counts.take, GiveBack: s.counts.giveBack, Network: callerNetwork,
		TakeService: func(ctx context.Context, key string, perMinute int) time.Duration {
			return s.counts.takeUpTo(ctx, classService, key, perMinute)
		},
	})
	routes, err := s.routes()
	if err != nil {
		return nil, err
	}
	return s.outer(s.router(routes)), nil
}

func callerNetwork(ctx context.Context) string { return network(page.From(ctx).Client) }

// routes is the table of everything that is served.
func (s *Site) routes() ([]route, error) {
	p := s.cfg.Provider
	forms, err := page.NewForms(s.cfg.FormKey, p.Issuer())
	if err != nil {
		return nil, err
	}
	resource, err := p.CreditsMetadata()
	if err != nil {
		return nil, err
	}
	administration, err := p.AdminMetadata()
	if err != nil {
		return nil, err
	}
	docs, err := api.NewDocs(s.cfg.UI, p.Issuer())
	if err != nil {
		return nil, err
	}
	pages := s.pages(forms)
	mine := account.New(account.Config{
		Site: s.cfg.UI, Provider: p, Identity: s.cfg.Identity, Ledger: s.cfg.Ledger, Forms: forms, Upstreams: s.cfg.Upstreams,
		Shop: s.cfg.Shop, Now: s.cfg.Now, Take: s.counts.take, Network: callerNetwork,
	})
	table := slices.Concat(s.protocolRoutes(resource, administration), s.loginRoutes(pages), mailRoutes(pages), accountRoutes(pages, mine), buyRoutes(pages, mine), factorRoutes(pages, mine), s.apiRoutes(), s.serviceRoutes(), s.administrationRoutes())
	table = append(table, s.docsRoutes(docs)...)
	table = append(table, s.placesRoutes()...)
	table = append(table, s.adminRoutes(pages, forms)...)
	if s.cfg.Identity.TakesPasskeys() {
		table = append(table, passkeyRoutes(pages, mine)...)
	}
	if s.cfg.Demo != nil {
		table = append(table, s.devRoutes(pages)...)
	}
	if len(s.cfg.EdgeTokens) > 0 {
		table = append(table, route{"GET", edge.PathNews, kindOpen, http.HandlerFunc(s.news)})
	}
	return table, nil
}

// pages are those of signing in.
func (s *Site) pages(forms *page.Forms) *login.Pages {
	return login.New(login.Config{
		Protocol: s.protocol, Provider: s.cfg.Provider, Identity: s.cfg.Identity, Forms: forms, Logger: s.cfg.Logger,
		SignupOpen: s.cfg.SignupOpen, Bonus: s.cfg.SignupBonus, Upstreams: s.cfg.Upstreams,
		Mails: s.cfg.Mails, Discreet: s.cfg.Discreet,
		Seal: s.cfg.Seal, Open: s.cfg.Open, Now: s.cfg.Now,
		Take: func(ctx context.Context, class string) time.Duration {
			return s.counts.take(ctx, class, callerNetwork(ctx))
		},
		GiveBack: func(ctx context.Context, class string) { s.counts.giveBack(ctx, class, callerNetwork(ctx)) },
	})
}

// router matches paths exactly. A known path with another method is 405, everything else 404, each in the
// form of its surface.
func (s *Site) router(table []route) http.Handler {
	byPath := make(map[string]map[string]route)
	for _, line := range table {
		if byPath[line.path] == nil {
			byPath[line.path] = make(map[string]route)
		}
		byPath[line.path][line.method] = line
	}
	mux := http.NewServeMux()
	for path, methods := range byPath {
		if document := methods[""]; document.kind == kindDocument {
			s.documents[path] = document.handler // asked for by machines all day: answered before everything else
			continue
		}
		mux.Handle(path, s.guard(path, methods))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.refuse(w, r, http.StatusNotFound) })
	exact := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !cleanPath(r.URL) {
			s.refuse(w, r, http.StatusNotFound)
			return
		}
		mux.ServeHTTP(w, r)
	})
	api := s.cors(exact)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
			api.ServeHTTP(w, r)
			return
		}
		exact.ServeHTTP(w, r)
	})
}

// guard chooses the method of a path and applies what its kind demands.
func (s *Site) guard(path string, methods map[string]route) http.Handler {
	allow := make([]string, 0, len(methods)+1)
	for method := range methods {
		allow = append(allow, method)
		if method == http.MethodGet && methods[method].kind != kindBrowser {
			allow = append(allow, http.MethodHead)
		}
	}
	slices.Sort(allow)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state := page.From(r.Context())
		state.Route = path
		_, shown := methods[http.MethodGet]
		state.Posted = !shown
		method := r.Method
		if method == http.MethodHead && methods[http.MethodGet].kind != kindBrowser {
			method = http.MethodGet // a protocol endpoint would issue a code that nobody reads
		}
		chosen, ok := methods[method]
		if !ok {
			chosen, ok = methods[""]
		}
		if !ok {
			w.Header().Set("Allow", strings.Join(allow, ", "))
			s.refuse(w, r, http.StatusMethodNotAllowed)
			return
		}
		s.serve(w, r, chosen)
	})
}

func (s *Site) serve(w http.ResponseWriter, r *http.Request, chosen route) {
	limit := int64(maxBody)
	switch chosen.kind {
	case kindPage:
		limit = maxPageBody
	case kindWebhook:
		limit = maxEvent
	}
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // or the server would read the body first
		s.refuse(w, r, http.StatusRequestEntityTooLarge)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	page.From(r.Context()).Protocol = chosen.kind == kindBrowser
	if chosen.kind == kindPage || chosen.kind == kindBrowser {
		if s.turnAway(w, r) {
			return
		}
		if wait := s.counts.take(r.Context(), classBrowser, callerNetwork(r.Context())); wait > 0 {
			retryAfter(w.Header(), wait)
			s.protocol.Limited(w, r, wait)
			return
		}
	}
	chosen.handler.ServeHTTP(w, r)
}

// turnAway keeps browsers to the issuer's own host. On a loopback issuer another loopback name is sent
// there, since passkeys and cookies belong to one name.
func (s *Site) turnAway(w http.ResponseWriter, r *http.Request) bool {
	if !foreignHost(r, s.cfg.Issuer.Host) {
		return false
	}
	if s.cfg.Demo != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead) && otherLoopback(r, s.cfg.Issuer) {
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, s.cfg.Issuer.String()+r.URL.RequestURI(), http.StatusSeeOther) //nolint:gosec // a path on the issuer
		return true
	}
	s.protocol.Error(w, r, http.StatusMisdirectedRequest)
	return true
}

// returns reports whether a page of ours may lead to an address that a client sent: https, or http on a loopback
// address, of our origin, of one that may call the JSON API, or of a registered client.
func (s *Site) returns(address string) bool {
	to, err := url.Parse(address)
	if err != nil || len(address) > maxReturn || to.Host == "" || to.User != nil || to.Opaque != "" || strings.ContainsFunc(address, notVisible) {
		return false
	}
	if to.Scheme != "https" && (to.Scheme != "http" || !isLoopback(to.Hostname())) {
		return false
	}
	origin := to.Scheme + "://" + to.Host
	return origin == s.cfg.Provider.Issuer() || slices.Contains(s.cfg.CORSOrigins, origin) || s.cfg.Provider.AllowsOrigin(origin)
}

func notVisible(c rune) bool { return c <= ' ' || c >= 0x7f || c == '\\' }

// refuse answers what no handler takes, in the form of the surface that was asked.
func (s *Site) refuse(w http.ResponseWriter, r *http.Request, status int) {
	switch {
	case strings.HasPrefix(r.URL.Path, "/api/"), strings.HasPrefix(r.URL.Path, "/health"):
		s.api.WriteError(w, r, api.Refusal(status))
	case isProtocolPath(r.URL.Path):
		s.cfg.Provider.Refuse(w, status)
	default:
		s.protocol.Error(w, r, status)
	}
}

func isProtocolPath(path string) bool {
	switch path {
	case provider.PathToken, provider.PathUserInfo, provider.PathIntrospect, provider.PathRevoke, provider.PathJWKS:
		return true
	}
	return strings.HasPrefix(path, "/.well-known/")
}

// limitClients counts what the endpoints for programs answered to a client, and its failed authentications at an
// address, each afterwards: a secret of 256 bits is not found by the few tries that run at once, and who only names a
// client takes nothing from it. For that a client without a secret is counted by address. Failures of an address have
// a wide limit too, or it would name ever new clients.
func (s *Site) limitClients(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, address := r.Context(), callerNetwork(r.Context())
		client, secret := shownClient(r)
		here := client + " " + address
		if !secret {
			client = here
		}
		wait := max(s.counts.passed(ctx, classTokenIP, address), s.counts.passed(ctx, classToken, here),
			s.counts.passed(ctx, classClient, client))
		if wait > 0 {
			retryAfter(w.Header(), wait)
			s.cfg.Provider.Refuse(w, http.StatusTooManyRequests)
			return
		}
		answer := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		switch {
		case answer.status == http.StatusUnauthorized:
			s.counts.take(ctx, classToken, here)
			s.counts.take(ctx, classTokenIP, address)
		case answer.status < http.StatusBadRequest:
			s.counts.take(ctx, classClient, client)
		}
	})
}

// limitReads counts a call of a person to userinfo as the credits API counts its own, and refuses one too many.
func (s *Site) limitReads(w http.ResponseWriter, r *http.Request, person uuid.UUID) bool {
	wait := s.counts.take(r.Context(), classBearer, person.String())
	if wait == 0 {
		wait = s.counts.take(r.Context(), classRead, person.String())
	}
	if wait > 0 {
		retryAfter(w.Header(), wait)
		s.cfg.Provider.Refuse(w, http.StatusTooManyRequests)
	}
	return wait > 0
}

// cors lets exactly the configured origins call the JSON API (Fetch, section 3.2).
func (s *Site) cors(next http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowOriginFunc:  func(origin string) bool { return slices.Contains(s.cfg.CORSOrigins, origin) },
		AllowCredentials: true,
		AllowedMethods:   []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"},
		AllowedHeaders:   []string{"Content-Type", "Authorization", "X-Requested-With", "X-App-Id", "Idempotency-Key"},
		ExposedHeaders:   []string{"Retry-After", "Idempotency-Replayed", "X-Request-Id", "WWW-Authenticate", "Credits", "Credits-Export-Rows", "ETag", "Link"},
		MaxAge:           600,
	}).Handler(next)
}

// clientCORS lets pages of registered clients call an endpoint of the protocol, without cookies.
func (s *Site) clientCORS(next http.Handler) http.Handler {
	guarded := cors.New(cors.Options{
		AllowOriginVaryRequestFunc: func(_ *http.Request, origin string) (bool, []string) {
			return s.cfg.Provider.AllowsOrigin(origin), nil
		},
		AllowedMethods: []string{"GET", "POST"},
		AllowedHeaders: []string{"Authorization", "Content-Type", "DPoP"},
		ExposedHeaders: []string{"WWW-Authenticate", "DPoP-Nonce", "Retry-After"},
		MaxAge:         600,
	}).Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "" {
			guarded.ServeHTTP(w, r)
			return
		}
		w.Header().Add("Vary", "Origin")
		next.ServeHTTP(w, r) // most callers are no pages: the library would look up the empty origin
	})
}

func (s *Site) assets(w http.ResponseWriter, r *http.Request) {
	if !s.cfg.UI.Assets.Serve(w, r) {
		s.refuse(w, r, http.StatusNotFound)
	}
}

// Server is an HTTP server with limits on time and headers. It does not listen yet.
func Server(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: maxHeaders,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}

// ErrStopping is why a program that is about to stop is not ready.
var ErrStopping = errors.New("stopping")
