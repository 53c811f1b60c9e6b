package ui

// Keys of packages, jobs, mails that wait and ways in, as administrators see them.
const (
	AdminAttempts            Key = "admin.jobs.attempts"
	AdminDropped             Key = "admin.jobs.dropped"
	AdminEdit                Key = "admin.packages.edit"
	AdminEditOf              Key = "admin.packages.edit_of"
	AdminEvery               Key = "admin.jobs.every"
	AdminJobFailing          Key = "admin.jobs.failing"
	AdminJobGood             Key = "admin.jobs.good"
	AdminJobNew              Key = "admin.jobs.new"
	AdminJobs                Key = "admin.jobs"
	AdminJobsLead            Key = "admin.jobs.lead"
	AdminLastRun             Key = "admin.jobs.last_run"
	AdminLastWay             Key = "admin.ways.last"
	AdminLinkOnce            Key = "admin.ways.link_once"
	AdminMailDrop            Key = "admin.jobs.drop"
	AdminMailFailed          Key = "admin.jobs.mail_failed"
	AdminMailFailing         Key = "admin.jobs.mail_failing"
	AdminMailPerson          Key = "admin.jobs.mail_person"
	AdminMailReset           Key = "admin.ways.mail_reset"
	AdminMailRetry           Key = "admin.jobs.retry"
	AdminMailWaiting         Key = "admin.jobs.mail_waiting"
	AdminMailed              Key = "admin.ways.mailed"
	AdminMails               Key = "admin.jobs.mails"
	AdminMailsOff            Key = "admin.jobs.mails_off"
	AdminNoMails             Key = "admin.jobs.no_mails"
	AdminNoPackages          Key = "admin.packages.none"
	AdminNoWays              Key = "admin.ways.none"
	AdminPackageCreditsHint  Key = "admin.packages.credits_hint"
	AdminPackageCreditsWrong Key = "admin.packages.credits_wrong"
	AdminPackageEnd          Key = "admin.packages.end"
	AdminPackageEndOf        Key = "admin.packages.end_of"
	AdminPackageIs           Key = "admin.packages.is"
	AdminPackageNameWrong    Key = "admin.packages.name_wrong"
	AdminPackageNew          Key = "admin.packages.new"
	AdminPackageOff          Key = "admin.packages.off"
	AdminPackageOffer        Key = "admin.packages.offer"
	AdminPackageOfferOf      Key = "admin.packages.offer_of"
	AdminPackageOn           Key = "admin.packages.on"
	AdminPackageOrder        Key = "admin.packages.order"
	AdminPackageOrderWrong   Key = "admin.packages.order_wrong"
	AdminPackagePrice        Key = "admin.packages.price"
	AdminPackagePriceHint    Key = "admin.packages.price_hint"
	AdminPackagePriceWrong   Key = "admin.packages.price_wrong"
	AdminPackageText         Key = "admin.packages.text"
	AdminPackages            Key = "admin.packages"
	AdminPackagesLead        Key = "admin.packages.lead"
	AdminPeriodic            Key = "admin.jobs.periodic"
	AdminReset               Key = "admin.ways.reset"
	AdminRetried             Key = "admin.jobs.retried"
	AdminTake                Key = "admin.ways.take"
	AdminTakeOf              Key = "admin.ways.take_of"
	AdminTaken               Key = "admin.ways.taken"
	AdminWayAccount          Key = "admin.ways.account"
	AdminWayApp              Key = "admin.ways.app"
	AdminWayPasskey          Key = "admin.ways.passkey"
	AdminWays                Key = "admin.ways"
	AdminWaysLead            Key = "admin.ways.lead"
	HealthJobs               Key = "admin.health.jobs"
	HealthMail               Key = "admin.health.mail"
	HealthMailOff            Key = "admin.health.mail_off"
	HealthMailWaits          Key = "admin.health.mail_waits"
	JobClean                 Key = "admin.job.clean"
	JobCount                 Key = "admin.job.count"
	JobKeys                  Key = "admin.job.keys"
	JobHolds                 Key = "admin.job.holds"
	JobPayments              Key = "admin.job.payments"
	JobCompare               Key = "admin.job.compare"
	JobLedger                Key = "admin.job.ledger"
	JobMails                 Key = "admin.job.mails"
	JobUses                  Key = "admin.job.uses"
	JobCensus                Key = "admin.job.census"
	JobWatch                 Key = "admin.job.watch"
)

var adminJobsTexts = texts{
	AdminAttempts:            {"{n} attempt|{n} attempts", "{n} Versuch|{n} Versuche"},
	AdminDropped:             {"The mail was dropped.", "Die Mail wurde verworfen."},
	AdminEdit:                {"Edit", "Bearbeiten"},
	AdminEditOf:              {"Edit {name}", "{name} bearbeiten"},
	AdminEvery:               {"Every", "Alle"},
	AdminJobFailing:          {"Failing", "Gescheitert"},
	AdminJobGood:             {"Good", "In Ordnung"},
	AdminJobNew:              {"Not run yet", "Noch nicht gelaufen"},
	AdminJobs:                {"Jobs and mails", "Aufgaben und Mails"},
	AdminJobsLead:            {"What this process does by itself, and the mails that have not been sent.", "Was dieser Prozess von selbst erledigt, und die Mails, die noch nicht versendet sind."},
	AdminLastRun:             {"Last run", "Letzter Lauf"},
	AdminLastWay:             {"The person would not get in any more. First hand over a link, so that a password is set.", "Die Person käme nicht mehr hinein. Übergeben Sie zuerst einen Link, damit ein Passwort gesetzt wird."},
	AdminLinkOnce:            {"Whoever opens this link within an hour sets a new password, once. It is shown only now.", "Wer diesen Link innerhalb einer Stunde öffnet, setzt einmalig ein neues Passwort. Er wird nur jetzt angezeigt."},
	AdminMailDrop:            {"Drop", "Verwerfen"},
	AdminMailFailed:          {"Given up", "Aufgegeben"},
	AdminMailFailing:         {"Failing", "Wird wiederholt"},
	AdminMailPerson:          {"To this person", "An diese Person"},
	AdminMailReset:           {"Mail a link to set the password", "Link zum Setzen des Passworts mailen"},
	AdminMailRetry:           {"Send now", "Jetzt senden"},
	AdminMailWaiting:         {"Waiting", "Wartet"},
	AdminMailed:              {"The mail is on its way.", "Die Mail ist unterwegs."},
	AdminMails:               {"Mails that were not sent", "Nicht versendete Mails"},
	AdminMailsOff:            {"No mail server is set: mails wait until there is one.", "Es ist kein Mailserver eingestellt: Mails warten, bis es einen gibt."},
	AdminNoMails:             {"No mail waits.", "Keine Mail wartet."},
	AdminNoPackages:          {"There are no packages yet.", "Es gibt noch keine Pakete."},
	AdminNoWays:              {"No second factor, passkey or linked account.", "Kein zweiter Faktor, kein Passkey, kein verknüpftes Konto."},
	AdminPackageCreditsHint:  {"One credit costs one cent. Neither can be changed later: make a new package instead.", "Ein Credit kostet einen Cent. Beides lässt sich später nicht ändern: Legen Sie dann ein neues Paket an."},
	AdminPackageCreditsWrong: {"A whole number from 1 to 1,000,000.", "Eine ganze Zahl von 1 bis 1.000.000."},
	AdminPackageEnd:          {"Take off sale", "Nicht mehr anbieten"},
	AdminPackageEndOf:        {"Take off sale: {name}", "Nicht mehr anbieten: {name}"},
	AdminPackageIs:           {"{credits} credits.", "{credits} Credits."},
	AdminPackageNameWrong:    {"A name of 1 to 60 characters, and a description of up to 200.", "Ein Name von 1 bis 60 Zeichen und eine Beschreibung von bis zu 200."},
	AdminPackageNew:          {"Create a package", "Paket anlegen"},
	AdminPackageOff:          {"Off sale", "Nicht im Angebot"},
	AdminPackageOffer:        {"Put on sale", "Anbieten"},
	AdminPackageOfferOf:      {"Put {name} on sale", "{name} anbieten"},
	AdminPackageOn:           {"On sale", "Im Angebot"},
	AdminPackageOrder:        {"Place in the list", "Platz in der Liste"},
	AdminPackageOrderWrong:   {"A whole number from 0 to 1,000,000.", "Eine ganze Zahl von 0 bis 1.000.000."},
	AdminPackagePrice:        {"Price at Stripe", "Preis bei Stripe"},
	AdminPackagePriceHint:    {"Begins with price_; may be empty.", "Beginnt mit price_; kann leer bleiben."},
	AdminPackagePriceWrong:   {"This is no price at Stripe, or it is another package's.", "Das ist kein Preis bei Stripe, oder er gehört zu einem anderen Paket."},
	AdminPackageText:         {"Description", "Beschreibung"},
	AdminPackages:            {"Packages", "Pakete"},
	AdminPackagesLead:        {"What people can buy, in the order in which they see it.", "Was Nutzer kaufen können, in der Reihenfolge, in der sie es sehen."},
	AdminPeriodic:            {"Periodic jobs", "Wiederkehrende Aufgaben"},
	AdminReset:               {"Make a link to hand over", "Link zum Übergeben anlegen"},
	AdminRetried:             {"The mail is sent next.", "Die Mail wird als nächste gesendet."},
	AdminTake:                {"Remove", "Entfernen"},
	AdminTakeOf:              {"Remove {way} {name}", "{way} {name} entfernen"},
	AdminTaken:               {"It was removed. The person was signed out everywhere and gets a mail.", "Es wurde entfernt. Die Person wurde überall abgemeldet und bekommt eine Mail."},
	AdminWayAccount:          {"Linked account", "Verknüpftes Konto"},
	AdminWayApp:              {"Authenticator app", "Authenticator-App"},
	AdminWayPasskey:          {"Passkey", "Passkey"},
	AdminWays:                {"Ways to sign in", "Wege zur Anmeldung"},
	AdminWaysLead:            {"Remove only what the person has lost: you cannot bring it back.", "Entfernen Sie nur, was die Person verloren hat: Es lässt sich nicht zurückholen."},
	HealthJobs:               {"Jobs", "Aufgaben"},
	HealthMail:               {"Mail", "Mail"},
	HealthMailOff:            {"No mail server is set", "Kein Mailserver eingestellt"},
	HealthMailWaits:          {"{n} mail waits|{n} mails wait", "{n} Mail wartet|{n} Mails warten"},
	JobClean:                 {"Delete what is old", "Altes löschen"},
	JobCount:                 {"Count what happened", "Ereignisse zählen"},
	JobKeys:                  {"Rotate signing keys", "Signaturschlüssel wechseln"},
	JobHolds:                 {"End holds", "Reservierungen beenden"},
	JobPayments:              {"Post payments", "Zahlungen verbuchen"},
	JobCompare:               {"Compare payments with Stripe", "Zahlungen mit Stripe abgleichen"},
	JobLedger:                {"Check the ledger", "Hauptbuch prüfen"},
	JobMails:                 {"Send mails", "Mails senden"},
	JobCensus:                {"Count people", "Personen zählen"},
	JobUses:                  {"Note uses of service keys", "Verwendung der Dienstschlüssel notieren"},
	JobWatch:                 {"Watch for changes", "Auf Änderungen achten"},
}
