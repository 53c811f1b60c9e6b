//go:build bench

package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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
	"mana/storage"
	"mana/storage/servers"
	"mana/storage/sqlite"
)

const (
	debitCallers = 64
	debitTime    = 1500 * time.Millisecond
)

// TestBenchLedger compares debits over HTTP with a verified token with those of the store alone, the load generator
// on the same cores, and measures what memory it all takes.
func TestBenchLedger(t *testing.T) {
	binary := buildProgram(t)
	port := freePort(t)
	p, _ := startBinary(t, binary, t.TempDir(), port, strings.ReplaceAll(manyTries, "00/60", "0000/60"), "CREDITS_SIGNUP_BONUS=1000")
	stopped := sync.OnceFunc(p.stop)
	defer stopped()
	s := &server{issuer: p.url}
	tokens := make([]string, debitCallers)
	for i := range tokens {
		_, tokens[i] = s.person(t, fmt.Sprintf("p%d@example.com", i))
	}
	idle := p.rss(t)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: debitCallers}}
	file := filepath.Join(t.TempDir(), "bench.db")
	store, people, done := benchStore(t, file)
	overHTTP := func() float64 {
		return debits(t, func(caller int) error { return debitOverHTTP(client, s.issuer, tokens[caller]) })
	}
	raw := func() float64 {
		return debits(t, func(caller int) error {
			_, err := store.Use(context.Background(), ledger.Use{
				UserID: people[caller], Amount: 1, AppID: "bench", Description: "bench", Caller: "first-party", IdempotencyKey: uuid.NewString(),
			})
			return err
		})
	}
	overHTTP()
	raw()
	var ratios, rates, raws []float64
	var spent time.Duration
	var count float64
	for range benchRounds {
		before := p.cpu(t)
		a := overHTTP()
		spent += p.cpu(t) - before
		count += a * debitTime.Seconds()
		b := raw()
		ratios, rates, raws = append(ratios, a/b), append(rates, a), append(raws, b)
	}
	fmt.Printf("debits by %d callers over %d wallets: %.0f/s over HTTP, %.0f/s by the store alone; %.0f µs of the server's CPU each\n",
		debitCallers, debitCallers, median(rates), median(raws), float64(spent.Microseconds())/count)
	figure("debits_http_per_raw", median(ratios), ">=", 0.4)
	fmt.Printf("resident memory: %.1f MB before, %.1f MB after %.0f debits\n", idle, p.rss(t), count)
	figure("debits_rss_mb", p.rss(t), "<=", 64)
	stopped()
	done()
	for _, args := range [][]string{{"credits", "verify", "--quiet"}, {"credits", "export", "--all", "--quiet"}} {
		command := exec.Command(binary, args...)
		command.Env, command.Stdout = []string{"DATABASE_URL=sqlite:" + file}, io.Discard
		took, peak := runWatched(t, command)
		fmt.Printf("mana %s: %.1f s\n", strings.Join(args, " "), took.Seconds())
		figure(args[0]+"_"+args[1]+"_rss_mb", peak, "<=", 64)
	}
}

// TestBenchLedgerOnPostgres compares debits over HTTP with those of the store alone on one PostgreSQL that flushes
// each commit.
func TestBenchLedgerOnPostgres(t *testing.T) {
	database, err := servers.StartPostgres(t.Context(), "fsync = on", "synchronous_commit = on", "max_wal_size = '4GB'")
	servers.Need(t, err)
	t.Cleanup(func() { _ = database.Remove() })
	if err := database.Exec(t.Context(), "postgres", "CREATE DATABASE mana OWNER "+servers.Owner); err != nil {
		t.Fatal(err)
	}
	place, port := database.URL(servers.App, "mana")+"&default_query_exec_mode=cache_statement", freePort(t)
	p, _ := startBinary(t, buildProgram(t), t.TempDir(), port, strings.ReplaceAll(manyTries, "00/60", "0000/60"), "CREDITS_SIGNUP_BONUS=1000",
		"DATABASE_URL="+place, "DATABASE_DIRECT_URL="+database.URL(servers.Owner, "mana"))
	defer p.stop()
	s := &server{issuer: p.url}
	tokens, people := make([]string, debitCallers), make([]uuid.UUID, debitCallers)
	for i := range tokens {
		var id string
		id, tokens[i] = s.person(t, fmt.Sprintf("p%d@example.com", i))
		people[i] = uuid.MustParse(id)
	}
	db, err := storage.Open(t.Context(), place, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	store := ledger.New(ledger.Config{Store: db.Ledger()})
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: debitCallers}}
	var mu sync.Mutex
	var times []float64
	var ratios, rates, raws []float64
	for round := range benchRounds + 1 {
		over := debits(t, func(caller int) error {
			begin := time.Now()
			err := debitOverHTTP(client, s.issuer, tokens[caller])
			mu.Lock()
			defer mu.Unlock()
			times = append(times, time.Since(begin).Seconds()*1000)
			return err
		})
		raw := debits(t, func(caller int) error {
			_, err := store.Use(context.Background(), ledger.Use{
				UserID: people[caller], Amount: 1, AppID: "bench", Description: "bench", Caller: "first-party", IdempotencyKey: uuid.NewString(),
			})
			return err
		})
		if round > 0 { // the first one warms up
			ratios, rates, raws = append(ratios, over/raw), append(rates, over), append(raws, raw)
		}
	}
	slices.Sort(times)
	fmt.Printf("debits by %d callers on %s: %.0f/s over HTTP, p50 %.1f ms, p99 %.1f ms; %.0f/s by the store alone\n", debitCallers,
		database.Version, median(rates), times[len(times)/2], times[len(times)*99/100], median(raws))
	figure("pg_debits_http_per_raw", median(ratios), ">=", 0.5)
}

// runWatched runs a command and gives its highest resident memory in MiB, read while it runs: what the kernel
// tells at the end is that of the process that started it, if that was larger.
func runWatched(t *testing.T, command *exec.Cmd) (took time.Duration, peak float64) {
	t.Helper()
	begin := time.Now()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil || peak == 0 {
				t.Fatalf("got %v and a peak of %v", err, peak)
			}
			return time.Since(begin), peak
		case <-time.After(5 * time.Millisecond):
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", command.Process.Pid))
		if err != nil {
			continue // it has just ended
		}
		for line := range strings.Lines(string(status)) {
			if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				kib, _ := strconv.Atoi(strings.Fields(rest)[0])
				peak = max(peak, float64(kib)/1024)
			}
		}
	}
}

// debits is how many debits a second the callers get.
func debits(t *testing.T, use func(caller int) error) float64 {
	t.Helper()
	var done atomic.Int64
	begin := time.Now()
	var group sync.WaitGroup
	for i := range debitCallers {
		group.Go(func() {
			for time.Since(begin) < debitTime {
				if err := use(i); err != nil {
					t.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	group.Wait()
	return float64(done.Load()) / time.Since(begin).Seconds()
}

func debitOverHTTP(client *http.Client, issuer, token string) error {
	body := `{"amount":0.000001,"appId":"bench","description":"bench","idempotencyKey":"` + uuid.NewString() + `"}`
	r, err := http.NewRequest(http.MethodPost, issuer+"/api/v1/credits/use", strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	if response.StatusCode != http.StatusCreated {
		return fmt.Errorf("got %s", response.Status)
	}
	return nil
}

// benchStore is the ledger alone, with its people, on a file that done closes.
func benchStore(t *testing.T, file string) (credits *ledger.Ledger, people []uuid.UUID, done func()) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: file, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	credits = ledger.New(ledger.Config{Store: db.Ledger(), SignupBonus: 1000 * ledger.Credit})
	people = make([]uuid.UUID, debitCallers)
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
	return credits, people, func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
