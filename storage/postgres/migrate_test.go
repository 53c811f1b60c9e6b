package postgres_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

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

// TestReleases runs the programs of two releases on the schemas of both: as far as the steps between them say that it works.
func TestReleases(t *testing.T) {
	t.Parallel()
	before, err := migrations.Postgres()
	if err != nil {
		t.Fatal(err)
	}
	known := len(before)
	for name, c := range map[string]struct {
		says     string
		old, new bool // the program before on the schema after, and the program after on the schema before
	}{
		"neither": {"-- A column more.", false, false},
		"back":    {fmt.Sprintf("-- serves programs from %d", known), true, false},
		"both":    {fmt.Sprintf("-- serves programs from %d, its own can do without it", known), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := newDatabase(t)
			owner := server.URL(servers.Owner, database)
			next, err := migrations.New(known+1, "next", c.says+"\nCREATE TABLE auth.next (); ALTER TABLE auth.next ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
			if err != nil {
				t.Fatal(err)
			}
			after := append(slices.Clip(before), next)
			want := func(steps []migrations.Migration, fits bool) {
				t.Helper()
				db, err := postgres.OpenStepsForTest(t.Context(), postgres.Config{
					URL: server.URL(servers.App, database), Logger: slog.New(slog.DiscardHandler),
				}, steps)
				if err == nil {
					err = errors.Join(db.Ping(t.Context()), db.Close())
				}
				if (err == nil) != fits || !fits && !errors.Is(err, postgres.ErrSchema) {
					t.Errorf("%d steps: got %v, want it to fit: %v", len(steps), err, fits)
				}
			}
			want(before, true)
			want(after, c.new)
			if _, err := postgres.Apply(t.Context(), owner, servers.App, after); err != nil {
				t.Fatal(err)
			}
			want(after, true)
			want(before, c.old)
			if err := server.Exec(t.Context(), database, `GRANT SELECT ON auth.next TO mana_app`); err != nil { // as its release does
				t.Fatal(err)
			}
			if _, err := postgres.Migrate(t.Context(), owner, servers.App); (err == nil) != c.old {
				t.Errorf("got %v of migrating back, want none: %v", err, c.old)
			}
			db := connect(t, server.URL(servers.App, database))
			if err := db.as("system", "", func(tx pgx.Tx) error { _, err := tx.Exec(t.Context(), `SELECT FROM auth.next`); return err }); err != nil {
				t.Errorf("got %v, want the rights of the newer program kept", err)
			}
		})
	}
	for _, says := range []string{"-- serves programs from 900", "-- serves programs from all"} {
		if _, err := migrations.New(5, "wrong", says); err == nil {
			t.Errorf("%s: want it refused", says)
		}
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
