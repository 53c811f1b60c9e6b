package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// wantError holds an answer against the one error body of the contract.
func wantError(t *testing.T, what string, status int, body map[string]any, wantStatus int, wantCode string) {
	t.Helper()
	if status != wantStatus || body["error"] != wantCode {
		t.Errorf("%s: got %d %v, want %d %s", what, status, body, wantStatus, wantCode)
		return
	}
	members := slices.Sorted(maps.Keys(body))
	members = slices.DeleteFunc(members, func(m string) bool { return m == "retryAfterSec" })
	if fmt.Sprint(members) != "[error message path statusCode timestamp]" || fmt.Sprint(body["statusCode"]) != fmt.Sprint(status) {
		t.Errorf("%s: got members %v", what, body)
	}
	if _, isString := body["message"].(string); !isString {
		t.Errorf("%s: got message %v, want a string", what, body["message"])
	}
	if (status == 429 || status == 503) != (body["retryAfterSec"] != nil) {
		t.Errorf("%s: got retryAfterSec %v at %d", what, body["retryAfterSec"], status)
	}
}

func wantMembers(t *testing.T, what string, body map[string]any, want string) {
	t.Helper()
	if got := strings.Join(slices.Sorted(maps.Keys(body)), " "); got != want {
		t.Errorf("%s: got members %s, want %s", what, got, want)
	}
}

func TestContractRegister(t *testing.T) {
	t.Parallel()
	s := start(t)
	register := func(body any) (int, map[string]any) {
		status, answer, _ := s.api(t, "POST", "/api/v1/auth/register", "", body)
		return status, answer
	}
	status, body := register(`{"email":" Ada@Example.COM ","password":"Test1234!x","referralCode":"x","userId":"y","sourceAppUrl":"https://evil.example"}`)
	if status != 201 || body["email"] != "ada@example.com" || body["name"] != nil {
		t.Errorf("got %d %v", status, body)
	}
	wantMembers(t, "register", body, "createdAt email id name user")
	wantMembers(t, "register user", body["user"].(map[string]any), "email id name")
	status, body = register(`{"email":"ADA@example.com","password":"Test1234!x"}`)
	wantError(t, "taken", status, body, 409, "EMAIL_ALREADY_REGISTERED")
	for _, c := range []struct{ body, code, message string }{
		{`{}`, "VALIDATION", "email is required"},
		{``, "VALIDATION", "email is required"},
		{`{"email":null,"password":"Test1234!x"}`, "VALIDATION", "email is required"},
		{`{"email":1,"password":"Test1234!x"}`, "VALIDATION", "email must be a string"},
		{`{"email":[],"password":"Test1234!x"}`, "VALIDATION", "email must be a string"},
		{`{"email":"a b@c.de","password":"Test1234!x"}`, "VALIDATION", "email must be a valid email address"},
		{`{"email":"a@localhost","password":"Test1234!x"}`, "VALIDATION", "email must be a valid email address"},
		{`{"email":"b@c.de"}`, "VALIDATION", "password is required"},
		{`{"email":"b@c.de","password":true}`, "VALIDATION", "password must be a string"},
		{`{"email":"b@c.de","password":"short"}`, "WEAK_PASSWORD", "password must be 8 to 128 characters"},
		{`{"email":"b@c.de","password":"` + strings.Repeat("x", 129) + `"}`, "WEAK_PASSWORD", "password must be 8 to 128 characters"},
		{`{"email":"b@c.de","password":"password1"}`, "WEAK_PASSWORD", "password is too common"},
		{`{"email":"b@c.de","password":"Test1234!x","name":5}`, "VALIDATION", "name must be a string"},
		{`{"email":"b@c.de","password":"Test1234!x","name":"` + strings.Repeat("n", 256) + `"}`, "VALIDATION", "name must be 0 to 255 characters"},
		{`[]`, "VALIDATION", "Request body must be a JSON object"},
		{`{"email":"b@c.de"`, "VALIDATION", "Request body must be a JSON object"},
		{`{"email":"b@c.de","email":"c@d.ef"}`, "VALIDATION", "Request body must be a JSON object"},
		{`{"email":"b@c.de"} {}`, "VALIDATION", "Request body must be a JSON object"},
		{`{"email":"b@c.de","x":"\ud800"}`, "VALIDATION", "Request body must be a JSON object"},
		{`{"email":"b@c.de","x":"\u0000"}`, "VALIDATION", "Request body must be a JSON object"},
		{`{"x":` + strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40) + `}`, "VALIDATION", "Request body must be a JSON object"},
		{"{\"email\":\"b\xff@c.de\"}", "VALIDATION", "Request body must be a JSON object"},
	} {
		status, answer := register(c.body)
		wantError(t, c.body, status, answer, 400, c.code)
		if answer["message"] != c.message {
			t.Errorf("%.60s: got %q, want %q", c.body, answer["message"], c.message)
		}
	}
	status, body = register(`{"x":"` + strings.Repeat("y", 70000) + `"}`)
	wantError(t, "too large", status, body, 413, "PAYLOAD_TOO_LARGE")
	status, body, _ = s.api(t, "POST", "/api/v1/auth/register", "", `{}`, "Content-Type", "text/plain")
	wantError(t, "media type", status, body, 415, "UNSUPPORTED_MEDIA_TYPE")
}

func TestContractLogin(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, _ := s.person(t, "ada@example.com")
	status, body, header := s.api(t, "POST", "/api/v1/auth/login", "", map[string]any{
		"email": "ADA@example.com", "password": testPassword, "deviceId": "d-1", "deviceName": "Pixel", "rememberMe": true,
	})
	if status != 200 || header.Get("Cache-Control") != "no-store" || fmt.Sprint(body["expiresIn"]) != "900" || body["tokenType"] != "Bearer" {
		t.Errorf("got %d %v", status, body)
	}
	wantMembers(t, "login", body, "accessToken expiresIn refreshToken tokenType user")
	wantMembers(t, "login user", body["user"].(map[string]any), "email id name role")
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(body["refreshToken"].(string)) {
		t.Errorf("got refresh token %v", body["refreshToken"])
	}
	_, validation, _ := s.api(t, "POST", "/api/v1/auth/validate", "", map[string]any{"token": body["accessToken"]})
	payload, _ := validation["payload"].(map[string]any)
	wantMembers(t, "claims", payload, "aud client_id deviceId email exp iat iss jti role sessionId sid sub")
	if payload["aud"] != "manacore" || payload["sub"] != id || payload["sid"] != payload["sessionId"] || payload["deviceId"] != "d-1" {
		t.Errorf("got claims %v", payload)
	}
	exp, _ := payload["exp"].(json.Number).Int64()
	iat, _ := payload["iat"].(json.Number).Int64()
	if exp-iat != 900 {
		t.Errorf("got a life of %d s, want 900", exp-iat)
	}

	bodies := make(map[string]bool)
	for _, email := range []string{"ada@example.com", "nobody@example.com"} {
		status, refused, _ := s.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": email, "password": "wrong password"})
		wantError(t, email, status, refused, 401, "INVALID_CREDENTIALS")
		delete(refused, "timestamp")
		bodies[fmt.Sprint(refused)] = true
	}
	if len(bodies) != 1 {
		t.Errorf("got %v, want one body for known and unknown people", bodies)
	}
	for _, c := range []string{`{}`, `{"email":"a@b.de"}`, `{"email":"x","password":"y"}`, `{"email":"a@b.de","password":""}`} {
		status, refused, _ := s.api(t, "POST", "/api/v1/auth/login", "", c)
		wantError(t, c, status, refused, 400, "VALIDATION")
	}
}

func TestLockout(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.person(t, "ada@example.com")
	for _, email := range []string{"ada@example.com", "nobody@example.com"} {
		var mu sync.Mutex
		statuses := make(map[int]int)
		var group sync.WaitGroup
		for range 40 {
			group.Go(func() {
				status, _, _ := s.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": email, "password": "wrong password"})
				mu.Lock()
				defer mu.Unlock()
				statuses[status]++
			})
		}
		group.Wait()
		if statuses[401] != 5 || statuses[401]+statuses[429]+statuses[503] != 40 {
			t.Errorf("%s: got %v, want 5 evaluated", email, statuses)
		}
		status, body, header := s.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": email, "password": testPassword})
		wantError(t, email+" with the right password", status, body, 429, "ACCOUNT_LOCKED")
		if header.Get("Retry-After") == "" {
			t.Error("got no Retry-After")
		}
	}
}

func TestContractValidate(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, token := s.person(t, "ada@example.com")
	parts := strings.Split(token, ".")
	for _, c := range []struct{ body, want string }{
		{`{}`, "jwt must be provided"},
		{`{"token":""}`, "jwt must be provided"},
		{`{"token":7}`, "jwt must be provided"},
		{`{"token":"nonsense"}`, "jwt malformed"},
		{`{"token":"` + strings.Repeat("a", 9000) + `"}`, "jwt malformed"},
		{`{"token":"` + parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])) + `"}`, "invalid signature"},
		{`{"token":"eyJhbGciOiJub25lIn0.` + parts[1] + `.AA"}`, "invalid signature"},
	} {
		status, body, _ := s.api(t, "POST", "/api/v1/auth/validate", "", c.body)
		if status != 200 || body["valid"] != false || body["error"] != c.want {
			t.Errorf("%.60s: got %d %v, want %s", c.body, status, body, c.want)
		}
	}
	status, body, _ := s.api(t, "POST", "/api/v1/auth/validate", "", `[]`)
	wantError(t, "not an object", status, body, 400, "VALIDATION")
}

func TestContractCredits(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, token := s.person(t, "ada@example.com")
	use := func(body string, headers ...string) (int, map[string]any, http.Header) {
		return s.api(t, "POST", "/api/v1/credits/use", token, body, headers...)
	}
	status, balance, _ := s.api(t, "GET", "/api/v1/credits/balance", token, nil)
	if status != 200 || fmt.Sprint(balance["freeCreditsRemaining"]) != "150" || fmt.Sprint(balance["balance"]) != "0" || balance["userId"] != id {
		t.Errorf("got %d %v", status, balance)
	}
	wantMembers(t, "balance", balance, "balance dailyFreeCredits debt freeCreditsRemaining held totalEarned totalSpent userId")

	const request = `{"amount":10,"appId":"chat","description":"Reply","idempotencyKey":"k-1","metadata":{"model":"m"}}`
	status, first, _ := use(request)
	if status != 201 || first["success"] != true {
		t.Fatalf("got %d %v", status, first)
	}
	wantMembers(t, "use", first, "newBalance success transaction")
	wantMembers(t, "transaction", first["transaction"].(map[string]any),
		"amount appId balanceAfter balanceBefore completedAt createdAt description id idempotencyKey metadata status type userId")
	wantMembers(t, "newBalance", first["newBalance"].(map[string]any),
		"balance dailyFreeCredits debt freeCreditsRemaining held totalEarned totalSpent")
	status, again, header := use(`{"metadata":{"model":"m"},"idempotencyKey":"k-1","description":"Reply","appId":"chat","amount":10.0}`)
	if status != 201 || again["message"] != "Transaction already processed" || header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("got %d %v", status, again)
	}
	delete(again, "message")
	if fmt.Sprint(again) != fmt.Sprint(first) {
		t.Errorf("got %v, want the first answer %v", again, first)
	}
	status, body, _ := use(strings.Replace(request, "10", "11", 1))
	wantError(t, "same key, other amount", status, body, 422, "IDEMPOTENCY_KEY_REUSED")
	status, body, _ = use(request, "Idempotency-Key", "k-2")
	wantError(t, "two keys", status, body, 400, "VALIDATION")
	if status, body, _ = use(request, "Idempotency-Key", `"k-1"`); status != 201 || body["message"] == nil {
		t.Errorf("got %d %v, want the quoted header to be the same key", status, body)
	}

	for _, amount := range []string{"0", "-1", "1e2", "0.0000001", "1000001", "NaN", `"1"`, "[1]", "null", "true", "01", "1.", ".5", "+1", "1.0000000"} {
		status, body, _ := use(`{"amount":` + amount + `,"appId":"chat","description":"x"}`)
		wantError(t, "amount "+amount, status, body, 400, "VALIDATION")
	}
	for _, c := range []string{
		`{"amount":1,"description":"x"}`, `{"amount":1,"appId":"","description":"x"}`, `{"amount":1,"appId":"a b","description":"x"}`,
		`{"amount":1,"appId":"chat"}`, `{"amount":1,"appId":"chat","description":""}`, `{"amount":1,"appId":"chat","description":5}`,
		`{"amount":1,"appId":"chat","description":"x","metadata":[]}`, `{"amount":1,"appId":"chat","description":"x","idempotencyKey":"a b"}`,
		`{"amount":1,"appId":"chat","description":"` + strings.Repeat("d", 1001) + `"}`,
		`{"amount":1,"appId":"chat","description":"x","idempotencyKey":"` + strings.Repeat("k", 256) + `"}`,
		`{"amount":1,"appId":"chat","description":"x","metadata":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}}}`,
		`{"amount":1,"appId":"` + strings.Repeat("a", 65) + `","description":"x"}`,
	} {
		status, body, _ := use(c)
		wantError(t, c, status, body, 400, "VALIDATION")
	}
	status, body, _ = use(`{"amount":141,"appId":"chat","description":"x"}`)
	wantError(t, "too much", status, body, 402, "INSUFFICIENT_CREDITS")
	if status, body, _ = use(`{"amount":0.02,"appId":"chat","description":"x","userId":"someone"}`); status != 201 ||
		fmt.Sprint(body["newBalance"].(map[string]any)["freeCreditsRemaining"]) != "139.98" {
		t.Errorf("got %d %v, want 139.98 left", status, body)
	}
	for path, want := range map[string]int{
		"?limit=1": 200, "": 200, "?limit=1000&offset=100000": 200, "?limit=0": 400, "?limit=-1": 400, "?offset=-1": 400,
		"?limit=abc": 400, "?limit=1001": 400, "?offset=100001": 400, "?limit=1&limit=2": 400,
	} {
		if status, _, _ := s.api(t, "GET", "/api/v1/credits/transactions"+path, token, nil); status != want {
			t.Errorf("transactions%s: got %d, want %d", path, status, want)
		}
	}
}

// TestContractProtection is RA10 and MD3: what the credits API asks of a token.
func TestContractProtection(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid credits:read")
	_, tokens, _ := f.token(t, "code", f.browser.authorize(f.auth()).Get("code"))
	reader := tokens["access_token"].(string)
	status, body, header := f.api(t, "POST", "/api/v1/credits/use", reader, `{"amount":1,"appId":"`+f.client.ID+`","description":"x"}`)
	wantError(t, "missing scope", status, body, 403, "INSUFFICIENT_SCOPE")
	if !strings.Contains(header.Get("WWW-Authenticate"), `scope="credits:spend"`) {
		t.Errorf("got challenge %q", header.Get("WWW-Authenticate"))
	}
	status, body, header = f.api(t, "GET", "/api/v1/credits/balance", "", nil)
	wantError(t, "no token", status, body, 401, "UNAUTHORIZED")
	if body["message"] != "No token provided" || strings.Contains(header.Get("WWW-Authenticate"), "error=") {
		t.Errorf("got %v, challenge %q", body, header.Get("WWW-Authenticate"))
	}
	document := regexp.MustCompile(`resource_metadata="([^"]+)"`).FindStringSubmatch(header.Get("WWW-Authenticate"))
	if document == nil {
		t.Fatalf("got challenge %q, want the metadata", header.Get("WWW-Authenticate"))
	}
	status, metadata, _ := f.api(t, "GET", strings.TrimPrefix(document[1], f.issuer), "", nil)
	if status != 200 || metadata["resource"] != f.issuer+"/api/v1/credits" {
		t.Errorf("got %d %v", status, metadata)
	}
	status, body, _ = f.api(t, "GET", "/api/v1/credits/balance", "x.y.z", nil)
	wantError(t, "bad token", status, body, 401, "UNAUTHORIZED")
	status, body, _ = f.api(t, "GET", "/api/v1/credits/balance", reader, nil, "X-Service-Key", "k")
	wantError(t, "two credentials", status, body, 400, "VALIDATION")
	status, body, _ = f.api(t, "GET", "/api/v1/credits/balance", "", nil, "X-Service-Key", "k")
	wantError(t, "service key", status, body, 401, "UNAUTHORIZED")
	twice, err := http.NewRequestWithContext(t.Context(), "GET", f.issuer+"/api/v1/credits/balance", nil)
	if err != nil {
		t.Fatal(err)
	}
	twice.Header["Authorization"] = []string{"Bearer " + reader, "Bearer " + reader}
	response, err := http.DefaultClient.Do(twice)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != 401 || !strings.Contains(response.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("two tokens: got %d, %q", response.StatusCode, response.Header.Get("WWW-Authenticate"))
	}

	f.browser.submit(f.browser.get("/account"), "/logout")
	status, body, _ = f.api(t, "GET", "/api/v1/credits/balance", reader, nil)
	wantError(t, "after logout", status, body, 401, "UNAUTHORIZED")
}

// TestSpendingByClient is RA9 and RA10: an app with the scope spends, up to the balance.
func TestSpendingByClient(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "openid credits:spend")
	_, tokens, _ := f.token(t, "code", f.browser.authorize(f.auth()).Get("code"))
	token := tokens["access_token"].(string)
	status, body, _ := f.api(t, "POST", "/api/v1/credits/use", token, `{"amount":1,"appId":"other","description":"x"}`)
	wantError(t, "foreign app", status, body, 403, "APP_NOT_ALLOWED")
	var mu sync.Mutex
	statuses := make(map[int]int)
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			status, _, _ := f.api(t, "POST", "/api/v1/credits/use", token, `{"amount":5,"appId":"`+f.client.ID+`","description":"x"}`)
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
	}
	group.Wait()
	if statuses[201] != 30 || statuses[402] != 34 {
		t.Errorf("got %v, want 30 debits of 5 from 150 and 34 refusals", statuses)
	}
}

func TestContractSurface(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, c := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/api/v1/nothing", 404, "NOT_FOUND"},
		{"POST", "/api/auth/sign-in/email", 404, "NOT_FOUND"},
		{"GET", "/api/v1/auth/login", 405, "METHOD_NOT_ALLOWED"},
		{"DELETE", "/api/v1/credits/balance", 405, "METHOD_NOT_ALLOWED"},
		{"GET", "/api/v1//credits/balance", 404, "NOT_FOUND"},
		{"GET", "/api/v1/credits/balance/", 404, "NOT_FOUND"},
		{"GET", "/api/v1/credits/../credits/packages", 404, "NOT_FOUND"},
		{"GET", "/api/v1/credits%2fpackages", 404, "NOT_FOUND"},
		{"GET", "/API/v1/credits/packages", 404, ""},
	} {
		status, body, header := s.api(t, c.method, c.path, "", nil, "Origin", "http://localhost:3000")
		if c.code != "" {
			wantError(t, c.path, status, body, c.status, c.code)
		} else if status != c.status {
			t.Errorf("%s: got %d", c.path, status)
		}
		if c.status == 405 && header.Get("Allow") == "" {
			t.Errorf("%s: got no Allow", c.path)
		}
		if strings.HasPrefix(c.path, "/api/") && header.Get("Access-Control-Allow-Origin") != "http://localhost:3000" {
			t.Errorf("%s: got no CORS header on an error", c.path)
		}
	}
	_, _, jwks := s.api(t, "GET", "/api/v1/auth/jwks", "", nil, "Origin", "http://localhost:3000")
	if jwks.Get("Access-Control-Allow-Origin") != "http://localhost:3000" || !strings.Contains(strings.Join(jwks.Values("Vary"), ","), "Origin") {
		t.Errorf("got %v for the key set of the contract", jwks)
	}
	if _, _, header := s.api(t, "GET", "/api/v1/health", "", nil, "Origin", "https://evil.example"); header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("got a CORS header for a foreign origin")
	}
	if _, _, header := s.api(t, "GET", "/login", "", nil, "Origin", "http://localhost:3000"); header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("got a CORS header on a page")
	}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodHead, s.issuer+"/api/v1/credits/packages", nil)
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("got %v, %v for HEAD", response, err)
	}
	response.Body.Close()
	response, err = http.Get(s.issuer + "/api/v1/credits/packages")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, _ := io.ReadAll(response.Body)
	var packages []map[string]any
	if err := json.Unmarshal(raw, &packages); err != nil || len(packages) != 4 || response.Header.Get("Cache-Control") != "public, max-age=60" {
		t.Fatalf("got %s, %v", raw, err)
	}
	wantMembers(t, "package", packages[0], "active createdAt credits description id metadata name priceEuroCents sortOrder stripePriceId updatedAt")
}
