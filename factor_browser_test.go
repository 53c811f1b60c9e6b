package main

import (
	"encoding/base32"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// walkIn is a person in a browser of their own, who has signed up.
func walkIn(t *testing.T, s *server) (*walk, func() []string) {
	t.Helper()
	ctx, complaints := chromium(t)
	dir := screenshots(t)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w := &walk{t: t, ctx: ctx, shots: shots{dir, t}}
	w.open(s.issuer+"/signup", "#name", "")
	w.fill("#name", "Ada Lovelace", "#email", "ada@example.com", "#password", testPassword)
	w.press("#submit", "#sign-out", "")
	return w, complaints
}

// quiet expects no complaint of the browser, but for answers that refuse.
func quiet(t *testing.T, complaints []string) {
	t.Helper()
	for _, complaint := range complaints {
		if !strings.Contains(complaint, "the server responded with a status of 4") && !strings.HasPrefix(complaint, "info:") {
			t.Errorf("the browser complains: %s", complaint)
		}
	}
}

// TestBrowserFactor walks through an authenticator app: set up, signed in with, used up and removed.
func TestBrowserFactor(t *testing.T) {
	t.Parallel()
	s := start(t)
	w, complaints := walkIn(t, s)
	w.open(s.issuer+totpPath, "#begin", "30-totp")
	w.press("#begin", "#key", "31-totp-key")
	secret, err := base32.StdEncoding.DecodeString(strings.ReplaceAll(w.read(chromedp.Text(chromedp.CSS("#key"))), " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	a := app{secret}
	w.fill("#code", a.wrong())
	w.press("#submit", "#summary", "32-totp-refused")
	w.fill("#code", a.code(0))
	w.press("#submit", "#codes", "33-recovery-codes")
	if shown := w.read(chromedp.Evaluate[string](`String(document.getElementById("print").hidden) + document.querySelectorAll("#codes li").length`)); shown != "false10" {
		t.Errorf("got %s, want the button to print beside ten codes", shown)
	}
	last := w.read(chromedp.Text(chromedp.CSS("#codes li")))
	w.open(s.issuer+"/account/security/recovery-codes", "#submit", "34-recovery-codes-left")
	w.open(s.issuer+totpPath+"/remove", "#submit", "35-totp-remove")
	s.sql(t, `UPDATE auth_two_factor_auth SET last_used_step = 0`)

	w.open(s.issuer+"/logout", "#submit", "")
	w.press("#submit", "a.primary", "")
	w.open(s.demoRequest(), "#email", "")
	w.fill("#email", "ada@example.com", "#password", testPassword)
	w.press("#submit", "#code", "36-mfa")
	w.fill("#code", a.wrong())
	w.press("#submit", "#summary", "37-mfa-refused")
	if focus := w.read(chromedp.Evaluate[string](`document.activeElement.id`)); focus != "summary" {
		t.Errorf("got the focus on %q, want it on what is wrong", focus)
	}
	w.fill("#code", a.wrong())
	w.press("#submit", ".warning", "38-mfa-clock")
	w.do(chromedp.Click(chromedp.CSS("details summary")))
	w.fill("#recovery", "AAAA-BBBB-CCCC-DDDD")
	w.press("#recover", "#recovery-fault", "39-mfa-recovery")
	w.fill("#recovery", last)
	w.press("#recover", "#allow", "")

	s.sql(t, `UPDATE auth_recovery_codes SET used_at = CASE WHEN used_at IS NULL THEN 1 END`) // now it is the last one
	w.open(s.demoRequest("prompt", "login"), "#password", "")
	w.fill("#password", testPassword)
	w.press("#submit", "#code", "")
	w.do(chromedp.Click(chromedp.CSS("details summary")))
	w.fill("#recovery", last)
	w.press("#recover", "#later", "40-recovery-last")
	w.press("#later", "#allow", "")
	quiet(t, complaints())
}
