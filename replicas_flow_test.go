package main

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// TestReplicas proves that two processes are one provider.
func TestReplicas(t *testing.T) {
	t.Parallel()
	p := newPair(t, "RATE_LIMIT_MAX=100")
	public := p.create(t, "Public", "--public", "--redirect", callback, "--scope", "openid,email", "--grant", "authorization_code,refresh_token")
	f := p.fixture(t, "openid email", func() { p.run(t) })
	t.Run("flow", func(t *testing.T) { replicasFlow(t, p, f) })
	t.Run("code", func(t *testing.T) { replicasCode(t, p, f) })
	rotating := *f
	rotating.client = public
	t.Run("refresh", func(t *testing.T) { replicasRefresh(t, p, &rotating) })
	t.Run("single use", func(t *testing.T) { replicasSingleUse(t, p, f) })
	t.Run("limits", func(t *testing.T) { replicasLimits(t, p) })
	t.Run("attempts", func(t *testing.T) { replicasAttempts(t, p) })
	t.Run("logout", func(t *testing.T) { replicasLogout(t, p) })
}

// replicasFlow changes the process at every step of a sign-in.
func replicasFlow(t *testing.T, p *pair, f *fixture) {
	b := p.browser(t)
	p.at(b, 1)
	page := b.get(f.auth())
	if page.Request.URL.Path != "/login" {
		t.Fatalf("got %d at %s, want the login page", page.StatusCode, page.Request.URL)
	}
	p.at(b, 2)
	page = b.signIn(page, "ada@example.com")
	if page.Request.URL.Path != "/consent" {
		t.Fatalf("got %d at %s, want the consent page\n%s", page.StatusCode, page.Request.URL, page.body)
	}
	p.at(b, 1)
	location, err := b.submit(page, "/consent", "decision", "allow").Location()
	if err != nil {
		t.Fatal(err)
	}
	status, tokens, _ := f.on(p.b.server).token(t, "code", location.Query().Get("code"))
	if status != http.StatusOK {
		t.Fatalf("got %d %v for a code of the other process", status, tokens)
	}
	for _, v := range []*victim{p.a, p.b} {
		if status := f.on(v.server).userInfo(t, tokens["access_token"].(string)); status != http.StatusOK {
			t.Errorf("got %d at userinfo, want 200", status)
		}
	}
	p.at(b, 2)
	if account := b.get("/account"); account.Request.URL.Path != "/account" {
		t.Errorf("got %s, want to be signed in at both", account.Request.URL)
	}
	if a, b := p.a.keyset(t), p.b.keyset(t); len(a) == 0 || fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("got the keys %v and %v, want the same", a, b)
	}
}

// both calls 64 times at one time, in turn at one process and the other.
func (p *pair) both(call func(i int, at *server)) {
	var group sync.WaitGroup
	begin := make(chan struct{})
	for i := range 64 {
		group.Go(func() {
			<-begin
			call(i, []*server{p.a.server, p.b.server}[i%2])
		})
	}
	close(begin)
	group.Wait()
}

// tally counts answers.
type tally struct {
	mu sync.Mutex
	of map[string]int
}

func (c *tally) add(status int, detail any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = make(map[string]int)
	}
	c.of[fmt.Sprintf("%d %v", status, detail)]++
}

// patient repeats a call as a client does whom a busy server tells to come again.
func patient(call func() (int, map[string]any, http.Header)) (status int, body map[string]any) {
	for deadline := time.Now().Add(time.Minute); ; {
		status, body, header := call()
		if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" || time.Now().After(deadline) {
			return status, body
		}
	}
}

// replicasCode redeems a code at both processes at one time.
func replicasCode(t *testing.T, p *pair, f *fixture) {
	code := f.browser.authorize(f.auth()).Get("code")
	var got tally
	var access string
	p.both(func(_ int, at *server) {
		status, body, _ := f.on(at).token(t, "code", code)
		if got.add(status, body["error"]); status == http.StatusOK {
			access = body["access_token"].(string)
		}
	})
	if got.of["200 <nil>"] != 1 || got.of["400 invalid_grant"] != 63 {
		t.Fatalf("got %v, want one success and 63 refusals", got.of)
	}
	for _, v := range []*victim{p.a, p.b} {
		eventually(t, "the repeats have revoked the grant", func() bool {
			return f.on(v.server).userInfo(t, access) == http.StatusUnauthorized
		})
	}
}

// replicasRefresh repeats a refresh at both processes at one time, of an app and of the REST login.
func replicasRefresh(t *testing.T, p *pair, f *fixture) {
	first := f.grantedTo(t)
	var got tally
	p.both(func(_ int, at *server) {
		status, body, _ := at.post(t, "/token", f.client, "grant_type", "refresh_token", "refresh_token", fmt.Sprint(first["refresh_token"]))
		got.add(status, body["refresh_token"])
	})
	_, second := f.on(p.a.server).refresh(t, first["refresh_token"])
	if got.of[fmt.Sprintf("200 %v", second["refresh_token"])] != 64 {
		t.Errorf("got %v, want one and the same successor", got.of)
	}
	if status, third := f.on(p.b.server).refresh(t, second["refresh_token"]); status != http.StatusOK {
		t.Errorf("got %d %v", status, third)
	}
	if status, body := f.on(p.a.server).refresh(t, first["refresh_token"]); status != 400 || body["error"] != "invalid_grant" {
		t.Errorf("got %d %v for a reuse at the other process, want invalid_grant", status, body)
	}
	p.person(t, "refresh@example.com")
	_, login, _ := p.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "refresh@example.com", "password": testPassword})
	var rest tally
	p.both(func(_ int, at *server) {
		status, body, _ := at.api(t, "POST", "/api/v1/auth/refresh", "", map[string]any{"refreshToken": login["refreshToken"]})
		rest.add(status, body["refreshToken"])
	})
	_, next, _ := p.api(t, "POST", "/api/v1/auth/refresh", "", map[string]any{"refreshToken": login["refreshToken"]})
	if rest.of[fmt.Sprintf("200 %v", next["refreshToken"])] != 64 {
		t.Errorf("got %v, want one and the same successor", rest.of)
	}
}

// replicasSingleUse uses at both processes at one time what can be used once: a consent, an address, and the key of a
// debit.
func replicasSingleUse(t *testing.T, p *pair, f *fixture) {
	page := f.browser.get(f.auth("prompt", "consent"))
	var consents tally
	p.both(func(i int, _ *server) {
		b := p.browser(t)
		b.Jar = f.browser.Jar
		p.at(b, 1+i%2)
		got := b.submit(page, "/consent", "decision", "allow")
		location, err := got.Location()
		consents.add(got.StatusCode, err == nil && location.Query().Get("code") != "")
	})
	if consents.of["303 true"] != 1 || consents.of["400 false"] != 63 {
		t.Errorf("got %v codes for one consent, want one", consents.of)
	}
	var accounts tally
	p.both(func(_ int, at *server) {
		status, body := patient(func() (int, map[string]any, http.Header) {
			return at.api(t, "POST", "/api/v1/auth/register", "", map[string]string{"email": "once@example.com", "password": testPassword, "name": "Ada"})
		})
		accounts.add(status, body["error"])
	})
	if accounts.of["201 <nil>"] != 1 || len(accounts.of) != 2 {
		t.Errorf("got %v, want one account", accounts.of)
	}
	_, token := p.person(t, "spender@example.com")
	var debits tally
	p.both(func(_ int, at *server) {
		status, body := patient(func() (int, map[string]any, http.Header) {
			return at.api(t, "POST", "/api/v1/credits/use", token,
				map[string]any{"amount": 1, "appId": "chat", "description": "Reply", "idempotencyKey": "once"})
		})
		transaction, _ := body["transaction"].(map[string]any)
		debits.add(status, transaction["id"])
		if status != http.StatusCreated {
			t.Errorf("got %d %v", status, body)
		}
	})
	_, balance, _ := p.api(t, "GET", "/api/v1/credits/balance", token, nil)
	if len(debits.of) != 1 || fmt.Sprint(balance["freeCreditsRemaining"]) != "149" {
		t.Errorf("got %v and the balance %v, want one debit of 1", debits.of, balance)
	}
}

// replicasLimits counts the calls of one address at both processes.
func replicasLimits(t *testing.T, p *pair) {
	tries := 0
	eventually(t, "100 of an address are allowed by both processes", func() bool { // on a busy machine some answers are late
		tries++
		var got tally
		for range 2 {
			p.both(func(_ int, at *server) {
				status, body, _ := at.api(t, "GET", "/api/v1/credits/packages", "", nil, "X-Forwarded-For", fmt.Sprint("203.0.113.", tries))
				got.add(status, body["error"])
			})
		}
		return got.of["200 <nil>"] == 100 && got.of["429 RATE_LIMITED"] == 28
	})
}

// replicasAttempts guesses a password at one process and the other.
func replicasAttempts(t *testing.T, p *pair) {
	p.person(t, "guessed@example.com")
	login := func(at *server, password string) (int, map[string]any) {
		status, body, _ := at.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "guessed@example.com", "password": password})
		return status, body
	}
	for i := range 5 {
		if status, body := login([]*server{p.a.server, p.b.server}[i%2], "a wrong password"); status != 401 {
			t.Errorf("got %d %v", status, body)
		}
	}
	for _, v := range []*victim{p.a, p.b} {
		status, body := login(v.server, testPassword)
		wantError(t, "the account after five at both", status, body, 429, "ACCOUNT_LOCKED")
	}
}

// replicasLogout ends sessions at one process and calls the other: by the signal it refuses at once, and without
// Valkey within a second.
func replicasLogout(t *testing.T, p *pair) {
	knows := func(at *server, token string) bool {
		status, _, _ := at.api(t, "GET", "/api/v1/credits/balance", token, nil)
		return status != http.StatusUnauthorized
	}
	people := 0
	// known gives how long the other process accepted a token from its first call on: its memory begins there.
	known := func() time.Duration {
		people++
		_, token := p.a.person(t, fmt.Sprintf("leaver%d@example.com", people))
		first := time.Now()
		if !knows(p.b.server, token) {
			t.Fatal("got a token of the other process refused")
		}
		if status, body, _ := p.a.api(t, "POST", "/api/v1/auth/logout", token, nil); status != http.StatusOK {
			t.Fatalf("got %d %v", status, body)
		}
		ended := time.Now()
		for {
			asked := time.Now()
			if !knows(p.b.server, token) {
				return time.Since(first)
			}
			if asked.Sub(ended) > time.Second {
				t.Fatalf("got a token accepted %v after the logout, want a second at most", asked.Sub(ended))
			}
		}
	}
	// Only a signal can make a process forget in less than the second for which it remembers.
	eventually(t, "the other process is told", func() bool { return known() < 800*time.Millisecond })
	p.cache.Stop()
	for _, v := range []*victim{p.a, p.b} {
		eventually(t, "it is known to be away", func() bool { return v.redis(t) == "error" })
	}
	for range 3 {
		known()
	}
	p.cache.Start(t)
	for _, v := range []*victim{p.a, p.b} {
		eventually(t, "Valkey is found again", func() bool { return v.redis(t) == "ok" })
	}
	eventually(t, "the other process is told again", func() bool { return known() < 800*time.Millisecond })
}
