package main

import (
	"os"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowserAdmin sets the system up and walks through every page of administrators.
func TestBrowserAdmin(t *testing.T) {
	t.Parallel()
	s := start(t)
	ctx, complaints := chromium(t)
	dir := screenshots(t)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w := &walk{t: t, ctx: ctx, shots: shots{dir, t}}
	code := setupCode.FindStringSubmatch(s.command(t, "setup-link"))
	w.open(s.issuer+"/setup#"+code[1], "#email", "80-setup")
	w.fill("#name", "Grace Hopper", "#email", "grace@example.com", "#password", testPassword)
	w.press("#submit", "a.primary", "81-admin-welcome")

	id, token := s.person(t, "ada@example.com")
	person := s.issuer + "/admin/users/" + id
	s.api(t, "POST", "/api/v1/credits/use", token, map[string]any{"amount": 2, "appId": "chat", "description": "A reply"})
	w.open(s.issuer+"/admin/users?q=ada", "tbody a", "82-admin-people")
	w.press("tbody a", "#amount", "83-admin-person")
	w.fill("#amount", "many", "#reason", "goodwill")
	w.press("#act-adjust", "#summary", "84-admin-person-refused")
	w.fill("#amount", "7.5")
	w.press("#act-adjust", "#done", "85-admin-person-adjusted")
	w.press("#act-disable", "#act-enable", "")
	w.press("#act-enable", "#act-disable", "")

	w.open(s.issuer+"/admin/clients", "#new", "86-admin-apps-none")
	w.press("#new", "#client_name", "87-admin-app-new")
	w.press("#act-save", "#summary", "")
	w.fill("#client_name", "Notes")
	w.do(chromedp.SendKeys(chromedp.CSS("#redirect_uris"), "https://notes.example/callback"))
	w.tick("#scope-openid", "#grant-authorization_code")
	w.press("#act-save", "#value", "88-admin-app-secret")
	w.open(s.issuer+"/admin/clients", "tbody a", "89-admin-apps")
	w.press("tbody a", "#act-delete", "90-admin-app")

	w.open(s.issuer+"/admin/service-keys", "#name", "")
	w.fill("#name", "Chat back end", "#app_ids", "chat")
	w.tick("#may-use", "#may-refund")
	w.press("#act-create", "#value", "91-admin-service-keys")
	w.open(s.issuer+"/admin/keys", "#act-rotate", "92-admin-keys")
	w.open(s.issuer+"/admin/ledger", "#act-check", "93-admin-ledger")
	w.press("#act-check", "#report", "94-admin-ledger-checked")
	w.open(s.issuer+"/admin/packages", "#act-create", "94-admin-packages")
	w.fill("#credits", "many", "#name", "Mini")
	w.press("#act-create", "#summary", "94-admin-packages-refused")
	w.open(person, "#act-reset", "")
	w.press("#act-reset", "#value", "94-admin-person-link")
	w.open(s.issuer+"/admin/purchases", "#orders", "94-admin-purchases")
	w.open(s.issuer+"/admin/jobs", "#jobs", "94-admin-jobs")
	w.open(s.issuer+"/admin/settings", "#health", "95-admin-settings")
	w.open(s.issuer+"/admin/audit", "tbody", "96-admin-audit")
	w.open(s.issuer+"/admin/audit?type=nothing", ".empty", "97-admin-audit-none")
	w.open(s.issuer+"/admin", "#health", "98-admin")
	w.open(person, "#amount", "")
	quiet(t, complaints())
}

// tick ticks boxes that are not yet.
func (w *walk) tick(boxes ...string) {
	w.t.Helper()
	for _, box := range boxes {
		w.do(chromedp.Evaluate[chromedp.Void](`void (e => { if (!e.checked) e.click() })(document.querySelector("` + box + `"))`))
	}
}
