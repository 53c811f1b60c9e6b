package api

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"

	"mana/ledger"
	"mana/ledger/stripe"
	"mana/provider"
	"mana/provider/identity"
	"mana/web/page"
)

// Error is a refusal in the form that existing clients read. Message comes from this package's own texts.
type Error struct {
	Status     int
	Code       string // matches ^[A-Z_]+$
	Message    string
	RetryAfter time.Duration // on 429 and 503, and where a wait helps
	Challenge  string        // value of WWW-Authenticate, on 401 and 403
	// Facts are further members of problem details, nil if there are none. The contract's body has none.
	Facts map[string]any
}

// Error implements error.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

func validation(message string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "VALIDATION", Message: message}
}

func tooMany(wait time.Duration) *Error {
	return &Error{
		Status: http.StatusTooManyRequests, Code: "RATE_LIMITED", RetryAfter: wait,
		Message: "Too many requests: rate limit reached, retry after the timeout",
	}
}

func unavailable() *Error {
	return &Error{
		Status: http.StatusServiceUnavailable, Code: "SERVICE_UNAVAILABLE", RetryAfter: time.Second,
		Message: "Service temporarily unavailable (connection timeout), please retry",
	}
}

// refusals are what the domains refuse, as existing clients know it.
func refusals() map[error]Error {
	refused := func(status int, code, message string) Error {
		return Error{Status: status, Code: code, Message: message}
	}
	return map[error]Error{
		identity.ErrEmail:             refused(400, "VALIDATION", "email must be a valid email address"),
		identity.ErrName:              refused(400, "VALIDATION", "name must be 0 to 255 characters"),
		identity.ErrPasswordLength:    refused(400, "WEAK_PASSWORD", "password must be 8 to 128 characters"),
		identity.ErrPasswordCommon:    refused(400, "WEAK_PASSWORD", "password is too common"),
		identity.ErrPasswordBreached:  refused(400, "WEAK_PASSWORD", "password is known from a data breach"),
		identity.ErrEmailTaken:        refused(409, "EMAIL_ALREADY_REGISTERED", "User with this email already exists"),
		identity.ErrLastAdministrator: refused(409, "LAST_ADMINISTRATOR", "The last administrator cannot be deleted"),
		identity.ErrCredentials:       refused(401, "INVALID_CREDENTIALS", "Invalid credentials"),
		identity.ErrUnverified:        refused(403, "EMAIL_NOT_VERIFIED", "Email not verified"),
		identity.ErrLinkInvalid:       refused(400, "TOKEN_INVALID", "This link is invalid"),
		identity.ErrLinkExpired:       refused(400, "TOKEN_EXPIRED", "This link has expired"),
		identity.ErrBusy:              *unavailable(),
		provider.ErrFactorDue:         refused(401, "MFA_REQUIRED", "A second factor is required. Please sign in on the account page."),
		identity.ErrNoSession:         refused(404, "SESSION_NOT_FOUND", "Session not found"),
		provider.ErrInvalidGrant:      refused(401, "TOKEN_INVALID", "Invalid refresh token"),
		provider.ErrKeyLimit:          refused(403, "KEY_LIMIT_EXCEEDED", "Limit of this key is exhausted"),
		ledger.ErrInsufficient:        refused(402, "INSUFFICIENT_CREDITS", "Insufficient credits"),
		ledger.ErrDebt:                refused(402, "DEBT_OUTSTANDING", "Insufficient credits: outstanding debt must be settled first"),
		ledger.ErrKeyReused:           refused(422, "IDEMPOTENCY_KEY_REUSED", "Idempotency key was used with a different request"),
		ledger.ErrInProgress: {
			Status: 409, Code: "IDEMPOTENCY_IN_PROGRESS", RetryAfter: time.Second,
			Message: "A request with this idempotency key is still running",
		},
		ledger.ErrNothingToRefund: refused(409, "NOTHING_TO_REFUND", "No matching usage left to refund"),
		ledger.ErrBalanceLimit:    refused(409, "BALANCE_LIMIT", "Balance limit reached"),
		ledger.ErrNoHold:          refused(404, "RESERVATION_NOT_FOUND", "Reservation not found"),
		ledger.ErrHoldLimit:       refused(409, "RESERVATION_LIMIT", "Too many open reservations"),
		ledger.ErrNoPackage:       refused(404, "PACKAGE_NOT_FOUND", "Package not found or inactive"),
		ledger.ErrNoPurchase:      refused(404, "PURCHASE_NOT_FOUND", "Purchase not found"),
		ledger.ErrTooManyPending:  *tooMany(time.Hour),
		stripe.ErrOff:             *errNoPayments(),
		stripe.ErrService:         *errPaymentService(),
		stripe.ErrSignature:       *validation("Invalid webhook signature"),
		ledger.ErrFrozen:          *unavailable(),
		ledger.ErrContended:       *unavailable(),
		ledger.ErrClosed:          *unauthorized("Invalid token"),
		ledger.ErrNoWallet:        *unauthorized("Invalid token"),
		ledger.ErrAmount:          *validation(amountMessage),
	}
}

// asError finds the refusal for an error. Unknown errors are ours: 503 for what passes by itself, else 500.
func asError(err error) (refusal *Error, known bool) {
	if e := new(Error); errors.As(err, &e) {
		return e, true
	}
	if locked := new(identity.LockedError); errors.As(err, &locked) {
		return &Error{
			Status: http.StatusTooManyRequests, Code: "ACCOUNT_LOCKED", RetryAfter: locked.RetryAfter,
			Message: "Too many failed attempts, please try again later",
		}, true
	}
	if ended := new(ledger.HoldEnded); errors.As(err, ended) {
		return &Error{
			Status: http.StatusConflict, Code: "RESERVATION_NOT_OPEN", Message: "Reservation is not open",
			Facts: map[string]any{"state": ended.State},
		}, true
	}
	if exceeded := new(ledger.HoldExceeded); errors.As(err, exceeded) {
		return &Error{
			Status: http.StatusUnprocessableEntity, Code: "CAPTURE_EXCEEDS_HOLD", Message: "More than what is left of this hold",
			Facts: map[string]any{"rest": exceeded.Rest},
		}, true
	}
	if errors.Is(err, provider.ErrRefreshExpired) {
		return &Error{Status: http.StatusUnauthorized, Code: "TOKEN_EXPIRED", Message: "Refresh token expired"}, true
	}
	for sentinel, e := range refusals() {
		if errors.Is(err, sentinel) {
			return &e, true
		}
	}
	if errors.Is(err, context.Canceled) {
		return unavailable(), true // the caller has gone
	}
	if temporary, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err); ok && temporary.Temporary() {
		return unavailable(), false
	}
	return Refusal(http.StatusInternalServerError), false
}

// Refusal is the answer to what no route takes, by its status.
func Refusal(status int) *Error {
	switch status {
	case http.StatusNotFound:
		return &Error{Status: status, Code: "NOT_FOUND", Message: "Not found"}
	case http.StatusMethodNotAllowed:
		return &Error{Status: status, Code: "METHOD_NOT_ALLOWED", Message: http.StatusText(status)}
	case http.StatusRequestEntityTooLarge:
		return &Error{Status: status, Code: "PAYLOAD_TOO_LARGE", Message: http.StatusText(status)}
	case http.StatusUnsupportedMediaType:
		return &Error{Status: status, Code: "UNSUPPORTED_MEDIA_TYPE", Message: http.StatusText(status)}
	case http.StatusTooManyRequests:
		return tooMany(0) // who refuses says for how long
	case http.StatusServiceUnavailable:
		return unavailable()
	case http.StatusInternalServerError:
		return &Error{
			Status: status, Code: "INTERNAL", Message: "Request failed because of an internal error, please retry",
		}
	}
	return &Error{Status: status, Code: "VALIDATION", Message: http.StatusText(status)}
}

// errorBody is the one shape of every failure.
type errorBody struct {
	StatusCode    int    `json:"statusCode"`
	Message       string `json:"message"`
	Error         string `json:"error"`
	Timestamp     string `json:"timestamp"`
	Path          string `json:"path"`
	RetryAfterSec int64  `json:"retryAfterSec,omitempty"`
}

// problemOf is a refusal as routes show it that the original service did not have (RFC 9457): the same code in small
// letters, but for those whose names are the contract's. The type is a name.
func problemOf(e *Error, requestID string) map[string]any {
	code := strings.ReplaceAll(strings.ToLower(e.Code), "_", "-")
	switch e.Code {
	case "VALIDATION":
		code = "invalid-request"
	case "UNAUTHORIZED":
		code = "invalid-token"
	case "RESERVATION_NOT_OPEN":
		code = "hold-not-open"
	case "RESERVATION_LIMIT":
		code = "hold-limit"
	case "RESERVATION_NOT_FOUND":
		code = "not-found"
	}
	problem := map[string]any{"type": "/docs/problems/" + code, "title": e.Message, "status": e.Status, "code": code}
	if requestID != "" {
		problem["requestId"] = requestID
	}
	maps.Copy(problem, e.Facts)
	return problem
}

// WriteError answers with a refusal.
func (a *API) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	e, known := asError(err)
	if !known {
		a.cfg.Logger.ErrorContext(r.Context(), "request failed", "error", err, "route", page.From(r.Context()).Route,
			"requestId", page.From(r.Context()).RequestID)
	}
	header := w.Header()
	body := errorBody{
		StatusCode: e.Status, Message: e.Message, Error: e.Code, Timestamp: timestamp(a.cfg.Now()), Path: r.URL.Path,
	}
	if e.RetryAfter > 0 {
		seconds := int64((e.RetryAfter + time.Second - 1) / time.Second)
		header.Set("Retry-After", itoa(seconds))
		if e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable {
			body.RetryAfterSec = seconds
		}
	}
	if e.Challenge != "" {
		header.Set("WWW-Authenticate", e.Challenge)
	}
	if a.problems {
		header.Set("Content-Type", "application/problem+json")
		writeJSON(w, e.Status, problemOf(e, page.From(r.Context()).RequestID))
		return
	}
	writeJSON(w, e.Status, body)
}

// writeJSON answers with JSON, of a type that may be set before, that no cache keeps, unless a handler said otherwise.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{}`) // our own types always encode
	}
	header := w.Header()
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/json; charset=utf-8")
	}
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}
