package verifier

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Token is what a check learned of an access token.
type Token interface {
	// Has reports whether the token allows what a scope names.
	Has(scope string) bool
}

// Refusal tells why a request did not pass a [Guard].
type Refusal struct {
	Fault  string   // error code of RFC 6750, section 3.1, or [FaultStepUp]; empty: no token was sent, or it could not be checked
	Scopes []string // what the request needs
	StepUp StepUp   // likewise, of the person's sign-in; zero: nothing
	Err    error    // why the token could not be checked; nil: it could
}

// Status is the HTTP status that goes with it (RFC 6750, section 3.1).
func (r Refusal) Status() int {
	switch {
	case r.Err != nil:
		return http.StatusServiceUnavailable
	case r.Fault == "invalid_request":
		return http.StatusBadRequest
	case r.Fault == "insufficient_scope":
		return http.StatusForbidden
	}
	return http.StatusUnauthorized
}

// Challenge is the value of WWW-Authenticate that goes with it (RFC 6750, section 3): the given parameters, such
// as realm="…", then what the refusal says.
func (r Refusal) Challenge(parameters ...string) string {
	if len(r.Scopes) > 0 {
		parameters = append(slices.Clip(parameters), `scope="`+strings.Join(r.Scopes, " ")+`"`)
	}
	if r.Fault != "" {
		parameters = append(slices.Clip(parameters), `error="`+r.Fault+`"`)
	}
	if r.Fault == FaultStepUp {
		parameters = append(parameters, r.StepUp.parameters()...)
	}
	return strings.TrimSuffix("Bearer "+strings.Join(parameters, ", "), " ")
}

// Guard lets requests pass that carry a good access token in their Authorization header. Most APIs use
// [Verifier.Require]; one that asks more than whether a token is signed, or refuses in a form of its own, makes
// its own Guard. Both fields are required.
type Guard[T Token] struct {
	// Verify checks a token: [ErrToken] when it is not to be accepted; any other error means that it could not
	// be checked.
	Verify func(ctx context.Context, token string) (T, error)
	// Refuse answers a request that does not pass.
	Refuse func(w http.ResponseWriter, r *http.Request, refusal Refusal)
}

type contextKey[T Token] struct{}

// From gives what was learned of the token of a request that passed this or another guard of the same type.
func (Guard[T]) From(ctx context.Context) (T, bool) {
	token, ok := ctx.Value(contextKey[T]{}).(T)
	return token, ok
}

// Require lets requests pass whose token has all the scopes.
func (g Guard[T]) Require(scopes ...string) func(http.Handler) http.Handler {
	scopes = slices.Clone(scopes)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			token, refusal := g.check(r, scopes)
			if refusal != nil {
				refusal.Scopes = slices.Clone(scopes)
				g.Refuse(w, r, *refusal)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey[T]{}, token)))
		})
	}
}

// check finds and checks the token of a request; the refusal is nil when it passes, and names no scopes.
func (g Guard[T]) check(r *http.Request, scopes []string) (T, *Refusal) {
	var none T
	text, fault := bearer(r)
	if fault != "" || text == "" {
		return none, &Refusal{Fault: fault}
	}
	token, err := g.Verify(r.Context(), text)
	switch {
	case errors.Is(err, ErrToken):
		return none, &Refusal{Fault: "invalid_token"}
	case err != nil:
		return none, &Refusal{Err: err}
	case slices.ContainsFunc(scopes, func(scope string) bool { return !token.Has(scope) }):
		return none, &Refusal{Fault: "insufficient_scope"}
	}
	return token, nil
}

// FaultStepUp is the error code of a token that is good, but whose person has to prove more, or once more, who they are
// (RFC 9470, section 3).
const FaultStepUp = "insufficient_user_authentication"

// StepUp is what a request asks of the sign-in behind its token (RFC 9470).
type StepUp struct {
	ACR    []string      // any of these; none: any
	MaxAge time.Duration // the longest time since the person proved who they are, in whole seconds; 0: any
}

// Met reports whether the sign-in of a token is strong and fresh enough. A token that does not state what is asked for,
// such as one without a person, is not.
func (s StepUp) Met(c Claims, now time.Time) bool {
	strong := len(s.ACR) == 0 || c.ACR != "" && slices.Contains(s.ACR, c.ACR)
	fresh := s.MaxAge == 0 || !c.AuthTime.IsZero() && now.Sub(c.AuthTime) <= s.MaxAge
	return strong && fresh
}

// parameters are those of a challenge that say what is asked for.
func (s StepUp) parameters() (all []string) {
	if len(s.ACR) > 0 {
		all = append(all, `acr_values="`+strings.Join(s.ACR, " ")+`"`)
	}
	if s.MaxAge > 0 {
		all = append(all, fmt.Sprintf(`max_age="%d"`, int64(s.MaxAge.Seconds())))
	}
	return all
}

// RequireStepUp is [Verifier.Require] for what needs a strong or fresh sign-in: a good token of another gets 401 and a
// challenge that names what is asked for. The client sends the person to the issuer with these acr_values and max_age.
func (v *Verifier) RequireStepUp(s StepUp, scopes ...string) func(http.Handler) http.Handler {
	s.ACR, scopes = slices.Clone(s.ACR), slices.Clone(scopes)
	require := v.Require(scopes...)
	return func(next http.Handler) http.Handler {
		return require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if claims, ok := From(r.Context()); !ok || !s.Met(claims, v.now()) {
				v.refuse(w, r, Refusal{Fault: FaultStepUp, Scopes: scopes, StepUp: s})
				return
			}
			next.ServeHTTP(w, r)
		}))
	}
}

// From gives the claims of the token that a request passed [Verifier.Require] with.
func From(ctx context.Context) (Claims, bool) { return Guard[Claims]{}.From(ctx) }

// Require lets requests pass that carry an access token with all the scopes in their Authorization header,
// and refuses others with a challenge (RFC 6750, section 3): 401 without a good token, 403 without the
// scopes, 400 for two tokens, 503 when the token could not be checked.
func (v *Verifier) Require(scopes ...string) func(http.Handler) http.Handler {
	return Guard[Claims]{Verify: v.Verify, Refuse: v.refuse}.Require(scopes...)
}

func (v *Verifier) refuse(w http.ResponseWriter, _ *http.Request, refusal Refusal) {
	if refusal.Err != nil {
		w.Header().Set("Retry-After", "1")
	} else {
		w.Header().Set("WWW-Authenticate", refusal.Challenge(`realm="`+v.audiences[0]+`"`))
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(refusal.Status())
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
	return token, ""
}
