package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/provider"
	"mana/provider/identity"
)

const (
	raceRounds  = 50
	raceCallers = 64
)

// testRaces redeems every single-use value many times at one moment: one winner each, and for a rotating refresh
// token one successor for all.
func testRaces(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	user := createUser(t, s, "ada@example.com", clock.Now())
	saveClient(t, s, "mc_notes", clock.Now())
	session := startSession(t, s, user, clock.Now())
	for name, redeem := range map[string]func(t *testing.T) (func(int) error, error){
		"authorization code": func(t *testing.T) (func(int) error, error) {
			redemption, _ := issueCode(t, s, session, clock.Now())
			return func(int) error {
				_, err := s.Provider.RedeemCode(ctx, redemption, provider.Allow)
				return err
			}, provider.ErrInvalidGrant
		},
		"link to prove an address": func(t *testing.T) (func(int) error, error) {
			link := raceLink(t, s, user, identity.PurposeVerify, clock.Now())
			return func(int) error {
				_, err := s.Identity.ConfirmEmail(ctx, link, identity.LateBonus{}, identity.Event{Type: "email_verified"})
				return err
			}, identity.ErrLinkInvalid
		},
		"link to set a password": func(t *testing.T) (func(int) error, error) {
			other := createUser(t, s, uuid.NewString()+"@example.com", clock.Now())
			reset := newReset(raceLink(t, s, other, identity.PurposeReset, clock.Now()), string(other.Email), clock.Now())
			return func(int) error {
				_, err := s.Identity.ResetPassword(ctx, reset)
				return err
			}, identity.ErrLinkInvalid
		},
		"authorization request, refused": func(t *testing.T) (func(int) error, error) {
			r := storeRequest(t, s, "mc_notes", clock.Now())
			return func(int) error { return s.Provider.ConsumeRequest(ctx, r.Hash) }, provider.ErrNoRequest
		},
		"authorization request, approved": func(t *testing.T) (func(int) error, error) {
			r := storeRequest(t, s, "mc_notes", clock.Now())
			return func(int) error {
				return s.Provider.IssueCode(ctx, provider.CodeIssue{
					RequestHash: r.Hash, CodeHash: identity.NewSecret().Hash(), ExpiresIn: time.Minute,
					Grant: provider.Grant{
						Handle: identity.NewSecret().Hash()[:16], UserID: user.ID, ClientID: "mc_notes", SessionID: session.ID,
						Scopes: []string{"openid"}, AuthTime: clock.Now(), CreatedAt: clock.Now(),
					},
				}, provider.Allow)
			}, provider.ErrNoRequest
		},
		"refresh token after the grace": func(t *testing.T) (func(int) error, error) {
			f := newFamily(t, s, clock, session, true)
			if _, err := f.refresh(t, f.token, true); err != nil {
				t.Fatal(err)
			}
			clock.Add(refreshGrace)
			return func(int) error {
				_, err := f.refresh(t, f.token, true)
				return err
			}, provider.ErrInvalidGrant
		},
	} {
		t.Run(name, func(t *testing.T) {
			winners := 1
			if name == "refresh token after the grace" {
				winners = 0
			}
			for range raceRounds {
				use, refusal := redeem(t)
				outcomes := race(raceCallers, func(i int) error { return kind(use(i), refusal) })
				if outcomes[nil] != winners || outcomes[refusal] != raceCallers-winners {
					t.Fatalf("got %v, want %d winners of %d", outcomes, winners, raceCallers)
				}
			}
		})
	}
	t.Run("rotating refresh token", func(t *testing.T) {
		for range raceRounds {
			f := newFamily(t, s, clock, session, true)
			successors := make([]string, raceCallers)
			outcomes := race(raceCallers, func(i int) error {
				token, err := f.refresh(t, f.token, true)
				successors[i] = string(token)
				return err
			})
			for _, token := range successors {
				if token != successors[0] || outcomes[nil] != raceCallers {
					t.Fatalf("got %v, want one successor for all", outcomes)
				}
			}
		}
	})
}

const refreshGrace = 30 * time.Second

// kind is refusal for every error that is one.
func kind(err, refusal error) error {
	if errors.Is(err, refusal) {
		return refusal
	}
	return err
}

// raceLink hands a link over, and gives the hash of its secret.
func raceLink(t *testing.T, s Store, user identity.User, purpose identity.Purpose, now time.Time) []byte {
	t.Helper()
	link := identity.NewLink{
		ID: uuid.Must(uuid.NewV7()), Purpose: purpose, Hash: identity.NewSecret().Hash(), ByHand: true, ExpiresAt: now.Add(24 * time.Hour),
	}
	issued := identity.IssuedLink{UserID: user.ID, Link: link, Event: identity.Event{UserID: user.ID, Type: "handed_over"}}
	if err := s.Identity.IssueLink(t.Context(), operator(), issued); err != nil {
		t.Fatal(err)
	}
	return link.Hash
}
