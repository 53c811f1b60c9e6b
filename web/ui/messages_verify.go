package ui

// Keys of proving an address and of setting a new password.
const (
	ForgotLink       Key = "forgot.link"
	ForgotTitle      Key = "forgot.title"
	ForgotLead       Key = "forgot.lead"
	ForgotButton     Key = "forgot.button"
	ForgotSentTitle  Key = "forgot.sent.title"
	ForgotSent       Key = "forgot.sent"
	MailsClosedTitle Key = "mails.closed.title"
	MailsClosed      Key = "mails.closed"
	ResetTitle       Key = "reset.title"
	ResetLead        Key = "reset.lead"
	ResetButton      Key = "reset.button"
	ResetDoneTitle   Key = "reset.done.title"
	ResetDone        Key = "reset.done"
	LinkDeadTitle    Key = "link.dead.title"
	LinkUsed         Key = "link.used"
	LinkExpired      Key = "link.expired"
	LinkAgain        Key = "link.again"
	VerifyTitle      Key = "verify.title"
	VerifyLead       Key = "verify.lead"
	VerifyMade       Key = "verify.made"
	VerifyButton     Key = "verify.button"
	VerifyDeny       Key = "verify.deny"
	VerifyDenyHint   Key = "verify.deny.hint"
	VerifyDenyButton Key = "verify.deny.button"
	VerifyDoneTitle  Key = "verify.done.title"
	VerifyDone       Key = "verify.done"
	DeniedTitle      Key = "verify.denied.title"
	Denied           Key = "verify.denied"
	SentTitle        Key = "verify.sent.title"
	SentLead         Key = "signup.sent"
	SentLeadPlain    Key = "signup.sent.plain"
	SentAgain        Key = "verify.again"
	SentHint         Key = "verify.sent.hint"
	ResendButton     Key = "verify.resend"
	ToAccount        Key = "verify.account"
)

var verifyTexts = texts{
	ForgotLink: {
		"Forgot your password?",
		"Passwort vergessen?",
	},
	ForgotTitle: {
		"Set a new password",
		"Neues Passwort setzen",
	},
	ForgotLead: {
		"Tell us your e-mail address, and we send you a link to set a new password.",
		"Nennen Sie uns Ihre E-Mail-Adresse, und wir senden Ihnen einen Link, um ein neues Passwort zu setzen.",
	},
	ForgotButton: {
		"Send the link",
		"Link senden",
	},
	ForgotSentTitle: {
		"Look into your mail",
		"Sehen Sie in Ihre E-Mails",
	},
	ForgotSent: {
		"If an account uses this address, a link is on its way. It works for one hour.",
		"Falls es ein Konto mit dieser Adresse gibt, ist ein Link unterwegs. Er gilt eine Stunde.",
	},
	MailsClosedTitle: {
		"No mails are sent here",
		"Hier werden keine E-Mails versandt",
	},
	MailsClosed: {
		"This server has no mail server yet, so it cannot send you a link. Ask whoever runs it for one.",
		"Dieser Server hat noch keinen Mailserver und kann Ihnen deshalb keinen Link senden. Bitten Sie dessen Betreiber um einen.",
	},
	ResetTitle: {
		"Choose a new password",
		"Neues Passwort wählen",
	},
	ResetLead: {
		"For {mail}. You are signed out everywhere, and sign in with the new password.",
		"Für {mail}. Sie werden überall abgemeldet und melden sich mit dem neuen Passwort an.",
	},
	ResetButton: {
		"Set the password",
		"Passwort setzen",
	},
	ResetDoneTitle: {
		"Your password was changed",
		"Ihr Passwort wurde geändert",
	},
	ResetDone: {
		"Sign in with the new password. All other devices and apps were signed out.",
		"Melden Sie sich mit dem neuen Passwort an. Alle anderen Geräte und Apps wurden abgemeldet.",
	},
	LinkDeadTitle: {
		"This link does not work any more",
		"Dieser Link gilt nicht mehr",
	},
	LinkUsed: {
		"It was used already, or a newer one was sent. You can have another one.",
		"Er wurde schon benutzt, oder es wurde ein neuerer gesendet. Sie können einen weiteren anfordern.",
	},
	LinkExpired: {
		"Its time has passed. You can have another one.",
		"Seine Zeit ist abgelaufen. Sie können einen weiteren anfordern.",
	},
	LinkAgain: {
		"Send another link",
		"Neuen Link senden",
	},
	VerifyTitle: {
		"Confirm your e-mail address",
		"E-Mail-Adresse bestätigen",
	},
	VerifyLead: {
		"Is {mail} yours, and did you make this account?",
		"Gehört {mail} Ihnen, und haben Sie dieses Konto erstellt?",
	},
	VerifyMade: {
		"Account made",
		"Konto erstellt",
	},
	VerifyButton: {
		"Yes, confirm the address",
		"Ja, Adresse bestätigen",
	},
	VerifyDeny: {
		"This was not me",
		"Das war ich nicht",
	},
	VerifyDenyHint: {
		"Then the account is deleted, at once and for good.",
		"Dann wird das Konto gelöscht, sofort und endgültig.",
	},
	VerifyDenyButton: {
		"Delete the account",
		"Konto löschen",
	},
	VerifyDoneTitle: {
		"Your address is confirmed",
		"Ihre Adresse ist bestätigt",
	},
	VerifyDone: {
		"Thank you. You can go on now.",
		"Vielen Dank. Sie können jetzt weitermachen.",
	},
	DeniedTitle: {
		"The account was deleted",
		"Das Konto wurde gelöscht",
	},
	Denied: {
		"Nobody has an account with your address here any more.",
		"Mit Ihrer Adresse hat hier niemand mehr ein Konto.",
	},
	SentTitle: {
		"Confirm your e-mail address",
		"E-Mail-Adresse bestätigen",
	},
	SentLead: {
		"Almost done. Open the link that we sent to {mail}.",
		"Fast fertig. Öffnen Sie den Link, den wir an {mail} geschickt haben.",
	},
	SentLeadPlain: {
		"We send you a link that confirms your address.",
		"Wir senden Ihnen einen Link, der Ihre Adresse bestätigt.",
	},
	SentAgain: {
		"If this address has to be confirmed, another link is on its way.",
		"Falls diese Adresse bestätigt werden muss, ist ein weiterer Link unterwegs.",
	},
	SentHint: {
		"Nothing there? Look into the spam folder first. At most three mails are sent to an address in an hour.",
		"Nichts angekommen? Sehen Sie zuerst im Spam-Ordner nach. An eine Adresse gehen höchstens drei E-Mails in einer Stunde.",
	},
	ResendButton: {
		"Send the link again",
		"Link erneut senden",
	},
	ToAccount: {
		"To your account",
		"Zu Ihrem Konto",
	},
}
