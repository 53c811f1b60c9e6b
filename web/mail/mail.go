// Package mail writes what waits in the outbox, in the language of its recipient, and hands it to a mail server.
//
// It promises that a mail is sent at least once, that its links lead to the issuer alone, that nothing a person or a
// client wrote is in it but the recipient's address, and that it asks for nothing from elsewhere: no picture, no style.
package mail

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"mana/provider/identity"
	"mana/web/page"
	"mana/web/ui"
)

// The pages that links lead to.
const (
	PathVerify = "/verify-email"
	PathReset  = "/reset"
	PathChange = "/change-email"
	PathUndo   = "/undo-email"
	ParamToken = "token"
)

// Message is a mail as it is sent.
type Message struct {
	ID      string // of the Message-ID, the same for every attempt
	To      string
	Subject string
	Text    string
	HTML    string
}

// Writer writes mails. All fields are required.
type Writer struct {
	Issuer *url.URL
	Brand  string
	// LinkOf gives the secret of the link in a mail.
	LinkOf func(identity.Mail) identity.Secret
}

// letter is what a mail says.
type letter struct {
	Language                                      string
	Brand, Subject, Lead, Button, Link, Note, Why string
}

// Write writes a mail.
func (w Writer) Write(ctx context.Context, m identity.Mail) (Message, error) {
	language := page.English
	if m.Language == string(page.German) {
		language = page.German
	}
	ctx = page.InLanguage(ctx, language)
	l, err := w.letter(ctx, m)
	if err != nil {
		return Message{}, err
	}
	l.Language = string(language)
	var html strings.Builder
	if err := letterHTML(l).Render(ctx, &html); err != nil {
		return Message{}, fmt.Errorf("writing a mail: %w", err)
	}
	return Message{
		ID: m.ID.String() + "@" + w.Issuer.Hostname(), To: string(m.To), Subject: l.Subject, Text: l.text(), HTML: html.String(),
	}, nil
}

// notices tell that something about a way to sign in has changed. Their buttons lead to the page about that.
var notices = map[identity.MailKind]struct{ subject, lead ui.Key }{
	identity.MailFactorOn:       {ui.MailFactorOnSubject, ui.MailFactorOnLead},
	identity.MailFactorOff:      {ui.MailFactorOffSubject, ui.MailFactorOffLead},
	identity.MailRecoveryUsed:   {ui.MailRecoverySubject, ui.MailRecoveryLead},
	identity.MailPasskeyAdded:   {ui.MailPasskeySubject, ui.MailPasskeyLead},
	identity.MailPasskeyRemoved: {ui.MailPasskeyGoneSubject, ui.MailPasskeyGoneLead},
	identity.MailTokenReused:    {ui.MailReusedSubject, ui.MailReusedLead},
	identity.MailUnlinked:       {ui.MailUnlinkedSubject, ui.MailUnlinkedLead},
	identity.MailLinked:         {ui.MailLinkedSubject, ui.MailLinkedLead},
	identity.MailClaimed:        {ui.MailClaimedSubject, ui.MailClaimedLead},
}

func (w Writer) letter(ctx context.Context, m identity.Mail) (letter, error) {
	say := func(key ui.Key) string { return ui.T(ctx, key, "brand", w.Brand, "mail", string(m.To)) }
	l := letter{Brand: w.Brand, Why: say(ui.MailWhy)}
	if lead, ok := notices[m.Kind]; ok {
		l.Subject, l.Lead, l.Note = say(lead.subject), say(lead.lead), say(ui.MailNoticeNote)
		l.Button, l.Link = say(ui.MailNoticeButton), w.Issuer.String()+"/account/security"
		return l, nil
	}
	switch m.Kind {
	case identity.MailVerify:
		l.Subject, l.Lead, l.Note = say(ui.MailVerifySubject), say(ui.MailVerifyLead), say(ui.MailVerifyNote)
		l.Button, l.Link = say(ui.MailVerifyButton), w.link(PathVerify, m)
	case identity.MailReset:
		l.Subject, l.Lead, l.Note = say(ui.MailResetSubject), say(ui.MailResetLead), say(ui.MailResetNote)
		l.Button, l.Link = say(ui.MailResetButton), w.link(PathReset, m)
	case identity.MailChange:
		l.Subject, l.Lead, l.Note = say(ui.MailChangeSubject), say(ui.MailChangeLead), say(ui.MailChangeNote)
		l.Button, l.Link = say(ui.MailChangeButton), w.link(PathChange, m)
	case identity.MailUndo:
		l.Subject, l.Lead, l.Note = say(ui.MailUndoSubject), say(ui.MailUndoLead), say(ui.MailUndoNote)
		l.Button, l.Link = say(ui.MailUndoButton), w.link(PathUndo, m)
	case identity.MailMoved:
		l.Subject, l.Lead, l.Note = say(ui.MailUndoSubject), say(ui.MailUndoLead), say(ui.MailMovedNote)
	case identity.MailExists:
		l.Subject, l.Lead, l.Note = say(ui.MailExistsSubject), say(ui.MailExistsLead), say(ui.MailExistsNote)
		l.Button, l.Link = say(ui.LoginTitle), w.Issuer.String()+"/login"
	case identity.MailPasswordChanged:
		l.Subject, l.Lead, l.Note = say(ui.MailChangedSubject), say(ui.MailChangedLead), say(ui.MailChangedNote)
		l.Button, l.Link = say(ui.MailChangedButton), w.Issuer.String()+"/forgot"
	case identity.MailLowBalance:
		l.Subject, l.Lead, l.Note = say(ui.MailLowSubject), say(ui.MailLowLead), say(ui.MailLowNote)
		l.Button, l.Link = say(ui.MailLowButton), w.Issuer.String()+"/account/credits"
	case identity.MailWithdrawn:
		l.Subject, l.Note = say(ui.MailWithdrawnSubject), say(ui.MailWithdrawnNote)
		l.Lead = ui.T(ctx, ui.MailWithdrawnLead, "brand", w.Brand, "when", ui.When(ctx, m.CreatedAt),
			"number", m.About[identity.MetaPurchase], "amount", ui.Money(ctx, cents(m), "EUR"))
		l.Button, l.Link = say(ui.MailWithdrawnButton), w.Issuer.String()+"/account/credits/receipts"
	case identity.MailDeleted:
		l.Subject, l.Lead, l.Note = say(ui.MailDeletedSubject), say(ui.MailDeletedLead), say(ui.MailDeletedNote)
	default:
		return l, fmt.Errorf("no mail is of the kind %q", m.Kind)
	}
	return l, nil
}

// cents are those that a mail tells of.
func cents(m identity.Mail) int64 {
	n, err := strconv.ParseInt(m.About[identity.MetaCents], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Subject is that of the mails of a kind, in the language of the request; of a kind that only an earlier version wrote, its
// name.
func Subject(ctx context.Context, kind identity.MailKind, brand string) string {
	w := Writer{Issuer: &url.URL{}, Brand: brand, LinkOf: func(identity.Mail) identity.Secret { return "" }}
	l, err := w.letter(ctx, identity.Mail{NewMail: identity.NewMail{Kind: kind}})
	if err != nil {
		return string(kind)
	}
	return l.Subject
}

// Address is where the button of a mail leads to, empty if it has none.
func (w Writer) Address(m identity.Mail) string {
	l, err := w.letter(context.Background(), m)
	if err != nil {
		return ""
	}
	return l.Link
}

// link is an address that holds the secret of a mail.
func (w Writer) link(path string, m identity.Mail) string {
	return w.Issuer.String() + path + "?" + ParamToken + "=" + string(w.LinkOf(m))
}

// text is the mail without HTML.
func (l letter) text() string {
	parts := []string{l.Subject, l.Lead}
	if l.Link != "" {
		parts = append(parts, l.Button+":\n"+l.Link)
	}
	return strings.Join(append(parts, l.Note, "-- \n"+l.Why), "\n\n") + "\n"
}
