// Package storage chooses the engine.
package storage

import (
	"context"
	"log/slog"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"mana/storage/sqlite"
)

// Open opens the embedded engine at a path. metrics may be nil.
func Open(ctx context.Context, path string, logger *slog.Logger, set *metrics.Set) (*sqlite.DB, error) {
	return sqlite.Open(ctx, sqlite.Config{Path: path, Now: time.Now, Logger: logger, Metrics: set})
}
