package admin

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
	"mana/web/ui"
)

// maxBody are the bytes of an event that are shown.
const maxBody = 64 << 10

// eventView is one event in quarantine as it arrived.
type eventView struct {
	ui.Page
	Event ledger.StripeEvent
	Body  string // empty: it was deleted
	Cut   bool   // there is more of it
}

// ShowEvent answers GET /admin/purchases/event?id=...: what an event in quarantine holds. It is personal data of a
// buyer, so whoever looks at it is noted first.
func (p *Pages) ShowEvent(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	ctx := r.Context()
	events, err := p.Shop.Inbox.Quarantined(ctx, maxEvents)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(events, func(e ledger.StripeEvent) bool { return e.ID == r.FormValue("id") })
	if at < 0 {
		return ledger.ErrNoEvent
	}
	v := eventView{Page: p.page(r, who, ui.T(ctx, ui.AdminEvent)), Event: events[at]}
	v.Body, v.Cut = readable(v.Event.Body)
	act := identity.Event{Type: "payment_event_viewed", Metadata: map[string]string{"eventId": v.Event.ID}}
	if err := p.Acts.NoteAct(ctx, by(r, who), act); err != nil {
		return err
	}
	ui.Render(w, r, http.StatusOK, eventPage(v))
	return nil
}

// readable is a body as text, with its lines drawn in when it is JSON, and whether it was cut.
func readable(body []byte) (text string, cut bool) {
	var drawn bytes.Buffer
	if len(body) <= maxBody && json.Indent(&drawn, body, "", "  ") == nil {
		body = drawn.Bytes()
	}
	if cut = len(body) > maxBody; cut {
		body = body[:maxBody]
	}
	return strings.ToValidUTF8(string(body), "\uFFFD"), cut
}
