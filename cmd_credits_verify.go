package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"mana/ledger"
	"mana/storage"
)

// sharedAccounts are the shared accounts of the ledger, as `credits verify` lists them.
var sharedAccounts = []struct {
	no   int
	name string
}{
	{ledger.AccountIssueBonus, "issue.bonus"},
	{ledger.AccountIssueDaily, "issue.daily"},
	{ledger.AccountIssueAdjustment, "issue.adjustment"},
	{ledger.AccountSale, "sale"},
	{ledger.AccountUsage, "usage"},
	{ledger.AccountExpired, "expired"},
	{ledger.AccountWithdrawn, "withdrawn"},
	{ledger.AccountOpening, "opening"},
}

func newCreditsVerify(environ []string) *cobra.Command {
	var wallet, rebuild string
	var yes, asJSON, quiet bool
	command := &cobra.Command{
		Use: "verify", Short: "Recompute every wallet from its journal; exit code 3 if something does not hold", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withCredits(cmd, environ, func(_ *ledger.Ledger, db *storage.DB) error {
				if rebuild != "" {
					return rebuildWallet(cmd, db, rebuild, yes)
				}
				report, err := verify(cmd, db, wallet, quiet)
				if err != nil {
					return err
				}
				return printReport(cmd, report, asJSON)
			})
		},
	}
	command.Flags().StringVar(&wallet, "wallet", "", "check the wallet of one person only, by id or e-mail address")
	command.Flags().StringVar(&rebuild, "rebuild", "", "mend the frozen wallet of one person from its journal, after asking")
	command.Flags().BoolVar(&yes, "yes", false, "do not ask")
	command.Flags().BoolVar(&quiet, "quiet", false, "show no progress")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

// verify checks one wallet, or all. A wallet that is frozen is a finding, also when it is sound: nobody can use it.
func verify(cmd *cobra.Command, db *storage.DB, wallet string, quiet bool) (report ledger.Report, err error) {
	books := &frozenBooks{Books: db.Ledger()}
	checker := ledger.NewChecker(ledger.CheckerConfig{Store: db.Ledger(), Books: books, Now: time.Now})
	if wallet != "" {
		id, err := findWallet(cmd.Context(), db, wallet)
		if err != nil {
			return ledger.Report{}, err
		}
		report, err = checker.VerifyWallet(cmd.Context(), id, nil)
		report.Faults = append(report.Faults, books.frozen...)
		return report, err
	}
	total, err := db.Ledger().Transactions(cmd.Context())
	if err != nil {
		return ledger.Report{}, err
	}
	bar := newProgress(cmd.ErrOrStderr(), "checking transactions", total, quiet)
	defer bar.end()
	report, err = checker.Verify(cmd.Context(), bar.at)
	report.Faults = append(report.Faults, books.frozen...)
	return report, err
}

// frozenBooks notes the wallets that are frozen while they are checked.
type frozenBooks struct {
	ledger.Books
	frozen []ledger.Fault
}

// Inspect implements [ledger.Books].
func (b *frozenBooks) Inspect(ctx context.Context, userID uuid.UUID, read func(ledger.Journal) error) error {
	return b.Books.Inspect(ctx, userID, func(j ledger.Journal) error {
		if j.Wallet.State == ledger.WalletFrozen {
			b.frozen = append(b.frozen, ledger.Fault{
				UserID: userID, Invariant: "frozen", Text: "nothing can be posted until the wallet is mended by --rebuild",
			})
		}
		return read(j)
	})
}

// shownReport is a check as the command line shows one. The trial balance is in credits.
type shownReport struct {
	Wallets      int64                      `json:"wallets"`
	Transactions int64                      `json:"transactions"`
	Accounts     map[string]json.RawMessage `json:"accounts"`
	Own          json.RawMessage            `json:"in_wallets"`
	Imbalance    json.RawMessage            `json:"imbalance"`
	Faults       []shownFault               `json:"faults"`
}

type shownFault struct {
	Wallet    string `json:"wallet,omitempty"`
	Invariant string `json:"invariant"`
	Detail    string `json:"detail"`
}

func reportShown(r ledger.Report) shownReport {
	s := shownReport{
		Wallets: r.Wallets, Transactions: r.Transactions, Accounts: make(map[string]json.RawMessage),
		Own: wideCredits(&r.Own), Imbalance: wideCredits(r.Imbalance()), Faults: []shownFault{},
	}
	for _, account := range sharedAccounts {
		balance := r.Accounts[account.no]
		if balance == nil {
			balance = new(big.Int)
		}
		s.Accounts[account.name] = wideCredits(balance)
	}
	for _, f := range r.Faults {
		shown := shownFault{Invariant: f.Invariant, Detail: f.Text}
		if f.UserID != uuid.Nil {
			shown.Wallet = f.UserID.String()
		}
		s.Faults = append(s.Faults, shown)
	}
	return s
}

// wideCredits writes micro-credits as a decimal number of credits, however many.
func wideCredits(micro *big.Int) json.RawMessage {
	whole, rest := new(big.Int).QuoRem(micro, big.NewInt(int64(ledger.Credit)), new(big.Int))
	if rest.Sign() == 0 {
		return json.RawMessage(whole.String())
	}
	sign := ""
	if micro.Sign() < 0 {
		sign = "-"
	}
	fraction := ledger.Amount(rest.Abs(rest).Int64()).String() // 0.5
	return json.RawMessage(sign + whole.Abs(whole).String() + fraction[1:])
}

func printReport(cmd *cobra.Command, r ledger.Report, asJSON bool) error {
	shown := reportShown(r)
	if asJSON {
		if err := json.NewEncoder(cmd.OutOrStdout()).Encode(shown); err != nil {
			return err
		}
	} else if err := shown.print(cmd); err != nil {
		return err
	}
	if n := len(r.Faults); n > 0 {
		return fmt.Errorf("%w: %d in the ledger", errProblem, n)
	}
	return nil
}

func (s shownReport) print(cmd *cobra.Command) error {
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "wallets\t%d\ntransactions\t%d\n", s.Wallets, s.Transactions)
	for _, account := range sharedAccounts {
		fmt.Fprintf(table, "%s\t%s\n", account.name, s.Accounts[account.name])
	}
	fmt.Fprintf(table, "in wallets\t%s\ntrial balance\t%s\nfaults\t%d\n", s.Own, s.Imbalance, len(s.Faults))
	for _, f := range s.Faults {
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.Invariant, f.Wallet, f.Detail)
	}
	return table.Flush()
}

// rebuildWallet shows what a frozen wallet says and what its journal says, and lets the journal win.
func rebuildWallet(cmd *cobra.Command, db *storage.DB, who string, yes bool) error {
	id, err := findWallet(cmd.Context(), db, who)
	if err != nil {
		return err
	}
	err = db.Ledger().Inspect(cmd.Context(), id, func(j ledger.Journal) error {
		mended, err := ledger.Rebuild(j)
		if err != nil {
			return err
		}
		return printDifference(cmd, j, mended)
	})
	if err != nil {
		return err
	}
	if err := confirm(cmd, yes, "The wallet becomes what its journal says, and can be used again, or is closed if its person is deleted. Do it?"); err != nil {
		return err
	}
	if err := db.Ledger().Mend(cmd.Context(), actorCommand, id, ledger.Rebuild); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), "The wallet is what its journal says.")
	return nil
}

func printDifference(cmd *cobra.Command, j ledger.Journal, mended ledger.Projections) error {
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\tSTORED\tJOURNAL")
	line := func(what string, stored, journal any) {
		if stored != journal {
			fmt.Fprintf(table, "%s\t%v\t%v\n", what, stored, journal)
		}
	}
	was, is := j.Wallet, mended.Wallet
	line("free", was.Free, is.Free)
	line("paid", was.Paid, is.Paid)
	line("held", was.HeldFree+was.HeldPaid, is.HeldFree+is.HeldPaid)
	line("debt", was.Debt, is.Debt)
	line("total_earned", was.Earned, is.Earned)
	line("total_spent", was.Spent, is.Spent)
	line("transactions", was.Seq, is.Seq)
	for i, g := range j.Grants {
		line(fmt.Sprintf("grant %d", g.No), g.Remaining, mended.Grants[i].Remaining)
		line(fmt.Sprintf("grant %d issued", g.No), g.Issued, mended.Grants[i].Issued)
	}
	line("days of usage", len(j.Usage), len(mended.Usage))
	return table.Flush()
}

// refusedByLedger reports whether the ledger said no to an operator.
func refusedByLedger(err error) bool {
	for _, sentinel := range []error{
		ledger.ErrInsufficient, ledger.ErrBalanceLimit, ledger.ErrKeyReused, ledger.ErrFrozen, ledger.ErrClosed, ledger.ErrNotRebuilt,
	} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	return false
}
