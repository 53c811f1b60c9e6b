package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mana/provider"
	"mana/provider/identity"
	"mana/storage"
)

func newClientCommand(environ []string) *cobra.Command {
	command := &cobra.Command{Use: "client", Short: "Register the apps that log people in"}
	command.AddCommand(newClientCreate(environ), newClientList(environ), newClientShow(environ),
		newClientUpdate(environ), newClientDelete(environ), newClientRotate(environ))
	return command
}

// actorCommand is who acts by a command, in the journal and the security log.
const actorCommand = "command line"

// clientAdmin changes clients for whoever uses the command line.
func clientAdmin(db *storage.DB) provider.ClientAdmin {
	return provider.ClientAdmin{Store: db.Provider(), By: identity.Actor{Name: actorCommand}, Now: time.Now, Operator: true}
}

// withStore opens the database for one command, beside a server that may be running.
func withStore(ctx context.Context, environ []string, f func(*config, *storage.DB) error) (err error) {
	cfg, err := loadSettings(environ)
	if err != nil {
		return err
	}
	db, err := openQuietly(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return cfg.telling(ctx, db, func() error { return f(cfg, db) })
}

// openQuietly opens the database without a log.
func openQuietly(ctx context.Context, cfg *config) (*storage.DB, error) {
	return storage.Open(ctx, cfg.database(), slog.New(slog.DiscardHandler), nil)
}

func newClientCreate(environ []string) *cobra.Command {
	var asJSON, public bool
	var kind string
	command := &cobra.Command{Use: "create NAME", Short: "Register an app; its secret is shown once", Args: argument("the name of the app")}
	flags := command.Flags()
	set := clientFlags(flags)
	flags.BoolVar(&public, "public", false, "no secret: a native or single-page app")
	flags.StringVar(&kind, "print", "", "print settings and the shortest working code: "+strings.Join(snippetKinds, ", "))
	flags.BoolVar(&asJSON, "json", false, "print one JSON object")
	_ = flags.MarkHidden("name") // the name is the argument
	command.RunE = func(cmd *cobra.Command, args []string) error {
		var client provider.Client
		set(&client)
		client.Name = args[0]
		if err := checkSnippet(kind, client, asJSON); err != nil {
			return usageError{err}
		}
		return withStore(cmd.Context(), environ, func(cfg *config, db *storage.DB) error {
			if err := cfg.checkIDTokenAlg(client.IDTokenAlg); err != nil {
				return usageError{err}
			}
			made, secret, err := clientAdmin(db).Register(cmd.Context(), client, public)
			if err != nil {
				return err
			}
			tellOnce(cmd, secret)
			c := created{Issuer: cfg.issuer.String(), clientFields: fieldsOf(made), Secret: string(secret)}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(c)
			}
			return c.print(cmd.OutOrStdout(), kind)
		})
	}
	return command
}

// tellOnce says what must be known of a secret that is about to be printed.
func tellOnce(cmd *cobra.Command, secret identity.Secret) {
	if secret != "" {
		fmt.Fprintln(cmd.ErrOrStderr(), "The secret is shown this once and stored as a hash only.")
	}
}

// created is a client as it is shown once.
type created struct {
	Issuer string `json:"issuer"`
	clientFields
	Secret string `json:"client_secret,omitempty"`
}

// plainValue is what needs no quotes in a shell.
var plainValue = regexp.MustCompile(`^[A-Za-z0-9_.,:/@%+-]+$`)

// quoted is a value for a .env file and for a shell, which both take what single quotes hold as it is.
func quoted(value string) string {
	switch {
	case plainValue.MatchString(value):
		return value
	case !strings.Contains(value, "'"):
		return "'" + value + "'"
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(value) + `"`
}

func newClientList(environ []string) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "list", Short: "List the registered apps", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), environ, func(_ *config, db *storage.DB) error {
				clients, err := db.Provider().ListClients(cmd.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return printLines(cmd.OutOrStdout(), clients, fieldsOf)
				}
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "ID\tNAME\tSCOPES\tREDIRECT URIS")
				for _, c := range clients {
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", c.ID, c.Name, strings.Join(c.Scopes, " "), strings.Join(c.RedirectURIs, " "))
				}
				return table.Flush()
			})
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	return command
}

// printLines writes JSON Lines.
func printLines[T, V any](out io.Writer, items []T, view func(T) V) error {
	encoder := json.NewEncoder(out)
	for _, item := range items {
		if err := encoder.Encode(view(item)); err != nil {
			return err
		}
	}
	return nil
}

// shown is a stored client as it is printed.
type shown struct {
	clientFields
	CreatedAt      time.Time  `json:"created_at"`
	OldSecretUntil *time.Time `json:"old_secret_until,omitempty"` // end of the secret before the current one
}

func printClient(out io.Writer, asJSON bool, c provider.Client) error {
	s := shown{clientFields: fieldsOf(c), CreatedAt: c.CreatedAt}
	if len(c.Secrets) > 1 {
		s.OldSecretUntil = &c.Secrets[1].ExpiresAt
	}
	if asJSON {
		return json.NewEncoder(out).Encode(s)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range s.rows() {
		fmt.Fprintf(table, "%s\t%s\n", row[0], row[1])
	}
	fmt.Fprintf(table, "created_at\t%s\n", s.CreatedAt.Format(time.RFC3339))
	if s.OldSecretUntil != nil {
		fmt.Fprintf(table, "old_secret_until\t%s\n", s.OldSecretUntil.Format(time.RFC3339))
	}
	return table.Flush()
}

func newClientShow(environ []string) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "show ID", Short: "Show one app", Args: argument("the id of the app"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), environ, func(_ *config, db *storage.DB) error {
				client, err := db.Provider().Client(cmd.Context(), args[0])
				if err != nil {
					return fmt.Errorf("client %q: %w", args[0], err)
				}
				return printClient(cmd.OutOrStdout(), asJSON, client)
			})
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

func newClientUpdate(environ []string) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "update ID", Short: "Change what is given of an app, and leave the rest as it is", Args: argument("the id of the app"),
	}
	set := clientFlags(command.Flags())
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		return withStore(cmd.Context(), environ, func(cfg *config, db *storage.DB) error {
			client, err := clientAdmin(db).Change(cmd.Context(), args[0], func(c *provider.Client) error {
				set(c)
				if !cmd.Flags().Changed("id-token-alg") {
					return nil // so that a client whose algorithm was taken away can still be disabled
				}
				if err := cfg.checkIDTokenAlg(c.IDTokenAlg); err != nil {
					return usageError{err}
				}
				return nil
			})
			if err != nil {
				return err
			}
			return printClient(cmd.OutOrStdout(), asJSON, client)
		})
	}
	return command
}

func newClientDelete(environ []string) *cobra.Command {
	var asJSON, yes bool
	command := &cobra.Command{
		Use: "delete ID", Short: "Delete an app with all that people allowed it", Args: argument("the id of the app"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), environ, func(_ *config, db *storage.DB) error {
				client, err := db.Provider().Client(cmd.Context(), args[0])
				if err != nil {
					return fmt.Errorf("client %q: %w", args[0], err)
				}
				question := fmt.Sprintf("Delete %q (%s) with all grants and tokens that it has?", client.Name, client.ID)
				if err := confirm(cmd, yes, question); err != nil {
					return err
				}
				if err := clientAdmin(db).Remove(cmd.Context(), client.ID); err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]string{"client_id": client.ID, "action": "deleted"})
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), "deleted", client.ID)
				return err
			})
		},
	}
	command.Flags().BoolVar(&yes, "yes", false, "do not ask")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

// confirm asks on a terminal whether to go on. Elsewhere only yes goes on.
func confirm(cmd *cobra.Command, yes bool, question string) error {
	if yes {
		return nil
	}
	in, isFile := cmd.InOrStdin().(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		return fmt.Errorf("%w: this cannot be undone; give --yes", errRefused)
	}
	fmt.Fprint(cmd.ErrOrStderr(), question+" [y/N] ")
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil || strings.ToLower(strings.TrimSpace(answer)) != "y" {
		return fmt.Errorf("%w: nothing was changed", errRefused)
	}
	return nil
}

// maxOverlap is the longest time for which two secrets of a client are valid.
const maxOverlap = 30 * 24 * time.Hour

func newClientRotate(environ []string) *cobra.Command {
	var asJSON bool
	overlap := life(24 * time.Hour)
	command := &cobra.Command{
		Use: "rotate-secret ID", Short: "Give an app a new secret; the old one stays valid for a while", Args: argument("the id of the app"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if overlap < 0 || time.Duration(overlap) > maxOverlap {
				return usageError{fmt.Errorf("--overlap must be 0 to %s", maxOverlap)}
			}
			return withStore(cmd.Context(), environ, func(_ *config, db *storage.DB) error {
				client, secret, err := clientAdmin(db).RotateSecret(cmd.Context(), args[0], time.Duration(overlap))
				if err != nil {
					return err
				}
				tellOnce(cmd, secret)
				if len(client.Secrets) > 1 {
					fmt.Fprintf(cmd.ErrOrStderr(), "The one before ends at %s.\n", client.Secrets[1].ExpiresAt.Format(time.RFC3339))
				}
				if asJSON {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]string{"client_id": client.ID, "client_secret": string(secret)})
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "CLIENT_SECRET=%s\n", string(secret))
				return err
			})
		},
	}
	command.Flags().Var(&overlap, "overlap", "how long the old secret stays valid, up to 30d; 0: it ends now")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

// argument demands one argument, and says which when it is missing.
func argument(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageError{fmt.Errorf("needs %s", what)}
		}
		return nil
	}
}
