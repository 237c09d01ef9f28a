package schema

import (
	"strings"
	"sync"
	"unicode"
)

// latin are the ASCII letters that people write for other letters of the Latin script.
var latin = sync.OnceValue(func() []string {
	return strings.Fields(`ä ae ö oe ü ue ß ss æ ae œ oe ø o å a à a á a â a ã a ā a ă a ą a ç c ć c č c ð d ď d đ d è e é e ê e ë e ē e ė e ę e ě e
	ğ g ì i í i î i ï i ī i į i ı i ł l ļ l ľ l ñ n ń n ņ n ň n ò o ó o ô o õ o ō o ő o ŕ r ř r ś s ş s š s ș s ť t ţ t ț t þ th ù u ú u û u ū u ů u ű u ų u
	ý y ÿ y ź z ż z ž z`)
})

// ascii writes a text with ASCII letters alone. Ok is false if it has letters or digits of which it is not known how. Other characters
// stay as they are.
func ascii(text string) (written string, ok bool) {
	var b strings.Builder
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Mn, r): // an accent of its own, after its letter
		case r <= unicode.MaxASCII, !unicode.IsLetter(r) && !unicode.IsNumber(r):
			b.WriteRune(r)
		default:
			letters := latinFor(r)
			if letters == "" {
				return "", false
			}
			b.WriteString(letters)
		}
	}
	return b.String(), true
}

// latinFor returns the ASCII letters for a letter, or "".
func latinFor(r rune) string {
	lower := string(unicode.ToLower(r))
	for all := latin(); len(all) > 1; all = all[2:] {
		switch letters := all[1]; {
		case all[0] != lower:
		case unicode.IsUpper(r):
			return strings.ToUpper(letters[:1]) + letters[1:]
		default:
			return letters
		}
	}
	return ""
}
