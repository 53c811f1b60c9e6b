package postgres_test

import (
	"slices"
	"strings"
	"testing"
	"time"

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
