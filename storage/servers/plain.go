package servers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Plain is any server with files of its own.
type Plain struct{ process }

// StartPlain starts a program by name with arguments, in a folder that holds the files, and waits until ask is answered.
// In arguments and files, {folder} stands for the folder. [ErrMissing].
func StartPlain(ctx context.Context, name string, args []string, files map[string]string, ask func(context.Context) error) (p *Plain, err error) {
	p = new(Plain)
	if p.name, err = find(name, "/usr/sbin", "/usr/local/sbin"); err != nil {
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
	for path, content := range files {
		if err := write(filepath.Join(p.folder, path), p.in(content)); err != nil {
			return nil, fmt.Errorf("writing %s: %w", path, err)
		}
	}
	for _, arg := range args {
		p.args = append(p.args, p.in(arg))
	}
	if err := p.start(); err != nil {
		return nil, err
	}
	return p, p.await(ctx, ask)
}

func (p *Plain) in(text string) string { return strings.ReplaceAll(text, "{folder}", p.folder) }

// Remove stops the server and deletes its files.
func (p *Plain) Remove() error {
	if p == nil {
		return nil
	}
	err := p.end(syscall.SIGTERM)
	if fault := os.RemoveAll(p.folder); err == nil {
		err = fault
	}
	return err
}
