package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"mana/ledger"
	"mana/provider"
)

var write = flag.Bool("write", false, "write openapi.json anew")

// TestDocument makes the document from the operations and the types of this package, and compares it with the one that is
// served.
func TestDocument(t *testing.T) {
	t.Parallel()
	made, err := json.MarshalIndent(newGenerator().document(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	made = append(made, '\n')
	if *write {
		if err := os.WriteFile("openapi.json", made, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(made, document) {
		t.Error("openapi.json is stale: make openapi, and commit it")
	}
}

// js is an object of JSON.
type js = map[string]any

// generator makes the document. It collects the types that it meets.
type generator struct {
	schemas   js
	responses js // refusals, which operations share
}

func newGenerator() *generator { return &generator{schemas: js{}, responses: js{}} }

func (g *generator) document() js {
	paths := js{}
	for _, o := range operations() {
		item, ok := paths[o.path].(js)
		if !ok {
			item = js{}
			paths[o.path] = item
		}
		item[strings.ToLower(o.method)] = g.operation(o)
	}
	shownTags := make([]js, len(tags))
	for i, tag := range tags {
		shownTags[i] = js{"name": tag[0], "description": tag[1]}
	}
	return js{
		"openapi": "3.1.0",
		"info": js{
			"title": "Mana Core Auth", "version": "1",
			"description": "Sign people in with OpenID Connect, and let them pay with credits. Ids are UUIDs, times are UTC with milliseconds, " +
				"amounts are numbers with at most 6 decimals. Nothing under /api/v1/internal differs from its twin but the path.",
			"license": js{"name": "All rights reserved", "url": "https://spdx.org/licenses/LicenseRef-Proprietary.html"},
		},
		"servers":    []js{{"url": "/", "description": "The issuer"}},
		"tags":       shownTags,
		"paths":      paths,
		"components": js{"schemas": g.schemas, "responses": g.responses, "securitySchemes": schemes()},
		"x-errors":   errorCodes(),
	}
}

func schemes() js {
	scopes := js{
		"openid": "Sign in, and claims about the person", provider.ScopeCreditsRead: "See balance and history",
		provider.ScopeCreditsSpend: "Spend credits",
	}
	flow := js{"authorizationUrl": provider.PathAuthorize, "tokenUrl": provider.PathToken, "refreshUrl": provider.PathToken, "scopes": scopes}
	owned := maps.Clone(scopes)
	for scope, text := range map[string]string{
		provider.ScopeAdminRead: "See what is administered", provider.ScopeAdminClients: "Change clients", provider.ScopeAdminPackages: "Change packages",
		provider.ScopeAdminKeys: "Change service keys", provider.ScopeAdminPeople: "Change roles of people, lock them out and sign them out",
	} {
		owned[scope] = text
	}
	own := js{"tokenUrl": provider.PathToken, "scopes": owned}
	return js{
		"oauth": js{
			"type": "oauth2", "description": "An access token of an app. Code with PKCE for a person, client credentials for the app itself.",
			"flows": js{"authorizationCode": flow, "clientCredentials": own},
		},
		firstParty: js{"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "The access token of a first-party sign-in."},
		service:    js{"type": "apiKey", "in": "header", "name": "X-Service-Key", "description": "A key of a back end: mana service-key create."},
		client:     js{"type": "http", "scheme": "basic", "description": "Client id and secret, also as client_id and client_secret in the body."},
	}
}

func (g *generator) operation(o operation) js {
	shown := js{"operationId": o.id, "tags": []string{o.tag}, "summary": o.summary, "responses": g.answers(o)}
	if o.text != "" {
		shown["description"] = o.text
	}
	security := []js{}
	for _, by := range o.by {
		scheme, scope, scoped := strings.Cut(by, " ")
		scopes := []string{}
		if scoped {
			scopes = append(scopes, scope)
		}
		security = append(security, js{scheme: scopes})
	}
	shown["security"] = security
	if parameters := g.parameters(o); len(parameters) > 0 {
		shown["parameters"] = parameters
	}
	if o.body != nil {
		media := "application/json"
		if o.form {
			media = "application/x-www-form-urlencoded"
		}
		schema := g.schema(reflect.TypeOf(o.body), "", "")
		_, needed := g.schemas[g.name(reflect.TypeOf(o.body))].(js)["required"]
		shown["requestBody"] = js{"required": needed, "content": js{media: js{"schema": schema}}}
	}
	return shown
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

func (g *generator) parameters(o operation) (shown []js) {
	for _, match := range pathParameter.FindAllStringSubmatch(o.path, -1) {
		schema := js{"type": "string", "format": "uuid"}
		if match[1] == "clientId" {
			schema = js{"type": "string", "pattern": "^mc_[A-Za-z0-9_-]{1,64}$"}
		}
		shown = append(shown, js{"name": match[1], "in": "path", "required": true, "schema": schema})
	}
	for _, p := range o.query {
		kind := reflect.TypeFor[string]()
		if p.number {
			kind = reflect.TypeFor[int64]()
		}
		one := js{"name": p.name, "in": "query", "schema": g.schema(kind, "", p.is)}
		if p.text != "" {
			one["description"] = p.text
		}
		if slices.Contains(strings.Split(p.is, ","), "required") {
			one["required"] = true
		}
		shown = append(shown, one)
	}
	if slices.Contains(o.also, http.StatusPreconditionFailed) {
		shown = append(shown, js{"name": "If-Match", "in": "header", "schema": js{"type": "string"}, "description": "The ETag as it was read"})
	}
	if slices.Contains(o.headers, "Idempotency-Replayed") && !strings.HasPrefix(o.path, "/api/v1/internal/") {
		shown = append(shown, js{
			"name": "Idempotency-Key", "in": "header", "schema": js{"type": "string", "minLength": 1, "maxLength": 255},
			"description": "The same as idempotencyKey of the body.",
		})
	}
	return shown
}

// headerTexts say what headers of answers hold.
var headerTexts = map[string]string{
	"Credits":              "What the call cost, and what is left: cost=10, remaining=139.5, held=0 (RFC 9651)",
	"Idempotency-Replayed": "true: this is the answer to an earlier request with the same key",
	"ETag":                 "For If-None-Match, of what is administered for If-Match",
	"Location":             "Where it is",
	"Link":                 "The next page, rel=next",
	"Credits-Export-Rows":  "How many rows the export holds",
	"Retry-After":          "Seconds to wait",
	"WWW-Authenticate":     "The challenge (RFC 6750)",
}

func headers(names ...string) js {
	shown := js{}
	for _, name := range names {
		shown[name] = js{"schema": js{"type": "string"}, "description": headerTexts[name]}
	}
	return shown
}

// others are all statuses but that of success.
func (o operation) others() []int {
	list := slices.Clone(o.also)
	if strings.HasPrefix(o.path, "/api/") && o.path != "/api/v1/health" && o.id != "contractKeys" {
		list = append(list, 400, 429, 503)
	}
	if o.body != nil && o.faults != pageFault {
		list = append(list, 400, 413, 415)
	}
	if o.form {
		list = append(list, 400, 413, 415)
	}
	if len(o.by) > 0 {
		list = append(list, 401)
	}
	for _, by := range o.by {
		if by != firstParty && by != client {
			list = append(list, 403)
		}
	}
	if o.faults == pageFault || len(o.by) > 0 {
		list = append(list, 429, 503)
	}
	if o.path == "/health/ready" {
		list = append(list, 503)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (g *generator) answers(o operation) js {
	success := js{"description": http.StatusText(o.status)}
	switch {
	case o.answer == nil && o.media != "":
		success["content"] = js{o.media: js{"schema": js{"type": "string"}}, "application/jsonl": js{"schema": js{"type": "string"}}}
	case o.answer != nil:
		success["content"] = js{cmp.Or(o.media, "application/json"): js{"schema": g.schema(reflect.TypeOf(o.answer), "", "")}}
	}
	if len(o.headers) > 0 {
		success["headers"] = headers(o.headers...)
	}
	all := js{strconv.Itoa(o.status): success}
	for _, status := range o.others() {
		all[strconv.Itoa(status)] = g.fault(o, status)
	}
	return all
}

// fault gives a reference to the answer of a refusal.
func (g *generator) fault(o operation, status int) js {
	kind := map[faults]string{contractFault: "Error", problemFault: "Problem", protocolFault: "OAuthError", pageFault: "Page"}[o.faults]
	if o.path == "/health/ready" {
		kind = "Health"
	}
	name := kind + strconv.Itoa(status)
	if g.responses[name] == nil {
		g.responses[name] = g.refusal(o, status)
	}
	return js{"$ref": "#/components/responses/" + name}
}

func (g *generator) refusal(o operation, status int) js {
	shown := js{"description": http.StatusText(status)}
	switch status {
	case http.StatusUnauthorized:
		shown["headers"] = headers("WWW-Authenticate")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		shown["headers"] = headers("Retry-After")
	}
	if status < 400 && status != http.StatusOK {
		return shown
	}
	media, body := "application/json", any(errorBody{})
	switch {
	case o.path == "/health/ready":
		body = health{}
	case o.faults == problemFault && status != http.StatusRequestEntityTooLarge:
		media, body = "application/problem+json", problem{}
	case o.faults == protocolFault:
		body = oauthFault{}
	case o.faults == pageFault:
		shown["content"] = js{"text/html": js{"schema": js{"type": "string"}}}
		return shown
	}
	schema := g.schema(reflect.TypeOf(body), "", "")
	content := js{media: js{"schema": schema}}
	if o.faults == problemFault && status == http.StatusTooManyRequests {
		content["application/json"] = js{"schema": schema}
	}
	shown["content"] = content
	return shown
}

// name is what the schema of a type is called.
func (g *generator) name(t reflect.Type) string {
	name := t.Name()
	if base, of, ok := strings.Cut(name, "["); ok && base == "pageBody" {
		of = of[strings.LastIndex(of, ".")+1:]
		return capital(strings.TrimSuffix(strings.TrimSuffix(of, "]"), "Body")) + "Page"
	}
	switch t {
	case reflect.TypeFor[errorBody]():
		return "Error"
	case reflect.TypeFor[oauthFault]():
		return "OAuthError"
	}
	return capital(strings.TrimSuffix(strings.TrimSuffix(name, "Body"), "Answer"))
}

func capital(name string) string {
	runes := []rune(name)
	runes[0] = unicode.ToUpper(runes[0])
	return string(runes)
}

// schema describes a type, as it is shown under a name and narrowed by a tag.
func (g *generator) schema(t reflect.Type, name, is string) js {
	switch t {
	case reflect.TypeFor[ledger.Amount]():
		return amountSchema(name, is)
	case reflect.TypeFor[json.RawMessage]():
		if strings.HasPrefix(is, "in") {
			return js{"type": "object"}
		}
		return js{"type": []string{"object", "null"}}
	case reflect.TypeFor[ledger.HoldState]():
		return js{"type": "string", "enum": []ledger.HoldState{ledger.HoldOpen, ledger.HoldCaptured, ledger.HoldReleased, ledger.HoldExpired}}
	case reflect.TypeFor[anyObject]():
		return js{"type": "object"}
	case reflect.TypeFor[any]():
		return js{"type": "object"} // the payload of a token
	}
	switch t.Kind() {
	case reflect.Pointer:
		return nullable(g.schema(t.Elem(), name, is), t.Elem())
	case reflect.Slice:
		return js{"type": "array", "items": g.schema(t.Elem(), "", "")}
	case reflect.Map:
		if t.Elem().Kind() == reflect.Interface {
			return js{"type": "object"}
		}
		return js{"type": "object", "additionalProperties": g.schema(t.Elem(), "", "")}
	case reflect.Struct:
		return g.structure(t)
	case reflect.Bool:
		return js{"type": "boolean"}
	case reflect.Float64:
		return js{"type": "number"}
	case reflect.Int, reflect.Int64:
		return numberSchema(is)
	}
	return textSchema(name, is)
}

// nullable is what a pointer points to, or null. One to a structure is left out instead.
func nullable(schema js, of reflect.Type) js {
	if kind, ok := schema["type"].(string); ok && of.Kind() != reflect.Struct && of.Kind() != reflect.Int64 && of.Kind() != reflect.Bool {
		schema["type"] = []string{kind, "null"}
	}
	return schema
}

func amountSchema(name, is string) js {
	schema := js{"type": "number", "description": "Credits, at most 6 decimals"}
	if strings.HasPrefix(is, "in") && name != "" {
		schema["exclusiveMinimum"], schema["maximum"] = 0, 1_000_000
	}
	if strings.HasSuffix(is, "cap") {
		delete(schema, "exclusiveMinimum")
		schema["minimum"] = 0
	}
	return schema
}

// structure gives a reference to the schema of a structure.
func (g *generator) structure(t reflect.Type) js {
	name := g.name(t)
	reference := js{"$ref": "#/components/schemas/" + name}
	if _, known := g.schemas[name]; known {
		return reference
	}
	properties, required := js{}, []string{}
	schema := js{"type": "object", "properties": properties}
	g.schemas[name] = schema
	request := strings.HasSuffix(name, "Request") || strings.HasSuffix(name, "Form")
	for _, field := range reflect.VisibleFields(t) {
		if field.Anonymous {
			continue
		}
		member, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		is := field.Tag.Get("is")
		if request {
			is = "in," + is
		}
		one := g.schema(field.Type, member, is)
		if text, ok := texts[member]; ok && one["$ref"] == nil {
			one["description"] = text
		}
		properties[member] = one
		if request && strings.Contains(is, "required") || !request && options != "omitempty" {
			required = append(required, member)
		}
	}
	if len(required) > 0 {
		schema["required"] = required
	}
	return reference
}

var span = regexp.MustCompile(`^(\d+)\.\.(\d+)$`)

func numberSchema(is string) js {
	schema := js{"type": "integer"}
	for part := range strings.SplitSeq(is, ",") {
		if match := span.FindStringSubmatch(part); match != nil {
			schema["minimum"], schema["maximum"] = json.Number(match[1]), json.Number(match[2])
		}
	}
	return schema
}

func textSchema(name, is string) js {
	schema := js{"type": "string"}
	if strings.HasSuffix(name, "At") || name == "timestamp" {
		schema["format"] = "date-time"
	}
	if name == "id" || name == "userId" || name == "packageId" || name == "purchaseId" || name == "transactionId" || name == "reservationId" {
		schema["format"] = "uuid"
	}
	for part := range strings.SplitSeq(is, ",") {
		match := span.FindStringSubmatch(part)
		switch {
		case match != nil:
			schema["minLength"], schema["maxLength"] = json.Number(match[1]), json.Number(match[2])
		case part == "email", part == "uuid":
			schema["format"] = part
		case part == "address":
			schema["format"] = "uri-reference"
		case part == "day":
			schema["format"] = "date"
		case part == "key":
			schema["minLength"], schema["maxLength"] = 1, 255
		case part == "app":
			schema["pattern"] = "^[A-Za-z0-9._:-]{1,64}$"
		case part != "" && part != "required" && part != "in" && part != "moment":
			schema["enum"] = strings.Split(part, "|")
		}
	}
	return schema
}

// texts say what members mean whose name does not.
var texts = map[string]string{
	"appId":                 "The app that is charged: a client id, or a name that the client was given",
	"idempotencyKey":        "Made and kept before the first try; the same key and request cost once",
	"metadata":              "Kept as it is: at most 16384 bytes, 8 levels and 64 keys",
	"balance":               "Bought credits",
	"freeCreditsRemaining":  "Free credits, which are spent before bought ones",
	"dailyFreeCredits":      "Free credits that come each day",
	"held":                  "Credits set aside by open holds",
	"debt":                  "What a refund of a purchase left unpaid",
	"expiresIn":             "Seconds",
	"expires_in":            "Seconds",
	"sourceAppUrl":          "Where links of mails lead back to; dropped unless it is of a known app",
	"redirectTo":            "Where the page leads back to; dropped unless it is of a known app",
	"image":                 "An https address of a picture; empty takes it away",
	"final":                 "false keeps what is left of the hold; true when absent",
	"minimum":               "Less than amount: hold what there is, at least this much",
	"transactionId":         "The use",
	"priceEuroCents":        "Euro cents",
	"refundedEuroCents":     "Euro cents",
	"clientSecret":          "For Stripe's own elements, in the browser",
	"quantity":              "1",
	"roomId":                "Comes back in the purchase's metadata",
	"uptime":                "Seconds",
	"latency":               "Milliseconds",
	"nextCursor":            "Goes into the query for the next page; null at the end",
	"retryAfterSec":         "Seconds to wait",
	"code":                  "What programs tell refusals apart by",
	"type":                  "Names the code, or the kind of the entry",
	"role":                  "user, admin or service",
	"userId":                "The person",
	"code_verifier":         "RFC 7636",
	"resource":              "RFC 8707: the API that the access token is for",
	"scope":                 "Divided by blanks",
	"code_challenge_method": "S256",
}

// errorCodes are the refusals that programs tell apart, by code.
func errorCodes() []js {
	all := []*Error{
		validation("What is wrong with the request"), tooMany(0), unavailable(), unauthorized("No token provided, or an invalid one"),
		errAppNotAllowed(), errUserNotFound(), errNoPayments(), errOperatorOnly(), errChanged(), Refusal(404), Refusal(405), Refusal(413), Refusal(415), Refusal(500),
		errState("NAME_TAKEN", "name is that of another key"), errState("KEY_ENDED", "This key is revoked or expired"),
		errState("PUBLIC_CLIENT", "A public client has no secret"),
		{Status: 403, Code: "INSUFFICIENT_SCOPE", Message: "Insufficient scope"},
		{Status: 429, Code: "ACCOUNT_LOCKED", Message: "Too many failed attempts, please try again later"},
		{Status: 409, Code: "RESERVATION_NOT_OPEN", Message: "Reservation is not open"},
		{Status: 422, Code: "CAPTURE_EXCEEDS_HOLD", Message: "More than what is left of this hold"},
		{Status: 422, Code: "REFUND_EXCEEDS_USAGE", Message: "More than what is left of this use"},
		{Status: 401, Code: "TOKEN_EXPIRED", Message: "Refresh token expired"},
	}
	seen := map[string]*Error{}
	for _, e := range all {
		seen[e.Code] = e
	}
	rest := slices.Collect(maps.Values(refusals()))
	slices.SortFunc(rest, func(a, b Error) int { return strings.Compare(a.Message, b.Message) })
	for _, e := range rest {
		if seen[e.Code] == nil {
			seen[e.Code] = &e
		}
	}
	shown := []js{}
	for _, code := range slices.Sorted(maps.Keys(seen)) {
		e := seen[code]
		shown = append(shown, js{"status": e.Status, "code": code, "problem": problemOf(e, "")["code"], "message": e.Message})
	}
	return shown
}

// reading is how handlers read a member of a body.
var reading = regexp.MustCompile(`(?:body|o)\.(?:text|required|limited|line|cut|id|optionalID|boolean|whole|optionalAmount|metadata|list|moment|cap)\("(\w+)"|returnTo\(body, "(\w+)"`)

// TestMembers finds members that handlers read and no request names.
func TestMembers(t *testing.T) {
	t.Parallel()
	named := map[string]bool{"amount": true}
	for _, o := range operations() {
		if o.body == nil {
			continue
		}
		for _, field := range reflect.VisibleFields(reflect.TypeOf(o.body)) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			named[name] = true
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range reading.FindAllStringSubmatch(string(source), -1) {
			found++
			if name := match[1] + match[2]; !strings.HasSuffix(file, "_test.go") && !named[name] {
				t.Errorf("%s reads the member %s, which no request of the document names", file, name)
			}
		}
	}
	if found < 50 {
		t.Errorf("got %d members that are read, want them all", found)
	}
}
