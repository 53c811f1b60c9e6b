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
	w.open(s.issuer+"/account/credits", "#balance", "account-credits")
	for _, complaint := range complaints() {
		if !strings.Contains(complaint, "the server responded with a status of 4") {
			t.Errorf("the browser complains: %s", complaint)
		}
	}
}
