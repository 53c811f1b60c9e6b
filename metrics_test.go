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
		`mana_build_info{version="dev",engine="sqlite",role="primary"} 1`,
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
		kept := p.Metric == "auth_users_total"             // the original service's name of a gauge
		if p.Text != "no help text" && !library && !kept { // the library writes none, and has names of its own
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

// metricsOf reads what a started program counts.
func metricsOf(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestMetricsOfPeople signs in and fails to, and finds each in its place.
func TestMetricsOfPeople(t *testing.T) {
	t.Parallel()
	address := "127.0.0.1:" + freePort(t)
	s := start(t, "METRICS_ADDR="+address)
	s.person(t, "ada@example.com")
	login := map[string]string{"email": "ada@example.com", "password": testPassword}
	status, body, _ := s.api(t, "POST", "/api/v1/auth/login", "", login)
	if status != http.StatusOK {
		t.Fatalf("got %d %v", status, body)
	}
	login["password"] += "!"
	s.api(t, "POST", "/api/v1/auth/login", "", login)
	first := map[string]any{"refreshToken": body["refreshToken"]}
	for range 2 {
		_, body, _ = s.api(t, "POST", "/api/v1/auth/refresh", "", map[string]any{"refreshToken": body["refreshToken"]})
	}
	s.api(t, "POST", "/api/v1/auth/refresh", "", first)
	s.ask(t, "POST", "/token", "grant_type=made-up", "Content-Type", "application/x-www-form-urlencoded")
	text := ""
	eventually(t, "the count of people", func() bool {
		text = metricsOf(t, address)
		return strings.Contains(text, "auth_sessions_active")
	})
	for _, want := range []string{
		`auth_logins_total{result="success"} 2`, `auth_logins_total{result="locked"} 0`, `auth_logins_total{result="refused"} 1`, `auth_signups_total{result="success"} 1`,
		`auth_refreshes_total{result="success"} 2`, `auth_refreshes_total{result="reused"} 1`,
		"auth_hash_seconds_count 4", "auth_hash_waiting 0", "auth_users_total ", "auth_users_verified ", "auth_users_created_today ",
		"auth_users_created_this_week ", "auth_users_created_this_month ",
		`oidc_tokens_issued_total{grant="password",kind="access",alg="RS256"} 2`,
		`oidc_tokens_issued_total{grant="refresh_token",kind="refresh",alg="none"} 2`,
		`oidc_errors_total{endpoint="token",error="invalid_client"} 1`,
		`keys_age_seconds{state="active",alg="RS256"} `, `keys_age_seconds{state="pending",alg="RS256"} NaN`,
		`keys_rotation_due_seconds{alg="RS256"} `, `keys_sign_seconds_count{alg="RS256"} `,
		`job_runs_total{job="counting people",result="success"} 1`, `job_success_timestamp_seconds{job="cleaning"} 1`,
		`job_interval_seconds{job="cleaning"} 60`, `outbox_pending{kind="mail"} `, "outbox_oldest_seconds 0",
		`store_seconds_count{op="read"} `, `store_seconds_count{op="write"} `, `store_errors_total{kind="busy"} 0`, `store_errors_total{kind="failed"} 0`,
		"ledger_queue_depth ", "data_free_ratio 0.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got no %s", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	response, err := http.Get("http://" + address + "/debug/pprof/heap?debug=1")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("got %d for a profile on the private listener", response.StatusCode)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/debug/pprof/cmdline", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{address: 200, "[::1]:9464": 200, "localhost:9464": 200, "mana:9464": 200, "evil.example:9464": 421} {
		request.Host = host
		if response, err := http.DefaultClient.Do(request); err != nil || response.Body.Close() != nil || response.StatusCode != want {
			t.Errorf("got %v, %v asked as %s, want %d", response, err, host, want)
		}
	}
	if status, _, _ := s.api(t, "GET", "/debug/pprof/heap", "", nil); status != http.StatusNotFound {
		t.Errorf("got %d for a profile on the public listener, want 404", status)
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
