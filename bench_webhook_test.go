//go:build bench

package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/ledger/stripe"
	"mana/provider/identity"
	"mana/storage"
	"mana/storage/servers"
)

const (
	webhookEach  = 4 // of a caller in a round: fewer than may be pending
	webhookEvent = `{"id":"evt_%s","object":"event","type":"payment_intent.succeeded","api_version":"2023-10-16","livemode":false,"data":{"object":{"object":"payment_intent",
		"id":"pi_%s","status":"succeeded","amount":100,"amount_received":100,"currency":"eur","customer":"cus_1","metadata":{"purchaseId":"%s"},"description":"%s"}}}`
)

// benchPackage is that of 100 credits, which the migrations make.
var benchPackage = uuid.MustParse("019ab000-0000-7000-8000-000000000001")

// TestBenchLedgerWebhooks compares webhooks, from the signature to the credits, with plain inserts of the same bytes, of a
// commit each, which every engine has without us. What inserts take that share our commits is printed beside it.
func TestBenchLedgerWebhooks(t *testing.T) {
	db, err := storage.Open(t.Context(), filepath.Join(t.TempDir(), "bench.db"), slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	credits := ledger.New(ledger.Config{Store: db.Ledger(), SignupBonus: ledger.Credit})
	people := make([]uuid.UUID, debitCallers)
	for i := range people {
		people[i] = uuid.Must(uuid.NewV7())
		opening, err := credits.Opening()
		if err != nil {
			t.Fatal(err)
		}
		claim := sha256.Sum256(people[i][:])
		_, err = db.Identity().CreateAccount(t.Context(), identity.NewAccount{
			User:         identity.User{ID: people[i], Email: identity.Email(fmt.Sprintf("p%d@example.com", i)), Role: identity.RoleUser, CreatedAt: time.Now(), UpdatedAt: time.Now()},
			PasswordHash: "-", BonusClaim: claim[:], Opening: opening, Event: identity.Event{Type: "register"},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	benchWebhooks(t, "webhooks_per_insert", db, people, plainInserts(t))
	fmt.Printf("inserts that share commits: %.0f/s\n", sharedInserts(t, db))
}

// plainInserts gives what inserts into a database of its own, which flushes each commit.
func plainInserts(t *testing.T) func(id string, body []byte) error {
	t.Helper()
	pool, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "plain.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	pool.SetMaxOpenConns(1)
	_, err = pool.ExecContext(t.Context(), `CREATE TABLE events (id TEXT PRIMARY KEY, type TEXT NOT NULL, body BLOB NOT NULL, received_at INTEGER NOT NULL) STRICT`)
	if err != nil {
		t.Fatal(err)
	}
	insert, err := pool.PrepareContext(t.Context(), `INSERT INTO events (id, type, body, received_at) VALUES (?, ?, ?, ?)`)
	if err != nil {
		t.Fatal(err)
	}
	return func(id string, body []byte) error {
		_, err := insert.ExecContext(context.Background(), id, "payment_intent.succeeded", body, time.Now().UnixMicro())
		return err
	}
}

// sharedInserts is how many events a second are only stored.
func sharedInserts(t *testing.T, db *storage.DB) float64 {
	t.Helper()
	body := fmt.Appendf(nil, webhookEvent, "", "", "", strings.Repeat("x", 3000))
	return webhookRate(t, func(int, int) error { return storeEvent(db, uuid.NewString(), body) })
}

func storeEvent(db *storage.DB, id string, body []byte) error {
	_, err := db.Ledger().Receive(context.Background(), ledger.StripeEvent{ID: "plain_" + id, Type: "payment_intent.succeeded", Body: body})
	return err
}

// TestBenchLedgerWebhooksOnPostgres does so on one PostgreSQL that flushes each commit.
func TestBenchLedgerWebhooksOnPostgres(t *testing.T) {
	database, err := servers.StartPostgres(t.Context(), "fsync = on", "synchronous_commit = on", "max_wal_size = '4GB'")
	servers.Need(t, err)
	t.Cleanup(func() { _ = database.Remove() })
	if err := database.Exec(t.Context(), "postgres", "CREATE DATABASE mana OWNER "+servers.Owner); err != nil {
		t.Fatal(err)
	}
	place, port := database.URL(servers.App, "mana")+"&default_query_exec_mode=cache_statement", freePort(t)
	p, _ := startBinary(t, buildProgram(t), t.TempDir(), port, strings.ReplaceAll(manyTries, "00/60", "0000/60"),
		"DATABASE_URL="+place, "DATABASE_DIRECT_URL="+database.URL(servers.Owner, "mana"))
	stopped := sync.OnceFunc(p.stop)
	defer stopped()
	s := &server{issuer: p.url}
	people := make([]uuid.UUID, debitCallers)
	for i := range people {
		id, _ := s.person(t, fmt.Sprintf("p%d@example.com", i))
		people[i] = uuid.MustParse(id)
	}
	stopped()
	db, err := storage.Open(t.Context(), place, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	benchWebhooks(t, "pg_webhooks_per_insert", db, people, func(id string, body []byte) error { return storeEvent(db, id, body) })
}

// benchWebhooks interleaves rounds of webhooks and of inserts.
func benchWebhooks(t *testing.T, name string, db *storage.DB, people []uuid.UUID, insert func(id string, body []byte) error) {
	t.Helper()
	shop := stripe.New(stripe.Config{
		Purchases: db.Ledger(), Inbox: db.Ledger(), Payments: db.Ledger(), Secrets: []stripe.Secret{stripeBench}, Now: time.Now,
		Logger: slog.New(slog.DiscardHandler),
	})
	var ratios, taken, inserted []float64
	for round := range benchRounds + 1 {
		bodies := benchOrders(t, db, people)
		webhooks := webhookRate(t, func(caller, n int) error {
			body := bodies[caller][n]
			return shop.Receive(context.Background(), stripe.Sign(body, stripeBench, time.Now()), body)
		})
		inserts := webhookRate(t, func(caller, n int) error {
			return insert(uuid.NewString(), bodies[caller][n])
		})
		if round > 0 { // the first one warms up
			ratios, taken, inserted = append(ratios, webhooks/inserts), append(taken, webhooks), append(inserted, inserts)
		}
	}
	got, err := db.Ledger().PurchasesOf(t.Context(), people[0], webhookEach)
	if err != nil || len(got) != webhookEach || got[0].Posted != 100*ledger.Credit {
		t.Fatalf("got %+v, %v, want the credits of all purchases", got, err)
	}
	fmt.Printf("%d callers: %.0f webhooks to posted credits/s, %.0f plain inserts of the same bytes/s\n", debitCallers, median(taken), median(inserted))
	figure(name, median(ratios), ">=", 0.25)
}

const stripeBench = "whsec_0123456789abcdef0123456789abcdef"

// benchOrders orders for every caller, and gives the events of the payments.
func benchOrders(t *testing.T, db *storage.DB, people []uuid.UUID) [][][]byte {
	t.Helper()
	bodies := make([][][]byte, len(people))
	for i, person := range people {
		for range webhookEach {
			id := uuid.Must(uuid.NewV7())
			if _, err := db.Ledger().Order(t.Context(), ledger.Order{ID: id, UserID: person, PackageID: benchPackage}); err != nil {
				t.Fatal(err)
			}
			// as long as what Stripe sends
			bodies[i] = append(bodies[i], fmt.Appendf(nil, webhookEvent, id, id, id, strings.Repeat("x", 3000)))
		}
	}
	return bodies
}

// webhookRate is how many the callers get done a second.
func webhookRate(t *testing.T, do func(caller, n int) error) float64 {
	t.Helper()
	begin := time.Now()
	var group sync.WaitGroup
	for caller := range debitCallers {
		group.Go(func() {
			for n := range webhookEach {
				if err := do(caller, n); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	return debitCallers * webhookEach / time.Since(begin).Seconds()
}
