package storage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/storage/postgres"
)

// comparePage is how many wallets are listed at once.
const comparePage = 500

// ErrDifferent says that something is not the same in two databases.
var ErrDifferent = errors.New("source and target differ")

// CompareWallets holds every wallet of one place against that of another, by the digests of their whole histories, and
// returns how many there are. [ErrDifferent].
func CompareWallets(ctx context.Context, from, to string, progress func(wallets int64)) (n int64, err error) {
	quiet := slog.New(slog.DiscardHandler)
	source, err := Open(ctx, from, quiet, nil)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := openPostgres(ctx, postgres.Config{URL: to, Logger: quiet, Copying: true})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	for last := uuid.Nil; ; {
		ids, err := source.Ledger().Wallets(ctx, last, comparePage)
		if err != nil || len(ids) == 0 {
			return n, err
		}
		for _, id := range ids {
			if err := sameWallet(ctx, source, target, id); err != nil {
				return n, err
			}
			n++
			progress(n)
		}
		last = ids[len(ids)-1]
	}
}

func sameWallet(ctx context.Context, source, target *DB, id uuid.UUID) error {
	want, err := digest(ctx, source, id)
	if err != nil {
		return err
	}
	got, err := digest(ctx, target, id)
	if errors.Is(err, ledger.ErrNoWallet) || err == nil && got != want {
		return fmt.Errorf("%w: the wallet of %s", ErrDifferent, id)
	}
	return err
}

func digest(ctx context.Context, db *DB, id uuid.UUID) (sum [32]byte, err error) {
	err = db.Ledger().Inspect(ctx, id, func(j ledger.Journal) (err error) {
		sum, err = ledger.Digest(j)
		return err
	})
	return sum, err
}
