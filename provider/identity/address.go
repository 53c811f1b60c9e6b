package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

const (
	changeFor = time.Hour
	undoFor   = 7 * 24 * time.Hour
)

// AddressRequest asks for a link by mail to another address of a person.
type AddressRequest struct {
	UserID    uuid.UUID
	SessionID uuid.UUID
	Email     Email
	Link      NewLink
	Mail      NewMail
	// Keys count the mails of the person, and those to the address.
	Keys   [][]byte
	Limits []AttemptLimit
	Event  Event
}

// AddressChange is another address of a person, proven by a link that was mailed there.
type AddressChange struct {
	Hash []byte // of the link's secret
	// Undo takes the change back, by the mail to the address before, if that was proven. While an earlier change can be
	// taken back, Notice goes there instead, and so it does if it was not proven: whoever has it may be a stranger, who
	// must not get the account, and no more mails than Key, which counts those to the address, and Limits let through.
	Undo     NewLink
	UndoMail NewMail
	Notice   NewMail
	Key      []byte
	Limits   []AttemptLimit
	Bonus    LateBonus
	Event    Event // its person is filled in
}

// Addresses changes addresses of people. An address that somebody may still take back is taken for everybody else, also
// for new accounts. Each method is one transaction.
type Addresses interface {
	// RequestAddress makes a link for [PurposeChange] and its mail, in a session of the person. [ErrNoSession];
	// [*LockedError] beyond the limits.
	RequestAddress(ctx context.Context, r AddressRequest) error
	// ChangeAddress uses up a link for [PurposeChange]: its address is that of the person, and proven. [ErrEmailTaken],
	// which leaves the link as it is; [ErrLinkInvalid], [ErrLinkExpired].
	ChangeAddress(ctx context.Context, c AddressChange) (Link, error)
	// UndoAddress uses up a link for [PurposeUndo]: the person has the address of the link again. All ways in end, but for
	// a password that is set by a mail there, and so do all sessions. Errors as of ChangeAddress.
	UndoAddress(ctx context.Context, hash []byte, e Event) (Link, error)
}

// ChangeEmail sends a link to another address of a person, which becomes theirs by it. Nothing tells whether somebody
// has it. [ErrEmail], [*LockedError].
func (s *Service) ChangeEmail(ctx context.Context, session Session, email, language string, d Device) error {
	address, err := ParseEmail(email)
	if err != nil {
		return err
	}
	link, mail, err := s.newLink(MailChange, MailTo{Language: language}, changeFor)
	if err != nil {
		return err
	}
	err = s.store.RequestAddress(ctx, AddressRequest{
		UserID: session.UserID, SessionID: session.ID, Email: address, Link: link, Mail: mail, Limits: mailLimits,
		Keys:  [][]byte{keyed(s.mailKey, "change:"+session.UserID.String()), keyed(s.mailKey, string(address))},
		Event: Event{UserID: session.UserID, Type: "email_change_requested", Device: d},
	})
	if err != nil {
		return fmt.Errorf("requesting another address: %w", err)
	}
	return nil
}

// ConfirmChange uses up the link of [Service.ChangeEmail]. [ErrEmailTaken], [ErrLinkInvalid], [ErrLinkExpired].
func (s *Service) ConfirmChange(ctx context.Context, token Secret, language string, d Device) (Link, error) {
	link, err := s.Link(ctx, PurposeChange, token)
	if err != nil {
		return Link{}, err
	}
	bonus, err := s.lateBonus(link.Email)
	if err != nil {
		return Link{}, err
	}
	undo, mail, err := s.newLink(MailUndo, MailTo{Language: language}, undoFor)
	notice, fault := s.NewNotice(MailMoved, language)
	if err := errors.Join(err, fault); err != nil {
		return Link{}, err
	}
	return s.store.ChangeAddress(ctx, AddressChange{
		Hash: token.Hash(), Undo: undo, UndoMail: mail, Notice: notice, Bonus: bonus, Event: Event{Type: "email_changed", Device: d},
		Key: s.mailCount(link.User.Email), Limits: mailLimits,
	})
}

// UndoChange uses up the link that the address before got. [ErrEmailTaken], [ErrLinkInvalid], [ErrLinkExpired].
func (s *Service) UndoChange(ctx context.Context, token Secret, d Device) (Link, error) {
	if token.Hash() == nil {
		return Link{}, ErrLinkInvalid
	}
	return s.store.UndoAddress(ctx, token.Hash(), Event{Type: "email_restored", Device: d})
}
