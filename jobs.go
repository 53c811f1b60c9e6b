package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	cleanEvery = 10 * time.Minute
	watchEvery = time.Second
)

// retention is how long ended sessions stay.
const retention = 365 * 24 * time.Hour

// clean deletes what nobody needs any more, now and then.
func (p *program) clean(ctx context.Context) {
	ticker := time.NewTicker(cleanEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			n, err := p.db.Clean(ctx, retention)
			if err != nil {
				p.logger.Error("cleaning failed", "error", err)
				continue
			}
			p.logger.Info("cleaned", "rows", n)
		}
	}
}

// watch reloads what the program keeps in memory when it was changed by another process, such as the
// command line. A fault is logged when it begins, not each second; what was known is served on.
func (p *program) watch(ctx context.Context) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	seen := make(map[string]int64)
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			err := p.reloadChanged(ctx, seen)
			if err != nil && !failing && ctx.Err() == nil {
				p.logger.Error("watching for changes failed", "error", err)
			}
			failing = err != nil
		}
	}
}

// reloadChanged reloads each subject whose revision is not the one seen, and notes it. The revision is read
// first, so that a change during the reload is found the next time.
func (p *program) reloadChanged(ctx context.Context, seen map[string]int64) error {
	revisions, err := p.db.Revisions(ctx)
	if err != nil {
		return err
	}
	var faults error
	for subject, reload := range map[string]func(context.Context) error{
		"clients": p.reloadClients, "keys": p.reloadKeys,
	} {
		if revisions[subject] == seen[subject] {
			continue
		}
		if err := reload(ctx); err != nil {
			faults = errors.Join(faults, fmt.Errorf("reloading %s: %w", subject, err))
			continue
		}
		seen[subject] = revisions[subject]
	}
	return faults
}
