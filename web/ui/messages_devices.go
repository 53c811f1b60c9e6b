package ui

// Keys of sessions, apps and what happened to an account.
const (
	SessionsTitle        Key = "sessions.title"
	SessionsLead         Key = "sessions.lead"
	SessionHere          Key = "session.here"
	SessionOthers        Key = "session.others"
	SessionsEmpty        Key = "sessions.empty"
	SessionEnd           Key = "session.end"
	SessionEndNamed      Key = "session.end.named"
	SessionEndOthers     Key = "session.end.others"
	SessionSince         Key = "session.since"
	SessionSeen          Key = "session.seen"
	SessionEnded         Key = "session.ended.done"
	SessionsEnded        Key = "sessions.ended.done"
	SessionGone          Key = "session.gone"
	AgentOn              Key = "agent.on"
	AgentUnknown         Key = "agent.unknown"
	NetworkUnknown       Key = "network.unknown"
	NetworkHere          Key = "network.here"
	AppsTitle            Key = "apps.title"
	AppsLead             Key = "apps.lead"
	AppsEmpty            Key = "apps.empty"
	AppSince             Key = "app.since"
	AppUsed              Key = "app.used"
	AppRemove            Key = "app.remove"
	AppRemoveNamed       Key = "app.remove.named"
	AppRemoveText        Key = "app.remove.text"
	AppRemoved           Key = "app.removed"
	SecurityTitle        Key = "security.title"
	SecurityLead         Key = "security.lead"
	PasswordChangeLead   Key = "password.change.lead"
	PasswordCurrent      Key = "password.current"
	PasswordNext         Key = "password.next"
	PasswordChange       Key = "password.change"
	PasswordChanged      Key = "password.changed"
	PasswordWrong        Key = "password.wrong"
	EventsTitle          Key = "events.title"
	EventsLead           Key = "events.lead"
	EventsEmpty          Key = "events.empty"
	EventRegister        Key = "event.register"
	EventLogin           Key = "event.login_success"
	EventLoginFailure    Key = "event.login_failure"
	EventLogout          Key = "event.logout"
	EventLocked          Key = "event.account_locked"
	EventPasswordChanged Key = "event.password_changed"
	EventResetRequested  Key = "event.password_reset_requested"
	EventReset           Key = "event.password_reset_completed"
	EventVerified        Key = "event.email_verified"
	EventSessionRevoked  Key = "event.session_revoked"
	EventReused          Key = "event.refresh_token_reused"
	EventFactorOn        Key = "event.two_factor_enabled"
	EventFactorOff       Key = "event.two_factor_disabled"
	EventPasskey         Key = "event.passkey_registered"
	EventPasskeyGone     Key = "event.passkey_deleted"
	EventPasskeyLogin    Key = "event.passkey_login_success"
	EventAppRemoved      Key = "event.app_disconnected"
	EventExported        Key = "event.data_exported"
	EventConsent         Key = "event.consent_granted"
	EventRole            Key = "event.role_changed"
	EventRoles           Key = "event.roles_changed"
	EventDisabled        Key = "event.account_disabled"
	EventEnabled         Key = "event.account_enabled"
	EventSessionsEnded   Key = "event.sessions_ended"
	EventVerifyAsked     Key = "event.email_verification_requested"
	EventRegisterAgain   Key = "event.register_repeated"
	EventTokenRevoked    Key = "event.token_revoked"
	EventCreditsGiven    Key = "event.credits_adjusted"
	EventCreditsBack     Key = "event.credits_refunded"
	EventWalletFrozen    Key = "event.wallet_frozen"
	EventWalletRebuilt   Key = "event.wallet_rebuilt"
)

var devicesTexts = texts{
	SessionsTitle: {
		"Sessions",
		"Sitzungen",
	},
	SessionsLead: {
		"Where you are signed in. End what you do not know, and then change your password.",
		"Wo Sie angemeldet sind. Beenden Sie, was Sie nicht kennen, und ändern Sie dann Ihr Passwort.",
	},
	SessionHere: {
		"This device",
		"Dieses Gerät",
	},
	SessionOthers: {
		"Other devices",
		"Andere Geräte",
	},
	SessionsEmpty: {
		"You are signed in nowhere else.",
		"Sie sind sonst nirgends angemeldet.",
	},
	SessionEnd: {
		"End",
		"Beenden",
	},
	SessionEndNamed: {
		"End {device}",
		"{device} beenden",
	},
	SessionEndOthers: {
		"End all others",
		"Alle anderen beenden",
	},
	SessionSince: {
		"Signed in",
		"Angemeldet",
	},
	SessionSeen: {
		"last seen",
		"zuletzt aktiv",
	},
	SessionEnded: {
		"The session has been ended. Its apps have to sign in again.",
		"Die Sitzung wurde beendet. Apps müssen sich dort neu anmelden.",
	},
	SessionsEnded: {
		"All other sessions have been ended.",
		"Alle anderen Sitzungen wurden beendet.",
	},
	SessionGone: {
		"This session had ended already.",
		"Diese Sitzung war schon beendet.",
	},
	AgentOn: {
		"{browser} on {system}",
		"{browser} unter {system}",
	},
	AgentUnknown: {
		"Unknown program",
		"Unbekanntes Programm",
	},
	NetworkUnknown: {
		"Unknown network",
		"Unbekanntes Netz",
	},
	NetworkHere: {
		"This machine",
		"Dieser Rechner",
	},
	AppsTitle: {
		"Apps",
		"Apps",
	},
	AppsLead: {
		"Apps that you let use your account, and what they may do.",
		"Apps, denen Sie die Nutzung Ihres Kontos erlaubt haben, und was sie dürfen.",
	},
	AppsEmpty: {
		"No apps yet. When you sign in to one, it appears here.",
		"Noch keine Apps. Wenn Sie sich bei einer anmelden, erscheint sie hier.",
	},
	AppSince: {
		"Allowed since",
		"Erlaubt seit",
	},
	AppUsed: {
		"Last used",
		"Zuletzt genutzt",
	},
	AppRemove: {
		"Remove access",
		"Zugriff entziehen",
	},
	AppRemoveNamed: {
		"Remove access of {app}",
		"{app} den Zugriff entziehen",
	},
	AppRemoveText: {
		"The app is signed out at once. Other services may take its last pass for up to {span}.",
		"Die App wird sofort abgemeldet. Andere Dienste nehmen ihren letzten Ausweis noch bis zu {span} an.",
	},
	AppRemoved: {
		"The app no longer has access.",
		"Die App hat keinen Zugriff mehr.",
	},
	SecurityTitle: {
		"Security",
		"Sicherheit",
	},
	SecurityLead: {
		"How you sign in, and what happened to your account.",
		"Wie Sie sich anmelden und was in Ihrem Konto geschehen ist.",
	},
	PasswordChangeLead: {
		"A new password ends all other sessions.",
		"Ein neues Passwort beendet alle anderen Sitzungen.",
	},
	PasswordCurrent: {
		"Present password",
		"Bisheriges Passwort",
	},
	PasswordNext: {
		"New password",
		"Neues Passwort",
	},
	PasswordChange: {
		"Change password",
		"Passwort ändern",
	},
	PasswordChanged: {
		"Your password has been changed. All other sessions have been ended.",
		"Ihr Passwort wurde geändert. Alle anderen Sitzungen wurden beendet.",
	},
	PasswordWrong: {
		"This is not your present password.",
		"Das ist nicht Ihr bisheriges Passwort.",
	},
	EventsTitle: {
		"Recent activity",
		"Letzte Ereignisse",
	},
	EventsLead: {
		"If you do not know something here, change your password and end all other sessions.",
		"Wenn Sie hier etwas nicht kennen, ändern Sie Ihr Passwort und beenden Sie alle anderen Sitzungen.",
	},
	EventsEmpty: {
		"Nothing before this.",
		"Davor war nichts.",
	},
	EventRegister: {
		"Account created",
		"Konto erstellt",
	},
	EventLogin: {
		"Signed in",
		"Angemeldet",
	},
	EventLoginFailure: {
		"Sign-in with a wrong password",
		"Anmeldung mit falschem Passwort",
	},
	EventLogout: {
		"Signed out",
		"Abgemeldet",
	},
	EventLocked: {
		"Sign-in locked for a while after wrong passwords",
		"Anmeldung nach falschen Passwörtern vorübergehend gesperrt",
	},
	EventPasswordChanged: {
		"Password changed",
		"Passwort geändert",
	},
	EventResetRequested: {
		"Link for a new password asked for",
		"Link für ein neues Passwort angefordert",
	},
	EventReset: {
		"Password set by a link",
		"Passwort über einen Link gesetzt",
	},
	EventVerified: {
		"E-mail address confirmed",
		"E-Mail-Adresse bestätigt",
	},
	EventSessionRevoked: {
		"Session ended from another device",
		"Sitzung von einem anderen Gerät aus beendet",
	},
	EventReused: {
		"An app showed a used pass; its session was ended",
		"Eine App zeigte einen verbrauchten Ausweis; ihre Sitzung wurde beendet",
	},
	EventFactorOn: {
		"Second factor turned on",
		"Zweiter Faktor eingeschaltet",
	},
	EventFactorOff: {
		"Second factor turned off",
		"Zweiter Faktor ausgeschaltet",
	},
	EventPasskey: {
		"Passkey added",
		"Passkey hinzugefügt",
	},
	EventPasskeyGone: {
		"Passkey removed",
		"Passkey entfernt",
	},
	EventPasskeyLogin: {
		"Signed in by passkey",
		"Mit Passkey angemeldet",
	},
	EventAppRemoved: {
		"Access of an app removed",
		"Einer App den Zugriff entzogen",
	},
	EventExported: {
		"Own data downloaded",
		"Eigene Daten heruntergeladen",
	},
	EventConsent: {
		"Access of an app allowed",
		"Einer App den Zugriff erlaubt",
	},
	EventRole: {
		"Rights in the administration changed",
		"Rechte in der Verwaltung geändert",
	},
	EventRoles: {
		"Roles for apps changed",
		"Rollen für Apps geändert",
	},
	EventDisabled: {
		"Account disabled",
		"Konto gesperrt",
	},
	EventEnabled: {
		"Account enabled again",
		"Konto wieder freigegeben",
	},
	EventSessionsEnded: {
		"Signed out everywhere by the administration",
		"Von der Verwaltung überall abgemeldet",
	},
	EventVerifyAsked: {
		"Link to confirm the e-mail address requested",
		"Link zum Bestätigen der E-Mail-Adresse angefordert",
	},
	EventRegisterAgain: {
		"Somebody tried to create an account with this address",
		"Jemand wollte ein Konto mit dieser Adresse erstellen",
	},
	EventTokenRevoked: {
		"Signed out of an app",
		"Von einer App abgemeldet",
	},
	EventCreditsGiven: {
		"Credits adjusted by the administration",
		"Credits von der Verwaltung angepasst",
	},
	EventCreditsBack: {
		"Credits refunded",
		"Credits erstattet",
	},
	EventWalletFrozen: {
		"Credits frozen until they are checked",
		"Credits eingefroren, bis sie geprüft sind",
	},
	EventWalletRebuilt: {
		"Credits checked and released",
		"Credits geprüft und freigegeben",
	},
}
