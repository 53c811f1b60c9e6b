package api

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"mana/keys/verifier"
	"mana/ledger"
	"mana/provider"
)

// ofClient is what a token allows that a client has for itself.
type ofClient struct{ provider.Access }

// Has reports whether the token is a client's own, and allows what a scope names.
func (c ofClient) Has(scope string) bool {
	return c.UserID == uuid.Nil && slices.Contains(c.Scopes, scope)
}

// ClientRefund gives back part of a use, or all that is left of it, on the word of the app that charged it: POST
// /api/v1/credits/refunds. The app shows a token of its own; people cannot refund themselves.
func (a *API) ClientRefund() http.Handler {
	fresh := a.fresh()
	guard := verifier.Guard[ofClient]{Refuse: fresh.refuse, Verify: func(ctx context.Context, token string) (ofClient, error) {
		access, err := a.cfg.FirstParty.Access(ctx, token)
		return ofClient{access}, err
	}}
	return guard.Require(provider.ScopeCreditsSpend)(fresh.Proven(func(w http.ResponseWriter, r *http.Request) error {
		client, ok := guard.From(r.Context())
		if !ok {
			return errors.New("a guarded route was reached without a token")
		}
		if wait := a.cfg.TakeService(r.Context(), client.ClientID, 0); wait > 0 {
			return tooMany(wait)
		}
		if err := singleQuery(r); err != nil {
			return err
		}
		return fresh.clientRefund(w, r, client.Access)
	}))
}

func (a *API) clientRefund(w http.ResponseWriter, r *http.Request, client provider.Access) error {
	body, err := decode(r)
	if err != nil {
		return err
	}
	refund := ledger.Refund{TransactionID: body.id("transactionId"), Caller: client.Caller(), Actor: client.Caller(), AppIDs: client.AppIDs}
	if _, named := body.members["amount"]; named {
		refund.Amount = body.amount()
	}
	refund.Rest = refund.Amount == 0
	refund.Description = body.limited("description", 1, maxDescription)
	if refund.IdempotencyKey = body.idempotencyKey(r.Header); refund.IdempotencyKey == "" {
		body.fail("idempotencyKey is required")
	}
	refund.Metadata = body.metadata("metadata")
	if err := body.err(); err != nil {
		return err
	}
	if refund.UserID, err = a.cfg.Ledger.Owner(r.Context(), refund.TransactionID); err != nil {
		return ofUse(err)
	}
	if err := a.person(r.Context(), refund.UserID); err != nil {
		return ofUse(err)
	}
	if _, err := a.left(r.Context(), refund); err != nil {
		return ofUse(err)
	}
	receipt, err := a.cfg.Ledger.Refund(r.Context(), refund)
	if errors.Is(err, ledger.ErrNothingToRefund) {
		err = a.exceeds(r.Context(), refund)
	}
	if err != nil {
		return ofUse(err)
	}
	writeReceipt(w, receipt)
	return nil
}

// left is what a use has left to refund. [ledger.ErrNoTransaction] when it is no use, or of another app.
func (a *API) left(ctx context.Context, refund ledger.Refund) (ledger.Amount, error) {
	use, refunds, err := a.cfg.Ledger.Entry(ctx, refund.UserID, refund.TransactionID)
	if err != nil {
		return 0, err
	}
	if use.Type != ledger.TypeUsage || !slices.Contains(refund.AppIDs, use.AppID) {
		return 0, ledger.ErrNoTransaction
	}
	left := -use.Amount
	for _, back := range refunds {
		left -= back.Amount
	}
	return left, nil
}

// exceeds refuses a refund of more than what is left.
func (a *API) exceeds(ctx context.Context, refund ledger.Refund) error {
	left, err := a.left(ctx, refund)
	if err != nil {
		return err
	}
	return &Error{
		Status: http.StatusUnprocessableEntity, Code: "REFUND_EXCEEDS_USAGE", Message: "More than what is left of this use",
		Facts: map[string]any{"rest": left},
	}
}

// ofUse turns what is said of a use into the answer for its app: a use of another app, or of a person who is gone, is
// answered as one that is not there.
func ofUse(err error) error {
	refusal := new(Error)
	gone := errors.As(ofPerson(err), &refusal) && refusal.Code == errUserNotFound().Code
	if gone || errors.Is(err, ledger.ErrNoTransaction) {
		return Refusal(http.StatusNotFound)
	}
	return err
}
