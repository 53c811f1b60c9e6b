package storagetest

import (
	"bytes"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"mana/keys"
)

// signingKeys are the keys of one store under test.
type signingKeys struct {
	Store
	clock *Clock
}

// testKeys proves the life of signing keys, and that of several runners one acts.
func testKeys(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, signingKeys){
		"first":   testFirstKey,
		"publish": testPublishKey,
		"rotate":  testRotateKey,
		"revoke":  testRevokeKey,
		"advance": testAdvanceKeys,
		"races":   testKeyRaces,
		"rewrap":  testRewrap,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := NewClock()
			test(t, signingKeys{open(t, clock.Now), clock})
		})
	}
}

func (s signingKeys) key(id, algorithm string, state keys.State) keys.StoredKey {
	k := keys.StoredKey{ID: id, Algorithm: algorithm, State: state, Sealed: []byte("sealed " + id), CreatedAt: s.clock.Now()}
	switch state {
	case keys.Active:
		k.ActivatedAt = k.CreatedAt
	case keys.Pending:
		k.ActivatesAt = k.CreatedAt.Add(keys.PendingFor)
	}
	return k
}

// first stores an active key and fails the test if that does not work.
func (s signingKeys) first(t *testing.T, id, algorithm string) {
	t.Helper()
	if stored, err := s.Keys.AddFirstKey(t.Context(), s.key(id, algorithm, keys.Active)); err != nil || !stored {
		t.Fatalf("got %v, %v, want the first key stored", stored, err)
	}
}

func (s signingKeys) find(t *testing.T, id string) keys.StoredKey {
	t.Helper()
	all, err := s.Keys.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(k keys.StoredKey) bool { return k.ID == id })
	if i < 0 {
		t.Fatalf("got no key %s in %v", id, all)
	}
	return all[i]
}

// states expects the keys in order of their making, as pairs of id and state.
func (s signingKeys) states(t *testing.T, pairs ...string) {
	t.Helper()
	all, err := s.Keys.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range all {
		got = append(got, k.ID, string(k.State))
		if erased := len(k.Sealed) == 0; erased != (k.State == keys.Removed) || erased == k.RemovedAt.IsZero() {
			t.Errorf("got key %s %s with %d sealed bytes, removed at %v", k.ID, k.State, len(k.Sealed), k.RemovedAt)
		}
	}
	if !slices.Equal(got, pairs) {
		t.Errorf("got %v, want %v", got, pairs)
	}
}

func testFirstKey(t *testing.T, s signingKeys) {
	s.first(t, "a", "RS256")
	if stored, err := s.Keys.AddFirstKey(t.Context(), s.key("b", "RS256", keys.Active)); err != nil || stored {
		t.Errorf("got %v, %v, want no second first key", stored, err)
	}
	got := s.find(t, "a")
	if want := s.key("a", "RS256", keys.Active); got.State != want.State || !bytes.Equal(got.Sealed, want.Sealed) ||
		!got.CreatedAt.Equal(want.CreatedAt) || !got.ActivatedAt.Equal(want.ActivatedAt) || !got.RetiredAt.IsZero() {
		t.Errorf("got %+v, want %+v", got, want)
	}
	// The id is that of the material: two algorithms cannot share it.
	if stored, err := s.Keys.AddFirstKey(t.Context(), s.key("a", "PS256", keys.Active)); err == nil || stored {
		t.Errorf("got %v, %v, want material refused that another algorithm uses", stored, err)
	}
	s.clock.Add(time.Second)
	s.first(t, "e", "ES256")
	s.states(t, "a", "active", "e", "active")
	wantRefusal(t, s.Store, `UPDATE auth.signing_keys SET state = 'removed', removed_at = created_at WHERE id = 'a'`, "signing_keys_erased")
	wantRefusal(t, s.Store, `UPDATE auth.signing_keys SET sealed = substr(sealed, 1, 0) WHERE id = 'a'`, "signing_keys_erased")
}

func testPublishKey(t *testing.T, s signingKeys) {
	s.first(t, "a", "RS256")
	s.clock.Add(time.Second)
	s.first(t, "e", "ES256")
	s.clock.Add(time.Second)
	publish := func(id, algorithm, replaces string, want bool) {
		t.Helper()
		stored, err := s.Keys.PublishKey(t.Context(), s.key(id, algorithm, keys.Pending), replaces)
		if err != nil || stored != want {
			t.Errorf("publishing %s: got %v, %v, want %v", id, stored, err, want)
		}
	}
	publish("b", "RS256", "gone", false)
	publish("b", "RS256", "e", false) // the active key of another algorithm
	publish("b", "RS256", "a", true)
	publish("c", "RS256", "a", false)
	publish("f", "ES256", "e", false) // one algorithm at a time
	s.states(t, "a", "active", "e", "active", "b", "pending")
	if b := s.find(t, "b"); !b.ActivatesAt.Equal(b.CreatedAt.Add(keys.PendingFor)) || !b.ActivatedAt.IsZero() {
		t.Errorf("got %+v", b)
	}
}

func testRotateKey(t *testing.T, s signingKeys) {
	rotate := func(id string, state keys.State) keys.StoredKey {
		t.Helper()
		s.clock.Add(time.Hour)
		next, err := s.KeyActs(operator()).RotateKey(t.Context(), s.key(id, "RS256", state))
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	s.first(t, "a", "RS256")
	s.first(t, "e", "ES256")
	if next := rotate("b", keys.Pending); next.ID != "b" {
		t.Errorf("got %s, want the new key", next.ID)
	}
	s.states(t, "a", "active", "e", "active", "b", "pending")
	published := s.clock.Now()
	if next := rotate("c", keys.Pending); next.ID != "b" || !next.ActivatesAt.Equal(published.Add(keys.PendingFor)) {
		t.Errorf("got %+v, want the pending key unchanged", next)
	}
	if next := rotate("c", keys.Active); next.ID != "b" || next.State != keys.Active || !next.ActivatedAt.Equal(s.clock.Now()) {
		t.Errorf("got %+v, want the pending key at once", next)
	}
	s.states(t, "a", "retiring", "e", "active", "b", "active")
	if a := s.find(t, "a"); !a.RetiredAt.Equal(s.clock.Now()) {
		t.Errorf("got retired at %v, want now", a.RetiredAt)
	}
	if next := rotate("c", keys.Active); next.ID != "c" {
		t.Errorf("got %s, want the new key at once", next.ID)
	}
	s.states(t, "a", "retiring", "e", "active", "b", "retiring", "c", "active")
	// A key that was published for a far day signs as soon as it was published long enough.
	s.clock.Add(time.Hour)
	far := s.key("d", "RS256", keys.Pending)
	far.ActivatesAt = far.CreatedAt.Add(100 * 24 * time.Hour)
	if stored, err := s.Keys.PublishKey(t.Context(), far, "c"); err != nil || !stored {
		t.Fatalf("got %v, %v", stored, err)
	}
	if next := rotate("x", keys.Pending); next.ID != "d" || !next.ActivatesAt.Equal(far.CreatedAt.Add(keys.PendingFor)) {
		t.Errorf("got %+v, want the pending key sooner", next)
	}
}

func testRevokeKey(t *testing.T, s signingKeys) {
	revoke := func(id, spare string) error {
		s.clock.Add(time.Second)
		return s.KeyActs(operator()).RevokeKey(t.Context(), keys.Revocation{
			ID: id, Reason: "leaked", At: s.clock.Now(), Spare: s.key(spare, "RS256", keys.Active),
		})
	}
	s.first(t, "a", "RS256")
	want(t, revoke("unknown", "b"), keys.ErrUnknownKey)
	want(t, revoke("a", "b"), nil)
	s.states(t, "a", "removed", "b", "active")
	if a := s.find(t, "a"); a.Reason != "leaked" || !a.RemovedAt.Equal(s.clock.Now()) {
		t.Errorf("got %+v", a)
	}
	want(t, revoke("a", "c"), keys.ErrUnknownKey)
	if _, err := s.KeyActs(operator()).RotateKey(t.Context(), s.key("c", "RS256", keys.Pending)); err != nil {
		t.Fatal(err)
	}
	want(t, revoke("b", "d"), nil)
	s.states(t, "a", "removed", "b", "removed", "c", "active")
	s.clock.Add(time.Second)
	if _, err := s.KeyActs(operator()).RotateKey(t.Context(), s.key("d", "RS256", keys.Active)); err != nil {
		t.Fatal(err)
	}
	want(t, revoke("c", "e"), nil) // a retiring key needs no successor
	s.states(t, "a", "removed", "b", "removed", "c", "removed", "d", "active")
}

func testAdvanceKeys(t *testing.T, s signingKeys) {
	advance := func(d time.Duration) {
		t.Helper()
		s.clock.Add(d)
		if err := s.Keys.AdvanceKeys(t.Context(), s.clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	s.first(t, "a", "RS256")
	s.first(t, "e", "ES256")
	for i, k := range []keys.StoredKey{s.key("b", "RS256", keys.Pending), s.key("f", "ES256", keys.Pending)} {
		k.CreatedAt = k.CreatedAt.Add(time.Duration(i+1) * time.Second)
		k.ActivatesAt = k.ActivatesAt.Add(time.Duration(i) * time.Second)
		if _, err := s.KeyActs(operator()).RotateKey(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	advance(keys.PendingFor - time.Microsecond)
	s.states(t, "a", "active", "e", "active", "b", "pending", "f", "pending")
	advance(time.Hour)
	s.states(t, "a", "retiring", "e", "active", "b", "active", "f", "pending")
	advance(0)
	s.states(t, "a", "retiring", "e", "retiring", "b", "active", "f", "active")
	advance(keys.RetiringFor - time.Microsecond)
	s.states(t, "a", "retiring", "e", "retiring", "b", "active", "f", "active")
	advance(time.Microsecond)
	s.states(t, "a", "removed", "e", "removed", "b", "active", "f", "active")
}

// testKeyRaces lets sixteen runners do the same at one moment.
func testKeyRaces(t *testing.T, s signingKeys) {
	ctx := t.Context()
	var won atomic.Int64
	runners := func(what string, wins int64, f func(id string) (bool, error)) {
		t.Helper()
		won.Store(0)
		outcomes := race(16, func(i int) error {
			acted, err := f(what + string(rune('a'+i)))
			if acted {
				won.Add(1)
			}
			return err
		})
		if outcomes[nil] != 16 || won.Load() != wins {
			t.Errorf("%s: got %d winners, %v, want %d", what, won.Load(), outcomes, wins)
		}
	}
	runners("first", 1, func(id string) (bool, error) {
		return s.Keys.AddFirstKey(ctx, s.key(id, "RS256", keys.Active))
	})
	s.count(t, 1, 0, 0)
	all, _ := s.Keys.SigningKeys(ctx)
	runners("publish", 1, func(id string) (bool, error) {
		return s.Keys.PublishKey(ctx, s.key(id, "RS256", keys.Pending), all[0].ID)
	})
	s.clock.Add(keys.PendingFor)
	runners("advance", 0, func(string) (bool, error) { return false, s.Keys.AdvanceKeys(ctx, s.clock.Now()) })
	s.count(t, 1, 0, 1)
	runners("rotate", 1, func(id string) (bool, error) {
		next, err := s.KeyActs(operator()).RotateKey(ctx, s.key(id, "RS256", keys.Pending))
		return next.ID == id, err
	})
	s.count(t, 1, 1, 1)
	runners("now", 15, func(id string) (bool, error) { // the first takes the pending key
		next, err := s.KeyActs(operator()).RotateKey(ctx, s.key(id, "RS256", keys.Active))
		return next.ID == id, err
	})
	s.count(t, 1, 0, 17)
}

// count expects so many keys in each state.
func (s signingKeys) count(t *testing.T, active, pending, retiring int) {
	t.Helper()
	all, err := s.Keys.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[keys.State]int)
	for _, k := range all {
		got[k.State]++
	}
	if got[keys.Active] != active || got[keys.Pending] != pending || got[keys.Retiring] != retiring || got[keys.Removed] != 0 {
		t.Errorf("got %v, want %d active, %d pending, %d retiring", got, active, pending, retiring)
	}
}
