package provider

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"mana/keys"
)

// introspection is what is said of a live token (RFC 7662, section 2.2). Every other token is inactive.
type introspection struct {
	Active    bool   `json:"active"`
	TokenType string `json:"token_type,omitempty"`
	accessClaims
}

// refreshIntrospection is what is said of a live refresh token.
type refreshIntrospection struct {
	Active    bool   `json:"active"`
	ClientID  string `json:"client_id"`
	Scope     string `json:"scope"`
	Subject   string `json:"sub"`
	ExpiresAt int64  `json:"exp"`
}

var inactive = map[string]bool{"active": false}

// Introspect serves the introspection endpoint (RFC 7662, section 2). A confidential client learns of the
// tokens that it was given, and of the access tokens made for the APIs that it serves.
func (p *Provider) Introspect(w http.ResponseWriter, r *http.Request) {
	client, err := p.machineClient(w, r)
	if err == nil && client.Public() {
		err = invalidClient()
	}
	token := ""
	if err == nil {
		if token = r.PostForm.Get("token"); token == "" {
			err = badRequest("token is missing")
		}
	}
	if err != nil {
		p.writeTokenError(w, r, err)
		return
	}
	answer, err := p.introspect(w, r, client, token)
	if err != nil {
		p.writeTokenError(w, r, err)
		return
	}
	p.counts.introspected(answer)
	writeJSON(w, http.StatusOK, answer)
}

func (p *Provider) introspect(w http.ResponseWriter, r *http.Request, client Client, token string) (any, error) {
	if !strings.Contains(token, ".") {
		return p.introspectRefresh(r, client, token)
	}
	claims, err := p.parseAccess(r.Context(), token)
	if err != nil {
		return inactive, nil //nolint:nilerr // a token that does not verify is an answer
	}
	if claims.ExpiresAt <= p.now().Unix() { // its clock is ours: no skew
		return inactive, nil
	}
	if claims.ClientID != client.ID && !slices.Contains(client.Audiences, claims.Audience) {
		return inactive, nil
	}
	facts, err := p.live(r.Context(), claims)
	if errors.Is(err, ErrInvalidToken) {
		return inactive, nil
	}
	if err != nil {
		return nil, err
	}
	p.keep(w, r, claims, facts, client)
	claims.SessionID = ""
	return introspection{Active: true, TokenType: oidc.BearerToken, accessClaims: claims}, nil
}

func (p *Provider) introspectRefresh(r *http.Request, client Client, token string) (any, error) {
	hash := secretHash(token)
	if hash == nil {
		return inactive, nil
	}
	facts, until, err := p.store.RefreshFacts(r.Context(), hash)
	if errors.Is(err, ErrInvalidGrant) || err == nil && (facts.Client.ID != client.ID || p.allow(facts) != nil) {
		return inactive, nil
	}
	if err != nil {
		return nil, err
	}
	return refreshIntrospection{
		Active: true, ClientID: client.ID, Scope: strings.Join(facts.Grant.Scopes, " "),
		Subject: facts.User.ID.String(), ExpiresAt: until.Unix(),
	}, nil
}

// Revoke serves the revocation endpoint (RFC 7009, section 2). A refresh token ends with its whole family and
// the access tokens of it, an access token by itself. Tokens of others, unknown and malformed ones are
// answered alike, without effect.
func (p *Provider) Revoke(w http.ResponseWriter, r *http.Request) {
	client, err := p.machineClient(w, r)
	if err != nil {
		p.writeTokenError(w, r, err)
		return
	}
	token := r.PostForm.Get("token")
	if token == "" {
		p.writeTokenError(w, r, badRequest("token is missing"))
		return
	}
	if err := p.revoke(r, client, token); err != nil {
		p.writeTokenError(w, r, err)
		return
	}
	noStore(w)
	w.WriteHeader(http.StatusOK)
}

func (p *Provider) revoke(r *http.Request, client Client, token string) error {
	if !strings.Contains(token, ".") {
		p.counts.revoked(kindRefresh)
		if hash := secretHash(token); hash != nil {
			known, err := p.store.RevokeRefresh(r.Context(), hash, client.ID, p.event(r, "token_revoked"))
			if known || err != nil { // what failed may have happened
				p.forget()
			}
			return err
		}
		return nil
	}
	p.counts.revoked(kindAccess)
	payload, err := p.ring.Verify(keys.TypeAccessToken, token)
	if err != nil {
		return nil //nolint:nilerr // what is no token of ours needs no revocation (RFC 7009, section 2.2)
	}
	var claims accessClaims
	if err := json.Unmarshal(payload, &claims); err != nil || claims.ClientID != client.ID {
		return nil //nolint:nilerr // likewise
	}
	defer p.forget()
	return p.store.RevokeToken(r.Context(), claims.ID, time.Unix(claims.ExpiresAt, 0).Add(clockSkew))
}
