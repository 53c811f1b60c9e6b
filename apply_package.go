package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"mana/ledger"
	"mana/provider"
)

// packageEntry is a package of the file as it is written. Its name tells it from others.
type packageEntry struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	Credits     whole  `yaml:"credits"` // a cent each
	Place       whole  `yaml:"place"`
	StripePrice string `yaml:"stripe_price_id"`
	Active      *bool  `yaml:"active"` // nil: as it is; a new one is on
}

// describedPackage is one package of the file.
type describedPackage struct {
	ledger.Package
	active *bool
}

// readPackages takes the packages of the file, and says what is wrong with them.
func (f *applyFile) readPackages(entries []packageEntry, places place) []fileFault {
	var faults []fileFault
	firstAt := make(map[string]int)
	for i, entry := range entries {
		at := places.entry("packages", i)
		add := func(field, text string) {
			faults = append(faults, fileFault{at.line(field), fmt.Sprintf("packages[%d].%s: %s", i, field, text)})
		}
		described := describedPackage{active: entry.Active, Package: ledger.Package{
			Name: entry.Name, Description: entry.Description, SortOrder: int(entry.Place), StripePriceID: entry.StripePrice,
		}}
		if entry.Credits > 0 && entry.Credits <= provider.MaxPackageCredits {
			described.Credits = ledger.Amount(entry.Credits) * ledger.Credit
		}
		if field, text := packageFault(provider.CheckPackage(described.Package)); field != "" {
			add(field, text)
		}
		if first, twice := firstAt[entry.Name]; twice {
			add("name", fmt.Sprintf("%q is described at line %d already", entry.Name, first))
		}
		firstAt[entry.Name] = at.line("name")
		f.packages = append(f.packages, described)
	}
	return faults
}

// packageFault is the field that is wrong, and why; empty when none is.
func packageFault(err error) (field, text string) {
	switch {
	case errors.Is(err, provider.ErrPackageName):
		return "name", "must be 1 to 60 characters, and description up to 200, of one line each"
	case errors.Is(err, provider.ErrPackageCredits):
		return "credits", fmt.Sprintf("must be a whole number of 1 to %d", provider.MaxPackageCredits)
	case errors.Is(err, provider.ErrPackageOrder):
		return "place", "must be 0 to 1000000"
	case err != nil:
		return "stripe_price_id", "must begin with price_"
	}
	return "", ""
}

// errPackageCredits: who bought a package was told what it holds.
var errPackageCredits = errors.New("has other credits, which stay; give the new package another name")

// planPackages is what the packages of the file become beside the stored ones. It gives those that differ.
func (f *applyFile) planPackages(stored []ledger.Package, now time.Time) ([]ledger.Package, []outcome, error) {
	var wanted []ledger.Package
	var outcomes []outcome
	for _, described := range f.packages {
		o := outcome{Package: described.Name, Action: "unchanged"}
		at := slices.IndexFunc(stored, func(p ledger.Package) bool { return p.Name == described.Name })
		if at < 0 {
			described.Active = described.active == nil || *described.active
			made, err := provider.NewPackage(described.Package, now)
			if err != nil {
				return nil, nil, fmt.Errorf("package %q: %w", described.Name, err)
			}
			wanted, o.Action = append(wanted, made), "created"
			outcomes = append(outcomes, o)
			continue
		}
		after := described.over(stored[at])
		if described.Credits != after.Credits {
			return nil, nil, fmt.Errorf("%w: package %q %w", errRefused, described.Name, errPackageCredits)
		}
		if o.Fields = changedPackageFields(stored[at], after); len(o.Fields) > 0 {
			after.UpdatedAt = now.UTC().Truncate(time.Microsecond)
			wanted, o.Action = append(wanted, after), "updated"
		}
		outcomes = append(outcomes, o)
	}
	return wanted, outcomes, nil
}

// over is the described package in place of a stored one.
func (d describedPackage) over(before ledger.Package) ledger.Package {
	after := before
	after.Description, after.SortOrder, after.StripePriceID = d.Description, d.SortOrder, d.StripePriceID
	if d.active != nil {
		after.Active = *d.active
	}
	return after
}

func changedPackageFields(before, after ledger.Package) []string {
	var names []string
	differs := func(name string, differs bool) {
		if differs {
			names = append(names, name)
		}
	}
	differs("description", before.Description != after.Description)
	differs("place", before.SortOrder != after.SortOrder)
	differs("stripe_price_id", before.StripePriceID != after.StripePriceID)
	differs("active", before.Active != after.Active)
	return names
}

// whole is a whole number; YAML alone would cut the rest off.
type whole int64

// UnmarshalYAML reads digits; its error names the line.
func (n *whole) UnmarshalYAML(node *yaml.Node) error {
	value, err := strconv.ParseInt(node.Value, 10, 64)
	if err != nil {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %q is no whole number", node.Line, node.Value)}}
	}
	*n = whole(value)
	return nil
}
