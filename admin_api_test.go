package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// adminPath is where the administration API lies.
const adminPath = "/api/v1/admin"

// TestAdminMatrix shows every kind of caller to every object and verb of the administration API: only who has the very
// scope passes, and what is unknown or another's is answered alike (security.md 20.3).
func TestAdminMatrix(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, manyTries+",admin=100000/60")
	callers := m.kinds(t)
	callers["nobody"] = ""
	for scope := range strings.SplitSeq(adminScopes, ",") {
		callers[scope] = m.robot(t, scope)
	}
	document := m.openAPI(t)
	seen := 0
	for path, verbs := range document.Paths {
		if !strings.HasPrefix(path, adminPath+"/") {
			continue
		}
		for verb, o := range verbs {
			needed := strings.TrimPrefix(credential(o.Security[0]), "oauth ")
			target := regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, uuid.NewString())
			for name, token := range callers {
				status, body, header := m.api(t, strings.ToUpper(verb), target, token, "{}")
				challenge := header.Get("WWW-Authenticate")
				want := []int{http.StatusUnauthorized}
				switch {
				case name == needed && target != path:
					want = []int{http.StatusNotFound}
				case name == needed && verb == "get":
					want = []int{http.StatusOK}
				case name == needed:
					want = []int{http.StatusBadRequest}
				case strings.HasPrefix(name, "admin:"):
					want = []int{http.StatusForbidden}
				}
				if !slices.Contains(want, status) {
					t.Errorf("%s %s by %s: got %d %v, want %v", verb, path, name, status, body, want)
				}
				if refused := status == 401 || status == 403; refused && !strings.Contains(challenge, "oauth-protected-resource"+adminPath) {
					t.Errorf("%s %s by %s: got challenge %q", verb, path, name, challenge)
				}
				seen++
			}
		}
	}
	if want := 20 * len(callers); seen < want {
		t.Errorf("got %d calls, want %d", seen, want)
	}
	for place, consumer := range m.consumers { // the API's tokens are of no use elsewhere
		if accepted, _ := consumer.use(t, callers["admin:read"]); accepted && place != "introspection" {
			t.Errorf("a token for the administration API is accepted at %s", place)
		}
	}
}

// robots is a program with a client that administers everything.
type robots struct {
	*server
	token string
}

func newRobots(t *testing.T) *robots {
	t.Helper()
	s := start(t, manyTries+",admin=100000/60")
	return &robots{s, s.robot(t, adminScopes)}
}

// ask sends one request and wants a status.
func (b *robots) ask(t *testing.T, want int, method, path string, body any, headers ...string) (map[string]any, http.Header) {
	t.Helper()
	status, answer, header := b.api(t, method, adminPath+path, b.token, body, headers...)
	if status != want {
		t.Fatalf("%s %s: got %d %v, want %d", method, path, status, answer, want)
	}
	return answer, header
}

// TestAdminClients lets a program set up a client, change it under a tag, and remove it.
func TestAdminClients(t *testing.T) {
	t.Parallel()
	b := newRobots(t)
	made, header := b.ask(t, 201, "POST", "/clients", map[string]any{
		"client_name": "Shop", "grant_types": []string{"client_credentials"}, "scopes": []string{"credits:spend"},
	})
	id, secret := made["client"].(map[string]any)["client_id"].(string), made["client_secret"].(string)
	if header.Get("Location") != adminPath+"/clients/"+id {
		t.Errorf("got Location %q", header.Get("Location"))
	}
	b.clientToken(t, created{clientFields: clientFields{ID: id}, Secret: secret}, "credits:spend") // counts at once

	shown, header := b.ask(t, 200, "GET", "/clients/"+id, nil)
	if text := fmt.Sprint(shown); strings.Contains(text, secret) || shown["client_name"] != "Shop" {
		t.Errorf("got %v", shown)
	}
	tag := header.Get("ETag")
	changed, _ := b.ask(t, 200, "PATCH", "/clients/"+id, map[string]any{"client_name": "Shop 2"}, "If-Match", tag)
	if changed["client_name"] != "Shop 2" || fmt.Sprint(changed["scopes"]) != "[credits:spend]" {
		t.Errorf("got %v", changed)
	}
	stale, _ := b.ask(t, 412, "PATCH", "/clients/"+id, map[string]any{"client_name": "Shop 3"}, "If-Match", tag)
	if stale["code"] != "precondition-failed" {
		t.Errorf("got %v", stale)
	}
	b.ask(t, 412, "DELETE", "/clients/"+id, nil, "If-Match", tag)
	rotated, _ := b.ask(t, 200, "POST", "/clients/"+id+"/secret", map[string]any{"overlap": 60})
	for _, good := range []string{secret, rotated["client_secret"].(string)} {
		b.clientToken(t, created{clientFields: clientFields{ID: id}, Secret: good}, "credits:spend")
	}
	faulty, _ := b.ask(t, 400, "PATCH", "/clients/"+id, map[string]any{"grant_types": []string{"password"}})
	if !strings.Contains(fmt.Sprint(faulty["title"]), "grant_types") {
		t.Errorf("got %v", faulty)
	}
	b.ask(t, 204, "DELETE", "/clients/"+id, nil)
	b.ask(t, 404, "GET", "/clients/"+id, nil)
	log := b.command(t, "client", "list")
	if strings.Contains(log, id) {
		t.Errorf("the client is still there: %s", log)
	}
}

// TestAdminOperatorOnly: nobody but the operator gives admin scopes, or touches a client that has some.
func TestAdminOperatorOnly(t *testing.T) {
	t.Parallel()
	b := newRobots(t)
	wish := map[string]any{"client_name": "Greedy", "grant_types": []string{"client_credentials"}, "scopes": []string{"admin:read"}}
	refused, _ := b.ask(t, 400, "POST", "/clients", wish)
	if !strings.Contains(fmt.Sprint(refused["title"]), "operator alone") {
		t.Errorf("got %v", refused)
	}
	delete(wish, "scopes")
	made, _ := b.ask(t, 201, "POST", "/clients", wish)
	id := made["client"].(map[string]any)["client_id"].(string)
	b.ask(t, 400, "PATCH", "/clients/"+id, map[string]any{"scopes": []string{"admin:people"}})
	var other clientFields
	output := b.command(t, "client", "create", "Other", "--grant", "client_credentials", "--scope", "admin:people", "--json")
	if err := json.Unmarshal([]byte(output), &other); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server knows the client", func() bool { return b.knows(t, other.ID) })
	for _, call := range [][2]string{{"PATCH", ""}, {"DELETE", ""}, {"POST", "/secret"}} {
		answer, _ := b.ask(t, 403, call[0], "/clients/"+other.ID+call[1], map[string]any{})
		if answer["code"] != "operator-only" {
			t.Errorf("%v: got %v", call, answer)
		}
	}
}

// TestAdminObjects lets a program set up packages, service keys and people's roles, page by page.
func TestAdminObjects(t *testing.T) {
	t.Parallel()
	b := newRobots(t)
	offer, header := b.ask(t, 201, "POST", "/packages", map[string]any{"name": "Huge", "credits": 900, "place": 3})
	path := "/packages/" + offer["id"].(string)
	if fmt.Sprint(offer["priceEuroCents"]) != "900" || offer["active"] != true {
		t.Errorf("got %v", offer)
	}
	off, _ := b.ask(t, 200, "PATCH", path, map[string]any{"active": false}, "If-Match", header.Get("ETag"))
	if off["active"] != false || off["name"] != "Huge" {
		t.Errorf("got %v", off)
	}
	b.ask(t, 412, "PATCH", path, map[string]any{"active": true}, "If-Match", header.Get("ETag"))

	key, _ := b.ask(t, 201, "POST", "/service-keys", map[string]any{"name": "back end", "app_ids": []string{"app-1"}, "permissions": []string{"use"}, "cap_use": 5})
	path = "/service-keys/" + key["service_key"].(map[string]any)["id"].(string)
	b.ask(t, 409, "POST", "/service-keys", map[string]any{"name": "back end", "app_ids": []string{"app-1"}, "permissions": []string{"use"}})
	b.ask(t, 400, "PATCH", path, map[string]any{"app_ids": []string{"app-2"}}) // the owner stays
	free, _ := b.ask(t, 200, "PATCH", path, map[string]any{"cap_use": 0, "rate": 50})
	if fmt.Sprintf("%v %v", free["cap_use"], free["rate"]) != "0 50" {
		t.Errorf("got %v", free)
	}
	again, _ := b.ask(t, 200, "POST", path+"/value", map[string]any{})
	if again["value"] == key["value"] || again["value"] == "" {
		t.Error("the key has no new value")
	}
	ended, _ := b.ask(t, 200, "DELETE", path, nil)
	if ended["revokedAt"] == nil {
		t.Errorf("got %v", ended)
	}
	b.ask(t, 409, "PATCH", path, map[string]any{"rate": 60})
	b.pages(t)
}

// pages walks the packages one by one.
func (b *robots) pages(t *testing.T) {
	t.Helper()
	whole, _ := b.ask(t, 200, "GET", "/packages", nil)
	seen, path := 0, "/packages?limit=1"
	for path != "" {
		page, _ := b.ask(t, 200, "GET", path, nil)
		seen += len(page["data"].([]any))
		if path = ""; page["nextCursor"] != nil {
			path = "/packages?limit=1&cursor=" + page["nextCursor"].(string)
			b.ask(t, 400, "GET", "/clients?cursor="+page["nextCursor"].(string), nil) // of another list
		}
	}
	if want := len(whole["data"].([]any)); seen != want || want < 2 {
		t.Errorf("got %d packages by pages, want %d", seen, want)
	}
}

// TestAdminPeople gives roles, locks somebody out, and leaves administrators alone.
func TestAdminPeople(t *testing.T) {
	t.Parallel()
	b := newRobots(t)
	b.person(t, "ada@example.com")
	b.person(t, "root@example.com")
	b.command(t, "user", "role", "root@example.com", "admin")
	found, _ := b.ask(t, 200, "GET", "/people?search=ADA%40", nil)
	people := found["data"].([]any)
	if len(people) != 1 {
		t.Fatalf("got %v, want one person", found)
	}
	path := "/people/" + people[0].(map[string]any)["id"].(string)
	_, header := b.ask(t, 200, "GET", path, nil)
	given, _ := b.ask(t, 200, "PATCH", path, map[string]any{"roles": []string{"staff", "editor", "staff"}}, "If-Match", header.Get("ETag"))
	if fmt.Sprint(given["roles"]) != "[editor staff]" {
		t.Errorf("got %v", given)
	}
	b.ask(t, 412, "PATCH", path, map[string]any{"roles": []string{}}, "If-Match", header.Get("ETag"))
	b.ask(t, 400, "PATCH", path, map[string]any{"role": "admin"}) // nobody becomes an administrator
	b.ask(t, 204, "DELETE", path+"/sessions", nil)
	b.ask(t, 200, "PATCH", path, map[string]any{"disabled": true})
	login := map[string]string{"email": "ada@example.com", "password": testPassword}
	if status, _, _ := b.api(t, "POST", "/api/v1/auth/login", "", login); status != http.StatusUnauthorized {
		t.Errorf("got %d for somebody locked out, want 401", status)
	}
	found, _ = b.ask(t, 200, "GET", "/people?search=root", nil)
	root := found["data"].([]any)[0].(map[string]any)["id"].(string)
	b.ask(t, 403, "PATCH", "/people/"+root, map[string]any{"disabled": true})
}
