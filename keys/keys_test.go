package keys_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"mana/keys"
)

// oneKey is a store of at most one key.
type oneKey struct{ key *keys.StoredKey }

func (s *oneKey) SigningKeys(context.Context) ([]keys.StoredKey, error) {
	if s.key == nil {
		return nil, nil
	}
	return []keys.StoredKey{*s.key}, nil
}

func (s *oneKey) AddFirstKey(_ context.Context, k keys.StoredKey) (bool, error) {
	if s.key != nil {
		return false, nil
	}
	s.key = &k
	return true, nil
}

func load(t *testing.T, store keys.Store, master keys.MasterKey) *keys.Ring {
	t.Helper()
	ring, err := keys.Load(t.Context(), keys.Config{Store: store, Master: master, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestRingMakesOneKeyAndKeepsIt(t *testing.T) {
	t.Parallel()
	store, master := new(oneKey), keys.NewMasterKey()
	first := load(t, store, master)
	second := load(t, store, master)
	if !first.Created || second.Created || first.ActiveID() != second.ActiveID() {
		t.Errorf("got %v and %v, want one key made once", first.ActiveID(), second.ActiveID())
	}
	_, err := keys.Load(t.Context(), keys.Config{Store: store, Master: keys.NewMasterKey(), Now: time.Now})
	if !errors.Is(err, keys.ErrSeal) {
		t.Errorf("got %v with another master key, want %v", err, keys.ErrSeal)
	}
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(first.JWKS(), &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("got %s, %v", first.JWKS(), err)
	}
	for member := range set.Keys[0] {
		if !strings.Contains(" kty kid use alg n e ", " "+member+" ") {
			t.Errorf("got the member %s published", member)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	ring := load(t, new(oneKey), keys.NewMasterKey())
	token, err := ring.Sign(keys.TypeAccessToken, map[string]string{"sub": "Ädä 💶"})
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
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"` + ring.ActiveID() + `"}`))
	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"another type":       {token, keys.ErrType},
		"another key":        {signedBy(jose.RS256, private, ring.ActiveID()), keys.ErrSignature},
		"unknown kid":        {signedBy(jose.RS256, private, "x"), keys.ErrSignature},
		"hmac with the kid":  {signedBy(jose.HS256, ring.JWKS(), ring.ActiveID()), keys.ErrSignature},
		"PS256":              {signedBy(jose.PS256, private, ring.ActiveID()), keys.ErrSignature},
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
	ring, err := keys.Load(f.Context(), keys.Config{Store: new(oneKey), Master: keys.NewMasterKey(), Now: time.Now})
	if err != nil {
		f.Fatal(err)
	}
	token, err := ring.Sign(keys.TypeAccessToken, map[string]int{"a": 1})
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
