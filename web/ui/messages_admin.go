package ui

// Keys of the administration.
const (
	AccountAdjustment  Key = "admin.accountadjustment"
	AccountBonus       Key = "admin.accountbonus"
	AccountDaily       Key = "admin.accountdaily"
	AccountExpired     Key = "admin.accountexpired"
	AccountOpening     Key = "admin.accountopening"
	AccountSale        Key = "admin.accountsale"
	AccountSum         Key = "admin.accountsum"
	AccountUsage       Key = "admin.accountusage"
	AccountWallets     Key = "admin.accountwallets"
	AccountWithdrawn   Key = "admin.accountwithdrawn"
	AdminAdjust        Key = "admin.adminadjust"
	AdminAdjusted      Key = "admin.adminadjusted"
	AdminAlgorithm     Key = "admin.adminalgorithm"
	AdminAmount        Key = "admin.adminamount"
	AdminAmountHint    Key = "admin.adminamounthint"
	AdminAmountWrong   Key = "admin.adminamountwrong"
	AdminAppIDs        Key = "admin.adminappids"
	AdminAudiences     Key = "admin.adminaudiences"
	AdminAudit         Key = "admin.adminaudit"
	AdminAuditLead     Key = "admin.adminauditlead"
	AdminBack          Key = "admin.adminback"
	AdminCapDay        Key = "admin.admincapday"
	AdminCapUse        Key = "admin.admincapuse"
	AdminCheckLong     Key = "admin.adminchecklong"
	AdminCheckNow      Key = "admin.adminchecknow"
	AdminCheckSums     Key = "admin.adminchecksums"
	AdminChecked       Key = "admin.adminchecked"
	AdminClass         Key = "admin.adminclass"
	AdminClientNew     Key = "admin.adminclientnew"
	AdminClients       Key = "admin.adminclients"
	AdminClientsLead   Key = "admin.adminclientslead"
	AdminDayWrong      Key = "admin.admindaywrong"
	AdminDelete        Key = "admin.admindelete"
	AdminDeletedDone   Key = "admin.admindeleteddone"
	AdminDemo          Key = "admin.admindemo"
	AdminDemote        Key = "admin.admindemote"
	AdminDifferences   Key = "admin.admindifferences"
	AdminDisable       Key = "admin.admindisable"
	AdminDisabledDone  Key = "admin.admindisableddone"
	AdminDoorAdmin     Key = "admin.admindooradmin"
	AdminDoorClient    Key = "admin.admindoorclient"
	AdminDoorDemo      Key = "admin.admindoordemo"
	AdminEnable        Key = "admin.adminenable"
	AdminEnabledDone   Key = "admin.adminenableddone"
	AdminEnd           Key = "admin.adminend"
	AdminEndedDone     Key = "admin.adminendeddone"
	AdminFieldFault    Key = "admin.adminfieldfault"
	AdminFirstParty    Key = "admin.adminfirstparty"
	AdminFrom          Key = "admin.adminfrom"
	AdminFrozen        Key = "admin.adminfrozen"
	AdminHeld          Key = "admin.adminheld"
	AdminHeldText      Key = "admin.adminheldtext"
	AdminGrants        Key = "admin.admingrants"
	AdminHealth        Key = "admin.adminhealth"
	AdminHome          Key = "admin.adminhome"
	AdminID            Key = "admin.adminid"
	AdminIDWrong       Key = "admin.adminidwrong"
	AdminKeyActive     Key = "admin.adminkeyactive"
	AdminKeyPending    Key = "admin.adminkeypending"
	AdminKeyRemoved    Key = "admin.adminkeyremoved"
	AdminKeyRemovedOn  Key = "admin.adminkeyremovedon"
	AdminKeyRetiring   Key = "admin.adminkeyretiring"
	AdminKeySignsFrom  Key = "admin.adminkeysignsfrom"
	AdminKeySignsSince Key = "admin.adminkeysignssince"
	AdminKeys          Key = "admin.adminkeys"
	AdminKeysLead      Key = "admin.adminkeyslead"
	AdminLast          Key = "admin.adminlast"
	AdminLastPass      Key = "admin.adminlastpass"
	AdminLedger        Key = "admin.adminledger"
	AdminLedgerLead    Key = "admin.adminledgerlead"
	AdminLogouts       Key = "admin.adminlogouts"
	AdminNameTaken     Key = "admin.adminnametaken"
	AdminNoClients     Key = "admin.adminnoclients"
	AdminNoEvents      Key = "admin.adminnoevents"
	AdminNoFrozen      Key = "admin.adminnofrozen"
	AdminNoPass        Key = "admin.adminnopass"
	AdminNobody        Key = "admin.adminnobody"
	AdminOnePerLine    Key = "admin.adminoneperline"
	AdminPKCEExempt    Key = "admin.adminpkceexempt"
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
		"Enter a number up to 1,000,000 with at most 6 decimal places.",
		"Geben Sie eine Zahl bis 1.000.000 mit höchstens 6 Nachkommastellen ein.",
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
		"Wallets: {wallets}, transactions: {transactions}, differences: {faults}",
		"Guthaben: {wallets}, Buchungen: {transactions}, Abweichungen: {faults}",
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
	AdminHeld: {
		"Open holds",
		"Offene Reservierungen",
	},
	AdminHeldText: {
		"{n} holds are open. What is held cannot be spent; a hold ends by its capture, its release or its time.",
		"{n} Reservierungen sind offen. Reserviertes ist nicht verfügbar; eine Reservierung endet mit ihrer Abrechnung, ihrer Freigabe oder ihrer Frist.",
	},
	AdminFrozen: {
		"Frozen wallets",
		"Eingefrorene Guthaben",
	},
	AdminGrants: {
		"How it gets tokens",
		"Wie sie Token erhält",
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
		"Nobody has this address or id.",
		"Niemand hat diese Adresse oder Kennung.",
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
}
