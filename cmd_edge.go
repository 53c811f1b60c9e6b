package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"mana/web"
	"mana/web/edge"
)

// serveEdge runs an edge until ctx ends, and stops in the order of [serve].
func serveEdge(ctx context.Context, cfg *config, environ []string, stderr io.Writer) error {
	begin := time.Now()
	logger, level, text := newLogger(cfg, stderr)
	slog.SetDefault(slog.New(errorOnly{logger.Handler()}))
	limitMemory()
	listeners, err := listen(cfg)
	if err != nil {
		return err
	}
	defer closeAll(listeners)
	p := &program{cfg: cfg, logger: logger, text: text, listeners: listeners, set: metrics.NewSet()}
	defer p.hear(cfg, level)()
	if p.metrics, err = p.listenMetrics(ctx); err != nil {
		return err
	}
	if p.metrics != nil {
		defer func() { _ = p.metrics.Close() }()
	}
	if p.traces, p.flush, err = exportTraces(ctx, cfg, logger); err != nil {
		return err
	}
	if p.site, err = cfg.site(); err != nil {
		return err
	}
	handler, near := p.buildEdge()
	p.begin = func(ctx context.Context) {
		p.jobs.Go(func() { near.Run(ctx) })
		p.jobs.Go(func() { p.reload(ctx) })
		if p.metrics != nil {
			p.jobs.Go(func() { p.serveMetrics(ctx, p.metrics) })
		}
	}
	p.server = web.Server(p.counted(handler), logger)
	defer func() { _ = p.server.Close() }() // in order already when it ran
	for _, warning := range cfg.warnings(environ) {
		logger.Warn(warning)
	}
	near.Begin(ctx)
	failed := p.accept(listeners)
	logger.Info("started", "version", version, "role", roleEdge, "issuer", cfg.issuer.String(), "origin", cfg.primary.String())
	p.say(stderr, "ready", fmt.Sprintf("Ready in %.1f s. Stop with Ctrl-C.", time.Since(begin).Seconds()))
	return p.run(ctx, failed, stderr)
}

// buildEdge makes what answers at an edge.
func (p *program) buildEdge() (http.Handler, *edge.Edge) {
	c := p.cfg
	p.set.NewGauge(fmt.Sprintf(`mana_build_info{version=%q,engine="none",role="edge"}`, version), nil).Set(1)
	return web.Edge(web.Config{
		Issuer: c.issuer, UI: p.site, Limits: c.limits, TrustedProxies: p.trusted, CORSOrigins: c.origins(), Metrics: p.set,
		Logger: p.logger, Now: time.Now, Traces: p.traces,
	}, edge.Config{Outgoing: traced, Origin: c.primary, Token: c.edgeTokens[0], Stopping: p.stopping.Load})
}

// changesSince tells edges what changed of what answers about access tokens rest on.
func (p *program) changesSince(ctx context.Context, after int64) (edge.News, error) {
	endings, err := p.db.Endings(ctx, after)
	if err != nil {
		return edge.News{}, err
	}
	revisions, err := p.db.Revisions(ctx)
	if err != nil {
		return edge.News{}, err
	}
	return edge.News{
		Mark: endings.Mark, Lost: endings.Lost, Subjects: endings.Subjects,
		Revision: fmt.Sprintf("%d.%d", revisions["clients"], revisions["keys"]),
	}, nil
}
