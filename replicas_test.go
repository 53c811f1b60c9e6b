package main

import (
	"context"
	"net"
	"net/http"
	"slices"
	"syscall"
	"testing"

	"mana/keys"
	"mana/storage/servers"
	"mana/storage/storagetest"
)

// pair is two processes of the program on one PostgreSQL and one Valkey, behind one reverse proxy.
type pair struct {
	*server  // both: the proxy chooses
	a, b     *victim
	proxy    *servers.Nginx
	database *servers.Postgres
	cache    *storagetest.ValkeyServer
}

// newPair starts everything but the two processes, and migrates the database.
func newPair(t *testing.T, env ...string) *pair {
	t.Helper()
	database, stores := onPostgres(t, "fsync = on")
	return newPairOn(t, database, append(stores, env...)...)
}

// newPairOn is [newPair] on a database that env names.
func newPairOn(t *testing.T, database *servers.Postgres, env ...string) *pair {
	t.Helper()
	p := &pair{database: database, cache: storagetest.StartValkey(t)}
	ports := []string{freePort(t), freePort(t)}
	proxy, err := servers.StartNginx(t.Context(), ports...)
	servers.Need(t, err)
	t.Cleanup(func() {
		if err := proxy.Remove(); err != nil {
			t.Error(err)
		}
	})
	t.Log(proxy.Version)
	p.proxy = proxy
	env = append([]string{
		"ISSUER=http://" + proxy.Address(0), "VALKEY_URL=" + p.cache.URL, "MASTER_KEY=" + keys.NewMasterKey().Encode(),
		"TRUSTED_PROXIES=127.0.0.0/8", "LOG_LEVEL=warn",
	}, env...)
	p.server = prepare(t, env...)
	p.issuer = "http://" + proxy.Address(0)
	p.command(t, "migrate", "up")
	binary := buildProgram(t)
	for i, at := range []**victim{&p.a, &p.b} {
		*at = &victim{binary: binary, server: &server{
			issuer: "http://" + proxy.Address(i+1), env: append(slices.Clone(p.env), "PORT="+ports[i], "DATA_DIR="+t.TempDir()),
		}}
	}
	return p
}

// run starts both processes at one time, until the test ends.
func (p *pair) run(t *testing.T) {
	t.Helper()
	for _, v := range []*victim{p.a, p.b} {
		v.begin(t)
		t.Cleanup(func() { v.end(t) })
	}
	for _, v := range []*victim{p.a, p.b} {
		v.waitReady(t, v.log)
	}
}

// end stops the process in order, unless it was killed.
func (v *victim) end(t *testing.T) {
	t.Helper()
	if v.command.ProcessState != nil {
		return
	}
	if err := v.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := v.command.Wait(); err != nil {
		t.Errorf("got %v at the stop\n%s", err, v.log)
	}
}

// at lets the browser reach one process (1 or 2) from now on. Nothing else of it changes: neither addresses nor cookies.
func (p *pair) at(b *browser, replica int) {
	b.Transport = &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, p.proxy.Address(replica))
		},
	}
}

// on is the same person and client who call one process.
func (f fixture) on(s *server) *fixture {
	f.server = s
	return &f
}
