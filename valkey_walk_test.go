package main

import (
	"fmt"
	"net/url"
	"testing"
)

// walkFactors signs in by a second factor, a link by mail and another provider, and looks around as an administrator.
func (o *outage) walkFactors(t *testing.T, want func(string, any, any), b *browser, email string) {
	t.Helper()
	a, _ := b.enableApp()
	o.forgetSteps(t)
	fresh := o.server.browser(t)
	page := fresh.submit(fresh.signIn(fresh.get("/login"), email), "/mfa", "code", a.code(0))
	want("the second factor", page.Request.URL.Path, "/account")
	want("a forgotten password", fresh.submit(fresh.get("/forgot"), "/forgot", "email", email).StatusCode, 200)
	page = fresh.submit(fresh.get(fresh.mailLink("Set a new password")), "/reset", "password", "another horse battery")
	want("a link by mail", fmt.Sprint(page.StatusCode, page.Request.URL.Path), "200/reset")
	there := o.theirs.account(t, "there-"+email, true)
	other := o.server.browser(t)
	want("another provider", other.get(other.with("/login/with/acme", there)).Request.URL.Path, "/account")
	stranger := o.server.browser(t)
	page = stranger.post("/login/passkey/options", url.Values{"form_token": {formToken(t, stranger.get("/login"))}})
	want("the options of a passkey", page.StatusCode, 200)
	for _, path := range []string{"/admin", "/admin/users?q=" + email} {
		want(path, o.admin.get(path).StatusCode, 200)
	}
}
