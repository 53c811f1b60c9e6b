package main

import (
	"context"
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"
)

// newLogger makes a log whose level can change. It writes text on a terminal and in dev mode, and JSON elsewhere, unless a
// setting says which. It reports whether it writes text.
func newLogger(cfg *config, out io.Writer) (logger *slog.Logger, level *slog.LevelVar, text bool) {
	level = new(slog.LevelVar)
	level.Set(cfg.logLevel)
	options := &slog.HandlerOptions{Level: level}
	file, isFile := out.(*os.File)
	onTerminal := isFile && term.IsTerminal(int(file.Fd()))
	if cfg.logFormat == "text" || cfg.logFormat == "auto" && (onTerminal || cfg.dev) {
		return slog.New(inTrace{slog.NewTextHandler(out, options)}), level, true
	}
	return slog.New(inTrace{slog.NewJSONHandler(out, options)}), level, false
}

// errorOnly keeps what libraries log at lower levels out of our log: they write a line of their own for each
// refused request.
type errorOnly struct{ slog.Handler }

// Enabled implements [slog.Handler].
func (h errorOnly) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelError && h.Handler.Enabled(ctx, level)
}
