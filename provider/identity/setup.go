package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// SetupFor is how long a setup link can be used.
const SetupFor = 30 * time.Minute

// SetupLink lets whoever has its code become an administrator, once.
type SetupLink struct {
	Hash      []byte // SHA-256 of the code
	Recover   bool   // also when there is an administrator
	ExpiresAt time.Time
}

// Setups keeps the one setup link. Each method is one transaction.
type Setups interface {
	// OfferSetup stores a link in place of the one before it, and the event. [ErrSetupDone] when there is an
	// administrator and the link is not for recovery.
	OfferSetup(ctx context.Context, link SetupLink, e Event) error
	// SetupOpen reports whether a link could be used now, by somebody who has its code: one is stored, expired or
	// not, and there is no administrator, or it is for recovery.
	SetupOpen(ctx context.Context) (bool, error)
	// CheckSetup says whether a code can be used. [ErrSetupCode], [ErrSetupExpired], [ErrSetupDone].
	CheckSetup(ctx context.Context, hash []byte) error
	// SetUp uses up the link and creates the account as CreateAccount does, as an administrator's. Errors of both;
	// then nothing is stored, and the link can be used again.
	SetUp(ctx context.Context, hash []byte, a NewAccount) (User, error)
	// PromoteBySetup uses up the link and makes a live person an administrator. [ErrNotFound], and the errors of
	// CheckSetup.
	PromoteBySetup(ctx context.Context, hash []byte, userID uuid.UUID, e Event) error
	// HasAdministrator reports whether a live person is one.
	HasAdministrator(ctx context.Context) (bool, error)
}

// OfferSetup makes a setup code, which ends any before it. Its link is for whoever runs the program. With again, it
// can be used although there is an administrator; else [ErrSetupDone].
func OfferSetup(ctx context.Context, store Setups, again bool, by Actor, now time.Time) (Secret, error) {
	code := NewSecret()
	link := SetupLink{Hash: code.Hash(), Recover: again, ExpiresAt: now.Add(SetupFor).UTC().Truncate(time.Microsecond)}
	kind := "setup_offered"
	if again {
		kind = "recovery_offered"
	}
	if err := store.OfferSetup(ctx, link, by.Sign(Event{Type: kind})); err != nil {
		return "", fmt.Errorf("storing a setup link: %w", err)
	}
	return code, nil
}

// SetupOpen reports whether somebody with a code could become an administrator now.
func (s *Service) SetupOpen(ctx context.Context) (bool, error) { return s.store.SetupOpen(ctx) }

// CheckSetup says whether a setup code can be used now. [ErrSetupCode], [ErrSetupExpired], [ErrSetupDone].
func (s *Service) CheckSetup(ctx context.Context, code Secret) error {
	hash := code.Hash()
	if hash == nil {
		return ErrSetupCode
	}
	return s.store.CheckSetup(ctx, hash)
}

// SetUp creates an administrator by a setup code. Errors of [Service.CheckSetup] and [Service.Register].
func (s *Service) SetUp(ctx context.Context, code Secret, r Registration) (User, error) {
	if err := s.CheckSetup(ctx, code); err != nil { // before a password is hashed for nothing
		return User{}, err
	}
	return s.register(ctx, r, func(ctx context.Context, a NewAccount) (User, error) {
		a.User.Role = RoleAdmin
		a.Event.Metadata = map[string]string{"by": "setup", "role": string(RoleAdmin)}
		return s.store.SetUp(ctx, code.Hash(), a)
	})
}

// Promote makes a person who is signed in an administrator by a setup code. [ErrNotFound], and the errors of
// [Service.CheckSetup].
func (s *Service) Promote(ctx context.Context, code Secret, user User, d Device) error {
	hash := code.Hash()
	if hash == nil {
		return ErrSetupCode
	}
	return s.store.PromoteBySetup(ctx, hash, user.ID, Event{
		UserID: user.ID, Type: "role_changed", Device: d,
		Metadata: map[string]string{"actor": "setup", "before": string(user.Role), "after": string(RoleAdmin)},
	})
}
