package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// ringOf is a ring of one key without a store.
func ringOf(t testing.TB, alg string) *Ring {
	t.Helper()
	master := NewMasterKey()
	private, err := Generate(alg, 0)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := seal(master, alg, Active, private, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r := &Ring{cfg: Config{Master: master, Algorithms: []string{alg}}, slots: make(chan struct{}, 1)}
	r.watch(nil)
	content, err := r.take([]StoredKey{stored}, new(snapshot))
	if err != nil {
		t.Fatal(err)
	}
	r.current.Store(content)
	return r
}

// witness is a signer that notes what it signs.
type witness struct {
	jose.Signer
	signed []string
}

func (w *witness) Sign(payload []byte) (*jose.JSONWebSignature, error) {
	w.signed = append(w.signed, string(payload))
	return w.Signer.Sign(payload)
}

// TestSigningTakesTurns fills the only slot, lets callers wait one after the other, and frees it.
func TestSigningTakesTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := ringOf(t, EdDSA)
		k := r.current.Load().active[EdDSA]
		w := &witness{Signer: k.signers[TypeIDToken]}
		k.signers[TypeIDToken] = w
		r.slots <- struct{}{}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := r.Sign(gone, EdDSA, TypeIDToken, 0); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the wait to end with its caller", err)
		}
		var want []string
		for i := range 20 {
			want = append(want, strconv.Itoa(i))
			go func() {
				if _, err := r.Sign(t.Context(), EdDSA, TypeIDToken, i); err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait()
		}
		if len(w.signed) != 0 {
			t.Fatalf("got %v signed without a slot", w.signed)
		}
		<-r.slots
		synctest.Wait()
		if !slices.Equal(w.signed, want) {
			t.Errorf("got %v, want all in the order of their coming", w.signed)
		}
	})
}

func TestKeysFitTheirAlgorithm(t *testing.T) {
	t.Parallel()
	master := NewMasterKey()
	for _, made := range []string{RS256, ES256, EdDSA} {
		private, err := Generate(made, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, alg := range []string{RS256, PS256, ES256, EdDSA, "HS256", ""} {
			stored, err := seal(master, alg, Active, private, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			_, err = open(master, stored)
			if fits := alg == made || made == RS256 && alg == PS256; (err == nil) != fits {
				t.Errorf("a key of %s for %s: got %v", made, alg, err)
			}
		}
	}
}

func BenchmarkSign(b *testing.B) {
	for _, alg := range []string{RS256, ES256, EdDSA} {
		b.Run(fmt.Sprint(alg), func(b *testing.B) {
			r := ringOf(b, alg)
			claims := map[string]any{"iss": "https://id.example.com", "sub": "x", "aud": "api", "exp": 1, "iat": 1, "jti": "j"}
			for b.Loop() {
				if _, err := r.Sign(b.Context(), alg, TypeAccessToken, claims); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
