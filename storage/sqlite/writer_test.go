package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
)

// openForTest opens a fresh file.
func openForTest(t *testing.T) *DB {
	t.Helper()
	db, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "mana.db"), Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
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

func personForTest(t *testing.T, db *DB) uuid.UUID {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	claim := make([]byte, 32)
	copy(claim, id[:])
	_, err := db.Identity().CreateAccount(t.Context(), identity.NewAccount{
		User:         identity.User{ID: id, Email: identity.Email(id.String() + "@example.com"), Role: identity.RoleUser, CreatedAt: time.Now(), UpdatedAt: time.Now()},
		PasswordHash: "-", BonusClaim: claim, Event: identity.Event{Type: "register"},
		Opening: ledger.Opening{TransactionID: uuid.Must(uuid.NewV7()), Bonus: 150 * ledger.Credit},
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestLostCommit commits a batch and loses the answer. What was done is found, not done again: by its key, and
// without a key by its own id.
func TestLostCommit(t *testing.T) {
	t.Parallel()
	db := openForTest(t)
	user := personForTest(t, db)
	credits := ledger.New(ledger.Config{Store: db.Ledger()})
	healthy, first := db.writer.stmts["COMMIT"], true
	queued := make(chan struct{})
	var group sync.WaitGroup
	write := func(run func(*tx) error) {
		group.Go(func() {
			if err := db.write(t.Context(), run); err != nil {
				t.Error(err)
			}
		})
	}
	wait := func(jobs int) {
		for len(db.writer.jobs) < jobs {
			time.Sleep(time.Millisecond)
		}
	}
	taken := make(chan struct{})
	write(func(*tx) error { close(taken); <-queued; return nil })
	<-taken
	write(func(tx *tx) error { // the next batch begins with it, and so does its repetition
		tx.w.stmts["COMMIT"] = healthy
		if !first {
			return nil
		}
		first = false
		lost, err := tx.w.conn.PrepareContext(tx.ctx, `COMMIT; SELECT 1 FROM nowhere`) //nolint:sqlclosecheck // ends with the connection
		tx.w.stmts["COMMIT"] = lost
		return err
	})
	wait(1)
	const uses = 20
	receipts := make([]ledger.Receipt, uses)
	for i := range uses {
		group.Go(func() {
			use := ledger.Use{UserID: user, Amount: ledger.Credit, AppID: "chat", Caller: "app"}
			if i%2 == 0 {
				use.IdempotencyKey = fmt.Sprint("k-", i)
			}
			var err error
			if receipts[i], err = credits.Use(context.Background(), use); err != nil {
				t.Error(err)
			}
		})
	}
	wait(1 + uses)
	close(queued)
	group.Wait()
	ids := make(map[uuid.UUID]bool)
	for _, r := range receipts {
		ids[r.Transaction.ID] = true
	}
	balance, err := credits.Balance(t.Context(), user)
	if err != nil || len(ids) != uses || balance.Free != (150-uses)*ledger.Credit {
		t.Errorf("got %d transactions and %v, %v, want each debit once", len(ids), balance.Free, err)
	}
}

// TestLogStaysSmall writes many times the size at which the log is folded in, with a reader in the way for a while.
func TestLogStaysSmall(t *testing.T) {
	t.Parallel()
	db := openForTest(t)
	write := func(n int) {
		for range n {
			err := db.write(t.Context(), func(tx *tx) error {
				_, err := tx.exec(`INSERT INTO auth_security_events (id, event_type, metadata, created_at) VALUES (?, 'x', json_quote(hex(randomblob(100000))), 0)`,
					uuid.Must(uuid.NewV7()).String())
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	size := func() int64 {
		var path string
		row := db.readers.QueryRowContext(t.Context(), `SELECT file FROM pragma_database_list WHERE name = 'main'`)
		if err := row.Scan(&path); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	write(60) // 12 MB
	if n := size(); n > 10<<20 {
		t.Errorf("got a log of %d bytes, want it folded in at 4 MiB", n)
	}
	reader, err := db.readers.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := reader.QueryRowContext(t.Context(), `SELECT count(*) FROM auth_security_events`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	write(100) // 20 MB
	if n := size(); n < 16<<20 {
		t.Errorf("got a log of %d bytes, want it to grow while a reader holds it", n)
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for write(1); size() > 10<<20; write(1) {
		if time.Now().After(deadline) {
			t.Fatalf("got a log of %d bytes, want it cut once the reader has gone", size())
		}
	}
}
