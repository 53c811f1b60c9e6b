package main

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// How often what is killed by default, and at most when scaled. If by then a case of interest has not happened, one
// more of each is killed, and so on up to the most.
const (
	replicaKills, mostReplicaKills   = 3, 20
	databaseKills, mostDatabaseKills = 1, 5
	cacheStops, mostCacheStops       = 1, 5
)

// mishaps are what happens to a pair under load.
type mishaps struct {
	*pair
	bank     *bank
	stopLoad func()
	ran      map[string]int
	lost     int                       // commits without an answer from the database, as ended processes told
	gateway  atomic.Int64              // answers of the proxy's own: it had sent a request to a process that died
	busy     atomic.Int64              // answers 503 of the program
	down     atomic.Bool               // something is down
	complete atomic.Pointer[time.Time] // since when nothing is
}

// TestKillReplicas kills processes of the program, PostgreSQL and Valkey at random moments under load. Meanwhile
// there is no 5xx but 503, and what the proxy says of a process that died. Afterwards every acknowledged debit is
// there, none twice, and the books are balanced.
func TestKillReplicas(t *testing.T) {
	t.Parallel()
	m := newMishaps(t, newPair(t, richPeople()...))
	m.happen(t)
	m.end(t)
	if m.bank.late.Load() == 0 || m.lost == 0 || m.bank.repeated.Load() == 0 || m.busy.Load() == 0 {
		t.Error("got not all of the interesting cases, want some of each")
	}
}

// richPeople are settings for people who spend without an end.
func richPeople() []string {
	return []string{
		"CREDITS_SIGNUP_BONUS=1000000",
		strings.NewReplacer("spend=100000/60", "spend=100000000/60", "bearer=100000/60", "bearer=100000000/60").Replace(manyTries),
	}
}

// newMishaps puts a pair under the load of 32 callers.
func newMishaps(t *testing.T, p *pair) *mishaps {
	t.Helper()
	m := &mishaps{pair: p, ran: make(map[string]int)}
	m.lengthenCommits(t)
	m.run(t)
	begin := time.Now()
	m.complete.Store(&begin)
	m.bank = &bank{
		t: t, issuer: m.issuer, acknowledged: make(map[string]string), stop: make(chan struct{}),
		client:  &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: killCallers}},
		refused: m.refused,
	}
	for i := range killPeople {
		_, token := m.person(t, fmt.Sprintf("p%d@example.com", i))
		m.bank.tokens = append(m.bank.tokens, token)
	}
	var group sync.WaitGroup
	for n := range killCallers {
		group.Go(func() { m.bank.caller(n) })
	}
	m.stopLoad = sync.OnceFunc(func() { close(m.bank.stop); group.Wait() })
	t.Cleanup(m.stopLoad)
	return m
}

// end stops the load and the processes, tells what happened, and holds what was acknowledged against the journal.
func (m *mishaps) end(t *testing.T) {
	t.Helper()
	m.stopLoad()
	for _, v := range []*victim{m.a, m.b} {
		v.end(t)
		m.lost += lostCommits(v)
	}
	b := m.bank
	t.Logf("%v: %d debits acknowledged, %d attempts without an answer, of which %d the proxy's own and %d 503; "+
		"%d commits without an answer to the caller, %d to the program, %d answers repeated",
		m.ran, len(b.acknowledged), b.failed.Load(), m.gateway.Load(), m.busy.Load(), b.late.Load(), m.lost, b.repeated.Load())
	b.audit(t, m.server)
}

// lengthenCommits makes it likely that a commit is under way when something dies.
func (m *mishaps) lengthenCommits(t *testing.T) {
	t.Helper()
	for _, query := range []string{
		"ALTER SYSTEM SET commit_delay = 20000", "ALTER SYSTEM SET commit_siblings = 0", "SELECT pg_reload_conf()",
	} {
		if err := m.database.Exec(t.Context(), "postgres", query); err != nil {
			t.Fatal(err)
		}
	}
}

// refused holds an answer against what is down.
func (m *mishaps) refused(response *http.Response, answer []byte, asked time.Time) {
	proxy := response.Header.Get("X-Request-Id") == ""
	switch {
	case proxy && (response.StatusCode == http.StatusBadGateway || response.StatusCode == http.StatusGatewayTimeout):
		m.gateway.Add(1)
	case !proxy && response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "":
		m.busy.Add(1)
	default:
		m.bank.t.Errorf("got %s %s", response.Status, answer)
	}
	if !m.down.Load() && asked.After(*m.complete.Load()) {
		m.bank.t.Errorf("got %s %s while nothing was down", response.Status, answer)
	}
}

// happen lets everything happen that is to, in random order.
func (m *mishaps) happen(t *testing.T) {
	t.Helper()
	var order []func(*testing.T)
	for what, kind := range map[string]struct {
		times int
		do    func(*testing.T)
	}{
		"kills of a process":  {min(scaled(replicaKills), mostReplicaKills), m.killReplica},
		"kills of PostgreSQL": {min(scaled(databaseKills), mostDatabaseKills), m.killDatabase},
		"stops of Valkey":     {min(scaled(cacheStops), mostCacheStops), m.stopCache},
	} {
		for range kind.times {
			order = append(order, kind.do)
		}
		m.ran[what] = 0
	}
	for len(order) > 0 {
		i := below(len(order))
		m.one(t, order[i])
		order = append(order[:i], order[i+1:]...)
	}
	for m.bank.late.Load() == 0 && m.ran["kills of a process"] < mostReplicaKills {
		m.one(t, m.killReplica)
	}
	for m.lost+lostCommits(m.a)+lostCommits(m.b) == 0 && m.ran["kills of PostgreSQL"] < mostDatabaseKills {
		m.one(t, m.killDatabase)
	}
}

// one lets something happen at a random moment of the load, which goes on afterwards.
func (m *mishaps) one(t *testing.T, do func(*testing.T)) {
	t.Helper()
	time.Sleep(randomly(300 * time.Millisecond))
	m.down.Store(true)
	do(t)
	now := time.Now()
	m.complete.Store(&now)
	m.down.Store(false)
	before := m.bank.count()
	eventually(t, "the load goes on", func() bool { return m.bank.count() > before+killCallers })
}

func (m *mishaps) killReplica(t *testing.T) {
	m.ran["kills of a process"]++
	v := []*victim{m.a, m.b}[below(2)]
	v.kill(t)
	m.lost += lostCommits(v)
	v.run(t)
}

func (m *mishaps) killDatabase(t *testing.T) {
	m.ran["kills of PostgreSQL"]++
	if err := m.database.Kill(); err != nil {
		t.Error(err)
	}
	before := m.busy.Load()
	eventually(t, "a refusal without the database", func() bool { return m.busy.Load() > before })
	if err := m.database.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, v := range []*victim{m.a, m.b} {
		v.waitReady(t, v.log)
	}
}

func (m *mishaps) stopCache(t *testing.T) {
	m.ran["stops of Valkey"]++
	m.cache.Stop()
	for _, v := range []*victim{m.a, m.b} {
		eventually(t, "Valkey is known to be away", func() bool { return v.redis(t) == "error" })
	}
	m.cache.Start(t)
	for _, v := range []*victim{m.a, m.b} {
		eventually(t, "Valkey is found again", func() bool { return v.redis(t) == "ok" })
	}
}

// lostCommits is how many commits without an answer a process has told of.
func lostCommits(v *victim) int {
	return strings.Count(v.log.String(), "the answer to a commit was lost")
}

// count is how many debits were acknowledged.
func (b *bank) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.acknowledged)
}

// below is a random number from 0 to n-1.
func below(n int) int {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // the system's source does not fail
	}
	return int(i.Int64())
}
