package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"mana/keys/verifier"
)

// How often what is done under load by default, and at most when scaled.
const (
	rollingRestarts, mostRestarts = 4, 20
	rotations, mostRotations      = 4, 20

	loadPerSecond = 200
	loadCallers   = 128 // requests under way at most
)

// steady sends requests at a steady rate, whether or not earlier ones were answered, and wants each answered well.
type steady struct {
	client   *http.Client
	requests []func(n int) *http.Request // by turns
	wants    []int
	sent     atomic.Int64
	failed   atomic.Int64
	stop     func()
}

func (s *steady) start(t *testing.T) {
	t.Helper()
	s.client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: loadCallers}}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	slots := make(chan struct{}, loadCallers)
	group.Go(func() {
		ticker := time.NewTicker(time.Second / loadPerSecond)
		defer ticker.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			slots <- struct{}{}
			group.Go(func() { s.send(t, n); <-slots })
		}
	})
	s.stop = sync.OnceFunc(func() { cancel(); group.Wait(); s.client.CloseIdleConnections() })
	t.Cleanup(s.stop)
}

func (s *steady) send(t *testing.T, n int) {
	kind := n % len(s.requests)
	request := s.requests[kind](n)
	s.sent.Add(1)
	response, err := s.client.Do(request)
	if err != nil {
		s.failed.Add(1)
		t.Errorf("%s %s: %v", request.Method, request.URL.Path, err)
		return
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != s.wants[kind] {
		s.failed.Add(1)
		t.Errorf("%s %s: got %d %.100s, %v", request.Method, request.URL.Path, response.StatusCode, body, err)
	}
}

// TestRollingRestart restarts two processes behind a reverse proxy in turn, under load that reads and writes: nobody
// sees it.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	p := newPair(t, append(richPeople(), "DRAIN=500ms")...)
	c := p.create(t, "Job", "--grant", "client_credentials", "--scope", "credits:read")
	p.run(t)
	_, token := p.person(t, "ada@example.com")
	make := func(method, path, media, body string, authorize func(*http.Request)) func(int) *http.Request {
		return func(n int) *http.Request {
			request, err := http.NewRequest(method, p.issuer+path, strings.NewReader(strings.ReplaceAll(body, "{n}", fmt.Sprint(n))))
			if err != nil {
				panic(err)
			}
			request.Header.Set("Content-Type", media)
			authorize(request)
			return request
		}
	}
	asPerson := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	asClient := func(r *http.Request) { r.SetBasicAuth(c.ID, c.Secret) }
	load := &steady{
		requests: []func(int) *http.Request{
			make("POST", "/api/v1/credits/use", "application/json", `{"amount":1,"appId":"chat","description":"x","idempotencyKey":"k{n}"}`, asPerson),
			make("GET", "/api/v1/credits/balance", "", "", asPerson),
			make("POST", "/introspect", formType, "token="+token, asClient),
			make("GET", "/login", "", "", func(*http.Request) {}),
		},
		wants: []int{http.StatusCreated, http.StatusOK, http.StatusOK, http.StatusOK},
	}
	load.start(t)
	for i := range min(scaled(rollingRestarts), mostRestarts) {
		v := []*victim{p.a, p.b}[i%2]
		v.end(t)
		v.run(t)
	}
	load.stop()
	t.Logf("%d requests during %d restarts, %d failed", load.sent.Load(), min(scaled(rollingRestarts), mostRestarts), load.failed.Load())
	want := fmt.Sprint(1_000_000 - (load.sent.Load()+3)/4)
	_, body, _ := p.api(t, "GET", "/api/v1/credits/balance", token, nil)
	if got := fmt.Sprint(body["freeCreditsRemaining"]); got != want {
		t.Errorf("got %s credits, want %s: each use booked once", got, want)
	}
}

// keptKeys is a key set as a resource server keeps it that reads it on time, and never for an unknown key.
type keptKeys struct {
	current atomic.Pointer[jose.JSONWebKeySet]
}

func (k *keptKeys) read(ctx context.Context, from string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from+"/jwks", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	set := new(jose.JSONWebKeySet)
	if err := json.NewDecoder(response.Body).Decode(set); err != nil {
		return err
	}
	k.current.Store(set)
	return nil
}

func (k *keptKeys) find(kid string) (jose.JSONWebKey, error) {
	if found := k.current.Load().Key(kid); len(found) == 1 {
		return found[0], nil
	}
	return jose.JSONWebKey{}, fmt.Errorf("no key %q is kept", kid)
}

// TestRotationInService (KY5) rotates the key of a running program again and again while apps fetch tokens all the
// time: no token is refused by who keeps the key set and reads it in time, neither new ones nor those of older keys.
func TestRotationInService(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client(t, "Job", "--grant", "client_credentials", "--scope", "credits:read")
	kept := new(keptKeys)
	if err := kept.read(t.Context(), s.issuer); err != nil {
		t.Fatal(err)
	}
	v, err := verifier.New(t.Context(), s.issuer, verifier.Config{Audience: s.issuer + "/api/v1/credits", Keys: kept.find})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var checked atomic.Int64
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			first := ""
			for ctx.Err() == nil {
				token, err := s.fetchToken(c)
				if err != nil {
					t.Error(err)
					return
				}
				if first == "" {
					first = token
				}
				for _, shown := range []string{token, first} {
					if _, err := v.Verify(t.Context(), shown); err != nil {
						t.Errorf("got %v for a token of %s", err, header(t, shown).Kid)
					}
				}
				checked.Add(2)
			}
		})
	}
	defer group.Wait()
	defer cancel()
	for range min(scaled(rotations), mostRotations) {
		var pending listedKey
		if err := json.Unmarshal([]byte(s.command(t, "keys", "rotate", "--json")), &pending); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the pending key is published and kept", func() bool {
			_ = kept.read(t.Context(), s.issuer) // again later
			_, err := kept.find(pending.ID)
			return err == nil
		})
		s.command(t, "keys", "rotate", "--now") // as after a day
		eventually(t, "the new key signs", func() bool {
			token, err := s.fetchToken(c)
			return err == nil && header(t, token).Kid == pending.ID
		})
	}
	cancel()
	group.Wait()
	t.Logf("%d checks during %d rotations", checked.Load(), min(scaled(rotations), mostRotations))
}

// fetchToken fetches a token for a client itself.
func (s *server) fetchToken(c created) (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"credits:read"}}
	request, err := http.NewRequest(http.MethodPost, s.issuer+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", formType)
	request.SetBasicAuth(c.ID, c.Secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var body struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil || body.Token == "" {
		return "", fmt.Errorf("got %s without a token, %w", response.Status, err)
	}
	return body.Token, nil
}
