package servers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// PgBouncer is a running PgBouncer in transaction mode.
type PgBouncer struct {
	process
	Port    int
	Version string // as the program tells it
}

// StartPgBouncer starts a pooler before a server, with so many connections to each database. Settings are further lines
// of pgbouncer.ini. [ErrMissing].
func StartPgBouncer(ctx context.Context, to *Postgres, size int, settings ...string) (p *PgBouncer, err error) {
	p = new(PgBouncer)
	if p.name, err = find("pgbouncer", "/usr/sbin", "/usr/local/sbin"); err != nil {
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
	config := fmt.Sprintf(`[databases]
* = host=127.0.0.1 port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s/users
pool_mode = transaction
default_pool_size = %d
max_client_conn = 1000
max_db_connections = %[4]d
ignore_startup_parameters = extra_float_digits
server_login_retry = 1
%[5]s
`, to.Port, p.Port, p.folder, size, strings.Join(settings, "\n"))
	users := fmt.Sprintf("%q %q\n%q %q\n", App, Password, Superuser, Password)
	if err := write(filepath.Join(p.folder, "pgbouncer.ini"), config); err != nil {
		return nil, err
	}
	if err := write(filepath.Join(p.folder, "users"), users); err != nil {
		return nil, err
	}
	version, err := exec.CommandContext(ctx, p.name, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("asking for the version: %w", err)
	}
	p.Version, _, _ = strings.Cut(string(version), "\n")
	p.args = []string{"pgbouncer.ini"}
	return p, p.Start(ctx)
}

// Start starts the pooler, again after [PgBouncer.Kill], and waits until it answers.
func (p *PgBouncer) Start(ctx context.Context) error {
	if err := p.start(); err != nil {
		return err
	}
	return p.await(ctx, func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, p.URL(Superuser, "postgres"))
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
}

// Kill ends the pooler at once.
func (p *PgBouncer) Kill() error { return p.end(syscall.SIGKILL) }

// Remove stops the pooler and deletes its files.
func (p *PgBouncer) Remove() error {
	if p == nil {
		return nil
	}
	err := p.end(syscall.SIGTERM)
	if fault := os.RemoveAll(p.folder); err == nil {
		err = fault
	}
	return err
}

// Prepares reports whether the pooler knows prepared statements: from 1.21 on.
func (p *PgBouncer) Prepares() bool {
	var major, minor int
	if _, err := fmt.Sscanf(p.Version, "PgBouncer %d.%d", &major, &minor); err != nil {
		return false
	}
	return major > 1 || minor >= 21
}

// URL connects a role with a database behind the pooler.
func (p *PgBouncer) URL(role, database string) string { return connect(p.Port, role, database) }
