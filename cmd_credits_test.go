package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// spendOnce spends by the API and gives the id of the transaction.
func (s *server) spendOnce(t *testing.T, token, body string) string {
	t.Helper()
	status, answer, _ := s.api(t, "POST", "/api/v1/credits/use", token, body)
	if status != 201 {
		t.Fatalf("got %d %v", status, answer)
	}
	return answer["transaction"].(map[string]any)["id"].(string)
}

// TestCreditsGrant gives and takes credits beside a running server.
func TestCreditsGrant(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, token := s.person(t, "ada@example.com")
	type balance struct {
		UserID string      `json:"user_id"`
		Free   json.Number `json:"free"`
		Paid   json.Number `json:"paid"`
		Earned json.Number `json:"total_earned"`
	}
	grant := func(args ...string) balance {
		t.Helper()
		var b balance
		if err := json.Unmarshal([]byte(s.command(t, append([]string{"credits", "grant", "--json"}, args...)...)), &b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	for range 2 {
		if b := grant("ada@example.com", "2.5", "--reason", "sorry", "--key", "case-7"); b.Free != "152.5" || b.UserID != id {
			t.Errorf("got %+v", b)
		}
	}
	if b := grant(id, "3", "--reason", "voucher", "--key", "case-8", "--class", "paid"); b.Paid != "3" || b.Earned != "0" {
		t.Errorf("got %+v", b)
	}
	if b := grant("--reason", "mistake", "--key", "case-9", "--", id, "-152.5"); b.Free != "0" || b.Paid != "3" {
		t.Errorf("got %+v", b)
	}
	_, got, _ := s.api(t, "GET", "/api/v1/credits/balance", token, nil)
	if fmt.Sprintf("%v %v", got["balance"], got["freeCreditsRemaining"]) != "3 0" {
		t.Errorf("got %v", got)
	}
	if out := s.command(t, "credits", "balance", "ada@example.com"); !strings.Contains(out, "paid           3") || !strings.Contains(out, "state          active\n") {
		t.Errorf("got\n%s", out)
	}
	events := s.texts(t, `SELECT event_type || ' ' || metadata FROM auth_security_events WHERE event_type = 'credits_adjusted' AND user_id = ? ORDER BY id`, id)
	if len(events) != 3 || !strings.Contains(events[0], `"actor":"command line","after":"152.5","amount":"2.5","before":"150"`) ||
		!strings.Contains(events[2], `"after":"3","amount":"-152.5","before":"155.5"`) {
		t.Errorf("got %q, want an event for each grant, none for the repeated one", events)
	}
	s.sql(t, `UPDATE credits_balances SET last_daily_reset_at = last_daily_reset_at - 90000000000, version = version + 1`)
	if out := s.command(t, "credits", "balance", id); !strings.Contains(out, "free           0\n") {
		t.Errorf("got\n%s\nwant the daily grant that is due not posted", out)
	}
	if daily := s.texts(t, `SELECT id FROM credits_transactions WHERE kind = 'daily' AND user_id = ?`, id); len(daily) != 0 {
		t.Errorf("got %v, want a command that shows to post nothing", daily)
	}
	reason := []string{"--reason", "r", "--key", "k"}
	for _, c := range []struct {
		code int
		args []string
	}{
		{exitUsage, []string{id, "1"}},
		{exitUsage, []string{id, "1", "--reason", "r"}},
		{exitUsage, append([]string{id}, reason...)},
		{exitUsage, []string{id, "1", "--reason", "r", "--key", "k\n"}},
		{exitUsage, []string{id, "1", "--reason", "r", "--key", strings.Repeat("k", 256)}},
		{exitUsage, []string{id, "1", "--reason", strings.Repeat("r", 1001), "--key", "k"}},
		{exitUsage, []string{id, "1", "--reason", "r\xff", "--key", "k"}},
		{exitUsage, append([]string{id, "0"}, reason...)},
		{exitUsage, append([]string{id, "1e3"}, reason...)},
		{exitUsage, append([]string{id, "1000001"}, reason...)},
		{exitUsage, append([]string{id, "1", "--class", "gold"}, reason...)},
		{exitMissing, append([]string{"eve@example.com", "1"}, reason...)},
		{exitMissing, append([]string{"019ab000-0000-7000-8000-00000000dead", "1"}, reason...)},
		{exitRefused, []string{id, "1", "--reason", "other", "--key", "case-7"}},
		{exitRefused, append(reason, "--", id, "-9")},
	} {
		s.fails(t, c.code, append([]string{"credits", "grant"}, c.args...)...)
	}
}

// TestCreditsVerify finds what was changed behind the ledger's back, freezes it, and mends it.
func TestCreditsVerify(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, token := s.person(t, "ada@example.com")
	_, other := s.person(t, "eve@example.com")
	s.spendOnce(t, token, `{"amount":0.5,"appId":"chat","description":"x"}`)
	var report shownReport
	if err := json.Unmarshal([]byte(s.command(t, "credits", "verify", "--json")), &report); err != nil {
		t.Fatal(err)
	}
	if report.Wallets != 2 || report.Transactions != 3 || string(report.Imbalance) != "0" || string(report.Own) != "299.5" ||
		string(report.Accounts["usage"]) != "0.5" || string(report.Accounts["issue.bonus"]) != "-300" || len(report.Faults) != 0 {
		t.Errorf("got %+v", report)
	}
	s.fails(t, exitMissing, "credits", "verify", "--wallet", "nobody@example.com")
	s.fails(t, exitRefused, "credits", "verify", "--rebuild", id, "--yes") // not frozen
	s.sql(t, `UPDATE credits_balances SET free_credits_remaining = free_credits_remaining + 1, version = version + 1 WHERE user_id = '`+id+`'`)
	if out := s.fails(t, exitProblem, "credits", "verify"); !strings.Contains(out, "3 in the ledger") {
		t.Errorf("got %s", out)
	}
	s.fails(t, exitProblem, "credits", "verify", "--wallet", "ada@example.com")
	s.command(t, "credits", "verify", "--wallet", "eve@example.com")
	s.sql(t, `UPDATE credits_balances SET state = 'frozen', version = version + 1 WHERE user_id = '`+id+`'`)
	status, body, _ := s.api(t, "POST", "/api/v1/credits/use", token, `{"amount":1,"appId":"chat","description":"x"}`)
	wantError(t, "frozen", status, body, 503, "SERVICE_UNAVAILABLE")
	if status, _, _ := s.api(t, "GET", "/api/v1/credits/balance", token, nil); status != 200 {
		t.Errorf("got %d for the balance of a frozen wallet", status)
	}
	s.spendOnce(t, other, `{"amount":1,"appId":"chat","description":"x"}`)
	s.fails(t, exitRefused, "credits", "grant", id, "1", "--reason", "r", "--key", "k")
	s.fails(t, exitRefused, "credits", "verify", "--rebuild", id) // nobody says yes
	if out := s.command(t, "credits", "verify", "--rebuild", "ada@example.com", "--yes"); !strings.Contains(out, "free  149.500001  149.5") {
		t.Errorf("got\n%s", out)
	}
	events := s.texts(t, `SELECT metadata FROM auth_security_events WHERE event_type = 'wallet_rebuilt' AND user_id = ?`, id)
	if len(events) != 1 || !strings.Contains(events[0], `"actor":"command line","after":"state=active free=149.5 `) ||
		!strings.Contains(events[0], `"before":"state=frozen free=149.500001 `) {
		t.Errorf("got %q", events)
	}
	s.spendOnce(t, token, `{"amount":1,"appId":"chat","description":"x"}`)
	s.command(t, "credits", "verify")

	// A wallet that is sound and frozen is found too: nobody can use it.
	s.sql(t, `UPDATE credits_balances SET state = 'frozen', version = version + 1 WHERE user_id = '`+id+`'`)
	if out := s.fails(t, exitProblem, "credits", "verify"); !strings.Contains(out, "1 in the ledger") {
		t.Errorf("got %s", out)
	}
	s.fails(t, exitProblem, "credits", "verify", "--wallet", id)
	if out := s.command(t, "credits", "balance", id); !strings.Contains(out, "state          frozen\n") {
		t.Errorf("got\n%s", out)
	}
	s.command(t, "credits", "verify", "--rebuild", id, "--yes")
	s.command(t, "credits", "verify")
}

func TestCreditsExport(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, token := s.person(t, "ada@example.com")
	s.person(t, "eve@example.com")
	use := s.spendOnce(t, token, `{"amount":0.000001,"appId":"chat","description":"=cmd(\"x\")","metadata":{"b":[1.50]},"idempotencyKey":"-k"}`)
	s.spendOnce(t, token, `{"amount":2,"appId":"chat","description":"comma, \"quoted\""}`)
	all := strings.Split(strings.TrimSpace(s.command(t, "credits", "export", "--all")), "\n")
	if len(all) != 4 {
		t.Fatalf("got %d lines, want 4\n%v", len(all), all)
	}
	rows, err := csv.NewReader(strings.NewReader(s.command(t, "credits", "export", "--user", "ada@example.com", "--format", "csv"))).ReadAll()
	if err != nil || len(rows) != 4 || strings.Join(rows[0], " ") != "user_id seq id type kind amount balance_before balance_after app_id description metadata caller idempotency_key related_id at" {
		t.Fatalf("got %v, %v", rows, err)
	}
	row := rows[2]
	if row[0] != id || row[1] != "2" || row[2] != use || row[3] != "usage" || row[5] != "-0.000001" || row[6] != "150" || row[7] != "149.999999" ||
		row[9] != `'=cmd("x")` || row[10] != `{"b":[1.50]}` || row[12] != "'-k" || rows[3][9] != "comma, \"quoted\"" {
		t.Errorf("got %q", row)
	}
	var line struct{ Description string }
	lines := strings.Split(s.command(t, "credits", "export", "--user", id), "\n")
	if err := json.Unmarshal([]byte(lines[1]), &line); err != nil || line.Description != `=cmd("x")` ||
		!strings.Contains(lines[1], `"amount":-0.000001,"balance_before":150,`) {
		t.Errorf("got %s, %v", lines[1], err)
	}
	for _, c := range []struct {
		args string
		want int
	}{{"--from 2000-01-01", 3}, {"--to 2000-01-01T00:00:00Z", 0}, {"--from 2999-01-01", 0}} {
		out := s.command(t, append([]string{"credits", "export", "--user", id}, strings.Fields(c.args)...)...)
		if n := strings.Count(out, "\n"); n != c.want {
			t.Errorf("%s: got %d lines, want %d", c.args, n, c.want)
		}
	}
	s.fails(t, exitUsage, "credits", "export")
	s.fails(t, exitUsage, "credits", "export", "--all", "--user", id)
	s.fails(t, exitUsage, "credits", "export", "--all", "--format", "xml")
	s.fails(t, exitUsage, "credits", "export", "--all", "--from", "yesterday")
	s.fails(t, exitMissing, "credits", "export", "--user", "019ab000-0000-7000-8000-00000000dead")
}

// TestUserDelete deletes a person beside a running server: tokens and sessions end, the wallet is closed and says so, and
// the address is free.
func TestUserDelete(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, token := s.person(t, "ada@example.com")
	s.spendOnce(t, token, `{"amount":20,"appId":"chat","description":"x"}`)
	s.fails(t, exitRefused, "user", "delete", id) // nobody says yes
	s.fails(t, exitMissing, "user", "delete", "nobody@example.com", "--yes")
	s.command(t, "user", "delete", "ada@example.com", "--reason", "asked by mail", "--yes")
	s.fails(t, exitMissing, "user", "delete", id, "--yes")
	eventually(t, "the token to end", func() bool {
		status, _, _ := s.api(t, "GET", "/api/v1/credits/balance", token, nil)
		return status == 401
	})
	status, body, _ := s.api(t, "POST", "/api/v1/auth/login", "", `{"email":"ada@example.com","password":"correct horse battery"}`)
	wantError(t, "login", status, body, 401, "INVALID_CREDENTIALS")
	if out := s.command(t, "credits", "balance", id); !strings.Contains(out, "state          closed\n") || !strings.Contains(out, "free           0\n") {
		t.Errorf("got\n%s", out)
	}
	var report shownReport
	if err := json.Unmarshal([]byte(s.command(t, "credits", "verify", "--json")), &report); err != nil {
		t.Fatal(err)
	}
	if string(report.Imbalance) != "0" || string(report.Own) != "0" || string(report.Accounts["withdrawn"]) != "130" || len(report.Faults) != 0 {
		t.Errorf("got %+v", report)
	}
	if events := s.texts(t, `SELECT metadata FROM auth_security_events WHERE event_type = 'account_deleted' AND user_id = ?`, id); len(events) != 1 ||
		!strings.Contains(events[0], `"actor":"command line","reason":"asked by mail"`) {
		t.Errorf("got %q", events)
	}
	if again, _ := s.person(t, "ada@example.com"); again == id {
		t.Error("the id was used again")
	}
}

// TestDeleteAccount deletes people by the contract and by the page.
func TestDeleteAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, token := s.person(t, "ada@example.com")
	for body, want := range map[string]string{`{"password":"wrong"}`: "INVALID_CREDENTIALS", `{}`: "VALIDATION"} {
		status, answer, _ := s.api(t, "DELETE", "/api/v1/auth/account", token, body)
		wantError(t, body, status, answer, 400, want)
	}
	status, answer, _ := s.api(t, "DELETE", "/api/v1/auth/account", token, map[string]string{"password": testPassword, "reason": "moving on"})
	if status != 200 || answer["message"] != "Account deleted" {
		t.Errorf("got %d %v", status, answer)
	}
	status, answer, _ = s.api(t, "GET", "/api/v1/auth/profile", token, nil)
	wantError(t, "profile", status, answer, 401, "UNAUTHORIZED")

	b := s.browser(t)
	b.signUp("eve@example.com")
	page := b.get("/account/delete")
	wantShown(t, "what is lost", page, 200, "150 free credits")
	wantShown(t, "another address", b.submit(page, "/account/delete", "email", "ada@example.com"), 422, "not the address")
	wantShown(t, "done", b.submit(page, "/account/delete", "email", " Eve@example.com "), 200, "Your account is deleted")
	if page := b.get("/account"); page.Request.URL.Path != "/login" {
		t.Errorf("got %s, want to be signed out", page.Request.URL)
	}
	if states := s.texts(t, `SELECT DISTINCT state FROM credits_balances`); len(states) != 1 || states[0] != "closed" {
		t.Errorf("got wallets %v, want all closed", states)
	}
}
