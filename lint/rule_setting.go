package lint

import (
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// Words that make a setting look like a secret, and words before KEY that make it harmless.
var (
	secretWords = []string{"PASS", "PASSWORD", "PASSWORDS", "PASSWD", "PASSPHRASE", "PWD", "TOKEN", "TOKENS", "SECRET", "SECRETS", "CREDENTIAL", "CREDENTIALS", "APIKEY", "KEY"}
	openKeys    = []string{"PUBLIC", "SORT", "PRIMARY", "FOREIGN", "PARTITION", "ROUTING", "GROUP"}
)

var settingSecret = &Rule{
	Rule: diag.Rule{
		ID:       "setting-secret",
		Severity: diag.Warning,
		Summary:  "a setting that looks like a secret should be marked so",
		Spec:     "2.1.1.3.4 S-2.1.1.3.4-06",
	},
	Check: func(p *Pass) {
		for _, m := range p.settings() {
			secret := m.At.Member("secret")
			if p.Source.Has(secret) { // the author has decided
				continue
			}
			if word := secretWord(m.Name); word != "" {
				d := p.Reportf(m.name(), "setting %q looks like a secret by the word %s, but is not marked so: executors will store and print it", m.Name, word)
				p.add(d, "Mark it secret", m.At, "secret", true)
			}
		}
	},
}

// secretWord returns the word that makes a name look like a secret, or "". Words end at dashes and underscores.
func secretWord(name string) string {
	words := strings.Split(seed.Variable(name), "_")
	for i, w := range words {
		if w == "KEY" && i > 0 && slices.Contains(openKeys, words[i-1]) {
			continue
		}
		if slices.Contains(secretWords, w) {
			return w
		}
	}
	return ""
}
