package postgres_test

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/storage/postgres"
	"mana/storage/servers"
)

// TestCrash kills PostgreSQL under load and starts it again. Every use that was acknowledged is there, each once, and
// the engine goes on by itself.
func TestCrash(t *testing.T) {
	t.Parallel()
	servers.Need(t, missing)
	own, err := servers.StartPostgres(t.Context(), "fsync = on")
	servers.Need(t, err)
	t.Cleanup(func() {
		if err := own.Remove(); err != nil {
			t.Error(err)
		}
	})
	if err := own.Exec(t.Context(), "postgres", "CREATE DATABASE mana OWNER "+servers.Owner); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Migrate(t.Context(), own.URL(servers.Owner, "mana"), servers.App); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), postgres.Config{URL: own.URL(servers.App, "mana"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	people := newPeople(t, db, 8)
	var stop atomic.Bool
	var acknowledged, refused atomic.Int64
	var done sync.WaitGroup
	for caller := range 16 {
		done.Go(func() {
			for i := 0; !stop.Load(); i++ {
				if useUntilDone(t, db, people[(caller+i)%len(people)], fmt.Sprint(caller, "-", i), &refused) {
					acknowledged.Add(1)
				}
			}
		})
	}
	for range 2 {
		before := acknowledged.Load()
		waitFor(t, "the load", func() bool { return acknowledged.Load() > before+50 })
		if err := own.Kill(); err != nil {
			t.Error(err)
		}
		down := refused.Load()
		waitFor(t, "a refusal", func() bool { return refused.Load() > down })
		if err := own.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	before := acknowledged.Load()
	waitFor(t, "the load to go on", func() bool { return acknowledged.Load() > before+50 })
	stop.Store(true)
	done.Wait()
	n, err := postgres.NumberForTest(t.Context(), db, `SELECT count(*) FROM credits.transactions WHERE type = 'usage'`)
	if err != nil || int64(n-len(people)) != acknowledged.Load() {
		t.Errorf("got %d uses in the journal, %v, and %d acknowledged", n-len(people), err, acknowledged.Load())
	}
	sum, err := postgres.NumberForTest(t.Context(), db, `SELECT (SELECT sum(remaining) FROM credits.grants)
		+ (SELECT sum(CASE WHEN to_account < 0 THEN amount ELSE 0 END - CASE WHEN from_account < 0 THEN amount ELSE 0 END) FROM credits.entries)`)
	if err != nil || sum != 0 {
		t.Errorf("got a trial balance of %d, %v, want 0", sum, err)
	}
	t.Logf("%d uses, %d refused, %d commits without an answer, of which %d counted", acknowledged.Load(), refused.Load(),
		postgres.CountsForTest(db).Ambiguous.Load(), postgres.CountsForTest(db).Found.Load())
}

// useUntilDone repeats a use by its key, as a client does, until it is acknowledged.
func useUntilDone(t *testing.T, db *postgres.DB, who uuid.UUID, key string, refused *atomic.Int64) bool {
	for {
		_, err := bookOf(db).Use(t.Context(), use(who, ledger.Credit/1000, key))
		switch {
		case err == nil:
			return true
		case errors.Is(err, postgres.ErrBusy):
			refused.Add(1)
			time.Sleep(10 * time.Millisecond)
		default:
			t.Error(err)
			return false
		}
	}
}

func waitFor(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !happened(); {
		if time.Now().After(deadline) {
			t.Fatalf("got nothing of %s in 30 seconds", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
