package main

import (
	"context"
	"encoding/base32"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestBrowserWithoutScripts walks through every flow but passkeys where no script runs.
func TestBrowserWithoutScripts(t *testing.T) {
	t.Parallel()
	s := start(t)
	ctx, _ := chromium(t)
	w := &walk{t: t, ctx: ctx}
	w.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
	w.open(s.issuer+"/dev/demo", "#demo-login", "")
	w.press("#demo-login", "#signup", "")
	w.press("#signup", "#name", "")
	if shown := w.read(chromedp.Evaluate[string](`String(document.querySelectorAll(".reveal:not([hidden])").length)`)); shown != "0" {
		t.Errorf("got %s buttons that need a script", shown)
	}
	w.fill("#name", "Ada Lovelace", "#email", "ada@example.com", "#password", "password1")
	w.press("#submit", "#summary", "")
	if focus := w.read(chromedp.Evaluate[string](`document.activeElement.id`)); focus != "summary" {
		t.Errorf("got the focus on %q, want it on what is wrong", focus)
	}
	w.fill("#password", testPassword)
	w.press("#submit", "#allow", "")
	w.press("#allow", "#demo-spend", "")
	w.press("#demo-spend", "#spent", "")
	w.open(s.issuer+"/account", "#save", "")
	w.fill("#given_name", "Ada")
	w.press("#save", "#done", "")
	other := w.read(chromedp.Evaluate[string](`document.querySelector(".languages a").lang`))
	w.press(".languages a", `html[lang="`+other+`"] #save`, "")

	w.open(s.issuer+totpPath, "#begin", "")
	w.press("#begin", "#key", "")
	secret, err := base32.StdEncoding.DecodeString(strings.ReplaceAll(w.read(chromedp.Text(chromedp.CSS("#key"))), " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	w.fill("#code", app{secret}.code(0))
	w.press("#submit", "#codes", "")
	s.sql(t, `UPDATE auth_two_factor_auth SET last_used_step = 0`)
	w.press("#sign-out", `a.primary[href="/login"]`, "")
	w.open(s.issuer+"/login", "#email", "")
	w.fill("#email", "ada@example.com", "#password", testPassword)
	w.press("#submit", "#code", "")
	w.fill("#code", app{secret}.code(0))
	w.press("#submit", "#sign-out", "")
	w.press("#sign-out", `a.primary[href="/login"]`, "")
	w.open(s.issuer+"/forgot", "#email", "")
	w.fill("#email", "ada@example.com")
	w.press("#submit", "a.primary", "")
}

// TestBrowserKeyboard signs up, changes the profile and signs out by the keyboard alone, and sees where it is.
func TestBrowserKeyboard(t *testing.T) {
	t.Parallel()
	s := start(t)
	ctx, _ := chromium(t)
	w := &walk{t: t, ctx: ctx}
	w.open(s.issuer+"/signup", "#name", "")
	w.tabTo("#name", "Ada Lovelace")
	w.tabTo("#email", "ada@example.com")
	w.tabTo("#password", testPassword)
	w.tabTo(".reveal", "")
	w.tabTo("#submit", kb.Enter)
	w.see("#save", "")
	w.do(chromedp.KeyEvent(kb.Tab))
	if first := w.read(chromedp.Evaluate[string](`document.activeElement.className + " " + (document.activeElement.getBoundingClientRect().left >= 0)`)); first != "skip true" {
		t.Errorf("got %q first, want the link to the content, in sight", first)
	}
	w.tabTo("#website", "")
	w.tabTo("#save", kb.Enter)
	w.see("#done", "")
	w.tabTo("#sign-out", kb.Enter)
	w.see("a.primary", "")
	w.tabTo("a.primary", kb.Enter)
	w.see("#email", "")
}

// tabTo goes to a control by the key that goes from one to the next, sees a ring around it, and types.
func (w *walk) tabTo(what, keys string) {
	w.t.Helper()
	for range 60 {
		at := w.read(chromedp.Evaluate[string](`(e => e.matches("` + what + `") ? getComputedStyle(e).outlineStyle + " " + getComputedStyle(e).outlineWidth :
			e.matches("details:not([open]) > summary") && e.closest("details").querySelector("` + what + `") ? "closed" : "")(document.activeElement)`))
		switch at {
		case "solid 3px":
			if keys != "" {
				w.do(chromedp.KeyEvent(keys))
			}
			return
		case "closed":
			w.do(chromedp.KeyEvent(kb.Enter))
		case "":
		default:
			w.t.Fatalf("got the outline %s around %s, want a ring", at, what)
		}
		w.do(chromedp.KeyEvent(kb.Tab))
	}
	w.t.Fatalf("no key leads to %s", what)
}
