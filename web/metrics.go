package web

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// maxTraffic bounds the combinations of method, route and status that are counted each for themselves: with 13 series
// for each, they stay below 5,000. Later ones count as route "other".
const maxTraffic = 350

// durations are the upper bounds in seconds that clients of the original service know.
var durations = []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2, 5}

// traffic counts what is answered. No label holds what a caller can make up.
type traffic struct {
	set      *metrics.Set
	inFlight *metrics.Gauge
	panics   *metrics.Counter
	known    sync.Map // answered to *measure
	left     atomic.Int64
}

type (
	answered struct {
		method, route string
		status        int
	}
	measure struct {
		total   *metrics.Counter
		seconds *metrics.PrometheusHistogram
	}
)

func newTraffic(set *metrics.Set) *traffic {
	if set == nil {
		set = metrics.NewSet()
	}
	t := &traffic{
		set: set, inFlight: set.NewGauge("http_in_flight_requests", nil), panics: set.NewCounter("panics_total"),
	}
	t.left.Store(maxTraffic)
	return t
}

// answer counts one answer by its route, which is empty if none matched.
func (t *traffic) answer(method, route string, status int, took time.Duration) {
	m := t.measure(answered{methodLabel(method), routeLabel(route), status})
	m.total.Inc()
	m.seconds.Update(took.Seconds())
}

func (t *traffic) measure(a answered) *measure {
	if m, known := t.known.Load(a); known {
		return m.(*measure) //nolint:forcetypeassert // nothing else is in it
	}
	key := a
	if t.left.Add(-1) < 0 {
		a.route = "other"
	}
	labels := fmt.Sprintf(`{method=%q,route=%q,status="%d"}`, a.method, a.route, a.status)
	m := &measure{
		t.set.GetOrCreateCounter("http_requests_total" + labels),
		t.set.GetOrCreatePrometheusHistogramExt("http_request_duration_seconds"+labels, durations),
	}
	t.known.Store(key, m)
	return m
}

// limited counts that a limit of a class was found passed.
func (t *traffic) limited(class string) {
	t.set.GetOrCreateCounter(fmt.Sprintf(`rate_limited_total{class=%q}`, class)).Inc()
}

func routeLabel(pattern string) string {
	if pattern == "" {
		return "unmatched"
	}
	return pattern
}

func methodLabel(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return method
	}
	return "other"
}
