package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
)

const (
	sessionIdle     = 24 * time.Hour
	sessionShort    = 24 * time.Hour
	sessionRemember = 30 * 24 * time.Hour

	// SecretSize is the length of tokens, codes and cookie values before encoding, in bytes.
	SecretSize = 32
)

// Secret is a bearer value of 32 random bytes as 43 characters of base64url. Storage holds its hash only.
type Secret string

// NewSecret makes a secret.
func NewSecret() Secret {
	raw := make([]byte, SecretSize)
	rand.Read(raw)
	return Secret(base64.RawURLEncoding.EncodeToString(raw))
}

// Hash is the SHA-256 of the secret, the form in which it is stored. It is nil for what is not the
// canonical spelling of 32 bytes, so that such a value is refused before any lookup.
func (s Secret) Hash() []byte {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(string(s))
	if err != nil || len(raw) != SecretSize || len(s) != base64.RawURLEncoding.EncodedLen(SecretSize) {
		return nil
	}
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

// String keeps the secret out of formatted output; convert with string(s) where it is meant.
func (s Secret) String() string { return "redacted" }

// GoString implements [fmt.GoStringer].
func (s Secret) GoString() string { return "redacted" }

// LogValue implements [slog.LogValuer].
func (s Secret) LogValue() slog.Value { return slog.StringValue("redacted") }

// SignIn is a proof by password in a browser.
type SignIn struct {
	Email, Password string
	Remember        bool   // "stay signed in": 30 days, instead of 24 hours
	Replaces        Secret // cookie of the session that this one replaces, or empty
	Device          Device
}

// Started is a session that has just begun.
type Started struct {
	Session Session
	User    User
	Cookie  Secret // its value is known here and to the browser only
}

// SignIn proves a person by password and starts a browser session. The cookie value is new each time.
// Errors as [Service.Authenticate].
func (s *Service) SignIn(ctx context.Context, in SignIn) (Started, error) {
	user, err := s.Authenticate(ctx, in.Email, in.Password, in.Device)
	if err != nil {
		return Started{}, err
	}
	return s.StartSession(ctx, user, in)
}

// StartSession starts a browser session for a person who has just been proven, such as by registration.
func (s *Service) StartSession(ctx context.Context, user User, in SignIn) (Started, error) {
	session, err := s.newSession(user, in.Device)
	if err != nil {
		return Started{}, err
	}
	secret := NewSecret()
	session.CookieHash = secret.Hash()
	session.IdleFor = sessionIdle
	session.ExpiresAt = session.CreatedAt.Add(sessionShort)
	if in.Remember {
		session.IdleFor = 0
		session.ExpiresAt = session.CreatedAt.Add(sessionRemember)
	}
	event := Event{UserID: user.ID, Type: "login_success", Device: in.Device}
	session, err = s.store.StartSession(ctx, session, in.Replaces.Hash(), event)
	if err != nil {
		return Started{}, fmt.Errorf("starting a session: %w", err)
	}
	return Started{Session: session, User: user, Cookie: secret}, nil
}

// NewRESTSession prepares a first-party session, which its caller stores with a refresh token: it ends when
// unused for idle, and after longest in any case.
func (s *Service) NewRESTSession(user User, d Device, idle, longest time.Duration) (Session, error) {
	session, err := s.newSession(user, d)
	session.IdleFor = idle
	session.ExpiresAt = session.CreatedAt.Add(longest)
	return session, err
}

func (s *Service) newSession(user User, d Device) (Session, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Session{}, fmt.Errorf("making an id: %w", err)
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	return Session{
		ID: id, UserID: user.ID,
		IPAddress: d.IPAddress, UserAgent: cut(d.UserAgent, 512), DeviceID: d.ID, DeviceName: d.Name,
		AuthTime: now.Truncate(time.Second), AMR: []string{"pwd"},
		LastActivityAt: now, CreatedAt: now,
	}, nil
}

// Session finds the live session of a cookie value. [ErrNoSession].
func (s *Service) Session(ctx context.Context, cookie Secret) (Session, User, error) {
	hash := cookie.Hash()
	if hash == nil {
		return Session{}, User{}, ErrNoSession
	}
	return s.store.SessionByCookie(ctx, hash)
}

// SessionByID finds a live session by its id. [ErrNoSession].
func (s *Service) SessionByID(ctx context.Context, id uuid.UUID) (Session, User, error) {
	return s.store.SessionByID(ctx, id)
}

// SignOut ends a session: its refresh families and access tokens end with it at once.
func (s *Service) SignOut(ctx context.Context, session Session, d Device) error {
	event := Event{UserID: session.UserID, Type: "logout", Device: d}
	if err := s.store.EndSession(ctx, session.ID, "logout", event); err != nil {
		return fmt.Errorf("ending a session: %w", err)
	}
	return nil
}

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return string([]rune(s)[:min(limit, len([]rune(s)))])
}
