package ledger

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestTurns has two refunds of one search: the second waits, for no longer than it may, and leaves nothing behind.
func TestTurns(t *testing.T) {
	t.Parallel()
	turns, of := newTurns(), search{app: "chat"}
	end, err := turns.take(t.Context(), of, nil)
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan time.Time)
	close(over)
	if _, err := turns.take(t.Context(), of, over); !errors.Is(err, ErrContended) {
		t.Errorf("got %v, want %v", err, ErrContended)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := turns.take(ctx, of, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	other, err := turns.take(t.Context(), search{app: "notes"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	other()
	end()
	if len(turns.lines) != 0 {
		t.Errorf("got %v, want no lines", turns.lines)
	}
}
