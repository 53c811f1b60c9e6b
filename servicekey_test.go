package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// backend is an app's back end with a service key.
type backend struct {
	*server
	key keyOutput
}

func (s *server) backend(t *testing.T, args ...string) backend {
	t.Helper()
	return backend{s, s.serviceKey(t, args...)}
}

// call calls the credits API with the key, under one of the two prefixes.
func (b backend) call(t *testing.T, method, path string, body any, headers ...string) (int, map[string]any, http.Header) {
	t.Helper()
	return b.api(t, method, "/api/v1/"+path, "", body, append([]string{"X-Service-Key", b.key.Value}, headers...)...)
}

// free is what a person has, as the back end sees it.
func (b backend) free(t *testing.T, id string) string {
	t.Helper()
	status, body, _ := b.call(t, "GET", "credits/balance/"+id, nil)
	if status != 200 {
		t.Fatalf("got %d %v", status, body)
	}
	return fmt.Sprint(body["freeCreditsRemaining"])
}

// spend is the body of a use.
func spend(id string, amount, rest string) string {
	return `{"userId":"` + id + `","amount":` + amount + `,"description":"Create task"` + rest + `}`
}

func TestContractServiceKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, token := s.person(t, "ada@example.com")
	b := s.backend(t, "--app", "todo,worker", "--allow", "balance,use,refund")
	_, mine, _ := s.api(t, "GET", "/api/v1/credits/balance", token, nil)
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"GET", "credits/balance/" + id, nil},
		{"GET", "credits/balance/" + strings.ToUpper(id), nil},
		{"GET", "internal/credits/balance/" + id, nil},
		{"POST", "internal/credits/init", map[string]string{"userId": id}},
		{"POST", "internal/credits/init", map[string]string{"userId": id}},
	} {
		status, body, _ := b.call(t, c.method, c.path, c.body)
		if status != 200 || fmt.Sprint(body) != fmt.Sprint(mine) {
			t.Errorf("%s %s: got %d %v, want %v", c.method, c.path, status, body, mine)
		}
	}
	status, body, _ := b.call(t, "POST", "credits/use", spend(id, "0.02", `,"appId":"worker","metadata":{"operation":"task_create"}`))
	if status != 201 {
		t.Fatalf("got %d %v", status, body)
	}
	wantMembers(t, "use", body, "newBalance success transaction")
	transaction, balance := body["transaction"].(map[string]any), body["newBalance"].(map[string]any)
	wantMembers(t, "transaction", transaction,
		"amount appId balanceAfter balanceBefore completedAt createdAt description id idempotencyKey metadata status type userId")
	wantMembers(t, "newBalance", balance, "balance dailyFreeCredits debt freeCreditsRemaining held totalEarned totalSpent")
	if transaction["userId"] != id || transaction["appId"] != "worker" || fmt.Sprint(balance["freeCreditsRemaining"]) != "149.98" {
		t.Errorf("got %v", body)
	}
	for _, app := range []string{``, `,"appId":""`, `,"appId":null`, `,"appId":"todo"`} {
		for _, path := range []string{"credits/use", "internal/credits/use"} {
			status, body, _ := b.call(t, "POST", path, spend(id, "1", app))
			if status != 201 || body["transaction"].(map[string]any)["appId"] != "todo" {
				t.Errorf("%s with %q: got %d %v, want the first app", path, app, status, body)
			}
		}
	}
	if got := b.free(t, id); got != "141.98" {
		t.Errorf("got %s, want 141.98", got)
	}
	status, body, _ = b.call(t, "POST", "credits/use", spend(id, "142", ``))
	wantError(t, "too much", status, body, 402, "INSUFFICIENT_CREDITS")
	status, body, _ = b.call(t, "POST", "credits/use", spend(id, "1", `,"appId":"chat"`))
	wantError(t, "foreign app", status, body, 403, "APP_NOT_ALLOWED")
}

func TestContractServiceKeyBodies(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, _ := s.person(t, "ada@example.com")
	b := s.backend(t, "--app", "todo", "--allow", "balance,use,refund")
	const nobody = "019ab000-0000-7000-8000-00000000dead"
	for _, c := range []struct{ body, message string }{
		{``, "userId is required"},
		{`{"amount":0}`, "userId is required"},
		{`{"userId":null}`, "userId is required"},
		{`{"userId":5}`, "userId must be a string"},
		{`{"userId":"x","amount":"1"}`, "userId must be a UUID"},
		{`{"userId":"{` + id + `}"}`, "userId must be a UUID"},
		{`{"userId":"` + strings.ReplaceAll(id, "-", "") + `"}`, "userId must be a UUID"},
		{`{"userId":"` + id + `"}`, "amount is required"},
		{spend(id, `0.30000000000000004`, ``), "amount must be a number greater than 0, at most 1000000, with at most 6 decimal places"},
		{spend(id, `"1"`, ``), "amount must be a number greater than 0, at most 1000000, with at most 6 decimal places"},
		{spend(id, `1`, `,"appId":"a b"`), "appId must be 1 to 64 characters of A-Z, a-z, 0-9, dot, underscore, colon and hyphen"},
		{spend(id, `1`, `,"appId":7`), "appId must be a string"},
		{`{"userId":"` + id + `","amount":1}`, "description is required"},
		{spend(id, `1`, `,"metadata":7`), "metadata must be an object"},
		{`[]`, "Request body must be a JSON object"},
	} {
		for _, path := range []string{"credits/use", "internal/credits/use"} {
			status, body, _ := b.call(t, "POST", path, c.body)
			wantError(t, c.body, status, body, 400, "VALIDATION")
			if body["message"] != c.message {
				t.Errorf("%s: got %q, want %q", c.body, body["message"], c.message)
			}
		}
	}
	for _, unknown := range []string{nobody, "00000000-0000-0000-0000-000000000000", "x", id + "0"} {
		status, body, _ := b.call(t, "GET", "credits/balance/"+unknown, nil)
		wantError(t, unknown, status, body, 404, "USER_NOT_FOUND")
	}
	for path, body := range map[string]string{"credits/use": spend(nobody, "1", ""), "internal/credits/init": `{"userId":"` + nobody + `"}`} {
		status, answer, _ := b.call(t, "POST", path, body)
		wantError(t, path, status, answer, 404, "USER_NOT_FOUND")
	}
	status, body, _ := b.call(t, "GET", "internal/credits/use", nil)
	wantError(t, "method", status, body, 405, "METHOD_NOT_ALLOWED")
	if got := b.free(t, id); got != "150" {
		t.Errorf("got %s after refusals, want 150", got)
	}
}

func TestContractServiceKeyCredentials(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, token := s.person(t, "ada@example.com")
	balance := s.backend(t, "--app", "todo", "--name", "reader", "--allow", "balance")
	user := s.backend(t, "--app", "todo", "--name", "spender", "--allow", "use")
	calls := map[string]struct{ method, path, body string }{
		"balance":          {"GET", "credits/balance/" + id, ""},
		"use":              {"POST", "credits/use", spend(id, "1", "")},
		"internal balance": {"GET", "internal/credits/balance/" + id, ""},
		"internal use":     {"POST", "internal/credits/use", spend(id, "1", "")},
		"init":             {"POST", "internal/credits/init", `{"userId":"` + id + `"}`},
	}
	for name, c := range calls {
		for what, headers := range map[string][]string{
			"empty": {"X-Service-Key", ""}, "unknown": {"X-Service-Key", strings.Repeat("k", 43)},
			"two keys in one": {"X-Service-Key", user.key.Value + "," + user.key.Value}, "as a bearer": {"Authorization", "Bearer " + user.key.Value},
			"missing": nil,
		} {
			var body any
			if c.body != "" {
				body = c.body
			}
			status, answer, header := s.api(t, c.method, "/api/v1/"+c.path, "", body, headers...)
			wantError(t, name+" "+what, status, answer, 401, "UNAUTHORIZED")
			want := "Invalid service key"
			if name == "use" && what == "missing" {
				want = "No token provided"
			}
			if name == "use" && what == "as a bearer" {
				want = "Invalid token"
			}
			if answer["message"] != want || header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s, %s: got %v, want %s", name, what, answer, want)
			}
		}
		status, answer, _ := s.api(t, c.method, "/api/v1/"+c.path, token, c.body, "X-Service-Key", user.key.Value)
		wantError(t, name+" with both", status, answer, 400, "VALIDATION")
		if answer["message"] != "Send either a bearer token or a service key" {
			t.Errorf("%s with both: got %v", name, answer)
		}
		lacking := balance
		if name != "use" && name != "internal use" {
			lacking = user
		}
		status, answer, _ = lacking.call(t, c.method, c.path, c.body)
		wantError(t, name+" without permission", status, answer, 403, "APP_NOT_ALLOWED")
		if answer["message"] != "App or operation not allowed" {
			t.Errorf("got %v", answer)
		}
	}
	_, _, preflight := s.api(t, "OPTIONS", "/api/v1/credits/use", "", nil, "Origin", "http://localhost:3000",
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-service-key")
	if preflight.Get("Access-Control-Allow-Headers") != "" {
		t.Errorf("got %v, want no page to send a service key", preflight)
	}
	status, answer, _ := balance.call(t, "GET", "credits/balance", nil)
	wantError(t, "a key where none is taken", status, answer, 401, "UNAUTHORIZED")
	if got := balance.free(t, id); got != "150" {
		t.Errorf("got %s after refusals, want 150", got)
	}
	s.sql(t, `UPDATE auth_service_keys SET expires_at = created_at + 1 WHERE name = 'reader'`)
	eventually(t, "an expired key is refused", func() bool { return !s.knowsKey(t, balance.key.Value) })
}

// TestContractServiceKeyReplay repeats a request with a key, under another value of the service key and as another
// caller (contract.md 5 and 11.16 to 11.19).
func TestContractServiceKeyReplay(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, token := s.person(t, "ada@example.com")
	b := s.backend(t, "--app", "todo", "--allow", "balance,use")
	request := spend(id, "10", `,"idempotencyKey":"k-1"`)
	status, first, _ := b.call(t, "POST", "credits/use", request)
	if status != 201 {
		t.Fatalf("got %d %v", status, first)
	}
	b.key.Value = s.shownKey(t, "rotate", "todo", "--overlap", "0").Value
	eventually(t, "the new value is good", func() bool { return s.knowsKey(t, b.key.Value) })
	status, again, header := b.call(t, "POST", "internal/credits/use", request)
	if status != 201 || again["message"] != "Transaction already processed" || header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("got %d %v after a rotation, want the first answer", status, again)
	}
	delete(again, "message")
	if fmt.Sprint(again) != fmt.Sprint(first) {
		t.Errorf("got %v, want %v", again, first)
	}
	status, body, _ := b.call(t, "POST", "credits/use", spend(id, "11", `,"idempotencyKey":"k-1"`))
	wantError(t, "another amount", status, body, 422, "IDEMPOTENCY_KEY_REUSED")
	second := s.backend(t, "--app", "todo", "--name", "second", "--allow", "balance,use")
	if status, body, _ = second.call(t, "POST", "credits/use", request); status != 201 || body["message"] == nil {
		t.Errorf("got %d %v by another key of the app, want the first answer", status, body)
	}
	other := s.backend(t, "--app", "chat", "--allow", "balance,use")
	if status, body, _ = other.call(t, "POST", "credits/use", request); status != 201 || body["message"] != nil {
		t.Errorf("got %d %v by another app, want a charge of its own", status, body)
	}
	body = map[string]any{"amount": 10, "appId": "todo", "description": "Create task", "idempotencyKey": "k-1", "userId": "someone"}
	if status, body, _ = s.api(t, "POST", "/api/v1/credits/use", token, body); status != 201 || body["message"] != nil {
		t.Errorf("got %d %v by the person, want a charge of its own", status, body)
	}
	if got := b.free(t, id); got != "120" {
		t.Errorf("got %s, want three charges of 10", got)
	}
}

func TestServiceKeyLimits(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, _ := s.person(t, "ada@example.com")
	b := s.backend(t, "--app", "todo", "--allow", "use,balance", "--cap-use", "2.5")
	status, body, _ := b.call(t, "POST", "credits/use", spend(id, "2.500001", ""))
	wantError(t, "above the cap of one use", status, body, 403, "KEY_LIMIT_EXCEEDED")
	if status, body, _ = b.call(t, "POST", "credits/use", spend(id, "2.5", "")); status != 201 {
		t.Errorf("got %d %v at the cap of one use", status, body)
	}
	slow := s.shownKey(t, "create", "--app", "slow", "--allow", "balance", "--rate", "2")
	statuses := make(map[int]int)
	eventually(t, "two calls a minute, then 429", func() bool {
		status, body, header := s.api(t, "GET", "/api/v1/credits/balance/"+id, "", nil, "X-Service-Key", slow.Value)
		if status == 429 {
			wantError(t, "rate", status, body, 429, "RATE_LIMITED")
			if header.Get("Retry-After") == "" {
				t.Error("got no Retry-After")
			}
		}
		statuses[status]++
		return statuses[429] == 2
	})
	if statuses[200] != 2 {
		t.Errorf("got %v, want 2 calls answered", statuses)
	}
	if status, _, _ := b.call(t, "GET", "credits/balance/"+id, nil); status != 200 {
		t.Errorf("got %d by another key", status)
	}
}

// TestServiceKeyReplayUnderLowerCap asks again for what a cap has come to forbid.
func TestServiceKeyReplayUnderLowerCap(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, _ := s.person(t, "ada@example.com")
	b := s.backend(t, "--app", "todo", "--allow", "use,balance", "--cap-use", "5")
	request := spend(id, "5", `,"idempotencyKey":"k"`)
	if status, body, _ := b.call(t, "POST", "credits/use", request); status != 201 {
		t.Fatalf("got %d %v", status, body)
	}
	s.sql(t, `UPDATE auth_service_keys SET cap_use = 3000000`)
	eventually(t, "the lower cap counts", func() bool {
		status, _, _ := b.call(t, "POST", "credits/use", spend(id, "4", ""))
		return status == 403
	})
	if status, body, _ := b.call(t, "POST", "credits/use", request); status != 201 || body["message"] != "Transaction already processed" {
		t.Errorf("got %d %v, want the first answer", status, body)
	}
}

// TestServiceKeyDayCap spends from many callers at one moment under the cap of a day.
func TestServiceKeyDayCap(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.backend(t, "--app", "todo", "--allow", "use,balance", "--cap-day", "20")
	ids := make([]string, 4) // several wallets share the cap
	for i := range ids {
		ids[i], _ = s.person(t, fmt.Sprintf("person%d@example.com", i))
	}
	var mu sync.Mutex
	codes := make(map[any]int)
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			status, body, _ := b.call(t, "POST", "credits/use", spend(ids[i%len(ids)], "1", ""))
			mu.Lock()
			defer mu.Unlock()
			if status == 201 {
				codes[status]++
			} else {
				codes[body["error"]]++
			}
		})
	}
	group.Wait()
	if codes[201] != 20 || codes["KEY_LIMIT_EXCEEDED"] != 44 {
		t.Errorf("got %v, want 20 uses of 1 under a cap of 20", codes)
	}
	status, body, _ := b.call(t, "POST", "credits/use", spend(ids[0], "1000", ""))
	wantError(t, "cap before balance", status, body, 403, "KEY_LIMIT_EXCEEDED")
	if body["message"] != "Limit of this key is exhausted" {
		t.Errorf("got %v", body)
	}
	b.key.Value = s.shownKey(t, "rotate", "todo", "--overlap", "0").Value
	eventually(t, "the new value is good", func() bool { return s.knowsKey(t, b.key.Value) })
	status, body, _ = b.call(t, "POST", "credits/use", spend(ids[0], "1", ""))
	wantError(t, "after a rotation", status, body, 403, "KEY_LIMIT_EXCEEDED")
}

// TestServiceKeyOfPeopleGone: disabled and deleted people are unknown to back ends.
func TestServiceKeyOfPeopleGone(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.backend(t, "--app", "todo", "--allow", "balance,use")
	for name, gone := range map[string]string{
		"disabled": `UPDATE auth_users SET disabled_at = 1 WHERE id = ?`,
		"deleted":  `UPDATE auth_users SET deleted_at = 1, email = NULL WHERE id = ?`,
		"closed":   `UPDATE credits_balances SET state = 'closed', version = version + 1 WHERE user_id = ?`,
	} {
		id, _ := s.person(t, name+"@example.com")
		s.sql(t, gone, id)
		status, body, _ := b.call(t, "POST", "credits/use", spend(id, "1", ""))
		wantError(t, name, status, body, 404, "USER_NOT_FOUND")
		if name == "closed" {
			continue // a balance is read as long as the person is there
		}
		status, body, _ = b.call(t, "GET", "credits/balance/"+id, nil)
		wantError(t, name, status, body, 404, "USER_NOT_FOUND")
		status, body, _ = b.call(t, "POST", "internal/credits/init", `{"userId":"`+id+`"}`)
		wantError(t, name, status, body, 404, "USER_NOT_FOUND")
	}
}

// TestServiceKeyLastUse: a use is noted in storage, not with each call.
func TestServiceKeyLastUse(t *testing.T) {
	t.Parallel()
	s := start(t)
	begin := time.Now().Add(-time.Second)
	b := s.backend(t, "--app", "todo", "--allow", "balance")
	deadline := time.Now().Add(2 * noteEvery)
	for {
		var k keyOutput
		if err := json.Unmarshal([]byte(s.command(t, "service-key", "list", "--json")), &k); err != nil {
			t.Fatal(err)
		}
		if k.LastUsedAt.After(begin) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %v, want a use after %v", k.LastUsedAt, begin)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if !s.knowsKey(t, b.key.Value) {
		t.Error("got a key refused after its use was noted")
	}
}

// TestNestJSClient replays what the credit client of the NestJS integration sends, header by header: no
// idempotency key, no bearer token, an empty app id, a content type without a body.
func TestNestJSClient(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, token := s.person(t, "ada@example.com")
	b := s.backend(t, "--app", "todo", "--allow", "balance,use,refund")
	send := func(method, path, body string) (int, map[string]any) {
		var sent any
		if body != "" {
			sent = body
		}
		status, answer, _ := b.call(t, method, path, sent, "Content-Type", "application/json", "X-App-Id", "", "Accept", "*/*",
			"Accept-Language", "*", "Sec-Fetch-Mode", "cors", "User-Agent", "node")
		return status, answer
	}
	// Its guard proves the caller of the app once per request.
	status, validation, _ := s.api(t, "POST", "/api/v1/auth/validate", "", map[string]string{"token": token})
	payload, _ := validation["payload"].(map[string]any)
	if status != 200 || validation["valid"] != true || payload["sub"] != id || payload["email"] != "ada@example.com" || payload["role"] != "user" || payload["sessionId"] == nil {
		t.Fatalf("got %d %v", status, validation)
	}
	// It adds up two members of the balance, works, then charges.
	status, balance := send("GET", "credits/balance/"+id, "")
	for _, member := range []string{"balance", "freeCreditsRemaining", "totalEarned", "totalSpent"} {
		if _, isNumber := balance[member].(json.Number); status != 200 || !isNumber {
			t.Errorf("got %d %v, want the number %s", status, balance, member)
		}
	}
	const charge = `{"userId":"%s","amount":%s,"appId":"","description":"Task erstellen","metadata":{"operation":"task_create","path":"/api/tasks","method":"POST","app":"todo","category":"micro"}}`
	var group sync.WaitGroup
	for range 8 { // requests of one person at one moment
		group.Go(func() {
			if status, body := send("POST", "credits/use", fmt.Sprintf(charge, id, "0.02")); status != 201 {
				t.Errorf("got %d %v", status, body)
			}
		})
	}
	group.Wait()
	if status, body := send("POST", "credits/use", fmt.Sprintf(charge, id, "0.30000000000000004")); status != 400 || body["error"] != "VALIDATION" {
		t.Errorf("got %d %v for an amount computed in floating point", status, body)
	}
	if got := b.free(t, id); got != "149.84" {
		t.Errorf("got %s, want 8 charges of 0.02", got)
	}
	// Work that failed is given back without a word on which use it was, by the app that the key belongs to.
	const giveBack = `{"userId":"%s","amount":0.02,"appId":"","description":"Task fehlgeschlagen"}`
	for i := range 9 {
		want := http.StatusCreated
		if i == 8 {
			want = http.StatusConflict
		}
		if status, body := send("POST", "credits/refund", fmt.Sprintf(giveBack, id)); status != want {
			t.Errorf("got %d %v for refund %d of 8 uses, want %d", status, body, i+1, want)
		}
	}
	// The app id of the header is logged when it is one, and nothing else reads it.
	for _, app := range []string{"todo-backend", "no app"} {
		if status, _, _ := b.call(t, "GET", "credits/balance/"+id, nil, "X-App-Id", app); status != 200 {
			t.Errorf("got %d", status)
		}
	}
	_, log := s.stop()
	if !strings.Contains(log, `"appId":"todo-backend"`) || strings.Contains(log, "no app") || strings.Contains(log, b.key.Value) {
		t.Error("got no app id in the log, or more than that")
	}
}
