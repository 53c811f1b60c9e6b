package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"mana/ledger"
	"mana/web/admin"
	"mana/web/page"
	"mana/web/ui"
)

// TestSettingsInGerman finds settings whose meaning has no German.
func TestSettingsInGerman(t *testing.T) {
	t.Parallel()
	german := page.InLanguage(t.Context(), page.German)
	for _, s := range settings() {
		if ui.Phrase(german, s.meaning) == s.meaning {
			t.Errorf("%s: no German for %q in web/ui/phrases.go", s.name, s.meaning)
		}
	}
}

// TestAdminInGerman reads the settings and the faults of forms in German.
func TestAdminInGerman(t *testing.T) {
	t.Parallel()
	s := start(t, "SUPPORT_EMAIL=help@example.com")
	b := s.administrator(t)
	b.language = "de"
	b.says(b.get(admin.PathSettings), "de", "öffentlicher Port", "gesetzt, nicht gezeigt", "Umgebung", "Standard")
	for path, c := range map[string]struct {
		form  url.Values
		texts []string
	}{
		admin.PathClients + "/new": {
			url.Values{"act": {"save"}, "redirect_uris": {"http://a.example"}, "scopes": {"openid"}, "audiences": {strings.Repeat("a", 513)}},
			[]string{"Name: muss aus 1 bis 60 druckbaren Zeichen bestehen", "muss https sein, http auf einer Loopback-Adresse", "muss aus 1 bis 512 sichtbaren Zeichen"},
		},
		admin.PathServices: {
			url.Values{"act": {"create"}, "name": {"a"}},
			[]string{"mindestens eine ist nötig; der ersten gehört der Schlüssel", "mindestens eine Angabe ist nötig; es gibt: balance"},
		},
	} {
		c.form.Set("form_token", formToken(t, b.get(path)))
		got := b.post(path, c.form)
		if b.says(got, "de", c.texts...); got.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: got %d, want 422", path, got.StatusCode)
		}
	}
}

// TestDashboardSells shows what was sold beside what was given and spent, in whole credits.
func TestDashboardSells(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.administrator(t)
	s.sql(t, `INSERT INTO auth_statistics (hour, measure, value) VALUES (?, 'credits_sold', ?)`,
		time.Now().UTC().Truncate(time.Hour).UnixMicro(), 1234*int64(ledger.Credit))
	got := b.get(admin.PathHome)
	if !regexp.MustCompile(`class="series-2"></rect></svg>\s*Sold <strong>1,234</strong>`).MatchString(got.body) || strings.Count(got.body, `class="series-2"`) != 2 {
		t.Errorf("got no bar of what was sold\n%s", got.body)
	}
}

// TestHistoryInGerman reads what the program has written itself: the bonus, mails that wait, packages and the security
// log, which is filtered by the address of a person.
func TestHistoryInGerman(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.administrator(t)
	b.language = "de"
	b.says(b.get("/account/credits"), "de", "Startbonus", "Mana")
	b.says(b.get(admin.PathJobs), "de", "Bestätigen Sie Ihre E-Mail-Adresse", "Zahlungen mit Stripe abgleichen")
	b.says(b.get(admin.PathPackages), "de", "1.500 Credits für jeden Tag")
	b.says(b.get(admin.PathSettings), "de", s.issuer)
	log := b.get(admin.PathAudit)
	address := regexp.MustCompile(`<bdi>([^<]+@[^<]+)</bdi>`).FindStringSubmatch(log.body)
	if b.says(log, "de", "Konto erstellt", "Link für den ersten Administrator erzeugt", "Kommandozeile"); address == nil {
		t.Fatal("got nobody's address in the log")
	}
	for query, want := range map[string]string{
		"who=" + url.QueryEscape(address[1]): "Konto erstellt", "actor=Kommandozeile": "Link für den ersten", "type=register": "Konto erstellt",
	} {
		got := b.get(admin.PathAudit + "?" + query)
		if list := regexp.MustCompile(`(?s)<tbody>.*</tbody>`).FindString(got.body); !strings.Contains(list, want) {
			t.Errorf("%s: got %q", query, list)
		}
	}
	if got := b.get(admin.PathAudit + "?who=nobody@example.com"); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("got %d for somebody who is not there", got.StatusCode)
	}
}
