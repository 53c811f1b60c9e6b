package ui

// Keys of the page that sets up second factors.
const (
	TOTPHeading       Key = "totp.heading"
	TOTPOff           Key = "totp.off"
	TOTPOn            Key = "totp.on"
	TOTPSetUp         Key = "totp.setup"
	TOTPRemove        Key = "totp.remove"
	TOTPIntro         Key = "totp.intro"
	TOTPNeeds         Key = "totp.needs"
	TOTPBegin         Key = "totp.begin"
	TOTPAnother       Key = "totp.another"
	TOTPAnotherLead   Key = "totp.another.lead"
	TOTPAnotherButton Key = "totp.another.button"
	TOTPScan          Key = "totp.scan"
	TOTPScanLead      Key = "totp.scan.lead"
	TOTPPicture       Key = "totp.picture"
	TOTPKeyLead       Key = "totp.key.lead"
	TOTPConfirm       Key = "totp.confirm"
	TOTPConfirmLead   Key = "totp.confirm.lead"
	TOTPEnable        Key = "totp.enable"
	TOTPEnds          Key = "totp.ends"
	TOTPRemoveTitle   Key = "totp.remove.title"
	TOTPRemoveLead    Key = "totp.remove.lead"
	TOTPKeep          Key = "totp.keep"
	RecoveryTitle     Key = "recovery.title"
	RecoveryLeft      Key = "recovery.left"
	RecoveryLeadNew   Key = "recovery.lead.new"
	RecoveryRenew     Key = "recovery.renew"
	RecoveryRenewWhy  Key = "recovery.renew.why"
	RecoveryOnce      Key = "recovery.once"
	RecoveryDownload  Key = "recovery.download"
	RecoveryPrint     Key = "recovery.print"
	RecoveryDone      Key = "recovery.done"
	RecoveryFile      Key = "recovery.file"
	SecurityBack      Key = "security.back"
)

var securityTexts = texts{
	TOTPHeading: {
		"Authenticator app",
		"Authenticator-App",
	},
	TOTPOff: {
		"Besides your password, an app on your phone shows a code that only you have. Whoever learns your password still cannot sign in.",
		"Zusätzlich zum Passwort zeigt eine App auf Ihrem Telefon einen Code, den nur Sie haben. Wer Ihr Passwort erfährt, kann sich trotzdem nicht anmelden.",
	},
	TOTPOn: {
		"On since {time}",
		"Eingeschaltet seit {time}",
	},
	TOTPSetUp: {
		"Set up an authenticator app",
		"Authenticator-App einrichten",
	},
	TOTPRemove: {
		"Turn off",
		"Ausschalten",
	},
	TOTPIntro: {
		"When you sign in, you enter your password and then a code from an app on your phone.",
		"Bei der Anmeldung geben Sie Ihr Passwort ein und danach einen Code aus einer App auf Ihrem Telefon.",
	},
	TOTPNeeds: {
		"You need an authenticator app, such as Aegis, FreeOTP, Google Authenticator, Microsoft Authenticator or your password manager.",
		"Sie brauchen eine Authenticator-App, zum Beispiel Aegis, FreeOTP, Google Authenticator, Microsoft Authenticator oder Ihren Passwort-Manager.",
	},
	TOTPAnother: {
		"No account in your app yet?",
		"Noch kein Konto in Ihrer App?",
	},
	TOTPAnotherLead: {
		"The key was shown once and is not shown again. A new key takes the place of the one before; remove that from your app.",
		"Der Schlüssel wurde einmal gezeigt und wird nicht erneut angezeigt. Ein neuer Schlüssel tritt an seine Stelle; entfernen Sie den alten aus Ihrer App.",
	},
	TOTPAnotherButton: {
		"Show a new key",
		"Neuen Schlüssel zeigen",
	},
	TOTPBegin: {
		"I have an app",
		"Ich habe eine App",
	},
	TOTPScan: {
		"Scan the picture with the app",
		"Bild mit der App scannen",
	},
	TOTPScanLead: {
		"Choose “Add account” in the app and point the camera here.",
		"Wählen Sie in der App „Konto hinzufügen“ und richten Sie die Kamera hierher.",
	},
	TOTPPicture: {
		"QR code with the key for your app. The key is also shown as text.",
		"QR-Code mit dem Schlüssel für Ihre App. Der Schlüssel steht auch als Text da.",
	},
	TOTPKeyLead: {
		"Or type this key into the app:",
		"Oder geben Sie diesen Schlüssel in der App ein:",
	},
	TOTPConfirm: {
		"Enter the code that it shows",
		"Angezeigten Code eingeben",
	},
	TOTPConfirmLead: {
		"Six digits that change every 30 seconds. The app is used from then on, not before.",
		"Sechs Ziffern, die alle 30 Sekunden wechseln. Erst danach wird die App bei der Anmeldung verlangt.",
	},
	TOTPEnable: {
		"Turn on",
		"Einschalten",
	},
	TOTPEnds: {
		"This signs you out on all other devices and in all apps there.",
		"Damit werden Sie auf allen anderen Geräten und in den Apps dort abgemeldet.",
	},
	TOTPRemoveTitle: {
		"Turn off the authenticator app?",
		"Authenticator-App ausschalten?",
	},
	TOTPRemoveLead: {
		"Your password alone then signs you in. Your recovery codes stop working.",
		"Danach genügt Ihr Passwort zur Anmeldung. Ihre Wiederherstellungscodes gelten nicht mehr.",
	},
	TOTPKeep: {
		"Keep it",
		"Eingeschaltet lassen",
	},
	RecoveryTitle: {
		"Recovery codes",
		"Wiederherstellungscodes",
	},
	RecoveryLeft: {
		"{n} recovery code is left|{n} recovery codes are left",
		"Noch {n} Wiederherstellungscode|Noch {n} Wiederherstellungscodes",
	},
	RecoveryLeadNew: {
		"If you lose your phone, each of these codes signs you in once in place of the app. Keep them where you would still find them without your phone.",
		"Wenn Sie Ihr Telefon verlieren, ersetzt jeder dieser Codes einmal den Code der App. Bewahren Sie sie so auf, dass Sie sie auch ohne Telefon finden.",
	},
	RecoveryRenew: {
		"Make new codes",
		"Neue Codes erstellen",
	},
	RecoveryRenewWhy: {
		"Ten new codes replace all earlier ones.",
		"Zehn neue Codes ersetzen alle bisherigen.",
	},
	RecoveryOnce: {
		"They are shown now and never again.",
		"Sie werden nur jetzt angezeigt.",
	},
	RecoveryDownload: {
		"Download",
		"Herunterladen",
	},
	RecoveryPrint: {
		"Print",
		"Drucken",
	},
	RecoveryDone: {
		"I have kept them",
		"Ich habe sie aufbewahrt",
	},
	RecoveryFile: {
		"Recovery codes of {brand} for {mail}. Each works once.",
		"Wiederherstellungscodes von {brand} für {mail}. Jeder gilt einmal.",
	},
	SecurityBack: {
		"Back to security",
		"Zurück zur Sicherheit",
	},
}
