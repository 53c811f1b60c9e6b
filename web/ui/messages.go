package ui

import (
	"context"
	"maps"
	"strings"

	"mana/web/page"
)

// Key names a text of the catalogue. Texts hold placeholders in braces. What counts has two forms, for one and for
// more, parted by a bar: see [Count].
type Key string

// pair is a text in each language.
type pair struct{ en, de string }

// texts are those of one area; each has a file of its own, and is listed in [catalogue].
type texts map[Key]pair

// catalogue holds every text. It is never written.
var catalogue = merge(
	commonTexts, loginTexts, factorTexts, securityTexts, passkeyTexts, signupTexts, consentTexts, accountTexts, profileTexts, addressTexts, errorsTexts, demoTexts, withTexts, mailTexts, noticeTexts, verifyTexts, devicesTexts, deleteTexts,
	setupTexts, adminTexts, adminMoreTexts, adminJobsTexts, docsTexts, usageTexts, purchaseTexts, withdrawalTexts, adminEventTexts, detailTexts, adminClientTexts,
)

// merge joins the areas. A key in two of them is a bug in our own constants.
func merge(areas ...texts) texts {
	all := make(texts)
	for _, area := range areas {
		before := len(all)
		if maps.Copy(all, area); len(all) != before+len(area) {
			panic("ui: a key has two texts")
		}
	}
	return all
}

// T is the text of a key in the language of the request, with its placeholders replaced: T(ctx, key, "app", "Notes")
// fills {app}. A key without text shows itself; a test finds it.
func T(ctx context.Context, key Key, pairs ...string) string {
	return fill(textOf(ctx, key), pairs)
}

// Count is [T] for a text of two forms, parted by a bar: "{n} session|{n} sessions". It fills {n}.
func Count(ctx context.Context, key Key, n int64, pairs ...string) string {
	one, more, _ := strings.Cut(textOf(ctx, key), "|")
	if n == 1 {
		more = one
	}
	return fill(more, append(pairs, "n", Number(ctx, n)))
}

func textOf(ctx context.Context, key Key) string {
	text, ok := catalogue[key]
	switch {
	case !ok:
		return string(key)
	case page.From(ctx).Language() == page.German:
		return text.de
	}
	return text.en
}

// fill replaces placeholders in one pass: what a value holds is never one.
func fill(text string, pairs []string) string {
	if len(pairs) == 0 {
		return text
	}
	braced := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		braced = append(braced, "{"+pairs[i]+"}", pairs[i+1])
	}
	return strings.NewReplacer(braced...).Replace(text)
}
