package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// flushFor is how long the last traces are waited for at the end, at most.
const flushFor = 3 * time.Second

// endTraces sends the traces that are left, while ctx lasts. A collector that is away holds nobody up.
func (p *program) endTraces(ctx context.Context) {
	limit, cancel := context.WithTimeout(ctx, flushFor)
	defer cancel()
	if err := p.flush(limit); err != nil {
		p.logger.Warn("the last traces are lost", "error", err)
	}
}

// outgoing makes each call of a transport a part of the trace that it is made in, and tells whom it asks which that is
// (W3C Trace Context). Of the address, a trace holds the host alone.
type outgoing struct{ next http.RoundTripper }

func traced(next http.RoundTripper) http.RoundTripper { return outgoing{next} }

// RoundTrip implements [http.RoundTripper].
func (o outgoing) RoundTrip(r *http.Request) (*http.Response, error) {
	parent := trace.SpanFromContext(r.Context())
	if !parent.SpanContext().IsValid() {
		return o.next.RoundTrip(r)
	}
	ctx, span := parent.TracerProvider().Tracer("mana").Start(r.Context(), "call "+r.URL.Hostname(), trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	r = r.Clone(ctx)
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(r.Header))
	response, err := o.next.RoundTrip(r)
	if err != nil {
		span.SetStatus(codes.Error, "no answer") // the error tells the whole address
		return nil, err
	}
	span.SetAttributes(attribute.String("http.request.method", r.Method), attribute.Int("http.response.status_code", response.StatusCode))
	return response, nil
}

// inTrace adds to each event which trace and span it was logged in, if it was in one.
type inTrace struct{ slog.Handler }

// Handle implements [slog.Handler].
func (h inTrace) Handle(ctx context.Context, r slog.Record) error {
	if in := trace.SpanContextFromContext(ctx); in.IsValid() {
		r = r.Clone()
		r.AddAttrs(slog.String("traceId", in.TraceID().String()), slog.String("spanId", in.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (h inTrace) WithAttrs(attributes []slog.Attr) slog.Handler {
	return inTrace{h.Handler.WithAttrs(attributes)}
}

// WithGroup implements [slog.Handler].
func (h inTrace) WithGroup(name string) slog.Handler { return inTrace{h.Handler.WithGroup(name)} }
