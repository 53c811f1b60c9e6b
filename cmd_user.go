package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"mana/ledger"
	"mana/provider/identity"
	"mana/storage"
)

func newUserCommand(environ []string) *cobra.Command {
	command := &cobra.Command{Use: "user", Short: "Look up people and what is told about them"}
	command.AddCommand(newUserCreate(environ), newUserShow(environ), newUserSet(environ), newUserReset(environ), newUserDelete(environ), newUserRole(environ), newUserRoles(environ))
	return command
}

// findUser finds a person by id or address.
func findUser(ctx context.Context, db *storage.DB, who string) (identity.User, error) {
	var user identity.User
	id, err := uuid.Parse(who)
	if err == nil {
		user, err = db.Identity().UserByID(ctx, id)
	} else {
		var email identity.Email
		if email, err = identity.ParseEmail(who); err != nil {
			return user, usageError{fmt.Errorf("%q is neither an id nor an e-mail address", who)}
		}
		var credential identity.Credential
		credential, err = db.Identity().Credential(ctx, email)
		user = credential.User
	}
	if errors.Is(err, identity.ErrNotFound) {
		return user, fmt.Errorf("%w: %s", errNotFound, who)
	}
	return user, err
}

func newUserShow(environ []string) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "show ID|EMAIL", Short: "Show a person", Args: argument("an id or e-mail address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), environ, func(_ *config, db *storage.DB) error {
				user, err := findUser(cmd.Context(), db, args[0])
				if err != nil {
					return err
				}
				return printUser(cmd, user, asJSON)
			})
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

// shownUser is a person as the command line shows one.
type shownUser struct {
	ID            string           `json:"id"`
	Email         string           `json:"email"`
	EmailVerified bool             `json:"email_verified"`
	Name          string           `json:"name,omitempty"`
	Picture       string           `json:"picture,omitempty"`
	Role          string           `json:"role"`
	Disabled      bool             `json:"disabled"`
	Profile       identity.Profile `json:"profile"`
}

func printUser(cmd *cobra.Command, u identity.User, asJSON bool) error {
	shown := shownUser{
		ID: u.ID.String(), Email: string(u.Email), EmailVerified: u.EmailVerified, Name: u.Name, Picture: u.AvatarURL,
		Role: string(u.Role), Disabled: !u.DisabledAt.IsZero(), Profile: u.Profile,
	}
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(shown)
	}
	profile, err := json.Marshal(u.Profile)
	if err != nil {
		return fmt.Errorf("encoding a profile: %w", err)
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{"id", shown.ID},
		{"email", shown.Email},
		{"email_verified", fmt.Sprint(shown.EmailVerified)},
		{"name", shown.Name},
		{"picture", shown.Picture},
		{"role", shown.Role},
		{"disabled", fmt.Sprint(shown.Disabled)},
		{"profile", string(profile)},
	} {
		fmt.Fprintf(table, "%s\t%s\n", line[0], line[1])
	}
	return table.Flush()
}

func newUserSet(environ []string) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "set ID|EMAIL NAME=VALUE...",
		Short: "Set standard claims of a person, such as given_name=Ada or address.locality=London",
		Long: "Set standard claims of a person (OpenID Connect Core 1.0, section 5.1). An empty value takes a claim away.\n" +
			"Names: " + strings.Join(identity.ClaimNames(), " "),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usageError{errors.New("needs an id or e-mail address, and NAME=VALUE")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), environ, func(_ *config, db *storage.DB) error {
				user, err := findUser(cmd.Context(), db, args[0])
				if err != nil {
					return err
				}
				user, err = db.Identity().ReviseProfile(cmd.Context(), user.ID, func(u *identity.User) error { return setClaims(u, args[1:]) })
				if err != nil || !asJSON {
					return err
				}
				return printUser(cmd, user, asJSON)
			})
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print the person as one JSON object")
	return command
}

// setClaims sets what arguments say, each as NAME=VALUE.
func setClaims(u *identity.User, pairs []string) error {
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return usageError{fmt.Errorf("%q is not NAME=VALUE", pair)}
		}
		if err := u.SetClaim(name, value); err != nil {
			return usageError{err}
		}
	}
	return nil
}

func newUserDelete(environ []string) *cobra.Command {
	var reason string
	var yes, asJSON bool
	command := &cobra.Command{
		Use:   "delete ID|EMAIL",
		Short: "Delete a person: what is personal is erased, the address is free again, the wallet is closed",
		Args:  argument("an id or e-mail address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), environ, func(_ *config, db *storage.DB) error {
				user, err := findUser(cmd.Context(), db, args[0])
				if err != nil {
					return err
				}
				question := fmt.Sprintf("%s is deleted for good, and the credits are lost. Do it?", args[0])
				if err := confirm(cmd, yes, question); err != nil {
					return err
				}
				deletion, err := identity.NewDeletion(ledger.New(ledger.Config{Store: db.Ledger()}), user.ID, "command line", reason)
				if err != nil {
					return err
				}
				err = db.Identity().DeleteAccount(cmd.Context(), deletion)
				if errors.Is(err, identity.ErrNotFound) {
					return fmt.Errorf("%w: %s", errNotFound, args[0])
				}
				if errors.Is(err, identity.ErrLastAdministrator) {
					return fmt.Errorf("%w: %w", errRefused, err)
				}
				if err == nil && asJSON {
					err = json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"id": user.ID, "deleted": true})
				}
				return err
			})
		},
	}
	command.Flags().StringVar(&reason, "reason", "", "noted in the security log")
	command.Flags().BoolVar(&yes, "yes", false, "do not ask")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}
