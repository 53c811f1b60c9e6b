package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"mana/ledger"
	"mana/provider/identity"
	"mana/storage"
	"mana/web/mail"
)

const (
	inviteFor = 7 * 24 * time.Hour // how long a new person has to set a password
	resetFor  = time.Hour
)

// givenLink is a link as the command line prints it. Whoever has it sets the password.
type givenLink struct {
	ID        string `json:"id"`
	Email     string `json:"email"`
	Role      string `json:"role"`
	Link      string `json:"link,omitempty"`
	ExpiresAt string `json:"expires_at,omitempty"`
	Ended     *int   `json:"ended_sessions,omitempty"`
}

// peopleOf are the people of a store, as a server has them.
func peopleOf(ctx context.Context, cfg *config, db *storage.DB) (*identity.Service, error) {
	master, _, err := cfg.loadMasterKey(ctx, db.Keys())
	if err != nil {
		return nil, err
	}
	credits := ledger.New(ledger.Config{Store: db.Ledger(), SignupBonus: cfg.signupBonus, DailyFree: cfg.dailyFree})
	return (&program{cfg: cfg, db: db}).people(master, credits)
}

func newUserCreate(environ []string) *cobra.Command {
	var admin, asJSON bool
	var name string
	command := &cobra.Command{
		Use: "create EMAIL", Short: "Create a person, and print a link to set the password, once, within 7 days",
		Args: argument("an e-mail address"),
	}
	command.Flags().BoolVar(&admin, "admin", false, "an administrator")
	command.Flags().StringVar(&name, "name", "", "the name of the person")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		return withStore(cmd.Context(), environ, func(cfg *config, db *storage.DB) error {
			people, err := peopleOf(cmd.Context(), cfg, db)
			if err != nil {
				return err
			}
			role := identity.RoleUser
			if admin {
				role = identity.RoleAdmin
			}
			user, secret, err := people.Invite(cmd.Context(), identity.Invitation{
				Email: args[0], Name: name, Role: role, Actor: "command line", Life: inviteFor,
			})
			switch {
			case errors.Is(err, identity.ErrEmailTaken):
				return fmt.Errorf("%w: %s has an account already", errRefused, args[0])
			case errors.Is(err, identity.ErrEmail), errors.Is(err, identity.ErrName):
				return usageError{err}
			case err != nil:
				return err
			}
			return printLink(cmd, cfg.givenLink(user, secret, inviteFor), asJSON)
		})
	}
	return command
}

func newUserReset(environ []string) *cobra.Command {
	var wanted resets
	var asJSON bool
	command := &cobra.Command{
		Use: "reset ID|EMAIL", Short: "Print a link to set a new password, once, within an hour, or sign a person out everywhere",
		Args: argument("an id or e-mail address"),
	}
	command.Flags().BoolVar(&wanted.password, "password", false, "print a link to set a new password")
	command.Flags().BoolVar(&wanted.factor, "second-factor", false, "remove the authenticator app and the recovery codes")
	command.Flags().BoolVar(&wanted.sessions, "sessions", false, "end all sessions")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		if wanted == (resets{}) {
			return usageError{errors.New("needs --password, --second-factor or --sessions")}
		}
		return withStore(cmd.Context(), environ, func(cfg *config, db *storage.DB) error {
			user, err := findUser(cmd.Context(), db, args[0])
			if err != nil {
				return err
			}
			people, err := peopleOf(cmd.Context(), cfg, db)
			if err != nil {
				return err
			}
			given, err := wanted.apply(cmd.Context(), cfg, people, user)
			if err != nil {
				return err
			}
			return printLink(cmd, given, asJSON)
		})
	}
	return command
}

// resets are what is to be reset of a person.
type resets struct{ password, factor, sessions bool }

// apply resets it, and gives what is printed.
func (w resets) apply(ctx context.Context, cfg *config, people *identity.Service, user identity.User) (givenLink, error) {
	given, console := cfg.givenLink(user, "", 0), identity.Actor{Name: "command line"}
	if w.factor {
		if err := people.TakeWay(ctx, console, user.ID, identity.Way{Kind: identity.WayApp}); err != nil {
			return given, err
		}
	}
	if w.password {
		secret, err := people.HandOverReset(ctx, console, user.ID, resetFor)
		if err != nil {
			return given, err
		}
		given = cfg.givenLink(user, secret, resetFor)
	}
	if w.sessions {
		n, err := people.EndOtherSessions(ctx, user.ID, uuid.Nil, identity.Device{})
		if err != nil {
			return given, err
		}
		given.Ended = &n
	}
	return given, nil
}

// givenLink is what is printed of a person and the secret of a link, which may be empty.
func (c *config) givenLink(user identity.User, secret identity.Secret, life time.Duration) givenLink {
	given := givenLink{ID: user.ID.String(), Email: string(user.Email), Role: string(user.Role)}
	if secret != "" {
		given.Link = c.issuer.String() + mail.PathReset + "?" + mail.ParamToken + "=" + string(secret)
		given.ExpiresAt = time.Now().Add(life).UTC().Format(time.RFC3339)
	}
	return given
}

func printLink(cmd *cobra.Command, given givenLink, asJSON bool) error {
	out := cmd.OutOrStdout()
	if asJSON {
		return json.NewEncoder(out).Encode(given)
	}
	fmt.Fprintf(out, "%s %s (%s)\n", given.ID, given.Email, given.Role)
	if given.Ended != nil {
		fmt.Fprintf(out, "sessions ended: %d\n", *given.Ended)
	}
	if given.Link != "" {
		fmt.Fprintf(out, "sets the password, once, until %s:\n%s\n", given.ExpiresAt, given.Link)
	}
	return nil
}
