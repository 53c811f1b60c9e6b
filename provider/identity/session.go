package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"slices"
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

// SignIn is a proof by password, or another one, in a browser.
type SignIn struct {
	Email, Password string
	AMR             []string  // how it was proven (RFC 8176), if not by password; nil: by password
	AuthTime        time.Time // when it was proven; zero or in the future: now
	Remember        bool      // "stay signed in": 30 days, instead of 24 hours
	Replaces        Secret    // cookie of the session that this one replaces, or empty
	Device          Device
	proof           Proof
}

// amr is how the person was proven.
func (in SignIn) amr() []string {
	if in.AMR == nil {
		return []string{AMRPassword}
	}
	return in.AMR
}

// authTime is when the person was proven, in whole seconds.
func (in SignIn) authTime(now time.Time) time.Time {
	if !in.AuthTime.IsZero() && in.AuthTime.Before(now) {
		now = in.AuthTime
	}
	return now.UTC().Truncate(time.Second)
}

// Started is a session that has just begun, or a sign-in that waits for the second factor.
type Started struct {
	Session Session
	User    User
	Cookie  Secret // its value is known here and to the browser only
	// Waiting names the sign-in that [Service.FinishSignIn] ends, for the same browser; there is no session then.
	Waiting      Secret
	RecoveryUsed bool // it was proven by a recovery code, of which RecoveryLeft are left
	RecoveryLeft int
}

// SignIn proves a person by password and starts a browser session, as [Service.StartSession] does. Errors as
// [Service.Authenticate].
func (s *Service) SignIn(ctx context.Context, in SignIn) (Started, error) {
	credential, err := s.Authenticate(ctx, in.Email, in.Password, in.Device)
	if err != nil {
		return Started{}, err
	}
	in.proof = Proof{PasswordHash: credential.PasswordHash}
	return s.StartSession(ctx, credential.User, in)
}

// wait keeps a sign-in that lacks the second factor.
func (s *Service) wait(ctx context.Context, user User, in SignIn) (Started, error) {
	waiting, now := NewSecret(), s.now().UTC().Truncate(time.Microsecond)
	err := s.store.BeginSignIn(ctx, WaitingSignIn{
		Hash: waiting.Hash(), UserID: user.ID, AuthTime: in.authTime(now), AMR: in.amr(),
		Remember: in.Remember, CreatedAt: now, ExpiresAt: now.Add(signInLife), Proof: in.proof,
	})
	if err != nil {
		return Started{}, fmt.Errorf("keeping a sign-in: %w", err)
	}
	return Started{User: user, Waiting: waiting}, nil
}

// StartSession starts a browser session for a person who has just been proven, such as by registration. When a second
// factor is due, the sign-in waits for it instead. The cookie value is new each time.
func (s *Service) StartSession(ctx context.Context, user User, in SignIn) (started Started, err error) {
	if user.SecondFactor && !slices.Contains(in.AMR, AMRMulti) {
		return s.wait(ctx, user, in) // it is counted when it ends
	}
	defer func() { s.counts.login(err) }()
	started, err = s.prepareSession(user, in)
	if err != nil {
		return Started{}, err
	}
	event := Event{UserID: user.ID, Type: "login_success", Device: in.Device}
	started.Session, err = s.store.StartSession(ctx, started.Session, in.Replaces.Hash(), event)
	if err != nil {
		return Started{}, fmt.Errorf("starting a session: %w", err)
	}
	return started, nil
}

// prepareSession makes a browser session that is not stored yet.
func (s *Service) prepareSession(user User, in SignIn) (Started, error) {
	session, err := s.newSession(user, in.Device)
	if err != nil {
		return Started{}, err
	}
	secret := NewSecret()
	session.AMR, session.AuthTime, session.CookieHash = in.amr(), in.authTime(session.CreatedAt), secret.Hash()
	session.IdleFor, session.Proof = sessionIdle, in.proof
	session.ExpiresAt = session.CreatedAt.Add(sessionShort)
	if in.Remember {
		session.IdleFor = 0
		session.ExpiresAt = session.CreatedAt.Add(sessionRemember)
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
		AuthTime: now.Truncate(time.Second), AMR: []string{AMRPassword},
		LastActivityAt: now, CreatedAt: now,
	}, nil
}

// Session finds the live session of a cookie value. One that lacks the second factor of its person is none.
// [ErrNoSession].
func (s *Service) Session(ctx context.Context, cookie Secret) (Session, User, error) {
	hash := cookie.Hash()
	if hash == nil {
		return Session{}, User{}, ErrNoSession
	}
	return proven(s.store.SessionByCookie(ctx, hash))
}

// SessionByID finds a live session by its id, as [Service.Session] does. [ErrNoSession].
func (s *Service) SessionByID(ctx context.Context, id uuid.UUID) (Session, User, error) {
	return proven(s.store.SessionByID(ctx, id))
}

func proven(session Session, user User, err error) (Session, User, error) {
	if err == nil && FactorDue(session, user) {
		return Session{}, User{}, ErrNoSession
	}
	return session, user, err
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
