package admin

import (
	"context"
	"errors"
	"math/big"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
	"mana/web/ui"
)

// checkLimit bounds a check of all wallets while somebody waits. The command line checks those that take longer.
const checkLimit = 20 * time.Second

// maxShown is how many findings and wallets the page lists.
const maxShown = 100

// ledgerView is what the page of the ledger shows.
type ledgerView struct {
	ui.Page
	Pass   *ledger.Pass   // the last whole pass beside the work; nil: none yet
	Report *ledger.Report // of the check that was asked for; nil: none
	Faults ui.Faults
	Frozen []uuid.UUID
	Held   int // open holds
}

// account is a line of the trial balance.
type account struct {
	Name   ui.Key
	Amount string
}

// ShowLedger answers GET /admin/ledger.
func (p *Pages) ShowLedger(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	v, err := p.ledgerView(r, who)
	if err != nil {
		return err
	}
	ui.Render(w, r, http.StatusOK, ledgerPage(v))
	return nil
}

func (p *Pages) ledgerView(r *http.Request, who *provider.SignedIn) (v ledgerView, err error) {
	v.Page, v.Pass = p.page(r, who, ui.T(r.Context(), ui.AdminLedger)), p.Checker.Last()
	if v.Held, err = p.Ledger.OpenHolds(r.Context()); err != nil {
		return v, err
	}
	v.Frozen, err = p.Stats.FrozenWallets(r.Context(), maxShown)
	return v, err
}

// CheckLedger answers POST /admin/ledger: it holds all wallets against their journals, and changes nothing
// but the security log.
func (p *Pages) CheckLedger(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	v, err := p.ledgerView(r, who)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), checkLimit)
	defer cancel()
	checked := identity.Event{Type: "ledger_checked", Metadata: map[string]string{"outcome": "not finished"}}
	report, err := ledger.NewChecker(ledger.CheckerConfig{Books: p.Books, Now: p.Now}).Verify(ctx, nil)
	status := http.StatusOK
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		v.Failed, v.Faults = true, ui.Faults{{Text: ui.T(r.Context(), ui.AdminCheckLong)}}
		status = http.StatusServiceUnavailable
	case err != nil:
		return err
	default:
		v.Report = &report
		checked.Metadata = map[string]string{"differences": strconv.Itoa(len(report.Faults))}
	}
	if err := p.Acts.NoteAct(r.Context(), by(r, who), checked); err != nil {
		return err
	}
	ui.Render(w, r, status, ledgerPage(v))
	return nil
}

// accounts is the trial balance of a report.
func accounts(ctx context.Context, r *ledger.Report) []account {
	var lines []account
	for _, known := range []struct {
		no   int
		name ui.Key
	}{
		{ledger.AccountIssueBonus, ui.AccountBonus},
		{ledger.AccountIssueDaily, ui.AccountDaily},
		{ledger.AccountIssueAdjustment, ui.AccountAdjustment},
		{ledger.AccountSale, ui.AccountSale},
		{ledger.AccountUsage, ui.AccountUsage},
		{ledger.AccountExpired, ui.AccountExpired},
		{ledger.AccountWithdrawn, ui.AccountWithdrawn},
		{ledger.AccountOpening, ui.AccountOpening},
	} {
		balance := r.Accounts[known.no]
		if balance == nil {
			balance = new(big.Int)
		}
		lines = append(lines, account{known.name, wide(ctx, balance)})
	}
	lines = append(lines, account{ui.AccountWallets, wide(ctx, &r.Own)})
	return append(lines, account{ui.AccountSum, wide(ctx, r.Imbalance())})
}

// wide writes micro-credits, however many.
func wide(ctx context.Context, micro *big.Int) string {
	if micro.IsInt64() {
		return ui.Credits(ctx, ledger.Amount(micro.Int64()))
	}
	return new(big.Int).Quo(micro, big.NewInt(int64(ledger.Credit))).String()
}
