package keys

import (
	"fmt"
	"math"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// life is what is watched of a key: when it was made, and when it began to sign.
type life struct {
	alg   string
	state State
	made  time.Time
	began time.Time // zero: it has not
}

// watch registers the ages of keys by algorithm and state, and when the active ones come of age. What there is none of is
// not a number.
func (r *Ring) watch(set *metrics.Set) {
	if set == nil {
		set = metrics.NewSet()
	}
	r.seconds = make(map[string]*metrics.PrometheusHistogram)
	for _, alg := range r.cfg.Algorithms {
		r.seconds[alg] = set.NewPrometheusHistogramExt(fmt.Sprintf(`keys_sign_seconds{alg=%q}`, alg),
			[]float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1})
		for _, state := range []State{Pending, Active, Retiring} {
			set.NewGauge(fmt.Sprintf(`keys_age_seconds{state=%q,alg=%q}`, state, alg), func() float64 { return r.age(alg, state) })
		}
		set.NewGauge(fmt.Sprintf(`keys_rotation_due_seconds{alg=%q}`, alg), func() float64 { return r.due(alg) })
	}
}

// age is how long ago the oldest key of an algorithm in a state was made.
func (r *Ring) age(alg string, state State) float64 {
	oldest := math.NaN()
	for _, l := range r.current.Load().lives {
		age := r.now().Sub(l.made).Seconds()
		if l.alg == alg && l.state == state && (math.IsNaN(oldest) || age > oldest) {
			oldest = age
		}
	}
	return oldest
}

// due is how long the active key of an algorithm still signs, if keys change by themselves.
func (r *Ring) due(alg string) float64 {
	for _, l := range r.current.Load().lives {
		if l.alg == alg && l.state == Active && r.cfg.Rotation > 0 {
			return l.began.Add(r.cfg.Rotation).Sub(r.now()).Seconds()
		}
	}
	return math.NaN()
}
