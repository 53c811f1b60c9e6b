package edge

import "github.com/VictoriaMetrics/metrics"

// counts is what an edge counts.
type counts struct {
	kept, forwarded, away *metrics.Counter
}

func newCounts(set *metrics.Set) counts {
	if set == nil {
		set = metrics.NewSet()
	}
	of := func(by string) *metrics.Counter {
		return set.GetOrCreateCounter(`edge_answers_total{by="` + by + `"}`)
	}
	return counts{kept: of("edge"), forwarded: of("origin"), away: of("nobody")}
}

// countAges tells how old is what the edge knows, and how much it keeps.
func (e *Edge) countAges(set *metrics.Set) {
	if set == nil {
		return
	}
	set.NewGauge("edge_news_age_seconds", func() float64 { return e.age(&e.asked).Seconds() })
	set.NewGauge("edge_documents_age_seconds", func() float64 { return e.age(&e.checked).Seconds() })
	set.NewGauge("edge_kept_bytes", func() float64 { return float64(e.answers.size()) })
}
