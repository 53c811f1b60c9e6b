package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"mana/keys"
	"mana/storage/servers"
)

// surfaces are requests of each form of refusal, and what their refusal says while there is no database.
var surfaces = []struct{ method, path, body, contentType, says string }{
	{"POST", "/api/v1/auth/refresh", `{"refreshToken":"x"}`, "application/json", "connection"},
	{"POST", "/api/v1/auth/login", `{"email":"ada@example.com","password":"x"}`, "application/json", `"SERVICE_UNAVAILABLE"`},
	{"GET", "/api/v1/credits/balance", "", "", `"SERVICE_UNAVAILABLE"`},
	{"GET", "/api//v1/nothing", "", "", `"SERVICE_UNAVAILABLE"`},
	{"POST", "/token", "grant_type=client_credentials", formType, `"temporarily_unavailable"`},
	{"POST", "/revoke", "token=x", formType, `"temporarily_unavailable"`},
	{"GET", "/jwks", "", "", `"temporarily_unavailable"`},
	{"GET", "/.well-known/openid-configuration", "", "", `"temporarily_unavailable"`},
	{"GET", "/authorize?client_id=x", "", "", "<html"},
	{"GET", "/login", "", "", "<html"},
	{"GET", "/", "", "", "<html"},
}

// wantNoDatabase holds all surfaces against what a program says that has not found its database yet.
func (s *server) wantNoDatabase(t *testing.T) {
	t.Helper()
	if status, body, _ := s.api(t, "GET", "/health/live", "", nil); status != 200 {
		t.Errorf("got %d %v, want it alive", status, body)
	}
	status, body, header := s.api(t, "GET", "/health/ready", "", nil)
	checks, _ := body["checks"].(map[string]any)
	if status != 503 || header.Get("Retry-After") == "" || !strings.Contains(fmt.Sprint(checks["database"]), "error") {
		t.Errorf("got %d %v, want it not ready", status, body)
	}
	for _, c := range surfaces {
		request, err := http.NewRequestWithContext(t.Context(), c.method, s.issuer+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.contentType != "" {
			request.Header.Set("Content-Type", c.contentType)
		}
		got := s.browser(t).do(request)
		if got.StatusCode != 503 || got.Header.Get("Retry-After") == "" || got.Header.Get("X-Request-Id") == "" || !strings.Contains(got.body, c.says) {
			t.Errorf("%s: got %d %v %s, want 503 with %s", c.path, got.StatusCode, got.Header, got.body, c.says)
		}
	}
}

// TestDatabaseAwayAtStart starts without the database, which comes later: stopped or hanging, directly or behind a
// pooler.
func TestDatabaseAwayAtStart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		direct   bool
		away, be func(*testing.T, *servers.Postgres)
	}{
		{"stopped behind a pooler", false, stopDatabase, startDatabase},
		{"stopped", true, stopDatabase, startDatabase},
		{"hanging", true, hangDatabase, resumeDatabase},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			database, env := onPostgres(t)
			if c.direct {
				env = append(env, "DATABASE_URL="+database.URL(servers.App, "mana"))
			}
			s := prepare(t, env...)
			c.away(t, database)
			log := s.begin(t)
			eventually(t, "it is alive", func() bool {
				response, err := http.Get(s.issuer + "/health/live")
				if err != nil {
					return false
				}
				response.Body.Close()
				return response.StatusCode == 200
			})
			s.wantNoDatabase(t)
			eventually(t, "what is waited for is told", func() bool { return strings.Contains(log.String(), "the database is away: waiting for it") })
			c.be(t, database)
			s.waitReady(t, log) // it has migrated, too
			s.person(t, "ada@example.com")
			if strings.Contains(log.String(), "correct") {
				t.Error("got the password in the log")
			}
		})
	}
}

func stopDatabase(t *testing.T, p *servers.Postgres) {
	t.Helper()
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
}

func startDatabase(t *testing.T, p *servers.Postgres) {
	t.Helper()
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func hangDatabase(t *testing.T, p *servers.Postgres) {
	t.Helper()
	if err := p.Hang(); err != nil {
		t.Fatal(err)
	}
}

func resumeDatabase(t *testing.T, p *servers.Postgres) {
	t.Helper()
	if err := p.Resume(); err != nil {
		t.Fatal(err)
	}
}

// TestDatabaseNeverThere stops in order while it waits.
func TestDatabaseNeverThere(t *testing.T) {
	t.Parallel()
	s := prepare(t, "MASTER_KEY="+keys.NewMasterKey().Encode(), "MIGRATE=off",
		"DATABASE_URL=postgres://mana_app:x@127.0.0.1:"+freePort(t)+"/mana?sslmode=disable")
	log := s.begin(t)
	eventually(t, "it waits", func() bool { return strings.Contains(log.String(), "waiting for it") })
	s.wantNoDatabase(t)
	if code, log := s.stop(); code != 0 {
		t.Errorf("got exit code %d\n%s", code, log)
	}
}

// TestWrongDatabase does not wait for what will not come by itself.
func TestWrongDatabase(t *testing.T) {
	t.Parallel()
	database, env := onPostgres(t)
	s := prepare(t, env...)
	s.command(t, "migrate", "up")
	set := func(change ...string) func() { return func() { s.env = append(s.env, change...) } }
	right := s.env
	pooled := strings.TrimPrefix(env[0], "DATABASE_URL=")
	wrong := func(url string) string { return strings.Replace(url, "correct%20horse", "battery", 1) }
	for _, c := range []struct {
		name   string
		change func()
		says   string
	}{
		{"password of the owner", set("DATABASE_DIRECT_URL=" + wrong(database.URL(servers.Owner, "mana"))), "password authentication failed"},
		{"password", set("MIGRATE=off", "DATABASE_URL="+wrong(database.URL(servers.App, "mana"))), "password authentication failed"},
		{"password at the pooler", set("MIGRATE=off", "DATABASE_URL="+wrong(pooled)), "authentication failed"},
		{"name", set("MIGRATE=off", "DATABASE_URL="+database.URL(servers.App, "none")), `"none" does not exist`},
		{"role", set("MIGRATE=off", "DATABASE_DIRECT_URL=", "DATABASE_URL="+database.URL(servers.Owner, "mana")), "owns tables"},
		{"risks, in production", set("ISSUER=https://id.example.com", "LISTEN=127.0.0.1:"+freePort(t), "MASTER_KEY="+keys.NewMasterKey().Encode()), "may lose what it has committed: fsync = off"},
		{"newer schema", func() {
			if err := database.Exec(t.Context(), "mana", `INSERT INTO auth.schema_migrations (version, name, checksum) VALUES (900, '0900_later', '')`); err != nil {
				t.Fatal(err)
			}
		}, "it is at version 900"},
	} {
		c.change()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		var got bytes.Buffer
		code := run(ctx, []string{"serve"}, s.env, io.Discard, &got)
		cancel()
		if code != exitFailed || !strings.Contains(got.String(), c.says) || strings.Contains(got.String(), "battery") {
			t.Errorf("%s: got exit code %d and %s, want to be told %s", c.name, code, &got, c.says)
		}
		s.env = right
	}
}
