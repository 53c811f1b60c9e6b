package web

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mana/provider"
	"mana/web/api"
	"mana/web/edge"
	"mana/web/login"
	"mana/web/page"
	"mana/web/ui"
)

// maxEdgeBody is the largest body that an edge forwards, in bytes: the largest that any route of its origin takes.
const maxEdgeBody = maxEvent

// news tells an edge what changed since its mark. Others find nothing here.
func (s *Site) news(w http.ResponseWriter, r *http.Request) {
	if !provider.IsForEdge(r.Context()) {
		s.refuse(w, r, http.StatusNotFound)
		return
	}
	after, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil {
		after = -1
	}
	news, err := s.cfg.Changes(r.Context(), after)
	if err != nil {
		w.Header().Set("Retry-After", "1")
		s.refuse(w, r, http.StatusServiceUnavailable)
		return
	}
	news.Documents = s.cfg.Provider.Documents()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(news) // the edge has gone, or asks again
}

// Edge is the handler of an edge. Of cfg only Issuer, UI, Limits, TrustedProxies, CORSOrigins, Metrics, Logger and Now
// count, and of near, what the site has not itself.
func Edge(cfg Config, near edge.Config) (http.Handler, *edge.Edge) {
	cfg.Provider = new(provider.Provider) // has the form of its refusals, and nothing else
	s := &Site{
		cfg: cfg, secure: cfg.Issuer.Scheme == "https", protocol: login.Protocol{Site: cfg.UI}, traffic: newTraffic(cfg.Metrics),
	}
	s.counts = newCounts(cfg, s.traffic.limited)
	s.api = api.New(api.Config{
		FirstParty: provider.NewFirstParty(provider.FirstPartyConfig{Provider: cfg.Provider}), Logger: cfg.Logger, Now: cfg.Now,
	})
	near.Issuer, near.Logger, near.Metrics, near.PassHost = cfg.Issuer, cfg.Logger, cfg.Metrics, passHost
	near.Refuse, near.Limited = s.refuseAtEdge, s.limitedAtEdge
	e := edge.New(near)
	s.documents, s.kept = e.Documents(), e.ServeKept
	return s.outer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.atEdge(w, r, e) })), e
}

// atEdge refuses what no origin takes, and more than an address may ask, and leaves the rest to the edge.
func (s *Site) atEdge(w http.ResponseWriter, r *http.Request, e *edge.Edge) {
	if r.ContentLength > maxEdgeBody {
		w.Header().Set("Connection", "close") // or the server would read the body first
		s.refuseAtEdge(w, r, http.StatusRequestEntityTooLarge)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxEdgeBody)
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case !cleanPath(r.URL), r.URL.Path == edge.PathNews: // which the edge's own token would open
		s.refuse(w, r, http.StatusNotFound)
	case reads && s.cfg.UI.Assets.Serve(w, r):
		page.From(r.Context()).Route = ui.AssetPath
	default:
		e.ServeHTTP(w, r)
	}
}

// answerKept gives again what an edge keeps, before everything else, and reports whether it did. As a document it has no
// id: it is not logged.
func (s *Site) answerKept(response http.ResponseWriter, r *http.Request) bool {
	begin, w := time.Now(), &recorder{ResponseWriter: response, status: http.StatusOK}
	if s.kept == nil || !s.kept(w, r) {
		return false
	}
	s.traffic.answer(r.Method, r.URL.Path, w.status, time.Since(begin))
	return true
}

// limitedAtEdge refuses more than an address may have forwarded.
func (s *Site) limitedAtEdge(w http.ResponseWriter, r *http.Request) bool {
	wait := s.counts.take(r.Context(), classEdge, callerNetwork(r.Context()))
	if wait == 0 {
		return false
	}
	retryAfter(w.Header(), wait)
	if !isProtocolPath(r.URL.Path) && !strings.HasPrefix(r.URL.Path, "/api/") {
		s.protocol.Limited(w, r, wait)
		return true
	}
	s.refuseAtEdge(w, r, http.StatusTooManyRequests)
	return true
}

// refuseAtEdge answers as the origin would, so that pages of other origins can read it.
func (s *Site) refuseAtEdge(w http.ResponseWriter, r *http.Request, status int) {
	refuse := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.refuse(w, r, status) })
	if strings.HasPrefix(r.URL.Path, "/api/") {
		s.cors(refuse).ServeHTTP(w, r)
		return
	}
	refuse.ServeHTTP(w, r)
}
