package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"mana/provider"
	"mana/web/api"
	"mana/web/login"
)

// errAway is why nothing can be served before the storage was there.
var errAway = errors.New("storage is not there yet")

// Away answers before the storage was there: the program lives and is not ready, and everything else is 503 in the form
// of the surface that is asked. Of cfg only Issuer, UI, TrustedProxies, CORSOrigins, Logger and Now count.
func Away(cfg Config) http.Handler {
	cfg.Provider = new(provider.Provider) // has the form of its refusals, and nothing else
	s := &Site{
		cfg: cfg, secure: cfg.Issuer.Scheme == "https", protocol: login.Protocol{Site: cfg.UI},
		traffic: newTraffic(nil), // nobody reads it yet
	}
	s.api = api.New(api.Config{
		FirstParty: provider.NewFirstParty(provider.FirstPartyConfig{Provider: cfg.Provider}),
		Logger:     cfg.Logger, Now: cfg.Now, Ready: func(context.Context) error { return errAway },
	})
	unavailable := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, http.StatusServiceUnavailable)
	})
	live, ready, calls := s.api.Handle(s.api.Live), s.api.Handle(s.api.ReadyNow), s.cors(unavailable)
	return s.outer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case path == "/health/live":
			live.ServeHTTP(w, r)
		case path == "/health/ready":
			ready.ServeHTTP(w, r)
		case strings.HasPrefix(path, "/api/"):
			calls.ServeHTTP(w, r)
		default:
			unavailable.ServeHTTP(w, r)
		}
	}))
}
