package verify

import (
	"fmt"
	"slices"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/secret"
)

// hidef is fmt.Sprintf with all secrets redacted: in the values before they are formatted, and again in what was formatted
// of them. Values that are cut for a message must be redacted before that: see Run.brief.
func hidef(secrets *secret.Redactor, format string, args ...any) string {
	hidden := slices.Clone(args)
	for i, arg := range hidden {
		text := ""
		switch v := arg.(type) {
		case string:
			text = v
		case []byte:
			text = string(v)
		case error:
			text = v.Error()
		case fmt.Stringer:
			text = v.String()
		}
		if safe := secrets.Hide(text); safe != text {
			hidden[i] = safe
		}
	}
	return secrets.HideAgain(fmt.Sprintf(format, hidden...))
}

func (r *Run) hidef(format string, args ...any) string { return hidef(r.secrets, format, args...) }

// brief is diag.Brief of what a job wrote. Secrets are redacted before it is cut.
func (r *Run) brief(text []byte) string { return diag.Brief([]byte(r.secrets.Hide(string(text)))) }

// hideCut redacts secrets in names that may have been cut.
func (r *Run) hideCut(names []string) (hidden []string) {
	for _, name := range names {
		hidden = append(hidden, r.secrets.HideCut(name))
	}
	return hidden
}
