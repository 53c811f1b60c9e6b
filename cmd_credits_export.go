package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"mana/ledger"
	"mana/storage"
)

const exportPage = 1000

// exported is a transaction as it is exported.
type exported struct {
	UserID         uuid.UUID       `json:"user_id"`
	Seq            int64           `json:"seq"`
	ID             uuid.UUID       `json:"id"`
	Type           ledger.Type     `json:"type"`
	Kind           string          `json:"kind"`
	Amount         ledger.Amount   `json:"amount"`
	Before         ledger.Amount   `json:"balance_before"`
	After          ledger.Amount   `json:"balance_after"`
	AppID          string          `json:"app_id"`
	Description    string          `json:"description"`
	Metadata       json.RawMessage `json:"metadata"`
	Caller         string          `json:"caller"`
	IdempotencyKey string          `json:"idempotency_key,omitempty"`
	RelatedID      uuid.UUID       `json:"related_id,omitzero"` // the use that a refund gives back
	At             string          `json:"at"`
}

func exportOf(t ledger.Transaction) exported {
	return exported{
		t.UserID, t.Seq, t.ID, t.Type, t.Kind, t.Amount, t.Before, t.After, t.AppID, t.Description, t.Metadata,
		t.Caller, t.IdempotencyKey, t.RelatedID, t.At.Format("2006-01-02T15:04:05.000000Z"),
	}
}

var exportHeader = strings.Fields("user_id seq id type kind amount balance_before balance_after app_id description metadata " +
	"caller idempotency_key related_id at")

func (e exported) cells() []string {
	related := ""
	if e.RelatedID != uuid.Nil {
		related = e.RelatedID.String()
	}
	return []string{
		e.UserID.String(), strconv.FormatInt(e.Seq, 10), e.ID.String(), string(e.Type), e.Kind, e.Amount.String(), e.Before.String(),
		e.After.String(), textCell(e.AppID), textCell(e.Description), textCell(string(e.Metadata)), textCell(e.Caller),
		textCell(e.IdempotencyKey), related, e.At,
	}
}

// textCell keeps a spreadsheet from taking a text for a formula.
func textCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

func newCreditsExport(environ []string) *cobra.Command {
	var user, format, from, to string
	var all, quiet bool
	command := &cobra.Command{
		Use: "export --user ID|EMAIL|--all", Short: "Print transactions as CSV or JSON Lines, those of a wallet in order", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (user == "") == !all {
				return usageError{errors.New("needs --user or --all")}
			}
			x := exporter{out: cmd.OutOrStdout(), until: time.Unix(1<<40, 0)}
			var err error
			if x.write, err = x.writer(format); err != nil {
				return usageError{err}
			}
			if err := errors.Join(parseDay(from, &x.since), parseDay(to, &x.until)); err != nil {
				return usageError{err}
			}
			return withCredits(cmd, environ, func(_ *ledger.Ledger, db *storage.DB) error {
				x.books = db.Ledger()
				if user != "" {
					return x.one(cmd.Context(), db, user)
				}
				total, err := db.Ledger().Transactions(cmd.Context())
				if err != nil {
					return err
				}
				bar := newProgress(cmd.ErrOrStderr(), "exporting transactions", total, quiet)
				defer bar.end()
				x.progress = bar.at
				return x.all(cmd.Context())
			})
		},
	}
	command.Flags().StringVar(&user, "user", "", "the wallet of one person, by id or e-mail address")
	command.Flags().BoolVar(&all, "all", false, "every wallet")
	command.Flags().StringVar(&format, "format", "jsonl", "csv or jsonl")
	command.Flags().StringVar(&from, "from", "", "from this moment on: 2026-01-31, or with a time, 2026-01-31T12:00:00Z")
	command.Flags().StringVar(&to, "to", "", "before this moment")
	command.Flags().BoolVar(&quiet, "quiet", false, "show no progress")
	return command
}

// parseDay reads a day or a moment. Nothing leaves what is there.
func parseDay(text string, into *time.Time) error {
	if text == "" {
		return nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			*into = at
			return nil
		}
	}
	return fmt.Errorf("%s: is no moment such as 2026-01-31 or 2026-01-31T12:00:00Z", text)
}

// exporter prints transactions page by page.
type exporter struct {
	books        ledger.Books
	out          io.Writer
	write        func([]ledger.Transaction) error
	since, until time.Time
	done         int64
	progress     func(int64)
}

// writer gives what prints a page in a format. The header of CSV goes out with the first one.
func (x *exporter) writer(format string) (func([]ledger.Transaction) error, error) {
	switch format {
	case "jsonl":
		return func(page []ledger.Transaction) error { return printLines(x.out, page, exportOf) }, nil
	case "csv":
		out, first := csv.NewWriter(x.out), true
		return func(page []ledger.Transaction) error {
			if first {
				first = false
				if err := out.Write(exportHeader); err != nil {
					return err
				}
			}
			for _, t := range page {
				if err := out.Write(exportOf(t).cells()); err != nil {
					return err
				}
			}
			out.Flush()
			return out.Error()
		}, nil
	}
	return nil, errors.New("--format must be csv or jsonl")
}

func (x *exporter) one(ctx context.Context, db *storage.DB, who string) error {
	id, err := findWallet(ctx, db, who)
	if err != nil {
		return err
	}
	if _, _, err := db.Ledger().Wallet(ctx, id); err != nil {
		return fmt.Errorf("reading the wallet: %w", err)
	}
	return x.wallet(ctx, id)
}

func (x *exporter) all(ctx context.Context) error {
	for after := uuid.Nil; ; {
		wallets, err := x.books.Wallets(ctx, after, exportPage)
		if err != nil {
			return err
		}
		for _, id := range wallets {
			if err := x.wallet(ctx, id); err != nil {
				return err
			}
			after = id
		}
		if len(wallets) < exportPage {
			return nil
		}
	}
}

func (x *exporter) wallet(ctx context.Context, id uuid.UUID) error {
	for after := int64(0); ; {
		page, err := x.books.Page(ctx, id, after, exportPage)
		if err != nil {
			return err
		}
		more := len(page) == exportPage
		if len(page) > 0 {
			after = page[len(page)-1].Seq
		}
		if x.done += int64(len(page)); x.progress != nil {
			x.progress(x.done)
		}
		wanted := page[:0]
		for _, t := range page {
			if !t.At.Before(x.since) && t.At.Before(x.until) {
				wanted = append(wanted, t)
			}
		}
		if err := x.write(wanted); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
		if !more {
			return nil
		}
	}
}
