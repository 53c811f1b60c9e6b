package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrBusy says that the database is away, or has no room for this. It passes by itself.
var ErrBusy error = busyError{}

type busyError struct{}

// Error implements error.
func (busyError) Error() string { return "storage is busy" }

// Temporary tells callers that know no engine that trying again helps.
func (busyError) Temporary() bool { return true }

// code is the SQLSTATE of an error of the database, else empty.
func code(err error) string {
	if fault, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fault.Code
	}
	return ""
}

// lost reports whether a transaction was undone because of others that ran beside it: serialization_failure,
// deadlock_detected.
func lost(err error) bool {
	of := code(err)
	return of == "40001" || of == "40P01"
}

// lockNotAvailable is the code of a lock that was waited for as long as it may be.
const lockNotAvailable = "55P03"

// away reports whether the database could not be asked, or would not work now: classes 08 (connection), 53
// (resources), 57 (operator), lock_not_available, read_only_sql_transaction and io_error.
func away(err error) bool {
	if of := code(err); of != "" {
		class := of[:2]
		return class == "08" || class == "53" || class == "57" || of == lockNotAvailable || of == "25006" || of == "58030"
	}
	return cut(err)
}

// cut reports whether the connection failed, so that nobody knows what the last message did.
func cut(err error) bool {
	if code(err) != "" {
		return false
	}
	_, network := errors.AsType[net.Error](err)
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	return network || connecting || pgconn.SafeToRetry(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, context.DeadlineExceeded)
}

// died reports whether a connection has ended, or the server is about to end it: nothing more can be asked on it.
func died(err error) bool {
	of := code(err)
	return cut(err) || of == "57P01" || of == "57P02" || of == "57P03"
}

// passing reports whether an error passes by itself.
func passing(err error) bool { return errors.Is(err, ErrBusy) || lost(err) || away(err) }

// Away reports whether an error of [Open] or [Migrate] passes by itself. What is set up wrongly does not: a role or
// password that is refused, a database that does not exist, a certificate that is not trusted.
func Away(err error) bool {
	of := code(err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	pooled := of == "08P01" && strings.Contains(err.Error(), "authentication failed") // as PgBouncer refuses a password
	wrong := strings.HasPrefix(of, "28") || of == "3D000" || pooled || untrusted
	return err != nil && passing(err) && !wrong
}

// answerable makes [ErrBusy] of what passes by itself.
func answerable(err error) error {
	if err != nil && !errors.Is(err, ErrBusy) && passing(err) {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}

// violates reports whether err is the violation of a named constraint, index or trigger.
func violates(err error, name string) bool {
	fault, ok := errors.AsType[*pgconn.PgError](err)
	return ok && fault.ConstraintName == name
}

// notFound gives sentinel when a single row was asked for and there is none.
func notFound(err, sentinel error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return sentinel
	}
	return err
}

// one reports whether a statement changed exactly one row.
func one(tag pgconn.CommandTag, err error) (bool, error) {
	return err == nil && tag.RowsAffected() == 1, err
}
