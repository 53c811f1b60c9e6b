package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/zitadel/oidc/v3/pkg/oidc"

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
// [identity.Service.Authenticate]; [ErrFactorDue] for a person with a second factor, which only the pages ask for.
func (f *FirstParty) Login(ctx context.Context, in Login) (Tokens, error) {
	credential, err := f.identity.Authenticate(ctx, in.Email, in.Password, in.Device)
	if err != nil {
		return Tokens{}, err
	}
	tokens, err := f.start(ctx, credential, in.Device)
	if !errors.Is(err, ErrFactorDue) { // the pages count it
		f.identity.CountLogin(err)
	}
	return tokens, err
}

// start starts a session for a person who has just been proven.
func (f *FirstParty) start(ctx context.Context, credential identity.Credential, d identity.Device) (Tokens, error) {
	user := credential.User
	session, err := f.identity.NewRESTSession(user, d, f.refreshTTL, f.refreshMax)
	if err != nil {
		return Tokens{}, err
	}
	session.ClientID, session.Proof = FirstPartyClient, identity.Proof{PasswordHash: credential.PasswordHash}
	secret := identity.NewSecret()
	refresh, err := firstRefresh(secret, session.CreatedAt.Add(f.refreshTTL))
	if err != nil {
		return Tokens{}, err
	}
	err = f.store.StartFirstParty(ctx, FirstPartySession{
		Session: session, Refresh: refresh,
		Event: identity.Event{UserID: user.ID, Type: "login_success", Device: d},
	}, f.allow)
	if errors.Is(err, ErrFactorDue) {
		return Tokens{}, ErrFactorDue
	}
	if errors.Is(err, ErrDenied) {
		return Tokens{}, identity.ErrCredentials // the person was disabled meanwhile
	}
	if err != nil {
		return Tokens{}, fmt.Errorf("starting a session: %w", err)
	}
	return f.issue(ctx, grantPassword, user, session, secret)
}

// issue signs the access token that goes with a refresh token.
func (f *FirstParty) issue(ctx context.Context, grant string, user identity.User, session identity.Session, refresh identity.Secret) (Tokens, error) {
	access, err := f.firstPartyToken(ctx, user, session)
	if err != nil {
		return Tokens{}, err
	}
	f.counts.issued(grant, kindAccess, "")
	f.counts.issued(grant, kindRefresh, "")
	return Tokens{User: user, AccessToken: access, RefreshToken: refresh, ExpiresIn: f.accessTTL}, nil
}

// Refresh exchanges a refresh token of a first-party session for the next one and a new access token. The
// person is read anew. [ErrInvalidGrant]; [ErrRefreshExpired].
func (f *FirstParty) Refresh(ctx context.Context, token string, d identity.Device) (_ Tokens, err error) {
	defer func() { f.counts.refreshed(err) }()
	if secretHash(token) == nil {
		return Tokens{}, ErrInvalidGrant
	}
	done, err := f.store.Refresh(ctx, f.rotation(token, FirstPartyClient, true, d), func(facts Facts) (time.Time, error) {
		until := facts.Now.Add(f.refreshTTL)
		if facts.Session.ExpiresAt.Before(until) {
			until = facts.Session.ExpiresAt
		}
		return until, f.allow(facts)
	})
	if errors.Is(err, ErrDenied) {
		err = ErrInvalidGrant
	}
	if errors.Is(err, ErrRepeated) {
		f.forget() // the session has ended
	}
	if err != nil {
		return Tokens{}, err
	}
	return f.issue(ctx, string(oidc.GrantTypeRefreshToken), done.Facts.User, done.Facts.Session, f.successor(token, done.Salt))
}

// RefreshFamily names the family that a refresh token is or was of. [ErrInvalidGrant].
func (f *FirstParty) RefreshFamily(ctx context.Context, token string) (uuid.UUID, error) {
	hash := secretHash(token)
	if hash == nil {
		return uuid.Nil, ErrInvalidGrant
	}
	return f.store.RefreshFamily(ctx, hash)
}

// SignOutToken ends the session of an access token. [ErrInvalidToken].
func (f *FirstParty) SignOutToken(ctx context.Context, token string, d identity.Device) error {
	claims, err := f.parseAccess(ctx, token)
	if err != nil {
		return err
	}
	if claims.Audience != f.audience || claims.ClientID != FirstPartyClient {
		return ErrInvalidToken
	}
	facts, err := f.live(ctx, claims)
	if err != nil {
		return err
	}
	return f.SignOut(ctx, facts.Session, d)
}

// SignOutRefresh ends the session of a refresh token: a live, a used or an expired one. Another token has no
// effect.
func (f *FirstParty) SignOutRefresh(ctx context.Context, token string, d identity.Device) error {
	hash := secretHash(token)
	if hash == nil {
		return nil
	}
	known, err := f.store.RevokeRefresh(ctx, hash, FirstPartyClient, identity.Event{Type: "logout", Device: d})
	if known || err != nil { // what failed may have happened
		f.forget()
	}
	if err != nil {
		return fmt.Errorf("ending a session: %w", err)
	}
	return nil
}

func (f *FirstParty) firstPartyToken(ctx context.Context, user identity.User, session identity.Session) (string, error) {
	now := f.now()
	id, err := uuid.NewRandom()
	if err != nil {
		return "", fmt.Errorf("making an id: %w", err)
	}
	return f.ring.Sign(ctx, "", keys.TypeAccessToken, firstPartyClaims{
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
	case claims.ClientID != FirstPartyClient || claims.ID == "":
		return Validation{Reason: ReasonInvalid}, nil
	}
	_, err = f.live(ctx, claims)
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
