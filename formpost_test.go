package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestFormPostInBrowser sends the answer by form_post in a real browser (FP): by script, and, where scripts are
// off, by the button.
func TestFormPostInBrowser(t *testing.T) {
	t.Parallel()
	s := start(t)
	ctx, complaints := chromium(t)
	arrived := make(chan string, 2)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/callback" {
			return
		}
		arrived <- fmt.Sprintf("%s %s %q %t", r.Method, r.URL.RawQuery, r.PostFormValue("state"), r.PostFormValue("code") != "")
		fmt.Fprint(w, `<h1 id="arrived">Arrived</h1>`)
	}))
	t.Cleanup(app.Close)
	client := s.client(t, "Form", "--redirect", app.URL+"/callback?kept=1")
	to := s.issuer + "/authorize?" + url.Values{
		"client_id": {client.ID}, "redirect_uri": {app.URL + "/callback?kept=1"}, "response_type": {"code"}, "scope": {"openid"},
		"response_mode": {"form_post"}, "state": {`<"&'>`}, "code_challenge_method": {"S256"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"},
	}.Encode()
	const want = `POST kept=1 "<\"&'>" true`
	w := &walk{t: t, ctx: ctx}
	w.open(to, "#signup", "")
	w.press("#signup", "#name", "")
	w.fill("#name", "Ada Lovelace", "#email", "ada@example.com", "#password", testPassword)
	w.press("#submit", "form:not([data-settle]) #allow", "")
	w.press("#allow", "#arrived", "")
	if got := <-arrived; got != want {
		t.Errorf("got %s by script, want %s", got, want)
	}
	w.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
	w.open(to, "#response button", "")
	w.press("#response button", "#arrived", "")
	if got := <-arrived; got != want {
		t.Errorf("got %s by the button, want %s", got, want)
	}
	if found := complaints(); len(found) > 0 {
		t.Errorf("the browser complains: %v", found)
	}
}
