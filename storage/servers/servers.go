// Package servers starts real servers for tests: PostgreSQL, PgBouncer and nginx from the machine's own
// packages, on loopback ports, with their files in a folder of their own.
//
// It must never touch a server that it did not start.
package servers

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// ErrMissing says that a server is not installed.
var ErrMissing = errors.New("not installed")

// startLimit is how long a server may take to answer, and to end.
const startLimit = 30 * time.Second

// Need ends a test whose server could not be started: where CI is set, or with any other error than
// [ErrMissing], as a failure; else the test is skipped, loudly.
func Need(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("CI") != "" || !errors.Is(err, ErrMissing) {
		t.Fatal(err)
	}
	t.Skipf("SKIPPED: %v, so this is NOT proved", err)
}

// process is one server.
type process struct {
	name   string
	args   []string
	folder string
	cmd    *exec.Cmd
	output *lockedBuffer
	ended  chan struct{} // closed when the process has ended
}

// lockedBuffer is what a server says.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

// Write implements [io.Writer].
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// String is everything that was written so far.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// find looks for a program on the path and in folders that are not on it.
func find(name string, folders ...string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, pattern := range folders {
		found, err := filepath.Glob(filepath.Join(pattern, name))
		if err == nil && len(found) > 0 {
			return found[len(found)-1], nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, ErrMissing)
}

// start runs the server until stop or kill.
func (p *process) start() error {
	p.cmd = exec.Command(p.name, p.args...)
	p.cmd.Dir = p.folder
	if err := p.harmless(); err != nil {
		return err
	}
	p.output = new(lockedBuffer)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", p.name, err)
	}
	p.ended = make(chan struct{})
	go func() {
		_ = p.cmd.Wait() // how it ended is in its output
		close(p.ended)
	}()
	return nil
}

// complete runs a program to its end.
func (p *process) complete() error {
	if err := p.start(); err != nil {
		return err
	}
	<-p.ended
	if state := p.cmd.ProcessState; !state.Success() {
		return fmt.Errorf("%s: %s: %s", p.name, state, p.output)
	}
	return nil
}

// harmless runs a program as an ordinary user, since database servers refuse to run as root, and ends it with this
// process.
func (p *process) harmless() error {
	p.cmd.SysProcAttr = WithUs()
	if os.Geteuid() != 0 {
		return nil
	}
	uid, gid, err := ordinaryUser()
	if err != nil {
		return err
	}
	p.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return nil
}

func ordinaryUser() (uid, gid int, err error) {
	for _, name := range []string{"postgres", "nobody"} {
		var found *user.User
		if found, err = user.Lookup(name); err != nil {
			continue
		}
		uid, _ = strconv.Atoi(found.Uid)
		gid, _ = strconv.Atoi(found.Gid)
		return uid, gid, nil
	}
	return 0, 0, fmt.Errorf("looking for an ordinary user: %w", err)
}

// newFolder makes a folder that the servers' user owns.
func newFolder() (string, error) {
	folder, err := os.MkdirTemp("", "mana-test-")
	if err != nil || os.Geteuid() != 0 {
		return folder, err
	}
	uid, gid, err := ordinaryUser()
	if err != nil {
		return "", err
	}
	return folder, os.Chown(folder, uid, gid)
}

// write makes a file that the servers' user can read.
func write(path, content string) error {
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil || os.Geteuid() != 0 {
		return err
	}
	uid, gid, err := ordinaryUser()
	if err != nil {
		return err
	}
	return os.Chown(path, uid, gid)
}

// end sends a signal and waits for the end of the process.
func (p *process) end(signal os.Signal) error {
	if p.cmd == nil || p.cmd.Process == nil {
		return nil
	}
	select {
	case <-p.ended:
		return nil
	default:
	}
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending %s: %w", p.name, err)
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(startLimit):
		_ = p.cmd.Process.Kill()
		<-p.ended
		return fmt.Errorf("%s did not end: %s", p.name, p.output)
	}
}

// await asks until the answer is good, the process has ended, or the time is over.
func (p *process) await(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s has ended: %s", p.name, p.output)
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer (%w): %s", p.name, err, p.output)
		case <-tick.C:
		}
	}
}

// FreePort is a loopback port that nothing listens on, below those that the system gives to outgoing connections: a
// server that is started again finds it free.
func FreePort() (port int, err error) {
	for range 100 {
		n, fault := rand.Int(rand.Reader, big.NewInt(22_000))
		if fault != nil {
			return 0, fault
		}
		port = 10_000 + int(n.Int64())
		var listener net.Listener
		if listener, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return port, listener.Close()
		}
	}
	return 0, fmt.Errorf("looking for a port: %w", err)
}
