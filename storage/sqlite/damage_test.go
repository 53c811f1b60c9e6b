package sqlite

import (
	"bytes"
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
)

// TestDamage damages pages of the file: what reads past it says nothing, verifying says what is wrong, and goes on.
func TestDamage(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]struct {
		of    string // table or index
		page  []byte // what the first page of it begins with from now on
		sound bool   // each wallet can be read all the same
	}{
		"an index without rows": {"transactions_related_id", []byte{10, 0, 0, 0, 0, 16, 0, 0}, true},
		"no page at all":        {"credits_entries", bytes.Repeat([]byte{0xa7}, 200), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := Config{Path: filepath.Join(t.TempDir(), "mana.db"), Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
			users, page := refundedForTest(t, cfg, damage.of)
			file, err := os.OpenFile(cfg.Path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = file.WriteAt(damage.page, (page-1)*4096); err != nil || file.Close() != nil {
				t.Fatal(err)
			}
			db, err := Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			checker := ledger.NewChecker(ledger.CheckerConfig{Store: db.Ledger(), Books: db.Ledger(), Now: time.Now})
			report, err := checker.Verify(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			found := func(user uuid.UUID, text string) bool {
				return slices.ContainsFunc(report.Faults, func(f ledger.Fault) bool {
					return f.Invariant == "I20" && f.UserID == user && strings.Contains(f.Text, text)
				})
			}
			if !found(uuid.Nil, "the file is damaged") {
				t.Errorf("got %v, want the damage told", report.Faults)
			}
			for _, user := range users {
				if found(user, "malformed") == damage.sound {
					t.Errorf("got %v, want wallets readable: %v", report.Faults, damage.sound)
				}
				if one, err := checker.VerifyWallet(t.Context(), user, nil); err != nil || len(one.Faults) == 0 != damage.sound {
					t.Errorf("got %v, %v, want the wallet readable: %v", one.Faults, err, damage.sound)
				}
			}
		})
	}
}

// refundedForTest makes a file with two wallets and a refund, and gives the first page of a table or index of it.
func refundedForTest(t *testing.T, cfg Config, of string) (users []uuid.UUID, page int64) {
	t.Helper()
	db, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	users = []uuid.UUID{personForTest(t, db), personForTest(t, db)}
	credits := ledger.New(ledger.Config{Store: db.Ledger()})
	if _, err := credits.Use(t.Context(), ledger.Use{UserID: users[0], Amount: ledger.Credit, AppID: "chat", Caller: "app"}); err != nil {
		t.Fatal(err)
	}
	if _, err := credits.Refund(t.Context(), ledger.Refund{UserID: users[0], Amount: ledger.Credit, AppID: "chat", Caller: "app"}); err != nil {
		t.Fatal(err)
	}
	if err := db.readers.QueryRowContext(t.Context(), `SELECT rootpage FROM sqlite_schema WHERE name = ?`, of).Scan(&page); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return users, page
}

// TestRulesBeforeStart takes a rule away and adds one while no program looks.
func TestRulesBeforeStart(t *testing.T) {
	t.Parallel()
	cfg := Config{Path: filepath.Join(t.TempDir(), "mana.db"), Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
	db, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		`DROP TRIGGER entries_no_update`, `CREATE TRIGGER more AFTER INSERT ON credits_entries BEGIN SELECT 1; END`,
		`CREATE TABLE copies (n INTEGER)`, // of a tool that copies the file
	} {
		if err := ExecForTest(t.Context(), db, query); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = Open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	checker := ledger.NewChecker(ledger.CheckerConfig{Store: db.Ledger(), Books: db.Ledger(), Now: time.Now})
	faults, err := checker.Watch(t.Context())
	if err != nil || len(faults) != 2 || faults[0].Invariant != "I20" {
		t.Errorf("got %v, %v, want both found", faults, err)
	}
}

// TestMisnamedWallet gives a wallet an id that is none: it is told, and all others are checked.
func TestMisnamedWallet(t *testing.T) {
	t.Parallel()
	cfg := Config{Path: filepath.Join(t.TempDir(), "mana.db"), Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
	db, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	personForTest(t, db)
	lost := personForTest(t, db)
	file, err := sql.Open("sqlite", cfg.Path) // it knows no foreign keys
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	_, err = file.ExecContext(t.Context(), `UPDATE credits_balances SET user_id = 'x', version = version + 1 WHERE user_id = ?`, lost.String())
	if err != nil {
		t.Fatal(err)
	}
	checker := ledger.NewChecker(ledger.CheckerConfig{Store: db.Ledger(), Books: db.Ledger(), Now: time.Now})
	report, err := checker.Verify(t.Context(), nil)
	told := func(f ledger.Fault) bool {
		return f.Invariant == "I20" && strings.Contains(f.Text, "1 wallets have no id")
	}
	if err != nil || report.Wallets != 1 || !slices.ContainsFunc(report.Faults, told) {
		t.Errorf("got %+v, %v, want one wallet checked and the other told", report, err)
	}
	if faults, err := checker.Watch(t.Context()); err != nil || !slices.ContainsFunc(faults, told) || checker.Last() == nil {
		t.Errorf("got %v, %v, want it told and the pass ended", faults, err)
	}
}
