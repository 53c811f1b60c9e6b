package main

import (
	"os"
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestOthersInBrowser shows the ways in by another provider when it is away, and the pages that say what went wrong.
func TestOthersInBrowser(t *testing.T) {
	t.Parallel()
	s := start(t, "UPSTREAM_ACME_ISSUER=http://127.0.0.1:1", "UPSTREAM_ACME_CLIENT_ID=x", "UPSTREAM_ACME_LABEL=Acme Corporation", "SIGNUP=closed",
		"BRAND_ACCENT=#b00040", "BRAND_NAME=Notes", "IMPRINT_URL=https://example.com/imprint", "PRIVACY_URL=https://example.com/privacy",
		"TERMS_URL=https://example.com/terms", "SUPPORT_EMAIL=help@example.com")
	ctx, _ := chromium(t)
	dir := screenshots(t)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w := &walk{t: t, ctx: ctx, shots: shots{dir, t}}
	w.open(s.issuer+"/login", "#with-acme", "50-login-with-others")
	w.press("#with-acme", "#summary", "51-other-away")
	w.open(s.issuer+"/login/with/acme/callback?error=access_denied", "#summary", "52-other-refused")
	w.open(s.issuer+"/signup", "h1", "53-signup-closed")
	w.open(s.issuer+"/nowhere", "h1", "54-not-found")
	w.open(s.issuer+"/consent?request=x", "h1", "55-expired")
}

// TestDeletionInBrowser deletes an account on the page that says what is lost.
func TestDeletionInBrowser(t *testing.T) {
	t.Parallel()
	s := start(t)
	w, complaints := walkIn(t, s)
	w.open(s.issuer+"/account/delete", "#confirm", "60-delete")
	w.fill("#email", "eve@example.com")
	w.press("#confirm", "#summary", "61-delete-refused")
	w.fill("#email", "ada@example.com")
	w.press("#confirm", "main:not(:has(#confirm)) h1", "62-deleted")
	quiet(t, complaints())
}

// TestSetupInBrowser opens the link of the command: its code goes from the fragment into the form.
func TestSetupInBrowser(t *testing.T) {
	t.Parallel()
	s := start(t)
	link := regexp.MustCompile(`http://\S+/setup#\S+`).FindString(s.command(t, "setup-link"))
	ctx, complaints := chromium(t)
	dir := screenshots(t)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w := &walk{t: t, ctx: ctx, shots: shots{dir, t}}
	w.open(link, "#code", "70-setup")
	if left := w.read(chromedp.Evaluate[string](`location.hash + (document.getElementById("code").value ? "" : "no code")`)); left != "" {
		t.Errorf("got %q, want the code in the form and nowhere else", left)
	}
	w.fill("#name", "Ada Lovelace", "#email", "ada@example.com", "#password", "password1")
	w.press("#submit", "#summary", "71-setup-refused")
	quiet(t, complaints())
}
