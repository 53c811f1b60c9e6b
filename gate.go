package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"mana/storage"
	"mana/web"
	"mana/web/ui"
)

const (
	holdFor   = 10 * time.Second       // how long a request waits for a start that goes well
	firstWait = 100 * time.Millisecond // before the database is tried again, then twice as long each time
	mostWait  = time.Second
)

// gate answers on the listener from the beginning: requests wait a moment for the start, and are refused while there
// is no database yet.
type gate struct {
	away    http.Handler  // before it is open
	late    chan struct{} // closed when nobody waits any more
	give    func()        // closes late, once
	opened  chan struct{} // closed when handler is there
	handler http.Handler
}

func newGate(c *config, site ui.Site, logger *slog.Logger) *gate {
	g := &gate{late: make(chan struct{}), opened: make(chan struct{})}
	g.give = sync.OnceFunc(func() { close(g.late) })
	g.away = web.Away(web.Config{
		Issuer: c.issuer, UI: site, TrustedProxies: func() []netip.Prefix { return c.proxies }, CORSOrigins: c.origins(), Logger: logger, Now: time.Now,
	})
	time.AfterFunc(holdFor, g.give)
	return g
}

// open lets requests through from now on.
func (g *gate) open(handler http.Handler) {
	g.handler = handler
	close(g.opened)
}

// ServeHTTP implements [http.Handler].
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/health/") { // which asks how it is now
		select {
		case <-g.opened:
		case <-g.late:
		}
	}
	select {
	case <-g.opened:
		g.handler.ServeHTTP(w, r)
	default:
		g.away.ServeHTTP(w, r)
	}
}

// untilThere tries to open what needs the database again and again while that is away, until ctx ends. What does not
// pass by itself, such as a wrong password or a schema that does not fit, is returned.
func (p *program) untilThere(ctx context.Context, g *gate, open func() error) error {
	for wait := firstWait; ; wait = min(2*wait, mostWait) {
		err := open()
		if !storage.Away(err) {
			return err
		}
		if wait == firstWait {
			p.logger.Warn("the database is away: waiting for it", "error", err)
		}
		g.give()
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}
