package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger/stripe"
	"mana/web/admin"
)

// adminAct is one act of administrators: what the form says, and the event that it leaves.
type adminAct struct {
	route string // in the table
	page  string // that shows the form, once the act before is done
	event string
	form  []string // a value that begins with ~ is a pattern, whose first group is taken from the page
}

// adminActs are all acts on a person with a linked account, in an order in which each can be done.
func adminActs(person string) []adminAct {
	user, clients := "/admin/users/"+person, []string{"client_name", "Notes", "redirect_uris", "https://notes.example/cb", "grant_types", "authorization_code", "scopes", "openid"}
	client := `~href="/admin/clients/(mc_[^"]+)"><bdi>Notes`
	packs := []string{"name", "Mini", "description", "A few", "order", "9", "price", ""}
	pack := `~<h2 id="package-([^"]+)"><bdi>Mini`
	key, reset := `~name="key" value="([^"]+)"`, `~name="mail" value="([^"]+)"`
	return []adminAct{
		{admin.PathUser, user, "roles_changed", []string{"act", "roles", "roles", "writer"}},
		{admin.PathUser, user, "credits_adjusted", []string{"act", "adjust", "amount", "7", "reason", "goodwill", "key", key}},
		{admin.PathUser, user, "sessions_ended", []string{"act", "end"}},
		{admin.PathUser, user, "account_unlinked", []string{"act", "take", "kind", "account", "way", "acme"}},
		{admin.PathUser, user, "password_reset_requested", []string{"act", "reset"}},
		{admin.PathUser, user, "password_reset_requested", []string{"act", "mail-reset"}},
		{admin.PathJobs, admin.PathJobs, "mail_retried", []string{"act", "retry", "mail", reset}},
		{admin.PathJobs, admin.PathJobs, "mail_dropped", []string{"act", "drop", "reason", "a test", "mail", reset}},
		{admin.PathUser, user, "account_disabled", []string{"act", "disable"}},
		{admin.PathUser, user, "account_enabled", []string{"act", "enable"}},
		{admin.PathUser, user, "role_changed", []string{"act", "role", "role", "service"}},
		{admin.PathClient, "/admin/clients/new", "client_created", append([]string{"act", "save"}, clients...)},
		{admin.PathClient, admin.PathClients, "client_secret_rotated", []string{"act", "rotate", "{id}", client}},
		{admin.PathClient, admin.PathClients, "client_changed", []string{"act", "disable", "{id}", client}},
		{admin.PathClient, admin.PathClients, "client_deleted", []string{"act", "delete", "typed", "Notes", "{id}", client}},
		{admin.PathServices, admin.PathServices, "service_key_created", []string{"act", "create", "name", "todo", "app_ids", "todo", "permissions", "use"}},
		{admin.PathServices, admin.PathServices, "service_key_rotated", []string{"act", "rotate", "id", `~name="id" value="([^"]+)"`}},
		{admin.PathServices, admin.PathServices, "service_key_revoked", []string{"act", "revoke", "id", `~name="id" value="([^"]+)"`}},
		{admin.PathPackages, admin.PathPackages, "package_created", append([]string{"act", "create", "credits", "50"}, packs...)},
		{admin.PathPackages, admin.PathPackages, "package_changed", []string{"act", "save", "id", pack, "name", "Small", "order", "8"}},
		{admin.PathPackages, admin.PathPackages, "package_changed", []string{"act", "off", "id", `~<h2 id="package-([^"]+)"><bdi>Small`}},
		{admin.PathKeys, admin.PathKeys, "key_rotated", []string{"act", "rotate", "alg", "RS256", "now", "1"}},
		{admin.PathKeys, admin.PathKeys, "key_revoked", []string{"act", "revoke", "reason", "a test", "kid", `~name="kid" value="([^"]+)"`}},
		{admin.PathLedger, admin.PathLedger, "ledger_checked", []string{"act", "check"}},
		{admin.PathPurchases, admin.PathPurchases, "payment_event_requeued", []string{"event", `~name="event" value="([^"]+)"`}},
	}
}

// TestAdminWalk does every act as a user, as an administrator whose proof is old, and as one whose proof is fresh. Only
// the last does it, and leaves one event.
func TestAdminWalk(t *testing.T) {
	t.Parallel()
	s := start(t, "STRIPE_WEBHOOK_SECRET="+stripeSecret)
	unreadable := []byte(`{"id":"evt_1","type":"charge.refunded"}`)
	postEvent(t, s.issuer+stripeHook, unreadable, stripe.Sign(unreadable, stripeSecret, time.Now()))
	root, user := s.administrator(t), s.browser(t)
	user.signUp("eve@example.com")
	person, _ := s.person(t, "ada@example.com")
	s.sql(t, `INSERT INTO auth_accounts (id, user_id, provider, provider_account_id, email, created_at) VALUES (?, ?, 'acme', '1', '', 0)`,
		uuid.NewString(), person)
	acts := adminActs(person)
	covered := make(map[string]bool)
	for _, act := range acts {
		covered[act.route] = true
		path, form := act.filled(t, root.get(act.page))
		before := adminEvents(root, act.event)
		form.Set("form_token", formToken(t, user.get("/account/delete")))
		if got := user.post(path, form); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s as a user: got %d, want 404", act.event, got.StatusCode)
		}
		form.Set("form_token", formToken(t, root.get(act.page)))
		s.sql(t, `UPDATE auth_sessions SET auth_time = auth_time - 301000000`)
		if got := root.post(path, form); got.Request.URL.Path != "/login" {
			t.Errorf("%s with an old proof: got %d at %s, want the login", act.event, got.StatusCode, got.Request.URL)
		}
		s.sql(t, `UPDATE auth_sessions SET auth_time = auth_time + 301000000`)
		if n := adminEvents(root, act.event) - before; n != 0 {
			t.Errorf("%s: got %d events of what was refused", act.event, n)
		}
		form.Set("form_token", "none")
		if got := root.post(path, form); got.StatusCode != http.StatusForbidden && got.StatusCode != http.StatusBadRequest {
			t.Errorf("%s by a form of others: got %d", act.event, got.StatusCode)
		}
		form.Set("form_token", formToken(t, root.get(act.page)))
		if got := root.post(path, form); got.StatusCode != http.StatusOK {
			t.Errorf("%s: got %d at %s\n%s", act.event, got.StatusCode, got.Request.URL, got.body)
		}
		if n := adminEvents(root, act.event) - before; n != 1 {
			t.Errorf("%s: got %d events, want 1", act.event, n)
		}
	}
	for _, route := range admin.Routes() {
		if route.Method == http.MethodPost && !covered[route.Path] {
			t.Errorf("%s: no act of it was done", route.Path)
		}
	}
}

// filled is the address and the form of an act, with what its page says.
func (a adminAct) filled(t *testing.T, page answer) (string, url.Values) {
	t.Helper()
	path, form := page.Request.URL.Path, url.Values{}
	for i := 0; i < len(a.form); i += 2 {
		value := a.form[i+1]
		if pattern, ok := strings.CutPrefix(value, "~"); ok {
			found := regexp.MustCompile(pattern).FindStringSubmatch(page.body)
			if found == nil {
				t.Fatalf("%s: got no %s\n%s", a.event, pattern, page.body)
			}
			value = found[1]
		}
		if a.form[i] == "{id}" {
			path += "/" + value
			continue
		}
		form.Add(a.form[i], value)
	}
	return path, form
}

// adminEvents counts the events of a type that an administrator caused.
func adminEvents(b *browser, kind string) int {
	return strings.Count(b.get("/admin/audit/export?format=jsonl&type="+kind).body, `"actor":"admin:`) / 2 // as a field, and in the metadata
}
