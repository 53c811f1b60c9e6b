package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mana/storage/servers"
)

// TestReload changes the settings of a running process, rightly and wrongly.
func TestReload(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log := new(lockedBuffer)
	process := exec.Command(buildProgram(t), "serve")
	process.Dir, process.Env, process.Stderr, process.SysProcAttr = s.dir, s.env, log, servers.WithUs()
	write(dotEnv, "BRAND_NAME=One\n")
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Signal(syscall.SIGTERM)
		if err := process.Wait(); err != nil {
			t.Error(err)
		}
	})
	s.waitReady(t, log)
	// from is the address that the log tells of a request through a proxy.
	from := func(path string) string {
		request, err := http.NewRequestWithContext(t.Context(), "GET", s.issuer+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Forwarded-For", "203.0.113.9")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return log.String()
	}
	if got := from("/login"); strings.Contains(got, "203.0.113.") {
		t.Errorf("got %s, want a proxy that is not known", got)
	}
	hangUp := func(says string) {
		t.Helper()
		before := strings.Count(log.String(), says)
		if err := process.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		eventually(t, says, func() bool { return strings.Count(log.String(), says) > before })
	}

	write("apply.yaml", "clients:\n  - client_id: mc_notes\n    client_name: Notes\n    public: true\n    redirect_uris: [http://127.0.0.1:4711/callback]\n")
	write(dotEnv, "BRAND_NAME=Two\nTRUSTED_PROXIES=127.0.0.0/8,::1/128\nAPPLY_FILE=apply.yaml\n")
	hangUp(`"restart_for":["BRAND_NAME"]`)
	eventually(t, "the proxy is believed", func() bool { return strings.Contains(from("/login"), "203.0.113.") })
	if got := s.command(t, "client", "list"); !strings.Contains(got, "Notes") {
		t.Errorf("got %s, want the client of the file", got)
	}

	write(dotEnv, "LOG_LEVEL=error\nTRUSTED_PROXIES=nowhere\nRATE_LIMIT_MAX=0\n")
	hangUp("everything stays as it was")
	if got := log.String(); !strings.Contains(got, "TRUSTED_PROXIES") || !strings.Contains(got, "RATE_LIMIT_MAX") {
		t.Errorf("got %s, want every mistake named", got)
	}
	before := strings.Count(log.String(), "203.0.113.")
	eventually(t, "the settings from before hold", func() bool { return strings.Count(from("/login"), "203.0.113.") > before })
	write("apply.yaml", "clients: 7\n")
	write(dotEnv, "APPLY_FILE=apply.yaml\n")
	hangUp("everything stays as it was")

	write(dotEnv, "LOG_LEVEL=error\n")
	if err := process.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "requests are no longer logged", func() bool { length := len(log.String()); return len(from("/login")) == length })
}
