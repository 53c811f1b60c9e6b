package verifier_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"mana/keys/verifier"
)

const (
	issuer = "https://id.example.com"
	api    = "https://api.example.com"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// signer is a key of the issuer, or of an attacker.
type signer struct {
	id      string
	alg     jose.SignatureAlgorithm
	private crypto.Signer
}

func newSigner(t testing.TB, id string, alg jose.SignatureAlgorithm) signer {
	t.Helper()
	s := signer{id: id, alg: alg}
	var err error
	switch alg {
	case jose.ES256:
		s.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, s.private, err = ed25519.GenerateKey(rand.Reader)
	default:
		s.private, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s signer) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: s.private.Public(), KeyID: s.id, Use: "sig", Algorithm: string(s.alg)}
}

// sign makes a token by go-jose; header may add members and replace typ and kid.
func (s signer) sign(t testing.TB, header map[string]any, payload string) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", s.id)
	for name, value := range header {
		options.WithHeader(jose.HeaderKey(name), value)
	}
	made, err := jose.NewSigner(jose.SigningKey{Algorithm: s.alg, Key: s.private}, options)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := made.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// raw signs a header and a payload as they are written.
func (s signer) raw(t testing.TB, header, payload string) string {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(header)) + "." + encode([]byte(payload))
	return signed + "." + encode(s.signature(t, signed))
}

func (s signer) signature(t testing.TB, signed string) []byte {
	t.Helper()
	digest := crypto.SHA256.New()
	digest.Write([]byte(signed))
	signature, err := s.private.Sign(rand.Reader, digest.Sum(nil), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// claims are those of a good token with changes; a nil value removes one.
func claims(changes map[string]any) string {
	all := map[string]any{
		"iss": issuer, "sub": "ada", "aud": api, "client_id": "mc_notes", "scope": "notes:read notes:write", "jti": "j1",
		"iat": start.Unix(), "exp": start.Add(15 * time.Minute).Unix(), "sid": "s1",
	}
	maps.Copy(all, changes)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	encoded, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// local is a verifier over keys in memory at a fixed time.
func local(t testing.TB, cfg verifier.Config, signers ...signer) *verifier.Verifier {
	t.Helper()
	if cfg.Audience == "" {
		cfg.Audience = api
	}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return start }
	}
	cfg.Keys = func(kid string) (jose.JSONWebKey, error) {
		for _, s := range signers {
			if s.id == kid {
				return s.public(), nil
			}
		}
		return jose.JSONWebKey{}, verifier.ErrSignature
	}
	v, err := verifier.New(t.Context(), issuer, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVerify(t *testing.T) {
	t.Parallel()
	signers := []signer{
		newSigner(t, "r", jose.RS256), newSigner(t, "p", jose.PS256), newSigner(t, "e", jose.ES256), newSigner(t, "o", jose.EdDSA),
	}
	v := local(t, verifier.Config{Audiences: []string{"manacore"}}, signers...)
	for _, s := range signers {
		got, err := v.Verify(t.Context(), s.sign(t, nil, claims(map[string]any{"auth_time": 7, "acr": "basic", "deviceId": "d"})))
		if err != nil {
			t.Fatalf("%s: got %v", s.alg, err)
		}
		if got.Subject != "ada" || got.ClientID != "mc_notes" || strings.Join(got.Scopes, "|") != "notes:read|notes:write" ||
			got.SessionID != "s1" || got.ID != "j1" || got.Issuer != issuer || got.Audience != api || got.ACR != "basic" ||
			!got.IssuedAt.Equal(start) || !got.ExpiresAt.Equal(start.Add(15*time.Minute)) || got.AuthTime.Unix() != 7 ||
			got.All["deviceId"] != "d" {
			t.Errorf("%s: got %+v", s.alg, got)
		}
	}
	if _, err := v.Verify(t.Context(), signers[0].sign(t, nil, claims(map[string]any{"aud": "manacore"}))); err != nil {
		t.Errorf("got %v for the second audience", err)
	}
}

// TestVerifyRefusesHeaders is AL2.
func TestVerifyRefusesHeaders(t *testing.T) {
	t.Parallel()
	good, other := newSigner(t, "k", jose.RS256), newSigner(t, "k", jose.RS256)
	curve, edwards := newSigner(t, "k", jose.ES256), newSigner(t, "k", jose.EdDSA)
	pss := signer{"k", jose.PS256, good.private}
	v := local(t, verifier.Config{}, good)
	body := claims(nil)
	token := good.sign(t, nil, body)
	parts := strings.Split(token, ".")
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	hmac, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(strings.Repeat("k", 32))},
		(&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", "k"))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := hmac.Sign([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	symmetric, _ := signed.CompactSerialize()
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"k","typ":"at+jwt"}`))
	raw := func(header string) string { return good.raw(t, header, body) }
	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"another key":          {other.sign(t, nil, body), verifier.ErrSignature},
		"another curve":        {curve.sign(t, nil, body), verifier.ErrSignature},
		"Ed25519":              {edwards.sign(t, nil, body), verifier.ErrSignature},
		"PS256 by the RS256":   {pss.sign(t, nil, body), verifier.ErrSignature},
		"HS256":                {symmetric, verifier.ErrSignature},
		"none":                 {none + "." + parts[1] + "." + parts[2], verifier.ErrSignature},
		"none, no signature":   {none + "." + parts[1] + ".", verifier.ErrMalformed},
		"another alg by name":  {raw(`{"alg":"RS384","kid":"k","typ":"at+jwt"}`), verifier.ErrSignature},
		"no alg":               {raw(`{"kid":"k","typ":"at+jwt"}`), verifier.ErrSignature},
		"no kid":               {raw(`{"alg":"RS256","typ":"at+jwt"}`), verifier.ErrSignature},
		"unknown kid":          {raw(`{"alg":"RS256","kid":"x","typ":"at+jwt"}`), verifier.ErrSignature},
		"no typ":               {raw(`{"alg":"RS256","kid":"k"}`), verifier.ErrType},
		"ID token":             {raw(`{"alg":"RS256","kid":"k","typ":"JWT"}`), verifier.ErrType},
		"logout token":         {raw(`{"alg":"RS256","kid":"k","typ":"logout+jwt"}`), verifier.ErrType},
		"typ in upper case":    {raw(`{"alg":"RS256","kid":"k","typ":"AT+JWT"}`), verifier.ErrType},
		"crit":                 {raw(`{"alg":"RS256","kid":"k","typ":"at+jwt","crit":["exp"]}`), verifier.ErrMalformed},
		"b64":                  {raw(`{"alg":"RS256","kid":"k","typ":"at+jwt","b64":false}`), verifier.ErrMalformed},
		"jwk":                  {other.sign(t, map[string]any{"jwk": other.public()}, body), verifier.ErrMalformed},
		"jku":                  {raw(`{"alg":"RS256","kid":"k","typ":"at+jwt","jku":"https://evil.example"}`), verifier.ErrMalformed},
		"x5u":                  {raw(`{"alg":"RS256","kid":"k","typ":"at+jwt","x5u":"https://evil.example"}`), verifier.ErrMalformed},
		"x5c":                  {raw(`{"alg":"RS256","kid":"k","typ":"at+jwt","x5c":[]}`), verifier.ErrMalformed},
		"zip":                  {raw(`{"alg":"RS256","kid":"k","typ":"at+jwt","zip":"DEF"}`), verifier.ErrMalformed},
		"kid twice":            {raw(`{"alg":"RS256","kid":"k","kid":"k","typ":"at+jwt"}`), verifier.ErrMalformed},
		"kid of a number":      {raw(`{"alg":"RS256","kid":1,"typ":"at+jwt"}`), verifier.ErrMalformed},
		"header of no object":  {raw(`"RS256"`), verifier.ErrMalformed},
		"header and more":      {raw(`{"alg":"RS256","kid":"k","typ":"at+jwt"}{}`), verifier.ErrMalformed},
		"empty":                {"", verifier.ErrMalformed},
		"two parts":            {parts[0] + "." + parts[1], verifier.ErrMalformed},
		"four parts":           {token + ".e30", verifier.ErrMalformed},
		"five parts, as a JWE": {parts[0] + "....", verifier.ErrMalformed},
		"JSON serialisation":   {`{"payload":"e30","signatures":[]}`, verifier.ErrMalformed},
		"padding":              {token + "=", verifier.ErrMalformed},
		"standard alphabet":    {parts[0] + ".+/==." + parts[2], verifier.ErrMalformed},
		"line break":           {parts[0] + "\n." + parts[1] + "." + parts[2], verifier.ErrMalformed},
		"blank":                {" " + token, verifier.ErrMalformed},
		"spare bits":           {parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])-1] + "_", verifier.ErrMalformed},
		"too long":             {parts[0] + "." + strings.Repeat("A", 8192) + "." + parts[2], verifier.ErrMalformed},
	} {
		if _, err := v.Verify(t.Context(), c.token); !errors.Is(err, c.want) || !errors.Is(err, verifier.ErrToken) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// TestVerifyRefusesClaims is T5, and AL2 for members that come twice.
func TestVerifyRefusesClaims(t *testing.T) {
	t.Parallel()
	good := newSigner(t, "k", jose.RS256)
	v := local(t, verifier.Config{}, good)
	change := func(name string, value any) string { return claims(map[string]any{name: value}) }
	at := func(d time.Duration) int64 { return start.Add(d).Unix() }
	for name, c := range map[string]struct {
		payload string
		want    error // nil: accepted
	}{
		"another issuer":         {change("iss", issuer+"/"), verifier.ErrClaims},
		"another audience":       {change("aud", "https://other.example"), verifier.ErrClaims},
		"list of audiences":      {change("aud", []string{api}), verifier.ErrClaims},
		"no issuer":              {change("iss", nil), verifier.ErrClaims},
		"no audience":            {change("aud", nil), verifier.ErrClaims},
		"no subject":             {change("sub", nil), verifier.ErrClaims},
		"no client":              {change("client_id", nil), verifier.ErrClaims},
		"no jti":                 {change("jti", nil), verifier.ErrClaims},
		"no exp":                 {change("exp", nil), verifier.ErrClaims},
		"no iat":                 {change("iat", nil), verifier.ErrClaims},
		"null exp":               {strings.Replace(claims(nil), `"exp":`, `"exp":null,"x":`, 1), verifier.ErrClaims},
		"exp as text":            {change("exp", "2000000000"), verifier.ErrClaims},
		"negative exp":           {change("exp", -1), verifier.ErrClaims},
		"endless exp":            {change("exp", 1e300), verifier.ErrClaims},
		"infinite exp":           {strings.Replace(claims(nil), `"exp":`, `"exp":1e999,"x":`, 1), verifier.ErrMalformed},
		"scope of a list":        {change("scope", []string{"notes:read"}), verifier.ErrClaims},
		"subject of an object":   {change("sub", map[string]string{}), verifier.ErrClaims},
		"nonce":                  {change("nonce", "n"), verifier.ErrType},
		"at_hash":                {change("at_hash", "n"), verifier.ErrType},
		"expired by a minute":    {change("exp", at(-time.Minute)), verifier.ErrExpired},
		"expired by less":        {change("exp", at(-59*time.Second)), nil},
		"issued too soon":        {change("iat", at(61*time.Second)), verifier.ErrExpired},
		"issued a little soon":   {change("iat", at(time.Minute)), nil},
		"not yet":                {change("nbf", at(61*time.Second)), verifier.ErrExpired},
		"now":                    {change("nbf", at(time.Minute)), nil},
		"fractions":              {change("exp", float64(at(time.Minute))+0.5), nil},
		"repeated member":        {strings.Replace(claims(nil), "{", `{"sub":"eve",`, 1), verifier.ErrMalformed},
		"repeated inner member":  {strings.Replace(claims(nil), "{", `{"act":{"sub":"a","sub":"b"},`, 1), verifier.ErrMalformed},
		"repeated by an escape":  {strings.Replace(claims(nil), "{", `{"\u0073ub":"eve",`, 1), verifier.ErrMalformed},
		"member in another case": {strings.Replace(claims(nil), `"sub"`, `"Sub"`, 1), verifier.ErrClaims},
		"something after it":     {claims(nil) + "{}", verifier.ErrMalformed},
		"list":                   {"[" + claims(nil) + "]", verifier.ErrMalformed},
		"null":                   {"null", verifier.ErrClaims},
		"no JSON":                {"x", verifier.ErrMalformed},
		"no UTF-8":               {strings.Replace(claims(nil), "ada", "ad\xff", 1), verifier.ErrMalformed},
		"no scope":               {change("scope", nil), nil},
	} {
		_, err := v.Verify(t.Context(), good.sign(t, nil, c.payload))
		if !errors.Is(err, c.want) || c.want != nil && !errors.Is(err, verifier.ErrToken) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestTypeJWT(t *testing.T) {
	t.Parallel()
	good := newSigner(t, "k", jose.RS256)
	v := local(t, verifier.Config{Type: verifier.TypeJWT}, good)
	typ := map[string]any{"typ": "JWT"}
	if _, err := v.Verify(t.Context(), good.sign(t, typ, claims(nil))); err != nil {
		t.Errorf("got %v", err)
	}
	if _, err := v.Verify(t.Context(), good.sign(t, nil, claims(nil))); !errors.Is(err, verifier.ErrType) {
		t.Errorf("got %v, want %v", err, verifier.ErrType)
	}
	id := claims(map[string]any{"client_id": nil, "jti": nil, "at_hash": "x"})
	if _, err := v.Verify(t.Context(), good.sign(t, typ, id)); !errors.Is(err, verifier.ErrToken) {
		t.Errorf("got %v for an ID token", err)
	}
}

func TestECDSASignatures(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "k", jose.ES256)
	v := local(t, verifier.Config{}, s)
	token := s.sign(t, nil, claims(nil))
	signed := token[:strings.LastIndexByte(token, '.')]
	order := elliptic.P256().Params().N.FillBytes(make([]byte, 32))
	one := big.NewInt(1).FillBytes(make([]byte, 32))
	zero := make([]byte, 32)
	for name, signature := range map[string][]byte{
		"ASN.1": s.signature(t, signed), "zeros": append(zero, zero...), "r of the order": append(order, one...),
		"s of the order": append(one, order...), "short": one, "long": make([]byte, 96),
	} {
		if _, err := v.Verify(t.Context(), signed+"."+base64.RawURLEncoding.EncodeToString(signature)); !errors.Is(err, verifier.ErrSignature) {
			t.Errorf("%s: got %v, want %v", name, err, verifier.ErrSignature)
		}
	}
}

func TestCheckKey(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		weak = &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}}
	}
	other, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, e := newSigner(t, "k", jose.RS256), newSigner(t, "k", jose.ES256)
	for name, key := range map[string]jose.JSONWebKey{
		"private":     {Key: r.private, KeyID: "k", Use: "sig", Algorithm: "RS256"},
		"symmetric":   {Key: []byte("secret"), KeyID: "k", Use: "sig", Algorithm: "RS256"},
		"no kid":      {Key: r.private.Public(), Use: "sig", Algorithm: "RS256"},
		"encryption":  {Key: r.private.Public(), KeyID: "k", Use: "enc", Algorithm: "RS256"},
		"no alg":      {Key: r.private.Public(), KeyID: "k", Use: "sig"},
		"another alg": {Key: r.private.Public(), KeyID: "k", Use: "sig", Algorithm: "ES256"},
		"EC for RSA":  {Key: e.private.Public(), KeyID: "k", Use: "sig", Algorithm: "RS256"},
		"weak":        {Key: &weak.PublicKey, KeyID: "k", Use: "sig", Algorithm: "RS256"},
		"P-384":       {Key: &other.PublicKey, KeyID: "k", Use: "sig", Algorithm: "ES256"},
		"nothing":     {KeyID: "k", Use: "sig", Algorithm: "RS256"},
	} {
		if verifier.CheckKey(key) == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if err := verifier.CheckKey(r.public()); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestNewDemands(t *testing.T) {
	t.Parallel()
	keys := func(string) (jose.JSONWebKey, error) { return jose.JSONWebKey{}, verifier.ErrSignature }
	for name, cfg := range map[string]verifier.Config{
		"no audience":    {Keys: keys},
		"empty audience": {Keys: keys, Audiences: []string{""}},
		"another type":   {Keys: keys, Audience: api, Type: "logout+jwt"},
	} {
		if _, err := verifier.New(t.Context(), issuer, cfg); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	for _, address := range []string{"http://id.example.com", "id.example.com", "ftp://localhost", "https://a@id.example.com", ""} {
		if _, err := verifier.New(t.Context(), address, verifier.Config{Audience: api}); err == nil {
			t.Errorf("%s: got no error", address)
		}
	}
}

// FuzzVerify looks for an accepted token that was not signed, and for a panic. Half the inputs get a good
// signature, so that the parsing behind it is reached.
func FuzzVerify(f *testing.F) {
	s := newSigner(f, "k", jose.EdDSA)
	v := local(f, verifier.Config{}, s)
	good := s.sign(f, nil, claims(nil))
	f.Add(good, false)
	f.Add(`{"alg":"EdDSA","kid":"k","typ":"at+jwt"}|`+claims(nil), true)
	f.Add(`{"alg":"EdDSA","kid":"k","typ":"at+jwt","crit":[]}|{"exp":1e400,"exp":[]}`, true)
	f.Add("a.b.c", false)
	f.Fuzz(func(t *testing.T, text string, sign bool) {
		if sign {
			header, payload, _ := strings.Cut(text, "|")
			encode := base64.RawURLEncoding.EncodeToString
			signed := encode([]byte(header)) + "." + encode([]byte(payload))
			signature, err := s.private.Sign(rand.Reader, []byte(signed), crypto.Hash(0))
			if err != nil {
				t.Fatal(err)
			}
			text = signed + "." + encode(signature)
		}
		got, err := v.Verify(t.Context(), text)
		if err != nil {
			if !errors.Is(err, verifier.ErrToken) {
				t.Fatalf("got %v, want a refusal", err)
			}
			return
		}
		if !sign && text != good {
			t.Fatalf("got %q accepted", text)
		}
		if got.Issuer != issuer || got.Audience != api || got.Subject == "" || got.ClientID == "" || got.ID == "" ||
			start.Sub(got.ExpiresAt) >= time.Minute || got.IssuedAt.Sub(start) > time.Minute {
			t.Fatalf("got %+v accepted", got)
		}
	})
}
