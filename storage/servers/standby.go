package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Standby copies the server while it runs, and starts the copy as its synchronous standby: from then on no commit is
// answered before both have it. [ErrMissing].
func (p *Postgres) Standby(ctx context.Context) (s *Postgres, err error) {
	s = &Postgres{Version: p.Version}
	s.name = p.name
	backup, err := find("pg_basebackup", postgresPrograms)
	if err != nil {
		return nil, err
	}
	if s.folder, err = newFolder(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = s.Remove()
		}
	}()
	if s.Port, err = FreePort(); err != nil {
		return nil, err
	}
	data := filepath.Join(s.folder, "data")
	s.args = []string{"-D", data}
	take := process{folder: s.folder, name: backup, args: []string{
		"-D", data, "-d", p.URL(Superuser, "postgres"), "--write-recovery-conf", "--checkpoint=fast", "--no-sync",
	}}
	if err := take.complete(); err != nil {
		return nil, err
	}
	if err := appendLine(filepath.Join(data, "postgresql.auto.conf"), fmt.Sprintf("port = %d", s.Port)); err != nil {
		return nil, err
	}
	if err := s.Start(ctx); err != nil {
		return nil, err
	}
	for _, query := range []string{"ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"} {
		if err := p.Exec(ctx, "postgres", query); err != nil {
			return nil, err
		}
	}
	return s, s.await(ctx, p.replicates)
}

// replicates asks whether a synchronous standby follows the server.
func (p *Postgres) replicates(ctx context.Context) error {
	n, err := p.Number(ctx, `SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'`)
	if err == nil && n != 1 {
		err = fmt.Errorf("%d synchronous standbys", n)
	}
	return err
}

// Promote makes a standby a server that writes.
func (p *Postgres) Promote(ctx context.Context) error {
	done, err := p.Number(ctx, `SELECT pg_promote()::int`)
	if err == nil && done != 1 {
		err = errors.New("the standby was not promoted")
	}
	return err
}

// appendLine adds a line to a file.
func appendLine(path, line string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(line + "\n")
	return errors.Join(err, file.Close())
}
