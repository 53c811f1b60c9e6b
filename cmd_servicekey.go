package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"mana/provider"
	"mana/provider/identity"
	"mana/storage"
)

func newServiceKeyCommand(environ []string) *cobra.Command {
	command := &cobra.Command{Use: "service-key", Short: "Let the back ends of apps act on people's credits"}
	command.AddCommand(newServiceKeyCreate(environ), newServiceKeyList(environ), newServiceKeyRotate(environ),
		newServiceKeyRevoke(environ))
	return command
}

// serviceKeyAdmin changes service keys for whoever uses the command line.
func serviceKeyAdmin(db *storage.DB) provider.ServiceKeyAdmin {
	return provider.ServiceKeyAdmin{Store: db.Provider(), By: identity.Actor{Name: actorCommand}, Now: time.Now}
}

// shownServiceKey is a service key as the command line shows it.
type shownServiceKey struct {
	ID string `json:"id"`
	serviceKeyFields
	CreatedAt     time.Time `json:"created_at"`
	LastUsedAt    time.Time `json:"last_used_at,omitzero"`
	OldValueUntil time.Time `json:"old_value_until,omitzero"` // end of the value before the current one
	RevokedAt     time.Time `json:"revoked_at,omitzero"`
	Value         string    `json:"service_key,omitempty"` // right after it was made
}

func shownServiceKeyOf(k provider.ServiceKey) shownServiceKey {
	return shownServiceKey{
		ID: k.ID.String(), serviceKeyFields: serviceFieldsOf(k), CreatedAt: k.CreatedAt, LastUsedAt: k.LastUsedAt,
		OldValueUntil: k.OldUntil, RevokedAt: k.RevokedAt,
	}
}

// printNew writes a key whose value was just made, or was registered and is not said again.
func printNew(cmd *cobra.Command, asJSON bool, k provider.ServiceKey, value identity.Secret) error {
	tellOnce(cmd, value)
	shown := shownServiceKeyOf(k)
	shown.Value = string(value)
	out := cmd.OutOrStdout()
	if asJSON {
		return json.NewEncoder(out).Encode(shown)
	}
	_, err := fmt.Fprintf(out, "SERVICE_KEY_ID=%s\n", shown.ID)
	if err == nil && value != "" {
		_, err = fmt.Fprintf(out, "SERVICE_KEY=%s\n", string(value))
	}
	return err
}

func newServiceKeyCreate(environ []string) *cobra.Command {
	var fields serviceKeyFields
	var fromStdin, asJSON bool
	command := &cobra.Command{
		Use: "create", Short: "Make a key for the back end of an app; its value is shown once", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var given identity.Secret
			var err error
			if fromStdin {
				if given, err = readValue(cmd.InOrStdin()); err != nil {
					return usageError{err}
				}
			}
			if fields.Name == "" && len(fields.AppIDs) > 0 {
				fields.Name = fields.AppIDs[0]
			}
			return withStore(cmd.Context(), environ, func(_ *config, db *storage.DB) error {
				key, value, err := serviceKeyAdmin(db).Register(cmd.Context(), fields.key(), given)
				if err != nil {
					return err
				}
				if fromStdin {
					value = ""
				}
				return printNew(cmd, asJSON, key, value)
			})
		},
	}
	fields.bind(command.Flags())
	command.Flags().BoolVar(&fromStdin, "value-stdin", false, "register the value on standard input instead of making one")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

// readValue reads a value that an app has already.
func readValue(in io.Reader) (identity.Secret, error) {
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the value: %w", err)
	}
	value := strings.TrimSpace(line)
	if fault := checkSecret(value); fault != "" {
		return "", errors.New("the value " + fault)
	}
	return identity.Secret(value), nil
}

func newServiceKeyList(environ []string) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "list", Short: "List all service keys ever made", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), environ, func(_ *config, db *storage.DB) error {
				keys, err := db.Provider().ListServiceKeys(cmd.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return printLines(cmd.OutOrStdout(), keys, shownServiceKeyOf)
				}
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "ID\tNAME\tAPPS\tMAY\tLAST USED\tSTATE")
				for _, k := range keys {
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Name, strings.Join(k.AppIDs, " "),
						strings.Join(k.Permissions, " "), moment{k.LastUsedAt}, serviceKeyState(k, time.Now()))
				}
				return table.Flush()
			})
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	return command
}

// serviceKeyState tells whether a key is good.
func serviceKeyState(k provider.ServiceKey, now time.Time) string {
	switch {
	case !k.RevokedAt.IsZero():
		return "revoked " + moment{k.RevokedAt}.String()
	case !k.Live(now):
		return "expired " + moment{k.ExpiresAt}.String()
	case now.Before(k.OldUntil):
		return "live; the value before it until " + moment{k.OldUntil}.String()
	}
	return "live"
}

func newServiceKeyRotate(environ []string) *cobra.Command {
	var asJSON bool
	overlap := life(24 * time.Hour)
	command := &cobra.Command{
		Use: "rotate ID|NAME", Short: "Give a key a new value; the old one stays valid for a while", Args: argument("the id or name of the key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if overlap < 0 || time.Duration(overlap) > maxOverlap {
				return usageError{fmt.Errorf("--overlap must be 0 to %s", maxOverlap)}
			}
			return withStore(cmd.Context(), environ, func(_ *config, db *storage.DB) error {
				key, value, err := serviceKeyAdmin(db).Rotate(cmd.Context(), args[0], time.Duration(overlap))
				if err != nil {
					return err
				}
				if key.OldHash != nil {
					fmt.Fprintf(cmd.ErrOrStderr(), "The one before ends at %s.\n", moment{key.OldUntil})
				}
				return printNew(cmd, asJSON, key, value)
			})
		},
	}
	command.Flags().Var(&overlap, "overlap", "how long the old value stays valid, up to 30d; 0: it ends now")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

func newServiceKeyRevoke(environ []string) *cobra.Command {
	var yes, asJSON bool
	command := &cobra.Command{
		Use: "revoke ID|NAME", Short: "End a key at once: every call with it is refused", Args: argument("the id or name of the key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := confirm(cmd, yes, fmt.Sprintf("Refuse every call with the service key %q from now on?", args[0])); err != nil {
				return err
			}
			return withStore(cmd.Context(), environ, func(_ *config, db *storage.DB) error {
				key, err := serviceKeyAdmin(db).Revoke(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(shownServiceKeyOf(key))
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), "revoked", key.ID)
				return err
			})
		},
	}
	command.Flags().BoolVar(&yes, "yes", false, "do not ask")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}
