// Package api is the JSON contract of the original service, under /api/v1: login by password, and the
// credits as a protected resource.
//
// It promises that a request changes nothing unless all of it is valid, that the person comes from the
// credential alone, and that every failure is the one error body with a text of a fixed list.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mana/keys/verifier"
	"mana/ledger"
	"mana/ledger/stripe"
	"mana/provider"
	"mana/provider/identity"
)

// Config is what the API needs. All fields are required, unless said.
type Config struct {
	Identity    *identity.Service
	FirstParty  *provider.FirstParty
	ServiceKeys *provider.ServiceKeys
	Ledger      *ledger.Ledger
	People      identity.Administration
	Goods       provider.PackageStore
	KeyStore    provider.ServiceKeyStore
	// CappedLedger is the ledger for one use of amount by a key that has a cap.
	CappedLedger func(key provider.ServiceKey, amount ledger.Amount) *ledger.Ledger
	Shop         *stripe.Shop
	// BuyURL is where a person buys credits.
	BuyURL     string
	Logger     *slog.Logger
	Now        func() time.Time
	SignupOpen bool
	// RequireVerified says that nobody logs in before the address is proven.
	RequireVerified bool
	// Returns reports whether a page may lead to an address that a client sent.
	Returns func(address string) bool
	// Take counts one use of a class of limits by key, and gives how long to wait when it is passed.
	Take func(ctx context.Context, class, key string) time.Duration
	// TakeService counts one call with a service key, up to a rate of its own if that is not 0.
	TakeService func(ctx context.Context, key string, perMinute int) time.Duration
	// GiveBack takes a count back.
	GiveBack func(ctx context.Context, class, key string)
	// Network is the key under which an address is counted.
	Network func(ctx context.Context) string
	// ValidateSlots is how many token checks may be at work at once.
	ValidateSlots int
	// Seal encrypts the place in a list for a row, and Open decrypts it for the same row.
	Seal func(row string, plain []byte) []byte
	Open func(row string, sealed []byte) ([]byte, error)
	// Ready reports why the program cannot serve, or nil.
	Ready func(ctx context.Context) error
	// SharedReady reports why what processes share is away; nil: they share nothing. The program serves without.
	SharedReady func(ctx context.Context) error
}

// API answers the contract's routes. It is safe for concurrent use.
type API struct {
	cfg      Config
	started  time.Time
	validate chan struct{}
	webhooks chan struct{}
	guard    verifier.Guard[provider.Access] // of the credits routes
	problems bool                            // refusals are problem details
}

// New makes an API.
func New(cfg Config) *API {
	a := &API{cfg: cfg, started: cfg.Now(), validate: make(chan struct{}, cfg.ValidateSlots), webhooks: make(chan struct{}, webhookSlots)}
	a.guard = verifier.Guard[provider.Access]{Verify: cfg.FirstParty.Access, Refuse: a.refuse}
	return a
}

// fresh is the API as routes answer that the original service did not have: refusals are problem details (RFC 9457).
func (a *API) fresh() *API {
	b := *a
	b.problems = true
	b.guard.Refuse = b.refuse
	return &b
}

// Handle turns a handler that returns errors into one that answers them. It looks at the query first.
func (a *API) Handle(h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return a.Proven(func(w http.ResponseWriter, r *http.Request) error {
		if err := singleQuery(r); err != nil {
			return err
		}
		return h(w, r)
	})
}

// Proven is [API.Handle] for handlers that look at the query themselves, after they know and have counted the caller.
func (a *API) Proven(h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			a.WriteError(w, r, err)
		}
	})
}

// singleQuery refuses a query that names a parameter twice, or is malformed.
func singleQuery(r *http.Request) error {
	if r.URL.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return validation("the query is malformed")
	}
	for name, values := range query {
		if len(values) > 1 && len(name) <= 32 && !strings.ContainsFunc(name, notLetter) {
			return validation(name + " must be sent once")
		}
		if len(values) > 1 {
			return validation("a query parameter must be sent once")
		}
	}
	return nil
}

func notLetter(c rune) bool { return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') }

// limit counts one call.
func (a *API) limit(ctx context.Context, class, key string) error {
	if wait := a.cfg.Take(ctx, class, key); wait > 0 {
		return tooMany(wait)
	}
	return nil
}

// limitAddress counts one call of the caller's network.
func (a *API) limitAddress(ctx context.Context, class string) error {
	return a.limit(ctx, class, a.cfg.Network(ctx))
}

// timestamp writes ISO 8601 in UTC with milliseconds.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// optional is a string that is null when it is empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// health is the answer of the health routes.
type health struct {
	Status    string            `json:"status"`
	Timestamp string            `json:"timestamp,omitempty"`
	Uptime    float64           `json:"uptime,omitempty"`
	Checks    map[string]*check `json:"checks,omitempty"`
}

type check struct {
	Status  string `json:"status"`
	Latency *int64 `json:"latency,omitempty"` // milliseconds
}

// Health says that the process answers.
func (a *API) Health(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, a.health("ok"))
	return nil
}

// Live says that the process answers, in the fewest bytes.
func (a *API) Live(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, health{Status: "ok"})
	return nil
}

// ReadyNow says whether the program can serve: its store answers and it is not stopping.
func (a *API) ReadyNow(w http.ResponseWriter, r *http.Request) error {
	begin := time.Now()
	err := a.cfg.Ready(r.Context())
	latency := time.Since(begin).Milliseconds()
	answer, status := a.health("ok"), http.StatusOK
	database := &check{Status: "ok", Latency: &latency}
	if err != nil {
		answer.Status, database.Status, status = "error", "error", http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "1")
	}
	answer.Checks = map[string]*check{"database": database, "redis": a.shared(r.Context())}
	writeJSON(w, status, answer)
	return nil
}

// shared is the state of what processes share.
func (a *API) shared(ctx context.Context) *check {
	switch {
	case a.cfg.SharedReady == nil:
		return &check{Status: "not_configured"}
	case a.cfg.SharedReady(ctx) != nil:
		return &check{Status: "error"}
	}
	return &check{Status: "ok"}
}

func (a *API) health(status string) health {
	now := a.cfg.Now()
	return health{Status: status, Timestamp: timestamp(now), Uptime: now.Sub(a.started).Seconds()}
}
