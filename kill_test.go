package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mana/storage/servers"
)

const (
	killsByDefault = 20
	killCallers    = 32
	killPeople     = 8 // several callers share a wallet
)

// scaled is a number of repetitions, times MANA_SCALE.
func scaled(n int) int {
	if scale, err := strconv.Atoi(os.Getenv("MANA_SCALE")); err == nil && scale > 0 {
		return n * scale
	}
	return n
}

// buildProgram builds the program as it is shipped.
func buildProgram(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "mana")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// victim is the program as a process that is killed again and again on the same data.
type victim struct {
	*server
	binary  string
	args    []string // of serve
	log     *lockedBuffer
	command *exec.Cmd
}

func (v *victim) run(t *testing.T) {
	t.Helper()
	v.begin(t)
	v.waitReady(t, v.log)
}

// begin starts the process, which is not ready yet.
func (v *victim) begin(t *testing.T) {
	t.Helper()
	v.log = new(lockedBuffer)
	v.command = exec.Command(v.binary, append([]string{"serve"}, v.args...)...)
	v.command.Env, v.command.Stderr, v.command.SysProcAttr = v.env, v.log, servers.WithUs()
	if err := v.command.Start(); err != nil {
		t.Fatal(err)
	}
}

// kill ends the process as a power cut would, as far as a process can.
func (v *victim) kill(t *testing.T) {
	t.Helper()
	if err := v.command.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = v.command.Wait() // says that it was killed
}

// bank is 32 callers who spend, and repeat each request by its key until it is answered.
type bank struct {
	t      *testing.T
	issuer string
	tokens []string
	client *http.Client
	stop   chan struct{}
	// refused takes an answer of 500 or above; nil: any is one that will be repeated.
	refused func(response *http.Response, answer []byte, asked time.Time)

	mu           sync.Mutex
	acknowledged map[string]string // key to transaction
	failed       atomic.Int64      // attempts without an answer
	late         atomic.Int64      // uses whose commit had no answer: the repetition was the first to hear of it
	repeated     atomic.Int64      // answers that were asked for again, and were the same
}

// caller spends until the bank stops, and never leaves a request unanswered.
func (b *bank) caller(n int) {
	for i := 0; ; i++ {
		select {
		case <-b.stop:
			return
		default:
		}
		key := fmt.Sprintf("c%d-%d", n, i)
		id, late := b.spend(n, key)
		if late {
			b.late.Add(1)
		}
		b.mu.Lock()
		b.acknowledged[key] = id
		b.mu.Unlock()
		if i%8 == 0 {
			if again, _ := b.spend(n, key); again != id {
				b.t.Errorf("got transaction %s for key %s, want %s", again, key, id)
			}
			b.repeated.Add(1)
		}
	}
}

// spend asks until there is an answer. late says that an attempt before it had been posted.
func (b *bank) spend(n int, key string) (id string, late bool) {
	for attempt, deadline := 0, time.Now().Add(time.Minute); ; attempt++ {
		id, replayed, err := b.try(n, key)
		if err == nil {
			return id, replayed && attempt > 0
		}
		if b.failed.Add(1); time.Now().After(deadline) {
			b.t.Errorf("got no answer for %s within a minute: %v", key, err)
			return "", false
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (b *bank) try(n int, key string) (id string, replayed bool, err error) {
	body := fmt.Sprintf(`{"amount":0.%06d,"appId":"bank","description":"x","idempotencyKey":%q}`, n+1, key)
	request, err := http.NewRequest(http.MethodPost, b.issuer+"/api/v1/credits/use", strings.NewReader(body))
	if err != nil {
		return "", false, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+b.tokens[n%len(b.tokens)])
	asked := time.Now()
	response, err := b.client.Do(request)
	if err != nil {
		return "", false, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return "", false, err
	}
	if response.StatusCode != http.StatusCreated {
		if response.StatusCode < 500 && !bytes.Contains(answer, []byte("IDEMPOTENCY_IN_PROGRESS")) { // of an attempt given up
			b.t.Errorf("got %s %s", response.Status, answer)
		} else if response.StatusCode >= 500 && b.refused != nil {
			b.refused(response, answer, asked)
		}
		return "", false, errors.New(response.Status)
	}
	var used struct{ Transaction struct{ ID string } }
	err = json.Unmarshal(answer, &used)
	return used.Transaction.ID, response.Header.Get("Idempotency-Replayed") == "true", err
}

// TestKill kills the program at random moments under load. Afterwards every acknowledged debit is there, none
// twice, and the books are balanced.
func TestKill(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	dir := t.TempDir()
	v := &victim{binary: buildProgram(t), server: &server{
		issuer: "http://localhost:" + port, dir: dir,
		env: []string{
			"PORT=" + port, "DATA_DIR=" + dir, "LOG_FORMAT=json", "LOG_LEVEL=warn", "METRICS_ADDR=off", "CREDITS_SIGNUP_BONUS=1000000",
			strings.NewReplacer("spend=100000/60", "spend=100000000/60", "bearer=100000/60", "bearer=100000000/60").Replace(manyTries),
		},
	}}
	v.run(t)
	t.Cleanup(func() {
		if v.command.ProcessState == nil { // the test ended early
			v.kill(t)
		}
	})
	b := &bank{
		t: t, issuer: "http://127.0.0.1:" + port, acknowledged: make(map[string]string), stop: make(chan struct{}),
		client: &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: killCallers}},
	}
	for i := range killPeople {
		_, token := v.person(t, fmt.Sprintf("p%d@example.com", i))
		b.tokens = append(b.tokens, token)
	}
	var group sync.WaitGroup
	for n := range killCallers {
		group.Go(func() { b.caller(n) })
	}
	kills := scaled(killsByDefault)
	for range kills {
		time.Sleep(randomly(300 * time.Millisecond))
		v.kill(t)
		v.run(t)
	}
	close(b.stop)
	group.Wait()
	if err := v.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := v.command.Wait(); err != nil {
		t.Errorf("got %v at the stop\n%s", err, v.log)
	}
	t.Logf("%d kills, %d debits acknowledged, %d attempts without an answer, %d commits without an answer, %d answers repeated",
		kills, len(b.acknowledged), b.failed.Load(), b.late.Load(), b.repeated.Load())
	if b.late.Load() == 0 || b.repeated.Load() == 0 || b.failed.Load() < int64(kills) {
		t.Error("got none of the interesting cases, want some")
	}
	b.audit(t, v.server)
}

// randomly is a moment up to a limit.
func randomly(limit time.Duration) time.Duration {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(limit)))
	if err != nil {
		panic(err) // the system's source does not fail
	}
	return time.Duration(n.Int64())
}

// audit holds what was acknowledged against the journal.
func (b *bank) audit(t *testing.T, s *server) {
	t.Helper()
	var report shownReport
	if err := json.Unmarshal([]byte(s.command(t, "credits", "verify", "--json")), &report); err != nil {
		t.Fatal(err)
	}
	if string(report.Imbalance) != "0" || len(report.Faults) > 0 || report.Wallets != killPeople {
		t.Errorf("got %+v", report)
	}
	stored := make(map[string]string)
	lines := json.NewDecoder(bytes.NewReader([]byte(s.command(t, "credits", "export", "--all"))))
	for lines.More() {
		var row struct {
			ID, Type string
			Key      string `json:"idempotency_key"`
		}
		if err := lines.Decode(&row); err != nil {
			t.Fatal(err)
		}
		if row.Type != "usage" {
			continue
		}
		if stored[row.Key] != "" {
			t.Errorf("got %s and %s for key %s, want one debit", stored[row.Key], row.ID, row.Key)
		}
		stored[row.Key] = row.ID
	}
	for key, id := range b.acknowledged {
		if stored[key] != id {
			t.Errorf("got %q in the journal for key %s, acknowledged was %s", stored[key], key, id)
		}
	}
	if len(stored) != len(b.acknowledged) {
		t.Errorf("got %d debits in the journal, %d were acknowledged", len(stored), len(b.acknowledged))
	}
}
