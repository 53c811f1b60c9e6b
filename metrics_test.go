package main

import (
	"bytes"
	"fmt"
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
	if status, _, _ := s.api(t, "GET", "/jwks", "", nil); status != http.StatusOK {
		t.Errorf("got %d", status)
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
		"ledger_imbalance 0", "ledger_holds_open 0", "ledger_violations_total 0", "ledger_verified_timestamp_seconds 1", "ledger_commit_seconds_count", "ledger_batch_size_count",
		`http_requests_total{method="POST",route="/api/v1/credits/use",status="201"} 2`,
		`http_requests_total{method="POST",route="/api/v1/credits/use",status="402"} 1`,
		`http_request_duration_seconds_bucket{method="POST",route="/api/v1/credits/use",status="201",le="5"} 2`,
		`http_requests_total{method="GET",route="/jwks",status="200"} 1`, "http_in_flight_requests 0", "panics_total 0",
		`mana_build_info{version="dev",engine="sqlite"} 1`,
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

// TestMetricsStayFew sends what no route knows, and what every route refuses, and looks at how many series that makes.
func TestMetricsStayFew(t *testing.T) {
	t.Parallel()
	address := "127.0.0.1:" + freePort(t)
	s := start(t, "METRICS_ADDR="+address, manyTries)
	paths := []string{"/", "/login", "/authorize", "/token", "/jwks", "/api/v1/auth/login", "/account/credits/0"}
	for i := range 2000 {
		path := paths[i%len(paths)]
		if i%3 == 0 {
			path = fmt.Sprintf("/made-up/%d", i)
		}
		r, err := http.NewRequest(fmt.Sprintf("MADE%dUP", i%50), s.issuer+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	response, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte("\n")); n > 1000 {
		t.Errorf("got %d lines of metrics", n)
	}
	if !bytes.Contains(text, []byte(`http_requests_total{method="other",route="unmatched",status="404"} 667`)) || bytes.Contains(text, []byte("made-up")) {
		t.Errorf("got\n%s", text)
	}
}
