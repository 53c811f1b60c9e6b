package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"mana/migrations"
	"mana/storage/servers"
)

// onPostgres starts a PostgreSQL and a PgBouncer, and gives the settings of a program behind them. Settings are those of
// [servers.StartPostgres].
func onPostgres(t *testing.T, settings ...string) (server *servers.Postgres, env []string) {
	t.Helper()
	server, err := servers.StartPostgres(t.Context(), settings...)
	servers.Need(t, err)
	t.Cleanup(func() {
		if err := server.Remove(); err != nil {
			t.Error(err)
		}
	})
	bouncer, err := servers.StartPgBouncer(t.Context(), server, 8)
	servers.Need(t, err)
	t.Cleanup(func() {
		if err := bouncer.Remove(); err != nil {
			t.Error(err)
		}
	})
	roles, err := os.ReadFile("deploy/postgres/roles.sql")
	if err != nil {
		t.Fatal(err)
	}
	password := "'" + servers.Password + "'"
	setUp := strings.NewReplacer(":'owner_password'", password, ":'app_password'", password).Replace(string(roles))
	setUp, create, _ := strings.Cut(setUp, "CREATE DATABASE")
	for _, query := range []string{"DROP ROLE mana_owner; DROP ROLE mana_app", setUp, "CREATE DATABASE" + create} {
		if err := server.Exec(t.Context(), "postgres", query); err != nil {
			t.Fatal(err)
		}
	}
	return server, []string{
		"DATABASE_URL=" + bouncer.URL(servers.App, "mana"), "DATABASE_DIRECT_URL=" + server.URL(servers.Owner, "mana"),
	}
}

// TestOnPostgres runs the program through PgBouncer: from an empty database to credits spent by two replicas.
func TestOnPostgres(t *testing.T) {
	t.Parallel()
	database, env := onPostgres(t)
	s := prepare(t, env...)
	all, err := migrations.Postgres()
	if err != nil {
		t.Fatal(err)
	}
	if got := s.command(t, "migrate", "status"); strings.Count(got, "missing") != len(all) {
		t.Errorf("got %s, want %d migrations missing", got, len(all))
	}
	if got := s.fails(t, exitFailed, "client", "list"); !strings.Contains(got, "mana migrate up") {
		t.Errorf("got %s, want to be told what to do", got)
	}
	s.serve(t) // migrates
	if got := s.command(t, "migrate", "up"); got != "The schema is up to date.\n" {
		t.Errorf("got %s", got)
	}
	if got := s.command(t, "migrate", "status", "--json"); strings.Count(got, `"applied_at"`) != len(all) {
		t.Errorf("got %s, want %d migrations applied", got, len(all))
	}
	id, token := s.person(t, "ada@example.com")
	b := s.backend(t, "--app", "todo", "--allow", "balance,use,refund", "--cap-day", "20")

	other := prepare(t, append(env, "ISSUER="+s.issuer)...)
	other.dir, other.env = s.dir, append(other.env, "DATA_DIR="+s.dir) // one master key
	other.serve(t)
	for i, replica := range []*server{s, other} {
		status, body, _ := replica.api(t, "POST", "/api/v1/credits/use", token,
			map[string]any{"amount": 1, "appId": "chat", "description": "Reply", "idempotencyKey": fmt.Sprint(i)})
		if status != 201 {
			t.Fatalf("replica %d: got %d %v", i, status, body)
		}
	}
	if status, body, _ := b.call(t, "POST", "credits/use", spend(id, "20", "")); status != 201 {
		t.Errorf("got %d %v", status, body)
	}
	status, body, _ := b.call(t, "POST", "credits/use", spend(id, "1", ""))
	wantError(t, "above the cap of the day", status, body, 403, "KEY_LIMIT_EXCEEDED")
	if got := b.free(t, id); got != "128" {
		t.Errorf("got %s, want what both replicas left", got)
	}
	right := s.env
	s.env = append(right, "DATABASE_DIRECT_URL=")
	s.command(t, "client", "list")
	s.command(t, "migrate", "status")
	s.command(t, "healthcheck")
	for _, migrating := range []string{"serve", "migrate up"} {
		if got := s.fails(t, exitFailed, strings.Fields(migrating)...); !strings.Contains(got, "DATABASE_DIRECT_URL  not set") {
			t.Errorf("%s: got %s, want to be told of the owner's role", migrating, got)
		}
	}
	s.env = append(right, "DATABASE_URL="+database.URL(servers.Owner, "mana"), "DATABASE_DIRECT_URL=", "MIGRATE=off")
	if got := s.fails(t, exitFailed, "client", "list"); !strings.Contains(got, "owns tables") || strings.Contains(got, url.QueryEscape(servers.Password)) {
		t.Errorf("got %s, want the owner refused, and no password", got)
	}
}
