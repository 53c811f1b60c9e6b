package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// getPage reads one page of a new list.
func (c creditsOf) getPage(t *testing.T, path string) (data []any, next string) {
	t.Helper()
	status, body, header := c.api(t, "GET", "/api/v1/credits/"+path, c.token, nil)
	if status != http.StatusOK {
		t.Fatalf("%s: got %d %v", path, status, body)
	}
	wantMembers(t, path, body, "data nextCursor")
	next, _ = body["nextCursor"].(string)
	if link := header.Get("Link"); (next != "") != strings.Contains(link, "cursor="+url.QueryEscape(next)) || next != "" && !strings.Contains(link, `rel="next"`) {
		t.Errorf("%s: got link %q to %q", path, link, next)
	}
	return body["data"].([]any), next
}

// wantProblem expects problem details (RFC 9457).
func (c creditsOf) wantProblem(t *testing.T, path, token string, wantStatus int, wantCode string) {
	t.Helper()
	status, body, header := c.api(t, "GET", "/api/v1/credits/"+path, token, nil)
	if status != wantStatus || body["code"] != wantCode || body["type"] != "/docs/problems/"+wantCode || body["title"] == "" ||
		header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: got %d %v, want %d %s", path, status, body, wantStatus, wantCode)
	}
}

// TestCreditsHistory pages by cursor through a history that grows meanwhile.
func TestCreditsHistory(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, other := s.credits(t, "ada@example.com"), s.credits(t, "eve@example.com")
	for i := range 7 {
		c.use(t, fmt.Sprintf(`{"amount":1,"appId":"%s","description":"%d"}`, []string{"chat", "todo"}[i%2], i))
	}
	var seen []string
	next := ""
	for pages := 0; pages == 0 || next != ""; pages++ {
		var data []any
		if data, next = c.getPage(t, "history?limit=3&cursor="+next); pages == 0 {
			c.use(t, `{"amount":1,"appId":"chat","description":"later"}`)
			wantMembers(t, "transaction", data[0].(map[string]any),
				"amount appId balanceAfter balanceBefore completedAt createdAt description id idempotencyKey metadata status type userId")
			c.wantProblem(t, "history?app=chat&cursor="+next, c.token, 400, "invalid-request")
			c.wantProblem(t, "history?cursor="+next, other.token, 400, "invalid-request")
		}
		for _, row := range data {
			seen = append(seen, row.(map[string]any)["description"].(string))
		}
	}
	if got := strings.Join(seen, " "); got != "6 5 4 3 2 1 0 Signup bonus" {
		t.Errorf("got %s", got)
	}
	for query, want := range map[string]int{
		"": 9, "?app=todo": 3, "?app=none": 0, "?type=bonus": 1, "?type=usage&limit=200": 8, "?from=2000-01-01&to=2999-01-01T00:00:00Z": 9,
		"?to=2000-01-01": 0,
	} {
		if data, next := c.getPage(t, "history"+query); len(data) != want || next != "" {
			t.Errorf("%s: got %d rows and %q, want %d and the end", query, len(data), next, want)
		}
	}
	for _, query := range []string{"limit=0", "limit=201", "limit=x", "limit=1&limit=1", "cursor=x", "type=gift", "app=%20", "from=yesterday", "to=0000-01-01", "to=0001-01-01"} {
		c.wantProblem(t, "history?"+query, c.token, 400, "invalid-request")
	}
	c.wantProblem(t, "history", "", 401, "invalid-token")
}

// TestCreditsUsage sums up what apps charged.
func TestCreditsUsage(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, other := s.credits(t, "ada@example.com"), s.credits(t, "eve@example.com")
	for _, app := range []string{"chat", "todo", "chat"} {
		c.use(t, `{"amount":1.5,"appId":"`+app+`","description":"x"}`)
	}
	data, _ := c.getPage(t, "usage")
	if got := fmt.Sprint(data); got != "[map[appId:chat creditsUsed:3 uses:2] map[appId:todo creditsUsed:1.5 uses:1]]" {
		t.Errorf("got %s", got)
	}
	days, _ := c.getPage(t, "usage?by=day")
	first := days[0].(map[string]any)
	if len(days) != 1 || fmt.Sprint(first["creditsUsed"]) != "4.5" || fmt.Sprint(first["uses"]) != "3" {
		t.Fatalf("got %v", days)
	}
	for query, want := range map[string]int{"?from=" + first["date"].(string): 2, "?from=2000-01-01&to=2000-12-31": 0, "?by=app": 2} {
		if data, _ := c.getPage(t, "usage"+query); len(data) != want {
			t.Errorf("%s: got %v, want %d rows", query, data, want)
		}
	}
	if data, _ := other.getPage(t, "usage"); len(data) != 0 {
		t.Errorf("got %v for another person", data)
	}
	for _, query := range []string{"by=hour", "from=2000-01-01T00:00:00Z", "from=2000-01-01", "from=2026-02-01&to=2026-01-01", "to=x"} {
		c.wantProblem(t, "usage?"+query, c.token, 400, "invalid-request")
	}
}

// TestCreditsPurchases is contract.md 4.4 and 10 without a payment service: all but buying works.
func TestCreditsPurchases(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, token := s.person(t, "ada@example.com")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.issuer+"/api/v1/credits/purchases", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if list, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK || strings.TrimSpace(string(list)) != "[]" {
		t.Errorf("got %d %s, %v, want an empty list", response.StatusCode, list, err)
	}
	const id = "019ab000-0000-7000-8000-00000000dead"
	for _, c := range []struct {
		method, path, token, body string
		status                    int
		code                      string
	}{
		{"POST", "purchase", token, `{"packageId":"` + id + `"}`, 503, "PAYMENT_UNAVAILABLE"},
		{"POST", "payment-link", token, `{"packageId":"` + id + `"}`, 503, "PAYMENT_UNAVAILABLE"},
		{"GET", "purchase/" + id, token, ``, 404, "PURCHASE_NOT_FOUND"},
		{"POST", "purchase", token, `{}`, 400, "VALIDATION"},
		{"POST", "payment-link", token, `{"packageId":"x"}`, 400, "VALIDATION"},
		{"POST", "purchase", "", `{"packageId":"` + id + `"}`, 401, "UNAUTHORIZED"},
		{"GET", "purchases", "", ``, 401, "UNAUTHORIZED"},
	} {
		status, answer, header := s.api(t, c.method, "/api/v1/credits/"+c.path, c.token, c.body)
		wantError(t, c.path, status, answer, c.status, c.code)
		if c.status == 503 && (answer["message"] != "Stripe is not configured" || answer["retryAfterSec"] == nil || header.Get("Retry-After") == "") {
			t.Errorf("%s: got %v", c.path, answer)
		}
	}
}
