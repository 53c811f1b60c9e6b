package ui

// Keys of signing in and out.
const (
	LoginTitle     Key = "login.title"
	LoginReturns   Key = "login.returns"
	LoginFailed    Key = "login.failed"
	LoginAgain     Key = "login.again"
	LoginAgainWith Key = "login.againWith"
	LoginOther     Key = "login.other"
	SelectTitle    Key = "select.title"
	SelectContinue Key = "select.continue"
	SelectOther    Key = "select.other"
	Remember       Key = "remember"
	NoAccount      Key = "login.noaccount"
	CreateAccount  Key = "signup.link"
	LogoutTitle    Key = "logout.title"
	LogoutLead     Key = "logout.lead"
	LogoutButton   Key = "logout.button"
	SignedOutTitle Key = "signedout.title"
	SignedOutLead  Key = "signedout.lead"
	PostTitle      Key = "formpost.title"
	PostLead       Key = "formpost.lead"
	Locked         Key = "locked"
	LimitedTitle   Key = "limited.title"
)

var loginTexts = texts{
	LoginTitle: {
		"Sign in",
		"Anmelden",
	},
	LoginReturns: {
		"You return to {host}",
		"Sie kehren zurück zu {host}",
	},
	LoginFailed: {
		"E-mail or password is wrong. Forgot your password?",
		"E-Mail oder Passwort stimmt nicht. Passwort vergessen?",
	},
	LoginAgain: {
		"Please confirm that it is you.",
		"Bitte bestätigen Sie, dass Sie es sind.",
	},
	LoginAgainWith: {
		"Please confirm that it is you. Another provider counts only if it asks you again. If it does not, use your password; if you have none, set one with the link below.",
		"Bitte bestätigen Sie, dass Sie es sind. Ein anderer Anbieter zählt nur, wenn er Sie erneut fragt. Tut er das nicht, verwenden Sie Ihr Passwort; wenn Sie keines haben, legen Sie über den Link unten eines fest.",
	},
	LoginOther: {
		"You are signed in as {email}, but the app asks for another account. Sign in with that one, or cancel.",
		"Sie sind als {email} angemeldet, aber die App fragt nach einem anderen Konto. Melden Sie sich damit an oder brechen Sie ab.",
	},
	SelectTitle: {
		"Choose an account",
		"Konto wählen",
	},
	SelectContinue: {
		"Continue with this account",
		"Mit diesem Konto fortfahren",
	},
	SelectOther: {
		"Use another account",
		"Anderes Konto verwenden",
	},
	Remember: {
		"Stay signed in on this device",
		"Auf diesem Gerät angemeldet bleiben",
	},
	NoAccount: {
		"New here?",
		"Neu hier?",
	},
	CreateAccount: {
		"Create an account",
		"Konto erstellen",
	},
	LogoutTitle: {
		"Sign out?",
		"Abmelden?",
	},
	LogoutLead: {
		"You are signed in as {mail}. Apps that you opened may keep their own sign-in.",
		"Sie sind als {mail} angemeldet. In Apps, die Sie geöffnet haben, bleiben Sie möglicherweise angemeldet.",
	},
	LogoutButton: {
		"Sign out",
		"Abmelden",
	},
	SignedOutTitle: {
		"You are signed out",
		"Sie sind abgemeldet",
	},
	SignedOutLead: {
		"You can close this page, or sign in again.",
		"Sie können diese Seite schließen oder sich erneut anmelden.",
	},
	PostTitle: {
		"One moment",
		"Einen Moment",
	},
	PostLead: {
		"You are on your way back to {host}. If nothing happens, continue here.",
		"Sie kehren gerade zurück zu {host}. Falls nichts geschieht, geht es hier weiter.",
	},
	Locked: {
		"Too many tries. Please wait {n} and try again.",
		"Zu viele Versuche. Bitte warten Sie {n} und versuchen Sie es dann erneut.",
	},
	LimitedTitle: {
		"Too many tries",
		"Zu viele Versuche",
	},
}
