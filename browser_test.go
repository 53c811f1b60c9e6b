package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"mana/web/dev"
)

// chromium opens a headless browser and collects what it complains about: scripts, policy, network.
func chromium(t *testing.T) (context.Context, func() []string) {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		missing(t, "chromium")
	}
	allocator, cancelAllocator := chromedp.NewExecAllocator(t.Context(), chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Headless, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("accept-lang", cmp.Or(os.Getenv("PAGES_LANGUAGE"), "en")), // the pages in another language
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	ctx, cancel := chromedp.NewContext(allocator)
	ctx, cancelTimeout := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(func() {
		cancelTimeout()
		cancel()
		cancelAllocator()
	})
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var complaints []string
	console := chromedp.Console(ctx)
	go func() {
		for message, err := range console {
			if err != nil {
				return
			}
			mu.Lock()
			complaints = append(complaints, message.String()+" "+message.URL)
			mu.Unlock()
		}
	}()
	return ctx, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return complaints
	}
}

// inEither is a text in the language in which the browser tests walk the pages.
func inEither(en, de string) string {
	if os.Getenv("PAGES_LANGUAGE") == "de" {
		return de
	}
	return en
}

// shots takes each page in light and dark, wide and at 360 px, and checks that nothing scrolls sideways, at 320 px
// neither, and that axe-core finds nothing. Without a folder no picture is kept.
type shots struct {
	dir string
	t   *testing.T
}

func (s shots) take(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		for _, width := range []int64{1280, 360} {
			for _, scheme := range []string{"light", "dark"} {
				if err := s.one(ctx, target, fmt.Sprintf("%s-%s-%d", name, scheme, width), width, scheme); err != nil {
					return err
				}
			}
		}
		return chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800))
	})
}

func (s shots) one(ctx context.Context, target *chromedp.Target, name string, width int64, scheme string) error {
	_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		},
	})
	if err != nil {
		return err
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 800)); err != nil {
		return err
	}
	if (width == 1280) == (scheme == "light") { // each scheme and each width once
		found, err := violations(ctx)
		if err != nil {
			return err
		}
		for _, v := range found {
			s.t.Errorf("%s: axe finds %s (%s) at %q", name, v.ID, v.Help, v.Nodes)
		}
	}
	if err := s.fits(ctx, name, width); err != nil {
		return err
	}
	if s.dir == "" {
		return nil
	}
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, name+".png"), picture, 0o600)
}

// fits checks that a page does not scroll sideways, and has one title and one heading.
func (s shots) fits(ctx context.Context, name string, width int64) error {
	if width == 360 {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(320, 800)); err != nil {
			return err
		}
	}
	overflow, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
	if err != nil {
		return err
	}
	headings, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.querySelectorAll("h1").length`))
	if err != nil {
		return err
	}
	if overflow > 0 || headings != 1 {
		s.t.Errorf("%s: scrolls sideways by %d px, %d h1", name, overflow, headings)
	}
	path, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.pathname`))
	if err != nil {
		return err
	}
	seenPages.Store(path, true)
	if width == 360 {
		return chromedp.Do(ctx, chromedp.EmulateViewport(width, 800))
	}
	return nil
}

// TestBrowser walks as a person through sign-up, consent, the demo, spending, logout and login, without a
// complaint of the browser.
func TestBrowser(t *testing.T) {
	t.Parallel()
	s := start(t)
	ctx, complaints := chromium(t)
	dir := screenshots(t)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w := &walk{t: t, ctx: ctx, shots: shots{dir, t}}
	w.open(s.issuer+"/dev/demo", "#demo-login", "01-demo")
	w.press("#demo-login", "#signup", "02-login")
	w.press("#signup", "#name", "03-signup")
	w.fill("#name", "Ada Lovelace", "#email", "ada@example.com", "#password", "password1")
	w.press("#submit", "#summary", "04-signup-refused")
	if title := w.read(chromedp.Title()); !strings.HasPrefix(title, "Error: ") && !strings.HasPrefix(title, "Fehler: ") {
		t.Errorf("got title %q of a page with an error", title)
	}
	if focus := w.read(chromedp.Evaluate[string](`document.activeElement.id`)); focus != "summary" {
		t.Errorf("got the focus on %q, want it on what is wrong", focus)
	}
	w.fill("#password", testPassword)
	w.do(chromedp.Click(chromedp.CSS(".reveal")))
	if shown := w.read(chromedp.Evaluate[string](`document.querySelector(".reveal").ariaPressed + document.getElementById("password").type`)); shown != "truetext" {
		t.Errorf("got %s of the password that is to be shown", shown)
	}
	w.press("#submit", "form:not([data-settle]) #allow", "05-consent") // the page takes no click that was meant for the one before
	w.press("#allow", "#demo-spend", "06-demo-signed-in")
	w.press("#demo-spend", "#spent", "07-demo-spent")
	if before, after := w.read(chromedp.Text(chromedp.CSS("#before"))), w.read(chromedp.Text(chromedp.CSS("#after"))); before != "150" || after != "149" {
		t.Errorf("got %s before and %s after, want 150 and 149", before, after)
	}
	w.press("#demo-again", "#replayed", "08-demo-replayed")
	w.open(s.issuer+"/account/credits", "#balance", "09-account")
	if balance := w.read(chromedp.Text(chromedp.CSS("#balance"))); !strings.HasPrefix(balance, "149") {
		t.Errorf("got the balance %q, want 149", balance)
	}
	w.open(s.demoRequest("prompt", "select_account"), "#continue", "14-select")
	w.press("#continue", "#problem", "") // a code that the demo did not ask for
	w.open(s.demoRequest("prompt", "consent", "claims", `{"userinfo":{"phone_number":null}}`), "form:not([data-settle]) #allow", "15-consent-again")
	w.press("#deny", "#problem", "")
	w.open(s.issuer+"/logout", "#submit", "10-logout")
	w.press("#submit", "a.primary", "11-signed-out")
	w.open(s.issuer+"/login", "#email", "")
	w.fill("#email", "ada@example.com", "#password", "wrong password")
	w.press("#submit", "#summary", "12-login-refused")
	if focus := w.read(chromedp.Evaluate[string](`document.activeElement.id`)); focus != "summary" {
		t.Errorf("got the focus on %q, want it on what is wrong", focus)
	}
	w.fill("#password", testPassword)
	w.press("#submit", "#save", "")
	w.open(s.issuer+"/dev/demo", "#demo-logout", "")
	w.press("#demo-logout", "#demo-login", "")
	w.open(s.issuer+"/account", "#email", "") // signed out at the provider too
	w.open(s.issuer+"/authorize?client_id=mc_unknown", "h1", "13-error")
	for _, complaint := range complaints() {
		asked := strings.Contains(complaint, "the server responded with a status of 4") || strings.HasPrefix(complaint, "info:")
		if !asked {
			t.Errorf("the browser complains: %s", complaint)
		}
	}
}

// demoRequest is an authorization URL of the demo, which knows nothing of it.
func (s *server) demoRequest(pairs ...string) string {
	q := url.Values{
		"client_id": {dev.DemoClientID}, "redirect_uri": {s.issuer + dev.DemoCallback}, "response_type": {"code"},
		"scope": {"openid profile credits:spend"}, "code_challenge": {strings.Repeat("a", 43)}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return s.issuer + "/authorize?" + q.Encode()
}

// walk is a person in the browser.
type walk struct {
	t     *testing.T
	ctx   context.Context
	shots shots
}

func (w *walk) do(actions ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 45*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		body, _ := chromedp.Run(w.ctx, chromedp.Evaluate[string](`location.href + document.body.innerHTML`))
		w.t.Fatalf("%v\n%s", err, body)
	}
}

// open goes to an address, waits for what must be seen and takes pictures under a name, if it has one.
func (w *walk) open(to, seen, name string) {
	w.t.Helper()
	w.do(chromedp.Navigate(to))
	w.see(seen, name)
}

// press clicks and waits for what the next page must show.
func (w *walk) press(what, seen, name string) {
	w.t.Helper()
	w.do(chromedp.Click(chromedp.CSS(what)))
	w.see(seen, name)
}

func (w *walk) see(seen, name string) {
	w.t.Helper()
	w.do(chromedp.WaitVisible(chromedp.CSS(seen)))
	if name != "" {
		w.do(w.shots.take(name))
	}
}

func (w *walk) fill(pairs ...string) {
	w.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		w.do(chromedp.Clear(chromedp.CSS(pairs[i])), chromedp.SendKeys(chromedp.CSS(pairs[i]), pairs[i+1]))
	}
}

func (w *walk) read(a chromedp.Action[string]) string {
	w.t.Helper()
	text, err := chromedp.Run(w.ctx, a)
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}
