package identity

import (
	"context"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
)

// NewAccount is everything that comes into being with a person.
type NewAccount struct {
	User         User
	PasswordHash string         // encoded Argon2id; empty: none
	BonusClaim   []byte         // keyed hash of the canonical address
	Opening      ledger.Opening // the wallet; without bonus when BonusClaim was used before
	Link         NewLink        // proves the address; no purpose: none
	Mail         NewMail
	// MailKey and MailLimits count the mails of the address, as in [LinkRequest]. Beyond the limits the account is made
	// without its mail. No key: not counted.
	MailKey    []byte
	MailLimits []AttemptLimit
	Linked     *Linked // with an upstream provider; nil: none
	Event      Event
}

// LateBonus is the signup bonus of somebody whose address is proven after the account was made. The zero value is none.
type LateBonus struct {
	Claim   []byte // keyed hash of the canonical address
	Opening ledger.Opening
}

// Deletion is everything that ends with a person.
type Deletion struct {
	UserID  uuid.UUID
	Closing ledger.Closing // of the wallet
	Event   Event          // without a device but its language: what is known of one is erased
	// Denied is the hash of the link for [PurposeVerify] on whose word the account ends, while nobody has proven the
	// address. Nil: it ends without one.
	Denied []byte
}

// Credential is what a sign-in by password is checked against.
type Credential struct {
	User         User
	PasswordHash string // empty if the person has none
}

// Attempt is one place of the limited number of sign-in attempts of an account.
type Attempt struct {
	ID         uuid.UUID     // uuid.Nil when refused
	RetryAfter time.Duration // when refused: until a place is free
	Pending    bool          // when refused: places are held by attempts not yet decided
}

// AttemptLimit bounds failed attempts by a sliding window.
type AttemptLimit struct {
	Max    int
	Window time.Duration
}

// Accounts keeps people. Each method is one transaction.
type Accounts interface {
	// CreateAccount stores the person, the password, the wallet with its opening transaction, the link with its mail,
	// and the event. [ErrEmailTaken] when a live account has the address; then nothing is written. The wallet gets no
	// bonus when the claim is known already; the claim is stored when the opening has a bonus.
	CreateAccount(ctx context.Context, a NewAccount) (User, error)
	// Credential finds a person that is not deleted by address. [ErrNotFound].
	Credential(ctx context.Context, email Email) (Credential, error)
	// UserByID finds a person, also disabled or deleted ones. [ErrNotFound].
	UserByID(ctx context.Context, id uuid.UUID) (User, error)
	// ReviseProfile stores what revise makes of name, picture, profile and whether the address is proven; all else of
	// the person is only to be read. An error of revise is returned, and nothing is stored. [ErrNotFound].
	ReviseProfile(ctx context.Context, id uuid.UUID, revise func(*User) error) (User, error)
	// DeleteAccount ends the sessions, grants and refresh tokens of a person, erases the password, consents, links, mails,
	// the profile and all devices, in the security log too, frees the address, closes the wallet and writes the event.
	// The rows of the ledger and the claim of the bonus stay. [ErrNotFound], also when deleted already;
	// [ErrLastAdministrator] when no other would be left; [ErrLinkInvalid] and [ErrLinkExpired] of the link.
	DeleteAccount(ctx context.Context, d Deletion) error
	// CountUsers tells how many people are not deleted.
	CountUsers(ctx context.Context) (int, error)
}

// Sessions keeps who is signed in where. Each method is one transaction.
type Sessions interface {
	// StartSession stores the session and the event if the person may sign in. The session whose cookie hash
	// is replaced (nil: none) is renewed under its own id when it is the same person's, else it ends.
	// [ErrCredentials] when the person is not live, or the proof does not hold any more.
	StartSession(ctx context.Context, s Session, replaced []byte, e Event) (Session, error)
	// SessionByCookie finds a live session of a live person by the hash of its cookie; now moves its last
	// activity, at most once a minute. [ErrNoSession].
	SessionByCookie(ctx context.Context, cookieHash []byte) (Session, User, error)
	// SessionByID finds a live session of a live person; activity as above. [ErrNoSession].
	SessionByID(ctx context.Context, id uuid.UUID) (Session, User, error)
	// EndSession revokes a session, its refresh families and the grants that are not offline. Ending an
	// ended or unknown session does nothing and writes no event.
	EndSession(ctx context.Context, id uuid.UUID, reason string, e Event) error
}

// Records are what a person sees of their own, and ends. Each method is one transaction.
type Records interface {
	// SessionsOf lists at most limit live sessions of a person, the one with the latest activity first.
	SessionsOf(ctx context.Context, userID uuid.UUID, limit int) ([]Session, error)
	// EndSessionOf is EndSession for a session of this person, and ends a change of address that waits. [ErrNoSession]
	// when it is somebody else's or has ended.
	EndSessionOf(ctx context.Context, userID, id uuid.UUID, reason string, e Event) error
	// EndOtherSessions is EndSession for all live sessions of a person but one, with one event that names their number,
	// and none when there are none. It gives the number. A change of the address that waits ends too: one of them, or one
	// that has ended before, may have asked for it.
	EndOtherSessions(ctx context.Context, userID, kept uuid.UUID, reason string, e Event) (int, error)
	// EventsOf lists at most limit events of a person that are older than one of them, the newest first; the nil UUID
	// begins with the newest.
	EventsOf(ctx context.Context, userID, before uuid.UUID, limit int) ([]PastEvent, error)
	// NoteEvent writes an event of a person.
	NoteEvent(ctx context.Context, e Event) error
}

// Attempts counts failed sign-ins per account, whether the account exists or not. The key is a keyed
// hash of the canonical address. Each method is one transaction.
type Attempts interface {
	// TakeAttempt takes a place before the password is checked, unless all places of a limit are taken.
	TakeAttempt(ctx context.Context, key []byte, limits []AttemptLimit) (Attempt, error)
	// FailAttempt keeps the place taken and writes the event, and a second one, "account_locked", when the
	// failure fills a limit.
	FailAttempt(ctx context.Context, id uuid.UUID, limits []AttemptLimit, e Event) error
	// ReturnAttempt gives the place back: the attempt succeeded, or our own fault ended it.
	ReturnAttempt(ctx context.Context, id uuid.UUID) error
}

// TwoFactor is the second factor of a person.
type TwoFactor struct {
	Secret       []byte    // sealed; nil: no authenticator app
	LastStep     int64     // of the code that was used last
	EnabledAt    time.Time // zero: the app has not shown a code yet
	RecoveryLeft int       // recovery codes that were not used
}

// FactorChange is a change of the factors of a person, made in one session. The session goes on, with a new cookie and
// what it has proven now; unless it is said otherwise, all others of the person end, with all grants and refresh tokens
// made in them.
type FactorChange struct {
	UserID     uuid.UUID
	SessionID  uuid.UUID
	CookieHash []byte
	AMR        []string
	Event      Event
}

// Factors keeps second factors. Each method is one transaction.
type Factors interface {
	// TwoFactor reads the second factor of a person; the zero value when there is none.
	TwoFactor(ctx context.Context, userID uuid.UUID) (TwoFactor, error)
	// OfferTOTP stores a sealed secret that does not count yet, in place of an earlier such one, in a session of the
	// person. [ErrFactorSet]; [ErrNoSession] when the session has ended.
	OfferTOTP(ctx context.Context, userID, sessionID uuid.UUID, sealed []byte) error
	// EnableTOTP lets the offered secret count, its code of step used, with these recovery codes instead of earlier
	// ones. [ErrNotFound] when none is offered; [ErrNoSession] when the session has ended.
	EnableTOTP(ctx context.Context, c FactorChange, step int64, recovery [][]byte) error
	// RemoveTOTP deletes the secret and the recovery codes. [ErrNotFound] when the person has none;
	// [ErrNoSession].
	RemoveTOTP(ctx context.Context, c FactorChange) error
	// RenewRecoveryCodes replaces all recovery codes. Other sessions go on. [ErrNotFound] for a person without second
	// factor; [ErrNoSession].
	RenewRecoveryCodes(ctx context.Context, c FactorChange, recovery [][]byte) error
}

// WaitingSignIn is a sign-in by password that waits for the second factor.
type WaitingSignIn struct {
	Hash      []byte // SHA-256 of the value that its browser holds
	UserID    uuid.UUID
	AuthTime  time.Time
	AMR       []string
	Remember  bool
	CreatedAt time.Time
	ExpiresAt time.Time
	Proof     Proof
}

// FactorProof is what a code proves: exactly one field is set.
type FactorProof struct {
	Step         int64 // of a code of the app
	RecoveryHash []byte
}

// FinishedSignIn is a second factor proven for a sign-in that waits.
type FinishedSignIn struct {
	Hash     []byte
	Proof    FactorProof
	Session  Session
	Replaced []byte // as in [Sessions]
	Event    Event
}

// FinishedSession is what a finished sign-in yields.
type FinishedSession struct {
	Session      Session
	RecoveryLeft int
}

// SignIns keeps sign-ins that wait for a second factor. Each method is one transaction.
type SignIns interface {
	// BeginSignIn stores a sign-in. [ErrCredentials] when the proof does not hold any more.
	BeginSignIn(ctx context.Context, w WaitingSignIn) error
	// SignIn finds a sign-in that waits, with its live person. [ErrNoSignIn].
	SignIn(ctx context.Context, hash []byte) (WaitingSignIn, User, error)
	// FinishSignIn uses up the code and the sign-in, each by one conditional statement, starts the session as
	// [Sessions] does, and writes the event, and another one, "recovery_code_used", for a recovery code. [ErrNoSignIn];
	// [ErrCodeUsed] for a code of the same step as one used before, or an earlier one, and for a used recovery code;
	// [ErrCodeWrong] for an unknown one. Then nothing is written.
	FinishSignIn(ctx context.Context, f FinishedSignIn) (FinishedSession, error)
}

// Store is what the package needs of a storage engine.
type Store interface {
	Accounts
	Sessions
	Records
	Attempts
	Links
	Addresses
	Upstreams
	Outbox
	Administration
	Tallies
	Setups
	Factors
	SignIns
	Challenges
	Passkeys
	WaysIn
	MailDesk
	Acts
}
