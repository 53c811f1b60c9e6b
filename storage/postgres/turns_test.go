package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"mana/storage/postgres"
)

// TestTurns lets one of many go at a time, keeps other keys apart, forgets keys, and gives up when asked to.
func TestTurns(t *testing.T) {
	t.Parallel()
	var turns postgres.Turns
	var group sync.WaitGroup
	at := 0 // the race detector finds two at a time, and so does the sum
	for range 64 {
		group.Go(func() {
			end, err := turns.Take(t.Context(), "a")
			if err != nil {
				t.Error(err)
				return
			}
			at++
			end()
		})
	}
	group.Wait()
	if at != 64 || turns.Keys() != 0 {
		t.Errorf("got %d turns and %d keys, want 64 and none", at, turns.Keys())
	}
	first, err := turns.Take(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	other, err := turns.Take(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := turns.Take(gone, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it given up", err)
	}
	first()
	other()
	if turns.Keys() != 0 {
		t.Errorf("got %d keys, want none", turns.Keys())
	}
}
