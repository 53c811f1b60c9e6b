package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/VictoriaMetrics/metrics"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"mana/ledger"
)

// The limits of failed sign-ins per account, all networks together.
var loginLimits = []AttemptLimit{
	{Max: 5, Window: 15 * time.Minute},
	{Max: 100, Window: 24 * time.Hour},
}

const (
	maxName       = 255             // code points
	attemptWait   = 2 * time.Second // longest wait for attempts that still run
	attemptPause  = 25 * time.Millisecond
	bonusKeyLabel = "identity/bonus-claim"
	countKeyLabel = "identity/login-attempts"
)

// Config is what the service needs. All fields are required.
type Config struct {
	Store  Store
	Hasher *Hasher
	Ledger *ledger.Ledger
	// Derive gives a secret of 32 bytes for a label.
	Derive func(label string) []byte
	// Seal and Open keep the secrets of second factors at rest, each bound to its row.
	Seal func(row string, plain []byte) []byte
	Open func(row string, sealed []byte) ([]byte, error)
	Now  func() time.Time
	// WebAuthn checks passkeys; see [NewWebAuthn]. Nil: there are none.
	WebAuthn *webauthn.WebAuthn
	// RequireVerified keeps people out until they have proven their address.
	RequireVerified bool
	// BonusProven keeps the signup bonus back until the address is proven.
	BonusProven bool
	// Breaches are passwords that nobody may choose. Nil: there is no such list.
	Breaches *Breaches
	// SignupWork is how hard it is to register on a page, in bits, at most [MaxWork]. 0: it takes no work.
	SignupWork int
	// Metrics is where sign-ins are counted, nil if nowhere.
	Metrics *metrics.Set
}

// Service registers people and proves who they are. It is safe for concurrent use.
type Service struct {
	store       Store
	hasher      *Hasher
	ledger      *ledger.Ledger
	now         func() time.Time
	verified    bool
	bonusProven bool
	bonusKey    []byte
	countKey    []byte
	linkKey     []byte
	mailKey     []byte
	webauthn    *webauthn.WebAuthn
	breaches    *Breaches
	work        int
	recoveryKey []byte
	seal        func(row string, plain []byte) []byte
	open        func(row string, sealed []byte) ([]byte, error)
	counts      counts
	// registering lets one registration of an address at a time reach the hash: whoever comes later finds
	// the address taken, and costs none where that may be told.
	registering [64]chan struct{}
}

// New makes a service.
func New(cfg Config) *Service {
	s := &Service{
		store: cfg.Store, hasher: cfg.Hasher, ledger: cfg.Ledger, now: cfg.Now,
		verified: cfg.RequireVerified, bonusProven: cfg.BonusProven, breaches: cfg.Breaches, work: cfg.SignupWork,
		bonusKey: cfg.Derive(bonusKeyLabel), countKey: cfg.Derive(countKeyLabel),
		linkKey: cfg.Derive(linkKeyLabel), mailKey: cfg.Derive(mailKeyLabel),
		webauthn: cfg.WebAuthn, recoveryKey: cfg.Derive(recoveryKeyLabel), seal: cfg.Seal, open: cfg.Open,
		counts: newCounts(cfg.Metrics, cfg.Hasher),
	}
	for i := range s.registering {
		s.registering[i] = make(chan struct{}, 1)
	}
	return s
}

// Registration is a request for an account. Fields are as the person typed them.
type Registration struct {
	Email, Password, Name string
	Mail                  MailTo // for the link that proves the address
	Device                Device
}

// Faults lists all that is wrong with what was typed: [ErrEmail], [ErrPasswordLength] or [ErrPasswordCommon],
// [ErrName].
func (r Registration) Faults() []error {
	var faults []error
	email, err := ParseEmail(r.Email)
	if err != nil {
		faults = append(faults, err)
	}
	if err := CheckNewPassword(r.Password, email); err != nil {
		faults = append(faults, err)
	}
	if !validName(strings.TrimSpace(r.Name)) {
		faults = append(faults, ErrName)
	}
	return faults
}

// Register creates the person, the password, the wallet, the signup bonus, and the mail that proves the address, in one
// transaction. The error is the first of [Registration.Faults], [ErrPasswordBreached],
// [ErrEmailTaken] or [ErrBusy].
func (s *Service) Register(ctx context.Context, r Registration) (User, error) {
	return s.register(ctx, r, s.store.CreateAccount)
}

// register makes an account and has it stored.
func (s *Service) register(ctx context.Context, r Registration, store func(context.Context, NewAccount) (User, error)) (_ User, err error) {
	defer func() { s.counts.signup(err) }()
	email, done, err := s.claim(ctx, r)
	if err != nil {
		return User{}, err
	}
	defer done()
	if err := s.free(ctx, email); err != nil {
		return User{}, err
	}
	account, err := s.registered(ctx, email, r)
	if err != nil {
		return User{}, err
	}
	return store(ctx, account)
}

// registered hashes the password, and prepares the account.
func (s *Service) registered(ctx context.Context, email Email, r Registration) (NewAccount, error) {
	hash, err := s.hasher.Hash(ctx, r.Password)
	if err != nil {
		return NewAccount{}, err
	}
	account, err := s.newAccount(email, false, r.Device)
	if err != nil {
		return NewAccount{}, err
	}
	account.User.Name, account.PasswordHash = strings.TrimSpace(r.Name), hash
	account.MailKey, account.MailLimits = s.mailCount(email), mailLimits
	account.Link, account.Mail, err = s.newLink(MailVerify, r.Mail, verifyFor)
	return account, err
}

// newAccount prepares an account with its wallet, and no way in yet. An address that is not proven may have to be for
// the bonus.
func (s *Service) newAccount(email Email, proven bool, d Device) (NewAccount, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return NewAccount{}, fmt.Errorf("making an id: %w", err)
	}
	opening, err := s.ledger.Opening()
	if err != nil {
		return NewAccount{}, err
	}
	if s.bonusProven && !proven {
		opening.Bonus = 0
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	return NewAccount{
		User:       User{ID: id, Email: email, EmailVerified: proven, Role: RoleUser, CreatedAt: now, UpdatedAt: now},
		BonusClaim: keyed(s.bonusKey, email.Unfolded()),
		Opening:    opening,
		Event:      Event{UserID: id, Type: "register", Device: d},
	}, nil
}

// lateBonus is what whoever proves an address gets then, if bonuses wait for that.
func (s *Service) lateBonus(email Email) (LateBonus, error) {
	if !s.bonusProven {
		return LateBonus{}, nil
	}
	opening, err := s.ledger.Opening()
	return LateBonus{Claim: keyed(s.bonusKey, email.Unfolded()), Opening: opening}, err
}

// claim checks what was typed, and waits until no other registration of this address runs. The caller ends the claim.
func (s *Service) claim(ctx context.Context, r Registration) (_ Email, done func(), err error) {
	if faults := r.Faults(); len(faults) > 0 {
		return "", nil, faults[0]
	}
	email, err := ParseEmail(r.Email)
	if err != nil {
		return "", nil, err
	}
	if err := s.checkNew(r.Password, email); err != nil {
		return "", nil, err
	}
	place := s.registering[keyed(s.countKey, string(email))[0]%byte(len(s.registering))]
	select {
	case place <- struct{}{}:
		return email, func() { <-place }, nil
	case <-ctx.Done():
		return "", nil, ctx.Err()
	}
}

// free says with [ErrEmailTaken] that an address has an account.
func (s *Service) free(ctx context.Context, email Email) error {
	_, err := s.store.Credential(ctx, email)
	switch {
	case err == nil:
		return ErrEmailTaken
	case errors.Is(err, ErrNotFound):
		return nil
	default:
		return fmt.Errorf("reading a credential: %w", err)
	}
}

// Authenticate proves a person by password. Unknown, wrong, disabled and deleted are all
// [ErrCredentials] after the same work. [*LockedError] after too many failures, whether the account
// exists or not; [ErrBusy] when hashing is overloaded, which counts as no failure; [ErrUnverified] after the
// right password of somebody who has to prove the address first.
func (s *Service) Authenticate(ctx context.Context, email, password string, d Device) (credential Credential, err error) {
	defer func() {
		if err != nil { // a success is counted when the session is there
			s.counts.login(err)
		}
	}()
	address, err := ParseEmail(email)
	if err != nil {
		return Credential{}, err
	}
	credential, err = s.confirm(ctx, address, password, d)
	if err == nil && s.verified && !credential.User.EmailVerified {
		return Credential{}, ErrUnverified
	}
	return credential, err
}

// confirm holds a password against that of the person who has the address, and counts the attempt.
func (s *Service) confirm(ctx context.Context, address Email, password string, d Device) (Credential, error) {
	attempt, err := s.takeAttempt(ctx, keyed(s.countKey, string(address)), loginLimits)
	if err != nil {
		return Credential{}, err
	}
	credential, err := s.checkPassword(ctx, address, password)
	switch {
	case err == nil:
		return credential, s.giveBack(ctx, attempt)
	case errors.Is(err, ErrCredentials):
		event := Event{UserID: credential.User.ID, Type: "login_failure", Device: d}
		if fault := s.store.FailAttempt(context.WithoutCancel(ctx), attempt, loginLimits, event); fault != nil {
			return Credential{}, fmt.Errorf("recording a failed sign-in: %w", fault)
		}
		return Credential{}, ErrCredentials
	default: // our own fault is no failure of the person
		if fault := s.giveBack(ctx, attempt); fault != nil {
			return Credential{}, fault
		}
		return Credential{}, err
	}
}

// checkPassword gives the person, with [ErrCredentials] the one whose password was wrong.
func (s *Service) checkPassword(ctx context.Context, email Email, password string) (Credential, error) {
	credential, err := s.store.Credential(ctx, email)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Credential{}, fmt.Errorf("reading a credential: %w", err)
	}
	fits, err := s.hasher.Check(ctx, credential.PasswordHash, password)
	if err != nil {
		return Credential{}, err
	}
	if !fits || !credential.User.Live() {
		return credential, ErrCredentials
	}
	return credential, nil
}

// takeAttempt takes a place of the account's limits. A try that finds all places held by tries that
// still run waits for them, so that parallel sign-ins with the right password do not lock each other out.
func (s *Service) takeAttempt(ctx context.Context, key []byte, limits []AttemptLimit) (uuid.UUID, error) {
	deadline := time.Now().Add(attemptWait)
	for {
		attempt, err := s.store.TakeAttempt(ctx, key, limits)
		if err != nil {
			return uuid.Nil, fmt.Errorf("counting a sign-in: %w", err)
		}
		if attempt.ID != uuid.Nil {
			return attempt.ID, nil
		}
		if !attempt.Pending || time.Now().After(deadline) {
			return uuid.Nil, &LockedError{RetryAfter: max(attempt.RetryAfter, time.Second)}
		}
		select {
		case <-time.After(attemptPause):
		case <-ctx.Done():
			return uuid.Nil, ctx.Err()
		}
	}
}

func (s *Service) giveBack(ctx context.Context, attempt uuid.UUID) error {
	if err := s.store.ReturnAttempt(context.WithoutCancel(ctx), attempt); err != nil {
		return fmt.Errorf("returning a sign-in attempt: %w", err)
	}
	return nil
}

// UserByID finds a person, also a disabled or deleted one. [ErrNotFound].
func (s *Service) UserByID(ctx context.Context, id uuid.UUID) (User, error) {
	return s.store.UserByID(ctx, id)
}

// Roles lists the free role names of a person, in order.
func (s *Service) Roles(ctx context.Context, id uuid.UUID) ([]string, error) {
	return s.store.Roles(ctx, id)
}

// CountUsers tells how many people have an account.
func (s *Service) CountUsers(ctx context.Context) (int, error) { return s.store.CountUsers(ctx) }

func keyed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// validName reports whether a display name may be stored: one line of at most 255 characters without
// control characters and without controls of writing direction, which could forge what pages show.
func validName(name string) bool { return validLine(name, maxName) }

// validLine is validName for texts of at most limit characters.
func validLine(name string, limit int) bool {
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > limit {
		return false
	}
	for _, r := range name {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return false
		}
	}
	return true
}
