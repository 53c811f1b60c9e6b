package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// The faults of the original that must not come back (contract.md 11), over HTTP. What the API cannot show is
// proved by storagetest under the same numbers: 26 and 30. Fault 31 is about PostgreSQL's row-level security.

// creditsOf is one person at the credits API.
type creditsOf struct {
	*server
	id, token string
}

func (s *server) credits(t *testing.T, email string) creditsOf {
	t.Helper()
	id, token := s.person(t, email)
	return creditsOf{s, id, token}
}

func (c creditsOf) use(t *testing.T, body string) (int, map[string]any) {
	t.Helper()
	status, answer, _ := c.api(t, "POST", "/api/v1/credits/use", c.token, body)
	return status, answer
}

func (c creditsOf) balance(t *testing.T) map[string]any {
	t.Helper()
	status, body, _ := c.api(t, "GET", "/api/v1/credits/balance", c.token, nil)
	if status != http.StatusOK {
		t.Fatalf("got %d %v", status, body)
	}
	return body
}

func (c creditsOf) wantFree(t *testing.T, want string) {
	t.Helper()
	if got := fmt.Sprint(c.balance(t)["freeCreditsRemaining"]); got != want {
		t.Errorf("got %s free credits, want %s", got, want)
	}
}

// history lists the transactions, oldest first.
func (c creditsOf) history(t *testing.T) []map[string]any {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.issuer+"/api/v1/credits/transactions?limit=1000", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	decoder := json.NewDecoder(response.Body)
	decoder.UseNumber()
	var newest []map[string]any
	if err := decoder.Decode(&newest); err != nil {
		t.Fatal(err)
	}
	oldest := make([]map[string]any, len(newest))
	for i, row := range newest {
		oldest[len(newest)-1-i] = row
	}
	return oldest
}

// parallel makes n calls at one moment and counts their statuses.
func parallel(n int, call func(i int) int) map[int]int {
	var mu sync.Mutex
	statuses := make(map[int]int)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			status := call(i)
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
	}
	group.Wait()
	return statuses
}

// yesterday moves the birth of all wallets and their last daily grants back by a day.
func (s *server) yesterday(t *testing.T) {
	t.Helper()
	s.sql(t, `UPDATE credits_balances SET created_at = created_at - 86400000000,
		last_daily_reset_at = last_daily_reset_at - 86400000000, version = version + 1`)
}

func TestCreditFaults(t *testing.T) {
	t.Parallel()
	s := start(t)
	number := 0
	for name, test := range map[string]func(*testing.T, creditsOf){
		"fault 16: a key belongs to one person":              fault16,
		"fault 17: one key in parallel charges once":         fault17,
		"fault 18: a key with another request":               fault18,
		"fault 19: a replay has newBalance":                  fault19,
		"fault 22: use right after register":                 fault22,
		"fault 23: rows chain from 0":                        fault23,
		"fault 25: 200 parallel uses of 150":                 fault25,
		"fault 27: exact amounts, and 400 for what is none":  fault27,
		"fault 28: refunds are tied to a use":                fault28,
		"fault 29: bounds of lists":                          fault29,
		"one key, two bodies, in parallel":                   faultTwoBodies,
		"a refused key can succeed later":                    faultRefusedKey,
		"a big use against small ones":                       faultBigAgainstSmall,
		"the same key in header and body":                    faultHeaderKey,
		"descriptions of several lines":                      faultLines,
		"a stored answer tells the balance of the first use": faultOldBalance,
	} {
		number++
		email := fmt.Sprintf("p%d@example.com", number)
		t.Run(name, func(t *testing.T) { test(t, s.credits(t, email)) })
	}
	s.wantSound(t)
}

// wantSound expects the books to be in order.
func (s *server) wantSound(t *testing.T) {
	t.Helper()
	s.command(t, "credits", "verify", "--quiet")
}

func fault16(t *testing.T, c creditsOf) {
	other := c.credits(t, "fault16@example.com")
	const body = `{"amount":1,"appId":"chat","description":"x","idempotencyKey":"shared"}`
	_, first := c.use(t, body)
	status, second := other.use(t, body)
	if status != 201 || second["message"] != nil || second["transaction"].(map[string]any)["userId"] != other.id ||
		second["transaction"].(map[string]any)["id"] == first["transaction"].(map[string]any)["id"] {
		t.Errorf("got %d %v after %v, want a charge of its own", status, second, first)
	}
	c.wantFree(t, "149")
	other.wantFree(t, "149")
	if rows := other.history(t); len(rows) != 2 || rows[0]["userId"] != other.id || rows[1]["userId"] != other.id {
		t.Errorf("got %v, want the person's own rows", rows)
	}
	for _, app := range []string{"fault16-a", "fault16-b"} {
		b := c.backend(t, "--app", app, "--allow", "use")
		if status, body, _ := b.call(t, "POST", "credits/use", spend(c.id, "1", `,"idempotencyKey":"shared"`)); status != 201 || body["message"] != nil {
			t.Errorf("got %d %v, want a charge of its own for %s", status, body, app)
		}
	}
	c.wantFree(t, "147")
}

func fault17(t *testing.T, c creditsOf) {
	var ids sync.Map
	statuses := parallel(64, func(int) int {
		status, body := c.use(t, `{"amount":10,"appId":"chat","description":"x","idempotencyKey":"k"}`)
		if status == 201 {
			ids.Store(body["transaction"].(map[string]any)["id"], true)
		}
		return status
	})
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	if statuses[201] != 64 || n != 1 {
		t.Errorf("got %v and %d transactions, want one answer 64 times", statuses, n)
	}
	c.wantFree(t, "140")
}

func fault18(t *testing.T, c creditsOf) {
	const first = `{"amount":10,"appId":"chat","description":"x","idempotencyKey":"k","metadata":{"a":1,"b":[10,{"c":null}]}}`
	c.use(t, first)
	for _, other := range []string{
		`{"amount":10.000001,"appId":"chat","description":"x","idempotencyKey":"k","metadata":{"a":1,"b":[10,{"c":null}]}}`,
		`{"amount":10,"appId":"chat","description":"x","idempotencyKey":"k","metadata":{"a":1.0,"b":[10,{"c":null}]}}`, // as written
		`{"amount":10,"appId":"todo","description":"x","idempotencyKey":"k","metadata":{"a":1,"b":[10,{"c":null}]}}`,
		`{"amount":10,"appId":"chat","description":"y","idempotencyKey":"k","metadata":{"a":1,"b":[10,{"c":null}]}}`,
		`{"amount":10,"appId":"chat","description":"x","idempotencyKey":"k","metadata":{"a":2,"b":[10,{"c":null}]}}`,
		`{"amount":10,"appId":"chat","description":"x","idempotencyKey":"k"}`,
	} {
		status, body := c.use(t, other)
		wantError(t, other, status, body, 422, "IDEMPOTENCY_KEY_REUSED")
	}
	same := `{"idempotencyKey":"k", "metadata":{ "b":[10,{"c":null}],"a":1}, "description":"x","appId":"chat","amount":10.0}`
	if status, body := c.use(t, same); status != 201 || body["message"] != "Transaction already processed" {
		t.Errorf("got %d %v, want a replay", status, body)
	}
	c.wantFree(t, "140")
}

func fault19(t *testing.T, c creditsOf) {
	const body = `{"amount":10,"appId":"chat","description":"x","idempotencyKey":"k"}`
	_, first := c.use(t, body)
	_, again := c.use(t, body)
	if again["newBalance"] == nil || fmt.Sprint(again["newBalance"]) != fmt.Sprint(first["newBalance"]) {
		t.Errorf("got %v, want %v", again["newBalance"], first["newBalance"])
	}
}

// faultOldBalance spends between a use and its repetition: the answer is still that of the first.
func faultOldBalance(t *testing.T, c creditsOf) {
	const body = `{"amount":10,"appId":"chat","description":"x","idempotencyKey":"k"}`
	_, first := c.use(t, body)
	c.use(t, `{"amount":5,"appId":"chat","description":"x"}`)
	_, again := c.use(t, body)
	if fmt.Sprint(again["newBalance"], again["transaction"]) != fmt.Sprint(first["newBalance"], first["transaction"]) {
		t.Errorf("got %v, want %v", again, first)
	}
	c.wantFree(t, "135")
}

func fault22(t *testing.T, c creditsOf) {
	if status, body := c.use(t, `{"amount":10,"appId":"chat","description":"x"}`); status != 201 {
		t.Errorf("got %d %v", status, body)
	}
	wantMembers(t, "balance", c.balance(t), "balance dailyFreeCredits debt freeCreditsRemaining held totalEarned totalSpent userId")
}

func fault23(t *testing.T, c creditsOf) {
	for range 3 {
		c.use(t, `{"amount":0.5,"appId":"chat","description":"x"}`)
	}
	rows := c.history(t)
	if len(rows) != 4 || fmt.Sprintf("%v %v", rows[0]["balanceBefore"], rows[0]["balanceAfter"]) != "0 150" || rows[0]["type"] != "bonus" ||
		rows[0]["appId"] != "system" || rows[0]["description"] != "Signup bonus" {
		t.Errorf("got %v", rows)
	}
	var sum float64 // of halves, which are exact
	for i, row := range rows {
		amount, _ := row["amount"].(json.Number).Float64()
		if sum += amount; i > 0 && row["balanceBefore"] != rows[i-1]["balanceAfter"] {
			t.Errorf("got %v after %v", row, rows[i-1])
		}
	}
	if sum != 148.5 {
		t.Errorf("got a sum of %v, want 148.5", sum)
	}
	c.wantFree(t, "148.5")
}

func fault25(t *testing.T, c creditsOf) {
	statuses := parallel(200, func(int) int {
		status, _ := c.use(t, `{"amount":1,"appId":"chat","description":"x"}`)
		return status
	})
	if statuses[201] != 150 || statuses[402] != 50 {
		t.Errorf("got %v, want 150 debits and 50 refusals", statuses)
	}
	c.wantFree(t, "0")
}

func faultBigAgainstSmall(t *testing.T, c creditsOf) {
	statuses := parallel(64, func(i int) int {
		amount := "1"
		if i == 0 {
			amount = "120"
		}
		status, _ := c.use(t, `{"amount":`+amount+`,"appId":"chat","description":"x"}`)
		return status
	})
	free := fmt.Sprint(c.balance(t)["freeCreditsRemaining"])
	bigWon := free == "0" && statuses[201] == 31 && statuses[402] == 33
	smallWon := free == "87" && statuses[201] == 63 && statuses[402] == 1
	if !bigWon && !smallWon {
		t.Errorf("got %v and %s left, want all or nothing of the big one", statuses, free)
	}
}

// badAmounts are what is no amount, as JSON text or worse.
func badAmounts() []string {
	return []string{
		"0", "-0", "0.0", "0.000000", "-1", "-0.000001", "+1", "1e2", "1E2", "1e-2", "0.0000001", "1.0000001", "0.30000000000000004", "1000000.000001", "1000001",
		"9223372036854775808", "18446744073709551617", "1" + strings.Repeat("0", 40), "NaN", "Infinity", "0x1",
		"01", "00", "1.", ".5", "1.2.3", "1,5", "1_000", `"1"`, `"10"`, "[1]", `{"a":1}`, "null", "true", "１", `1,"amount":1`, "",
	}
}

func fault27(t *testing.T, c creditsOf) {
	for range 50 {
		if status, body := c.use(t, `{"amount":0.02,"appId":"chat","description":"x"}`); status != 201 {
			t.Fatalf("got %d %v", status, body)
		}
	}
	c.wantFree(t, "149")
	b := c.backend(t, "--app", "fault27", "--allow", "use,refund")
	b.used(t, c.id, "10", "")
	rows := len(c.history(t))
	for _, amount := range append(badAmounts(), "missing") {
		request := strings.Replace(spend(c.id, amount, `,"appId":"fault27"`), `"amount":missing,`, "", 1)
		status, body := c.use(t, request)
		wantBadAmount(t, "use with amount "+amount, status, body)
		for _, path := range []string{"credits/use", "internal/credits/use", "credits/refund", "internal/credits/refund"} {
			status, body, _ := b.call(t, "POST", path, request)
			wantBadAmount(t, path+" with amount "+amount, status, body)
		}
	}
	status, body := c.use(t, `{"amount":1000000,"appId":"chat","description":"x"}`)
	wantError(t, "the largest amount", status, body, 402, "INSUFFICIENT_CREDITS")
	c.wantFree(t, "139")
	if n := len(c.history(t)); n != rows {
		t.Errorf("got %d rows, want %d", n, rows)
	}
	if status, body := c.use(t, `{"amount":0.000001,"appId":"chat","description":"x"}`); status != 201 {
		t.Errorf("got %d %v for the smallest amount", status, body)
	}
	if status, body, _ := b.call(t, "POST", "credits/refund", spend(c.id, "0.000001", "")); status != 201 {
		t.Errorf("got %d %v for the smallest refund", status, body)
	}
	c.wantFree(t, "139")
}

// wantBadAmount expects a refusal that says what an amount is, or that this is no JSON.
func wantBadAmount(t *testing.T, what string, status int, body map[string]any) {
	t.Helper()
	wantError(t, what, status, body, 400, "VALIDATION")
	switch body["message"] {
	case "amount must be a number greater than 0, at most 1000000, with at most 6 decimal places", "amount is required":
	case "Request body must be a JSON object":
	default:
		t.Errorf("%s: got %q", what, body["message"])
	}
}

func fault28(t *testing.T, c creditsOf) {
	c.command(t, "credits", "grant", c.id, "7", "--class", "paid", "--reason", "r", "--key", "k")
	b, other := c.backend(t, "--app", "fault28", "--allow", "use,refund"), c.backend(t, "--app", "fault28-b", "--allow", "use,refund")
	refuse := func(what string, by backend, amount, rest string) {
		t.Helper()
		status, body, _ := by.call(t, "POST", "credits/refund", spend(c.id, amount, rest))
		wantError(t, what, status, body, 409, "NOTHING_TO_REFUND")
	}
	refuse("without a use", b, "1", "")
	c.use(t, `{"amount":5,"appId":"fault28","description":"by the person, not by this caller"}`)
	refuse("of a use by another caller", b, "5", "")
	use := b.used(t, c.id, "10", "")
	named := `,"transactionId":"` + use + `"`
	refuse("by another app", other, "1", "")
	refuse("of a use of another app by name", other, "1", named)
	refuse("above the use", b, "10.000001", named)
	before := c.balance(t)
	if status, body, _ := b.call(t, "POST", "credits/refund", spend(c.id, "4", named)); status != 201 {
		t.Fatalf("got %d %v", status, body)
	}
	refuse("above the rest", b, "6.000001", named)
	refuse("above the rest, found", b, "6.000001", "")
	after := c.balance(t)
	got := fmt.Sprintln(before["totalSpent"], after["totalSpent"], before["totalEarned"], after["totalEarned"], after["freeCreditsRemaining"], after["balance"])
	if got != "15 11 0 0 139 7\n" {
		t.Errorf("got %s, want 4 less spent, nothing earned", got)
	}
}

func fault29(t *testing.T, c creditsOf) {
	for _, query := range []string{"limit=-1", "offset=-1", "limit=abc", "limit=0", "limit=1001", "offset=100001", "limit=1.5", "limit=", "limit=1&limit=2", "limit=99999999999999999999"} {
		status, body, _ := c.api(t, "GET", "/api/v1/credits/transactions?"+query, c.token, nil)
		wantError(t, query, status, body, 400, "VALIDATION")
	}
}

func faultTwoBodies(t *testing.T, c creditsOf) {
	var mu sync.Mutex
	ids := make(map[string]bool)
	statuses := parallel(64, func(i int) int {
		status, body := c.use(t, fmt.Sprintf(`{"amount":%d,"appId":"chat","description":"x","idempotencyKey":"k"}`, 1+i%2))
		if status == 201 {
			mu.Lock()
			defer mu.Unlock()
			ids[body["transaction"].(map[string]any)["id"].(string)] = true
		}
		return status
	})
	if statuses[201] != 32 || statuses[422] != 32 || len(ids) != 1 {
		t.Errorf("got %v and %v, want one of two requests", statuses, ids)
	}
	if free := fmt.Sprint(c.balance(t)["freeCreditsRemaining"]); free != "149" && free != "148" {
		t.Errorf("got %s left, want one debit", free)
	}
}

func faultRefusedKey(t *testing.T, c creditsOf) {
	const big, small = `{"amount":151,"appId":"chat","description":"x","idempotencyKey":"k"}`, `{"amount":1,"appId":"chat","description":"x","idempotencyKey":"k"}`
	status, body := c.use(t, big)
	wantError(t, "too much", status, body, 402, "INSUFFICIENT_CREDITS")
	if status, body := c.use(t, small); status != 201 || body["message"] != nil {
		t.Errorf("got %d %v, want the key free", status, body)
	}
	status, body = c.use(t, big)
	wantError(t, "now another request", status, body, 422, "IDEMPOTENCY_KEY_REUSED")
}

func faultHeaderKey(t *testing.T, c creditsOf) {
	const body = `{"amount":1,"appId":"chat","description":"x"}`
	status, _, header := c.api(t, "POST", "/api/v1/credits/use", c.token, body, "Idempotency-Key", "k")
	if status != 201 || header.Get("Idempotency-Replayed") != "" {
		t.Errorf("got %d", status)
	}
	status, again := c.use(t, `{"amount":1,"appId":"chat","description":"x","idempotencyKey":"k"}`)
	if status != 201 || again["message"] == nil {
		t.Errorf("got %d %v, want the same key in the body to be the same request", status, again)
	}
	for header, want := range map[string]int{`"k"`: 201, `"k";x=1`: 201, `"k`: 400, `"k\x"`: 400} {
		status, again, headers := c.api(t, "POST", "/api/v1/credits/use", c.token, body, "Idempotency-Key", header)
		if status != want || want == 201 && headers.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%s: got %d %v, want %d", header, status, again, want)
		}
	}
	status, again = c.use(t, `{"amount":1,"appId":"chat","description":"x","idempotencyKey":""}`)
	if status != 201 || again["message"] != nil {
		t.Errorf("got %d %v, want an empty key to be none", status, again)
	}
	c.wantFree(t, "148")
}

// faultLines describes a use in several lines: all but U+0000 is stored as it is (contract.md 1.1, 4.2).
func faultLines(t *testing.T, c creditsOf) {
	b := c.backend(t, "--app", "lines", "--allow", "use,refund")
	const lines = `"a\n\tb\u0001\u0085c"`
	var want string
	if err := json.Unmarshal([]byte(lines), &want); err != nil {
		t.Fatal(err)
	}
	request := strings.Replace(spend(c.id, "1", `,"appId":"lines"`), `"Create task"`, lines, 1)
	status, body := c.use(t, request)
	for _, path := range []string{"", "credits/use", "credits/refund"} {
		if path != "" {
			status, body, _ = b.call(t, "POST", path, request)
		}
		if status != 201 || body["transaction"].(map[string]any)["description"] != want {
			t.Errorf("%s: got %d %v, want %q", path, status, body, want)
		}
	}
	status, body = c.use(t, `{"amount":1,"appId":"chat","description":"a\u0000b"}`)
	wantError(t, "U+0000", status, body, 400, "VALIDATION")
}

// TestCreditFault20 has 64 callers at a wallet whose daily grant is due: one is posted.
func TestCreditFault20(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.credits(t, "ada@example.com")
	s.yesterday(t)
	statuses := parallel(64, func(i int) int {
		if i%2 == 0 {
			status, _ := c.use(t, `{"amount":1,"appId":"chat","description":"x"}`)
			return status - 1
		}
		path := "/api/v1/credits/balance"
		if i%4 == 3 {
			path = "/api/v1/credits/transactions"
		}
		status, _, _ := c.api(t, "GET", path, c.token, nil)
		return status
	})
	if statuses[200] != 64 {
		t.Errorf("got %v, want 64 answers", statuses)
	}
	c.wantFree(t, "123") // 150 + 5 - 32
	daily := 0
	for _, row := range c.history(t) {
		if row["description"] == "Daily free credits" {
			daily++
		}
	}
	if daily != 1 {
		t.Errorf("got %d daily grants, want 1", daily)
	}
	s.wantSound(t)
}

// TestCreditFault21 uses after a day without a look at the balance.
func TestCreditFault21(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.credits(t, "ada@example.com")
	s.yesterday(t)
	status, body := c.use(t, `{"amount":152,"appId":"chat","description":"x"}`)
	if status != 201 || fmt.Sprint(body["newBalance"].(map[string]any)["freeCreditsRemaining"]) != "3" {
		t.Errorf("got %d %v, want the daily grant spent", status, body)
	}
}

// TestCreditFault24 registers without a bonus.
func TestCreditFault24(t *testing.T) {
	t.Parallel()
	s := start(t, "CREDITS_SIGNUP_BONUS=0", "CREDITS_DAILY_FREE=0")
	c := s.credits(t, "ada@example.com")
	c.wantFree(t, "0")
	s.yesterday(t)
	c.wantFree(t, "0")
	if rows := c.history(t); len(rows) != 0 {
		t.Errorf("got %v, want no row", rows)
	}
	status, body := c.use(t, `{"amount":0.000001,"appId":"chat","description":"x"}`)
	wantError(t, "nothing there", status, body, 402, "INSUFFICIENT_CREDITS")
	s.wantSound(t)
}
