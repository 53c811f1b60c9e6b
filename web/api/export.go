package api

import (
	"net/http"
	"strconv"
	"time"

	"mana/ledger"
	"mana/provider"
)

// exportPause is how long a caller may take for one page of an export.
const exportPause = 30 * time.Second

// exportTypes are the formats of an export, with their content types.
var exportTypes = map[string]string{"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}

// Export streams a person's history, the oldest first: GET /api/v1/credits/export. What it holds is fixed when it
// begins, and the header Credits-Export-Rows says how many rows that are.
func (a *API) Export() http.Handler {
	fresh := a.fresh()
	return fresh.credits(provider.ScopeCreditsRead, "read", fresh.export)
}

func (a *API) export(w http.ResponseWriter, r *http.Request, who provider.Access) error {
	format := r.URL.Query().Get("format")
	if format == "" {
		format = "csv"
	}
	media, ok := exportTypes[format]
	if !ok {
		return validation("format must be csv or jsonl")
	}
	span, err := a.exportSpan(w, r, who)
	if err != nil {
		return err
	}
	export, err := ledger.NewExport(w, format)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", media)
	header.Set("Content-Disposition", `attachment; filename="credits.`+format+`"`)
	header.Set("Cache-Control", "no-store")
	header.Set("Credits-Export-Rows", itoa(span.Rows()))
	if r.Method == http.MethodHead {
		return nil
	}
	control := http.NewResponseController(w)
	page := func(rows []ledger.Transaction) error {
		_ = control.SetWriteDeadline(time.Now().Add(exportPause)) // a long history takes long, a page does not
		return export.Write(rows)
	}
	if err = page(nil); err == nil {
		err = a.cfg.Ledger.ReadSpan(r.Context(), who.UserID, span, page)
	}
	if err != nil {
		panic(http.ErrAbortHandler) // part of it has gone: the caller must not take it for all
	}
	return nil
}

// exportSpan reads what an export is asked for, after what is due is posted.
func (a *API) exportSpan(w http.ResponseWriter, r *http.Request, who provider.Access) (span ledger.Span, err error) {
	filter := ledger.Filter{}
	if filter.Since, err = moment(r, "from"); err != nil {
		return span, err
	}
	if filter.Until, err = moment(r, "to"); err != nil {
		return span, err
	}
	after := int64(0)
	if text := r.URL.Query().Get("after"); text != "" {
		n, err := strconv.ParseUint(text, 10, 63)
		if err != nil {
			return span, validation("after must be the seq of a row")
		}
		after = int64(n)
	}
	balance, err := a.cfg.Ledger.Balance(r.Context(), who.UserID)
	if err != nil {
		return span, err
	}
	setCredits(w, 0, balance)
	span, err = a.cfg.Ledger.Span(r.Context(), who.UserID, filter.Since, filter.Until)
	if after >= span.First {
		span.First = min(after, span.Last) + 1
	}
	return span, err
}
