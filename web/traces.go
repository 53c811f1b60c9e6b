package web

import (
	"net/http"
	"net/netip"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// traced makes a request a part of a trace: of its caller's, if an edge or a trusted proxy sent it, else of a new one:
// nobody else decides what is kept. What callers say of traces is taken out of the request, or an edge would pass it on.
// What is not logged is not traced.
func (s *Site) traced(r *http.Request, byEdge bool) (*http.Request, trace.Span) {
	ctx := r.Context()
	if r.Header["Traceparent"] != nil {
		if byEdge || fromProxy(r, s.cfg.TrustedProxies()) {
			ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
		}
		delete(r.Header, "Traceparent")
		delete(r.Header, "Tracestate")
	}
	span := trace.SpanFromContext(ctx)
	if s.cfg.Traces != nil && !quiet(r.URL.Path) {
		ctx, span = s.cfg.Traces.Tracer("mana/web").Start(ctx, methodLabel(r.Method), trace.WithSpanKind(trace.SpanKindServer))
	}
	return r.WithContext(ctx), span
}

// fromProxy reports whether the peer is a trusted proxy.
func fromProxy(r *http.Request, trusted []netip.Prefix) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && isTrusted(peer.Addr().Unmap().WithZone(""), trusted)
}

// endSpan ends the span of a request. It holds no part of the address but the pattern that matched.
func endSpan(span trace.Span, method, pattern string, status int) {
	if !span.IsRecording() {
		span.End()
		return
	}
	name, route := methodLabel(method), routeLabel(pattern)
	span.SetName(name + " " + route)
	span.SetAttributes(attribute.String("http.request.method", name), attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
