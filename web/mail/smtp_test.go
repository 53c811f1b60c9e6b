package mail_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"mime"
	"net"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"mana/storage/servers"
	"mana/web/mail"
)

// certificate is one for the loopback address, and the authority that vouches for it: itself.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, roots
}

// sink starts a mail server, and gives what sends to it.
func sink(t *testing.T, server *servers.SMTP) mail.SMTP {
	t.Helper()
	port, err := server.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return mail.SMTP{Host: "127.0.0.1", Port: port, From: "id@example.com", Name: "Mäna"}
}

func message() mail.Message {
	return mail.Message{
		ID: "1@id.example.com", To: "ada@example.com", Subject: "Bestätigen Sie", Text: "Öffnen\n\n.\nhttps://id.example.com/" + strings.Repeat("x", 100),
		HTML: "<p>Öffnen</p>",
	}
}

func TestSMTP(t *testing.T) {
	t.Parallel()
	offered, roots := certificate(t)
	answer := func(to, with string) func(string) string {
		return func(command string) string {
			if strings.HasPrefix(command, to) {
				return with
			}
			return ""
		}
	}
	for name, c := range map[string]struct {
		server *servers.SMTP
		change func(*mail.SMTP)
		fault  string // in the error; empty: it is taken
		final  bool
	}{
		"STARTTLS":                      {&servers.SMTP{TLS: offered}, func(*mail.SMTP) {}, "", false},
		"TLS from the start":            {&servers.SMTP{TLS: offered, Wrapped: true}, func(s *mail.SMTP) { s.Wrapped = true }, "", false},
		"name and password":             {&servers.SMTP{TLS: offered, Login: "mana\x00secret"}, func(s *mail.SMTP) { s.User, s.Password = "mana", "secret" }, "", false},
		"plain, where it is allowed":    {&servers.SMTP{}, func(s *mail.SMTP) { s.Plain = true }, "", false},
		"no TLS offered":                {&servers.SMTP{}, func(*mail.SMTP) {}, "STARTTLS", false},
		"a certificate of somebody":     {&servers.SMTP{TLS: offered}, func(s *mail.SMTP) { s.Roots = nil }, "certificate", false},
		"wrong password":                {&servers.SMTP{TLS: offered, Login: "mana\x00secret"}, func(s *mail.SMTP) { s.User, s.Password = "mana", "other" }, "535", false},
		"busy":                          {&servers.SMTP{TLS: offered, Answer: answer("MAIL", "451 later <ada@example.com>")}, func(*mail.SMTP) {}, "451", false},
		"the recipient is refused":      {&servers.SMTP{TLS: offered, Answer: answer("RCPT", "550 no such <ada@example.com>")}, func(*mail.SMTP) {}, "550", true},
		"the recipient is refused once": {&servers.SMTP{TLS: offered, Answer: answer("RCPT", "450 <ada@example.com> is greylisted")}, func(*mail.SMTP) {}, "450", false},
		"the content is refused":        {&servers.SMTP{TLS: offered, Answer: answer(".", "554 spam for ada@example.com")}, func(*mail.SMTP) {}, "554", true},
		"it hangs up":                   {&servers.SMTP{TLS: offered, Answer: answer("RCPT", "421 closing")}, func(*mail.SMTP) {}, "421", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := sink(t, c.server)
			client.Roots = roots
			c.change(&client)
			err := client.Send(t.Context(), message())
			if c.fault == "" {
				wantTaken(t, c.server, err)
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.fault) || strings.Contains(err.Error(), "ada@") || len(c.server.Mails()) > 0 {
				t.Errorf("got %v and %d mails, want a fault with %q and no address", err, len(c.server.Mails()), c.fault)
			}
			if got := mail.Final(err); got != c.final {
				t.Errorf("got final %v of %v, want %v", got, err, c.final)
			}
		})
	}
}

// wantTaken expects the message of the test at the server.
func wantTaken(t *testing.T, server *servers.SMTP, err error) {
	t.Helper()
	mails := server.Mails()
	if err != nil || len(mails) != 1 {
		t.Fatalf("got %d mails, %v, want one", len(mails), err)
	}
	got := mails[0]
	if got.From != "id@example.com" || got.To != "ada@example.com" || got.Encrypted != (server.TLS != nil) {
		t.Errorf("got %+v", got)
	}
	parsed, err := netmail.ReadMessage(strings.NewReader(got.Data))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
	if err != nil || subject != "Bestätigen Sie" || parsed.Header.Get("Message-Id") != "<1@id.example.com>" ||
		parsed.Header.Get("Auto-Submitted") != "auto-generated" || parsed.Header.Get("Date") == "" {
		t.Errorf("got %q, %v, %v", subject, err, parsed.Header)
	}
	if kind := parsed.Header.Get("Content-Type"); !strings.HasPrefix(kind, "multipart/alternative") {
		t.Errorf("got a mail of type %q, want text and HTML", kind)
	}
}
