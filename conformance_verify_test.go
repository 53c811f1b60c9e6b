package main

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// document reads a published JSON document.
func (r *row) document(at string) (answer, map[string]any) {
	r.Helper()
	v := &visitor{http.DefaultClient, r}
	got := v.send(http.DefaultClient, http.MethodGet, at, nil)
	var members map[string]any
	if err := json.Unmarshal([]byte(got.body), &members); err != nil || got.StatusCode != http.StatusOK {
		r.Fatalf("got %d %q at %s, want JSON", got.StatusCode, got.body, at)
	}
	return got, members
}

// endpoint is an address of the metadata.
func (r *row) endpoint(name string) string {
	r.Helper()
	at, _ := r.metadata[name].(string)
	if at == "" {
		r.Fatalf("got no %s in the metadata", name)
	}
	return at
}

// list is a list of the metadata.
func (u *underTest) list(name string) []string {
	values, _ := u.metadata[name].([]any)
	var texts []string
	for _, value := range values {
		if text, ok := value.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// keyMembers are the public members of each type of key that a set may hold, all of them base64url.
var keyMembers = map[string][]string{"RSA": {"n", "e"}, "EC": {"x", "y"}, "OKP": {"x"}}

// jwks reads the keys and holds them to P2.
func (r *row) jwks() *jose.JSONWebKeySet {
	r.Helper()
	got, document := r.document(r.endpoint("jwks_uri"))
	keys, _ := document["keys"].([]any)
	r.F("keys are published", len(keys) > 0, document)
	ids := make(map[any]bool)
	for _, entry := range keys {
		key, _ := entry.(map[string]any)
		kind, _ := key["kty"].(string)
		r.W("only keys of a known type", keyMembers[kind] != nil, kind)
		for _, member := range keyMembers[kind] {
			text, _ := key[member].(string)
			_, err := base64.RawURLEncoding.DecodeString(text)
			r.F("members of keys are base64url without padding", text != "" && err == nil, member, text)
		}
		for _, secret := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
			r.F("no private member in a key", key[secret] == nil, secret)
		}
		alg, named := key["alg"].(string)
		r.W("only keys for a known algorithm", !named || slices.Contains(knownAlgorithms, jose.SignatureAlgorithm(alg)), alg)
		id, _ := key["kid"].(string)
		r.F("every key has a kid of its own", id != "" && !ids[id], id)
		ids[id] = true
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(got.body), &set); err != nil {
		r.Fatalf("got %s: %v", got.body, err)
	}
	return &set
}

var knownAlgorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// opaque holds a code or refresh token to P4.
func (r *row) opaque(what, value string) {
	r.Helper()
	counts := make(map[rune]float64)
	for _, c := range value {
		counts[c]++
	}
	length, entropy := float64(len(value)), 0.0
	for _, n := range counts {
		entropy -= n / length * math.Log2(n/length)
	}
	r.F(what+" is long and random enough", length*8 >= 128 && length*entropy > 96, length, length*entropy)
}

// verify checks an ID token with the published keys (P6) and gives its claims.
func (r *row) verify(raw, client, access string) map[string]any {
	r.Helper()
	token, err := jose.ParseSignedCompact(raw, knownAlgorithms)
	if err != nil {
		r.Fatalf("got the ID token %q: %v", raw, err)
	}
	header := token.Signatures[0].Header
	keys := r.jwks().Key(header.KeyID)
	if header.KeyID == "" || len(keys) != 1 {
		r.Fatalf("got %d keys for the kid %q of an ID token", len(keys), header.KeyID)
	}
	payload, err := token.Verify(keys[0])
	r.F("ID token is signed by a published key", err == nil, err)
	r.F("ID token is signed with RS256 unless another was registered", header.Algorithm == string(jose.RS256), header.Algorithm)
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		r.Fatalf("got %s: %v", payload, err)
	}
	r.identity(claims, client)
	if hash := claims["at_hash"]; hash != nil && access != "" {
		r.F("at_hash is that of the access token", hash == halfHash(header.Algorithm, access), hash)
	}
	return claims
}

// identity checks the members of an ID token.
func (r *row) identity(claims map[string]any, client string) {
	r.Helper()
	now := float64(time.Now().Unix())
	number := func(name string) float64 { n, _ := claims[name].(float64); return n }
	audience, isList := claims["aud"].([]any)
	subject, _ := claims["sub"].(string)
	r.F("iss of the ID token is the issuer", claims["iss"] == r.issuer, claims["iss"])
	r.F("aud of the ID token is the client", claims["aud"] == client || isList && slices.Contains(audience, any(client)), claims["aud"])
	r.F("sub of the ID token is text of up to 255 characters", subject != "" && len(subject) <= 255, claims["sub"])
	r.F("exp of the ID token lies ahead", number("exp") > now, claims["exp"])
	r.F("iat of the ID token is now", math.Abs(number("iat")-now) < 300, claims["iat"])
	methods, isList := claims["amr"].([]any)
	for name, ok := range map[string]bool{
		"auth_time": number("auth_time") > 0, "acr": isString(claims["acr"]), "azp": claims["azp"] == client,
		"amr": isList && !slices.ContainsFunc(methods, func(m any) bool { return !isString(m) }),
	} {
		r.F("claims of the ID token have their types", claims[name] == nil || ok, name, claims[name])
	}
}

func isString(v any) bool { _, ok := v.(string); return ok }

// halfHash is the hash that binds an artefact to an ID token (OpenID Connect Core 1.0, section 3.1.3.6).
func halfHash(alg, value string) string {
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512, "DSA": crypto.SHA512}[alg[len(alg)-3:]].New()
	hash.Write([]byte(value))
	sum := hash.Sum(nil)
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// scopeClaims are the claims that a scope stands for, each with what its value must look like (OpenID Connect
// Core 1.0, sections 5.1 and 5.4).
var scopeClaims = map[string]map[string]func(any) bool{
	"profile": {
		"name": isString, "given_name": isString, "family_name": isString, "middle_name": isString, "nickname": isString,
		"preferred_username": isString, "profile": isString, "picture": isString, "website": isString, "gender": isString,
		"birthdate": isString, "zoneinfo": isString, "locale": isString,
		"updated_at": func(v any) bool { _, ok := v.(float64); return ok },
	},
	"email":   {"email": isString, "email_verified": isBool},
	"address": {"address": isAddress},
	"phone":   {"phone_number": isString, "phone_number_verified": isBool},
}

func isBool(v any) bool { _, ok := v.(bool); return ok }

func isAddress(v any) bool {
	address, ok := v.(map[string]any)
	for _, part := range address {
		text, isText := part.(string)
		ok = ok && isText && strings.TrimSpace(text) != ""
	}
	return ok && len(address) > 0
}
