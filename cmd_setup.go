package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"mana/provider/identity"
	"mana/storage"
	"mana/web/login"
)

func newSetupLink(environ []string) *cobra.Command {
	var again, asJSON bool
	command := &cobra.Command{
		Use: "setup-link", Short: "Print a link that makes one administrator, once, within 30 minutes", Args: cobra.NoArgs,
		Long: "Prints a link by which somebody becomes the first administrator. It works once, for 30 minutes, and ends any\n" +
			"link before it. When there is an administrator, --recover makes one more, which the audit log tells.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), environ, func(cfg *config, db *storage.DB) error {
				link, err := cfg.setupLink(cmd.Context(), db, again)
				if errors.Is(err, identity.ErrSetupDone) {
					return fmt.Errorf("%w: there is an administrator; --recover makes one more", errRefused)
				}
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]string{"link": link})
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), link)
				return err
			})
		},
	}
	command.Flags().BoolVar(&again, "recover", false, "also when there is an administrator")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

// setupLink makes a link. Its code lies in the fragment, which browsers send to no server.
func (c *config) setupLink(ctx context.Context, db *storage.DB, again bool) (string, error) {
	code, err := identity.OfferSetup(ctx, db.Identity(), again, identity.Actor{Name: actorCommand}, time.Now())
	if err != nil {
		return "", err
	}
	return c.issuer.String() + login.PathSetup + "#" + string(code), nil
}

// offerSetup tells whoever started the program how to become the first administrator. A log that others may read
// gets no link.
func (p *program) offerSetup(ctx context.Context) (link string, err error) {
	found, err := p.db.Identity().HasAdministrator(ctx)
	if err != nil || found {
		return "", err
	}
	if !p.cfg.dev && !p.text {
		p.logger.Warn("no administrator yet: run mana setup-link")
		return "", nil
	}
	link, err = p.cfg.setupLink(ctx, p.db, false)
	if errors.Is(err, identity.ErrSetupDone) { // made meanwhile
		return "", nil
	}
	if err == nil && !p.text {
		p.logger.Info("no administrator yet", "setup", link)
	}
	return link, err
}
