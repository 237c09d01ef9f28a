package schema

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/seed"
)

// Amounts with a unit, as other systems have them: "4Gi" of memory, "500m" of a CPU, "1h" of time. A manifest has numbers alone.

// mebibytes returns a unit of memory or disk in MiB.
func mebibytes(unit string) (factor float64, known bool) {
	switch unit {
	case "k":
		return 1.0 / 1024, true
	case "m":
		return 1, true
	case "g":
		return 1024, true
	case "t":
		return 1024 * 1024, true
	}
	return 0, false
}

// seconds returns a unit of time in seconds.
func seconds(unit string) (factor float64, known bool) {
	switch unit {
	case "ms":
		return 0.001, true
	case "s", "sec", "secs", "second", "seconds":
		return 1, true
	case "m", "min", "mins", "minute", "minutes":
		return 60, true
	case "h", "hr", "hrs", "hour", "hours":
		return 3600, true
	case "d", "day", "days":
		return 86400, true
	}
	return 0, false
}

// Amount returns how to write an amount with a unit as the number that the member at a pointer takes, and what that number is in. Exact
// is false if the unit has several meanings, as GB. Number is empty if the text is no such amount.
func Amount(src *seed.Source, at seed.Pointer, text string) (number, unit string, exact bool) {
	text = strings.ToLower(strings.Trim(text, `"' `))
	value, exact := math.NaN(), true
	switch resource := strings.Trim(string(src.Raw(at.Parent().Member("name"))), `"'`); {
	case at == seed.AtJob.Member("timeout"):
		unit, value = "seconds", duration(text)
		if value != math.Trunc(value) {
			return "", "", false
		}
	case generic(at) != "/job/resources/scalar/*/value":
	case resource == "cpus", resource == "gpus":
		unit, value = resource, cores(text)
	case resource == "mem", resource == "disk", resource == "sharedMem":
		unit = "MiB"
		value, exact = memory(text)
	}
	if math.IsNaN(value) || math.IsInf(value, 0) || value < 0 || value > 1e15 {
		return "", "", false
	}
	return strconv.FormatFloat(value, 'f', -1, 64), unit, exact
}

// withUnit splits a text after its number. The value is NaN if it does not begin with one, or has no unit.
func withUnit(text string) (value float64, unit string) {
	rest := strings.TrimLeft(text, "0123456789.")
	value, err := strconv.ParseFloat(text[:len(text)-len(rest)], 64)
	if unit = strings.TrimSpace(rest); err != nil || unit == "" {
		return math.NaN(), ""
	}
	return value, unit
}

// memory returns the MiB of an amount. It is not exact for units that some count by 1000, and others by 1024.
func memory(text string) (value float64, exact bool) {
	value, unit := withUnit(text)
	base, binary := strings.CutSuffix(strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(unit, "s"), "byte"), "b"), "i")
	for _, name := range []string{"kibi", "mebi", "gibi", "tebi"} {
		if unit == name || strings.HasPrefix(unit, name+"byte") {
			base, binary = name[:1], true
		}
	}
	factor, known := mebibytes(base)
	if !known {
		return math.NaN(), false
	}
	return value * factor, binary
}

func cores(text string) float64 {
	value, unit := withUnit(text)
	switch strings.TrimSuffix(unit, "s") {
	case "m":
		return value / 1000
	case "core", "cpu", "vcpu", "thread", "gpu":
		return value
	}
	return math.NaN()
}

// duration returns the seconds of 90m, 1h30m, 01:30:00 and PT1H30M.
func duration(text string) float64 {
	if parts := strings.Split(text, ":"); len(parts) == 3 {
		return clock(parts)
	}
	if iso, ok := strings.CutPrefix(text, "pt"); ok {
		text = iso
	}
	const most = 4
	total := 0.0
	for range most {
		value, rest := withUnit(text)
		n := 0
		for n < len(rest) && rest[n] >= 'a' && rest[n] <= 'z' {
			n++
		}
		factor, known := seconds(rest[:n])
		if !known {
			break
		}
		if total += value * factor; n == len(rest) {
			return total
		}
		text = strings.TrimSpace(rest[n:])
	}
	return math.NaN()
}

// clock returns the seconds of hours, minutes and seconds.
func clock(parts []string) float64 {
	total := 0.0
	for _, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return math.NaN()
		}
		total = total*60 + float64(n)
	}
	return total
}

// AmountHint says how to write an amount with a unit, or returns "".
func AmountHint(src *seed.Source, at seed.Pointer, text string) string {
	number, unit, exact := Amount(src, at, text)
	switch {
	case number == "":
		return ""
	case unit == "cpus", unit == "gpus":
		return "write " + number + ": it is a number of " + strings.ToUpper(unit[:3]) + "s"
	case exact:
		return fmt.Sprintf("write %s: it is in %s", number, unit)
	}
	return fmt.Sprintf("write %s: it is in %s, of which a GiB has 1024", number, unit)
}
