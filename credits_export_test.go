package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// export asks for an export and gives its body.
func (c creditsOf) export(t *testing.T, method, query string) (string, http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, c.issuer+"/api/v1/credits/export"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: got %d %s, %v", query, response.StatusCode, body, err)
	}
	return string(body), response.Header
}

// exportedRow is a line of an export as JSON Lines.
type exportedRow struct {
	Seq         int64       `json:"seq"`
	Amount      json.Number `json:"amount"`
	Description string      `json:"description"`
	At          string      `json:"at"`
}

func rowsOf(t *testing.T, body string) (rows []exportedRow) {
	t.Helper()
	for line := range strings.Lines(body) {
		var row exportedRow
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

// TestCreditsExportStream streams a history whole, in part and from where it was cut off (ledger.md 6.6).
func TestCreditsExportStream(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, other := s.credits(t, "ada@example.com"), s.credits(t, "eve@example.com")
	const formula = `=HYPERLINK("https://example.com";"x")`
	for i := range 6 {
		c.use(t, fmt.Sprintf(`{"amount":0.%d,"appId":"chat","description":"%d"}`, i+1, i))
	}
	c.use(t, `{"amount":1,"appId":"chat","description":"=HYPERLINK(\"https://example.com\";\"x\")"}`)
	other.use(t, `{"amount":1,"appId":"chat","description":"foreign"}`)

	body, header := c.export(t, "GET", "?format=jsonl")
	rows := rowsOf(t, body)
	if len(rows) != 8 || header.Get("Credits-Export-Rows") != "8" || !strings.HasPrefix(header.Get("Content-Type"), "application/jsonl") {
		t.Fatalf("got %d rows, %v", len(rows), header)
	}
	for i, row := range rows {
		if row.Seq != int64(i+1) || row.Description == "foreign" {
			t.Errorf("row %d: got %+v", i, row)
		}
	}
	if rows[3].Amount != "-0.3" || rows[7].Description != formula {
		t.Errorf("got %+v and %+v", rows[3], rows[7])
	}
	for query, want := range map[string]string{
		"":                           "1 2 3 4 5 6 7 8",
		"&after=5":                   "6 7 8",
		"&after=8":                   "",
		"&after=9223372036854775807": "",
		"&from=" + rows[2].At:        "3 4 5 6 7 8",
		"&to=" + rows[2].At:          "1 2",
		"&from=" + rows[2].At + "&to=" + rows[6].At:         "3 4 5 6",
		"&after=4&from=" + rows[2].At + "&to=" + rows[6].At: "5 6",
		"&after=7&to=" + rows[2].At:                         "",
		"&from=2001-01-01&to=2001-02-01":                    "",
		"&from=2201-01-01":                                  "",
	} {
		body, header := c.export(t, "GET", "?format=jsonl"+query)
		var got []string
		for _, row := range rowsOf(t, body) {
			got = append(got, fmt.Sprint(row.Seq))
		}
		if strings.Join(got, " ") != want || header.Get("Credits-Export-Rows") != fmt.Sprint(len(got)) {
			t.Errorf("%s: got %q and %s rows, want %q", query, got, header.Get("Credits-Export-Rows"), want)
		}
		if body, header = c.export(t, "HEAD", "?format=jsonl"+query); body != "" || header.Get("Credits-Export-Rows") != fmt.Sprint(len(got)) {
			t.Errorf("HEAD %s: got %q, %v", query, body, header)
		}
	}
	body, _ = c.export(t, "GET", "")
	table, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || len(table) != 9 || table[0][1] != "seq" || table[8][9] != "'"+formula || table[4][5] != "-0.3" {
		t.Errorf("got %v, %q", err, table)
	}
	if empty, _ := c.export(t, "GET", "?after=8"); strings.Count(empty, "\n") != 1 {
		t.Errorf("got %q, want the header alone", empty)
	}
	for _, query := range []string{"?format=xml", "?after=-1", "?after=x", "?from=x", "?to=x", "?format=csv&format=csv"} {
		c.wantProblem(t, "export"+query, c.token, 400, "invalid-request")
	}
	c.wantProblem(t, "export", "", 401, "invalid-token")
	if out := s.command(t, "credits", "export", "--user", c.id, "--from", rows[2].At, "--to", rows[6].At); len(rowsOf(t, out)) != 4 {
		t.Errorf("got\n%s", out)
	}
}

// TestCreditsHeader reads what a call cost and what is left (ledger.md 5.3).
func TestCreditsHeader(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.credits(t, "ada@example.com")
	want := func(method, path string, body any, status int, header string) http.Header {
		t.Helper()
		got, answer, sent := c.api(t, method, "/api/v1/credits/"+path, c.token, body)
		if got != status || sent.Get("Credits") != header {
			t.Errorf("%s: got %d %v with %q, want %d with %q", path, got, answer, sent.Get("Credits"), status, header)
		}
		return sent
	}
	spend := func(amount, key string) string {
		return `{"amount":` + amount + `,"appId":"chat","description":"x","idempotencyKey":"` + key + `"}`
	}
	want("GET", "balance", nil, 200, "cost=0, remaining=150, held=0")
	want("POST", "use", spend("0.125", "a"), 201, "cost=0.125, remaining=149.875, held=0")
	want("POST", "use", spend("0.000001", "b"), 201, `cost="0.000001", remaining="149.874999", held=0`)
	want("POST", "use", spend("0.125", "a"), 201, `cost=0, remaining="149.874999", held=0`)
	want("POST", "use", spend("150", "c"), 402, `cost=0, remaining="149.874999", held=0`)
	for _, path := range []string{"history", "usage", "export?after=9"} {
		want("GET", path, nil, 200, `cost=0, remaining="149.874999", held=0`)
	}
	b := s.backend(t, "--app", "chat", "--allow", "balance,refund")
	refund := `{"userId":"` + c.id + `","amount":0.000001,"description":"x","transactionId":"` + s.spendOnce(t, c.token, spend("0.000001", "b")) + `"}`
	if status, body, header := b.call(t, "POST", "credits/refund", refund); status != 201 ||
		header.Get("Credits") != "cost=0, remaining=149.875, held=0" {
		t.Errorf("got %d %v, %v", status, body, header)
	}

	tag := want("GET", "balance", nil, 200, "cost=0, remaining=149.875, held=0").Get("ETag")
	ask := func(path, match string) int {
		t.Helper()
		status, _, header := c.api(t, "GET", "/api/v1/credits/balance"+path, c.token, nil, "If-None-Match", match)
		if header.Get("Credits") == "" || header.Get("ETag") == "" {
			t.Errorf("got %v", header)
		}
		return status
	}
	for match, status := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200, strings.Trim(tag, `"`): 200} {
		if got := ask("", match); got != status {
			t.Errorf("If-None-Match %s: got %d, want %d", match, got, status)
		}
	}
	c.use(t, spend("1", "d"))
	if got := ask("", tag); got != 200 {
		t.Errorf("got %d after a use, want the new balance", got)
	}
	tag = want("GET", "balance", nil, 200, "cost=0, remaining=148.875, held=0").Get("ETag")
	s.sql(t, `UPDATE credits_balances SET last_daily_reset_at = last_daily_reset_at - 90000000000, version = version + 1`)
	if status, _, header := c.api(t, "GET", "/api/v1/credits/balance", c.token, nil, "If-None-Match", tag); status != 200 ||
		header.Get("Credits") != "cost=0, remaining=153.875, held=0" {
		t.Errorf("got %d, %v, want the daily grant that was due", status, header)
	}
}
