// Package identity knows who a person is: accounts, passwords, sessions, failed attempts and security
// events. It knows no OAuth.
//
// It promises that a password is only ever stored as Argon2id, that unknown and known addresses are
// answered alike and cost the same work, that guesses per account are counted in storage, and that a
// person, the password, the wallet and the signup bonus come into being in one transaction.
package identity

import (
	"errors"
	"maps"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
)

// Errors that callers tell apart.
var (
	// ErrEmailTaken: another live account uses this address.
	ErrEmailTaken = errors.New("email already registered")
	// ErrCredentials: unknown address, wrong password, disabled or deleted person, all alike.
	ErrCredentials = errors.New("invalid credentials")
	// ErrBusy: the queue for password hashing is full; try again in a second.
	ErrBusy = errors.New("password hashing is busy")
	// ErrNoSession: there is no live session for this cookie or id.
	ErrNoSession = errors.New("no live session")
	// ErrNotFound: there is no such person.
	ErrNotFound = errors.New("no such person")
	// ErrEmail: the address is not one we accept.
	ErrEmail = errors.New("invalid email address")
	// ErrPasswordLength: a new password has fewer than 8 or more than 128 characters.
	ErrPasswordLength = errors.New("password must be 8 to 128 characters")
	// ErrPasswordCommon: a new password is among the commonest, or is the address or product name.
	ErrPasswordCommon = errors.New("password is too common")
	// ErrPasswordBreached: a new password is in the list of [Breaches].
	ErrPasswordBreached = errors.New("password is known from a data breach")
	// ErrUnverified: the password was right, and the person has to prove the address first.
	ErrUnverified = errors.New("email not verified")
	// ErrLinkInvalid: a link is unknown, used, of another purpose, or of an account that has changed.
	ErrLinkInvalid = errors.New("this link is invalid")
	// ErrLinkExpired: a link was not used in its time.
	ErrLinkExpired = errors.New("this link has expired")
	// ErrNoSignIn: no sign-in waits for a second factor under this value, or it took too long.
	ErrNoSignIn = errors.New("no sign-in waits")
	// ErrCodeWrong: a code of an authenticator app, or a recovery code, is wrong.
	ErrCodeWrong = errors.New("wrong code")
	// ErrCodeUsed: such a code was used before.
	ErrCodeUsed = errors.New("code was used before")
	// ErrFactorSet: an authenticator app is set up already.
	ErrFactorSet = errors.New("second factor is set up already")
	// ErrName: a name is longer than 255 characters or holds control characters.
	ErrName = errors.New("invalid name")
	// ErrRole: a role does not exist, or is not a name that can be given.
	ErrRole = errors.New("invalid role")
	// ErrNotAdministrator: whoever acts is no administrator, or no longer.
	ErrNotAdministrator = errors.New("not an administrator")
	// ErrLastAdministrator: there would be no administrator left.
	ErrLastAdministrator = errors.New("the last administrator")
	// ErrSetupCode: the setup code is wrong, was used, or a newer one has taken its place.
	ErrSetupCode = errors.New("wrong setup code")
	// ErrSetupExpired: the setup code has expired.
	ErrSetupExpired = errors.New("setup code has expired")
	// ErrSetupDone: there is an administrator already.
	ErrSetupDone = errors.New("there is an administrator already")
)

// LockedError says that an account has seen too many failed sign-ins.
type LockedError struct{ RetryAfter time.Duration }

// Error implements error.
func (e *LockedError) Error() string { return "too many failed attempts" }

// Role is the coarse role of an account.
type Role string

// The roles.
const (
	RoleUser    Role = "user"
	RoleAdmin   Role = "admin"
	RoleService Role = "service"
)

// User is a person's account.
type User struct {
	ID            uuid.UUID
	Email         Email // empty once deleted
	EmailVerified bool
	Name          string // empty: not given
	AvatarURL     string
	Profile       Profile
	Role          Role
	SecondFactor  bool      // a password alone signs nobody in
	HasPasskey    bool      // a passkey is the stronger way in
	DisabledAt    time.Time // zero: enabled
	DeletedAt     time.Time // zero: not deleted
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Administrates reports whether the person has the rights of an administrator.
func (u User) Administrates() bool { return u.Live() && u.Role == RoleAdmin }

// Live reports whether the account may be used.
func (u User) Live() bool { return u.DisabledAt.IsZero() && u.DeletedAt.IsZero() }

// Session is one signed-in browser or first-party client of a person.
type Session struct {
	ID             uuid.UUID // the claims sid and sessionId
	UserID         uuid.UUID
	ClientID       string // empty for hosted sessions, "mana-first-party" for REST sessions
	CookieHash     []byte // SHA-256 of the cookie value; nil for REST sessions
	IPAddress      string
	UserAgent      string
	DeviceID       string
	DeviceName     string
	AuthTime       time.Time // whole second of the last primary proof
	AMR            []string  // RFC 8176
	LastActivityAt time.Time
	CreatedAt      time.Time
	ExpiresAt      time.Time     // absolute end
	IdleFor        time.Duration // ends earlier when unused this long; zero: no idle limit
	RevokedAt      time.Time     // zero: live
	Proof          Proof         // it is not kept
}

// Proof is what a session begins by and only while it holds: what ended while it was checked must not begin again. The
// zero value is a proof that storage decides on itself.
type Proof struct {
	PasswordHash        string // that a password was held against; empty: another proof
	Provider, AccountID string // of the account with another provider; empty: another proof
}

// Live reports whether the session is neither ended nor expired nor idle for too long.
func (s Session) Live(now time.Time) bool {
	idle := s.IdleFor > 0 && !s.LastActivityAt.Add(s.IdleFor).After(now)
	return s.RevokedAt.IsZero() && s.ExpiresAt.After(now) && !idle
}

// CookieUntil is when a browser forgets the cookie of the session; zero: when it is closed.
func (s Session) CookieUntil() time.Time {
	if s.IdleFor > 0 {
		return time.Time{}
	}
	return s.ExpiresAt
}

// Device is where a request came from, for sessions and security events.
type Device struct {
	IPAddress string
	UserAgent string
	ID        string // stated by a first-party client, may be empty
	Name      string // likewise
	Language  string // of its pages, "en" or "de"; may be empty, and is not kept
}

// Event is one entry of the security log.
type Event struct {
	UserID   uuid.UUID // uuid.Nil when nobody is known
	Type     string    // "register", "login_success", "login_failure", "logout", "account_locked", ...
	Device   Device
	Metadata map[string]string
}

// EventOf is the entry of the security log for a transaction, if there is one: for what the person did not do, which
// is a refund, and what an operator gave or took.
func EventOf(t ledger.Transaction) (e Event, wanted bool) {
	metadata := map[string]string{"actor": t.Actor, "amount": t.Amount.String(), "transactionId": t.ID.String()}
	e = Event{UserID: t.UserID, Metadata: metadata}
	switch {
	case t.Type == ledger.TypeRefund:
		e.Type = "credits_refunded"
		metadata["caller"], metadata["appId"], metadata["usageId"] = t.Caller, t.AppID, t.RelatedID.String()
	case t.Operator():
		e.Type = "credits_adjusted"
		metadata["before"], metadata["after"] = t.Before.String(), t.After.String()
	default:
		return Event{}, false
	}
	return e, true
}

// PastEvent is an event as it is stored.
type PastEvent struct {
	Event
	ID uuid.UUID
	At time.Time
}

// With is the event with one more fact about it.
func (e Event) With(name, value string) Event {
	metadata := maps.Clone(e.Metadata)
	if metadata == nil {
		metadata = make(map[string]string)
	}
	metadata[name] = value
	e.Metadata = metadata
	return e
}
