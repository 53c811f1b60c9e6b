package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestAccountCredits: the history by pages and filters, one entry with its refund, and the export.
func TestAccountCredits(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, token := s.person(t, "ada@example.com")
	_, other := s.person(t, "eve@example.com")
	for i := range 40 {
		app := map[bool]string{true: "notes", false: "chat"}[i%2 == 0]
		s.api(t, "POST", "/api/v1/credits/use", token, map[string]any{"amount": 1, "appId": app, "description": fmt.Sprintf("=Use %d", i)})
	}
	_, theirs, _ := s.api(t, "POST", "/api/v1/credits/use", other, map[string]any{"amount": 1, "appId": "secret", "description": "Theirs"})
	b := elsewhereOf(s, t, "ada@example.com")
	page := b.get("/account/credits")
	entry := regexp.MustCompile(`href="(/account/credits/[0-9a-f-]{36})"`)
	if n := len(entry.FindAllString(page.body, -1)); n != 25 || strings.Contains(page.body, "secret") || !strings.Contains(page.body, "<time datetime=") {
		t.Errorf("got %d entries, want the first page of the person's own\n%s", n, page.body)
	}
	older := regexp.MustCompile(`rel="next" href="([^"]+)"`).FindStringSubmatch(page.body)
	if older == nil {
		t.Fatal("got no older page")
	}
	if n := len(entry.FindAllString(b.get(older[1]).body, -1)); n != 16 {
		t.Errorf("got %d entries on the last page, want 15 uses and the bonus", n)
	}
	if got := b.get("/account/credits?type=usage&app=chat&from=2020-01-01"); len(entry.FindAllString(got.body, -1)) != 20 || !strings.Contains(got.body, `value="chat" selected`) {
		t.Errorf("got %d entries of an app\n%s", len(entry.FindAllString(got.body, -1)), got.body)
	}
	if got := b.get("/account/credits?to=2020-01-01&app=%22%3E%3Cscript%3E&before=-7"); got.StatusCode != http.StatusOK || strings.Contains(got.body, "<script>") {
		t.Errorf("got %d for a filter that nothing passes", got.StatusCode)
	}
	one := b.get(entry.FindStringSubmatch(page.body)[1])
	if one.StatusCode != http.StatusOK || !strings.Contains(one.body, "=Use 39") || !strings.Contains(one.body, "−1") {
		t.Errorf("got %d\n%s", one.StatusCode, one.body)
	}
	stranger := fmt.Sprint(theirs["transactionId"])
	if transaction, ok := theirs["transaction"].(map[string]any); ok {
		stranger = fmt.Sprint(transaction["id"])
	}
	for _, id := range []string{stranger, "x", "01890000-0000-7000-8000-000000000000"} {
		if got := b.get("/account/credits/" + id); got.StatusCode != http.StatusNotFound || strings.Contains(got.body, "Theirs") {
			t.Errorf("got %d for the entry %s of somebody else", got.StatusCode, id)
		}
	}
	file := b.get("/account/credits/export?format=csv&type=usage")
	rows, err := csv.NewReader(strings.NewReader(file.body)).ReadAll()
	if err != nil || len(rows) != 41 || rows[1][9] != "'=Use 39" || !strings.Contains(file.Header.Get("Content-Disposition"), `filename="credits.csv"`) {
		t.Errorf("got %d rows, %v, %v, want all uses", len(rows), err, file.Header)
	}
	lines := strings.Split(strings.TrimSpace(b.get("/account/credits/export?format=jsonl").body), "\n")
	if len(lines) != 41 || !strings.Contains(lines[40], `"type":"bonus"`) {
		t.Errorf("got %d lines, want all entries", len(lines))
	}
}

// TestExportData: what is kept of a person is theirs to take, after a proof that is not older than five minutes.
func TestExportData(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t)
	b.signUp("ada@example.com")
	b.enableApp()
	s.sql(t, `INSERT INTO auth_passkeys (credential_id, user_id, name, public_key, sign_count, backup_eligible, created_at)
		SELECT X'01', id, 'My phone', X'02', 0, 1, created_at FROM auth_users`)
	s.sql(t, `INSERT INTO auth_accounts (id, user_id, provider, provider_account_id, email, created_at)
		SELECT id, id, 'acme', '17', 'ada@work.example', created_at FROM auth_users`)
	data := b.submit(b.get("/account"), "/account/data")
	var own struct {
		Email          string
		Credits        []map[string]any
		Sessions       []map[string]any
		Passkeys       []map[string]any
		LinkedAccounts []map[string]any
		SecurityEvents []map[string]any
	}
	if err := json.Unmarshal([]byte(data.body), &own); err != nil || own.Email != "ada@example.com" || len(own.Credits) != 1 ||
		len(own.Sessions) != 1 || len(own.SecurityEvents) != 4 || own.SecurityEvents[0]["type"] != "data_exported" {
		t.Errorf("got %v of %s", err, data.body)
	}
	if len(own.Passkeys) != 1 || own.Passkeys[0]["name"] != "My phone" || len(own.LinkedAccounts) != 1 || own.LinkedAccounts[0]["email"] != "ada@work.example" ||
		strings.Contains(data.body, `"authenticatorAppSince":"0001`) || strings.Contains(data.body, "publicKey") {
		t.Errorf("got %s, want the ways in too, without keys", data.body)
	}
	s.sql(t, `UPDATE auth_users SET second_factor = 0`)
	s.sql(t, `UPDATE auth_sessions SET auth_time = auth_time - 301000000`)
	again := b.submit(b.get("/account"), "/account/data")
	if again.Request.URL.RequestURI() != "/login?return=%2Faccount" || !strings.Contains(again.body, "readonly") {
		t.Fatalf("got %s, want the same person asked again\n%s", again.Request.URL, again.body)
	}
	back := b.submit(again, "/login", "username", "ada@example.com", "password", testPassword)
	if back.Request.URL.Path != "/account" {
		t.Fatalf("got %s after the proof, want the page of the form", back.Request.URL)
	}
	if got := b.submit(back, "/account/data"); got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %d at %s after a fresh proof", got.StatusCode, got.Request.URL)
	}
}
