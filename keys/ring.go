package keys

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/go-jose/go-jose/v4"
	"go.opentelemetry.io/otel/trace"

	"mana/keys/verifier"
)

// Kinds of tokens, by the typ header that separates them.
const (
	TypeAccessToken = verifier.TypeAccessToken
	TypeIDToken     = "JWT"
)

// ErrToken says that a token is not one that this ring signed with this typ. The others say why.
var (
	ErrToken     = verifier.ErrToken
	ErrMalformed = verifier.ErrMalformed
	ErrSignature = verifier.ErrSignature
	ErrType      = verifier.ErrType
)

// ErrAlgorithm says that an algorithm does not exist or is not enabled.
var ErrAlgorithm = errors.New("algorithm is not enabled")

// Config is what a ring needs.
type Config struct {
	Store      Store
	Master     MasterKey
	Algorithms []string      // enabled, as [ParseAlgorithms] gives them; nil: RS256
	RSABits    int           // of a key that is made; 0: 2048
	Rotation   time.Duration // life of an active key, longer than [PendingFor]; 0: keys change by hand only
	Now        func() time.Time
	// Import becomes the first RS256 key of a store that never had one; nil: one is made.
	Import *rsa.PrivateKey
	// Metrics is where ages and signatures are measured, nil if nowhere.
	Metrics *metrics.Set
}

// Ring holds the usable signing keys in memory. It is safe for concurrent use; looking up keys never waits.
type Ring struct {
	Created bool // a first key was stored by [Load]

	cfg       Config
	current   atomic.Pointer[snapshot]
	reloading sync.Mutex
	signed    atomic.Int64                            // access tokens since [Ring.Signed] was asked
	slots     chan struct{}                           // bounds what signs at once; those who wait are served in order
	seconds   map[string]*metrics.PrometheusHistogram // from the wish to the signature, by algorithm
}

// snapshot is the content of a ring at one moment. It never changes.
type snapshot struct {
	byID   map[string]*key // enabled algorithms, not removed
	active map[string]*key // by algorithm
	jwks   []byte
	lives  []life
}

// Load reads the keys and opens them. An enabled algorithm without an active key gets one, which signs at
// once. [ErrSeal] when the master key is not the one that sealed them.
func Load(ctx context.Context, cfg Config) (*Ring, error) {
	if cfg.Algorithms == nil {
		cfg.Algorithms = []string{RS256}
	}
	r := &Ring{cfg: cfg, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
	r.current.Store(new(snapshot))
	r.watch(cfg.Metrics)
	stored, err := r.stored(ctx)
	if err != nil {
		return nil, err
	}
	for _, alg := range cfg.Algorithms {
		if slices.ContainsFunc(stored, func(k StoredKey) bool { return k.Algorithm == alg && k.State == Active }) {
			continue
		}
		created, err := r.addFirst(ctx, alg, stored)
		if err != nil {
			return nil, err
		}
		r.Created = r.Created || created
	}
	if _, err := r.Reload(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Ring) stored(ctx context.Context) ([]StoredKey, error) {
	stored, err := r.cfg.Store.SigningKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading signing keys: %w", err)
	}
	return stored, nil
}

// addFirst stores the first key of an algorithm. Another process may have been faster; then nothing is
// stored.
func (r *Ring) addFirst(ctx context.Context, alg string, stored []StoredKey) (bool, error) {
	var k StoredKey
	var err error
	known := slices.ContainsFunc(stored, func(k StoredKey) bool { return k.Algorithm == RS256 })
	if alg == RS256 && r.cfg.Import != nil && !known {
		k, err = seal(r.cfg.Master, alg, Active, r.cfg.Import, r.now())
	} else {
		k, err = r.make(alg, Active)
	}
	if err != nil {
		return false, err
	}
	created, err := r.cfg.Store.AddFirstKey(ctx, k)
	if err != nil {
		return false, fmt.Errorf("storing the first signing key: %w", err)
	}
	return created, nil
}

// make makes a key of an enabled algorithm, in its stored form.
func (r *Ring) make(alg string, state State) (StoredKey, error) {
	private, err := Generate(alg, r.cfg.RSABits)
	if err != nil {
		return StoredKey{}, fmt.Errorf("making a signing key: %w", err)
	}
	return seal(r.cfg.Master, alg, state, private, r.now())
}

func (r *Ring) now() time.Time { return r.cfg.Now().UTC().Truncate(time.Microsecond) }

// Reload reads the keys again and reports whether the published set or an active key changed. After an
// error the ring serves what it knew.
func (r *Ring) Reload(ctx context.Context) (bool, error) {
	r.reloading.Lock()
	defer r.reloading.Unlock()
	stored, err := r.stored(ctx)
	if err != nil {
		return false, err
	}
	old := r.current.Load()
	fresh, err := r.take(stored, old)
	if err != nil {
		return false, err
	}
	r.current.Store(fresh)
	return !bytes.Equal(fresh.jwks, old.jwks) || !maps.Equal(fresh.active, old.active), nil
}

// take makes a snapshot of stored keys; what the old one has opened is not opened again.
func (r *Ring) take(stored []StoredKey, old *snapshot) (*snapshot, error) {
	fresh := &snapshot{byID: make(map[string]*key), active: make(map[string]*key)}
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, alg := range r.cfg.Algorithms {
		for _, s := range stored {
			if s.Algorithm != alg || s.State == Removed {
				continue
			}
			k := old.byID[s.ID]
			if k == nil {
				var err error
				if k, err = open(r.cfg.Master, s); err != nil {
					return nil, err
				}
			}
			fresh.byID[k.id] = k
			fresh.lives = append(fresh.lives, life{alg, s.State, s.CreatedAt, s.ActivatedAt})
			set.Keys = append(set.Keys, k.public)
			if s.State == Active {
				fresh.active[alg] = k
			}
		}
		if fresh.active[alg] == nil {
			return nil, fmt.Errorf("no active signing key for %s", alg)
		}
	}
	var err error
	if fresh.jwks, err = json.Marshal(set); err != nil {
		return nil, fmt.Errorf("encoding the key set: %w", err)
	}
	return fresh, nil
}

// JWKS is the published key set (RFC 7517, section 5): public members only. It must not be changed.
func (r *Ring) JWKS() []byte { return r.current.Load().jwks }

// ActiveID is the id of the key that signs with an algorithm now; empty if that is not enabled.
func (r *Ring) ActiveID(alg string) string {
	if k := r.current.Load().active[alg]; k != nil {
		return k.id
	}
	return ""
}

// Signed is how many access tokens were signed since it was asked before.
func (r *Ring) Signed() int64 { return r.signed.Swap(0) }

// Algorithms lists the algorithms that sign, RS256 first. It must not be changed.
func (r *Ring) Algorithms() []string { return r.cfg.Algorithms }

// Key gives the published key that a kid names. [ErrSignature].
func (r *Ring) Key(kid string) (jose.JSONWebKey, error) {
	if k, ok := r.current.Load().byID[kid]; ok {
		return k.public, nil
	}
	return jose.JSONWebKey{}, ErrSignature
}

// Verify checks that token is a compact JWS of this ring with exactly this typ, and returns its payload.
// The token chooses nothing: the algorithm is that of the key that its kid names. [ErrToken].
func (r *Ring) Verify(typ, token string) ([]byte, error) { return verifier.Open(token, typ, r.Key) }

// Sign makes a compact JWS over the claims with the given typ, by the active key of an algorithm; empty
// means RS256. It waits for its turn as long as ctx lasts. [ErrAlgorithm].
func (r *Ring) Sign(ctx context.Context, alg, typ string, claims any) (string, error) {
	if alg == "" {
		alg = RS256
	}
	k := r.current.Load().active[alg]
	if k == nil {
		return "", fmt.Errorf("signing with %q: %w", alg, ErrAlgorithm)
	}
	signer, ok := k.signers[typ]
	if !ok {
		return "", fmt.Errorf("no signer for tokens of type %q", typ)
	}
	payload, err := encodeASCII(claims)
	if err != nil {
		return "", fmt.Errorf("encoding claims: %w", err)
	}
	began := time.Now()
	ctx, span := trace.SpanFromContext(ctx).TracerProvider().Tracer("mana/keys").Start(ctx, "sign "+alg)
	signature, err := r.signInTurn(ctx, signer, payload)
	span.End()
	r.seconds[alg].Update(time.Since(began).Seconds())
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	if typ == TypeAccessToken {
		r.signed.Add(1)
	}
	return signature.CompactSerialize()
}

// signInTurn signs as soon as one of few slots is free. Those who wait are served in order, so that under
// load the slowest waits hardly longer than the others.
func (r *Ring) signInTurn(ctx context.Context, signer jose.Signer, payload []byte) (*jose.JSONWebSignature, error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
		// A signature holds a processor for long: requests that have arrived meanwhile are read first, or those
		// who wait here would hand the processors to each other until the queue is empty.
		runtime.Gosched()
		return signer.Sign(payload)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
