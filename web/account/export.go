package account

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
	"mana/web/page"
)

// eventsPage is how many events of the log are read at once.
const eventsPage = 500

// ownData is what is kept of a person but for the lists that may be long: they follow in the same object.
type ownData struct {
	ExportedAt time.Time        `json:"exportedAt"`
	ID         uuid.UUID        `json:"id"`
	Email      string           `json:"email"`
	Verified   bool             `json:"emailVerified"`
	Name       string           `json:"name"`
	Picture    string           `json:"picture"`
	Profile    identity.Profile `json:"profile"`
	Role       string           `json:"role"`
	CreatedAt  time.Time        `json:"createdAt"`
	Sessions   []ownSession     `json:"sessions"`
	Apps       []ownApp         `json:"apps"`
	Passkeys   []ownPasskey     `json:"passkeys"`
	Linked     []ownLinked      `json:"linkedAccounts"`
	AppSince   time.Time        `json:"authenticatorAppSince"`
	Balance    ledger.Balance   `json:"balance"`
}

type ownSession struct {
	ID             uuid.UUID `json:"id"`
	IPAddress      string    `json:"ipAddress"`
	UserAgent      string    `json:"userAgent"`
	DeviceName     string    `json:"deviceName"`
	CreatedAt      time.Time `json:"createdAt"`
	LastActivityAt time.Time `json:"lastActivityAt"`
}

type ownApp struct {
	ClientID string    `json:"clientId"`
	Name     string    `json:"name"`
	Scopes   []string  `json:"scopes"`
	Since    time.Time `json:"since"`
	UsedAt   time.Time `json:"usedAt"`
}

type ownPasskey struct {
	Name       string    `json:"name"`
	CreatedAt  time.Time `json:"createdAt"`
	LastUsedAt time.Time `json:"lastUsedAt"`
}

type ownLinked struct {
	Provider  string    `json:"provider"`
	AccountID string    `json:"accountId"`
	Email     string    `json:"email"`
	CreatedAt time.Time `json:"createdAt"`
}

type ownEvent struct {
	Type      string            `json:"type"`
	IPAddress string            `json:"ipAddress"`
	UserAgent string            `json:"userAgent"`
	Metadata  map[string]string `json:"metadata"`
	At        time.Time         `json:"at"`
}

// ExportData answers POST /account/export: all that is kept of the person as one JSON object.
func (p *Pages) ExportData(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	own, err := p.ownData(r, who)
	if err != nil {
		return err
	}
	head, err := json.Marshal(own)
	if err != nil {
		return fmt.Errorf("encoding a person's data: %w", err)
	}
	if err := p.Identity.NoteExport(r.Context(), who.User.ID, page.Device(r)); err != nil {
		return err
	}
	rows := &rowWriter{out: w}
	begin := func() {
		download(w, "application/json", "account.json")
		rows.text(string(head[:len(head)-1]) + `,"credits":[`)
	}
	write := func(entries []ledger.Transaction) error {
		for _, t := range entries {
			rows.row(ledger.Exported(t))
		}
		return rows.err
	}
	err = p.eachPage(w, r, historyWalk{userID: who.User.ID, begin: begin, write: write})
	if err != nil || rows.err != nil {
		return err
	}
	rows.list(`],"securityEvents":[`)
	for before := uuid.Nil; ; {
		events, err := p.Identity.EventsOf(r.Context(), who.User.ID, before, eventsPage)
		if err != nil {
			panic(http.ErrAbortHandler) // half of it has gone: the browser must not take it for all
		}
		for _, e := range events {
			rows.row(ownEvent{e.Type, e.Device.IPAddress, e.Device.UserAgent, e.Metadata, e.At})
		}
		if len(events) < eventsPage {
			break
		}
		before = events[eventsPage-1].ID
	}
	rows.list("]}\n")
	return nil
}

func (p *Pages) ownData(r *http.Request, who *provider.SignedIn) (ownData, error) {
	u := who.User
	own := ownData{
		ExportedAt: time.Now().UTC(), ID: u.ID, Email: string(u.Email), Verified: u.EmailVerified, Name: u.Name, Picture: u.AvatarURL,
		Profile: u.Profile, Role: string(u.Role), CreatedAt: u.CreatedAt, Sessions: []ownSession{}, Apps: []ownApp{},
		Passkeys: []ownPasskey{}, Linked: []ownLinked{},
	}
	sessions, err := p.Identity.SessionsOf(r.Context(), u.ID)
	if err != nil {
		return own, err
	}
	for _, s := range sessions {
		own.Sessions = append(own.Sessions, ownSession{s.ID, s.IPAddress, s.UserAgent, s.DeviceName, s.CreatedAt, s.LastActivityAt})
	}
	apps, err := p.Provider.Connected(r.Context(), u.ID)
	if err != nil {
		return own, err
	}
	for _, a := range apps {
		own.Apps = append(own.Apps, ownApp{a.ClientID, a.Client.Name, a.Scopes, a.Since, a.UsedAt})
	}
	if err := p.ownWays(r, &own); err != nil {
		return own, err
	}
	own.Balance, err = p.Ledger.Balance(r.Context(), u.ID)
	return own, err
}

// ownWays adds how the person signs in, without any key.
func (p *Pages) ownWays(r *http.Request, own *ownData) error {
	passkeys, err := p.Identity.Passkeys(r.Context(), own.ID)
	if err != nil {
		return err
	}
	for _, k := range passkeys {
		own.Passkeys = append(own.Passkeys, ownPasskey{k.Name, k.CreatedAt, k.LastUsedAt})
	}
	links, err := p.Identity.LinkedAccounts(r.Context(), own.ID)
	if err != nil {
		return err
	}
	for _, l := range links {
		own.Linked = append(own.Linked, ownLinked{l.Provider, l.AccountID, l.Email, l.CreatedAt})
	}
	factor, err := p.Identity.Factors(r.Context(), own.ID)
	own.AppSince = factor.EnabledAt
	return err
}

// rowWriter writes the rows of lists in JSON. The first error stays, and nothing is written after it.
type rowWriter struct {
	out  io.Writer
	more bool // a row stands before the next one
	err  error
}

func (w *rowWriter) text(text string) {
	if w.err == nil {
		_, w.err = io.WriteString(w.out, text)
	}
}

// list ends a list, and begins the one after it.
func (w *rowWriter) list(text string) {
	w.more = false
	w.text(text)
}

func (w *rowWriter) row(v any) {
	encoded, err := json.Marshal(v)
	if err != nil && w.err == nil {
		w.err = err
	}
	if w.more {
		w.text(",")
	}
	w.more = true
	w.text("\n" + string(encoded))
}
