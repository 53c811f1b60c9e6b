package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mana/keys/verifier"
	"mana/ledger"
	"mana/provider"
)

const (
	maxAppID       = 64
	maxDescription = 1000
	maxLimit       = 1000
	maxOffset      = 100_000
	defaultLimit   = 50
)

// credits guards a route of the credits API as any resource server does: the token must let its person do what
// scope names. Then it counts the call.
func (a *API) credits(scope, class string, h func(http.ResponseWriter, *http.Request, provider.Access) error) http.Handler {
	guarded := a.guard.Require(scope)(a.Proven(func(w http.ResponseWriter, r *http.Request) error {
		who, ok := a.guard.From(r.Context())
		if !ok {
			return errors.New("a guarded route was reached without a token")
		}
		if err := a.limitPerson(r, who, class); err != nil {
			return err
		}
		if err := singleQuery(r); err != nil {
			return err
		}
		return h(w, r, who)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hasBearer(r) && len(r.Header.Values("X-Service-Key")) > 0 {
			a.WriteError(w, r, errTwoCredentials())
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

func (a *API) limitPerson(r *http.Request, who provider.Access, class string) error {
	person := who.UserID.String()
	if err := a.limit(r.Context(), "bearer", person); err != nil {
		return err
	}
	if class == "spend" {
		person += " " + who.Caller()
	}
	return a.limit(r.Context(), class, person)
}

// refuse answers a call whose token is refused. The challenge names the document that describes the resource
// (RFC 9728, section 5.1).
func (a *API) refuse(w http.ResponseWriter, r *http.Request, refusal verifier.Refusal) {
	a.refuseFor(w, r, refusal, a.cfg.FirstParty.CreditsMetadataURL())
}

// refuseFor is refuse for the API that describes itself at an address.
func (a *API) refuseFor(w http.ResponseWriter, r *http.Request, refusal verifier.Refusal, metadata string) {
	if refusal.Err != nil {
		a.WriteError(w, r, refusal.Err)
		return
	}
	e := unauthorized("Invalid token")
	switch refusal.Fault {
	case "invalid_request": // two tokens; whatever is wrong with what was sent is answered alike
		refusal.Fault = "invalid_token"
	case "":
		e = unauthorized("No token provided")
	case "insufficient_scope":
		e = &Error{Status: http.StatusForbidden, Code: "INSUFFICIENT_SCOPE", Message: "Insufficient scope"}
	}
	e.Challenge = refusal.Challenge(`resource_metadata="` + metadata + `"`)
	a.WriteError(w, r, e)
}

type balanceBody struct {
	Balance              ledger.Amount `json:"balance"`
	FreeCreditsRemaining ledger.Amount `json:"freeCreditsRemaining"`
	TotalEarned          ledger.Amount `json:"totalEarned"`
	TotalSpent           ledger.Amount `json:"totalSpent"`
	DailyFreeCredits     ledger.Amount `json:"dailyFreeCredits"`
	Held                 ledger.Amount `json:"held"`
	Debt                 ledger.Amount `json:"debt"`
	UserID               string        `json:"userId,omitempty"`
}

func balanceOf(b ledger.Balance) balanceBody {
	return balanceBody{
		Balance: b.Paid, FreeCreditsRemaining: b.Free, TotalEarned: b.Earned, TotalSpent: b.Spent,
		DailyFreeCredits: b.DailyFree, Held: b.Held, Debt: b.Debt,
	}
}

// Balance reads a person's credits: GET /api/v1/credits/balance.
func (a *API) Balance() http.Handler { return a.credits(provider.ScopeCreditsRead, "read", a.balance) }

func (a *API) balance(w http.ResponseWriter, r *http.Request, who provider.Access) error {
	balance, err := a.cfg.Ledger.Balance(r.Context(), who.UserID)
	if err != nil {
		return err
	}
	writeBalance(w, r, balance)
	return nil
}

func writeBalance(w http.ResponseWriter, r *http.Request, balance ledger.Balance) {
	setCredits(w, 0, balance)
	if unchanged(w, r, balance) {
		return
	}
	body := balanceOf(balance)
	body.UserID = balance.UserID.String()
	writeJSON(w, http.StatusOK, body)
}

type transactionBody struct {
	ID             string          `json:"id"`
	UserID         string          `json:"userId"`
	Type           string          `json:"type"`
	Status         string          `json:"status"`
	Amount         ledger.Amount   `json:"amount"`
	BalanceBefore  ledger.Amount   `json:"balanceBefore"`
	BalanceAfter   ledger.Amount   `json:"balanceAfter"`
	AppID          string          `json:"appId"`
	Description    string          `json:"description"`
	Metadata       json.RawMessage `json:"metadata"`
	IdempotencyKey *string         `json:"idempotencyKey"`
	CreatedAt      string          `json:"createdAt"`
	CompletedAt    string          `json:"completedAt"`
}

func transactionOf(t ledger.Transaction) transactionBody {
	metadata := json.RawMessage("null")
	if t.Metadata != nil {
		metadata = t.Metadata
	}
	return transactionBody{
		ID: t.ID.String(), UserID: t.UserID.String(), Type: string(t.Type), Status: "completed",
		Amount: t.Amount, BalanceBefore: t.Before, BalanceAfter: t.After, AppID: t.AppID, Description: t.Description,
		Metadata: metadata, IdempotencyKey: optional(t.IdempotencyKey), CreatedAt: timestamp(t.At), CompletedAt: timestamp(t.At),
	}
}

type receiptBody struct {
	Success     bool            `json:"success"`
	Transaction transactionBody `json:"transaction"`
	NewBalance  balanceBody     `json:"newBalance"`
	Message     string          `json:"message,omitempty"`
}

// Use spends credits: POST /api/v1/credits/use. It takes a bearer token or a service key.
func (a *API) Use() http.Handler {
	service, person := a.Proven(a.ServiceUse), a.credits(provider.ScopeCreditsSpend, "spend", a.use)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header.Values("X-Service-Key")) > 0 {
			service.ServeHTTP(w, r)
			return
		}
		person.ServeHTTP(w, r)
	})
}

func (a *API) use(w http.ResponseWriter, r *http.Request, who provider.Access) error {
	body, err := decode(r)
	if err != nil {
		return err
	}
	use := ledger.Use{UserID: who.UserID, Amount: body.amount(), AppID: body.appID(""), Caller: who.Caller()}
	use.Description = body.limited("description", 1, maxDescription)
	use.IdempotencyKey = body.idempotencyKey(r.Header)
	use.Metadata = body.metadata("metadata")
	if err := body.err(); err != nil {
		return err
	}
	if !who.FirstParty && !slices.Contains(who.AppIDs, use.AppID) {
		return errAppNotAllowed()
	}
	receipt, err := a.cfg.Ledger.Use(r.Context(), use)
	if err != nil {
		return a.refusedUse(w, r, use.UserID, err)
	}
	writeReceipt(w, receipt)
	return nil
}

// writeReceipt answers with what was posted, now or before.
func writeReceipt(w http.ResponseWriter, receipt ledger.Receipt) {
	answer := receiptBody{Success: true, Transaction: transactionOf(receipt.Transaction), NewBalance: balanceOf(receipt.Balance)}
	if receipt.Replayed {
		answer.Message = "Transaction already processed"
		w.Header().Set("Idempotency-Replayed", "true")
	}
	setCredits(w, receipt.Cost(), receipt.Current)
	writeJSON(w, http.StatusCreated, answer)
}

// appID reads the app that credits are spent for. An empty or absent one means the fallback; without a fallback
// it is an error.
func (o *object) appID(fallback string) string {
	id, ok := o.text("appId")
	switch {
	case id == "" && fallback != "":
		return fallback
	case !ok:
		o.fail("appId is required")
	case !ValidAppID(id):
		o.fail("appId must be 1 to 64 characters of A-Z, a-z, 0-9, dot, underscore, colon and hyphen")
	}
	return id
}

// ValidAppID reports whether a text can be the id of an app.
func ValidAppID(id string) bool {
	return id != "" && len(id) <= maxAppID && !strings.ContainsFunc(id, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("._:-", c)
	})
}

// idempotencyKey reads the key from body or header, bare or as a string of RFC 9651. Two that differ are an
// error, an empty one in the body means none.
func (o *object) idempotencyKey(header http.Header) string {
	key, _ := o.text("idempotencyKey")
	sent := header.Values("Idempotency-Key")
	if len(sent) > 1 {
		o.fail("idempotencyKey differs from the header Idempotency-Key")
		return ""
	}
	if len(sent) == 1 {
		fromHeader, ok := headerKey(sent[0])
		if !ok {
			o.fail("idempotencyKey must be 1 to 255 characters")
		}
		if key != "" && key != fromHeader {
			o.fail("idempotencyKey differs from the header Idempotency-Key")
		}
		key = fromHeader
	}
	if key != "" && !ledger.ValidKey(key) {
		o.fail("idempotencyKey must be 1 to 255 characters")
	}
	return key
}

// headerString is a String of RFC 9651, section 4.2.5, with parameters, which mean nothing here.
var headerString = regexp.MustCompile(`^"((?:[ !#-\[\]-~]|\\["\\])*)"(?: *; *[a-z*][a-z0-9_.*-]*(?:=(?:[!#-+\--:<-~]+|"(?:[ !#-\[\]-~]|\\["\\])*"))?)*$`)

// headerKey reads the key in a header: a text that begins with a quote is a String of RFC 9651, any other is the key
// itself. An empty key is none.
func headerKey(text string) (string, bool) {
	if !strings.HasPrefix(text, `"`) {
		return text, text != ""
	}
	match := headerString.FindStringSubmatch(text)
	if match == nil {
		return "", false
	}
	key := strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(match[1])
	return key, key != ""
}

// Transactions lists a person's history: GET /api/v1/credits/transactions.
func (a *API) Transactions() http.Handler {
	return a.credits(provider.ScopeCreditsRead, "read", a.transactions)
}

func (a *API) transactions(w http.ResponseWriter, r *http.Request, who provider.Access) error {
	limit, err := number(r, "limit", 1, maxLimit, defaultLimit)
	if err != nil {
		return err
	}
	offset, err := number(r, "offset", 0, maxOffset, 0)
	if err != nil {
		return err
	}
	history, err := a.cfg.Ledger.History(r.Context(), who.UserID, limit, offset)
	if err != nil {
		return err
	}
	a.showCredits(w, r, who.UserID)
	answer := make([]transactionBody, len(history))
	for i, t := range history {
		answer[i] = transactionOf(t)
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// number reads a query parameter of digits only.
func number(r *http.Request, name string, low, high, fallback int) (int, error) {
	values := r.URL.Query()[name]
	if len(values) == 0 {
		return fallback, nil
	}
	n, err := strconv.ParseUint(values[0], 10, 31)
	if err != nil || int(n) < low || int(n) > high {
		return 0, validation(name + " must be a number of " + itoa(int64(low)) + " to " + itoa(int64(high)))
	}
	return int(n), nil
}

type packageBody struct {
	ID             string          `json:"id"`
	Name           string          `json:"name"`
	Description    string          `json:"description"`
	Credits        ledger.Amount   `json:"credits"`
	PriceEuroCents int64           `json:"priceEuroCents"`
	StripePriceID  *string         `json:"stripePriceId"`
	Active         bool            `json:"active"`
	SortOrder      int             `json:"sortOrder"`
	Metadata       json.RawMessage `json:"metadata"`
	CreatedAt      string          `json:"createdAt"`
	UpdatedAt      string          `json:"updatedAt"`
}

// Packages lists what can be bought: GET /api/v1/credits/packages. It needs no token and ignores one.
func (a *API) Packages(w http.ResponseWriter, r *http.Request) error {
	if err := a.limitAddress(r.Context(), "public"); err != nil {
		return err
	}
	packages, err := a.cfg.Ledger.Packages(r.Context())
	if err != nil {
		return err
	}
	answer := make([]packageBody, len(packages))
	for i, p := range packages {
		metadata := json.RawMessage("null")
		if p.Metadata != nil {
			metadata = p.Metadata
		}
		answer[i] = packageBody{
			ID: p.ID.String(), Name: p.Name, Description: p.Description, Credits: p.Credits, PriceEuroCents: p.PriceEuroCents,
			StripePriceID: optional(p.StripePriceID), Active: p.Active, SortOrder: p.SortOrder, Metadata: metadata,
			CreatedAt: timestamp(p.CreatedAt), UpdatedAt: timestamp(p.UpdatedAt),
		}
	}
	w.Header().Set("Cache-Control", "public, max-age=60")
	writeJSON(w, http.StatusOK, answer)
	return nil
}
