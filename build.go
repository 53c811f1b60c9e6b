package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"mana/keys"
	"mana/ledger"
	"mana/ledger/stripe"
	"mana/provider"
	"mana/provider/identity"
	"mana/web"
	"mana/web/account"
	"mana/web/dev"
	"mana/web/login"
	"mana/web/mail"
	"mana/web/page"
	"mana/web/ui"
)

// build wires stores, domains and pages by hand.
func (p *program) build(ctx context.Context, master keys.MasterKey, own *http.Client) (http.Handler, *keys.Ring, error) {
	c := p.cfg
	ring, err := loadRing(ctx, c, p.db, master, p.set)
	if err != nil {
		return nil, nil, err
	}
	credits := ledger.New(ledger.Config{
		Store: p.db.Ledger(), SignupBonus: c.signupBonus, DailyFree: c.dailyFree, Metrics: p.set,
	})
	p.credits = credits
	p.checker = ledger.NewChecker(ledger.CheckerConfig{
		Store: p.db.Ledger(), Books: p.db.Ledger(), Now: time.Now, Metrics: p.set,
	})
	people, err := p.people(master, credits)
	if err != nil {
		return nil, nil, err
	}
	p.writer = mail.Writer{Issuer: c.issuer, Brand: c.brand, LinkOf: people.LinkOf}
	site, cookies := p.site, provider.NewCookies(c.secure())
	op, err := provider.New(provider.Config{
		Issuer: c.issuer.String(), Audience: c.audience, Store: p.db.Provider(), Identity: people, Ring: ring,
		Cookies: cookies, Pages: login.Protocol{Site: site}, AccessTTL: c.accessTTL, RefreshMax: c.sessionMax,
		CreditsAlg: c.creditsAlg, Ended: p.shared.end, Metrics: p.set,
		SignupOpen: c.signupOpen, RequireVerified: c.verified, Derive: master.Derive, Device: page.Device, Logger: p.logger, Now: time.Now,
	})
	if err != nil {
		return nil, nil, err
	}
	formKey := master.Derive("web/forms")
	p.reloadClients, p.forget = op.ReloadClients, op.Forget
	p.ring, p.reloadKeys = ring, func(ctx context.Context) error { return reloadKeys(ctx, ring, op) }
	p.shop = p.openShop()
	demo, err := p.demo(ctx, op.Clients(), dev.Config{
		Site: site, Issuer: c.issuer.String(), Secret: identity.NewSecret(), Cookies: cookies, HTTP: own,
	}, formKey)
	if err != nil {
		return nil, nil, err
	}
	p.serviceKeys = provider.NewServiceKeys(p.db.Provider(), time.Now)
	if err := errors.Join(op.ReloadClients(ctx), p.serviceKeys.Reload(ctx)); err != nil {
		return nil, nil, err
	}
	handler, err := web.New(web.Config{
		Issuer: c.issuer, Provider: op, Identity: people, Ledger: credits, Shop: p.shop, UI: site, FormKey: formKey,
		Checkout:    p.checkout(demo),
		FirstParty:  provider.NewFirstParty(provider.FirstPartyConfig{Provider: op, RefreshTTL: c.refreshTTL}),
		ServiceKeys: p.serviceKeys,
		CappedLedger: func(k provider.ServiceKey, amount ledger.Amount) *ledger.Ledger {
			return credits.On(p.db.Ledger().Capped(k, amount))
		},
		Seal: master.Sealer("web/cursor"), Open: master.Opener("web/cursor"),
		Limits: c.limits, SharedLimits: p.shared.limits(), SharedReady: p.shared.ready(), TrustedProxies: p.trusted,
		EdgeTokens: c.edgeTokens, Changes: p.changesSince,
		CORSOrigins: c.origins(), Demo: demo, Upstreams: c.upstreamProviders(),
		Mailbox: p.mailbox(site), Mails: c.mails(), Discreet: c.smtp.Host != "" || c.verified, RequireVerified: c.verified,
		SignupOpen: c.signupOpen, SignupBonus: c.signupBonus, SecurityContact: mailto(c.supportEmail), ValidateSlots: c.validateSlots,
		Admin: p.administration(ring), Metrics: p.set, Traces: p.traces, Failed: func() { p.failures.Add(1) }, Ready: p.ready, Logger: p.logger, Now: time.Now,
	})
	return handler, ring, err
}

// demo registers the demo's client, in dev mode only. Elsewhere the client of an earlier start in dev mode is
// disabled.
func (p *program) demo(ctx context.Context, clients provider.Clients, cfg dev.Config, formKey []byte) (*dev.Demo, error) {
	if !p.cfg.dev {
		return nil, p.endDemo(ctx)
	}
	forms, err := page.NewForms(formKey, cfg.Issuer)
	if err != nil {
		return nil, err
	}
	cfg.Forms = forms
	demo := dev.NewDemo(cfg)
	if err := clients.SaveClient(ctx, demo.Client(time.Now())); err != nil {
		return nil, fmt.Errorf("registering the demo: %w", err)
	}
	return demo, nil
}

// openShop sells packages. In dev mode without a key, a page of ours stands in for Stripe's, with a secret of its own.
func (p *program) openShop() *stripe.Shop {
	c, local := p.cfg, ""
	if c.dev && c.stripeKey == "" {
		local = c.issuer.String() + dev.CheckoutPath
		c.stripeSecrets = append(c.stripeSecrets, stripe.Secret(identity.NewSecret()))
	}
	return stripe.New(stripe.Config{
		Purchases: p.db.Ledger(), Inbox: p.db.Ledger(), Payments: p.db.Ledger(),
		Key: c.stripeKey, Secrets: c.stripeSecrets, URL: c.stripeURL, Local: local, Now: time.Now, Logger: p.logger, Metrics: p.set, Outgoing: traced,
	})
}

// checkout is the page that stands in for Stripe's, in dev mode only.
func (p *program) checkout(demo *dev.Demo) *dev.Checkout {
	if demo == nil || len(p.shop.Secrets) == 0 {
		return nil
	}
	return &dev.Checkout{Config: demo.Config, Shop: p.shop, Signer: p.shop.Secrets[len(p.shop.Secrets)-1], Now: time.Now}
}

// people are those who have an account.
func (p *program) people(master keys.MasterKey, credits *ledger.Ledger) (*identity.Service, error) {
	c := p.cfg
	passkeys, err := identity.NewWebAuthn(identity.RelyingParty{ID: c.issuer.Hostname(), Origin: c.issuer.String(), Name: c.brand})
	if err != nil {
		return nil, fmt.Errorf("preparing passkeys: %w", err)
	}
	return identity.New(identity.Config{
		Store: p.db.Identity(), Hasher: identity.NewHasher(p.cfg.hashSlots(identity.HashMemory)), Ledger: credits,
		Derive: master.Derive, Now: time.Now, RequireVerified: p.cfg.verified, BonusProven: p.cfg.bonusProven,
		Seal: master.Sealer(keys.FactorLabel), Open: master.Opener(keys.FactorLabel), WebAuthn: passkeys,
		Breaches: c.breaches, SignupWork: c.signupWork, Metrics: p.set,
	}), nil
}

// mailbox shows the mails of the outbox, in dev mode only.
func (p *program) mailbox(site ui.Site) *dev.Mailbox {
	if !p.cfg.dev {
		return nil
	}
	return &dev.Mailbox{Protocol: login.Protocol{Site: site}, Store: p.db.Identity(), Writer: p.writer}
}

func (p *program) endDemo(ctx context.Context) error {
	client, err := p.db.Provider().Client(ctx, dev.DemoClientID)
	if errors.Is(err, provider.ErrUnknownClient) || err == nil && client.Disabled {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the demo's client: %w", err)
	}
	client.Disabled = true
	if err := p.db.Provider().SaveClient(ctx, client); err != nil {
		return fmt.Errorf("disabling the demo's client: %w", err)
	}
	return nil
}

// site is what all pages share.
func (c *config) site() (ui.Site, error) {
	assets, err := ui.NewAssets(c.theme)
	if err != nil {
		return ui.Site{}, err
	}
	site := ui.Site{Brand: c.brand, Assets: assets, Dev: c.dev}
	for _, link := range []ui.FootLink{
		{Text: ui.Imprint, URL: c.imprintURL},
		{Text: ui.Privacy, URL: c.privacyURL},
		{Text: ui.Terms, URL: c.termsURL},
		{Text: ui.Support, URL: mailto(c.supportEmail)},
	} {
		if link.URL != "" {
			site.Links = append(site.Links, link)
		}
	}
	if c.dev || c.stripeKey != "" {
		site.Links = append(site.Links, ui.FootLink{Text: ui.WithdrawLink, URL: account.PathWithdraw})
	}
	return site, nil
}

func mailto(address string) string {
	if address == "" {
		return ""
	}
	return "mailto:" + address
}
