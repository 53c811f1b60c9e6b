package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/textproto"
	"time"

	gomail "github.com/wneessen/go-mail"
)

const smtpTimeout = 15 * time.Second // of each step of a delivery

// SMTP is a server that takes mails (RFC 5321). It keeps no connection between two mails.
type SMTP struct {
	Host     string
	Port     int
	Wrapped  bool   // TLS from the start; else STARTTLS is required
	User     string // empty: no authentication
	Password string
	From     string // address of the sender
	Name     string // of the sender
	// Plain allows a connection without TLS, for a server on this machine.
	Plain bool
	// Roots are the authorities whose certificates count; nil: those of the system.
	Roots *x509.CertPool
}

// LogValue keeps the password out of logs.
func (s SMTP) LogValue() slog.Value { return slog.StringValue(s.Host) }

// Send hands a message over.
func (s SMTP) Send(ctx context.Context, m Message) error {
	client, err := s.client()
	if err != nil {
		return fmt.Errorf("preparing a delivery: %w", err)
	}
	message := gomail.NewMsg()
	if err := message.FromFormat(s.Name, s.From); err != nil {
		return fmt.Errorf("writing the sender: %w", err)
	}
	if err := message.To(m.To); err != nil {
		return fmt.Errorf("writing the recipient: %w", err)
	}
	message.SetMessageIDWithValue(m.ID)
	message.SetDate()
	message.Subject(m.Subject)
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834, section 5
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	message.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return plain(client.DialAndSendWithContext(ctx, message))
}

func (s SMTP) client() (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(s.Port), gomail.WithTimeout(smtpTimeout),
		gomail.WithTLSConfig(&tls.Config{ServerName: s.Host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}),
	}
	switch {
	case s.Wrapped:
		options = append(options, gomail.WithSSL())
	case s.Plain:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(s.User), gomail.WithPassword(s.Password))
	}
	return gomail.NewClient(s.Host, options...)
}

// deliveryError is why a server did not take a mail. It holds no address: servers repeat them.
type deliveryError struct {
	step  string // of the conversation
	code  int    // of the answer (RFC 5321, section 4.2), 0: none
	final bool
}

// Error implements error.
func (e *deliveryError) Error() string {
	return fmt.Sprintf("mail server: %s: answer %d", e.step, e.code)
}

// Final reports whether another attempt would end as this one: the recipient or the content is refused for good.
func Final(err error) bool {
	refusal, ok := errors.AsType[*deliveryError](err)
	return ok && refusal.final
}

// plain turns what a server answered into a [*deliveryError].
func plain(err error) error {
	if fault, ok := errors.AsType[*gomail.SendError](err); ok {
		about := fault.Reason == gomail.ErrSMTPRcptTo || fault.Reason == gomail.ErrSMTPDataClose
		return &deliveryError{step: fault.Reason.String(), code: fault.ErrorCode(), final: about && !fault.IsTemp() && fault.ErrorCode() >= 500}
	}
	if fault, ok := errors.AsType[*textproto.Error](err); ok {
		return &deliveryError{step: "connecting", code: fault.Code}
	}
	return err
}

// Check signs in to the server and sends nothing.
func (s SMTP) Check(ctx context.Context) error {
	client, err := s.client()
	if err != nil {
		return fmt.Errorf("preparing a connection: %w", err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return plain(err)
	}
	return plain(client.Close())
}
