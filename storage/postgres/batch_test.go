package postgres_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/storage/postgres"
	"mana/storage/servers"
)

// TestLongBatch commits more long texts at a time than one batch takes.
func TestLongBatch(t *testing.T) {
	t.Parallel()
	db := openURL(t, server.URL(servers.App, newDatabase(t)), nil)
	who := newPeople(t, db, 1)[0]
	book, counts := bookOf(db), postgres.CountsForTest(db)
	release := hold(t, db, who)
	before := counts.Batches.Load()
	var done sync.WaitGroup
	for i := range 10 {
		done.Go(func() {
			long := use(who, ledger.Credit, "")
			long.Metadata = []byte(`{"a":"` + strings.Repeat("x", 1<<20) + `"}`)
			if _, err := book.Use(t.Context(), long); err != nil {
				t.Error(err)
			}
		})
		queued(t, db, i+1)
	}
	release()
	done.Wait()
	if n := counts.Batches.Load() - before; n != 1+4 { // the held one, and 3, 3, 3 and 1
		t.Errorf("got %d batches, want 5", n)
	}
}

// TestChoose bounds a batch by its count, by its bytes, and by what one wallet gets while others wait.
func TestChoose(t *testing.T) {
	t.Parallel()
	hot, cold := uuid.New(), uuid.New()
	of := func(n int, w ledger.Wants) []ledger.Wants { return slices.Repeat([]ledger.Wants{w}, n) }
	some := func(n int) (all []ledger.Wants) {
		for range n {
			all = append(all, ledger.Wants{UserID: uuid.New()})
		}
		return all
	}
	for _, c := range []struct {
		name      string
		waiting   []ledger.Wants
		now, cold int // how many are chosen, and how many of the cold wallet
	}{
		{"one wallet alone", of(600, ledger.Wants{UserID: hot}), 512, 0},
		{"one wallet before another", append(of(3000, ledger.Wants{UserID: hot}), of(3, ledger.Wants{UserID: cold})...), 259, 3},
		{"one wallet among many", append(of(300, ledger.Wants{UserID: hot}), some(300)...), 512, 0},
		{"few of two", append(of(5, ledger.Wants{UserID: hot}), of(3, ledger.Wants{UserID: cold})...), 8, 3},
		{"many wallets", some(700), 512, 0},
		{"long texts", append(of(100, ledger.Wants{UserID: hot, Bytes: 127 << 10}), of(100, ledger.Wants{UserID: cold})...), 32, 0},
		{"texts longer than a batch", of(2, ledger.Wants{UserID: cold, Bytes: 5 << 20}), 1, 1},
		{"the longest texts of the API", of(512, ledger.Wants{UserID: cold, Bytes: 20 << 10}), 195, 195},
		{
			"a refund behind its wallet's use",
			append(of(2, ledger.Wants{UserID: hot}), ledger.Wants{UserID: hot, Use: uuid.New()}, ledger.Wants{UserID: hot}, ledger.Wants{UserID: cold}), 3, 1,
		},
	} {
		now, later := postgres.ChooseForTest(c.waiting)
		ofCold := 0
		for _, w := range now {
			if w.UserID == cold {
				ofCold++
			}
		}
		if len(now) != c.now || ofCold != c.cold || len(now)+len(later) != len(c.waiting) {
			t.Errorf("%s: got %d now, %d of them cold, and %d later, want %d, %d and the rest", c.name, len(now), ofCold, len(later), c.now, c.cold)
		}
	}
}
