package main

import (
	"fmt"
	"net/url"
	"testing"

	"mana/storage/servers"
)

// TestPromotion kills PostgreSQL under load and promotes its synchronous standby, which was away for the last moments:
// what the standby has not got was not acknowledged. The processes find it by themselves, by an address of two hosts,
// and nothing that was acknowledged is lost.
func TestPromotion(t *testing.T) {
	t.Parallel()
	database, _ := onPostgres(t, "fsync = on")
	standby, err := database.Standby(t.Context())
	servers.Need(t, err)
	t.Cleanup(func() {
		if err := standby.Remove(); err != nil {
			t.Error(err)
		}
	})
	either := func(role string) string {
		return (&url.URL{
			Scheme: "postgres", User: url.UserPassword(role, servers.Password), Path: "mana",
			Host:     fmt.Sprintf("127.0.0.1:%d,127.0.0.1:%d", database.Port, standby.Port),
			RawQuery: "sslmode=disable&target_session_attrs=read-write",
		}).String()
	}
	m := newMishaps(t, newPairOn(t, database, append(richPeople(),
		"DATABASE_URL="+either(servers.App), "DATABASE_DIRECT_URL="+either(servers.Owner))...))
	eventually(t, "the load", func() bool { return m.bank.count() > killCallers })
	m.one(t, func(t *testing.T) {
		m.ran["promotions"]++
		if err := standby.Stop(); err != nil {
			t.Error(err)
		}
		before := m.bank.failed.Load()
		eventually(t, "no answer without the standby", func() bool { return m.bank.failed.Load() > before })
		if err := database.Kill(); err != nil {
			t.Error(err)
		}
		if err := standby.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := standby.Promote(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, v := range []*victim{m.a, m.b} {
			v.waitReady(t, v.log)
		}
	})
	m.one(t, m.killReplica) // it starts on the promoted one
	m.end(t)
	if m.lost == 0 {
		t.Error("got no commit that waited for the standby, want some")
	}
}
