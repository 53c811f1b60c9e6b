package ui

// Keys of events that administrators read.
const (
	EventDeleted         Key = "event.account_deleted"
	EventForeign         Key = "event.refresh_token_foreign"
	EventClientNew       Key = "event.client_created"
	EventClientChanged   Key = "event.client_changed"
	EventClientGone      Key = "event.client_deleted"
	EventClientSecret    Key = "event.client_secret_rotated"
	EventServiceNew      Key = "event.service_key_created"
	EventServiceChanged  Key = "event.service_key_changed"
	EventServiceRotated  Key = "event.service_key_rotated"
	EventServiceRevoked  Key = "event.service_key_revoked"
	EventKeyRotated      Key = "event.key_rotated"
	EventKeyRevoked      Key = "event.key_revoked"
	EventMasterKey       Key = "event.master_key_changed"
	EventPackageNew      Key = "event.package_created"
	EventPackageChanged  Key = "event.package_changed"
	EventPaymentSeen     Key = "event.payment_event_viewed"
	EventPaymentAgain    Key = "event.payment_event_requeued"
	EventLedgerChecked   Key = "event.ledger_checked"
	EventMailRetried     Key = "event.mail_retried"
	EventMailDropped     Key = "event.mail_dropped"
	EventSetupOffered    Key = "event.setup_offered"
	EventRecoveryOffered Key = "event.recovery_offered"
)

var adminEventTexts = texts{
	EventDeleted: {
		"Account deleted",
		"Konto gelöscht",
	},
	EventForeign: {
		"An app showed the pass of another app",
		"Eine App zeigte den Ausweis einer anderen App",
	},
	EventClientNew: {
		"App registered",
		"App registriert",
	},
	EventClientChanged: {
		"App changed",
		"App geändert",
	},
	EventClientGone: {
		"App deleted",
		"App gelöscht",
	},
	EventClientSecret: {
		"New secret for an app",
		"Neues Geheimnis für eine App",
	},
	EventServiceNew: {
		"Service key created",
		"Dienstschlüssel erstellt",
	},
	EventServiceChanged: {
		"Service key changed",
		"Dienstschlüssel geändert",
	},
	EventServiceRotated: {
		"New value for a service key",
		"Neuer Wert für einen Dienstschlüssel",
	},
	EventServiceRevoked: {
		"Service key revoked",
		"Dienstschlüssel widerrufen",
	},
	EventKeyRotated: {
		"Signing key changed",
		"Signaturschlüssel gewechselt",
	},
	EventKeyRevoked: {
		"Signing key revoked",
		"Signaturschlüssel widerrufen",
	},
	EventMasterKey: {
		"Master key changed",
		"Hauptschlüssel gewechselt",
	},
	EventPackageNew: {
		"Package created",
		"Paket angelegt",
	},
	EventPackageChanged: {
		"Package changed",
		"Paket geändert",
	},
	EventPaymentSeen: {
		"Content of a payment event looked at",
		"Inhalt eines Zahlungsereignisses angesehen",
	},
	EventPaymentAgain: {
		"Event of a payment tried again",
		"Ereignis einer Zahlung erneut versucht",
	},
	EventLedgerChecked: {
		"Ledger checked",
		"Hauptbuch geprüft",
	},
	EventMailRetried: {
		"Mail sent again",
		"E-Mail erneut gesendet",
	},
	EventMailDropped: {
		"Mail dropped",
		"E-Mail verworfen",
	},
	EventSetupOffered: {
		"Link for the first administrator made",
		"Link für den ersten Administrator erzeugt",
	},
	EventRecoveryOffered: {
		"Link for another administrator made",
		"Link für einen weiteren Administrator erzeugt",
	},
}
