// Package verifier checks access tokens for resource servers (RFC 9068), by the issuer's published keys.
//
//	v, err := verifier.New(ctx, "https://id.example.com", verifier.Config{Audience: "https://api.example.com"})
//	mux.Handle("POST /notes", v.Require("notes:write")(create))
//	claims, ok := verifier.From(r.Context())
//
// It promises that a token is accepted only if it was signed by a published key of this issuer with that
// key's own algorithm, is an access token, was made for one of the named audiences, and is within its life
// (60 seconds of skew). The token chooses neither key source nor algorithm. ID tokens are refused. It does
// not see revocation: a token is good until it expires, or until its key is withdrawn and the kept key set
// is renewed.
//
// A fault in reaching the issuer is never taken for a bad token: it gives [ErrUnavailable].
package verifier

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const skew = time.Minute

// Types of tokens that a [Verifier] can be set to.
const (
	TypeAccessToken = "at+jwt" // RFC 9068, section 2.1
	TypeJWT         = "JWT"    // of APIs that are set so at the issuer
)

// ErrUnavailable says that a token could not be checked, because the keys of the issuer cannot be read.
var ErrUnavailable = errors.New("the keys of the issuer cannot be read")

// Config is what a verifier needs.
type Config struct {
	// Audience is the identifier of this API: the aud that tokens must carry. Audiences are further ones
	// that are accepted too. One of them is required.
	Audience  string
	Audiences []string
	// Type is the typ of the tokens: [TypeAccessToken] (the default) or [TypeJWT].
	Type string
	// HTTP reads metadata and keys; nil: a client that gives up after ten seconds and follows no redirect.
	HTTP *http.Client
	// Keys finds the key that a kid names, checked by [CheckKey], or [ErrSignature]. It is for an issuer
	// that lives in this very program; nil: the issuer is asked over HTTP.
	Keys func(kid string) (jose.JSONWebKey, error)
	// Now is the clock; nil: the system's.
	Now func() time.Time
}

// Verifier checks the access tokens of one issuer. It is safe for concurrent use.
type Verifier struct {
	issuer    string
	audiences []string
	typ       string
	now       func() time.Time
	find      func(ctx context.Context, kid string) (jose.JSONWebKey, error)
	remote    *remote // nil: the keys are local
}

// New makes a verifier for the tokens of issuer, whose metadata and keys it reads at once, unless the keys
// are local. Later changes of the metadata, such as new algorithms, take a new verifier; new keys do not.
func New(ctx context.Context, issuer string, cfg Config) (*Verifier, error) {
	v := &Verifier{issuer: issuer, audiences: cfg.Audiences, typ: cfg.Type, now: cfg.Now}
	if cfg.Audience != "" {
		v.audiences = append([]string{cfg.Audience}, cfg.Audiences...)
	}
	if len(v.audiences) == 0 || slices.Contains(v.audiences, "") {
		return nil, errors.New("a verifier needs the audience of its API")
	}
	if v.typ == "" {
		v.typ = TypeAccessToken
	}
	if v.typ != TypeAccessToken && v.typ != TypeJWT {
		return nil, fmt.Errorf("type %q is not one of access tokens", v.typ)
	}
	if v.now == nil {
		v.now = time.Now
	}
	if cfg.Keys != nil {
		v.find = func(_ context.Context, kid string) (jose.JSONWebKey, error) { return cfg.Keys(kid) }
		return v, nil
	}
	if err := checkAddress(issuer); err != nil {
		return nil, fmt.Errorf("issuer %q %w", issuer, err)
	}
	var err error
	if v.remote, err = newRemote(ctx, issuer, cfg.HTTP, v.now); err != nil {
		return nil, err
	}
	v.find = v.remote.find
	return v, nil
}

// checkAddress demands https, or http on a loopback address.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return errors.New("is not an address")
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	if u.Scheme == "https" || u.Scheme == "http" && (host == "localhost" || ip != nil && ip.IsLoopback()) {
		return nil
	}
	return errors.New("must be https, or http on a loopback address")
}

// checkKeyAddress demands an address, and https if the issuer is reached by it: what an authenticated issuer
// says must not lead to keys that anybody on this machine could serve.
func checkKeyAddress(issuer, address string) error {
	if err := checkAddress(address); err != nil {
		return err
	}
	if isHTTPS(issuer) && !isHTTPS(address) {
		return errors.New("must be https, as the issuer is")
	}
	return nil
}

// isHTTPS reports whether an address is one of https (schemes know no case: RFC 3986, section 3.1).
func isHTTPS(address string) bool {
	scheme, _, _ := strings.Cut(address, ":")
	return strings.EqualFold(scheme, "https")
}

// Verify checks a token and returns what it says. [ErrToken] and what it wraps when the token is not to be
// accepted, [ErrUnavailable] when it could not be checked, and the error of ctx.
func (v *Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	payload, err := Open(token, v.typ, func(kid string) (jose.JSONWebKey, error) { return v.find(ctx, kid) })
	if err != nil {
		return Claims{}, err
	}
	claims, err := parseClaims(payload)
	if err != nil {
		return Claims{}, err
	}
	_, nonce := claims.All["nonce"]
	_, hash := claims.All["at_hash"]
	switch {
	case nonce || hash: // an ID token
		return Claims{}, ErrType
	case claims.Issuer != v.issuer || !slices.Contains(v.audiences, claims.Audience):
		return Claims{}, ErrClaims
	case !claims.current(v.now()):
		return Claims{}, ErrExpired
	}
	return claims, nil
}

// Close ends what runs in the background and waits for it. Tokens are checked by the keys that are known
// then.
func (v *Verifier) Close() {
	if v.remote != nil {
		v.remote.close()
	}
}
