package keys_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mana/keys"
	"mana/keys/verifier"
	"mana/provider/identity"
	"mana/storage/storagetest"
)

const (
	day      = 24 * time.Hour
	rotation = 90 * day
)

// aging is a ring whose clock the test moves.
type aging struct {
	*keys.Ring
	cfg   keys.Config
	clock *storagetest.Clock
}

func newAging(t *testing.T, algorithms ...string) aging {
	t.Helper()
	clock := storagetest.NewClock()
	cfg := keys.Config{
		Store: newStore(t, clock.Now), Master: keys.NewMasterKey(), Algorithms: append([]string{keys.RS256}, algorithms...),
		Rotation: rotation, Now: clock.Now,
	}
	return aging{load(t, cfg), cfg, clock}
}

// acts are what an operator does to the keys.
func (a aging) acts() keys.Changes {
	return a.cfg.Store.(interface {
		By(by identity.Actor) keys.Changes
	}).By(identity.Actor{Name: "test"})
}

// after moves the clock and does what the periodic job does.
func (a aging) after(t *testing.T, d time.Duration) {
	t.Helper()
	a.clock.Add(d)
	if err := a.Advance(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.reload(t)
}

func (a aging) reload(t *testing.T) bool {
	t.Helper()
	changed, err := a.Reload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// published lists the kids of the key set.
func (a aging) published(t *testing.T) []string {
	t.Helper()
	var set struct {
		Keys []struct {
			ID string `json:"kid"`
		}
	}
	if err := json.Unmarshal(a.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, k := range set.Keys {
		ids = append(ids, k.ID)
	}
	return ids
}

func (a aging) sign(t *testing.T, alg string) string {
	t.Helper()
	token, err := a.Sign(t.Context(), alg, keys.TypeAccessToken, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// TestLifeOfAKey is KY3.
func TestLifeOfAKey(t *testing.T) {
	t.Parallel()
	a := newAging(t)
	first, token := a.ActiveID(keys.RS256), a.sign(t, keys.RS256)
	a.after(t, rotation-day-time.Second)
	if got := a.published(t); len(got) != 1 {
		t.Fatalf("got %v published more than a day ahead", got)
	}
	a.after(t, time.Second)
	got := a.published(t)
	if len(got) != 2 || a.ActiveID(keys.RS256) != first {
		t.Fatalf("got %v, %s signs, want the next key published and the first signing", got, a.ActiveID(keys.RS256))
	}
	second := got[1]
	a.after(t, day-time.Second)
	if a.ActiveID(keys.RS256) != first {
		t.Error("got the next key before its day")
	}
	a.after(t, time.Second)
	if a.ActiveID(keys.RS256) != second || len(a.published(t)) != 2 {
		t.Errorf("got %s signing of %v, want %s", a.ActiveID(keys.RS256), a.published(t), second)
	}
	a.after(t, keys.RetiringFor-time.Second)
	if _, err := a.Verify(keys.TypeAccessToken, token); err != nil {
		t.Errorf("got %v while the key retires", err)
	}
	a.after(t, time.Second)
	if _, err := a.Verify(keys.TypeAccessToken, token); !errors.Is(err, keys.ErrSignature) || len(a.published(t)) != 1 {
		t.Errorf("got %v, %v published, want the old key gone", err, a.published(t))
	}
	// A program that stood still for a year finds its key overdue: the next one is published a day ahead all the same.
	a.after(t, 365*day)
	if a.ActiveID(keys.RS256) != second || len(a.published(t)) != 2 {
		t.Error("got an overdue key replaced without notice")
	}
	a.after(t, day)
	if a.ActiveID(keys.RS256) == second {
		t.Error("got an overdue key kept")
	}
}

func TestRotationOff(t *testing.T) {
	t.Parallel()
	a := newAging(t)
	a.cfg.Rotation = 0
	a.Ring = load(t, a.cfg)
	a.after(t, 10*rotation)
	if got := a.published(t); len(got) != 1 {
		t.Errorf("got %v published, want no key by itself", got)
	}
	if next, err := a.Rotate(t.Context(), a.acts(), keys.RS256, false); err != nil || !next.ActivatesAt.Equal(a.clock.Now().Add(day)) {
		t.Fatalf("got %+v, %v", next, err)
	}
	if a.reload(t); len(a.published(t)) != 2 {
		t.Error("got no pending key published after a rotation by hand")
	}
	old := a.ActiveID(keys.RS256)
	if a.after(t, day); a.ActiveID(keys.RS256) == old {
		t.Error("got the old key signing a day after a rotation by hand")
	}
}

// TestAlgorithmsRotateOneAtATime is KY3.
func TestAlgorithmsRotateOneAtATime(t *testing.T) {
	t.Parallel()
	a := newAging(t, keys.ES256, keys.EdDSA)
	ids := func() []string {
		return []string{a.ActiveID(keys.RS256), a.ActiveID(keys.ES256), a.ActiveID(keys.EdDSA)}
	}
	before := ids()
	a.clock.Add(rotation - day)
	for changes := range 4 {
		differ := 0
		for i, id := range ids() {
			if id != before[i] {
				differ++
			}
		}
		if pending := len(a.published(t)) - 3 - changes; differ != changes || pending > 1 {
			t.Errorf("day %d: got %d changed, %d pending, want %d, and one at most", changes, differ, pending, changes)
		}
		a.after(t, 0)
		a.after(t, day)
	}
}

// TestRotateByHand is KY4.
func TestRotateByHand(t *testing.T) {
	t.Parallel()
	a := newAging(t, keys.ES256)
	first, token := a.ActiveID(keys.ES256), a.sign(t, keys.ES256)
	next, err := a.Rotate(t.Context(), a.acts(), keys.ES256, false)
	if err != nil || next.State != keys.Pending {
		t.Fatalf("got %+v, %v", next, err)
	}
	if !a.reload(t) || a.reload(t) {
		t.Error("got no change noticed, or one without a change")
	}
	if !slices.Contains(a.published(t), next.ID) || a.ActiveID(keys.ES256) != first {
		t.Error("want the next key published and not signing")
	}
	at, err := a.Rotate(t.Context(), a.acts(), keys.ES256, true)
	if err != nil || at.ID != next.ID || at.State != keys.Active {
		t.Errorf("got %+v, %v, want the pending key at once", at, err)
	}
	if a.reload(t); a.ActiveID(keys.ES256) != next.ID {
		t.Error("got another key signing")
	}
	if _, err := a.Verify(keys.TypeAccessToken, token); err != nil {
		t.Errorf("got %v for a token of the key before", err)
	}
	if _, err := a.Rotate(t.Context(), a.acts(), keys.PS256, true); !errors.Is(err, keys.ErrAlgorithm) {
		t.Errorf("got %v, want %v", err, keys.ErrAlgorithm)
	}
}

// TestRevoke is KY4.
func TestRevoke(t *testing.T) {
	t.Parallel()
	a := newAging(t)
	first, token := a.ActiveID(keys.RS256), a.sign(t, keys.RS256)
	if err := a.Revoke(t.Context(), a.acts(), "x", "leaked"); !errors.Is(err, keys.ErrUnknownKey) {
		t.Errorf("got %v, want %v", err, keys.ErrUnknownKey)
	}
	if err := a.Revoke(t.Context(), a.acts(), first, "leaked"); err != nil || !a.reload(t) {
		t.Fatalf("got %v", err)
	}
	if _, err := a.Verify(keys.TypeAccessToken, token); !errors.Is(err, keys.ErrSignature) {
		t.Errorf("got %v for a token of a revoked key, want %v", err, keys.ErrSignature)
	}
	if got := a.published(t); len(got) != 1 || got[0] == first || a.ActiveID(keys.RS256) != got[0] {
		t.Errorf("got %v published, want a new key at once", got)
	}
	if _, err := a.Verify(keys.TypeAccessToken, a.sign(t, keys.RS256)); err != nil {
		t.Errorf("got %v for the new key", err)
	}
	next, err := a.Rotate(t.Context(), a.acts(), keys.RS256, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Revoke(t.Context(), a.acts(), a.ActiveID(keys.RS256), "leaked too"); err != nil {
		t.Fatal(err)
	}
	if a.reload(t); a.ActiveID(keys.RS256) != next.ID {
		t.Errorf("got %s signing, want the pending key %s", a.ActiveID(keys.RS256), next.ID)
	}
	if again := load(t, a.cfg); again.Created || again.ActiveID(keys.RS256) != next.ID {
		t.Error("got another key after a restart")
	}
}

// TestSeveralRunners lets eight processes age the same keys (KY3).
func TestSeveralRunners(t *testing.T) {
	t.Parallel()
	a := newAging(t, keys.ES256)
	rings := []*keys.Ring{a.Ring}
	for range 7 {
		rings = append(rings, load(t, a.cfg))
	}
	all := func() {
		t.Helper()
		var group sync.WaitGroup
		for _, ring := range rings {
			group.Go(func() {
				if err := ring.Advance(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		for _, ring := range rings {
			if _, err := ring.Reload(t.Context()); err != nil {
				t.Error(err)
			}
			if string(ring.JWKS()) != string(a.JWKS()) || ring.ActiveID(keys.ES256) != a.ActiveID(keys.ES256) {
				t.Error("got runners that disagree")
			}
		}
	}
	a.clock.Add(rotation - day)
	all()
	if got := a.published(t); len(got) != 3 {
		t.Errorf("got %v published, want one next key", got)
	}
	first := []string{a.ActiveID(keys.RS256), a.ActiveID(keys.ES256)}
	a.clock.Add(day)
	all()
	second := []string{a.ActiveID(keys.RS256), a.ActiveID(keys.ES256)}
	if (first[0] == second[0]) == (first[1] == second[1]) {
		t.Errorf("got %v after %v, want one change", second, first)
	}
}

// TestRotationUnderLoad (KY5) rotates a hundred times while many sign by two programs and check, also older tokens,
// by key sets that are kept as long as any may be. Nobody may have to look again for an unknown key.
func TestRotationUnderLoad(t *testing.T) {
	t.Parallel()
	a := newAging(t, keys.ES256)
	replica := load(t, a.cfg)
	var asked, past atomic.Int64
	var issuer *httptest.Server
	issuer = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", a.clock.Now().Format(http.TimeFormat))
		w.Header().Set("Cache-Control", "max-age=86400")
		if r.URL.Path == "/.well-known/openid-configuration" {
			fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":"%s/jwks","id_token_signing_alg_values_supported":["RS256","ES256"]}`, issuer.URL, issuer.URL)
			return
		}
		asked.Add(1)
		if r.Header.Get("Cache-Control") != "" {
			past.Add(1)
		}
		_, _ = w.Write(a.JWKS())
	}))
	t.Cleanup(issuer.Close)
	const step = 8 * time.Hour
	var verifiers []*verifier.Verifier
	for range 3 {
		v, err := verifier.New(t.Context(), issuer.URL, verifier.Config{Audience: "api", Now: a.clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(v.Close)
		verifiers = append(verifiers, v)
		a.after(t, step) // so that their sets end at different times
	}
	claims := func() map[string]any {
		now := a.clock.Now()
		return map[string]any{
			"iss": issuer.URL, "aud": "api", "sub": "x", "client_id": "c", "jti": "j",
			"iat": now.Unix(), "exp": now.Add(2 * day).Unix(),
		}
	}
	var checked atomic.Int64
	var workers sync.WaitGroup
	rounds := make([]chan struct{}, 8) // what each worker waits for before it begins four more
	for i := range rounds {
		rounds[i] = make(chan struct{})
		workers.Go(func() {
			var older string
			var from time.Time
			for n := i; ; n++ {
				if n%4 == 0 {
					if _, open := <-rounds[i]; !open {
						return
					}
				}
				ring, alg := []*keys.Ring{a.Ring, replica}[n%2], []string{keys.ES256, keys.RS256}[n%16/15]
				token, err := ring.Sign(t.Context(), alg, keys.TypeAccessToken, claims())
				if err != nil {
					t.Errorf("signing: %v", err)
					continue
				}
				if _, err := verifiers[n%3].Verify(t.Context(), token); err != nil {
					t.Errorf("got %v for a new token", err)
				}
				if now := a.clock.Now(); now.Sub(from) > day {
					older, from = token, now
				}
				if _, err := verifiers[(n+1)%3].Verify(t.Context(), older); err != nil {
					t.Errorf("got %v for an older token", err)
				}
				checked.Add(2)
			}
		})
	}
	for i := range 100 {
		alg := keys.ES256
		if i%20 == 19 {
			alg = keys.RS256
		}
		old := a.ActiveID(alg)
		if _, err := a.Rotate(t.Context(), a.acts(), alg, false); err != nil {
			t.Fatal(err)
		}
		a.reload(t) // published from now on; the replica lags behind
		for a.ActiveID(alg) == old {
			a.after(t, step)
			if _, err := replica.Reload(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, round := range rounds { // no worker sees more than two steps pass at once
				round <- struct{}{}
			}
		}
	}
	for _, round := range rounds {
		close(round)
	}
	workers.Wait()
	if checked.Load() < 1000 || asked.Load() < 100 || past.Load() != 0 {
		t.Errorf("got %d checks, %d readings of the set, %d of them for unknown keys", checked.Load(), asked.Load(), past.Load())
	}
	t.Logf("%d checks, %d readings of the key set", checked.Load(), asked.Load())
}
