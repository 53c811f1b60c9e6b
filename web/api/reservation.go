package api

import (
	"errors"
	"net/http"
	"time"

	"mana/ledger"
	"mana/provider"
)

const maxReason = 200 // characters

type reservedBody struct {
	ReservationID string        `json:"reservationId"`
	Balance       ledger.Amount `json:"balance"` // all that can still be spent
	ExpiresAt     string        `json:"expiresAt"`
	NewBalance    balanceBody   `json:"newBalance"`
}

type committedBody struct {
	Success       bool   `json:"success"`
	TransactionID string `json:"transactionId"`
}

type releasedBody struct {
	Success    bool          `json:"success"`
	Balance    ledger.Amount `json:"balance"` // all that can still be spent
	NewBalance balanceBody   `json:"newBalance"`
}

// ServiceReserve holds credits of a person for a back end: POST reserve, the contract's name for a hold.
func (a *API) ServiceReserve(w http.ResponseWriter, r *http.Request) error {
	key, err := a.service(r, provider.MayHold)
	if err != nil {
		return err
	}
	body, err := decode(r)
	if err != nil {
		return err
	}
	hold := ledger.Reserve{UserID: body.id("userId"), Amount: body.amount(), Caller: key.Caller(), Actor: key.Actor()}
	hold.Description = body.limited("reason", 1, maxReason)
	hold.AppID = body.appID(key.Owner())
	hold.ExpiresIn = time.Duration(body.whole("expiresIn", 1, maxHold, defaultHold)) * time.Second
	hold.IdempotencyKey = body.idempotencyKey(r.Header)
	if err := body.err(); err != nil {
		return err
	}
	receipt, err := a.hold(r.Context(), holder{key: key}, hold)
	if err != nil {
		return a.refusedUse(w, r, hold.UserID, err)
	}
	replayed(w, receipt)
	writeJSON(w, http.StatusOK, reservedBody{receipt.Hold.ID.String(), spendable(receipt), timestamp(receipt.Hold.ExpiresAt), balanceOf(receipt.Balance)})
	return nil
}

// spendable is all that can still be spent.
func spendable(receipt ledger.Receipt) ledger.Amount {
	return receipt.Balance.Free + receipt.Balance.Paid
}

// ServiceCommit spends a hold and releases the rest: POST commit. Who repeats it gets the same answer.
func (a *API) ServiceCommit(w http.ResponseWriter, r *http.Request) error {
	key, err := a.service(r, provider.MayHold)
	if err != nil {
		return err
	}
	body, err := decode(r)
	if err != nil {
		return err
	}
	id, capture := body.id("reservationId"), ledger.Capture{Amount: body.optionalAmount("amount")}
	capture.Description = body.limited("description", 0, maxCapturing)
	if err := body.err(); err != nil {
		return err
	}
	hold, err := a.visible(r.Context(), id, holder{key: key})
	if err != nil {
		return err
	}
	capture.HoldRef = holder{key: key}.ref(hold)
	receipt, err := a.ledgerFor(key, 0).Capture(r.Context(), capture)
	if errors.Is(err, ledger.HoldEnded{State: ledger.HoldCaptured}) {
		receipt, err = a.committed(r, capture, err)
	}
	if errors.Is(err, ledger.ErrTooMuch) {
		return validation("amount must be at most what is reserved")
	}
	if err != nil {
		return ofHold(err)
	}
	replayed(w, receipt)
	writeJSON(w, http.StatusOK, committedBody{true, receipt.Transaction.ID.String()})
	return nil
}

// committed is the receipt of an earlier commit of the same amount, or the error that refuses this one.
func (a *API) committed(r *http.Request, capture ledger.Capture, refusal error) (ledger.Receipt, error) {
	hold, err := a.cfg.Ledger.FindHold(r.Context(), capture.ID)
	if err != nil {
		return ledger.Receipt{}, err
	}
	receipt, err := a.cfg.Ledger.LastCapture(r.Context(), hold)
	if err == nil && capture.Amount != 0 && capture.Amount != -receipt.Transaction.Amount {
		err = refusal
	}
	if err == nil {
		receipt.Current, err = a.cfg.Ledger.Peek(r.Context(), hold.UserID)
	}
	return receipt, err
}

// ServiceRelease gives a hold back: POST refund-reservation and release. Who repeats it gets the same answer.
func (a *API) ServiceRelease(w http.ResponseWriter, r *http.Request) error {
	key, err := a.service(r, provider.MayHold)
	if err != nil {
		return err
	}
	body, err := decode(r)
	if err != nil {
		return err
	}
	id := body.id("reservationId")
	if err := body.err(); err != nil {
		return err
	}
	hold, err := a.visible(r.Context(), id, holder{key: key})
	if err != nil {
		return err
	}
	receipt, err := a.ledgerFor(key, 0).Release(r.Context(), ledger.Release{HoldRef: holder{key: key}.ref(hold)})
	if err != nil {
		return ofHold(err)
	}
	replayed(w, receipt)
	writeJSON(w, http.StatusOK, releasedBody{true, spendable(receipt), balanceOf(receipt.Balance)})
	return nil
}
