package identity

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Purpose is what a link is for. A link works for its own purpose only.
type Purpose string

// The purposes of links.
const (
	PurposeVerify Purpose = "email_verification"
	PurposeReset  Purpose = "password_reset"
	PurposeChange Purpose = "email_change"
	PurposeUndo   Purpose = "email_undo"
)

const (
	verifyFor = 24 * time.Hour
	resetFor  = time.Hour

	linkKeyLabel = "identity/links"
	mailKeyLabel = "identity/mails"
)

// quietly is what a sign-up that does not tell takes at least after the hash: far more than an account needs.
const quietly = 50 * time.Millisecond

// mailLimits bounds the mails that strangers can have sent to an address.
var mailLimits = []AttemptLimit{{Max: 3, Window: time.Hour}}

// NewLink is a link that is about to be made. Its secret is derived from its id, so that whoever sends it can make it
// again, and nobody can who has the database alone.
type NewLink struct {
	ID        uuid.UUID
	Purpose   Purpose
	Hash      []byte // of the secret
	ReturnTo  string // where its page leads afterwards, proven; may be empty
	ExpiresAt time.Time
	// ByHand says that it was not mailed, so that whoever follows it has proven no address.
	ByHand bool
}

// Link is a link that was made and still holds.
type Link struct {
	User     User
	Email    Email // that it proves, empty if it was handed over
	ReturnTo string
}

// LinkRequest asks for a link by mail to an address that need not exist.
type LinkRequest struct {
	Email      Email
	Link       NewLink // no purpose: the mail has no link
	Mail       NewMail
	Unverified bool // only if the address is not verified yet
	// Key counts the mails of the address.
	Key    []byte
	Limits []AttemptLimit
	Event  Event // its person is filled in
}

// IssuedLink is a link for somebody who did not ask for it.
type IssuedLink struct {
	UserID uuid.UUID
	Link   NewLink
	Mail   NewMail // no kind: the link is handed over
	Event  Event
}

// PasswordReset is a new password by a link.
type PasswordReset struct {
	Hash         []byte // of the link's secret
	PasswordHash string
	AttemptKey   []byte // whose failed sign-ins are forgiven
	Bonus        LateBonus
	Mail         NewMail
	Event        Event // its person is filled in
}

// PasswordChange is a new password of somebody who knows the old one.
type PasswordChange struct {
	UserID    uuid.UUID
	SessionID uuid.UUID // stays; the others end
	Old, New  string    // encoded hashes
	// CookieHash is that of the session's new cookie, if it is a browser's.
	CookieHash []byte
	Mail       NewMail
	Event      Event
}

// Links keeps what is proven by mail, and passwords. Each method is one transaction. Making a link ends the older ones
// of its purpose. [ErrLinkInvalid] and [ErrLinkExpired] are of links.
type Links interface {
	// RequestLink makes a link and its mail if a live person has the address, and does the same work if nobody has.
	// Beyond the limits it does neither.
	RequestLink(ctx context.Context, r LinkRequest) error
	// IssueLink makes a link on the word of an administrator, and its mail if there is one. [ErrNotAdministrator];
	// [ErrNotFound].
	IssueLink(ctx context.Context, by Actor, l IssuedLink) error
	// Link finds a link that would work now, by the hash of its secret.
	Link(ctx context.Context, purpose Purpose, hash []byte) (Link, error)
	// ConfirmEmail uses up a link for [PurposeVerify]: its address is proven. Whoever proves an address for the first
	// time, here or below, gets the bonus, unless its claim is known or the wallet has had one.
	ConfirmEmail(ctx context.Context, hash []byte, b LateBonus, e Event) (Link, error)
	// ResetPassword uses up a link for [PurposeReset]: the person has a new password, every session and refresh family
	// ends. If the address was not proven before, all that strangers could have set on the account goes too; if the
	// link was mailed, it is proven now.
	ResetPassword(ctx context.Context, r PasswordReset) (Link, error)
	// ChangePassword replaces the password if it still is the old one, and ends all other sessions and refresh
	// families, and all links to reset it. [ErrCredentials].
	ChangePassword(ctx context.Context, c PasswordChange) error
}

// MailTo is how a person wants to be written to, and where the page of the link leads afterwards.
type MailTo struct {
	Language string // "en" or "de"
	ReturnTo string // proven; may be empty
}

// mailCount is under what the mails of an address are counted.
func (s *Service) mailCount(address Email) []byte { return keyed(s.mailKey, string(address)) }

func (s *Service) linkSecret(purpose Purpose, id uuid.UUID) Secret {
	return Secret(base64.RawURLEncoding.EncodeToString(keyed(s.linkKey, string(purpose)+"/"+id.String())))
}

// newLink prepares a link and its mail.
func (s *Service) newLink(kind MailKind, to MailTo, life time.Duration) (NewLink, NewMail, error) {
	mail, err := s.NewNotice(kind, to.Language)
	if err != nil {
		return NewLink{}, NewMail{}, err
	}
	purpose := kind.Purpose()
	if purpose == "" {
		return NewLink{}, mail, nil
	}
	mail.ExpiresAt = s.now().UTC().Truncate(time.Microsecond).Add(life)
	return NewLink{
		ID: mail.ID, Purpose: purpose, Hash: s.linkSecret(purpose, mail.ID).Hash(), ReturnTo: to.ReturnTo, ExpiresAt: mail.ExpiresAt,
	}, mail, nil
}

// ForgotPassword sends a link to set a new password, if a live person has the address. Nothing tells whether one has.
// [ErrEmail].
func (s *Service) ForgotPassword(ctx context.Context, email string, to MailTo, d Device) error {
	return s.requestLink(ctx, email, MailReset, to, Event{Type: "password_reset_requested", Device: d})
}

// ResendVerification sends a link to prove the address, if a live person has it and has not proven it. Nothing tells
// whether one has. [ErrEmail].
func (s *Service) ResendVerification(ctx context.Context, email string, to MailTo, d Device) error {
	return s.requestLink(ctx, email, MailVerify, to, Event{Type: "email_verification_requested", Device: d})
}

func (s *Service) requestLink(ctx context.Context, email string, kind MailKind, to MailTo, e Event) error {
	address, err := ParseEmail(email)
	if err != nil {
		return err
	}
	life := resetFor
	if kind == MailVerify {
		life = verifyFor
	}
	link, mail, err := s.newLink(kind, to, life)
	if err != nil {
		return err
	}
	err = s.store.RequestLink(ctx, LinkRequest{
		Email: address, Link: link, Mail: mail, Unverified: kind == MailVerify,
		Key: s.mailCount(address), Limits: mailLimits, Event: e,
	})
	if err != nil {
		return fmt.Errorf("requesting a mail: %w", err)
	}
	return nil
}

// RegisterQuietly is [Service.Register] for pages that do not tell whether an address is taken: its person gets a mail
// that says so. Both cost the same hash, and what is stored then takes the same time: an account is more rows than a
// mail, so that either answer waits until [quietly] is over.
func (s *Service) RegisterQuietly(ctx context.Context, r Registration) error {
	email, done, err := s.claim(ctx, r)
	if err != nil {
		s.counts.signup(err)
		return err
	}
	defer done()
	taken := s.free(ctx, email)
	if taken != nil && !errors.Is(taken, ErrEmailTaken) {
		s.counts.signup(taken)
		return taken
	}
	account, err := s.registered(ctx, email, r)
	if err != nil {
		s.counts.signup(err)
		return err
	}
	over := time.After(quietly)
	if taken == nil {
		_, taken = s.store.CreateAccount(ctx, account)
	}
	s.counts.signup(taken)
	if errors.Is(taken, ErrEmailTaken) {
		taken = s.requestLink(ctx, r.Email, MailExists, r.Mail, Event{Type: "register_repeated", Device: r.Device})
	}
	<-over
	return taken
}

// HandOverReset makes a link to set a password that is not mailed but handed over. [ErrNotFound],
// [ErrNotAdministrator].
func (s *Service) HandOverReset(ctx context.Context, by Actor, user uuid.UUID, life time.Duration) (Secret, error) {
	link, _, err := s.newLink(MailReset, MailTo{}, life)
	if err != nil {
		return "", err
	}
	link.ByHand = true
	return s.linkSecret(link.Purpose, link.ID), s.issueReset(ctx, by, IssuedLink{UserID: user, Link: link}, "by hand")
}

// SendReset mails a person a link to set a password. [ErrNotFound], [ErrNotAdministrator].
func (s *Service) SendReset(ctx context.Context, by Actor, user uuid.UUID) error {
	link, mail, err := s.newLink(MailReset, MailTo{Language: by.Device.Language}, resetFor)
	if err != nil {
		return err
	}
	return s.issueReset(ctx, by, IssuedLink{UserID: user, Link: link, Mail: mail}, "by mail")
}

func (s *Service) issueReset(ctx context.Context, by Actor, l IssuedLink, how string) error {
	l.Event = Event{UserID: l.UserID, Type: "password_reset_requested", Metadata: map[string]string{"link": how}}
	if err := s.store.IssueLink(ctx, by, l); err != nil {
		return fmt.Errorf("making a link: %w", err)
	}
	return nil
}

// Link finds a link that would work now. [ErrLinkInvalid], [ErrLinkExpired].
func (s *Service) Link(ctx context.Context, purpose Purpose, token Secret) (Link, error) {
	hash := token.Hash()
	if hash == nil {
		return Link{}, ErrLinkInvalid
	}
	return s.store.Link(ctx, purpose, hash)
}

// VerifyEmail uses up a link that proves an address. [ErrLinkInvalid], [ErrLinkExpired].
func (s *Service) VerifyEmail(ctx context.Context, token Secret, d Device) (Link, error) {
	link, err := s.Link(ctx, PurposeVerify, token)
	if err != nil {
		return Link{}, err
	}
	bonus, err := s.lateBonus(link.Email)
	if err != nil {
		return Link{}, err
	}
	return s.store.ConfirmEmail(ctx, token.Hash(), bonus, Event{Type: "email_verified", Device: d})
}

// DenyAccount deletes an account on the word of whoever has its address and did not make it: who holds a link that would
// prove the address, which nobody has proven. [ErrLinkInvalid], [ErrLinkExpired].
func (s *Service) DenyAccount(ctx context.Context, token Secret, d Device) error {
	link, err := s.Link(ctx, PurposeVerify, token)
	if err != nil {
		return err
	}
	if link.User.EmailVerified || link.Email == "" {
		return ErrLinkInvalid
	}
	deletion, err := NewDeletion(s.ledger, link.User.ID, "owner of the address", "")
	if err != nil {
		return err
	}
	deletion.Denied = token.Hash()
	err = s.closeAccount(ctx, deletion, d)
	if errors.Is(err, ErrNotFound) {
		return ErrLinkInvalid // it was followed twice
	}
	return err
}

// ResetPassword uses up a link and sets a password. Nobody is signed in by it, everybody is signed out.
// [ErrLinkInvalid], [ErrLinkExpired]; [ErrPasswordLength], [ErrPasswordCommon] and
// [ErrPasswordBreached], which leave the link as it is.
func (s *Service) ResetPassword(ctx context.Context, token Secret, password, language string, d Device) (Link, error) {
	link, err := s.Link(ctx, PurposeReset, token)
	if err != nil {
		return Link{}, err
	}
	if err := s.checkNew(password, link.User.Email); err != nil {
		return Link{}, err
	}
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return Link{}, err
	}
	mail, err := s.NewNotice(MailPasswordChanged, language)
	if err != nil {
		return Link{}, err
	}
	bonus, err := s.lateBonus(link.User.Email)
	if err != nil {
		return Link{}, err
	}
	return s.store.ResetPassword(ctx, PasswordReset{
		Hash: token.Hash(), PasswordHash: hash, AttemptKey: keyed(s.countKey, string(link.User.Email)), Bonus: bonus, Mail: mail,
		Event: Event{Type: "password_reset_completed", Device: d},
	})
}

// NewPassword is a change of password by somebody who is signed in.
type NewPassword struct {
	UserID, SessionID uuid.UUID // the session stays, others end
	Current, Password string
	Language          string // of the notice
	Device            Device
}

// ChangePassword sets another password. A wrong current one is [ErrCredentials] and counts as a failed sign-in.
// [ErrPasswordLength], [ErrPasswordCommon], [ErrPasswordBreached], [*LockedError], [ErrBusy]. It gives the new cookie of
// the session, if that is a browser's.
func (s *Service) ChangePassword(ctx context.Context, c NewPassword) (Secret, error) {
	user, err := s.store.UserByID(ctx, c.UserID)
	if err != nil {
		return "", fmt.Errorf("reading a person: %w", err)
	}
	if err := s.checkNew(c.Password, user.Email); err != nil {
		return "", err
	}
	old, err := s.confirm(ctx, user.Email, c.Current, c.Device)
	if err != nil {
		return "", err
	}
	hash, err := s.hasher.Hash(ctx, c.Password)
	if err != nil {
		return "", err
	}
	mail, err := s.NewNotice(MailPasswordChanged, c.Language)
	if err != nil {
		return "", err
	}
	cookie := NewSecret()
	return cookie, s.store.ChangePassword(ctx, PasswordChange{
		UserID: user.ID, SessionID: c.SessionID, Old: old.PasswordHash, New: hash, Mail: mail, CookieHash: cookie.Hash(),
		Event: Event{UserID: user.ID, Type: "password_changed", Device: c.Device},
	})
}

// Invitation is an account that somebody else makes for a person.
type Invitation struct {
	Email, Name string
	Role        Role
	Actor       string        // who makes it, for the security log
	Life        time.Duration // of the link that sets the password
}

// Invite makes an account without a password, and a link that sets one and is handed over. [ErrEmail], [ErrName],
// [ErrEmailTaken].
func (s *Service) Invite(ctx context.Context, in Invitation) (User, Secret, error) {
	email, err := ParseEmail(in.Email)
	if err != nil {
		return User{}, "", err
	}
	if !validName(in.Name) {
		return User{}, "", ErrName
	}
	account, err := s.newAccount(email, false, Device{})
	if err != nil {
		return User{}, "", err
	}
	account.User.Name, account.User.Role = in.Name, in.Role
	account.Event.Metadata = map[string]string{"by": in.Actor, "role": string(in.Role)}
	if account.Link, _, err = s.newLink(MailReset, MailTo{}, in.Life); err != nil {
		return User{}, "", err
	}
	account.Link.ByHand = true
	user, err := s.store.CreateAccount(ctx, account)
	return user, s.linkSecret(PurposeReset, account.Link.ID), err
}
