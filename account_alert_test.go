package main

import (
	"strings"
	"testing"
)

// TestLowBalanceMail asks for a mail on the page of the credits, and spends until it comes (ledger.md 6.7).
func TestLowBalanceMail(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t)
	b.signUp("ada@example.com")
	_, login, _ := s.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "ada@example.com", "password": testPassword})
	token, _ := login["accessToken"].(string)
	page := b.get("/account/credits")
	if !strings.Contains(page.body, "No app charged you anything") {
		t.Errorf("got\n%s", page.body)
	}
	for _, wrong := range []string{"0", "-1", "x", "1e3", "1000000.1", "0.0000001"} {
		got := b.submit(page, "/account/credits/alert", "below", wrong)
		if got.StatusCode != 422 || !strings.Contains(got.body, `aria-invalid="true"`) || !strings.Contains(got.body, `value="`+wrong+`"`) {
			t.Errorf("%s: got %d\n%s", wrong, got.StatusCode, got.body)
		}
	}
	if got := b.submit(page, "/account/credits/alert", "below", "1,40.5"); got.StatusCode != 200 || !strings.Contains(got.body, `value="140.5"`) ||
		!strings.Contains(got.body, "We will write to you") {
		t.Errorf("got %d\n%s", got.StatusCode, got.body)
	}
	mails := func() []string {
		return s.texts(t, `SELECT kind || ' ' || language FROM auth_mails WHERE kind = 'low_balance'`)
	}
	s.spendOnce(t, token, `{"amount":9.5,"appId":"chat","description":"x"}`)
	if got := mails(); len(got) != 0 {
		t.Errorf("got %q, want no mail while 140.5 are left", got)
	}
	s.spendOnce(t, token, `{"amount":1,"appId":"chat","description":"x"}`)
	if got := mails(); len(got) != 1 || got[0] != "low_balance en" {
		t.Errorf("got %q, want a mail", got)
	}
	page = b.get("/account/credits")
	for _, want := range []string{`id="usage-apps"`, "Credits per day", "<strong>10.5</strong>", "<bdi>chat</bdi>"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("got no %s in\n%s", want, page.body)
		}
	}
	if got := b.submit(page, "/account/credits/alert", "below", ""); !strings.Contains(got.body, "We will not write to you") {
		t.Errorf("got\n%s", got.body)
	}
	if got := b.post("/account/credits/alert", nil); got.StatusCode != 403 {
		t.Errorf("got %d without the token of the form, want 403", got.StatusCode)
	}
}
