package servers

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// The roles of a test's server. All have the password [Password].
const (
	Superuser = "postgres"
	Owner     = "mana_owner" // owns databases and schemas: migrations
	App       = "mana_app"   // the program
	Password  = "correct horse"
)

// postgresPrograms is where a distribution puts what is not on the path.
const postgresPrograms = "/usr/lib/postgresql/*/bin"

// roles are made once per server, as the documentation tells an operator to.
const roles = `
CREATE ROLE mana_owner LOGIN PASSWORD 'correct horse' NOSUPERUSER NOBYPASSRLS;
CREATE ROLE mana_app LOGIN PASSWORD 'correct horse' NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
ALTER ROLE mana_app SET statement_timeout = '5s';
ALTER ROLE mana_app SET lock_timeout = '2s';
ALTER ROLE mana_app SET idle_in_transaction_session_timeout = '10s';
`

// Postgres is a running PostgreSQL.
type Postgres struct {
	process
	Port    int
	Version string // as the program tells it
}

// StartPostgres makes a database cluster and starts its server. Settings are lines of postgresql.conf; without any,
// nothing is flushed to disk, which only a crash of the machine would tell. [ErrMissing].
func StartPostgres(ctx context.Context, settings ...string) (p *Postgres, err error) {
	p = new(Postgres)
	if p.name, err = find("postgres", postgresPrograms); err != nil {
		return nil, err
	}
	initdb, err := find("initdb", postgresPrograms)
	if err != nil {
		return nil, err
	}
	if p.folder, err = newFolder(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = p.Remove()
		}
	}()
	if p.Port, err = FreePort(); err != nil {
		return nil, err
	}
	if err := p.initialize(initdb, settings); err != nil {
		return nil, err
	}
	version, err := exec.CommandContext(ctx, p.name, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("asking for the version: %w", err)
	}
	p.Version = strings.TrimSpace(string(version))
	if err := p.Start(ctx); err != nil {
		return nil, err
	}
	return p, p.Exec(ctx, "postgres", roles)
}

func (p *Postgres) initialize(initdb string, settings []string) error {
	if err := write(filepath.Join(p.folder, "password"), Password); err != nil {
		return err
	}
	data := filepath.Join(p.folder, "data")
	begin := process{folder: p.folder, name: initdb, args: []string{
		"-D", data, "-U", Superuser, "--auth=scram-sha-256", "--pwfile=password", "--encoding=UTF8", "--locale=C", "--no-sync",
	}}
	if err := begin.complete(); err != nil {
		return err
	}
	if len(settings) == 0 {
		settings = []string{"fsync = off", "full_page_writes = off"}
	}
	common := []string{
		"listen_addresses = '127.0.0.1'", "unix_socket_directories = ''", "port = " + strconv.Itoa(p.Port),
		"max_connections = 300", "shared_buffers = '64MB'", "log_min_messages = fatal", "password_encryption = scram-sha-256",
	}
	p.args = []string{"-D", data}
	return write(filepath.Join(data, "postgresql.auto.conf"), strings.Join(append(common, settings...), "\n")+"\n")
}

// Start starts the server, again after [Postgres.Stop] or [Postgres.Kill], and waits until it answers.
func (p *Postgres) Start(ctx context.Context) error {
	if err := p.start(); err != nil {
		return err
	}
	return p.await(ctx, func(ctx context.Context) error { return p.Exec(ctx, "postgres", "SELECT 1") })
}

// Stop ends the server in order; what runs is cut off.
func (p *Postgres) Stop() error { return p.end(syscall.SIGINT) }

// Kill ends the server at once, with its children: a crash.
func (p *Postgres) Kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil { // children at once: left alone, they would finish a commit and answer
		return err
	}
	return p.end(syscall.SIGKILL)
}

// Hang lets the server and its children take connections and requests, and answer nothing, until [Postgres.Resume].
func (p *Postgres) Hang() error { return p.signal(syscall.SIGSTOP) }

// Resume lets a server that hangs go on.
func (p *Postgres) Resume() error { return p.signal(syscall.SIGCONT) }

// signal reaches the server and its children.
func (p *Postgres) signal(signal syscall.Signal) error {
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", p.cmd.Process.Pid))
	if err := p.cmd.Process.Signal(signal); err != nil {
		return fmt.Errorf("%s: %s: %w", signal, p.name, err)
	}
	for child := range strings.FieldsSeq(string(children)) {
		if pid, err := strconv.Atoi(child); err == nil {
			_ = syscall.Kill(pid, signal)
		}
	}
	return nil
}

// Remove stops the server and deletes its files.
func (p *Postgres) Remove() error {
	if p == nil {
		return nil
	}
	_ = p.Resume() // or it would not stop
	err := p.Stop()
	if fault := os.RemoveAll(p.folder); err == nil {
		err = fault
	}
	return err
}

// URL connects a role with a database of the server.
func (p *Postgres) URL(role, database string) string { return connect(p.Port, role, database) }

func connect(port int, role, database string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.UserPassword(role, Password), Host: "127.0.0.1:" + strconv.Itoa(port), Path: database,
		RawQuery: "sslmode=disable",
	}).String()
}

// Number runs SQL that gives one number, as the superuser.
func (p *Postgres) Number(ctx context.Context, query string) (n int, err error) {
	conn, err := pgx.Connect(ctx, p.URL(Superuser, "postgres"))
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, query).Scan(&n)
	return n, err
}

// Exec runs SQL as the superuser.
func (p *Postgres) Exec(ctx context.Context, database, query string) error {
	conn, err := pgx.Connect(ctx, p.URL(Superuser, database))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, query); err != nil {
		return fmt.Errorf("running %q: %w", query, err)
	}
	return nil
}
