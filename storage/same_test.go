package storage_test

import (
	"context"
	"crypto/sha256"
	"errors"
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
	remove func(context.Context, identity.Deletion) error
	books  ledger.Books // nil: in memory
}

// digest is that of the whole journal of a wallet.
func (e engine) digest(ctx context.Context, store ledger.Store, id uuid.UUID) (sum string, err error) {
	read := func(j ledger.Journal) error {
		digest, err := ledger.Digest(j)
		sum = fmt.Sprintf("%x", digest)
		return err
	}
	if memory, ok := store.(*storagetest.Memory); ok {
		err = read(memory.Journal())
	} else {
		err = e.books.Inspect(ctx, id, read)
	}
	return sum, err
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
	}, nil, nil}, {"SQLite", func(ctx context.Context, a identity.NewAccount) (ledger.Store, error) {
		_, err := file.Identity().CreateAccount(ctx, a)
		return file.Ledger(), err
	}, file.Identity().DeleteAccount, file.Ledger()}}
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
		}, db.Identity().DeleteAccount, db.Ledger()})
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
	met   map[string]int // cases, over all people
}

// wantMet are the cases that random commands must not miss.
var wantMet = []string{
	"part captured", "all captured", "captured again", "too much captured", "captured when over", "extended", "extended when over",
	"released", "released when over", "nothing held", "nothing spent", "adjusted", "given back", "replayed", "frozen", "closed", "closed with holds",
}

// TestSameOnAllEngines gives the same commands to all engines, some after the wallet is frozen or closed. Each answer is
// the same, and so is what is stored.
func TestSameOnAllEngines(t *testing.T) {
	t.Parallel()
	clock := storagetest.NewClock()
	all := engines(t, clock.Now)
	met := make(map[string]int)
	rapid.Check(t, func(r *rapid.T) {
		p := newPerson(r, clock, all)
		p.met = met
		for range rapid.IntRange(5, 25).Draw(r, "commands") {
			p.step(r, clock)
		}
		p.end(r, clock)
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
			digest, digestErr := all[i].digest(r.Context(), p.store[i], p.id)
			return fmt.Sprintf("%+v\n%+v\n%+v\n%s", state, holds, history, digest), errors.Join(err, digestErr)
		})
	})
	t.Logf("met %v", met)
	for _, name := range wantMet {
		if met[name] == 0 {
			t.Errorf("got %v, want some %s", met, name)
		}
	}
}

// end freezes the wallet or closes it, mostly, and asks for more.
func (p *person) end(r *rapid.T, clock *storagetest.Clock) {
	kind := rapid.SampledFrom([]string{"", "frozen", "closed", "closed"}).Draw(r, "end")
	if kind == "" {
		return
	}
	closing := identity.Deletion{
		UserID: p.id, Closing: ledger.Closing{TransactionID: uuid.Must(uuid.NewV7()), Actor: "user"},
		Event: identity.Event{UserID: p.id, Type: "account_deleted"},
	}
	p.compare(r, kind, func(i int) (string, error) {
		if kind == "frozen" {
			return "", p.store[i].Freeze(r.Context(), p.id, []string{"test"})
		}
		memory, ok := p.store[i].(*storagetest.Memory)
		if !ok {
			return "", p.all[i].remove(r.Context(), closing)
		}
		state, now, err := memory.Wallet(r.Context(), p.id)
		if err != nil {
			return "", err
		}
		if state.Holds = memory.Holds(); len(state.Holds) > 0 {
			p.met["closed with holds"]++
		}
		delta, err := ledger.Close(state, now, closing.Closing)
		memory.Write(delta)
		return "", err
	})
	for range 3 {
		p.step(r, clock)
	}
}

// meet counts the cases of one answer.
func (p *person) meet(kind string, receipt ledger.Receipt, err error) {
	h := receipt.Hold
	for name, met := range map[string]bool{
		"part captured":      kind == "capture" && err == nil && h.State == ledger.HoldOpen,
		"all captured":       kind == "capture" && err == nil && h.Rest() == 0,
		"captured again":     kind == "capture" && errors.Is(err, ledger.HoldEnded{State: ledger.HoldCaptured}),
		"captured when over": kind == "capture" && errors.Is(err, ledger.HoldEnded{State: ledger.HoldExpired}),
		"too much captured":  kind == "capture" && errors.Is(err, ledger.ErrTooMuch),
		"extended":           kind == "extend" && err == nil,
		"extended when over": kind == "extend" && errors.Is(err, ledger.HoldEnded{State: ledger.HoldExpired}),
		"released":           kind == "release" && err == nil && h.State == ledger.HoldReleased,
		"released when over": kind == "release" && err == nil && h.State == ledger.HoldExpired,
		"nothing held":       kind == "hold" && errors.Is(err, ledger.ErrAmount),
		"nothing spent":      kind == "use" && errors.Is(err, ledger.ErrAmount),
		"adjusted":           kind == "adjust" && err == nil,
		"given back":         receipt.Transaction.Type == ledger.TypeRefund,
		"replayed":           receipt.Replayed,
		"frozen":             errors.Is(err, ledger.ErrFrozen),
		"closed":             errors.Is(err, ledger.ErrClosed),
	} {
		if met {
			p.met[name]++
		}
	}
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
	clock.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 0, 0, 1, 1000, 1000, 3_600_000, 86_400_000, 86_400_001, -7_200_000}).Draw(r, "ms")) * time.Millisecond)
	amount := ledger.Amount(rapid.SampledFrom([]int64{0, 1, 10_000, 1_000_000, 60_000_000, 151_000_000}).Draw(r, "amount"))
	key := rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(r, "key")
	kind := rapid.SampledFrom([]string{
		"hold", "capture", "extend", "capture", "use", "refund of one", "release", "adjust", "hold", "capture", "use", "refund", "balance", "history",
	}).Draw(r, "kind")
	if key == "b" { // of requests that are alike
		key, amount = kind, 1_000_000
	}
	switch kind {
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
	if key == kind {
		metadata, app, class, sign = "", "chat", ledger.Paid, 1
	}
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
				UserID: p.id, Amount: sign * amount, Class: class, Reason: "goodwill", IdempotencyKey: key + "x", Actor: "test",
			})
		default:
			receipt, err = p.books[i].Refund(r.Context(), ledger.Refund{
				UserID: p.id, Amount: amount, AppID: app, Description: "Failed", TransactionID: named, Caller: "first-party", IdempotencyKey: key,
			})
		}
		if i == 0 {
			p.meet(kind, receipt, err)
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
		ref.ID = rapid.SampledFrom(p.holds[max(0, len(p.holds)-2):]).Draw(r, "hold")
	}
	length := time.Duration(rapid.SampledFrom([]int{1, 3600, 86_400}).Draw(r, "seconds")) * time.Second
	keep := rapid.Bool().Draw(r, "keep")
	if key == kind {
		length, keep = time.Hour, true
	}
	if kind == "extend" || kind == "capture" && keep {
		amount /= 60 // of what there is
	}
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
		if i == 0 {
			p.meet(kind, receipt, err)
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
