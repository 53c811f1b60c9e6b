package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
)

// used charges a person and gives the id of the transaction.
func (b backend) used(t *testing.T, id, amount, rest string) string {
	t.Helper()
	status, body, _ := b.call(t, "POST", "credits/use", spend(id, amount, rest))
	if status != 201 {
		t.Fatalf("got %d %v", status, body)
	}
	return body["transaction"].(map[string]any)["id"].(string)
}

// TestContractServiceKeyRefund gives back uses, named and found (contract.md 5 and 11.28).
func TestContractServiceKeyRefund(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, token := s.person(t, "ada@example.com")
	stranger, _ := s.person(t, "eve@example.com")
	b := s.backend(t, "--app", "todo,worker", "--allow", "balance,use,refund")
	other := s.backend(t, "--app", "chat", "--allow", "balance,use,refund")
	first := b.used(t, id, "10", "")
	named := func(transaction string) string { return `,"transactionId":"` + transaction + `"` }

	status, body, _ := b.call(t, "POST", "credits/refund", spend(id, "4", named(first)+`,"metadata":{"why":"failed"}`))
	if status != 201 {
		t.Fatalf("got %d %v", status, body)
	}
	wantMembers(t, "refund", body, "newBalance success transaction")
	transaction, balance := body["transaction"].(map[string]any), body["newBalance"].(map[string]any)
	wantMembers(t, "transaction", transaction,
		"amount appId balanceAfter balanceBefore completedAt createdAt description id idempotencyKey metadata status type userId")
	if transaction["type"] != "refund" || fmt.Sprint(transaction["amount"]) != "4" || transaction["appId"] != "todo" || transaction["userId"] != id ||
		fmt.Sprintf("%v %v %v", balance["freeCreditsRemaining"], balance["totalSpent"], balance["totalEarned"]) != "144 6 0" {
		t.Errorf("got %v", body)
	}
	refused := func(what string, by backend, request string, wantStatus int, wantCode string) {
		t.Helper()
		status, body, _ := by.call(t, "POST", "internal/credits/refund", request)
		wantError(t, what, status, body, wantStatus, wantCode)
	}
	refused("above the rest", b, spend(id, "6.000001", named(first)), 409, "NOTHING_TO_REFUND")
	refused("by another app", other, spend(id, "1", ""), 409, "NOTHING_TO_REFUND")
	refused("an unknown use", b, spend(id, "1", named("019ab000-0000-7000-8000-00000000dead")), 409, "NOTHING_TO_REFUND")
	refused("a use of another person", b, spend(stranger, "1", named(first)), 409, "NOTHING_TO_REFUND")
	refused("for a foreign app", b, spend(id, "1", `,"appId":"chat"`), 403, "APP_NOT_ALLOWED")
	refused("an unknown person", b, spend("019ab000-0000-7000-8000-00000000dead", "1", ""), 404, "USER_NOT_FOUND")
	for request, message := range map[string]string{
		``:                                       "userId is required",
		spend(id, "0", ``):                       "amount must be a number greater than 0, at most 1000000, with at most 6 decimal places",
		spend(id, "1", `,"transactionId":"x"`):   "transactionId must be a UUID",
		spend(id, "1", `,"transactionId":7`):     "transactionId must be a string",
		spend(id, "1", named(uuid.Nil.String())): "transactionId must be a UUID",
		`{"userId":"` + id + `","amount":1}`:     "description is required",
	} {
		status, body, _ := b.call(t, "POST", "credits/refund", request)
		wantError(t, request, status, body, 400, "VALIDATION")
		if body["message"] != message {
			t.Errorf("%s: got %q, want %q", request, body["message"], message)
		}
	}
	status, body, _ = s.api(t, "POST", "/api/v1/credits/refund", token, spend(id, "1", ""))
	wantError(t, "by the person", status, body, 401, "UNAUTHORIZED")
	spender := s.backend(t, "--app", "todo", "--name", "spender", "--allow", "use")
	refused("without permission", spender, spend(id, "1", ""), 403, "APP_NOT_ALLOWED")

	// Found: an exact match first, else the newest whose rest is enough.
	b.used(t, id, "3", "")
	b.used(t, id, "5", "")
	for _, amount := range []string{"3", "4", "1", "6"} {
		if status, body, _ = b.call(t, "POST", "credits/refund", spend(id, amount, `,"appId":""`)); status != 201 {
			t.Errorf("got %d %v for a refund of %s", status, body, amount)
		}
	}
	refused("everything was given back", b, spend(id, "0.000001", ""), 409, "NOTHING_TO_REFUND")
	if got := b.free(t, id); got != "150" {
		t.Errorf("got %s, want all back", got)
	}
	events := s.texts(t, `SELECT metadata FROM auth_security_events WHERE event_type = 'credits_refunded' AND user_id = ? ORDER BY id`, id)
	if len(events) != 5 || !strings.Contains(events[0], `"actor":"service:`+b.key.ID+`"`) || !strings.Contains(events[0], `"caller":"app:todo"`) ||
		!strings.Contains(events[0], `"usageId":"`+first+`"`) {
		t.Errorf("got %v, want one event for each refund", events)
	}
	s.spendOnce(t, token, `{"amount":1,"appId":"todo","description":"x"}`)
	actors := s.texts(t, `SELECT DISTINCT type || ' ' || actor FROM credits_transactions WHERE user_id = ? AND actor <> 'system' ORDER BY 1`, id)
	if want := "refund service:" + b.key.ID + ", usage service:" + b.key.ID + ", usage user"; strings.Join(actors, ", ") != want {
		t.Errorf("got %v, want %s", actors, want)
	}
}

// TestServiceKeyRefundAnyApp names a use and no app: the use may be of any app of the key, and of no other.
func TestServiceKeyRefundAnyApp(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, _ := s.person(t, "ada@example.com")
	b := s.backend(t, "--app", "todo,worker", "--allow", "balance,use,refund")
	other := s.backend(t, "--app", "chat,worker-b", "--allow", "balance,use,refund")
	use := b.used(t, id, "10", `,"appId":"worker"`)
	for _, app := range []string{``, `,"appId":""`, `,"appId":null`, `,"appId":"worker"`} {
		status, body, _ := b.call(t, "POST", "credits/refund", spend(id, "1", `,"transactionId":"`+use+`"`+app))
		if status != 201 || body["transaction"].(map[string]any)["appId"] != "worker" {
			t.Errorf("app %q: got %d %v", app, status, body)
		}
	}
	status, body, _ := b.call(t, "POST", "credits/refund", spend(id, "1", `,"appId":"todo","transactionId":"`+use+`"`))
	wantError(t, "another app of the key", status, body, 409, "NOTHING_TO_REFUND")
	status, body, _ = other.call(t, "POST", "credits/refund", spend(id, "1", `,"transactionId":"`+use+`"`))
	wantError(t, "another key", status, body, 409, "NOTHING_TO_REFUND")
}

// TestServiceKeyRefundOnce repeats refunds, and races them.
func TestServiceKeyRefundOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, _ := s.person(t, "ada@example.com")
	b := s.backend(t, "--app", "todo", "--allow", "balance,use,refund")
	use := b.used(t, id, "10", `,"idempotencyKey":"k-use"`)
	request := spend(id, "2", `,"idempotencyKey":"k-refund","transactionId":"`+use+`"`)
	_, first, _ := b.call(t, "POST", "credits/refund", request)
	status, again, header := b.call(t, "POST", "credits/refund", request)
	if status != 201 || again["message"] != "Transaction already processed" || header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("got %d %v", status, again)
	}
	delete(again, "message")
	if fmt.Sprint(again) != fmt.Sprint(first) {
		t.Errorf("got %v, want %v", again, first)
	}
	for _, other := range []string{strings.Replace(request, `"amount":2`, `"amount":3`, 1), strings.Replace(request, "k-refund", "k-use", 1)} {
		status, body, _ := b.call(t, "POST", "credits/refund", other)
		wantError(t, other, status, body, 422, "IDEMPOTENCY_KEY_REUSED")
	}
	var mu sync.Mutex
	statuses := make(map[int]int)
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			which := ""
			if i%2 == 0 {
				which = `,"transactionId":"` + use + `"`
			}
			status, _, _ := b.call(t, "POST", "credits/refund", spend(id, "1", which))
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
	}
	group.Wait()
	if statuses[201] != 8 || statuses[409] != 56 {
		t.Errorf("got %v, want the rest of 8 given back once", statuses)
	}
	if got := b.free(t, id); got != "150" {
		t.Errorf("got %s, want 150", got)
	}
	if events := s.texts(t, `SELECT id FROM auth_security_events WHERE event_type = 'credits_refunded'`); len(events) != 9 {
		t.Errorf("got %d events, want one for each of 9 refunds", len(events))
	}
}
