package servers

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// SMTP is a mail server that keeps what it takes (RFC 5321). Its fields are set before it is started.
type SMTP struct {
	// TLS is offered by STARTTLS; nil: it is not.
	TLS *tls.Config
	// Wrapped is TLS from the start.
	Wrapped bool
	// Login is the name and password that are demanded, parted by a NUL; empty: none.
	Login string
	// Answer gives the answer to a command such as "RCPT TO:<ada@example.com>" or "DATA" itself, or to what was sent as
	// data ("."); empty: the server takes it.
	Answer func(command string) string

	listener net.Listener
	running  sync.WaitGroup
	mu       sync.Mutex
	mails    []Received
	conns    map[net.Conn]bool
}

// Received is a mail that was taken.
type Received struct {
	From, To  string
	Data      string
	Encrypted bool
}

// Start listens on a free port of the loopback address, and gives it.
func (s *SMTP) Start() (port int, err error) {
	s.listener, err = net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("starting a mail server: %w", err)
	}
	s.conns = make(map[net.Conn]bool)
	s.running.Go(func() {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return
			}
			s.running.Go(func() { s.serve(conn) })
		}
	})
	return s.listener.Addr().(*net.TCPAddr).Port, nil
}

// Stop ends the server and cuts its connections.
func (s *SMTP) Stop() {
	_ = s.listener.Close()
	s.mu.Lock()
	for conn := range s.conns {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// Mails are those that were taken so far.
func (s *SMTP) Mails() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Received(nil), s.mails...)
}

// Await waits for the n-th mail, at most 20 seconds.
func (s *SMTP) Await(n int) (Received, error) {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if mails := s.Mails(); len(mails) >= n {
			return mails[n-1], nil
		}
	}
	return Received{}, fmt.Errorf("got %d mails, want %d", len(s.Mails()), n)
}

// talk is one conversation.
type talk struct {
	net.Conn
	lines   *bufio.Reader
	mail    Received
	allowed bool
}

func (s *SMTP) serve(raw net.Conn) {
	s.mu.Lock()
	s.conns[raw] = true
	s.mu.Unlock()
	defer func() {
		_ = raw.Close()
		s.mu.Lock()
		delete(s.conns, raw)
		s.mu.Unlock()
	}()
	t := &talk{Conn: raw, allowed: s.Login == ""}
	if s.Wrapped {
		t.Conn, t.mail.Encrypted = tls.Server(raw, s.TLS), true
	}
	t.lines = bufio.NewReader(t.Conn)
	t.say("220 sink ESMTP")
	for {
		line, err := t.lines.ReadString('\n')
		if err != nil || !s.answer(t, strings.TrimRight(line, "\r\n")) {
			return
		}
	}
}

func (t *talk) say(line string) { fmt.Fprintf(t.Conn, "%s\r\n", line) }

// answer does what one command asks for. It reports whether the conversation goes on.
func (s *SMTP) answer(t *talk, line string) bool {
	if s.Answer != nil {
		if answer := s.Answer(line); answer != "" {
			t.say(answer)
			return !strings.HasPrefix(answer, "421")
		}
	}
	verb := strings.ToUpper(strings.Fields(line + " x")[0])
	switch {
	case verb == "EHLO":
		t.say("250-sink")
		if s.TLS != nil && !t.mail.Encrypted {
			t.say("250-STARTTLS")
		}
		t.say("250-AUTH PLAIN")
		t.say("250 8BITMIME")
	case verb == "STARTTLS":
		t.say("220 go ahead")
		t.Conn, t.mail.Encrypted = tls.Server(t.Conn, s.TLS), true
		t.lines = bufio.NewReader(t.Conn)
	case verb == "AUTH":
		t.allowed = decodes(strings.TrimPrefix(line, "AUTH PLAIN "), s.Login)
		t.say(map[bool]string{true: "235 welcome", false: "535 wrong name or password"}[t.allowed])
	case verb == "QUIT":
		t.say("221 bye")
		return false
	case !t.allowed:
		t.say("530 authentication required")
	case verb == "MAIL":
		t.mail.From = between(line)
		t.say("250 ok")
	case verb == "RCPT":
		t.mail.To = between(line)
		t.say("250 ok")
	case verb == "DATA":
		t.say("354 go on")
		return s.take(t)
	default:
		t.say("250 ok")
	}
	return true
}

// take reads the content of a mail, and keeps it.
func (s *SMTP) take(t *talk) bool {
	var data strings.Builder
	for {
		line, err := t.lines.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		data.WriteString(strings.TrimPrefix(line, "."))
	}
	if s.Answer != nil {
		if answer := s.Answer("."); answer != "" {
			t.say(answer)
			return true
		}
	}
	t.mail.Data = data.String()
	s.mu.Lock()
	s.mails = append(s.mails, t.mail)
	s.mu.Unlock()
	t.say("250 taken")
	return true
}

// between is the address of a command.
func between(line string) string {
	_, rest, _ := strings.Cut(line, "<")
	address, _, _ := strings.Cut(rest, ">")
	return address
}

// decodes reports whether an answer of AUTH PLAIN (RFC 4616) holds a name and a password.
func decodes(encoded, login string) bool {
	plain, err := base64.StdEncoding.DecodeString(encoded)
	return err == nil && string(plain) == "\x00"+login
}
