package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// operations are the ways in which either engine is asked.
type operations struct {
	errors map[string]*metrics.Counter             // by kind
	took   map[string]*metrics.PrometheusHistogram // by way
}

func newOperations(set *metrics.Set) *operations {
	if set == nil {
		set = metrics.NewSet()
	}
	o := &operations{make(map[string]*metrics.Counter), make(map[string]*metrics.PrometheusHistogram)}
	for _, kind := range []string{"busy", "failed"} {
		o.errors[kind] = set.NewCounter(fmt.Sprintf(`store_errors_total{kind=%q}`, kind))
	}
	for _, op := range []string{"read", "write"} {
		o.took[op] = set.NewPrometheusHistogramExt(fmt.Sprintf(`store_seconds{op=%q}`, op),
			[]float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5})
	}
	return o
}

// watch begins to watch a read or a write, and makes it a part of the trace that ctx is of. done ends that: fault is "busy" or "failed" where the storage is to blame,
// else empty.
func (o *operations) watch(ctx context.Context, op string) (watched context.Context, done func(fault string)) {
	began, span := time.Now(), trace.SpanFromContext(ctx)
	traced := span.IsRecording()
	if traced {
		ctx, span = span.TracerProvider().Tracer("mana/storage").Start(ctx, "store "+op, trace.WithSpanKind(trace.SpanKindClient))
	}
	return ctx, func(fault string) {
		o.took[op].Update(time.Since(began).Seconds())
		if fault != "" {
			o.errors[fault].Inc()
		}
		if traced && fault != "" {
			span.SetStatus(codes.Error, fault)
		}
		if traced {
			span.End()
		}
	}
}
