package main

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"
)

// clientToken gets a token for a client itself.
func (s *server) clientToken(t *testing.T, c created, scope string) string {
	t.Helper()
	f := &fixture{server: s, client: c}
	status, body, _ := f.post(t, "/token", c, "grant_type", "client_credentials", "scope", scope)
	token, _ := body["access_token"].(string)
	if status != http.StatusOK || token == "" {
		t.Fatalf("got %d %v", status, body)
	}
	return token
}

// TestCreditsRefunds gives back uses by their ids, on the word of the app that charged them (ledger.md 6.3).
func TestCreditsRefunds(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.credits(t, "ada@example.com")
	app := func(name, apps string) created {
		return s.client(t, name, "--grant", "client_credentials", "--scope", "credits:read,credits:spend", "--app", apps)
	}
	chat := s.clientToken(t, app("Chat", "chat"), "credits:spend")
	other := s.clientToken(t, app("Todo", "todo"), "credits:spend")
	use := func(amount, app string) string {
		return s.spendOnce(t, c.token, `{"amount":`+amount+`,"appId":"`+app+`","description":"x"}`)
	}
	refund := func(token, of, rest, key string, wantStatus int, wantCode string) map[string]any {
		t.Helper()
		body := `{"transactionId":"` + of + `","description":"sorry"` + rest + `}`
		status, answer, _ := s.api(t, "POST", "/api/v1/credits/refunds", token, body, "Idempotency-Key", key)
		code, _ := answer["code"].(string)
		if status != wantStatus || code != wantCode {
			t.Errorf("%s with %s: got %d %v, want %d %s", of, rest, status, answer, wantStatus, wantCode)
		}
		return answer
	}
	first, second := use("10", "chat"), use("5", "chat")
	answer := refund(chat, first, `,"amount":4,"metadata":{"why":"failed"}`, "a", 201, "")
	transaction, _ := answer["transaction"].(map[string]any)
	if transaction["userId"] != c.id || transaction["appId"] != "chat" || fmt.Sprint(transaction["amount"]) != "4" || transaction["type"] != "refund" {
		t.Errorf("got %v", answer)
	}
	c.wantFree(t, "139")
	if again := refund(chat, first, `,"amount":4,"metadata":{"why":"failed"}`, "a", 201, ""); again["message"] != "Transaction already processed" {
		t.Errorf("got %v", again)
	}
	refund(chat, first, `,"amount":3`, "a", 422, "idempotency-key-reused")
	if rest := refund(chat, first, `,"amount":6.000001`, "b", 422, "refund-exceeds-usage")["rest"]; fmt.Sprint(rest) != "6" {
		t.Errorf("got %v left, want 6", rest)
	}
	if all := refund(chat, first, ``, "c", 201, ""); fmt.Sprint(all["transaction"].(map[string]any)["amount"]) != "6" {
		t.Errorf("got %v, want all that was left", all)
	}
	refund(chat, first, ``, "c", 201, "")
	refund(chat, first, ``, "d", 422, "refund-exceeds-usage")
	c.wantFree(t, "145")

	bonus := c.history(t)[0]["id"].(string)
	refund(other, second, ``, "e", 404, "not-found")
	refund(chat, uuid.NewString(), ``, "e", 404, "not-found")
	refund(chat, bonus, ``, "e", 404, "not-found")
	refund(c.token, second, ``, "e", 403, "insufficient-scope")
	refund("", second, ``, "e", 401, "invalid-token")
	refund(s.clientToken(t, app("Reader", "chat"), "credits:read"), second, ``, "e", 403, "insufficient-scope")
	for _, rest := range []string{`,"amount":0`, `,"amount":"1"`, `,"amount":-1`, `,"metadata":1`, `,"description":""`} {
		refund(chat, second, rest, "e", 400, "invalid-request")
	}
	status, body, _ := s.api(t, "POST", "/api/v1/credits/refunds", chat, `{"transactionId":"`+second+`","description":"x"}`)
	if status != 400 || body["title"] != "idempotencyKey is required" {
		t.Errorf("got %d %v", status, body)
	}
	c.wantFree(t, "145")
	events := s.texts(t, `SELECT metadata FROM auth_security_events WHERE event_type = 'credits_refunded' AND user_id = ?`, c.id)
	if len(events) != 2 {
		t.Errorf("got %q, want an event for each refund", events)
	}
	s.sql(t, `UPDATE auth_users SET disabled_at = 1 WHERE id = ?`, c.id)
	refund(chat, second, ``, "f", 404, "not-found")
}
