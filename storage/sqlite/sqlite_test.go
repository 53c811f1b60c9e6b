package sqlite_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

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
		Identity: db.Identity(), Provider: db.Provider(), ServiceKeys: db.Provider(), Ledger: db.Ledger(), Keys: db.Keys(),
		Capped: db.Ledger().Capped, Clean: db.Clean, Revisions: db.Revisions,
		Exec: func(ctx context.Context, query string) error {
			return sqlite.ExecForTest(ctx, db, query)
		},
		Number: func(ctx context.Context, query string) (int, error) { return sqlite.NumberForTest(ctx, db, query) },
	}
}

func TestStorage(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, open)
}
