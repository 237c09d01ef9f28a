package command

import "strings"

// Bash returns a command as words of Bash, in which every variable has a prefix. Bash expands them as Expand does, if it does
// no globbing. They are arguments of a command: among the values of an array, Bash would take [a]=b for an assignment.
//
// Two braces, or a brace and a percent or number sign, are never next to each other, since other systems read those. Nothing
// is what is put between them: the expansion of a variable that is always empty, such as $nothing.
//
// The error is an *Error: a syntax error, or the first part that needs a shell.
func Bash(text, prefix, nothing string) (string, error) {
	c, err := Parse(text)
	if err != nil {
		return "", err
	}
	if len(c.Refused) > 0 {
		return "", c.Refused[0]
	}
	insert := map[int]string{}
	for _, u := range c.Uses {
		name := u.Start + len("$")
		if text[name] == '{' {
			name++
		}
		insert[name] = prefix
	}
	for i := 1; i < len(text); i++ {
		if brace(text[i-1 : i+1]) {
			insert[i] += separator(c, text, i, nothing)
		}
	}
	var b strings.Builder
	for i := range len(text) {
		b.WriteString(insert[i])
		b.WriteByte(text[i])
	}
	return b.String(), nil
}

func brace(pair string) bool {
	switch pair {
	case "{{", "}}", "{%", "{#":
		return true
	}
	return false
}

// separator returns what changes nothing at an offset: in single quotes, an end of the quotes and a new beginning.
func separator(c *Command, text string, at int, nothing string) string {
	for _, q := range c.Quotes {
		if text[q.Start] == '\'' && at > q.Start && at < q.End {
			return "''"
		}
	}
	return nothing
}
