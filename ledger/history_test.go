package ledger_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/storage/storagetest"
)

// TestHistoryEnds asks for what is later than a long history: it ends at once, and does not walk on to its beginning.
func TestHistoryEnds(t *testing.T) {
	t.Parallel()
	clock := storagetest.NewClock()
	opened, err := ledger.Open(uuid.New(), clock.Now(), ledger.Opening{TransactionID: uuid.New(), Bonus: 100 * ledger.Credit}, true)
	if err != nil {
		t.Fatal(err)
	}
	user := opened.Wallet.UserID
	credits := ledger.New(ledger.Config{Store: storagetest.NewMemory(clock.Now, opened)})
	for range ledger.HistoryRows + 1 {
		if _, err := credits.Use(t.Context(), ledger.Use{UserID: user, Amount: 1, AppID: "chat", Caller: "app"}); err != nil {
			t.Fatal(err)
		}
	}
	for since, want := range map[time.Time]bool{{}: true, clock.Now().Add(-time.Hour): true, clock.Now().Add(time.Hour): false} {
		page, next, err := credits.HistoryPage(t.Context(), user, ledger.Filter{AppID: "none", Since: since}, 0, 10)
		if err != nil || len(page) != 0 || next != 0 != want {
			t.Errorf("since %v: got %d rows and %d, %v, want more: %v", since, len(page), next, err, want)
		}
	}
}
