package main

import (
	"os"
	"testing"
)

// TestMailInBrowser walks through the pages that links of mails lead to, and those that ask for one.
func TestMailInBrowser(t *testing.T) {
	t.Parallel()
	s := start(t, "REQUIRE_EMAIL_VERIFICATION=true")
	ctx, complaints := chromium(t)
	dir := screenshots(t)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w := &walk{t: t, ctx: ctx, shots: shots{dir, t}}
	mails := s.browser(t)

	w.open(s.issuer+"/dev/mail", "h1", "50-mails-none")
	w.open(s.issuer+"/signup", "#email", "")
	w.fill("#email", "ada@example.com", "#password", testPassword)
	w.press("#submit", "form[action='/verify-email/resend']", "51-verify-sent")
	w.press("#submit", "#done", "52-verify-resent")
	w.open(s.issuer+"/dev/mail", "table", "53-mails")
	w.press("td a", "iframe.mail", "54-mail")
	link := mails.mailLink(inEither("Confirm your e-mail address", "Bestätigen Sie Ihre E-Mail-Adresse"))
	w.open(link, "#submit", "55-verify")
	w.press("summary", "#deny", "56-verify-deny")
	w.press("#submit", "a.primary", "57-verify-done")
	w.open(link, "a.primary", "58-link-used")

	w.open(s.issuer+"/login", "#forgot", "")
	w.press("#forgot", "#email", "59-forgot")
	w.fill("#email", "ada@example.com")
	w.press("#submit", "a.primary", "60-forgot-sent")
	w.open(mails.mailLink(inEither("Set a new password", "Neues Passwort setzen")), "#password", "61-reset")
	w.fill("#password", "password1")
	w.press("#submit", "#summary", "62-reset-refused")
	w.fill("#password", "another horse battery")
	w.press("#submit", "a.primary", "63-reset-done")
	quiet(t, complaints())
	w.open(s.issuer+"/login", "#email", "")
	w.fill("#email", "ada@example.com", "#password", "another horse battery")
	w.press("#submit", "#change-email", "")
	w.press("#change-email", "#email", "64-address")
	w.fill("#email", "nonsense")
	w.press("#submit", "#summary", "65-address-refused")
	w.fill("#email", "new@example.com")
	w.press("#submit", "#done", "66-address-sent")
	w.open(mails.mailLink(inEither("Confirm your new e-mail address", "Bestätigen Sie Ihre neue E-Mail-Adresse")), "#submit", "67-change")
	w.press("#submit", "a.primary", "68-change-done")
	w.open(mails.mailLink(inEither("Your e-mail address was changed", "Ihre E-Mail-Adresse wurde geändert")), "#submit", "69-undo")
	w.press("#submit", "a.primary", "70-undo-done")
	quiet(t, complaints())
}
