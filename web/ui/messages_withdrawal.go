package ui

// Keys of withdrawals, of test payments, and of purchases in the administration.
const (
	WithdrawLink           Key = "withdraw.link"
	WithdrawTitle          Key = "withdraw.title"
	WithdrawLead           Key = "withdraw.lead"
	WithdrawPurchase       Key = "withdraw.purchase"
	WithdrawNumber         Key = "withdraw.number.hint"
	WithdrawEmail          Key = "withdraw.email"
	WithdrawNext           Key = "withdraw.next"
	WithdrawSignIn         Key = "withdraw.signin"
	WithdrawNone           Key = "withdraw.none"
	WithdrawConfirmTitle   Key = "withdraw.confirm.title"
	WithdrawConfirmText    Key = "withdraw.confirm.text"
	WithdrawAmount         Key = "withdraw.amount"
	WithdrawButton         Key = "withdraw.button"
	WithdrawUnknown        Key = "withdraw.unknown"
	WithdrawOver           Key = "withdraw.over"
	WithdrawLater          Key = "withdraw.later"
	ReceiptUnpaidBack      Key = "receipt.unpaid.back"
	ReceiptTest            Key = "receipt.test"
	WithdrawDoneTitle      Key = "withdraw.done.title"
	WithdrawDoneText       Key = "withdraw.done.text"
	EventWithdrawn         Key = "event.withdrawn"
	EventPurchased         Key = "event.purchased"
	EventPaidBack          Key = "event.paidback"
	EventDisputed          Key = "event.disputed"
	MailWithdrawnSubject   Key = "mail.withdrawn.subject"
	MailWithdrawnLead      Key = "mail.withdrawn.lead"
	MailWithdrawnButton    Key = "mail.withdrawn.button"
	MailWithdrawnNote      Key = "mail.withdrawn.note"
	DevCheckoutTitle       Key = "dev.checkout.title"
	DevCheckoutLead        Key = "dev.checkout.lead"
	DevCheckoutPay         Key = "dev.checkout.pay"
	DevCheckoutDecline     Key = "dev.checkout.decline"
	DevCheckoutBack        Key = "dev.checkout.back"
	AdminPurchases         Key = "admin.purchases"
	AdminPurchasesLead     Key = "admin.purchases.lead"
	AdminPurchasesEmpty    Key = "admin.purchases.empty"
	AdminPurchasesDays     Key = "admin.purchases.days"
	AdminQuarantine        Key = "admin.quarantine"
	AdminQuarantineText    Key = "admin.quarantine.text"
	AdminQuarantineEmpty   Key = "admin.quarantine.empty"
	AdminEvent             Key = "admin.event"
	AdminEventRetry        Key = "admin.event.retry"
	AdminEventRetried      Key = "admin.event.retried"
	AdminEventGone         Key = "admin.event.gone"
	AdminPaymentsOff       Key = "admin.payments.off"
	AdminBacklog           Key = "admin.backlog"
	AdminBacklogPending    Key = "admin.backlog.pending"
	BalanceTitle           Key = "admin.balance.title"
	BalanceNever           Key = "admin.balance.never"
	BalanceText            Key = "admin.balance.text"
	BalanceDay             Key = "admin.balance.day"
	BalancePaid            Key = "admin.balance.paid"
	BalanceRefunded        Key = "admin.balance.refunded"
	BalanceDisputed        Key = "admin.balance.disputed"
	BalanceSound           Key = "admin.balance.sound"
	BalanceDiffers         Key = "admin.balance.differs"
	BalanceHow             Key = "admin.balance.how"
	BalanceCents           Key = "admin.balance.cents"
	BalanceLacks           Key = "admin.balance.lacks"
	BalanceExcess          Key = "admin.balance.excess"
	HealthStripe           Key = "admin.health.stripe"
	HealthStripeOff        Key = "admin.health.stripe.off"
	HealthStripeLast       Key = "admin.health.stripe.last"
	HealthStripeNone       Key = "admin.health.stripe.none"
	HealthStripeWaits      Key = "admin.health.stripe.waits"
	HealthStripeHeld       Key = "admin.health.stripe.held"
	AdminEventLead         Key = "admin.event.lead"
	AdminEventID           Key = "admin.event.id"
	AdminEventBody         Key = "admin.event.body"
	AdminEventShow         Key = "admin.event.show"
	AdminEventEmpty        Key = "admin.event.empty"
	AdminEventCut          Key = "admin.event.cut"
	AdminBacklogQuarantine Key = "admin.backlog.quarantine"
)

var withdrawalTexts = texts{
	WithdrawLink: {
		"Withdraw from contract",
		"Vertrag widerrufen",
	},
	WithdrawTitle: {
		"Withdraw from a purchase",
		"Kauf widerrufen",
	},
	WithdrawLead: {
		"Within 14 days after a purchase you can withdraw from it, without giving a reason. The credits that are unspent are taken back, and their price is refunded to the means of payment that you used.",
		"Innerhalb von 14 Tagen nach einem Kauf können Sie ihn ohne Angabe von Gründen widerrufen. Nicht verbrauchte Credits werden zurückgenommen, und ihr Preis wird auf das Zahlungsmittel erstattet, das Sie verwendet haben.",
	},
	WithdrawPurchase: {
		"Purchase",
		"Kauf",
	},
	WithdrawNumber: {
		"It is on your receipt",
		"Sie steht auf Ihrem Beleg",
	},
	WithdrawEmail: {
		"E-mail address of your account",
		"E-Mail-Adresse Ihres Kontos",
	},
	WithdrawNext: {
		"Continue",
		"Weiter",
	},
	WithdrawSignIn: {
		"Sign in to choose among your purchases",
		"Anmelden, um aus Ihren Käufen zu wählen",
	},
	WithdrawNone: {
		"None of your purchases can be withdrawn from: the 14 days are over, or nothing was paid.",
		"Keiner Ihrer Käufe kann widerrufen werden: Die 14 Tage sind vorbei, oder es wurde nichts bezahlt.",
	},
	WithdrawConfirmTitle: {
		"Confirm the withdrawal",
		"Widerruf bestätigen",
	},
	WithdrawConfirmText: {
		"You withdraw from this purchase. Of the credits that are left of it, the price of whole cents is refunded. Credits that you have used are not.",
		"Sie widerrufen diesen Kauf. Von den Credits, die davon übrig sind, wird der Preis in ganzen Cent erstattet, für verbrauchte nicht.",
	},
	WithdrawAmount: {
		"You get back {amount}.",
		"Sie erhalten {amount} zurück.",
	},
	WithdrawButton: {
		"Confirm withdrawal",
		"Widerruf bestätigen",
	},
	WithdrawUnknown: {
		"There is no purchase with this number and this address",
		"Zu dieser Nummer und dieser Adresse gibt es keinen Kauf",
	},
	WithdrawOver: {
		"This purchase cannot be withdrawn from: its 14 days are over, or nothing of it is left unspent",
		"Dieser Kauf kann nicht widerrufen werden: Die 14 Tage sind vorbei, oder es ist nichts davon unverbraucht",
	},
	ReceiptUnpaidBack: {
		"You withdrew from {amount} of this purchase, but the payment service could not pay them back. Your credits are here again, and your withdrawal still counts: please write to us.",
		"Sie haben {amount} dieses Kaufs widerrufen, aber der Zahlungsdienst konnte sie nicht zurückzahlen. Ihre Credits sind wieder da, und Ihr Widerruf gilt weiterhin: Bitte schreiben Sie uns.",
	},
	ReceiptTest: {
		"This is a test: no money was taken, and this page is not a receipt.",
		"Dies ist ein Test: Es wurde kein Geld eingezogen, und diese Seite ist kein Beleg.",
	},
	WithdrawLater: {
		"Your credits cannot be changed at the moment, so your withdrawal is not received. Please try again later, or write to us: that counts as well.",
		"Ihre Credits können zurzeit nicht geändert werden, und Ihr Widerruf ist nicht eingegangen. Bitte versuchen Sie es später noch einmal, oder schreiben Sie uns: Das gilt ebenso.",
	},
	WithdrawDoneTitle: {
		"Your withdrawal was received",
		"Ihr Widerruf ist eingegangen",
	},
	WithdrawDoneText: {
		"The unspent credits were taken back, and the refund is on its way. You get a confirmation by mail.",
		"Die nicht verbrauchten Credits wurden zurückgenommen, und die Erstattung ist auf dem Weg. Sie erhalten eine Bestätigung per E-Mail.",
	},
	EventPurchased: {
		"You bought credits",
		"Sie haben Credits gekauft",
	},
	EventPaidBack: {
		"The price of a purchase was refunded, or a refund failed",
		"Der Preis eines Kaufs wurde erstattet, oder eine Erstattung ist gescheitert",
	},
	EventDisputed: {
		"The payment of a purchase was disputed, or a dispute was settled",
		"Die Zahlung eines Kaufs wurde angefochten, oder eine Anfechtung ist beigelegt",
	},
	EventWithdrawn: {
		"You withdrew from a purchase",
		"Sie haben einen Kauf widerrufen",
	},
	MailWithdrawnSubject: {
		"Confirmation of your withdrawal",
		"Bestätigung Ihres Widerrufs",
	},
	MailWithdrawnLead: {
		"Your withdrawal from the purchase of credits at {brand} with the order number {number} was received on {when}. The unspent credits were taken back, and their price of {amount} is refunded to the means of payment that you used.",
		"Ihr Widerruf des Kaufs von Credits bei {brand} mit der Bestellnummer {number} ist am {when} eingegangen. Die nicht verbrauchten Credits wurden zurückgenommen, und ihr Preis von {amount} wird auf das Zahlungsmittel erstattet, das Sie verwendet haben.",
	},
	MailWithdrawnButton: {
		"See your purchases",
		"Ihre Käufe ansehen",
	},
	MailWithdrawnNote: {
		"The amount that is refunded and the day are with the purchase too. Keep this mail.",
		"Erstatteter Betrag und Tag stehen auch beim Kauf. Bewahren Sie diese E-Mail auf.",
	},
	DevCheckoutTitle: {
		"Test payment",
		"Testzahlung",
	},
	DevCheckoutLead: {
		"This page stands in for the payment page of Stripe, since no key is set. Each button sends a signed event to the webhook, as Stripe would. No money moves.",
		"Diese Seite vertritt die Zahlungsseite von Stripe, da kein Schlüssel gesetzt ist. Jede Schaltfläche sendet ein signiertes Ereignis an den Webhook, wie Stripe es täte. Es fließt kein Geld.",
	},
	DevCheckoutPay: {
		"Pay {amount}",
		"{amount} bezahlen",
	},
	DevCheckoutDecline: {
		"Let the payment fail",
		"Zahlung scheitern lassen",
	},
	DevCheckoutBack: {
		"Back without paying",
		"Zurück ohne zu bezahlen",
	},
	AdminPurchases: {
		"Purchases",
		"Käufe",
	},
	AdminPurchasesLead: {
		"Orders of the last days, and events of Stripe that fit none of them.",
		"Bestellungen der letzten Tage, und Ereignisse von Stripe, die zu keiner passen.",
	},
	AdminPurchasesEmpty: {
		"No orders of these days are in this state.",
		"Aus diesen Tagen gibt es keine Bestellungen in diesem Stand.",
	},
	AdminPurchasesDays: {
		"Days",
		"Tage",
	},
	AdminQuarantine: {
		"Quarantine",
		"Quarantäne",
	},
	AdminQuarantineText: {
		"These events are signed by Stripe, but do not fit a purchase, so nothing was credited. An event whose cause was mended can be tried again.",
		"Diese Ereignisse hat Stripe signiert, doch sie passen zu keinem Kauf; es wurde nichts gutgeschrieben. Ist die Ursache behoben, kann ein Ereignis noch einmal versucht werden.",
	},
	AdminQuarantineEmpty: {
		"No event is in quarantine.",
		"Kein Ereignis ist in Quarantäne.",
	},
	AdminEvent: {
		"Event",
		"Ereignis",
	},
	AdminEventRetry: {
		"Try again",
		"Erneut versuchen",
	},
	AdminEventRetried: {
		"The event is tried again",
		"Das Ereignis wird noch einmal versucht",
	},
	AdminEventGone: {
		"There is no such event in quarantine",
		"Dieses Ereignis ist nicht in Quarantäne",
	},
	AdminPaymentsOff: {
		"No key of Stripe is set: nothing can be bought.",
		"Es ist kein Schlüssel von Stripe gesetzt: Es kann nichts gekauft werden.",
	},
	AdminBacklog: {
		"Events that wait",
		"Wartende Ereignisse",
	},
	AdminBacklogPending: {
		"Orders not paid yet",
		"Unbezahlte Bestellungen",
	},
	BalanceTitle: {
		"Comparison with Stripe's balance",
		"Vergleich mit dem Guthaben bei Stripe",
	},
	BalanceNever: {
		"Not compared yet since the start. It is compared once a day, and needs a key of Stripe.",
		"Seit dem Start noch nicht verglichen. Verglichen wird einmal am Tag; dafür ist ein Schlüssel von Stripe nötig.",
	},
	BalanceText: {
		"What Stripe's balance says of our purchases by day (UTC), held against each purchase. Compared on {when}.",
		"Was das Guthaben bei Stripe je Tag (UTC) über unsere Käufe sagt, verglichen mit jedem Kauf. Zuletzt verglichen am {when}.",
	},
	BalanceDay: {
		"Day",
		"Tag",
	},
	BalancePaid: {
		"Paid",
		"Bezahlt",
	},
	BalanceRefunded: {
		"Refunded",
		"Erstattet",
	},
	BalanceDisputed: {
		"Disputed",
		"Angefochten",
	},
	BalanceSound: {
		"Every purchase agrees",
		"Alle Käufe stimmen überein",
	},
	BalanceDiffers: {
		"{n} purchase differs from Stripe's balance|{n} purchases differ from Stripe's balance",
		"{n} Kauf weicht vom Guthaben bei Stripe ab|{n} Käufe weichen vom Guthaben bei Stripe ab",
	},
	BalanceHow: {
		"Difference",
		"Abweichung",
	},
	BalanceCents: {
		"Amount",
		"Betrag",
	},
	BalanceLacks: {
		"We lack it",
		"Fehlt bei uns",
	},
	BalanceExcess: {
		"We have it too much",
		"Bei uns zu viel",
	},
	HealthStripe: {
		"Stripe",
		"Stripe",
	},
	HealthStripeOff: {
		"No key is set: payments are off",
		"Kein Schlüssel gesetzt: Zahlungen sind aus",
	},
	HealthStripeLast: {
		"last event {when}",
		"letztes Ereignis {when}",
	},
	HealthStripeNone: {
		"no event yet",
		"noch kein Ereignis",
	},
	HealthStripeWaits: {
		"the oldest waiting event is {n} old",
		"das älteste wartende Ereignis ist {n} alt",
	},
	HealthStripeHeld: {
		"{n} event in quarantine|{n} events in quarantine",
		"{n} Ereignis in Quarantäne|{n} Ereignisse in Quarantäne",
	},
	AdminEventLead: {
		"What Stripe sent, as it arrived. It may hold data of a buyer: that you looked at it is in the log.",
		"Was Stripe gesendet hat, wie es ankam. Es kann Daten eines Käufers enthalten: Dass Sie es angesehen haben, steht im Protokoll.",
	},
	AdminEventID: {
		"Number of the event",
		"Nummer des Ereignisses",
	},
	AdminEventBody: {
		"Content",
		"Inhalt",
	},
	AdminEventShow: {
		"Show content",
		"Inhalt zeigen",
	},
	AdminEventEmpty: {
		"Its content is deleted.",
		"Sein Inhalt ist gelöscht.",
	},
	AdminEventCut: {
		"There is more of it, which is not shown.",
		"Es ist länger; der Rest wird nicht gezeigt.",
	},
	AdminBacklogQuarantine: {
		"Events in quarantine",
		"Ereignisse in Quarantäne",
	},
}
