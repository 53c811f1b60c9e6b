package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"mana/ledger"
	"mana/storage"
)

const exportPage = 1000

func newCreditsExport(environ []string) *cobra.Command {
	var user, format, from, to string
	var all, quiet bool
	command := &cobra.Command{
		Use: "export --user ID|EMAIL|--all", Short: "Print transactions as CSV or JSON Lines, those of a wallet in order", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (user == "") == !all {
				return usageError{errors.New("needs --user or --all")}
			}
			x := exporter{out: cmd.OutOrStdout()}
			export, err := ledger.NewExport(x.out, format)
			if err != nil {
				return usageError{fmt.Errorf("--format: %w", err)}
			}
			x.write = export.Write
			if err := errors.Join(parseDay(from, &x.since), parseDay(to, &x.until)); err != nil {
				return usageError{err}
			}
			x.bar = newProgress(cmd.ErrOrStderr(), "exporting transactions", 0, quiet)
			defer x.bar.end()
			return withCredits(cmd, environ, func(credits *ledger.Ledger, db *storage.DB) (err error) {
				if user != "" {
					return x.one(cmd.Context(), credits, db, user)
				}
				x.books = db.Ledger()
				if x.bar.total, err = db.Ledger().Transactions(cmd.Context()); err != nil {
					return err
				}
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
	since, until time.Time // zero: no bound
	done         int64
	bar          *progress
}

// one prints a wallet. What it prints is fixed when it begins.
func (x *exporter) one(ctx context.Context, credits *ledger.Ledger, db *storage.DB, who string) error {
	id, err := findWallet(ctx, db, who)
	if err != nil {
		return err
	}
	span, err := credits.Span(ctx, id, x.since, x.until)
	if err != nil {
		return err
	}
	x.bar.total = span.Rows()
	if err := x.print(nil); err != nil {
		return err
	}
	return credits.ReadSpan(ctx, id, span, func(page []ledger.Transaction) error {
		x.progress(page)
		return x.print(page)
	})
}

func (x *exporter) progress(page []ledger.Transaction) {
	x.done += int64(len(page))
	x.bar.at(x.done)
}

func (x *exporter) print(page []ledger.Transaction) error {
	if err := x.write(page); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
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
		x.progress(page)
		wanted := page[:0]
		for _, t := range page {
			if !t.At.Before(x.since) && (x.until.IsZero() || t.At.Before(x.until)) {
				wanted = append(wanted, t)
			}
		}
		if err := x.print(wanted); err != nil {
			return err
		}
		if !more {
			return nil
		}
	}
}
