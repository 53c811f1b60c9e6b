package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/jackc/pgx/v5/pgxpool"
)

// batchMetrics are what the committer counts, under the names of the embedded engine.
type batchMetrics struct {
	set     *metrics.Set
	seconds *metrics.PrometheusHistogram // from the start of a batch's transaction to its end on disk
	size    *metrics.PrometheusHistogram // commands that shared a commit
}

func newBatchMetrics(set *metrics.Set) batchMetrics {
	return batchMetrics{
		set: set,
		seconds: set.NewPrometheusHistogramExt("ledger_commit_seconds",
			[]float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}),
		size: set.NewPrometheusHistogramExt("ledger_batch_size", metrics.ExponentialBuckets(1, 2, 10)), // to maxBatch
	}
}

func (m batchMetrics) observe(commands int, took time.Duration) {
	m.size.Update(float64(commands))
	m.seconds.Update(took.Seconds())
}

// Watch begins to watch a "read" or a "write"; done ends that with the kind of fault: "busy", "failed", or none.
type Watch func(ctx context.Context, op string) (watched context.Context, done func(fault string))

func unwatched(ctx context.Context, _ string) (watched context.Context, done func(string)) {
	return ctx, func(string) {}
}

// faultOf is the kind of an error that the database is to blame for.
func faultOf(err error) string {
	switch {
	case errors.Is(err, ErrBusy):
		return "busy"
	case code(err) != "":
		return "failed"
	}
	return ""
}

// countConnections counts those of all pools, and how many there may be.
func countConnections(set *metrics.Set, pools ...*pgxpool.Pool) {
	most := int32(0)
	for _, pool := range pools {
		most += pool.Config().MaxConns
	}
	set.NewGauge("store_connections_limit", nil).Set(float64(most))
	for state, of := range map[string]func(*pgxpool.Stat) int32{
		"used": (*pgxpool.Stat).AcquiredConns, "idle": (*pgxpool.Stat).IdleConns, "opening": (*pgxpool.Stat).ConstructingConns,
	} {
		set.NewGauge(`store_connections{state="`+state+`"}`, func() float64 {
			sum := int32(0)
			for _, pool := range pools {
				sum += of(pool.Stat())
			}
			return float64(sum)
		})
	}
}
