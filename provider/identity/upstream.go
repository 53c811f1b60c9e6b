package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Errors of sign-ins with other providers.
var (
	// ErrNoEmail: the provider told no address that we accept, and a new account needs one.
	ErrNoEmail = errors.New("upstream provider told no usable address")
	// ErrLinkFirst: an account has the address, and nobody has proven to own both: the person signs in and links it.
	ErrLinkFirst = errors.New("the account is to be linked first")
	// ErrLinked: somebody else has linked this account, or the person another one of this provider.
	ErrLinked = errors.New("linked already")
	// ErrLastWay: it is the last way in.
	ErrLastWay = errors.New("the last way in cannot be removed")
	// ErrSignupClosed: there are no new accounts.
	ErrSignupClosed = errors.New("sign-up is closed")
)

// UpstreamPerson is who somebody is to another provider.
type UpstreamPerson struct {
	Provider      string // the name in our settings
	AccountID     string // stable there
	Email         string // may be empty
	EmailVerified bool
	Name          string    // may be empty
	AuthTime      time.Time // when the provider proved the person; zero: it does not say
}

// Linked is an account with an upstream provider by which a person signs in.
type Linked struct {
	ID        uuid.UUID
	UserID    uuid.UUID
	Provider  string
	AccountID string
	Email     string // as the provider told it when it was linked; may be empty
	CreatedAt time.Time
}

// Upstreams keeps accounts with upstream providers. Each method is one transaction.
type Upstreams interface {
	// LinkedUser finds the person of an account, also a disabled one. [ErrNotFound].
	LinkedUser(ctx context.Context, provider, accountID string) (User, error)
	// LinkedAccounts lists those of a person by provider.
	LinkedAccounts(ctx context.Context, userID uuid.UUID) ([]Linked, error)
	// LinkAccount stores a link. Other sessions go on. The same link again changes nothing. [ErrLinked]; [ErrNoSession].
	LinkAccount(ctx context.Context, c FactorChange, l Linked) error
	// LinkProven stores a link, and the event, for whoever has this proven address. The same link again changes nothing.
	// [ErrLinked]; [ErrLinkFirst] when the person has not; [ErrCredentials] when the person is not live.
	LinkProven(ctx context.Context, email Email, l Linked, e Event) error
	// ClaimAccount gives an account whose address was never proven to whoever has proven it now: everything that was
	// set before goes, such as the password, sessions, grants and links. The address is proven then, and the link
	// stored. [ErrLinkFirst] when the address was proven meanwhile or is another, else as LinkProven.
	ClaimAccount(ctx context.Context, email Email, l Linked, b LateBonus, e Event) error
	// UnlinkAccount removes a link and writes the event. [ErrNotFound]; [ErrLastWay].
	UnlinkAccount(ctx context.Context, userID uuid.UUID, provider string, e Event) error
}

// UpstreamSignIn is a person whom another provider has proven, in a browser.
type UpstreamSignIn struct {
	Person     UpstreamPerson
	SignupOpen bool
	// Discreet says that nothing tells whether an address is known that nobody has proven: who comes with one is signed in
	// once it is proven here, or gets a mail that it is known.
	Discreet bool
	Mail     MailTo // proves an address that the provider has not proven
	SignIn          // without address and password
}

// SignInUpstream starts a session for somebody whom another provider has proven, and makes an account when there is
// none. An account with the same address is linked when the provider says that the address is proven: a proven one as it
// is, another is taken from whoever made it. [ErrNoEmail], [ErrLinkFirst], [ErrSignupClosed], [ErrCredentials];
// [ErrUnverified], with the person, as [Service.Authenticate].
func (s *Service) SignInUpstream(ctx context.Context, in UpstreamSignIn) (Started, error) {
	user, err := s.welcome(ctx, in)
	if err != nil {
		s.counts.login(err)
		return Started{User: user}, err
	}
	in.AMR = []string{} // what the other provider has seen is not told by RFC 8176
	if in.AuthTime = in.Person.AuthTime; in.AuthTime.IsZero() {
		in.AuthTime = user.CreatedAt // nobody knows of a later proof: the provider may have asked nothing
	}
	in.proof = Proof{Provider: in.Person.Provider, AccountID: in.Person.AccountID}
	return s.StartSession(ctx, user, in.SignIn)
}

// welcome finds or makes the person, and says why they cannot sign in.
func (s *Service) welcome(ctx context.Context, in UpstreamSignIn) (User, error) {
	user, err := s.upstreamUser(ctx, in)
	if errors.Is(err, ErrEmailTaken) { // somebody was faster
		user, err = s.upstreamUser(ctx, in)
	}
	switch {
	case err != nil:
		return user, err
	case !user.Live():
		return User{}, ErrCredentials
	case !user.EmailVerified && (s.verified || in.Discreet && !in.Person.EmailVerified):
		return user, ErrUnverified
	}
	return user, nil
}

// upstreamUser finds or makes the person.
func (s *Service) upstreamUser(ctx context.Context, in UpstreamSignIn) (User, error) {
	user, err := s.store.LinkedUser(ctx, in.Person.Provider, in.Person.AccountID)
	if !errors.Is(err, ErrNotFound) {
		return user, err
	}
	email, err := ParseEmail(in.Person.Email)
	if err != nil {
		return User{}, ErrNoEmail
	}
	credential, err := s.store.Credential(ctx, email)
	if err == nil && in.Discreet && !in.Person.EmailVerified {
		return User{Email: email}, s.meetQuietly(ctx, email, in)
	}
	switch user := credential.User; {
	case errors.Is(err, ErrNotFound):
		return s.registerUpstream(ctx, email, in)
	case err != nil:
		return User{}, fmt.Errorf("reading a credential: %w", err)
	case !user.Live():
		return User{}, ErrCredentials
	case !in.Person.EmailVerified:
		return User{}, ErrLinkFirst
	case user.EmailVerified:
		return s.linkProven(ctx, user, in)
	default:
		return s.claimUpstream(ctx, user, in)
	}
}

// LinkUpstream links an account to a signed-in person, whose session gets a new cookie. [ErrLinked].
func (s *Service) LinkUpstream(ctx context.Context, session Session, p UpstreamPerson, d Device) (Secured, error) {
	link, err := s.link(session.UserID, p)
	if err != nil {
		return Secured{}, err
	}
	change := s.change(session, upstreamEvent("account_linked", link, d))
	if err := s.store.LinkAccount(ctx, change.FactorChange, link); err != nil {
		return Secured{}, fmt.Errorf("linking an account: %w", err)
	}
	return change.secured(session, nil), nil
}

// linkProven links an account to the person who has proven the same address.
func (s *Service) linkProven(ctx context.Context, user User, in UpstreamSignIn) (User, error) {
	link, err := s.link(user.ID, in.Person)
	if err != nil {
		return User{}, err
	}
	if err := s.store.LinkProven(ctx, user.Email, link, upstreamEvent("account_linked", link, in.Device)); err != nil {
		return User{}, fmt.Errorf("linking an account: %w", err)
	}
	return user, nil
}

// UnlinkUpstream removes a link. [ErrNotFound], [ErrLastWay].
func (s *Service) UnlinkUpstream(ctx context.Context, userID uuid.UUID, provider string, d Device) error {
	link := Linked{UserID: userID, Provider: provider}
	if err := s.store.UnlinkAccount(ctx, userID, provider, upstreamEvent("account_unlinked", link, d)); err != nil {
		return fmt.Errorf("unlinking an account: %w", err)
	}
	return nil
}

// LinkedAccounts lists the accounts with other providers of a person.
func (s *Service) LinkedAccounts(ctx context.Context, userID uuid.UUID) ([]Linked, error) {
	return s.store.LinkedAccounts(ctx, userID)
}

// meetQuietly does for a known address what would be done for another that is not proven either: there is a mail, and
// nobody is signed in before the address is proven.
func (s *Service) meetQuietly(ctx context.Context, email Email, in UpstreamSignIn) error {
	if !in.SignupOpen {
		return ErrSignupClosed
	}
	err := s.requestLink(ctx, string(email), MailExists, in.Mail, Event{Type: "register_repeated", Device: in.Device})
	if err != nil {
		return err
	}
	return ErrUnverified
}

func (s *Service) claimUpstream(ctx context.Context, user User, in UpstreamSignIn) (User, error) {
	link, err := s.link(user.ID, in.Person)
	if err != nil {
		return User{}, err
	}
	bonus, err := s.lateBonus(user.Email)
	if err != nil {
		return User{}, err
	}
	if err := s.store.ClaimAccount(ctx, user.Email, link, bonus, upstreamEvent("account_claimed", link, in.Device)); err != nil {
		return User{}, fmt.Errorf("claiming an account: %w", err)
	}
	return s.store.UserByID(ctx, user.ID)
}

// registerUpstream makes a person without a password.
func (s *Service) registerUpstream(ctx context.Context, email Email, in UpstreamSignIn) (_ User, err error) {
	defer func() { s.counts.signup(err) }()
	if !in.SignupOpen {
		return User{}, ErrSignupClosed
	}
	account, err := s.newAccount(email, in.Person.EmailVerified, in.Device)
	if err != nil {
		return User{}, err
	}
	if name := strings.TrimSpace(in.Person.Name); validName(name) {
		account.User.Name = name
	}
	link, err := s.link(account.User.ID, in.Person)
	if err != nil {
		return User{}, err
	}
	if !in.Person.EmailVerified {
		if account.Link, account.Mail, err = s.newLink(MailVerify, in.Mail, verifyFor); err != nil {
			return User{}, err
		}
	}
	account.Linked = &link
	account.Event.Metadata = map[string]string{"provider": link.Provider}
	return s.store.CreateAccount(ctx, account)
}

func (s *Service) link(userID uuid.UUID, p UpstreamPerson) (Linked, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Linked{}, fmt.Errorf("making an id: %w", err)
	}
	return Linked{
		ID: id, UserID: userID, Provider: p.Provider, AccountID: p.AccountID, Email: cut(p.Email, 320),
		CreatedAt: s.now().UTC().Truncate(time.Microsecond),
	}, nil
}

func upstreamEvent(of string, l Linked, d Device) Event {
	return Event{UserID: l.UserID, Type: of, Device: d, Metadata: map[string]string{"provider": l.Provider}}
}
