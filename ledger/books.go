package ledger

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// Books are the storage as it is seen by those who check, export and mend it. Each method is one snapshot or one
// transaction.
type Books interface {
	// Wallets lists at most limit wallets after one, in order of id.
	Wallets(ctx context.Context, after uuid.UUID, limit int) ([]uuid.UUID, error)
	// Touched lists at most limit wallets with transactions after a position in the order of commits, and the
	// last position there is. After 0 it lists none: where to begin is known without the whole journal.
	Touched(ctx context.Context, after int64, limit int) ([]uuid.UUID, int64, error)
	// Inspect reads everything of one wallet. The journal ends with the call. [ErrNoWallet].
	Inspect(ctx context.Context, userID uuid.UUID, read func(Journal) error) error
	// Page lists at most limit transactions with a number above after, oldest first, without their postings.
	Page(ctx context.Context, userID uuid.UUID, after int64, limit int) ([]Transaction, error)
	// Structure looks at what belongs to no single wallet: I20 shared accounts, tables, rules and triggers, that they
	// are as this program makes them, as far as the engine can tell, and that no others are on its tables; if deep,
	// that pages and indexes agree, and row by row I2 postings without a transaction and I10 idempotency keys, and
	// I20 what belongs to a wallet that is not there, and wallets and people without each other, at most [MaxLost].
	Structure(ctx context.Context, deep bool) ([]Fault, error)
	// Mend replaces the projections of a frozen wallet and makes it active, or closes it if its person is deleted, and notes in the security log who did
	// so, and the wallet before and after. Nothing is written when mend fails. It reads a snapshot, and others go on
	// writing: a wallet that is not frozen, or was written to meanwhile, is [ErrNotRebuilt]. [ErrNoWallet].
	Mend(ctx context.Context, actor string, userID uuid.UUID, mend func(Journal) (Projections, error)) error
}

// MaxLost wallets that are not there are listed.
const MaxLost = 100

// CompareAccounts lists the shared accounts whose rows, by number and name, are not as they are to be.
func CompareAccounts(stored map[int]string) []Fault {
	var faults []Fault
	for i, code := range []string{
		"issue.bonus", "issue.daily", "issue.adjustment", "sale", "usage", "expired", "withdrawn", "opening",
	} {
		if no := -1 - i; stored[no] != code {
			faults = append(faults, Fault{Invariant: "I20", Text: fmt.Sprintf("the account %d %s is missing or was changed", no, code)})
		}
	}
	return faults
}

// Projections are what is stored beside the journal of a wallet and can be made from it.
type Projections struct {
	Wallet Wallet
	Grants []Grant
	Usage  []UsageDay
	// Purchases have what is posted for them; nothing else of them is a projection.
	Purchases []Purchase
}
