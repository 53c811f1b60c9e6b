package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"mana/keys/verifier"
	"mana/provider"
	"mana/storage/sqlite"
)

const allAlgorithms = "SIGNING_ALGS=EdDSA,RS256,ES256,PS256"

// keyset maps each published kid to its algorithm.
func (s *server) keyset(t *testing.T) map[string]string {
	t.Helper()
	_, set, _ := s.api(t, "GET", "/jwks", "", nil)
	found := make(map[string]string)
	for _, item := range set["keys"].([]any) {
		key := item.(map[string]any)
		found[key["kid"].(string)] = key["alg"].(string)
	}
	return found
}

// header is the protected header of a token.
func header(t *testing.T, token string) (h struct{ Alg, Kid, Typ string }) {
	t.Helper()
	first, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &h); err != nil {
		t.Fatal(err)
	}
	return h
}

// changeClient changes a client in storage, beside the program.
func (s *server) changeClient(t *testing.T, id string, change func(*provider.Client)) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{
		Path: filepath.Join(s.dir, "mana.db"), Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	client, err := db.Provider().Client(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	change(&client)
	if err := db.Provider().SaveClient(t.Context(), client); err != nil {
		t.Fatal(err)
	}
}

// TestAlgorithms logs in with ID tokens of every algorithm, checked by go-oidc (T16, AR9, RI1), and keeps the keys
// over a restart (KY1).
func TestAlgorithms(t *testing.T) {
	t.Parallel()
	s := start(t, allAlgorithms, "CREDITS_TOKEN_ALG=ES256")
	before := s.keyset(t)
	if got := slices.Sorted(func(yield func(string) bool) {
		for _, alg := range before {
			if !yield(alg) {
				return
			}
		}
	}); !slices.Equal(got, []string{"ES256", "EdDSA", "PS256", "RS256"}) {
		t.Errorf("got keys for %v, want one for each algorithm", got)
	}
	_, metadata, _ := s.api(t, "GET", "/.well-known/openid-configuration", "", nil)
	if got := metadata["id_token_signing_alg_values_supported"].([]any); len(got) != 4 || got[0] != "RS256" {
		t.Errorf("got %v, want the four, RS256 first", got)
	}
	b := s.browser(t)
	b.signUp("ada@example.com")
	c := s.client(t, "Notes", "--redirect", callback, "--scope", "openid,credits:read")
	rp, config := relyingParty(t, s, c, "openid", "credits:read")
	for _, alg := range []string{"", "RS256", "PS256", "ES256", "EdDSA"} {
		s.changeClient(t, c.ID, func(c *provider.Client) { c.IDTokenAlg = alg })
		want := alg
		if alg == "" {
			want = "RS256"
		}
		var raw, access string
		eventually(t, "ID tokens with "+want, func() bool {
			secret := oauth2.GenerateVerifier()
			query := b.authorize(config.AuthCodeURL("s", oauth2.S256ChallengeOption(secret)))
			token, err := config.Exchange(t.Context(), query.Get("code"), oauth2.VerifierOption(secret))
			if err != nil {
				t.Fatal(err)
			}
			raw, access = token.Extra("id_token").(string), token.AccessToken
			return header(t, raw).Alg == want
		})
		idToken, err := rp.Verifier(&oidc.Config{ClientID: c.ID, SupportedSigningAlgs: []string{want}}).Verify(t.Context(), raw)
		if err != nil {
			t.Fatalf("%s: got %v", want, err)
		}
		if err := idToken.VerifyAccessToken(access); err != nil {
			t.Errorf("%s: got at_hash: %v", want, err)
		}
		silent := config.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()),
			oauth2.SetAuthURLParam("id_token_hint", raw), oauth2.SetAuthURLParam("prompt", "none"))
		if answer := b.authorize(silent); answer.Get("code") == "" {
			t.Errorf("T16: %s: got %v for its token as a hint", want, answer)
		}
		if h := header(t, access); h.Alg != "ES256" || h.Typ != "at+jwt" {
			t.Errorf("got %+v for the credits API, want ES256", h)
		}
		if status, body, _ := s.api(t, "GET", "/api/v1/credits/balance", access, nil); status != http.StatusOK {
			t.Errorf("%s: got %d %v at the credits API", want, status, body)
		}
	}
	if _, token := s.person(t, "bob@example.com"); header(t, token).Alg != "RS256" {
		t.Errorf("got %+v for the REST login, want RS256", header(t, token))
	}
	s.stop()
	again := start(t, "DATA_DIR="+s.dir, "SIGNING_ALGS=RS256,PS256")
	status, body, _ := again.post(t, "/token", c, "grant_type", "authorization_code", "code", strings.Repeat("c", 43))
	if status != http.StatusInternalServerError || body["error"] != "server_error" {
		t.Errorf("got %d %v where no ID token can be signed, want 500 before the code is used", status, body)
	}
	asked := config.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))
	if got := again.browser(t).refusal(strings.Replace(asked, s.issuer, again.issuer, 1)); got != "server_error" {
		t.Errorf("got %q for an authorization that no ID token can follow, want server_error", got)
	}
	if got := again.keyset(t); len(got) != 2 {
		t.Errorf("got %v published, want the enabled ones alone", got)
	}
	if _, log := again.stop(); !strings.Contains(log, "a client gets no ID tokens") || !strings.Contains(log, c.ID) {
		t.Errorf("got no warning for a client that asks for EdDSA in\n%s", log)
	}
	again = start(t, "DATA_DIR="+s.dir, allAlgorithms)
	if len(again.keyset(t)) != 4 {
		t.Errorf("got %v published, want the four", again.keyset(t))
	}
	for kid, alg := range again.keyset(t) {
		if before[kid] != alg {
			t.Errorf("got the key %s of %s after a restart, want those from before", kid, alg)
		}
	}
}

// TestKeysChangeWhileItServes (KY4) rotates and revokes by the command line, beside the program, with a resource
// server that keeps the key set.
func TestKeysChangeWhileItServes(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client(t, "Job", "--grant", "client_credentials", "--scope", "credits:read")
	b := s.browser(t)
	token := func() string {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.issuer+"/token",
			strings.NewReader(url.Values{"grant_type": {"client_credentials"}, "scope": {"credits:read"}}.Encode()))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.SetBasicAuth(c.ID, c.Secret)
		answer := b.do(request)
		var body struct {
			Token string `json:"access_token"`
		}
		if err := json.Unmarshal([]byte(answer.body), &body); err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("got %d %s, %v", answer.StatusCode, answer.body, err)
		}
		return body.Token
	}
	ahead := time.Duration(0) // of the resource server's clock
	v, err := verifier.New(t.Context(), s.issuer, verifier.Config{
		Audience: s.issuer + "/api/v1/credits", Now: func() time.Time { return time.Now().Add(ahead) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	check := func(what, token string, want error) {
		t.Helper()
		if _, err := v.Verify(t.Context(), token); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", what, err, want)
		}
	}
	_, first := s.person(t, "ada@example.com")
	old := header(t, first).Kid
	check("a token of the first key", token(), nil)

	var pending listedKey
	if err := json.Unmarshal([]byte(s.command(t, "keys", "rotate", "--json")), &pending); err != nil || pending.State != "pending" {
		t.Fatalf("got %+v, %v", pending, err)
	}
	eventually(t, "the pending key published", func() bool { return s.keyset(t)[pending.ID] == "RS256" })
	if got := header(t, token()).Kid; got != old {
		t.Errorf("got %s signing, want %s until the new key was published for a day", got, old)
	}
	s.command(t, "keys", "rotate", "--now")
	eventually(t, "the new key signing", func() bool { return header(t, token()).Kid == pending.ID })
	check("a token of the new key", token(), nil)
	if status, _, _ := s.api(t, "GET", "/api/v1/credits/balance", first, nil); status != http.StatusOK || len(s.keyset(t)) != 2 {
		t.Errorf("got %d for a token of the retiring key, %v published", status, s.keyset(t))
	}
	leaked := token()
	if status, _, _ := s.api(t, "GET", "/api/v1/credits/balance", leaked, nil); status != http.StatusForbidden {
		t.Errorf("got %d at the credits API for a client's own token, want 403", status)
	}
	s.command(t, "keys", "revoke", "--reason", "it leaked", "--yes", "--", pending.ID)
	eventually(t, "the revoked key gone", func() bool { return s.keyset(t)[pending.ID] == "" })
	fresh := token()
	if kid := header(t, fresh).Kid; kid == pending.ID || kid == old || len(s.keyset(t)) != 2 {
		t.Errorf("got %s signing, want a third key", kid)
	}
	check("a token of the third key", fresh, verifier.ErrSignature) // it has asked for an unknown key just now
	ahead = 61 * time.Second
	check("a token of the third key after a minute", fresh, nil)
	check("a token of the revoked key", leaked, verifier.ErrSignature)
	if status, _, _ := s.api(t, "GET", "/api/v1/credits/balance", leaked, nil); status != http.StatusUnauthorized {
		t.Errorf("got %d at the credits API for a revoked key, want 401", status)
	}
	if list := s.command(t, "keys", "list"); !strings.Contains(list, "it leaked") || strings.Count(list, "\n") != 4 {
		t.Errorf("got\n%s", list)
	}
}

func TestKeysCommand(t *testing.T) {
	t.Parallel()
	env := []string{"DATA_DIR=" + t.TempDir()}
	try := func(args ...string) (int, string) {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), append([]string{"keys"}, args...), env, &stdout, &stderr)
		return code, stdout.String() + stderr.String()
	}
	for name, c := range map[string]struct {
		args []string
		code int
		text string
	}{
		"no reason":         {[]string{"revoke", "x", "--yes"}, exitUsage, "--reason"},
		"no kid":            {[]string{"revoke", "--reason", "r", "--yes"}, exitUsage, "kid"},
		"kid like a flag":   {[]string{"revoke", "-x", "--reason", "r", "--yes"}, exitUsage, "after --"},
		"not confirmed":     {[]string{"revoke", "x", "--reason", "r"}, exitRefused, "--yes"},
		"unknown":           {[]string{"revoke", "x", "--reason", "r", "--yes"}, exitMissing, "no such signing key"},
		"not enabled":       {[]string{"rotate", "--alg", "ES256"}, exitUsage, "not enabled"},
		"unknown algorithm": {[]string{"generate", "--alg", "HS256"}, exitUsage, "HS256"},
		"small":             {[]string{"generate", "--bits", "1024"}, exitUsage, "2048"},
		"Ed25519":           {[]string{"generate", "--alg", "EdDSA"}, exitDone, "BEGIN PRIVATE KEY"},
		"P-256":             {[]string{"generate", "--alg", "ES256"}, exitDone, "BEGIN PRIVATE KEY"},
	} {
		if code, text := try(c.args...); code != c.code || !strings.Contains(text, c.text) {
			t.Errorf("%s: got %d, %s, want %d, %q", name, code, text, c.code, c.text)
		}
	}
	_, made := try("generate")
	private, err := parsePrivateKey(made)
	if err != nil || private.N.BitLen() != 2048 {
		t.Errorf("got %v, want a key for JWT_PRIVATE_KEY", err)
	}
	var list bytes.Buffer
	if code := run(t.Context(), []string{"keys", "list", "--json"}, env, &list, io.Discard); code != exitDone {
		t.Errorf("got %d", code)
	}
	var k listedKey
	if err := json.Unmarshal(list.Bytes(), &k); err != nil || k.Algorithm != "RS256" || k.State != "active" || k.ActivatedAt.IsZero() {
		t.Errorf("got %s, %v, want one active key", &list, err)
	}
}

// TestMasterKeyMissing makes no master key that cannot open the keys that are stored.
func TestMasterKeyMissing(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	s.command(t, "keys", "rotate")
	path, kept := filepath.Join(s.dir, masterKeyFile), filepath.Join(s.dir, "kept.key")
	if err := os.Rename(path, kept); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"keys", "rotate"}, {"keys", "revoke", "x", "--reason", "r", "--yes"}, {"serve"}} {
		if text := s.fails(t, exitFailed, args...); !strings.Contains(text, path+" is missing") {
			t.Errorf("%v: got %s, want the missing file", args, text)
		}
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%v: got %v, want no file made", args, err)
		}
	}
	s.command(t, "keys", "list")
	if err := os.Rename(kept, path); err != nil {
		t.Fatal(err)
	}
	s.command(t, "keys", "rotate", "--now")
}

// TestImportedKeys is KY1: a public key that is not that of the private one stops the start.
func TestImportedKeys(t *testing.T) {
	t.Parallel()
	forger := newForger(t)
	foreign := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER(t, rsaKey(t).Public())}))
	for name, env := range map[string][]string{
		"another public key": {forger.setting(), "JWT_PUBLIC_KEY=" + foreign},
		"a public key alone": {"JWT_PUBLIC_KEY=" + foreign},
	} {
		var stderr lockedBuffer
		env = append(env, "PORT="+freePort(t), "DATA_DIR="+t.TempDir())
		if code := run(t.Context(), []string{"serve"}, env, io.Discard, &stderr); code == 0 || !strings.Contains(stderr.String(), "JWT_PUBLIC_KEY") {
			t.Errorf("%s: got %d, %s", name, code, &stderr)
		}
	}
}

// TestAnotherImportedKey is KY1: a private key beside a store that has others is not passed over in silence.
func TestAnotherImportedKey(t *testing.T) {
	t.Parallel()
	first, second := newForger(t).setting(), newForger(t).setting()
	s := start(t, first)
	before := s.keyset(t)
	s.stop()
	for _, c := range []struct {
		setting string
		warns   bool
	}{{first, false}, {second, true}} {
		again := start(t, "DATA_DIR="+s.dir, c.setting)
		if got := again.keyset(t); !maps.Equal(got, before) {
			t.Errorf("got %v published, want %v", got, before)
		}
		if _, log := again.stop(); strings.Contains(log, "JWT_PRIVATE_KEY is not used") != c.warns {
			t.Errorf("got warned %v, want %v\n%s", !c.warns, c.warns, log)
		}
	}
}
