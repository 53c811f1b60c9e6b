package verifier

import (
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json"
)

// Claims are what a verified access token says (RFC 9068, section 2.2).
type Claims struct {
	ID        string // jti
	Issuer    string
	Subject   string // the person, or the client itself where no person stands behind the token
	Audience  string // the one API that the token is for
	ClientID  string
	Scopes    []string
	SessionID string // sid; empty: not stated
	ACR       string // empty: not stated
	IssuedAt  time.Time
	ExpiresAt time.Time
	AuthTime  time.Time // zero: not stated
	// All are the claims as decoded, numbers as float64. It must not be changed.
	All map[string]any

	notBefore time.Time
}

// Has implements [Token].
func (c Claims) Has(scope string) bool { return slices.Contains(c.Scopes, scope) }

// parseClaims reads a payload strictly: one object of unique members in valid UTF-8, each known claim of
// its type, the required ones present.
func parseClaims(payload []byte) (Claims, error) {
	var all map[string]any
	if !utf8.Valid(payload) || json.Unmarshal(payload, &all) != nil {
		return Claims{}, ErrMalformed
	}
	r := reader{all: all}
	c := Claims{
		ID: r.text("jti"), Issuer: r.text("iss"), Subject: r.text("sub"), Audience: r.text("aud"),
		ClientID: r.text("client_id"), Scopes: strings.Fields(r.text("scope")), SessionID: r.text("sid"), ACR: r.text("acr"),
		IssuedAt: r.time("iat"), ExpiresAt: r.time("exp"), AuthTime: r.time("auth_time"), notBefore: r.time("nbf"),
		All: all,
	}
	complete := c.ID != "" && c.Issuer != "" && c.Subject != "" && c.Audience != "" && c.ClientID != "" &&
		!c.IssuedAt.IsZero() && !c.ExpiresAt.IsZero()
	if r.wrong || !complete {
		return Claims{}, ErrClaims
	}
	return c, nil
}

// reader picks claims and notes when one has the wrong type.
type reader struct {
	all   map[string]any
	wrong bool
}

func (r *reader) text(name string) string {
	value, found := r.all[name]
	text, ok := value.(string)
	r.wrong = r.wrong || found && !ok
	return text
}

// time reads a NumericDate (RFC 7519, section 2); zero if there is none.
func (r *reader) time(name string) time.Time {
	value, found := r.all[name]
	if !found {
		return time.Time{}
	}
	seconds, ok := value.(float64)
	if !ok || seconds < 0 || seconds > 1<<40 { // beyond the year 36000
		r.wrong = true
		return time.Time{}
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC()
}

// current reports whether a token is within its life at now, with the allowed skew of clocks.
func (c Claims) current(now time.Time) bool {
	return now.Before(c.ExpiresAt.Add(skew)) && !now.Before(c.IssuedAt.Add(-skew)) && !now.Before(c.notBefore.Add(-skew))
}
