package keys_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"mana/keys"
	"mana/storage/sqlite"
)

// newStore is the embedded engine in a folder of its own.
func newStore(t testing.TB, now func() time.Time) keys.Store {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{
		Path: filepath.Join(t.TempDir(), "mana.db"), Now: now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db.Keys()
}

func load(t testing.TB, cfg keys.Config) *keys.Ring {
	t.Helper()
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Store == nil {
		cfg.Store = newStore(t, cfg.Now)
	}
	ring, err := keys.Load(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// TestRingMakesKeysOnceAndKeepsThem is KY1.
func TestRingMakesKeysOnceAndKeepsThem(t *testing.T) {
	t.Parallel()
	cfg := keys.Config{Store: newStore(t, time.Now), Master: keys.NewMasterKey(), Algorithms: []string{keys.RS256, keys.EdDSA}}
	first := load(t, cfg)
	token, err := first.Sign(t.Context(), keys.EdDSA, keys.TypeIDToken, map[string]string{"sub": "x"})
	if err != nil {
		t.Fatal(err)
	}
	second := load(t, cfg)
	if !first.Created || second.Created || first.ActiveID(keys.RS256) != second.ActiveID(keys.RS256) ||
		first.ActiveID(keys.EdDSA) != second.ActiveID(keys.EdDSA) || first.ActiveID(keys.ES256) != "" {
		t.Error("got other keys after a restart, want each made once")
	}
	if _, err := second.Verify(keys.TypeIDToken, token); err != nil {
		t.Errorf("got %v for a token from before the restart", err)
	}
	fewer := cfg
	fewer.Algorithms = nil
	if _, err := load(t, fewer).Verify(keys.TypeIDToken, token); !errors.Is(err, keys.ErrSignature) {
		t.Errorf("got %v for an algorithm that is not enabled any more, want %v", err, keys.ErrSignature)
	}
	cfg.Algorithms, cfg.Now = []string{keys.RS256, keys.EdDSA, keys.ES256}, time.Now
	if third := load(t, cfg); !third.Created || third.ActiveID(keys.ES256) == "" || third.ActiveID(keys.EdDSA) != first.ActiveID(keys.EdDSA) {
		t.Error("got no key for an algorithm that was enabled later, or another for the others")
	}
	cfg.Master = keys.NewMasterKey()
	if _, err := keys.Load(t.Context(), cfg); !errors.Is(err, keys.ErrSeal) {
		t.Errorf("got %v with another master key, want %v", err, keys.ErrSeal)
	}
}

func TestParseAlgorithms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"RS256": "RS256", "ES256, RS256,EdDSA,ES256": "RS256 ES256 EdDSA", "PS256,RS256": "RS256 PS256",
		"ES256": "", "": "", "RS256,": "", "RS256,HS256": "", "RS256,none": "", "rs256": "",
	} {
		got, err := keys.ParseAlgorithms(text)
		if strings.Join(got, " ") != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %v, %v, want %q", text, got, err, want)
		}
	}
}

// TestAlgorithms checks our signatures by go-jose and our key set by its members (KY1, KY2).
func TestAlgorithms(t *testing.T) {
	t.Parallel()
	all := []string{keys.RS256, keys.PS256, keys.ES256, keys.EdDSA}
	ring := load(t, keys.Config{Master: keys.NewMasterKey(), Algorithms: all})
	if got := ring.Algorithms(); !slices.Equal(got, all) {
		t.Errorf("got %v, want %v", got, all)
	}
	var set jose.JSONWebKeySet
	var raw struct{ Keys []map[string]any }
	if json.Unmarshal(ring.JWKS(), &set) != nil || json.Unmarshal(ring.JWKS(), &raw) != nil || len(raw.Keys) != len(all) {
		t.Fatalf("got %s, want a key for each algorithm", ring.JWKS())
	}
	members := map[string]string{
		"RS256": " alg e kid kty n use ", "PS256": " alg e kid kty n use ",
		"ES256": " alg crv kid kty use x y ", "EdDSA": " alg crv kid kty use x ",
	}
	for i, alg := range all {
		if got := " " + strings.Join(slices.Sorted(maps.Keys(raw.Keys[i])), " ") + " "; got != members[alg] {
			t.Errorf("%s: got the members %q, want %q", alg, got, members[alg])
		}
		token, err := ring.Sign(t.Context(), alg, keys.TypeIDToken, map[string]string{"sub": "Ädä"})
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
		if err != nil {
			t.Fatal(err)
		}
		found := set.Key(parsed.Signatures[0].Protected.KeyID)
		if len(found) != 1 || found[0].Algorithm != alg || found[0].Use != "sig" || found[0].KeyID != ring.ActiveID(alg) {
			t.Fatalf("%s: got %v", alg, found)
		}
		if payload, err := parsed.Verify(found[0].Key); err != nil || string(payload) != `{"sub":"\u00c4d\u00e4"}` {
			t.Errorf("%s: got %s, %v", alg, payload, err)
		}
		if _, err := ring.Verify(keys.TypeIDToken, token); err != nil {
			t.Errorf("%s: got %v", alg, err)
		}
	}
	if raw.Keys[0]["e"] != "AQAB" {
		t.Errorf("got the exponent %v, want 65537", raw.Keys[0]["e"])
	}
	if raw.Keys[0]["n"] == raw.Keys[1]["n"] {
		t.Error("got one RSA key for two algorithms")
	}
	for _, alg := range []string{"HS256", "none", "x"} {
		if _, err := ring.Sign(t.Context(), alg, keys.TypeIDToken, nil); !errors.Is(err, keys.ErrAlgorithm) {
			t.Errorf("%s: got %v, want %v", alg, err, keys.ErrAlgorithm)
		}
	}
	if _, err := ring.Sign(t.Context(), "", "logout", nil); err == nil {
		t.Error("got a token of an unknown type")
	}
}

func TestTokenHash(t *testing.T) {
	t.Parallel()
	// The example of OpenID Connect Core 1.0, appendix A.3.
	const token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
	if got := keys.TokenHash(keys.RS256, token); got != "77QmUPtjPfzWtF2AnpK9RQ" || keys.TokenHash("", token) != got {
		t.Errorf("got %s", got)
	}
	sum := sha512.Sum512([]byte(token))
	if got := keys.TokenHash(keys.EdDSA, token); got != base64.RawURLEncoding.EncodeToString(sum[:32]) {
		t.Errorf("got %s, want the left half of SHA-512", got)
	}
}

// TestVerifyRefuses is AL2 for what we signed ourselves.
func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	ring := load(t, keys.Config{Master: keys.NewMasterKey(), Algorithms: []string{keys.RS256, keys.ES256, keys.EdDSA}})
	token, err := ring.Sign(t.Context(), "", keys.TypeAccessToken, map[string]string{"sub": "Ädä 💶"})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := ring.Verify(keys.TypeAccessToken, token)
	if err != nil || string(payload) != `{"sub":"\u00c4d\u00e4 \ud83d\udcb6"}` {
		t.Errorf("got %s, %v, want escaped characters", payload, err)
	}
	parts := strings.Split(token, ".")
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signedBy := func(algorithm jose.SignatureAlgorithm, key any, kid string) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key},
			(&jose.SignerOptions{}).WithType(keys.TypeAccessToken).WithHeader("kid", kid))
		if err != nil {
			t.Fatal(err)
		}
		signed, err := signer.Sign(payload)
		if err != nil {
			t.Fatal(err)
		}
		compact, err := signed.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return compact
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"` + ring.ActiveID(keys.RS256) + `"}`))
	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"another type":       {token, keys.ErrType},
		"another key":        {signedBy(jose.RS256, private, ring.ActiveID(keys.RS256)), keys.ErrSignature},
		"unknown kid":        {signedBy(jose.RS256, private, "x"), keys.ErrSignature},
		"hmac with the kid":  {signedBy(jose.HS256, ring.JWKS(), ring.ActiveID(keys.RS256)), keys.ErrSignature},
		"PS256":              {signedBy(jose.PS256, private, ring.ActiveID(keys.RS256)), keys.ErrSignature},
		"none":               {none + "." + parts[1] + ".AA", keys.ErrSignature},
		"no signature":       {parts[0] + "." + parts[1] + ".", keys.ErrMalformed},
		"two parts":          {parts[0] + "." + parts[1], keys.ErrMalformed},
		"padding":            {token + "=", keys.ErrMalformed},
		"spare bits":         {parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])-1] + "B", keys.ErrMalformed},
		"blank":              {token + " ", keys.ErrMalformed},
		"too long":           {token + strings.Repeat("A", 8192), keys.ErrMalformed},
		"JSON serialisation": {`{"payload":"","signatures":[]}`, keys.ErrMalformed},
		"nothing":            {"", keys.ErrMalformed},
	} {
		typ := keys.TypeAccessToken
		if name == "another type" {
			typ = keys.TypeIDToken
		}
		_, err := ring.Verify(typ, c.token)
		if !errors.Is(err, keys.ErrToken) {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
		if name != "spare bits" && !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// TestSealBindsLabelAndRow is KY6: every purpose has a secret of its own, and none is empty.
func TestSealBindsLabelAndRow(t *testing.T) {
	t.Parallel()
	master := keys.NewMasterKey()
	sealed := master.Seal("totp", "row", []byte("secret"))
	if plain, err := master.Open("totp", "row", sealed); err != nil || string(plain) != "secret" {
		t.Errorf("got %s, %v", plain, err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"label":  func() ([]byte, error) { return master.Open("other", "row", sealed) },
		"row":    func() ([]byte, error) { return master.Open("totp", "other", sealed) },
		"master": func() ([]byte, error) { return keys.NewMasterKey().Open("totp", "row", sealed) },
		"short":  func() ([]byte, error) { return master.Open("totp", "row", sealed[:5]) },
	} {
		if _, err := open(); !errors.Is(err, keys.ErrSeal) {
			t.Errorf("%s: got %v, want %v", name, err, keys.ErrSeal)
		}
	}
	for _, text := range []string{"", "abcd", strings.Repeat("0", 62)} {
		if _, err := keys.ParseMasterKey(text); err == nil {
			t.Errorf("got %q as a master key", text)
		}
	}
	again, err := keys.ParseMasterKey(master.Encode())
	if err != nil || string(again.Derive("x")) != string(master.Derive("x")) || string(master.Derive("x")) == string(master.Derive("y")) {
		t.Errorf("got %v", err)
	}
	encoded, _ := json.Marshal(master)
	if text := fmt.Sprintf("%v %+v %#v %s", master, master, master, encoded); strings.Contains(text, master.Encode()) || !strings.Contains(text, "redacted") {
		t.Errorf("got %s, want it redacted", text)
	}
}

func FuzzVerify(f *testing.F) {
	ring := load(f, keys.Config{Master: keys.NewMasterKey()})
	token, err := ring.Sign(f.Context(), "", keys.TypeAccessToken, map[string]int{"a": 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := ring.Verify(keys.TypeAccessToken, text); err == nil && text != token {
			t.Fatalf("got %q accepted", text)
		}
	})
}
