package storagetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
)

func testLedger(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, *wallets){
		"fault 20: one daily grant at the edge":  testDailyEdge,
		"fault 21: the daily grant comes on use": testDailyOnUse,
		"fault 22: use right after registration": testFirstUse,
		"fault 25: parallel uses of a balance":   testParallelUses,
		"fault 17: one key in parallel":          testParallelKey,
		"faults 16, 18, 19: scope of keys":       testKeyScope,
		"fault 26: enforced by the database":     testEnforced,
		"fault 30: checks of balances":           testBalanceChecks,
		"fault 27: exact amounts":                testExact,
		"free before paid":                       testFreeBeforePaid,
		"history pages":                          testHistory,
		"parts of a history":                     testHistoryRange,
		"sums of usage":                          testUsageSums,
		"a failing decision leaves nothing":      testFailingDecision,
		"a clock set back yields no grant":       testClockBack,
		"packages":                               testPackages,
		"fault 28: refunds of a named use":       testRefundNamed,
		"one entry":                              testEntry,
		"a low balance":                          testAlert,
		"refunds that find their use":            testRefundFound,
		"uses are found beside the work":         testRefundSearch,
		"uses that many find at one moment":      testRefundRace,
		"paid before free goes back":             testRefundOrder,
		"keys of refunds, and their race":        testRefundKeys,
		"usage per day and app":                  testUsage,
		"adjustments":                            testAdjust,
		"holds":                                  testHold,
		"holds and time":                         testHoldTime,
		"holds and debt":                         testHoldDebt,
		"keys of holds":                          testHoldKeys,
		"holds of others":                        testHoldOthers,
		"holds of what there is":                 testHoldMinimum,
		"the most holds of a wallet":             testHoldLimit,
		"holds of a person who is deleted":       testHoldClosing,
		"holds that many end at one moment":      testHoldRace,
		"holds under caps":                       testHoldCaps,
		"holds enforced by the database":         testHoldEnforced,
		"purchases":                              testPurchase,
		"purchases that wait":                    testPending,
		"payments that do not fit":               testQuarantine,
		"the inbox":                              testInbox,
		"events at one time":                     testTake,
		"payments heard of too early":            testEarlyEvents,
		"debt":                                   testDebt,
		"what a refund of a payment takes":       testReversalOrder,
		"events of purchases":                    testPurchaseEvents,
		"mails of withdrawals":                   testWithdrawalMails,
		"withdrawals":                            testWithdrawal,
		"payments to a frozen wallet":            testUnsettled,
		"payments to a closed wallet":            testPurchaseClosed,
		"one payment in parallel":                testSettleRace,
		"customers":                              testCustomers,
		"the most that a wallet holds":           testCap,
		"a frozen wallet":                        testFreeze,
		"a check of everything":                  testVerify,
		"a check finds each change":              testCheckFinds,
		"a wallet that cannot be read":           testWatchUnreadable,
		"a lost wallet":                          testLostWallet,
		"nothing is written on what is wrong":    testWriteOnWrong,
		"a check finds each change of a journal": testCheckFindsJournal,
		"a check finds missing rules":            testStructure,
		"a check beside the work":                testWatchShare,
		"a check is not kept by one wallet":      testWatchLong,
		"what is new in the journal":             testTouched,
		"mending beside the work":                testMend,
		"a check that could not freeze":          testWatchFreeze,
		"equal digests after equal logs":         testDigests,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := NewClock()
			s := open(t, clock.Now)
			w := &wallets{Store: s, clock: clock, user: createUser(t, s, "ada@example.com", clock.Now())}
			w.ledger = ledger.New(ledger.Config{Store: s.Ledger, SignupBonus: bonus, DailyFree: 5 * ledger.Credit})
			test(t, w)
		})
	}
}

// wallets is a ledger with one person.
type wallets struct {
	Store
	clock  *Clock
	ledger *ledger.Ledger
	user   identity.User
}

func (w *wallets) use(t *testing.T, amount ledger.Amount, key string) (ledger.Receipt, error) {
	return w.ledger.Use(t.Context(), ledger.Use{
		UserID: w.user.ID, Amount: amount, AppID: "chat", Description: "Reply", Caller: "first-party", IdempotencyKey: key,
	})
}

// wantFree reads the balance through the service.
func (w *wallets) wantFree(t *testing.T, want ledger.Amount) {
	t.Helper()
	got, err := w.ledger.Balance(t.Context(), w.user.ID)
	if err != nil || got.Free != want {
		t.Errorf("got free %v, %v, want %v", got.Free, err, want)
	}
}

func (w *wallets) count(t *testing.T, kind string) int {
	t.Helper()
	history, err := w.Ledger.History(t.Context(), w.user.ID, 1000, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, x := range history {
		if x.Kind == kind {
			n++
		}
	}
	return n
}

func testDailyEdge(t *testing.T, w *wallets) {
	w.clock.Add(24*time.Hour - time.Microsecond)
	w.wantFree(t, bonus)
	w.clock.Add(time.Microsecond)
	outcomes := race(64, func(i int) error {
		var err error
		switch i % 4 {
		case 0:
			_, err = w.ledger.Balance(t.Context(), w.user.ID)
		case 1:
			_, err = w.ledger.Adjust(t.Context(), ledger.Adjustment{
				UserID: w.user.ID, Amount: ledger.Credit / 2, Reason: "r", IdempotencyKey: fmt.Sprint(i), Actor: actor,
			})
		default:
			_, err = w.use(t, ledger.Credit, "")
		}
		return err
	})
	if outcomes[nil] != 64 {
		t.Errorf("got %v, want 64 successes", outcomes)
	}
	w.wantFree(t, bonus+5*ledger.Credit-32*ledger.Credit+8*ledger.Credit)
	if n := w.count(t, "daily"); n != 1 {
		t.Errorf("got %d daily grants, want 1", n)
	}
	w.clock.Add(100 * 24 * time.Hour)
	w.wantFree(t, bonus+10*ledger.Credit-32*ledger.Credit+8*ledger.Credit)
}

func testDailyOnUse(t *testing.T, w *wallets) {
	w.clock.Add(25 * time.Hour)
	receipt, err := w.use(t, 152*ledger.Credit, "")
	if err != nil || receipt.Balance.Free != 3*ledger.Credit || receipt.Transaction.Before != bonus+5*ledger.Credit {
		t.Errorf("got %v, %v", receipt, err)
	}
	w.clock.Add(25 * time.Hour)
	_, err = w.use(t, 500*ledger.Credit, "")
	want(t, err, ledger.ErrInsufficient)
	if n := w.count(t, "daily"); n != 2 {
		t.Errorf("got %d daily grants, want the second kept though the use was refused", n)
	}
}

func testFirstUse(t *testing.T, w *wallets) {
	receipt, err := w.use(t, 10*ledger.Credit, "")
	if err != nil || receipt.Balance.Free != 140*ledger.Credit || receipt.Balance.Spent != 10*ledger.Credit {
		t.Errorf("got %v, %v", receipt, err)
	}
	history, err := w.Ledger.History(t.Context(), w.user.ID, 10, 0)
	if err != nil || len(history) != 2 || history[1].Description != "Signup bonus" || history[1].Before != 0 ||
		history[0].Before != history[1].After {
		t.Errorf("got %v, %v, want the chain 0, 150, 140", history, err)
	}
}

func testParallelUses(t *testing.T, w *wallets) {
	outcomes := race(200, func(int) error {
		_, err := w.use(t, ledger.Credit, "")
		return err
	})
	if outcomes[nil] != 150 || outcomes[ledger.ErrInsufficient] != 50 {
		t.Errorf("got %v, want 150 successes and 50 refusals", outcomes)
	}
	w.wantFree(t, 0)
}

func testParallelKey(t *testing.T, w *wallets) {
	ids := make(chan uuid.UUID, 64)
	outcomes := race(64, func(int) error {
		receipt, err := w.use(t, 10*ledger.Credit, "k-1")
		ids <- receipt.Transaction.ID
		return err
	})
	first := <-ids
	for range 63 {
		if id := <-ids; id != first {
			t.Fatalf("got transactions %v and %v, want one", first, id)
		}
	}
	if outcomes[nil] != 64 {
		t.Errorf("got %v, want 64 answers", outcomes)
	}
	w.wantFree(t, 140*ledger.Credit)
}

func testKeyScope(t *testing.T, w *wallets) {
	ctx := t.Context()
	base := ledger.Use{
		UserID: w.user.ID, Amount: 10 * ledger.Credit, AppID: "chat", Description: "Reply", Caller: "first-party",
		IdempotencyKey: "k", Metadata: []byte(`{"a":1,"b":[10,2]}`),
	}
	first, err := w.ledger.Use(ctx, base)
	if err != nil {
		t.Fatal(err)
	}
	again := base
	again.Metadata = []byte(`{ "b" : [10,2], "a" : 1 }`)
	replay, err := w.ledger.Use(ctx, again)
	if err != nil || !replay.Replayed || replay.Transaction.ID != first.Transaction.ID || replay.Balance.Free != first.Balance.Free {
		t.Errorf("got %v, %v, want the first answer", replay, err)
	}
	for name, change := range map[string]func(*ledger.Use){
		"amount":      func(u *ledger.Use) { u.Amount++ },
		"app":         func(u *ledger.Use) { u.AppID = "other" },
		"description": func(u *ledger.Use) { u.Description = "Other" },
		"metadata":    func(u *ledger.Use) { u.Metadata = []byte(`{"a":2,"b":[10,2]}`) },
		"no metadata": func(u *ledger.Use) { u.Metadata = nil },
		"huge number": func(u *ledger.Use) { u.Metadata = []byte(`{"a":1.0000000000000000000001,"b":[10,2]}`) },
	} {
		changed := base
		change(&changed)
		if _, err := w.ledger.Use(ctx, changed); err != ledger.ErrKeyReused {
			t.Errorf("%s: got %v, want %v", name, err, ledger.ErrKeyReused)
		}
	}
	other := base
	other.Caller = "client:mc_notes"
	if r, err := w.ledger.Use(ctx, other); err != nil || r.Replayed {
		t.Errorf("got %v, %v, want a charge of its own for another caller", r, err)
	}
	other.UserID = createUser(t, w.Store, "eve@example.com", w.clock.Now()).ID
	if r, err := w.ledger.Use(ctx, other); err != nil || r.Replayed || r.Transaction.UserID != other.UserID {
		t.Errorf("got %v, %v, want a charge of its own for another person", r, err)
	}
	w.wantFree(t, 130*ledger.Credit)
	if _, err := w.use(t, 999*ledger.Credit, "later"); err != ledger.ErrInsufficient {
		t.Errorf("got %v, want a refusal", err)
	}
	if r, err := w.use(t, ledger.Credit, "later"); err != nil || r.Replayed {
		t.Errorf("got %v, %v, want the key of a refusal free for another request", r, err)
	}
}

func testEnforced(t *testing.T, w *wallets) {
	user := w.user.ID.String()
	id := uuid.Must(uuid.NewV7()).String()
	for table, key := range map[string]string{
		"credits.transactions": "id", "credits.entries": "transaction_id, n", "credits.idempotency": "user_id, key_hash",
	} {
		if _, err := w.use(t, ledger.Credit, "k"); err != nil {
			t.Fatal(err)
		}
		wantRefusal(t, w.Store, `DELETE FROM `+table, "journal_append_only", denied)
		if table != "credits.entries" { // closed by their transaction, see below
			wantRefusal(t, w.Store, w.Replace(table, key), "journal_append_only", denied)
		}
	}
	wantRefusal(t, w.Store, `UPDATE credits.transactions SET amount = 1`, "journal_append_only", denied)
	wantRefusal(t, w.Store, `UPDATE credits.entries SET amount = 1`, "journal_append_only", denied)
	insert := func(amount, legs int) string {
		return fmt.Sprintf(`INSERT INTO credits.transactions (id, user_id, seq, type, kind, amount, balance_before, balance_after,
			legs, app_id, description, caller, actor, free_after, paid_after, held_after, debt_after, earned_after, spent_after, at)
			VALUES ('%s', '%s', 99, 'bonus', 'signup', %d, 0, %d, %d, 'a', 'd', 'c', 'x', %d, 0, 0, 0, 0, 0,
				(SELECT created_at FROM auth.users))`,
			id, user, amount, amount, legs, amount)
	}
	entry := func(n, from, to, amount int) string {
		return fmt.Sprintf(`INSERT INTO credits.entries (transaction_id, n, user_id, from_account, to_account, amount)
			VALUES ('%s', %d, '%s', %d, %d, %d)`, id, n, user, from, to, amount)
	}
	wantRefusal(t, w.Store, insert(5, 1), "transactions_zero_sum")                             // no postings
	wantRefusal(t, w.Store, w.Post(insert(5, 1), entry(1, -1, 2, 4)), "transactions_zero_sum") // another sum
	wantRefusal(t, w.Store, w.Post(insert(5, 2), entry(1, -1, 2, 5)), "transactions_zero_sum") // another number
	wantRefusal(t, w.Store, entry(1, -1, -5, 5), "entries_accounts")                           // nothing of the wallet
	wantRefusal(t, w.Store, entry(1, -1, 2, -5), "entries_amount")                             // negative
	wantRefusal(t, w.Store, entry(1, -1, 2, 5), "FOREIGN KEY", "entries_closed")               // no transaction
	wantRefusal(t, w.Store, w.Post(insert(5, 1), entry(1, -1, 2, 5))+`; `+entry(2, 2, -5, 1), "entries_closed",
		"transactions_zero_sum") // added at once
	old := fmt.Sprintf(`INSERT INTO credits.entries (transaction_id, n, user_id, from_account, to_account, amount)
		SELECT id, 9, user_id, 2, -5, 1 FROM credits.transactions WHERE user_id = '%s'`, user)
	wantRefusal(t, w.Store, old, "entries_closed") // added later
	w.wantFree(t, 149*ledger.Credit)
}

// testBalanceChecks breaks each rule of a wallet and of its grants.
func testBalanceChecks(t *testing.T, w *wallets) {
	for change, rules := range map[string][]string{
		`free_credits_remaining = -1`: {"balances_free"},
		`balance = -1`:                {"balances_paid"},
		`held_paid = -1`:              {"held_paid"},
		`held_free = -1`:              {"held_free"},
		`debt = -1`:                   {"debt"},
		`total_earned = -1`:           {"total_earned"},
		`total_spent = -1`:            {"total_spent"},
		`free_credits_remaining = 1000000000000000`:                     {"balances_cap"},
		`balance = 999999999999999`:                                     {"balances_cap"},
		`held_paid = 999999999999999`:                                   {"balances_cap"},
		`held_free = 999999999999999`:                                   {"balances_cap"},
		`balance = 1, debt = 1`:                                         {"balances_debt"},
		`state = 'open'`:                                                {"state"},
		`free_credits_remaining = NULL`:                                 {"NOT NULL", "not-null"},
		`free_credits_remaining = 'many'`:                               {"cannot store TEXT", "invalid input syntax"},
		`free_credits_remaining = 9223372036854775807, balance = 1`:     {"balances_cap", "out of range"},
		`free_credits_remaining = 999, version = version - 1`:           {"balances_version"},
		`free_credits_remaining = 999, version = version + 0`:           {"balances_version"},
		`free_credits_remaining = 999, version = version + 2`:           {"balances_version"},
		`user_id = '019ab000-0000-7000-8000-00000000dead', balance = 1`: {"FOREIGN KEY", "foreign key"},
	} {
		if !strings.Contains(change, "version") {
			change += `, version = version + 1`
		}
		wantRefusal(t, w.Store, `UPDATE credits.balances SET `+change, rules...)
	}
	wantRefusal(t, w.Store, `UPDATE credits.balances SET balance = 1`, "balances_version")
	wantRefusal(t, w.Store, `DELETE FROM credits.balances`, "balances_no_delete", denied)
	wantRefusal(t, w.Store, w.Replace("credits.balances", "user_id"), "balances_no_delete", "balances_version")
	for change, rules := range map[string][]string{
		`remaining = -1`:         {"remaining", "grants_"},
		`remaining = issued + 1`: {"remaining"},
		`held = -1`:              {"held"},
		`held = remaining + 1`:   {"held"},
		`issued = 0`:             {"issued", "grants_"},
		`open = false`:           {"open", "grants_"},
		`class = 'gold'`:         {"class"},
		`no = 1`:                 {"no >= 2", "grants_no_check"},
	} {
		wantRefusal(t, w.Store, `UPDATE credits.grants SET `+change, rules...)
	}
	w.wantFree(t, bonus)
}

func testExact(t *testing.T, w *wallets) {
	for range 50 {
		if _, err := w.use(t, 20_000, ""); err != nil {
			t.Fatal(err)
		}
	}
	w.wantFree(t, 149*ledger.Credit)
	for _, amount := range []ledger.Amount{0, -1, ledger.MaxOperation + 1} {
		_, err := w.use(t, amount, "")
		want(t, err, ledger.ErrAmount)
	}
}

// testFreeBeforePaid buys 100 credits.
func testFreeBeforePaid(t *testing.T, w *wallets) {
	w.purchase(t)
	receipt, err := w.use(t, 160*ledger.Credit, "")
	if err != nil || receipt.Balance.Free != 0 || receipt.Balance.Paid != 90*ledger.Credit || len(receipt.Transaction.Postings) != 2 {
		t.Errorf("got %v, %v, want free spent first", receipt, err)
	}
}

func testFailingDecision(t *testing.T, w *wallets) {
	err := w.Ledger.Decide(t.Context(), ledger.Wants{UserID: w.user.ID}, func(_ time.Time, s ledger.State) (ledger.Delta, error) {
		after := s.Wallet
		after.Version++
		after.Free = 0 // without a posting
		return ledger.Delta{Wallet: after, Transactions: []ledger.Transaction{{ID: uuid.Must(uuid.NewV7()), UserID: w.user.ID}}}, nil
	})
	if err == nil {
		t.Error("got no error for an unbalanced decision")
	}
	w.wantFree(t, bonus)
	err = w.Ledger.Decide(t.Context(), ledger.Wants{UserID: w.user.ID}, func(time.Time, ledger.State) (ledger.Delta, error) {
		panic("a bug")
	})
	if err == nil {
		t.Error("got no error for a panic")
	}
	w.wantFree(t, bonus)
}

func testClockBack(t *testing.T, w *wallets) {
	w.clock.Add(24 * time.Hour)
	w.wantFree(t, bonus+5*ledger.Credit)
	w.clock.Add(-48 * time.Hour)
	w.wantFree(t, bonus+5*ledger.Credit)
	if _, err := w.use(t, ledger.Credit, ""); err != nil {
		t.Fatal(err)
	}
	history, err := w.Ledger.History(t.Context(), w.user.ID, 2, 0)
	if err != nil || !history[0].At.After(history[1].At) {
		t.Errorf("got %v, %v, want times that never decrease", history, err)
	}
}

func testPackages(t *testing.T, w *wallets) {
	packages, err := w.Ledger.Packages(t.Context())
	if err != nil || len(packages) != 4 || packages[0].Name != "Starter" || packages[3].Credits != 5000*ledger.Credit {
		t.Errorf("got %v, %v, want the four packages in order", packages, err)
	}
}
