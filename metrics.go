package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
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
	p.set.NewGauge(fmt.Sprintf(`mana_build_info{version=%q,engine=%q}`, version, engine), nil).Set(1)
}

// serveMetrics answers GET /metrics until ctx ends.
func (p *program) serveMetrics(ctx context.Context, listener net.Listener) {
	metrics.ExposeMetadata(true)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		p.set.WritePrometheus(w)
		metrics.WriteProcessMetrics(w)
		metrics.WriteFDMetrics(w)
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		p.logger.Error("serving metrics ended", "error", err)
	}
}
