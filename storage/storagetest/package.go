package storagetest

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
)

// testPackageAdmin: packages are made, renamed, moved and switched off, on the word of an administrator, and what they
// cost stays.
func testPackageAdmin(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	admin := provider.PackageAdmin{Store: s.Packages, By: operator(), Now: clock.Now}
	stranger := provider.PackageAdmin{Store: s.Packages, By: identity.Actor{Admin: uuid.New()}, Now: clock.Now}
	made := ledger.Package{Name: "Mini", Description: "A few", Credits: 50 * ledger.Credit, SortOrder: 9, Active: true, StripePriceID: "price_1"}
	_, err := stranger.Create(ctx, made)
	want(t, err, identity.ErrNotAdministrator)
	for field, c := range map[string]struct {
		change func(*ledger.Package)
		want   error
	}{
		"name":    {func(p *ledger.Package) { p.Name = "" }, provider.ErrPackageName},
		"control": {func(p *ledger.Package) { p.Description = "a\x00b" }, provider.ErrPackageName},
		"part":    {func(p *ledger.Package) { p.Credits++ }, provider.ErrPackageCredits},
		"none":    {func(p *ledger.Package) { p.Credits = 0 }, provider.ErrPackageCredits},
		"place":   {func(p *ledger.Package) { p.SortOrder = -1 }, provider.ErrPackageOrder},
		"price":   {func(p *ledger.Package) { p.StripePriceID = "x" }, provider.ErrPackagePrice},
	} {
		p := made
		c.change(&p)
		if _, err := admin.Create(ctx, p); err == nil {
			t.Errorf("%s: got a package", field)
		} else {
			want(t, err, c.want)
		}
	}
	mini, err := admin.Create(ctx, made)
	want(t, err, nil)
	_, err = admin.Create(ctx, made) // the same price
	want(t, err, provider.ErrPackagePrice)
	want(t, admin.Change(ctx, uuid.New(), func(*ledger.Package) {}), provider.ErrUnknownPackage)
	rename := func(p *ledger.Package) { p.Name, p.Active, p.Credits, p.PriceEuroCents = "Small", false, 1, 1 }
	want(t, stranger.Change(ctx, mini.ID, rename), identity.ErrNotAdministrator)
	want(t, admin.Change(ctx, mini.ID, rename), nil)
	want(t, admin.Change(ctx, mini.ID, rename), nil) // changes nothing
	all, err := s.Packages.ListPackages(ctx)
	if err != nil || len(all) != 5 || all[4].Name != "Small" || all[4].Active || all[4].Credits != made.Credits || all[4].PriceEuroCents != 50 {
		t.Errorf("got %+v, %v, want the package last, off, and for the same price", all, err)
	}
	if onSale, err := s.Ledger.Packages(ctx); err != nil || len(onSale) != 4 {
		t.Errorf("got %v, %v, want those on sale alone", onSale, err)
	}
	for kind, n := range map[string]int{"package_created": 1, "package_changed": 1} {
		found, err := s.Identity.Events(ctx, identity.EventQuery{Type: kind, Actor: operator().String(), Limit: 9})
		if err != nil || len(found) != n {
			t.Errorf("got %v, %v, want %d of %s", found, err, n, kind)
		}
	}
}

// testMailDesk: administrators see what was not sent, have it sent again, or drop it.
func testMailDesk(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	user := createUser(t, s, "ada@example.com", clock.Now())
	request(t, s, string(user.Email), identity.MailReset, clock.Now())
	request(t, s, string(user.Email), identity.MailVerify, clock.Now())
	lease := func() identity.Mail {
		t.Helper()
		m, err := s.Identity.LeaseMail(ctx, time.Minute)
		want(t, err, nil)
		return m
	}
	sent, failed := lease(), lease()
	want(t, s.Identity.MailSent(ctx, sent), nil)
	want(t, s.Identity.MailFailed(ctx, failed, "no such mailbox", clock.Now().Add(-time.Minute)), nil)
	failed = lease()
	if unsent, err := s.Identity.Unsent(ctx, 9); err != nil || len(unsent) != 1 || unsent[0].ID != failed.ID {
		t.Errorf("got %v, %v, want the one that waits", unsent, err)
	}
	if err := s.Identity.MailFailed(ctx, failed, "given up", time.Time{}); err != nil {
		t.Fatal(err)
	}
	nobody, event := identity.Actor{Admin: user.ID}, identity.Event{Type: "mail_retried"}
	want(t, s.Identity.RetryMail(ctx, nobody, failed.ID, event), identity.ErrNotAdministrator)
	want(t, s.Identity.RetryMail(ctx, operator(), sent.ID, event), identity.ErrNotFound)
	want(t, s.Identity.RetryMail(ctx, operator(), failed.ID, event), nil)
	if again := lease(); again.ID != failed.ID || again.Attempts != 3 {
		t.Errorf("got %+v, want the third attempt at the mail", again)
	}
	event.Type = "mail_dropped"
	want(t, s.Identity.DropMail(ctx, nobody, failed.ID, event), identity.ErrNotAdministrator)
	want(t, s.Identity.DropMail(ctx, operator(), sent.ID, event), identity.ErrNotFound)
	want(t, s.Identity.DropMail(ctx, operator(), failed.ID, event), nil)
	want(t, s.Identity.DropMail(ctx, operator(), failed.ID, event), identity.ErrNotFound)
	found, err := s.Identity.Events(ctx, identity.EventQuery{UserID: user.ID, Actor: operator().String(), Limit: 9})
	if err != nil || len(found) != 2 || found[0].Type != "mail_dropped" || found[1].Type != "mail_retried" {
		t.Errorf("got %+v, %v, want both acts once", found, err)
	}
}
