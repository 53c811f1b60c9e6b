package verifier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	minKept     = time.Minute
	maxKept     = 24 * time.Hour
	askEvery    = time.Minute // how often the issuer is asked at most, for renewal and for unknown keys each
	askFor      = 10 * time.Second
	maxDocument = 1 << 20 // bytes
)

// remote keeps the published keys of an issuer.
//
// A set is renewed in the background from the last fifth of its life on. Until that succeeds the old set
// serves, so that a slow issuer makes nobody wait, until it is 24 hours old: the time by which the issuer
// publishes a key ahead of its use. Only then, and for an unknown key, is the answer awaited.
type remote struct {
	uri        string
	algorithms []string
	client     *http.Client
	now        func() time.Time
	set        atomic.Pointer[keySet]

	life context.Context // of what runs in the background
	stop context.CancelFunc

	mu       sync.Mutex // guards what follows
	renewals asker
	unknown  asker
	started  int
	stored   int // the start of the answer that was stored last
	closed   bool
	running  sync.WaitGroup
}

// keySet is one answer of the issuer.
type keySet struct {
	byID  map[string]jose.JSONWebKey
	renew time.Time // from then on it is renewed
	dead  time.Time // 24 hours after the answer was made, but not before the end of its life
}

// asker holds the last question of its kind, and when the next may be asked.
type asker struct {
	last *question
	busy bool // the last one is under way
	next time.Time
}

// question is one request for the key set, which several callers may await.
type question struct {
	done chan struct{}
	err  error // readable when done is closed
}

func (q *question) wait(ctx context.Context) error {
	select {
	case <-q.done:
		return q.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// newRemote reads the metadata (OpenID Connect Discovery 1.0, section 4) and the keys of an issuer.
func newRemote(ctx context.Context, issuer string, client *http.Client, now func() time.Time) (*remote, error) {
	r := &remote{client: client, now: now}
	if r.client == nil {
		r.client = &http.Client{Timeout: askFor, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}
	}
	var metadata struct {
		Issuer     string   `json:"issuer"`
		JWKSURI    string   `json:"jwks_uri"`
		Algorithms []string `json:"id_token_signing_alg_values_supported"`
	}
	body, _, err := r.read(ctx, issuer+"/.well-known/openid-configuration", false)
	if err != nil {
		return nil, fmt.Errorf("%w: reading the metadata: %w", ErrUnavailable, err)
	}
	if err := json.Unmarshal(body, &metadata); err != nil {
		return nil, fmt.Errorf("reading the metadata: %w", err)
	}
	if metadata.Issuer != issuer {
		return nil, fmt.Errorf("the metadata names the issuer %q, want %q", metadata.Issuer, issuer)
	}
	if err := checkKeyAddress(issuer, metadata.JWKSURI); err != nil {
		return nil, fmt.Errorf("jwks_uri %q %w", metadata.JWKSURI, err)
	}
	r.uri, r.algorithms = metadata.JWKSURI, metadata.Algorithms
	r.life, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := r.ask(&r.renewals, false).wait(ctx); err != nil {
		r.close()
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return r, nil
}

// find gives the key that a kid names. An unknown one makes the issuer be asked again.
func (r *remote) find(ctx context.Context, kid string) (jose.JSONWebKey, error) {
	set, err := r.current(ctx)
	if err != nil {
		return jose.JSONWebKey{}, err
	}
	if key, ok := set.byID[kid]; ok {
		return key, nil
	}
	if err := r.ask(&r.unknown, true).wait(ctx); err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if key, ok := r.set.Load().byID[kid]; ok {
		return key, nil
	}
	return jose.JSONWebKey{}, ErrSignature
}

// current gives the set to use now, and has it renewed if need be.
func (r *remote) current(ctx context.Context) (*keySet, error) {
	set, now := r.set.Load(), r.now()
	if now.Before(set.renew) {
		return set, nil
	}
	renewal := r.ask(&r.renewals, false)
	if now.Before(set.dead) {
		return set, nil
	}
	err := renewal.wait(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if set = r.set.Load(); r.now().Before(set.dead) {
		return set, nil
	}
	return nil, fmt.Errorf("%w: %w", ErrUnavailable, errors.Join(errOld, err))
}

var errOld = errors.New("the kept key set is too old")

// ask begins a question and returns it. It is the last one of its kind if that is under way or was begun
// less than a minute ago. It goes past caches if it must.
func (r *remote) ask(a *asker, past bool) *question {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.last != nil && (a.busy || r.closed || r.now().Before(a.next)) {
		return a.last
	}
	q := &question{done: make(chan struct{})}
	if r.closed {
		q.err = errors.New("the verifier is closed")
		close(q.done)
		return q
	}
	a.last, a.busy, a.next = q, true, r.now().Add(askEvery)
	r.started++
	start := r.started
	r.running.Go(func() {
		set, err := r.fetch(past)
		r.mu.Lock()
		defer r.mu.Unlock()
		if err == nil && start > r.stored { // an answer to an earlier question must not hide a later one
			r.stored = start
			r.set.Store(set)
		}
		a.busy, q.err = false, err
		close(q.done)
	})
	return q
}

func (r *remote) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.stop()
	r.running.Wait()
}

// fetch reads the key set.
func (r *remote) fetch(past bool) (*keySet, error) {
	ctx, cancel := context.WithTimeout(r.life, askFor)
	defer cancel()
	body, header, err := r.read(ctx, r.uri, past)
	if err != nil {
		return nil, fmt.Errorf("reading the key set: %w", err)
	}
	byID, err := parseSet(body, r.algorithms)
	if err != nil {
		return nil, fmt.Errorf("reading the key set: %w", err)
	}
	now := r.now()
	made := now
	if date, err := http.ParseTime(header.Get("Date")); err == nil && date.Before(now) {
		made = date
	}
	kept := max(min(maxAge(header), maxKept)-now.Sub(made), minKept)
	dead := made.Add(maxKept)
	if end := now.Add(kept); end.After(dead) {
		dead = end
	}
	return &keySet{byID: byID, renew: now.Add(kept / 5 * 4), dead: dead}, nil
}

func (r *remote) read(ctx context.Context, address string, past bool) ([]byte, http.Header, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("Accept", "application/json")
	if past {
		request.Header.Set("Cache-Control", "no-cache")
	}
	response, err := r.client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("%s answered %s", address, response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	if err == nil && len(body) > maxDocument {
		err = fmt.Errorf("%s answered more than %d bytes", address, maxDocument)
	}
	return body, response.Header, err
}

// parseSet keeps the keys of the given algorithms. Keys of other kinds are passed over; the same kid twice
// refuses the set, since the token would choose between them.
func parseSet(body []byte, algorithms []string) (map[string]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, err
	}
	byID := make(map[string]jose.JSONWebKey)
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(raw) != nil || CheckKey(key) != nil || !slices.Contains(algorithms, key.Algorithm) {
			continue
		}
		if _, twice := byID[key.KeyID]; twice {
			return nil, fmt.Errorf("two keys have the id %q", key.KeyID)
		}
		byID[key.KeyID] = key
	}
	if len(byID) == 0 {
		return nil, errors.New("it has no key to use")
	}
	return byID, nil
}

// maxAge is how long an answer may be kept; 0 if it does not say, or says that it may not.
func maxAge(header http.Header) time.Duration {
	longest := time.Duration(0)
	for _, line := range header.Values("Cache-Control") {
		for directive := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(name) {
			case "no-store", "no-cache":
				return 0
			case "max-age":
				if seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
					longest = time.Duration(seconds) * time.Second
				}
			}
		}
	}
	return longest
}
