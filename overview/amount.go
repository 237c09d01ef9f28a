// Package overview shows people what came of a run: the jobs, their cases, what they took, and what was found. It makes the
// page of --html. Words, amounts and addresses are functions of their own, because the summary of a step and the tables of
// the command line say the same.
//
// It decides nothing: verdicts and severities are those of the pipeline.
package overview

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seedpack/seedpack/diag"
)

// Duration returns a time for people, with three digits at most: "340 ms", "1.24 s", "2 min 5 s", "3 h 12 min".
func Duration(d time.Duration) string {
	switch {
	case d <= 0:
		return "0 s"
	case d < time.Millisecond:
		return "under 1 ms"
	case d < 999500*time.Microsecond:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < 59950*time.Millisecond:
		return digits(d.Seconds()) + " s"
	case d < time.Hour-500*time.Millisecond:
		return parts(d.Round(time.Second), time.Minute, "min", time.Second, "s")
	case d < 48*time.Hour:
		return parts(d.Round(time.Minute), time.Hour, "h", time.Minute, "min")
	}
	return parts(d.Round(time.Hour), 24*time.Hour, "d", time.Hour, "h")
}

// parts returns a time in two units, without the second if nothing is left for it.
func parts(d, large time.Duration, largeName string, small time.Duration, smallName string) string {
	text := fmt.Sprintf("%d %s", d/large, largeName)
	if left := d % large / small; left > 0 {
		text += fmt.Sprintf(" %d %s", left, smallName)
	}
	return text
}

// Seconds is Duration for a number of seconds. It takes any number: those of a document may be foreign.
func Seconds(s float64) string {
	const most = 1 << 32
	if !(s > 0) {
		return "0 s"
	}
	return Duration(time.Duration(min(s, most) * float64(time.Second)))
}

// Bytes returns a size for people, with three digits at most above a kibibyte: "64 MiB", "1.5 GiB".
func Bytes(n int64) string {
	if n < 0 {
		return ""
	}
	if n < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	size, units := float64(n)/1024, []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	for size >= 1023.5 && len(units) > 1 {
		size, units = size/1024, units[1:]
	}
	return digits(size) + " " + units[0]
}

// Number returns an amount with three digits at most, without needless zeros.
func Number(f float64) string { return digits(f) }

// digits returns a number with three digits, or more before the point, without needless zeros.
func digits(f float64) string {
	places := 0
	switch {
	case f < 9.995:
		places = 2
	case f < 99.95:
		places = 1
	}
	text := strconv.FormatFloat(f, 'f', places, 64)
	if places > 0 {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// Counts is diag.Counts for people, who are told of nothing, too.
func Counts(errors, warnings, notices int) string {
	return cmp.Or(diag.Counts(errors, warnings, notices), "no findings")
}
