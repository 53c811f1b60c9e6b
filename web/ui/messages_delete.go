package ui

// Keys of deleting an account.
const (
	DeleteTitle    Key = "delete.title"
	DeleteLead     Key = "delete.lead"
	DeletePerson   Key = "delete.person"
	DeleteApps     Key = "delete.apps"
	DeleteFree     Key = "delete.free"
	DeletePaid     Key = "delete.paid"
	DeleteType     Key = "delete.type"
	DeleteLast     Key = "delete.last"
	DeleteMismatch Key = "delete.mismatch"
	DeleteButton   Key = "delete.button"
	DeleteHint     Key = "delete.hint"
	DeleteOpen     Key = "delete.open"
	DeletedTitle   Key = "deleted.title"
	DeletedText    Key = "deleted.text"
)

var deleteTexts = texts{
	DeleteTitle: {
		"Delete your account",
		"Konto löschen",
	},
	DeleteLead: {
		"This happens at once and cannot be undone. You lose:",
		"Das geschieht sofort und kann nicht rückgängig gemacht werden. Sie verlieren:",
	},
	DeletePerson: {
		"your profile and every way to sign in",
		"Ihr Profil und alle Möglichkeiten, sich anzumelden",
	},
	DeleteApps: {
		"access to all apps that you use with this account",
		"den Zugang zu allen Apps, die Sie mit diesem Konto nutzen",
	},
	DeleteFree: {
		"{amount} free credits",
		"{amount} kostenlose Credits",
	},
	DeletePaid: {
		"{amount} credits that you bought",
		"{amount} gekaufte Credits",
	},
	DeleteType: {
		"Type {email} to confirm",
		"Geben Sie zur Bestätigung {email} ein",
	},
	DeleteLast: {
		"You are the last administrator. Make somebody else an administrator first, then delete your account.",
		"Sie sind die letzte Person, die dieses System verwaltet. Geben Sie zuerst jemand anderem die Rechte der Verwaltung, dann löschen Sie Ihr Konto.",
	},
	DeleteMismatch: {
		"This is not the address of the account.",
		"Das ist nicht die Adresse des Kontos.",
	},
	DeleteButton: {
		"Delete for good",
		"Endgültig löschen",
	},
	DeleteHint: {
		"Everything personal is erased. Amounts of credits are kept without your name, as the law asks.",
		"Alles Persönliche wird gelöscht. Beträge von Credits bleiben ohne Ihren Namen erhalten, wie es das Gesetz verlangt.",
	},
	DeleteOpen: {
		"Delete account …",
		"Konto löschen …",
	},
	DeletedTitle: {
		"Your account is deleted",
		"Ihr Konto ist gelöscht",
	},
	DeletedText: {
		"You are signed out everywhere. You can close this page.",
		"Sie sind überall abgemeldet. Sie können diese Seite schließen.",
	},
}
