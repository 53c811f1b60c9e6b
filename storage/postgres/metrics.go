package postgres

import (
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/jackc/pgx/v5/pgxpool"
)

// batchMetrics are what the committer counts, under the names of the embedded engine.
type batchMetrics struct {
	seconds *metrics.PrometheusHistogram // from the start of a batch's transaction to its end on disk
	size    *metrics.PrometheusHistogram // commands that shared a commit
}

func newBatchMetrics(set *metrics.Set) batchMetrics {
	return batchMetrics{
		seconds: set.NewPrometheusHistogramExt("ledger_commit_seconds",
			[]float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}),
		size: set.NewPrometheusHistogramExt("ledger_batch_size", metrics.ExponentialBuckets(1, 2, 10)), // to maxBatch
	}
}

func (m batchMetrics) observe(commands int, took time.Duration) {
	m.size.Update(float64(commands))
	m.seconds.Update(took.Seconds())
}

// countConnections counts those of all pools.
func countConnections(set *metrics.Set, pools ...*pgxpool.Pool) {
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
