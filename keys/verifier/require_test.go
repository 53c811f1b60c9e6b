package verifier_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"mana/keys/verifier"
)

func TestRequire(t *testing.T) {
	t.Parallel()
	good := newSigner(t, "k", jose.ES256)
	down := false
	find := func(kid string) (jose.JSONWebKey, error) {
		if down {
			return jose.JSONWebKey{}, verifier.ErrUnavailable
		}
		return good.public(), nil
	}
	v, err := verifier.New(t.Context(), issuer, verifier.Config{Audience: api, Keys: find, Now: func() time.Time { return start }})
	if err != nil {
		t.Fatal(err)
	}
	var seen verifier.Claims
	handler := v.Require("notes:read", "notes:write")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen, _ = verifier.From(r.Context())
		w.WriteHeader(http.StatusNoContent)
	}))
	token := good.sign(t, nil, claims(nil))
	narrow := good.sign(t, nil, claims(map[string]any{"scope": "notes:read"}))
	const realm, scope = `Bearer realm="` + api + `"`, `, scope="notes:read notes:write"`
	for name, c := range map[string]struct {
		headers   []string
		status    int
		challenge string
	}{
		"good":              {[]string{"Bearer " + token}, 204, ""},
		"lower case":        {[]string{"bearer " + token}, 204, ""},
		"nothing":           {nil, 401, realm + scope},
		"another scheme":    {[]string{"Basic " + token}, 401, realm + scope},
		"bad token":         {[]string{"Bearer x"}, 401, realm + scope + `, error="invalid_token"`},
		"two blanks":        {[]string{"Bearer  " + token}, 401, realm + scope + `, error="invalid_token"`},
		"no token":          {[]string{"Bearer "}, 401, realm + scope},
		"two tokens":        {[]string{"Bearer " + token, "Bearer " + token}, 400, realm + scope + `, error="invalid_request"`},
		"too little":        {[]string{"Bearer " + narrow}, 403, realm + scope + `, error="insufficient_scope"`},
		"keys out of reach": {[]string{"Bearer " + token}, 503, ""},
	} {
		down, seen = name == "keys out of reach", verifier.Claims{}
		r := httptest.NewRequest(http.MethodGet, "/?access_token="+token, nil)
		r.Header["Authorization"] = c.headers
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != c.status || w.Header().Get("WWW-Authenticate") != c.challenge {
			t.Errorf("%s: got %d, %q, want %d, %q", name, w.Code, w.Header().Get("WWW-Authenticate"), c.status, c.challenge)
		}
		if passed := seen.Subject == "ada"; passed != (c.status == 204) {
			t.Errorf("%s: got %+v in the handler", name, seen)
		}
		if down != (w.Header().Get("Retry-After") != "") {
			t.Errorf("%s: got Retry-After %q", name, w.Header().Get("Retry-After"))
		}
	}
	if _, ok := verifier.From(t.Context()); ok {
		t.Error("got claims without a token")
	}
}

// pass is a token that an API checks in its own way.
type pass string

func (p pass) Has(scope string) bool { return string(p) == scope }

// TestGuard is an API that has its own check and its own refusals.
func TestStepUp(t *testing.T) {
	t.Parallel()
	good := newSigner(t, "k", jose.ES256)
	find := func(string) (jose.JSONWebKey, error) { return good.public(), nil }
	v, err := verifier.New(t.Context(), issuer, verifier.Config{Audience: api, Keys: find, Now: func() time.Time { return start }})
	if err != nil {
		t.Fatal(err)
	}
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	const begin = `Bearer realm="` + api + `"`
	strong, fresh := verifier.StepUp{ACR: []string{"high", "higher"}}, verifier.StepUp{MaxAge: time.Minute}
	for name, c := range map[string]struct {
		step      verifier.StepUp
		claims    map[string]any
		challenge string // empty: it passes
	}{
		"nothing is asked":     {verifier.StepUp{}, map[string]any{"acr": "low"}, ""},
		"strong":               {strong, map[string]any{"acr": "higher"}, ""},
		"weak":                 {strong, map[string]any{"acr": "low"}, `acr_values="high higher"`},
		"strength is not told": {strong, nil, `acr_values="high higher"`},
		"nothing is no value":  {verifier.StepUp{ACR: []string{""}}, nil, `acr_values=""`},
		"fresh":                {fresh, map[string]any{"auth_time": start.Unix() - 60}, ""},
		"old":                  {fresh, map[string]any{"auth_time": start.Unix() - 61}, `max_age="60"`},
		"age is not told":      {fresh, nil, `max_age="60"`},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		given := map[string]any{"acr": nil, "auth_time": nil}
		maps.Copy(given, c.claims)
		r.Header.Set("Authorization", "Bearer "+good.sign(t, nil, claims(given)))
		w := httptest.NewRecorder()
		v.RequireStepUp(c.step)(next).ServeHTTP(w, r)
		status, challenge := http.StatusNoContent, ""
		if c.challenge != "" {
			status, challenge = http.StatusUnauthorized, begin+`, error="insufficient_user_authentication", `+c.challenge
		}
		if w.Code != status || w.Header().Get("WWW-Authenticate") != challenge {
			t.Errorf("%s: got %d %s, want %d %s", name, w.Code, w.Header().Get("WWW-Authenticate"), status, challenge)
		}
	}
	w := httptest.NewRecorder()
	v.RequireStepUp(fresh, "a")(next).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if got, want := w.Header().Get("WWW-Authenticate"), begin+`, scope="a"`; w.Code != http.StatusUnauthorized || got != want {
		t.Errorf("got %d %s without a token, want 401 %s", w.Code, got, want)
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	var refused verifier.Refusal
	guard := verifier.Guard[pass]{
		Verify: func(_ context.Context, token string) (pass, error) {
			switch token {
			case "bad":
				return "", fmt.Errorf("revoked: %w", verifier.ErrToken)
			case "away":
				return "", away
			}
			return pass(token), nil
		},
		Refuse: func(w http.ResponseWriter, _ *http.Request, refusal verifier.Refusal) {
			refused = refusal
			w.WriteHeader(http.StatusTeapot)
		},
	}
	handler := guard.Require("paint")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token, ok := guard.From(r.Context()); !ok || token != "paint" {
			t.Errorf("got %q, %t in the handler", token, ok)
		}
	}))
	for token, want := range map[string]struct {
		status int // of the refusal; 0: it passes
		fault  string
		err    error
	}{
		"paint": {}, "bad": {401, "invalid_token", nil}, "away": {503, "", away}, "read": {403, "insufficient_scope", nil},
	} {
		refused = verifier.Refusal{}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if passed := w.Code == http.StatusOK; passed != (want.status == 0) {
			t.Errorf("%s: got %d", token, w.Code)
		}
		if want.status != 0 && (refused.Status() != want.status || refused.Fault != want.fault || refused.Err != want.err) {
			t.Errorf("%s: got %+v", token, refused)
		}
	}
}
