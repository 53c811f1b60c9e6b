package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"

	"mana/storage/servers"
)

// sealed makes an age key: its recipient, and the file of its identity.
func sealed(t *testing.T) (recipient, identity string) {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	identity = filepath.Join(t.TempDir(), "key.txt")
	if err := os.WriteFile(identity, []byte("# created for a test\n"+key.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return key.Recipient().String(), identity
}

// TestRestoreDrill restores a backup of a server that was busy, on each engine into the same engine.
func TestRestoreDrill(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t, "openid offline_access credits:read credits:spend")
		next := f.elsewhere(t)
		f.drill(t, next)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		server, env := onPostgres(t)
		s := prepare(t, env...)
		s.command(t, "migrate", "up")
		f := s.fixture(t, "openid offline_access credits:read credits:spend", func() { s.serve(t) })
		for _, query := range []string{"CREATE DATABASE second OWNER " + servers.Owner, "CREATE ROLE second LOGIN PASSWORD '" + servers.Password + "' NOSUPERUSER NOBYPASSRLS"} {
			if err := server.Exec(t.Context(), "postgres", query); err != nil {
				t.Fatal(err)
			}
		}
		next := f.elsewhere(t, "DATABASE_URL="+server.URL("second", "second"), "DATABASE_DIRECT_URL="+server.URL(servers.Owner, "second"))
		next.command(t, "migrate", "up") // as a set-up would: nobody has used it
		elsewhere := "INSERT INTO auth.endings (xact, subject) VALUES (1::bigint << 60, 'of a server with more transactions')"
		if err := server.Exec(t.Context(), "mana", elsewhere); err != nil {
			t.Fatal(err)
		}
		f.drill(t, next)
		late := "DO $$ BEGIN IF EXISTS (SELECT FROM auth.endings WHERE xact > pg_current_xact_id()::text::bigint) THEN RAISE EXCEPTION 'edges hear it for ever'; END IF; END $$"
		if err := server.Exec(t.Context(), "second", late); err != nil {
			t.Error(err)
		}
		next.env = append(next.env, "DATABASE_DIRECT_URL=")
		next.fails(t, exitFailed, "backup", "--to", filepath.Join(f.dir, "other"))
	})
}

// elsewhere is an empty installation for the same issuer, with the same master key.
func (s *server) elsewhere(t *testing.T, env ...string) *server {
	t.Helper()
	next := prepare(t, env...)
	next.issuer = s.issuer
	next.env = append(next.env, "PORT="+strings.TrimPrefix(s.issuer, "http://localhost:"))
	key, err := os.ReadFile(filepath.Join(s.dir, masterKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(next.dir, masterKeyFile), key, 0o600); err != nil {
		t.Fatal(err)
	}
	return next
}

// drill backs a busy server up, loses it, and lets people go on with the next.
func (f *fixture) drill(t *testing.T, next *server) {
	_, tokens, _ := f.token(t, "code", f.browser.authorize(f.auth()).Get("code"))
	spender := fmt.Sprint(tokens["access_token"])
	spendOn := func(s *server, token, key string) (int, map[string]any) {
		status, body, _ := s.api(t, "POST", "/api/v1/credits/use", token,
			map[string]any{"amount": 1, "appId": f.client.ID, "description": "Reply", "idempotencyKey": key})
		return status, body
	}
	_, first := spendOn(f.server, spender, "first")
	f.browser.authorize(f.auth()) // a code that is still to be redeemed
	f.browser.post("/forgot", map[string][]string{"email": {"ada@example.com"}})
	recipient, identity := sealed(t)
	if err := os.Rename(identity, filepath.Join(f.dir, "key.txt")); err != nil {
		t.Fatal(err)
	}
	identity = filepath.Join(f.dir, "key.txt")
	var busy sync.WaitGroup
	stop, started := make(chan struct{}), make(chan struct{})
	acknowledged := 0
	busy.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			status, body := spendOn(f.server, spender, fmt.Sprintf("busy-%d", n))
			if status == 201 {
				acknowledged++
			} else if acknowledged == 0 {
				t.Errorf("got %d %v", status, body)
			}
			if n == 0 {
				close(started)
			}
		}
	})
	<-started
	file := filepath.Join(f.dir, "backup.age")
	var kept shownBackup
	if err := json.Unmarshal([]byte(f.command(t, "backup", "--to", file, "--recipient", recipient, "--json")), &kept); err != nil {
		t.Fatal(err)
	}
	close(stop)
	busy.Wait()
	if acknowledged == 0 || !kept.Sealed || kept.Bytes == 0 || kept.Rows["auth_users"] != 1 || kept.Rows["auth_sessions"] == 0 ||
		kept.Rows["auth_codes"] < 2 || kept.Rows["auth_refresh_tokens"] == 0 || kept.Rows["auth_verification_tokens"] == 0 {
		t.Errorf("got %+v beside %d debits", kept, acknowledged)
	}
	f.fails(t, exitRefused, "backup", "--to", file)
	f.fails(t, exitUsage, "backup")
	f.fails(t, exitUsage, "backup", "--to", file+"2", "--recipient", "age1nobody")
	f.stop()
	f.restoreInto(t, next, file, identity, kept)

	next.serve(t)
	if status, body := spendOn(next, spender, "later"); status != 401 {
		t.Errorf("got %d %v for an access token from before", status, body)
	}
	if status, body, _ := next.post(t, "/token", f.client, "grant_type", "refresh_token", "refresh_token", fmt.Sprint(tokens["refresh_token"])); status != 400 {
		t.Errorf("got %d %v for a refresh token from before, want it ended", status, body)
	}
	page := f.browser.get("/account")
	if page.Request.URL.Path != "/login" {
		t.Errorf("got %s with a session from before, want the login", page.Request.URL)
	}
	f.browser.signIn(page, "ada@example.com") // with the password from before
	status, tokens, _ := f.token(t, "code", f.browser.authorize(f.auth()).Get("code"))
	if status != 200 {
		t.Fatalf("got %d %v", status, tokens)
	}
	if _, again := spendOn(next, fmt.Sprint(tokens["access_token"]), "first"); fmt.Sprint(again["transaction"]) != fmt.Sprint(first["transaction"]) {
		t.Errorf("got %v for a key from before, want %v", again, first)
	}
	next.command(t, "credits", "verify")
	next.stop()
	if got := next.fails(t, exitRefused, "restore", file, "--identity", identity); !strings.Contains(got, "not empty") {
		t.Errorf("got %s", got)
	}
}

// restoreInto tries what must fail, and then restores.
func (f *fixture) restoreInto(t *testing.T, next *server, file, identity string, kept shownBackup) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"ada@example.com", "SQLite format", "PGDMP"} {
		if bytes.Contains(content, []byte(secret)) {
			t.Errorf("got %q in a sealed backup", secret)
		}
	}
	cut := filepath.Join(f.dir, "cut.age")
	if err := os.WriteFile(cut, content[:len(content)-100], 0o600); err != nil {
		t.Fatal(err)
	}
	_, wrong := sealed(t)
	next.fails(t, exitMissing, "restore", file+"x")
	next.fails(t, exitUsage, "restore", file)
	next.fails(t, exitFailed, "restore", file, "--identity", wrong)
	next.fails(t, exitFailed, "restore", cut, "--identity", identity)
	var got shownRestore
	if err := json.Unmarshal([]byte(next.command(t, "restore", file, "--identity", identity, "--json")), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Ended) == 0 || got.KeysFault != "" || len(got.Ledger.Faults) != 0 || got.Ledger.Transactions != kept.Rows["credits_transactions"] {
		t.Errorf("got %+v", got)
	}
	if got.Rows["auth_endings"] <= kept.Rows["auth_endings"] {
		t.Errorf("got %d endings, want edges told of those of the restore", got.Rows["auth_endings"])
	}
	delete(kept.Rows, "auth_endings")
	for table, n := range kept.Rows {
		ended, voided := got.Ended[table]
		switch {
		case voided && (got.Rows[table] != 0 || ended != n):
			t.Errorf("%s: got %d rows, %d ended, want all %d ended", table, got.Rows[table], ended, n)
		case !voided && got.Rows[table] != n:
			t.Errorf("%s: got %d rows, want %d", table, got.Rows[table], n)
		}
	}
}

// TestRestoreRefuses gives files that are no backup for this program.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	s := start(t)
	file := filepath.Join(s.dir, "backup")
	if got := s.command(t, "backup", "--to", file); !strings.Contains(got, "0 people") {
		t.Errorf("got %s", got)
	}
	s.stop()
	text := filepath.Join(s.dir, "text")
	if err := os.WriteFile(text, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ file, want string }{
		"text":    {text, "not a database"},
		"newer":   {changed(t, file, `INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (9999, 'x', x'', 0)`), "is at version 9999"},
		"foreign": {changed(t, file, `DROP TABLE schema_migrations`), "no backup"},
	} {
		next := prepare(t)
		if got := next.fails(t, exitFailed, "restore", c.file); !strings.Contains(got, c.want) {
			t.Errorf("%s: got %s, want %q", name, got, c.want)
		}
		if _, err := os.Stat(filepath.Join(next.dir, "mana.db")); err == nil {
			t.Errorf("%s: got a database of a restore that failed", name)
		}
	}
	next := prepare(t)
	if got := next.fails(t, exitProblem, "restore", file); !strings.Contains(got, "master.key is missing") {
		t.Errorf("got %s, want to be told of the master key", got)
	}
}

// changed is a copy of a SQLite file with a statement run on it.
func changed(t *testing.T, file, query string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	copied := &server{dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(copied.dir, "mana.db"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	copied.sql(t, query)
	return filepath.Join(copied.dir, "mana.db")
}
