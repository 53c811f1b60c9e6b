package ui

// Keys of second factors.
const (
	FactorTitle       Key = "mfa.title"
	FactorLead        Key = "mfa.lead"
	FactorCode        Key = "mfa.code"
	FactorWrong       Key = "mfa.wrong"
	FactorUsed        Key = "mfa.used"
	FactorClock       Key = "mfa.clock"
	RecoveryUse       Key = "recovery.use"
	RecoveryCode      Key = "recovery.code"
	RecoveryHint      Key = "recovery.hint"
	RecoveryWrong     Key = "recovery.wrong"
	RecoveryGone      Key = "recovery.gone"
	FactorLost        Key = "mfa.lost"
	RecoveryLastTitle Key = "recovery.last.title"
	RecoveryLast      Key = "recovery.last"
	RecoverySkip      Key = "recovery.skip"
)

var factorTexts = texts{
	FactorTitle: {
		"Enter your code",
		"Code eingeben",
	},
	FactorLead: {
		"Open your authenticator app and enter the six digits that it shows for this account.",
		"Öffnen Sie Ihre Authenticator-App und geben Sie die sechs Ziffern ein, die sie für dieses Konto anzeigt.",
	},
	FactorCode: {
		"Code from the app",
		"Code aus der App",
	},
	FactorWrong: {
		"That code is not right. Enter the newest one.",
		"Dieser Code stimmt nicht. Geben Sie den neuesten ein.",
	},
	FactorUsed: {
		"This code was used already. Wait for the next one.",
		"Dieser Code wurde schon benutzt. Warten Sie auf den nächsten.",
	},
	FactorClock: {
		"Codes depend on the time. Let your phone set date and time by itself, then try the newest code.",
		"Die Codes hängen von der Uhrzeit ab. Lassen Sie Ihr Telefon Datum und Uhrzeit automatisch einstellen und geben Sie dann den neuesten Code ein.",
	},
	RecoveryUse: {
		"Use a recovery code",
		"Wiederherstellungscode verwenden",
	},
	RecoveryCode: {
		"Recovery code",
		"Wiederherstellungscode",
	},
	RecoveryHint: {
		"16 letters and digits from the list that you kept. Each works once.",
		"16 Buchstaben und Ziffern aus Ihrer Liste. Jeder Code gilt einmal.",
	},
	RecoveryWrong: {
		"This is none of your recovery codes. Check every letter.",
		"Das ist keiner Ihrer Wiederherstellungscodes. Bitte prüfen Sie jedes Zeichen.",
	},
	RecoveryGone: {
		"This recovery code was used already. Take another one from your list.",
		"Dieser Wiederherstellungscode wurde schon benutzt. Nehmen Sie einen anderen aus Ihrer Liste.",
	},
	FactorLost: {
		"If you have neither the app nor a recovery code, ask the people who run this service. They remove the second factor once they know that it is you.",
		"Wenn Sie weder die App noch einen Wiederherstellungscode haben, wenden Sie sich an die Betreiber dieses Dienstes. Sie entfernen den zweiten Faktor, sobald feststeht, dass Sie es sind.",
	},
	RecoveryLastTitle: {
		"No recovery codes left",
		"Keine Codes mehr",
	},
	RecoveryLast: {
		"That was your last recovery code. Make new ones now.",
		"Das war Ihr letzter Wiederherstellungscode. Erstellen Sie jetzt neue.",
	},
	RecoverySkip: {
		"Later",
		"Später",
	},
}
