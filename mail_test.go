package main

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mana/storage/servers"
)

// sink starts a mail server, and gives the settings that send to it.
func sink(t *testing.T, server *servers.SMTP) []string {
	t.Helper()
	port, err := server.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return []string{"SMTP_HOST=127.0.0.1", "SMTP_PORT=" + strconv.Itoa(port), "SMTP_FROM=id@example.com"}
}

// await waits for the n-th mail.
func await(t *testing.T, server *servers.SMTP, n int) servers.Received {
	t.Helper()
	mail, err := server.Await(n)
	if err != nil {
		t.Fatal(err)
	}
	return mail
}

var linkInMail = regexp.MustCompile(`href="(http://localhost:[0-9]+/(?:verify-email|reset|change-email|undo-email)\?token=[A-Za-z0-9_-]{43})"`)

// mailLink gives the address of the link in the newest mail with a subject, as dev mode shows it.
func (b *browser) mailLink(subject string) string {
	b.t.Helper()
	found := linkInMail.FindStringSubmatch(b.mail(subject))
	if found == nil {
		b.t.Fatalf("no link in the mail %q", subject)
	}
	return html.UnescapeString(found[1])
}

// mail gives the newest mail with a subject, as dev mode shows it.
func (b *browser) mail(subject string) string {
	b.t.Helper()
	list := b.get("/dev/mail")
	row := regexp.MustCompile(`<a href="(/dev/mail/[0-9a-f-]+)">` + subject).FindStringSubmatch(list.body)
	if row == nil {
		b.t.Fatalf("no mail %q in\n%s", subject, list.body)
	}
	return b.get(row[1]).body
}

func (b *browser) wantPage(page answer, status int, path, text string) {
	b.t.Helper()
	if page.StatusCode != status || page.Request.URL.Path != path || !strings.Contains(page.body, text) {
		b.t.Fatalf("got %d at %s, want %d at %s with %q\n%s", page.StatusCode, page.Request.URL, status, path, text, page.body)
	}
}

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	s := start(t)
	b, other := s.browser(t), s.browser(t)
	b.signUp("ada@example.com")
	_, token := s.login(t, "ada@example.com", testPassword)

	got := other.submit(other.get("/forgot"), "/forgot", "email", "nonsense")
	other.wantPage(got, http.StatusUnprocessableEntity, "/forgot", "aria-invalid")
	got = other.submit(got, "/forgot", "email", "ADA@example.com")
	other.wantPage(got, http.StatusOK, "/forgot", "If an account uses this address")

	link := other.mailLink("Set a new password")
	page := other.get(link)
	other.wantPage(page, http.StatusOK, "/reset", "ada@example.com")
	if strings.Contains(page.Request.URL.RawQuery, "token") {
		t.Errorf("got %s, want an address without the token", page.Request.URL)
	}
	page = other.submit(page, "/reset", "password", "password1")
	other.wantPage(page, http.StatusUnprocessableEntity, "/reset", "aria-invalid")
	page = other.submit(page, "/reset", "password", "another horse battery")
	other.wantPage(page, http.StatusOK, "/reset", "Your password was changed")

	if page := b.get("/account"); page.Request.URL.Path != "/login" {
		t.Errorf("got %s, want everybody signed out", page.Request.URL)
	}
	if status, _, _ := s.api(t, "GET", "/api/v1/credits/balance", token, nil); status != http.StatusUnauthorized {
		t.Errorf("got %d for a token from before, want 401", status)
	}
	if status, _ := s.login(t, "ada@example.com", testPassword); status != http.StatusUnauthorized {
		t.Errorf("got %d for the old password, want 401", status)
	}
	if status, _ := s.login(t, "ada@example.com", "another horse battery"); status != http.StatusOK {
		t.Errorf("got %d for the new password, want 200", status)
	}
	other.wantPage(other.get(link), http.StatusBadRequest, "/reset", "does not work any more")
	other.wantPage(other.get("/reset?token=x"), http.StatusBadRequest, "/reset", "")
	other.wantPage(other.get(link+"&token=x"), http.StatusBadRequest, "/reset", "")
	if list := b.get("/dev/mail"); !strings.Contains(list.body, "Your password was changed") {
		t.Error("got no notice of the change")
	}
}

// login logs in by the API, and gives the status and the access token.
func (s *server) login(t *testing.T, email, password string) (int, string) {
	t.Helper()
	status, body, _ := s.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": email, "password": password})
	token, _ := body["accessToken"].(string)
	return status, token
}

func TestVerification(t *testing.T) {
	t.Parallel()
	s := start(t, "REQUIRE_EMAIL_VERIFICATION=true")
	b := s.browser(t)
	page := b.submit(b.get("/signup"), "/signup", "email", "ada@example.com", "password", testPassword)
	b.wantPage(page, http.StatusOK, "/verify-email", "sent to ada@example.com")
	status, body, _ := s.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "ada@example.com", "password": testPassword})
	wantError(t, "unverified", status, body, http.StatusForbidden, "EMAIL_NOT_VERIFIED")
	status, body, _ = s.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "ada@example.com", "password": "wrong password"})
	wantError(t, "unverified, wrong password", status, body, http.StatusUnauthorized, "INVALID_CREDENTIALS")
	page = b.submit(b.get("/login"), "/login", "username", "ada@example.com", "password", testPassword)
	b.wantPage(page, http.StatusOK, "/verify-email", "sent to ada@example.com")
	page = b.submit(page, "/verify-email/resend")
	b.wantPage(page, http.StatusOK, "/verify-email", "another link is on its way")

	page = b.get(b.mailLink("Confirm your e-mail address"))
	b.wantPage(page, http.StatusOK, "/verify-email", "ada@example.com")
	if status, _ := s.login(t, "ada@example.com", testPassword); status != http.StatusForbidden {
		t.Errorf("got %d after the page was opened, want 403: it must change nothing", status)
	}
	page = b.submit(page, "/verify-email")
	b.wantPage(page, http.StatusOK, "/verify-email", "Your address is confirmed")
	if status, _ := s.login(t, "ada@example.com", testPassword); status != http.StatusOK {
		t.Errorf("got %d after the address was proven, want 200", status)
	}
	page = b.submit(b.get("/login"), "/login", "username", "ada@example.com", "password", testPassword)
	b.wantPage(page, http.StatusOK, "/account", "")
}

// TestVerificationReturns begins at an app, and comes back to it by the link of the mail.
func TestVerificationReturns(t *testing.T) {
	t.Parallel()
	s := start(t, "REQUIRE_EMAIL_VERIFICATION=true")
	b := s.browser(t)
	page := b.get(s.demoRequest())
	page = b.submit(b.get("/signup?"+page.Request.URL.RawQuery), "/signup", "email", "ada@example.com", "password", testPassword)
	b.wantPage(page, http.StatusOK, "/verify-email", "sent to ada@example.com")
	page = b.submit(b.get(b.mailLink("Confirm your e-mail address")), "/verify-email")
	b.wantPage(page, http.StatusOK, "/login", `name="request"`)
	page = b.submit(page, "/login", "username", "ada@example.com", "password", testPassword)
	b.wantPage(page, http.StatusOK, "/consent", "")
}

// TestVerificationAfterwards opens the link when the sign-in that it would lead back to is over, and in another browser.
func TestVerificationAfterwards(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, email := range []string{"ada@example.com", "grace@example.com"} {
		b, at := s.browser(t), s.browser(t)
		page := b.get(s.demoRequest())
		page = b.submit(b.get("/signup?"+page.Request.URL.RawQuery), "/signup", "email", email, "password", testPassword)
		b.wantPage(page, http.StatusOK, "/consent", "")
		if email == "grace@example.com" {
			b.submit(page, "/consent", "decision", "deny")
			at = b
		}
		page = at.submit(at.get(at.mailLink("Confirm your e-mail address")), "/verify-email")
		at.wantPage(page, http.StatusOK, "/verify-email", "Your address is confirmed")
	}
}

// TestDenied deletes an account on the word of whoever has its address.
func TestDenied(t *testing.T) {
	t.Parallel()
	s := start(t)
	stranger, owner := s.browser(t), s.browser(t)
	stranger.signUp("ada@example.com")
	page := owner.submit(owner.get(owner.mailLink("Confirm your e-mail address")), "/verify-email/deny")
	owner.wantPage(page, http.StatusOK, "/verify-email", "The account was deleted")
	if page := stranger.get("/account"); page.Request.URL.Path != "/login" {
		t.Errorf("got %s, want the stranger signed out", page.Request.URL)
	}
	owner.signUp("ada@example.com")
}

// TestDiscreet holds what strangers see of a known and an unknown address against each other.
func TestDiscreet(t *testing.T) {
	t.Parallel()
	server := new(servers.SMTP)
	s := start(t, sink(t, server)...)
	seen := func(b *browser, page answer) string {
		body := regexp.MustCompile(`value="[^"]*"|[a-z]+@example\.com|[0-9a-f-]{36}`).ReplaceAllString(page.body, "")
		return fmt.Sprintf("%d %s %v %s", page.StatusCode, page.Request.URL.RequestURI(), page.Header.Values("Set-Cookie") == nil, body)
	}
	first := s.browser(t)
	first.wantPage(first.submit(first.get("/signup"), "/signup", "email", "ada@example.com", "password", testPassword), http.StatusOK, "/verify-email", "")
	if mail := await(t, server, 1); mail.To != "ada@example.com" || !strings.Contains(mail.Data, "Subject: Confirm your e-mail address") {
		t.Errorf("got %+v", mail)
	}
	for action, fields := range map[string][]string{
		"/signup":              {"eve@example.com", "password", testPassword},
		"/forgot":              {"forgot@example.com"},
		"/verify-email/resend": {"resend@example.com"},
	} {
		var answers []string
		for _, email := range []string{"ada@example.com", fields[0]} {
			b := s.browser(t)
			from, _ := strings.CutSuffix(action, "/resend")
			answers = append(answers, seen(b, b.submit(b.get(from), action, append(fields[1:], "email", email)...)))
		}
		if answers[0] != answers[1] {
			t.Errorf("%s: got\n%s\nfor a known, and\n%s\nfor an unknown address", action, answers[0], answers[1])
		}
	}
	await(t, server, 4)
	for _, mail := range server.Mails() {
		if mail.To != "ada@example.com" && mail.To != "eve@example.com" {
			t.Errorf("got a mail to somebody unknown: %s", mail.Data)
		}
	}
	for _, path := range []string{"forgot-password", "resend-verification"} {
		var answers []string
		for _, email := range []string{"ada@example.com", "nobody@example.com"} {
			status, body, header := s.api(t, "POST", "/api/v1/auth/"+path, "", map[string]string{"email": email})
			header.Del("Date")
			header.Del("X-Request-Id")
			answers = append(answers, fmt.Sprint(status, body, header))
		}
		if answers[0] != answers[1] || !strings.HasPrefix(answers[0], "200") {
			t.Errorf("%s: got %v", path, answers)
		}
	}
}

// TestVerificationLater demands a proven address of people who are signed in already.
func TestVerificationLater(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t)
	b.signUp("ada@example.com")
	status, login, _ := s.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "ada@example.com", "password": testPassword})
	if status != http.StatusOK {
		t.Fatalf("got %d %v", status, login)
	}
	s.stop()
	s.env = append(s.env, "REQUIRE_EMAIL_VERIFICATION=true")
	s.serve(t)
	b.wantPage(b.get("/account"), http.StatusOK, "/login", "")
	status, body, _ := s.api(t, "POST", "/api/v1/auth/refresh", "", map[string]any{"refreshToken": login["refreshToken"]})
	wantError(t, "refresh", status, body, http.StatusUnauthorized, "TOKEN_INVALID")
	status, body, _ = s.api(t, "POST", "/api/v1/auth/validate", "", map[string]any{"token": login["accessToken"]})
	if status != http.StatusOK || body["valid"] != false {
		t.Errorf("got %d %v of the token, want it invalid", status, body)
	}
	if status, _, _ := s.api(t, "GET", "/api/v1/credits/balance", login["accessToken"].(string), nil); status != http.StatusUnauthorized {
		t.Errorf("got %d of the credits API, want 401", status)
	}
	if b.get(s.demoRequest("prompt", "none")); b.get("/account").Request.URL.Path != "/login" {
		t.Error("got a session back")
	}
	b.submit(b.get(b.mailLink("Confirm your e-mail address")), "/verify-email")
	b.wantPage(b.get("/account"), http.StatusOK, "/account", "")
	status, body, _ = s.api(t, "POST", "/api/v1/auth/refresh", "", map[string]any{"refreshToken": login["refreshToken"]})
	if status != http.StatusOK {
		t.Errorf("got %d %v of the refresh token after the address was proven", status, body)
	}
}

// TestBonusAfterProof: with the setting, credits come with the proof of the address.
func TestBonusAfterProof(t *testing.T) {
	t.Parallel()
	s := start(t, "CREDITS_SIGNUP_BONUS_VERIFIED=true")
	ada := s.browser(t)
	ada.signUp("ada@example.com")
	const given = `SELECT count(*) FROM credits_transactions WHERE kind = 'signup'`
	if n := s.number(t, given); n != 0 {
		t.Errorf("got %d bonuses before the proof", n)
	}
	page := ada.get(ada.mailLink("Confirm your e-mail address"))
	ada.submit(page, "/verify-email")
	if n := s.number(t, given); n != 1 {
		t.Errorf("got %d bonuses after the proof, want 1", n)
	}
}
