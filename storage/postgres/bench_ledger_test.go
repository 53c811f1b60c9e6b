//go:build bench

package postgres_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
	"mana/storage/postgres"
	"mana/storage/servers"
)

const (
	benchRounds  = 10
	benchRound   = 1500 * time.Millisecond
	benchWallets = 10_000
	longHistory  = 1_000_000
)

// baselines are what pgbench does: the best single function per debit, and the same statements one by one. Both write
// the same rows as the store does into the same tables under the same triggers, without row-level security, which
// does not bind their role, and without what the core decides.
const baselines = `CREATE SCHEMA bench;
CREATE TABLE bench.people AS SELECT row_number() OVER (ORDER BY user_id)::integer AS n, user_id FROM credits.balances;
ALTER TABLE bench.people ADD PRIMARY KEY (n);
CREATE FUNCTION bench.debit(who integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	person uuid; id uuid := gen_random_uuid(); w credits.balances; at timestamptz := clock_timestamp();
BEGIN
	SELECT user_id INTO person FROM bench.people WHERE n = who;
	SELECT * INTO w FROM credits.balances WHERE user_id = person FOR NO KEY UPDATE;
	IF w.free_credits_remaining < 1 THEN RAISE EXCEPTION 'insufficient'; END IF;
	UPDATE credits.balances SET free_credits_remaining = free_credits_remaining - 1, total_spent = total_spent + 1, seq = seq + 1,
		version = version + 1, last_at = at, updated_at = at WHERE user_id = person;
	UPDATE credits.grants SET remaining = remaining - 1 WHERE user_id = person AND no = 2;
	INSERT INTO credits.transactions (id, user_id, seq, type, kind, amount, balance_before, balance_after, legs, app_id, description,
			caller, actor, idempotency_key, free_after, paid_after, held_after, debt_after, earned_after, spent_after, at)
		VALUES (id, person, w.seq + 1, 'usage', 'use', -1, w.free_credits_remaining, w.free_credits_remaining - 1, 1, 'bench', 'bench',
			'first-party', 'user', id::text, w.free_credits_remaining - 1, 0, 0, 0, w.total_earned, w.total_spent + 1, at);
	INSERT INTO credits.entries (transaction_id, n, user_id, from_account, to_account, amount) VALUES (id, 1, person, 2, -5, 1);
	INSERT INTO credits.idempotency (user_id, key_hash, fingerprint, object, object_id, created_at)
		VALUES (person, uuid_send(id), uuid_send(id) || uuid_send(id), 'transaction', id, at);
	INSERT INTO credits.usage_stats AS s (user_id, app_id, date, credits_used, uses) VALUES (person, 'bench', at::date, 1, 1)
		ON CONFLICT (user_id, app_id, date) DO UPDATE SET credits_used = s.credits_used + 1, uses = s.uses + 1;
	RETURN w.free_credits_remaining - 1;
END $$`

const (
	functionScript = "\\set who random(1, :wallets)\nSELECT bench.debit(:who);\n"
	steppedScript  = `\set who random(1, :wallets)
BEGIN;
SELECT b.user_id AS person, gen_random_uuid() AS id, seq + 1 AS seq, free_credits_remaining AS free, total_earned AS earned, total_spent + 1 AS spent
	FROM credits.balances b WHERE user_id = (SELECT user_id FROM bench.people WHERE n = :who) FOR NO KEY UPDATE \gset
UPDATE credits.balances SET free_credits_remaining = free_credits_remaining - 1, total_spent = total_spent + 1, seq = seq + 1,
	version = version + 1, last_at = now(), updated_at = now() WHERE user_id = :person::uuid;
UPDATE credits.grants SET remaining = remaining - 1 WHERE user_id = :person::uuid AND no = 2;
INSERT INTO credits.transactions (id, user_id, seq, type, kind, amount, balance_before, balance_after, legs, app_id, description,
		caller, actor, idempotency_key, free_after, paid_after, held_after, debt_after, earned_after, spent_after, at)
	VALUES (:id::uuid, :person::uuid, :seq::bigint, 'usage', 'use', -1, :free::bigint, :free::bigint - 1, 1, 'bench', 'bench',
		'first-party', 'user', :id::text, :free::bigint - 1, 0, 0, 0, :earned::bigint, :spent::bigint, now());
INSERT INTO credits.entries (transaction_id, n, user_id, from_account, to_account, amount) VALUES (:id::uuid, 1, :person::uuid, 2, -5, 1);
INSERT INTO credits.idempotency (user_id, key_hash, fingerprint, object, object_id, created_at)
	VALUES (:person::uuid, uuid_send(:id::uuid), uuid_send(:id::uuid) || uuid_send(:id::uuid), 'transaction', :id::uuid, now());
INSERT INTO credits.usage_stats AS s (user_id, app_id, date, credits_used, uses) VALUES (:person::uuid, 'bench', now()::date, 1, 1)
	ON CONFLICT (user_id, app_id, date) DO UPDATE SET credits_used = s.credits_used + 1, uses = s.uses + 1;
COMMIT;
`
)

// benchmark is a server of its own, which flushes each commit, with our engine and the baselines on it.
type benchmark struct {
	t       *testing.T
	server  *servers.Postgres
	pgbench string
	folder  string
	credits *ledger.Ledger
	people  []uuid.UUID
}

func newBenchmark(t *testing.T) *benchmark {
	t.Helper()
	b := &benchmark{t: t, folder: t.TempDir()}
	var err error
	if b.pgbench, err = exec.LookPath("pgbench"); err != nil {
		t.Skip("SKIPPED: no pgbench")
	}
	b.server, err = servers.StartPostgres(t.Context(), "fsync = on", "synchronous_commit = on", "max_wal_size = '4GB'", "autovacuum_naptime = '10s'")
	servers.Need(t, err)
	t.Cleanup(func() { _ = b.server.Remove() })
	if err := b.server.Exec(t.Context(), "postgres", "CREATE DATABASE mana OWNER "+servers.Owner); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Migrate(t.Context(), b.server.URL(servers.Owner, "mana"), servers.App); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), postgres.Config{
		URL: b.server.URL(servers.App, "mana") + "&default_query_exec_mode=cache_statement", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	b.credits = ledger.New(ledger.Config{Store: db.Ledger()})
	b.fill(db)
	for _, query := range []string{baselines, "ANALYZE"} {
		if err := b.server.Exec(t.Context(), "mana", query); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// fill makes the wallets.
func (b *benchmark) fill(db *postgres.DB) {
	var mu sync.Mutex
	var left atomic.Int64
	left.Store(benchWallets)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for left.Add(-1) >= 0 {
				id, now := uuid.Must(uuid.NewV7()), time.Now()
				claim := make([]byte, 32)
				copy(claim, id[:])
				_, err := db.Identity().CreateAccount(context.Background(), identity.NewAccount{
					User:         identity.User{ID: id, Email: identity.Email(id.String() + "@example.com"), Role: identity.RoleUser, CreatedAt: now, UpdatedAt: now},
					PasswordHash: "-", BonusClaim: claim, Event: identity.Event{Type: "register"},
					Opening: ledger.Opening{TransactionID: uuid.Must(uuid.NewV7()), Bonus: 150 * ledger.Credit},
				})
				if err != nil {
					b.t.Error(err)
					return
				}
				mu.Lock()
				b.people = append(b.people, id)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if b.t.Failed() {
		b.t.FailNow()
	}
}

// ours is debits a second by callers over the first wallets, each with an idempotency key, and the latencies of one
// caller in order.
func (b *benchmark) ours(callers, wallets int) (rate float64, latencies []time.Duration) {
	b.t.Helper()
	var done atomic.Int64
	begin := time.Now()
	var group sync.WaitGroup
	for caller := range callers {
		group.Go(func() {
			for n := caller; time.Since(begin) < benchRound; n += callers {
				at := time.Now()
				_, err := b.credits.Use(context.Background(), ledger.Use{
					UserID: b.people[n*7919%wallets], Amount: 1, AppID: "bench", Description: "bench", Caller: "first-party",
					IdempotencyKey: uuid.NewString(),
				})
				if err != nil {
					b.t.Error(err)
					return
				}
				if done.Add(1); caller == 0 {
					latencies = append(latencies, time.Since(at))
				}
			}
		})
	}
	group.Wait()
	slices.Sort(latencies)
	return float64(done.Load()) / time.Since(begin).Seconds(), latencies
}

var pgbenchRate = regexp.MustCompile(`tps = ([0-9.]+)`)

// theirs is debits a second by pgbench, and the latencies in order.
func (b *benchmark) theirs(script string, callers, wallets int) (rate float64, latencies []time.Duration) {
	b.t.Helper()
	folder, err := os.MkdirTemp(b.folder, "run")
	if err != nil {
		b.t.Fatal(err)
	}
	file := filepath.Join(folder, "script")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		b.t.Fatal(err)
	}
	command := exec.Command(b.pgbench, "-n", "-M", "prepared", "-c", strconv.Itoa(callers), "-j", "2", "-T", strconv.Itoa(2+callers/64), // connecting takes its time

		"-D", "wallets="+strconv.Itoa(wallets), "-f", file, "-l", b.server.URL(servers.Superuser, "mana"))
	command.Dir = folder
	out, err := command.CombinedOutput()
	found := pgbenchRate.FindSubmatch(out)
	if err != nil || found == nil {
		b.t.Fatalf("got %v of pgbench: %s", err, out)
	}
	rate, _ = strconv.ParseFloat(string(found[1]), 64)
	logs, _ := filepath.Glob(filepath.Join(folder, "pgbench_log.*"))
	for _, name := range logs {
		log, err := os.Open(name)
		if err != nil {
			b.t.Fatal(err)
		}
		for lines := bufio.NewScanner(log); lines.Scan(); {
			us, _ := strconv.ParseInt(strings.Fields(lines.Text())[2], 10, 64)
			latencies = append(latencies, time.Duration(us)*time.Microsecond)
		}
		_ = log.Close()
	}
	_ = os.RemoveAll(folder)
	slices.Sort(latencies)
	return rate, latencies
}

func middle[T float64 | time.Duration](values []T) T {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}

// compare interleaves two loads and prints the median of the pairwise ratios.
func compare(name string, limit float64, a, b func() float64) {
	a()
	b()
	var as, bs, both []float64
	for range benchRounds {
		x, y := a(), b()
		as, bs, both = append(as, x), append(bs, y), append(both, x/y)
	}
	fmt.Printf("%s: %.0f against %.0f a second, ratios %.2f to %.2f\n", name, middle(as), middle(bs), slices.Min(both), slices.Max(both))
	figure(name, middle(both), ">=", limit)
}

func figure(name string, value float64, op string, limit float64) {
	fmt.Printf("figure %s %.3f goal %s %g\n", name, value, op, limit)
}

// TestBenchLedger compares debits by the real store, with idempotency keys, postings and history, with pgbench on the
// same server, and reads of long histories with those of short ones.
func TestBenchLedger(t *testing.T) {
	b := newBenchmark(t)
	fmt.Println(b.server.Version)
	ours := func(callers, wallets int) func() float64 {
		return func() float64 { rate, _ := b.ours(callers, wallets); return rate }
	}
	theirs := func(script string, callers, wallets int) func() float64 {
		return func() float64 { rate, _ := b.theirs(script, callers, wallets); return rate }
	}
	compare("pg_spread_64_per_function", 2, ours(64, benchWallets), theirs(functionScript, 64, benchWallets))
	compare("pg_spread_64_per_steps", 3, ours(64, benchWallets), theirs(steppedScript, 64, benchWallets))
	compare("pg_spread_256_per_steps", 4, ours(256, benchWallets), theirs(steppedScript, 256, benchWallets))
	compare("pg_hot_64_per_function", 10, ours(64, 1), theirs(functionScript, 64, 1))
	compare("pg_hot_64_per_spread", 0.6, ours(64, 1), ours(64, benchWallets))
	b.single()
	b.histories()
}

// single is one caller without concurrency.
func (b *benchmark) single() {
	var ratios []float64
	var a, f []time.Duration
	for range benchRounds {
		_, x := b.ours(1, benchWallets)
		_, y := b.theirs(functionScript, 1, benchWallets)
		a, f = append(a, middle(x)), append(f, middle(y))
		ratios = append(ratios, float64(middle(x))/float64(middle(y)))
	}
	fmt.Printf("one caller: median %s, one function call %s\n", middle(a), middle(f))
	figure("pg_single_latency_per_function", middle(ratios), "<=", 2.2)
}

// lengthen gives a wallet a history by uses of one micro-credit, as the store would have written them.
const lengthen = `BEGIN; SELECT set_config('app.actor', 'system', true);
CREATE TEMPORARY TABLE made ON COMMIT DROP AS SELECT gen_random_uuid() AS id, s.seq, b.user_id, b.free_credits_remaining + b.balance AS had,
	b.seq AS last, b.total_earned AS earned, b.total_spent AS spent FROM credits.balances b, generate_series(b.seq + 1, b.seq + %[2]d) s (seq)
	WHERE b.user_id = '%[1]s';
INSERT INTO credits.transactions (id, user_id, seq, type, kind, amount, balance_before, balance_after, legs, app_id, description, caller,
		actor, free_after, paid_after, held_after, debt_after, earned_after, spent_after, at)
	SELECT id, user_id, seq, 'usage', 'use', -1, had - (seq - last) + 1, had - (seq - last), 1, 'bench', 'bench', 'first-party', 'user',
		had - (seq - last), 0, 0, 0, earned, spent + (seq - last), now() FROM made;
INSERT INTO credits.entries (transaction_id, n, user_id, from_account, to_account, amount) SELECT id, 1, user_id, 2, -5, 1 FROM made;
UPDATE credits.grants SET remaining = remaining - %[2]d WHERE user_id = '%[1]s' AND no = 2;
UPDATE credits.balances SET seq = seq + %[2]d, free_credits_remaining = free_credits_remaining - %[2]d, total_spent = total_spent + %[2]d,
	version = version + 1 WHERE user_id = '%[1]s';
COMMIT; ANALYZE credits.transactions, credits.entries`

// histories compares reads of a wallet with a million transactions with those of one with a thousand.
func (b *benchmark) histories() {
	long, short := b.people[len(b.people)-1], b.people[len(b.people)-2]
	for id, n := range map[uuid.UUID]int{long: longHistory, short: 1000} {
		if err := b.server.Exec(context.Background(), "mana", fmt.Sprintf(lengthen, id, n)); err != nil {
			b.t.Fatal(err)
		}
	}
	took := func(read func(uuid.UUID) error, id uuid.UUID) time.Duration {
		var times []time.Duration
		for range 200 {
			at := time.Now()
			if err := read(id); err != nil {
				b.t.Fatal(err)
			}
			times = append(times, time.Since(at))
		}
		return middle(times)
	}
	page := func(id uuid.UUID) error { _, err := b.credits.History(context.Background(), id, 50, 0); return err }
	balance := func(id uuid.UUID) error { _, err := b.credits.Balance(context.Background(), id); return err }
	for _, c := range []struct {
		name  string
		read  func(uuid.UUID) error
		limit float64
	}{{"pg_first_page_long_per_short", page, 2}, {"pg_balance_long_per_short", balance, 1.25}} {
		var ratios []float64
		for range benchRounds {
			ratios = append(ratios, float64(took(c.read, long))/float64(took(c.read, short)))
		}
		figure(c.name, middle(ratios), "<=", c.limit)
	}
}
