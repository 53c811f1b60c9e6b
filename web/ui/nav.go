package ui

import (
	"context"
	"strings"

	"mana/web/page"
)

// Nav is the side navigation of an area of the product.
type Nav struct {
	Label Key // what it navigates, for those who hear the page
	Items []NavItem
}

// NavItem is one page of an area.
type NavItem struct {
	Text Key
	URL  string // path; a page below it belongs to it too
	Icon string // a name that [Icon] knows; empty: none
}

// current is the item that the request is for: the one with the longest path that holds it, -1 if none does.
func (n Nav) current(ctx context.Context) int {
	path, found, longest := page.From(ctx).Path(), -1, 0
	for i, item := range n.Items {
		if (path == item.URL || strings.HasPrefix(path, item.URL+"/")) && len(item.URL) > longest {
			found, longest = i, len(item.URL)
		}
	}
	return found
}

// here is the text of the page that is shown, or of the area.
func (n Nav) here(ctx context.Context) Key {
	if i := n.current(ctx); i >= 0 {
		return n.Items[i].Text
	}
	return n.Label
}
