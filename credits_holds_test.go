package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// holding asks for holds, by a token or, if that is empty, by what headers say.
type holding struct {
	*server
	token   string
	headers []string
}

// call wants a status, and of a refusal its code.
func (h holding) call(t *testing.T, method, path string, body any, wantStatus int, wantCode string) map[string]any {
	t.Helper()
	headers := append([]string{"Idempotency-Key", uuid.NewString()}, h.headers...)
	status, answer, _ := h.api(t, method, "/api/v1/credits/holds"+path, h.token, body, headers...)
	if code, _ := answer["code"].(string); status != wantStatus || code != wantCode {
		t.Errorf("%s %s with %v: got %d %v, want %d %s", method, path, body, status, answer, wantStatus, wantCode)
	}
	return answer
}

func (h holding) make(t *testing.T, amount, rest string) string {
	t.Helper()
	answer := h.call(t, "POST", "", `{"amount":`+amount+`,"appId":"chat","description":"Reply"`+rest+`}`, 201, "")
	id, _ := answer["id"].(string)
	return "/" + id
}

// figures are members of an answer, in a line.
func figures(of any, names string) string {
	members, _ := of.(map[string]any)
	var line []string
	for _, name := range strings.Fields(names) {
		line = append(line, fmt.Sprint(members[name]))
	}
	return strings.Join(line, " ")
}

// TestHolds makes, captures, extends and releases holds with a token of the person (ledger.md 6.1).
func TestHolds(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.credits(t, "ada@example.com")
	h := holding{server: s, token: c.token}
	wantLeft := func(want string) {
		t.Helper()
		if got := figures(c.balance(t), "freeCreditsRemaining held totalSpent"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	id := h.make(t, "100", `,"expiresIn":60,"metadata":{"b":1}`)
	wantLeft("50 100 0")
	answer := h.call(t, "GET", id, nil, 200, "")
	wantMembers(t, "hold", answer, "amount appId captured createdAt description endedAt expiresAt free id metadata paid state userId")
	if got := figures(answer, "state amount captured free paid appId userId"); got != "open 100 0 100 0 chat "+c.id {
		t.Errorf("got %s", got)
	}
	refusal := h.call(t, "POST", "", `{"amount":51,"appId":"chat","description":"x"}`, 402, "insufficient-credits")
	if got := figures(refusal, "required available held buyUrl"); got != "51 50 100 "+s.issuer+"/account/credits/buy" {
		t.Errorf("got %v", refusal)
	}
	answer = h.call(t, "POST", id+"/capture", `{"amount":30.5,"final":false,"description":"half"}`, 201, "")
	if got := figures(answer["transaction"], "type amount description appId"); got != "usage -30.5 half chat" {
		t.Errorf("got %v", answer)
	}
	if rest := h.call(t, "POST", id+"/capture", `{"amount":69.500001}`, 422, "capture-exceeds-hold")["rest"]; fmt.Sprint(rest) != "69.5" {
		t.Errorf("got %v left", rest)
	}
	answer = h.call(t, "POST", id+"/extend", `{"expiresIn":7200,"addAmount":20}`, 200, "")
	if got := figures(answer, "state amount captured"); got != "open 120 30.5" {
		t.Errorf("got %v", answer)
	}
	answer = h.call(t, "POST", id+"/capture", `{"amount":60}`, 201, "")
	if got := figures(answer["hold"], "state captured") + " " + figures(answer["newBalance"], "freeCreditsRemaining held totalSpent"); got != "captured 90.5 59.5 0 90.5" {
		t.Errorf("got %v", answer)
	}
	if state := h.call(t, "POST", id+"/capture", `{}`, 409, "hold-not-open")["state"]; state != "captured" {
		t.Errorf("got %v", state)
	}
	h.call(t, "POST", id+"/release", `{}`, 409, "hold-not-open")
	second := h.make(t, "1000", `,"minimum":10`)
	wantLeft("0 59.5 90.5")
	for range 2 {
		answer = h.call(t, "POST", second+"/release", nil, 200, "")
		if got := figures(answer, "state") + " " + figures(answer["newBalance"], "freeCreditsRemaining held"); got != "released 59.5 0" {
			t.Errorf("got %v", answer)
		}
	}
	list, _ := h.call(t, "GET", "?limit=1", nil, 200, "")["data"].([]any)
	if len(list) != 1 || "/"+figures(list[0], "id") != second {
		t.Errorf("got %v, want the newest alone", list)
	}
	list, _ = h.call(t, "GET", "?before="+second[1:]+"&state=captured", nil, 200, "")["data"].([]any)
	if len(list) != 1 || "/"+figures(list[0], "id") != id {
		t.Errorf("got %v, want the one before", list)
	}
	h.call(t, "GET", "?state=lost", nil, 400, "invalid-request")
}

// TestHoldEdges sends what no hold can be made of: each is refused, and nothing changes.
func TestHoldEdges(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.credits(t, "ada@example.com")
	h := holding{server: s, token: c.token}
	id := h.make(t, "10", "")
	for _, amount := range []string{
		"0", "-1", "-0", "1.0000001", "1e2", "1000001", "99999999999999999999", `"5"`, "NaN", "null", "true", "[1]", "01", "1.", ".5", "+1", "0.0000000",
		`5,"amount":6`,
	} {
		h.call(t, "POST", "", `{"amount":`+amount+`,"appId":"chat","description":"x"}`, 400, "invalid-request")
		if amount != "null" { // it means absent
			h.call(t, "POST", "", `{"amount":5,"minimum":`+strings.ReplaceAll(amount, "amount", "minimum")+`,"appId":"chat","description":"x"}`, 400, "invalid-request")
			h.call(t, "POST", id+"/capture", `{"amount":`+amount+`}`, 400, "invalid-request")
			h.call(t, "POST", id+"/extend", `{"addAmount":`+strings.ReplaceAll(amount, "amount", "addAmount")+`}`, 400, "invalid-request")
		}
	}
	for _, rest := range []string{
		`"description":"x"`, `"appId":"chat"`, `"appId":"ch at","description":"x"`, `"appId":"chat","description":""`,
		`"appId":"chat","description":"x","expiresIn":0`, `"appId":"chat","description":"x","expiresIn":86401`,
		`"appId":"chat","description":"x","expiresIn":1.5`, `"appId":"chat","description":"x","expiresIn":"60"`,
		`"appId":"chat","description":"x","expiresIn":-1`, `"appId":"chat","description":"x","metadata":[]`,
		`"appId":"chat","description":"x","minimum":6`, `"appId":"chat","description":"x","userId":"` + c.id + `"`,
		`"appId":"chat","description":"x","amuont":1`, `"appId":"chat","description":"x","idempotencyKey":"another"`,
	} {
		h.call(t, "POST", "", `{"amount":5,`+rest+`}`, 400, "invalid-request")
	}
	h.call(t, "POST", id+"/extend", `{}`, 400, "invalid-request")
	h.call(t, "POST", id+"/capture", `{"final":"yes"}`, 400, "invalid-request")
	for _, path := range []string{"", id + "/capture", id + "/extend"} {
		body := `{"amount":5,"appId":"chat","description":"x"}`
		if strings.HasSuffix(path, "extend") {
			body = `{"expiresIn":5}`
		} else if path != "" {
			body = `{}`
		}
		if status, answer, _ := s.api(t, "POST", "/api/v1/credits/holds"+path, c.token, body); status != 400 || answer["code"] != "invalid-request" {
			t.Errorf("%s without a key: got %d %v", path, status, answer)
		}
	}
	if got := figures(c.balance(t), "freeCreditsRemaining held totalSpent"); got != "140 10 0" {
		t.Errorf("got %s, want nothing changed", got)
	}
}

// TestHoldOthers looks at holds of others: they are answered as ones that are not there (security.md 24.16).
func TestHoldOthers(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, bob := s.credits(t, "ada@example.com"), s.credits(t, "bob@example.com")
	h := holding{server: s, token: ada.token}
	id := h.make(t, "10", "")
	b, unpaid := s.backend(t, "--app", "chat", "--allow", "hold,balance"), s.backend(t, "--app", "todo", "--allow", "use,balance")
	backend := holding{server: s, headers: []string{"X-Service-Key", b.key.Value}}
	theirs := backend.call(t, "POST", "", `{"userId":"`+ada.id+`","amount":7,"description":"x"}`, 201, "")
	if got := figures(theirs, "appId userId state amount"); got != "chat "+ada.id+" open 7" {
		t.Errorf("got %v", theirs)
	}
	of := "/" + figures(theirs, "id")
	for _, c := range []struct {
		by holding
		id string
	}{
		{holding{server: s, token: bob.token}, id},
		{holding{server: s, token: ada.token}, "/" + uuid.NewString()},
		{holding{server: s, token: ada.token}, "/x"},
		{backend, id},
		{holding{server: s, headers: []string{"X-Service-Key", s.backend(t, "--app", "other", "--allow", "hold").key.Value}}, of},
	} {
		c.by.call(t, "GET", c.id, nil, 404, "not-found")
		c.by.call(t, "POST", c.id+"/capture", `{}`, 404, "not-found")
		c.by.call(t, "POST", c.id+"/extend", `{"expiresIn":5}`, 404, "not-found")
		c.by.call(t, "POST", c.id+"/release", `{}`, 404, "not-found")
	}
	h.call(t, "POST", of+"/capture", `{}`, 404, "not-found") // of an app: the person sees it, and may release it
	h.call(t, "GET", of, nil, 200, "")
	backend.call(t, "POST", of+"/capture", `{"amount":2,"final":false}`, 201, "")
	h.call(t, "POST", of+"/release", nil, 200, "")
	holding{server: s, headers: []string{"X-Service-Key", unpaid.key.Value}}.call(t, "GET", of, nil, 403, "app-not-allowed")
	holding{server: s}.call(t, "GET", of, nil, 401, "invalid-token")
	holding{server: s, token: ada.token, headers: backend.headers}.call(t, "GET", of, nil, 400, "invalid-request")
	backend.call(t, "POST", "", `{"userId":"`+ada.id+`","amount":1,"appId":"todo","description":"x"}`, 403, "app-not-allowed")
	backend.call(t, "POST", "", `{"userId":"`+uuid.NewString()+`","amount":1,"description":"x"}`, 404, "user-not-found")
	list, _ := backend.call(t, "GET", "?userId="+ada.id, nil, 200, "")["data"].([]any)
	if len(list) != 1 || figures(list[0], "state captured") != "released 2" {
		t.Errorf("got %v, want the app's own", list)
	}
}

// TestReservations reserves, commits and releases by the contract's names (contract.md 5).
func TestReservations(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, _ := s.person(t, "ada@example.com")
	b := s.backend(t, "--app", "chat", "--allow", "balance,hold", "--cap-use", "100", "--cap-day", "110")
	other := s.backend(t, "--app", "other", "--allow", "hold")
	call := func(by backend, path, body string, wantStatus int, wantCode string, headers ...string) map[string]any {
		t.Helper()
		status, answer, _ := by.call(t, "POST", "internal/credits/"+path, body, headers...)
		if code, _ := answer["error"].(string); status != wantStatus || code != wantCode {
			t.Errorf("%s %s: got %d %v, want %d %s", path, body, status, answer, wantStatus, wantCode)
		}
		return answer
	}
	reserve := func(amount, rest string) string {
		return `{"userId":"` + id + `","amount":` + amount + `,"reason":"Reply"` + rest + `}`
	}
	first := call(b, "reserve", reserve("10", `,"idempotencyKey":"k"`), 200, "")
	wantMembers(t, "reserve", first, "balance expiresAt newBalance reservationId")
	if again := call(b, "reserve", reserve("10", `,"idempotencyKey":"k"`), 200, ""); fmt.Sprint(again) != fmt.Sprint(first) || fmt.Sprint(first["balance"]) != "140" {
		t.Errorf("got %v, want %v", again, first)
	}
	call(b, "reserve", reserve("11", `,"idempotencyKey":"k"`), 422, "IDEMPOTENCY_KEY_REUSED")
	call(b, "reserve", reserve("100.000001", ""), 403, "KEY_LIMIT_EXCEEDED")
	call(b, "reserve", reserve("100.5", ""), 403, "KEY_LIMIT_EXCEEDED")
	call(other, "reserve", reserve("151", ""), 402, "INSUFFICIENT_CREDITS")
	call(b, "reserve", reserve("0", ""), 400, "VALIDATION")
	call(b, "reserve", reserve("5", `,"expiresIn":86401`), 400, "VALIDATION")
	of := func(reservation map[string]any, rest string) string {
		return `{"reservationId":"` + fmt.Sprint(reservation["reservationId"]) + `"` + rest + `}`
	}
	call(other, "commit", of(first, ""), 404, "RESERVATION_NOT_FOUND")
	call(b, "commit", `{"reservationId":"`+uuid.NewString()+`"}`, 404, "RESERVATION_NOT_FOUND")
	call(b, "commit", of(first, `,"amount":10.5`), 400, "VALIDATION")
	done := call(b, "commit", of(first, `,"amount":4,"description":"done"`), 200, "")
	wantMembers(t, "commit", done, "success transactionId")
	for _, rest := range []string{``, `,"amount":4`} {
		if again := call(b, "commit", of(first, rest), 200, ""); again["transactionId"] != done["transactionId"] {
			t.Errorf("got %v, want %v", again, done)
		}
	}
	call(b, "commit", of(first, `,"amount":5`), 409, "RESERVATION_NOT_OPEN")
	call(b, "refund-reservation", of(first, ``), 409, "RESERVATION_NOT_OPEN")
	second := call(b, "reserve", reserve("100", ""), 200, "")
	for _, path := range []string{"refund-reservation", "release", "release"} {
		answer := call(b, path, of(second, ""), 200, "")
		wantMembers(t, path, answer, "balance newBalance success")
		if fmt.Sprint(answer["balance"]) != "146" {
			t.Errorf("got %v, want 146 left", answer)
		}
	}
	call(b, "commit", of(second, ""), 409, "RESERVATION_NOT_OPEN")
	third := call(b, "reserve", reserve("100", ""), 200, "") // of the cap, 4 are used
	call(b, "reserve", reserve("6.000001", ""), 403, "KEY_LIMIT_EXCEEDED")
	call(b, "release", of(third, ""), 200, "")
	if got := b.free(t, id); got != "146" {
		t.Errorf("got %s, want 146", got)
	}
}
