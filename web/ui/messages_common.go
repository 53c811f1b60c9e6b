package ui

// Keys of what many pages share.
const (
	Skip          Key = "skip"
	DevLabel      Key = "dev.label"
	ErrorPrefix   Key = "error.prefix"
	Development   Key = "dev.banner"
	SignOut       Key = "signout"
	Email         Key = "email"
	Password      Key = "password"
	NewPassword   Key = "password.new"
	Name          Key = "name"
	SummaryTitle  Key = "summary"
	Cancel        Key = "cancel"
	Continue      Key = "continue"
	Back          Key = "back"
	Reference     Key = "reference"
	Imprint       Key = "imprint"
	Privacy       Key = "privacy"
	Terms         Key = "terms"
	Support       Key = "support"
	LanguageLabel Key = "language"
	Seconds       Key = "seconds"
	Minutes       Key = "minutes"
	Hours         Key = "hours"
	ChartNumbers  Key = "chart.numbers"
	PagerLabel    Key = "pager"
	PagerNewer    Key = "pager.newer"
	PagerOlder    Key = "pager.older"
	Reveal        Key = "password.reveal"
	RevealLabel   Key = "password.reveal.label"
	Working       Key = "working"
	Days          Key = "days"
)

var commonTexts = texts{
	Skip: {
		"Skip to content",
		"Zum Inhalt springen",
	},
	DevLabel: {
		"Notice",
		"Hinweis",
	},
	ErrorPrefix: {
		"Error: {title}",
		"Fehler: {title}",
	},
	Development: {
		"Development server on this machine",
		"Entwicklungsserver auf diesem Rechner",
	},
	SignOut: {
		"Sign out",
		"Abmelden",
	},
	Email: {
		"E-mail",
		"E-Mail",
	},
	Password: {
		"Password",
		"Passwort",
	},
	NewPassword: {
		"Choose a password",
		"Neues Passwort wählen",
	},
	Name: {
		"Name",
		"Name",
	},
	SummaryTitle: {
		"Please check your entries",
		"Bitte prüfen Sie Ihre Angaben",
	},
	Cancel: {
		"Cancel",
		"Abbrechen",
	},
	Continue: {
		"Continue",
		"Weiter",
	},
	Back: {
		"Back to your account",
		"Zurück zu Ihrem Konto",
	},
	Reference: {
		"Reference {id}",
		"Kennung {id}",
	},
	Imprint: {
		"Imprint",
		"Impressum",
	},
	Privacy: {
		"Privacy",
		"Datenschutz",
	},
	Terms: {
		"Terms",
		"Nutzungsbedingungen",
	},
	Support: {
		"Support",
		"Hilfe",
	},
	LanguageLabel: {
		"Language",
		"Sprache",
	},
	Seconds: {
		"{n}\u00a0second|{n}\u00a0seconds",
		"{n}\u00a0Sekunde|{n}\u00a0Sekunden",
	},
	Minutes: {
		"{n}\u00a0minute|{n}\u00a0minutes",
		"{n}\u00a0Minute|{n}\u00a0Minuten",
	},
	Hours: {
		"{n}\u00a0hour|{n}\u00a0hours",
		"{n}\u00a0Stunde|{n}\u00a0Stunden",
	},
	ChartNumbers: {
		"Numbers as a table",
		"Zahlen als Tabelle",
	},
	PagerLabel: {
		"Pages",
		"Seiten",
	},
	PagerNewer: {
		"Newer",
		"Neuere",
	},
	PagerOlder: {
		"Older",
		"Ältere",
	},
	Reveal: {
		"Show",
		"Anzeigen",
	},
	RevealLabel: {
		"Show password",
		"Passwort anzeigen",
	},
	Working: {
		"One moment…",
		"Einen Moment…",
	},
	Days: {
		"{n}\u00a0day|{n}\u00a0days",
		"{n}\u00a0Tag|{n}\u00a0Tage",
	},
}
