// Package edge answers near its callers for an origin elsewhere, without keys and without a database: the published
// documents from memory, answers about access tokens again for a while, and everything else by asking the origin.
//
// It promises that nothing is given again that the origin would not say any more, but for two seconds: it asks once a
// second what ended, and while it does not learn that, it keeps no answer. An answer is given again to nobody but who
// shows the very same credentials. What callers say of edges and of other callers' addresses never reaches the origin.
// It must never hold a secret of the origin but the token by which the two know each other.
package edge

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// What an edge and its origin say to each other.
const (
	PathNews     = "/edge/revocations" // what ended, for edges alone
	HeaderToken  = "Edge-Token"
	HeaderClient = "Edge-Client" // the address that asked the edge
)

// News is what changed since a mark.
type News struct {
	Mark      int64    `json:"mark"`               // what to ask from the next time
	Lost      bool     `json:"lost,omitempty"`     // it is not known what ended since the mark
	Subjects  []string `json:"subjects,omitempty"` // as in [provider.Endings]
	Revision  string   `json:"revision"`           // of clients and signing keys: another one ends everything
	Documents string   `json:"documents"`          // as of [provider.Provider.Documents]
}

const (
	askEvery = time.Second
	askFor   = 2 * time.Second // longest wait for the news

	// fresh is how long the news count from when they were asked for: until then answers are given again. A revocation
	// shows within it in any case.
	fresh = 2 * time.Second
	// awayAfter is how long the origin may stay silent before callers are refused without asking it.
	awayAfter = 6 * time.Second
	// StaleFor is how long documents are served that the origin could not be asked about. Together with the time that
	// callers keep them it stays below the 24 hours by which a key is published ahead of its use.
	StaleFor   = 12 * time.Hour
	staleAfter = 10 * time.Second // from then on callers are told to ask again soon
	checkEvery = time.Minute      // how often documents are read though no news tell of a change

	connectFor = 2 * time.Second
	answerFor  = 10 * time.Second // longest wait for the head of an answer
)

// Config is what an edge needs. All fields are required, unless said.
type Config struct {
	Origin *url.URL // without a path
	Issuer *url.URL // the only one whose documents are served
	Token  string   // proves the edge to the origin
	// PassHost lets one request ask for the host of another.
	PassHost func(to, from *http.Request)
	// Refuse answers a request in the form of what it asked for.
	Refuse func(w http.ResponseWriter, r *http.Request, status int)
	// Limited answers a request that is one too many for its caller, and reports whether it did.
	Limited func(w http.ResponseWriter, r *http.Request) bool
	// Stopping reports whether the program is about to stop.
	Stopping func() bool
	// Outgoing is put around the transport of calls; nil: nothing is.
	Outgoing func(http.RoundTripper) http.RoundTripper
	Metrics  *metrics.Set // nil: nobody reads it
	Logger   *slog.Logger
}

// Edge is one edge. It is safe for concurrent use.
type Edge struct {
	cfg       Config
	begin     time.Time
	client    *http.Client // for what the edge asks itself
	forward   *httputil.ReverseProxy
	answers   *answers
	files     *files
	documents atomic.Pointer[documents]
	secret    []byte // of the keys of answers

	// Moments, in nanoseconds since the begin; 0: never.
	asked   atomic.Int64 // when the last news were asked for that came
	heard   atomic.Int64 // when the origin last said anything
	checked atomic.Int64 // when the documents were known to be right

	counts counts
	// Of the goroutine that asks for news.
	mark     int64
	revision string
	silent   error // why there are no news; nil: there are
}

// New makes an edge that knows nothing yet.
func New(cfg Config) *Edge {
	var transport http.RoundTripper = &http.Transport{
		DialContext: (&net.Dialer{Timeout: connectFor}).DialContext, TLSHandshakeTimeout: connectFor, ForceAttemptHTTP2: true,
		ResponseHeaderTimeout: answerFor, MaxIdleConnsPerHost: 128, IdleConnTimeout: 30 * time.Second, DisableCompression: true,
	}
	if cfg.Outgoing != nil {
		transport = cfg.Outgoing(transport)
	}
	e := &Edge{
		cfg: cfg, begin: time.Now(), secret: make([]byte, 32), answers: newAnswers(), files: newFiles(), counts: newCounts(cfg.Metrics),
		client: &http.Client{Transport: transport, Timeout: askFor, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
	}
	rand.Read(e.secret)
	e.forward = e.proxy(transport)
	e.heard.Store(1) // silence is counted from the begin
	e.countAges(cfg.Metrics)
	return e
}

// Run asks for news once a second until ctx ends. It must run once. The first news are asked for by [Edge.Begin].
func (e *Edge) Run(ctx context.Context) {
	ticker := time.NewTicker(askEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			e.ask(ctx)
		}
	}
}

// Begin asks for the first news and the documents. It is to be called before Run.
func (e *Edge) Begin(ctx context.Context) { e.ask(ctx) }

// since is a moment as it is kept.
func (e *Edge) since(t time.Time) int64 { return max(1, int64(t.Sub(e.begin))) }

// age is how long ago a moment was; forever if it never was.
func (e *Edge) age(moment *atomic.Int64) time.Duration {
	if at := moment.Load(); at != 0 {
		return time.Since(e.begin) - time.Duration(at)
	}
	return 1<<63 - 1
}

// isFresh reports whether answers may be given again.
func (e *Edge) isFresh() bool { return e.age(&e.asked) < fresh }

// isAway reports whether the origin has been silent for long.
func (e *Edge) isAway() bool { return e.age(&e.heard) > awayAfter }

// state is what health says of an edge.
type state struct {
	Status    string `json:"status"` // ok or error
	Role      string `json:"role"`
	Origin    string `json:"origin"`    // ok or away
	News      string `json:"news"`      // ok, or away: no answer is kept
	Documents string `json:"documents"` // ok, stale or none
}

// health answers what asks for the health of the program, and reports whether the request did.
func (e *Edge) health(w http.ResponseWriter, r *http.Request) bool {
	now := state{Status: "ok", Role: "edge", Origin: "ok", News: "ok", Documents: "ok"}
	status := http.StatusOK
	switch r.URL.Path {
	case "/health/live", "/health", "/api/v1/health":
	case "/health/ready":
		if e.cfg.Stopping() || e.served() == nil {
			now.Status, status = "error", http.StatusServiceUnavailable
			w.Header().Set("Retry-After", "1")
		}
	default:
		return false
	}
	if e.isAway() {
		now.Origin = "away"
	}
	if !e.isFresh() {
		now.News = "away"
	}
	switch {
	case e.served() == nil:
		now.Documents = "none"
	case e.age(&e.checked) > staleAfter+checkEvery:
		now.Documents = "stale"
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(now) // the caller has gone
	}
	return true
}
