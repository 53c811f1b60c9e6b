package provider

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
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
	if r.Method != http.MethodPost {
		methodNotAllowed(w, http.MethodPost)
		return
	}
	status, fault := protocolForm(r)
	if fault != nil {
		p.writeJSONError(w, status, fault)
		return
	}
	client, err := p.authenticateClient(r)
	if err != nil {
		p.writeTokenError(w, err)
		return
	}
	response, err := p.grant(r, client)
	if err != nil {
		p.writeTokenError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, response)
}

// protocolForm parses the form of a protocol endpoint, which takes nothing in the query.
func protocolForm(r *http.Request) (int, *oidc.Error) {
	if !isForm(r) {
		return http.StatusUnsupportedMediaType, badRequest("the body must be application/x-www-form-urlencoded")
	}
	if r.URL.RawQuery != "" {
		return http.StatusBadRequest, badRequest("parameters belong in the body")
	}
	if err := r.ParseForm(); err != nil {
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			return http.StatusRequestEntityTooLarge, badRequest("the body is too large")
		}
		return http.StatusBadRequest, badRequest("the body is malformed")
	}
	if !singular(r.PostForm) {
		return http.StatusBadRequest, badRequest("a parameter is repeated or too long")
	}
	return http.StatusOK, nil
}

// grant serves one grant type for an authenticated client.
func (p *Provider) grant(r *http.Request, client Client) (*oidc.AccessTokenResponse, error) {
	grant := oidc.GrantType(r.PostForm.Get("grant_type"))
	switch grant {
	case "":
		return nil, badRequest("grant_type is missing")
	case oidc.GrantTypeCode, oidc.GrantTypeClientCredentials:
	default:
		return nil, describe(oidc.ErrUnsupportedGrantType(), "this grant type is not supported")
	}
	if !slices.Contains(client.GrantTypes, string(grant)) {
		return nil, describe(oidc.ErrUnauthorizedClient(), "this client may not use this grant type")
	}
	if grant == oidc.GrantTypeCode {
		return p.redeemCode(r, client)
	}
	return p.clientCredentials(r, client)
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
	facts, err := p.store.RedeemCode(r.Context(), Redemption{
		CodeHash: hash, ClientID: client.ID,
		RedirectURI: r.PostForm.Get("redirect_uri"), VerifierHash: verifierHash(r.PostForm.Get("code_verifier")),
	}, Allow)
	if errors.Is(err, ErrInvalidGrant) || errors.Is(err, ErrDenied) {
		return nil, badGrant()
	}
	if err != nil {
		return nil, err
	}
	resource, fault := p.resourceOf(r.PostForm["resource"])
	if fault != nil {
		return nil, fault
	}
	return p.tokens(facts, resource)
}

// tokens signs what a grant yields. Signing follows the commit, so that no lock waits for cryptography.
func (p *Provider) tokens(f Facts, resource string) (*oidc.AccessTokenResponse, error) {
	if resource == "" {
		resource = f.Grant.Resource
	}
	access, err := p.accessToken(f, resource)
	if err != nil {
		return nil, err
	}
	response := &oidc.AccessTokenResponse{
		AccessToken: access, TokenType: oidc.BearerToken, ExpiresIn: seconds(p.accessTTL), Scope: f.Grant.Scopes,
	}
	if slices.Contains(f.Grant.Scopes, ScopeOpenID) {
		if response.IDToken, err = p.idToken(f, access); err != nil {
			return nil, err
		}
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
	for _, scope := range asked {
		if !isCredits(scope) || !slices.Contains(client.Scopes, scope) {
			return nil, describe(oidc.ErrInvalidScope(), "a scope is not one that this client may use by itself")
		}
	}
	resource, fault := p.resourceOf(r.PostForm["resource"])
	if fault != nil {
		return nil, fault
	}
	access, err := p.clientToken(client, asked, resource)
	if err != nil {
		return nil, err
	}
	return &oidc.AccessTokenResponse{
		AccessToken: access, TokenType: oidc.BearerToken, ExpiresIn: seconds(p.accessTTL), Scope: asked,
	}, nil
}

// writeTokenError answers with an error of the protocol, or with 503 for a fault of ours, which consumed
// nothing.
func (p *Provider) writeTokenError(w http.ResponseWriter, err error) {
	fault := new(oidc.Error)
	if !errors.As(err, &fault) {
		p.writeJSONError(w, http.StatusServiceUnavailable, errUnavailable())
		return
	}
	status := http.StatusBadRequest
	if fault.ErrorType == oidc.InvalidClient {
		status = http.StatusUnauthorized
	}
	p.writeJSONError(w, status, fault)
}

// verifierHash is the S256 challenge that a verifier answers to; empty when it is missing or malformed.
func verifierHash(verifier string) string {
	if len(verifier) < minVerifier || len(verifier) > maxVerifier || !isUnreserved(verifier) {
		return ""
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// isUnreserved reports whether s has unreserved characters only (RFC 3986, section 2.3).
func isUnreserved(s string) bool {
	return isBase64URL(strings.NewReplacer(".", "", "~", "").Replace(s)) // the rest is that alphabet
}
