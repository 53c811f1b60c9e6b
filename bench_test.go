//go:build bench

package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
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
)

// The figures are server CPU per request, from /proc/PID/stat, in interleaved rounds: requests per second
// wander by a fifth between identical programs. Each ratio stands beside the spread of the baseline with
// itself.
const (
	benchRounds  = 16
	benchCallers = 4
	clockTick    = 10 * time.Millisecond // USER_HZ is 100 on Linux
)

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

// startBinary runs the built program and tells how long it took to its first 200.
func startBinary(t *testing.T, binary, dir, port string, env ...string) (process, time.Duration) {
	t.Helper()
	command := exec.Command(binary, "serve")
	command.Env = []string{"PORT=" + port, "DATA_DIR=" + dir, manyTries + ",public=100000000/1,client=100000000/1", "LOG_FORMAT=json", "METRICS_ADDR=127.0.0.1:0"}
	command.Env = append(command.Env, env...)
	return startCommand(t, command, port)
}

// startCommand runs a program that serves on a port, and tells how long it took to its first 200.
func startCommand(t *testing.T, command *exec.Cmd, port string) (process, time.Duration) {
	t.Helper()
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
		response, err := http.Get("http://127.0.0.1:" + port + "/.well-known/openid-configuration")
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

// compare prints the ratio of ours to the baseline beside its goal.
func compare(t *testing.T, name string, n int, limit float64, ours, base func() time.Duration) {
	t.Helper()
	figure(name, ratioOf(t, name, n, ours, base), "<=", limit)
}

// ratioOf interleaves ours, the baseline, and the baseline again: the median of the pairwise ratios.
func ratioOf(t *testing.T, name string, n int, ours, base func() time.Duration) float64 {
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
	return median(ratios)
}

func get(url string) func() *http.Request {
	return func() *http.Request {
		r, _ := http.NewRequest(http.MethodGet, url, nil)
		return r
	}
}

// compressed is how large a file is as a registry keeps it, in MB.
func compressed(t *testing.T, path string) float64 {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var out counter
	packer := gzip.NewWriter(&out)
	if _, err := io.Copy(packer, file); err != nil {
		t.Fatal(err)
	}
	if err := packer.Close(); err != nil {
		t.Fatal(err)
	}
	return float64(out) / 1e6
}

// counter counts what is written.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// release builds the program as `make build` does.
func release(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "mana")
	build := exec.Command("go", "build", "-trimpath", "-tags", "timetzdata", "-gcflags", "mana/web/...=-l", "-ldflags", "-s -w", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

func TestBench(t *testing.T) {
	fmt.Printf("%d cores, %s, %s\n", runtime.NumCPU(), runtime.Version(), runtime.GOARCH)
	binary := release(t)
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	figure("binary_mb", float64(info.Size())/1e6, "<=", 32)
	figure("image_mb", compressed(t, binary), "<=", 12) // the binary is all of it but the authorities' certificates

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

	rested := benchLogins(t, binary)
	s := &server{issuer: p.url, env: []string{"PORT=" + port, "DATA_DIR=" + dir}}
	benchProtocol(t, s, p)
	benchES256(t, binary)
	fmt.Printf("resident memory of the program after all the load above: %.1f MB\n", p.rss(t))
	rested()
}

const (
	loginPeople = 20
	logins      = 100
	loginRest   = 5 * time.Minute
)

// benchLogins signs people in at a program of its own, and measures its memory after a rest of five minutes,
// during which the caller may measure something else.
func benchLogins(t *testing.T, binary string) (rested func()) {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	p, _ := startBinary(t, binary, dir, port)
	t.Cleanup(p.stop)
	s := &server{issuer: p.url}
	for i := range loginPeople {
		s.person(t, fmt.Sprintf("p%d@example.com", i))
	}
	for i := range logins - loginPeople {
		login := map[string]string{"email": fmt.Sprintf("p%d@example.com", i%loginPeople), "password": testPassword}
		if status, body, _ := s.api(t, "POST", "/api/v1/auth/login", "", login); status != http.StatusOK {
			t.Fatalf("got %d %v", status, body)
		}
	}
	end := time.Now().Add(loginRest)
	fmt.Printf("resident memory right after %d logins: %.1f MB\n", logins, p.rss(t))
	return func() {
		time.Sleep(time.Until(end))
		figure("rss_5min_after_100_logins_mb", p.rss(t), "<=", 45)
	}
}
