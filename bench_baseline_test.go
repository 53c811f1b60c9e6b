//go:build bench

package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// baselineVariable names the file with what the baseline answers.
const baselineVariable = "MANA_BASELINE"

// TestMain lets the test binary be the baseline server.
func TestMain(m *testing.M) {
	if file := os.Getenv(baselineVariable); file != "" {
		baseline(file)
		return
	}
	os.Exit(m.Run())
}

// bare is what the baseline is given: the bytes of a document, the public keys of the program, and the
// algorithm of its own signatures.
type bare struct {
	Document  []byte
	Keys      jose.JSONWebKeySet
	Algorithm jose.SignatureAlgorithm
}

const bareSecret = "secret"

// baseline does what a handler cannot do without, and nothing else: it answers the same bytes, signs a token
// of the same content, and verifies the program's own tokens.
func baseline(file string) {
	content, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	var b bare
	if err := json.Unmarshal(content, &b); err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /document", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(b.Document)
	})
	mux.HandleFunc("POST /document", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(b.Document)
	})
	mux.HandleFunc("POST /token", b.token(b.signer()))
	mux.HandleFunc("POST /introspect", b.introspect)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().String())
	_ = http.Serve(listener, mux)
}

func (b bare) signer() jose.Signer {
	var private any
	var err error
	if b.Algorithm == jose.ES256 {
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		panic(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: b.Algorithm, Key: private},
		(&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", strings.Repeat("k", 43)))
	if err != nil {
		panic(err)
	}
	return signer
}

// authenticated parses the form and compares the secret by its SHA-256.
func authenticated(w http.ResponseWriter, r *http.Request) bool {
	if err := r.ParseForm(); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return false
	}
	secret := sha256.Sum256([]byte(bareSecret))
	_, password, _ := r.BasicAuth()
	sum := sha256.Sum256([]byte(password))
	if subtle.ConstantTimeCompare(sum[:], secret[:]) != 1 {
		w.WriteHeader(http.StatusUnauthorized)
		return false
	}
	return true
}

func (b bare) token(signer jose.Signer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !authenticated(w, r) {
			return
		}
		id := make([]byte, 32)
		rand.Read(id)
		now := time.Now().Unix()
		payload, _ := json.Marshal(map[string]any{
			"iss": "http://localhost:3001", "sub": "mc_" + strings.Repeat("a", 24), "aud": "http://localhost:3001/api/v1/credits",
			"client_id": "mc_" + strings.Repeat("a", 24), "scope": "credits:read", "iat": now, "exp": now + 900,
			"jti": base64.RawURLEncoding.EncodeToString(id),
		})
		signed, _ := signer.Sign(payload)
		token, _ := signed.CompactSerialize()
		writeBare(w, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 900, "scope": "credits:read"})
	}
}

// introspect verifies a token of the program and gives its claims.
func (b bare) introspect(w http.ResponseWriter, r *http.Request) {
	if !authenticated(w, r) {
		return
	}
	parsed, err := jose.ParseSignedCompact(r.PostForm.Get("token"), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		panic(err)
	}
	payload, err := parsed.Verify(b.Keys.Key(parsed.Signatures[0].Protected.KeyID)[0].Key)
	if err != nil {
		panic(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		panic(err)
	}
	claims["active"] = true
	writeBare(w, claims)
}

func writeBare(w http.ResponseWriter, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(body)
}

func startBaseline(t *testing.T, b bare) process {
	t.Helper()
	content, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.CreateTemp(t.TempDir(), "baseline")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(content); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), baselineVariable+"="+file.Name())
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	line := make([]byte, 64)
	n, err := stdout.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	return process{"http://" + string(bytes.TrimSpace(line[:n])), command}
}
