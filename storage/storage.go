// Package storage chooses the engine.
package storage

import (
	"context"
	"log/slog"
	"time"

	"mana/storage/sqlite"
)

// Open opens the embedded engine at a path.
func Open(ctx context.Context, path string, logger *slog.Logger) (*sqlite.DB, error) {
	return sqlite.Open(ctx, sqlite.Config{Path: path, Now: time.Now, Logger: logger})
}
