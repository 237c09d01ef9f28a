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
		pairs, err := in.secretPairs(kind.input)
		if err != nil {
			return nil, err
		}
		for _, pair := range pairs {
			name, value, from := pair[0], pair[1], kind.from
			switch kind.input {
			case "secrets":
				from, value = "env", in.keepSecret(value)
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

// secretPairs returns names and values of an input. For secrets it adds the input github-token, if that is needed.
func (in *inputs) secretPairs(input string) (pairs [][2]string, err error) {
	records, err := splitList(in.gha.GetInput(input))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", input, err)
	}
	for _, fields := range records {
		all := []string{strings.Join(fields, ",")}
		if input == "secret-envs" { // a list of words, as there
			all = strings.Split(all[0], ",")
		}
		for _, pair := range all {
			name, value, ok := strings.Cut(pair, "=")
			if name = strings.TrimSpace(name); !ok || !secretName.MatchString(name) {
				return nil, exit.Usagef("%s: a secret must be NAME=…, with a name of letters, digits and _.-", input)
			}
			pairs = append(pairs, [2]string{name, value})
		}
	}
	if input != "secrets" {
		return pairs, nil
	}
	token, ok, err := in.tokenSecret(pairs)
	if ok {
		pairs = append(pairs, token)
	}
	return pairs, err
}

// keepSecret masks a secret, and returns the variable that stands for it on the command line.
func (in *inputs) keepSecret(value string) (variable string) {
	variable = fmt.Sprintf("%s%d", pipeline.SecretVariable, len(in.secrets)+1)
	in.secrets[variable] = value
	in.mask(value)
	return variable
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

// csvField writes a field as --secret reads it.
func csvField(s string) string {
	if !strings.ContainsAny(s, "\",\r\n") {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}
