package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// The rows that the OpenID Foundation's plans Basic, Config, Form Post Basic and RP-Initiated Logout check of a
// provider, run against our program and, so that the rows themselves are proved, against a provider known to be
// good. A deviation that costs a failure (F) or a warning (W) in those plans fails the test. P3 to P7 and P9 are held
// in every flow; P8 needs registration; B4 has nothing to run, since "none" is not offered.

// underTest is a provider, with what the rows need of it.
type underTest struct {
	issuer        string
	first, second relying // use client_secret_basic
	post          relying // uses client_secret_post
	email         string
	differs       map[string]string // statements that are not held against it, with the reason
	metadata      map[string]any    // as published

	mu     sync.Mutex
	failed map[string]bool // by statement, of those in differs: whether one failed
}

// relying is a client of a provider under test. No challenge is demanded of it.
type relying struct {
	id, secret string
	post       bool // the secret goes into the form
}

const postLogout = "http://127.0.0.1:4711/bye"

// personClaims is every standard claim but those that the provider itself knows.
func personClaims() map[string]any {
	return map[string]any{
		"name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace", "middle_name": "King", "nickname": "Countess",
		"preferred_username": "ada", "profile": "https://people.example/ada", "picture": "https://people.example/ada.png",
		"website": "https://ada.example", "gender": "female", "birthdate": "1815-12-10", "zoneinfo": "Europe/London",
		"locale": "en-GB", "phone_number": "+44 20 7946 0000", "phone_number_verified": true,
		"address": map[string]any{
			"formatted": "12 St James's Square\nLondon", "street_address": "12 St James's Square", "locality": "London",
			"region": "England", "postal_code": "SW1Y 4JH", "country": "United Kingdom",
		},
	}
}

// row is one row held against one provider.
type row struct {
	*testing.T
	*underTest
	mode string // response_mode; empty: not sent
}

// F holds a statement whose breach is a failure.
func (r *row) F(statement string, ok bool, got ...any) {
	r.Helper()
	r.hold("failure", statement, ok, got)
}

// W holds a statement whose breach is a warning. That fails the test as well.
func (r *row) W(statement string, ok bool, got ...any) {
	r.Helper()
	r.hold("warning", statement, ok, got)
}

func (r *row) hold(cost, statement string, ok bool, got []any) {
	r.Helper()
	if reason, differs := r.differs[statement]; differs {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.failed[statement] = r.failed[statement] || !ok; !ok {
			r.Logf("%q is not held against this provider: %s", statement, reason)
		}
		return
	}
	if !ok {
		r.Errorf("%s: %q does not hold, got %v", cost, statement, got)
	}
}

// rows are the checks of one plan, by code and name.
type rows map[string]func(r *row)

func (u *underTest) run(t *testing.T, plan, mode string, checks rows) {
	t.Run(plan, func(t *testing.T) {
		for _, name := range slices.Sorted(maps.Keys(checks)) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				checks[name](&row{t, u, mode})
			})
		}
	})
}

// conform runs every plan. A statement that is said to differ and never does is a mistake in the tests.
func (u *underTest) conform(t *testing.T) {
	u.failed = make(map[string]bool)
	_, u.metadata = (&row{T: t, underTest: u}).document(u.issuer + "/.well-known/openid-configuration")
	u.run(t, "Config", "", configRows())
	u.run(t, "Basic", "", basicRows())
	u.run(t, "FormPost", "form_post", basicRows())
	u.run(t, "Logout", "", logoutRows())
	for statement, failed := range u.failed {
		if !failed {
			t.Errorf("%q holds after all: %s", statement, u.differs[statement])
		}
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	s := start(t)
	u := &underTest{issuer: s.issuer, email: "ada@example.com"}
	s.browser(t).signUp(u.email)
	s.holdClaims(t, u.email)
	u.first, u.second, u.post = s.relying(t, "First"), s.relying(t, "Second"), s.relying(t, "Third")
	u.post.post = true
	u.conform(t)
}

// TestConformanceOfReference runs the same rows against oidc-provider.
func TestConformanceOfReference(t *testing.T) {
	t.Parallel()
	dir := nodeProject(t, filepath.Join("deploy", "tools", "reference"), "oidc-provider")
	u := &underTest{
		issuer: "http://localhost:" + freePort(t), email: "ada@example.com",
		first: relying{"first", "first-secret", false}, second: relying{"second", "second-secret", false},
		post: relying{"third", "third-secret", true},
		differs: map[string]string{
			"a refreshed ID token has no nonce":           "it repeats the nonce, which OpenID Connect Core 1.0, section 12.2, advises against and allows",
			"a posted request finds the session":          "its cookie is SameSite=None, and the row keeps every cookie back",
			"who is named by the hint is not asked again": "it asks always, which RP-Initiated Logout 1.0, section 2, leaves to the provider",
			"a refused logout offers to sign out":         "its error page is an error alone",
		},
	}
	claims := personClaims()
	claims["email"], claims["email_verified"], claims["updated_at"] = u.email, true, time.Now().Unix()
	var clients []map[string]any
	for _, c := range []relying{u.first, u.second, u.post} {
		method := "client_secret_basic"
		if c.post {
			method = "client_secret_post"
		}
		clients = append(clients, map[string]any{
			"client_id": c.id, "client_secret": c.secret, "token_endpoint_auth_method": method,
			"redirect_uris": []string{callback}, "post_logout_redirect_uris": []string{postLogout},
			"grant_types": []string{"authorization_code", "refresh_token"}, "require_auth_time": true,
		})
	}
	setup, err := json.Marshal(map[string]any{
		"issuer": u.issuer, "clients": clients, "subject": uuid.NewString(), "email": u.email, "password": testPassword,
		"claims": claims,
	})
	if err != nil {
		t.Fatal(err)
	}
	if line := launch(t, dir, []string{"SETUP=" + string(setup)}, "node", "server.mjs").line(); line != "ready" {
		t.Fatalf("got %q, want the reference ready", line)
	}
	u.conform(t)
}

// relying registers a client that may leave out the challenge.
func (s *server) relying(t *testing.T, name string) relying {
	t.Helper()
	c := s.client(t, name, "--redirect", callback, "--post-logout", postLogout, "--pkce-exempt",
		"--scope", "openid,profile,email,address,phone,offline_access")
	return relying{c.ID, c.Secret, false}
}

// holdClaims gives a person every claim.
func (s *server) holdClaims(t *testing.T, email string) {
	t.Helper()
	args := []string{"user", "set", email}
	for name, value := range personClaims() {
		if parts, ok := value.(map[string]any); ok {
			for part, text := range parts {
				args = append(args, fmt.Sprintf("%s.%s=%v", name, part, text))
			}
			continue
		}
		args = append(args, fmt.Sprintf("%s=%v", name, value))
	}
	s.command(t, args...)
}
