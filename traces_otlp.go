//go:build otlp

package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// tracesBuilt tells whether this program can send traces.
const tracesBuilt = true

// exportTraces sends traces to OTEL_EXPORTER_OTLP_ENDPOINT, and makes none without it. Spans wait in a bounded queue,
// beyond which they are dropped: no request waits for the collector. flush sends what is left, and ends it.
func exportTraces(ctx context.Context, c *config, logger *slog.Logger) (traces trace.TracerProvider, flush func(context.Context) error, err error) {
	if c.tracesTo == nil {
		return noop.NewTracerProvider(), func(context.Context) error { return nil }, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(c.tracesTo.JoinPath("v1", "traces").String()))
	if err != nil {
		return nil, nil, fmt.Errorf("preparing the export of traces: %w", err)
	}
	role := rolePrimary
	if c.edge {
		role = roleEdge
	}
	source, err := resource.New(ctx, resource.WithAttributes(
		attribute.String("service.name", "mana"), attribute.String("service.version", version), attribute.String("mana.role", role),
	), resource.WithFromEnv()) // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES
	if err != nil {
		return nil, nil, fmt.Errorf("reading OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(source), sdktrace.WithBatcher(&telling{SpanExporter: exporter, logger: logger}),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(c.tracesShare))),
	)
	otel.SetTracerProvider(provider) // the OIDC library asks there, and would end each trace with a span of nothing
	return provider, provider.Shutdown, nil
}

// telling logs a fault of an exporter when it begins, not each time.
type telling struct {
	sdktrace.SpanExporter
	logger  *slog.Logger
	failing atomic.Bool
}

// ExportSpans implements [sdktrace.SpanExporter].
func (e *telling) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if was := e.failing.Swap(err != nil); err != nil && !was {
		e.logger.Warn("traces cannot be sent", "error", err)
	}
	return nil // it is told
}
