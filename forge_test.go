package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// foreignKey is a key that no provider here knows.
var foreignKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func rsaKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := foreignKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign makes a JWT with whatever key, kid and typ a forger likes.
func sign(t *testing.T, alg jose.SignatureAlgorithm, key any, kid, typ string, payload []byte) string {
	t.Helper()
	return signWith(t, jose.SigningKey{Algorithm: alg, Key: key}, map[jose.HeaderKey]any{"kid": kid, "typ": typ}, payload)
}

func signWith(t *testing.T, key jose.SigningKey, header map[jose.HeaderKey]any, payload []byte) string {
	t.Helper()
	signer, err := jose.NewSigner(key, &jose.SignerOptions{ExtraHeaders: header})
	if err != nil {
		t.Fatal(err)
	}
	token, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := token.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// forger makes false tokens of real ones. It has the provider's own key, so that only what a token says is false.
type forger struct {
	t   *testing.T
	key *rsa.PrivateKey
}

func newForger(t *testing.T) forger {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return forger{t, key}
}

// setting gives the key to a program that starts.
func (f forger) setting() string {
	f.t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(f.key)
	if err != nil {
		f.t.Fatal(err)
	}
	return "JWT_PRIVATE_KEY=" + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// parts are what a token says, and what its header names.
func (f forger) parts(real string) (payload []byte, kid, typ string) {
	f.t.Helper()
	token, err := jose.ParseSignedCompact(real, knownAlgorithms)
	if err != nil {
		f.t.Fatal(err)
	}
	header := token.Signatures[0].Header
	return token.UnsafePayloadWithoutVerification(), header.KeyID, header.ExtraHeaders["typ"].(string)
}

// changed is a token with another value of one claim, or without it when the value is nil, signed once more.
func (f forger) changed(real, name string, value any) string {
	f.t.Helper()
	payload, kid, typ := f.parts(real)
	claims := make(map[string]any)
	if err := json.Unmarshal(payload, &claims); err != nil {
		f.t.Fatal(err)
	}
	if claims[name] = value; value == nil {
		delete(claims, name)
	}
	encoded, err := json.Marshal(claims)
	if err != nil {
		f.t.Fatal(err)
	}
	return sign(f.t, jose.RS256, f.key, kid, typ, encoded)
}

// forgeries are false tokens by what is false in them. "nothing" is the token signed once more, as a proof that
// the key is the right one.
func (f forger) forgeries(real string) map[string]string {
	f.t.Helper()
	payload, kid, typ := f.parts(real)
	claims := make(map[string]any)
	if err := json.Unmarshal(payload, &claims); err != nil {
		f.t.Fatal(err)
	}
	changed := func(name string, value any) string { return f.changed(real, name, value) }
	own := jose.SigningKey{Algorithm: jose.RS256, Key: f.key}
	foreign := rsaKey(f.t)
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER(f.t, f.key.Public())})
	encode := base64.RawURLEncoding.EncodeToString
	none, err := json.Marshal(map[string]string{"alg": "none", "kid": kid, "typ": typ})
	if err != nil {
		f.t.Fatal(err)
	}
	return map[string]string{
		"no id":                  changed("jti", nil),
		"nothing":                sign(f.t, jose.RS256, f.key, kid, typ, payload),
		"expired":                changed("exp", time.Now().Add(-2*time.Minute).Unix()),
		"no expiry":              changed("exp", nil),
		"foreign issuer":         changed("iss", "https://evil.example"),
		"no issuer":              changed("iss", nil),
		"foreign audience":       changed("aud", "https://api.example"),
		"no audience":            changed("aud", nil),
		"several audiences":      changed("aud", []any{claims["aud"], "https://api.example"}),
		"typ of a logout token":  sign(f.t, jose.RS256, f.key, kid, "logout+jwt", payload),
		"another algorithm":      sign(f.t, jose.PS256, f.key, kid, typ, payload),
		"a larger hash":          sign(f.t, jose.RS512, f.key, kid, typ, payload),
		"the public key as HMAC": sign(f.t, jose.HS256, public, kid, typ, payload),
		"no signature":           encode(none) + "." + encode(payload) + ".",
		"foreign key":            sign(f.t, jose.RS256, foreign, kid, typ, payload),
		"unknown kid":            sign(f.t, jose.RS256, f.key, "unknown", typ, payload),
		"key brought along": signWith(f.t, jose.SigningKey{Algorithm: jose.RS256, Key: foreign}, map[jose.HeaderKey]any{
			"kid": kid, "typ": typ, "jwk": jose.JSONWebKey{Key: foreign.Public(), KeyID: kid},
		}, payload),
		"critical extension": signWith(f.t, own, map[jose.HeaderKey]any{"kid": kid, "typ": typ, "crit": []string{"exp"}, "exp": 1}, payload),
		"cut signature":      real[:len(real)-4],
		"longer signature":   real + "AAAA",
	}
}

func publicDER(t *testing.T, key crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
