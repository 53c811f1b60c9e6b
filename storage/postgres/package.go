package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
)

var _ provider.PackageStore = (*Provider)(nil)

const listPackages = `SELECT id, name, description, credits, price_euro_cents, stripe_price_id, active, sort_order,
	metadata::text, created_at, updated_at FROM credits.packages ORDER BY sort_order, name COLLATE "C"`

func scanPackage(row pgx.CollectableRow) (ledger.Package, error) {
	var p ledger.Package
	err := row.Scan(&p.ID, &p.Name, &p.Description, &p.Credits, &p.PriceEuroCents, toText(&p.StripePriceID),
		&p.Active, &p.SortOrder, &p.Metadata, &p.CreatedAt, &p.UpdatedAt)
	return p, err
}

// ListPackages implements [provider.PackageStore].
func (s *Provider) ListPackages(ctx context.Context) ([]ledger.Package, error) {
	var packages []ledger.Package
	if err := s.db.read(ctx, nobody, listPackages, all(&packages, scanPackage)); err != nil {
		return nil, fmt.Errorf("listing packages: %w", err)
	}
	return packages, nil
}

// RevisePackages implements [provider.PackageStore].
func (s *Provider) RevisePackages(ctx context.Context, by identity.Actor, revise func([]ledger.Package) ([]ledger.Package, error)) error {
	return s.db.write(ctx, system, func(t *tx) error {
		if err := lockTable(t, "credits.packages"); err != nil {
			return err
		}
		if err := authorize(t, by); err != nil {
			return err
		}
		rows, err := t.query(listPackages)
		if err != nil {
			return fmt.Errorf("listing packages: %w", err)
		}
		stored, err := pgx.CollectRows(rows, scanPackage)
		if err != nil {
			return fmt.Errorf("listing packages: %w", err)
		}
		wanted, err := revise(slices.Clone(stored))
		if err != nil {
			return err
		}
		for _, p := range wanted {
			if err := upsertPackage(t, p); err != nil {
				return fmt.Errorf("storing package %q: %w", p.Name, err)
			}
			if err := insertEvent(t, by.Sign(provider.PackageEvent(storedPackage(stored, p.ID), p)), s.db.clock()); err != nil {
				return err
			}
		}
		return nil
	})
}

// storedPackage is the package of an id, or the zero value.
func storedPackage(stored []ledger.Package, id uuid.UUID) ledger.Package {
	for _, p := range stored {
		if p.ID == id {
			return p
		}
	}
	return ledger.Package{}
}

// upsertPackage stores a package. Credits and price of one that is stored stay.
func upsertPackage(t *tx, p ledger.Package) error {
	_, err := t.exec(`INSERT INTO credits.packages
			(id, name, description, credits, price_euro_cents, stripe_price_id, active, sort_order, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, nullif($6, ''), $7, $8, $9, $10)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description, stripe_price_id = excluded.stripe_price_id,
			active = excluded.active, sort_order = excluded.sort_order, updated_at = excluded.updated_at`,
		p.ID, p.Name, p.Description, p.Credits, p.PriceEuroCents, p.StripePriceID, p.Active, p.SortOrder, p.CreatedAt, p.UpdatedAt)
	if violates(err, "packages_stripe_price_id_key") {
		return provider.ErrPackagePrice
	}
	return err
}
