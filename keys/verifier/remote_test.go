package verifier_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"go.uber.org/goleak"

	"mana/keys/verifier"
	"mana/storage/storagetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// publisher is an issuer whose every answer the test decides.
type publisher struct {
	*httptest.Server
	t     *testing.T
	clock *storagetest.Clock

	mu       sync.Mutex
	keys     []any // published
	cache    string
	date     func() string
	fail     bool
	gate     chan struct{} // holds answers back until it is closed
	metadata func(map[string]any)
	asked    int // for the key set
	past     int // of them past caches
}

func newPublisher(t *testing.T, signers ...signer) *publisher {
	t.Helper()
	p := &publisher{t: t, clock: storagetest.NewClock(), cache: "max-age=600"}
	p.date = func() string { return p.clock.Now().Format(http.TimeFormat) }
	p.publish(signers...)
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *publisher) publish(signers ...signer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = nil
	for _, s := range signers {
		p.keys = append(p.keys, s.public())
	}
}

// set changes what is answered from now on.
func (p *publisher) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	w.Header()["Date"] = nil // none, unless the test says so
	if date := p.date(); date != "" {
		w.Header().Set("Date", date)
	}
	if r.URL.Path != "/keys" {
		metadata := map[string]any{
			"issuer": p.URL, "jwks_uri": p.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256", "ES256", "EdDSA", "HS256", "none"},
		}
		if p.metadata != nil {
			p.metadata(metadata)
		}
		p.mu.Unlock()
		_ = json.NewEncoder(w).Encode(metadata)
		return
	}
	p.asked++
	if r.Header.Get("Cache-Control") == "no-cache" {
		p.past++
	}
	body, _ := json.Marshal(map[string]any{"keys": p.keys})
	cache, fail, gate := p.cache, p.fail, p.gate
	p.mu.Unlock()
	if gate != nil {
		<-gate
	}
	if fail {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if cache != "" {
		w.Header().Set("Cache-Control", cache)
	}
	_, _ = w.Write(body)
}

// verifier is one of this issuer by the same clock.
func (p *publisher) verifier() *verifier.Verifier {
	p.t.Helper()
	v, err := verifier.New(p.t.Context(), p.URL, verifier.Config{Audience: api, Now: p.clock.Now})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(v.Close)
	return v
}

// token is a good token now.
func (p *publisher) token(s signer) string {
	now := p.clock.Now()
	return s.sign(p.t, nil, claims(map[string]any{"iss": p.URL, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}))
}

// want verifies a new token of s and expects an error, or none, and how often the set was asked for until then.
// A renewal is asked for in the background, so it may take another moment to be seen, or to be begun when the
// one before it is still ending.
func (p *publisher) want(v *verifier.Verifier, what string, s signer, err error, asked int) {
	p.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		if _, got := v.Verify(p.t.Context(), p.token(s)); !errors.Is(got, err) {
			p.t.Errorf("%s: got %v, want %v", what, got, err)
		}
		got := p.count()
		if got < asked && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
			continue
		}
		if got != asked {
			p.t.Errorf("%s: got %d readings of the key set, want %d", what, got, asked)
		}
		return
	}
}

// count is how often the set was asked for.
func (p *publisher) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// reached waits until the set was asked for so often.
func (p *publisher) reached(asked int) {
	p.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		if p.count() >= asked {
			return
		}
		time.Sleep(time.Millisecond)
	}
	p.t.Fatalf("the key set was not asked for %d times", asked)
}

func TestKeptByCacheControl(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "a", jose.ES256)
	for name, c := range map[string]struct {
		cache string
		age   time.Duration // of the answer, by its Date
		kept  time.Duration
	}{
		"ten minutes":         {"public, max-age=600, stale-while-revalidate=600, stale-if-error=82800", 0, 10 * time.Minute},
		"quoted":              {`Max-Age="600"`, 0, 10 * time.Minute},
		"a second":            {"max-age=1", 0, time.Minute},
		"none said":           {"", 0, time.Minute},
		"no-store":            {"no-store, max-age=600", 0, time.Minute},
		"no-cache":            {"max-age=600, no-cache", 0, time.Minute},
		"not a number":        {"max-age=x", 0, time.Minute},
		"negative":            {"max-age=-5", 0, time.Minute},
		"a week":              {"max-age=604800", 0, 24 * time.Hour},
		"old already":         {"max-age=600", 7 * time.Minute, 3 * time.Minute},
		"older than allowed":  {"max-age=600", time.Hour, time.Minute},
		"from the future":     {"max-age=600", -time.Hour, 10 * time.Minute},
		"without a date":      {"max-age=600", 1, 10 * time.Minute},
		"a week, a day old":   {"max-age=604800", 23 * time.Hour, time.Hour},
		"shared caches alone": {"s-maxage=600", 0, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublisher(t, s)
			p.set(func() {
				p.cache = c.cache
				p.date = func() string { return p.clock.Now().Add(-c.age).Format(http.TimeFormat) }
				if c.age == 1 {
					p.date = func() string { return "" }
				}
			})
			v := p.verifier()
			p.want(v, "at first", s, nil, 1)
			p.clock.Add(c.kept/5*4 - time.Second)
			p.want(v, "while it is fresh", s, nil, 1)
			p.clock.Add(c.kept/5 + time.Second)
			p.want(v, "when it is over", s, nil, 2)
			p.want(v, "again", s, nil, 2)
		})
	}
}

// TestSlowIssuer holds every answer back: nobody waits for one while the old set may serve, and nobody asks again.
func TestSlowIssuer(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "a", jose.ES256)
	p := newPublisher(t, s)
	v := p.verifier()
	gate := make(chan struct{})
	p.set(func() { p.gate = gate })
	for _, later := range []time.Duration{8 * time.Minute, 2 * time.Minute, 24*time.Hour - 10*time.Minute - time.Second} {
		p.clock.Add(later) // ahead of the end, at the end, and just before the set is too old
		for range 20 {
			if _, err := v.Verify(t.Context(), p.token(s)); err != nil {
				t.Fatal(err)
			}
		}
	}
	p.reached(2)
	p.clock.Add(time.Second) // now they wait
	done := make(chan error, 8)
	for range cap(done) {
		go func() {
			_, err := v.Verify(t.Context(), p.token(s))
			done <- err
		}()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Verify(ctx, p.token(s)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the wait to end with its caller", err)
	}
	if len(done) != 0 {
		t.Error("got a set used that is too old, while the answer was under way")
	}
	close(gate)
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	p.want(v, "after the answer", s, nil, 2)
}

func TestUnknownKey(t *testing.T) {
	t.Parallel()
	a, b, evil := newSigner(t, "a", jose.ES256), newSigner(t, "b", jose.EdDSA), newSigner(t, "evil", jose.ES256)
	p := newPublisher(t, a)
	v := p.verifier()
	p.publish(a, b)
	gate := make(chan struct{})
	p.set(func() { p.gate = gate })
	done := make(chan error, 8)
	for range cap(done) { // all at once make one question
		go func() {
			_, err := v.Verify(t.Context(), p.token(b))
			done <- err
		}()
	}
	p.reached(2)
	close(gate)
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for range 100 {
		p.want(v, "a stranger within the minute", evil, verifier.ErrSignature, 2)
	}
	p.want(v, "the old key", a, nil, 2)
	p.clock.Add(time.Minute)
	p.want(v, "a stranger after a minute", evil, verifier.ErrSignature, 3)
	p.want(v, "again", evil, verifier.ErrSignature, 3)
	p.set(func() { p.fail = true })
	p.clock.Add(time.Minute)
	p.want(v, "while the issuer is down", evil, verifier.ErrUnavailable, 4)
	p.want(v, "within that minute", evil, verifier.ErrUnavailable, 4)
	p.want(v, "a known key then", b, nil, 4)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.past != 3 {
		t.Errorf("got %d questions past caches, want 3", p.past)
	}
}

func TestOldSetServesOnError(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "a", jose.ES256)
	for name, fault := range map[string]func(p *publisher){
		"500":            func(p *publisher) { p.fail = true },
		"no key":         func(p *publisher) { p.keys = []any{} },
		"nothing of use": func(p *publisher) { p.keys = []any{map[string]string{"kty": "oct", "kid": "a", "k": "AA"}, "x"} },
		"one kid twice":  func(p *publisher) { p.keys = []any{s.public(), newSigner(t, "a", jose.ES256).public()} },
		"too large":      func(p *publisher) { p.keys = []any{s.public(), strings.Repeat("x", 1<<20)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublisher(t, s)
			v := p.verifier()
			good := p.keys
			p.set(func() { fault(p) })
			p.clock.Add(10 * time.Minute)
			p.want(v, "when it is over", s, nil, 2)
			p.want(v, "within the minute", s, nil, 2)
			p.clock.Add(time.Minute)
			p.want(v, "after a minute", s, nil, 3)
			p.clock.Add(24*time.Hour - 11*time.Minute - time.Second)
			p.want(v, "just before 24 hours", s, nil, 4)
			p.clock.Add(time.Second)
			p.want(v, "after 24 hours", s, verifier.ErrUnavailable, 4)
			p.clock.Add(time.Minute)
			p.want(v, "a minute later", s, verifier.ErrUnavailable, 5)
			p.set(func() { p.fail, p.keys = false, good })
			p.clock.Add(time.Minute)
			p.want(v, "when the issuer is back", s, nil, 6)
		})
	}
}

// TestWithdrawnKey shows that a revoked key is refused when the kept set is renewed.
func TestWithdrawnKey(t *testing.T) {
	t.Parallel()
	a, b := newSigner(t, "a", jose.ES256), newSigner(t, "b", jose.ES256)
	p := newPublisher(t, a)
	v := p.verifier()
	p.publish(b)
	p.want(v, "the new key", b, nil, 2)
	p.want(v, "the withdrawn key", a, verifier.ErrSignature, 2)
}

func TestKeysOfOtherKindsAreSkipped(t *testing.T) {
	t.Parallel()
	good, pss := newSigner(t, "good", jose.ES256), newSigner(t, "pss", jose.PS256)
	p := newPublisher(t, good, pss)
	p.set(func() {
		private, _ := json.Marshal(jose.JSONWebKey{Key: newSigner(t, "x", jose.ES256).private, KeyID: "private", Use: "sig", Algorithm: "ES256"})
		p.keys = append(p.keys, json.RawMessage(private),
			map[string]string{"kty": "oct", "kid": "oct", "alg": "HS256", "k": "AAAA"}, map[string]string{"kty": "AKP", "kid": "akp"}, 1)
	})
	v := p.verifier()
	p.want(v, "good", good, nil, 1)
	p.want(v, "PS256, which the metadata does not name", pss, verifier.ErrSignature, 2)
	hmac, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: make([]byte, 32)},
		(&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", "oct"))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := hmac.Sign([]byte(claims(map[string]any{"iss": p.URL})))
	if err != nil {
		t.Fatal(err)
	}
	token, _ := signed.CompactSerialize()
	if _, err := v.Verify(t.Context(), token); !errors.Is(err, verifier.ErrSignature) {
		t.Errorf("got %v for a published symmetric key", err)
	}
}

func TestMetadataDemands(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "a", jose.ES256)
	for name, c := range map[string]struct {
		change func(p *publisher, m map[string]any)
		want   error // nil: any
	}{
		"another issuer":        {func(p *publisher, m map[string]any) { m["issuer"] = p.URL + "/" }, nil},
		"no key set":            {func(_ *publisher, m map[string]any) { delete(m, "jwks_uri") }, nil},
		"key set by plain http": {func(_ *publisher, m map[string]any) { m["jwks_uri"] = "http://id.example.com/keys" }, nil},
		"HMAC alone": {func(_ *publisher, m map[string]any) {
			m["id_token_signing_alg_values_supported"] = []string{"HS256", "none"}
		}, verifier.ErrUnavailable},
		"keys out of reach": {func(p *publisher, m map[string]any) { m["jwks_uri"] = p.URL + "/keys?"; p.fail = true }, verifier.ErrUnavailable},
	} {
		p := newPublisher(t, s)
		p.set(func() { p.metadata = func(m map[string]any) { c.change(p, m) } })
		v, err := verifier.New(t.Context(), p.URL, verifier.Config{Audience: api, Now: p.clock.Now})
		if err == nil {
			v.Close()
			t.Errorf("%s: got no error", name)
		} else if c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	moved := httptest.NewServer(http.RedirectHandler("http://127.0.0.1:1/", http.StatusFound))
	defer moved.Close()
	if _, err := verifier.New(t.Context(), moved.URL, verifier.Config{Audience: api}); !errors.Is(err, verifier.ErrUnavailable) {
		t.Errorf("got %v for a redirect, want it not followed", err)
	}
}

// TestKeysOfSecureIssuer wants them by https too, even from a loopback address.
func TestKeysOfSecureIssuer(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "a", jose.ES256)
	p := newPublisher(t, s)
	secure := httptest.NewTLSServer(p)
	t.Cleanup(secure.Close)
	for address, good := range map[string]bool{
		secure.URL + "/keys": true, strings.Replace(secure.URL, "https", "HTTPS", 1) + "/keys": true, p.URL + "/keys": false,
	} {
		p.set(func() { p.metadata = func(m map[string]any) { m["issuer"], m["jwks_uri"] = secure.URL, address } })
		v, err := verifier.New(t.Context(), secure.URL, verifier.Config{Audience: api, HTTP: secure.Client(), Now: p.clock.Now})
		if err == nil {
			v.Close()
		}
		if good != (err == nil) {
			t.Errorf("%s: got %v", address, err)
		}
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "a", jose.ES256)
	p := newPublisher(t, s)
	v := p.verifier()
	gate := make(chan struct{})
	defer close(gate)
	p.set(func() { p.gate = gate })
	p.clock.Add(9 * time.Minute)
	if _, err := v.Verify(t.Context(), p.token(s)); err != nil {
		t.Errorf("got %v while the set is renewed", err)
	}
	p.reached(2)
	v.Close() // ends the question, whose answer will not come
	p.want(v, "after the end", s, nil, 2)
	p.want(v, "a stranger after the end", newSigner(t, "b", jose.ES256), verifier.ErrUnavailable, 2)
}

func ExampleVerifier_Require() {
	key := func(string) (jose.JSONWebKey, error) { return jose.JSONWebKey{}, verifier.ErrSignature } // leave it out: the issuer is asked
	v, err := verifier.New(context.Background(), "https://id.example.com", verifier.Config{Audience: "https://api.example.com", Keys: key})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close()
	create := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := verifier.From(r.Context())
		fmt.Fprintln(w, "hello", claims.Subject)
	})
	mux := http.NewServeMux()
	mux.Handle("POST /notes", v.Require("notes:write")(create))
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/notes", nil))
	fmt.Println(answer.Code, answer.Header().Get("WWW-Authenticate"))
	// Output: 401 Bearer realm="https://api.example.com", scope="notes:write"
}
