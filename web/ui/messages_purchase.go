package ui

// Keys of buying and receipts.
const (
	BuyTitle            Key = "buy.title"
	BuyLead             Key = "buy.lead"
	BuyOff              Key = "buy.off"
	BuyChoose           Key = "buy.choose"
	BuyChooseNamed      Key = "buy.choose.named"
	BuyVAT              Key = "buy.vat"
	BuyPerks            Key = "buy.perks"
	OrderTitle          Key = "order.title"
	OrderPackage        Key = "order.package"
	OrderCredits        Key = "order.credits"
	OrderTotal          Key = "order.total"
	OrderAnother        Key = "order.another"
	OrderButton         Key = "order.button"
	OrderNext           Key = "order.next"
	OrderConsent        Key = "order.consent"
	OrderConsentMissing Key = "order.consent.missing"
	OrderGone           Key = "order.gone"
	OrderPending        Key = "order.pending"
	OrderLimit          Key = "order.limit"
	OrderService        Key = "order.service"
	OrderTooMany        Key = "order.many"
	OrderUnavailable    Key = "order.unavailable"
	ReceiptsTitle       Key = "receipts.title"
	ReceiptsLead        Key = "receipts.lead"
	ReceiptsEmpty       Key = "receipts.empty"
	ReceiptTitle        Key = "receipt.title"
	ReceiptBack         Key = "receipt.back"
	ReceiptNumber       Key = "receipt.number"
	ReceiptOrdered      Key = "receipt.ordered"
	ReceiptPaid         Key = "receipt.paid"
	ReceiptState        Key = "receipt.state"
	ReceiptPrice        Key = "receipt.price"
	ReceiptRefunded     Key = "receipt.refunded"
	ReceiptDisputed     Key = "receipt.disputed"
	ReceiptKept         Key = "receipt.kept"
	ReceiptStripe       Key = "receipt.stripe"
	ReceiptNoStripe     Key = "receipt.stripe.none"
	ReceiptConsent      Key = "receipt.consent"
	ReceiptGone         Key = "receipt.gone"
	ReceiptPrint        Key = "receipt.print"
	StatePending        Key = "state.pending"
	StateFailed         Key = "state.failed"
	StateCancelled      Key = "state.cancelled"
	StateCompleted      Key = "state.completed"
	StateRefunded       Key = "state.refunded"
	StatePartly         Key = "state.partly"
	StateDisputed       Key = "state.disputed"
	PendingTitle        Key = "pending.title"
	PendingWait         Key = "pending.wait"
	PendingLong         Key = "pending.long"
	PendingUnpaid       Key = "pending.unpaid"
	FailedText          Key = "failed.text"
	CancelledText       Key = "cancelled.text"
	CompletedTitle      Key = "completed.title"
	CompletedText       Key = "completed.text"
	RefundedText        Key = "refunded.text"
	DisputedText        Key = "disputed.text"
	PayContinue         Key = "pay.continue"
	PayCancel           Key = "pay.cancel"
	PayClosed           Key = "pay.closed"
	OrderCancelled      Key = "order.cancelled"
	ToCredits           Key = "to.credits"
	BoughtTitle         Key = "bought.title"
	BoughtText          Key = "bought.text"
	NotBoughtTitle      Key = "notbought.title"
	NotBoughtText       Key = "notbought.text"
)

var purchaseTexts = texts{
	BuyTitle: {
		"Buy credits",
		"Credits kaufen",
	},
	BuyLead: {
		"Choose a package. Bought credits do not expire, and are used after your free ones.",
		"Wählen Sie ein Paket. Gekaufte Credits verfallen nicht und werden nach Ihren kostenlosen verbraucht.",
	},
	BuyOff: {
		"Credits cannot be bought at the moment. What you have can be used as always.",
		"Credits können zurzeit nicht gekauft werden. Vorhandene lassen sich wie immer verwenden.",
	},
	BuyChoose: {
		"Choose",
		"Wählen",
	},
	BuyChooseNamed: {
		"Choose {name}",
		"{name} wählen",
	},
	BuyVAT: {
		"incl. VAT",
		"inkl. MwSt.",
	},
	BuyPerks: {
		"Paid securely at Stripe|Credited as soon as the payment arrives|14 days to withdraw from unspent credits",
		"Sichere Zahlung bei Stripe|Gutschrift, sobald die Zahlung eingeht|14 Tage Widerruf für nicht verbrauchte Credits",
	},
	OrderTitle: {
		"Your order",
		"Ihre Bestellung",
	},
	OrderPackage: {
		"Package",
		"Paket",
	},
	OrderCredits: {
		"Credits",
		"Credits",
	},
	OrderTotal: {
		"Total",
		"Gesamtbetrag",
	},
	OrderAnother: {
		"Another package",
		"Anderes Paket",
	},
	OrderButton: {
		"Buy now",
		"Zahlungspflichtig bestellen",
	},
	OrderNext: {
		"You go on to the payment page of Stripe. Your card details never reach us.",
		"Sie werden zur Zahlungsseite von Stripe geleitet. Ihre Kartendaten erreichen uns nie.",
	},
	OrderConsent: {
		"Credit the package at once. I know that I lose my right to withdraw for the credits that I use; from unused ones I can withdraw within 14 days.",
		"Schreiben Sie das Paket sofort gut. Mir ist bekannt, dass mein Widerrufsrecht für Credits erlischt, die ich verbrauche; für nicht verbrauchte kann ich innerhalb von 14 Tagen widerrufen.",
	},
	OrderConsentMissing: {
		"Please agree, so that the credits can be added at once",
		"Bitte stimmen Sie zu, damit die Credits sofort gutgeschrieben werden können",
	},
	OrderGone: {
		"This package is not sold any more",
		"Dieses Paket wird nicht mehr angeboten",
	},
	OrderPending: {
		"Five of your orders wait for their payment. Pay or cancel one of them first.",
		"Fünf Ihrer Bestellungen warten auf die Zahlung. Bezahlen oder stornieren Sie zuerst eine davon.",
	},
	OrderLimit: {
		"With this package you would have more credits than an account can hold",
		"Mit diesem Paket hätten Sie mehr Credits, als ein Konto aufnehmen kann",
	},
	OrderService: {
		"The payment service does not answer. Nothing was charged. Please try again in a few minutes.",
		"Der Zahlungsdienst antwortet nicht. Es wurde nichts abgebucht. Bitte versuchen Sie es in einigen Minuten noch einmal.",
	},
	OrderTooMany: {
		"You have begun many orders in a short time. Please try again later.",
		"Sie haben in kurzer Zeit viele Bestellungen begonnen. Bitte versuchen Sie es später noch einmal.",
	},
	OrderUnavailable: {
		"Your credits cannot be changed at the moment. Please try again later.",
		"Ihre Credits können zurzeit nicht geändert werden. Bitte versuchen Sie es später noch einmal.",
	},
	ReceiptsTitle: {
		"Purchases",
		"Käufe",
	},
	ReceiptsLead: {
		"What you bought, and what became of it.",
		"Was Sie gekauft haben, und was daraus geworden ist.",
	},
	ReceiptsEmpty: {
		"You have not bought anything yet.",
		"Sie haben noch nichts gekauft.",
	},
	ReceiptTitle: {
		"Purchase",
		"Kauf",
	},
	ReceiptBack: {
		"All purchases",
		"Alle Käufe",
	},
	ReceiptNumber: {
		"Order number",
		"Bestellnummer",
	},
	ReceiptOrdered: {
		"Ordered",
		"Bestellt",
	},
	ReceiptPaid: {
		"Paid",
		"Bezahlt",
	},
	ReceiptState: {
		"State",
		"Stand",
	},
	ReceiptPrice: {
		"Price",
		"Preis",
	},
	ReceiptRefunded: {
		"Refunded",
		"Erstattet",
	},
	ReceiptDisputed: {
		"Disputed",
		"Rückbuchung",
	},
	ReceiptKept: {
		"Credits of it",
		"Credits daraus",
	},
	ReceiptStripe: {
		"Receipt of Stripe",
		"Beleg von Stripe",
	},
	ReceiptNoStripe: {
		"Stripe has no receipt for this purchase",
		"Stripe hat keinen Beleg zu diesem Kauf",
	},
	ReceiptConsent: {
		"You agreed on {when} (version {version}):",
		"Sie haben am {when} zugestimmt (Fassung {version}):",
	},
	ReceiptGone: {
		"There is no such purchase.",
		"Diesen Kauf gibt es nicht.",
	},
	ReceiptPrint: {
		"This page confirms your order and can be printed. The receipt of the payment, with who sold it and the tax, is at Stripe.",
		"Diese Seite bestätigt Ihre Bestellung und kann gedruckt werden. Der Beleg über die Zahlung, mit Verkäufer und Steuer, liegt bei Stripe.",
	},
	StatePending: {
		"Waiting for payment",
		"Wartet auf Zahlung",
	},
	StateFailed: {
		"Payment failed",
		"Zahlung fehlgeschlagen",
	},
	StateCancelled: {
		"Cancelled",
		"Storniert",
	},
	StateCompleted: {
		"Paid",
		"Bezahlt",
	},
	StateRefunded: {
		"Refunded",
		"Erstattet",
	},
	StatePartly: {
		"Partly refunded",
		"Teilweise erstattet",
	},
	StateDisputed: {
		"Disputed",
		"Zahlung bestritten",
	},
	PendingTitle: {
		"Almost there",
		"Gleich geschafft",
	},
	PendingWait: {
		"We wait for the confirmation of your payment. This takes a few seconds; the page looks again by itself.",
		"Wir warten auf die Bestätigung Ihrer Zahlung. Das dauert einige Sekunden; die Seite sieht von selbst wieder nach.",
	},
	PendingLong: {
		"The confirmation takes longer than usual. You need not wait: the credits are added as soon as it arrives, and you can close this page.",
		"Die Bestätigung dauert länger als üblich. Sie müssen nicht warten: Die Credits werden gutgeschrieben, sobald sie eintrifft, und Sie können diese Seite schließen.",
	},
	PendingUnpaid: {
		"This order is not paid yet. Nothing was charged.",
		"Diese Bestellung ist noch nicht bezahlt. Es wurde nichts abgebucht.",
	},
	FailedText: {
		"The payment did not succeed, and nothing was charged. You can try again, also with another means of payment.",
		"Die Zahlung ist nicht gelungen, und es wurde nichts abgebucht. Sie können es noch einmal versuchen, auch mit einem anderen Zahlungsmittel.",
	},
	CancelledText: {
		"This order was cancelled. Nothing was charged.",
		"Diese Bestellung wurde storniert. Es wurde nichts abgebucht.",
	},
	CompletedTitle: {
		"Thank you",
		"Vielen Dank",
	},
	CompletedText: {
		"{n} credits were added to your account.",
		"{n} Credits wurden Ihrem Konto gutgeschrieben.",
	},
	RefundedText: {
		"{amount} were refunded. It may take some days until your bank shows them.",
		"{amount} wurden erstattet. Es kann einige Tage dauern, bis Ihre Bank sie anzeigt.",
	},
	DisputedText: {
		"{amount} of this payment were asked back by your bank, so the credits for them were taken back.",
		"{amount} dieser Zahlung hat Ihre Bank zurückgefordert; die Credits dafür wurden zurückgenommen.",
	},
	PayContinue: {
		"Continue to payment",
		"Weiter zur Zahlung",
	},
	PayCancel: {
		"Cancel order",
		"Bestellung stornieren",
	},
	PayClosed: {
		"The payment page of this order is closed. Please order again.",
		"Die Zahlungsseite dieser Bestellung ist geschlossen. Bitte bestellen Sie neu.",
	},
	OrderCancelled: {
		"The order was cancelled",
		"Die Bestellung wurde storniert",
	},
	ToCredits: {
		"To your credits",
		"Zu Ihren Credits",
	},
	BoughtTitle: {
		"Thank you for your purchase",
		"Vielen Dank für Ihren Kauf",
	},
	BoughtText: {
		"Your credits are added as soon as the payment is confirmed. You can close this page and go back to your app.",
		"Ihre Credits werden gutgeschrieben, sobald die Zahlung bestätigt ist. Sie können diese Seite schließen und zu Ihrer App zurückkehren.",
	},
	NotBoughtTitle: {
		"Nothing was bought",
		"Es wurde nichts gekauft",
	},
	NotBoughtText: {
		"You left the payment page, and nothing was charged. You can close this page and go back to your app.",
		"Sie haben die Zahlungsseite verlassen, und es wurde nichts abgebucht. Sie können diese Seite schließen und zu Ihrer App zurückkehren.",
	},
}
