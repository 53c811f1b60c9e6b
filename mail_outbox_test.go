package main

import (
	"strings"
	"sync/atomic"
	"testing"

	"mana/storage/servers"
)

// TestOutboxRetries has a server fail in every way that passes by itself, and come back.
func TestOutboxRetries(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	broken.Store(true)
	server := &servers.SMTP{Answer: func(command string) string {
		if broken.Load() && strings.HasPrefix(command, "MAIL") {
			return "451 later, <ada@example.com>"
		}
		return ""
	}}
	s := start(t, sink(t, server)...)
	status, _, _ := s.api(t, "POST", "/api/v1/auth/register", "", map[string]string{"email": "ada@example.com", "password": testPassword})
	if status != 201 {
		t.Fatalf("got %d, want the registration to go on without its mail", status)
	}
	faulty := func() bool {
		return s.number(t, `SELECT count(*) FROM auth_mails WHERE fault LIKE '%451%' AND sent_at IS NULL`) == 1
	}
	eventually(t, "the fault is noted", faulty)
	if s.number(t, `SELECT count(*) FROM auth_mails WHERE fault LIKE '%ada@%'`) != 0 {
		t.Error("got an address in a fault")
	}
	broken.Store(false)
	s.sql(t, `UPDATE auth_mails SET next_at = 0`) // in place of the wait
	if mail := await(t, server, 1); mail.To != "ada@example.com" {
		t.Errorf("got %+v", mail)
	}
	eventually(t, "it is noted as sent", func() bool { return s.number(t, `SELECT count(*) FROM auth_mails WHERE sent_at IS NOT NULL`) == 1 })
	_, log := s.stop()
	if strings.Contains(log, "ada@example.com") {
		t.Errorf("got an address in the log:\n%s", log)
	}
}

// TestOutboxCrash loses the note that a mail was sent: it is sent again, with the same Message-ID.
func TestOutboxCrash(t *testing.T) {
	t.Parallel()
	server := new(servers.SMTP)
	s := start(t, sink(t, server)...)
	s.api(t, "POST", "/api/v1/auth/register", "", map[string]string{"email": "ada@example.com", "password": testPassword})
	first := await(t, server, 1)
	eventually(t, "it is noted as sent", func() bool { return s.number(t, `SELECT count(*) FROM auth_mails WHERE sent_at IS NOT NULL`) == 1 })
	s.sql(t, `UPDATE auth_mails SET sent_at = NULL, next_at = 0`)
	second := await(t, server, 2)
	id := func(mail servers.Received) string {
		_, rest, _ := strings.Cut(mail.Data, "Message-ID: ")
		line, _, _ := strings.Cut(rest, "\r\n")
		return line
	}
	if id(first) == "" || id(first) != id(second) {
		t.Errorf("got the ids %q and %q, want one", id(first), id(second))
	}
	s.sql(t, `DELETE FROM auth_mails`)
}
