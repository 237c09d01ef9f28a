package cli

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/containerd/console"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Help texts have flags by subject, and fit the terminal.
const (
	leastColumns, mostColumns = 80, 100
	flagColumn                = 30 // where the text of a flag begins
)

// subjects are the headings of flags, in their order. Flags without a subject are the command's own.
var subjects = []string{"", subjectBuild, subjectBuilder, subjectSmoke, subjectPublish, subjectRegistry, subjectReport, subjectGlobal}

const (
	subjectBuild    = "Build"
	subjectBuilder  = "Builder"
	subjectSmoke    = "Smoke run"
	subjectPublish  = "Publishing"
	subjectRegistry = "Registries"
	subjectReport   = "Report"
	subjectGlobal   = "All commands"
)

// A helper writes help texts.
type helper struct {
	strings.Builder
	width int
}

// setHelp has a command and all below it print help texts of this file.
func setHelp(cmd *cobra.Command, p *Process) {
	cmd.SetUsageFunc(func(cmd *cobra.Command) error {
		h := &helper{width: p.columns()}
		h.usage(cmd)
		_, err := fmt.Fprint(cmd.OutOrStderr(), h.String())
		return err
	})
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		h := &helper{width: p.columns()}
		h.prose(cmp.Or(cmd.Long, cmd.Short))
		h.WriteString("\n")
		h.usage(cmd)
		_, p.unwritten = fmt.Fprint(cmd.OutOrStdout(), h.String())
	})
}

// columns returns how wide help texts are.
func (p *Process) columns() int {
	n, err := strconv.Atoi(p.Getenv("COLUMNS"))
	if err != nil {
		if f, ok := underlying(p.Stdout).(*os.File); ok {
			if c, err := console.ConsoleFromFile(f); err == nil {
				if size, err := c.Size(); err == nil {
					n = int(size.Width)
				}
			}
		}
	}
	return min(max(n, leastColumns), mostColumns)
}

// prose writes paragraphs. Lines that are indented stay as they are.
func (h *helper) prose(text string) {
	var paragraph []string
	end := func() {
		if len(paragraph) > 0 {
			h.WriteString(wrap(strings.Join(paragraph, " "), h.width, 0) + "\n")
		}
		paragraph = nil
	}
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if line == "" || strings.HasPrefix(line, " ") {
			end()
			h.WriteString(line + "\n")
			continue
		}
		paragraph = append(paragraph, line)
	}
	end()
}

func (h *helper) usage(cmd *cobra.Command) {
	h.WriteString("Usage:\n")
	if cmd.Runnable() && cmd.HasParent() {
		h.WriteString("  " + cmd.UseLine() + "\n")
	}
	if cmd.HasAvailableSubCommands() {
		h.WriteString("  " + cmd.CommandPath() + " COMMAND [flags]\n")
	}
	if cmd.Example != "" {
		h.WriteString("\nExamples:\n" + cmd.Example + "\n")
	}
	h.commands(cmd)
	h.flags(cmd)
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(h, "\n%s COMMAND --help explains a command.\n", cmd.CommandPath())
	}
}

// commands lists commands by group.
func (h *helper) commands(cmd *cobra.Command) {
	groups := append(slices.Clone(cmd.Groups()), &cobra.Group{Title: "Commands:"})
	for _, g := range groups {
		title := "\n" + g.Title + "\n"
		for _, sub := range cmd.Commands() {
			if sub.GroupID == g.ID && (sub.IsAvailableCommand() || sub.Name() == "help") {
				h.WriteString(title)
				h.row("  "+sub.Name(), sub.Short, 16)
				title = ""
			}
		}
	}
}

// flags lists the flags of a command by subject, and those of all commands last.
func (h *helper) flags(cmd *cobra.Command) {
	bySubject := map[string][]*pflag.Flag{}
	add := func(subject string) func(*pflag.Flag) {
		return func(f *pflag.Flag) {
			if f.Hidden {
				return
			}
			if own := f.Annotations[subjectKey]; len(own) > 0 {
				bySubject[own[0]] = append(bySubject[own[0]], f)
				return
			}
			bySubject[subject] = append(bySubject[subject], f)
		}
	}
	cmd.LocalNonPersistentFlags().VisitAll(add(""))
	cmd.PersistentFlags().VisitAll(add(subjectGlobal))
	cmd.InheritedFlags().VisitAll(add(subjectGlobal))
	for _, subject := range subjects {
		if len(bySubject[subject]) == 0 {
			continue
		}
		fmt.Fprintf(h, "\n%s:\n", cmp.Or(subject, "Flags"))
		for _, f := range bySubject[subject] {
			h.flag(f)
		}
	}
}

// valueForm is the form of a value at the beginning of a usage, such as NAME=VALUE: and what follows.
var valueForm = regexp.MustCompile(`^(\S*[A-Z]\S*[^\s:;])[:;] (.+)$`)

func (h *helper) flag(f *pflag.Flag) {
	name := "      --" + f.Name
	if f.Shorthand != "" {
		name = "  -" + f.Shorthand + ", --" + f.Name
	}
	form, text := describeFlag(f)
	if f.NoOptDefVal != "" && form != "" {
		form = "[=" + form + "]"
	} else if form != "" {
		form = " " + form
	}
	if !slices.Contains([]string{"", "false", "0", "0s", "[]"}, f.DefValue) && !strings.Contains(text, "default ") {
		text += " (default " + shortTime.Replace(f.DefValue) + ")"
	}
	h.row(name+form, text, flagColumn)
}

// shortTime leaves out what is nought at the end of a time.
var shortTime = strings.NewReplacer("h0m0s", "h", "m0s", "m")

// describeFlag returns the form of a flag's value, empty if it has none, and what the flag is for.
func describeFlag(f *pflag.Flag) (form, text string) {
	form, text = formOf(f), f.Usage
	if m := valueForm.FindStringSubmatch(f.Usage); m != nil && form != "" {
		form, text = m[1], m[2]
	}
	if _, many := f.Value.(pflag.SliceValue); many && !strings.Contains(text, "several") {
		text += "; may be given again"
	}
	return form, text
}

// formOf returns the form of a flag's value; empty if it has none.
func formOf(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "bool":
		return ""
	case "int", "int64":
		return "N"
	case "duration":
		return "TIME"
	}
	const most = 64
	values := strings.Join(f.Annotations[closedKey], "|")
	switch {
	case slices.Contains(f.Annotations[pathsKey], string(imagePath)):
		return "IMAGE"
	case len(f.Annotations[pathsKey]) > 0:
		return "PATH"
	case values != "" && len(values) <= most:
		return values
	}
	return "TEXT"
}

// row writes a name and its text, which begins at a column, or below if the name is too long.
func (h *helper) row(name, text string, column int) {
	pad := column - utf8.RuneCountInString(name)
	if pad < 2 {
		name, pad = name+"\n", column
	}
	h.WriteString(name + strings.Repeat(" ", pad) + strings.TrimLeft(wrap(text, h.width, column), " ") + "\n")
}

// wrap breaks a text into lines of a width, all of which begin at a column.
func wrap(text string, width, column int) string {
	var b strings.Builder
	at := 0
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case at == 0:
			b.WriteString(strings.Repeat(" ", column))
			at = column
		case at+1+n > width:
			b.WriteString("\n" + strings.Repeat(" ", column))
			at = column
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}
