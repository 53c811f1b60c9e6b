package storagetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/provider"
	"mana/provider/identity"
)

// testOldPassword signs in by a password that is replaced after it was checked.
func testOldPassword(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	ways := map[string]func(user identity.User) error{
		"a session": func(user identity.User) error {
			session := newSession(user, clock.Now())
			session.Proof.PasswordHash = "hash"
			return second(s.Identity.StartSession(ctx, session, nil, identity.Event{UserID: user.ID, Type: "login_success"}))
		},
		"a first-party session": func(user identity.User) error {
			session := newSession(user, clock.Now())
			session.CookieHash, session.ClientID, session.Proof.PasswordHash = nil, provider.FirstPartyClient, "hash"
			return s.Provider.StartFirstParty(ctx, provider.FirstPartySession{
				Session: session, Event: identity.Event{UserID: user.ID, Type: "login_success"},
				Refresh: provider.NewRefresh{
					Hash: identity.NewSecret().Hash(), FamilyID: uuid.Must(uuid.NewV7()), Until: clock.Now().Add(time.Hour),
				},
			}, provider.Allow)
		},
		"a sign-in that waits": func(user identity.User) error {
			return s.Identity.BeginSignIn(ctx, identity.WaitingSignIn{
				Hash: identity.NewSecret().Hash(), UserID: user.ID, AuthTime: clock.Now(), AMR: []string{"pwd"},
				CreatedAt: clock.Now(), ExpiresAt: clock.Now().Add(10 * time.Minute), Proof: identity.Proof{PasswordHash: "hash"},
			})
		},
	}
	n := 0
	for name, begin := range ways {
		t.Run(name+" begins only while the password is the person's", func(t *testing.T) {
			n++
			user := createUser(t, s, fmt.Sprintf("%d@example.com", n), clock.Now())
			want(t, begin(user), nil)
			resetPassword(t, s, user, clock.Now())
			want(t, begin(user), identity.ErrCredentials)
		})
		t.Run(name+" beside a reset is refused or ended", func(t *testing.T) {
			n++
			user := createUser(t, s, fmt.Sprintf("%d@example.com", n), clock.Now())
			hash := request(t, s, string(user.Email), identity.MailReset, clock.Now())
			outcomes := race(32, func(i int) error {
				if i == 4 {
					return second(s.Identity.ResetPassword(ctx, newReset(hash, string(user.Email), clock.Now())))
				}
				return begin(user)
			})
			if outcomes[nil] == 0 || outcomes[nil]+outcomes[identity.ErrCredentials] != 32 {
				t.Errorf("got %v of 31 sign-ins and a reset", outcomes)
			}
			wantNumber(t, s, `SELECT count(*) FROM auth.sessions WHERE revoked_at IS NULL AND user_id = '`+user.ID.String()+`'`, 0)
			wantNumber(t, s, `SELECT count(*) FROM auth.sign_ins WHERE user_id = '`+user.ID.String()+`'`, 0)
		})
	}
	t.Run("a second factor beside a reset begins nothing that stays", func(t *testing.T) {
		user := createUser(t, s, "factor@example.com", clock.Now())
		withFactor(t, s, user, clock.Now())
		waiting := make([]identity.WaitingSignIn, 32)
		for i := range waiting {
			waiting[i] = beginSignIn(t, s, user, clock.Now())
		}
		hash := request(t, s, string(user.Email), identity.MailReset, clock.Now())
		race(32, func(i int) error {
			if i == 4 {
				return second(s.Identity.ResetPassword(ctx, newReset(hash, string(user.Email), clock.Now())))
			}
			return second(s.Identity.FinishSignIn(ctx, finishing(waiting[i], user, clock.Now(), identity.FactorProof{Step: int64(1000 + i)})))
		})
		wantNumber(t, s, `SELECT count(*) FROM auth.sessions WHERE revoked_at IS NULL AND user_id = '`+user.ID.String()+`'`, 0)
	})
}

// testDisowned sets ways in on an account that was never proven, while its owner takes it by a link.
func testDisowned(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	user := createUser(t, s, "ada@example.com", clock.Now())
	sessions := make([]identity.Session, 24)
	for i := range sessions {
		sessions[i] = startSession(t, s, user, clock.Now())
	}
	hash := request(t, s, string(user.Email), identity.MailReset, clock.Now())
	race(len(sessions), func(i int) error {
		name := fmt.Sprint(i)
		switch {
		case i == 4:
			return second(s.Identity.ResetPassword(ctx, newReset(hash, string(user.Email), clock.Now())))
		case i%3 == 0:
			return s.Identity.AddPasskey(ctx, changeIn(sessions[i], "passkey_registered"), newPasskey(user, name, 0, clock.Now()), 99)
		case i%3 == 1:
			return s.Identity.LinkAccount(ctx, changeIn(sessions[i], "account_linked"), linked(user, name, name, clock))
		}
		return s.Identity.OfferTOTP(ctx, user.ID, sessions[i].ID, []byte("sealed"))
	})
	for _, table := range []string{"passkeys", "accounts", "two_factor_auth"} {
		wantNumber(t, s, `SELECT count(*) FROM auth.`+table, 0)
	}
	wantNumber(t, s, `SELECT count(*) FROM auth.sessions WHERE revoked_at IS NULL`, 0)
}

func resetPassword(t *testing.T, s Store, user identity.User, now time.Time) {
	t.Helper()
	hash := request(t, s, string(user.Email), identity.MailReset, now)
	if _, err := s.Identity.ResetPassword(t.Context(), newReset(hash, string(user.Email), now)); err != nil {
		t.Fatal(err)
	}
}
