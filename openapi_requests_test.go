package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// caller sends the requests of a document to a program, as each of those who may.
type caller struct {
	*fixture
	document *apiDocument
	secrets  map[string]string // Authorization, by scheme and scope
	key      keyOutput
	id       string // of the person
	other    string // id of somebody who is administered
	seed     int
	won      map[string]bool // operations that answered with success
}

func newCaller(t *testing.T) *caller {
	t.Helper()
	f := newFixture(t, "openid profile credits:read credits:spend", manyTries+",public=100000/60,purchase=100000/60,service=100000/60,admin=100000/60", "CREDITS_SIGNUP_BONUS=100000")
	c := &caller{fixture: f, document: f.openAPI(t), secrets: map[string]string{}, won: map[string]bool{}}
	scoped := func(code string, pairs ...string) string {
		status, tokens, _ := f.token(t, append([]string{"code", code}, pairs...)...)
		if status != http.StatusOK {
			t.Fatalf("got %d %v, want tokens", status, tokens)
		}
		return "Bearer " + tokens["access_token"].(string)
	}
	credits := scoped(f.browser.authorize(f.auth()).Get("code"))
	c.secrets["oauth credits:read"], c.secrets["oauth credits:spend"] = credits, credits
	c.secrets["oauth openid"] = scoped(f.browser.authorize(f.auth()).Get("code"), "resource", f.issuer)
	c.secrets["own"] = scoped("-", "grant_type", "client_credentials", "scope", "credits:spend", "redirect_uri", "-", "code_verifier", "-")
	c.administers(t)
	c.key = f.serviceKey(t, "--app", f.client.ID, "--allow", "balance,use,refund,hold")
	_, login, _ := f.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "ada@example.com", "password": testPassword})
	f.person(t, "grace@example.com") // signs in by chance, and nobody asks for a password of hers
	c.id = login["user"].(map[string]any)["id"].(string)
	return c
}

// TestRequests sends random requests, sound and broken ones, for each operation that is described. Every answer has a
// status that is declared and a body of its schema, none is a fault of ours, and each member that is described is read.
func TestRequests(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	for _, path := range slices.Sorted(maps.Keys(c.document.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(c.document.Paths[path])) {
			o := c.document.Paths[path][method]
			t.Run(o.OperationID, func(t *testing.T) {
				by := o.Security
				if len(by) == 0 {
					by = []map[string][]string{nil}
				}
				for _, one := range by {
					c.try(t, path, method, o, credential(one))
				}
				c.refused(t, path, method, o)
			})
		}
	}
	// What nobody can win by chance: links of mails, and what needs Stripe.
	never := []string{
		"resetPassword", "verifyEmail", "purchase", "paymentLink", "purchaseById", "stripeEvent", "changePassword", "deleteAccount",
		"refresh", "endSessionOf", "authorizePosted", "authorize", "endSessionPosted", "endSession",
	}
	for _, methods := range c.document.Paths {
		for _, o := range methods {
			if !c.won[o.OperationID] && !slices.Contains(never, o.OperationID) {
				t.Errorf("%s: got no success", o.OperationID)
			}
		}
	}
}

// credential is a scheme with its scope, if it has one; empty for none.
func credential(one map[string][]string) string {
	for scheme, scopes := range one {
		return strings.TrimSpace(scheme + " " + strings.Join(scopes, " "))
	}
	return ""
}

// unread are operations whose one member may be anything: a token that is none does not hold, and a key of a release is of no
// use.
var unread = []string{"validate", "release"}

// tries is how many sound requests an operation gets, and a guarded one those who are not proven.
const tries = 8

// try sends sound and broken requests of one who may.
func (c *caller) try(t *testing.T, path, method string, o apiOperation, by string) {
	t.Helper()
	schema, media := c.body(o)
	if by != "serviceKey" && !slices.Contains(schema.Required, "userId") {
		delete(schema.Properties, "userId") // of back ends only
	}
	for i := range tries {
		sound := c.object(schema, i == 0)
		c.know(t, sound, schema, path, by)
		target := c.target(t, path, o, by, i == 0)
		if i == tries-1 && len(schema.Required) == 0 {
			sound = nil
		}
		status, _ := c.send(t, path, method, target, by, media, encode(media, sound))
		if status < 300 {
			c.won[o.OperationID] = true
		}
	}
	if media == "" {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		for _, broken := range breakages(schema.Properties[name]) {
			sound := c.object(schema, true)
			c.know(t, sound, schema, path, by)
			sound[name] = broken.value
			status, text := c.send(t, path, method, c.target(t, path, o, by, true), by, media, encode(media, sound))
			told := status == http.StatusBadRequest && (strings.Contains(text, name) || strings.Contains(text, "WEAK_PASSWORD"))
			if media == "application/json" && !slices.Contains(unread, o.OperationID) && !told && broken.refused {
				t.Errorf("%s = %v: got %d %.300s, want a refusal of that member", name, broken.value, status, text)
			}
		}
	}
	for _, name := range schema.Required {
		sound := c.object(schema, true)
		c.know(t, sound, schema, path, by)
		delete(sound, name)
		status, text := c.send(t, path, method, c.target(t, path, o, by, true), by, media, encode(media, sound))
		if status < 400 && media == "application/json" || strings.HasPrefix(path, "/api/") && !strings.Contains(text, name) {
			t.Errorf("without %s: got %d %.300s, want a refusal", name, status, text)
		}
	}
	for _, body := range []string{"[]", "{", "null", `{"a":1,"a":2}`, "\xff\xfe", strings.Repeat(`{"a":`, 100), strings.Repeat("a", 70<<10)} {
		c.send(t, path, method, c.target(t, path, o, by, true), by, media, []byte(body))
		c.send(t, path, method, c.target(t, path, o, by, true), by, "text/plain", []byte(body))
	}
}

// refused sends requests of callers who are not proven.
func (c *caller) refused(t *testing.T, path, method string, o apiOperation) {
	t.Helper()
	if len(o.Security) == 0 {
		return
	}
	_, media := c.body(o)
	for _, secret := range []string{"", "Bearer x.y.z", "Bearer", "Basic eDp5", c.secrets["oauth openid"]} {
		status, text := c.request(t, path, method, c.target(t, path, o, "", true), media, []byte("{}"), "Authorization", secret)
		if status < 400 && o.OperationID != "userinfo" && o.OperationID != "userinfoPosted" {
			t.Errorf("got %d %.300s, want a refusal of %.12s", status, text, secret)
		}
	}
	c.request(t, path, method, c.target(t, path, o, "", true), media, []byte("{}"), "X-Service-Key", "msk_x")
}

// body is the schema of a body, a copy, and its media type; empty without a body.
func (c *caller) body(o apiOperation) (schema apiSchema, media string) {
	if o.RequestBody == nil {
		return schema, ""
	}
	for media, content := range o.RequestBody.Content {
		schema = c.document.Components.Schemas[content.Schema.Ref[strings.LastIndex(content.Schema.Ref, "/")+1:]]
		schema.Properties = maps.Clone(schema.Properties)
		return schema, media
	}
	return schema, ""
}

// object makes a value of a schema: with what is required alone, or with some of the rest.
func (c *caller) object(schema apiSchema, least bool) map[string]any {
	made := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		c.seed++
		if slices.Contains(schema.Required, name) || !least && rapid.Bool().Example(c.seed) {
			made[name] = sample(schema.Properties[name]).Example(c.seed)
		}
	}
	return made
}

// know sets members that a request needs to succeed.
func (c *caller) know(t *testing.T, body map[string]any, schema apiSchema, path, by string) {
	t.Helper()
	known := map[string]func() any{
		"userId": func() any { return c.id }, "appId": func() any { return c.client.ID },
		"idempotencyKey": func() any { return uuid.NewString() },
		"reservationId":  func() any { return c.hold(t, by) },
		"transactionId":  func() any { return c.use(t) },
		"amount":         func() any { return json.Number("0.02") },
		"minimum":        func() any { return json.Number("0.01") },
		"grant_type":     func() any { return "client_credentials" },
	}
	if strings.HasSuffix(path, "/login") {
		known["email"], known["password"] = func() any { return "grace@example.com" }, func() any { return testPassword }
	}
	for name, value := range known {
		if _, there := schema.Properties[name]; there {
			body[name] = value()
		}
	}
	if strings.HasPrefix(path, "/api/v1/admin/") {
		c.knowAdmin(body, schema)
	}
	if strings.HasSuffix(path, "/extend") {
		body["expiresIn"] = 4000
	}
	if path == "/token" {
		delete(body, "scope")
		delete(body, "resource")
	}
	delete(body, "client_id")
	delete(body, "client_secret")
}

// hold makes a hold of the same caller, for a request that ends it.
func (c *caller) hold(t *testing.T, by string) any {
	t.Helper()
	body := map[string]any{"amount": json.Number("0.1"), "appId": c.client.ID, "description": "x", "idempotencyKey": uuid.NewString()}
	headers := []string{"Authorization", c.secrets[by]}
	switch by {
	case "serviceKey":
		body["userId"], headers = c.id, []string{"X-Service-Key", c.key.Value}
	case "firstParty":
		headers[1] = c.firstParty(t)
	case "":
		return uuid.NewString()
	}
	status, made, _ := c.api(t, "POST", "/api/v1/credits/holds", "", body, headers...)
	if status != http.StatusCreated {
		t.Fatalf("got %d %v, want a hold", status, made)
	}
	return made["id"]
}

// use spends something, for a refund.
func (c *caller) use(t *testing.T) any {
	t.Helper()
	body := map[string]any{"userId": c.id, "amount": json.Number("0.1"), "description": "x", "appId": c.client.ID}
	status, made, _ := c.api(t, "POST", "/api/v1/internal/credits/use", "", body, "X-Service-Key", c.key.Value)
	if status != http.StatusCreated {
		t.Fatalf("got %d %v, want a use", status, made)
	}
	return made["transaction"].(map[string]any)["id"]
}

// firstParty signs the person in anew: some operations end the session of their token.
func (c *caller) firstParty(t *testing.T) string {
	t.Helper()
	status, _, _ := c.api(t, "GET", "/api/v1/auth/profile", "", nil, "Authorization", c.secrets["firstParty"])
	if status == http.StatusOK {
		return c.secrets["firstParty"]
	}
	status, login, _ := c.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "ada@example.com", "password": testPassword})
	if status != http.StatusOK {
		t.Fatalf("got %d %v, want tokens", status, login)
	}
	c.secrets["firstParty"] = "Bearer " + login["accessToken"].(string)
	return c.secrets["firstParty"]
}

// target is the address of a request, with what the path and the query ask for. Every second query is broken.
func (c *caller) target(t *testing.T, path string, o apiOperation, by string, sound bool) string {
	t.Helper()
	query := url.Values{}
	for _, p := range o.Parameters {
		c.seed++
		switch {
		case p.In == "path" && strings.HasPrefix(path, "/api/v1/admin/"):
			path = strings.Replace(path, "{"+p.Name+"}", c.administered(t, path), 1)
		case p.In == "path" && p.Name == "userId":
			path = strings.Replace(path, "{userId}", c.id, 1)
		case p.In == "path" && strings.Contains(path, "/holds/"):
			path = strings.Replace(path, "{id}", fmt.Sprint(c.hold(t, by)), 1)
		case p.In == "path":
			path = strings.Replace(path, "{"+p.Name+"}", uuid.NewString(), 1)
		case p.In == "query" && p.Name == "userId" && by == "serviceKey":
			query.Set("userId", c.id)
		case p.In == "query" && !sound && c.seed%4 == 0:
			query.Set(p.Name, fmt.Sprint(breakages(p.Schema)[c.seed%3].value))
		case p.In == "query" && p.Required || !sound && c.seed%4 == 1:
			query.Set(p.Name, fmt.Sprint(sample(p.Schema).Example(c.seed)))
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

// send is [caller.request] of one who may.
func (c *caller) send(t *testing.T, path, method, target, by, media string, body []byte) (status int, text string) {
	t.Helper()
	switch by {
	case "":
		return c.request(t, path, method, target, media, body)
	case "serviceKey":
		return c.request(t, path, method, target, media, body, "X-Service-Key", c.key.Value)
	case "client":
		r, _ := http.NewRequest("GET", "/", nil)
		r.SetBasicAuth(c.client.ID, c.client.Secret)
		return c.request(t, path, method, target, media, body, "Authorization", r.Header.Get("Authorization"))
	case "firstParty":
		return c.request(t, path, method, target, media, body, "Authorization", c.firstParty(t))
	}
	secret := c.secrets[by]
	if strings.HasSuffix(path, "/refunds") {
		secret = c.secrets["own"]
	}
	return c.request(t, path, method, target, media, body, "Authorization", secret)
}

// request sends a request and holds its answer against the document.
func (c *caller) request(t *testing.T, path, method, target, media string, body []byte, headers ...string) (status int, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), strings.ToUpper(method), c.issuer+target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if media != "" {
		request.Header.Set("Content-Type", media)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] != "" {
			request.Header.Set(headers[i], headers[i+1])
		}
	}
	response, err := http.DefaultTransport.RoundTrip(request) // follows nobody
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode >= 500 && !strings.Contains(string(answer), "PAYMENT_UNAVAILABLE") {
		t.Errorf("%s %s: got %d %.300s for %.300q", method, target, response.StatusCode, answer, body)
	}
	c.document.holds(t, path, method, response.StatusCode, response.Header, answer)
	return response.StatusCode, string(answer)
}

// encode writes a body.
func encode(media string, body map[string]any) []byte {
	if media == "" || body == nil {
		return nil
	}
	if media == "application/json" {
		encoded, _ := json.Marshal(body) // plain values encode
		return encoded
	}
	form := url.Values{}
	for name, value := range body {
		form.Set(name, fmt.Sprint(value))
	}
	return []byte(form.Encode())
}
