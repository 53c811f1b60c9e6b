//go:build bench

package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
)

// pair holds and captures, each with a key.
func (b *benchmark) pair(userID uuid.UUID) error {
	receipt, err := b.credits.Reserve(context.Background(), ledger.Reserve{
		UserID: userID, Amount: 1, ExpiresIn: time.Hour, AppID: "bench", Description: "bench", Caller: "first-party",
		IdempotencyKey: uuid.NewString(),
	})
	if err != nil {
		return err
	}
	_, err = b.credits.Capture(context.Background(), ledger.Capture{
		HoldRef:        ledger.HoldRef{UserID: userID, ID: receipt.Hold.ID, Caller: "first-party"},
		IdempotencyKey: uuid.NewString(),
	})
	return err
}

// TestBenchLedgerHolds compares a hold and its capture with a use.
func TestBenchLedgerHolds(t *testing.T) {
	const callers = 64
	b := newBenchmark(t)
	pairs := func() float64 {
		var done atomic.Int64
		begin := time.Now()
		var group sync.WaitGroup
		for caller := range callers {
			group.Go(func() {
				for n := caller; time.Since(begin) < benchRound; n += callers {
					if err := b.pair(b.people[n*7919%benchWallets]); err != nil {
						b.t.Error(err)
						return
					}
					done.Add(1)
				}
			})
		}
		group.Wait()
		return float64(done.Load()) / time.Since(begin).Seconds()
	}
	var uses, both, ratios []float64
	pairs()
	for range benchRounds {
		rate, _ := b.ours(callers, benchWallets)
		pair := pairs()
		uses, both, ratios = append(uses, rate), append(both, pair), append(ratios, rate/pair)
	}
	fmt.Printf("%d callers: %.0f uses/s, %.0f holds with their captures/s\n", callers, middle(uses), middle(both))
	figure("pg_hold_capture_per_use", middle(ratios), "<=", 2.2)
}
