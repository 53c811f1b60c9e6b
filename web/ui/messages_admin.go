package ui

// Keys of the administration.
const (
	AccountAdjustment   Key = "admin.accountadjustment"
	AccountBonus        Key = "admin.accountbonus"
	AccountDaily        Key = "admin.accountdaily"
	AccountExpired      Key = "admin.accountexpired"
	AccountOpening      Key = "admin.accountopening"
	AccountSale         Key = "admin.accountsale"
	AccountSum          Key = "admin.accountsum"
	AccountUsage        Key = "admin.accountusage"
	AccountWallets      Key = "admin.accountwallets"
	AccountWithdrawn    Key = "admin.accountwithdrawn"
	AdminAdjust         Key = "admin.adminadjust"
	AdminAdjusted       Key = "admin.adminadjusted"
	AdminAlgorithm      Key = "admin.adminalgorithm"
	AdminAmount         Key = "admin.adminamount"
	AdminAmountHint     Key = "admin.adminamounthint"
	AdminAmountWrong    Key = "admin.adminamountwrong"
	AdminAppIDs         Key = "admin.adminappids"
	AdminAudiences      Key = "admin.adminaudiences"
	AdminAudit          Key = "admin.adminaudit"
	AdminAuditLead      Key = "admin.adminauditlead"
	AdminBack           Key = "admin.adminback"
	AdminCapDay         Key = "admin.admincapday"
	AdminCapUse         Key = "admin.admincapuse"
	AdminCheckLong      Key = "admin.adminchecklong"
	AdminCheckNow       Key = "admin.adminchecknow"
	AdminCheckSums      Key = "admin.adminchecksums"
	AdminChecked        Key = "admin.adminchecked"
	AdminClass          Key = "admin.adminclass"
	AdminClientNew      Key = "admin.adminclientnew"
	AdminClients        Key = "admin.adminclients"
	AdminClientsLead    Key = "admin.adminclientslead"
	AdminDayWrong       Key = "admin.admindaywrong"
	AdminDelete         Key = "admin.admindelete"
	AdminDeletedDone    Key = "admin.admindeleteddone"
	AdminDemo           Key = "admin.admindemo"
	AdminDemote         Key = "admin.admindemote"
	AdminDifferences    Key = "admin.admindifferences"
	AdminDisable        Key = "admin.admindisable"
	AdminDisabledDone   Key = "admin.admindisableddone"
	AdminDoorAdmin      Key = "admin.admindooradmin"
	AdminDoorClient     Key = "admin.admindoorclient"
	AdminDoorDemo       Key = "admin.admindoordemo"
	AdminEnable         Key = "admin.adminenable"
	AdminEnabledDone    Key = "admin.adminenableddone"
	AdminEnd            Key = "admin.adminend"
	AdminEndedDone      Key = "admin.adminendeddone"
	AdminFieldFault     Key = "admin.adminfieldfault"
	AdminFirstParty     Key = "admin.adminfirstparty"
	AdminFrom           Key = "admin.adminfrom"
	AdminFrozen         Key = "admin.adminfrozen"
	AdminGrants         Key = "admin.admingrants"
	AdminHealth         Key = "admin.adminhealth"
	AdminHome           Key = "admin.adminhome"
	AdminID             Key = "admin.adminid"
	AdminIDWrong        Key = "admin.adminidwrong"
	AdminKeyActive      Key = "admin.adminkeyactive"
	AdminKeyPending     Key = "admin.adminkeypending"
	AdminKeyRemoved     Key = "admin.adminkeyremoved"
	AdminKeyRemovedOn   Key = "admin.adminkeyremovedon"
	AdminKeyRetiring    Key = "admin.adminkeyretiring"
	AdminKeySignsFrom   Key = "admin.adminkeysignsfrom"
	AdminKeySignsSince  Key = "admin.adminkeysignssince"
	AdminKeys           Key = "admin.adminkeys"
	AdminKeysLead       Key = "admin.adminkeyslead"
	AdminLast           Key = "admin.adminlast"
	AdminLastPass       Key = "admin.adminlastpass"
	AdminLedger         Key = "admin.adminledger"
	AdminLedgerLead     Key = "admin.adminledgerlead"
	AdminLogouts        Key = "admin.adminlogouts"
	AdminNameTaken      Key = "admin.adminnametaken"
	AdminNoClients      Key = "admin.adminnoclients"
	AdminNoEvents       Key = "admin.adminnoevents"
	AdminNoFrozen       Key = "admin.adminnofrozen"
	AdminNoPass         Key = "admin.adminnopass"
	AdminNobody         Key = "admin.adminnobody"
	AdminOnePerLine     Key = "admin.adminoneperline"
	AdminPKCEExempt     Key = "admin.adminpkceexempt"
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

var adminTexts = texts{
	AccountAdjustment: {
		"Given by administrators",
		"Von Administratoren gegeben",
	},
	AccountBonus: {
		"Signup bonuses",
		"Startguthaben",
	},
	AccountDaily: {
		"Daily credits",
		"Tägliche Credits",
	},
	AccountExpired: {
		"Expired",
		"Verfallen",
	},
	AccountOpening: {
		"Opening balances",
		"Anfangsbestände",
	},
	AccountSale: {
		"Sold",
		"Verkauft",
	},
	AccountSum: {
		"Sum, which must be 0",
		"Summe, die 0 sein muss",
	},
	AccountUsage: {
		"Used",
		"Verbraucht",
	},
	AccountWallets: {
		"In all wallets",
		"In allen Guthaben",
	},
	AccountWithdrawn: {
		"Taken from closed accounts",
		"Aus geschlossenen Konten",
	},
	AdminAdjust: {
		"Book credits",
		"Credits buchen",
	},
	AdminAdjusted: {
		"The credits were booked.",
		"Die Credits wurden gebucht.",
	},
	AdminAlgorithm: {
		"Algorithm",
		"Algorithmus",
	},
	AdminAmount: {
		"Credits",
		"Credits",
	},
	AdminAmountHint: {
		"With a minus in front they are taken.",
		"Mit einem Minus davor werden sie genommen.",
	},
	AdminAmountWrong: {
		"Enter a number up to 1000000 with at most 6 decimal places.",
		"Geben Sie eine Zahl bis 1000000 mit höchstens 6 Nachkommastellen ein.",
	},
	AdminAppIDs: {
		"App ids of the credits API",
		"App-Kennungen der Credits-API",
	},
	AdminAudiences: {
		"APIs whose tokens it may look up",
		"APIs, deren Tokens sie prüfen darf",
	},
	AdminAudit: {
		"Security log",
		"Sicherheitsprotokoll",
	},
	AdminAuditLead: {
		"What happened, who did it, to whom and when. Nobody can change it.",
		"Was geschah, wer es tat, mit wem und wann. Niemand kann es ändern.",
	},
	AdminBack: {
		"Your account",
		"Ihr Konto",
	},
	AdminCapDay: {
		"Most credits a day; empty: no limit",
		"Höchstens Credits am Tag; leer: keine Grenze",
	},
	AdminCapUse: {
		"Most credits of one use; empty: no limit",
		"Höchstens Credits je Nutzung; leer: keine Grenze",
	},
	AdminCheckLong: {
		"The ledger is too large to be checked while you wait. Run: mana credits verify",
		"Das Hauptbuch ist zu groß für eine Prüfung, auf die Sie warten. Rufen Sie auf: mana credits verify",
	},
	AdminCheckNow: {
		"Check all wallets now",
		"Jetzt alle Guthaben prüfen",
	},
	AdminCheckSums: {
		"{wallets} wallets, {transactions} transactions, {faults} differences",
		"{wallets} Guthaben, {transactions} Buchungen, {faults} Abweichungen",
	},
	AdminChecked: {
		"Result of the check",
		"Ergebnis der Prüfung",
	},
	AdminClass: {
		"Kind",
		"Art",
	},
	AdminClientNew: {
		"Register an app",
		"App registrieren",
	},
	AdminClients: {
		"Apps",
		"Apps",
	},
	AdminClientsLead: {
		"What people sign in to with their account here.",
		"Wo sich Personen mit ihrem Konto anmelden.",
	},
	AdminDayWrong: {
		"Enter a day as YYYY-MM-DD.",
		"Geben Sie einen Tag als JJJJ-MM-TT ein.",
	},
	AdminDelete: {
		"Delete this app",
		"Diese App löschen",
	},
	AdminDeletedDone: {
		"The app was deleted.",
		"Die App wurde gelöscht.",
	},
	AdminDemo: {
		"Demo app",
		"Demo-App",
	},
	AdminDemote: {
		"Take the administrator role",
		"Administratorrolle entziehen",
	},
	AdminDifferences: {
		"Differences in the ledger",
		"Abweichungen im Hauptbuch",
	},
	AdminDisable: {
		"Disable",
		"Sperren",
	},
	AdminDisabledDone: {
		"The account was disabled and signed out everywhere.",
		"Das Konto wurde gesperrt und überall abgemeldet.",
	},
	AdminDoorAdmin: {
		"See how the installation is doing.",
		"Sehen, wie es der Installation geht.",
	},
	AdminDoorClient: {
		"Let people sign in to your first app.",
		"Personen in Ihrer ersten App anmelden.",
	},
	AdminDoorDemo: {
		"Try signing in and spending a credit.",
		"Anmelden und einen Credit ausgeben, zum Ausprobieren.",
	},
	AdminEnable: {
		"Enable",
		"Freigeben",
	},
	AdminEnabledDone: {
		"The account was enabled.",
		"Das Konto wurde freigegeben.",
	},
	AdminEnd: {
		"Sign out everywhere",
		"Überall abmelden",
	},
	AdminEndedDone: {
		"The person was signed out everywhere.",
		"Die Person wurde überall abgemeldet.",
	},
	AdminFieldFault: {
		"{field}: {text}",
		"{field}: {text}",
	},
	AdminFirstParty: {
		"Our own app: people are not asked for consent",
		"Eigene App: Personen werden nicht um Zustimmung gebeten",
	},
	AdminFrom: {
		"From",
		"Von",
	},
	AdminFrozen: {
		"Frozen wallets",
		"Eingefrorene Guthaben",
	},
	AdminGrants: {
		"Grants",
		"Grants",
	},
	AdminHealth: {
		"Health",
		"Zustand",
	},
	AdminHome: {
		"Overview",
		"Übersicht",
	},
	AdminID: {
		"Id",
		"Kennung",
	},
	AdminIDWrong: {
		"Enter the id of a person.",
		"Geben Sie die Kennung einer Person ein.",
	},
	AdminKeyActive: {
		"Active",
		"Aktiv",
	},
	AdminKeyPending: {
		"Published",
		"Veröffentlicht",
	},
	AdminKeyRemoved: {
		"Removed",
		"Entfernt",
	},
	AdminKeyRemovedOn: {
		"Removed: {time}",
		"Entfernt: {time}",
	},
	AdminKeyRetiring: {
		"Retiring",
		"Läuft aus",
	},
	AdminKeySignsFrom: {
		"Signs from {time}",
		"Signiert ab {time}",
	},
	AdminKeySignsSince: {
		"Signs since {time}",
		"Signiert seit {time}",
	},
	AdminKeys: {
		"Signing keys",
		"Signaturschlüssel",
	},
	AdminKeysLead: {
		"A new key is published for 24 hours before it signs, and stays for 30 days after.",
		"Ein neuer Schlüssel wird 24 Stunden vor dem Signieren veröffentlicht und bleibt danach 30 Tage.",
	},
	AdminLast: {
		"This is the last administrator, who must stay.",
		"Das ist der letzte Administrator, der bleiben muss.",
	},
	AdminLastPass: {
		"Last check beside the work",
		"Letzte Prüfung im laufenden Betrieb",
	},
	AdminLedger: {
		"Ledger",
		"Hauptbuch",
	},
	AdminLedgerLead: {
		"Every wallet is held against its journal all the time.",
		"Jedes Guthaben wird laufend mit seinem Journal verglichen.",
	},
	AdminLogouts: {
		"Addresses after signing out",
		"Adressen nach dem Abmelden",
	},
	AdminNameTaken: {
		"There is a key of this name already.",
		"Es gibt schon einen Schlüssel dieses Namens.",
	},
	AdminNoClients: {
		"No app is registered yet.",
		"Es ist noch keine App registriert.",
	},
	AdminNoEvents: {
		"Nothing was found.",
		"Es wurde nichts gefunden.",
	},
	AdminNoFrozen: {
		"No wallet is frozen.",
		"Kein Guthaben ist eingefroren.",
	},
	AdminNoPass: {
		"None has ended since the program was started.",
		"Seit dem Start des Programms wurde noch keine beendet.",
	},
	AdminNobody: {
		"Nobody was found.",
		"Es wurde niemand gefunden.",
	},
	AdminOnePerLine: {
		"One a line",
		"Eine je Zeile",
	},
	AdminPKCEExempt: {
		"May leave out PKCE: only for apps that cannot do it",
		"Darf PKCE weglassen: nur für Apps, die es nicht können",
	},
	AdminPermissions: {
		"Permissions",
		"Rechte",
	},
	AdminPerson: {
		"Account",
		"Konto",
	},
	AdminPersonID: {
		"Id of a person",
		"Kennung einer Person",
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
		"Without a secret: a native or single-page app",
		"Ohne Geheimnis: eine native oder Browser-App",
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
		"Three doors from here.",
		"Drei Wege von hier.",
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
		"Credits issued and spent on each of the last 30 days, UTC.",
		"Ausgegebene und verbrauchte Credits der letzten 30 Tage, UTC.",
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
		"Ausgegeben",
	},
	ChartSignIns: {
		"Sign-ins an hour",
		"Anmeldungen je Stunde",
	},
	ChartSignInsText: {
		"Sign-ins of the last 48 hours.",
		"Anmeldungen der letzten 48 Stunden.",
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
