package ui

// Keys of creating an account.
const (
	SignupTitle       Key = "signup.title"
	SignupLead        Key = "signup.lead"
	SignupLeadPlain   Key = "signup.lead.plain"
	SignupButton      Key = "signup.button"
	SignupClosed      Key = "signup.closed"
	SignupClosedText  Key = "signup.closed.text"
	HaveAccount       Key = "signup.haveaccount"
	Taken             Key = "signup.taken"
	PasswordHint      Key = "password.hint"
	PasswordShort     Key = "password.short"
	PasswordListed    Key = "password.listed"
	SignupWorkMissing Key = "signup.work.missing"
	SignupWorkScript  Key = "signup.work.script"
	PasswordBreached  Key = "password.breached"
	EmailInvalid      Key = "email.invalid"
	NameHint          Key = "name.hint"
	NameInvalid       Key = "name.invalid"
)

var signupTexts = texts{
	SignupTitle: {
		"Create your account",
		"Konto erstellen",
	},
	SignupLead: {
		"One account for all your apps, with {credits} free credits to start.",
		"Ein Konto für alle Ihre Apps, mit {credits} kostenlosen Credits zum Start.",
	},
	SignupLeadPlain: {
		"One account for all your apps.",
		"Ein Konto für alle Ihre Apps.",
	},
	SignupButton: {
		"Create account",
		"Konto erstellen",
	},
	SignupClosed: {
		"Sign-up is closed",
		"Die Registrierung ist geschlossen",
	},
	SignupClosedText: {
		"New accounts cannot be created here at the moment. If you have one already, sign in.",
		"Hier können zurzeit keine neuen Konten erstellt werden. Wenn Sie schon eines haben, melden Sie sich an.",
	},
	HaveAccount: {
		"Already have an account?",
		"Sie haben schon ein Konto?",
	},
	Taken: {
		"This e-mail address cannot be used for a new account. If it is yours, sign in.",
		"Mit dieser E-Mail-Adresse kann kein neues Konto erstellt werden. Wenn sie Ihnen gehört, melden Sie sich an.",
	},
	PasswordHint: {
		"8 to 128 characters. A few words are easy to remember and hard to guess.",
		"8 bis 128 Zeichen. Einige Wörter sind leicht zu merken und schwer zu erraten.",
	},
	PasswordShort: {
		"Use 8 to 128 characters.",
		"Bitte 8 bis 128 Zeichen verwenden.",
	},
	PasswordListed: {
		"This password is on lists of known passwords. Choose another.",
		"Dieses Passwort steht auf Listen bekannter Passwörter. Bitte ein anderes wählen.",
	},
	SignupWorkMissing: {
		"Your browser did not finish its check against automatic sign-ups. Please try again.",
		"Ihr Browser hat die Prüfung gegen automatische Anmeldungen nicht abgeschlossen. Bitte versuchen Sie es erneut.",
	},
	SignupWorkScript: {
		"To keep automatic sign-ups away, creating an account takes a small calculation by your browser. Please switch JavaScript on for this page.",
		"Zum Schutz vor automatischen Anmeldungen muss Ihr Browser für ein neues Konto etwas rechnen. Bitte schalten Sie JavaScript für diese Seite ein.",
	},
	PasswordBreached: {
		"This password is known from a data breach elsewhere. Choose another, and use it nowhere else.",
		"Dieses Passwort ist aus einem Datenleck anderswo bekannt. Bitte wählen Sie ein anderes, das Sie nur hier benutzen.",
	},
	EmailInvalid: {
		"Enter an e-mail address such as ada@example.com.",
		"Geben Sie eine E-Mail-Adresse wie ada@example.com ein.",
	},
	NameHint: {
		"Optional. Apps that you allow can see it.",
		"Freiwillig. Apps, denen Sie es erlauben, können ihn sehen.",
	},
	NameInvalid: {
		"Use at most 255 characters on one line.",
		"Bitte höchstens 255 Zeichen in einer Zeile verwenden.",
	},
}
