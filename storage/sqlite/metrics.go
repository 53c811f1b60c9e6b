package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"modernc.org/sqlite"
)

// Watch begins to watch a "read" or a "write"; done ends that with the kind of fault: "busy", "failed", or none.
type Watch func(ctx context.Context, op string) (watched context.Context, done func(fault string))

func unwatched(ctx context.Context, _ string) (watched context.Context, done func(string)) {
	return ctx, func(string) {}
}

// faultOf is the kind of an error that the file is to blame for.
func faultOf(err error) string {
	if errors.Is(err, ErrBusy) {
		return "busy"
	}
	if _, engine := errors.AsType[*sqlite.Error](err); engine {
		return "failed"
	}
	return ""
}

// batchMetrics are what the writer counts. Writes of all domains share a commit.
type batchMetrics struct {
	seconds *metrics.PrometheusHistogram // from the start of a shared transaction to its end on disk
	size    *metrics.PrometheusHistogram // writes that shared a commit
}

func newBatchMetrics(set *metrics.Set, depth func() float64) batchMetrics {
	if set == nil {
		set = metrics.NewSet()
	}
	set.NewGauge("ledger_queue_depth", depth) // writes that wait to be taken
	return batchMetrics{
		seconds: set.NewPrometheusHistogramExt("ledger_commit_seconds",
			[]float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}),
		size: set.NewPrometheusHistogramExt("ledger_batch_size", metrics.ExponentialBuckets(1, 2, 10)), // to 512
	}
}

func (m batchMetrics) observe(jobs int, took time.Duration) {
	m.size.Update(float64(jobs))
	m.seconds.Update(took.Seconds())
}
