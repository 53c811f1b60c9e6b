package ui

// More keys of the administration.
const (
	AdminPermissions    Key = "admin.adminpermissions"
	AdminPerson         Key = "admin.adminperson"
	AdminPersonID       Key = "admin.adminpersonid"
	AdminPolicy         Key = "admin.adminpolicy"
	AdminPromote        Key = "admin.adminpromote"
	AdminPublic         Key = "admin.adminpublic"
	AdminReason         Key = "admin.adminreason"
	AdminReasonHint     Key = "admin.adminreasonhint"
	AdminReasonWrong    Key = "admin.adminreasonwrong"
	AdminRedirects      Key = "admin.adminredirects"
	AdminRepeated       Key = "admin.adminrepeated"
	AdminRevoke         Key = "admin.adminrevoke"
	AdminRevokeMeans    Key = "admin.adminrevokemeans"
	AdminRevoked        Key = "admin.adminrevoked"
	AdminRole           Key = "admin.adminrole"
	AdminRoles          Key = "admin.adminroles"
	AdminRolesHint      Key = "admin.adminroleshint"
	AdminRolesWrong     Key = "admin.adminroleswrong"
	AdminRotate         Key = "admin.adminrotate"
	AdminRotateNow      Key = "admin.adminrotatenow"
	AdminRotateRefresh  Key = "admin.adminrotaterefresh"
	AdminRotateSecret   Key = "admin.adminrotatesecret"
	AdminRotated        Key = "admin.adminrotated"
	AdminSave           Key = "admin.adminsave"
	AdminSaved          Key = "admin.adminsaved"
	AdminScopes         Key = "admin.adminscopes"
	AdminSearch         Key = "admin.adminsearch"
	AdminSecret         Key = "admin.adminsecret"
	AdminSecretOnce     Key = "admin.adminsecretonce"
	AdminServiceEnded   Key = "admin.adminserviceended"
	AdminServiceExpired Key = "admin.adminserviceexpired"
	AdminServiceLive    Key = "admin.adminservicelive"
	AdminServiceNew     Key = "admin.adminservicenew"
	AdminServiceRevoked Key = "admin.adminservicerevoked"
	AdminServices       Key = "admin.adminservices"
	AdminServicesLead   Key = "admin.adminserviceslead"
	AdminSessions       Key = "admin.adminsessions"
	AdminSettings       Key = "admin.adminsettings"
	AdminSettingsLead   Key = "admin.adminsettingslead"
	AdminSince          Key = "admin.adminsince"
	AdminSet            Key = "admin.settings.set"
	AdminDefault        Key = "admin.settings.default"
	AdminGiven          Key = "admin.settings.given"
	AdminSource         Key = "admin.adminsource"
	AdminState          Key = "admin.adminstate"
	AdminStateActive    Key = "admin.adminstateactive"
	AdminStateDeleted   Key = "admin.adminstatedeleted"
	AdminStateDisabled  Key = "admin.adminstatedisabled"
	AdminTitle          Key = "admin.admintitle"
	AdminTo             Key = "admin.adminto"
	AdminTooMuch        Key = "admin.admintoomuch"
	AdminTyped          Key = "admin.admintyped"
	AdminTypedWrong     Key = "admin.admintypedwrong"
	AdminUsers          Key = "admin.adminusers"
	AdminUsersLead      Key = "admin.adminuserslead"
	AdminValue          Key = "admin.adminvalue"
	AdminWalletStopped  Key = "admin.adminwalletstopped"
	AdminWelcome        Key = "admin.adminwelcome"
	AdminWelcomeLead    Key = "admin.adminwelcomelead"
	AdminWho            Key = "admin.adminwho"
	AdminWhom           Key = "admin.adminwhom"
	ChartCredits        Key = "admin.chartcredits"
	ChartCreditsText    Key = "admin.chartcreditstext"
	ChartErrors         Key = "admin.charterrors"
	ChartFailed         Key = "admin.chartfailed"
	ChartIssued         Key = "admin.chartissued"
	ChartSignIns        Key = "admin.chartsignins"
	ChartSignInsText    Key = "admin.chartsigninstext"
	ChartSignups        Key = "admin.chartsignups"
	ChartSignupsName    Key = "admin.chartsignupsname"
	ChartSignupsText    Key = "admin.chartsignupstext"
	ChartSold           Key = "admin.chartsold"
	ChartSpent          Key = "admin.chartspent"
	ChartSucceeded      Key = "admin.chartsucceeded"
	ChartTokens         Key = "admin.charttokens"
	ChartTokensName     Key = "admin.charttokensname"
	ChartTokensText     Key = "admin.charttokenstext"
	HealthStorage       Key = "admin.healthstorage"
	HealthShared        Key = "admin.healthshared"
	HealthKeys          Key = "admin.healthkeys"
	AdminHistory        Key = "admin.adminhistory"
)

var adminMoreTexts = texts{
	AdminPermissions: {
		"Permissions",
		"Rechte",
	},
	AdminPerson: {
		"Account",
		"Konto",
	},
	AdminPersonID: {
		"Person",
		"Person",
	},
	AdminPolicy: {
		"Rules",
		"Regeln",
	},
	AdminPromote: {
		"Make an administrator",
		"Zum Administrator machen",
	},
	AdminPublic: {
		"Public: a native or single-page app, which can keep no secret",
		"Öffentlich: eine native oder Browser-App, die kein Geheimnis wahren kann",
	},
	AdminReason: {
		"Reason",
		"Grund",
	},
	AdminReasonHint: {
		"The person reads it in the history.",
		"Die Person liest ihn im Verlauf.",
	},
	AdminReasonWrong: {
		"Give a reason of at most 1000 characters.",
		"Geben Sie einen Grund mit höchstens 1000 Zeichen an.",
	},
	AdminRedirects: {
		"Redirect addresses",
		"Rücksprungadressen",
	},
	AdminRepeated: {
		"This form was sent already with something else.",
		"Dieses Formular wurde schon mit anderem Inhalt gesendet.",
	},
	AdminRevoke: {
		"Revoke",
		"Widerrufen",
	},
	AdminRevokeMeans: {
		"Everything that it signed is refused from now on: people and apps sign in again.",
		"Alles, was er signiert hat, wird ab sofort abgelehnt: Personen und Apps melden sich neu an.",
	},
	AdminRevoked: {
		"The key was revoked.",
		"Der Schlüssel wurde widerrufen.",
	},
	AdminRole: {
		"Administrator",
		"Administrator",
	},
	AdminRoles: {
		"Roles for apps",
		"Rollen für Apps",
	},
	AdminRolesHint: {
		"Names parted by blanks. Apps read them as the claim roles; here they give no right.",
		"Namen, durch Leerzeichen getrennt. Apps lesen sie als Claim roles; hier geben sie kein Recht.",
	},
	AdminRolesWrong: {
		"Use at most 50 names of up to 64 letters, digits and ._:/-",
		"Höchstens 50 Namen aus bis zu 64 Buchstaben, Ziffern und ._:/-",
	},
	AdminRotate: {
		"Rotate",
		"Wechseln",
	},
	AdminRotateNow: {
		"Sign with the new key at once",
		"Sofort mit dem neuen Schlüssel signieren",
	},
	AdminRotateRefresh: {
		"Refresh tokens change with every use",
		"Refresh-Tokens wechseln bei jeder Nutzung",
	},
	AdminRotateSecret: {
		"New secret; the old one stays valid for a day",
		"Neues Geheimnis; das alte gilt noch einen Tag",
	},
	AdminRotated: {
		"The key was rotated.",
		"Der Schlüssel wurde gewechselt.",
	},
	AdminSave: {
		"Save",
		"Speichern",
	},
	AdminSaved: {
		"The change was saved.",
		"Die Änderung wurde gespeichert.",
	},
	AdminScopes: {
		"May ask for",
		"Darf anfragen",
	},
	AdminSearch: {
		"Search",
		"Suchen",
	},
	AdminSecret: {
		"The secret of this app",
		"Das Geheimnis dieser App",
	},
	AdminSecretOnce: {
		"It is shown this once and never again.",
		"Es wird nur dieses eine Mal gezeigt.",
	},
	AdminServiceEnded: {
		"This key was revoked or has expired.",
		"Dieser Schlüssel wurde widerrufen oder ist abgelaufen.",
	},
	AdminServiceExpired: {
		"Expired",
		"Abgelaufen",
	},
	AdminServiceLive: {
		"Live",
		"Gültig",
	},
	AdminServiceNew: {
		"Make a service key",
		"Dienstschlüssel erstellen",
	},
	AdminServiceRevoked: {
		"Revoked",
		"Widerrufen",
	},
	AdminServices: {
		"Service keys",
		"Dienstschlüssel",
	},
	AdminServicesLead: {
		"By them the back ends of apps act on people's credits.",
		"Mit ihnen handeln die Server von Apps mit den Credits von Personen.",
	},
	AdminSessions: {
		"Sessions",
		"Sitzungen",
	},
	AdminSettings: {
		"Settings",
		"Einstellungen",
	},
	AdminSettingsLead: {
		"What this process was started with. It is changed where it is started.",
		"Womit dieser Prozess gestartet wurde. Geändert wird es dort, wo er gestartet wird.",
	},
	AdminSince: {
		"Since",
		"Seit",
	},
	AdminSet: {
		"set, not shown",
		"gesetzt, nicht gezeigt",
	},
	AdminDefault: {
		"default",
		"Standard",
	},
	AdminGiven: {
		"environment",
		"Umgebung",
	},
	AdminSource: {
		"Source",
		"Quelle",
	},
	AdminState: {
		"State",
		"Status",
	},
	AdminStateActive: {
		"Active",
		"Aktiv",
	},
	AdminStateDeleted: {
		"Deleted",
		"Gelöscht",
	},
	AdminStateDisabled: {
		"Disabled",
		"Gesperrt",
	},
	AdminTitle: {
		"Administration",
		"Verwaltung",
	},
	AdminTo: {
		"To",
		"Bis",
	},
	AdminTooMuch: {
		"There are not so many credits to take, or no room for so many.",
		"So viele Credits sind nicht vorhanden, oder es ist kein Platz für so viele.",
	},
	AdminTyped: {
		"Type {name} to delete it with all that people allowed it",
		"Geben Sie {name} ein, um sie mit allen Zustimmungen zu löschen",
	},
	AdminTypedWrong: {
		"This is not the name of the app.",
		"Das ist nicht der Name der App.",
	},
	AdminUsers: {
		"People",
		"Personen",
	},
	AdminUsersLead: {
		"Search by id, or by the beginning of an address or name.",
		"Suche nach Kennung oder nach dem Anfang von Adresse oder Name.",
	},
	AdminValue: {
		"Value",
		"Wert",
	},
	AdminWalletStopped: {
		"The wallet is frozen or closed.",
		"Das Guthaben ist eingefroren oder geschlossen.",
	},
	AdminWelcome: {
		"You are an administrator",
		"Sie sind Administrator",
	},
	AdminWelcomeLead: {
		"Where to go from here.",
		"Wie es von hier weitergeht.",
	},
	AdminWho: {
		"By whom",
		"Von wem",
	},
	AdminWhom: {
		"To whom",
		"Wen betrifft es",
	},
	ChartCredits: {
		"Credits a day",
		"Credits am Tag",
	},
	ChartCreditsText: {
		"Credits given, spent and sold on each of the last 30 days, UTC. An hour is counted when it is over.",
		"Vergebene, verbrauchte und verkaufte Credits der letzten 30 Tage, UTC. Eine Stunde zählt, sobald sie vorbei ist.",
	},
	ChartErrors: {
		"Errors",
		"Fehler",
	},
	ChartFailed: {
		"Failed",
		"Fehlgeschlagen",
	},
	ChartIssued: {
		"Issued",
		"Vergeben",
	},
	ChartSignIns: {
		"Sign-ins an hour",
		"Anmeldungen je Stunde",
	},
	ChartSignInsText: {
		"Sign-ins of the last 48 hours, counted every five minutes.",
		"Anmeldungen der letzten 48 Stunden, alle fünf Minuten gezählt.",
	},
	ChartSignups: {
		"New accounts a day",
		"Neue Konten am Tag",
	},
	ChartSignupsName: {
		"New accounts",
		"Neue Konten",
	},
	ChartSignupsText: {
		"New accounts on each of the last 30 days, UTC.",
		"Neue Konten der letzten 30 Tage, UTC.",
	},
	ChartSold: {
		"Sold",
		"Verkauft",
	},
	ChartSpent: {
		"Spent",
		"Verbraucht",
	},
	ChartSucceeded: {
		"Succeeded",
		"Erfolgreich",
	},
	ChartTokens: {
		"Tokens a day",
		"Tokens am Tag",
	},
	ChartTokensName: {
		"Access tokens",
		"Access-Tokens",
	},
	ChartTokensText: {
		"Tokens signed and requests that failed by our own fault, on each of the last 30 days, UTC.",
		"Signierte Tokens und durch eigene Fehler gescheiterte Anfragen der letzten 30 Tage, UTC.",
	},
	HealthStorage: {
		"Database",
		"Datenbank",
	},
	HealthShared: {
		"Shared store",
		"Gemeinsamer Speicher",
	},
	HealthKeys: {
		"Signing keys",
		"Signaturschlüssel",
	},
	AdminHistory: {
		"Bookings",
		"Buchungen",
	},
}
