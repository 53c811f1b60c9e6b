package main

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
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
	w.press(".keys a", "#submit", "55-passkey-remove")
	w.press("#submit", "#passkey-add", "")
	if got := s.count(t, `SELECT count(*) FROM auth_passkeys`); got != 0 {
		t.Errorf("got %d passkeys after the last was removed", got)
	}
	quiet(t, complaints())
}
