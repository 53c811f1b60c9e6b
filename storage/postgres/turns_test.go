package postgres_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/provider/identity"
	"mana/storage/postgres"
	"mana/storage/servers"
)

// TestTurns lets one of many go at a time, keeps other keys apart, forgets keys, and gives up when asked to.
func TestTurns(t *testing.T) {
	t.Parallel()
	var turns postgres.Turns
	var group sync.WaitGroup
	at := 0 // the race detector finds two at a time, and so does the sum
	for range 64 {
		group.Go(func() {
			if err := turns.Run(t.Context(), "a", func() error { at++; return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if at != 64 || turns.Keys() != 0 {
		t.Errorf("got %d turns and %d keys, want 64 and none", at, turns.Keys())
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	err := turns.Run(t.Context(), "a", func() error {
		if err := turns.Run(gone, "a", func() error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want it given up", err)
		}
		return turns.Run(t.Context(), "b", func() error { return nil })
	})
	if err != nil || turns.Keys() != 0 {
		t.Errorf("got %v and %d keys, want none", err, turns.Keys())
	}
}

// TestHeld has many change a person whose row another process holds: one waits for it, all are refused with that one,
// and nobody else notices.
func TestHeld(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: serverURL(servers.App, database), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	people := newPeople(t, db, 2)
	held, free := people[0], people[1]
	other, err := pgx.Connect(t.Context(), serverURL(servers.App, database))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close(context.Background()) })
	_, err = other.Exec(t.Context(), `BEGIN; SELECT set_config('app.actor', 'system', true); UPDATE auth.users SET name = 'x' WHERE id = '`+held.String()+`'`)
	if err != nil {
		t.Fatal(err)
	}
	revise := func(who uuid.UUID) error {
		_, err := db.Identity().ReviseProfile(t.Context(), who, func(u *identity.User) error { u.Name = "Ada"; return nil })
		return err
	}
	begin := time.Now()
	var waiting sync.WaitGroup
	for range 32 {
		waiting.Go(func() {
			if err := revise(held); !errors.Is(err, postgres.ErrBusy) {
				t.Errorf("got %v, want it refused", err)
			}
		})
	}
	done := make(chan struct{})
	go func() { waiting.Wait(); close(done) }()
	for rounds := 0; ; rounds++ {
		select {
		case <-done:
			if took := time.Since(begin); took > 4*time.Second || rounds < 3 {
				t.Errorf("got refusals after %v and %d others, want them after 2 s and many", took, rounds)
			}
			if _, err := other.Exec(t.Context(), `ROLLBACK`); err != nil || revise(held) != nil {
				t.Errorf("got %v, want the row free", err)
			}
			return
		default:
			if err := revise(free); err != nil {
				t.Fatal(err)
			}
		}
	}
}
