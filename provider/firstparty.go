package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"mana/keys"
	"mana/provider/identity"
)

// FirstPartyConfig is what the REST login needs. All fields are required.
type FirstPartyConfig struct {
	Provider   *Provider
	RefreshTTL time.Duration // of one refresh token
}

// FirstParty is the login of the house's own apps by e-mail and password over REST, and the check of the
// tokens that it makes. It is safe for concurrent use.
type FirstParty struct {
	*Provider
	refreshTTL time.Duration
}

// NewFirstParty makes the REST login.
func NewFirstParty(cfg FirstPartyConfig) *FirstParty {
	return &FirstParty{Provider: cfg.Provider, refreshTTL: cfg.RefreshTTL}
}

// Login is a sign-in by password.
type Login struct {
	Email, Password string
	Device          identity.Device
}

// Tokens are what a login yields.
type Tokens struct {
	User         identity.User
	AccessToken  string
	RefreshToken identity.Secret
	ExpiresIn    time.Duration
}

// firstPartyClaims is the payload of a first-party access token. Both names of the session are there,
// since clients read either.
type firstPartyClaims struct {
	accessClaims
	Email    string `json:"email"`
	Role     string `json:"role"`
	Session  string `json:"sessionId"`
	DeviceID string `json:"deviceId,omitempty"`
}

// Login proves a person by password and starts a session with its first tokens. Errors as
// [identity.Service.Authenticate].
func (f *FirstParty) Login(ctx context.Context, in Login) (Tokens, error) {
	user, err := f.identity.Authenticate(ctx, in.Email, in.Password, in.Device)
	if err != nil {
		return Tokens{}, err
	}
	session, err := f.identity.NewRESTSession(user, in.Device, f.refreshTTL)
	if err != nil {
		return Tokens{}, err
	}
	session.ClientID = FirstPartyClient
	family, err := uuid.NewV7()
	if err != nil {
		return Tokens{}, fmt.Errorf("making an id: %w", err)
	}
	refresh := identity.NewSecret()
	err = f.store.StartFirstParty(ctx, FirstPartySession{
		Session: session, RefreshHash: refresh.Hash(), FamilyID: family,
		RefreshUntil: session.CreatedAt.Add(f.refreshTTL),
		Event:        identity.Event{UserID: user.ID, Type: "login_success", Device: in.Device},
	})
	if err != nil {
		return Tokens{}, fmt.Errorf("starting a session: %w", err)
	}
	access, err := f.firstPartyToken(user, session)
	if err != nil {
		return Tokens{}, err
	}
	return Tokens{User: user, AccessToken: access, RefreshToken: refresh, ExpiresIn: f.accessTTL}, nil
}

func (f *FirstParty) firstPartyToken(user identity.User, session identity.Session) (string, error) {
	now := f.now()
	id, err := uuid.NewRandom()
	if err != nil {
		return "", fmt.Errorf("making an id: %w", err)
	}
	return f.ring.Sign(keys.TypeAccessToken, firstPartyClaims{
		accessClaims: accessClaims{
			Issuer: f.issuer, Subject: user.ID.String(), Audience: f.audience, ClientID: FirstPartyClient,
			IssuedAt: now.Unix(), ExpiresAt: now.Unix() + int64(seconds(f.accessTTL)),
			ID: id.String(), SessionID: session.ID.String(),
		},
		Email: string(user.Email), Role: string(user.Role), Session: session.ID.String(), DeviceID: session.DeviceID,
	})
}

// Validation is what is known of a token that somebody asks about.
type Validation struct {
	Payload json.RawMessage // the claims as signed; nil when invalid
	Reason  string          // why it is invalid; empty when valid
}

// The reasons of a [Validation]. Existing clients show them.
const (
	ReasonMissing   = "jwt must be provided"
	ReasonMalformed = "jwt malformed"
	ReasonSignature = "invalid signature"
	ReasonExpired   = "jwt expired"
	ReasonIssuer    = "jwt issuer invalid"
	ReasonAudience  = "jwt audience invalid"
	ReasonRevoked   = "session revoked"
	ReasonInvalid   = "invalid token"
)

// Validate tells whether a first-party token holds now. A bad signature costs no storage access. An error
// means that the session could not be checked.
func (f *FirstParty) Validate(ctx context.Context, token string) (Validation, error) {
	if token == "" {
		return Validation{Reason: ReasonMissing}, nil
	}
	payload, err := f.ring.Verify(keys.TypeAccessToken, token)
	if err != nil {
		return Validation{Reason: reasonOf(err)}, nil
	}
	var claims accessClaims
	if err := json.Unmarshal(payload, &claims); err != nil {
		return Validation{Reason: ReasonMalformed}, nil
	}
	switch {
	case claims.Issuer != f.issuer:
		return Validation{Reason: ReasonIssuer}, nil
	case claims.Audience != f.audience:
		return Validation{Reason: ReasonAudience}, nil
	case !fresh(claims.IssuedAt, claims.ExpiresAt, f.now()):
		return Validation{Reason: ReasonExpired}, nil
	case claims.ClientID != FirstPartyClient:
		return Validation{Reason: ReasonInvalid}, nil
	}
	_, err = f.firstPartySession(ctx, claims.SessionID, claims.Subject)
	if errors.Is(err, ErrInvalidToken) {
		return Validation{Reason: ReasonRevoked}, nil
	}
	if err != nil {
		return Validation{}, err
	}
	return Validation{Payload: payload}, nil
}

func reasonOf(err error) string {
	switch {
	case errors.Is(err, keys.ErrSignature):
		return ReasonSignature
	case errors.Is(err, keys.ErrType):
		return ReasonInvalid
	}
	return ReasonMalformed
}
