package api

import (
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider"
)

const (
	maxPage       = 200
	cursorLife    = 24 * time.Hour
	maxUsageDays  = 366
	maxUsageRows  = 1000
	usageDays     = 30 // where the request names no day
	secondsPerDay = 24 * 60 * 60
)

// historyTypes are the types of transactions that a history can be asked for.
var historyTypes = []ledger.Type{
	"", ledger.TypePurchase, ledger.TypeUsage, ledger.TypeRefund, ledger.TypeBonus, ledger.TypeExpiry, ledger.TypeAdjustment,
}

// pageBody is part of a list, with the cursor of what follows; null at its end.
type pageBody[T any] struct {
	Data       []T     `json:"data"`
	NextCursor *string `json:"nextCursor"`
}

// History lists a person's history by cursor: GET /api/v1/credits/history.
func (a *API) History() http.Handler {
	fresh := a.fresh()
	return fresh.credits(provider.ScopeCreditsRead, "read", fresh.history)
}

func (a *API) history(w http.ResponseWriter, r *http.Request, who provider.Access) error {
	limit, err := number(r, "limit", 1, maxPage, defaultLimit)
	if err != nil {
		return err
	}
	filter, err := historyFilter(r)
	if err != nil {
		return err
	}
	before, err := a.readCursor(r, who.UserID)
	if err != nil {
		return err
	}
	page, next, err := a.cfg.Ledger.HistoryPage(r.Context(), who.UserID, filter, before, limit)
	if err != nil {
		return err
	}
	a.showCredits(w, r, who.UserID)
	data := make([]transactionBody, len(page))
	for i, t := range page {
		data[i] = transactionOf(t)
	}
	body := pageBody[transactionBody]{Data: data}
	if next > 0 {
		cursor := a.cursor(r, who.UserID, next)
		body.NextCursor = &cursor
		query := r.URL.Query()
		query.Set("cursor", cursor)
		w.Header().Set("Link", `<`+r.URL.Path+"?"+query.Encode()+`>; rel="next"`)
	}
	writeJSON(w, http.StatusOK, body)
	return nil
}

func historyFilter(r *http.Request) (ledger.Filter, error) {
	query := r.URL.Query()
	f := ledger.Filter{AppID: query.Get("app"), Type: ledger.Type(query.Get("type"))}
	if f.AppID != "" && !ValidAppID(f.AppID) {
		return f, validation("app must be the id of an app")
	}
	if !slices.Contains(historyTypes, f.Type) {
		return f, validation("type must be purchase, usage, refund, bonus, expiry or adjustment")
	}
	var err error
	if f.Since, err = moment(r, "from"); err != nil {
		return f, err
	}
	f.Until, err = moment(r, "to")
	return f, err
}

// moment reads a day or a moment of the query; the zero time when there is none.
func moment(r *http.Request, name string) (time.Time, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil && at.Year() > 0 && !at.IsZero() {
			return at, nil
		}
	}
	return time.Time{}, validation(name + " must be a moment such as 2026-01-31 or 2026-01-31T12:00:00Z")
}

// cursor seals where a list goes on: the number of a transaction and the second in which the cursor ends, 8 bytes
// each. It belongs to one person and one filter.
func (a *API) cursor(r *http.Request, of uuid.UUID, before int64) string {
	plain := binary.BigEndian.AppendUint64(nil, uint64(before))
	plain = binary.BigEndian.AppendUint64(plain, uint64(a.cfg.Now().Add(cursorLife).Unix()))
	return base64.RawURLEncoding.EncodeToString(a.cfg.Seal(cursorRow(r, of), plain))
}

// readCursor opens the cursor of a request; 0 when there is none.
func (a *API) readCursor(r *http.Request, of uuid.UUID) (int64, error) {
	text := r.URL.Query().Get("cursor")
	if text == "" {
		return 0, nil
	}
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	var plain []byte
	if err == nil {
		plain, err = a.cfg.Open(cursorRow(r, of), sealed)
	}
	if err != nil || len(plain) != 16 || int64(binary.BigEndian.Uint64(plain[8:])) < a.cfg.Now().Unix() {
		return 0, validation("cursor is not of this list, or is older than 24 hours")
	}
	return int64(binary.BigEndian.Uint64(plain)), nil
}

// cursorRow is what a cursor belongs to.
func cursorRow(r *http.Request, of uuid.UUID) string {
	query := r.URL.Query()
	return strings.Join([]string{of.String(), query.Get("app"), query.Get("type"), query.Get("from"), query.Get("to")}, " ")
}

type usageBody struct {
	AppID       string        `json:"appId,omitempty"`
	Date        string        `json:"date,omitempty"`
	CreditsUsed ledger.Amount `json:"creditsUsed"`
	Uses        int64         `json:"uses"`
}

// Usage sums up what apps charged a person, by app or by day: GET /api/v1/credits/usage.
func (a *API) Usage() http.Handler {
	fresh := a.fresh()
	return fresh.credits(provider.ScopeCreditsRead, "read", fresh.usage)
}

func (a *API) usage(w http.ResponseWriter, r *http.Request, who provider.Access) error {
	q, err := a.usageQuery(r)
	if err != nil {
		return err
	}
	usage, err := a.cfg.Ledger.Usage(r.Context(), who.UserID, q)
	if err != nil {
		return err
	}
	a.showCredits(w, r, who.UserID)
	data := make([]usageBody, len(usage))
	for i, u := range usage {
		data[i] = usageBody{AppID: u.AppID, CreditsUsed: u.Used, Uses: u.Uses}
		if q.ByDay {
			data[i].Date = time.Unix(u.Day*secondsPerDay, 0).UTC().Format(time.DateOnly)
		}
	}
	writeJSON(w, http.StatusOK, pageBody[usageBody]{Data: data})
	return nil
}

// day reads a day of the query as days since 1970.
func day(r *http.Request, name string, fallback int64) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return fallback, nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil || at.Year() < 1970 {
		return 0, validation(name + " must be a day such as 2026-01-31")
	}
	return at.Unix() / secondsPerDay, nil
}

// usageQuery reads the days of UTC from and before to; without them, the last 30.
func (a *API) usageQuery(r *http.Request) (ledger.UsageQuery, error) {
	q := ledger.UsageQuery{Until: a.cfg.Now().Unix()/secondsPerDay + 1, Limit: maxUsageRows}
	var err error
	if q.Until, err = day(r, "to", q.Until); err != nil {
		return q, err
	}
	if q.Since, err = day(r, "from", q.Until-usageDays); err != nil {
		return q, err
	}
	if q.Until-q.Since > maxUsageDays || q.Until < q.Since {
		return q, validation("to must be 0 to 366 days after from")
	}
	switch by := r.URL.Query().Get("by"); by {
	case "", "app":
	case "day":
		q.ByDay = true
	default:
		return q, validation("by must be app or day")
	}
	return q, nil
}
