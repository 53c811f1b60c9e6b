package provider

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"mana/keys"
	"mana/provider/identity"
)

const (
	minVerifier = 43  // characters (RFC 7636, section 4.1)
	maxVerifier = 128 // characters
)

// Token serves the token endpoint (RFC 6749, section 3.2).
//
// It is ours rather than the library's because the library answers a missing redirect_uri, missing
// credentials and unknown grants otherwise than we promise; deploy/docs/divergences.md has the list.
func (p *Provider) Token(w http.ResponseWriter, r *http.Request) {
	client, err := p.machineClient(w, r)
	if err != nil {
		p.writeTokenError(w, r, err)
		return
	}
	response, err := p.grant(r, client)
	if err != nil {
		p.writeTokenError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, response)
}

// statusError is a fault of the protocol with a status of its own.
type statusError struct {
	fault  *oidc.Error
	status int
}

// Error implements error.
func (e statusError) Error() string { return e.fault.Error() }

// Unwrap gives the fault.
func (e statusError) Unwrap() error { return e.fault }

// machineClient parses a request to an endpoint for programs and authenticates its client.
func (p *Provider) machineClient(w http.ResponseWriter, r *http.Request) (Client, error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return Client{}, statusError{badRequest("method not allowed"), http.StatusMethodNotAllowed}
	}
	if status, fault := protocolForm(r); fault != nil {
		return Client{}, statusError{fault, status}
	}
	return p.authenticateClient(r)
}

// protocolForm parses the form of a protocol endpoint, which takes nothing in the query.
func protocolForm(r *http.Request) (int, *oidc.Error) {
	if !isForm(r) {
		return http.StatusUnsupportedMediaType, badRequest("the body must be application/x-www-form-urlencoded")
	}
	if r.URL.RawQuery != "" {
		return http.StatusBadRequest, badRequest("parameters belong in the body")
	}
	switch status := parseParams(r); status {
	case http.StatusOK:
		return status, nil
	case http.StatusRequestEntityTooLarge:
		return status, badRequest("the request is too large")
	default:
		return status, badRequest("the request is malformed, or repeats a parameter")
	}
}

// grant serves one grant type for an authenticated client.
func (p *Provider) grant(r *http.Request, client Client) (*oidc.AccessTokenResponse, error) {
	grant := oidc.GrantType(r.PostForm.Get("grant_type"))
	switch {
	case grant == "":
		return nil, badRequest("grant_type is missing")
	case !slices.Contains(grantTypes(), grant):
		return nil, describe(oidc.ErrUnsupportedGrantType(), "this grant type is not supported")
	}
	if !slices.Contains(client.GrantTypes, string(grant)) {
		return nil, describe(oidc.ErrUnauthorizedClient(), "this client may not use this grant type")
	}
	if grant != oidc.GrantTypeClientCredentials && !p.signsFor(client) {
		return nil, signingError{fmt.Errorf("ID tokens of client %s: %w", client.ID, keys.ErrAlgorithm)}
	}
	switch grant {
	case oidc.GrantTypeCode:
		return p.redeemCode(r, client)
	case oidc.GrantTypeRefreshToken:
		return p.refresh(r, client)
	}
	return p.clientCredentials(r, client)
}

// signsFor reports whether the algorithm of the client's ID tokens is enabled.
func (p *Provider) signsFor(client Client) bool {
	return client.IDTokenAlg == "" || p.ring.ActiveID(client.IDTokenAlg) != ""
}

// redeemCode exchanges a code (RFC 6749, section 4.1.3; RFC 7636, section 4.5).
func (p *Provider) redeemCode(r *http.Request, client Client) (*oidc.AccessTokenResponse, error) {
	code := r.PostForm.Get("code")
	if code == "" {
		return nil, badRequest("code is missing")
	}
	hash := secretHash(code)
	if hash == nil {
		return nil, badGrant()
	}
	target, fault := p.tokenTarget(r)
	if fault != nil {
		return nil, fault
	}
	redemption := Redemption{
		CodeHash: hash, ClientID: client.ID,
		RedirectURI: r.PostForm.Get("redirect_uri"), VerifierHash: verifierHash(r.PostForm.Get("code_verifier")),
	}
	refresh, err := p.newRefresh(client, &redemption)
	if err != nil {
		return nil, err
	}
	facts, err := p.store.RedeemCode(r.Context(), redemption, func(f Facts) error {
		return errors.Join(p.allow(f), target.check(f))
	})
	if err != nil {
		return nil, p.grantError(err)
	}
	return p.tokens(r.Context(), facts, target, refresh)
}

// target is what a token request narrows the grant to.
type target struct {
	scopes   []string // empty: all that were granted
	resource string   // empty: that of the grant
	grant    string   // the grant type of the request
	provider *Provider
}

// tokenTarget reads scope and resource of a token request.
func (p *Provider) tokenTarget(r *http.Request) (target, *oidc.Error) {
	resource, fault := p.resourceOf(r.PostForm["resource"])
	return target{
		scopes: strings.Fields(r.PostForm.Get("scope")), resource: resource, grant: r.PostForm.Get("grant_type"), provider: p,
	}, fault
}

// check holds the target against what was granted: it may narrow, never widen. A resource asked for at the
// authorization is the only one, beside the issuer whose userinfo openid is for (RFC 8707, section 2.2).
func (t target) check(f Facts) error {
	if len(missing(t.scopes, f.Grant.Scopes)) > 0 {
		return describe(oidc.ErrInvalidScope(), "a scope goes beyond what was granted")
	}
	if t.resource == "" {
		return nil
	}
	userinfo := t.resource == t.provider.issuer && slices.Contains(f.Grant.Scopes, ScopeOpenID)
	if f.Grant.Resource != "" && t.resource != f.Grant.Resource && !userinfo {
		return describe(oidc.ErrInvalidTarget(), "this resource was not granted")
	}
	if len(t.provider.scopesFor(t.resource, t.narrow(f.Grant).Scopes)) == 0 {
		return describe(oidc.ErrInvalidTarget(), "nothing is granted for this resource")
	}
	return nil
}

// narrow applies the target to what was granted.
func (t target) narrow(g Grant) Grant {
	if len(t.scopes) > 0 {
		g.Scopes = union(t.scopes, nil)
	}
	if t.resource != "" {
		g.Resource = t.resource
	}
	return g
}

// grantError makes the protocol's error of a refusal by storage or policy. What refuses with a protocol error
// of its own keeps it, unless policy refused as well. A repeat has revoked something, which counts at once.
func (p *Provider) grantError(err error) error {
	if errors.Is(err, ErrRepeated) {
		p.forget()
	}
	if errors.Is(err, ErrInvalidGrant) || errors.Is(err, ErrDenied) {
		return badGrant()
	}
	return err
}

// tokens signs what a grant yields. Signing follows the commit, so that no lock waits for cryptography.
func (p *Provider) tokens(ctx context.Context, f Facts, t target, refresh identity.Secret) (*oidc.AccessTokenResponse, error) {
	f.Grant = t.narrow(f.Grant)
	access, err := p.accessToken(ctx, f)
	if err != nil {
		return nil, signingError{err}
	}
	response := &oidc.AccessTokenResponse{
		AccessToken: access, TokenType: oidc.BearerToken, ExpiresIn: seconds(p.accessTTL), Scope: f.Grant.Scopes,
		RefreshToken: string(refresh),
	}
	p.counts.issued(t.grant, kindAccess, p.accessAlg(p.audienceOf(f.Grant.Scopes, f.Grant.Resource)))
	if refresh != "" {
		p.counts.issued(t.grant, kindRefresh, "")
	}
	if slices.Contains(f.Grant.Scopes, ScopeOpenID) {
		if response.IDToken, err = p.idToken(ctx, f, access); err != nil {
			return nil, signingError{err}
		}
		p.counts.issued(t.grant, kindID, f.Client.IDTokenAlg)
	}
	return response, nil
}

// clientCredentials gives a confidential client a token of its own (RFC 6749, section 4.4). It opens no
// transaction: nothing is consumed.
func (p *Provider) clientCredentials(r *http.Request, client Client) (*oidc.AccessTokenResponse, error) {
	if client.Public() {
		return nil, invalidClient()
	}
	asked := strings.Fields(r.PostForm.Get("scope"))
	if len(asked) == 0 { // what it may use by itself is the default (RFC 6749, section 3.3)
		asked = slices.DeleteFunc(slices.Clone(client.Scopes), func(scope string) bool { return !isCredits(scope) })
	}
	for _, scope := range asked {
		if !isCredits(scope) && !isAdmin(scope) || !slices.Contains(client.Scopes, scope) {
			return nil, describe(oidc.ErrInvalidScope(), "a scope is not one that this client may use by itself")
		}
	}
	resource, fault := p.resourceOf(r.PostForm["resource"])
	if fault != nil {
		return nil, fault
	}
	if audience := p.audienceOf(asked, resource); len(asked) > len(p.scopesFor(audience, asked)) {
		return nil, describe(oidc.ErrInvalidTarget(), "a scope is not of this resource: an access token has one")
	}
	access, err := p.clientToken(r.Context(), client, asked, resource)
	if err != nil {
		return nil, signingError{err}
	}
	p.counts.issued(string(oidc.GrantTypeClientCredentials), kindAccess, p.accessAlg(p.audienceOf(asked, resource)))
	return &oidc.AccessTokenResponse{
		AccessToken: access, TokenType: oidc.BearerToken, ExpiresIn: seconds(p.accessTTL), Scope: asked,
	}, nil
}

// signingError is a fault of ours that trying again does not mend. After the commit, what was shown stays consumed.
type signingError struct{ error }

// writeTokenError answers with an error of the protocol, or for a fault of ours with 503, when nothing was
// consumed and trying again may help, or else with 500.
func (p *Provider) writeTokenError(w http.ResponseWriter, r *http.Request, err error) {
	status, fault := p.tokenError(w, err)
	p.counts.refused(endpointOf(r), fault)
	p.writeJSONError(w, status, fault)
}

// tokenError is the status and the text of an error. A fault of ours is logged.
func (p *Provider) tokenError(w http.ResponseWriter, err error) (int, *oidc.Error) {
	fault := new(oidc.Error)
	if _, late := errors.AsType[signingError](err); late {
		p.logFault(w, err)
		return http.StatusInternalServerError, errInternal()
	}
	if !errors.As(err, &fault) {
		p.logFault(w, err)
		return http.StatusServiceUnavailable, errUnavailable()
	}
	status := http.StatusBadRequest
	if own := (statusError{}); errors.As(err, &own) {
		status = own.status
	} else if fault.ErrorType == oidc.InvalidClient {
		status = http.StatusUnauthorized
	}
	return status, fault
}

// noChallenge is what a malformed verifier answers to: no challenge, and not none either.
const noChallenge = "malformed"

// verifierHash is the S256 challenge that a verifier answers to; empty when there is none.
func verifierHash(verifier string) string {
	if verifier == "" {
		return ""
	}
	if len(verifier) < minVerifier || len(verifier) > maxVerifier || !isUnreserved(verifier) {
		return noChallenge
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// isUnreserved reports whether s has unreserved characters only (RFC 3986, section 2.3).
func isUnreserved(s string) bool {
	return isBase64URL(strings.NewReplacer(".", "", "~", "").Replace(s)) // the rest is that alphabet
}
