package sqlite

import (
	"context"
	"fmt"
	"time"
)

// Sizes of the write-ahead log in pages of 4 KiB, and what is done about it. SQLite itself does nothing.
const (
	foldPages     = 1 << 10  // 4 MiB not yet in the file: they are moved there, beside readers
	logLimit      = 8 << 20  // bytes to which the log is cut when it begins anew
	cutPages      = 16 << 10 // 64 MiB: readers follow each other so closely that it never begins anew; it waits for them
	cutWait       = 20 * time.Millisecond
	cutEvery      = time.Second
	cutAlarm      = 10 * time.Minute
	optimizeEvery = 24 * time.Hour
)

// foldedLog is what the writer knows of its write-ahead log.
type foldedLog struct {
	dirty     bool      // written since everything was moved into the file
	triedCut  time.Time // when a cut was tried last
	large     time.Time // since when the log could not be cut; zero: it is small
	alarmed   bool
	optimized time.Time
}

// foldIfLarge moves the log into the file when it has grown.
func (w *writer) foldIfLarge() {
	pages, moved := w.checkpoint("NOOP")
	if pages-moved >= foldPages {
		pages, moved = w.checkpoint("PASSIVE")
	}
	w.log.dirty = pages != moved
	now := time.Now()
	switch {
	case pages < cutPages:
		w.log.large, w.log.alarmed = time.Time{}, false
		return
	case now.Sub(w.log.triedCut) < cutEvery:
		return
	case w.log.large.IsZero():
		w.log.large = now
	case now.Sub(w.log.large) > cutAlarm && !w.log.alarmed:
		w.log.alarmed = true
		w.logger.Error("the write-ahead log cannot be cut: a reader holds it", "pages", pages)
	}
	w.log.triedCut = now
	w.cut()
}

// cut moves the whole log into the file and makes it empty, unless a reader is in the way for longer than a
// moment.
func (w *writer) cut() {
	w.pragma(fmt.Sprintf("busy_timeout(%d)", cutWait.Milliseconds()))
	w.checkpoint("TRUNCATE")
	w.pragma(fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()))
}

// tidy does what can wait for a quiet moment.
func (w *writer) tidy() {
	if w.log.dirty {
		pages, moved := w.checkpoint("PASSIVE")
		w.log.dirty = pages != moved
	}
	if time.Since(w.log.optimized) > optimizeEvery {
		w.log.optimized = time.Now()
		w.pragma("optimize")
	}
}

// checkpoint gives the pages of the log, and how many of them are in the file.
func (w *writer) checkpoint(mode string) (pages, moved int64) {
	var busy int64
	row := w.conn.QueryRowContext(context.Background(), `PRAGMA wal_checkpoint(`+mode+`)`)
	if err := row.Scan(&busy, &pages, &moved); err != nil {
		w.logger.Error("folding the write-ahead log failed", "error", err)
	}
	return pages, moved
}

func (w *writer) pragma(pragma string) {
	if _, err := w.conn.ExecContext(context.Background(), `PRAGMA `+pragma); err != nil {
		w.logger.Error("setting up the writing connection failed", "pragma", pragma, "error", err)
	}
}
