package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider"
)

const (
	defaultHold  = 3600 // seconds
	maxHold      = int64(ledger.MaxHoldTime / time.Second)
	maxHoldRows  = 100
	holdRows     = 50
	maxCapturing = 500 // characters of the description of a capture
)

// holder is who calls a route of holds: a person, by a token of a first-party app or of a client, or a back end by its
// service key.
type holder struct {
	person uuid.UUID // nil: a back end
	who    provider.Access
	key    provider.ServiceKey
}

func (h holder) caller() string {
	if h.person == uuid.Nil {
		return h.key.Caller()
	}
	return h.who.Caller()
}

func (h holder) actor() string {
	if h.person == uuid.Nil {
		return h.key.Actor()
	}
	return ""
}

// sees is whose holds the caller may look at, empty for all: a person sees all of their own.
func (h holder) sees() string {
	if h.who.FirstParty {
		return ""
	}
	return h.caller()
}

// serves reports whether the caller may act for an app.
func (h holder) serves(app string) bool {
	if h.person == uuid.Nil {
		return h.key.Serves(app)
	}
	return h.who.FirstParty || slices.Contains(h.who.AppIDs, app)
}

// holds guards a route of holds. It takes a bearer token with a scope, or a service key that may hold.
func (a *API) holds(scope, class string, h func(http.ResponseWriter, *http.Request, holder) error) http.Handler {
	fresh := a.fresh()
	person := fresh.credits(scope, class, func(w http.ResponseWriter, r *http.Request, who provider.Access) error {
		return h(w, r, holder{person: who.UserID, who: who})
	})
	service := fresh.Proven(func(w http.ResponseWriter, r *http.Request) error {
		key, err := fresh.service(r, provider.MayHold)
		if err != nil {
			return err
		}
		return ofHold(h(w, r, holder{key: key}))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header.Values("X-Service-Key")) > 0 {
			service.ServeHTTP(w, r)
			return
		}
		person.ServeHTTP(w, r)
	})
}

// ofHold answers a hold of a person who is gone as one that is not there.
func ofHold(err error) error {
	if errors.Is(err, ledger.ErrNoWallet) || errors.Is(err, ledger.ErrClosed) {
		return ledger.ErrNoHold
	}
	return err
}

type holdBody struct {
	ID          string           `json:"id"`
	UserID      string           `json:"userId"`
	State       ledger.HoldState `json:"state"`
	Amount      ledger.Amount    `json:"amount"`
	Captured    ledger.Amount    `json:"captured"`
	AppID       string           `json:"appId"`
	Description string           `json:"description"`
	Metadata    json.RawMessage  `json:"metadata"`
	CreatedAt   string           `json:"createdAt"`
	ExpiresAt   string           `json:"expiresAt"`
	EndedAt     *string          `json:"endedAt"`
	Free        ledger.Amount    `json:"free"` // of the amount
	Paid        ledger.Amount    `json:"paid"`
	NewBalance  *balanceBody     `json:"newBalance,omitempty"`
}

func holdOf(h ledger.Hold) holdBody {
	body := holdBody{
		ID: h.ID.String(), UserID: h.UserID.String(), State: h.State, Amount: h.Amount, Captured: h.Captured, AppID: h.AppID,
		Description: h.Description, Metadata: json.RawMessage("null"), CreatedAt: timestamp(h.CreatedAt),
		ExpiresAt: timestamp(h.ExpiresAt), Free: h.Of(ledger.Free), Paid: h.Of(ledger.Paid),
	}
	if h.Metadata != nil {
		body.Metadata = h.Metadata
	}
	if !h.EndedAt.IsZero() {
		body.EndedAt = optional(timestamp(h.EndedAt))
	}
	return body
}

// writeHold answers with a hold that was made or changed, now or before.
func writeHold(w http.ResponseWriter, status int, receipt ledger.Receipt) {
	body, balance := holdOf(*receipt.Hold), balanceOf(receipt.Balance)
	body.NewBalance = &balance
	replayed(w, receipt)
	writeJSON(w, status, body)
}

// replayed sets the headers of an answer with a receipt.
func replayed(w http.ResponseWriter, receipt ledger.Receipt) {
	if receipt.Replayed {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	setCredits(w, receipt.Cost(), receipt.Current)
}

// Reserve holds part of a wallet: POST /api/v1/credits/holds.
func (a *API) Reserve() http.Handler {
	return a.holds(provider.ScopeCreditsSpend, "spend", a.reserve)
}

func (a *API) reserve(w http.ResponseWriter, r *http.Request, who holder) error {
	body, err := decode(r)
	if err != nil {
		return err
	}
	known := []string{"amount", "minimum", "appId", "description", "expiresIn", "metadata", "idempotencyKey"}
	hold, app := ledger.Reserve{UserID: who.person, Caller: who.caller(), Actor: who.actor()}, ""
	if who.person == uuid.Nil {
		known, hold.UserID, app = append(known, "userId"), body.id("userId"), who.key.Owner()
	}
	hold.Amount, hold.Minimum = body.amount(), body.optionalAmount("minimum")
	if hold.Minimum > hold.Amount {
		body.fail("minimum must be at most amount")
	}
	hold.AppID = body.appID(app)
	hold.Description = body.limited("description", 1, maxDescription)
	hold.ExpiresIn = time.Duration(body.whole("expiresIn", 1, maxHold, defaultHold)) * time.Second
	hold.Metadata = body.metadata("metadata")
	hold.IdempotencyKey = body.requiredKey(r.Header)
	body.only(known...)
	if err := body.err(); err != nil {
		return err
	}
	receipt, err := a.hold(r.Context(), who, hold)
	if err != nil {
		return a.lacking(w, r, hold.UserID, hold.Amount, err)
	}
	writeHold(w, http.StatusCreated, receipt)
	return nil
}

// hold makes a hold for somebody who may act for its app.
func (a *API) hold(ctx context.Context, who holder, hold ledger.Reserve) (ledger.Receipt, error) {
	if !who.serves(hold.AppID) {
		return ledger.Receipt{}, errAppNotAllowed()
	}
	if who.person != uuid.Nil {
		return a.cfg.Ledger.Reserve(ctx, hold)
	}
	if err := a.person(ctx, hold.UserID); err != nil {
		return ledger.Receipt{}, err
	}
	receipt, err := a.ledgerFor(who.key, hold.Amount).Reserve(ctx, hold)
	return receipt, ofPerson(err)
}

// requiredKey reads the idempotency key of a request that needs one.
func (o *object) requiredKey(header http.Header) string {
	key := o.idempotencyKey(header)
	if key == "" {
		o.fail("idempotencyKey is required")
	}
	return key
}

// lacking tells who has too little what there is, and where more can be bought if it can.
func (a *API) lacking(w http.ResponseWriter, r *http.Request, userID uuid.UUID, required ledger.Amount, err error) error {
	if !errors.Is(err, ledger.ErrInsufficient) && !errors.Is(err, ledger.ErrDebt) {
		return err
	}
	balance, readErr := a.cfg.Ledger.Peek(r.Context(), userID)
	refusal, _ := asError(err)
	if readErr != nil {
		return refusal
	}
	setCredits(w, 0, balance)
	refusal.Facts = map[string]any{"debt": balance.Debt}
	if errors.Is(err, ledger.ErrInsufficient) {
		refusal.Facts = map[string]any{"required": required, "available": balance.Free + balance.Paid, "held": balance.Held}
		if balance.DailyFree > 0 {
			refusal.Facts["nextFreeAt"] = timestamp(balance.NextDailyAt)
		}
	}
	if a.cfg.Shop.Open() {
		refusal.Facts["buyUrl"] = a.cfg.BuyURL
	}
	return refusal
}

// found is the hold of a path, if the caller may see it.
func (a *API) found(r *http.Request, who holder) (ledger.Hold, error) {
	id, ok := parseID(r.PathValue("id"))
	if !ok {
		return ledger.Hold{}, ledger.ErrNoHold
	}
	return a.visible(r.Context(), id, who)
}

// visible is a hold, if the caller may see it: somebody else's is answered as one that is not there.
func (a *API) visible(ctx context.Context, id uuid.UUID, who holder) (ledger.Hold, error) {
	hold, err := a.cfg.Ledger.FindHold(ctx, id)
	if err != nil {
		return hold, err
	}
	if who.person != uuid.Nil && who.person != hold.UserID || who.sees() != "" && who.sees() != hold.Caller || !who.serves(hold.AppID) {
		return hold, ledger.ErrNoHold
	}
	return hold, nil
}

func (h holder) ref(of ledger.Hold) ledger.HoldRef {
	return ledger.HoldRef{UserID: of.UserID, ID: of.ID, Caller: h.caller(), Actor: h.actor()}
}

// ending is the ledger for the end of a hold, which gives a service key back what it held of its cap.
func (a *API) ending(who holder) *ledger.Ledger {
	if who.person != uuid.Nil {
		return a.cfg.Ledger
	}
	return a.ledgerFor(who.key, 0)
}

type capturedBody struct {
	Transaction transactionBody `json:"transaction"`
	Hold        holdBody        `json:"hold"`
	NewBalance  balanceBody     `json:"newBalance"`
}

// Capture spends a hold, or part of it: POST /api/v1/credits/holds/{id}/capture.
func (a *API) Capture() http.Handler {
	return a.holds(provider.ScopeCreditsSpend, "spend", a.capture)
}

func (a *API) capture(w http.ResponseWriter, r *http.Request, who holder) error {
	body, err := decode(r)
	if err != nil {
		return err
	}
	capture := ledger.Capture{Amount: body.optionalAmount("amount"), Keep: !body.boolean("final", true)}
	capture.Description = body.limited("description", 0, maxCapturing)
	capture.IdempotencyKey = body.requiredKey(r.Header)
	body.only("amount", "final", "description", "idempotencyKey")
	if err := body.err(); err != nil {
		return err
	}
	hold, err := a.found(r, who)
	if err != nil {
		return err
	}
	capture.HoldRef = who.ref(hold)
	receipt, err := a.ending(who).Capture(r.Context(), capture)
	if err != nil {
		return err
	}
	replayed(w, receipt)
	writeJSON(w, http.StatusCreated, capturedBody{transactionOf(receipt.Transaction), holdOf(*receipt.Hold), balanceOf(receipt.Balance)})
	return nil
}

// Extend makes a hold longer, or larger: POST /api/v1/credits/holds/{id}/extend.
func (a *API) Extend() http.Handler { return a.holds(provider.ScopeCreditsSpend, "spend", a.extend) }

func (a *API) extend(w http.ResponseWriter, r *http.Request, who holder) error {
	body, err := decode(r)
	if err != nil {
		return err
	}
	extend := ledger.Extend{Add: body.optionalAmount("addAmount")}
	extend.ExpiresIn = time.Duration(body.whole("expiresIn", 1, maxHold, 0)) * time.Second
	if extend.Add == 0 && extend.ExpiresIn == 0 {
		body.fail("expiresIn or addAmount is required")
	}
	extend.IdempotencyKey = body.requiredKey(r.Header)
	body.only("addAmount", "expiresIn", "idempotencyKey")
	if err := body.err(); err != nil {
		return err
	}
	hold, err := a.found(r, who)
	if err != nil {
		return err
	}
	extend.HoldRef = who.ref(hold)
	books := a.cfg.Ledger
	if who.person == uuid.Nil && extend.Add > 0 {
		books = a.ledgerFor(who.key, extend.Add)
	}
	receipt, err := books.Extend(r.Context(), extend)
	if err != nil {
		return a.lacking(w, r, hold.UserID, extend.Add, err)
	}
	writeHold(w, http.StatusOK, receipt)
	return nil
}

// Release ends a hold: POST /api/v1/credits/holds/{id}/release. A person may end any of their own.
func (a *API) Release() http.Handler {
	return a.holds(provider.ScopeCreditsSpend, "spend", a.release)
}

func (a *API) release(w http.ResponseWriter, r *http.Request, who holder) error {
	body, err := decode(r)
	if err != nil {
		return err
	}
	body.only("idempotencyKey") // of no use: whoever repeats the request gets the same answer
	if err := body.err(); err != nil {
		return err
	}
	hold, err := a.found(r, who)
	if err != nil {
		return err
	}
	ref := who.ref(hold)
	ref.Caller = who.sees()
	receipt, err := a.ending(who).Release(r.Context(), ledger.Release{HoldRef: ref})
	if err != nil {
		return err
	}
	writeHold(w, http.StatusOK, receipt)
	return nil
}

// Hold reads a hold: GET /api/v1/credits/holds/{id}.
func (a *API) Hold() http.Handler {
	return a.holds(provider.ScopeCreditsRead, "read", func(w http.ResponseWriter, r *http.Request, who holder) error {
		hold, err := a.found(r, who)
		if err == nil {
			hold, err = a.cfg.Ledger.Hold(r.Context(), hold.ID)
		}
		if err != nil {
			return err
		}
		a.showCredits(w, r, hold.UserID)
		writeJSON(w, http.StatusOK, holdOf(hold))
		return nil
	})
}

// Holds lists holds, newest first: GET /api/v1/credits/holds?state&limit&before, with a service key userId too.
func (a *API) Holds() http.Handler { return a.holds(provider.ScopeCreditsRead, "read", a.listHolds) }

func (a *API) listHolds(w http.ResponseWriter, r *http.Request, who holder) error {
	limit, err := number(r, "limit", 1, maxHoldRows, holdRows)
	if err != nil {
		return err
	}
	values := r.URL.Query()
	q := ledger.HoldQuery{Caller: who.sees(), State: ledger.HoldState(values.Get("state")), Limit: limit + 1}
	states := []ledger.HoldState{"", ledger.HoldOpen, ledger.HoldCaptured, ledger.HoldReleased, ledger.HoldExpired}
	if !slices.Contains(states, q.State) {
		return validation("state must be open, captured, released or expired")
	}
	if text := values.Get("before"); text != "" {
		var ok bool
		if q.Before, ok = parseID(text); !ok {
			return validation("before must be the id of a hold")
		}
	}
	userID := who.person
	if userID == uuid.Nil {
		if userID, _ = parseID(values.Get("userId")); userID == uuid.Nil {
			return validation("userId must be a UUID")
		}
		if err := a.person(r.Context(), userID); err != nil {
			return err
		}
	}
	holds, err := a.cfg.Ledger.HoldsOf(r.Context(), userID, q)
	if err != nil {
		return err
	}
	page := pageBody[holdBody]{}
	if len(holds) > limit {
		holds = holds[:limit]
		page.NextCursor = optional(holds[limit-1].ID.String())
	}
	data := make([]holdBody, len(holds))
	for i, h := range holds {
		data[i] = holdOf(h)
	}
	page.Data = data
	a.showCredits(w, r, userID)
	writeJSON(w, http.StatusOK, page)
	return nil
}
