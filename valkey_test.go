package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"mana/keys"
	"mana/storage"
	"mana/storage/storagetest"
	"mana/storage/valkey"
)

// redis is what readiness tells of Valkey. The program serves whatever it is.
func (s *server) redis(t *testing.T) string {
	t.Helper()
	status, body, _ := s.api(t, "GET", "/health/ready", "", nil)
	checks, ok := body["checks"].(map[string]any)
	if status != http.StatusOK || body["status"] != "ok" || !ok {
		t.Fatalf("got %d %v, want it ready", status, body)
	}
	return fmt.Sprint(checks["redis"].(map[string]any)["status"])
}

// failures are the ways in which Valkey fails that a whole program is shown; the others are those of its package.
var failures = map[string]struct {
	fail, mend func(*testing.T, *storagetest.ValkeyServer)
}{
	"stopped": {
		func(_ *testing.T, v *storagetest.ValkeyServer) { v.Stop() },
		func(t *testing.T, v *storagetest.ValkeyServer) { v.Start(t) },
	},
	"hanging": {
		func(t *testing.T, v *storagetest.ValkeyServer) { v.Hang(t) },
		func(t *testing.T, v *storagetest.ValkeyServer) { v.Resume(t) },
	},
	"full": {
		func(t *testing.T, v *storagetest.ValkeyServer) { v.Do(t, "CONFIG", "SET", "maxmemory", "1") },
		func(t *testing.T, v *storagetest.ValkeyServer) { v.Do(t, "CONFIG", "SET", "maxmemory", "0") },
	},
}

// TestTwoProcessesCountTogether runs two programs on one Valkey, takes it away and gives it back.
func TestTwoProcessesCountTogether(t *testing.T) {
	t.Parallel()
	cache := storagetest.StartValkey(t)
	env := []string{
		"VALKEY_URL=" + cache.URL, "MASTER_KEY=" + keys.NewMasterKey().Encode(), "RATE_LIMIT_MAX=10", "RATE_LIMIT_TTL=3600",
		"TRUSTED_PROXIES=127.0.0.0/8,::1/128",
	}
	a, b := start(t, env...), start(t, env...)
	allowed := func(s *server, address string, calls int) (n int) {
		for range calls {
			status, body, _ := s.api(t, "GET", "/api/v1/credits/packages", "", nil, "X-Forwarded-For", address)
			switch status {
			case http.StatusOK:
				n++
			case http.StatusTooManyRequests:
				wantError(t, "one too many", status, body, 429, "RATE_LIMITED")
			default:
				t.Errorf("got %d %v", status, body)
			}
		}
		return n
	}
	together := func(network string) {
		t.Helper()
		tries := 0
		eventually(t, "10 of an address are allowed by both programs", func() bool { // on a busy machine some answers are late
			tries++
			address := fmt.Sprint(network, tries)
			return allowed(a, address, 6) == 6 && allowed(b, address, 6) == 4 && allowed(a, address, 1) == 0
		})
	}
	together("203.0.113.")
	cache.Stop()
	for _, s := range []*server{a, b} {
		if n := allowed(s, "198.51.100.1", 10); n != 5 {
			t.Errorf("got %d of 10 allowed without Valkey, want half", n)
		}
		if got := s.redis(t); got != "error" {
			t.Errorf("got %s, want error", got)
		}
	}
	cache.Start(t)
	for _, s := range []*server{a, b} {
		eventually(t, "Valkey is found again", func() bool { return s.redis(t) == "ok" })
	}
	together("192.0.2.")
}

// TestOutage is the table of what works when Valkey is away, endpoint by endpoint: with it, without it, and with it
// again.
func TestOutage(t *testing.T) {
	t.Parallel()
	for name, failure := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := storagetest.StartValkey(t)
			o := newOutage(t, server.URL)
			o.walk(t, "with Valkey")
			eventually(t, "Valkey is there", func() bool { return o.redis(t) == "ok" })
			failure.fail(t, server)
			o.walk(t, "without Valkey")
			eventually(t, "it is known to be away", func() bool { return o.redis(t) == "error" })
			o.walk(t, "without Valkey for some time")
			failure.mend(t, server)
			eventually(t, "Valkey is found again", func() bool { return o.redis(t) == "ok" })
			o.walk(t, "with Valkey again")
		})
	}
}

// outage is a program whose every endpoint is called.
type outage struct {
	*fixture
	theirs  *server // another provider
	admin   *browser
	backend backend
	walks   int
}

func newOutage(t *testing.T, url string) *outage {
	t.Helper()
	theirs, s := start(t, "RATE_LIMIT_MAX=100000"), prepare(t, "VALKEY_URL="+url, "RATE_LIMIT_MAX=100000")
	s.env = append(s.env, theirs.upstream(t, s.issuer)...)
	f := s.fixture(t, "openid email offline_access", func() { s.serve(t) })
	return &outage{
		fixture: f, theirs: theirs, admin: f.administrator(t), backend: f.backend(t, "--app", "todo", "--allow", "balance,use,refund"),
	}
}

// walk calls every endpoint as a person, an app and a back end do, who notice nothing of Valkey.
func (o *outage) walk(t *testing.T, when string) {
	t.Helper()
	o.walks++
	email := fmt.Sprintf("p%d@example.com", o.walks)
	want := func(what string, got, want any) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s, %s: got %v, want %v", when, what, got, want)
		}
	}
	rest := func(path, token string, body any) (int, map[string]any) {
		status, answer, _ := o.api(t, "POST", "/api/v1/"+path, token, body)
		return status, answer
	}
	o.walkSignIn(want, rest, email)
	id, token := o.person(t, email[1:])
	o.walkCredits(t, want, rest, id, token)
	o.walkProtocol(t, want)
	b := o.server.browser(t)
	b.signUp("page-" + email)
	for _, path := range []string{"/account", "/account/sessions", "/account/apps", "/account/security", "/account/credits", "/logout", "/health", "/health/live", "/api/v1/health", "/jwks", "/.well-known/openid-configuration"} {
		want(path, b.get(path).StatusCode, 200)
	}
	want("logout", b.submit(b.get("/logout"), "/logout").StatusCode, 200)
	want("the account after it", b.get("/account").Request.URL.Path, "/login")
	login := b.submit(b.get("/login"), "/login", "username", "page-"+email, "password", testPassword)
	want("login", login.Request.URL.Path, "/account")
	o.walkFactors(t, want, b, "page-"+email)
	created := o.server.client(t, "Made "+when, "--redirect", callback)
	o.command(t, "client", "update", created.ID, "--name", "Changed")
	before := len(o.keyset(t))
	o.command(t, "keys", "rotate", "--now")
	eventually(t, "a new key is published", func() bool { return len(o.keyset(t)) > before })
}

func (o *outage) walkSignIn(want func(string, any, any), rest func(string, string, any) (int, map[string]any), email string) {
	who := map[string]string{"email": email, "password": testPassword}
	wrong := map[string]string{"email": email, "password": "a wrong password"}
	status, _ := rest("auth/register", "", who)
	want("register", status, 201)
	status, login := rest("auth/login", "", who)
	want("REST login", status, 200)
	status, refreshed := rest("auth/refresh", "", map[string]any{"refreshToken": login["refreshToken"]})
	want("REST refresh", status, 200)
	token := fmt.Sprint(refreshed["accessToken"])
	_, validation := rest("auth/validate", "", map[string]string{"token": token})
	want("validate", validation["valid"], true)
	status, _ = rest("auth/logout", token, nil)
	want("REST logout", status, 200)
	_, validation = rest("auth/validate", "", map[string]string{"token": token})
	want("validate after logout", validation["valid"], false)
	for range 5 {
		status, _ = rest("auth/login", "", wrong)
		want("a wrong password", status, 401)
	}
	status, body := rest("auth/login", "", who)
	want("the account after five", fmt.Sprint(status, body["error"]), "429ACCOUNT_LOCKED")
}

func (o *outage) walkCredits(t *testing.T, want func(string, any, any), rest func(string, string, any) (int, map[string]any), id, token string) {
	t.Helper()
	use := map[string]any{"amount": 2, "appId": "todo", "description": "Task", "idempotencyKey": fmt.Sprint("k", o.walks)}
	for _, message := range []any{nil, "Transaction already processed"} {
		status, body := rest("credits/use", token, use)
		want("use", status, 201)
		want("the message of a use", body["message"], message)
	}
	for _, path := range []string{"balance", "transactions", "packages"} {
		status, _, _ := o.api(t, "GET", "/api/v1/credits/"+path, token, nil)
		want(path, status, 200)
	}
	status, _, _ := o.backend.call(t, "POST", "internal/credits/use", spend(id, "3", ""))
	want("use by a back end", status, 201)
	status, _, _ = o.backend.call(t, "POST", "credits/refund", spend(id, "1", `,"appId":"todo"`))
	want("refund", status, 201)
	want("what is left", o.backend.free(t, id), 146)
}

func (o *outage) walkProtocol(t *testing.T, want func(string, any, any)) {
	t.Helper()
	tokens := o.grantedTo(t)
	access := fmt.Sprint(tokens["access_token"])
	active := func(token any) any {
		status, body, _ := o.post(t, "/introspect", o.client, "token", fmt.Sprint(token))
		want("introspection", status, 200)
		return body["active"]
	}
	want("userinfo", o.userInfo(t, access), 200)
	want("introspected", active(access), true)
	status, next := o.refresh(t, tokens["refresh_token"])
	want("refresh", status, 200)
	status, _, _ = o.post(t, "/token", o.client, "grant_type", "client_credentials")
	want("client credentials", status, 200)
	wrong := o.client
	wrong.Secret = "wrong"
	status, _, _ = o.post(t, "/token", wrong, "grant_type", "client_credentials")
	want("a wrong secret", status, 401)
	status, _, _ = o.post(t, "/revoke", o.client, "token", fmt.Sprint(tokens["refresh_token"]))
	want("revocation", status, 200)
	want("userinfo after it", o.userInfo(t, fmt.Sprint(next["access_token"])), 401)
	want("introspected after it", active(next["access_token"]), false)
	want("authorize", o.browser.authorize(o.auth("prompt", "none")).Get("error"), "")
}

// TestValkeyUser holds the rights that operators are told to give against those with which the tests run.
func TestValkeyUser(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("deploy/docs/valkey.md")
	if err != nil {
		t.Fatal(err)
	}
	want := "ACL SETUSER " + strings.Replace(storagetest.ValkeyUser, ">secret", ">PASSWORD", 1) + "\n"
	if !strings.Contains(string(document), want) {
		t.Errorf("got no line %q", want)
	}
}

// TestValkeyAwayAtStart starts without the server that the settings name, and finds it when it comes.
func TestValkeyAwayAtStart(t *testing.T) {
	t.Parallel()
	server := storagetest.StartValkey(t)
	server.Stop()
	private := "127.0.0.1:" + freePort(t)
	s := start(t, "VALKEY_URL="+server.URL, "METRICS_ADDR="+private)
	if got := metric(t, private, "valkey_up"); got != "0" {
		t.Errorf("got valkey_up %q, want 0", got)
	}
	if got := s.redis(t); got != "error" {
		t.Errorf("got %s, want error", got)
	}
	s.person(t, "ada@example.com")
	server.Start(t)
	eventually(t, "Valkey is found", func() bool { return s.redis(t) == "ok" })
	if got := metric(t, private, "valkey_up"); got != "1" {
		t.Errorf("got valkey_up %q, want 1", got)
	}
	before := metric(t, private, "valkey_errors_total")
	server.Stop()
	eventually(t, "it is known to be away", func() bool { return s.redis(t) == "error" })
	if got := metric(t, private, "valkey_errors_total"); before == "" || got == before {
		t.Errorf("got valkey_errors_total %q, as before", got)
	}
	if _, log := s.stop(); !strings.Contains(log, `"valkey is away"`) || !strings.Contains(log, `"valkey is back"`) || strings.Contains(log, "secret") {
		t.Errorf("got the log %s", log)
	}
}

// metric reads one metric from the private address.
func metric(t *testing.T, address, name string) string {
	t.Helper()
	response, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(content), "\n"+name+" ")
	value, _, _ := strings.Cut(after, "\n")
	return value
}

// replica is the program without its listener and jobs, which several may be on one database file.
type replica struct {
	*program
	url    string
	forgot atomic.Int64 // how often it was told that something ended
}

// newReplica answers on the data of s until the test ends.
func (s *server) newReplica(t *testing.T) *replica {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	cfg, err := loadConfig(s.env, false)
	if err != nil {
		t.Fatal(err)
	}
	db, err := storage.Open(t.Context(), cfg.database(), logger, nil)
	if err != nil {
		t.Fatal(err)
	}
	common, err := cfg.share(*cfg.masterKey, logger, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &program{cfg: cfg, logger: logger, db: db, shared: common, set: metrics.NewSet()}
	p.proxies.Store(&cfg.proxies)
	handler, _, err := p.build(t.Context(), *cfg.masterKey, nil)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(handler)
	t.Cleanup(func() {
		web.Close()
		common.close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return &replica{program: p, url: web.URL}
}

// run runs the jobs of a replica until the test ends.
func (r *replica) run(t *testing.T) *replica {
	t.Helper()
	forget := r.forget
	r.forget = func() { r.forgot.Add(1); forget() }
	ctx, stop := context.WithCancel(context.Background())
	r.startJobs(ctx)
	t.Cleanup(func() { stop(); r.jobs.Wait() })
	return r
}

// TestTold tells other processes of what ended, and of nothing when somebody only says so.
func TestTold(t *testing.T) {
	t.Parallel()
	s := prepare(t, "MASTER_KEY="+keys.NewMasterKey().Encode())
	r := s.newReplica(t)
	at := &server{issuer: r.url, env: s.env}
	client := s.create(t, "Notes", "--redirect", callback, "--grant", "authorization_code,client_credentials")
	if err := r.reloadClients(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, first := at.person(t, "ada@example.com")
	_, login, _ := at.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "ada@example.com", "password": testPassword})
	_, own, _ := at.post(t, "/token", client, "grant_type", "client_credentials")
	nobody := strings.Repeat("A", 43)
	logout := func(token string, refresh any) (int, map[string]any, http.Header) {
		return at.api(t, "POST", "/api/v1/auth/logout", token, map[string]any{"refreshToken": refresh})
	}
	revoke := func(token any) (int, map[string]any, http.Header) {
		return at.post(t, "/revoke", client, "token", fmt.Sprint(token))
	}
	for _, c := range []struct {
		what string
		call func() (int, map[string]any, http.Header)
		want int
	}{
		{"logout by nobody's token", func() (int, map[string]any, http.Header) { return logout("", nobody) }, 0},
		{"logout by a token", func() (int, map[string]any, http.Header) { return logout(first, nil) }, 1},
		{"logout by a refresh token", func() (int, map[string]any, http.Header) { return logout("", login["refreshToken"]) }, 1},
		{"revocation of nobody's token", func() (int, map[string]any, http.Header) { return revoke(nobody) }, 0},
		{"revocation of what is no token", func() (int, map[string]any, http.Header) { return revoke("a.b.c") }, 0},
		{"revocation of another's token", func() (int, map[string]any, http.Header) { return revoke(first) }, 0},
		{"revocation of a token", func() (int, map[string]any, http.Header) { return revoke(own["access_token"]) }, 1},
	} {
		if status, body, _ := c.call(); status != http.StatusOK {
			t.Errorf("%s: got %d %v", c.what, status, body)
		}
		if got := len(r.shared.ended); got != c.want {
			t.Errorf("%s: got %d to be told, want %d", c.what, got, c.want)
		}
		for len(r.shared.ended) > 0 {
			<-r.shared.ended
		}
	}
}

// TestReplicasHear ends a session, and changes a client, at one of two replicas.
func TestReplicasHear(t *testing.T) {
	t.Parallel()
	cache := storagetest.StartValkey(t)
	s := prepare(t, "VALKEY_URL="+cache.URL, "MASTER_KEY="+keys.NewMasterKey().Encode())
	a, b := s.newReplica(t).run(t), s.newReplica(t).run(t)
	at := func(r *replica) *server { return &server{issuer: r.url, env: s.env} }
	valid := func(r *replica, token string) any {
		_, body, _ := at(r).api(t, "POST", "/api/v1/auth/validate", "", map[string]string{"token": token})
		return body["valid"]
	}
	eventually(t, "both are connected", func() bool { return a.forgot.Load() > 0 && b.forgot.Load() > 0 })
	for _, with := range []bool{true, false} {
		_, token := at(a).person(t, fmt.Sprint("ada", with, "@example.com"))
		if valid(b, token) != true {
			t.Fatal("got a token of the other replica refused")
		}
		told := b.forgot.Load()
		if status, body, _ := at(a).api(t, "POST", "/api/v1/auth/logout", token, nil); status != 200 {
			t.Fatalf("got %d %v", status, body)
		}
		eventually(t, "the other replica refuses the token", func() bool { return valid(b, token) == false })
		if with {
			eventually(t, "the other replica is told", func() bool { return b.forgot.Load() > told })
			cache.Stop()
		} else if b.forgot.Load() != told {
			t.Error("got a signal without Valkey")
		}
	}
	cache.Start(t)
	told := b.forgot.Load()
	eventually(t, "everything is read again after a connection", func() bool { return b.forgot.Load() > told })
}

// hearChanges counts how often processes on a server are told to read again what they keep in memory: once when it
// begins to listen, until the test ends.
func hearChanges(t *testing.T, cache *storagetest.ValkeyServer) *atomic.Int64 {
	t.Helper()
	at, err := valkey.ParseURL(cache.URL)
	if err != nil {
		t.Fatal(err)
	}
	v, err := valkey.Open(valkey.Config{Server: at, Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var group sync.WaitGroup
	changed := new(atomic.Int64)
	group.Go(func() {
		v.Run(ctx, func(s valkey.Signal) {
			if s == valkey.Changed {
				changed.Add(1)
			}
		})
	})
	t.Cleanup(func() { stop(); group.Wait(); v.Close() })
	eventually(t, "it listens", func() bool { return changed.Load() == 1 })
	return changed
}

// TestCommandsTell lets running servers hear of what a command changed, and of nothing else.
func TestCommandsTell(t *testing.T) {
	t.Parallel()
	cache := storagetest.StartValkey(t)
	changed := hearChanges(t, cache)
	s := prepare(t, "VALKEY_URL="+cache.URL)
	s.command(t, "client", "list")
	client := s.create(t, "Notes", "--redirect", callback)
	eventually(t, "a new client is told", func() bool { return changed.Load() == 2 })
	s.command(t, "client", "show", client.ID)
	s.shownKey(t, "create", "--app", "todo", "--allow", "use")
	eventually(t, "a new service key is told", func() bool { return changed.Load() == 3 })
	cache.Stop()
	s.command(t, "client", "delete", client.ID, "--yes")
}

// TestRotationTells lets other processes hear of a key that the job of a server has made, and of nothing when it had
// nothing to do.
func TestRotationTells(t *testing.T) {
	t.Parallel()
	cache := storagetest.StartValkey(t)
	changed := hearChanges(t, cache)
	s := prepare(t, "VALKEY_URL="+cache.URL, "MASTER_KEY="+keys.NewMasterKey().Encode())
	r := s.newReplica(t)
	s.sql(t, `UPDATE auth_signing_keys SET activated_at = activated_at - 90 * 86400000000`)
	before := len((&server{issuer: r.url}).keyset(t))
	r.run(t)
	eventually(t, "a new key is told", func() bool { return changed.Load() == 2 })
	eventually(t, "it is published", func() bool { return len((&server{issuer: r.url}).keyset(t)) == before+1 })
	if err := r.advanceKeys(t.Context()); err != nil || len(r.shared.renewed) > 0 {
		t.Errorf("got %v and %d to be told, want nothing", err, len(r.shared.renewed))
	}
}
