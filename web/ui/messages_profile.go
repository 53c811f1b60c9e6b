package ui

// Keys of the profile.
const (
	ProfileTitle       Key = "profile.title"
	ProfileLead        Key = "profile.lead"
	ProfileSaved       Key = "profile.saved"
	ProfileSave        Key = "profile.save"
	ProfilePerson      Key = "profile.person"
	ProfileMore        Key = "profile.more"
	ProfileContact     Key = "profile.contact"
	ProfileAddress     Key = "profile.address"
	ProfileDisplay     Key = "profile.display"
	ProfileEmailHint   Key = "profile.email.hint"
	ProfileVerified    Key = "profile.verified"
	ProfileUnverified  Key = "profile.unverified"
	ClaimName          Key = "claim.name"
	ClaimGivenName     Key = "claim.given_name"
	ClaimFamilyName    Key = "claim.family_name"
	ClaimMiddleName    Key = "claim.middle_name"
	ClaimNickname      Key = "claim.nickname"
	ClaimUsername      Key = "claim.preferred_username"
	ClaimProfile       Key = "claim.profile"
	ClaimPicture       Key = "claim.picture"
	ClaimWebsite       Key = "claim.website"
	ClaimGender        Key = "claim.gender"
	ClaimBirthdate     Key = "claim.birthdate"
	ClaimBirthdateHint Key = "claim.birthdate.hint"
	ClaimPhone         Key = "claim.phone_number"
	ClaimPhoneHint     Key = "claim.phone_number.hint"
	ClaimFormatted     Key = "claim.address.formatted"
	ClaimStreet        Key = "claim.address.street_address"
	ClaimLocality      Key = "claim.address.locality"
	ClaimRegion        Key = "claim.address.region"
	ClaimPostalCode    Key = "claim.address.postal_code"
	ClaimCountry       Key = "claim.address.country"
	ClaimLocale        Key = "claim.locale"
	ClaimLocaleAuto    Key = "claim.locale.auto"
	ClaimZone          Key = "claim.zoneinfo"
	ClaimZoneHint      Key = "claim.zoneinfo.hint"
	ThemeLabel         Key = "theme"
	ThemeAuto          Key = "theme.auto"
	ThemeLight         Key = "theme.light"
	ThemeDark          Key = "theme.dark"
	ThemeHint          Key = "theme.hint"
	WebAddressHint     Key = "webaddress.hint"
	WebAddressWrong    Key = "webaddress.wrong"
	BirthdateWrong     Key = "birthdate.wrong"
	ZoneWrong          Key = "zone.wrong"
	ClaimWrong         Key = "claim.wrong"
)

var profileTexts = texts{
	ProfileTitle: {
		"Profile",
		"Profil",
	},
	ProfileLead: {
		"What is known of you here. Apps that you allow can see it.",
		"Was hier über Sie bekannt ist. Apps, denen Sie es erlauben, können es sehen.",
	},
	ProfileSaved: {
		"Your profile has been saved.",
		"Ihr Profil wurde gespeichert.",
	},
	ProfileSave: {
		"Save",
		"Speichern",
	},
	ProfilePerson: {
		"You",
		"Sie",
	},
	ProfileMore: {
		"More about you",
		"Mehr über Sie",
	},
	ProfileContact: {
		"Contact",
		"Kontakt",
	},
	ProfileAddress: {
		"Address",
		"Anschrift",
	},
	ProfileDisplay: {
		"Language and display",
		"Sprache und Darstellung",
	},
	ProfileEmailHint: {
		"You sign in with this address.",
		"Mit dieser Adresse melden Sie sich an.",
	},
	ProfileVerified: {
		"Confirmed",
		"Bestätigt",
	},
	ProfileUnverified: {
		"Not confirmed",
		"Nicht bestätigt",
	},
	ClaimName: {
		"Full name",
		"Vollständiger Name",
	},
	ClaimGivenName: {
		"First name",
		"Vorname",
	},
	ClaimFamilyName: {
		"Last name",
		"Nachname",
	},
	ClaimMiddleName: {
		"Middle name",
		"Zweiter Vorname",
	},
	ClaimNickname: {
		"Nickname",
		"Rufname",
	},
	ClaimUsername: {
		"Preferred user name",
		"Bevorzugter Benutzername",
	},
	ClaimProfile: {
		"Profile page",
		"Profilseite",
	},
	ClaimPicture: {
		"Picture",
		"Bild",
	},
	ClaimWebsite: {
		"Website",
		"Website",
	},
	ClaimGender: {
		"Gender",
		"Geschlecht",
	},
	ClaimBirthdate: {
		"Date of birth",
		"Geburtsdatum",
	},
	ClaimBirthdateHint: {
		"As 1990-12-31, or the year alone.",
		"Als 1990-12-31 oder nur das Jahr.",
	},
	ClaimPhone: {
		"Phone",
		"Telefon",
	},
	ClaimPhoneHint: {
		"With the code of the country, such as +49 30 901820.",
		"Mit der Vorwahl des Landes, etwa +49 30 901820.",
	},
	ClaimFormatted: {
		"Whole address, as on a letter",
		"Ganze Anschrift, wie auf einem Brief",
	},
	ClaimStreet: {
		"Street and number",
		"Straße und Hausnummer",
	},
	ClaimLocality: {
		"City",
		"Ort",
	},
	ClaimRegion: {
		"State or region",
		"Bundesland oder Region",
	},
	ClaimPostalCode: {
		"Postal code",
		"Postleitzahl",
	},
	ClaimCountry: {
		"Country",
		"Land",
	},
	ClaimLocale: {
		"Language",
		"Sprache",
	},
	ClaimLocaleAuto: {
		"As my browser asks",
		"Wie mein Browser es wünscht",
	},
	ClaimZone: {
		"Time zone",
		"Zeitzone",
	},
	ClaimZoneHint: {
		"Such as Europe/Berlin. Empty: UTC.",
		"Etwa Europe/Berlin. Leer: UTC.",
	},
	ThemeLabel: {
		"Appearance",
		"Erscheinungsbild",
	},
	ThemeAuto: {
		"As my device",
		"Wie mein Gerät",
	},
	ThemeLight: {
		"Light",
		"Hell",
	},
	ThemeDark: {
		"Dark",
		"Dunkel",
	},
	ThemeHint: {
		"For this browser.",
		"Für diesen Browser.",
	},
	WebAddressHint: {
		"Begins with https://",
		"Beginnt mit https://",
	},
	WebAddressWrong: {
		"Enter an address such as https://example.com/ada.",
		"Geben Sie eine Adresse wie https://example.com/ada ein.",
	},
	BirthdateWrong: {
		"Enter a date such as 1990-12-31, or a year.",
		"Geben Sie ein Datum wie 1990-12-31 oder ein Jahr ein.",
	},
	ZoneWrong: {
		"Choose a time zone of the list, such as Europe/Berlin.",
		"Wählen Sie eine Zeitzone aus der Liste, etwa Europe/Berlin.",
	},
	ClaimWrong: {
		"Use at most 255 characters, without control characters.",
		"Bitte höchstens 255 Zeichen und keine Steuerzeichen verwenden.",
	},
}
