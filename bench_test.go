//go:build bench

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
	"mana/storage/sqlite"
)

// The figures are server CPU per request, from /proc/PID/stat, in interleaved rounds: requests per second
// wander by a fifth between identical programs. Each ratio stands beside the spread of the baseline with
// itself.
const (
	benchRounds  = 10
	benchCallers = 4
	clockTick    = 10 * time.Millisecond // USER_HZ is 100 on Linux
)

const baselineVariable = "MANA_BASELINE_DOCUMENT"

// TestMain lets the test binary be the baseline server.
func TestMain(m *testing.M) {
	if document := os.Getenv(baselineVariable); document != "" {
		baseline(document)
		return
	}
	os.Exit(m.Run())
}

// baseline answers with the same bytes and the same signature as the program, and does nothing else.
func baseline(document string) {
	body, err := os.ReadFile(document)
	if err != nil {
		panic(err)
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: private},
		(&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", strings.Repeat("k", 43)))
	if err != nil {
		panic(err)
	}
	secret := sha256.Sum256([]byte("secret"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /document", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, password, _ := r.BasicAuth()
		sum := sha256.Sum256([]byte(password))
		if subtle.ConstantTimeCompare(sum[:], secret[:]) != 1 {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		id := make([]byte, 32)
		rand.Read(id)
		now := time.Now().Unix()
		payload, _ := json.Marshal(map[string]any{
			"iss": "http://localhost:3001", "sub": "mc_" + strings.Repeat("a", 24), "aud": "http://localhost:3001/api/v1/credits",
			"client_id": "mc_" + strings.Repeat("a", 24), "scope": "credits:read", "iat": now, "exp": now + 900,
			"jti": base64.RawURLEncoding.EncodeToString(id),
		})
		signed, _ := signer.Sign(payload)
		token, _ := signed.CompactSerialize()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 900, "scope": "credits:read"})
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().String())
	_ = http.Serve(listener, mux)
}

// process is a server of its own.
type process struct {
	url     string
	command *exec.Cmd
}

func (p process) cpu(t *testing.T) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+2:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick
}

func (p process) rss(t *testing.T) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, _ := strconv.Atoi(strings.Fields(rest)[0])
			return float64(kib) / 1024
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

func (p process) stop() {
	_ = p.command.Process.Signal(os.Interrupt)
	_ = p.command.Wait()
}

func startBaseline(t *testing.T, document string) process {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), baselineVariable+"="+document)
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 64)
	n, err := stdout.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	p := process{"http://" + strings.TrimSpace(string(line[:n])), command}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	return p
}

// startBinary runs the built program and tells how long it took to its first 200.
func startBinary(t *testing.T, binary, dir, port string) (process, time.Duration) {
	t.Helper()
	command := exec.Command(binary, "serve")
	command.Env = []string{"PORT=" + port, "DATA_DIR=" + dir, manyTries + ",public=100000000/1", "LOG_FORMAT=json"}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = log
	begin := time.Now()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := process{"http://localhost:" + port, command}
	for time.Since(begin) < 20*time.Second {
		response, err := http.Get("http://127.0.0.1:" + port + "/health/ready")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return p, time.Since(begin)
			}
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("the program is not ready")
	return p, 0
}

// load sends n requests over a few connections and gives the server's CPU for each.
func load(t *testing.T, p process, n int, request func() *http.Request) time.Duration {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchCallers, DisableCompression: true}}
	defer client.CloseIdleConnections()
	before := p.cpu(t)
	var left atomic.Int64
	left.Store(int64(n))
	var group sync.WaitGroup
	for range benchCallers {
		group.Go(func() {
			for left.Add(-1) >= 0 {
				response, err := client.Do(request())
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
				if response.StatusCode != http.StatusOK {
					t.Errorf("got %d", response.StatusCode)
					return
				}
			}
		})
	}
	group.Wait()
	return (p.cpu(t) - before) / time.Duration(n)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func figure(name string, value float64, op string, limit float64) {
	fmt.Printf("figure %s %.3f goal %s %g\n", name, value, op, limit)
}

// compare interleaves ours, the baseline, and the baseline again.
func compare(t *testing.T, name string, n int, limit float64, ours, base func() time.Duration) {
	t.Helper()
	ours()
	base()
	var ratios, same []float64
	for range benchRounds {
		a, b, c := ours(), base(), base()
		ratios = append(ratios, float64(a)/float64(b))
		same = append(same, float64(c)/float64(b))
	}
	fmt.Printf("%s: %d requests a round, %d rounds, A/A of the baseline %.3f to %.3f\n", name, n, benchRounds, slices.Min(same), slices.Max(same))
	figure(name, median(ratios), "<=", limit)
}

func get(url string) func() *http.Request {
	return func() *http.Request {
		r, _ := http.NewRequest(http.MethodGet, url, nil)
		return r
	}
}

func tokenRequest(url, id, secret string) func() *http.Request {
	return func() *http.Request {
		r, _ := http.NewRequest(http.MethodPost, url, strings.NewReader("grant_type=client_credentials&scope=credits%3Aread"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(id, secret)
		return r
	}
}

func TestBench(t *testing.T) {
	fmt.Printf("%d cores, %s, %s\n", runtime.NumCPU(), runtime.Version(), runtime.GOARCH)
	binary := filepath.Join(t.TempDir(), "mana")
	build := exec.Command("go", "build", "-trimpath", "-tags", "timetzdata", "-ldflags", "-s -w", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	figure("binary_mb", float64(info.Size())/1e6, "<=", 32)

	dir, port := t.TempDir(), freePort(t)
	first, took := startBinary(t, binary, dir, port)
	fmt.Printf("first start with a new store and key: %d ms\n", took.Milliseconds())
	first.stop()
	var starts []float64
	for range benchRounds {
		p, took := startBinary(t, binary, dir, port)
		starts = append(starts, float64(took.Microseconds())/1000)
		p.stop()
	}
	figure("cold_start_ms", median(starts), "<=", 30)

	p, _ := startBinary(t, binary, dir, port)
	defer p.stop()
	time.Sleep(time.Second)
	figure("idle_rss_mb", p.rss(t), "<=", 24)

	s := &server{issuer: p.url, env: []string{"PORT=" + port, "DATA_DIR=" + dir}}
	benchProtocol(t, s, p)
	benchDebits(t, s)
	for i := range 100 {
		s.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": fmt.Sprintf("p%d@example.com", i%64), "password": testPassword})
	}
	time.Sleep(15 * time.Second)
	fmt.Println("resident memory 15 s after 100 logins and all the load above (the goal is for five minutes)")
	figure("rss_after_logins_mb", p.rss(t), "<=", 45)
}

func benchProtocol(t *testing.T, s *server, p process) {
	t.Helper()
	client := s.client(t, "Bench", "--grant", "client_credentials", "--scope", "credits:read")
	for name, path := range map[string]string{"discovery": "/.well-known/openid-configuration", "jwks": "/jwks"} {
		response, err := http.Get(p.url + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, body, 0o600); err != nil {
			t.Fatal(err)
		}
		base := startBaseline(t, file)
		const n = 15_000
		compare(t, name+"_cpu_ratio", n, 1.35,
			func() time.Duration { return load(t, p, n, get(p.url+path)) },
			func() time.Duration { return load(t, base, n, get(base.url+"/document")) })
		if name == "jwks" {
			const n = 800
			compare(t, "token_cpu_ratio", n, 1.08,
				func() time.Duration { return load(t, p, n, tokenRequest(p.url+"/token", client.ID, client.Secret)) },
				func() time.Duration { return load(t, base, n, tokenRequest(base.url+"/token", "x", "secret")) })
		}
	}
}

const (
	debitCallers = 64
	debitTime    = 5 * time.Second
)

// benchDebits compares debits over HTTP with those of the store alone, load generator on the same cores.
func benchDebits(t *testing.T, s *server) {
	t.Helper()
	tokens := make([]string, debitCallers)
	for i := range tokens {
		_, tokens[i] = s.person(t, fmt.Sprintf("p%d@example.com", i))
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: debitCallers}}
	rate := func(use func(caller int) error) float64 {
		var done atomic.Int64
		end := time.Now().Add(debitTime)
		var group sync.WaitGroup
		for i := range debitCallers {
			group.Go(func() {
				for time.Now().Before(end) {
					if err := use(i); err != nil {
						t.Error(err)
						return
					}
					done.Add(1)
				}
			})
		}
		group.Wait()
		return float64(done.Load()) / debitTime.Seconds()
	}
	const body = `{"amount":0.000001,"appId":"bench","description":"bench"}`
	overHTTP := rate(func(i int) error {
		r, _ := http.NewRequest(http.MethodPost, s.issuer+"/api/v1/credits/use", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+tokens[i])
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
	})
	store, people := benchStore(t)
	raw := rate(func(i int) error {
		_, err := store.Use(context.Background(), ledger.Use{UserID: people[i], Amount: 1, AppID: "bench", Description: "bench", Caller: "first-party"})
		return err
	})
	fmt.Printf("debits by %d callers over %d wallets: %.0f/s over HTTP, %.0f/s by the store alone\n", debitCallers, debitCallers, overHTTP, raw)
	figure("debits_http_per_raw", overHTTP/raw, ">=", 0.4)
}

func benchStore(t *testing.T) (*ledger.Ledger, []uuid.UUID) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{
		Path: filepath.Join(t.TempDir(), "bench.db"), Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	credits := ledger.New(ledger.Config{Store: db.Ledger(), SignupBonus: 150 * ledger.Credit})
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
	return credits, people
}
