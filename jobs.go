package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mana/keys"
	"mana/ledger"
	"mana/provider"
)

const (
	cleanEvery     = time.Minute
	watchEvery     = time.Second / 2 // so that a change counts within a second
	advanceEvery   = 10 * time.Minute
	noteEvery      = 10 * time.Second
	payEvery       = 5 * time.Second
	reconcileEvery = 10 * time.Minute
	tidyEvery      = time.Minute
)

// startJobs starts what runs beside the requests until ctx ends.
func (p *program) startJobs(ctx context.Context) {
	seen := make(map[string]int64)
	watch := func(ctx context.Context) error { return p.reloadChanged(ctx, seen) }
	p.jobs.Go(func() { p.every(ctx, cleanEvery, "cleaning", p.clean, nil) })
	p.jobs.Go(func() { p.every(ctx, watchEvery, "watching for changes", watch, p.shared.changed) })
	p.jobs.Go(func() { p.every(ctx, advanceEvery, "rotating signing keys", p.advanceKeys, nil) })
	p.jobs.Go(func() { p.every(ctx, tallyEvery, "counting what happened", p.tally, nil) })
	p.jobs.Go(func() { p.every(ctx, censusEvery, "counting people", p.census, nil) })
	p.jobs.Go(func() { p.every(ctx, noteEvery, "noting uses of service keys", p.serviceKeys.NoteUses, nil) })
	p.jobs.Go(func() { p.every(ctx, ledger.CheckEvery, "checking the ledger", p.checkLedger, nil) })
	p.jobs.Go(func() { p.every(ctx, payEvery, "settling payments", p.shop.Work, nil) })
	p.jobs.Go(func() { p.every(ctx, reconcileEvery, "comparing payments", p.shop.Reconciler().Run, nil) })
	p.jobs.Go(func() { p.every(ctx, tidyEvery, "ending holds", p.tidyHolds, nil) })
	p.sendMails(ctx)
	if p.metrics != nil {
		p.jobs.Go(func() { p.serveMetrics(ctx, p.metrics) })
	}
	if p.shared.valkey != nil {
		p.jobs.Go(func() { p.shared.listen(ctx, p.forget) })
		p.jobs.Go(func() { p.shared.tell(ctx) })
	}
}

type job func(context.Context) error

// every runs a job at once, then at an interval and whenever it is woken; wake may be nil. A fault is logged when it
// begins, not each time; what was known is served on.
func (p *program) every(ctx context.Context, interval time.Duration, what string, do job, wake <-chan struct{}) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	p.runs.begin(what, interval)
	for failing := false; ; {
		began := time.Now()
		err := do(ctx)
		p.runs.end(what, interval, began, err)
		if err != nil && !failing && ctx.Err() == nil {
			p.logger.Error("a job failed", "job", what, "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-wake:
		}
	}
}

// clean deletes what nobody needs any more.
func (p *program) clean(ctx context.Context) error {
	n, err := p.db.Clean(ctx, p.cfg.retention)
	if n > 0 {
		p.logger.Debug("cleaned", "rows", n)
	}
	return err
}

// reloadChanged reloads each subject whose revision is not the one seen, and notes it: it was changed by another
// process, such as the command line. The revision is read first, so that a change during the reload is found
// the next time.
func (p *program) reloadChanged(ctx context.Context, seen map[string]int64) error {
	revisions, err := p.db.Revisions(ctx)
	if err != nil {
		return err
	}
	var faults error
	for subject, reload := range map[string]func(context.Context) error{
		"clients": p.reloadClients, "keys": p.reloadKeys, "service_keys": p.serviceKeys.Reload,
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

// checkLedger holds some wallets against their journals. What is wrong is told; its wallet is frozen already.
func (p *program) checkLedger(ctx context.Context) error {
	faults, err := p.checker.Watch(ctx)
	for _, f := range faults {
		p.logger.Error("the ledger contradicts itself", "invariant", f.Invariant, "wallet", f.UserID, "detail", f.Text)
	}
	return err
}

// tidyHolds ends holds whose time is over in wallets that nobody touches, and counts those that are open.
func (p *program) tidyHolds(ctx context.Context) error {
	_, err := p.credits.TidyHolds(ctx)
	open, countErr := p.credits.OpenHolds(ctx)
	if countErr == nil {
		p.set.GetOrCreateGauge("ledger_holds_open", nil).Set(float64(open))
	}
	return errors.Join(err, countErr)
}

// advanceKeys lets the signing keys age, and lets other processes know of a change.
func (p *program) advanceKeys(ctx context.Context) error {
	changed, err := changes(ctx, p.db, func() error { return p.ring.Advance(ctx) })
	if changed {
		p.shared.renew()
	}
	return errors.Join(err, p.reloadKeys(ctx))
}

// reloadKeys reads the signing keys again and publishes what changed.
func reloadKeys(ctx context.Context, ring *keys.Ring, op *provider.Provider) error {
	changed, err := ring.Reload(ctx)
	if err != nil {
		return fmt.Errorf("reloading signing keys: %w", err)
	}
	if !changed {
		return nil
	}
	return op.Republish()
}
