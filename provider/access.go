package provider

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"mana/keys"
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

// Has reports whether the token carries a scope of the credits API.
func (a Access) Has(scope string) bool { return a.FirstParty || slices.Contains(a.Scopes, scope) }

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
	claims, err := p.parseAccess(token)
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

// parseAccess checks what can be checked without storage.
func (p *Provider) parseAccess(token string) (accessClaims, error) {
	var claims accessClaims
	payload, err := p.ring.Verify(keys.TypeAccessToken, token)
	if err != nil {
		return claims, ErrInvalidToken
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return claims, ErrInvalidToken
	}
	if claims.Issuer != p.issuer || claims.ID == "" || !fresh(claims.IssuedAt, claims.ExpiresAt, p.now()) {
		return claims, ErrInvalidToken
	}
	return claims, nil
}

func (p *Provider) firstPartyAccess(ctx context.Context, claims accessClaims) (Access, error) {
	if claims.ClientID != FirstPartyClient {
		return Access{}, ErrInvalidToken
	}
	session, err := p.firstPartySession(ctx, claims.SessionID, claims.Subject)
	if err != nil {
		return Access{}, err
	}
	return Access{UserID: session.UserID, SessionID: session.ID, ClientID: FirstPartyClient, FirstParty: true}, nil
}

// firstPartySession finds the live session of a first-party token.
func (p *Provider) firstPartySession(ctx context.Context, sid, subject string) (identity.Session, error) {
	id, err := uuid.Parse(sid)
	if err != nil {
		return identity.Session{}, ErrInvalidToken
	}
	session, user, err := p.identity.SessionByID(ctx, id)
	if errors.Is(err, identity.ErrNoSession) {
		return identity.Session{}, ErrInvalidToken
	}
	if err != nil {
		return identity.Session{}, fmt.Errorf("reading a session: %w", err)
	}
	if user.ID.String() != subject {
		return identity.Session{}, ErrInvalidToken
	}
	return session, nil
}

func (p *Provider) clientAccess(ctx context.Context, claims accessClaims) (Access, error) {
	scopes := strings.Fields(claims.Scope)
	if claims.Subject == claims.ClientID {
		client, err := p.store.Client(ctx, claims.ClientID)
		if errors.Is(err, ErrUnknownClient) || err == nil && client.Disabled {
			return Access{}, ErrInvalidToken
		}
		return Access{ClientID: client.ID, Scopes: scopes}, err
	}
	facts, err := p.liveGrant(ctx, claims)
	if err != nil {
		return Access{}, err
	}
	return Access{
		UserID: facts.User.ID, SessionID: facts.Session.ID, ClientID: facts.Client.ID,
		Scopes: scopes, AppIDs: append([]string{facts.Client.ID}, facts.Client.AppIDs...),
	}, nil
}

// liveGrant finds the grant that a token names and asks policy again. [ErrInvalidToken].
func (p *Provider) liveGrant(ctx context.Context, claims accessClaims) (Facts, error) {
	handle := handleOf(claims.ID)
	if handle == nil {
		return Facts{}, ErrInvalidToken
	}
	facts, err := p.store.GrantFacts(ctx, handle)
	if errors.Is(err, ErrInvalidGrant) {
		return Facts{}, ErrInvalidToken
	}
	if err != nil {
		return Facts{}, fmt.Errorf("reading a grant: %w", err)
	}
	if facts.Client.ID != claims.ClientID || facts.User.ID.String() != claims.Subject || Allow(facts) != nil {
		return Facts{}, ErrInvalidToken
	}
	return facts, nil
}

// clientToken signs an access token for a client itself; its subject is the client.
func (p *Provider) clientToken(client Client, scopes []string, resource string) (string, error) {
	now := p.now()
	handle := make([]byte, handleSize)
	rand.Read(handle)
	audience := p.audienceOf(scopes, resource)
	return p.ring.Sign(keys.TypeAccessToken, accessClaims{
		Issuer: p.issuer, Subject: client.ID, Audience: audience, ClientID: client.ID,
		Scope:    strings.Join(p.scopesFor(audience, scopes), " "),
		IssuedAt: now.Unix(), ExpiresAt: now.Add(p.accessTTL).Unix(), ID: newTokenID(handle),
	})
}

// secretHash is the stored form of a code or token that a caller shows; nil if it cannot be one of ours.
func secretHash(text string) []byte { return identity.Secret(text).Hash() }

// seconds is a whole number of seconds.
func seconds(d time.Duration) uint64 { return uint64(d / time.Second) }
