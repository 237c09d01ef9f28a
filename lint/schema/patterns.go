package schema

import "strings"

// isName reports whether a text has letters, digits and other given characters alone, and is not empty.
func isName(s, others string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(others, r)
	})
}

// isVersion reports whether a text is a version by Semantic Versioning 2.0.0.
func isVersion(s string) bool {
	s, build, built := strings.Cut(s, "+")
	core, pre, isPre := strings.Cut(s, "-")
	if built && !each(build, func(part string) bool { return isName(part, "-") }) {
		return false
	}
	if isPre && !each(pre, func(part string) bool { return isName(part, "-") && (isNumber(part) || !isDigits(part)) }) {
		return false
	}
	return strings.Count(core, ".") == 2 && each(core, isNumber)
}

// each reports whether something holds of all parts of a text between points.
func each(s string, holds func(string) bool) bool {
	for part := range strings.SplitSeq(s, ".") {
		if !holds(part) {
			return false
		}
	}
	return true
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// isNumber reports whether a text is a number without leading zeros.
func isNumber(s string) bool { return isDigits(s) && (s[0] != '0' || len(s) == 1) }
