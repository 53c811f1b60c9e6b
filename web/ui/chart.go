package ui

import (
	"context"
	"fmt"
	"math"
	"strings"
)

// Chart is a picture of numbers over time, with the same numbers as a table. Bars are stacked; lines begin at zero.
type Chart struct {
	ID          string // of its parts, unique on the page
	Title       string
	Description string   // one sentence: what there is to see
	Column      string   // heading of the labels in the table
	Labels      []string // one for each point, in order of time
	Series      []Series // one to three; as lines one or two
	Lines       bool     // lines rather than bars
	// Text writes a value for people; nil: [Number].
	Text func(ctx context.Context, value int64) string
}

// Series is one row of numbers of a chart, none of them negative.
type Series struct {
	Name   string
	Values []int64 // one for each label
}

// The size of the plot in its own units; it is stretched to the room that there is.
const (
	chartWidth  = 1000
	chartHeight = 300
)

func (c Chart) text(ctx context.Context, value int64) string {
	if c.Text == nil {
		return Number(ctx, value)
	}
	return c.Text(ctx, value)
}

func (s Series) sum() (sum int64) {
	for _, value := range s.Values {
		sum += value
	}
	return sum
}

// top is the value of the highest line of the grid: an even number whose half is a round one too.
func (c Chart) top() int64 {
	var most int64
	for i := range c.Labels {
		var here int64
		for _, s := range c.Series {
			if c.Lines {
				here = max(here, s.Values[i])
			} else {
				here += s.Values[i]
			}
		}
		most = max(most, here)
	}
	for unit := int64(1); ; unit *= 10 {
		for _, step := range []int64{2, 4, 6, 8, 10} {
			if unit*step >= most {
				return unit * step
			}
			if unit > math.MaxInt64/100 {
				return most
			}
		}
	}
}

// bar is one block of a stacked bar.
type bar struct{ x, y, width, height string }

// bars are the blocks of a series above those of the series before it.
func (c Chart) bars(series int) []bar {
	slot := float64(chartWidth) / float64(max(1, len(c.Labels)))
	var bars []bar
	for i := range c.Labels {
		below := 0.0
		for _, s := range c.Series[:series] {
			below += c.height(s.Values[i])
		}
		height := c.height(c.Series[series].Values[i])
		if height == 0 {
			continue
		}
		bars = append(bars, bar{
			x: unit(float64(i)*slot + slot*0.15), width: unit(slot * 0.7),
			y: unit(chartHeight - below - height), height: unit(height),
		})
	}
	return bars
}

func (c Chart) height(value int64) float64 { return float64(value) / float64(c.top()) * chartHeight }

// points are those of the line of a series.
func (c Chart) points(series int) string {
	gap := float64(chartWidth) / float64(max(1, len(c.Labels)-1))
	points := make([]string, len(c.Labels))
	for i, value := range c.Series[series].Values {
		points[i] = unit(float64(i)*gap) + "," + unit(chartHeight-c.height(value))
	}
	return strings.Join(points, " ")
}

// edges are the labels below the plot: the first, the middle and the last.
func (c Chart) edges() []string {
	if len(c.Labels) < 3 {
		return c.Labels
	}
	return []string{c.Labels[0], c.Labels[len(c.Labels)/2], c.Labels[len(c.Labels)-1]}
}

func unit(f float64) string { return fmt.Sprintf("%.1f", f) }
