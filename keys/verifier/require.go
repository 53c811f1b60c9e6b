package verifier

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
)

type contextKey struct{}

// From gives the claims of the token that a request passed [Verifier.Require] with.
func From(ctx context.Context) (Claims, bool) {
	claims, ok := ctx.Value(contextKey{}).(Claims)
	return claims, ok
}

// Require lets requests pass that carry an access token with all the scopes in their Authorization header,
// and refuses others with a challenge (RFC 6750, section 3): 401 without a good token, 403 without the
// scopes, 400 for two tokens, 503 when the token could not be checked.
func (v *Verifier) Require(scopes ...string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			token, fault := bearer(r)
			if fault != "" || token == "" {
				v.refuse(w, fault, scopes)
				return
			}
			claims, err := v.Verify(r.Context(), token)
			switch {
			case errors.Is(err, ErrToken):
				v.refuse(w, "invalid_token", scopes)
			case err != nil:
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusServiceUnavailable)
			case !containsAll(claims.Scopes, scopes):
				v.refuse(w, "insufficient_scope", scopes)
			default:
				next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, claims)))
			}
		})
	}
}

// bearer finds the token of a request, empty if there is none, or the error code of RFC 6750.
func bearer(r *http.Request) (token, fault string) {
	headers := r.Header.Values("Authorization")
	if len(headers) > 1 {
		return "", "invalid_request"
	}
	if len(headers) == 0 {
		return "", ""
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", ""
	}
	if token == "" {
		return "", "invalid_request"
	}
	return token, ""
}

// refuse answers with a challenge; fault is an error code of RFC 6750, section 3.1, or empty.
func (v *Verifier) refuse(w http.ResponseWriter, fault string, scopes []string) {
	challenge := `Bearer realm="` + v.audiences[0] + `"`
	if fault != "" {
		challenge += `, error="` + fault + `"`
	}
	if len(scopes) > 0 {
		challenge += `, scope="` + strings.Join(scopes, " ") + `"`
	}
	status := http.StatusUnauthorized
	switch fault {
	case "invalid_request":
		status = http.StatusBadRequest
	case "insufficient_scope":
		status = http.StatusForbidden
	}
	w.Header().Set("WWW-Authenticate", challenge)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
}

func containsAll(have, want []string) bool {
	return !slices.ContainsFunc(want, func(scope string) bool { return !slices.Contains(have, scope) })
}
