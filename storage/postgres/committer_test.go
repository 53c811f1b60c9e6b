package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
	"mana/storage/postgres"
	"mana/storage/servers"
)

// bookOf is a ledger on an engine.
func bookOf(db *postgres.DB) *ledger.Ledger {
	return ledger.New(ledger.Config{Store: db.Ledger(), DailyFree: 5 * ledger.Credit})
}

func use(who uuid.UUID, amount ledger.Amount, key string) ledger.Use {
	return ledger.Use{UserID: who, Amount: amount, AppID: "chat", Description: "Reply", Caller: "first-party", IdempotencyKey: key}
}

// hold keeps the lane busy until release is called, so that what is asked for meanwhile becomes one batch.
func hold(t *testing.T, db *postgres.DB, who uuid.UUID) (release func()) {
	t.Helper()
	begun, end, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var once sync.Once
	go func() {
		defer close(done)
		err := db.Ledger().Decide(t.Context(), ledger.Wants{UserID: who}, func(time.Time, ledger.State) (ledger.Delta, error) {
			once.Do(func() { close(begun) })
			<-end
			return ledger.Delta{}, nil
		})
		if err != nil {
			t.Error(err)
		}
	}()
	<-begun
	return func() { close(end); <-done }
}

// queued waits until so many commands wait behind the lane.
func queued(t *testing.T, db *postgres.DB, n int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); postgres.QueuedForTest(db) < n; {
		if time.Now().After(deadline) {
			t.Fatalf("got %d commands waiting, want %d", postgres.QueuedForTest(db), n)
		}
		time.Sleep(time.Millisecond)
	}
}

// TestBatch puts duplicates, refusals, a refund, a broken decision and a person that is not there into one batch.
func TestBatch(t *testing.T) {
	t.Parallel()
	db := openURL(t, server.URL(servers.App, newDatabase(t)), nil)
	people := newPeople(t, db, 3)
	book, counts := bookOf(db), postgres.CountsForTest(db)
	if _, err := book.Use(t.Context(), use(people[0], 2*ledger.Credit, "")); err != nil {
		t.Fatal(err)
	}
	release := hold(t, db, people[0])
	var mu sync.Mutex
	var done sync.WaitGroup
	ids := make(map[uuid.UUID]int)
	ended := make(map[string]int)
	waiting := 0
	ask := func(what string, f func() (ledger.Receipt, error)) {
		done.Go(func() {
			receipt, err := f()
			mu.Lock()
			defer mu.Unlock()
			if ended[fmt.Sprint(what, ": ", err)]++; what == "duplicate" && err == nil {
				ids[receipt.Transaction.ID]++
			}
		})
		waiting++
		queued(t, db, waiting)
	}
	for i := range 10 {
		ask("use", func() (ledger.Receipt, error) { return book.Use(t.Context(), use(people[i%3], ledger.Credit, "")) })
		// Each from a service of its own, as from another replica: the store alone knows that it is the same.
		ask("duplicate", func() (ledger.Receipt, error) {
			return bookOf(db).Use(t.Context(), use(people[0], 2*ledger.Credit, "same"))
		})
		ask("refusal", func() (ledger.Receipt, error) { return book.Use(t.Context(), use(people[1], 900*ledger.Credit, "")) })
	}
	ask("reused", func() (ledger.Receipt, error) {
		return bookOf(db).Use(t.Context(), use(people[0], ledger.Credit, "same"))
	})
	ask("refund", func() (ledger.Receipt, error) {
		return book.Refund(t.Context(), ledger.Refund{UserID: people[0], Amount: 2 * ledger.Credit, AppID: "chat", Caller: "first-party"})
	})
	ask("nobody", func() (ledger.Receipt, error) { return book.Use(t.Context(), use(uuid.New(), ledger.Credit, "")) })
	before := counts.Batches.Load()
	release()
	done.Wait()
	want := map[string]int{
		"use: <nil>": 10, "duplicate: <nil>": 10, "refusal: " + ledger.ErrInsufficient.Error(): 10, "refund: <nil>": 1,
		"reused: " + ledger.ErrKeyReused.Error(): 1, "nobody: posting: " + ledger.ErrNoWallet.Error(): 1,
	}
	if fmt.Sprint(ended) != fmt.Sprint(want) || len(ids) != 1 {
		t.Errorf("got %v and %d transactions of one key, want %v and one", ended, len(ids), want)
	}
	// The held one, all but the refund, and the refund, which must see the refunds before it.
	if n := counts.Batches.Load() - before; n != 3 {
		t.Errorf("got %d batches, want 3", n)
	}
	wantBalance(t, book, people[0], 150*ledger.Credit-4*ledger.Credit-2*ledger.Credit-ledger.Credit+1)
	wantBalance(t, book, people[1], 150*ledger.Credit-3*ledger.Credit-ledger.Credit+1)
}

// wantBalance expects free credits: newPeople has spent one and got a millionth back.
func wantBalance(t *testing.T, book *ledger.Ledger, who uuid.UUID, want ledger.Amount) {
	t.Helper()
	if got, err := book.Balance(t.Context(), who); err != nil || got.Free != want {
		t.Errorf("got %v, %v, want %v", got.Free, err, want)
	}
}

// TestPoison fails one command of a batch in the database, and no other.
func TestPoison(t *testing.T) {
	t.Parallel()
	db := openURL(t, server.URL(servers.App, newDatabase(t)), nil)
	people := newPeople(t, db, 2)
	book := bookOf(db)
	release := hold(t, db, people[0])
	var done sync.WaitGroup
	for i := range 9 {
		done.Go(func() {
			if i != 4 {
				if _, err := book.Use(t.Context(), use(people[i%2], ledger.Credit, "")); err != nil {
					t.Error(err)
				}
				return
			}
			err := db.Ledger().Decide(t.Context(), ledger.Wants{UserID: people[0]}, func(now time.Time, s ledger.State) (ledger.Delta, error) {
				after := s.Wallet
				after.Version++
				after.Seq++
				after.Free -= ledger.Credit // with postings of another amount
				return ledger.Delta{Wallet: after, Transactions: []ledger.Transaction{{
					ID: uuid.Must(uuid.NewV7()), UserID: people[0], Seq: after.Seq, Type: ledger.TypeUsage, Kind: "use", Amount: -ledger.Credit,
					Before: s.Wallet.Total(), After: after.Total(), FreeAfter: after.Free, At: now,
					Postings: []ledger.Posting{{N: 1, From: 2, To: ledger.AccountUsage, Amount: 2 * ledger.Credit}},
				}}}, nil
			})
			if err == nil || !strings.Contains(err.Error(), "transactions_zero_sum") {
				t.Errorf("got %v, want the broken decision refused by the database", err)
			}
		})
	}
	queued(t, db, 9)
	release()
	done.Wait()
	if n := postgres.CountsForTest(db).Split.Load(); n != 1 {
		t.Errorf("got %d split batches, want 1", n)
	}
	wantBalance(t, book, people[0], 145*ledger.Credit+1)
	wantBalance(t, book, people[1], 145*ledger.Credit+1)
}

// TestReplicas lets two engines work on the same wallets with the same keys. What both did is there once, and neither
// waits for the other for ever.
func TestReplicas(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	dbs := []*postgres.DB{openURL(t, server.URL(servers.App, database), nil), openURL(t, bouncer.URL(servers.App, database), nil)}
	people := newPeople(t, dbs[0], 8)
	books := []*ledger.Ledger{bookOf(dbs[0]), bookOf(dbs[1])}
	var done sync.WaitGroup
	var replayed atomic.Int64
	for caller := range 32 {
		done.Go(func() {
			for i := range 20 {
				who := people[(caller+i)%len(people)]
				if caller%2 == 1 { // the other way round
					who = people[(2*len(people)-1-caller-i+64*len(people))%len(people)]
				}
				// Two callers have each key.
				receipt, err := books[caller%2].Use(t.Context(), use(who, ledger.Credit/10, fmt.Sprint(caller/2, "-", i, "-", who)))
				if err != nil {
					t.Error(err)
				}
				if receipt.Replayed {
					replayed.Add(1)
				}
			}
		})
	}
	done.Wait()
	total := 0
	for _, who := range people {
		n, err := postgres.NumberForTest(t.Context(), dbs[0], `SELECT count(*) FROM credits.transactions WHERE type = 'usage' AND user_id = '`+who.String()+`'`)
		if err != nil {
			t.Fatal(err)
		}
		total += n - 1
		wantBalance(t, books[1], who, 149*ledger.Credit+1-ledger.Amount(n-1)*ledger.Credit/10)
	}
	if got := int64(total) + replayed.Load(); got != 32*20 || replayed.Load() == 0 {
		t.Errorf("got %d uses and %d replays, want 640 together", total, replayed.Load())
	}
	if n, err := postgres.NumberForTest(t.Context(), dbs[0], `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); err != nil || n != 0 {
		t.Errorf("got %d deadlocks, %v, want none", n, err)
	}
}

// wire is a proxy before the server that can cut a connection around its next commit of the ledger.
type wire struct {
	net.Listener
	cut atomic.Int32 // one of the states below
}

// When a wire cuts.
const (
	cutNever int32 = iota
	cutBefore
	cutAfter
)

func newWire(t *testing.T) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: listener}
	var done sync.WaitGroup
	done.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			done.Go(func() { w.carry(client) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); done.Wait() })
	return w
}

// carry copies both ways. The message that holds the commit of a decision is not sent, or sent and not answered.
func (w *wire) carry(client net.Conn) {
	defer client.Close()
	upstream, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(server.Port))
	if err != nil {
		return
	}
	var silent atomic.Bool
	var back sync.WaitGroup
	back.Go(func() {
		defer client.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := upstream.Read(buffer)
			if n > 0 && !silent.Load() {
				_, _ = client.Write(buffer[:n])
			}
			if err != nil || silent.Load() && n > 0 { // the answer to the commit
				return
			}
		}
	})
	buffer := make([]byte, 1<<20)
	for {
		n, err := client.Read(buffer)
		if sent := buffer[:n]; bytes.Contains(sent, []byte("UPDATE credits.balances")) && bytes.Contains(sent, []byte("COMMIT")) {
			if w.cut.CompareAndSwap(cutBefore, cutNever) {
				break
			}
			if w.cut.CompareAndSwap(cutAfter, cutNever) {
				silent.Store(true)
			}
		}
		if n > 0 {
			_, _ = upstream.Write(buffer[:n])
		}
		if err != nil && !errors.Is(err, io.ErrShortBuffer) {
			break
		}
	}
	_ = upstream.Close()
	back.Wait()
}

// TestAmbiguousCommit loses a commit, or its answer. The use is there once in both cases, and its caller is told so.
func TestAmbiguousCommit(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	url := strings.Replace(server.URL(servers.App, newDatabase(t)), ":"+strconv.Itoa(server.Port), ":"+strconv.Itoa(w.Addr().(*net.TCPAddr).Port), 1)
	db := openURL(t, url+"&default_query_exec_mode=cache_describe", nil)
	ada := newPeople(t, db, 1)[0]
	book, counts := bookOf(db), postgres.CountsForTest(db)
	found := int64(0)
	for i, c := range []struct {
		what string
		cut  int32
		key  string
	}{{"an answer", cutAfter, "a"}, {"a commit", cutBefore, "b"}, {"an answer without a key", cutAfter, ""}, {"a commit without a key", cutBefore, ""}} {
		w.cut.Store(c.cut)
		receipt, err := book.Use(t.Context(), use(ada, ledger.Credit, c.key))
		if err != nil || receipt.Balance.Free != 149*ledger.Credit+1-ledger.Amount(i+1)*ledger.Credit {
			t.Errorf("%s: got %v, %v, want the use posted", c.what, receipt, err)
		}
		if c.cut == cutAfter {
			found++
		}
		if w.cut.Load() != cutNever || counts.Ambiguous.Load() != int64(i+1) || counts.Found.Load() != found {
			t.Errorf("%s: got %d ambiguous commits of which %d counted, want %d and %d", c.what, counts.Ambiguous.Load(), counts.Found.Load(), i+1, found)
		}
	}
	if n, err := postgres.NumberForTest(t.Context(), db, `SELECT count(*) FROM credits.transactions WHERE type = 'usage'`); err != nil || n != 5 {
		t.Errorf("got %d uses, %v, want 5", n, err)
	}
}

// TestAmbiguousExtend loses the answer to what makes a hold larger, or the commit: without a key nobody knows which, so
// it is not done again. A release is.
func TestAmbiguousExtend(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	url := strings.Replace(server.URL(servers.App, newDatabase(t)), ":"+strconv.Itoa(server.Port), ":"+strconv.Itoa(w.Addr().(*net.TCPAddr).Port), 1)
	db := openURL(t, url+"&default_query_exec_mode=cache_describe", nil)
	ada, book := newPeople(t, db, 1)[0], bookOf(db)
	receipt, err := book.Reserve(t.Context(), ledger.Reserve{
		UserID: ada, Amount: ledger.Credit, AppID: "chat", Caller: "first-party", ExpiresIn: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	ref := ledger.HoldRef{UserID: ada, ID: receipt.Hold.ID, Caller: "first-party"}
	for _, c := range []struct {
		what  string
		cut   int32
		key   string
		want  error
		added ledger.Amount
	}{
		{"an answer without a key", cutAfter, "", postgres.ErrUnknown, ledger.Credit},
		{"a commit without a key", cutBefore, "", postgres.ErrUnknown, ledger.Credit},
		{"an answer", cutAfter, "a", nil, 2 * ledger.Credit},
		{"a commit", cutBefore, "b", nil, 3 * ledger.Credit},
	} {
		w.cut.Store(c.cut)
		_, err := book.Extend(t.Context(), ledger.Extend{HoldRef: ref, Add: ledger.Credit, IdempotencyKey: c.key})
		if h, holdErr := book.Hold(t.Context(), ref.ID); !errors.Is(err, c.want) || holdErr != nil || h.Added != c.added {
			t.Errorf("%s: got %v and %v added, %v, want %v and %v", c.what, err, h.Added, holdErr, c.want, c.added)
		}
	}
	w.cut.Store(cutBefore)
	if _, err := book.Release(t.Context(), ledger.Release{HoldRef: ref}); err != nil {
		t.Errorf("got %v, want it released", err)
	}
}

// TestCommitterLocked has somebody else hold one wallet, or the cap of one service key: its commands are answered busy,
// all others go on, and it is used again when it is free.
func TestCommitterLocked(t *testing.T) {
	t.Parallel()
	t.Run("wallet", func(t *testing.T) {
		testLocked(t, func(db *postgres.DB, who uuid.UUID) (*ledger.Ledger, string) {
			return bookOf(db), `SELECT FROM credits.balances WHERE user_id = '` + who.String() + `' FOR UPDATE`
		})
	})
	t.Run("cap", func(t *testing.T) {
		testLocked(t, func(db *postgres.DB, who uuid.UUID) (*ledger.Ledger, string) {
			book, key := cappedBook(t, db)
			if _, err := book.Use(t.Context(), use(who, ledger.Credit/100, "")); err != nil {
				t.Fatal(err)
			}
			return book, `SELECT FROM credits.key_caps WHERE key_id = '` + key + `' FOR UPDATE`
		})
	})
	t.Run("new cap", func(t *testing.T) {
		testLocked(t, func(db *postgres.DB, _ uuid.UUID) (*ledger.Ledger, string) {
			book, key := cappedBook(t, db)
			return book, `INSERT INTO credits.key_caps (key_id, day, used) VALUES ('` + key + `', 'epoch', 0)`
		})
	})
}

// cappedBook is the ledger for one use by a new key with a cap, and the id of the key.
func cappedBook(t *testing.T, db *postgres.DB) (book *ledger.Ledger, key string) {
	t.Helper()
	keys := provider.ServiceKeyAdmin{Store: db.Provider(), By: identity.Actor{Name: "operator"}, Now: time.Now}
	made, _, err := keys.Register(t.Context(), provider.ServiceKey{
		Name: uuid.NewString(), AppIDs: []string{"chat"}, Permissions: []string{provider.MayUse}, CapDay: 100 * ledger.Credit,
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	return ledger.New(ledger.Config{Store: db.Ledger().Capped(made, ledger.Credit/100)}), made.ID.String()
}

// testLocked uses a wallet by the ledger that want gives, while somebody else holds a lock by the statement that it gives, and
// others, one of them by the first use of a key of its own.
func testLocked(t *testing.T, want func(*postgres.DB, uuid.UUID) (*ledger.Ledger, string)) {
	t.Parallel()
	database := newDatabase(t)
	db := openURL(t, server.URL(servers.App, database), nil)
	people := newPeople(t, db, 9)
	book, locking := want(db, people[0])
	other, _ := cappedBook(t, db)
	conn, err := pgx.Connect(t.Context(), server.URL(servers.Owner, database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), `BEGIN; SELECT set_config('app.actor', 'system', true);
		`+locking)
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	var done, busy atomic.Int64
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			book := book
			switch i % 9 {
			case 0:
			case 1:
				book = other
			default:
				book = bookOf(db)
			}
			switch _, err := book.Use(t.Context(), use(people[i%9], ledger.Credit/100, "")); {
			case err == nil:
				done.Add(1)
			case errors.Is(err, postgres.ErrBusy) && i%9 == 0:
				busy.Add(1)
			default:
				t.Errorf("got %v for person %d", err, i%9)
			}
		})
	}
	group.Wait()
	if done.Load() != 56 || busy.Load() != 8 || time.Since(begun) > 20*time.Second {
		t.Errorf("got %d done and %d busy after %v, want 56 and 8", done.Load(), busy.Load(), time.Since(begun))
	}
	if _, err := conn.Exec(t.Context(), `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	if _, err := book.Use(t.Context(), use(people[0], ledger.Credit/100, "")); err != nil {
		t.Errorf("got %v when it is free", err)
	}
}

// TestUnreplicated uses credits while the synchronous standby is away: neither the first call nor a repeat by its key is
// acknowledged, though the primary has committed it.
func TestUnreplicated(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	own, err := servers.StartPostgres(ctx, "fsync = on")
	servers.Need(t, err)
	t.Cleanup(func() { _ = own.Remove() })
	if err := own.Exec(ctx, "postgres", "CREATE DATABASE mana OWNER "+servers.Owner); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Migrate(ctx, own.URL(servers.Owner, "mana"), servers.App); err != nil {
		t.Fatal(err)
	}
	standby, err := own.Standby(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = standby.Remove() })
	db, err := postgres.Open(ctx, postgres.Config{URL: own.URL(servers.App, "mana"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	ada := newPeople(t, db, 1)[0]
	if err := standby.Stop(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := bookOf(db).Use(ctx, use(ada, 3*ledger.Credit, "k1")); !errors.Is(err, postgres.ErrBusy) {
			t.Errorf("got %v while nothing is replicated, want it refused", err)
		}
	}
	if err := standby.Start(ctx); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		receipt, err := bookOf(db).Use(ctx, use(ada, 3*ledger.Credit, "k1"))
		if err == nil {
			if !receipt.Replayed || receipt.Transaction.Seq != 4 {
				t.Errorf("got %+v, want the first use again", receipt)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %v with the standby back", err)
		}
	}
}
