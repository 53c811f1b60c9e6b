package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mana/migrations"
	"mana/storage/sqlite"
	"mana/storage/storagetest"
)

// open gives the suites a fresh store in a folder of its own.
func open(t *testing.T, now func() time.Time) storagetest.Store {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{
		Path: filepath.Join(t.TempDir(), "mana.db"), Now: now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return storagetest.Store{
		Identity: db.Identity(), Provider: db.Provider(), ServiceKeys: db.Provider(), Packages: db.Provider(), Ledger: db.Ledger(), Till: db.Ledger(), AppUsage: db.Ledger().AppUsage, Books: db.Ledger(), Keys: db.Keys(), KeyActs: db.Keys().By,
		Transactions: db.Ledger().Transactions,
		Capped:       db.Ledger().Capped, Clean: db.Clean, Revisions: db.Revisions, Endings: db.Endings,
		Exec: func(ctx context.Context, query string) error {
			return sqlite.ExecForTest(ctx, db, prefixed(query))
		},
		Weaken: func(ctx context.Context) error {
			return sqlite.ExecForTest(ctx, db, `DROP TRIGGER transactions_no_delete`)
		},
		Intrude: func(ctx context.Context) error {
			return sqlite.ExecForTest(ctx, db, `CREATE TRIGGER more AFTER INSERT ON credits_entries BEGIN SELECT 1; END`)
		},
		Tamper: func(ctx context.Context, query string) error {
			return sqlite.TamperForTest(ctx, db, prefixed(query))
		},
		Number: func(ctx context.Context, query string) (int, error) {
			return sqlite.NumberForTest(ctx, db, prefixed(query))
		},
		Spelling: storagetest.Spelling{
			Replace: func(table, _ string) string { return `INSERT OR REPLACE INTO ` + table + ` SELECT * FROM ` + table },
			Post:    func(transaction, entries string) string { return entries + "; " + transaction },
			Blob:    func(n int) string { return fmt.Sprintf("zeroblob(%d)", n) },
			Random:  "randomblob(32)",
			Day:     func(day time.Time) string { return strconv.FormatInt(day.Unix()/86400, 10) },
		},
	}
}

// prefixed makes of schemas what stands for them in the file: the beginning of a table's name.
func prefixed(query string) string {
	return strings.NewReplacer("auth.", "auth_", "credits.", "credits_").Replace(query)
}

func TestStorage(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, open)
}

// TestDeletionFinds has an index over all rows for each table that grows without end and is written when a person is
// deleted: the one writer does that.
func TestDeletionFinds(t *testing.T) {
	t.Parallel()
	s := open(t, time.Now)
	for _, table := range []string{"auth_sessions", "auth_refresh_tokens", "auth_grants", "auth_security_events"} {
		n, err := s.Number(t.Context(), `SELECT count(*) FROM pragma_index_list('`+table+`') l JOIN pragma_index_info(l.name) i
			WHERE l.partial = 0 AND i.seqno = 0 AND i.name = 'user_id'`)
		if err != nil || n == 0 {
			t.Errorf("%s: got %d indexes, %v", table, n, err)
		}
	}
}

// TestReleases runs the programs of two releases on the schemas of both: as far as the step between them says that it
// works. The newer one brings the schema up to date.
func TestReleases(t *testing.T) {
	t.Parallel()
	before, err := migrations.SQLite()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		says string
		back bool // the program before serves on the schema after
	}{
		"neither": {"-- A column more.", false},
		"back":    {fmt.Sprintf("-- serves programs from %d", len(before)), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next, err := migrations.New(len(before)+1, "next", c.says+"\nALTER TABLE auth_users ADD COLUMN next TEXT; CREATE TABLE auth_next (id TEXT) STRICT")
			if err != nil {
				t.Fatal(err)
			}
			cfg := sqlite.Config{Path: filepath.Join(t.TempDir(), "mana.db"), Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
			want := func(steps []migrations.Migration, fits bool) {
				t.Helper()
				db, err := sqlite.OpenStepsForTest(t.Context(), cfg, steps)
				if (err == nil) != fits || !fits && !errors.Is(err, sqlite.ErrSchema) {
					t.Fatalf("%d steps: got %v, want it to fit: %v", len(steps), err, fits)
				}
				if err != nil {
					return
				}
				faults, err := db.Ledger().Structure(t.Context(), true)
				if err != nil || len(faults) > 0 {
					t.Errorf("%d steps: got %v, %v, want no faults", len(steps), faults, err)
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			}
			after := append(slices.Clip(before), next)
			want(before, true)
			want(after, true)
			want(after, true)
			want(before, c.back)
			if status, err := sqlite.Status(t.Context(), cfg.Path); (err == nil) != c.back || c.back && len(status) != len(before) {
				t.Errorf("got %v, %v of the program before, want its own steps: %v", status, err, c.back)
			}
			want(after, true)
		})
	}
}

// TestNewerSchema names the version of a file that a later program has left.
func TestNewerSchema(t *testing.T) {
	t.Parallel()
	cfg := sqlite.Config{Path: filepath.Join(t.TempDir(), "mana.db"), Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
	db, err := sqlite.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for version := 901; version <= 920; version++ {
		err := sqlite.ExecForTest(t.Context(), db, fmt.Sprintf(`INSERT INTO schema_migrations (version, name, checksum, applied_at)
			VALUES (%d, 'later', x'00', 0)`, version))
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), cfg); !errors.Is(err, sqlite.ErrSchema) || !strings.Contains(err.Error(), "it is at version 920,") {
		t.Errorf("got %v, want the newest version named", err)
	}
}
