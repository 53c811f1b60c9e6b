package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"mana/web/admin"
	"mana/web/ui"
)

// jobNames are how pages call the jobs, by what the log calls them.
var jobNames = map[string]ui.Key{
	"cleaning": ui.JobClean, "watching for changes": ui.JobWatch, "rotating signing keys": ui.JobKeys,
	"counting what happened": ui.JobCount, "noting uses of service keys": ui.JobUses, "checking the ledger": ui.JobLedger,
	"sending mails": ui.JobMails, "counting people": ui.JobCensus, "ending holds": ui.JobHolds,
	"settling payments": ui.JobPayments, "comparing payments": ui.JobCompare,
}

// runs remembers the last run of each job, for administrators. The zero value remembers none. It is safe for concurrent
// use.
type runs struct {
	mu   sync.Mutex
	last map[string]admin.Job
	set  *metrics.Set // nil: nobody counts
}

// begin notes a job that has not run yet.
func (r *runs) begin(what string, interval time.Duration) {
	r.note(what, admin.Job{Name: nameOf(what), Every: interval})
	if r.set != nil {
		r.set.GetOrCreateGauge(fmt.Sprintf(`job_interval_seconds{job=%q}`, what), nil).Set(interval.Seconds())
		for _, result := range []string{"success", "failed"} {
			r.set.GetOrCreateCounter(fmt.Sprintf(`job_runs_total{job=%q,result=%q}`, what, result))
		}
		r.succeeded(what).Set(float64(time.Now().Unix())) // or one that never succeeds would not be missed
	}
}

// succeeded is when a job succeeded last, or began to be tried.
func (r *runs) succeeded(what string) *metrics.Gauge {
	return r.set.GetOrCreateGauge(fmt.Sprintf(`job_success_timestamp_seconds{job=%q}`, what), nil)
}

// count counts a run.
func (r *runs) count(what string, err error) {
	if r.set == nil {
		return
	}
	result := "failed"
	if err == nil {
		result = "success"
		r.succeeded(what).Set(float64(time.Now().Unix()))
	}
	r.set.GetOrCreateCounter(fmt.Sprintf(`job_runs_total{job=%q,result=%q}`, what, result)).Inc()
}

// end notes what came of a run.
func (r *runs) end(what string, interval time.Duration, began time.Time, err error) {
	now := time.Now()
	j := admin.Job{Name: nameOf(what), Every: interval, Ended: now, Took: now.Sub(began)}
	if err != nil {
		j.Fault = err.Error()
	}
	r.note(what, j)
	r.count(what, err)
}

func (r *runs) note(what string, j admin.Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		r.last = make(map[string]admin.Job)
	}
	r.last[what] = j
}

// jobs lists the jobs by what the log calls them.
func (r *runs) jobs() []admin.Job {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []admin.Job
	for _, what := range slices.Sorted(maps.Keys(r.last)) {
		list = append(list, r.last[what])
	}
	return list
}

func nameOf(what string) ui.Key { return cmp.Or(jobNames[what], ui.Key(what)) }
