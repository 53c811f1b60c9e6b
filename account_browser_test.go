package main

import (
	"os"
	"strings"
	"testing"
)

// TestAccountInBrowser walks through the account area as a person does, and takes a picture of every page.
func TestAccountInBrowser(t *testing.T) {
	t.Parallel()
	s := start(t)
	ctx, complaints := chromium(t)
	dir := screenshots(t)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w := &walk{t: t, ctx: ctx, shots: shots{dir, t}}
	w.open(s.issuer+"/signup", "#name", "")
	w.fill("#name", "Ada Lovelace", "#email", "ada@example.com", "#password", testPassword)
	w.press("#submit", "#save", "account-profile")
	w.fill("#zoneinfo", "Europe/Nowhere")
	w.press("#save", "#summary", "account-profile-refused")
	w.fill("#zoneinfo", "Europe/Berlin", "#website", "https://ada.example.com/")
	w.press("#save", "#done", "account-profile-saved")
	for _, agent := range []string{
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
	} {
		s.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "ada@example.com", "password": "wrong"}, "User-Agent", agent)
		s.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "ada@example.com", "password": testPassword, "deviceName": "Ada's"}, "User-Agent", agent)
	}
	w.open(s.issuer+"/account/security", "#current", "account-security")
	w.fill("#current", "wrong password", "#password", testPassword+" new")
	w.press("#change-password", "#summary", "account-security-refused")
	w.open(s.issuer+"/account/sessions", "#end-others", "account-sessions")
	w.press("#end-others", "#done", "account-sessions-ended")
	w.open(s.issuer+"/account/apps", "h1", "account-apps-empty")
	_, login, _ := s.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "ada@example.com", "password": testPassword})
	for i := range 3 {
		s.api(t, "POST", "/api/v1/credits/use", login["accessToken"].(string), map[string]any{"amount": i + 1, "appId": "chat", "description": "Reply"})
	}
	w.open(s.issuer+"/account/credits", "#balance", "account-credits")
	w.press("tbody a", "#amount", "account-entry")
	for _, complaint := range complaints() {
		if !strings.Contains(complaint, "the server responded with a status of 4") {
			t.Errorf("the browser complains: %s", complaint)
		}
	}
}
