package storagetest

import (
	"crypto/rand"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/provider"
	"mana/provider/identity"
)

const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

func saveClient(t *testing.T, s Store, id string, now time.Time) provider.Client {
	t.Helper()
	client := provider.Client{
		ID: id, Name: "Notes", Secrets: []provider.ClientSecret{{Hash: make([]byte, 32)}, {Hash: make([]byte, 32), ExpiresAt: now.Add(time.Hour)}},
		RedirectURIs: []string{"https://notes.example/callback"}, GrantTypes: []string{"authorization_code"},
		Scopes: []string{"openid", "email"}, Audiences: []string{"https://api.example"}, RotateRefresh: true,
		RefreshIdle: time.Hour, RefreshMax: 24 * time.Hour, IDTokenLife: 5 * time.Minute, IDTokenAlg: "ES256", CreatedAt: now,
	}
	if err := s.Provider.SaveClient(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	return client
}

func storeRequest(t *testing.T, s Store, client string, now time.Time) provider.AuthRequest {
	t.Helper()
	r := provider.AuthRequest{
		Hash: identity.NewSecret().Hash(), BrowserHash: identity.NewSecret().Hash(), ClientID: client,
		RedirectURI: "https://notes.example/callback", ResponseMode: "query", Scopes: []string{"openid"},
		State: "s", HasState: true, Nonce: "n", CodeChallenge: challenge, MaxAge: -1, UILocales: "de-AT fr",
		CreatedAt: now, ExpiresAt: now.Add(30 * time.Minute),
	}
	if err := s.Provider.StoreRequest(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return r
}

// issueCode approves a request without a stored page and gives the redemption that fits its code.
func issueCode(t *testing.T, s Store, session identity.Session, now time.Time) (provider.Redemption, provider.Grant) {
	t.Helper()
	grant := provider.Grant{
		Handle: make([]byte, 16), UserID: session.UserID, ClientID: "mc_notes", SessionID: session.ID,
		Scopes: []string{"openid"}, Nonce: "n", AuthTime: session.AuthTime, AMR: session.AMR, CreatedAt: now,
	}
	rand.Read(grant.Handle)
	code := identity.NewSecret()
	err := s.Provider.IssueCode(t.Context(), provider.CodeIssue{
		Grant: grant, CodeHash: code.Hash(), RedirectURI: "https://notes.example/callback",
		CodeChallenge: challenge, ExpiresIn: time.Minute,
	}, provider.Allow)
	if err != nil {
		t.Fatal(err)
	}
	return provider.Redemption{
		CodeHash: code.Hash(), ClientID: "mc_notes", RedirectURI: "https://notes.example/callback", VerifierHash: challenge,
	}, grant
}

func testProvider(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	user := createUser(t, s, "ada@example.com", clock.Now())
	session := startSession(t, s, user, clock.Now())
	client := saveClient(t, s, "mc_notes", clock.Now())
	saveClient(t, s, "mc_other", clock.Now())
	revoked := func(t *testing.T, g provider.Grant) bool {
		t.Helper()
		facts, err := s.Provider.GrantFacts(ctx, g.Handle, "")
		if err != nil {
			t.Fatal(err)
		}
		return !facts.Grant.RevokedAt.IsZero()
	}

	t.Run("clients", func(t *testing.T) {
		client.Disabled, client.Name = true, "Notes 2"
		for _, c := range []provider.Client{client, saveClient(t, s, "mc_notes", clock.Now())} {
			if err := s.Provider.SaveClient(ctx, c); err != nil {
				t.Fatal(err)
			}
			got, err := s.Provider.Client(ctx, c.ID)
			if err != nil || !reflect.DeepEqual(got, c) {
				t.Errorf("got %+v, %v, want %+v", got, err, c)
			}
		}
		_, err := s.Provider.Client(ctx, "mc_unknown")
		want(t, err, provider.ErrUnknownClient)
		if all, err := s.Provider.ListClients(ctx); err != nil || len(all) != 2 {
			t.Errorf("got %v, %v, want 2 clients", all, err)
		}
	})
	t.Run("AZ21: a request is used once and expires", func(t *testing.T) {
		r := storeRequest(t, s, "mc_notes", clock.Now())
		if err := s.Provider.MarkAuthenticated(ctx, r.Hash, session.ID); err != nil {
			t.Fatal(err)
		}
		got, err := s.Provider.Request(ctx, r.Hash)
		if err != nil || got.SessionID != session.ID || got.State != "s" || !got.HasState || got.MaxAge != -1 || got.UILocales != "de-AT fr" {
			t.Errorf("got %v, %v", got, err)
		}
		outcomes := race(64, func(int) error { return s.Provider.ConsumeRequest(ctx, r.Hash) })
		if outcomes[nil] != 1 || outcomes[provider.ErrNoRequest] != 63 {
			t.Errorf("got %v, want 1 winner of 64", outcomes)
		}
		_, err = s.Provider.Request(ctx, r.Hash)
		want(t, err, provider.ErrNoRequest)
		late := storeRequest(t, s, "mc_notes", clock.Now().Add(-30*time.Minute))
		want(t, s.Provider.ConsumeRequest(ctx, late.Hash), provider.ErrNoRequest)
		want(t, s.Provider.MarkAuthenticated(ctx, late.Hash, session.ID), provider.ErrNoRequest)
	})
	t.Run("T2, CO4: 64 parallel redemptions have one winner, and the grant ends", func(t *testing.T) {
		redemption, grant := issueCode(t, s, session, clock.Now())
		outcomes := race(64, func(int) error {
			_, err := s.Provider.RedeemCode(ctx, redemption, provider.Allow)
			return err
		})
		if outcomes[nil] != 1 || outcomes[provider.ErrInvalidGrant] != 63 {
			t.Errorf("got %v, want 1 winner of 64", outcomes)
		}
		if !revoked(t, grant) {
			t.Error("got a live grant, want it revoked by the repeats")
		}
	})
	t.Run("CO2, T3: a wrong binding burns the code", func(t *testing.T) {
		for name, spoil := range map[string]func(*provider.Redemption){
			"client":   func(r *provider.Redemption) { r.ClientID = "mc_other" },
			"verifier": func(r *provider.Redemption) { r.VerifierHash = "" },
			"redirect": func(r *provider.Redemption) { r.RedirectURI = "https://notes.example/other" },
		} {
			right, grant := issueCode(t, s, session, clock.Now())
			wrong := right
			spoil(&wrong)
			_, err := s.Provider.RedeemCode(ctx, wrong, provider.Allow)
			want(t, err, provider.ErrInvalidGrant)
			if revoked(t, grant) {
				t.Errorf("%s: got a revoked grant, want it untouched by a first try", name)
			}
			_, err = s.Provider.RedeemCode(ctx, right, provider.Allow)
			want(t, err, provider.ErrInvalidGrant)
		}
	})
	t.Run("CO4: another client's repeat revokes nothing", func(t *testing.T) {
		redemption, grant := issueCode(t, s, session, clock.Now())
		if _, err := s.Provider.RedeemCode(ctx, redemption, provider.Allow); err != nil {
			t.Fatal(err)
		}
		redemption.ClientID = "mc_other"
		_, err := s.Provider.RedeemCode(ctx, redemption, provider.Allow)
		want(t, err, provider.ErrInvalidGrant)
		if revoked(t, grant) {
			t.Error("got a revoked grant, want it live")
		}
	})
	t.Run("a repeat without what the code is bound to revokes nothing", func(t *testing.T) {
		redemption, grant := issueCode(t, s, session, clock.Now())
		if _, err := s.Provider.RedeemCode(ctx, redemption, provider.Allow); err != nil {
			t.Fatal(err)
		}
		redemption.VerifierHash = ""
		_, err := s.Provider.RedeemCode(ctx, redemption, provider.Allow)
		want(t, err, provider.ErrInvalidGrant)
		if revoked(t, grant) {
			t.Error("got a revoked grant, want it live")
		}
	})
	t.Run("CO3: a code without redirect URI is redeemed by its challenge", func(t *testing.T) {
		redemption, _ := issueCode(t, s, session, clock.Now())
		redemption.RedirectURI = ""
		facts, err := s.Provider.RedeemCode(ctx, redemption, provider.Allow)
		if err != nil || facts.User.ID != user.ID || facts.Grant.Nonce != "n" {
			t.Errorf("got %v, %v", facts, err)
		}
	})
	t.Run("AR6: policy is asked in the same transaction, and a refusal burns the code", func(t *testing.T) {
		redemption, _ := issueCode(t, s, session, clock.Now())
		_, err := s.Provider.RedeemCode(ctx, redemption, func(provider.Facts) error { return provider.ErrDenied })
		want(t, err, provider.ErrDenied)
		_, err = s.Provider.RedeemCode(ctx, redemption, provider.Allow)
		want(t, err, provider.ErrInvalidGrant)
	})
	t.Run("CO1: a code lives a minute", func(t *testing.T) {
		redemption, _ := issueCode(t, s, session, clock.Now())
		clock.Add(time.Minute)
		_, err := s.Provider.RedeemCode(ctx, redemption, provider.Allow)
		want(t, err, provider.ErrInvalidGrant)
	})
	t.Run("CN1: an approval consumes its request and remembers the consent", func(t *testing.T) {
		r, scopes := storeRequest(t, s, "mc_notes", clock.Now()), []string{"openid"}
		issue := func() error {
			handle := make([]byte, 16)
			rand.Read(handle)
			return s.Provider.IssueCode(ctx, provider.CodeIssue{
				RequestHash: r.Hash, CodeHash: identity.NewSecret().Hash(), ExpiresIn: time.Minute,
				Consent: &provider.Consent{
					UserID: user.ID, ClientID: "mc_notes", Scopes: scopes, Claims: []string{"name"}, UpdatedAt: clock.Now(),
				},
				Grant: provider.Grant{
					Handle: handle, UserID: user.ID, ClientID: "mc_notes", SessionID: session.ID, Scopes: []string{"openid"},
					AuthTime: clock.Now(), CreatedAt: clock.Now(),
				},
			}, provider.Allow)
		}
		want(t, issue(), nil)
		want(t, issue(), provider.ErrNoRequest)
		consent, err := s.Provider.Consent(ctx, user.ID, "mc_notes")
		if err != nil || len(consent.Scopes) != 1 || len(consent.Claims) != 1 {
			t.Errorf("got %v, %v, want one scope and one claim", consent, err)
		}
		r, scopes = storeRequest(t, s, "mc_notes", clock.Now()), []string{"email"}
		want(t, issue(), nil)
		if consent, err := s.Provider.Consent(ctx, user.ID, "mc_notes"); err != nil || !slices.Equal(consent.Scopes, []string{"openid", "email"}) {
			t.Errorf("got %v, %v, want what was allowed before and now", consent, err)
		}
		if consent, err := s.Provider.Consent(ctx, uuid.New(), "mc_notes"); err != nil || consent.Scopes != nil {
			t.Errorf("got %v, %v, want nothing of another person", consent, err)
		}
	})
	t.Run("an approval that policy refuses leaves no trace", func(t *testing.T) {
		r := storeRequest(t, s, "mc_notes", clock.Now())
		issue := provider.CodeIssue{
			RequestHash: r.Hash, CodeHash: identity.NewSecret().Hash(), ExpiresIn: time.Minute,
			Grant: provider.Grant{
				Handle: make([]byte, 16), UserID: user.ID, ClientID: "mc_notes", SessionID: session.ID, Scopes: []string{"openid"},
				AuthTime: clock.Now(), CreatedAt: clock.Now(),
			},
		}
		rand.Read(issue.Grant.Handle)
		want(t, s.Provider.IssueCode(ctx, issue, func(provider.Facts) error { return provider.ErrDenied }), provider.ErrDenied)
		if _, err := s.Provider.Request(ctx, r.Hash); err != nil {
			t.Errorf("got %v, want the request as it was", err)
		}
		_, err := s.Provider.GrantFacts(ctx, issue.Grant.Handle, "")
		want(t, err, provider.ErrInvalidGrant)
	})
	t.Run("RV1: an access token is revoked by itself", func(t *testing.T) {
		_, grant := issueCode(t, s, session, clock.Now())
		for range 2 { // twice is harmless
			want(t, s.Provider.RevokeToken(ctx, "token-1", clock.Now().Add(time.Hour)), nil)
		}
		_, err := s.Provider.GrantFacts(ctx, grant.Handle, "token-1")
		want(t, err, provider.ErrInvalidGrant)
		if _, err := s.Provider.GrantFacts(ctx, grant.Handle, "token-2"); err != nil {
			t.Errorf("got %v, want the other token live", err)
		}
		for id, revoked := range map[string]bool{"token-1": true, "token-2": false} {
			if got, err := s.Provider.TokenRevoked(ctx, id); err != nil || got != revoked {
				t.Errorf("%s: got %v, %v, want %v", id, got, err, revoked)
			}
		}
	})
}
