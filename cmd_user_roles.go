package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"mana/provider/identity"
	"mana/storage"
)

func newUserRole(environ []string) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "role ID|EMAIL user|admin", Short: "Make a person an administrator, or an ordinary user again",
		Args: exactly(2, "needs an id or e-mail address, and a role"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changePerson(cmd, environ, args[0], func(ctx context.Context, admin identity.Admin, id uuid.UUID) error {
				err := admin.SetRole(ctx, id, identity.Role(args[1]))
				if err == nil && asJSON {
					err = json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"id": id, "role": args[1]})
				}
				return err
			})
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

func newUserRoles(environ []string) *cobra.Command {
	var set string
	var asJSON bool
	command := &cobra.Command{
		Use: "roles ID|EMAIL", Short: "Show or set the free role names of a person: the claim roles", Args: argument("an id or e-mail address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("set") {
				names := strings.FieldsFunc(set, func(r rune) bool { return r == ',' || r == ' ' })
				return changePerson(cmd, environ, args[0], func(ctx context.Context, admin identity.Admin, id uuid.UUID) error {
					return admin.SetRoles(ctx, id, names)
				})
			}
			return withStore(cmd.Context(), environ, func(_ *config, db *storage.DB) error {
				user, err := findUser(cmd.Context(), db, args[0])
				if err != nil {
					return err
				}
				roles, err := db.Identity().Roles(cmd.Context(), user.ID)
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"id": user.ID, "roles": append([]string{}, roles...)})
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), strings.Join(roles, "\n"))
				return err
			})
		},
	}
	command.Flags().StringVar(&set, "set", "", "replace them by these, parted by commas; empty: none")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

// changePerson lets the command line change a person.
func changePerson(cmd *cobra.Command, environ []string, who string, change func(context.Context, identity.Admin, uuid.UUID) error) error {
	return withStore(cmd.Context(), environ, func(_ *config, db *storage.DB) error {
		user, err := findUser(cmd.Context(), db, who)
		if err != nil {
			return err
		}
		admin := identity.Admin{Store: db.Identity(), By: identity.Actor{Name: actorCommand}}
		err = change(cmd.Context(), admin, user.ID)
		switch {
		case errors.Is(err, identity.ErrRole):
			return usageError{err}
		case errors.Is(err, identity.ErrLastAdministrator):
			return fmt.Errorf("%w: %w", errRefused, err)
		}
		return err
	})
}

// exactly demands so many arguments.
func exactly(n int, text string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{errors.New(text)}
		}
		return nil
	}
}
