package github

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pipeline"
)

// secretName is the form of names of secrets.
var secretName = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// addSecrets passes secrets as variables, so that no value is on a command line. It has the runner mask them.
func (in *inputs) addSecrets(args []string, flags *pflag.FlagSet) ([]string, error) {
	if flags.Lookup("secret") == nil {
		return args, nil
	}
	for _, kind := range []struct{ input, from string }{{"secrets", ""}, {"secret-envs", "env"}, {"secret-files", "src"}} {
		for _, pair := range records(in.gha.GetInput(kind.input)) {
			name, value, ok := strings.Cut(pair, "=")
			if !ok || !secretName.MatchString(name) {
				return nil, exit.Usagef("%s: a secret must be NAME=…, with a name of letters, digits and _.-", kind.input)
			}
			from := kind.from
			switch kind.input {
			case "secrets":
				variable := fmt.Sprintf("%s%d", pipeline.SecretVariable, len(in.secrets)+1)
				in.secrets[variable] = value
				in.mask(value)
				from, value = "env", variable
			case "secret-envs":
				in.mask(in.env(value))
			case "secret-files":
				in.maskFile(value)
			}
			args = append(args, fmt.Sprintf("--secret=id=%s,%s", name, csvField(from+"="+value)))
		}
	}
	return args, nil
}

// maskMin is the length from which text is masked. Shorter lines are in every log, and a runner would black them all out.
const maskMin = 4

// mask has the runner black out each line of a secret, since it looks at logs line by line.
func (in *inputs) mask(secret string) {
	for line := range strings.SplitSeq(strings.ReplaceAll(secret, "\r", "\n"), "\n") {
		if line = strings.TrimSpace(line); len(line) >= maskMin {
			in.gha.AddMask(line)
		}
	}
}

// maskFile masks the lines of a file. If it cannot be read, the command complains.
func (in *inputs) maskFile(path string) {
	if in.roots.Check(path) != nil {
		return
	}
	if text, err := disk.ReadFile(path, disk.MaxText); err == nil {
		in.mask(string(text))
	}
}

// records returns the lines of an input. A record that begins with a quote ends with the closing quote, also on a later line.
// Quotes in it are doubled, as in docker/build-push-action.
func records(text string) (all []string) {
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		record, rest, _ := strings.Cut(text, "\n")
		if text[0] == '"' {
			record, rest = quoted(text[1:])
		}
		all, text = append(all, strings.TrimSuffix(record, "\r")), rest
	}
	return all
}

func quoted(text string) (record, rest string) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '"' {
			if !strings.HasPrefix(text[i+1:], `"`) {
				return b.String(), text[i+1:]
			}
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String(), ""
}

// csvField writes a field as --secret reads it.
func csvField(s string) string {
	if !strings.ContainsAny(s, "\",\r\n") {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}
