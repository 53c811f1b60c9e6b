// Command mana is an OpenID Provider with a credits ledger: one program, with its own storage.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"mana/keys"
	"mana/ledger"
	"mana/provider"
)

// version is set when a release is built.
var version = "dev"

// Exit codes of the command line.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitProblem = 3 // a check found problems
	exitMissing = 4 // what was named does not exist
	exitRefused = 5 // it exists already, or --yes is missing off a terminal
	exitStopped = 130
)

// What the exit code tells apart.
var (
	errProblem  = errors.New("problems found") // a check found something
	errNotFound = errors.New("not found")
	errRefused  = errors.New("refused")
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
	signalled, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(signalled, stop) // a second signal ends the process at once
	root := newRoot(environ, stdout)
	root.SetArgs(args)
	root.SetErr(stderr)
	command, err := root.ExecuteContextC(signalled)
	if err == nil {
		return exitDone
	}
	code, title := exitOf(err)
	if signalled.Err() != nil && ctx.Err() == nil {
		code, title = exitStopped, "interrupted"
	}
	if asJSON, _ := command.Flags().GetBool("json"); asJSON {
		_ = json.NewEncoder(stderr).Encode(map[string]any{"title": title, "detail": err.Error(), "exit": code})
		return code
	}
	fmt.Fprintf(stderr, "mana: %v\n", err)
	return code
}

// exitOf is the exit code of an error, and its kind in words.
func exitOf(err error) (code int, title string) {
	_, typed := errors.AsType[usageError](err)
	_, faulty := errors.AsType[provider.ClientFaults](err)
	switch {
	case errors.Is(err, errProblem):
		return exitProblem, errProblem.Error()
	case typed || faulty || strings.HasPrefix(err.Error(), "unknown command"):
		return exitUsage, "wrong usage"
	case errors.Is(err, errNotFound), errors.Is(err, provider.ErrUnknownClient), errors.Is(err, keys.ErrUnknownKey),
		errors.Is(err, provider.ErrUnknownServiceKey), errors.Is(err, ledger.ErrNoWallet):
		return exitMissing, errNotFound.Error()
	case errors.Is(err, errRefused), errors.Is(err, provider.ErrPublicClient), errors.Is(err, provider.ErrServiceKeyTaken), errors.Is(err, provider.ErrServiceKeyOwner),
		errors.Is(err, provider.ErrServiceKeyEnded), refusedByLedger(err):
		return exitRefused, errRefused.Error()
	}
	return exitFailed, "failed"
}

// newRoot makes all commands. Their results go to stdout.
func newRoot(environ []string, stdout io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use: "mana", Short: "OpenID Provider with a credits ledger", Version: version,
		SilenceUsage: true, SilenceErrors: true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(newServe(environ), newClientCommand(environ), newServiceKeyCommand(environ), newUserCommand(environ),
		newKeysCommand(environ), newCreditsCommand(environ), newMigrate(environ), newApply(environ), newConfigCommand(environ),
		newBackup(environ), newRestore(environ), newDoctor(environ), newHealthcheck(environ), newSetupLink(environ),
		newVersion())
	root.SetOut(stdout)
	root.InitDefaultCompletionCmd() // which keeps where results go
	for _, group := range root.Commands() {
		if group.HasSubCommands() {
			group.RunE = helpOrFault
		}
	}
	return root
}

// helpOrFault is what a command does that only has others: it lists them, or says that there is no such one.
func helpOrFault(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())}
	}
	return cmd.Help()
}
