package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"mana/migrations"
	"mana/storage/postgres"
	"mana/storage/servers"
)

// emptyDatabase makes a database without our schema.
func emptyDatabase(t *testing.T) string {
	t.Helper()
	name := newDatabase(t)
	if err := server.Exec(t.Context(), name, `DROP SCHEMA auth, credits CASCADE`); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestMigrate lets several starters migrate at one time: one does the work. What does not fit is refused.
func TestMigrate(t *testing.T) {
	t.Parallel()
	database := emptyDatabase(t)
	owner := server.URL(servers.Owner, database)
	status := func() (applied int) {
		t.Helper()
		steps, err := postgres.Status(t.Context(), owner)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range steps {
			if !step.AppliedAt.IsZero() {
				applied++
			}
		}
		return applied
	}
	if n := status(); n != 0 {
		t.Errorf("got %d steps of an empty database, want none", n)
	}
	if _, err := postgres.Open(t.Context(), postgres.Config{URL: server.URL(servers.App, database)}); !errors.Is(err, postgres.ErrSchema) {
		t.Errorf("got %v before a migration, want %v", err, postgres.ErrSchema)
	}
	var mu sync.Mutex
	var done sync.WaitGroup
	total := 0
	for range 8 {
		done.Go(func() {
			applied, err := postgres.Migrate(t.Context(), owner, servers.App)
			mu.Lock()
			defer mu.Unlock()
			if total += len(applied); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if n := status(); n != total || n == 0 {
		t.Errorf("got %d steps by 8 starters, and %d in the database, want each once", total, n)
	}
	openURL(t, server.URL(servers.App, database), nil)

	migrate := func() error {
		_, err := postgres.Migrate(t.Context(), owner, servers.App)
		return err
	}
	exec := func(query string) {
		t.Helper()
		if err := server.Exec(t.Context(), database, query); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := postgres.Migrate(t.Context(), owner, `no "such" role`); !strings.Contains(fmt.Sprint(err), "granting rights") {
		t.Errorf("got %v for a role that is not there", err)
	}
	exec(`UPDATE auth.schema_migrations SET checksum = '' WHERE version = 2`)
	if err := migrate(); !errors.Is(err, postgres.ErrSchema) || !strings.Contains(err.Error(), "0002_credits was changed") {
		t.Errorf("got %v, want a changed migration refused", err)
	}
	exec(`UPDATE auth.schema_migrations SET version = 905 WHERE version = 2`)
	if err := migrate(); !errors.Is(err, postgres.ErrSchema) || !strings.Contains(err.Error(), "it is at version 905,") {
		t.Errorf("got %v, want the newest version named", err)
	}
}

// TestSameSteps holds the numbers and names of both engines' migrations against each other.
func TestSameSteps(t *testing.T) {
	t.Parallel()
	ours, err := migrations.Postgres()
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := migrations.SQLite()
	if err != nil || len(ours) != len(theirs) {
		t.Fatalf("got %d and %d migrations, %v, want as many", len(ours), len(theirs), err)
	}
	for i := range ours {
		if ours[i].Name != theirs[i].Name {
			t.Errorf("got %s and %s, want one name", ours[i].Name, theirs[i].Name)
		}
	}
}

// TestForeignURL refuses what cannot be read, and repeats no password.
func TestForeignURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://mana:hunter2@localhost:port/mana", "postgres://mana:hunter2@localhost/mana?default_query_exec_mode=simple_protocol",
		"postgres://mana:hunter2@127.0.0.1:1/mana?connect_timeout=1",
	} {
		_, err := postgres.Open(t.Context(), postgres.Config{URL: url})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v, want a refusal without the password", err)
		}
	}
}
