package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
)

// MaxPackageCredits is how many credits a package holds at most.
const MaxPackageCredits = 1_000_000

// The further bounds of packages.
const (
	maxPackageName = 60  // code points
	maxPackageText = 200 // code points
	maxPackagePos  = 1_000_000
	maxStripePrice = 255
)

// Errors of packages.
var (
	// ErrUnknownPackage: there is no such package.
	ErrUnknownPackage = errors.New("unknown package")
	// ErrPackageName: a name is empty or too long, or a description is.
	ErrPackageName = errors.New("package has no usable name or description")
	// ErrPackageCredits: the credits are not a whole number within bounds.
	ErrPackageCredits = errors.New("package has no whole number of credits")
	// ErrPackageOrder: the place in the list is out of bounds.
	ErrPackageOrder = errors.New("package has no usable place")
	// ErrPackagePrice: another package has the price's id at Stripe, or it is none.
	ErrPackagePrice = errors.New("price is of another package")
)

// PackageStore keeps what can be bought. Each method is one transaction.
type PackageStore interface {
	// ListPackages lists all packages by their place, then name, also those that are off.
	ListPackages(ctx context.Context) ([]ledger.Package, error)
	// RevisePackages creates or replaces the packages that revise makes of all stored ones, each with the event of
	// [PackageEvent]; credits and price of a stored one stay. Those that are as stored are not written. An error of
	// revise is returned, and nothing is stored. [ErrPackagePrice]; [identity.ErrNotAdministrator].
	RevisePackages(ctx context.Context, by identity.Actor, revise func(stored []ledger.Package) ([]ledger.Package, error)) error
}

// PackageAdmin changes packages. Every change is in the security log, with its actor.
type PackageAdmin struct {
	Store PackageStore
	By    identity.Actor
	Now   func() time.Time
}

// Create checks and stores a package under a new id. Its price follows from the credits: one cent each.
// [ErrPackageName], [ErrPackageCredits], [ErrPackageOrder], [ErrPackagePrice].
func (a PackageAdmin) Create(ctx context.Context, p ledger.Package) (ledger.Package, error) {
	p, err := NewPackage(p, a.Now())
	if err != nil {
		return p, err
	}
	return p, a.Store.RevisePackages(ctx, a.By, func([]ledger.Package) ([]ledger.Package, error) { return []ledger.Package{p}, nil })
}

// NewPackage completes and checks a package under a new id. Errors as [PackageAdmin.Create].
func NewPackage(p ledger.Package, now time.Time) (ledger.Package, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return p, fmt.Errorf("making an id: %w", err)
	}
	p.ID, p.CreatedAt = id, now.UTC().Truncate(time.Microsecond)
	p.UpdatedAt, p.PriceEuroCents = p.CreatedAt, int64(p.Credits/ledger.Credit)
	return p, CheckPackage(p)
}

// Change replaces name, description, place, price id and state of a package. Credits and price stay as they are: who
// bought it was told them. [ErrUnknownPackage], else as Create.
func (a PackageAdmin) Change(ctx context.Context, id uuid.UUID, change func(*ledger.Package)) error {
	_, err := a.Revise(ctx, id, func(p *ledger.Package) error { change(p); return nil })
	return err
}

// Revise is Change where the change may be refused. It gives the package as it is then.
func (a PackageAdmin) Revise(ctx context.Context, id uuid.UUID, change func(*ledger.Package) error) (after ledger.Package, err error) {
	err = a.Store.RevisePackages(ctx, a.By, func(stored []ledger.Package) ([]ledger.Package, error) {
		at := slices.IndexFunc(stored, func(p ledger.Package) bool { return p.ID == id })
		if at < 0 {
			return nil, ErrUnknownPackage
		}
		before := stored[at]
		after = before
		if err := change(&after); err != nil {
			return nil, err
		}
		after.ID, after.Credits, after.PriceEuroCents = before.ID, before.Credits, before.PriceEuroCents
		if samePackage(before, after) {
			return nil, nil
		}
		after.UpdatedAt = a.Now().UTC().Truncate(time.Microsecond)
		return []ledger.Package{after}, CheckPackage(after)
	})
	return after, err
}

// CheckPackage says what is wrong with a package. Errors as [PackageAdmin.Create].
func CheckPackage(p ledger.Package) error {
	length := utf8.RuneCountInString(p.Name)
	switch {
	case length == 0 || length > maxPackageName || utf8.RuneCountInString(p.Description) > maxPackageText,
		!printable(p.Name), !printable(p.Description):
		return ErrPackageName
	case p.Credits <= 0 || p.Credits%ledger.Credit != 0 || p.Credits > MaxPackageCredits*ledger.Credit:
		return ErrPackageCredits
	case p.SortOrder < 0 || p.SortOrder > maxPackagePos:
		return ErrPackageOrder
	case p.StripePriceID != "" && (!strings.HasPrefix(p.StripePriceID, "price_") || len(p.StripePriceID) > maxStripePrice):
		return ErrPackagePrice
	}
	return nil
}

func samePackage(a, b ledger.Package) bool {
	return a.Name == b.Name && a.Description == b.Description && a.StripePriceID == b.StripePriceID && a.Active == b.Active && a.SortOrder == b.SortOrder
}

// PackageEvent is the entry of the security log for a change of a package; a zero one before it is new.
func PackageEvent(before, after ledger.Package) identity.Event {
	e := identity.Event{Type: "package_changed", Metadata: map[string]string{"package": after.ID.String(), "after": packageLine(after)}}
	if before.ID == uuid.Nil {
		e.Type = "package_created"
		return e
	}
	e.Metadata["before"] = packageLine(before)
	return e
}

// packageLine is what can change of a package, in one line.
func packageLine(p ledger.Package) string {
	return fmt.Sprintf("name=%q credits=%d place=%d price=%q active=%v description=%q",
		p.Name, p.Credits/ledger.Credit, p.SortOrder, p.StripePriceID, p.Active, p.Description)
}
