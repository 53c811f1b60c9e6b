package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/provider"
	"mana/provider/identity"
)

// newLink is a link for a purpose that lives an hour, and a mail of its kind.
func newLink(kind identity.MailKind, now time.Time) (identity.NewLink, identity.NewMail) {
	id := uuid.Must(uuid.NewV7())
	return identity.NewLink{
			ID: id, Purpose: kind.Purpose(), Hash: identity.NewSecret().Hash(), ReturnTo: "https://a.example/", ExpiresAt: now.Add(time.Hour),
		},
		identity.NewMail{ID: id, Kind: kind, Language: "de", ExpiresAt: now.Add(time.Hour)}
}

// request asks for a link to an address, and gives the hash of its secret.
func request(t *testing.T, s Store, email string, kind identity.MailKind, now time.Time) []byte {
	t.Helper()
	link, mail := newLink(kind, now)
	err := s.Identity.RequestLink(t.Context(), identity.LinkRequest{
		Email: identity.Email(email), Link: link, Mail: mail, Unverified: kind == identity.MailVerify,
		Key: keyOf(email), Limits: []identity.AttemptLimit{{Max: 3, Window: time.Hour}}, Event: identity.Event{Type: "requested"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return link.Hash
}

func keyOf(email string) []byte {
	key := make([]byte, 32)
	copy(key, email)
	return key
}

func newReset(hash []byte, email string, now time.Time) identity.PasswordReset {
	_, mail := newLink(identity.MailPasswordChanged, now)
	return identity.PasswordReset{
		Hash: hash, PasswordHash: "new", AttemptKey: keyOf("tries of " + email), Mail: mail, Event: identity.Event{Type: "reset"},
	}
}

func testLinks(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	user := createUser(t, s, "ada@example.com", clock.Now())

	t.Run("only the newest link works, once, for its purpose, in its time", func(t *testing.T) {
		old := request(t, s, "ada@example.com", identity.MailVerify, clock.Now())
		hash := request(t, s, "ada@example.com", identity.MailVerify, clock.Now())
		_, err := s.Identity.ConfirmEmail(ctx, old, identity.LateBonus{}, identity.Event{})
		want(t, err, identity.ErrLinkInvalid)
		_, err = s.Identity.Link(ctx, identity.PurposeReset, hash)
		want(t, err, identity.ErrLinkInvalid)
		_, err = s.Identity.ResetPassword(ctx, newReset(hash, "ada@example.com", clock.Now()))
		want(t, err, identity.ErrLinkInvalid)
		clock.Add(time.Hour)
		for _, err := range []error{
			second(s.Identity.Link(ctx, identity.PurposeVerify, hash)), second(s.Identity.ConfirmEmail(ctx, hash, identity.LateBonus{}, identity.Event{})),
		} {
			want(t, err, identity.ErrLinkExpired)
		}
		hash = request(t, s, "ada@example.com", identity.MailVerify, clock.Now())
		link, err := s.Identity.Link(ctx, identity.PurposeVerify, hash)
		if err != nil || link.User.ID != user.ID || link.Email != "ada@example.com" || link.ReturnTo != "https://a.example/" {
			t.Errorf("got %v, %v", link, err)
		}
		if _, err := s.Identity.ConfirmEmail(ctx, hash, identity.LateBonus{}, identity.Event{Type: "email_verified"}); err != nil {
			t.Error(err)
		}
		if got, err := s.Identity.UserByID(ctx, user.ID); err != nil || !got.EmailVerified {
			t.Errorf("got %v, %v, want the address proven", got, err)
		}
		wantNumber(t, s, `SELECT count(*) FROM auth.security_events WHERE event_type = 'email_verified'
			AND user_id = (SELECT id FROM auth.users WHERE email = 'ada@example.com')`, 1)
		_, err = s.Identity.ConfirmEmail(ctx, hash, identity.LateBonus{}, identity.Event{})
		want(t, err, identity.ErrLinkInvalid)
	})
	t.Run("a link dies with the address that it was sent to", func(t *testing.T) {
		createUser(t, s, "old@example.com", clock.Now())
		hash := request(t, s, "old@example.com", identity.MailReset, clock.Now())
		if err := s.Exec(ctx, `UPDATE auth.users SET email = 'new@example.com' WHERE email = 'old@example.com'`); err != nil {
			t.Fatal(err)
		}
		_, err := s.Identity.ResetPassword(ctx, newReset(hash, "old@example.com", clock.Now()))
		want(t, err, identity.ErrLinkInvalid)
	})
	t.Run("nobody resets the password of a disabled account", func(t *testing.T) {
		createUser(t, s, "off@example.com", clock.Now())
		hash := request(t, s, "off@example.com", identity.MailReset, clock.Now())
		if err := s.Exec(ctx, `UPDATE auth.users SET disabled_at = created_at WHERE email = 'off@example.com'`); err != nil {
			t.Fatal(err)
		}
		_, err := s.Identity.ResetPassword(ctx, newReset(hash, "off@example.com", clock.Now()))
		want(t, err, identity.ErrLinkInvalid)
	})
	t.Run("an address gets so many mails, whether somebody has it or not", func(t *testing.T) {
		createUser(t, s, "often@example.com", clock.Now())
		for range 5 {
			request(t, s, "often@example.com", identity.MailReset, clock.Now())
			request(t, s, "nobody@example.com", identity.MailReset, clock.Now())
		}
		wantNumber(t, s, `SELECT count(*) FROM auth.verification_tokens WHERE target_email = 'often@example.com'`, 3)
		wantNumber(t, s, `SELECT count(*) FROM auth.mails WHERE address = 'often@example.com'`, 1)
		wantNumber(t, s, `SELECT count(*) FROM auth.mails WHERE address = 'nobody@example.com'`, 0)
		wantNumber(t, s, `SELECT count(*) FROM auth.security_events WHERE event_type = 'requested' AND user_id IS NULL`, 3)
	})
	t.Run("no mail to prove what is proven", func(t *testing.T) {
		request(t, s, "ada@example.com", identity.MailVerify, clock.Now())
		wantNumber(t, s, `SELECT count(*) FROM auth.verification_tokens WHERE target_email = 'ada@example.com' AND used_at IS NULL`, 0)
	})
	t.Run("old links and mails are deleted", func(t *testing.T) {
		clock.Add(26 * time.Hour)
		if _, err := s.Clean(ctx, 365*24*time.Hour); err != nil {
			t.Fatal(err)
		}
		wantNumber(t, s, `SELECT count(*) FROM auth.verification_tokens`, 0)
		wantNumber(t, s, `SELECT count(*) FROM auth.mails`, 0)
	})
}

func second[T any](_ T, err error) error { return err }

func testPasswords(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	saveClient(t, s, "mc_notes", clock.Now())

	// signedIn is a person with two sessions, an app with offline access, and a consent.
	signedIn := func(t *testing.T, email string) (identity.User, []identity.Session, *family) {
		t.Helper()
		user := createUser(t, s, email, clock.Now())
		sessions := []identity.Session{startSession(t, s, user, clock.Now()), startSession(t, s, user, clock.Now())}
		err := s.Provider.IssueCode(ctx, provider.CodeIssue{
			Grant: provider.Grant{
				Handle: identity.NewSecret().Hash()[:16], UserID: user.ID, ClientID: "mc_notes", SessionID: sessions[0].ID,
				Scopes: []string{"openid"}, AuthTime: clock.Now(), CreatedAt: clock.Now(),
			},
			Consent:  &provider.Consent{UserID: user.ID, ClientID: "mc_notes", Scopes: []string{"openid"}, UpdatedAt: clock.Now()},
			CodeHash: identity.NewSecret().Hash(), ExpiresIn: time.Minute,
		}, provider.Allow)
		if err != nil {
			t.Fatal(err)
		}
		return user, sessions, newFamily(t, s, clock, sessions[1], true)
	}
	t.Run("a reset ends everything", func(t *testing.T) {
		user, sessions, app := signedIn(t, "ada@example.com")
		tries := keyOf("tries of ada@example.com")
		limits := []identity.AttemptLimit{{Max: 1, Window: time.Hour}}
		if got, err := s.Identity.TakeAttempt(ctx, tries, limits); err != nil || got.ID == uuid.Nil {
			t.Fatalf("got %v, %v", got, err)
		}
		hash := request(t, s, "ada@example.com", identity.MailReset, clock.Now())
		link, err := s.Identity.ResetPassword(ctx, newReset(hash, "ada@example.com", clock.Now()))
		if err != nil || link.User.ID != user.ID {
			t.Fatalf("got %v, %v", link, err)
		}
		credential, err := s.Identity.Credential(ctx, "ada@example.com")
		if err != nil || credential.PasswordHash != "new" || !credential.User.EmailVerified {
			t.Errorf("got %v, %v, want the new password and a proven address", credential, err)
		}
		for _, session := range sessions {
			_, _, err := s.Identity.SessionByID(ctx, session.ID)
			want(t, err, identity.ErrNoSession)
		}
		_, err = app.refresh(t, app.token, true)
		want(t, err, provider.ErrInvalidGrant)
		if got, err := s.Identity.TakeAttempt(ctx, tries, limits); err != nil || got.ID == uuid.Nil {
			t.Errorf("got %v, %v, want the failures forgiven", got, err)
		}
		wantNumber(t, s, `SELECT count(*) FROM auth.mails WHERE kind = 'password_changed' AND address = 'ada@example.com'`, 1)
		wantNumber(t, s, `SELECT count(*) FROM auth.security_events WHERE event_type = 'reset'`, 1)
	})
	t.Run("what was allowed stays where the address was proven", func(t *testing.T) {
		user, _, _ := signedIn(t, "proven@example.com")
		stranger, _, _ := signedIn(t, "stranger@example.com")
		_, err := s.Identity.ReviseProfile(ctx, user.ID, func(u *identity.User) error {
			u.EmailVerified = true
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, person := range []identity.User{user, stranger} {
			hash := request(t, s, string(person.Email), identity.MailReset, clock.Now())
			if _, err := s.Identity.ResetPassword(ctx, newReset(hash, string(person.Email), clock.Now())); err != nil {
				t.Fatal(err)
			}
		}
		for person, n := range map[uuid.UUID]int{user.ID: 1, stranger.ID: 0} {
			if got, err := s.Provider.Consent(ctx, person, "mc_notes"); err != nil || len(got.Scopes) != n {
				t.Errorf("got %v, %v, want %d scopes", got, err, n)
			}
		}
	})
	t.Run("a link that was handed over proves no address", func(t *testing.T) {
		user, _, _ := signedIn(t, "given@example.com")
		link, _ := newLink(identity.MailReset, clock.Now())
		link.ByHand = true
		issue := func(person uuid.UUID, by identity.Actor) error {
			event := identity.Event{UserID: person, Type: "handed_over"}
			return s.Identity.IssueLink(ctx, by, identity.IssuedLink{UserID: person, Link: link, Event: event})
		}
		want(t, issue(user.ID, identity.Actor{Admin: user.ID}), identity.ErrNotAdministrator)
		if err := issue(user.ID, operator()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Identity.ResetPassword(ctx, newReset(link.Hash, "given@example.com", clock.Now())); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Identity.UserByID(ctx, user.ID); err != nil || got.EmailVerified {
			t.Errorf("got %v, %v, want an unproven address", got, err)
		}
		want(t, issue(uuid.New(), operator()), identity.ErrNotFound)
	})
	t.Run("a change keeps the session at hand", func(t *testing.T) {
		user, sessions, app := signedIn(t, "change@example.com")
		hash := request(t, s, "change@example.com", identity.MailReset, clock.Now())
		_, mail := newLink(identity.MailPasswordChanged, clock.Now())
		change := identity.PasswordChange{
			UserID: user.ID, SessionID: sessions[0].ID, Old: "other", New: "new", Mail: mail, CookieHash: identity.NewSecret().Hash(),
			Event: identity.Event{UserID: user.ID, Type: "password_changed"},
		}
		want(t, s.Identity.ChangePassword(ctx, change), identity.ErrCredentials)
		change.Old = "hash"
		if err := s.Identity.ChangePassword(ctx, change); err != nil {
			t.Fatal(err)
		}
		if kept, _, err := s.Identity.SessionByCookie(ctx, change.CookieHash); err != nil || kept.ID != sessions[0].ID {
			t.Errorf("got %v, %v, want the session at hand by its new cookie", kept.ID, err)
		}
		_, _, err := s.Identity.SessionByCookie(ctx, sessions[0].CookieHash)
		want(t, err, identity.ErrNoSession)
		_, _, err = s.Identity.SessionByID(ctx, sessions[1].ID)
		want(t, err, identity.ErrNoSession)
		_, err = app.refresh(t, app.token, true)
		want(t, err, provider.ErrInvalidGrant)
		_, err = s.Identity.Link(ctx, identity.PurposeReset, hash)
		want(t, err, identity.ErrLinkInvalid)
		wantNumber(t, s, `SELECT count(*) FROM auth.security_events WHERE event_type = 'password_changed'`, 1)
	})
}

func testOutbox(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	const lease = time.Minute
	account := newAccount("ada@example.com", clock.Now())
	account.Link, account.Mail = newLink(identity.MailVerify, clock.Now())
	if _, err := s.Identity.CreateAccount(ctx, account); err != nil {
		t.Fatal(err)
	}
	waiting, oldest, err := s.Identity.Waiting(ctx)
	if err != nil || waiting[identity.MailVerify] != 1 || !oldest.Equal(clock.Now()) {
		t.Errorf("got %v, %v, %v, want one mail of now", waiting, oldest, err)
	}

	t.Run("one sender has a mail until its lease is over", func(t *testing.T) {
		outcomes := race(16, func(int) error {
			_, err := s.Identity.LeaseMail(ctx, lease)
			return err
		})
		if outcomes[nil] != 1 || outcomes[identity.ErrNotFound] != 15 {
			t.Errorf("got %v, want one sender", outcomes)
		}
	})
	t.Run("a sender that lost it writes nothing", func(t *testing.T) {
		clock.Add(lease)
		first, err := s.Identity.LeaseMail(ctx, lease)
		if err != nil || first.Attempts != 2 || first.To != "ada@example.com" || first.Kind != identity.MailVerify || first.Language != "de" {
			t.Fatalf("got %v, %v", first, err)
		}
		clock.Add(lease)
		second, err := s.Identity.LeaseMail(ctx, lease)
		if err != nil || second.ID != first.ID {
			t.Fatalf("got %v, %v, want the mail again", second, err)
		}
		for _, err := range []error{s.Identity.MailSent(ctx, first), s.Identity.MailFailed(ctx, first, "late", time.Time{})} {
			if err != nil {
				t.Error(err)
			}
		}
		if all, err := s.Identity.Mails(ctx, 10); err != nil || len(all) != 1 || !all[0].SentAt.IsZero() || !all[0].FailedAt.IsZero() {
			t.Errorf("got %v, %v, want one mail under way", all, err)
		}
		if err := s.Identity.MailFailed(ctx, second, "no answer\x00", clock.Now().Add(time.Second)); err != nil {
			t.Error(err)
		}
		_, err = s.Identity.LeaseMail(ctx, lease)
		want(t, err, identity.ErrNotFound)
		clock.Add(time.Second)
		third, err := s.Identity.LeaseMail(ctx, lease)
		if err != nil || !contains(third.Fault, "no answer") {
			t.Fatalf("got %v, %v, want another attempt", third, err)
		}
		if err := s.Identity.MailSent(ctx, third); err != nil {
			t.Error(err)
		}
		clock.Add(lease)
		_, err = s.Identity.LeaseMail(ctx, lease)
		want(t, err, identity.ErrNotFound)
	})
	for name, end := range map[string]func(t *testing.T, email string, hash []byte){
		"used": func(t *testing.T, email string, hash []byte) {
			_, err := s.Identity.ResetPassword(ctx, newReset(hash, email, clock.Now()))
			want(t, errors.Join(err, s.Exec(ctx, `UPDATE auth.mails SET sent_at = created_at WHERE kind = 'password_changed'`)), nil)
		},
		"too old": func(*testing.T, string, []byte) { clock.Add(time.Hour) },
		"given up": func(t *testing.T, _ string, _ []byte) {
			mail, err := s.Identity.LeaseMail(ctx, lease)
			want(t, errors.Join(err, s.Identity.MailFailed(ctx, mail, "refused", time.Time{})), nil)
			clock.Add(lease)
		},
		"deleted": func(t *testing.T, email string, _ []byte) {
			want(t, s.Exec(ctx, `UPDATE auth.users SET email = NULL, deleted_at = created_at WHERE email = '`+email+`'`), nil)
		},
	} {
		t.Run("not sent when "+name, func(t *testing.T) {
			email := "x" + uuid.NewString() + "@example.com"
			createUser(t, s, email, clock.Now())
			end(t, email, request(t, s, email, identity.MailReset, clock.Now()))
			_, err := s.Identity.LeaseMail(ctx, lease)
			want(t, err, identity.ErrNotFound)
		})
	}
}
