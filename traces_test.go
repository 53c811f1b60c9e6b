package main

import (
	"slices"
	"strings"
	"testing"
)

// TestTracesMissing gives the default program an address of a collector: it says that it sends nothing there.
func TestTracesMissing(t *testing.T) {
	t.Parallel()
	cfg, err := loadConfig([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318"}, false)
	if err != nil {
		t.Fatal(err)
	}
	told := slices.ContainsFunc(cfg.warnings(nil), func(note string) bool { return strings.HasPrefix(note, "OTEL_EXPORTER_OTLP_ENDPOINT is not used") })
	if told == tracesBuilt {
		t.Errorf("got %v, want it told where traces are not built in, %v", told, !tracesBuilt)
	}
}

// TestTraceInLogs goes on with the trace of a trusted proxy, and hears of none from others.
func TestTraceInLogs(t *testing.T) {
	t.Parallel()
	const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	for _, proxies := range []string{"127.0.0.1/32,::1/128", "192.0.2.1/32"} {
		s := start(t, "TRUSTED_PROXIES="+proxies)
		s.api(t, "GET", "/api/v1/credits/packages", "", nil, "Traceparent", "00-"+traceID+"-00f067aa0ba902b7-01")
		_, log := s.stop()
		if got, want := strings.Contains(log, `"traceId":"`+traceID+`"`), proxies != "192.0.2.1/32"; got != want {
			t.Errorf("%s: got %v, want %v in\n%s", proxies, got, want, log)
		}
	}
}
