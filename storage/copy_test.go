package storage_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
	"mana/storage"
	"mana/storage/postgres"
	"mana/storage/servers"
)

// oldHouse fills a SQLite file with people and a history that takes several batches.
func oldHouse(t *testing.T) string {
	t.Helper()
	const people, uses = 12, 400
	file := filepath.Join(t.TempDir(), "mana.db")
	db, err := storage.Open(t.Context(), file, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	credits := ledger.New(ledger.Config{Store: db.Ledger(), SignupBonus: 150 * ledger.Credit, DailyFree: 5 * ledger.Credit})
	var group sync.WaitGroup
	for i := range people {
		opening, err := credits.Opening()
		if err != nil {
			t.Fatal(err)
		}
		id := uuid.Must(uuid.NewV7())
		claim, now := sha256.Sum256(id[:]), time.Now().UTC()
		_, err = db.Identity().CreateAccount(t.Context(), identity.NewAccount{
			User:         identity.User{ID: id, Email: identity.Email(fmt.Sprintf("p%d@example.com", i)), Role: identity.RoleUser, CreatedAt: now, UpdatedAt: now},
			PasswordHash: "-", BonusClaim: claim[:], Opening: opening, Event: identity.Event{Type: "register", Metadata: map[string]string{"a": "ä\""}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := buy(t.Context(), db.Ledger(), id); err != nil {
			t.Fatal(err)
		}
		group.Go(func() {
			for n := range uses {
				use := ledger.Use{UserID: id, Amount: ledger.Amount(1 + n), AppID: "chat", Description: "Reply ü", Caller: "first-party"}
				if n%3 == 0 {
					use.IdempotencyKey, use.Metadata = fmt.Sprint(n), []byte(`{"n" : 1.50,"x":"\u00fc"}`)
				}
				receipt, err := credits.Use(context.Background(), use)
				if err == nil && n%10 == 0 {
					_, err = credits.Refund(context.Background(), ledger.Refund{
						UserID: id, TransactionID: receipt.Transaction.ID, Amount: 1, AppID: "chat", Description: "Back", Caller: "first-party", IdempotencyKey: fmt.Sprint("r", n),
					})
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

// buy has a person buy a package, of which a part goes back and another is disputed.
func buy(ctx context.Context, till storage.Ledger, userID uuid.UUID) error {
	p, err := till.Order(ctx, ledger.Order{
		ID: uuid.Must(uuid.NewV7()), UserID: userID, PackageID: uuid.MustParse("019ab000-0000-7000-8000-000000000001"), Metadata: []byte(`{"a" : 1}`),
	})
	if err != nil {
		return err
	}
	if _, err := till.NoteCustomer(ctx, userID, "cus_"+userID.String()); err != nil {
		return err
	}
	for i, x := range []ledger.Fact{
		{Kind: ledger.FactPaid, Cents: 100},
		{Kind: ledger.FactRefund, Refund: ledger.PaymentRefund{ID: "re_1", Cents: 10, State: ledger.RefundPending}},
		{Kind: ledger.FactDispute, Dispute: ledger.Dispute{ID: "dp_1", Cents: 20, State: ledger.DisputeOpen}},
		{Kind: ledger.FactPaid, Cents: 99},
	} {
		x.EventID, x.PurchaseID, x.Currency = fmt.Sprint(p.ID, i), p.ID, ledger.Euro
		if _, err := till.Receive(ctx, ledger.StripeEvent{ID: x.EventID, Type: "x", Body: []byte{0, 1, '"'}}); err != nil {
			return err
		}
		if _, err := till.Settle(ctx, ledger.Settling{TransactionID: uuid.Must(uuid.NewV7()), Fact: x}); err != nil {
			return err
		}
	}
	_, err = till.Withdraw(ctx, ledger.Withdrawal{
		RequestID: uuid.Must(uuid.NewV7()), TransactionID: uuid.Must(uuid.NewV7()), UserID: userID, PurchaseID: p.ID, Actor: "user",
	})
	return err
}

// TestCopy moves an installation in three tries, and finds what is not equal afterwards.
func TestCopy(t *testing.T) {
	t.Parallel()
	server, err := servers.StartPostgres(t.Context())
	servers.Need(t, err)
	t.Cleanup(func() {
		if err := server.Remove(); err != nil {
			t.Error(err)
		}
	})
	if err := server.Exec(t.Context(), "postgres", "CREATE DATABASE mana OWNER "+servers.Owner); err != nil {
		t.Fatal(err)
	}
	file, to, direct := oldHouse(t), server.URL(servers.App, "mana"), server.URL(servers.Owner, "mana")
	if _, err := storage.Migrate(t.Context(), to, direct); err != nil {
		t.Fatal(err)
	}
	copied := make([]int64, 0, 3) // where each try stood at first
	try := func(batches int) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		first := true
		return storage.Copy(ctx, file, to, direct, func(done, _ int64) {
			if first {
				copied = append(copied, done)
			}
			if first = false; batches > 0 {
				if batches--; batches == 0 {
					cancel()
				}
			}
		})
	}
	for _, batches := range []int{4, 3} {
		if err := try(batches); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want the copy interrupted", err)
		}
		_, err := storage.Open(t.Context(), to, slog.New(slog.DiscardHandler), nil)
		if !errors.Is(err, postgres.ErrSchema) || !strings.Contains(err.Error(), "import") {
			t.Fatalf("got %v for a database that is copied to, want it refused", err)
		}
	}
	if err := try(0); err != nil {
		t.Fatal(err)
	}
	if copied[0] >= copied[1] || copied[1] >= copied[2] {
		t.Errorf("got the tries begin at %v, want each to go on", copied)
	}
	compared := int64(0)
	tables, err := storage.CompareRows(t.Context(), file, direct, func(done, _ int64) { compared = done })
	if err != nil || compared == 0 {
		t.Fatalf("got %v after %d rows", err, compared)
	}
	rows := make(map[string]int64)
	for _, table := range tables {
		rows[table.Table] = table.Rows
	}
	if rows["credits_transactions"] != 12*445 || rows["credits_balances"] != 12 || rows["auth_users"] != 12 || rows["credits_packages"] != 4 ||
		rows["credits_entries"] < 12*441 || rows["credits_idempotency"] != 12*174 ||
		rows["credits_purchases"] != 12 || rows["credits_refunds"] != 24 || rows["credits_disputes"] != 12 ||
		rows["credits_stripe_events"] != 48 || rows["credits_stripe_customers"] != 12 {
		t.Errorf("got %v", rows)
	}
	wallets, err := storage.CompareWallets(t.Context(), file, to, func(int64) {})
	if err != nil || wallets != 12 {
		t.Errorf("got %d, %v, want 12 equal wallets", wallets, err)
	}
	if _, err := storage.Open(t.Context(), to, slog.New(slog.DiscardHandler), nil); !errors.Is(err, postgres.ErrSchema) {
		t.Errorf("got %v before the end of the copy, want it refused", err)
	}
	if err := try(0); err != nil { // again, as after an interrupted comparison
		t.Error(err)
	}
	if err := storage.EndCopy(t.Context(), direct); err != nil {
		t.Fatal(err)
	}
	if err := storage.Copy(t.Context(), file, to, direct, nil); !errors.Is(err, storage.ErrNotEmpty) {
		t.Errorf("got %v for a second copy, want it refused", err)
	}
	err = server.Exec(t.Context(), "mana", `UPDATE credits.balances SET total_spent = total_spent + 1, version = version + 1
		WHERE user_id = (SELECT user_id FROM credits.balances ORDER BY user_id OFFSET 7 LIMIT 1)`)
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]string{
		"auth_users":           `UPDATE auth.users SET disabled_at = created_at WHERE id = (SELECT id FROM auth.users ORDER BY id LIMIT 1)`,
		"auth_security_events": `INSERT INTO auth.security_events (id, event_type, created_at) VALUES (gen_random_uuid(), 'x', now())`,
	} {
		if err := server.Exec(t.Context(), "mana", change); err != nil {
			t.Fatal(err)
		}
		if _, err := storage.CompareRows(t.Context(), file, direct, func(int64, int64) {}); !errors.Is(err, storage.ErrDifferent) {
			t.Errorf("got %v after a change of %s, want it found", err, what)
		}
	}
	if n, err := storage.CompareWallets(t.Context(), file, to, func(int64) {}); !errors.Is(err, storage.ErrDifferent) || n != 7 || !strings.Contains(err.Error(), "the wallet of 0") {
		t.Errorf("got %d, %v, want the eighth wallet found", n, err)
	}
}
