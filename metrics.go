package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"mana/storage"
)

// metricsOff as METRICS_ADDR serves no metrics.
const metricsOff = "off"

// parseMetricsAddr reads host:port or off.
func parseMetricsAddr(c *config, value string) error {
	if value != metricsOff {
		if _, _, err := net.SplitHostPort(value); err != nil {
			return errors.New("must be host:port, or off")
		}
	}
	c.metricsAddr = value
	return nil
}

// listenMetrics takes the private address, nil if there is none. In dev mode another program may have it.
func (p *program) listenMetrics(ctx context.Context) (net.Listener, error) {
	address := p.cfg.metricsAddr
	if address == metricsOff {
		return nil, nil //nolint:nilnil // off: there is no listener, and no fault
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) && p.cfg.dev {
		p.logger.Warn("METRICS_ADDR is in use: no metrics are served", "address", address)
		return nil, nil //nolint:nilnil // the program is of use without
	}
	if err != nil {
		return nil, fmt.Errorf("METRICS_ADDR: listening on %s: %w", address, err)
	}
	return listener, nil
}

// countBuild says what runs.
func (p *program) countBuild() {
	engine := "sqlite"
	if storage.IsPostgres(p.cfg.database()) {
		engine = "postgres"
	}
	p.set.NewGauge("data_free_ratio", func() float64 { return freeRatio(p.cfg.dataDir) })
	p.set.NewGauge(fmt.Sprintf(`mana_build_info{version=%q,engine=%q,role="primary"}`, version, engine), nil).Set(1)
}

// serveMetrics answers GET /metrics until ctx ends.
func (p *program) serveMetrics(ctx context.Context, listener net.Listener) {
	server := &http.Server{
		Handler: p.private(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 2 * time.Minute, // a profile takes 30 s
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		p.logger.Error("serving metrics ended", "error", err)
	}
}

// private answers what is for operators alone: metrics and profiles.
func (p *program) private() http.Handler {
	metrics.ExposeMetadata(true)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		p.set.WritePrometheus(w)
		metrics.WriteProcessMetrics(w)
		metrics.WriteFDMetrics(w)
	})
	mux.HandleFunc("GET /debug/pprof/", byAddress(pprof.Index))
	mux.HandleFunc("GET /debug/pprof/cmdline", byAddress(pprof.Cmdline))
	mux.HandleFunc("GET /debug/pprof/profile", byAddress(pprof.Profile))
	mux.HandleFunc("GET /debug/pprof/symbol", byAddress(pprof.Symbol))
	mux.HandleFunc("GET /debug/pprof/trace", byAddress(pprof.Trace))
	return mux
}

// byAddress answers who names this machine by its address, or by a name that only its own network has. A page of somebody
// else, whose name was made to lead here, learns nothing by the browser of an operator.
func byAddress(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		host := (&url.URL{Host: r.Host}).Hostname() //nolint:forbidigo // this listener has no issuer: any name but an address is refused
		if net.ParseIP(host) == nil && strings.Contains(host, ".") {
			http.Error(w, "ask by an IP address", http.StatusMisdirectedRequest)
			return
		}
		next(w, r)
	}
}

const censusEvery = time.Minute

// census counts who is there and what waits.
func (p *program) census(ctx context.Context) error {
	c, err := p.db.Identity().Census(ctx, time.Now())
	if err != nil {
		return err
	}
	for name, n := range map[string]int64{
		"auth_users_total": c.Users, "auth_users_verified": c.Verified, "auth_users_created_today": c.CreatedToday,
		"auth_users_created_this_week": c.ThisWeek, "auth_users_created_this_month": c.ThisMonth, "auth_sessions_active": c.Sessions,
	} {
		p.set.GetOrCreateGauge(name, nil).Set(float64(n))
	}
	return p.countOutbox(ctx)
}

// countOutbox counts the mails that wait. Without a mail server they are not late: nobody sends them.
func (p *program) countOutbox(ctx context.Context) error {
	waiting, oldest, err := p.db.Identity().Waiting(ctx)
	if err != nil {
		return fmt.Errorf("counting mails: %w", err)
	}
	sum := 0
	for _, n := range waiting {
		sum += n
	}
	p.set.GetOrCreateGauge(`outbox_pending{kind="mail"}`, nil).Set(float64(sum))
	late := 0.0
	if sum > 0 && p.cfg.smtp.Host != "" {
		late = time.Since(oldest).Seconds()
	}
	p.set.GetOrCreateGauge("outbox_oldest_seconds", nil).Set(late)
	return nil
}
