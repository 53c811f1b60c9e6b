package main

import (
	"context"
	"encoding/base32"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"mana/web/login"
)

const passkeysPath = "/account/security/passkeys"

// authenticator gives the browser a device with passkeys, and gives its id.
func (w *walk) authenticator() webauthn.AuthenticatorID {
	w.t.Helper()
	var id webauthn.AuthenticatorID
	w.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		made, err := cdp.Call(ctx, target, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
			Options: &webauthn.VirtualAuthenticatorOptions{
				Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
				HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
			},
		})
		id = made.AuthenticatorID
		return err
	}))
	return id
}

// verifies sets whether the device recognises its owner.
func (w *walk) verifies(id webauthn.AuthenticatorID, verified bool) {
	w.t.Helper()
	w.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: id, IsUserVerified: verified})
		return err
	}))
}

// TestBrowserPasskey makes a passkey and signs in with it, by the list that the field offers and by the button.
func TestBrowserPasskey(t *testing.T) {
	t.Parallel()
	s := start(t)
	w, complaints := walkIn(t, s)
	device := w.authenticator()
	w.open(s.issuer+passkeysPath, "#submit", "50-passkey")
	w.fill("#name", "My phone")
	w.press("#submit", ".keys", "54-security-passkeys")
	for query, want := range map[string]int{
		`SELECT count(*) FROM auth_passkeys WHERE name = 'My phone'`:                        1,
		`SELECT count(*) FROM auth_users WHERE has_passkey = 1`:                             1,
		`SELECT count(*) FROM auth_challenges`:                                              0,
		`SELECT count(*) FROM auth_security_events WHERE event_type = 'passkey_registered'`: 1,
	} {
		if got := s.count(t, query); got != want {
			t.Errorf("got %d of %s, want %d", got, query, want)
		}
	}
	signOut := func() {
		w.open(s.issuer+"/logout", "#submit", "")
		w.press("#submit", "a.primary", "")
	}
	signOut()
	w.open(s.issuer+"/login", "#sign-out", "") // the device offers it by itself
	proven := `SELECT count(*) FROM auth_sessions WHERE revoked_at IS NULL AND amr = '["hwk","user","mfa"]'`
	if got := s.count(t, proven); got != 1 {
		t.Errorf("got %d sessions by passkey, want 1", got)
	}
	w.open(s.issuer+passkeysPath, "#submit", "") // as strong as two factors
	w.verifies(device, false)
	signOut()
	w.open(s.issuer+"/login", "#passkey-button", "51-login-passkey")
	w.press("#passkey-button", "#passkey-button", "")
	if got := s.count(t, `SELECT count(*) FROM auth_sessions WHERE revoked_at IS NULL`); got != 0 {
		t.Errorf("got %d sessions without verification of the person", got)
	}

	w.fill("#email", "ada@example.com", "#password", testPassword)
	w.press("#submit", "#sign-out", "")
	w.open(s.issuer+passkeysPath, "#passkey-button", "53-login-passkey-needed")
	w.open(s.demoRequest("acr_values", "phr"), "#passkey-button", "")
	if got := w.read(chromedp.Text(chromedp.CSS(".lead"))); !strings.Contains(got, inEither("with your passkey", "mit Ihrem Passkey")) {
		t.Errorf("got %q for a class that the password does not reach", got)
	}
	s.sql(t, `UPDATE auth_passkeys SET sign_count = 1000`) // as if a copy of it had been used
	w.verifies(device, true)
	w.press("#passkey-button", "#summary", "52-login-passkey-refused")
	if got := s.count(t, `SELECT count(*) FROM auth_security_events WHERE event_type = 'passkey_copied'`); got != 1 {
		t.Errorf("got %d events of a copied passkey, want 1", got)
	}
	s.sql(t, `UPDATE auth_passkeys SET sign_count = 1`)
	w.open(s.demoRequest("acr_values", "phr"), "#allow", "")
	if got := s.count(t, proven); got != 1 {
		t.Errorf("got %d sessions by passkey, want 1", got)
	}
	w.open(s.issuer+"/account/security", ".keys", "")
	w.press(".keys a[href*=rename]", "#submit", "56-passkey-rename")
	w.fill("#name", "My old phone")
	w.press("#submit", "#done", "")
	for query, want := range map[string]int{
		`SELECT count(*) FROM auth_passkeys WHERE name = 'My old phone' AND kind = 'device' AND last_used_at IS NOT NULL`: 1,
		`SELECT count(*) FROM auth_security_events WHERE event_type = 'passkey_renamed'`:                                  1,
	} {
		if got := s.count(t, query); got != want {
			t.Errorf("got %d of %s, want %d", got, query, want)
		}
	}
	w.press(".keys a[href*=remove]", "#submit", "55-passkey-remove")
	w.press("#submit", "#passkey-add", "")
	if got := s.count(t, `SELECT count(*) FROM auth_passkeys`); got != 0 {
		t.Errorf("got %d passkeys after the last was removed", got)
	}
	quiet(t, complaints())
}

// TestBrowserPasskeyOffer signs in by password on a device that can have passkeys: it is offered one on the way to the
// app, which then stands for the second factor.
func TestBrowserPasskeyOffer(t *testing.T) {
	t.Parallel()
	s := start(t)
	w, complaints := walkIn(t, s)
	device := w.authenticator()
	signOut := func() {
		w.open(s.issuer+"/logout", "#submit", "")
		w.press("#submit", "a.primary", "")
	}
	signOut()
	w.open(s.demoRequest(), "#email", "")
	w.do(chromedp.WaitReady(chromedp.CSS(`#offer[value="1"]`)))
	w.fill("#email", "ada@example.com", "#password", testPassword)
	w.press("#submit", "#later", "57-passkey-offer")
	w.press("#submit", "#allow", "")
	if got := s.count(t, `SELECT count(*) FROM auth_passkeys WHERE name <> ''`); got != 1 {
		t.Errorf("got %d passkeys, want the one that was offered", got)
	}

	w.open(s.issuer+totpPath, "#begin", "")
	w.press("#begin", "#key", "")
	secret, err := base32.StdEncoding.DecodeString(strings.ReplaceAll(w.read(chromedp.Text(chromedp.CSS("#key"))), " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	w.fill("#code", app{secret}.code(0))
	w.press("#submit", "#codes", "")
	w.verifies(device, false) // or it would sign in at the first page
	signOut()
	w.open(s.demoRequest(), "#email", "")
	w.fill("#email", "ada@example.com", "#password", testPassword)
	w.press("#submit", "#passkey-button", "58-mfa-passkey")
	w.verifies(device, true)
	w.press("#passkey-button", "#allow", "")
	if got := s.count(t, `SELECT count(*) FROM auth_sessions WHERE revoked_at IS NULL AND amr = '["hwk","user","mfa"]'`); got != 1 {
		t.Errorf("got %d sessions by passkey, want 1", got)
	}
	quiet(t, complaints())
}

// TestPasskeyOffer: a passkey is offered where a script says that the device can have one, and who wants none is left
// alone for a while.
func TestPasskeyOffer(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.browser(t).signUp("ada@example.com")
	b := s.browser(t)
	signIn := func(offer string) answer {
		page := b.submit(b.get("/login"), "/login", "username", "ada@example.com", "password", testPassword, "offer", offer)
		if page.Request.URL.Path == login.PathPasskeyOffer {
			return page
		}
		b.submit(b.get("/logout"), "/logout")
		return page
	}
	b.wantPage(signIn(""), http.StatusOK, "/account", "")
	offered := signIn("1")
	b.wantPage(offered, http.StatusOK, login.PathPasskeyOffer, "Not now")
	b.wantPage(b.get("/login"), http.StatusOK, "/account", "") // where Not now leads
	b.submit(b.get("/logout"), "/logout")
	b.wantPage(signIn("1"), http.StatusOK, "/account", "")
}
