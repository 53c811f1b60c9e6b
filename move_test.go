package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestMoveHouse moves an installation from SQLite to PostgreSQL: what people and apps hold goes on there.
func TestMoveHouse(t *testing.T) {
	t.Parallel()
	_, env := onPostgres(t)
	f := newFixture(t, "openid offline_access credits:read credits:spend")
	_, tokens, _ := f.token(t, "code", f.browser.authorize(f.auth()).Get("code"))
	spender := fmt.Sprint(tokens["access_token"])
	spendOn := func(s *server, key string) map[string]any {
		t.Helper()
		status, body, _ := s.api(t, "POST", "/api/v1/credits/use", spender,
			map[string]any{"amount": 1.5, "appId": f.client.ID, "description": "Reply", "idempotencyKey": key, "metadata": map[string]any{"a": 1.50}})
		if status != 201 {
			t.Fatalf("got %d %v", status, body)
		}
		return body
	}
	before := spendOn(f.server, "k-1")
	b := f.backend(t, "--app", "todo", "--allow", "balance,use")
	if status, body, _ := b.call(t, "POST", "credits/use", spend(fmt.Sprint(before["transaction"].(map[string]any)["userId"]), "2", "")); status != 201 {
		t.Fatalf("got %d %v", status, body)
	}
	file := filepath.Join(f.dir, "mana.db")
	moved := prepare(t, append(env, "ISSUER="+f.issuer)...)
	moved.dir, moved.env = f.dir, append(moved.env, "DATA_DIR="+f.dir)
	if got := moved.fails(t, exitFailed, "migrate", "import", "--from", "sqlite:"+file); !strings.Contains(got, "stop it first") {
		t.Errorf("got %s, want a running server in the way", got)
	}
	f.stop()
	moved.fails(t, exitUsage, "migrate", "import", "--from", file)
	moved.fails(t, exitMissing, "migrate", "import", "--from", "sqlite:"+file+"x")
	var shown shownMove
	if err := json.Unmarshal([]byte(moved.command(t, "migrate", "import", "--from", "sqlite:"+file, "--json")), &shown); err != nil {
		t.Fatal(err)
	}
	if shown.Wallets != 1 || shown.Rows["auth_users"] != 1 || shown.Rows["credits_transactions"] != 3 || shown.Rows["auth_service_keys"] != 1 {
		t.Errorf("got %+v", shown)
	}
	moved.fails(t, exitRefused, "migrate", "import", "--from", "sqlite:"+file)

	moved.serve(t)
	if again := spendOn(moved, "k-1"); fmt.Sprint(again["transaction"]) != fmt.Sprint(before["transaction"]) {
		t.Errorf("got %v for a key from before, want %v", again, before)
	}
	spendOn(moved, "k-2")
	status, login, _ := moved.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "ada@example.com", "password": testPassword})
	if status != 200 {
		t.Errorf("got %d %v with the password from before", status, login)
	}
	status, fresh, _ := moved.post(t, "/token", f.client, "grant_type", "refresh_token", "refresh_token", fmt.Sprint(tokens["refresh_token"]))
	if status != 200 {
		t.Errorf("got %d %v for a refresh token from before", status, fresh)
	}
	if got := moved.command(t, "credits", "verify"); !strings.Contains(got, "4") {
		t.Errorf("got %s", got)
	}
}
