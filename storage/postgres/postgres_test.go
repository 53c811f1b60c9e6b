package postgres_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mana/storage/postgres"
	"mana/storage/servers"
	"mana/storage/storagetest"
)

var databases atomic.Int64

// newDatabase copies the template, and drops the copy with the test, in which no transaction may have met a deadlock.
func newDatabase(t *testing.T) string {
	t.Helper()
	servers.Need(t, missing)
	name := fmt.Sprintf("mana_%d", databases.Add(1))
	if err := server.Exec(t.Context(), "postgres", `CREATE DATABASE `+name+` TEMPLATE `+template+` OWNER `+servers.Owner); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.Background()
		if n, err := server.Number(ctx, `SELECT deadlocks FROM pg_stat_database WHERE datname = '`+name+`'`); err != nil || n != 0 {
			t.Errorf("got %d deadlocks, %v, want none", n, err)
		}
		if err := server.Exec(ctx, "postgres", `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
	})
	return name
}

// openURL opens a store that closes with the test.
func openURL(t *testing.T, url string, now func() time.Time) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: url, Now: now, Wait: time.Minute, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// opener gives the suites fresh stores by a way to the server.
func opener(url func(role, database string) string, options string) storagetest.Open {
	return func(t *testing.T, now func() time.Time) storagetest.Store {
		t.Helper()
		database := newDatabase(t)
		db := openURL(t, url(servers.App, database)+options, now)
		return storagetest.Store{
			Identity: db.Identity(), Provider: db.Provider(), ServiceKeys: db.Provider(), Packages: db.Provider(), Ledger: db.Ledger(), Till: db.Ledger(), AppUsage: db.Ledger().AppUsage, Books: db.Ledger(), Keys: db.Keys(), KeyActs: db.Keys().By,
			Transactions: db.Ledger().Transactions,
			Capped:       db.Ledger().Capped, Clean: db.Clean, Revisions: db.Revisions, Endings: db.Endings,
			Exec: func(ctx context.Context, query string) error { return postgres.ExecForTest(ctx, db, query) },
			Weaken: func(ctx context.Context) error {
				return server.Exec(ctx, database, `DROP TRIGGER transactions_append_only ON credits.transactions`)
			},
			Intrude: func(ctx context.Context) error {
				return server.Exec(ctx, database, `CREATE TRIGGER more BEFORE UPDATE ON credits.entries
					FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`)
			},
			Tamper: func(ctx context.Context, query string) error {
				return server.Exec(ctx, database, `SET session_replication_role = replica; `+query)
			},
			Number: func(ctx context.Context, query string) (int, error) { return postgres.NumberForTest(ctx, db, query) },
			Spelling: storagetest.Spelling{
				Replace: func(table, key string) string {
					return fmt.Sprintf(`INSERT INTO %s SELECT * FROM %[1]s ON CONFLICT (%s) DO UPDATE SET user_id = excluded.user_id`, table, key)
				},
				Post:   func(transaction, entries string) string { return transaction + "; " + entries },
				Blob:   func(n int) string { return `'\x` + strings.Repeat("00", n) + `'::bytea` },
				Random: `sha256(gen_random_uuid()::text::bytea)`,
				Day:    func(day time.Time) string { return "date '" + day.UTC().Format(time.DateOnly) + "'" },
			},
		}
	}
}

func TestStorage(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, opener(serverURL, "&default_query_exec_mode=cache_statement"))
}

// TestStorageThroughPgBouncer runs the suites again in the mode that any PgBouncer takes.
func TestStorageThroughPgBouncer(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, opener(bouncerURL, "&default_query_exec_mode=cache_describe"))
}

// TestStoragePreparedThroughPgBouncer runs them with prepared statements, where the pooler knows them.
func TestStoragePreparedThroughPgBouncer(t *testing.T) {
	t.Parallel()
	servers.Need(t, missing)
	if !bouncer.Prepares() {
		t.Skipf("SKIPPED: %s knows no prepared statements", bouncer.Version)
	}
	storagetest.Run(t, opener(bouncerURL, "&default_query_exec_mode=cache_statement"))
}

func serverURL(role, database string) string  { return server.URL(role, database) }
func bouncerURL(role, database string) string { return bouncer.URL(role, database) }
