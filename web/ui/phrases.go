package ui

import (
	"context"
	"fmt"

	"mana/web/page"
)

// Phrase is a phrase that another room wrote in English, in the language of the request: what settings mean, what is wrong
// with a field, and what was stored. It may be a format, which args fill. A phrase without German stays English; tests find it.
func Phrase(ctx context.Context, phrase string, args ...any) string {
	if german, ok := phrases[phrase]; ok && page.From(ctx).Language() == page.German {
		phrase = german
	}
	if len(args) == 0 {
		return phrase
	}
	return fmt.Sprintf(phrase, args...)
}

// phrases is the German of phrases, by their English. It is never written.
var phrases = map[string]string{
	// What settings mean.
	"issuer, base of links and cookies; https, or http on a loopback address": "Aussteller, Grundlage von Links und Cookies; https, oder http auf einer Loopback-Adresse",
	"public port": "öffentlicher Port",
	"host:port, beats PORT; default 127.0.0.1 and [::1] in dev mode, else all addresses":                                                                "Host:Port, geht PORT vor; Standard: 127.0.0.1 und [::1] im Entwicklungsmodus, sonst alle Adressen",
	"folder of the embedded database and the dev master key":                                                                                            "Ordner der eingebauten Datenbank und des Hauptschlüssels im Entwicklungsmodus",
	"sqlite:PATH, or postgres://ROLE:PASSWORD@HOST/NAME for the role that owns nothing; empty: mana.db in DATA_DIR":                                     "sqlite:PFAD, oder postgres://ROLLE:PASSWORT@HOST/NAME für die Rolle, der nichts gehört; leer: mana.db in DATA_DIR",
	"postgres:// as the role that owns the schema, past PgBouncer, for migrations":                                                                      "postgres:// als die Rolle, der das Schema gehört, an PgBouncer vorbei, für Migrationen",
	"on: PostgreSQL's schema is brought up to date at each start; off: by `mana migrate up` only":                                                       "on: Das Schema von PostgreSQL wird bei jedem Start auf den neuesten Stand gebracht; off: nur durch `mana migrate up`",
	"valkey://USER:PASSWORD@HOST:PORT (valkeys:// for TLS), what several processes share; empty: memory, one process":                                   "valkey://NAME:PASSWORT@HOST:PORT (valkeys:// für TLS), was mehrere Prozesse teilen; leer: Arbeitsspeicher, ein Prozess",
	"makes up VALKEY_URL when that is empty":                                                                                                            "bildet VALKEY_URL, wenn das leer ist",
	"goes with REDIS_HOST":                                                                                                                              "gehört zu REDIS_HOST",
	"list of database, valkey, primary: what may be without TLS or password in production":                                                              "Liste aus database, valkey: was im Betrieb ohne TLS oder Passwort sein darf",
	"the master key before, which opens what MASTER_KEY does not, until mana keys rewrap has run":                                                       "der Hauptschlüssel davor, der öffnet, was MASTER_KEY nicht öffnet, bis mana keys rewrap gelaufen ist",
	"collector that traces are sent to by OTLP over HTTP, such as http://127.0.0.1:4318; needs a program built with the tag otlp; empty: none are made": "Sammler, an den Traces mit OTLP über HTTP gehen, etwa http://127.0.0.1:4318; braucht ein Programm, das mit dem Tag otlp gebaut ist; leer: es entstehen keine",
	"share of the traces that are kept, 0 to 1, of those that begin here":                                                                               "Anteil der Traces, der aufgehoben wird, 0 bis 1, von denen, die hier beginnen",
	"32 bytes in base64, seals signing keys; made in DATA_DIR in dev mode, else required":                                                               "32 Byte in Base64, versiegelt Signaturschlüssel; entsteht im Entwicklungsmodus in DATA_DIR, ist sonst erforderlich",
	"networks (CIDR, comma list) whose X-Forwarded-For counts":                                                                                          "Netze (CIDR, mit Komma getrennt), deren X-Forwarded-For gilt",
	"exact origins of the JSON API, comma list; in dev mode http://localhost:3000,http://localhost:8081":                                                "genaue Ursprünge (Origins) der JSON-API, mit Komma getrennt; im Entwicklungsmodus http://localhost:3000,http://localhost:8081",
	"aud of tokens of the REST login":                                                                                                                   "aud der Token der REST-Anmeldung",
	"PEM, becomes the first RS256 key of an empty store":                                                                                                "PEM, wird der erste RS256-Schlüssel eines leeren Speichers",
	"PEM, compared with JWT_PRIVATE_KEY":                                                                                                                "PEM, wird mit JWT_PRIVATE_KEY verglichen",
	"not used: tokens carry ISSUER; another value gives a warning":                                                                                      "nicht benutzt: Token tragen ISSUER; ein anderer Wert ergibt eine Warnung",
	"life of access tokens, 1m to 1h":                                                                                                                   "Lebensdauer von Zugriffstoken, 1m bis 1h",
	"life of a refresh token of the REST login, 1h to 90d":                                                                                              "Lebensdauer eines Erneuerungstokens der REST-Anmeldung, 1h bis 90d",
	"longest life of a REST session, and of the refresh tokens of an app; 1h to 365d":                                                                   "längste Lebensdauer einer REST-Sitzung und der Erneuerungstoken einer App; 1h bis 365d",
	"security events and ended sessions older than this are deleted; 30d to 3650d":                                                                      "ältere Sicherheitsereignisse und beendete Sitzungen werden gelöscht; 30d bis 3650d",
	"size of a new signing key: 2048, 3072 or 4096":                                                                                                     "Größe eines neuen Signaturschlüssels: 2048, 3072 oder 4096",
	"algorithms that sign, comma list of RS256, PS256, ES256, EdDSA; RS256 always":                                                                      "Algorithmen, die signieren, mit Komma getrennt aus RS256, PS256, ES256, EdDSA; RS256 immer",
	"life of a signing key, 2d to 3650d; off: keys change by command only":                                                                              "Lebensdauer eines Signaturschlüssels, 2d bis 3650d; off: Schlüssel wechseln nur auf Befehl",
	"signs access tokens for the credits API; one of SIGNING_ALGS":                                                                                      "signiert Zugriffstoken für die Credits-API; einer aus SIGNING_ALGS",
	"open or closed": "open (offen) oder closed (geschlossen)",
	"1 to 22: work that a browser does before it signs somebody up, in bits (16 takes about a second); closes sign-up by the API": "1 bis 22: Arbeit, die ein Browser vor einer Registrierung leistet, in Bit (16 dauert etwa eine Sekunde); schließt die Registrierung über die API",
	"true: nobody signs in before the e-mail address is proven":                                                                   "true: Niemand meldet sich an, bevor die E-Mail-Adresse bestätigt ist",
	"mail server; empty: mails stay in the outbox, and are shown at /dev/mail in dev mode":                                        "Mailserver; leer: Mails bleiben im Ausgang und stehen im Entwicklungsmodus unter /dev/mail",
	"465: TLS from the start; else STARTTLS is required, but on a loopback address in dev mode":                                   "465: TLS von Anfang an; sonst ist STARTTLS erforderlich, außer auf einer Loopback-Adresse im Entwicklungsmodus",
	"name at the mail server; empty: no authentication":                                                                           "Name beim Mailserver; leer: keine Anmeldung",
	"goes with SMTP_USER": "gehört zu SMTP_USER",
	"address that mails come from; required with SMTP_HOST":                                "Adresse, von der Mails kommen; mit SMTP_HOST erforderlich",
	"free credits of a new account":                                                        "kostenlose Credits eines neuen Kontos",
	"true: the bonus comes when the e-mail address is proven":                              "true: Der Bonus kommt, wenn die E-Mail-Adresse bestätigt ist",
	"free credits each 24 hours":                                                           "kostenlose Credits je 24 Stunden",
	"calls of an address to a public route per RATE_LIMIT_TTL":                             "Aufrufe einer Adresse auf einer öffentlichen Route je RATE_LIMIT_TTL",
	"seconds of RATE_LIMIT_MAX":                                                            "Sekunden von RATE_LIMIT_MAX",
	"other limits as count/seconds, such as signup=10/3600,spend=100/60":                   "andere Grenzen als Anzahl/Sekunden, etwa signup=10/3600,spend=100/60",
	"token checks at work at once":                                                         "Prüfungen von Token, die gleichzeitig laufen",
	"bytes for password hashing (suffix K, M, G); default a quarter of the memory limit":   "Byte für das Hashen von Passwörtern (Endung K, M, G); Standard: ein Viertel der Speichergrenze",
	"path of a sorted file of SHA-1 hashes of breached passwords, which nobody may choose": "Pfad einer sortierten Datei mit SHA-1-Hashes bekannt gewordener Passwörter, die niemand wählen darf",
	"file of `mana apply`, applied at each start":                                          "Datei von `mana apply`, wird bei jedem Start angewandt",
	"debug, info, warn or error":                                                           "debug, info, warn oder error",
	"text, json, or auto: text on a terminal and in dev mode":                              "text, json, oder auto: text auf einem Terminal und im Entwicklungsmodus",
	"private listener of /metrics; off: none; in dev mode it may be taken":                 "nichtöffentliche Adresse von /metrics; off: keine; im Entwicklungsmodus darf sie belegt sein",
	"time between readiness off and listener closed; 5s, 0s in dev mode":                   "Zeit zwischen dem Ende der Bereitschaft und dem Schließen der Verbindungsannahme; 5s, im Entwicklungsmodus 0s",
	"origin of `mana serve --role=edge`, https, or http on a loopback address":             "Ursprung von `mana serve --role=edge`, https, oder http auf einer Loopback-Adresse",
	"secret of 32 characters or more that edges prove themselves by; a comma list while it changes, of which an edge shows the first": "Geheimnis aus mindestens 32 Zeichen, mit dem sich Randknoten ausweisen; während eines Wechsels mehrere, mit Komma getrennt, von denen ein Randknoten das erste zeigt",
	"longest wait for requests in flight; 20s, 2s in dev mode":                                                                        "längstes Warten auf laufende Anfragen; 20s, im Entwicklungsmodus 2s",
	"name on the pages": "Name auf den Seiten",
	"colour of links and buttons, as #rrggbb; darkened or lightened until it can be read": "Farbe von Links und Schaltflächen, als #rrggbb; wird dunkler oder heller, bis sie lesbar ist",
	"PNG or SVG file of at most 64 KiB, shown 32 px high in place of our sign":            "PNG- oder SVG-Datei von höchstens 64 KiB, wird 32 px hoch anstelle unseres Zeichens gezeigt",
	"link in the footer": "Link in der Fußzeile",
	"address in the footer, and in /.well-known/security.txt":                                          "Adresse in der Fußzeile und in /.well-known/security.txt",
	"key of Stripe's API, sk_... or rk_...; empty: nothing can be bought, all else works":              "Schlüssel der API von Stripe, sk_... oder rk_...; leer: Es kann nichts gekauft werden, alles andere geht",
	"signs Stripe's events, whsec_...; a comma list while it changes; required with STRIPE_SECRET_KEY": "signiert Stripes Ereignisse, whsec_...; während eines Wechsels mehrere, mit Komma getrennt; mit STRIPE_SECRET_KEY erforderlich",
	"in dev mode, a stand-in for Stripe's API on a loopback address, for tests":                        "im Entwicklungsmodus ein Stellvertreter für Stripes API auf einer Loopback-Adresse, für Tests",

	// What the program writes into the history of credits.
	"Signup bonus":                         "Startbonus",
	"Daily free credits":                   "Tägliche kostenlose Credits",
	"Debt settled":                         "Offener Betrag beglichen",
	"Account closed":                       "Konto geschlossen",
	"Credit purchase: %s credits":          "Kauf von %s Credits",
	"Credit purchase reversed: %s credits": "Rückbuchung eines Kaufs: %s Credits",
	"Credit purchase restored: %s credits": "Kauf wieder gutgeschrieben: %s Credits",

	// Who has acted, where it was nobody who is signed in.
	"command line": "Kommandozeile",

	// The packages of a new installation.
	"100 credits for a first try":  "100 Credits zum Ausprobieren",
	"500 credits for now and then": "500 Credits für gelegentliche Nutzung",
	"1,500 credits for every day":  "1.500 Credits für jeden Tag",
	"5,000 credits for heavy use":  "5.000 Credits für intensive Nutzung",

	// What is wrong with apps and service keys.
	`must be "mc_" and 1 to 64 of A-Z, a-z, 0-9, underscore and hyphen`:                      `muss "mc_" und 1 bis 64 Zeichen aus A-Z, a-z, 0-9, Unterstrich und Bindestrich sein`,
	"must be 1 to %d printable characters":                                                   "muss aus 1 bis %d druckbaren Zeichen bestehen",
	"must be SHA-256 hashes":                                                                 "müssen SHA-256-Hashes sein",
	"must be a SHA-256 hash":                                                                 "muss ein SHA-256-Hash sein",
	"%q must be 1 to 64 of A-Z, a-z, 0-9, dot, underscore, colon and hyphen":                 "%q muss aus 1 bis 64 Zeichen aus A-Z, a-z, 0-9, Punkt, Unterstrich, Doppelpunkt und Bindestrich bestehen",
	"%q must be 1 to 64 of A-Z, a-z, 0-9, dot, underscore, colon and hyphen, and occur once": "%q muss aus 1 bis 64 Zeichen aus A-Z, a-z, 0-9, Punkt, Unterstrich, Doppelpunkt und Bindestrich bestehen und nur einmal vorkommen",
	"%q must be https, or http on a loopback address":                                        "%q muss https sein, oder http auf einer Loopback-Adresse",
	"%q must be 1 to %d visible characters, as in the claim aud":                             "%q muss aus 1 bis %d sichtbaren Zeichen bestehen, wie im Claim aud",
	"%q is not supported; there are: %v":                                                     "%q wird nicht unterstützt; es gibt: %v",
	"%q is not supported; there are: %s":                                                     "%q wird nicht unterstützt; es gibt: %s",
	"%q does not exist; there are: %s":                                                       "%q gibt es nicht; es gibt: %s",
	"at least one is needed":                                                                 "mindestens eine Angabe ist nötig",
	"at least one is needed; the first owns the key":                                         "mindestens eine ist nötig; der ersten gehört der Schlüssel",
	"at least one is needed; there are: %s":                                                  "mindestens eine Angabe ist nötig; es gibt: %s",
	"refresh_token needs authorization_code":                                                 "refresh_token braucht authorization_code",
	"are needed for the grant type authorization_code, and only there":                       "werden für die Zugangsart authorization_code gebraucht, und nur dort",
	"a public client cannot use client_credentials":                                          "eine öffentliche App kann client_credentials nicht nutzen",
	"a public client cannot leave out PKCE":                                                  "eine öffentliche App kann nicht auf PKCE verzichten",
	"a public client cannot introspect tokens":                                               "eine öffentliche App kann keine Token prüfen lassen",
	"%q needs the grant type client_credentials":                                             "%q braucht die Zugangsart client_credentials",
	"%q is given by the operator alone: mana client update, or mana apply":                   "%q vergibt allein der Betreiber: mana client update oder mana apply",
	"must be whole seconds from %s to %s, or 0 for the default":                              "müssen ganze Sekunden von %s bis %s sein, oder 0 für den Standard",
	"must not be longer than refresh_max":                                                    "darf nicht länger als refresh_max sein",
	"must be 0 to %s":                                                                        "muss zwischen 0 und %s liegen",
	"must be 0 to %d calls a minute":                                                         "muss bei 0 bis %d Aufrufen je Minute liegen",
	"must be in the future":                                                                  "muss in der Zukunft liegen",
	"%q holds a blank, wildcard, backslash, control or non-ASCII character":                  "%q enthält ein Leerzeichen, einen Platzhalter, Backslash, ein Steuerzeichen oder ein Zeichen außerhalb von ASCII",
	"%q is not an absolute address":                                                          "%q ist keine vollständige Adresse",
	"%q has a fragment":                                                                      "%q hat ein Fragment (#)",
	"%q has user information":                                                                "%q enthält einen Benutzernamen",
	"%q has a host that is no name or address, or a port out of range":                       "%q hat einen Host, der weder Name noch Adresse ist, oder einen ungültigen Port",
	"%q must be https, http on a loopback address, or a private-use scheme with a dot":       "%q muss https sein, http auf einer Loopback-Adresse, oder ein eigenes Schema mit einem Punkt",
}
