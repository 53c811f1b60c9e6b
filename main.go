// Command mana is an OpenID Provider with a credits ledger: one program, with its own storage.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set when a release is built.
var version = "dev"

// Exit codes of the command line.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitProblem = 3 // a check found problems
	exitUnknown = 4 // what was named does not exist
)

// errProblem says that a check found something, errNotFound that there is no such thing.
var (
	errProblem  = errors.New("problems found")
	errNotFound = errors.New("not found")
)

// usageError is something that was typed wrongly.
type usageError struct{ error }

// Unwrap gives the error inside.
func (e usageError) Unwrap() error { return e.error }

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// run is the whole program with what it touches given by its caller: it ends with the exit code.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	root := newRoot(environ)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(stderr, "mana: %v\n", err)
	switch {
	case errors.Is(err, errProblem):
		return exitProblem
	case errors.Is(err, errNotFound):
		return exitUnknown
	}
	if _, typed := errors.AsType[usageError](err); typed || strings.HasPrefix(err.Error(), "unknown command") {
		return exitUsage
	}
	return exitFailed
}

func newRoot(environ []string) *cobra.Command {
	root := &cobra.Command{
		Use: "mana", Short: "OpenID Provider with a credits ledger", Version: version,
		SilenceUsage: true, SilenceErrors: true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(newServe(environ), newClientCommand(environ), newUserCommand(environ), newConfigCommand(environ), newHealthcheck(environ))
	return root
}
