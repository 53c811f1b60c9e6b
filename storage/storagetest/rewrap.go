package storagetest

import (
	"errors"
	"strings"
	"testing"

	"mana/keys"
)

// testRewrap seals everything anew, or nothing.
func testRewrap(t *testing.T, s signingKeys) {
	s.first(t, "a", "RS256")
	s.first(t, "e", "ES256")
	user := createUser(t, s.Store, "ada@example.com", s.clock.Now())
	withFactor(t, s.Store, user, s.clock.Now())
	sealed := func() string {
		t.Helper()
		factor, err := s.Identity.TwoFactor(t.Context(), user.ID)
		if err != nil {
			t.Fatal(err)
		}
		return string(s.find(t, "a").Sealed) + ", " + string(s.find(t, "e").Sealed) + ", " + string(factor.Secret)
	}
	wantAll := func(want string, codes, events int) {
		t.Helper()
		if got := sealed(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		wantNumber(t, s.Store, `SELECT count(*) FROM auth.recovery_codes`, codes)
		wantNumber(t, s.Store, `SELECT count(*) FROM auth.security_events WHERE event_type = 'master_key_changed'`, events)
	}
	before := sealed()
	act := s.KeyActs(operator())

	refused := errors.New("does not open")
	_, err := act.Rewrap(t.Context(), func(label, _ string, value []byte) ([]byte, error) {
		if label == keys.FactorLabel {
			return nil, refused
		}
		return append([]byte("new "), value...), nil
	})
	want(t, err, refused)
	wantAll(before, 2, 0)

	_, err = act.Rewrap(t.Context(), func(string, string, []byte) ([]byte, error) { return nil, nil })
	want(t, err, nil)
	wantAll(before, 2, 0)

	rows := map[string]string{"a": keys.SigningLabel, "e": keys.SigningLabel, user.ID.String(): keys.FactorLabel}
	done, err := act.Rewrap(t.Context(), func(label, row string, value []byte) ([]byte, error) {
		if rows[row] != label {
			t.Errorf("got %s as row of %s", row, label)
		}
		return append([]byte("new "), value...), nil
	})
	want(t, err, nil)
	if done != (keys.Rewrapped{Keys: 2, Factors: 1, RecoveryCodes: 2}) {
		t.Errorf("got %+v", done)
	}
	wantAll("new "+strings.ReplaceAll(before, ", ", ", new "), 0, 1)
}
