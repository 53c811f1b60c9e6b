package verifier_test

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"mana/keys/verifier"
)

// provider stands in for the issuer of the examples: it publishes one key, and makes tokens by it.
func provider() (issuer string, token func(audience, scope string) string, end func()) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	key := jose.JSONWebKey{Key: private, KeyID: "k1", Algorithm: "ES256", Use: "sig"}
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := any(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}})
		if r.URL.Path != "/jwks" {
			answer = map[string]any{
				"issuer": server.URL, "jwks_uri": server.URL + "/jwks", "id_token_signing_alg_values_supported": []string{"ES256"},
			}
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	token = func(audience, scope string) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType("at+jwt"))
		if err != nil {
			log.Fatal(err)
		}
		now := time.Now().Unix()
		payload, _ := json.Marshal(map[string]any{
			"iss": server.URL, "sub": "ada", "aud": audience, "client_id": "mc_notes", "scope": scope, "jti": "1", "iat": now, "exp": now + 900,
			"acr": "urn:mana:acr:basic", "auth_time": now,
		})
		signed, err := signer.Sign(payload)
		if err != nil {
			log.Fatal(err)
		}
		text, _ := signed.CompactSerialize()
		return text
	}
	return server.URL, token, server.Close
}

// A server of an API checks the token of each request, and answers with the challenge of RFC 6750 to those that it refuses.
func Example() {
	issuer, token, end := provider()
	defer end()

	v, err := verifier.New(context.Background(), issuer, verifier.Config{Audience: "https://api.example.com"})
	if err != nil {
		log.Fatal(err)
	}
	defer v.Close()
	create := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := verifier.From(r.Context())
		fmt.Fprintf(w, "a note of %s, by %s", claims.Subject, claims.ClientID)
	})
	mux := http.NewServeMux()
	mux.Handle("POST /notes", v.Require("notes:write")(create))

	for _, bearer := range []string{
		token("https://api.example.com", "notes:write"),
		token("https://api.example.com", "notes:read"),
		token("https://other.example.com", "notes:write"),
	} {
		request := httptest.NewRequest("POST", "/notes", nil)
		request.Header.Set("Authorization", "Bearer "+bearer)
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, request)
		fmt.Println(answer.Code, cmp.Or(answer.Body.String(), answer.Header().Get("WWW-Authenticate")))
	}
	// Output:
	// 200 a note of ada, by mc_notes
	// 403 Bearer realm="https://api.example.com", scope="notes:write", error="insufficient_scope"
	// 401 Bearer realm="https://api.example.com", scope="notes:write", error="invalid_token"
}

// What is worth it asks for a second factor, and for a sign-in of the last five minutes (RFC 9470). The client of a person
// who has not given it sends them to the authorization endpoint with the acr_values and the max_age of the challenge.
func ExampleVerifier_RequireStepUp() {
	issuer, token, end := provider()
	defer end()
	v, err := verifier.New(context.Background(), issuer, verifier.Config{Audience: "https://api.example.com"})
	if err != nil {
		log.Fatal(err)
	}
	defer v.Close()
	remove := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "gone") })
	mux := http.NewServeMux()
	mux.Handle("DELETE /notes", v.RequireStepUp(verifier.StepUp{MaxAge: 5 * time.Minute}, "notes:write")(remove))
	mux.Handle("DELETE /account", v.RequireStepUp(verifier.StepUp{ACR: []string{"urn:mana:acr:mfa"}, MaxAge: 5 * time.Minute})(remove))

	for _, path := range []string{"/notes", "/account"} {
		request := httptest.NewRequest("DELETE", path, nil)
		request.Header.Set("Authorization", "Bearer "+token("https://api.example.com", "notes:write"))
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, request)
		fmt.Println(answer.Code, cmp.Or(answer.Body.String(), answer.Header().Get("WWW-Authenticate")))
	}
	// Output:
	// 200 gone
	// 401 Bearer realm="https://api.example.com", error="insufficient_user_authentication", acr_values="urn:mana:acr:mfa", max_age="300"
}

// What does not come over HTTP is checked by Verify. It tells a bad token from an issuer that cannot be reached.
func ExampleVerifier_Verify() {
	issuer, token, end := provider()
	defer end()
	v, err := verifier.New(context.Background(), issuer, verifier.Config{Audience: "https://api.example.com"})
	if err != nil {
		log.Fatal(err)
	}
	defer v.Close()

	claims, err := v.Verify(context.Background(), token("https://api.example.com", "notes:read notes:write"))
	fmt.Println(claims.Subject, claims.Has("notes:write"), err)
	_, err = v.Verify(context.Background(), "no token")
	fmt.Println(errors.Is(err, verifier.ErrToken), errors.Is(err, verifier.ErrUnavailable))
	// Output:
	// ada true <nil>
	// true false
}

// An API that refuses in a form of its own makes its own Guard.
func ExampleGuard() {
	issuer, _, end := provider()
	defer end()
	v, err := verifier.New(context.Background(), issuer, verifier.Config{Audience: "https://api.example.com"})
	if err != nil {
		log.Fatal(err)
	}
	defer v.Close()
	guard := verifier.Guard[verifier.Claims]{
		Verify: v.Verify,
		Refuse: func(w http.ResponseWriter, _ *http.Request, refusal verifier.Refusal) {
			w.Header().Set("WWW-Authenticate", refusal.Challenge())
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(refusal.Status())
			fmt.Fprintf(w, `{"title":"Please sign in","status":%d}`, refusal.Status())
		},
	}
	answer := httptest.NewRecorder()
	guard.Require("notes:read")(http.NotFoundHandler()).ServeHTTP(answer, httptest.NewRequest("GET", "/notes", nil))
	fmt.Println(answer.Code, answer.Body)
	// Output: 401 {"title":"Please sign in","status":401}
}
