package storagetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
)

// testHistoryRange reads a history in filtered parts.
func testHistoryRange(t *testing.T, w *wallets) {
	var moments []time.Time
	for i := range 9 {
		w.clock.Add(time.Minute)
		moments = append(moments, w.clock.Now())
		u := ledger.Use{UserID: w.user.ID, Amount: ledger.Amount(i + 1), AppID: []string{"chat", "todo"}[i%2], Description: "x", Caller: "first-party"}
		if _, err := w.ledger.Use(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	for what, c := range map[string]struct {
		r    ledger.Range
		want string
	}{
		"all":         {ledger.Range{Before: 99, Limit: 99}, "[10 9 8 7 6 5 4 3 2 1]"},
		"a part":      {ledger.Range{After: 3, Before: 9, Limit: 99}, "[8 7 6 5 4]"},
		"a page":      {ledger.Range{Before: 9, Limit: 3}, "[8 7 6]"},
		"of an app":   {ledger.Range{Before: 9, Limit: 3, Filter: ledger.Filter{AppID: "todo"}}, "[7 5 3]"},
		"of a type":   {ledger.Range{Before: 99, Limit: 3, Filter: ledger.Filter{Type: ledger.TypeBonus}}, "[1]"},
		"of a time":   {ledger.Range{Before: 99, Limit: 9, Filter: ledger.Filter{Since: moments[2], Until: moments[4]}}, "[5 4]"},
		"of no time":  {ledger.Range{Before: 99, Limit: 9, Filter: ledger.Filter{Since: moments[8].Add(1e6)}}, "[]"},
		"of no app":   {ledger.Range{Before: 99, Limit: 9, Filter: ledger.Filter{AppID: "' OR 1=1 --"}}, "[]"},
		"before them": {ledger.Range{Before: 1, Limit: 9}, "[]"},
	} {
		part, err := w.Ledger.HistoryRange(t.Context(), w.user.ID, c.r)
		numbers := make([]int64, len(part))
		for i, x := range part {
			numbers[i] = x.Seq
		}
		if got := fmt.Sprint(numbers); err != nil || got != c.want {
			t.Errorf("%s: got %s, %v, want %s", what, got, err, c.want)
		}
	}
	if part, err := w.Ledger.HistoryRange(t.Context(), uuid.New(), ledger.Range{Before: 99, Limit: 99}); err != nil || len(part) != 0 {
		t.Errorf("got %v, %v, want nothing for another person", part, err)
	}
}

// testUsageSums sums usage up by day and by app.
func testUsageSums(t *testing.T, w *wallets) {
	today := w.clock.Now().Unix() / 86400
	for i, app := range []string{"chat", "todo", "chat", "pic"} {
		u := ledger.Use{UserID: w.user.ID, Amount: ledger.Amount(i+1) * ledger.Credit, AppID: app, Description: "x", Caller: "first-party"}
		if _, err := w.ledger.Use(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		w.clock.Add(12 * time.Hour)
	}
	for what, c := range map[string]struct {
		q    ledger.UsageQuery
		want string
	}{
		"by app":     {ledger.UsageQuery{Since: today, Until: today + 9, Limit: 9}, "[{chat 0 4 2} {pic 0 4 1} {todo 0 2 1}]"},
		"by day":     {ledger.UsageQuery{Since: today, Until: today + 9, Limit: 9, ByDay: true}, fmt.Sprintf("[{ %d 1 1} { %d 5 2} { %d 4 1}]", today, today+1, today+2)},
		"of one day": {ledger.UsageQuery{Since: today, Until: today + 1, Limit: 9}, "[{chat 0 1 1}]"},
		"the most":   {ledger.UsageQuery{Since: today, Until: today + 9, Limit: 1}, "[{chat 0 4 2}]"},
		"of no day":  {ledger.UsageQuery{Since: today - 9, Until: today, Limit: 9, ByDay: true}, "[]"},
	} {
		if got, err := w.Ledger.Usage(t.Context(), w.user.ID, c.q); err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s: got %v, %v, want %v", what, got, err, c.want)
		}
	}
	if got, err := w.Ledger.Usage(t.Context(), uuid.New(), ledger.UsageQuery{Until: today + 9, Limit: 9}); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v, want nothing for another person", got, err)
	}
	got, err := w.AppUsage(t.Context(), today+1, today+9, 2)
	if err != nil || fmt.Sprint(got) != fmt.Sprintf("[{pic %d 4 1} {chat %d 3 1}]", today+2, today+1) {
		t.Errorf("got %v, %v, want the latest of all people", got, err)
	}
}

func testHistory(t *testing.T, w *wallets) {
	for i := range 9 {
		if _, err := w.use(t, ledger.Amount(i+1), ""); err != nil {
			t.Fatal(err)
		}
	}
	page, err := w.Ledger.History(t.Context(), w.user.ID, 3, 2)
	if err != nil || len(page) != 3 || page[0].Seq != 8 || page[2].Seq != 6 {
		t.Errorf("got %v, %v, want transactions 8, 7, 6", page, err)
	}
	if page, err = w.Ledger.History(t.Context(), w.user.ID, 50, 100); err != nil || len(page) != 0 {
		t.Errorf("got %v, %v, want an empty page", page, err)
	}
	if page, err = w.Ledger.History(t.Context(), uuid.New(), 50, 0); err != nil || len(page) != 0 {
		t.Errorf("got %v, %v, want nothing for another person", page, err)
	}
	_, err = w.ledger.Balance(t.Context(), uuid.New())
	want(t, err, ledger.ErrNoWallet)
}
