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

// TestEdgeReload changes the settings of a running edge, whose origin is away.
func TestEdgeReload(t *testing.T) {
	t.Parallel()
	dir, port, log := t.TempDir(), freePort(t), new(lockedBuffer)
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, dotEnv), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	here := "http://localhost:" + port
	process := exec.Command(buildProgram(t), "serve", "--role=edge", "--origin=http://127.0.0.1:"+freePort(t))
	process.Dir, process.Stderr, process.SysProcAttr = dir, log, servers.WithUs()
	process.Env = []string{"ISSUER=" + here, "PORT=" + port, "EDGE_TOKEN=" + edgeToken, "METRICS_ADDR=off", "LOG_FORMAT=json"}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Signal(syscall.SIGTERM)
		if err := process.Wait(); err != nil {
			t.Errorf("%v\n%s", err, log)
		}
	})
	eventually(t, "the edge has started", func() bool { return strings.Contains(log.String(), `"msg":"started"`) })
	// asked is whether the log tells of the address behind a proxy.
	asked := func(address string) bool {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, here+"/login", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Forwarded-For", address)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		prefix, _, _ := strings.Cut(address, "9")
		return strings.Contains(log.String(), prefix)
	}
	hangUp := func(says string) {
		t.Helper()
		before := strings.Count(log.String(), says)
		if err := process.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		eventually(t, says, func() bool { return strings.Count(log.String(), says) > before })
	}
	if asked("203.0.113.9") {
		t.Errorf("got %s, want a proxy that is not known", log)
	}
	write("TRUSTED_PROXIES=127.0.0.0/8,::1/128\nBRAND_NAME=Two\n")
	hangUp(`"restart_for":["BRAND_NAME"]`)
	eventually(t, "the proxy is believed", func() bool { return asked("203.0.113.9") })
	write("TRUSTED_PROXIES=nowhere\n")
	hangUp("everything stays as it was")
	eventually(t, "the settings from before hold", func() bool { return asked("198.51.100.9") })
}
