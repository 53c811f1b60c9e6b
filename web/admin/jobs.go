package admin

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/login"
	"mana/web/ui"
)

// Job is the last that is known of a job of this process.
type Job struct {
	Name  ui.Key
	Every time.Duration
	Ended time.Time // of the last run; zero: none has ended
	Took  time.Duration
	Fault string // of the last run; empty: it went well
}

// jobsView is what the page of jobs shows.
type jobsView struct {
	ui.Page
	Done   string
	Faults ui.Faults
	Jobs   []Job
	Mails  []identity.Mail
	Sends  bool // mails are sent at all
	Now    time.Time
}

// ShowJobs answers GET /admin/jobs.
func (p *Pages) ShowJobs(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	v, err := p.jobsView(r, who)
	if err != nil {
		return err
	}
	v.Done = done(r)
	ui.Render(w, r, http.StatusOK, jobsPage(v))
	return nil
}

func (p *Pages) jobsView(r *http.Request, who *provider.SignedIn) (v jobsView, err error) {
	v.Page, v.Jobs, v.Sends, v.Now = p.page(r, who, ui.T(r.Context(), ui.AdminJobs)), p.Jobs(), p.Login.Mails, p.Now()
	v.Mails, err = p.Desk.Unsent(r.Context(), maxShown)
	return v, err
}

// ChangeJobs answers POST /admin/jobs: a mail that was not sent is tried again, or dropped for a reason.
func (p *Pages) ChangeJobs(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	ctx, form := r.Context(), r.PostForm
	id, err := uuid.Parse(form.Get("mail"))
	if err != nil {
		return identity.ErrNotFound
	}
	outcome := "retried"
	switch reason := strings.TrimSpace(form.Get("reason")); {
	case form.Get("act") == "retry":
		err = p.Desk.RetryMail(ctx, by(r, who), id, identity.Event{Type: "mail_retried", Metadata: map[string]string{"mail": id.String()}})
	case form.Get("act") == "drop" && (reason == "" || len(reason) > maxReason):
		v, err := p.jobsView(r, who)
		if err != nil {
			return err
		}
		v.Failed, v.Faults = true, ui.Faults{{Field: "reason-" + id.String(), Text: ui.T(ctx, ui.AdminReasonWrong)}}
		ui.Render(w, r, http.StatusUnprocessableEntity, jobsPage(v))
		return nil
	case form.Get("act") == "drop":
		outcome = "dropped"
		err = p.Desk.DropMail(ctx, by(r, who), id, identity.Event{
			Type: "mail_dropped", Metadata: map[string]string{"mail": id.String(), "reason": reason},
		})
	default:
		err = identity.ErrNotFound
	}
	if err != nil {
		return err
	}
	login.SeeOther(w, r, PathJobs+"?done="+outcome)
	return nil
}

// maxReason bounds a reason, in bytes.
const maxReason = 200

// anyAddress is whatever looks like an address of a person.
var anyAddress = regexp.MustCompile(`[^\s<>"']+@[^\s<>"']+`)

// faultOf is why a mail was not taken, without the addresses that servers like to repeat.
func faultOf(m identity.Mail) string { return anyAddress.ReplaceAllString(m.Fault, "…") }

// mailTone is how the state of a mail looks.
func mailTone(m identity.Mail) (ui.Tone, ui.Key) {
	switch {
	case !m.FailedAt.IsZero():
		return ui.Danger, ui.AdminMailFailed
	case m.Fault != "":
		return ui.Warn, ui.AdminMailFailing
	}
	return ui.Plain, ui.AdminMailWaiting
}
