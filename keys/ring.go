package keys

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Kinds of tokens, by the typ header that separates them.
const (
	TypeAccessToken = "at+jwt" // RFC 9068, section 2.1
	TypeIDToken     = "JWT"
)

// maxTokenSize bounds what is parsed at all, in bytes.
const maxTokenSize = 8 << 10

// ErrToken says that a token is not one that this ring signed with this typ. The others say why.
var (
	ErrToken     = errors.New("not a token of this issuer")
	ErrMalformed = fmt.Errorf("%w: malformed", ErrToken)
	ErrSignature = fmt.Errorf("%w: invalid signature", ErrToken)
	ErrType      = fmt.Errorf("%w: another type of token", ErrToken)
)

// Config is what a ring needs.
type Config struct {
	Store   Store
	Master  MasterKey
	RSABits int // of a key that is made; 0: 2048
	Now     func() time.Time
	// Import becomes the first key when the store has none; nil: one is made.
	Import *rsa.PrivateKey
}

// Ring holds the usable signing keys in memory. It is safe for concurrent use and never changes.
type Ring struct {
	active  *key
	byID    map[string]*key
	jwks    []byte
	Created bool // the first key was stored by this call of Load
}

type key struct {
	id      string
	public  jose.JSONWebKey
	signers map[string]jose.Signer // by typ
}

// Load reads the keys, makes and stores the first one if there is none, and opens them. [ErrSeal] when
// the master key is not the one that sealed them.
func Load(ctx context.Context, cfg Config) (*Ring, error) {
	stored, err := cfg.Store.SigningKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading signing keys: %w", err)
	}
	created := false
	if len(stored) == 0 {
		if created, err = addFirst(ctx, cfg); err != nil {
			return nil, err
		}
		if stored, err = cfg.Store.SigningKeys(ctx); err != nil {
			return nil, fmt.Errorf("reading signing keys: %w", err)
		}
	}
	ring := &Ring{byID: make(map[string]*key), Created: created}
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, s := range stored {
		k, err := open(cfg.Master, s)
		if err != nil {
			return nil, err
		}
		ring.byID[k.id] = k
		set.Keys = append(set.Keys, k.public)
		if s.State == Active {
			ring.active = k
		}
	}
	if ring.active == nil {
		return nil, errors.New("no active signing key")
	}
	if ring.jwks, err = json.Marshal(set); err != nil {
		return nil, fmt.Errorf("encoding the key set: %w", err)
	}
	return ring, nil
}

// addFirst stores the first key. Another process may have been faster; then nothing is stored.
func addFirst(ctx context.Context, cfg Config) (bool, error) {
	private := cfg.Import
	if private == nil {
		bits := cfg.RSABits
		if bits == 0 {
			bits = 2048
		}
		var err error
		if private, err = rsa.GenerateKey(rand.Reader, bits); err != nil {
			return false, fmt.Errorf("making a signing key: %w", err)
		}
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return false, fmt.Errorf("encoding a signing key: %w", err)
	}
	id, err := Thumbprint(&private.PublicKey)
	if err != nil {
		return false, err
	}
	now := cfg.Now().UTC().Truncate(time.Microsecond)
	created, err := cfg.Store.AddFirstKey(ctx, StoredKey{
		ID: id, Algorithm: string(jose.RS256), State: Active,
		Sealed: cfg.Master.Seal(sealLabel, id, der), CreatedAt: now, ActivatedAt: now,
	})
	if err != nil {
		return false, fmt.Errorf("storing the first signing key: %w", err)
	}
	return created, nil
}

const sealLabel = "signing-key"

// Thumbprint is the key id of a public key (RFC 7638, SHA-256, base64url).
func Thumbprint(public crypto.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("computing a key id: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

func open(master MasterKey, s StoredKey) (*key, error) {
	der, err := master.Open(sealLabel, s.ID, s.Sealed)
	if err != nil {
		return nil, fmt.Errorf("opening signing key %s: %w", s.ID, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("reading signing key %s: %w", s.ID, err)
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok || s.Algorithm != string(jose.RS256) {
		return nil, fmt.Errorf("signing key %s: algorithm %q is not supported", s.ID, s.Algorithm)
	}
	k := &key{
		id:      s.ID,
		public:  jose.JSONWebKey{Key: &private.PublicKey, KeyID: s.ID, Use: "sig", Algorithm: s.Algorithm},
		signers: make(map[string]jose.Signer),
	}
	for _, typ := range []string{TypeAccessToken, TypeIDToken} {
		options := (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", s.ID)
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: private}, options)
		if err != nil {
			return nil, fmt.Errorf("preparing signing key %s: %w", s.ID, err)
		}
		k.signers[typ] = signer
	}
	return k, nil
}

// JWKS is the published key set (RFC 7517, section 5): public members only. It must not be changed.
func (r *Ring) JWKS() []byte { return r.jwks }

// ActiveID is the id of the key that signs now.
func (r *Ring) ActiveID() string { return r.active.id }

// Algorithms lists the algorithms that sign now, RS256 first.
func (r *Ring) Algorithms() []string { return []string{string(jose.RS256)} }

// Sign makes a compact JWS over the claims with the given typ.
func (r *Ring) Sign(typ string, claims any) (string, error) {
	signer, ok := r.active.signers[typ]
	if !ok {
		return "", fmt.Errorf("no signer for tokens of type %q", typ)
	}
	payload, err := encodeASCII(claims)
	if err != nil {
		return "", fmt.Errorf("encoding claims: %w", err)
	}
	signature, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return signature.CompactSerialize()
}

// Verify checks that token is a compact JWS of this ring with exactly this typ, and returns its payload.
// The token chooses nothing: the algorithm is that of the key that its kid names. [ErrToken].
func (r *Ring) Verify(typ, token string) ([]byte, error) {
	if !wellFormed(token) {
		return nil, ErrMalformed
	}
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if unexpected := new(jose.ErrUnexpectedSignatureAlgorithm); errors.As(err, &unexpected) {
		return nil, ErrSignature
	}
	if err != nil || len(parsed.Signatures) != 1 {
		return nil, ErrMalformed
	}
	header := parsed.Signatures[0].Protected
	k, ok := r.byID[header.KeyID]
	if !ok || header.Algorithm != k.public.Algorithm {
		return nil, ErrSignature
	}
	payload, err := parsed.Verify(k.public.Key)
	if err != nil {
		return nil, ErrSignature
	}
	if got, _ := header.ExtraHeaders[jose.HeaderType].(string); got != typ {
		return nil, ErrType
	}
	return payload, nil
}

// wellFormed reports whether token has three non-empty parts in canonical unpadded base64url.
func wellFormed(token string) bool {
	if len(token) > maxTokenSize || strings.Count(token, ".") != 2 {
		return false
	}
	for part := range strings.SplitSeq(token, ".") {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if part == "" || err != nil || base64.RawURLEncoding.EncodedLen(len(raw)) != len(part) {
			return false
		}
	}
	return true
}

// AccessTokenHash is the at_hash of an RS256 ID token: the left half of SHA-256 over the ASCII of the
// access token (OpenID Connect Core 1.0, section 3.1.3.6).
func AccessTokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:sha256.Size/2])
}
