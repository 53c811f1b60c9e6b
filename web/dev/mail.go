package dev

import (
	"net/http"

	"github.com/google/uuid"

	"mana/provider/identity"
	"mana/web/login"
	"mana/web/mail"
	"mana/web/page"
	"mana/web/ui"
)

// MailPath is where the mails of the outbox are shown.
const MailPath = "/dev/mail"

const maxMails = 200 // that are shown

// Mailbox shows the mails of the outbox as they are sent, or would be. All fields are required.
type Mailbox struct {
	login.Protocol
	Store  identity.Outbox
	Writer mail.Writer
}

// mailboxView is the list of mails.
type mailboxView struct {
	ui.Page
	Mails []shownMail
}

// shownMail is a mail with what is known of it.
type shownMail struct {
	identity.Mail
	mail.Message
	Link string // the address that its button leads to
}

// mailView is one mail.
type mailView struct {
	ui.Page
	Mail shownMail
}

// List answers GET /dev/mail.
func (m *Mailbox) List(w http.ResponseWriter, r *http.Request) error {
	mails, err := m.Store.Mails(r.Context(), maxMails)
	if err != nil {
		return err
	}
	v := mailboxView{Page: ui.Page{Site: m.Site, Title: ui.T(r.Context(), ui.DevMailTitle), Wide: true}}
	for _, found := range mails {
		shown, err := m.show(r, found)
		if err != nil {
			return err
		}
		v.Mails = append(v.Mails, shown)
	}
	ui.Render(w, r, http.StatusOK, mailboxPage(v))
	return nil
}

// Show answers GET /dev/mail/{id}.
func (m *Mailbox) Show(w http.ResponseWriter, r *http.Request) error {
	shown, ok, err := m.find(r)
	if err != nil {
		return err
	}
	if !ok {
		m.Error(w, r, http.StatusNotFound)
		return nil
	}
	page.From(r.Context()).AllowFrame()
	ui.Render(w, r, http.StatusOK, mailPage(mailView{
		Page: ui.Page{Site: m.Site, Title: shown.Subject, Wide: true}, Mail: shown,
	}))
	return nil
}

// HTML answers GET /dev/mail/{id}/html, for a frame of ours: nothing in it may run or load anything.
func (m *Mailbox) HTML(w http.ResponseWriter, r *http.Request) error {
	shown, ok, err := m.find(r)
	if err != nil {
		return err
	}
	if !ok {
		m.Error(w, r, http.StatusNotFound)
		return nil
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(shown.HTML))
	return nil
}

func (m *Mailbox) find(r *http.Request) (shownMail, bool, error) {
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		return shownMail{}, false, nil //nolint:nilerr // there is no such mail
	}
	mails, err := m.Store.Mails(r.Context(), maxMails)
	if err != nil {
		return shownMail{}, false, err
	}
	for _, found := range mails {
		if found.ID == id {
			shown, err := m.show(r, found)
			return shown, err == nil, err
		}
	}
	return shownMail{}, false, nil
}

func (m *Mailbox) show(r *http.Request, found identity.Mail) (shownMail, error) {
	message, err := m.Writer.Write(r.Context(), found)
	return shownMail{Mail: found, Message: message, Link: m.Writer.Address(found)}, err
}
