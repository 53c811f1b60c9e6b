package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"mana/storage/servers"
	"mana/storage/storagetest"
)

// deployed is what compose.yaml starts, from the same files, on loopback ports: of the distribution's packages.
type deployed struct {
	database  *servers.Postgres
	bouncer   int    // port
	secrets   string // folder
	passwords map[string]string
}

// deploy starts PostgreSQL with our configuration and roles, and PgBouncer and Valkey with theirs.
func deploy(t *testing.T) (d *deployed, valkey int) {
	t.Helper()
	d = &deployed{secrets: makeSecrets(t), passwords: make(map[string]string)}
	for _, name := range []string{"owner_password", "app_password", "pgbouncer_users", "valkey_users", "valkey_password"} {
		d.passwords[name] = content(t, filepath.Join(d.secrets, name))
	}
	d.startPostgres(t)
	d.startPgBouncer(t, d.passwords["pgbouncer_users"])
	return d, d.startValkey(t)
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// startPostgres starts it by our two files. Of postgresql.conf, only where it listens and how much memory it takes are
// others.
func (d *deployed) startPostgres(t *testing.T) {
	t.Helper()
	folder, err := os.MkdirTemp("", "mana-hba-") // its server is another user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	hba := filepath.Join(folder, "pg_hba.conf")
	if err := os.WriteFile(hba, []byte(content(t, "deploy/postgres/pg_hba.conf")), 0o644); err != nil { // no secret is in it
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	settings := []string{"hba_file = '" + hba + "'"}
	for line := range strings.Lines(content(t, "deploy/postgres/postgresql.conf")) {
		name, _, _ := strings.Cut(line, " =")
		if !slices.Contains([]string{"listen_addresses", "unix_socket_directories", "shared_buffers", "max_connections"}, name) {
			settings = append(settings, strings.TrimSpace(line))
		}
	}
	d.database, err = servers.StartPostgres(t.Context(), settings...)
	servers.Need(t, err)
	t.Cleanup(func() {
		if err := d.database.Remove(); err != nil {
			t.Error(err)
		}
	})
	t.Log(d.database.Version)
	if err := d.database.Exec(t.Context(), "postgres", "DROP ROLE mana_owner; DROP ROLE mana_app"); err != nil {
		t.Fatal(err)
	}
	working, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	script := moved(t, "deploy/postgres/init.sh", "/run/secrets", d.secrets, "/etc/mana", filepath.Join(working, "deploy/postgres"))
	command := exec.CommandContext(t.Context(), "sh", "-c", script)
	command.Env = append(os.Environ(), "PGHOST=127.0.0.1", "PGPORT="+strconv.Itoa(d.database.Port), "PGPASSWORD="+servers.Password)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// startPgBouncer starts it by our file, with users as secrets.sh writes them.
func (d *deployed) startPgBouncer(t *testing.T, users string) {
	t.Helper()
	port := freePort(t)
	d.bouncer, _ = strconv.Atoi(port)
	config := moved(t, "deploy/pgbouncer/pgbouncer.ini",
		"host=postgres port=5432", "host=127.0.0.1 port="+strconv.Itoa(d.database.Port), "listen_addr = *", "listen_addr = 127.0.0.1",
		"listen_port = 6432", "listen_port = "+port, "/run/secrets/pgbouncer_users", "{folder}/users")
	bouncer, err := servers.StartPlain(t.Context(), "pgbouncer", []string{"{folder}/pgbouncer.ini"},
		map[string]string{"pgbouncer.ini": config, "users": users},
		func(ctx context.Context) error {
			conn, err := pgx.Connect(ctx, d.url("mana_app", d.passwords["app_password"], d.bouncer))
			if err != nil {
				return err
			}
			return conn.Close(ctx)
		})
	servers.Need(t, err)
	t.Cleanup(func() {
		if err := bouncer.Remove(); err != nil {
			t.Error(err)
		}
	})
}

func (d *deployed) url(role, password string, port int) string {
	return fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/mana?sslmode=disable&default_query_exec_mode=cache_describe", role, url.QueryEscape(password), port)
}

// startValkey starts it by our file and our users. Redis takes both as well.
func (d *deployed) startValkey(t *testing.T) int {
	t.Helper()
	port := freePort(t)
	config := moved(t, "deploy/valkey/valkey.conf", "bind * -::*", "bind 127.0.0.1", "port 6379", "port "+port, "/run/secrets/valkey_users", "{folder}/users.acl")
	program := storagetest.ValkeyProgram(t)
	v, err := servers.StartPlain(t.Context(), program, []string{"{folder}/valkey.conf", "--dir", "{folder}"},
		map[string]string{"valkey.conf": config, "users.acl": d.passwords["valkey_users"]},
		func(ctx context.Context) error { return answers(ctx, "127.0.0.1:"+port) })
	servers.Need(t, err)
	t.Cleanup(func() {
		if err := v.Remove(); err != nil {
			t.Error(err)
		}
	})
	n, _ := strconv.Atoi(port)
	return n
}

// moved is a configuration file with other places. Each of them must be in it.
func moved(t *testing.T, path string, places ...string) string {
	t.Helper()
	text := content(t, path)
	for i := 0; i < len(places); i += 2 {
		if !strings.Contains(text, places[i]) {
			t.Fatalf("%s: got no %q", path, places[i])
		}
		text = strings.ReplaceAll(text, places[i], places[i+1])
	}
	return text
}

// TestDeployed runs the program in production behind the very files of deploy/, and Prometheus beside it.
func TestDeployed(t *testing.T) {
	t.Parallel()
	d, valkey := deploy(t)
	port, metrics := freePort(t), freePort(t)
	project, _ := composed(t)
	dir := t.TempDir()
	for name, places := range map[string][]string{
		"database_url":        {"pgbouncer:6432", fmt.Sprintf("127.0.0.1:%d", d.bouncer)},
		"database_direct_url": {"postgres:5432", fmt.Sprintf("127.0.0.1:%d", d.database.Port)},
		"valkey_url":          {"valkey:6379", fmt.Sprintf("127.0.0.1:%d", valkey)},
		"master_key":          nil,
	} {
		text := content(t, filepath.Join(d.secrets, name))
		if places != nil {
			text = strings.Replace(text, places[0], places[1], 1)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	environ := func(service string) (env []string) {
		for name, value := range project.Services[service].Environment {
			env = append(env, name+"="+strings.ReplaceAll(*value, "/run/secrets", dir))
		}
		return append(env, "DATA_DIR="+dir)
	}
	migrate := &server{issuer: "https://id.example.com", dir: dir, env: environ("migrate")}
	migrate.command(t, "migrate", "up")
	s := &server{issuer: "http://127.0.0.1:" + port, dir: dir, env: append(environ("mana"), "DRAIN=0s")}
	s.env = slices.DeleteFunc(s.env, func(entry string) bool {
		return strings.HasPrefix(entry, "LISTEN=") || strings.HasPrefix(entry, "METRICS_ADDR=")
	})
	s.env = append(s.env, "LISTEN=127.0.0.1:"+port, "METRICS_ADDR=127.0.0.1:"+metrics)
	s.serve(t)
	status, body, _ := s.api(t, "GET", "/health/ready", "", nil)
	if got := fmt.Sprint(body["checks"]); status != http.StatusOK || strings.Count(got, "status:ok") != 2 {
		t.Errorf("got %d %s, want database and Valkey there", status, got)
	}
	text := metricsOf(t, "127.0.0.1:"+metrics)
	for _, want := range []string{"valkey_up 1", `engine="postgres"`, "valkey_errors_total 0", `store_connections{state="idle"}`, "store_connections_limit"} {
		if !strings.Contains(text, want) {
			t.Errorf("got no %s", want)
		}
	}
	watchDeployed(t, "127.0.0.1:"+metrics)
}

// watchDeployed starts Prometheus by our files and waits for what it has read of a server.
func watchDeployed(t *testing.T, target string) {
	t.Helper()
	port := freePort(t)
	config := moved(t, "deploy/prometheus/prometheus.yml",
		"    dns_sd_configs: # each replica\n      - { names: [mana], type: A, port: 9464, refresh_interval: 15s }", "    static_configs: [{ targets: [\""+target+"\"] }]",
		"127.0.0.1:9090", "127.0.0.1:"+port, "scrape_interval: 15s", "scrape_interval: 1s", "evaluation_interval: 15s", "evaluation_interval: 1s")
	api := "http://127.0.0.1:" + port
	p, err := servers.StartPlain(t.Context(), "prometheus",
		[]string{"--config.file={folder}/prometheus.yml", "--storage.tsdb.path={folder}/data", "--web.listen-address=127.0.0.1:" + port, "--log.level=warn"},
		map[string]string{"prometheus.yml": config, "alerts.yaml": content(t, "deploy/prometheus/alerts.yaml")},
		func(ctx context.Context) error { return isReady(ctx, api+"/-/ready") })
	servers.Need(t, err)
	t.Cleanup(func() {
		if err := p.Remove(); err != nil {
			t.Error(err)
		}
	})
	for expression, want := range map[string]string{
		`up{job="mana"}`: "1", `valkey_up{job="mana"}`: "1", `job_runs_total{job="cleaning",result="failed"}`: "0",
		`count(ALERTS{alertstate="firing"}) or vector(0)`: "0",
	} {
		eventually(t, expression+" is "+want, func() bool { return asked(t, api, expression) == want })
	}
	var rules struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
	}
	eventually(t, "the evaluation of all rules", func() bool {
		readJSON(t, api+"/api/v1/rules", &rules)
		done := len(rules.Data.Groups) == 1 && len(rules.Data.Groups[0].Rules) > 15
		for _, g := range rules.Data.Groups {
			for _, r := range g.Rules {
				if r.Health == "err" {
					t.Fatalf("%s: %s", r.Name, r.LastError)
				}
				done = done && r.Health == "ok"
			}
		}
		return done
	})
}

// asked is the first value of an expression; empty: there is none.
func asked(t *testing.T, api, expression string) string {
	t.Helper()
	var found struct {
		Data struct{ Result []struct{ Value []any } }
	}
	readJSON(t, api+"/api/v1/query?query="+url.QueryEscape(expression), &found)
	if len(found.Data.Result) == 0 {
		return ""
	}
	return fmt.Sprint(found.Data.Result[0].Value[1])
}

func readJSON(t *testing.T, address string, to any) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(to); err != nil {
		t.Fatal(err)
	}
}

// TestOnlySCRAM tries what our files refuse: no password, a wrong one, and a role whose password is stored as md5; the
// last also at PgBouncer.
func TestOnlySCRAM(t *testing.T) {
	t.Parallel()
	d := &deployed{secrets: makeSecrets(t), passwords: make(map[string]string)}
	for _, name := range []string{"owner_password", "app_password"} {
		d.passwords[name] = content(t, filepath.Join(d.secrets, name))
	}
	d.startPostgres(t)
	old := `SET password_encryption = 'md5'; CREATE ROLE old LOGIN PASSWORD 'old'`
	if err := d.database.Exec(t.Context(), "mana", old); err != nil {
		t.Fatal(err)
	}
	md5 := "md5" + "9b0b0d0e7b0e0e0e7b0e0e0e7b0e0e0e" // as PgBouncer keeps it; what it is of does not matter
	d.startPgBouncer(t, content(t, filepath.Join(d.secrets, "pgbouncer_users"))+fmt.Sprintf("%q %q\n", "old", md5))
	for _, c := range []struct {
		name, role, password string
		port                 int
		want                 bool
	}{
		{"the owner", "mana_owner", d.passwords["owner_password"], d.database.Port, true},
		{"the program, pooled", "mana_app", d.passwords["app_password"], d.bouncer, true},
		{"no password", "mana_app", "", d.database.Port, false},
		{"no password, pooled", "mana_app", "", d.bouncer, false},
		{"a wrong password", "mana_owner", "wrong", d.database.Port, false},
		{"a password kept as md5", "old", "old", d.database.Port, false},
		{"a password kept as md5, pooled", "old", "old", d.bouncer, false},
		{"an unknown role, pooled", "postgres", "", d.bouncer, false},
	} {
		conn, err := pgx.Connect(t.Context(), d.url(c.role, c.password, c.port))
		if err == nil {
			_ = conn.Close(t.Context())
		}
		if (err == nil) != c.want {
			t.Errorf("%s: got %v, want it to be let in: %v", c.name, err, c.want)
		}
	}
}

// isReady reports whether an address answers 200.
func isReady(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}

// answers reports whether something takes connections.
func answers(ctx context.Context, address string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}
