package main

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mana/provider"
	"mana/storage"
)

// TestEvery runs a job at once, when its interval is over, and when it is woken.
func TestEvery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &program{logger: slog.New(slog.DiscardHandler)}
		wake := make(chan struct{}, 1)
		var runs atomic.Int64
		ctx, stop := context.WithCancel(t.Context())
		p.jobs.Go(func() {
			p.every(ctx, time.Hour, "counting", func(context.Context) error { runs.Add(1); return nil }, wake)
		})
		for want, step := range []func(){
			func() {}, func() { poke(wake) }, func() { time.Sleep(time.Hour) }, func() { poke(wake) },
		} {
			step()
			if synctest.Wait(); runs.Load() != int64(want)+1 {
				t.Errorf("got %d runs, want %d", runs.Load(), want+1)
			}
		}
		stop()
		p.jobs.Wait()
	})
}

// TestReloadChanged reloads what has changed and nothing else, and repeats what failed.
func TestReloadChanged(t *testing.T) {
	t.Parallel()
	db, err := storage.Open(t.Context(), filepath.Join(t.TempDir(), "mana.db"), slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	var clients, keys int
	fault := errors.New("no keys")
	p := &program{
		db:            db,
		reloadClients: func(context.Context) error { clients++; return nil },
		reloadKeys:    func(context.Context) error { keys++; return fault },
		serviceKeys:   provider.NewServiceKeys(db.Provider(), time.Now),
	}
	seen := make(map[string]int64)
	step := func(what string, wantErr error, wantClients, wantKeys int) {
		t.Helper()
		err := p.reloadChanged(t.Context(), seen)
		if !errors.Is(err, wantErr) || clients != wantClients || keys != wantKeys {
			t.Errorf("%s: got %v, %d and %d reloads, want %v, %d and %d", what, err, clients, keys, wantErr, wantClients, wantKeys)
		}
	}
	step("the first time", fault, 1, 1)
	step("what failed again", fault, 1, 2)
	fault = nil
	step("what failed at last", nil, 1, 3)
	step("nothing", nil, 1, 3)
	described := provider.Client{Name: "Notes", RedirectURIs: []string{callback}}
	if _, _, err := clientAdmin(db).Register(t.Context(), described, true); err != nil {
		t.Fatal(err)
	}
	step("a client", nil, 2, 3)
	step("nothing again", nil, 2, 3)
}

// TestJobNames finds jobs that have no name on pages, in the code that starts them.
func TestJobNames(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 5 {
				return true
			}
			if called, ok := call.Fun.(*ast.SelectorExpr); !ok || called.Sel.Name != "every" {
				return true
			}
			what := strings.Trim(call.Args[2].(*ast.BasicLit).Value, `"`)
			if found++; jobNames[what] == "" {
				t.Errorf("no name for the job %q", what)
			}
			return true
		})
	}
	if found != len(jobNames) {
		t.Errorf("got %d jobs in the code, and names of %d", found, len(jobNames))
	}
}
