package main

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mana/keys"
	"mana/storage/servers"
	"mana/storage/storagetest"
)

// doctor runs the command as typed, with some settings besides those of the server.
func (s *server) doctor(t *testing.T, env ...string) (findings []finding) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"doctor", "--json"}, append(s.env[:len(s.env):len(s.env)], env...), &stdout, &stderr)
	var got shownDoctor
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatalf("got %s %s: %v", &stdout, &stderr, err)
	}
	if want := map[bool]int{true: exitDone, false: exitProblem}[got.Problems == 0]; code != want {
		t.Errorf("got exit code %d with %d problems, want %d", code, got.Problems, want)
	}
	return got.Findings
}

// wantProblem demands one with a text, and a word in its cure.
func wantProblem(t *testing.T, findings []finding, check, text, cure string) {
	t.Helper()
	for _, f := range findings {
		if f.State == findingProblem && f.Check == check && strings.Contains(f.Text, text) && strings.Contains(f.Text+f.Cure, cure) {
			return
		}
	}
	t.Errorf("got %+v, want the problem %s: %q, mended by %q", findings, check, text, cure)
}

// wantNoProblem demands that nothing is wrong.
func wantNoProblem(t *testing.T, findings []finding) {
	t.Helper()
	for _, f := range findings {
		if f.State == findingProblem {
			t.Errorf("got %+v, want no problem", f)
		}
	}
}

// production are settings of a real installation. Nothing is reached at its address.
func production(t *testing.T, dir string) []string {
	t.Helper()
	file := filepath.Join(dir, "production.key")
	if err := os.WriteFile(file, []byte(keys.NewMasterKey().Encode()), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"ISSUER=https://id.invalid", "MASTER_KEY_FILE=" + file}
}

// TestDoctorSound looks at installations that are in order.
func TestDoctorSound(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	wantNoProblem(t, s.doctor(t)) // before the first start
	if _, err := os.Stat(filepath.Join(s.dir, "mana.db")); err == nil {
		t.Error("got a database made by the doctor")
	}
	s.serve(t)
	wantNoProblem(t, s.doctor(t))
	s.administrator(t)
	got := regexp.MustCompile(`(?m)^note  disk .*$`).ReplaceAllString(s.command(t, "doctor"), "") // of this machine
	if !strings.Contains(got, "serves our document and our keys") || strings.Contains(got, "problem") || strings.Contains(got, "note") {
		t.Errorf("got %s", got)
	}
}

// TestDoctorSettings breaks settings, and what lies on the disk.
func TestDoctorSettings(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.stop()
	real := production(t, s.dir)
	for _, c := range []struct {
		name, check, text, cure string
		env                     []string
	}{
		{"no master key", "MASTER_KEY_FILE", "not set", "mana config new-key", []string{"ISSUER=https://id.invalid"}},
		{"payments that are never booked", "STRIPE_WEBHOOK_SECRET", "not set", "never booked", []string{"STRIPE_SECRET_KEY=" + stripeKey}},
		{"a number that is none", "PORT", "99999", "1 to 65535", []string{"PORT=99999"}},
		{"Valkey without a password", "VALKEY_URL", "no password", "ALLOW_PLAIN_STORES", append(real, "VALKEY_URL=valkey://127.0.0.1:1")},
		{"no proxy", "TRUSTED_PROXIES", "not set", "network of the proxy", real},
		{"an issuer that is not there", "ISSUER", "cannot be reached", "DNS", real},
		{"no administrator", "administrator", "none yet", "mana setup-link", append(real, "MASTER_KEY_FILE=", "MASTER_KEY="+s.masterKey(t))},
		{"another master key", "keys", "cannot be opened", "sealed with", real},
		{"no random master key", "MASTER_KEY", "no random key", "mana config new-key", []string{"ISSUER=https://id.invalid", "MASTER_KEY=AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="}},
		{"a password that is guessed", "VALKEY_URL", "is guessed", "openssl rand", append(real, "VALKEY_URL=valkey://:changeme-please@127.0.0.1:1")},
		{"Valkey that is away", "VALKEY_URL", "refused", "start Valkey", []string{"VALKEY_URL=valkey://127.0.0.1:1"}},
		{"a mail server that is away", "SMTP_HOST", "refuses", "SMTP_PORT", []string{"SMTP_HOST=127.0.0.1", "SMTP_PORT=1", "SMTP_FROM=mana@example.com"}},
	} {
		t.Run(c.name, func(t *testing.T) { wantProblem(t, s.doctor(t, c.env...), c.check, c.text, c.cure) })
	}
}

// masterKey is that of an installation in dev mode.
func (s *server) masterKey(t *testing.T) string {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(s.dir, masterKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(key))
}

// TestDoctorFiles breaks what lies in the data folder.
func TestDoctorFiles(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.stop()
	master := filepath.Join(s.dir, masterKeyFile)
	for path, mode := range map[string]os.FileMode{s.dir: 0o777, master: 0o644, filepath.Join(s.dir, "mana.db"): 0o640} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	got := s.doctor(t)
	wantProblem(t, got, "DATA_DIR", "can be written by others (0777)", "chmod 700 "+s.dir)
	wantProblem(t, got, "DATA_DIR", master+" can be read by others", "chmod 600 "+master)
	wantProblem(t, got, "DATA_DIR", "mana.db can be read by others", "chmod 600")

	kept := master + ".away"
	if err := os.Rename(master, kept); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, s.doctor(t), "keys", "is missing", "put it back")
	if err := os.Rename(kept, master); err != nil {
		t.Fatal(err)
	}
	s.sql(t, `INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (9999, 'x', x'', 0)`)
	wantProblem(t, s.doctor(t), "schema", "is at version 9999", "newer program")
	for _, file := range []string{"mana.db-wal", "mana.db-shm"} {
		_ = os.Remove(filepath.Join(s.dir, file)) // it may be gone already
	}
	if err := os.WriteFile(filepath.Join(s.dir, "mana.db"), bytes.Repeat([]byte("damaged "), 1024), 0o600); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, s.doctor(t), "schema", "not a database", "mana restore")
}

// TestDoctorDisk weighs disks; filling one is left to the tests of the storage.
func TestDoctorDisk(t *testing.T) {
	t.Parallel()
	for free, want := range map[float64]string{0.5: findingOK, 0.14: findingNote, 0.009: findingProblem} {
		if got := weighDisk(free); got.State != want || (got.Cure == "") != (want == findingOK) {
			t.Errorf("got %+v, want %s", got, want)
		}
	}
}

// TestDoctorPort finds strangers at our address.
func TestDoctorPort(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	stranger, err := net.Listen("tcp", "127.0.0.1:"+strings.TrimPrefix(s.issuer, "http://localhost:"))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := stranger.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	wantProblem(t, s.doctor(t), "PORT", "is taken by another program", "PORT=")
	if err := stranger.Close(); err != nil {
		t.Fatal(err)
	}
	s.serve(t)
	other := start(t)
	wantProblem(t, s.doctor(t, "ISSUER="+strings.Replace(s.issuer, "localhost", "127.0.0.1", 1)), "ISSUER", "serves the issuer", "letter by letter")
	wantProblem(t, s.doctor(t, "DATA_DIR="+other.dir), "ISSUER", "its key set lacks", "another installation")
	empty := t.TempDir()
	s.doctor(t, "DATA_DIR="+empty)
	if files, err := os.ReadDir(empty); err != nil || len(files) > 0 {
		t.Errorf("got %v, %v, want an empty folder left empty", files, err)
	}
}

// TestDoctorMail meets a mail server that takes nothing, and one that does.
func TestDoctorMail(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	server := &servers.SMTP{Answer: func(command string) string {
		if strings.HasPrefix(command, "EHLO") || strings.HasPrefix(command, "HELO") {
			return "554 not you"
		}
		return ""
	}}
	wantProblem(t, s.doctor(t, sink(t, server)...), "SMTP_HOST", "refuses", "SMTP_USER")
	kind := new(servers.SMTP)
	s.env = append(s.env, sink(t, kind)...)
	if got := s.command(t, "doctor", "--online"); !strings.Contains(got, "took a test mail") || len(kind.Mails()) != 1 {
		t.Errorf("got %s and %d mails", got, len(kind.Mails()))
	}
}

// TestDoctorValkey meets one that refuses, and one that forgets.
func TestDoctorValkey(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	locked := storagetest.StartValkey(t, "--requirepass", "correct horse battery")
	wantProblem(t, s.doctor(t, "VALKEY_URL=valkey://:wrong-horse-battery@"+locked.Address()), "VALKEY_URL", "WRONGPASS", "password")
	forgets := storagetest.StartValkey(t, "--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru")
	wantProblem(t, s.doctor(t, "VALKEY_URL=valkey://:the%20password%20of%20the%20test@"+forgets.Address()), "VALKEY_URL", "allkeys-lru", "noeviction")
}

// TestDoctorStripe meets an account that sends its events elsewhere.
func TestDoctorStripe(t *testing.T) {
	t.Parallel()
	stripe := newStandIn(t)
	s := prepare(t, stripe.env()...)
	wantProblem(t, s.doctor(t), "STRIPE_SECRET_KEY", "no endpoint of test mode leads to "+s.issuer+stripeHook, "STRIPE_WEBHOOK_SECRET")
	hook := stripe.make("webhook_endpoint", "we", object{"url": s.issuer + stripeHook, "status": "enabled", "enabled_events": []string{"charge.refunded"}})
	wantProblem(t, s.doctor(t), "STRIPE_SECRET_KEY", "does not send checkout.session.completed", "dashboard")
	hook["enabled_events"], hook["status"] = []string{"*"}, "disabled"
	wantProblem(t, s.doctor(t), "STRIPE_SECRET_KEY", "is disabled", "enable it")
	hook["status"] = "enabled"
	wantNoProblem(t, s.doctor(t))
	stripe.broken = true
	wantProblem(t, s.doctor(t), "STRIPE_SECRET_KEY", "asking stripe", "api.stripe.com")
}

// TestDoctorPostgres breaks the way to PostgreSQL, and what is found there.
func TestDoctorPostgres(t *testing.T) {
	t.Parallel()
	server, env := onPostgres(t)
	s := prepare(t, env...)
	off := "MIGRATE=off"
	wantProblem(t, s.doctor(t, off), "schema", "migrations are missing", "mana migrate up")
	s.command(t, "migrate", "up")
	wantNoProblem(t, s.doctor(t))

	app := server.URL(servers.App, "mana")
	wantProblem(t, s.doctor(t, off, "DATABASE_DIRECT_URL=", "DATABASE_URL="+server.URL(servers.Owner, "mana")), "database", "owns tables", "roles.sql")
	wantProblem(t, s.doctor(t, off, "DATABASE_URL="+server.URL(servers.Superuser, "mana")), "database", "superuser", "roles.sql")
	wantProblem(t, s.doctor(t, "DATABASE_URL="+strings.Replace(app, "mana_app:", "mana_app:x", 1)), "DATABASE_URL", "password authentication failed", "password")
	wantProblem(t, s.doctor(t, "DATABASE_DIRECT_URL="+server.URL(servers.Owner, "postgres")), "DATABASE_DIRECT_URL", "another database", "same host")
	wantProblem(t, s.doctor(t, append(production(t, s.dir), "DATABASE_URL="+app)...), "database", "fsync = off", "on again")

	for mode, text := range map[string]string{"statement": "pools statements", "session": "for itself"} {
		bouncer, err := servers.StartPgBouncer(t.Context(), server, 8, "pool_mode = "+mode)
		servers.Need(t, err)
		wantProblem(t, s.doctor(t, "DATABASE_URL="+bouncer.URL(servers.App, "mana")), "DATABASE_URL", text, "pool_mode = transaction")
		if err := bouncer.Remove(); err != nil {
			t.Error(err)
		}
	}
	bouncer, err := servers.StartPgBouncer(t.Context(), server, 8)
	servers.Need(t, err)
	t.Cleanup(func() { _ = bouncer.Remove() })
	wantProblem(t, s.doctor(t, "DATABASE_DIRECT_URL="+bouncer.URL(servers.Superuser, "mana")), "DATABASE_DIRECT_URL", "leads to a pooler", "PostgreSQL itself")
	asking := s.doctor(t, "DATABASE_URL="+bouncer.URL(servers.App, "mana")+"&default_query_exec_mode=cache_statement")
	if bouncer.Prepares() {
		wantNoProblem(t, asking)
	} else {
		wantProblem(t, asking, "DATABASE_URL", "forgets prepared statements", "cache_statement")
	}

	// The clock of the role is an hour ahead of that of the machine.
	err = server.Exec(t.Context(), "mana", `CREATE SCHEMA later; GRANT USAGE ON SCHEMA later TO `+servers.App+`;
		CREATE FUNCTION later.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT pg_catalog.clock_timestamp() + interval '1 hour' $$;
		ALTER ROLE `+servers.App+` SET search_path = later, pg_catalog`)
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, s.doctor(t, "DATABASE_URL="+app), "clock", "1h0m0s", "NTP")
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, s.doctor(t, "DATABASE_URL="+app), "DATABASE_URL", "refused", "start PostgreSQL")
}
