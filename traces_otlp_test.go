//go:build otlp

package main

import (
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"mana/storage/servers"
)

// received is a collector of traces that keeps all that it is sent.
type received struct {
	mu    sync.Mutex
	spans []*otlp.Span
	text  strings.Builder // of everything
}

// collect starts a collector, and gives the setting that sends to it.
func collect(t *testing.T) (*received, string) {
	t.Helper()
	c := new(received)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := c.take(r); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(server.Close)
	return c, "OTEL_EXPORTER_OTLP_ENDPOINT=" + server.URL
}

func (c *received) take(r *http.Request) error {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		plain, err := gzip.NewReader(r.Body)
		if err != nil {
			return err
		}
		body = plain
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	var sent collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(content, &sent); err != nil || r.URL.Path != "/v1/traces" {
		return fmt.Errorf("got %s: %w", r.URL, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text.WriteString(prototext.Format(&sent))
	for _, of := range sent.GetResourceSpans() {
		for _, in := range of.GetScopeSpans() {
			c.spans = append(c.spans, in.GetSpans()...)
		}
	}
	return nil
}

// tree holds the spans of a trace against each other, and lists their names, sorted, each once: one of them is the
// root, below parent, and the others lie below each other.
func (c *received) tree(t *testing.T, traceID, parent, root string) []string {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	known := map[string]bool{parent: true}
	for _, s := range c.spans {
		known[hex.EncodeToString(s.GetSpanId())] = true
	}
	roots := 0
	for _, s := range c.spans {
		if hex.EncodeToString(s.GetTraceId()) != traceID {
			continue
		}
		above := hex.EncodeToString(s.GetParentSpanId())
		if above == parent {
			roots++
			if s.GetName() != root {
				t.Errorf("got the root %q, want %q", s.GetName(), root)
			}
		}
		if !known[above] {
			t.Errorf("got %q below %s, which nobody sent", s.GetName(), above)
		}
		names = append(names, s.GetName())
	}
	if roots != 1 {
		t.Errorf("got %d roots of %s, want 1", roots, traceID)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// callerSpan is what a proxy says of the trace with the number n.
func callerSpan(n int) (header, traceID, spanID string) {
	traceID, spanID = fmt.Sprintf("%032x", n+0xabc), "00f067aa0ba902b7"
	return "00-" + traceID + "-" + spanID + "-01", traceID, spanID
}

// TestTraces follows a sign-in, a use of credits, a token, an order and a mail from their callers to the stores: each is
// one tree, and no span tells of whom it is.
func TestTraces(t *testing.T) {
	got, endpoint := collect(t)
	mails := new(servers.SMTP)
	mock := stripeMock(t)
	s := start(t, append(sink(t, mails), endpoint, "OTEL_TRACES_SAMPLER_ARG=1", "TRUSTED_PROXIES=127.0.0.1/32,::1/128",
		"STRIPE_SECRET_KEY="+stripeKey, "STRIPE_WEBHOOK_SECRET="+stripeSecret, "STRIPE_API_URL="+mock.URL)...)
	id, token := s.person(t, "ada@example.com")
	await(t, mails, 1)
	client := s.client(t, "Bench", "--grant", "client_credentials", "--scope", "credits:read")
	ownToken := url.Values{"grant_type": {"client_credentials"}, "scope": {"credits:read"}, "client_id": {client.ID}, "client_secret": {client.Secret}}.Encode()
	calls := []struct {
		method, path, root string
		body               any
		names              []string
	}{
		{"POST", "/api/v1/auth/login", "POST /api/v1/auth/login", map[string]string{"email": "ada@example.com", "password": testPassword}, []string{"hash", "sign RS256", "store read", "store write"}},
		{"POST", "/api/v1/credits/use?secret-query=1", "POST /api/v1/credits/use", `{"amount":1,"appId":"secret-app","description":"secret-text","idempotencyKey":"secret-key"}`, []string{"store write"}},
		{"POST", "/api/v1/credits/purchase", "POST /api/v1/credits/purchase", map[string]any{"packageId": s.starter(t)}, []string{"call 127.0.0.1", "store write"}},
		{"POST", "/token", "POST /token", ownToken, []string{"sign RS256"}},
		{"GET", "/secret-path", "GET unmatched", nil, nil},
	}
	for i, c := range calls {
		header, _, _ := callerSpan(i)
		headers, bearer := []string{"Traceparent", header}, token
		if c.path == "/token" {
			headers, bearer = append(headers, "Content-Type", "application/x-www-form-urlencoded"), ""
		}
		if status, body, _ := s.api(t, c.method, c.path, bearer, c.body, headers...); status >= http.StatusInternalServerError {
			t.Errorf("%s: got %d %v", c.path, status, body)
		}
	}
	code, log := s.stop()
	if code != exitDone || strings.Contains(log, "traces") {
		t.Errorf("got %d\n%s", code, log)
	}
	for i, c := range calls {
		_, traceID, spanID := callerSpan(i)
		names := got.tree(t, traceID, spanID, c.root)
		for _, want := range c.names {
			if !slices.Contains(names, want) {
				t.Errorf("%s: got no %q in %v", c.root, want, names)
			}
		}
		line := regexp.MustCompile(`"requestId":"[^"]+",[^\n]*"traceId":"` + traceID + `","spanId":"[0-9a-f]{16}"`)
		if !line.MatchString(log) {
			t.Errorf("%s: got no line of %s in\n%s", c.root, traceID, log)
		}
	}
	text := got.text.String()
	for _, want := range []string{`"deliver mail verify_email"`, `"service.name"`, `"http.response.status_code"`} {
		if !strings.Contains(text, want) {
			t.Errorf("got no %s", want)
		}
	}
	for _, secret := range []string{"ada", id, token, testPassword, "secret", client.ID, client.Secret, "127.0.0.1:", stripeKey} {
		if strings.Contains(text, secret) {
			t.Errorf("got %q in the traces", secret)
		}
	}
}

// TestTracesOfStrangers keeps the choice of what is kept from everybody but trusted proxies.
func TestTracesOfStrangers(t *testing.T) {
	got, endpoint := collect(t)
	s := start(t, endpoint, "OTEL_TRACES_SAMPLER_ARG=0")
	header, traceID, _ := callerSpan(0)
	s.api(t, "GET", "/api/v1/credits/packages", "", nil, "Traceparent", header)
	code, log := s.stop()
	if code != exitDone || len(got.spans) > 0 || strings.Contains(log, traceID) {
		t.Errorf("got %d, %d spans\n%s", code, len(got.spans), log)
	}
}

// TestTracesUnanswered has a collector that never answers: everything works, and the end waits no longer than it may.
func TestTracesUnanswered(t *testing.T) {
	silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	s := start(t, "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+silent.Addr().String(), "OTEL_TRACES_SAMPLER_ARG=1")
	_, token := s.person(t, "ada@example.com")
	if status, body, _ := s.api(t, "POST", "/api/v1/credits/use", token, `{"amount":1,"appId":"a","description":"x"}`); status != http.StatusCreated {
		t.Errorf("got %d %v", status, body)
	}
	begin := time.Now()
	code, log := s.stop()
	if code != exitDone || !strings.Contains(log, "the last traces are lost") || time.Since(begin) > 2*flushFor {
		t.Errorf("got %d after %v\n%s", code, time.Since(begin), log)
	}
}
