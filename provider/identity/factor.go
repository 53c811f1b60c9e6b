package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// How a person proved who they are (RFC 8176).
const (
	AMRPassword = "pwd"
	AMROneTime  = "otp"
	AMRMulti    = "mfa"
)

// The limits of wrong codes per account, all sessions together. A right password does not reset them.
var factorLimits = []AttemptLimit{{Max: 5, Window: 15 * time.Minute}}

const (
	signInLife       = 10 * time.Minute // of a sign-in that waits for the second factor
	recoveryKeyLabel = "identity/recovery-codes"
)

// Strong reports whether two different factors were proven for a session.
func (s Session) Strong() bool { return slices.Contains(s.AMR, AMRMulti) }

// FactorDue reports whether a session is of somebody with a second factor who has not proven it.
func FactorDue(s Session, u User) bool { return u.SecondFactor && !s.Strong() }

// Factors tells what a person has set up.
func (s *Service) Factors(ctx context.Context, userID uuid.UUID) (TwoFactor, error) {
	return s.store.TwoFactor(ctx, userID)
}

// OfferTOTP makes a key for an authenticator app, which counts once a code of it was shown. [ErrFactorSet] when an app
// is set up already.
func (s *Service) OfferTOTP(ctx context.Context, session Session) (TOTPKey, error) {
	secret := newTOTPSecret()
	return TOTPKey{secret}, s.store.OfferTOTP(ctx, session.UserID, session.ID, s.seal(session.UserID.String(), secret))
}

// offeredTOTP is the key that waits for its first code. [ErrNotFound] when none does.
func (s *Service) offeredTOTP(ctx context.Context, userID uuid.UUID) (TOTPKey, error) {
	factor, err := s.store.TwoFactor(ctx, userID)
	if err != nil {
		return TOTPKey{}, err
	}
	if factor.Secret == nil || !factor.EnabledAt.IsZero() {
		return TOTPKey{}, ErrNotFound
	}
	secret, err := s.open(userID.String(), factor.Secret)
	return TOTPKey{secret}, err
}

// Secured is a session after its person's factors changed.
type Secured struct {
	Session       Session
	Cookie        Secret   // replaces the earlier one
	RecoveryCodes []string // to be shown this once; nil when there are none
}

// EnableTOTP switches the offered key on, if the code is right, and gives the recovery codes. The session has proven
// the second factor with it; all others of the person end. [ErrCodeWrong], [ErrNotFound], [*LockedError].
func (s *Service) EnableTOTP(ctx context.Context, session Session, code string, d Device) (Secured, error) {
	change := s.change(session, Event{UserID: session.UserID, Type: "two_factor_enabled", Device: d})
	change.AMR = slices.Concat(without(session.AMR, AMROneTime, AMRMulti), []string{AMROneTime, AMRMulti})
	codes := newRecoveryCodes()
	err := s.counted(ctx, session.UserID, Event{UserID: session.UserID, Type: "two_factor_failure", Device: d}, func() error {
		key, err := s.offeredTOTP(ctx, session.UserID)
		if err != nil {
			return err
		}
		step, _ := totpStep(key.secret, typedCode(code), 0, s.now())
		if step == 0 {
			return ErrCodeWrong
		}
		return s.store.EnableTOTP(ctx, change.FactorChange, step, s.recoveryHashes(session.UserID, codes))
	})
	return change.secured(session, codes), err
}

// RemoveTOTP switches the second factor off, with its recovery codes, and ends all other sessions of the person.
// [ErrNotFound] when there is none.
func (s *Service) RemoveTOTP(ctx context.Context, session Session, d Device) (Secured, error) {
	change := s.change(session, Event{UserID: session.UserID, Type: "two_factor_disabled", Device: d})
	err := s.store.RemoveTOTP(ctx, change.FactorChange)
	return change.secured(session, nil), err
}

// RenewRecoveryCodes replaces all recovery codes of a person with a second factor. [ErrNotFound] without one.
func (s *Service) RenewRecoveryCodes(ctx context.Context, session Session, d Device) (Secured, error) {
	codes := newRecoveryCodes()
	change := s.change(session, Event{UserID: session.UserID, Type: "recovery_codes_renewed", Device: d})
	err := s.store.RenewRecoveryCodes(ctx, change.FactorChange, s.recoveryHashes(session.UserID, codes))
	return change.secured(session, codes), err
}

// change is a change of factors together with the new value of the session's cookie.
type change struct {
	FactorChange
	cookie Secret
}

func (s *Service) change(session Session, e Event) change {
	cookie := NewSecret()
	return change{FactorChange{
		UserID: session.UserID, SessionID: session.ID, CookieHash: cookie.Hash(), AMR: session.AMR, Event: e,
	}, cookie}
}

func (c change) secured(session Session, codes []string) Secured {
	session.AMR, session.CookieHash = c.AMR, c.CookieHash
	return Secured{Session: session, Cookie: c.cookie, RecoveryCodes: codes}
}

// FactorSignIn is a code that finishes a sign-in in a browser.
type FactorSignIn struct {
	Waiting  Secret // from [Started]
	Code     string // of the app, or a recovery code, as typed
	Replaces Secret // cookie of the session that this one replaces, or empty
	Device   Device
}

// WaitingSignIn finds whose sign-in waits for a second factor. [ErrNoSignIn].
func (s *Service) WaitingSignIn(ctx context.Context, waiting Secret) (User, error) {
	hash := waiting.Hash()
	if hash == nil {
		return User{}, ErrNoSignIn
	}
	_, user, err := s.store.SignIn(ctx, hash)
	return user, err
}

// FinishSignIn proves the second factor and starts the session that waited for it. [ErrNoSignIn] when nothing waits,
// [ErrCodeWrong], [ErrCodeUsed], [*LockedError] after too many wrong codes.
func (s *Service) FinishSignIn(ctx context.Context, in FactorSignIn) (started Started, err error) {
	defer func() { s.counts.login(err) }()
	hash := in.Waiting.Hash()
	if hash == nil {
		return Started{}, ErrNoSignIn
	}
	waiting, user, err := s.store.SignIn(ctx, hash)
	if err != nil {
		return Started{}, err
	}
	started, err = s.prepareSession(user, SignIn{Remember: waiting.Remember, Device: in.Device})
	if err != nil {
		return Started{}, err
	}
	started.Session.AuthTime = waiting.AuthTime // of the primary proof
	started.Session.AMR = append(slices.Clip(waiting.AMR), AMROneTime, AMRMulti)
	failure := Event{UserID: user.ID, Type: "login_failure", Device: in.Device, Metadata: map[string]string{"factor": AMROneTime}}
	kind := kindRecovery
	if isTOTP(typedCode(in.Code)) {
		kind = kindTOTP
	}
	err = s.counted(ctx, user.ID, failure, func() (err error) {
		defer func() { s.counts.factor(kind, err) }()
		proof, err := s.proveFactor(ctx, user.ID, in.Code)
		if err != nil {
			return err
		}
		success := Event{UserID: user.ID, Type: "login_success", Device: in.Device}
		done, err := s.store.FinishSignIn(ctx, FinishedSignIn{
			Hash: hash, Proof: proof, Session: started.Session, Replaced: in.Replaces.Hash(), Event: success,
		})
		started.Session, started.RecoveryUsed, started.RecoveryLeft = done.Session, proof.RecoveryHash != nil, done.RecoveryLeft
		return err
	})
	return started, err
}

// proveFactor finds out what a typed code proves, if it is right. Storage decides whether it was used meanwhile.
// [ErrCodeWrong], [ErrCodeUsed].
func (s *Service) proveFactor(ctx context.Context, userID uuid.UUID, text string) (FactorProof, error) {
	code := typedCode(text)
	if !isTOTP(code) {
		return FactorProof{RecoveryHash: s.recoveryHash(userID, code)}, nil
	}
	factor, err := s.store.TwoFactor(ctx, userID)
	if err != nil {
		return FactorProof{}, err
	}
	if factor.EnabledAt.IsZero() {
		return FactorProof{}, ErrCodeWrong
	}
	secret, err := s.open(userID.String(), factor.Secret)
	if err != nil {
		return FactorProof{}, fmt.Errorf("opening the secret of a second factor: %w", err)
	}
	step, used := totpStep(secret, code, factor.LastStep, s.now())
	switch {
	case step > 0:
		return FactorProof{Step: step}, nil
	case used:
		return FactorProof{}, ErrCodeUsed
	}
	return FactorProof{}, ErrCodeWrong
}

// counted runs the proof of a code within the limits of its account. A wrong or used code counts and is written down.
func (s *Service) counted(ctx context.Context, userID uuid.UUID, failure Event, prove func() error) error {
	attempt, err := s.takeAttempt(ctx, keyed(s.countKey, "factor:"+userID.String()), factorLimits)
	if err != nil {
		return err
	}
	err = prove()
	if errors.Is(err, ErrCodeWrong) || errors.Is(err, ErrCodeUsed) {
		if fault := s.store.FailAttempt(context.WithoutCancel(ctx), attempt, factorLimits, failure); fault != nil {
			return fmt.Errorf("recording a wrong code: %w", fault)
		}
		return err
	}
	return errors.Join(err, s.giveBack(ctx, attempt))
}

// recoveryHash is the stored form of a recovery code. It is keyed instead of slow: 80 random bits are not guessed.
func (s *Service) recoveryHash(userID uuid.UUID, code string) []byte {
	return keyed(s.recoveryKey, userID.String()+":"+typedCode(code))
}

func (s *Service) recoveryHashes(userID uuid.UUID, codes []string) [][]byte {
	hashes := make([][]byte, len(codes))
	for i, code := range codes {
		hashes[i] = s.recoveryHash(userID, code)
	}
	return hashes
}

// without is a list that lacks some values.
func without(list []string, values ...string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(value string) bool { return slices.Contains(values, value) })
}
