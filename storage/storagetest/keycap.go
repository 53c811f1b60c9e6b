package storagetest

import (
	"fmt"
	"testing"
	"time"

	"mana/ledger"
	"mana/provider"
)

// testKeyCaps spends under the caps of a service key.
func testKeyCaps(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	user := createUser(t, s, "ada@example.com", clock.Now())
	admin := provider.ServiceKeyAdmin{Store: s.ServiceKeys, By: operator(), Now: clock.Now}
	const perDay = 10 * ledger.Credit
	key, _, err := admin.Register(ctx, provider.ServiceKey{Name: "todo", AppIDs: []string{"todo"}, Permissions: []string{provider.MayUse}, CapDay: perDay}, "")
	if err != nil {
		t.Fatal(err)
	}
	use := func(amount ledger.Amount, idempotencyKey string) (ledger.Receipt, error) {
		return ledger.New(ledger.Config{Store: s.Capped(key, amount)}).Use(ctx, ledger.Use{
			UserID: user.ID, Amount: amount, AppID: "todo", Description: "x", Caller: key.Caller(), IdempotencyKey: idempotencyKey,
		})
	}
	step := func(what string, amount ledger.Amount, idempotencyKey string, wantErr error) {
		t.Helper()
		if _, err := use(amount, idempotencyKey); root(err) != wantErr {
			t.Errorf("%s: got %v, want %v", what, err, wantErr)
		}
	}
	wantUsed := func(n ledger.Amount) {
		t.Helper()
		wantNumber(t, s, `SELECT coalesce(sum(used), 0) FROM credits.key_caps WHERE key_id = '`+key.ID.String()+`'`, int(n))
	}

	step("above the cap at once", perDay+1, "", provider.ErrKeyLimit)
	wantUsed(0)
	outcomes := race(raceCallers, func(i int) error {
		_, err := use(ledger.Credit, fmt.Sprint("k-", i))
		return err
	})
	if outcomes[nil] != 10 || outcomes[provider.ErrKeyLimit] != raceCallers-10 {
		t.Errorf("got %v, want 10 uses of 1 under a cap of 10", outcomes)
	}
	wantUsed(perDay)
	wantNumber(t, s, `SELECT sum(-amount) FROM credits.transactions WHERE type = 'usage'`, int(perDay))
	replays := 0
	for i := range raceCallers {
		if receipt, err := use(ledger.Credit, fmt.Sprint("k-", i)); err == nil && receipt.Replayed {
			replays++
		}
	}
	if replays != 10 {
		t.Errorf("got %d replays at the cap, want 10", replays)
	}
	step("the least above the cap", 1, "", provider.ErrKeyLimit)

	clock.Add(12*time.Hour - time.Microsecond)
	step("the last moment of the day", 1, "", provider.ErrKeyLimit)
	clock.Add(time.Microsecond)
	step("all of the next day", perDay, "", nil)
	step("above it", 1, "", provider.ErrKeyLimit)
	clock.Add(-time.Hour)
	step("a clock that was set back", 1, "", provider.ErrKeyLimit)
	clock.Add(48 * time.Hour)
	step("a part of a later day", 9*ledger.Credit, "", nil)
	if err := s.Exec(ctx, `UPDATE credits.balances SET state = 'frozen', version = version + 1`); err != nil {
		t.Fatal(err)
	}
	step("a frozen wallet", ledger.Credit, "", ledger.ErrFrozen)
	wantUsed(9 * ledger.Credit)
	poor := newAccount("bob@example.com", clock.Now())
	poor.Opening.Bonus = 0
	if user, err = s.Identity.CreateAccount(ctx, poor); err != nil {
		t.Fatal(err)
	}
	step("an empty wallet", ledger.Credit, "", ledger.ErrInsufficient)
	step("a cap before an empty wallet", 2*ledger.Credit, "", provider.ErrKeyLimit)
	wantUsed(9 * ledger.Credit)
}

// testLoweredCaps asks again for what a cap has come to forbid: a replay passes none. A refusal by a cap keeps the
// daily grant that was due.
func testLoweredCaps(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	user := createUser(t, s, "ada@example.com", clock.Now())
	admin := provider.ServiceKeyAdmin{Store: s.ServiceKeys, By: operator(), Now: clock.Now}
	key, _, err := admin.Register(t.Context(), provider.ServiceKey{Name: "todo", AppIDs: []string{"todo"}, Permissions: []string{provider.MayUse}}, "")
	if err != nil {
		t.Fatal(err)
	}
	use := func(idempotencyKey string) (ledger.Receipt, error) {
		return ledger.New(ledger.Config{Store: s.Capped(key, 5*ledger.Credit), DailyFree: 2 * ledger.Credit}).Use(t.Context(), ledger.Use{
			UserID: user.ID, Amount: 5 * ledger.Credit, AppID: "todo", Description: "x", Caller: key.Caller(), IdempotencyKey: idempotencyKey,
		})
	}
	first, err := use("k")
	if err != nil {
		t.Fatal(err)
	}
	for what, caps := range map[string]struct{ use, day ledger.Amount }{"of a use": {3, 0}, "of a day": {0, 3}, "of both": {5, 3}} {
		key.CapUse, key.CapDay = caps.use*ledger.Credit, caps.day*ledger.Credit
		if again, err := use("k"); err != nil || !again.Replayed || again.Transaction.ID != first.Transaction.ID {
			t.Errorf("%s: got %+v, %v, want the first answer", what, again, err)
		}
		if _, err := use("other"); root(err) != provider.ErrKeyLimit {
			t.Errorf("%s: got %v, want %v", what, err, provider.ErrKeyLimit)
		}
		clock.Add(25 * time.Hour)
		if _, err := use("other"); root(err) != provider.ErrKeyLimit {
			t.Errorf("%s: got %v, want %v", what, err, provider.ErrKeyLimit)
		}
	}
	wantNumber(t, s, `SELECT count(*) FROM credits.transactions WHERE kind = 'daily'`, 3)
	wantNumber(t, s, `SELECT count(*) FROM credits.transactions WHERE type = 'usage'`, 1)
}
