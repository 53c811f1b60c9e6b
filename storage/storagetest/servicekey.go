package storagetest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
)

// actor is the operator in tests.
const actor = "storagetest"

func testServiceKeys(t *testing.T, open Open) {
	clock := NewClock()
	s := open(t, clock.Now)
	ctx := t.Context()
	admin := provider.ServiceKeyAdmin{Store: s.ServiceKeys, By: operator(), Now: clock.Now}
	counts := func() (revision int64, events int) {
		t.Helper()
		revisions, err := s.Revisions(ctx)
		if err != nil || revisions["service_keys"] == 0 || revisions["clients"] == 0 || revisions["keys"] == 0 {
			t.Fatalf("got %v, %v, want counters of clients, keys and service keys", revisions, err)
		}
		events, err = s.Number(ctx, `SELECT count(*) FROM auth.security_events WHERE event_type LIKE 'service_key_%'`)
		if err != nil {
			t.Fatal(err)
		}
		return revisions["service_keys"], events
	}
	// step does something that must be counted and logged once, or not at all.
	step := func(what string, writes int, do func() error, wantErr error) {
		t.Helper()
		revision, events := counts()
		want(t, do(), wantErr)
		if r, e := counts(); int(r-revision) != writes || e-events != writes {
			t.Errorf("%s: got %d writes and %d events, want %d", what, r-revision, e-events, writes)
		}
	}
	list := func() map[string]provider.ServiceKey {
		t.Helper()
		keys, err := s.ServiceKeys.ListServiceKeys(ctx)
		if err != nil {
			t.Fatal(err)
		}
		byID := make(map[string]provider.ServiceKey)
		for _, k := range keys {
			byID[k.ID.String()] = k
		}
		return byID
	}
	register := func(name string, value identity.Secret) error {
		_, _, err := admin.Register(ctx, provider.ServiceKey{
			Name: name, AppIDs: []string{"chat"}, Permissions: []string{provider.MayRefund},
		}, value)
		return err
	}

	var todo provider.ServiceKey
	var first, second identity.Secret
	step("a new key", 1, func() (err error) {
		todo, first, err = admin.Register(ctx, provider.ServiceKey{
			Name: "todo", AppIDs: []string{"todo", "todo-worker"}, Permissions: []string{provider.MayBalance, provider.MayUse},
			CapUse: 2 * ledger.Credit, CapDay: 10*ledger.Credit + 1, Rate: 60, ExpiresAt: clock.Now().Add(time.Hour),
		}, "")
		return err
	}, nil)
	if got := list()[todo.ID.String()]; !reflect.DeepEqual(got, todo) {
		t.Errorf("got %+v, want %+v", got, todo)
	}
	step("the name of another", 0, func() error { return register("todo", "") }, provider.ErrServiceKeyTaken)
	step("the value of another", 0, func() error { return register("chat", first) }, provider.ErrServiceKeyTaken)
	step("a rotation", 1, func() (err error) {
		todo, second, err = admin.Rotate(ctx, "todo", time.Hour)
		return err
	}, nil)
	if got := list()[todo.ID.String()]; !reflect.DeepEqual(got, todo) || got.OldHash == nil {
		t.Errorf("got %+v, want %+v", got, todo)
	}
	step("the old value of another", 0, func() error { return register("chat", first) }, provider.ErrServiceKeyTaken)
	step("as it was", 0, func() error {
		return s.ServiceKeys.ReviseServiceKeys(ctx, operator(), func(stored []provider.ServiceKey) ([]provider.ServiceKey, error) { return stored, nil })
	}, nil)
	fault := errors.New("no")
	step("an error", 0, func() error {
		return s.ServiceKeys.ReviseServiceKeys(ctx, operator(), func(stored []provider.ServiceKey) ([]provider.ServiceKey, error) {
			stored[0].Rate = 1
			return stored, fault
		})
	}, fault)
	step("a use", 0, func() error {
		return s.ServiceKeys.NoteServiceKeys(ctx, map[uuid.UUID]time.Time{todo.ID: clock.Now(), uuid.New(): clock.Now()})
	}, nil)
	todo.LastUsedAt = clock.Now()
	if got := list()[todo.ID.String()]; !reflect.DeepEqual(got, todo) {
		t.Errorf("got %+v, want %+v", got, todo)
	}
	step("a revocation", 1, func() error {
		_, err := admin.Revoke(ctx, todo.ID.String())
		return err
	}, nil)
	step("a second revocation", 0, func() error {
		clock.Add(time.Minute)
		_, err := admin.Revoke(ctx, todo.ID.String())
		return err
	}, nil)
	step("a name that is not in use any more", 0, func() error {
		_, err := admin.Revoke(ctx, "todo")
		return err
	}, provider.ErrUnknownServiceKey)
	step("a revoked key does not rotate", 0, func() error {
		_, _, err := admin.Rotate(ctx, todo.ID.String(), 0)
		return err
	}, provider.ErrServiceKeyEnded)
	step("a revoked value", 0, func() error { return register("todo", second) }, provider.ErrServiceKeyTaken)
	step("a name that is free again", 1, func() error { return register("todo", "") }, nil)
	value := identity.NewSecret()
	step("64 keys with one value", 1, func() error {
		outcomes := race(raceCallers, func(i int) error { return register(fmt.Sprint("racer ", i), value) })
		if outcomes[nil] != 1 || outcomes[provider.ErrServiceKeyTaken] != raceCallers-1 {
			t.Errorf("got %v, want one key", outcomes)
		}
		return nil
	}, nil)
	if len(list()) != 3 {
		t.Errorf("got %d keys, want 3", len(list()))
	}
}
