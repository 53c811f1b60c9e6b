//go:build bench

package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	edgeRatio    = 1.5
	keptRequests = 10_000 // a round
)

// TestBenchEdge measures an edge beside a bare handler that answers the same.
func TestBenchEdge(t *testing.T) {
	binary := release(t)
	benchSizes(t, binary)
	port, originPort := freePort(t), freePort(t)
	here := "http://localhost:" + port
	env := []string{"ISSUER=" + here, "EDGE_TOKEN=" + edgeToken}
	dir := t.TempDir()
	origin, _ := startBinary(t, binary, dir, originPort, env...)
	t.Cleanup(origin.stop)
	edge := func() (process, time.Duration) {
		command := exec.Command(binary, "serve", "--role=edge", "--origin=http://127.0.0.1:"+originPort)
		command.Env = append([]string{"PORT=" + port, "RATE_LIMIT_CLASSES=edge=100000000/1", "LOG_FORMAT=json", "METRICS_ADDR=127.0.0.1:0"}, env...)
		return startCommand(t, command, port)
	}
	var starts []float64
	for range benchRounds {
		p, took := edge()
		starts = append(starts, float64(took.Microseconds())/1000)
		p.stop()
	}
	figure("edge_cold_start_ms", median(starts), "<=", 30)
	p, _ := edge()
	t.Cleanup(p.stop)
	time.Sleep(5 * time.Second)
	figure("edge_idle_rss_mb", p.rss(t), "<=", 16)

	for _, document := range []struct{ name, path string }{{"discovery", "/.well-known/openid-configuration"}, {"jwks", "/jwks"}} {
		base := startBaseline(t, bare{Document: fetch(t, p.url+document.path), Algorithm: jose.RS256})
		against(t, "edge_"+document.name+"_cpu_ratio", documentRequests, edgeRatio, p, base, get(p.url+document.path), get(base.url+"/document"))
	}
	benchKept(t, &server{issuer: origin.url, env: append(env, "PORT="+originPort, "DATA_DIR="+dir)}, p)
	fmt.Printf("resident memory of the edge after all the load above: %.1f MB\n", p.rss(t))
}

// benchSizes tells how large the program is, as it is and as an image holds it.
func benchSizes(t *testing.T, binary string) {
	t.Helper()
	file, err := os.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	counter := new(countWriter)
	zipped, _ := gzip.NewWriterLevel(counter, gzip.BestCompression)
	plain, err := io.Copy(zipped, file)
	if err != nil || zipped.Close() != nil {
		t.Fatal(err)
	}
	figure("binary_mb", float64(plain)/1e6, "<=", 32)
	figure("image_gzip_mb", float64(*counter)/1e6, "<=", 12)
}

type countWriter int64

func (w *countWriter) Write(b []byte) (int, error) { *w += countWriter(len(b)); return len(b), nil }

// benchKept introspects one token again and again, which the edge answers by itself but for once in 30 seconds.
func benchKept(t *testing.T, origin *server, p process) {
	t.Helper()
	client := origin.create(t, "Bench", "--grant", "client_credentials", "--scope", "credits:read")
	var body map[string]any
	eventually(t, "the origin knows the new client", func() bool {
		status, answer, _ := origin.post(t, "/token", client, "grant_type", "client_credentials", "scope", "credits:read")
		body = answer
		return status == http.StatusOK
	})
	form := url.Values{"token": {fmt.Sprint(body["access_token"])}}
	response, err := http.DefaultClient.Do(postForm(p.url+"/introspect", client.ID, client.Secret, form)())
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s, %v", response.StatusCode, answer, err)
	}
	base := startBaseline(t, bare{Document: answer, Algorithm: jose.RS256})
	time.Sleep(5 * time.Second) // what was made just now is not kept yet
	against(t, "edge_introspection_cpu_ratio", keptRequests, edgeRatio, p, base,
		postForm(p.url+"/introspect", client.ID, client.Secret, form), postForm(base.url+"/document", "x", bareSecret, form))
}
