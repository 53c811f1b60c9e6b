package storage

import (
	"database/sql"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
)

// TestEveryTableIsRestoredOrVoided holds the lists of a restore against the schema: whoever adds a table says what
// becomes of its rows.
func TestEveryTableIsRestoredOrVoided(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mana.db")
	db, err := Open(t.Context(), path, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := file.QueryContext(t.Context(), `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	listed := slices.Concat(voided, restored)
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			t.Fatal(err)
		}
		at := slices.Index(listed, table)
		if at < 0 {
			t.Errorf("%s is in neither list: a row that may be used once, or lets somebody in, is voided by a restore", table)
			continue
		}
		listed = slices.Delete(listed, at, at+1)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(listed) > 0 {
		t.Errorf("got %v listed twice, or no tables", listed)
	}
}
