package ledger_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/storage/storagetest"
)

// lived is a journal with each kind of event: bonuses, a sale, uses in two apps, refunds and adjustments.
func lived(t *testing.T) spoiled {
	t.Helper()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	userID := uuid.Must(uuid.NewV7())
	opened, err := ledger.Open(userID, now, ledger.Opening{TransactionID: uuid.Must(uuid.NewV7()), Bonus: modelBonus}, true)
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{store: storagetest.NewMemory(func() time.Time { return now }, opened), userID: userID, lastRow: now, now: now}
	m.ledger = ledger.New(ledger.Config{Store: m.store, DailyFree: modelDaily})
	now = now.Add(25 * time.Hour)
	must := func(receipt ledger.Receipt, err error) uuid.UUID {
		if err != nil {
			t.Fatal(err)
		}
		return receipt.Transaction.ID
	}
	must(m.ledger.Adjust(t.Context(), ledger.Adjustment{UserID: userID, Amount: 20 * ledger.Credit, Class: ledger.Paid, Reason: "r", IdempotencyKey: "1", Actor: "test"}))
	use := must(m.ledger.Use(t.Context(), ledger.Use{UserID: userID, Amount: 160 * ledger.Credit, AppID: "a", Caller: "c"}))
	must(m.ledger.Refund(t.Context(), ledger.Refund{UserID: userID, Amount: 8 * ledger.Credit, AppID: "a", Caller: "c", TransactionID: use}))
	must(m.ledger.Use(t.Context(), ledger.Use{UserID: userID, Amount: 2 * ledger.Credit, AppID: "b", Caller: "c"}))
	j := m.store.Journal()
	s := spoiled{Journal: j}
	for x := range j.Backward {
		s.transactions = append(s.transactions, x)
	}
	slices.Reverse(s.transactions)
	return s
}

// spoiled is a journal that is changed behind the ledger's back.
type spoiled struct {
	ledger.Journal
	transactions []ledger.Transaction // oldest first: signup, daily, adjustment, use, refund, use
}

func (s spoiled) check(t *testing.T) []ledger.Fault {
	t.Helper()
	s.Backward = func(yield func(ledger.Transaction, error) bool) {
		for _, x := range slices.Backward(s.transactions) {
			if !yield(x, nil) {
				return
			}
		}
	}
	checked, err := ledger.Check(s.Journal)
	if err != nil {
		t.Fatal(err)
	}
	return checked.Faults
}

// keys changes each record of a key.
func (s *spoiled) keys(change func(*ledger.KeyRecord)) {
	records := s.Keys
	s.Keys = func(yield func(ledger.KeyRecord, error) bool) {
		for r, err := range records {
			if change(&r); !yield(r, err) {
				return
			}
		}
	}
}

// TestCheckFindsEveryChange changes one micro-credit in each figure and expects it to be found.
func TestCheckFindsEveryChange(t *testing.T) {
	t.Parallel()
	posting := func(s *spoiled, i int, p ledger.Posting) { s.transactions[i].Postings = []ledger.Posting{p} }
	changes := map[string]func(*spoiled){
		"I5 free":        func(s *spoiled) { s.Wallet.Free++ },
		"I5 paid":        func(s *spoiled) { s.Wallet.Paid++ },
		"I5 debt":        func(s *spoiled) { s.Wallet.Debt++ },
		"I5 held free":   func(s *spoiled) { s.Wallet.HeldFree++ },
		"I5 held paid":   func(s *spoiled) { s.Wallet.HeldPaid++ },
		"I5 class":       func(s *spoiled) { s.Grants[2].Class = ledger.Free },
		"I9 spent":       func(s *spoiled) { s.Wallet.Spent++ },
		"I9 earned":      func(s *spoiled) { s.Wallet.Earned++ },
		"I9 spent after": func(s *spoiled) { s.transactions[2].SpentAfter++ },
		"I8 seq":         func(s *spoiled) { s.Wallet.Seq++ },
		"I4 grant":       func(s *spoiled) { s.Grants[0].Remaining++ },
		"I4 held":        func(s *spoiled) { s.Grants[0].Held++ },
		"I4 issued":      func(s *spoiled) { s.Grants[2].Issued = s.Grants[2].Remaining - 1 },
		"I4 missing":     func(s *spoiled) { s.Grants = s.Grants[:2] },
		"I7 amount":      func(s *spoiled) { s.transactions[0].Amount++ },
		"I7 before":      func(s *spoiled) { s.transactions[1].Before++ },
		"I7 after":       func(s *spoiled) { s.transactions[0].After++ },
		"I7 missing":     func(s *spoiled) { s.transactions = s.transactions[1:] },
		"I7 gap":         func(s *spoiled) { s.transactions = slices.Delete(s.transactions, 2, 3) },
		"I7 time":        func(s *spoiled) { s.transactions[1].At = s.transactions[0].At.Add(-time.Hour) },
		"I8 free after":  func(s *spoiled) { s.transactions[0].FreeAfter++ },
		"I1 posting":     func(s *spoiled) { posting(s, 1, ledger.Posting{N: 1, From: -1, To: -2, Amount: 5}) },
		"I2 posting":     func(s *spoiled) { posting(s, 0, ledger.Posting{N: 1, From: -1, To: 2, Amount: 1}) },
		"I2 no posting":  func(s *spoiled) { s.transactions[0].Postings = nil },
		"I11 rest":       func(s *spoiled) { s.transactions[4].Amount = 161 * ledger.Credit },
		"I11 grant":      func(s *spoiled) { posting(s, 4, ledger.Posting{N: 1, From: -5, To: 3, Amount: 8 * ledger.Credit}) },
		"I11 other use":  func(s *spoiled) { s.transactions[4].RelatedID = uuid.New() },
		"I12 daily":      func(s *spoiled) { s.transactions[1].At = s.transactions[0].At.Add(time.Hour) },
		"I12 signup":     func(s *spoiled) { s.transactions[1].Kind = "signup" },
		"I16 paid first": func(s *spoiled) {
			posting(s, 5, ledger.Posting{N: 1, From: 4, To: -5, Amount: 2 * ledger.Credit})
			s.transactions[5].FreeAfter++
		},
		"I17 negative":     func(s *spoiled) { s.transactions[3].FreeAfter-- },
		"I18 used":         func(s *spoiled) { s.Usage[0].Used++ },
		"I18 uses":         func(s *spoiled) { s.Usage[1].Uses++ },
		"I18 day":          func(s *spoiled) { s.Usage[1].Day++ },
		"I18 no such app":  func(s *spoiled) { s.Usage = append(s.Usage, ledger.UsageDay{AppID: "x", Uses: 1}) },
		"I18 missing":      func(s *spoiled) { s.Usage = s.Usage[:1] },
		"I8 empty journal": func(s *spoiled) { s.transactions = nil },
		"I8 free made paid": func(s *spoiled) {
			s.Grants[1].Class, s.Grants[1].Priority = ledger.Paid, 50
			s.Wallet.Free, s.Wallet.Paid = s.Wallet.Free-s.Grants[1].Remaining, s.Wallet.Paid+s.Grants[1].Remaining
		},
		"I8 paid made free": func(s *spoiled) {
			s.Grants[2].Class, s.Grants[2].Priority = ledger.Free, 10
			s.Wallet.Free, s.Wallet.Paid = s.Wallet.Free+s.Grants[2].Remaining, s.Wallet.Paid-s.Grants[2].Remaining
		},
		"I4 class of a bonus": func(s *spoiled) { s.Grants[1].Class, s.Grants[1].Priority = ledger.Paid, 50 },
		"I8 pair of free and paid": func(s *spoiled) {
			s.transactions[2].FreeAfter--
			s.transactions[2].PaidAfter++
		},
		"I8 pair of free and held": func(s *spoiled) {
			s.transactions[1].FreeAfter--
			s.transactions[1].HeldAfter++
		},
		"I8 debt and free of the first": func(s *spoiled) {
			s.transactions[0].DebtAfter++
			s.transactions[0].FreeAfter++
		},
		"I4 issued more":   func(s *spoiled) { s.Grants[2].Issued++ },
		"I4 issued less":   func(s *spoiled) { s.Grants[0].Issued-- },
		"I4 priority":      func(s *spoiled) { s.Grants[2].Priority = 10 },
		"I4 source":        func(s *spoiled) { s.Grants[2].Source = "promotion:x" },
		"I4 grants":        func(s *spoiled) { s.Wallet.Grants++ },
		"I12 last daily":   func(s *spoiled) { s.Wallet.LastDaily = s.Wallet.LastDaily.Add(-time.Microsecond) },
		"I8 last at":       func(s *spoiled) { s.Wallet.LastAt = s.Wallet.LastAt.Add(time.Microsecond) },
		"I2 legs":          func(s *spoiled) { s.transactions[3].Legs++ },
		"I2 kind":          func(s *spoiled) { s.transactions[3].Kind = "gift" },
		"I2 other kind":    func(s *spoiled) { s.transactions[2].Kind = "correction" },
		"I2 other account": func(s *spoiled) { s.transactions[0].Postings[0].From = ledger.AccountSale },
		"I10 key":          func(s *spoiled) { s.transactions[2].IdempotencyKey = "2" },
		"I10 caller":       func(s *spoiled) { s.transactions[2].Caller = "c" },
		"I10 no such key":  func(s *spoiled) { s.transactions[3].IdempotencyKey = "1" },
		"I10 key removed":  func(s *spoiled) { s.transactions[2].IdempotencyKey = "" },
		"I10 hash":         func(s *spoiled) { s.keys(func(r *ledger.KeyRecord) { r.Key.Hash[0]++ }) },
		"I10 other transaction": func(s *spoiled) {
			s.keys(func(r *ledger.KeyRecord) { r.TransactionID = s.transactions[3].ID })
		},
	}
	if faults := lived(t).check(t); len(faults) > 0 {
		t.Fatalf("got %v before anything was changed", faults)
	}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		s := lived(t)
		changes[name](&s)
		var invariant string
		_, _ = fmt.Sscan(name, &invariant)
		if faults := s.check(t); !slices.ContainsFunc(faults, func(f ledger.Fault) bool { return f.Invariant == invariant }) {
			t.Errorf("%s: got %v", name, faults)
		}
	}
}
