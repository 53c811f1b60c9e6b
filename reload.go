package main

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"sync/atomic"
	"syscall"
)

// reloaded are the settings that SIGHUP changes while the server runs. The file of the last is applied again.
var reloaded = []string{"LOG_LEVEL", "TRUSTED_PROXIES", "APPLY_FILE"}

// serveHelp tells of signals.
const serveHelp = `SIGTERM and Ctrl-C end it in order: no new connections, requests in flight finished, storage closed; a second
one ends it at once. SIGHUP reads the .env file and the files that settings name again: LOG_LEVEL and
TRUSTED_PROXIES change, and APPLY_FILE is applied (an edge has none); the log names what else differs and waits for a restart. What the
environment itself says cannot change while it runs. With a mistake anywhere nothing changes, and the log says which.`

// reloading is what a running server reads again.
type reloading struct {
	signals chan os.Signal
	level   *slog.LevelVar
	proxies atomic.Pointer[[]netip.Prefix]
}

// hear takes SIGHUP from now on, which would end the process. stop gives it back.
func (r *reloading) hear(c *config, level *slog.LevelVar) (stop func()) {
	r.signals, r.level = make(chan os.Signal, 1), level
	r.proxies.Store(&c.proxies)
	signal.Notify(r.signals, syscall.SIGHUP)
	return func() { signal.Stop(r.signals) }
}

// trusted are the networks whose word on addresses counts.
func (r *reloading) trusted() []netip.Prefix { return *r.proxies.Load() }

// reload reads the settings again at each signal, until ctx ends.
func (p *program) reload(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.signals:
			if err := p.readAgain(ctx); err != nil {
				p.logger.Error("the settings were not read again: everything stays as it was", "error", err)
			}
		}
	}
}

// readAgain takes over what can change. A mistake anywhere changes nothing.
func (p *program) readAgain(ctx context.Context) error {
	cfg, file, err := p.cfg.again()
	if err != nil {
		return err
	}
	if file != nil {
		if err := p.applyAtStart(ctx, file); err != nil {
			return err
		}
	}
	p.level.Set(cfg.logLevel)
	p.proxies.Store(&cfg.proxies)
	p.logger.Warn("the settings were read again", "restart_for", p.cfg.differs(cfg))
	return nil
}

// readSettings is what serve reads at its start; own is the environment without the .env file.
func readSettings(own []string, role string, anyAddress bool) (*config, *applyFile, error) {
	environ, err := withDotEnv(own)
	if err != nil {
		return nil, nil, err
	}
	cfg, err := loadConfigAs(role, environ, anyAddress)
	if err != nil {
		return nil, nil, err
	}
	file, err := cfg.readAtStart()
	return cfg, file, err
}

// differs lists the settings of another configuration that only a restart takes over.
func (c *config) differs(other *config) []string {
	names := []string{}
	for _, s := range settings() {
		if c.set[s.name] != other.set[s.name] && !slices.Contains(reloaded, s.name) {
			names = append(names, s.name)
		}
	}
	return names
}
