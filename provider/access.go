package provider

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"mana/provider/identity"
)

// Access is what a verified access token allows its caller at the credits API.
type Access struct {
	UserID     uuid.UUID // uuid.Nil: the token is a client's own, no person stands behind it
	SessionID  uuid.UUID
	ClientID   string
	FirstParty bool     // every scope of the credits API
	Scopes     []string // of an OAuth token
	AppIDs     []string // what an OAuth client may put into appId
}

// Has reports whether the token lets its person do at the credits API what a scope names. One without a person
// allows nothing there.
func (a Access) Has(scope string) bool {
	return a.FirstParty || a.UserID != uuid.Nil && slices.Contains(a.Scopes, scope)
}

// Caller is the scope of idempotency keys.
func (a Access) Caller() string {
	if a.FirstParty {
		return "first-party"
	}
	return "client:" + a.ClientID
}

// Access verifies a token for the credits API: a first-party token, or an OAuth token whose audience is
// the credits resource. [ErrInvalidToken]; any other error means that storage failed.
func (p *Provider) Access(ctx context.Context, token string) (Access, error) {
	claims, err := p.parseAccess(ctx, token)
	if err != nil {
		return Access{}, err
	}
	switch claims.Audience {
	case p.audience:
		return p.firstPartyAccess(ctx, claims)
	case p.CreditsResource():
		return p.clientAccess(ctx, claims)
	}
	return Access{}, ErrInvalidToken
}

// AdminAccess verifies a token for the administration API: one that a client has for itself. Errors as
// [Provider.Access].
func (p *Provider) AdminAccess(ctx context.Context, token string) (Access, error) {
	claims, err := p.parseAccess(ctx, token)
	if err != nil {
		return Access{}, err
	}
	if claims.Audience != p.AdminResource() || claims.Subject != claims.ClientID {
		return Access{}, ErrInvalidToken
	}
	return p.clientAccess(ctx, claims)
}

// parseAccess checks what can be checked without storage. A signature that held is not checked again while the
// published keys stay, since the same token comes many times; its times are.
func (p *Provider) parseAccess(ctx context.Context, token string) (accessClaims, error) {
	sum := sha256.Sum256([]byte(token))
	claims, err := p.verified.get(string(sum[:]), func() (accessClaims, error) { return p.verify(ctx, token) })
	if err == nil && !fresh(claims.IssuedAt, claims.ExpiresAt, p.now()) {
		err = ErrInvalidToken
	}
	return claims, err
}

func (p *Provider) verify(ctx context.Context, token string) (accessClaims, error) {
	c, err := p.verifier.Verify(ctx, token)
	if err != nil {
		return accessClaims{}, ErrInvalidToken
	}
	claims := accessClaims{
		Issuer: c.Issuer, Subject: c.Subject, Audience: c.Audience, ClientID: c.ClientID,
		Scope: strings.Join(c.Scopes, " "), IssuedAt: c.IssuedAt.Unix(), ExpiresAt: c.ExpiresAt.Unix(), ID: c.ID,
		ACR: c.ACR, SessionID: c.SessionID,
	}
	if !c.AuthTime.IsZero() {
		claims.AuthTime = c.AuthTime.Unix()
	}
	return claims, nil
}

func (p *Provider) firstPartyAccess(ctx context.Context, claims accessClaims) (Access, error) {
	if claims.ClientID != FirstPartyClient {
		return Access{}, ErrInvalidToken
	}
	facts, err := p.live(ctx, claims)
	if err != nil {
		return Access{}, err
	}
	return Access{UserID: facts.User.ID, SessionID: facts.Session.ID, ClientID: FirstPartyClient, FirstParty: true}, nil
}

func (p *Provider) clientAccess(ctx context.Context, claims accessClaims) (Access, error) {
	facts, err := p.live(ctx, claims)
	if err != nil {
		return Access{}, err
	}
	access := Access{
		ClientID: facts.Client.ID, Scopes: strings.Fields(claims.Scope), AppIDs: append([]string{facts.Client.ID}, facts.Client.AppIDs...),
	}
	if facts.User.ID != uuid.Nil {
		access.UserID, access.SessionID = facts.User.ID, facts.Session.ID
	}
	return access, nil
}

// live finds what stands behind an access token that was verified, and asks policy again; the answer is kept
// for a moment. [ErrInvalidToken]; any other error means that storage failed.
func (p *Provider) live(ctx context.Context, claims accessClaims) (Facts, error) {
	return p.facts.get(claims.ID, func() (Facts, error) {
		switch claims.ClientID {
		case FirstPartyClient:
			return p.liveSession(ctx, claims)
		case claims.Subject:
			return p.liveClient(ctx, claims)
		}
		return p.liveGrant(ctx, claims)
	})
}

// liveSession finds the session of a first-party token.
func (p *Provider) liveSession(ctx context.Context, claims accessClaims) (Facts, error) {
	id, err := uuid.Parse(claims.SessionID)
	if err != nil {
		return Facts{}, ErrInvalidToken
	}
	session, user, err := p.identity.SessionByID(ctx, id)
	if errors.Is(err, identity.ErrNoSession) {
		return Facts{}, ErrInvalidToken
	}
	if err != nil {
		return Facts{}, fmt.Errorf("reading a session: %w", err)
	}
	facts := Facts{Client: Client{ID: FirstPartyClient}, User: user, Session: session, Now: p.now()}
	if session.ClientID != FirstPartyClient || user.ID.String() != claims.Subject || p.allow(facts) != nil {
		return Facts{}, ErrInvalidToken
	}
	return facts, nil
}

// liveClient finds the client of a token that no person stands behind.
func (p *Provider) liveClient(ctx context.Context, claims accessClaims) (Facts, error) {
	client, err := p.store.Client(ctx, claims.ClientID)
	if errors.Is(err, ErrUnknownClient) {
		return Facts{}, ErrInvalidToken
	}
	if err != nil {
		return Facts{}, fmt.Errorf("reading a client: %w", err)
	}
	revoked, err := p.store.TokenRevoked(ctx, claims.ID)
	if err != nil {
		return Facts{}, fmt.Errorf("reading a revocation: %w", err)
	}
	lost := len(missing(strings.Fields(claims.Scope), client.Scopes)) > 0
	if client.Disabled || revoked || lost || !slices.Contains(client.GrantTypes, string(oidc.GrantTypeClientCredentials)) {
		return Facts{}, ErrInvalidToken
	}
	return Facts{Client: client, Now: p.now()}, nil
}

// liveGrant finds the grant that a token names.
func (p *Provider) liveGrant(ctx context.Context, claims accessClaims) (Facts, error) {
	handle := handleOf(claims.ID)
	if handle == nil {
		return Facts{}, ErrInvalidToken
	}
	facts, err := p.store.GrantFacts(ctx, handle, claims.ID)
	if errors.Is(err, ErrInvalidGrant) {
		return Facts{}, ErrInvalidToken
	}
	if err != nil {
		return Facts{}, fmt.Errorf("reading a grant: %w", err)
	}
	if facts.Client.ID != claims.ClientID || facts.User.ID.String() != claims.Subject || p.allow(facts) != nil {
		return Facts{}, ErrInvalidToken
	}
	return facts, nil
}

// clientToken signs an access token for a client itself; its subject is the client.
func (p *Provider) clientToken(ctx context.Context, client Client, scopes []string, resource string) (string, error) {
	now := p.now()
	handle := make([]byte, handleSize)
	rand.Read(handle)
	audience := p.audienceOf(scopes, resource)
	return p.signAccess(ctx, accessClaims{
		Issuer: p.issuer, Subject: client.ID, Audience: audience, ClientID: client.ID,
		Scope:    strings.Join(p.scopesFor(audience, scopes), " "),
		IssuedAt: now.Unix(), ExpiresAt: now.Add(p.accessTTL).Unix(), ID: newTokenID(handle),
	})
}

// secretHash is the stored form of a code or token that a caller shows; nil if it cannot be one of ours.
func secretHash(text string) []byte { return identity.Secret(text).Hash() }

// seconds is a whole number of seconds.
func seconds(d time.Duration) uint64 { return uint64(d / time.Second) }
