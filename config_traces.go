package main

import (
	"errors"
	"math"
	"net/url"
	"strconv"
)

// tracesSettings are those of what is sent to a collector of traces.
func tracesSettings() []setting {
	return []setting{
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "", "collector that traces are sent to by OTLP over HTTP, such as http://127.0.0.1:4318; needs a program built with the tag otlp; empty: none are made", false, parseTracesTo},
		{"OTEL_TRACES_SAMPLER_ARG", "0.1", "share of the traces that are kept, 0 to 1, of those that begin here", false, parseTracesShare},
	}
}

func parseTracesTo(c *config, value string) error {
	to, err := url.Parse(value)
	if err != nil || to.Host == "" || to.Scheme != "https" && to.Scheme != "http" || to.RawQuery != "" || to.Fragment != "" || to.User != nil {
		return errors.New("must be an http or https address, without user, query and fragment")
	}
	c.tracesTo = to
	return nil
}

func parseTracesShare(c *config, value string) error {
	share, err := strconv.ParseFloat(value, 64)
	if err != nil || share < 0 || share > 1 || math.IsNaN(share) {
		return errors.New("must be a number from 0 to 1")
	}
	c.tracesShare = share
	return nil
}
