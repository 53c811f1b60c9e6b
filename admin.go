package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"mana/keys"
	"mana/ledger"
	"mana/provider/identity"
	"mana/storage"
	"mana/web/admin"
	"mana/web/ui"
)

// administration is what the pages of administrators work on.
func (p *program) administration(ring *keys.Ring) admin.Config {
	return admin.Config{
		People: p.db.Identity(), Desk: p.db.Identity(), Acts: p.db.Identity(), Goods: p.db.Provider(), Jobs: p.runs.jobs,
		Books: p.db.Ledger(), Checker: p.checker, ServiceKeys: p.db.Provider(), Stats: statistics{p.db},
		Keys:     keyRing{p, ring},
		Settings: p.cfg.shownSettings, Health: p.health, Now: time.Now,
	}
}

// statistics are the numbers of the first page.
type statistics struct{ db *storage.DB }

func (s statistics) Tallies(ctx context.Context, since time.Time) ([]identity.Tally, error) {
	return s.db.Identity().Tallies(ctx, since)
}

func (s statistics) FrozenWallets(ctx context.Context, limit int) ([]uuid.UUID, error) {
	return s.db.Ledger().FrozenWallets(ctx, limit)
}

func (s statistics) AppUsage(ctx context.Context, since, until int64, limit int) ([]ledger.UsageDay, error) {
	return s.db.Ledger().AppUsage(ctx, since, until, limit)
}

func (s statistics) CountUsers(ctx context.Context) (int, error) {
	return s.db.Identity().CountUsers(ctx)
}

// keyRing is the signing keys as administrators see and change them.
type keyRing struct {
	p    *program
	ring *keys.Ring
}

func (k keyRing) SigningKeys(ctx context.Context) ([]keys.StoredKey, error) {
	return k.p.db.Keys().SigningKeys(ctx)
}

func (k keyRing) Algorithms() []string { return k.ring.Algorithms() }

func (k keyRing) Rotate(ctx context.Context, by identity.Actor, alg string, now bool) error {
	if !slices.Contains(k.ring.Algorithms(), alg) {
		return keys.ErrUnknownKey
	}
	if _, err := k.ring.Rotate(ctx, k.p.db.Keys().By(by), alg, now); err != nil {
		return err
	}
	return k.p.reloadKeys(ctx)
}

func (k keyRing) Revoke(ctx context.Context, by identity.Actor, kid, reason string) error {
	if err := k.ring.Revoke(ctx, k.p.db.Keys().By(by), kid, reason); err != nil {
		return err
	}
	return k.p.reloadKeys(ctx)
}

// shownSettings are all settings as they may be shown: of a secret, that it is set.
func (c *config) shownSettings() []admin.Setting {
	var shown []admin.Setting
	for _, s := range settings() {
		line := admin.Setting{Name: s.name, Value: s.fallback, Meaning: s.meaning}
		if s.name == "ISSUER" {
			line.Value = c.issuer.String() // which PORT or LISTEN makes up
		}
		value, given := c.set[s.name]
		if given {
			line.Value, line.Given = value, true
		}
		// An address may hold a password.
		if given && value != "" && (s.secret || strings.Contains(value, "@") || strings.Contains(s.name, "URL") && strings.Contains(value, "://")) {
			line.Value, line.Hidden = "", true
		}
		shown = append(shown, line)
	}
	return shown
}

// health says how the parts of the program are.
func (p *program) health(ctx context.Context) []admin.Check {
	check := func(name ui.Key, err error, good string) admin.Check {
		if err != nil {
			return admin.Check{Name: name, Text: err.Error()}
		}
		return admin.Check{Name: name, OK: true, Text: good}
	}
	checks := []admin.Check{check(ui.HealthStorage, p.db.Ping(ctx), p.cfg.shownDatabase())}
	if ready := p.shared.ready(); ready != nil {
		checks = append(checks, check(ui.HealthShared, ready(ctx), "OK"))
	}
	var active []string
	for _, alg := range p.ring.Algorithms() {
		active = append(active, alg+" "+p.ring.ActiveID(alg))
	}
	checks = append(checks, check(ui.HealthKeys, nil, strings.Join(active, ", ")), p.mailHealth(ctx), p.stripeHealth(ctx))
	return append(checks, p.jobHealth(ctx))
}

// mailLate is how long a mail may wait before something is wrong.
const mailLate = 15 * time.Minute

// mailHealth says whether mails go out.
func (p *program) mailHealth(ctx context.Context) admin.Check {
	waiting, oldest, err := p.db.Identity().Waiting(ctx)
	if err != nil {
		return admin.Check{Name: ui.HealthMail, Text: err.Error()}
	}
	var n int64
	for _, of := range waiting {
		n += int64(of)
	}
	text := ui.Count(ctx, ui.HealthMailWaits, n)
	if p.cfg.smtp.Host == "" {
		return admin.Check{Name: ui.HealthMail, OK: p.cfg.dev || n == 0, Text: ui.T(ctx, ui.HealthMailOff) + ", " + text}
	}
	return admin.Check{Name: ui.HealthMail, OK: n == 0 || time.Since(oldest) < mailLate, Text: text}
}

// eventLate is how long an event of Stripe may wait before something is wrong.
const eventLate = 5 * time.Minute

// stripeHealth says whether payments are on, and how far their events are.
func (p *program) stripeHealth(ctx context.Context) admin.Check {
	if p.cfg.stripeKey == "" {
		return admin.Check{Name: ui.HealthStripe, OK: true, Text: ui.T(ctx, ui.HealthStripeOff)}
	}
	backlog, err := p.shop.Payments.Backlog(ctx)
	if err != nil {
		return admin.Check{Name: ui.HealthStripe, Text: err.Error()}
	}
	texts, late := []string{ui.T(ctx, ui.HealthStripeNone)}, false
	if !backlog.Last.IsZero() {
		texts[0] = ui.T(ctx, ui.HealthStripeLast, "when", ui.When(ctx, backlog.Last))
	}
	if !backlog.Oldest.IsZero() {
		lag := time.Since(backlog.Oldest)
		texts, late = append(texts, ui.T(ctx, ui.HealthStripeWaits, "n", ui.Span(ctx, lag))), lag > eventLate
	}
	if backlog.Quarantined > 0 {
		texts = append(texts, ui.Count(ctx, ui.HealthStripeHeld, backlog.Quarantined))
	}
	differ := p.shop.Balance().Count
	if differ > 0 {
		texts = append(texts, ui.Count(ctx, ui.BalanceDiffers, int64(differ)))
	}
	return admin.Check{Name: ui.HealthStripe, OK: !late && backlog.Quarantined == 0 && differ == 0, Text: strings.Join(texts, ", ")}
}

// jobHealth names the jobs whose last run failed.
func (p *program) jobHealth(ctx context.Context) admin.Check {
	var failing []string
	for _, j := range p.runs.jobs() {
		if j.Fault != "" {
			failing = append(failing, ui.T(ctx, j.Name))
		}
	}
	if len(failing) > 0 {
		return admin.Check{Name: ui.HealthJobs, Text: ui.T(ctx, ui.AdminJobFailing) + ": " + strings.Join(failing, ", ")}
	}
	return admin.Check{Name: ui.HealthJobs, OK: true, Text: "OK"}
}

const tallyEvery = 5 * time.Minute

// tally counts what happened, for the first page of administrators.
func (p *program) tally(ctx context.Context) error {
	now := time.Now()
	counts := map[string]int64{identity.CountTokens: p.ring.Signed(), identity.CountErrors: p.failures.Swap(0)}
	for measure, n := range counts {
		if n == 0 {
			delete(counts, measure)
		}
	}
	if len(counts) > 0 {
		if err := p.db.Identity().AddTallies(ctx, now.UTC().Truncate(time.Hour), counts); err != nil {
			return err
		}
	}
	for more := true; more && ctx.Err() == nil; {
		var err error
		if more, err = p.db.Identity().TallyUp(ctx, now); err != nil {
			return fmt.Errorf("counting: %w", err)
		}
	}
	return nil
}

var (
	_ admin.Statistics = statistics{}
	_ admin.KeyRing    = keyRing{}
)
