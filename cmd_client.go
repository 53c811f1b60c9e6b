package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"mana/provider"
	"mana/storage"
	"mana/storage/sqlite"
)

func newClientCommand(environ []string) *cobra.Command {
	command := &cobra.Command{Use: "client", Short: "Register the apps that log people in"}
	command.AddCommand(newClientCreate(environ), newClientList(environ))
	return command
}

// withStore opens the database for one command, beside a server that may be running.
func withStore(ctx context.Context, environ []string, f func(*config, *sqlite.DB) error) (err error) {
	environ, err = withDotEnv(environ)
	if err != nil {
		return err
	}
	cfg, err := loadConfig(environ, false)
	if err != nil {
		return err
	}
	db, err := storage.Open(ctx, cfg.databaseFile(), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return f(cfg, db)
}

func newClientCreate(environ []string) *cobra.Command {
	var client provider.NewClient
	var asJSON bool
	command := &cobra.Command{
		Use: "create NAME", Short: "Register an app; its secret is shown once", Args: exactly(1, "the name of the app"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client.Name = args[0]
			return withStore(cmd.Context(), environ, func(cfg *config, db *sqlite.DB) error {
				made, secret, err := client.Register(cmd.Context(), db.Provider(), time.Now())
				if err != nil {
					return usageError{err}
				}
				if secret != "" {
					fmt.Fprintln(cmd.ErrOrStderr(), "The secret is shown this once and stored as a hash only.")
				}
				return printClient(cmd.OutOrStdout(), asJSON, created{
					Issuer: cfg.issuer.String(), ID: made.ID, Secret: string(secret), Name: made.Name,
					RedirectURIs: made.RedirectURIs, Scopes: made.Scopes,
				})
			})
		},
	}
	flags := command.Flags()
	flags.StringArrayVar(&client.RedirectURIs, "redirect", nil, "redirect URI, exact; may repeat")
	flags.StringArrayVar(&client.PostLogoutRedirectURIs, "post-logout", nil, "address to return to after logout; may repeat")
	flags.StringSliceVar(&client.GrantTypes, "grant", nil, "authorization_code (default), client_credentials")
	flags.StringSliceVar(&client.Scopes, "scope", nil, "default openid,profile,email; also credits:read, credits:spend")
	flags.BoolVar(&client.Public, "public", false, "no secret: a native or single-page app")
	flags.BoolVar(&client.FirstParty, "first-party", false, "no consent page unless it spends credits")
	flags.BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

// created is a client as it is shown once.
type created struct {
	Issuer       string   `json:"issuer"`
	ID           string   `json:"client_id"`
	Secret       string   `json:"client_secret,omitempty"`
	Name         string   `json:"client_name"`
	RedirectURIs []string `json:"redirect_uris"`
	Scopes       []string `json:"scopes"`
}

func printClient(out io.Writer, asJSON bool, c created) error {
	if asJSON {
		return json.NewEncoder(out).Encode(c)
	}
	_, err := fmt.Fprintf(out, "ISSUER=%s\nCLIENT_ID=%s\nCLIENT_SECRET=%s\nREDIRECT_URI=%s\nSCOPE=%s\n",
		c.Issuer, c.ID, c.Secret, strings.Join(c.RedirectURIs, " "), strings.Join(c.Scopes, " "))
	return err
}

func newClientList(environ []string) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the registered apps", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), environ, func(_ *config, db *sqlite.DB) error {
				clients, err := db.Provider().ListClients(cmd.Context())
				if err != nil {
					return err
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
}

// exactly demands n arguments and names what is missing.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("needs %s", what)}
		}
		return nil
	}
}
