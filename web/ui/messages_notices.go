package ui

// Keys of the mails that tell of a change.
const (
	MailNoticeButton       Key = "mail.notice.button"
	MailNoticeNote         Key = "mail.notice.note"
	MailFactorOnSubject    Key = "mail.factor_on.subject"
	MailFactorOnLead       Key = "mail.factor_on.lead"
	MailFactorOffSubject   Key = "mail.factor_off.subject"
	MailFactorOffLead      Key = "mail.factor_off.lead"
	MailRecoverySubject    Key = "mail.recovery.subject"
	MailRecoveryLead       Key = "mail.recovery.lead"
	MailPasskeySubject     Key = "mail.passkey.subject"
	MailPasskeyLead        Key = "mail.passkey.lead"
	MailPasskeyGoneSubject Key = "mail.passkey_gone.subject"
	MailPasskeyGoneLead    Key = "mail.passkey_gone.lead"
	MailReusedSubject      Key = "mail.reused.subject"
	MailReusedLead         Key = "mail.reused.lead"
	MailLinkedSubject      Key = "mail.linked.subject"
	MailLinkedLead         Key = "mail.linked.lead"
	MailUnlinkedSubject    Key = "mail.unlinked.subject"
	MailUnlinkedLead       Key = "mail.unlinked.lead"
	MailClaimedSubject     Key = "mail.claimed.subject"
	MailClaimedLead        Key = "mail.claimed.lead"
	MailDeletedSubject     Key = "mail.deleted.subject"
	MailDeletedLead        Key = "mail.deleted.lead"
	MailDeletedNote        Key = "mail.deleted.note"
)

var noticeTexts = texts{
	MailNoticeButton: {
		"Check your account",
		"Konto prüfen",
	},
	MailNoticeNote: {
		"If it was you, you need not do anything. If it was not, check your account at once and change your password.",
		"Wenn Sie das waren, müssen Sie nichts tun. Wenn nicht, prüfen Sie sofort Ihr Konto und ändern Sie Ihr Passwort.",
	},
	MailFactorOnSubject: {
		"Your second factor is on",
		"Ihr zweiter Faktor ist eingeschaltet",
	},
	MailFactorOnLead: {
		"To sign in to {brand}, a code of your authenticator app is needed from now on. Other devices and apps were signed out.",
		"Für die Anmeldung bei {brand} ist ab jetzt ein Code Ihrer Authenticator-App nötig. Andere Geräte und Apps wurden abgemeldet.",
	},
	MailFactorOffSubject: {
		"Your second factor is off",
		"Ihr zweiter Faktor ist ausgeschaltet",
	},
	MailFactorOffLead: {
		"To sign in to {brand}, no code of an authenticator app is needed any more. Other devices and apps were signed out.",
		"Für die Anmeldung bei {brand} ist kein Code einer Authenticator-App mehr nötig. Andere Geräte und Apps wurden abgemeldet.",
	},
	MailRecoverySubject: {
		"A recovery code was used",
		"Ein Wiederherstellungscode wurde verwendet",
	},
	MailRecoveryLead: {
		"Somebody signed in to your account at {brand} with one of your recovery codes. Each works once.",
		"Jemand hat sich mit einem Ihrer Wiederherstellungscodes bei Ihrem Konto bei {brand} angemeldet. Jeder gilt einmal.",
	},
	MailPasskeySubject: {
		"A passkey was added",
		"Ein Passkey wurde hinzugefügt",
	},
	MailPasskeyLead: {
		"Your account at {brand} has a new passkey. Whoever holds it can sign in with it.",
		"Ihr Konto bei {brand} hat einen neuen Passkey. Wer ihn besitzt, kann sich damit anmelden.",
	},
	MailPasskeyGoneSubject: {
		"A passkey was removed",
		"Ein Passkey wurde entfernt",
	},
	MailPasskeyGoneLead: {
		"A passkey of your account at {brand} does not work any more. Other devices and apps were signed out.",
		"Ein Passkey Ihres Kontos bei {brand} gilt nicht mehr. Andere Geräte und Apps wurden abgemeldet.",
	},
	MailReusedSubject: {
		"An app was signed out",
		"Eine App wurde abgemeldet",
	},
	MailReusedLead: {
		"An app with access to your account at {brand} showed an old key once more. It may have been copied, so we ended this access. You can sign in to the app again.",
		"Eine App mit Zugriff auf Ihr Konto bei {brand} hat einen alten Schlüssel noch einmal vorgelegt. Er könnte kopiert worden sein, deshalb haben wir diesen Zugriff beendet. Sie können sich in der App neu anmelden.",
	},
	MailLinkedSubject: {
		"Another way to sign in was linked",
		"Eine weitere Anmeldung wurde verknüpft",
	},
	MailLinkedLead: {
		"You can now sign in to your account at {brand} with your account at another provider.",
		"Sie können sich jetzt mit Ihrem Konto bei einem anderen Anbieter bei {brand} anmelden.",
	},
	MailUnlinkedSubject: {
		"An account was unlinked",
		"Ein Konto wurde getrennt",
	},
	MailUnlinkedLead: {
		"An account with another provider can no longer sign in to your account at {brand}.",
		"Mit einem Konto bei einem anderen Anbieter kann man sich nicht mehr bei Ihrem Konto bei {brand} anmelden.",
	},
	MailClaimedSubject: {
		"Your account was taken over by another sign-in",
		"Ihr Konto wurde mit einer anderen Anmeldung übernommen",
	},
	MailClaimedLead: {
		"An account at {brand} was made with this address, and the address was never confirmed. Another provider has confirmed it now, so the account belongs to whoever signed in there. Its earlier password and sessions were removed.",
		"Mit dieser Adresse wurde ein Konto bei {brand} erstellt, und die Adresse wurde nie bestätigt. Ein anderer Anbieter hat sie jetzt bestätigt, deshalb gehört das Konto der Person, die sich dort angemeldet hat. Das frühere Passwort und die Sitzungen wurden entfernt.",
	},
	MailDeletedSubject: {
		"Your account was deleted",
		"Ihr Konto wurde gelöscht",
	},
	MailDeletedLead: {
		"Your account at {brand} does not exist any more. You were signed out everywhere, and what we knew about you was erased.",
		"Ihr Konto bei {brand} gibt es nicht mehr. Sie wurden überall abgemeldet, und was wir über Sie wussten, wurde gelöscht.",
	},
	MailDeletedNote: {
		"This is the last mail about it. If it was not you, answer this mail.",
		"Dies ist die letzte E-Mail dazu. Wenn Sie das nicht waren, antworten Sie auf diese E-Mail.",
	},
}
