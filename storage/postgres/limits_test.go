package postgres_test

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/provider"
	"mana/provider/identity"
	"mana/storage/postgres"
	"mana/storage/servers"
)

// TestLimits looks that transactions bound themselves: what the role has in addition may be anything.
func TestLimits(t *testing.T) {
	t.Parallel()
	servers.Need(t, missing)
	name := newDatabase(t)
	url := server.URL(servers.App, name) + "&statement_timeout=0&lock_timeout=0&idle_in_transaction_session_timeout=0"
	db, err := postgres.Open(t.Context(), postgres.Config{URL: url, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for setting, want := range map[string]int{"statement_timeout": 5000, "lock_timeout": 2000, "idle_in_transaction_session_timeout": 10000} {
		got, err := postgres.NumberForTest(t.Context(), db, `SELECT setting::int FROM pg_settings WHERE name = '`+setting+`'`)
		if err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", setting, got, err, want)
		}
	}
}

// TestNotes lets three replicas note the uses of the same keys at one time: newDatabase reports a deadlock.
func TestNotes(t *testing.T) {
	t.Parallel()
	servers.Need(t, missing)
	name := newDatabase(t)
	var replicas []*postgres.DB
	for range 3 {
		db, err := postgres.Open(t.Context(), postgres.Config{URL: server.URL(servers.App, name), Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		replicas = append(replicas, db)
	}
	used := make(map[uuid.UUID]time.Time)
	err := replicas[0].Provider().ReviseServiceKeys(t.Context(), identity.Actor{Name: "test"}, func([]provider.ServiceKey) (keys []provider.ServiceKey, err error) {
		for i := range 30 {
			hash, id := sha256.Sum256([]byte(fmt.Sprint(i))), uuid.Must(uuid.NewV7())
			used[id] = time.Now()
			keys = append(keys, provider.ServiceKey{
				ID: id, Name: fmt.Sprint(i), Hash: hash[:], AppIDs: []string{"chat"}, Permissions: []string{"use"}, CreatedAt: time.Now(),
			})
		}
		return keys, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	for _, db := range replicas {
		done.Go(func() {
			for range 5 {
				if err := db.Provider().NoteServiceKeys(t.Context(), used); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done.Wait()
}
