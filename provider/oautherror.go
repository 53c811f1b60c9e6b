package provider

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"mana/provider/identity"
)

// Error codes that the library lacks. The descriptions of all errors come from this package's own texts
// and never hold anything of the request (RFC 6749, sections 4.1.2.1 and 5.2).
func describe(e *oidc.Error, text string) *oidc.Error {
	e.Description = text
	return e
}

func errConsentRequired() *oidc.Error {
	e := oidc.ErrLoginRequired()
	e.ErrorType = "consent_required"
	return describe(e, "the person has not consented to this request")
}

func errUnsupportedResponseType() *oidc.Error {
	e := oidc.ErrInvalidRequest()
	e.ErrorType = "unsupported_response_type"
	return describe(e, "only the response type code is supported")
}

func errRequestURINotSupported() *oidc.Error {
	e := oidc.ErrInvalidRequest()
	e.ErrorType = "request_uri_not_supported"
	return describe(e, "request_uri is not supported")
}

func errRegistrationNotSupported() *oidc.Error {
	e := oidc.ErrInvalidRequest()
	e.ErrorType = "registration_not_supported"
	return describe(e, "registration is not supported")
}

func errUnmet() *oidc.Error {
	e := oidc.ErrInvalidRequest()
	e.ErrorType = "unmet_authentication_requirements"
	return describe(e, "the demanded way to sign in cannot be reached")
}

func errUnavailable() *oidc.Error {
	e := oidc.ErrServerError()
	e.ErrorType = "temporarily_unavailable"
	return describe(e, "the service is temporarily unavailable")
}

func errInternal() *oidc.Error { return describe(oidc.ErrServerError(), "internal error") }

func errInvalidToken() *oidc.Error {
	e := oidc.ErrInvalidRequest()
	e.ErrorType = "invalid_token"
	return describe(e, "the access token is invalid, expired or revoked")
}

func errInsufficientScope() *oidc.Error {
	e := oidc.ErrInvalidRequest()
	e.ErrorType = "insufficient_scope"
	return describe(e, "the scope openid is needed")
}

func badRequest(text string) *oidc.Error { return describe(oidc.ErrInvalidRequest(), text) }

func badGrant() *oidc.Error {
	return describe(oidc.ErrInvalidGrant(), "the code or refresh token is invalid, expired, used, revoked, or was issued for something else")
}

// isNoSession reports whether err says that nobody is signed in, and not that storage failed.
func isNoSession(err error) bool { return errors.Is(err, identity.ErrNoSession) }

// writeJSONError answers a protocol request with an error (RFC 6749, section 5.2).
func (p *Provider) writeJSONError(w http.ResponseWriter, status int, e *oidc.Error) {
	header := w.Header()
	switch status {
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", `Basic realm="`+p.issuer+`"`)
	case http.StatusServiceUnavailable:
		header.Set("Retry-After", "1")
	}
	writeJSON(w, status, map[string]string{"error": string(e.ErrorType), "error_description": e.Description})
}

// writeJSON answers with JSON that no cache keeps (RFC 6749, section 5.1).
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	noStore(w)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

func noStore(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
}

// methodNotAllowed answers 405 with the methods that are.
func methodNotAllowed(w http.ResponseWriter, allow string) {
	w.Header().Set("Allow", allow)
	writeJSON(w, http.StatusMethodNotAllowed,
		map[string]string{"error": "invalid_request", "error_description": "method not allowed"})
}

// Refuse answers a protocol request that no handler takes, by its status.
func (p *Provider) Refuse(w http.ResponseWriter, status int) {
	fault := badRequest(http.StatusText(status))
	switch status {
	case http.StatusTooManyRequests:
		fault = describe(errUnavailable(), "too many requests")
	case http.StatusServiceUnavailable:
		fault = errUnavailable()
	case http.StatusInternalServerError:
		fault = errInternal()
	}
	p.writeJSONError(w, status, fault)
}
