package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"mana/keys"
)

// TestMetrics counts what people did, on the private address alone.
func TestMetrics(t *testing.T) {
	t.Parallel()
	address := "127.0.0.1:" + freePort(t)
	s := start(t, "METRICS_ADDR="+address)
	id, token := s.person(t, "ada@example.com")
	for _, body := range []string{
		`{"amount":1,"appId":"secret-app","description":"x","idempotencyKey":"secret-key"}`,
		`{"amount":1,"appId":"secret-app","description":"x","idempotencyKey":"secret-key"}`,
		`{"amount":1000,"appId":"secret-app","description":"x"}`,
		`{"amount":2,"appId":"secret-app","description":"x","idempotencyKey":"secret-key"}`,
	} {
		s.api(t, "POST", "/api/v1/credits/use", token, body)
	}
	text := ""
	eventually(t, "the first check of all wallets", func() bool {
		response, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		content, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		text = string(content)
		return strings.Contains(text, "ledger_verified_timestamp_seconds 1")
	})
	for _, want := range []string{
		`credits_operations_total{type="usage",result="applied"} 1`, `credits_operations_total{type="usage",result="replayed"} 1`,
		`credits_operations_total{type="usage",result="insufficient"} 1`, `credits_operations_total{type="usage",result="key_reused"} 1`,
		"ledger_imbalance 0", "ledger_violations_total 0", "ledger_verified_timestamp_seconds 1", "ledger_commit_seconds_count", "ledger_batch_size_count",
		"go_goroutines", "process_resident_memory_bytes", "process_open_fds", "# TYPE ledger_commit_seconds histogram",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got no %s in\n%s", want, text)
		}
	}
	for _, secret := range []string{id, "secret-app", "secret-key", "ada@"} {
		if strings.Contains(text, secret) {
			t.Errorf("got %q in the metrics", secret)
		}
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Error(err)
	}
	for _, p := range problems {
		library := strings.HasPrefix(p.Metric, "go_") || strings.HasPrefix(p.Metric, "process_")
		if p.Text != "no help text" && !library { // the library writes none, and has names of its own
			t.Errorf("got %v", p)
		}
	}
	status, body, _ := s.api(t, "GET", "/metrics", "", nil)
	if status != http.StatusNotFound {
		t.Errorf("got %d %v on the public listener, want 404", status, body)
	}

	second := start(t, "METRICS_ADDR="+address)
	if code, log := second.stop(); code != 0 || !strings.Contains(log, "METRICS_ADDR is in use") {
		t.Errorf("got %d\n%s\nwant a warning in dev mode", code, log)
	}
	var stderr bytes.Buffer
	production := []string{
		"ISSUER=https://id.example.com", "LISTEN=127.0.0.1:" + freePort(t), "DATA_DIR=" + t.TempDir(),
		"MASTER_KEY=" + keys.NewMasterKey().Encode(), "METRICS_ADDR=" + address,
	}
	if code := run(t.Context(), []string{"serve"}, production, io.Discard, &stderr); code != exitFailed || !strings.Contains(stderr.String(), "METRICS_ADDR") {
		t.Errorf("got %d\n%s\nwant the start refused elsewhere", code, &stderr)
	}
}
