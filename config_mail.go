package main

import (
	"context"
	"errors"
	"time"

	"mana/provider/identity"
	"mana/web/mail"
)

// mailEvery is how often the outbox is looked at.
const mailEvery = 2 * time.Second

// submissions is the port of mail servers that speak TLS from the start (RFC 8314, section 3.3).
const submissions = 465

// onOff reads true or false.
func onOff(field func(*config) *bool) func(*config, string) error {
	return func(c *config, value string) error {
		if value != "true" && value != "false" {
			return errors.New("must be true or false")
		}
		*field(c) = value == "true"
		return nil
	}
}

func parseSender(c *config, value string) error {
	address, err := identity.ParseEmail(value)
	if err != nil {
		return errors.New("must be an e-mail address")
	}
	c.smtp.From = string(address)
	return nil
}

// checkMail holds the settings of mails against each other. It runs after the mode is known.
func (c *config) checkMail(given map[string]string) []settingFault {
	var faults []settingFault
	add := func(name, text string) { faults = append(faults, settingFault{name, text}) }
	if c.smtp.Host != "" && c.smtp.From == "" && given["SMTP_FROM"] == "" {
		add("SMTP_FROM", "not set: the address that mails come from")
	}
	if (c.smtp.User == "") != (c.smtp.Password == "") && given["SMTP_PASSWORD_FILE"] == "" {
		add("SMTP_PASSWORD", "goes with SMTP_USER: set both or none")
	}
	if c.verified && c.smtp.Host == "" && c.issuer != nil && !c.dev {
		add("REQUIRE_EMAIL_VERIFICATION", "needs SMTP_HOST: nobody could sign in")
	}
	return faults
}

// mails reports whether people get the mails that are written for them: by a mail server, or on the page for them.
func (c *config) mails() bool { return c.smtp.Host != "" || c.dev }

// sender is the mail server.
func (c *config) sender() mail.SMTP {
	server := c.smtp
	server.Name = c.brand
	server.Wrapped = server.Port == submissions
	server.Plain = c.dev && isLoopbackHost(server.Host)
	return server
}

// sendMails starts the outbox if there is a mail server. Elsewhere mails stay where they are.
func (p *program) sendMails(ctx context.Context) {
	if p.cfg.smtp.Host == "" {
		return
	}
	outbox := mail.NewOutbox(mail.OutboxConfig{
		Store: p.db.Identity(), Writer: p.writer, Send: p.cfg.sender().Send, Now: time.Now, Logger: p.logger, Metrics: p.set, Traces: p.traces,
	})
	p.jobs.Go(func() { p.every(ctx, mailEvery, "sending mails", outbox.Deliver, nil) })
}
