package postgres_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
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

// TestRulesBeforeStart takes a rule away and adds one while no program looks.
func TestRulesBeforeStart(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	for _, query := range []string{
		`DROP TRIGGER transactions_append_only ON credits.transactions`,
		`CREATE TRIGGER more BEFORE UPDATE ON credits.entries FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
	} {
		if err := server.Exec(t.Context(), database, query); err != nil {
			t.Fatal(err)
		}
	}
	db := openURL(t, serverURL(servers.App, database), time.Now)
	checker := ledger.NewChecker(ledger.CheckerConfig{Store: db.Ledger(), Books: db.Ledger(), Now: time.Now})
	faults, err := checker.Watch(t.Context())
	if err != nil || len(faults) != 2 || faults[0].Invariant != "I20" {
		t.Errorf("got %v, %v, want both found", faults, err)
	}
}
