package ledger_test

import (
	"context"
	"os"
	"strconv"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"mana/ledger"
	"mana/storage/storagetest"
)

// TestPayments runs 1,000 sequences of events about payments, times MANA_SCALE.
func TestPayments(t *testing.T) {
	t.Parallel()
	scale, err := strconv.Atoi(os.Getenv("MANA_SCALE"))
	if err != nil {
		scale = 1
	}
	for range 10 * scale {
		rapid.Check(t, func(r *rapid.T) {
			clock, id := storagetest.NewClock(), uuid.Must(uuid.NewV7())
			opened, err := ledger.Open(id, clock.Now(), ledger.Opening{TransactionID: uuid.Must(uuid.NewV7()), Bonus: storagetest.FirstBonus}, true)
			if err != nil {
				r.Fatal(err)
			}
			memory := storagetest.NewMemory(clock.Now, opened)
			storagetest.Payments(r, clock, id, storagetest.PaidWallet{
				Name: "memory", Till: memory, Store: memory,
				Inspect: func(_ context.Context, _ uuid.UUID, read func(ledger.Journal) error) error {
					return read(memory.Journal())
				},
			})
		})
	}
}
