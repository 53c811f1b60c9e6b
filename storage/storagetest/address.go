package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"mana/provider/identity"
)

// asking asks for another address in a session, and gives the hash of the link.
func asking(t *testing.T, s Store, session identity.Session, email string, now time.Time) ([]byte, error) {
	t.Helper()
	link, mail := newLink(identity.MailChange, now)
	return link.Hash, s.Identity.RequestAddress(t.Context(), identity.AddressRequest{
		UserID: session.UserID, SessionID: session.ID, Email: identity.Email(email), Link: link, Mail: mail,
		Keys: [][]byte{keyOf(session.UserID.String()), keyOf(email)}, Limits: []identity.AttemptLimit{{Max: 3, Window: time.Hour}},
		Event: identity.Event{UserID: session.UserID, Type: "email_change_requested"},
	})
}

func addressChange(hash []byte, now time.Time) identity.AddressChange {
	undo, mail := newLink(identity.MailUndo, now)
	_, notice := newLink(identity.MailMoved, now)
	return identity.AddressChange{
		Hash: hash, Undo: undo, UndoMail: mail, Notice: notice, Event: identity.Event{Type: "email_changed"},
		Key: keyOf("old address"), Limits: []identity.AttemptLimit{{Max: 1, Window: time.Hour}},
	}
}

// provenUser makes a person with a proven address.
func provenUser(t *testing.T, s Store, email string, now time.Time) identity.User {
	t.Helper()
	user := createUser(t, s, email, now)
	hash := request(t, s, email, identity.MailVerify, now)
	if _, err := s.Identity.ConfirmEmail(t.Context(), hash, identity.LateBonus{}, identity.Event{Type: "email_verified"}); err != nil {
		t.Fatal(err)
	}
	return user
}

// mailed lists kinds and addresses of the mails of a person, the newest first.
func mailed(t *testing.T, s Store, user identity.User) (list []string) {
	t.Helper()
	mails, err := s.Identity.Mails(t.Context(), 50)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mails {
		if m.UserID == user.ID {
			list = append(list, string(m.Kind)+" "+string(m.To))
		}
	}
	return list
}

func testAddresses(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	t.Run("changed by a link to the new one, and back by one to the old one", func(t *testing.T) {
		user := provenUser(t, s, "ada@example.com", clock.Now())
		session := startSession(t, s, user, clock.Now())
		hash, err := asking(t, s, session, "new@example.com", clock.Now())
		want(t, err, nil)
		if got := mailed(t, s, user); got[0] != "change_email new@example.com" {
			t.Errorf("got %v, want a mail to the new address", got)
		}
		change := addressChange(hash, clock.Now())
		outcomes := race(16, func(int) error { return second(s.Identity.ChangeAddress(ctx, change)) })
		if outcomes[nil] != 1 || outcomes[identity.ErrLinkInvalid] != 15 {
			t.Errorf("got %v, want one change", outcomes)
		}
		got, err := s.Identity.UserByID(ctx, user.ID)
		if err != nil || got.Email != "new@example.com" || !got.EmailVerified {
			t.Errorf("got %+v, %v", got, err)
		}
		if got := mailed(t, s, user); got[0] != "email_changed ada@example.com" {
			t.Errorf("got %v, want a mail to the old address", got)
		}
		later, err := asking(t, s, session, "third@example.com", clock.Now())
		want(t, err, nil)
		want(t, second(s.Identity.ChangeAddress(ctx, addressChange(later, clock.Now()))), nil) // keeps the first undo
		if got := mailed(t, s, user); got[0] != "email_moved new@example.com" {
			t.Errorf("got %v, want a notice to the address between", got)
		}
		reset := request(t, s, "third@example.com", identity.MailReset, clock.Now())
		_, err = s.Identity.UndoAddress(ctx, hash, identity.Event{})
		want(t, err, identity.ErrLinkInvalid)
		want(t, second(s.Identity.UndoAddress(ctx, change.Undo.Hash, identity.Event{Type: "email_restored"})), nil)
		want(t, second(s.Identity.UndoAddress(ctx, change.Undo.Hash, identity.Event{Type: "email_restored"})), identity.ErrLinkInvalid)
		credential, err := s.Identity.Credential(ctx, "ada@example.com")
		if err != nil || credential.User.ID != user.ID || credential.PasswordHash != "" {
			t.Errorf("got %v, %v, want the address back, and no password", credential, err)
		}
		_, _, err = s.Identity.SessionByID(ctx, session.ID)
		want(t, err, identity.ErrNoSession)
		want(t, second(s.Identity.Link(ctx, identity.PurposeReset, reset)), identity.ErrLinkInvalid)
	})
	t.Run("one of somebody else stays theirs", func(t *testing.T) {
		createUser(t, s, "eve@example.com", clock.Now())
		bob := provenUser(t, s, "bob@example.com", clock.Now())
		hash, err := asking(t, s, startSession(t, s, bob, clock.Now()), "eve@example.com", clock.Now())
		want(t, err, nil)
		want(t, second(s.Identity.ChangeAddress(ctx, addressChange(hash, clock.Now()))), identity.ErrEmailTaken)
		want(t, second(s.Identity.Link(ctx, identity.PurposeChange, hash)), nil)
		if user, err := s.Identity.UserByID(ctx, bob.ID); err != nil || user.Email != "bob@example.com" {
			t.Errorf("got %v, %v", user, err)
		}
	})
	t.Run("the old one is nobody else's while it can be taken back", func(t *testing.T) { testReserved(t, s, clock) })
	t.Run("asked for in a live session, within limits", func(t *testing.T) {
		carl := provenUser(t, s, "carl@example.com", clock.Now())
		session := startSession(t, s, carl, clock.Now())
		for i := range 4 {
			_, err := asking(t, s, session, fmt.Sprintf("carl%d@example.com", i), clock.Now())
			if locked := new(identity.LockedError); errors.As(err, &locked) != (i == 3) {
				t.Errorf("got %v for mail %d", err, i)
			}
		}
		want(t, s.Identity.EndSession(ctx, session.ID, "logout", identity.Event{UserID: carl.ID, Type: "logout"}), nil)
		_, err := asking(t, s, session, "other@example.com", clock.Now())
		want(t, err, identity.ErrNoSession)
	})
	t.Run("ends with the sessions, and with its time", func(t *testing.T) {
		dora := createUser(t, s, "dora@example.com", clock.Now())
		hash, err := asking(t, s, startSession(t, s, dora, clock.Now()), "dora2@example.com", clock.Now())
		want(t, err, nil)
		resetPassword(t, s, dora, clock.Now())
		want(t, second(s.Identity.ChangeAddress(ctx, addressChange(hash, clock.Now()))), identity.ErrLinkInvalid)
		late, err := asking(t, s, startSession(t, s, dora, clock.Now()), "dora3@example.com", clock.Now())
		want(t, err, nil)
		clock.Add(25 * time.Hour)
		want(t, second(s.Identity.ChangeAddress(ctx, addressChange(late, clock.Now()))), identity.ErrLinkExpired)
	})
	t.Run("ends with the other sessions", func(t *testing.T) {
		erin := provenUser(t, s, "erin@example.com", clock.Now())
		own, ended := startSession(t, s, erin, clock.Now()), identity.Event{UserID: erin.ID, Type: identity.EventRevoked}
		for _, before := range []bool{false, true} { // the session that asked has ended before
			stolen := startSession(t, s, erin, clock.Now())
			hash, err := asking(t, s, stolen, "thief@example.net", clock.Now())
			want(t, err, nil)
			if before {
				want(t, s.Identity.EndSession(ctx, stolen.ID, "logout", ended), nil)
			}
			want(t, second(s.Identity.EndOtherSessions(ctx, erin.ID, own.ID, "revoked", ended)), nil)
			want(t, second(s.Identity.ChangeAddress(ctx, addressChange(hash, clock.Now()))), identity.ErrLinkInvalid)
		}
	})
	t.Run("ends with the session that the person ends", func(t *testing.T) {
		otto := provenUser(t, s, "otto@example.com", clock.Now())
		stolen, ended := startSession(t, s, otto, clock.Now()), identity.Event{UserID: otto.ID, Type: identity.EventRevoked}
		hash, err := asking(t, s, stolen, "thief@example.org", clock.Now())
		want(t, err, nil)
		want(t, s.Identity.EndSessionOf(ctx, otto.ID, stolen.ID, "revoked", ended), nil)
		want(t, second(s.Identity.ChangeAddress(ctx, addressChange(hash, clock.Now()))), identity.ErrLinkInvalid)
	})
	t.Run("an address that was never proven gets a notice without a link, and not many", func(t *testing.T) {
		for n, wanted := range [][]string{
			{"email_moved finn0@example.com", "change_email new0@example.com"}, {"change_email new1@example.com"},
		} {
			finn := createUser(t, s, fmt.Sprintf("finn%d@example.com", n), clock.Now())
			hash, err := asking(t, s, startSession(t, s, finn, clock.Now()), fmt.Sprintf("new%d@example.com", n), clock.Now())
			want(t, err, nil)
			change := addressChange(hash, clock.Now())
			want(t, second(s.Identity.ChangeAddress(ctx, change)), nil)
			if got := mailed(t, s, finn); !slices.Equal(got, wanted) {
				t.Errorf("got %v, want %v", got, wanted)
			}
			want(t, second(s.Identity.UndoAddress(ctx, change.Undo.Hash, identity.Event{})), identity.ErrLinkInvalid)
		}
	})
	t.Run("the same one again is only proven", func(t *testing.T) {
		ivy := createUser(t, s, "ivy@example.com", clock.Now())
		hash, err := asking(t, s, startSession(t, s, ivy, clock.Now()), "ivy@example.com", clock.Now())
		want(t, err, nil)
		want(t, second(s.Identity.ChangeAddress(ctx, addressChange(hash, clock.Now()))), nil)
		if got := mailed(t, s, ivy); !slices.Equal(got, []string{"change_email ivy@example.com"}) {
			t.Errorf("got %v, want no notice", got)
		}
	})
}

// testReserved: who took an account over cannot keep its owner from taking the address back, by an account that has it.
func testReserved(t *testing.T, s Store, clock *Clock) {
	ctx := t.Context()
	gina := provenUser(t, s, "gina@example.com", clock.Now())
	hash, err := asking(t, s, startSession(t, s, gina, clock.Now()), "thief@example.com", clock.Now())
	want(t, err, nil)
	change := addressChange(hash, clock.Now())
	want(t, second(s.Identity.ChangeAddress(ctx, change)), nil)
	want(t, second(s.Identity.CreateAccount(ctx, newAccount("gina@example.com", clock.Now()))), identity.ErrEmailTaken)
	thief := createUser(t, s, "accomplice@example.com", clock.Now())
	hash, err = asking(t, s, startSession(t, s, thief, clock.Now()), "gina@example.com", clock.Now())
	want(t, err, nil)
	want(t, second(s.Identity.ChangeAddress(ctx, addressChange(hash, clock.Now()))), identity.ErrEmailTaken)
	want(t, second(s.Identity.UndoAddress(ctx, change.Undo.Hash, identity.Event{Type: "email_restored"})), nil)

	hugo := provenUser(t, s, "hugo@example.com", clock.Now())
	session := startSession(t, s, hugo, clock.Now())
	for _, to := range []string{"hugo2@example.com", "hugo@example.com", "hugo3@example.com"} { // the owner moves as they like
		hash, err := asking(t, s, session, to, clock.Now())
		want(t, err, nil)
		want(t, second(s.Identity.ChangeAddress(ctx, addressChange(hash, clock.Now()))), nil)
	}
	clock.Add(time.Hour) // the link is over
	want(t, second(s.Identity.CreateAccount(ctx, newAccount("hugo@example.com", clock.Now()))), nil)
}
