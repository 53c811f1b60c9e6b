package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

const totpPath = "/account/security/totp"

// app is an authenticator app (RFC 6238).
type app struct{ secret []byte }

// code is the code of now, or of steps later.
func (a app) code(steps int64) string {
	mac := hmac.New(sha1.New, a.secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(time.Now().Unix()/30+steps)))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1000000)
}

// wrong is a code that the app shows at no time around now.
func (a app) wrong() string {
	for n := 0; ; n++ {
		code := fmt.Sprintf("%06d", n)
		if code != a.code(-2) && code != a.code(-1) && code != a.code(0) && code != a.code(1) && code != a.code(2) {
			return code
		}
	}
}

var (
	shownKey   = regexp.MustCompile(`id="key">([A-Z2-7 ]+)<`)
	shownCodes = regexp.MustCompile(`<li class="mono">([A-Z2-7-]+)</li>`)
)

// setUpApp reads the key of a new authenticator app from its page.
func (b *browser) setUpApp() (app, answer) {
	b.t.Helper()
	page := b.submit(b.get(totpPath), totpPath+"/key")
	found := shownKey.FindStringSubmatch(page.body)
	if found == nil {
		b.t.Fatalf("got %d at %s without a key\n%s", page.StatusCode, page.Request.URL, page.body)
	}
	secret, err := base32.StdEncoding.DecodeString(strings.ReplaceAll(found[1], " ", ""))
	if err != nil || len(secret) != 20 {
		b.t.Fatalf("got a key of %d bytes, %v", len(secret), err)
	}
	return app{secret}, page
}

// enableApp sets an authenticator app up and gives the recovery codes.
func (b *browser) enableApp() (app, []string) {
	b.t.Helper()
	a, page := b.setUpApp()
	return a, b.recoveryCodes(b.submit(page, totpPath, "code", a.code(0)))
}

func (b *browser) recoveryCodes(page answer) []string {
	b.t.Helper()
	var codes []string
	for _, found := range shownCodes.FindAllStringSubmatch(page.body, -1) {
		codes = append(codes, found[1])
	}
	if page.StatusCode != http.StatusOK || len(codes) != 10 {
		b.t.Fatalf("got %d with %d recovery codes\n%s", page.StatusCode, len(codes), page.body)
	}
	return codes
}

// forgetSteps lets the codes of now work again.
func (f *fixture) forgetSteps(t *testing.T) {
	f.sql(t, `UPDATE auth_two_factor_auth SET last_used_step = 0`)
}

func TestEnableSecondFactor(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email offline_access")
	f.client = f.create(t, "Offline", "--redirect", callback, "--scope", "openid,email,offline_access", "--grant", "authorization_code,refresh_token", "--rotate-refresh")
	eventually(t, "the server knows the client", func() bool { return f.knows(t, f.client.ID) })
	other := f.server.browser(t)
	other.signIn(other.get("/login"), "ada@example.com")
	location, err := other.submit(other.get(f.auth("prompt", "consent")), "/consent", "decision", "allow").Location()
	if err != nil {
		t.Fatal(err)
	}
	_, elsewhere, _ := f.token(t, "code", location.Query().Get("code"))
	here := f.grantedTo(t)

	a, page := f.browser.setUpApp()
	if !strings.Contains(page.body, `<svg class="qr"`) {
		t.Errorf("got no picture\n%s", page.body)
	}
	if again := f.browser.get(totpPath); shownKey.MatchString(again.body) || strings.Contains(again.body, "<svg class=\"qr\"") ||
		!strings.Contains(again.body, "Show a new key") {
		t.Errorf("got the key again, or no other\n%s", again.body)
	}
	if got := f.browser.submit(page, totpPath, "code", a.wrong()); got.StatusCode != http.StatusUnprocessableEntity ||
		!strings.Contains(got.body, "That code is not right") || !strings.Contains(got.body, `aria-invalid="true"`) || shownKey.MatchString(got.body) {
		t.Errorf("got %d for a wrong code\n%s", got.StatusCode, got.body)
	}
	if got := other.get("/account"); got.Request.URL.Path != "/account" {
		t.Errorf("got %s elsewhere before anything is on", got.Request.URL)
	}
	codes := f.browser.recoveryCodes(f.browser.submit(page, totpPath, "code", a.code(0)))
	if got := f.browser.get("/account"); got.Request.URL.Path != "/account" {
		t.Errorf("got %s here, want the session to go on", got.Request.URL)
	}
	if got := other.get("/account"); got.Request.URL.Path != "/login" {
		t.Errorf("got %s elsewhere, want the session to have ended", got.Request.URL)
	}
	if status, body := f.refresh(t, elsewhere["refresh_token"]); body["error"] != "invalid_grant" {
		t.Errorf("got %d %v for a refresh token made elsewhere", status, body)
	}
	if status, body := f.refresh(t, here["refresh_token"]); status != http.StatusOK {
		t.Errorf("got %d %v for a refresh token made here", status, body)
	}
	if got := f.browser.get(totpPath); got.Request.URL.Path == totpPath || strings.Contains(got.body, "id=\"key\"") {
		t.Errorf("got %s with the key again", got.Request.URL)
	}
	renewed := f.browser.recoveryCodes(f.browser.submit(f.browser.get("/account/security/recovery-codes"), "/account/security/recovery-codes"))
	waiting := f.server.browser(t)
	page = waiting.signIn(waiting.get("/login"), "ada@example.com")
	if got := waiting.submit(page, "/mfa", "recovery", codes[0]); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("got %d for a code that was replaced", got.StatusCode)
	}
	if got := waiting.submit(page, "/mfa", "recovery", renewed[0]); got.Request.URL.Path != "/account" {
		t.Errorf("got %d at %s for a new code", got.StatusCode, got.Request.URL)
	}
	f.browser.submit(f.browser.get(totpPath+"/remove"), totpPath+"/remove")
	plain := f.server.browser(t)
	if got := plain.signIn(plain.get("/login"), "ada@example.com"); got.Request.URL.Path != "/account" {
		t.Errorf("got %s after the factor was removed, want the password to do", got.Request.URL)
	}
	if got := waiting.get("/account"); got.Request.URL.Path != "/login" {
		t.Errorf("got %s, want other sessions to end with the factor", got.Request.URL)
	}
	for _, event := range []string{"two_factor_enabled", "two_factor_failure", "recovery_codes_renewed", "recovery_code_used", "two_factor_disabled"} {
		if got := f.count(t, `SELECT count(*) FROM auth_security_events WHERE event_type = '`+event+`'`); got != 1 {
			t.Errorf("got %d events %s, want 1", got, event)
		}
	}
}

func TestFactorsNeedFreshProof(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid")
	f.sql(t, `UPDATE auth_sessions SET auth_time = auth_time - 301000000`)
	for _, path := range []string{
		totpPath, totpPath + "/remove", "/account/security/recovery-codes",
		"/account/security/passkeys", "/account/security/passkeys/rename", "/account/security/passkeys/remove",
	} {
		if got := f.browser.get(path); got.Request.URL.Path != "/login" || got.Request.URL.Query().Get("return") != path {
			t.Errorf("%s: got %s, want the login page", path, got.Request.URL)
		}
	}
	page := f.browser.get(totpPath)
	if got := f.browser.signIn(page, "ada@example.com"); got.Request.URL.Path != totpPath {
		t.Errorf("got %s after the proof, want the page that was asked for", got.Request.URL)
	}
	a, _ := f.browser.enableApp()
	f.forgetSteps(t)
	f.sql(t, `UPDATE auth_sessions SET auth_time = auth_time - 301000000`)
	page = f.browser.signIn(f.browser.get(totpPath+"/remove"), "ada@example.com")
	if page.Request.URL.Path != "/mfa" {
		t.Fatalf("got %s after the password, want the second factor", page.Request.URL)
	}
	if got := f.browser.get(totpPath + "/remove"); got.Request.URL.Path != "/login" {
		t.Errorf("got %s with the password alone", got.Request.URL)
	}
	if got := f.browser.submit(page, "/mfa", "code", a.code(0)); got.Request.URL.Path != totpPath+"/remove" {
		t.Errorf("got %d at %s, want the page that was asked for", got.StatusCode, got.Request.URL)
	}
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid email")
	a, codes := f.browser.enableApp()
	f.forgetSteps(t)
	fresh := f.server.browser(t)
	page := fresh.signIn(fresh.get(f.auth()), "ada@example.com")
	if page.Request.URL.Path != "/mfa" || !strings.Contains(page.body, "ada@example.com") || !strings.Contains(page.body, "Notes") {
		t.Fatalf("got %d at %s, want the second factor for the app\n%s", page.StatusCode, page.Request.URL, page.body)
	}
	if got := fresh.get("/account"); got.Request.URL.Path != "/login" {
		t.Errorf("got %s with the password alone", got.Request.URL)
	}
	if got := fresh.refusal(f.auth("prompt", "none")); got != "login_required" {
		t.Errorf("got %s for prompt=none with the password alone", got)
	}
	stranger := f.server.browser(t)
	if got := stranger.get("/mfa?" + page.Request.URL.RawQuery); got.StatusCode != http.StatusBadRequest {
		t.Errorf("got the page in another browser")
	}
	if got := fresh.submit(page, "/mfa", "code", a.wrong()); got.StatusCode != http.StatusUnprocessableEntity ||
		!strings.Contains(got.body, "That code is not right") || !strings.Contains(got.body, "Error: Enter your code") {
		t.Errorf("got %d\n%s", got.StatusCode, got.body)
	}
	code := a.code(0)
	consent := fresh.submit(page, "/mfa", "code", code[:3]+" "+code[3:])
	if consent.Request.URL.Path != "/consent" {
		t.Fatalf("got %d at %s, want the consent\n%s", consent.StatusCode, consent.Request.URL, consent.body)
	}
	location, err := fresh.submit(consent, "/consent", "decision", "allow").Location()
	if err != nil {
		t.Fatal(err)
	}
	_, tokens, _ := f.token(t, "code", location.Query().Get("code"))
	id, access := claimsOf(t, tokens["id_token"]), claimsOf(t, tokens["access_token"])
	if fmt.Sprint(id["amr"]) != "[pwd otp mfa]" || id["acr"] != "urn:mana:acr:mfa" || access["acr"] != "urn:mana:acr:mfa" {
		t.Errorf("AU3: got %v and %v, want two factors", id, access)
	}

	essential := f.auth("prompt", "none", "claims", `{"id_token":{"acr":{"essential":true,"value":"urn:mana:acr:mfa"}}}`)
	if got := fresh.authorize(essential); got.Get("code") == "" {
		t.Errorf("AZ20: got %v for a class that was reached", got)
	}
	again := f.server.browser(t)
	page = again.signIn(again.get("/login"), "ada@example.com")
	if got := again.submit(page, "/mfa", "code", code); got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.body, "was used already") {
		t.Errorf("got %d for a code that was used\n%s", got.StatusCode, got.body)
	}
	if got := again.submit(page, "/mfa", "code", a.wrong(), "misses", "1"); !strings.Contains(got.body, "Codes depend on the time") {
		t.Errorf("got no hint at the clock after two misses\n%s", got.body)
	}
	for i, typed := range codes {
		if i%2 == 1 {
			typed = strings.ToLower(strings.ReplaceAll(typed, "-", " "))
		}
		b := f.server.browser(t)
		page := b.signIn(b.get("/login"), "ada@example.com")
		want := "/account"
		if i == len(codes)-1 {
			want = "/mfa/codes"
		}
		got := b.submit(page, "/mfa", "recovery", typed)
		if got.Request.URL.Path != want {
			t.Fatalf("got %d at %s for recovery code %d, want %s\n%s", got.StatusCode, got.Request.URL, i, want, got.body)
		}
		if i == len(codes)-1 && (!strings.Contains(got.body, "That was your last recovery code") || b.get("/login").Request.URL.Path != "/account") {
			t.Errorf("got no word of the last code, or no session\n%s", got.body)
		}
	}
	if got := again.submit(page, "/mfa", "recovery", codes[0]); got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.body, "was used already") {
		t.Errorf("got %d for a recovery code that was used\n%s", got.StatusCode, got.body)
	}
}

// TestOldProofWaits asks for a proof of now (prompt=login) while a sign-in waits for its second factor: its password was
// typed before.
func TestOldProofWaits(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid")
	a, _ := f.browser.enableApp()
	f.forgetSteps(t)
	f.grantedTo(t)
	b := f.server.browser(t)
	b.signIn(b.get("/login"), "ada@example.com")
	f.sql(t, `UPDATE auth_sign_ins SET auth_time = auth_time - 5000000`)
	asked := b.get(f.auth("prompt", "login")).Request.URL
	page := b.submit(b.get("/mfa?"+asked.RawQuery), "/mfa", "code", a.code(0))
	b.wantPage(page, http.StatusOK, "/login", "confirm that it is you")
	f.forgetSteps(t)
	page = b.submit(b.signIn(page, "ada@example.com"), "/mfa", "code", a.code(0))
	if location, err := page.Location(); err != nil || location.Query().Get("code") == "" {
		t.Errorf("got %d at %s, want a code\n%s", page.StatusCode, page.Request.URL, page.body)
	}
}

// TestFactorLock counts wrong codes per account, over all sign-ins; the right password takes none back.
func TestFactorLock(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid")
	a, codes := f.browser.enableApp()
	f.forgetSteps(t)
	var page answer
	b := f.server.browser(t)
	for i := range 5 {
		b = f.server.browser(t)
		page = b.signIn(b.get("/login"), "ada@example.com")
		if got := b.submit(page, "/mfa", "code", a.wrong()); got.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("got %d for wrong code %d", got.StatusCode, i)
		}
	}
	for field, code := range map[string]string{"code": a.code(0), "recovery": codes[0]} {
		if got := b.submit(page, "/mfa", field, code); got.StatusCode != http.StatusTooManyRequests || got.Header.Get("Retry-After") == "" {
			t.Errorf("got %d for a right %s after five wrong ones", got.StatusCode, field)
		}
	}
	if got := f.count(t, `SELECT count(*) FROM auth_security_events WHERE event_type = 'account_locked'`); got != 1 {
		t.Errorf("got %d events of the lock, want 1", got)
	}
	f.sql(t, `UPDATE auth_login_attempts SET taken_at = taken_at - 901000000`)
	if got := b.submit(page, "/mfa", "code", a.code(0)); got.Request.URL.Path != "/account" {
		t.Errorf("got %d at %s after 15 minutes", got.StatusCode, got.Request.URL)
	}
}

// TestFactorREST is the REST login of somebody with a second factor (contract.md, 2.2).
func TestFactorREST(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid")
	login := func(password string) (int, map[string]any) {
		status, body, _ := f.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "ada@example.com", "password": password})
		return status, body
	}
	_, rest := login(testPassword)
	f.browser.enableApp()
	if status, body := login(testPassword); status != http.StatusUnauthorized || body["error"] != "MFA_REQUIRED" || body["accessToken"] != nil {
		t.Errorf("got %d %v", status, body)
	}
	if status, body := login("not the password"); status != http.StatusUnauthorized || body["error"] != "INVALID_CREDENTIALS" {
		t.Errorf("got %d %v", status, body)
	}
	_, valid, _ := f.api(t, "POST", "/api/v1/auth/validate", "", map[string]any{"token": rest["accessToken"]})
	if valid["valid"] != false || valid["error"] != "session revoked" {
		t.Errorf("got %v for a session from before, want its end", valid)
	}
}
