package ledger

import "time"

// NewPurchase decides an order: on the wallet of the person, of which pending purchases wait for their payment, and of
// the package as it is. [ErrClosed], [ErrFrozen], [ErrNoPackage], [ErrTooManyPending], [ErrBalanceLimit].
func NewPurchase(w Wallet, pending int, pack Package, now time.Time, o Order) (Purchase, error) {
	now = now.UTC().Truncate(time.Microsecond)
	switch {
	case w.State == WalletFrozen:
		return Purchase{}, ErrFrozen
	case w.State != WalletActive:
		return Purchase{}, ErrClosed
	case !pack.Active:
		return Purchase{}, ErrNoPackage
	case pending >= MaxPending:
		return Purchase{}, ErrTooManyPending
	case w.held()+pack.Credits-w.Debt > MaxWallet:
		return Purchase{}, ErrBalanceLimit
	}
	return Purchase{
		ID: o.ID, UserID: w.UserID, PackageID: pack.ID, Credits: pack.Credits, PriceEuroCents: pack.PriceEuroCents,
		Currency: Euro, Livemode: o.Livemode, Account: o.Account, Status: PurchasePending, Metadata: o.Metadata,
		CreatedAt: now, ExpiresAt: now.Add(PendingFor),
	}, nil
}
