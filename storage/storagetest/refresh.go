package storagetest

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/provider"
	"mana/provider/identity"
)

// family is a refresh family as its client sees it.
type family struct {
	s       Store
	clock   *Clock
	client  string
	grant   []byte // nil: first-party
	session uuid.UUID
	token   []byte // hash of the newest token
}

// next is the hash that follows a token by a salt, as simple as a test needs it.
func next(token, salt []byte) []byte {
	sum := sha256.Sum256(append(bytes.Clone(token), salt...))
	return sum[:]
}

const refreshLife = 7 * 24 * time.Hour

// refresh presents a token and gives the one that follows, nil when there is none.
func (f *family) refresh(t *testing.T, token []byte, rotate bool) ([]byte, error) {
	t.Helper()
	salt := make([]byte, 16)
	rand.Read(salt)
	done, err := f.s.Provider.Refresh(t.Context(), provider.Rotation{
		Hash: token, ClientID: f.client, Rotate: rotate, Salt: salt,
		Successor: func(salt []byte) []byte { return next(token, salt) },
		Device:    identity.Device{IPAddress: "192.0.2.1", UserAgent: "test"},
	}, func(facts provider.Facts) (time.Time, error) {
		return facts.Now.Add(refreshLife), provider.Allow(facts)
	})
	if err != nil || done.Salt == nil {
		return nil, err
	}
	return next(token, done.Salt), nil
}

// live reports whether what the family stands on is live.
func (f *family) live(t *testing.T) bool {
	t.Helper()
	if f.grant == nil {
		_, _, err := f.s.Identity.SessionByID(t.Context(), f.session)
		return err == nil
	}
	facts, err := f.s.Provider.GrantFacts(t.Context(), f.grant, "")
	if err != nil {
		t.Fatal(err)
	}
	return facts.Grant.RevokedAt.IsZero()
}

// newFamily starts a family of a grant.
func newFamily(t *testing.T, s Store, clock *Clock, session identity.Session, offline bool) *family {
	t.Helper()
	f := &family{s: s, clock: clock, client: "mc_notes", session: session.ID, token: identity.NewSecret().Hash()}
	f.grant = make([]byte, 16)
	rand.Read(f.grant)
	code := identity.NewSecret()
	err := s.Provider.IssueCode(t.Context(), provider.CodeIssue{
		Grant: provider.Grant{
			Handle: f.grant, UserID: session.UserID, ClientID: f.client, SessionID: session.ID, Scopes: []string{"openid"},
			Offline: offline, AuthTime: session.AuthTime, AMR: session.AMR, CreatedAt: clock.Now(),
		},
		CodeHash: code.Hash(), RedirectURI: "https://notes.example/callback", CodeChallenge: challenge, ExpiresIn: time.Minute,
	}, provider.Allow)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Provider.RedeemCode(t.Context(), provider.Redemption{
		CodeHash: code.Hash(), ClientID: f.client, VerifierHash: challenge,
		Refresh: &provider.NewRefresh{Hash: f.token, FamilyID: uuid.Must(uuid.NewV7()), Until: clock.Now().Add(refreshLife)},
	}, provider.Allow)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// newFirstParty starts a family of a REST login.
func newFirstParty(t *testing.T, s Store, clock *Clock, user identity.User) *family {
	t.Helper()
	session := newSession(user, clock.Now())
	session.CookieHash, session.ClientID = nil, provider.FirstPartyClient
	session.IdleFor, session.ExpiresAt = refreshLife, clock.Now().Add(90*24*time.Hour)
	f := &family{s: s, clock: clock, client: provider.FirstPartyClient, session: session.ID, token: identity.NewSecret().Hash()}
	err := s.Provider.StartFirstParty(t.Context(), provider.FirstPartySession{
		Session: session, Event: identity.Event{UserID: user.ID, Type: "login_success"},
		Refresh: provider.NewRefresh{Hash: f.token, FamilyID: uuid.Must(uuid.NewV7()), Until: clock.Now().Add(refreshLife)},
	}, provider.Allow)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func testRefresh(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	user := createUser(t, s, "ada@example.com", clock.Now())
	saveClient(t, s, "mc_notes", clock.Now())
	saveClient(t, s, "mc_other", clock.Now())
	for name, start := range map[string]func(t *testing.T) *family{
		"of a grant": func(t *testing.T) *family {
			return newFamily(t, s, clock, startSession(t, s, user, clock.Now()), false)
		},
		"of a first-party session": func(t *testing.T) *family { return newFirstParty(t, s, clock, user) },
	} {
		t.Run(name, func(t *testing.T) { testFamily(t, start) })
	}
	testRefreshPolicy(t, s, clock, user)
	t.Run("RF4: never more than one live token", func(t *testing.T) {
		for range 20 {
			testRefreshModel(t, newFamily(t, s, clock, startSession(t, s, user, clock.Now()), false))
		}
	})
}

// testRefreshModel presents any token of a family at any time, and holds each answer against a model.
func testRefreshModel(t *testing.T, f *family) {
	tokens, rotated, ended := [][]byte{f.token}, []time.Time{{}}, false
	steps := make([]byte, 12)
	rand.Read(steps)
	for _, step := range steps {
		leaf := len(tokens) - 1
		chosen := max(0, leaf-int(step%4)/2) // mostly the last two
		f.clock.Add(time.Duration(step>>2) * time.Second / 2)
		got, err := f.refresh(t, tokens[chosen], true)
		switch retry := chosen == leaf-1 && f.clock.Now().Before(rotated[chosen].Add(30*time.Second)); {
		case !ended && chosen == leaf && err == nil:
			rotated[leaf] = f.clock.Now()
			tokens, rotated = append(tokens, got), append(rotated, time.Time{})
		case !ended && retry && err == nil && bytes.Equal(got, tokens[leaf]):
		case (ended || chosen != leaf && !retry) && errors.Is(err, provider.ErrInvalidGrant):
			ended = true
		default:
			t.Fatalf("got %x, %v for token %d of %d, ended %v, steps %v", got, err, chosen, leaf, ended, steps)
		}
		live := map[bool]int{false: 1, true: 0}[ended]
		wantNumber(t, f.s, fmt.Sprintf(`SELECT count(*) FROM auth.refresh_tokens
			WHERE session_id = '%s' AND rotated_at IS NULL AND revoked_at IS NULL`, f.session), live)
	}
}

// testFamily holds what is true of every family.
func testFamily(t *testing.T, start func(t *testing.T) *family) {
	t.Run("T2: 64 parallel presentations get one successor", func(t *testing.T) {
		f := start(t)
		var mu sync.Mutex
		successors := make(map[string]int)
		outcomes := race(64, func(int) error {
			token, err := f.refresh(t, f.token, true)
			mu.Lock()
			defer mu.Unlock()
			successors[string(token)]++
			return err
		})
		if outcomes[nil] != 64 || len(successors) != 1 || !f.live(t) {
			t.Errorf("got %v and %d successors, want one for all", outcomes, len(successors))
		}
	})
	t.Run("RF4: the predecessor is answered within the grace while the successor is unused", func(t *testing.T) {
		f := start(t)
		second, err := f.refresh(t, f.token, true)
		want(t, err, nil)
		f.clock.Add(29 * time.Second)
		again, err := f.refresh(t, f.token, true)
		if err != nil || !bytes.Equal(again, second) {
			t.Errorf("got %x, %v, want the same successor", again, err)
		}
		third, err := f.refresh(t, second, true)
		want(t, err, nil)
		_, err = f.refresh(t, f.token, true) // two generations old
		want(t, err, provider.ErrInvalidGrant)
		if f.live(t) {
			t.Error("got a live family after a reuse")
		}
		_, err = f.refresh(t, third, true)
		want(t, err, provider.ErrInvalidGrant)
	})
	t.Run("RF4: after the grace a reuse ends the family", func(t *testing.T) {
		f := start(t)
		second, err := f.refresh(t, f.token, true)
		want(t, err, nil)
		f.clock.Add(30 * time.Second)
		_, err = f.refresh(t, f.token, true)
		want(t, err, provider.ErrInvalidGrant)
		_, err = f.refresh(t, second, true)
		want(t, err, provider.ErrInvalidGrant)
		if f.live(t) {
			t.Error("got a live family after a reuse")
		}
	})
	t.Run("RF5: another client learns and ends nothing", func(t *testing.T) {
		f := start(t)
		other := *f
		other.client = "mc_other"
		_, err := other.refresh(t, f.token, true)
		want(t, err, provider.ErrInvalidGrant)
		if known, err := f.s.Provider.RevokeRefresh(t.Context(), f.token, "mc_other", identity.Event{Type: "token_revoked"}); known || err != nil {
			t.Errorf("got %v, %v, want a revocation by another client without effect", known, err)
		}
		_, err = f.refresh(t, f.token, true)
		want(t, err, nil)
	})
	t.Run("RF5: unused until its end", func(t *testing.T) {
		f := start(t)
		f.clock.Add(refreshLife)
		_, err := f.refresh(t, f.token, true)
		want(t, err, provider.ErrRefreshExpired)
		_, err = f.refresh(t, identity.NewSecret().Hash(), true)
		if !errors.Is(err, provider.ErrInvalidGrant) || errors.Is(err, provider.ErrRefreshExpired) {
			t.Errorf("got %v for an unknown token, want it invalid", err)
		}
	})
	t.Run("RV1: revocation ends the family by any of its tokens", func(t *testing.T) {
		f := start(t)
		second, err := f.refresh(t, f.token, true)
		want(t, err, nil)
		if known, err := f.s.Provider.RevokeRefresh(t.Context(), f.token, f.client, identity.Event{Type: "token_revoked"}); !known || err != nil {
			t.Errorf("got %v, %v, want the used token to be known", known, err)
		}
		_, err = f.refresh(t, second, true)
		want(t, err, provider.ErrInvalidGrant)
		if f.live(t) {
			t.Error("got a live family after its revocation")
		}
	})
	t.Run("RF8: refresh against the end of the session", func(t *testing.T) {
		for range 20 {
			f := start(t)
			race(2, func(i int) error {
				if i == 0 {
					return f.s.Identity.EndSession(t.Context(), f.session, "logout", identity.Event{Type: "logout"})
				}
				if token, err := f.refresh(t, f.token, true); err == nil {
					f.token = token
				}
				return nil
			})
			_, err := f.refresh(t, f.token, true)
			want(t, err, provider.ErrInvalidGrant)
			if f.live(t) {
				t.Fatal("got a live family after the end of its session")
			}
		}
	})
}

func testRefreshPolicy(t *testing.T, s Store, clock *Clock, user identity.User) {
	t.Run("RF2: without rotation the token stays and its idle time begins anew", func(t *testing.T) {
		f := newFamily(t, s, clock, startSession(t, s, user, clock.Now()), true)
		for range 3 {
			clock.Add(refreshLife - time.Hour)
			if token, err := f.refresh(t, f.token, false); token != nil || err != nil {
				t.Fatalf("got %x, %v, want the token to stay", token, err)
			}
		}
		facts, until, err := s.Provider.RefreshFacts(t.Context(), f.token)
		if err != nil || !until.Equal(clock.Now().Add(refreshLife)) || facts.User.ID != user.ID {
			t.Errorf("got %v until %v, %v", facts.User, until, err)
		}
	})
	t.Run("EP8: a family keeps its name", func(t *testing.T) {
		f, other := newFirstParty(t, s, clock, user), newFirstParty(t, s, clock, user)
		name := func(token []byte) uuid.UUID {
			family, err := s.Provider.RefreshFamily(t.Context(), token)
			want(t, err, nil)
			return family
		}
		token, err := f.refresh(t, f.token, true)
		want(t, err, nil)
		if family := name(f.token); family == uuid.Nil || name(token) != family || name(other.token) == family {
			t.Errorf("got %s, then %s, %s for another", family, name(token), name(other.token))
		}
		_, err = s.Provider.RefreshFamily(t.Context(), identity.NewSecret().Hash())
		want(t, err, provider.ErrInvalidGrant)
	})
	t.Run("RF1, LO5: offline access outlives the session", func(t *testing.T) {
		session := startSession(t, s, user, clock.Now())
		offline, online := newFamily(t, s, clock, session, true), newFamily(t, s, clock, session, false)
		if err := s.Identity.EndSession(t.Context(), session.ID, "logout", identity.Event{Type: "logout"}); err != nil {
			t.Fatal(err)
		}
		_, err := offline.refresh(t, offline.token, true)
		want(t, err, nil)
		_, err = online.refresh(t, online.token, true)
		want(t, err, provider.ErrInvalidGrant)
		if !offline.live(t) || online.live(t) {
			t.Errorf("got offline %v, online %v, want only the first live", offline.live(t), online.live(t))
		}
	})
	t.Run("what policy refuses changes nothing", func(t *testing.T) {
		f := newFamily(t, s, clock, startSession(t, s, user, clock.Now()), false)
		_, err := s.Provider.Refresh(t.Context(), provider.Rotation{Hash: f.token, ClientID: f.client, Rotate: true},
			func(provider.Facts) (time.Time, error) { return time.Time{}, provider.ErrDenied })
		want(t, err, provider.ErrDenied)
		_, err = f.refresh(t, f.token, true)
		want(t, err, nil)
	})
	t.Run("a repeat of its code ends the family", func(t *testing.T) {
		redemption, grant := issueCode(t, s, startSession(t, s, user, clock.Now()), clock.Now())
		f := &family{s: s, clock: clock, client: "mc_notes", grant: grant.Handle, token: identity.NewSecret().Hash()}
		redemption.Refresh = &provider.NewRefresh{Hash: f.token, FamilyID: uuid.Must(uuid.NewV7()), Until: clock.Now().Add(refreshLife)}
		_, err := s.Provider.RedeemCode(t.Context(), redemption, provider.Allow)
		want(t, err, nil)
		clock.Add(25 * time.Hour) // the code is remembered as long as the family lives
		if _, err := s.Clean(t.Context(), 365*24*time.Hour); err != nil {
			t.Fatal(err)
		}
		_, err = s.Provider.RedeemCode(t.Context(), redemption, provider.Allow)
		want(t, err, provider.ErrInvalidGrant)
		_, _, err = s.Provider.RefreshFacts(t.Context(), f.token)
		want(t, err, provider.ErrInvalidGrant)
	})
	t.Run("RF3: the salt is erased when the grace is over", func(t *testing.T) {
		f := newFamily(t, s, clock, startSession(t, s, user, clock.Now()), false)
		_, err := f.refresh(t, f.token, true)
		want(t, err, nil)
		clock.Add(30 * time.Second)
		if n, err := s.Clean(t.Context(), 365*24*time.Hour); err != nil || n == 0 {
			t.Errorf("got %d, %v, want salts erased", n, err)
		}
		if n, err := s.Clean(t.Context(), 365*24*time.Hour); err != nil || n != 0 {
			t.Errorf("got %d, %v, want nothing left to erase", n, err)
		}
	})
	t.Run("old codes go in any number, between some that stay", func(t *testing.T) {
		newFamily(t, s, clock, startSession(t, s, user, clock.Now()), false)
		const more = `INSERT INTO auth.codes (code_hash, grant_handle, client_id, redirect_uri, code_challenge, expires_at)
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
			SELECT %s, handle, client_id, '', '', created_at FROM n, auth.grants WHERE created_at = (SELECT max(created_at) FROM auth.grants)`
		if err := s.Exec(t.Context(), fmt.Sprintf(more, s.Random)); err != nil {
			t.Fatal(err)
		}
		clock.Add(25 * time.Hour)
		if _, err := s.Clean(t.Context(), 365*24*time.Hour); err != nil {
			t.Fatal(err)
		}
		wantNumber(t, s, `SELECT count(*) FROM auth.codes WHERE code_challenge = ''`, 2500) // their family lives
	})
	t.Run("what cannot be cleaned does not keep the rest", func(t *testing.T) {
		clock.Add(2 * refreshLife)
		if err := s.Tamper(t.Context(), `ALTER TABLE auth.requests RENAME TO requests_away`); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Clean(t.Context(), 365*24*time.Hour); err == nil || n == 0 {
			t.Errorf("got %d, %v, want an error, and rows deleted", n, err)
		}
		for _, table := range []string{"refresh_tokens", "codes"} {
			wantNumber(t, s, `SELECT count(*) FROM auth.`+table, 0)
		}
	})
}
