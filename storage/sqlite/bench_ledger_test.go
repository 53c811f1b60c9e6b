//go:build bench

package sqlite

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"mana/ledger"
)

const (
	ledgerRounds  = 10
	ledgerRound   = time.Second
	ledgerWallets = 10_000
	longHistory   = 1_000_000
)

// benchLedger is an engine with people who spend.
type benchLedger struct {
	db      *DB
	credits *ledger.Ledger
	people  []uuid.UUID
	batches *metrics.Set
}

func newBenchLedger(t *testing.T, people, batch int, pragmas ...string) *benchLedger {
	t.Helper()
	b := &benchLedger{batches: metrics.NewSet()}
	var err error
	b.db, err = Open(t.Context(), Config{
		Path: filepath.Join(t.TempDir(), "bench.db"), Now: time.Now, Logger: slog.New(slog.DiscardHandler), Metrics: b.batches,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.db.Close() })
	var mu sync.Mutex
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			for range people/64 + 1 {
				id := personForTest(t, b.db)
				mu.Lock()
				b.people = append(b.people, id)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	b.people = b.people[:people]
	if batch > 0 {
		if err := b.db.write(t.Context(), func(tx *tx) error { tx.w.limit = batch; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	for _, pragma := range pragmas {
		if _, err := b.db.writer.conn.ExecContext(t.Context(), "PRAGMA "+pragma); err != nil {
			t.Fatal(err)
		}
	}
	b.credits = ledger.New(ledger.Config{Store: b.db.Ledger()})
	return b
}

func (b *benchLedger) spend(who int, key string) error {
	_, err := b.credits.Use(context.Background(), ledger.Use{
		UserID: b.people[who%len(b.people)], Amount: 1, AppID: "bench", Description: "bench", Caller: "first-party", IdempotencyKey: key,
	})
	return err
}

// load is a round of callers who spend with keys: debits a second, and the latencies of one of them in order.
func (b *benchLedger) load(t *testing.T, callers int) (rate float64, latencies []time.Duration) {
	t.Helper()
	var done atomic.Int64
	begin := time.Now()
	end := begin.Add(ledgerRound)
	var group sync.WaitGroup
	for caller := range callers {
		group.Go(func() {
			for n := 0; time.Now().Before(end); n++ {
				at := time.Now()
				if err := b.spend(caller+n*callers, uuid.Must(uuid.NewV7()).String()); err != nil {
					t.Error(err)
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

// ratios compares two loads in interleaved rounds.
func ratios(a, b func() float64) (median, aMedian, bMedian float64) {
	a()
	b()
	var as, bs, both []float64
	for range ledgerRounds {
		x, y := a(), b()
		as, bs, both = append(as, x), append(bs, y), append(both, x/y)
	}
	return middle(both), middle(as), middle(bs)
}

func middle[T float64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func figure(name string, value float64, op string, limit float64) {
	fmt.Printf("figure %s %.3f goal %s %g\n", name, value, op, limit)
}

// fdatasyncRate is how often a second a small write reaches this disk.
func fdatasyncRate(t *testing.T) float64 {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "sync"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	begin := time.Now()
	n := 0
	for ; time.Since(begin) < ledgerRound; n++ {
		if _, err := file.WriteAt(make([]byte, 4096), int64(n%256)*4096); err != nil {
			t.Fatal(err)
		}
		if err := unix.Fdatasync(int(file.Fd())); err != nil {
			t.Fatal(err)
		}
	}
	return float64(n) / time.Since(begin).Seconds()
}

func TestBenchLedger(t *testing.T) {
	var version string
	spread := newBenchLedger(t, ledgerWallets, 0)
	if err := spread.db.readers.QueryRow(`SELECT sqlite_version()`).Scan(&version); err != nil {
		t.Fatal(err)
	}
	syncs := fdatasyncRate(t)
	fmt.Printf("%d cores, %s, SQLite %s, %.0f fdatasync/s\n", runtime.NumCPU(), runtime.Version(), version, syncs)
	load := func(b *benchLedger, callers int) func() float64 {
		return func() float64 { rate, _ := b.load(t, callers); return rate }
	}
	one := newBenchLedger(t, ledgerWallets, 1)
	ratio, grouped, single := ratios(load(spread, 64), load(one, 64))
	fmt.Printf("64 callers over %d wallets: %.0f debits/s with shared commits, %.0f with a commit each\n", ledgerWallets, grouped, single)
	figure("ledger_grouped_per_single", ratio, ">=", 3)
	_, latencies := spread.load(t, 64)
	fmt.Printf("latency of one of 64 callers: p50 %v, p99 %v\n", middle(latencies), latencies[len(latencies)*99/100])

	hot := newBenchLedger(t, 1, 0)
	ratio, hotRate, _ := ratios(load(hot, 64), load(spread, 64))
	fmt.Printf("64 callers on one wallet: %.0f debits/s\n", hotRate)
	figure("ledger_hot_per_spread", ratio, ">=", 0.8)
	ratio, hotRate, _ = ratios(load(hot, 512), load(spread, 64))
	fmt.Printf("512 callers on one wallet: %.0f debits/s, %.2f of 64 callers over many\n", hotRate, ratio)
	if syncs <= 3000 {
		figure("ledger_spread_per_fdatasync", grouped/syncs, ">=", 3)
	} else {
		unsafe := newBenchLedger(t, ledgerWallets, 0, "synchronous=OFF")
		ratio, _, off := ratios(load(spread, 64), load(unsafe, 64))
		fmt.Printf("64 callers over %d wallets without a wait for the disk: %.0f debits/s\n", ledgerWallets, off)
		figure("ledger_full_per_off", ratio, ">=", 0.5)
	}
	spread.shape(t)
	benchHistory(t)
}

// shape prints how commits and the file look after the load.
func (b *benchLedger) shape(t *testing.T) {
	t.Helper()
	var text strings.Builder
	b.batches.WritePrometheus(&text)
	for line := range strings.Lines(text.String()) {
		if !strings.Contains(line, "_bucket") {
			fmt.Print(line)
		}
	}
	var bytes, debits float64
	err := b.db.readers.QueryRow(`SELECT (SELECT page_count FROM pragma_page_count) * 4096, (SELECT count(*) FROM credits_transactions)`).Scan(&bytes, &debits)
	if err != nil {
		t.Fatal(err)
	}
	var path string
	if err := b.db.readers.QueryRow(`SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&path); err != nil {
		t.Fatal(err)
	}
	log, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%.0f transactions, %.0f bytes each with keys and all indexes\n", debits, bytes/debits)
	figure("ledger_log_mb", float64(log.Size())/1e6, "<=", 67)
}

// benchHistory compares pages and balances of a wallet with a million transactions with those of a thousand, and
// checks the long one.
func benchHistory(t *testing.T) {
	long := newBenchLedger(t, 2, 0)
	begin := time.Now()
	var left atomic.Int64
	left.Store(longHistory)
	var group sync.WaitGroup
	for range 512 {
		group.Go(func() {
			for left.Add(-1) >= 0 {
				if err := long.spend(0, ""); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	fmt.Printf("a wallet with %d transactions was made in %.0f s\n", longHistory, time.Since(begin).Seconds())
	for range 1000 {
		if err := long.spend(1, ""); err != nil {
			t.Fatal(err)
		}
	}
	page := func(who, offset int) func() float64 {
		return func() float64 {
			begin := time.Now()
			for range 200 {
				history, err := long.credits.History(t.Context(), long.people[who], 50, offset)
				if err != nil || len(history) != 50 {
					t.Fatalf("got %d rows, %v", len(history), err)
				}
			}
			return time.Since(begin).Seconds()
		}
	}
	balance := func(who int) func() float64 {
		return func() float64 {
			begin := time.Now()
			for range 500 {
				if _, err := long.credits.Balance(t.Context(), long.people[who]); err != nil {
					t.Fatal(err)
				}
			}
			return time.Since(begin).Seconds()
		}
	}
	ratio, a, b := ratios(page(0, 0), page(1, 0))
	fmt.Printf("first page: %.2f ms and %.2f ms\n", a*5, b*5)
	figure("history_first_page_long_per_short", ratio, "<=", 2)
	ratio, _, _ = ratios(page(0, 90_000), page(1, 0))
	figure("history_page_90000_long_per_short", ratio, "<=", 2)
	ratio, _, _ = ratios(balance(0), balance(1))
	figure("balance_long_per_short", ratio, "<=", 1.25)

	exported := 0
	peak := heapOf(func(look func()) {
		out := countingWriter{}
		export, err := ledger.NewExport(&out, "csv")
		if err != nil {
			t.Fatal(err)
		}
		span, err := long.credits.Span(t.Context(), long.people[0], time.Time{}, time.Time{})
		if err == nil {
			err = long.credits.ReadSpan(t.Context(), long.people[0], span, func(page []ledger.Transaction) error {
				if exported += len(page); exported%50_000 < len(page) {
					look()
				}
				return export.Write(page)
			})
		}
		if err != nil || exported < longHistory {
			t.Fatalf("got %d rows, %v", exported, err)
		}
		fmt.Printf("%d transactions exported as %d bytes\n", exported, out.n)
	})
	figure("export_heap_mb", peak, "<=", 64)

	checker := ledger.NewChecker(ledger.CheckerConfig{Store: long.db.Ledger(), Books: long.db.Ledger(), Now: time.Now})
	begin = time.Now()
	peak = heapOf(func(look func()) {
		report, err := checker.VerifyWallet(t.Context(), long.people[0], func(n int64) {
			if n%50_000 == 0 {
				look()
			}
		})
		if err != nil || len(report.Faults) > 0 {
			t.Fatalf("got %v, %v", report.Faults, err)
		}
		fmt.Printf("%d transactions checked in %.1f s\n", report.Transactions, time.Since(begin).Seconds())
	})
	figure("check_long_wallet_heap_mb", peak, "<=", 64)
}

// heapOf is how far the heap grows, in MB, where run looks.
func heapOf(run func(look func())) float64 {
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	peak := before.HeapInuse
	run(func() {
		runtime.ReadMemStats(&now)
		peak = max(peak, now.HeapInuse)
	})
	return float64(peak-before.HeapInuse) / 1e6
}

// countingWriter throws away what it counts.
type countingWriter struct{ n int }

// Write implements [io.Writer].
func (w *countingWriter) Write(b []byte) (int, error) {
	w.n += len(b)
	return len(b), nil
}
