package storagetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider"
)

func (w *wallets) reserve(t *testing.T, amount ledger.Amount, change func(*ledger.Reserve)) (ledger.Receipt, error) {
	r := ledger.Reserve{
		UserID: w.user.ID, Amount: amount, ExpiresIn: time.Hour, AppID: "chat", Description: "Reply", Caller: "first-party",
	}
	if change != nil {
		change(&r)
	}
	return w.ledger.Reserve(t.Context(), r)
}

func (w *wallets) mustReserve(t *testing.T, amount ledger.Amount) ledger.Hold {
	t.Helper()
	receipt, err := w.reserve(t, amount, nil)
	if err != nil {
		t.Fatal(err)
	}
	return *receipt.Hold
}

func refOf(h ledger.Hold) ledger.HoldRef {
	return ledger.HoldRef{UserID: h.UserID, ID: h.ID, Caller: h.Caller}
}

func (w *wallets) capture(t *testing.T, h ledger.Hold, amount ledger.Amount, keep bool) (ledger.Receipt, error) {
	return w.ledger.Capture(t.Context(), ledger.Capture{HoldRef: refOf(h), Amount: amount, Keep: keep})
}

func (w *wallets) release(t *testing.T, h ledger.Hold) (ledger.Receipt, error) {
	return w.ledger.Release(t.Context(), ledger.Release{HoldRef: refOf(h)})
}

// wantCredits compares a wallet, in credits: free, paid, held, debt, spent.
func (w *wallets) wantCredits(t *testing.T, free, paid, held, debt, spent ledger.Amount) {
	t.Helper()
	b, err := w.ledger.Balance(t.Context(), w.user.ID)
	got := fmt.Sprint(b.Free, b.Paid, b.Held, b.Debt, b.Spent)
	if want := fmt.Sprint(free*ledger.Credit, paid*ledger.Credit, held*ledger.Credit, debt*ledger.Credit, spent*ledger.Credit); err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	w.wantSound(t)
}

// wantSound expects a check to find nothing.
func (w *wallets) wantSound(t *testing.T) {
	t.Helper()
	checker, _ := w.checker()
	if report, err := checker.VerifyWallet(t.Context(), w.user.ID, nil); err != nil || len(report.Faults) > 0 {
		t.Errorf("got %v, %v", report.Faults, err)
	}
}

// buy gives paid credits.
func (w *wallets) buy(t *testing.T, amount ledger.Amount) {
	t.Helper()
	_, err := w.ledger.Adjust(t.Context(), ledger.Adjustment{
		UserID: w.user.ID, Amount: amount, Class: ledger.Paid, Reason: "sold", IdempotencyKey: uuid.NewString(), Actor: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
}

func testHold(t *testing.T, w *wallets) {
	w.buy(t, 500*ledger.Credit)
	h := w.mustReserve(t, 200*ledger.Credit)
	w.wantCredits(t, 0, 450, 200, 0, 0)
	if _, err := w.use(t, 451*ledger.Credit, ""); !errors.Is(err, ledger.ErrInsufficient) {
		t.Errorf("got %v, want held credits not spent", err)
	}
	receipt, err := w.capture(t, h, 100*ledger.Credit, true)
	x := receipt.Transaction
	if err != nil || x.Type != ledger.TypeUsage || x.Kind != "capture" || x.HoldID != h.ID || x.Amount != -100*ledger.Credit || x.AppID != "chat" ||
		receipt.Balance.Held != 100*ledger.Credit || receipt.Hold.Rest() != 100*ledger.Credit {
		t.Errorf("got %+v, %v", receipt, err)
	}
	w.wantCredits(t, 0, 450, 100, 0, 100)
	if _, err := w.capture(t, h, 100*ledger.Credit+1, false); !errors.Is(err, ledger.HoldExceeded{Rest: 100 * ledger.Credit}) {
		t.Errorf("got %v, want a capture above the hold refused whole", err)
	}
	if _, err = w.ledger.Extend(t.Context(), ledger.Extend{HoldRef: refOf(h), ExpiresIn: 2 * time.Hour, Add: 50 * ledger.Credit}); err != nil {
		t.Error(err)
	}
	w.wantCredits(t, 0, 400, 150, 0, 100)
	if receipt, err = w.capture(t, h, 70*ledger.Credit, false); err != nil || receipt.Balance.Held != 0 || receipt.Balance.Paid != 480*ledger.Credit {
		t.Errorf("got %+v, %v, want the rest given back", receipt, err)
	}
	w.wantCredits(t, 0, 480, 0, 0, 170)
	for what, again := range map[string]func() (ledger.Receipt, error){
		"capture": func() (ledger.Receipt, error) { return w.capture(t, h, 0, false) },
		"release": func() (ledger.Receipt, error) { return w.release(t, h) },
		"extend": func() (ledger.Receipt, error) {
			return w.ledger.Extend(t.Context(), ledger.Extend{HoldRef: refOf(h), ExpiresIn: time.Hour})
		},
	} {
		if _, err := again(); !errors.Is(err, ledger.HoldEnded{State: ledger.HoldCaptured}) {
			t.Errorf("%s: got %v, want a hold that has ended", what, err)
		}
	}
	w.wantUsage(t, w.clock.Now(), 170*ledger.Credit, 2)
	if _, err := w.refund(t, 70*ledger.Credit, func(r *ledger.Refund) { r.TransactionID = receipt.Transaction.ID }); err != nil {
		t.Errorf("refund of a capture: %v", err)
	}
	w.wantSound(t)
	if last, err := w.ledger.LastCapture(t.Context(), *receipt.Hold); err != nil || last.Transaction.ID != receipt.Transaction.ID {
		t.Errorf("got %+v, %v, want the newest capture", last, err)
	}
}

func testHoldTime(t *testing.T, w *wallets) {
	short := func(r *ledger.Reserve) { r.ExpiresIn = time.Second }
	receipt, err := w.reserve(t, 10*ledger.Credit, short)
	if err != nil {
		t.Fatal(err)
	}
	h := *receipt.Hold
	w.clock.Add(time.Second - time.Microsecond)
	w.wantCredits(t, 140, 0, 10, 0, 0)
	w.clock.Add(time.Microsecond)
	if _, err := w.capture(t, h, 0, false); !errors.Is(err, ledger.HoldEnded{State: ledger.HoldExpired}) {
		t.Errorf("got %v, want a hold that is over at its very moment", err)
	}
	w.wantCredits(t, 150, 0, 0, 0, 0)
	if receipt, err := w.release(t, h); err != nil || receipt.Hold.State != ledger.HoldExpired || !receipt.Hold.EndedAt.Equal(h.ExpiresAt) {
		t.Errorf("got %+v, %v, want it as it ended", receipt.Hold, err)
	}

	receipt, err = w.reserve(t, 10*ledger.Credit, short)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Add(time.Minute)
	if got, err := w.ledger.Hold(t.Context(), receipt.Hold.ID); err != nil || got.State != ledger.HoldExpired {
		t.Errorf("got %+v, %v, want it expired for who reads", got, err)
	}
	w.mustReserve(t, 10*ledger.Credit)
	if _, err = w.reserve(t, 10*ledger.Credit, short); err != nil {
		t.Fatal(err)
	}
	w.clock.Add(time.Minute)
	if n, err := w.Ledger.OpenHolds(t.Context()); err != nil || n != 2 {
		t.Errorf("got %d, %v rows that say open, want 2", n, err)
	}
	if n, err := w.ledger.TidyHolds(t.Context()); err != nil || n != 1 {
		t.Errorf("got %d, %v, want one wallet tidied", n, err)
	}
	if n, err := w.Ledger.OpenHolds(t.Context()); err != nil || n != 1 {
		t.Errorf("got %d, %v open, want 1", n, err)
	}
	if n, err := w.ledger.TidyHolds(t.Context()); err != nil || n != 0 {
		t.Errorf("got %d, %v, want nothing more to do", n, err)
	}
	w.wantCredits(t, 140, 0, 10, 0, 0)
}

func testHoldDebt(t *testing.T, w *wallets) {
	p := w.purchase(t)
	h := w.mustReserve(t, 250*ledger.Credit)
	w.refunded(t, p, 60)
	w.wantCredits(t, 0, 0, 250, 60, 0)
	if _, err := w.reserve(t, 1, nil); !errors.Is(err, ledger.ErrDebt) {
		t.Errorf("got %v, want debt to stand in the way", err)
	}
	if _, err := w.capture(t, h, 170*ledger.Credit, true); err != nil {
		t.Errorf("got %v, want a capture although there is debt", err)
	}
	if _, err := w.release(t, h); err != nil {
		t.Error(err)
	}
	w.wantCredits(t, 0, 20, 0, 0, 170)
	if n := w.count(t, "repayment"); n != 1 {
		t.Errorf("got %d repayments, want 1", n)
	}
	wantNumber(t, w.Store, `SELECT count(*) FROM credits.transactions WHERE amount = 0 AND debt_after = 0`, 1)
}

func testHoldKeys(t *testing.T, w *wallets) {
	keyed := func(r *ledger.Reserve) { r.IdempotencyKey = "k"; r.Metadata = []byte(`{"a":1}`) }
	first, err := w.reserve(t, 10*ledger.Credit, keyed)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := w.reserve(t, 10*ledger.Credit, keyed); err != nil || !again.Replayed || again.Hold.ID != first.Hold.ID || again.Balance != first.Balance {
		t.Errorf("got %+v, %v, want the same hold", again, err)
	}
	if _, err := w.reserve(t, 11*ledger.Credit, keyed); !errors.Is(err, ledger.ErrKeyReused) {
		t.Errorf("got %v, want the key of another request refused", err)
	}
	if _, err := w.use(t, 10*ledger.Credit, "k"); !errors.Is(err, ledger.ErrKeyReused) {
		t.Errorf("got %v, want the key of a hold refused for a use", err)
	}
	extend := ledger.Extend{HoldRef: refOf(*first.Hold), Add: 5 * ledger.Credit, IdempotencyKey: "e"}
	capture := ledger.Capture{HoldRef: refOf(*first.Hold), Amount: 3 * ledger.Credit, Keep: true, IdempotencyKey: "c"}
	var taken uuid.UUID
	for i := range 3 {
		receipt, err := w.ledger.Extend(t.Context(), extend)
		if err != nil || receipt.Replayed != (i > 0) {
			t.Errorf("got %+v, %v", receipt, err)
		}
		receipt, err = w.ledger.Capture(t.Context(), capture)
		if err != nil || receipt.Replayed != (i > 0) || i > 0 && receipt.Transaction.ID != taken {
			t.Errorf("got %+v, %v", receipt, err)
		}
		taken = receipt.Transaction.ID
	}
	w.wantCredits(t, 135, 0, 12, 0, 3)
	w.mustUse(t, ledger.Credit)
	if again, err := w.reserve(t, 10*ledger.Credit, keyed); err != nil || !again.Replayed || string(again.Hold.Metadata) != `{"a":1}` {
		t.Errorf("got %+v, %v, want the same hold", again, err)
	}
	outcomes := race(16, func(int) error {
		_, err := w.reserve(t, 2*ledger.Credit, func(r *ledger.Reserve) { r.IdempotencyKey = "raced" })
		return err
	})
	if outcomes[nil] != 16 {
		t.Errorf("got %v", outcomes)
	}
	w.wantCredits(t, 132, 0, 14, 0, 4)
}

func testHoldOthers(t *testing.T, w *wallets) {
	h := w.mustReserve(t, 10*ledger.Credit)
	other, nobody, another := refOf(h), refOf(h), refOf(h)
	other.Caller, nobody.ID = "client:other", uuid.New()
	another.UserID = createUser(t, w.Store, "bob@example.com", w.clock.Now()).ID
	for what, ref := range map[string]ledger.HoldRef{"another caller": other, "no hold": nobody, "another person": another} {
		if _, err := w.ledger.Capture(t.Context(), ledger.Capture{HoldRef: ref}); !errors.Is(err, ledger.ErrNoHold) {
			t.Errorf("%s: got %v, want no such hold", what, err)
		}
		if _, err := w.ledger.Release(t.Context(), ledger.Release{HoldRef: ref}); !errors.Is(err, ledger.ErrNoHold) {
			t.Errorf("%s: got %v, want no such hold", what, err)
		}
	}
	if _, err := w.Ledger.Hold(t.Context(), nobody.ID); !errors.Is(err, ledger.ErrNoHold) {
		t.Errorf("got %v, want no such hold", err)
	}
	second := w.mustReserve(t, ledger.Credit)
	if _, err := w.ledger.Release(t.Context(), ledger.Release{HoldRef: ledger.HoldRef{UserID: w.user.ID, ID: h.ID}}); err != nil {
		t.Errorf("got %v, want the person to release any hold", err)
	}
	for query, want := range map[ledger.HoldQuery]int{
		{Limit: 9}: 2, {Limit: 1}: 1, {Limit: 9, State: ledger.HoldOpen}: 1, {Limit: 9, Caller: "client:other"}: 0,
		{Limit: 9, Before: second.ID}: 1, {Limit: 9, Caller: "first-party", State: ledger.HoldReleased}: 1,
	} {
		if got, err := w.ledger.HoldsOf(t.Context(), w.user.ID, query); err != nil || len(got) != want {
			t.Errorf("%+v: got %d, %v, want %d", query, len(got), err, want)
		}
	}
	w.wantCredits(t, 149, 0, 1, 0, 0)
}

func testHoldMinimum(t *testing.T, w *wallets) {
	least := func(r *ledger.Reserve) { r.Minimum = 100 * ledger.Credit }
	receipt, err := w.reserve(t, 1000*ledger.Credit, least)
	if err != nil || receipt.Hold.Amount != 150*ledger.Credit {
		t.Errorf("got %+v, %v, want as much as there is", receipt.Hold, err)
	}
	if _, err := w.reserve(t, 1000*ledger.Credit, least); !errors.Is(err, ledger.ErrInsufficient) {
		t.Errorf("got %v, want less than the minimum refused", err)
	}
	w.wantCredits(t, 0, 0, 150, 0, 0)
}

func testHoldLimit(t *testing.T, w *wallets) {
	w.buy(t, 1000*ledger.Credit)
	outcomes := race(raceCallers, func(int) error {
		for made := 0; made <= (ledger.MaxHolds+raceCallers)/raceCallers; {
			_, err := w.reserve(t, 1, nil)
			var passing interface{ Temporary() bool }
			switch {
			case err == nil:
				made++
			case !errors.As(err, &passing): // a slow disk is busy with so many
				return err
			}
		}
		return nil
	})
	if outcomes[ledger.ErrHoldLimit] == 0 || outcomes[nil]+outcomes[ledger.ErrHoldLimit] != raceCallers {
		t.Errorf("got %v, want the last ones refused", outcomes)
	}
	if n, err := w.Ledger.OpenHolds(t.Context()); err != nil || n != ledger.MaxHolds {
		t.Errorf("got %d, %v open holds, want %d", n, err, ledger.MaxHolds)
	}
	w.clock.Add(time.Hour)
	if _, err := w.reserve(t, 1, nil); err != nil {
		t.Errorf("got %v, want room once their time is over", err)
	}
	w.wantSound(t)
}

func testHoldClosing(t *testing.T, w *wallets) {
	w.buy(t, 100*ledger.Credit)
	h := w.mustReserve(t, 200*ledger.Credit)
	if _, err := w.capture(t, h, 30*ledger.Credit, true); err != nil {
		t.Fatal(err)
	}
	if err := w.Identity.DeleteAccount(t.Context(), deletion(w.user.ID)); err != nil {
		t.Fatal(err)
	}
	w.wantClosed(t, ledger.Transaction{Type: ledger.TypeAdjustment, Kind: "closing", Amount: -220 * ledger.Credit, Before: 220 * ledger.Credit})
	if got, err := w.Ledger.Hold(t.Context(), h.ID); err != nil || got.State != ledger.HoldReleased || got.Captured != 30*ledger.Credit {
		t.Errorf("got %+v, %v, want it released", got, err)
	}
	w.wantSound(t)
}

// testHoldRace has 64 callers at one wallet: what comes in is what goes out, and each hold ends once.
func testHoldRace(t *testing.T, w *wallets) {
	w.buy(t, 500*ledger.Credit)
	holds := make([]ledger.Hold, 16)
	for i := range holds {
		holds[i] = w.mustReserve(t, 5*ledger.Credit)
	}
	uses := make([]uuid.UUID, 8)
	for i := range uses {
		uses[i] = w.mustUse(t, 2*ledger.Credit)
	}
	outcomes := race(raceCallers, func(i int) error {
		h := holds[i%len(holds)]
		switch i / len(holds) {
		case 0:
			_, err := w.capture(t, h, 3*ledger.Credit, false)
			return err
		case 1:
			_, err := w.release(t, h)
			return err
		case 2:
			if i%2 == 0 {
				_, err := w.use(t, ledger.Credit, "")
				return err
			}
			_, err := w.refund(t, ledger.Credit, func(r *ledger.Refund) { r.TransactionID = uses[i%len(holds)/2] })
			return err
		}
		receipt, err := w.reserve(t, 4*ledger.Credit, nil)
		if err == nil {
			_, err = w.capture(t, *receipt.Hold, 0, false)
		}
		return err
	})
	for err := range outcomes {
		if err != nil && !errors.Is(err, ledger.HoldEnded{State: ledger.HoldCaptured}) && !errors.Is(err, ledger.ErrNotOpen) {
			t.Errorf("got %v", outcomes)
		}
	}
	captured := ledger.Amount(0)
	for _, h := range holds {
		got, err := w.Ledger.Hold(t.Context(), h.ID)
		if err != nil || got.State == ledger.HoldOpen || (got.State == ledger.HoldCaptured) != (got.Captured == 3*ledger.Credit) {
			t.Errorf("got %+v, %v, want it ended once", got, err)
		}
		captured += got.Captured
	}
	b, err := w.ledger.Balance(t.Context(), w.user.ID)
	spent := 16*ledger.Credit + captured + 8*ledger.Credit - 8*ledger.Credit + 16*4*ledger.Credit
	if err != nil || b.Held != 0 || b.Spent != spent || b.Free+b.Paid+b.Spent != 650*ledger.Credit {
		t.Errorf("got %+v, %v, want %v spent of 650", b, err, spent)
	}
	w.wantSound(t)
}

func testHoldCaps(t *testing.T, w *wallets) {
	admin := provider.ServiceKeyAdmin{Store: w.ServiceKeys, By: operator(), Now: w.clock.Now}
	key, _, err := admin.Register(t.Context(), provider.ServiceKey{
		Name: "todo", AppIDs: []string{"todo"}, Permissions: []string{provider.MayHold}, CapUse: 6 * ledger.Credit, CapDay: 10 * ledger.Credit,
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	reserve := func(amount ledger.Amount) (*ledger.Hold, error) {
		receipt, err := ledger.New(ledger.Config{Store: w.Capped(key, amount)}).Reserve(t.Context(), ledger.Reserve{
			UserID: w.user.ID, Amount: amount, ExpiresIn: time.Hour, AppID: "todo", Description: "x", Caller: key.Caller(), Actor: key.Actor(),
		})
		return receipt.Hold, err
	}
	if _, err := reserve(6*ledger.Credit + 1); !errors.Is(err, provider.ErrKeyLimit) {
		t.Errorf("got %v, want a hold above the cap for one use refused", err)
	}
	h, err := reserve(6 * ledger.Credit)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reserve(5 * ledger.Credit); !errors.Is(err, provider.ErrKeyLimit) {
		t.Errorf("got %v, want a hold above the cap for the day refused", err)
	}
	if _, err := w.capture(t, *h, 6*ledger.Credit, false); err != nil {
		t.Errorf("got %v, want what was held captured", err)
	}
	if h, err = reserve(4 * ledger.Credit); err != nil {
		t.Fatalf("got %v, want a capture counted once", err)
	}
	ending := ledger.New(ledger.Config{Store: w.Capped(key, 0)})
	ref := func() ledger.HoldRef {
		return ledger.HoldRef{UserID: w.user.ID, ID: h.ID, Caller: key.Caller(), Actor: key.Actor()}
	}
	for range 2 {
		if _, err := ending.Release(t.Context(), ledger.Release{HoldRef: ref()}); err != nil {
			t.Fatal(err)
		}
	}
	if h, err = reserve(4 * ledger.Credit); err != nil {
		t.Fatalf("got %v, want what was released given back", err)
	}
	if _, err := reserve(1); !errors.Is(err, provider.ErrKeyLimit) {
		t.Errorf("got %v, want it given back once", err)
	}
	if _, err := ending.Capture(t.Context(), ledger.Capture{HoldRef: ref(), Amount: ledger.Credit}); err != nil {
		t.Fatal(err)
	}
	if h, err = reserve(3 * ledger.Credit); err != nil {
		t.Fatalf("got %v, want what was not captured given back", err)
	}
	if _, err := reserve(1); !errors.Is(err, provider.ErrKeyLimit) {
		t.Errorf("got %v, want what was captured to count", err)
	}
	w.wantSound(t)
	w.holdsOfYesterday(t, ending, *h, reserve)
}

// holdsOfYesterday lets a day begin on which the holds of the day before give nothing back.
func (w *wallets) holdsOfYesterday(t *testing.T, ending *ledger.Ledger, h ledger.Hold, reserve func(ledger.Amount) (*ledger.Hold, error)) {
	day := w.clock.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	ref := ledger.HoldRef{UserID: w.user.ID, ID: h.ID, Caller: h.Caller, Actor: h.Actor}
	if _, err := ending.Extend(t.Context(), ledger.Extend{HoldRef: ref, ExpiresIn: ledger.MaxHoldTime}); err != nil {
		t.Fatal(err)
	}
	w.clock.Add(day.Sub(w.clock.Now()))
	for range 2 {
		if _, err := reserve(5 * ledger.Credit); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ending.Release(t.Context(), ledger.Release{HoldRef: ref}); err != nil {
		t.Fatal(err)
	}
	if _, err := reserve(1); !errors.Is(err, provider.ErrKeyLimit) {
		t.Errorf("got %v, want a hold of yesterday to give nothing back", err)
	}
	w.wantSound(t)
}

// testHoldEnforced lets the database itself refuse what must not be, and the check find what it cannot.
func testHoldEnforced(t *testing.T, w *wallets) {
	h, open := w.mustReserve(t, 10*ledger.Credit), w.mustReserve(t, 20*ledger.Credit)
	if _, err := w.capture(t, h, 4*ledger.Credit, false); err != nil {
		t.Fatal(err)
	}
	set := func(change string, of ledger.Hold) string {
		return `UPDATE credits.holds SET ` + change + ` WHERE id = '` + of.ID.String() + `'`
	}
	wantRefusal(t, w.Store, set("captured = captured + 1", h), "holds_ended")
	wantRefusal(t, w.Store, set("state = 'open', ended_at = NULL, ended_seq = NULL", h), "holds_ended")
	wantRefusal(t, w.Store, set("captured = amount + 1", open), "holds_captured", "holds_open", "holds_capture")
	wantRefusal(t, w.Store, set("state = 'released'", open), "holds_open")
	wantRefusal(t, w.Store, `UPDATE credits.hold_parts SET captured = amount + 1`, "hold_parts_captured")
	w.wantSound(t)
	for _, change := range []string{
		set("amount = amount + 1", open),
		`UPDATE credits.hold_parts SET amount = amount + 1 WHERE hold_id = '` + open.ID.String() + `'`,
		`UPDATE credits.hold_parts SET captured = 1 WHERE hold_id = '` + open.ID.String() + `'`,
		set("made_seq = made_seq + 1", open),
		`UPDATE credits.grants SET held = held - 1 WHERE held > 0`,
	} {
		w.wantFound(t, change)
	}
}

// wantFound expects a check to find a change of a row, and undoes it.
func (w *wallets) wantFound(t *testing.T, change string) {
	t.Helper()
	checker, _ := w.checker()
	if err := w.Tamper(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	report, err := checker.VerifyWallet(t.Context(), w.user.ID, nil)
	if err != nil || len(report.Faults) == 0 {
		t.Errorf("%s: got %v, %v, want it found", change, report.Faults, err)
	}
	undo := strings.NewReplacer("amount + 1", "amount - 1", "captured = 1", "captured = 0", "made_seq + 1", "made_seq - 1", "held - 1", "held + 1").Replace(change)
	if err := w.Tamper(t.Context(), undo); err != nil {
		t.Fatal(err)
	}
	w.wantSound(t)
}
