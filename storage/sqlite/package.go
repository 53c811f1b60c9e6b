package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
)

var _ provider.PackageStore = (*Provider)(nil)

const listPackages = `SELECT id, name, description, credits, price_euro_cents, stripe_price_id, active, sort_order,
	metadata, created_at, updated_at FROM credits_packages ORDER BY sort_order, name`

func collectPackages(rows *sql.Rows) ([]ledger.Package, error) {
	defer rows.Close()
	packages := []ledger.Package{}
	for rows.Next() {
		var p ledger.Package
		var price, metadata sql.NullString
		var created, updated int64
		if err := rows.Scan(&p.ID, &p.Name, &p.Description, &p.Credits, &p.PriceEuroCents, &price,
			&p.Active, &p.SortOrder, &metadata, &created, &updated); err != nil {
			return nil, fmt.Errorf("reading a package: %w", err)
		}
		p.StripePriceID, p.CreatedAt, p.UpdatedAt = price.String, fromTimestamp(created), fromTimestamp(updated)
		if metadata.Valid {
			p.Metadata = []byte(metadata.String)
		}
		packages = append(packages, p)
	}
	return packages, rows.Err()
}

// ListPackages implements [provider.PackageStore].
func (s *Provider) ListPackages(ctx context.Context) ([]ledger.Package, error) {
	rows, err := s.db.query(ctx, listPackages)
	if err != nil {
		return nil, fmt.Errorf("listing packages: %w", err)
	}
	return collectPackages(rows)
}

// RevisePackages implements [provider.PackageStore].
func (s *Provider) RevisePackages(ctx context.Context, by identity.Actor, revise func([]ledger.Package) ([]ledger.Package, error)) error {
	return s.db.write(ctx, func(t *tx) error {
		if err := authorize(t, by); err != nil {
			return err
		}
		rows, err := t.query(listPackages)
		if err != nil {
			return fmt.Errorf("listing packages: %w", err)
		}
		stored, err := collectPackages(rows)
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
			if err := insertEvent(t, by.Sign(provider.PackageEvent(storedPackage(stored, p.ID), p)), timestamp(s.db.clock())); err != nil {
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
	_, err := t.exec(`INSERT INTO credits_packages
			(id, name, description, credits, price_euro_cents, stripe_price_id, active, sort_order, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, nullif(?, ''), ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description, stripe_price_id = excluded.stripe_price_id,
			active = excluded.active, sort_order = excluded.sort_order, updated_at = excluded.updated_at`,
		p.ID.String(), p.Name, p.Description, int64(p.Credits), p.PriceEuroCents, p.StripePriceID, p.Active, p.SortOrder,
		timestamp(p.CreatedAt), timestamp(p.UpdatedAt))
	if violates(err, "credits_packages.stripe_price_id") {
		return provider.ErrPackagePrice
	}
	return err
}
