package github

import (
	"strings"

	"github.com/seedpack/seedpack/exit"
)

// splitList reads an input of several values as docker/build-push-action does: a record a line, whose fields are separated by
// commas. A field in double quotes may hold commas and line ends, and quotes that are doubled. A quote inside another field is a
// character. Empty records are left out.
func splitList(text string) (records [][]string, err error) {
	text = strings.TrimSpace(text)
	for text != "" {
		var record []string
		text = strings.TrimLeft(text, " \t\r\n")
		for more := text != ""; more; {
			var field string
			if field, text, more, err = cutField(text); err != nil {
				return nil, err
			}
			record = append(record, field)
		}
		if len(record) > 1 || len(record) == 1 && strings.TrimSpace(record[0]) != "" {
			records = append(records, record)
		}
	}
	return records, nil
}

// cutField returns the first field and the rest. More is true if the rest begins with another field of the record.
func cutField(text string) (field, rest string, more bool, err error) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, ",\n")
		if end < 0 {
			return text, "", false, nil
		}
		return strings.TrimSuffix(text[:end], "\r"), text[end+1:], text[end] == ',', nil
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != '"':
			b.WriteByte(text[i])
		case strings.HasPrefix(text[i+1:], `"`):
			b.WriteByte('"')
			i++
		default:
			return endField(b.String(), text[i+1:])
		}
	}
	return "", "", false, exit.Usagef("a quote is not closed: write \"…\", and quotes inside it twice")
}

// endField reads what follows a closing quote.
func endField(field, rest string) (string, string, bool, error) {
	rest = strings.TrimLeft(rest, " \t\r")
	switch {
	case rest == "":
		return field, "", false, nil
	case rest[0] == ',' || rest[0] == '\n':
		return field, rest[1:], rest[0] == ',', nil
	}
	return "", "", false, exit.Usagef("after a closing quote there must be a comma or a line end: write quotes inside a text twice")
}
