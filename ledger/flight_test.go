package ledger_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/storage/storagetest"
)

// slowStore lets a decision wait as a slow disk does.
type slowStore struct {
	*storagetest.Memory
	delay time.Duration
	fault error // after the commit: the answer is lost
}

func (s *slowStore) Decide(ctx context.Context, w ledger.Wants, decide func(time.Time, ledger.State) (ledger.Delta, error)) error {
	time.Sleep(s.delay)
	return errors.Join(s.Memory.Decide(ctx, w, decide), s.fault)
}

func newSlow(t *testing.T, delay time.Duration) (*slowStore, *ledger.Ledger, ledger.Use) {
	t.Helper()
	userID := uuid.Must(uuid.NewV7())
	opened, err := ledger.Open(userID, time.Now(), ledger.Opening{TransactionID: uuid.Must(uuid.NewV7()), Bonus: modelBonus}, true)
	if err != nil {
		t.Fatal(err)
	}
	store := &slowStore{Memory: storagetest.NewMemory(time.Now, opened), delay: delay}
	use := ledger.Use{UserID: userID, Amount: ledger.Credit, AppID: "chat", Caller: "app", IdempotencyKey: "k"}
	return store, ledger.New(ledger.Config{Store: store}), use
}

// TestInFlight sends a request while one with its key runs: it waits, and gives up after 2 seconds.
func TestInFlight(t *testing.T) {
	t.Parallel()
	for delay, want := range map[time.Duration]error{1900 * time.Millisecond: nil, 2100 * time.Millisecond: ledger.ErrInProgress} {
		synctest.Test(t, func(t *testing.T) {
			_, credits, use := newSlow(t, delay)
			first := make(chan ledger.Receipt, 1)
			go func() {
				receipt, err := credits.Use(t.Context(), use)
				if err != nil {
					t.Error(err)
				}
				first <- receipt
			}()
			synctest.Wait()
			begin := time.Now()
			second, err := credits.Use(t.Context(), use)
			if !errors.Is(err, want) {
				t.Errorf("got %v after %v, want %v", err, delay, want)
			}
			if took := time.Since(begin); errors.Is(err, ledger.ErrInProgress) && took != 2*time.Second {
				t.Errorf("got an answer after %v, want 2 s", took)
			}
			receipt := <-first
			if err == nil && (!second.Replayed || second.Transaction.ID != receipt.Transaction.ID) {
				t.Errorf("got %+v, want the first answer %+v", second, receipt)
			}
			other := use
			other.Amount++
			if _, err := credits.Use(t.Context(), other); !errors.Is(err, ledger.ErrKeyReused) {
				t.Errorf("got %v, want %v", err, ledger.ErrKeyReused)
			}
			if again, err := credits.Use(t.Context(), use); err != nil || !again.Replayed {
				t.Errorf("got %+v, %v, want a replay", again, err)
			}
		})
	}
}

// TestInFlightEnds lets a waiting request go when its caller goes.
func TestInFlightEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, credits, use := newSlow(t, time.Second)
		done := make(chan struct{})
		go func() {
			defer close(done)
			if _, err := credits.Use(context.WithoutCancel(t.Context()), use); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := credits.Use(ctx, use); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the end of the caller's time", err)
		}
		<-done
	})
}

// TestLostAnswer loses the answer of a commit: a repeat with the key gives the first transaction.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	store, credits, use := newSlow(t, 0)
	store.fault = errors.New("connection lost")
	if _, err := credits.Use(t.Context(), use); !errors.Is(err, store.fault) {
		t.Errorf("got %v, want the fault", err)
	}
	store.fault = nil
	receipt, err := credits.On(store.Memory).Use(t.Context(), use)
	if err != nil || !receipt.Replayed || receipt.Balance.Free != modelBonus-ledger.Credit {
		t.Errorf("got %+v, %v, want the debit once", receipt, err)
	}
}

// TestContradiction freezes a wallet whose grants do not hold what its balance says.
func TestContradiction(t *testing.T) {
	t.Parallel()
	store, credits, use := newSlow(t, 0)
	wallet := store.Journal().Wallet
	wallet.Free += ledger.Credit
	store.Write(ledger.Delta{Wallet: wallet})
	use.Amount = wallet.Free
	if _, err := credits.Use(t.Context(), use); err == nil {
		t.Error("got no error")
	}
	use.Amount = 1
	if _, err := credits.Use(t.Context(), use); !errors.Is(err, ledger.ErrFrozen) {
		t.Errorf("got %v, want %v", err, ledger.ErrFrozen)
	}
}
