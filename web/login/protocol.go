package login

import (
	"net/http"
	"time"

	"mana/provider"
	"mana/web/page"
	"mana/web/ui"
)

// Protocol renders what the protocol shows to a person, and every error page.
type Protocol struct{ Site ui.Site }

var _ provider.Pages = Protocol{}

// ProtocolError implements [provider.Pages].
func (p Protocol) ProtocolError(w http.ResponseWriter, r *http.Request, status int, code provider.PageError) {
	switch code {
	case provider.PageUnknownClient:
		p.notice(w, r, status, ui.UnknownClientTitle, ui.UnknownClientText)
	case provider.PageBadRedirect:
		p.notice(w, r, status, ui.BadRedirectTitle, ui.BadRedirectText)
	case provider.PageRequestExpired:
		p.notice(w, r, status, ui.ExpiredTitle, ui.ExpiredText)
	case provider.PageBadRequest:
		if status == http.StatusBadRequest {
			p.notice(w, r, status, ui.BadRequestTitle, ui.BadRequestText)
			return
		}
		p.Error(w, r, status)
	case provider.PageServerError:
		p.Error(w, r, status)
	}
}

// Error shows the page for a status.
func (p Protocol) Error(w http.ResponseWriter, r *http.Request, status int) {
	switch status {
	case http.StatusNotFound:
		p.notice(w, r, status, ui.NotFoundTitle, ui.NotFoundText)
	case http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType:
		p.notice(w, r, status, ui.MethodTitle, ui.MethodText)
	case http.StatusForbidden:
		p.notice(w, r, status, ui.ForbiddenTitle, ui.ForbiddenText)
	case http.StatusMisdirectedRequest:
		p.notice(w, r, status, ui.HostTitle, ui.HostText)
	case http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge:
		p.notice(w, r, status, ui.TooLargeTitle, ui.TooLargeText)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
		p.notice(w, r, status, ui.ServerTitle, ui.Busy)
	default:
		p.notice(w, r, status, ui.ServerTitle, ui.ServerText)
	}
}

func (p Protocol) notice(w http.ResponseWriter, r *http.Request, status int, title, text ui.Key) {
	ui.Render(w, r, status, ui.Say(ui.Notice{
		Page: ui.Page{Site: p.Site, Title: ui.T(r.Context(), title), Failed: true},
		Text: ui.T(r.Context(), text), Reference: page.From(r.Context()).RequestID,
	}))
}

// FormPost implements [provider.Pages].
func (p Protocol) FormPost(w http.ResponseWriter, r *http.Request, to provider.ProvenRedirect, fields []provider.FormField) {
	page.From(r.Context()).AllowForm(to.Origin())
	view := formPostView{Page: ui.Page{Site: p.Site, Title: ui.T(r.Context(), ui.PostTitle)}, Action: to.URI(), Host: to.Host()}
	for _, f := range fields {
		view.Fields = append(view.Fields, fieldView(f))
	}
	ui.Render(w, r, http.StatusOK, formPostPage(view))
}

// Limited shows the page for too many requests; Retry-After is set by the caller.
func (p Protocol) Limited(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	ui.Render(w, r, http.StatusTooManyRequests, ui.Say(ui.Notice{
		Page: ui.Page{Site: p.Site, Title: ui.T(r.Context(), ui.LimitedTitle), Failed: true},
		Text: ui.T(r.Context(), ui.Locked, "n", ui.Span(r.Context(), wait)),
	}))
}
