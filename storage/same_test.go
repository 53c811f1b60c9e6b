package storage_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"mana/ledger"
	"mana/provider/identity"
	"mana/storage/postgres"
	"mana/storage/servers"
	"mana/storage/sqlite"
	"mana/storage/storagetest"
)

// engine makes a person on one way to keep wallets.
type engine struct {
	name   string
	create func(ctx context.Context, a identity.NewAccount) (ledger.Store, error)
	books  ledger.Books // nil: in memory
}

// engines opens all of them on one clock: the maps of the model, SQLite, PostgreSQL, and that through PgBouncer.
func engines(t *testing.T, now func() time.Time) []engine {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	file, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "mana.db"), Now: now, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	all := []engine{{"memory", func(_ context.Context, a identity.NewAccount) (ledger.Store, error) {
		opened, err := ledger.Open(a.User.ID, now(), a.Opening, true)
		return storagetest.NewMemory(now, opened), err
	}, nil}, {"SQLite", func(ctx context.Context, a identity.NewAccount) (ledger.Store, error) {
		_, err := file.Identity().CreateAccount(ctx, a)
		return file.Ledger(), err
	}, file.Ledger()}}
	server, err := servers.StartPostgres(t.Context())
	servers.Need(t, err)
	t.Cleanup(func() { _ = server.Remove() })
	bouncer, err := servers.StartPgBouncer(t.Context(), server, 4)
	servers.Need(t, err)
	t.Cleanup(func() { _ = bouncer.Remove() })
	for name, url := range map[string]func(role, database string) string{"direct": server.URL, "pooled": bouncer.URL} {
		if err := server.Exec(t.Context(), "postgres", "CREATE DATABASE "+name+" OWNER "+servers.Owner); err != nil {
			t.Fatal(err)
		}
		if _, err := postgres.Migrate(t.Context(), server.URL(servers.Owner, name), servers.App); err != nil {
			t.Fatal(err)
		}
		db, err := postgres.Open(t.Context(), postgres.Config{URL: url(servers.App, name), Now: now, Wait: time.Minute, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		all = append(all, engine{"PostgreSQL, " + name, func(ctx context.Context, a identity.NewAccount) (ledger.Store, error) {
			_, err := db.Identity().CreateAccount(ctx, a)
			return db.Ledger(), err
		}, db.Ledger()})
	}
	return all
}

// person is one wallet, kept by each engine.
type person struct {
	id    uuid.UUID
	next  uuid.UUID // the id of the command that all engines are given
	books []*ledger.Ledger
	store []ledger.Store
	uses  []uuid.UUID
	holds []uuid.UUID
	all   []engine
}

// TestSameOnAllEngines gives the same commands to all engines. Each answer is the same, and so is what is stored.
func TestSameOnAllEngines(t *testing.T) {
	t.Parallel()
	clock := storagetest.NewClock()
	all := engines(t, clock.Now)
	rapid.Check(t, func(r *rapid.T) {
		p := newPerson(r, clock, all)
		for range rapid.IntRange(1, 25).Draw(r, "commands") {
			p.step(r, clock)
		}
		p.compare(r, "what is stored", func(i int) (string, error) {
			state, _, err := p.store[i].Wallet(r.Context(), p.id)
			if err != nil {
				return "", err
			}
			holds, holdsErr := p.store[i].HoldsOf(r.Context(), p.id, ledger.HoldQuery{Limit: 100})
			if holdsErr != nil {
				return "", holdsErr
			}
			history, err := p.store[i].History(r.Context(), p.id, 1000, 0)
			for n := range history {
				history[n].Postings = nil // the model keeps them in sight
			}
			return fmt.Sprintf("%+v\n%+v\n%+v", state, holds, history), err
		})
	})
}

// TestSamePayments runs sequences of events about payments on all engines: about 100, times MANA_SCALE.
func TestSamePayments(t *testing.T) {
	t.Parallel()
	clock := storagetest.NewClock()
	all := engines(t, clock.Now)
	scale, err := strconv.Atoi(os.Getenv("MANA_SCALE"))
	if err != nil {
		scale = 1
	}
	for range scale {
		rapid.Check(t, func(r *rapid.T) {
			p := newPerson(r, clock, all)
			var wallets []storagetest.PaidWallet
			for i, e := range all {
				w := storagetest.PaidWallet{Name: e.name, Store: p.store[i]}
				switch till := p.store[i].(type) {
				case *storagetest.Memory:
					w.Till = till
					w.Inspect = func(_ context.Context, _ uuid.UUID, read func(ledger.Journal) error) error {
						return read(till.Journal())
					}
				case storagetest.Till:
					w.Till, w.Inspect = till, e.books.Inspect
				}
				wallets = append(wallets, w)
			}
			storagetest.Payments(r, clock, p.id, wallets...)
		})
	}
}

func newPerson(r *rapid.T, clock *storagetest.Clock, all []engine) *person {
	p := &person{id: uuid.Must(uuid.NewV7()), all: all}
	claim := sha256.Sum256(p.id[:])
	account := identity.NewAccount{
		User:         identity.User{ID: p.id, Email: identity.Email(p.id.String() + "@example.com"), Role: identity.RoleUser, CreatedAt: clock.Now(), UpdatedAt: clock.Now()},
		PasswordHash: "hash", BonusClaim: claim[:], Event: identity.Event{UserID: p.id, Type: "register"},
		Opening: ledger.Opening{TransactionID: uuid.Must(uuid.NewV7()), Bonus: 150 * ledger.Credit},
	}
	for _, e := range all {
		store, err := e.create(r.Context(), account)
		if err != nil {
			r.Fatal(e.name, err)
		}
		p.store = append(p.store, store)
		p.books = append(p.books, ledger.New(ledger.Config{
			Store: store, DailyFree: 5 * ledger.Credit, NewID: func() (uuid.UUID, error) { return p.next, nil },
		}))
	}
	return p
}

// compare asks all engines, and wants what the first one answers.
func (p *person) compare(r *rapid.T, what string, ask func(i int) (string, error)) {
	var first string
	for i, e := range p.all {
		answer, err := ask(i)
		if answer = fmt.Sprint(answer, " ", err); i == 0 {
			first = answer
		}
		if answer != first {
			r.Errorf("%s: got of %s\n%s\nand of %s\n%s", what, e.name, answer, p.all[0].name, first)
		}
	}
}

// step draws one command, for all engines.
func (p *person) step(r *rapid.T, clock *storagetest.Clock) {
	p.next = uuid.Must(uuid.NewV7())
	clock.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 1000, 3_600_000, 86_400_000, 86_400_001, -7_200_000}).Draw(r, "ms")) * time.Millisecond)
	amount := ledger.Amount(rapid.SampledFrom([]int64{1, 10_000, 1_000_000, 60_000_000, 151_000_000}).Draw(r, "amount"))
	key := rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(r, "key")
	switch kind := rapid.SampledFrom([]string{"use", "use", "refund", "refund of one", "adjust", "balance", "history", "hold", "hold", "capture", "extend", "release"}).Draw(r, "kind"); kind {
	case "balance":
		p.compare(r, kind, func(i int) (string, error) {
			b, err := p.books[i].Balance(r.Context(), p.id)
			return fmt.Sprintf("%+v", b), err
		})
	case "history":
		p.compare(r, kind, func(i int) (string, error) {
			h, err := p.books[i].History(r.Context(), p.id, 3, rapid.SampledFrom([]int{0, 2}).Example(len(p.uses)))
			for n := range h {
				h[n].Postings = nil
			}
			return fmt.Sprintf("%+v", h), err
		})
	case "hold", "capture", "extend", "release":
		p.holdStep(r, kind, amount, key)
	default:
		p.post(r, kind, amount, key)
	}
}

func (p *person) post(r *rapid.T, kind string, amount ledger.Amount, key string) {
	metadata := rapid.SampledFrom([]string{"", `{"b": 1.10, "a":"ü"}`}).Draw(r, "metadata")
	app := rapid.SampledFrom([]string{"chat", "todo"}).Draw(r, "app")
	class := rapid.SampledFrom([]ledger.Class{ledger.Free, ledger.Paid}).Draw(r, "class")
	sign := ledger.Amount(rapid.SampledFrom([]int{1, 1, -1}).Draw(r, "sign"))
	named := uuid.Nil
	if kind == "refund of one" && len(p.uses) > 0 {
		named = rapid.SampledFrom(p.uses).Draw(r, "use")
	}
	posted := false
	p.compare(r, kind, func(i int) (string, error) {
		var receipt ledger.Receipt
		var err error
		switch kind {
		case "use":
			receipt, err = p.books[i].Use(r.Context(), ledger.Use{
				UserID: p.id, Amount: amount, AppID: app, Description: "Reply", Metadata: []byte(metadata), Caller: "first-party", IdempotencyKey: key,
			})
			posted = err == nil && !receipt.Replayed
		case "adjust":
			receipt, err = p.books[i].Adjust(r.Context(), ledger.Adjustment{
				UserID: p.id, Amount: sign * amount, Class: class, Reason: "goodwill", IdempotencyKey: key + "x",
			})
		default:
			receipt, err = p.books[i].Refund(r.Context(), ledger.Refund{
				UserID: p.id, Amount: amount, AppID: app, Description: "Failed", TransactionID: named, Caller: "first-party", IdempotencyKey: key,
			})
		}
		receipt.Transaction.Postings = nil // not loaded for a replay
		return fmt.Sprintf("%+v", receipt), err
	})
	if posted {
		p.uses = append(p.uses, p.next)
	}
}

// holdStep draws one command about a hold.
func (p *person) holdStep(r *rapid.T, kind string, amount ledger.Amount, key string) {
	ref := ledger.HoldRef{UserID: p.id, ID: p.next, Caller: "first-party"}
	if len(p.holds) > 0 {
		ref.ID = rapid.SampledFrom(p.holds).Draw(r, "hold")
	}
	length := time.Duration(rapid.SampledFrom([]int{1, 3600, 86_400}).Draw(r, "seconds")) * time.Second
	keep := rapid.Bool().Draw(r, "keep")
	made := false
	p.compare(r, kind, func(i int) (string, error) {
		var receipt ledger.Receipt
		var err error
		switch kind {
		case "hold":
			receipt, err = p.books[i].Reserve(r.Context(), ledger.Reserve{
				UserID: p.id, Amount: amount, Minimum: amount / 2, ExpiresIn: length, AppID: "chat", Description: "Reply",
				Metadata: []byte(`{"b": 1.10}`), Caller: "first-party", IdempotencyKey: key,
			})
			made = err == nil && !receipt.Replayed
		case "capture":
			receipt, err = p.books[i].Capture(r.Context(), ledger.Capture{HoldRef: ref, Amount: amount, Keep: keep, IdempotencyKey: key})
		case "extend":
			receipt, err = p.books[i].Extend(r.Context(), ledger.Extend{HoldRef: ref, ExpiresIn: length, Add: amount, IdempotencyKey: key})
		default:
			receipt, err = p.books[i].Release(r.Context(), ledger.Release{HoldRef: ref})
		}
		receipt.Transaction.Postings = nil // not loaded for a replay
		hold := receipt.Hold
		receipt.Hold = nil
		return fmt.Sprintf("%+v %+v", receipt, hold), err
	})
	if made {
		p.holds = append(p.holds, p.next)
	}
}
