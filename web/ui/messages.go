package ui

import "strings"

// Key names a text of the catalogue. Texts hold placeholders in braces.
type Key string

// T is the text of a key, with its placeholders replaced: T(key, "app", "Notes") fills {app}.
func T(key Key, pairs ...string) string {
	text := englishTexts[key]
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, "{"+pairs[i]+"}", pairs[i+1])
	}
	return text
}
