package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"mana/ledger"
	"mana/storage"
)

func newCreditsCommand(environ []string) *cobra.Command {
	command := &cobra.Command{Use: "credits", Short: "See, give, check and export credits"}
	command.AddCommand(newCreditsBalance(environ), newCreditsGrant(environ), newCreditsVerify(environ), newCreditsExport(environ),
		newCreditsPackages(environ))
	return command
}

// withCredits opens the ledger for one command, beside a server that may be running.
func withCredits(cmd *cobra.Command, environ []string, f func(*ledger.Ledger, *storage.DB) error) error {
	return withStore(cmd.Context(), environ, func(c *config, db *storage.DB) error {
		return f(ledger.New(ledger.Config{Store: db.Ledger(), SignupBonus: c.signupBonus, DailyFree: c.dailyFree}), db)
	})
}

// findWallet finds the wallet of a person, by id or address.
func findWallet(ctx context.Context, db *storage.DB, who string) (uuid.UUID, error) {
	if id, err := uuid.Parse(who); err == nil {
		return id, nil // wallets outlive people
	}
	user, err := findUser(ctx, db, who)
	return user.ID, err
}

// shownBalance is a balance as the command line shows one.
type shownBalance struct {
	UserID      string        `json:"user_id"`
	State       string        `json:"state"` // active, frozen, disabled or closed
	Free        ledger.Amount `json:"free"`
	Paid        ledger.Amount `json:"paid"`
	Held        ledger.Amount `json:"held"`
	Debt        ledger.Amount `json:"debt"`
	Earned      ledger.Amount `json:"total_earned"`
	Spent       ledger.Amount `json:"total_spent"`
	NextDailyAt time.Time     `json:"next_daily_at"`
}

func balanceShown(b ledger.Balance) shownBalance {
	return shownBalance{b.UserID.String(), string(b.State), b.Free, b.Paid, b.Held, b.Debt, b.Earned, b.Spent, b.NextDailyAt}
}

func (b shownBalance) print(cmd *cobra.Command, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(b)
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "user_id\t%s\nstate\t%s\nfree\t%s\npaid\t%s\nheld\t%s\ndebt\t%s\ntotal_earned\t%s\ntotal_spent\t%s\nnext_daily_at\t%s\n",
		b.UserID, b.State, b.Free, b.Paid, b.Held, b.Debt, b.Earned, b.Spent, b.NextDailyAt.Format(time.RFC3339))
	return table.Flush()
}

func newCreditsBalance(environ []string) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "balance ID|EMAIL", Short: "Show what a person has, and post nothing", Args: argument("an id or e-mail address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withCredits(cmd, environ, func(credits *ledger.Ledger, db *storage.DB) error {
				id, err := findWallet(cmd.Context(), db, args[0])
				if err != nil {
					return err
				}
				balance, err := credits.Peek(cmd.Context(), id)
				if err != nil {
					return err
				}
				return balanceShown(balance).print(cmd, asJSON)
			})
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

func newCreditsGrant(environ []string) *cobra.Command {
	a := ledger.Adjustment{Actor: actorCommand}
	var class string
	var asJSON bool
	command := &cobra.Command{
		Use: "grant ID|EMAIL AMOUNT --reason TEXT --key KEY", Short: "Give a person credits, or take some",
		Long: "Gives a person free credits, or paid ones with --class paid, which settle debt first. An amount below 0 is\n" +
			"taken, free credits first; it comes last, after --. A second run with the same key does nothing.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usageError{errors.New("needs an id or e-mail address, and an amount")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if a.Amount, err = parseSigned(args[1]); err != nil {
				return usageError{err}
			}
			if a.Class = ledger.Class(class); a.Class != ledger.Free && a.Class != ledger.Paid {
				return usageError{errors.New("--class must be free or paid")}
			}
			if strings.TrimSpace(a.Reason) == "" || a.IdempotencyKey == "" {
				return usageError{errors.New("needs --reason and --key")}
			}
			return withCredits(cmd, environ, func(credits *ledger.Ledger, db *storage.DB) error {
				if a.UserID, err = findWallet(cmd.Context(), db, args[0]); err != nil {
					return err
				}
				receipt, err := credits.Adjust(cmd.Context(), a)
				if errors.Is(err, ledger.ErrReason) {
					return usageError{err}
				}
				if err != nil {
					return err
				}
				if receipt.Replayed {
					fmt.Fprintln(cmd.ErrOrStderr(), "The key was used before for the same: nothing was done. The balance is that of then.")
				}
				return balanceShown(receipt.Balance).print(cmd, asJSON)
			})
		},
	}
	command.Flags().StringVar(&a.Reason, "reason", "", "why; the person reads it in the history")
	command.Flags().StringVar(&a.IdempotencyKey, "key", "", "a name for this grant: one key, one grant")
	command.Flags().StringVar(&class, "class", string(ledger.Free), "free or paid")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

// parseSigned reads an amount with or without a minus.
func parseSigned(text string) (ledger.Amount, error) {
	digits, negative := strings.CutPrefix(text, "-")
	amount, err := ledger.ParseAmount([]byte(digits))
	if err != nil {
		return 0, fmt.Errorf("%s: must be a number up to 1000000 with at most 6 decimal places, and not 0", text)
	}
	if negative {
		return -amount, nil
	}
	return amount, nil
}
