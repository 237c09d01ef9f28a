package pack

import (
	"encoding/csv"
	"strings"
)

// A Field is one part of a specification such as type=local,dest=DIR.
type Field struct {
	Text       string // as written, without the quotes of CSV
	Key, Value string // text before and after the first "="; without "=", Key is Text
	Assigned   bool   // there is a "="
}

// Fields reads a specification as docker buildx does: NAME=VALUE, separated by commas. Fields that contain commas have
// the quotes of CSV. The order is kept, and so are upper case and blanks. The error is that of encoding/csv.
func Fields(spec string) ([]Field, error) {
	texts, err := csv.NewReader(strings.NewReader(spec)).Read()
	if err != nil {
		return nil, err
	}
	var all []Field
	for _, text := range texts {
		f := Field{Text: text}
		f.Key, f.Value, f.Assigned = strings.Cut(text, "=")
		all = append(all, f)
	}
	return all, nil
}

// JoinFields writes what Fields reads, from the text of each field. It returns "" for none.
func JoinFields(texts []string) (string, error) {
	if len(texts) == 0 {
		return "", nil
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	err := w.Write(texts)
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n"), err
}
