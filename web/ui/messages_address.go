package ui

// Keys of a change of the e-mail address.
const (
	AddressTitle      Key = "address.title"
	AddressLead       Key = "address.lead"
	AddressNow        Key = "address.now"
	AddressNew        Key = "address.new"
	AddressNewHint    Key = "address.new.hint"
	AddressSend       Key = "address.send"
	AddressSame       Key = "address.same"
	AddressSent       Key = "address.sent"
	AddressChange     Key = "address.change"
	ChangeTitle       Key = "change.title"
	ChangeLead        Key = "change.lead"
	ChangeButton      Key = "change.button"
	ChangeDoneTitle   Key = "change.done.title"
	ChangeDone        Key = "change.done"
	ChangeTakenTitle  Key = "change.taken.title"
	ChangeTaken       Key = "change.taken"
	UndoTitle         Key = "undo.title"
	UndoLead          Key = "undo.lead"
	UndoLoss          Key = "undo.loss"
	UndoButton        Key = "undo.button"
	UndoDoneTitle     Key = "undo.done.title"
	UndoDone          Key = "undo.done"
	UndoNext          Key = "undo.next"
	EventAddressAsked Key = "event.email_change_requested"
	EventAddressNew   Key = "event.email_changed"
	EventAddressBack  Key = "event.email_restored"
	MailChangeSubject Key = "mail.change.subject"
	MailChangeLead    Key = "mail.change.lead"
	MailChangeButton  Key = "mail.change.button"
	MailChangeNote    Key = "mail.change.note"
	MailUndoSubject   Key = "mail.undo.subject"
	MailUndoLead      Key = "mail.undo.lead"
	MailUndoButton    Key = "mail.undo.button"
	MailUndoNote      Key = "mail.undo.note"
	MailMovedNote     Key = "mail.moved.note"
)

var addressTexts = texts{
	AddressTitle: {
		"Change e-mail address",
		"E-Mail-Adresse ändern",
	},
	AddressLead: {
		"We send a link to the new address. Your address changes when you follow it; until then everything stays as it is.",
		"Wir senden einen Link an die neue Adresse. Ihre Adresse ändert sich, wenn Sie ihm folgen; bis dahin bleibt alles, wie es ist.",
	},
	AddressNow: {
		"Present address",
		"Bisherige Adresse",
	},
	AddressNew: {
		"New address",
		"Neue Adresse",
	},
	AddressNewHint: {
		"You sign in with it from then on. Your present address gets a mail by which the change can be undone for seven days.",
		"Damit melden Sie sich dann an. Ihre bisherige Adresse bekommt eine E-Mail, mit der sich die Änderung sieben Tage lang rückgängig machen lässt.",
	},
	AddressSend: {
		"Send the link",
		"Link senden",
	},
	AddressSame: {
		"That is your address already. Enter another one.",
		"Das ist schon Ihre Adresse. Geben Sie eine andere ein.",
	},
	AddressSent: {
		"A link is on its way to {mail}. It works for one hour.",
		"Ein Link ist unterwegs an {mail}. Er gilt eine Stunde.",
	},
	AddressChange: {
		"Change address",
		"Adresse ändern",
	},
	ChangeTitle: {
		"Use this address",
		"Diese Adresse verwenden",
	},
	ChangeLead: {
		"{mail} becomes the address of your account, in place of {old}. You sign in with it from now on.",
		"{mail} wird die Adresse Ihres Kontos, anstelle von {old}. Damit melden Sie sich ab jetzt an.",
	},
	ChangeButton: {
		"Change the address",
		"Adresse ändern",
	},
	ChangeDoneTitle: {
		"Your address was changed",
		"Ihre Adresse wurde geändert",
	},
	ChangeDone: {
		"You sign in with the new address from now on.",
		"Ab jetzt melden Sie sich mit der neuen Adresse an.",
	},
	ChangeTakenTitle: {
		"This address is in use",
		"Diese Adresse wird schon verwendet",
	},
	ChangeTaken: {
		"Another account has this address, so nothing was changed.",
		"Ein anderes Konto hat diese Adresse, deshalb wurde nichts geändert.",
	},
	UndoTitle: {
		"Undo the change of address",
		"Adressänderung rückgängig machen",
	},
	UndoLead: {
		"{mail} becomes the address of your account again, in place of {new}.",
		"{mail} wird wieder die Adresse Ihres Kontos, anstelle von {new}.",
	},
	UndoLoss: {
		"Whoever changed it may know more. Every device and app is signed out, and password, passkeys, authenticator app and linked accounts are removed. You then set a new password by mail.",
		"Wer sie geändert hat, weiß vielleicht noch mehr. Alle Geräte und Apps werden abgemeldet, und Passwort, Passkeys, Authenticator-App und verknüpfte Konten werden entfernt. Danach legen Sie per E-Mail ein neues Passwort fest.",
	},
	UndoButton: {
		"Undo, and sign out everywhere",
		"Rückgängig machen und überall abmelden",
	},
	UndoDoneTitle: {
		"The account is yours again",
		"Das Konto gehört wieder Ihnen",
	},
	UndoDone: {
		"Your earlier address is back, and everybody was signed out. Set a new password now.",
		"Ihre frühere Adresse gilt wieder, und alle wurden abgemeldet. Legen Sie jetzt ein neues Passwort fest.",
	},
	UndoNext: {
		"Set a new password",
		"Neues Passwort setzen",
	},
	EventAddressAsked: {
		"Another e-mail address was asked for",
		"Eine andere E-Mail-Adresse wurde angefragt",
	},
	EventAddressNew: {
		"E-mail address changed",
		"E-Mail-Adresse geändert",
	},
	EventAddressBack: {
		"Change of the e-mail address undone",
		"Änderung der E-Mail-Adresse rückgängig gemacht",
	},
	MailChangeSubject: {
		"Confirm your new e-mail address",
		"Bestätigen Sie Ihre neue E-Mail-Adresse",
	},
	MailChangeLead: {
		"Somebody wants to use {mail} for their account at {brand}. If that is you, confirm it.",
		"Jemand möchte {mail} für ein Konto bei {brand} verwenden. Wenn Sie das sind, bestätigen Sie es.",
	},
	MailChangeButton: {
		"Confirm the address",
		"Adresse bestätigen",
	},
	MailChangeNote: {
		"The link works once, for one hour. If it was not you, do nothing: your address is then not used.",
		"Der Link gilt einmal, eine Stunde lang. Wenn Sie das nicht waren, tun Sie nichts: Ihre Adresse wird dann nicht verwendet.",
	},
	MailUndoSubject: {
		"Your e-mail address was changed",
		"Ihre E-Mail-Adresse wurde geändert",
	},
	MailUndoLead: {
		"Your account at {brand} has another e-mail address now. {mail} does not sign in to it any more.",
		"Ihr Konto bei {brand} hat jetzt eine andere E-Mail-Adresse. Mit {mail} ist keine Anmeldung mehr möglich.",
	},
	MailUndoButton: {
		"It was not me: undo it",
		"Das war ich nicht: rückgängig machen",
	},
	MailUndoNote: {
		"If it was you, you need not do anything. The link works once, for seven days.",
		"Wenn Sie das waren, müssen Sie nichts tun. Der Link gilt einmal, sieben Tage lang.",
	},
	MailMovedNote: {
		"If it was you, you need not do anything. If it was not, use the link in the mail that the address before this one got; without such a mail, write to whoever runs {brand}.",
		"Wenn Sie das waren, müssen Sie nichts tun. Wenn nicht, verwenden Sie den Link in der E-Mail an die Adresse davor; ohne solche E-Mail schreiben Sie an den Betreiber von {brand}.",
	},
}
