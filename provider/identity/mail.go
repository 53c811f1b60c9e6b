package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// MailKind is what a mail says. Its link, if it has one, is of the purpose of the same kind.
type MailKind string

// The kinds of mails.
const (
	MailVerify          MailKind = "verify_email"     // with a link for [PurposeVerify]
	MailReset           MailKind = "reset_password"   // with a link for [PurposeReset]
	MailExists          MailKind = "account_exists"   // somebody tried to register the address once more
	MailPasswordChanged MailKind = "password_changed" // a notice
	MailChange          MailKind = "change_email"     // with a link for [PurposeChange], to the new address
	MailUndo            MailKind = "email_changed"    // with a link for [PurposeUndo], to the address before
	MailMoved           MailKind = "email_moved"      // a notice to an address between two others, or to one that was not proven
)

// The kinds of notices that a security event of the same name brings with it.
const (
	MailFactorOn       MailKind = "two_factor_enabled"
	MailFactorOff      MailKind = "two_factor_disabled"
	MailRecoveryUsed   MailKind = "recovery_code_used"
	MailPasskeyAdded   MailKind = "passkey_registered"
	MailPasskeyRemoved MailKind = "passkey_deleted"
	MailTokenReused    MailKind = "refresh_token_reused"
	MailLinked         MailKind = "account_linked"
	MailUnlinked       MailKind = "account_unlinked"
	MailClaimed        MailKind = "account_claimed"
	MailWithdrawn      MailKind = EventWithdrawn
	MailDeleted        MailKind = "account_deleted" // the last one, to the address that the person had
)

// MailLowBalance says that few credits are left. It is written with what made them few.
const MailLowBalance MailKind = "low_balance"

// LowBalance prepares a mail that says that few credits are left, in language where the profile names none.
func LowBalance(language string, now time.Time) NewMail {
	return NewMail{ID: uuid.Must(uuid.NewV7()), Kind: MailLowBalance, Language: language, ExpiresAt: now.Add(noticeFor)}
}

// Purpose is what the link in a mail of this kind is for, empty if it has none.
func (k MailKind) Purpose() Purpose {
	switch k {
	case MailVerify:
		return PurposeVerify
	case MailReset:
		return PurposeReset
	case MailChange:
		return PurposeChange
	case MailUndo:
		return PurposeUndo
	}
	return ""
}

// Asked reports whether a mail of this kind answers somebody who named the address; such acts are counted.
// The others tell a person about their account.
func (k MailKind) Asked() bool { return k.Purpose() != "" || k == MailExists || k == MailWithdrawn }

// Each reports whether each mail of this kind says something of its own. Of the others the latest one is enough.
func (k MailKind) Each() bool { return k == MailWithdrawn }

// UnprovenMails is how many mails a person whose address is not proven has had in an hour when notices stop: whoever made
// the account may have named the address of somebody else.
const UnprovenMails = 3

// noticeFor is how long a mail without a link is worth sending.
const noticeFor = 3 * 24 * time.Hour

// NewMail is a mail for the outbox, written in the transaction of what it tells about. It goes to the address that the
// person has then, in the language of the person's profile if that is one of ours.
type NewMail struct {
	ID        uuid.UUID // of its link too
	Kind      MailKind
	Language  string // "en" or "de"; empty: "en"
	ExpiresAt time.Time
}

// Mail is one mail of the outbox.
type Mail struct {
	NewMail
	UserID    uuid.UUID
	To        Email
	CreatedAt time.Time
	Attempts  int               // so far, the one under way included
	NextAt    time.Time         // of the next attempt
	SentAt    time.Time         // zero: not yet
	FailedAt  time.Time         // zero: not given up
	Fault     string            // of the last attempt
	About     map[string]string // metadata of the event that it tells of; nil: none
}

// Outbox keeps the mails that are to be sent. A mail is sent at least once. Each method is one transaction.
type Outbox interface {
	// LeaseMail takes a mail that is due, for one sender alone until lease is over, and counts the attempt.
	// [ErrNotFound] when none is due. Mails to people who are deleted, but [MailDeleted], and mails that are too old, are
	// not sent.
	LeaseMail(ctx context.Context, lease time.Duration) (Mail, error)
	// MailSent notes that a mail was handed over, if the attempt is still the last one. Of [MailDeleted] it forgets the
	// address.
	MailSent(ctx context.Context, m Mail) error
	// MailFailed notes why a mail was not handed over, if the attempt is still the last one, and when to try again;
	// a zero time gives it up.
	MailFailed(ctx context.Context, m Mail, fault string, again time.Time) error
	// Mails lists the newest mails, at most limit.
	Mails(ctx context.Context, limit int) ([]Mail, error)
	// Waiting counts the mails by kind that are neither sent nor given up, and tells since when the oldest one waits.
	Waiting(ctx context.Context) (map[MailKind]int, time.Time, error)
}

// MailDesk is what administrators see and do of mails that were not sent. Each method is one transaction.
type MailDesk interface {
	// Unsent lists the mails that wait and may still be sent, and those that were given up, the newest first.
	Unsent(ctx context.Context, limit int) ([]Mail, error)
	// RetryMail lets a mail that waits, or was given up, be sent at once, and writes the event. [ErrNotFound] when it was
	// sent or is too old; [ErrNotAdministrator].
	RetryMail(ctx context.Context, by Actor, id uuid.UUID, e Event) error
	// DropMail deletes a mail that was not sent, and writes the event. [ErrNotFound], [ErrNotAdministrator].
	DropMail(ctx context.Context, by Actor, id uuid.UUID, e Event) error
}

// Notice is the mail by which the person learns of an event, for the transaction that writes it; without a kind for
// events that are not worth one.
func (e Event) Notice(id uuid.UUID, now time.Time) NewMail {
	kind := MailKind(e.Type)
	switch kind {
	case MailFactorOn, MailFactorOff, MailRecoveryUsed, MailPasskeyAdded, MailPasskeyRemoved, MailTokenReused, MailLinked,
		MailUnlinked, MailClaimed, MailWithdrawn, MailDeleted:
		return NewMail{ID: id, Kind: kind, Language: e.Device.Language, ExpiresAt: now.Add(noticeFor)}
	}
	return NewMail{}
}

// NewNotice prepares a mail without a link, for the transaction of what it tells about.
func (s *Service) NewNotice(kind MailKind, language string) (NewMail, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return NewMail{}, fmt.Errorf("making an id: %w", err)
	}
	return NewMail{ID: id, Kind: kind, Language: language, ExpiresAt: s.now().Add(noticeFor)}, nil
}

// LinkOf gives the secret of the link in a mail, empty if it has none.
func (s *Service) LinkOf(m Mail) Secret {
	purpose := m.Kind.Purpose()
	if purpose == "" {
		return ""
	}
	return s.linkSecret(purpose, m.ID)
}
