package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mana/ledger"
	"mana/storage"
)

// shownPackage is a package as the command line shows one.
type shownPackage struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	Description string        `json:"description,omitempty"`
	Credits     ledger.Amount `json:"credits"`
	Price       int64         `json:"price_euro_cents"`
	StripePrice string        `json:"stripe_price_id,omitempty"`
	Active      bool          `json:"active"`
	Place       int           `json:"place"`
}

func newCreditsPackages(environ []string) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "packages", Short: "List the packages of credits, also those that are off", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), environ, func(_ *config, db *storage.DB) error {
				packages, err := db.Provider().ListPackages(cmd.Context())
				if err != nil {
					return err
				}
				return printPackages(cmd, packages, asJSON)
			})
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	return command
}

func printPackages(cmd *cobra.Command, packages []ledger.Package, asJSON bool) error {
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	if !asJSON {
		fmt.Fprintln(table, "ID\tNAME\tCREDITS\tEURO\tSTATE")
	}
	for _, p := range packages {
		shown := shownPackage{p.ID.String(), p.Name, p.Description, p.Credits, p.PriceEuroCents, p.StripePriceID, p.Active, p.SortOrder}
		if asJSON {
			if err := json.NewEncoder(cmd.OutOrStdout()).Encode(shown); err != nil {
				return err
			}
			continue
		}
		state := "off"
		if p.Active {
			state = "on"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d.%02d\t%s\n", shown.ID, shown.Name, shown.Credits, shown.Price/100, shown.Price%100, state)
	}
	return table.Flush()
}
