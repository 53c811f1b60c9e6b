package main

import (
	"net/url"
	"strings"
	"testing"
)

// TestGerman signs up in German, and chooses another language by the links of the footer.
func TestGerman(t *testing.T) {
	t.Parallel()
	b := start(t).browser(t)
	b.language = "de-CH, en;q=0.5"
	form := b.get("/signup")
	b.says(form, "de", "Konto erstellen", "mit 150 kostenlosen Credits zum Start", `aria-current="true" lang="de">Deutsch<`)
	if vary := form.Header.Get("Vary"); !strings.Contains(vary, "Accept-Language") || !strings.Contains(vary, "Cookie") {
		t.Errorf("got Vary %q", vary)
	}
	wrong := b.submit(form, "/signup", "email", "no address", "password", "short")
	b.says(wrong, "de", "Fehler: Konto erstellen", "Geben Sie eine E-Mail-Adresse wie ada@example.com ein.", "Bitte 8 bis 128 Zeichen verwenden.")
	b.signUp("ada@example.com")
	b.says(b.get("/account/credits"), "de", "Ihr Konto", "Bisher ausgegeben", "Verlauf")
	b.says(b.get("/nowhere"), "de", "Diese Seite gibt es nicht")

	to := url.Values{"to": {"en"}, "back": {"/account?a=b"}}
	b.says(b.get("/language?"+to.Encode()), "en", "Your account", "back=%2Faccount%3Fa%3Db&amp;to=de")
	b.says(b.post("/account/security/totp/key", nil), "en", "back=%2Faccount%2Fsecurity%2Ftotp&amp;to=de")
	b.says(b.get("/login/select"), "en", "This sign-in has ended")
}

// TestLanguageOfRequest is ui_locales: the app's word comes before the browser's, on every page of the sign-in and no
// other; then comes the setting of the account.
func TestLanguageOfRequest(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	f.browser.authorize(f.auth())
	f.browser.says(f.browser.get(f.auth("prompt", "consent", "ui_locales", "xx de-AT en")), "de", "Zugriff für Notes erlauben?", "Ihre E-Mail-Adresse sehen")
	f.browser.says(f.browser.get(f.auth("prompt", "consent", "ui_locales", "fr")), "en", "Allow Notes?")
	f.browser.says(f.browser.get(f.auth("client_id", "mc_nobody", "ui_locales", "de")), "de", "Diese App ist nicht bekannt")
	f.browser.says(f.browser.get("/account"), "en")

	f.command(t, "user", "set", "ada@example.com", "locale=de-DE", "zoneinfo=Europe/Berlin")
	b := f.server.browser(t)
	b.language = "en"
	b.says(b.signIn(b.get("/login"), "ada@example.com"), "de", "Ada Lovelace")
	if account := b.get("/account/credits"); !strings.Contains(account.body, "\u00a0CET</time>") && !strings.Contains(account.body, "\u00a0CEST</time>") {
		t.Errorf("got times in another zone:\n%s", account.body)
	}
}

// says checks that a page is in a language, and what it holds.
func (b *browser) says(page answer, language string, texts ...string) {
	b.t.Helper()
	if got := page.Header.Get("Content-Language"); got != language || !strings.Contains(page.body, `<html lang="`+language+`"`) {
		b.t.Errorf("got a page in %q, want %q", got, language)
	}
	for _, text := range texts {
		if !strings.Contains(page.body, text) {
			b.t.Errorf("got no %q in\n%s", text, page.body)
		}
	}
}
