//go:build bench

package sqlite

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
func (b *benchLedger) pair(who int) error {
	receipt, err := b.credits.Reserve(context.Background(), ledger.Reserve{
		UserID: b.people[who%len(b.people)], Amount: 1, ExpiresIn: time.Hour, AppID: "bench", Description: "bench",
		Caller: "first-party", IdempotencyKey: uuid.Must(uuid.NewV7()).String(),
	})
	if err != nil {
		return err
	}
	_, err = b.credits.Capture(context.Background(), ledger.Capture{
		HoldRef:        ledger.HoldRef{UserID: receipt.Hold.UserID, ID: receipt.Hold.ID, Caller: "first-party"},
		IdempotencyKey: uuid.Must(uuid.NewV7()).String(),
	})
	return err
}

// TestBenchLedgerHolds compares a hold and its capture with a use.
func TestBenchLedgerHolds(t *testing.T) {
	const callers = 64
	b := newBenchLedger(t, ledgerWallets, 0)
	pairs := func() float64 {
		var done atomic.Int64
		begin := time.Now()
		var group sync.WaitGroup
		for caller := range callers {
			group.Go(func() {
				for n := 0; time.Since(begin) < ledgerRound; n++ {
					if err := b.pair(caller + n*callers); err != nil {
						t.Error(err)
						return
					}
					done.Add(1)
				}
			})
		}
		group.Wait()
		return float64(done.Load()) / time.Since(begin).Seconds()
	}
	ratio, uses, both := ratios(func() float64 { rate, _ := b.load(t, callers); return rate }, pairs)
	fmt.Printf("%d callers: %.0f uses/s, %.0f holds with their captures/s\n", callers, uses, both)
	figure("hold_capture_per_use", ratio, "<=", 2.2)
}
