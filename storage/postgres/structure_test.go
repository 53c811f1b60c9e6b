package postgres_test

import (
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/storage/postgres"
	"mana/storage/servers"
)

// TestRuleNames holds the names of rules that the program knows against what its migrations make.
func TestRuleNames(t *testing.T) {
	t.Parallel()
	db := openURL(t, serverURL(servers.App, newDatabase(t)), time.Now)
	stored, known, err := postgres.RulesForTest(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	stored = slices.DeleteFunc(stored, func(name string) bool { return strings.Contains(name, "_not_null of ") }) // named since version 18
	if !slices.Equal(stored, known) {
		t.Errorf("got other rules, write them to rules.txt:\n%s", strings.Join(stored, "\n"))
	}
}

// TestNotReadyWhenReadOnly opens a database that takes no writes.
func TestNotReadyWhenReadOnly(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	set := func(value string) {
		if err := server.Exec(t.Context(), "postgres", `ALTER DATABASE `+database+` SET default_transaction_read_only = `+value); err != nil {
			t.Fatal(err)
		}
	}
	set("on")
	db := openURL(t, serverURL(servers.App, database), time.Now)
	err := db.Ledger().Freeze(t.Context(), uuid.New(), nil)
	if !errors.Is(err, postgres.ErrBusy) || !errors.Is(db.Ping(t.Context()), postgres.ErrBusy) {
		t.Errorf("got %v and ready, want neither writes nor ready", err)
	}
	set("off")
	if err := openURL(t, serverURL(servers.App, database), time.Now).Ping(t.Context()); err != nil {
		t.Errorf("got %v, want it ready", err)
	}
}

// TestRulesBeforeStart takes a rule away and adds others while no program looks.
func TestRulesBeforeStart(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		`DROP TRIGGER transactions_append_only ON credits.transactions`:                                                           "transactions_append_only of credits.transactions is missing",
		`CREATE POLICY everybody ON auth.passwords USING (true)`:                                                                  "policy everybody of auth.passwords is not",
		`CREATE TRIGGER more BEFORE UPDATE ON credits.entries FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`: "trigger more of credits.entries is not",
	} {
		database := newDatabase(t)
		if err := server.Exec(t.Context(), database, query); err != nil {
			t.Fatal(err)
		}
		_, err := postgres.Open(t.Context(), postgres.Config{URL: serverURL(servers.App, database), Logger: slog.New(slog.DiscardHandler)})
		if !errors.Is(err, postgres.ErrSchema) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestRulesWhileServing opens ways around row security while a program serves: the checker finds each.
func TestRulesWhileServing(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	db := openURL(t, serverURL(servers.App, database), time.Now)
	for _, query := range []string{
		`CREATE POLICY everybody ON credits.balances USING (true)`,
		`GRANT UPDATE (amount) ON credits.entries TO mana_app`,
		`CREATE VIEW auth.people AS SELECT * FROM auth.users; GRANT SELECT ON auth.people TO mana_app`,
		`CREATE FUNCTION auth.f() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM auth.passwords'`,
		`ALTER DATABASE ` + database + ` SET app.actor = 'system'`,
	} {
		if err := server.Exec(t.Context(), database, query); err != nil {
			t.Fatal(err)
		}
	}
	faults, err := db.Ledger().Structure(t.Context(), false)
	if err != nil || len(faults) != 5 {
		t.Errorf("got %v, %v, want all five found", faults, err)
	}
}

// TestHangingHost names a host first that takes connections and never answers.
func TestHangingHost(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	url := strings.Replace(serverURL(servers.App, newDatabase(t)), "@", "@"+listener.Addr().String()+",", 1) + "&connect_timeout=1"
	db, err := postgres.Open(t.Context(), postgres.Config{URL: url, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// TestRisks tells of settings that risk what was committed.
func TestRisks(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	if err := server.Exec(t.Context(), database, `ALTER DATABASE `+database+` SET synchronous_commit = off`); err != nil {
		t.Fatal(err)
	}
	risks, err := openURL(t, serverURL(servers.App, database), time.Now).Risks(t.Context())
	if err != nil || !slices.Contains(risks, "synchronous_commit = off") {
		t.Errorf("got %v, %v, want synchronous_commit", risks, err)
	}
}
