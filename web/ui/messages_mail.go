package ui

// Keys of mails.
const (
	MailVerifySubject  Key = "mail.verify.subject"
	MailVerifyLead     Key = "mail.verify.lead"
	MailVerifyButton   Key = "mail.verify.button"
	MailVerifyNote     Key = "mail.verify.note"
	MailResetSubject   Key = "mail.reset.subject"
	MailResetLead      Key = "mail.reset.lead"
	MailResetButton    Key = "mail.reset.button"
	MailResetNote      Key = "mail.reset.note"
	MailExistsSubject  Key = "mail.exists.subject"
	MailExistsLead     Key = "mail.exists.lead"
	MailExistsNote     Key = "mail.exists.note"
	MailChangedSubject Key = "mail.changed.subject"
	MailChangedLead    Key = "mail.changed.lead"
	MailChangedButton  Key = "mail.changed.button"
	MailChangedNote    Key = "mail.changed.note"
	MailLink           Key = "mail.link"
	MailWhy            Key = "mail.why"
	DevMailTitle       Key = "dev.mail.title"
	DevMailLead        Key = "dev.mail.lead"
	DevMailEmpty       Key = "dev.mail.empty"
	DevMailTo          Key = "dev.mail.to"
	DevMailSubject     Key = "dev.mail.subject"
	DevMailState       Key = "dev.mail.state"
	DevMailSent        Key = "dev.mail.sent"
	DevMailFailed      Key = "dev.mail.failed"
	DevMailWaiting     Key = "dev.mail.waiting"
	DevMailOpen        Key = "dev.mail.open"
	DevMailText        Key = "dev.mail.text"
	DevMailAll         Key = "dev.mail.all"
)

var mailTexts = texts{
	MailVerifySubject: {
		"Confirm your e-mail address",
		"Bestätigen Sie Ihre E-Mail-Adresse",
	},
	MailVerifyLead: {
		"An account at {brand} was made with this address. Confirm that it is yours. The link works once, within 24 hours.",
		"Mit dieser Adresse wurde ein Konto bei {brand} erstellt. Bestätigen Sie, dass sie Ihnen gehört. Der Link gilt einmal, innerhalb von 24 Stunden.",
	},
	MailVerifyButton: {
		"Confirm this address",
		"Adresse bestätigen",
	},
	MailVerifyNote: {
		"If you did not make an account, do not open the link. Nobody can prove without it that this address is theirs.",
		"Wenn Sie kein Konto erstellt haben, öffnen Sie den Link nicht. Ohne ihn kann niemand nachweisen, dass ihm diese Adresse gehört.",
	},
	MailResetSubject: {
		"Set a new password",
		"Neues Passwort setzen",
	},
	MailResetLead: {
		"A new password was asked for, for your account at {brand}. The link works once, within one hour, and signs you out everywhere.",
		"Für Ihr Konto bei {brand} wurde ein neues Passwort angefordert. Der Link gilt einmal, innerhalb einer Stunde, und meldet Sie überall ab.",
	},
	MailResetButton: {
		"Set a new password",
		"Neues Passwort setzen",
	},
	MailResetNote: {
		"If you did not ask for it, you need not do anything: your password stays as it is.",
		"Wenn Sie das nicht angefordert haben, müssen Sie nichts tun: Ihr Passwort bleibt, wie es ist.",
	},
	MailExistsSubject: {
		"You already have an account",
		"Sie haben bereits ein Konto",
	},
	MailExistsLead: {
		"Somebody tried to make an account at {brand} with this address. You already have an account. Sign in or set a new password.",
		"Jemand wollte mit dieser Adresse ein Konto bei {brand} erstellen. Sie haben bereits ein Konto. Melden Sie sich an oder setzen Sie ein neues Passwort.",
	},
	MailExistsNote: {
		"If it was not you, you need not do anything: nothing was changed.",
		"Wenn Sie das nicht waren, müssen Sie nichts tun: Es wurde nichts geändert.",
	},
	MailChangedSubject: {
		"Your password was changed",
		"Ihr Passwort wurde geändert",
	},
	MailChangedLead: {
		"Your account at {brand} has a new password. Other devices and apps were signed out.",
		"Ihr Konto bei {brand} hat ein neues Passwort. Andere Geräte und Apps wurden abgemeldet.",
	},
	MailChangedButton: {
		"It was not me",
		"Das war ich nicht",
	},
	MailChangedNote: {
		"If it was you, you need not do anything. If it was not, set a new password at once.",
		"Wenn Sie das waren, müssen Sie nichts tun. Wenn nicht, setzen Sie sofort ein neues Passwort.",
	},
	MailLink: {
		"Or open this address:",
		"Oder öffnen Sie diese Adresse:",
	},
	MailWhy: {
		"This mail was sent to {mail} because of an account at {brand}.",
		"Diese E-Mail ging an {mail} wegen eines Kontos bei {brand}.",
	},
	DevMailTitle: {
		"Mails",
		"E-Mails",
	},
	DevMailLead: {
		"What this server writes to people, newest first. Without a mail server nothing leaves this machine.",
		"Was dieser Server an Personen schreibt, das Neueste zuerst. Ohne Mailserver verlässt nichts diesen Rechner.",
	},
	DevMailEmpty: {
		"No mail was written yet. Create an account to see one.",
		"Es wurde noch keine E-Mail geschrieben. Erstellen Sie ein Konto, um eine zu sehen.",
	},
	DevMailTo: {
		"To",
		"An",
	},
	DevMailSubject: {
		"Subject",
		"Betreff",
	},
	DevMailState: {
		"State",
		"Zustand",
	},
	DevMailSent: {
		"sent",
		"gesendet",
	},
	DevMailFailed: {
		"given up",
		"aufgegeben",
	},
	DevMailWaiting: {
		"waiting",
		"wartet",
	},
	DevMailOpen: {
		"Open its link",
		"Link öffnen",
	},
	DevMailText: {
		"As text",
		"Als Text",
	},
	DevMailAll: {
		"All mails",
		"Alle E-Mails",
	},
}
