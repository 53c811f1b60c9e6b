package provider

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"mana/keys"
)

// The jti of an access token is base64url(handle of the grant (16 bytes) | random (16 bytes)), so that a
// token names what can be revoked without a row of its own. A token without a person has a random handle.
const (
	handleSize = 16
	jtiSize    = 2 * handleSize
)

// accessClaims is the payload of an access token (RFC 9068, section 2.2).
type accessClaims struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	Audience  string `json:"aud"`
	ClientID  string `json:"client_id"`
	Scope     string `json:"scope,omitempty"`
	IssuedAt  int64  `json:"iat"`
	ExpiresAt int64  `json:"exp"`
	ID        string `json:"jti"`
	AuthTime  int64  `json:"auth_time,omitempty"`
	ACR       string `json:"acr,omitempty"`
	// SessionID is in first-party tokens only.
	SessionID string `json:"sid,omitempty"`
}

// idClaims is the payload of an ID token (OpenID Connect Core 1.0, section 2).
type idClaims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  string   `json:"aud"`
	ExpiresAt int64    `json:"exp"`
	IssuedAt  int64    `json:"iat"`
	AuthTime  int64    `json:"auth_time"`
	Nonce     string   `json:"nonce,omitempty"`
	ACR       string   `json:"acr"`
	AMR       []string `json:"amr,omitempty"`
	TokenHash string   `json:"at_hash"`
}

// accessToken signs an access token for a grant. An access token has one audience: the resource asked
// for, else the credits API where a scope of it was granted, else the issuer (RFC 8707, section 2).
func (p *Provider) accessToken(ctx context.Context, f Facts) (string, error) {
	now := p.now()
	audience := p.audienceOf(f.Grant.Scopes, f.Grant.Resource)
	return p.signAccess(ctx, accessClaims{
		Issuer: p.issuer, Subject: f.User.ID.String(), Audience: audience, ClientID: f.Client.ID,
		Scope:    strings.Join(p.scopesFor(audience, f.Grant.Scopes), " "),
		IssuedAt: now.Unix(), ExpiresAt: now.Add(p.accessTTL).Unix(), ID: newTokenID(f.Grant.Handle),
		AuthTime: f.Grant.AuthTime.Unix(), ACR: acrOf(f.Grant.AMR),
	})
}

// signAccess signs an access token. Its algorithm is that of the API that it is for.
func (p *Provider) signAccess(ctx context.Context, claims accessClaims) (string, error) {
	return p.ring.Sign(ctx, p.accessAlg(claims.Audience), keys.TypeAccessToken, claims)
}

// accessAlg is the algorithm of access tokens for an audience; empty: RS256.
func (p *Provider) accessAlg(audience string) string {
	if audience == p.CreditsResource() {
		return p.creditsAlg
	}
	return ""
}

// idToken signs an ID token. Claims of the person are in it only as the claims parameter asked for them one by
// one: the access token gives the others at userinfo (OpenID Connect Core 1.0, section 5.4).
func (p *Provider) idToken(ctx context.Context, f Facts, accessToken string) (string, error) {
	now := p.now()
	life := idTokenLife
	if f.Client.IDTokenLife > 0 {
		life = f.Client.IDTokenLife
	}
	claims := idClaims{
		Issuer: p.issuer, Subject: f.User.ID.String(), Audience: f.Client.ID,
		ExpiresAt: now.Add(life).Unix(), IssuedAt: now.Unix(), AuthTime: f.Grant.AuthTime.Unix(),
		Nonce: f.Grant.Nonce, ACR: acrOf(f.Grant.AMR), AMR: append([]string{}, f.Grant.AMR...), TokenHash: keys.TokenHash(f.Client.IDTokenAlg, accessToken),
	}
	wishes, _ := parseClaims(f.Grant.Claims) // checked when it came
	if err := p.addRoles(ctx, &f, nil, wishes.IDToken); err != nil {
		return "", err
	}
	person := grantedClaims(f, nil, wishes.IDToken)
	if len(person) == 0 {
		return p.ring.Sign(ctx, f.Client.IDTokenAlg, keys.TypeIDToken, claims)
	}
	all, err := withPerson(claims, person)
	if err != nil {
		return "", err
	}
	return p.ring.Sign(ctx, f.Client.IDTokenAlg, keys.TypeIDToken, all)
}

// withPerson adds the claims of a person to those of the protocol, which they cannot replace.
func withPerson(claims idClaims, person map[string]any) (map[string]any, error) {
	encoded, err := json.Marshal(claims)
	if err != nil {
		return nil, fmt.Errorf("encoding claims: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	if err := decoder.Decode(&person); err != nil {
		return nil, fmt.Errorf("merging claims: %w", err)
	}
	return person, nil
}

func (p *Provider) audienceOf(scopes []string, resource string) string {
	if resource != "" {
		return resource
	}
	for _, api := range []func(string) bool{isCredits, isAdmin} {
		if i := slices.IndexFunc(scopes, api); i >= 0 {
			return p.resourceFor(scopes[i])
		}
	}
	return p.issuer
}

// scopesFor keeps the scopes that mean something to an audience.
func (p *Provider) scopesFor(audience string, granted []string) []string {
	var out []string
	for _, scope := range granted {
		if p.resourceFor(scope) == audience {
			out = append(out, scope)
		}
	}
	return out
}

func newTokenID(handle []byte) string {
	id := make([]byte, jtiSize)
	copy(id, handle)
	rand.Read(id[handleSize:])
	return base64.RawURLEncoding.EncodeToString(id)
}

// handleOf reads the handle of the grant from a jti; nil if it is not one of ours.
func handleOf(jti string) []byte {
	id, err := base64.RawURLEncoding.Strict().DecodeString(jti)
	if err != nil || len(id) != jtiSize {
		return nil
	}
	return id[:handleSize]
}

// fresh reports whether a token is within its life at now, with the allowed skew of clocks.
func fresh(issuedAt, expiresAt int64, now time.Time) bool {
	return now.Before(time.Unix(expiresAt, 0).Add(clockSkew)) && !now.Before(time.Unix(issuedAt, 0).Add(-clockSkew))
}
