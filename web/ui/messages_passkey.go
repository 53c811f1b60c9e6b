package ui

// Keys of passkeys.
const (
	PasskeyUse         Key = "passkey.use"
	PasskeyFailed      Key = "passkey.failed"
	PasskeyNeeded      Key = "passkey.needed"
	PasskeyHeading     Key = "passkey.heading"
	PasskeyLead        Key = "passkey.lead"
	PasskeyAdd         Key = "passkey.add"
	PasskeyAddLead     Key = "passkey.add.lead"
	PasskeyName        Key = "passkey.name"
	PasskeyNameHint    Key = "passkey.name.hint"
	PasskeyCreate      Key = "passkey.create"
	PasskeyScript      Key = "passkey.script"
	PasskeyNotMade     Key = "passkey.notmade"
	PasskeyTaken       Key = "passkey.taken"
	PasskeyMade        Key = "passkey.made"
	PasskeyUsed        Key = "passkey.used"
	PasskeyUnused      Key = "passkey.unused"
	PasskeyUnnamed     Key = "passkey.unnamed"
	PasskeyInstead     Key = "passkey.instead"
	PasskeyOffer       Key = "passkey.offer"
	PasskeyOfferLead   Key = "passkey.offer.lead"
	PasskeyOfferFoot   Key = "passkey.offer.foot"
	PasskeyLater       Key = "passkey.later"
	PasskeyNameInvalid Key = "passkey.name.invalid"
	PasskeySynced      Key = "passkey.synced"
	PasskeyBound       Key = "passkey.bound"
	PasskeyDevice      Key = "passkey.device"
	PasskeyKey         Key = "passkey.key"
	PasskeyNamed       Key = "passkey.named"
	PasskeyRename      Key = "passkey.rename"
	PasskeyRenameOf    Key = "passkey.rename.of"
	PasskeyRenameTitle Key = "passkey.rename.title"
	PasskeyRemoveOf    Key = "passkey.remove.of"
	EventPasskeyNamed  Key = "event.passkey.renamed"
	PasskeyRemove      Key = "passkey.remove"
	PasskeyRemoveTitle Key = "passkey.remove.title"
	PasskeyRemoveLead  Key = "passkey.remove.lead"
	PasskeyLast        Key = "passkey.last"
	PasskeyAdded       Key = "passkey.added"
	EventPasskeyCopied Key = "event.passkey.copied"
	EventRecoveryUsed  Key = "event.recovery.used"
	EventRecoveryNew   Key = "event.recovery.new"
	EventFactorWrong   Key = "event.factor.wrong"
)

var passkeyTexts = texts{
	PasskeyUse: {
		"Sign in with a passkey",
		"Mit Passkey anmelden",
	},
	PasskeyFailed: {
		"The passkey did not work. Try again or use your password.",
		"Der Passkey hat nicht funktioniert. Versuchen Sie es erneut oder nutzen Sie Ihr Passwort.",
	},
	PasskeyNeeded: {
		"Please confirm with your passkey that it is you.",
		"Bitte bestätigen Sie mit Ihrem Passkey, dass Sie es sind.",
	},
	PasskeyHeading: {
		"Passkeys",
		"Passkeys",
	},
	PasskeyLead: {
		"Sign in with your finger, your face or the PIN of your device instead of a password. Nobody can trick you out of a passkey.",
		"Melden Sie sich mit Fingerabdruck, Gesicht oder der PIN Ihres Geräts an statt mit einem Passwort. Einen Passkey kann Ihnen niemand entlocken.",
	},
	PasskeyAdd: {
		"Add a passkey",
		"Passkey hinzufügen",
	},
	PasskeyAddLead: {
		"Your device asks for your finger, your face or its PIN. Those never leave the device.",
		"Ihr Gerät fragt nach Fingerabdruck, Gesicht oder PIN. Diese verlassen das Gerät nie.",
	},
	PasskeyName: {
		"Name of the passkey",
		"Name des Passkeys",
	},
	PasskeyNameHint: {
		"So that you recognise it later, such as “My phone”.",
		"Damit Sie ihn später erkennen, zum Beispiel „Mein Telefon“.",
	},
	PasskeyCreate: {
		"Create passkey",
		"Passkey erstellen",
	},
	PasskeyScript: {
		"Passkeys need a browser that supports them, with JavaScript switched on.",
		"Für Passkeys braucht es einen Browser, der sie unterstützt, mit eingeschaltetem JavaScript.",
	},
	PasskeyNotMade: {
		"The passkey was not created. Please try again.",
		"Der Passkey wurde nicht erstellt. Bitte versuchen Sie es erneut.",
	},
	PasskeyTaken: {
		"This passkey is registered already.",
		"Dieser Passkey ist bereits registriert.",
	},
	PasskeyMade: {
		"Added {time}",
		"Hinzugefügt {time}",
	},
	PasskeyUsed: {
		"last used {time}",
		"zuletzt benutzt {time}",
	},
	PasskeyUnused: {
		"not used yet",
		"noch nicht benutzt",
	},
	PasskeyUnnamed: {
		"Passkey without a name",
		"Passkey ohne Namen",
	},
	PasskeyInstead: {
		"Use a passkey instead",
		"Stattdessen Passkey benutzen",
	},
	PasskeyOffer: {
		"Next time without a password?",
		"Beim nächsten Mal ohne Passwort?",
	},
	PasskeyOfferLead: {
		"With a passkey you sign in with your finger, your face or the PIN of this device. It is faster, and nobody can trick you out of it.",
		"Mit einem Passkey melden Sie sich mit Fingerabdruck, Gesicht oder der PIN dieses Geräts an. Das geht schneller, und niemand kann ihn Ihnen entlocken.",
	},
	PasskeyOfferFoot: {
		"You can add one at any time under “Security”.",
		"Sie können jederzeit unter „Sicherheit“ einen hinzufügen.",
	},
	PasskeyLater: {
		"Not now",
		"Nicht jetzt",
	},
	PasskeyNameInvalid: {
		"Use at most 60 characters on one line.",
		"Bitte höchstens 60 Zeichen in einer Zeile verwenden.",
	},
	PasskeySynced: {
		"Synced",
		"Synchronisiert",
	},
	PasskeyBound: {
		"This device only",
		"Nur auf diesem Gerät",
	},
	PasskeyDevice: {
		"Phone or computer",
		"Telefon oder Computer",
	},
	PasskeyKey: {
		"Security key",
		"Sicherheitsschlüssel",
	},
	PasskeyNamed: {
		"The passkey has its new name.",
		"Der Passkey hat seinen neuen Namen.",
	},
	PasskeyRename: {
		"Rename",
		"Umbenennen",
	},
	PasskeyRenameOf: {
		"Rename “{name}”",
		"Umbenennen: „{name}“",
	},
	PasskeyRenameTitle: {
		"Rename this passkey",
		"Passkey umbenennen",
	},
	PasskeyRemoveOf: {
		"Remove “{name}”",
		"Entfernen: „{name}“",
	},
	EventPasskeyNamed: {
		"Passkey renamed",
		"Passkey umbenannt",
	},
	PasskeyRemove: {
		"Remove",
		"Entfernen",
	},
	PasskeyRemoveTitle: {
		"Remove this passkey?",
		"Diesen Passkey entfernen?",
	},
	PasskeyRemoveLead: {
		"“{name}” signs you in no more. Remove it from your device as well.",
		"„{name}“ meldet Sie nicht mehr an. Entfernen Sie ihn auch auf Ihrem Gerät.",
	},
	PasskeyLast: {
		"This is your last way in. Set a password or add another passkey first.",
		"Das ist Ihr letzter Zugang. Legen Sie zuerst ein Passwort fest oder fügen Sie einen anderen Passkey hinzu.",
	},
	PasskeyAdded: {
		"The passkey was added.",
		"Der Passkey wurde hinzugefügt.",
	},
	EventPasskeyCopied: {
		"Passkey refused: there may be a copy of it",
		"Passkey abgewiesen: Es gibt vielleicht eine Kopie davon",
	},
	EventRecoveryUsed: {
		"Recovery code used",
		"Wiederherstellungscode benutzt",
	},
	EventRecoveryNew: {
		"New recovery codes",
		"Neue Wiederherstellungscodes",
	},
	EventFactorWrong: {
		"Wrong code while setting up an authenticator app",
		"Falscher Code beim Einrichten einer Authenticator-App",
	},
}
