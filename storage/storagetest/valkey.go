package storagetest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	driver "github.com/valkey-io/valkey-go"

	"mana/storage/servers"
)

// ValkeyServer is a real server of Valkey, or of Redis where that is what is installed, on a loopback port of its own.
type ValkeyServer struct {
	URL     string // of a user who may do what the program needs, and nothing else
	program string
	args    []string
	port    string
	command *exec.Cmd
}

const (
	adminPassword = "the password of the test"
	// ValkeyUser is the user that deploy/docs/valkey.md tells operators to make, with a password of its own.
	ValkeyUser = "mana on >secret ~mana:* &mana:* -@all +hello +ping +eval +evalsha +get +set +incrby +pexpire +pttl +del +publish +subscribe +unsubscribe"
)

// StartValkey starts a server that stops with the test, with arguments of its own before the others.
func StartValkey(t *testing.T, args ...string) *ValkeyServer {
	t.Helper()
	program := ValkeyProgram(t)
	if version, err := exec.Command(program, "--version").Output(); err == nil {
		t.Logf("%s", strings.TrimSpace(string(version)))
	}
	port := FreePort(t)
	s := &ValkeyServer{URL: "valkey://mana:secret@127.0.0.1:" + port, program: program, port: port}
	s.args = slices.Concat(args, []string{
		"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir(),
		"--requirepass", adminPassword, "--user",
	}, strings.Fields(ValkeyUser))
	s.Start(t)
	t.Cleanup(s.Stop)
	return s
}

// FreePort is a port of the loopback address that nobody listens on.
func FreePort(t *testing.T) string {
	t.Helper()
	port, err := servers.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}

// ValkeyProgram is what is installed. Without any the test is skipped loudly, and fails under CI.
func ValkeyProgram(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"valkey-server", "redis-server"} {
		if program, err := exec.LookPath(name); err == nil {
			return program
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("neither valkey-server nor redis-server is installed")
	}
	t.Skip("SKIPPED: neither valkey-server nor redis-server is installed, so this is NOT proved")
	return ""
}

// Address is the host and port of the server.
func (s *ValkeyServer) Address() string { return net.JoinHostPort("127.0.0.1", s.port) }

// Start starts the server, empty, after it was stopped.
func (s *ValkeyServer) Start(t *testing.T) {
	t.Helper()
	s.command = exec.Command(s.program, s.args...)
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		connection, err := net.DialTimeout("tcp", s.Address(), time.Second)
		if err == nil {
			_ = connection.Close()
			return
		}
	}
	t.Fatal("the server of Valkey is not ready after 10 s")
}

// Stop kills the server, and what it knew.
func (s *ValkeyServer) Stop() {
	if s.command.ProcessState == nil {
		_ = s.command.Process.Kill()
		_ = s.command.Wait()
	}
}

// Hang lets the server take connections and requests, and answer nothing, until [ValkeyServer.Resume].
func (s *ValkeyServer) Hang(t *testing.T) { s.signal(t, syscall.SIGSTOP) }

// Resume lets a server that hangs go on.
func (s *ValkeyServer) Resume(t *testing.T) { s.signal(t, syscall.SIGCONT) }

func (s *ValkeyServer) signal(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := s.command.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// Do runs a command with all rights, and gives its answer as text.
func (s *ValkeyServer) Do(t *testing.T, command ...string) string {
	t.Helper()
	client, err := driver.NewClient(driver.ClientOption{
		InitAddress: []string{s.Address()}, Password: adminPassword, ForceSingleClient: true, DisableCache: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	answer, err := client.Do(context.Background(), client.B().Arbitrary(command...).Build()).ToAny()
	if err != nil && !driver.IsValkeyNil(err) {
		t.Fatalf("%v: %v", command, err)
	}
	return text(answer)
}

func text(answer any) string {
	switch a := answer.(type) {
	case string:
		return a
	case int64:
		return strconv.FormatInt(a, 10)
	case []any:
		lines := make([]string, len(a))
		for i := range a {
			lines[i] = text(a[i])
		}
		return strings.Join(lines, "\n")
	}
	return ""
}

// Pass takes time from all windows, and ends those that are over.
func (s *ValkeyServer) Pass(t *testing.T, d time.Duration) {
	t.Helper()
	s.Do(t, "EVAL", `for _, key in ipairs(redis.call('KEYS', 'mana:*')) do
		local left = redis.call('PTTL', key) - tonumber(ARGV[1])
		if left <= 0 then redis.call('DEL', key) else redis.call('PEXPIRE', key, left) end
	end`, "0", strconv.FormatInt(d.Milliseconds(), 10))
}
