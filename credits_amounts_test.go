package main

import (
	"fmt"
	"strings"
	"testing"
)

// noAmounts are JSON values, or none, that are no amount.
var noAmounts = []string{
	`0`, `0.0`, `-1`, `-0`, `+1`, `1.`, `.5`, `01`, `1.0000001`, `0.0000001`, `1e2`, `1E2`, `1e-2`, `1000000.000001`, `1000001`,
	`99999999999999999999999999`, `9223372036854775808`, `NaN`, `Infinity`, `"1"`, `"0x1"`, `""`, `[1]`, `{}`, `true`, `1,"amount":1`, `1,"amount":2`, `0.30000000000000004`,
}

// TestAmountEdges sends amounts that are none to every endpoint that takes one: each is refused, and nothing changes
// (ledger.md 5.3).
func TestAmountEdges(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.credits(t, "ada@example.com")
	b := s.backend(t, "--app", "chat", "--allow", "balance,use,refund")
	app := s.clientToken(t, s.client(t, "Chat", "--grant", "client_credentials", "--scope", "credits:spend", "--app", "chat"), "credits:spend")
	use := s.spendOnce(t, c.token, `{"amount":10,"appId":"chat","description":"x"}`)
	ofUser := `"userId":"` + c.id + `","appId":"chat","description":"x"`
	for _, amount := range noAmounts {
		for _, path := range []string{"credits/use", "internal/credits/use", "credits/refund", "internal/credits/refund"} {
			if status, body, _ := b.call(t, "POST", path, `{"amount":`+amount+`,`+ofUser+`}`); status != 400 || body["error"] != "VALIDATION" {
				t.Errorf("%s of %s by a service key: got %d %v", path, amount, status, body)
			}
		}
		if status, body := c.use(t, `{"amount":`+amount+`,"appId":"chat","description":"x"}`); status != 400 || body["error"] != "VALIDATION" {
			t.Errorf("use of %s: got %d %v", amount, status, body)
		}
		status, body, _ := s.api(t, "POST", "/api/v1/credits/refunds", app,
			`{"amount":`+amount+`,"transactionId":"`+use+`","description":"x","idempotencyKey":"k"}`)
		if status != 400 || body["code"] != "invalid-request" {
			t.Errorf("refund of %s by a client: got %d %v", amount, status, body)
		}
	}
	c.wantFree(t, "140")
	if history := c.history(t); len(history) != 2 {
		t.Errorf("got %v, want the bonus and the one use", history)
	}
}

// TestHoldAmountEdges does the same with every endpoint about holds, which stay as they are.
func TestHoldAmountEdges(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.credits(t, "ada@example.com")
	b := s.backend(t, "--app", "chat", "--allow", "balance,hold")
	h := holding{server: s, token: c.token}
	id := h.make(t, "5", "")
	service := func(path, body string, wantStatus int, wantCode string) map[string]any {
		t.Helper()
		status, answer, _ := b.call(t, "POST", "internal/credits/"+path, body)
		if code, _ := answer["error"].(string); status != wantStatus || code != wantCode {
			t.Errorf("%s %s: got %d %v, want %d %s", path, body, status, answer, wantStatus, wantCode)
		}
		return answer
	}
	of := `"userId":"` + c.id + `","reason":"x"`
	reserved := fmt.Sprint(service("reserve", `{"amount":5,`+of+`}`, 200, "")["reservationId"])
	for _, amount := range noAmounts {
		as := func(name string) string {
			return `"` + name + `":` + strings.ReplaceAll(amount, `"amount"`, `"`+name+`"`)
		}
		service("reserve", `{`+as("amount")+`,`+of+`}`, 400, "VALIDATION")
		service("commit", `{"reservationId":"`+reserved+`",`+as("amount")+`}`, 400, "VALIDATION")
		for path, body := range map[string]string{
			"":              as("amount") + `,"appId":"chat","description":"x"`,
			"?":             `"amount":5,` + as("minimum") + `,"appId":"chat","description":"x"`,
			id + "/capture": as("amount") + `,"final":false`,
			id + "/extend":  as("addAmount") + `,"expiresIn":7200`,
			id + "/release": as("amount"), // it takes none
		} {
			h.call(t, "POST", path, `{`+body+`}`, 400, "invalid-request")
		}
	}
	for _, amount := range []string{`+1`, `1.`, `.5`, `01`, `NaN`, `Infinity`, `1,"amount":1`} { // no JSON, or more than one
		service("refund-reservation", `{"reservationId":"`+reserved+`","amount":`+amount+`}`, 400, "VALIDATION")
	}
	for _, one := range []string{id, "/" + reserved} {
		if got := figures(h.call(t, "GET", one, nil, 200, ""), "state amount captured"); got != "open 5 0" {
			t.Errorf("got %s, want it as it was made", got)
		}
	}
	if got := figures(c.balance(t), "freeCreditsRemaining held totalSpent"); got != "140 10 0" {
		t.Errorf("got %s", got)
	}
	if history := c.history(t); len(history) != 1 {
		t.Errorf("got %v, want the bonus alone", history)
	}
}
