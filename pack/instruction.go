package pack

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/internal/lazy"

	"github.com/seedpack/seedpack/disk"
)

// This file finds the instruction of a Dockerfile that a message of the engine is about. The engine names the line of most mistakes,
// but not of all.

// An instruction is one of a Dockerfile, without comments and the texts of heredocs.
type instruction struct {
	first, last int    // lines, from 1
	text        string // on one line
}

var (
	directive = lazy.Regexp(`^#\s*(\w+)\s*=\s*(.*?)\s*$`)
	heredoc   = lazy.Regexp(`(?:^|\s)\d*<<-?\s*["']?(\w+)["']?`)
)

// instructionsOf returns the instructions of a Dockerfile. It is no parser: a Dockerfile that is read has passed one.
func instructionsOf(lines []string) (all []instruction) {
	escape, top := `\`, true
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines[i], "\ufeff"))
		if m := directive().FindStringSubmatch(line); top && m != nil {
			if strings.EqualFold(m[1], "escape") {
				escape = m[2]
			}
			continue
		}
		top = false
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		one := instruction{first: i + 1}
		for goesOn := true; goesOn; {
			line, goesOn = strings.CutSuffix(line, escape)
			one.text += " " + line
			for line = ""; goesOn && line == "" && i+1 < len(lines); { // comments and empty lines may stand between
				i++
				if line = strings.TrimSpace(lines[i]); strings.HasPrefix(line, "#") {
					line = ""
				}
			}
			goesOn = goesOn && line != ""
		}
		for _, m := range heredoc().FindAllStringSubmatch(one.text, -1) {
			for i+1 < len(lines) {
				if i++; strings.TrimSpace(lines[i]) == m[1] {
					break
				}
			}
		}
		one.last, one.text = i+1, strings.TrimSpace(one.text)
		all = append(all, one)
	}
	return all
}

// imageOf matches what is said to be an image or a stage.
const imageOf = `(?:\bfrom=|(?i:^FROM)\s+(?:--\S+\s+)*)["']?([^\s,"']+)`

// fromMistakes matches what the engine reports without a place, each with what the instruction has.
var fromMistakes = []struct{ message, line func() *regexp.Regexp }{
	{lazy.Regexp(`variable expansion is not supported for --from`), lazy.Regexp(`--from=\S*\$`)},
	{lazy.Regexp(`invalid stage index (\d+)`), lazy.Regexp(`--from=["']?(\d+)`)},
	{lazy.Regexp(`failed to parse stage name "([^"]+)"`), lazy.Regexp(imageOf)},
	{lazy.Regexp(`(\S+): failed to resolve source metadata for `), lazy.Regexp(imageOf)},
	{lazy.Regexp(`network\.host is not allowed`), lazy.Regexp(`--network=host`)},
	{lazy.Regexp(`security\.insecure is not allowed`), lazy.Regexp(`--security=insecure`)},
	{lazy.Regexp(`device\S* is not allowed`), lazy.Regexp(`--device=`)},
}

// ofChecks matches messages about BuildKit's checks, which a directive at the top of the file or a build argument turns on.
var ofChecks = lazy.Regexp(`failed to parse check options|lint violation found`)

// placeOfFrom returns the first place of what a message speaks of.
func placeOfFrom(path, message string) place {
	text, err := disk.ReadFile(path, disk.MaxText)
	if err != nil {
		return place{}
	}
	at := place{file: path, lines: strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")}
	if ofChecks().MatchString(message) {
		n := slices.IndexFunc(at.lines, func(line string) bool {
			m := directive().FindStringSubmatch(line)
			return m != nil && strings.EqualFold(m[1], "check")
		})
		at.first = max(1, n+1)
		at.last = at.first
		return at
	}
	for _, mistake := range fromMistakes {
		said := mistake.message().FindStringSubmatch(message)
		if said == nil {
			continue
		}
		for _, one := range instructionsOf(at.lines) {
			for _, m := range mistake.line().FindAllStringSubmatch(one.text, -1) {
				if len(said) == 1 || m[len(m)-1] == said[len(said)-1] {
					at.first, at.last = one.first, one.last
					return at
				}
			}
		}
	}
	return place{}
}

// takenForImage matches a name alone that was taken for an image, with the name that it is like.
var takenForImage = lazy.Regexp(`(?:^|\s)([^\s:/.@]+): failed to resolve source metadata for .*?(?:\(did you mean (\S+)\?\))?$`)

// missingStage says that a name which was taken for an image was meant to be a stage: a number, the name of a later stage, or a
// misspelled one. It is empty if the name may well be that of an image.
func missingStage(at place, message string) string {
	m := takenForImage().FindStringSubmatch(strings.Join(strings.Fields(message), " "))
	if m == nil {
		return ""
	}
	if _, err := strconv.Atoi(m[1]); err == nil {
		return "there is no stage " + m[1] + " before this line: they count from 0"
	}
	for _, one := range instructionsOf(at.lines) {
		words := strings.Fields(one.text)
		n := len(words)
		if n < 4 || !strings.EqualFold(words[0], "FROM") || !strings.EqualFold(words[n-2], "AS") {
			continue
		}
		switch name := words[n-1]; {
		case strings.EqualFold(name, m[1]) && one.first > at.first:
			return fmt.Sprintf("there is no stage %s before this line: it begins on line %d", m[1], one.first)
		case strings.EqualFold(name, m[2]):
			return fmt.Sprintf("there is no stage %s: did you mean %s?", m[1], m[2])
		}
	}
	return ""
}

// placeOfStep returns the place of the only instruction with the text of the step. It is for engines that do not report the place.
func placeOfStep(path, step string) place {
	_, wanted, _ := strings.Cut(step, "] ")
	wanted = oneBlank(wanted)
	text, err := disk.ReadFile(path, disk.MaxText)
	if err != nil || wanted == "" {
		return place{}
	}
	p := place{file: path, lines: strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")}
	for _, one := range instructionsOf(p.lines) {
		// The text of a heredoc stands behind the instruction. A trigger is that of a later stage.
		own := strings.TrimPrefix(oneBlank(one.text), "ONBUILD ")
		if own != wanted && !(strings.Contains(own, "<<") && strings.HasPrefix(wanted, own+" (")) {
			continue
		}
		if p.first > 0 {
			return place{} // there are two such instructions
		}
		p.first, p.last = one.first, one.last
	}
	return p
}

// oneBlank writes one blank for any number of them.
func oneBlank(text string) string { return strings.Join(strings.Fields(text), " ") }
