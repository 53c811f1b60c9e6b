package stripe

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"mana/ledger"
)

// Basket is what a person wants to buy.
type Basket struct {
	UserID    uuid.UUID
	PackageID uuid.UUID
	Metadata  []byte // JSON object, kept with the purchase; nil if none
	RoomID    string // goes to Stripe with the payment; empty: none
	Language  string // of the payment page: "en", "de"; empty: that of the browser
	// Success and Cancelled give the pages to return to from the payment page, by the id of the purchase.
	Success, Cancelled func(purchaseID uuid.UUID) string
}

// Session is a payment page of one purchase.
type Session struct {
	URL     string
	Payment ledger.Payment
}

// Intent is a payment that a client of its own completes.
type Intent struct {
	ClientSecret string
	Payment      ledger.Payment
}

// desk is where payments are asked for. Errors are [ErrService].
type desk interface {
	// session opens a payment page. The id of the purchase is the key of the call.
	session(ctx context.Context, p ledger.Purchase, b Basket) (Session, error)
	// intent begins a payment. The id of the purchase is the key of the call.
	intent(ctx context.Context, p ledger.Purchase, b Basket) (Intent, error)
	// address is that of the payment page of a purchase, empty when it has none that is open.
	address(ctx context.Context, p ledger.Purchase) (string, error)
	// expire closes the payment page of a purchase.
	expire(ctx context.Context, p ledger.Purchase) error
	// receipt is the address of the receipt of a payment, empty when there is none.
	receipt(ctx context.Context, p ledger.Purchase) (string, error)
	// refund asks for a refund, once, and tells what became of it.
	refund(ctx context.Context, r ledger.AskedRefund) (ledger.PaymentRefund, error)
}

// Checkout orders a package, and opens the page to pay it on. [ErrOff], [ErrService], and those of
// [ledger.Purchases.Order].
func (s *Shop) Checkout(ctx context.Context, b Basket) (ledger.Purchase, Session, error) {
	p, err := s.order(ctx, b)
	if err != nil {
		return ledger.Purchase{}, Session{}, err
	}
	session, err := s.desk.session(ctx, p, b)
	if err == nil && !s.leads(session.URL) {
		err = fmt.Errorf("the payment page is elsewhere: %w", ErrService)
	}
	if err := s.link(ctx, p, session.Payment, err); err != nil {
		return ledger.Purchase{}, Session{}, err
	}
	return p, session, nil
}

// leads reports whether an address is on the origin of the payment pages.
func (s *Shop) leads(address string) bool {
	return s.Key == "" || strings.HasPrefix(address, s.PayOrigin()+"/")
}

// Pay orders a package, and begins a payment that the caller's client completes. Errors as [Shop.Checkout].
func (s *Shop) Pay(ctx context.Context, b Basket) (ledger.Purchase, Intent, error) {
	p, err := s.order(ctx, b)
	if err != nil {
		return ledger.Purchase{}, Intent{}, err
	}
	intent, err := s.desk.intent(ctx, p, b)
	if err := s.link(ctx, p, intent.Payment, err); err != nil {
		return ledger.Purchase{}, Intent{}, err
	}
	return p, intent, nil
}

// order stores a purchase before Stripe hears of it.
func (s *Shop) order(ctx context.Context, b Basket) (ledger.Purchase, error) {
	if s.desk == nil {
		return ledger.Purchase{}, ErrOff
	}
	id, err := uuid.NewV7()
	if err != nil {
		return ledger.Purchase{}, fmt.Errorf("making an id: %w", err)
	}
	return s.Purchases.Order(ctx, ledger.Order{
		ID: id, UserID: b.UserID, PackageID: b.PackageID, Livemode: s.Key.Live(), Metadata: b.Metadata,
	})
}

// link notes where a purchase is paid. One that could not be taken to Stripe is cancelled: nobody knows where to pay it.
// Should money arrive all the same, it completes it.
func (s *Shop) link(ctx context.Context, p ledger.Purchase, at ledger.Payment, fault error) error {
	if fault == nil {
		return s.Purchases.Link(ctx, p.ID, at)
	}
	s.Logger.Error("asking Stripe for a payment failed", "purchase", p.ID, "error", fault)
	_, err := s.settle(context.WithoutCancel(ctx), cancelled(p))
	return errors.Join(fault, err)
}

// cancelled is the fact that a purchase will not be paid.
func cancelled(p ledger.Purchase) ledger.Fact {
	return ledger.Fact{Kind: ledger.FactCancelled, PurchaseID: p.ID, Payment: p.Payment, Currency: p.Currency, Livemode: p.Livemode}
}

// Continue gives the page to pay a purchase on that waits, empty when it has none any more. [ErrOff], [ErrService],
// [ledger.ErrNoPurchase].
func (s *Shop) Continue(ctx context.Context, userID, purchaseID uuid.UUID) (string, error) {
	p, err := s.Purchases.Purchase(ctx, userID, purchaseID)
	if err != nil {
		return "", err
	}
	if s.desk == nil {
		return "", ErrOff
	}
	address, err := s.desk.address(ctx, p)
	if err != nil || !s.leads(address) {
		return "", err
	}
	return address, nil
}

// Cancel gives up a purchase that waits for its payment. One that was paid meanwhile stays. Errors as [Shop.Continue].
func (s *Shop) Cancel(ctx context.Context, userID, purchaseID uuid.UUID) error {
	p, err := s.Purchases.Purchase(ctx, userID, purchaseID)
	if err != nil {
		return err
	}
	if s.desk == nil {
		return ErrOff
	}
	if p.Status != ledger.PurchasePending && p.Status != ledger.PurchaseFailed {
		return nil
	}
	if err := s.desk.expire(ctx, p); err != nil {
		return err
	}
	_, err = s.settle(ctx, cancelled(p))
	return err
}

// Receipt is the address of Stripe's receipt of a purchase, empty when there is none. Errors as [Shop.Continue].
func (s *Shop) Receipt(ctx context.Context, userID, purchaseID uuid.UUID) (string, error) {
	p, err := s.Purchases.Purchase(ctx, userID, purchaseID)
	if err != nil {
		return "", err
	}
	if s.desk == nil {
		return "", ErrOff
	}
	return s.desk.receipt(ctx, p)
}

// Withdraw takes a purchase of w.UserID back as far as it is unspent. The job asks for the refund. Errors as
// [ledger.Purchases.Withdraw].
func (s *Shop) Withdraw(ctx context.Context, w ledger.Withdrawal) (_ ledger.Purchase, err error) {
	if w.RequestID, err = uuid.NewV7(); err != nil {
		return ledger.Purchase{}, fmt.Errorf("making an id: %w", err)
	}
	if w.TransactionID, err = uuid.NewV7(); err != nil {
		return ledger.Purchase{}, fmt.Errorf("making an id: %w", err)
	}
	w.Actor = "user"
	return s.Purchases.Withdraw(ctx, w)
}
