package sqlite

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrBusy says that nothing can be written now: the queue of writes is full or stands still, or the disk or the memory
// is; or that the disk cannot be read now. Nothing was written. It passes by itself, or once an operator makes room.
var ErrBusy error = busyError{}

type busyError struct{}

// Error implements error.
func (busyError) Error() string { return "storage is busy" }

// Temporary tells callers that know no engine that trying again helps.
func (busyError) Temporary() bool { return true }

// exhausted reports whether the machine failed and not the statement: a full disk, one that cannot be read or written
// (now), no memory. The engine may have undone the whole transaction by itself.
func exhausted(err error) bool {
	fault, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	switch fault.Code() & 0xff { // the primary code
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY:
		return true
	}
	return false
}

// answerable makes [ErrBusy] of what passes by itself.
func answerable(err error) error {
	if exhausted(err) && !errors.Is(err, ErrBusy) {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}
