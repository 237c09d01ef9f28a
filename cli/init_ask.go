package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/scaffold"
	"github.com/seedpack/seedpack/seed"
)

// An initAsker asks a person on a terminal for what init has no flags of. An empty line takes the default, which stands in
// brackets. The end of the input (control-D) writes nothing.
type initAsker struct {
	*asker
	check    func(scaffold.Options) error // refuses options of which a wrong manifest would come
	manifest *seed.Manifest               // that is added to
	none     []string                     // variables that are no member of the interface
}

func newInitAsker(p *Process, check func(scaffold.Options) error) *initAsker {
	return &initAsker{asker: newAsker(p.Stdin, p.Stderr), check: check}
}

// errNothingWritten ends init at the end of the input.
var errNothingWritten = errors.New("the input ended: nothing is written")

// one asks for one line, until try takes it. An empty line means the default.
func (a *initAsker) one(prompt, usual string, try func(answer string) error) error {
	if usual != "" {
		prompt += " [" + usual + "]"
	}
	for {
		answer, err := a.line(report.Escape(prompt) + ": ")
		switch {
		case errors.Is(err, io.EOF):
			return errNothingWritten
		case err != nil:
			return err
		}
		if answer = strings.TrimSpace(answer); answer == "" {
			answer = usual
		}
		why := try(answer)
		if why == nil {
			return nil
		}
		sayf(a.out, "  %s", strings.ReplaceAll(strings.TrimPrefix(why.Error(), nothingWritten), "\n", "; "))
	}
}

// job asks for all of a new job.
func (a *initAsker) job(ctx context.Context, cmd *cobra.Command, dir string, f *initFlags, own *ownFiles) error {
	sayf(a.out, "A new job. An empty line takes what stands in brackets; control-C writes nothing.")
	given := cmd.Flags().Changed
	o := &f.job
	text := func(flag, prompt string, to *string, usual string) error {
		if given(flag) || usual == "" && *to != "" {
			return nil
		}
		return a.one(prompt, usual, func(answer string) error {
			was := *to
			*to = answer
			err := a.check(*o)
			if flag == "name" {
				err = offerName(err, answer)
			}
			if err != nil {
				*to = was
			}
			return err
		})
	}
	if err := text("name", "name of the job", &o.Name, o.Name); err != nil {
		return err
	}
	if err := a.members(cmd, o, own, &seed.Manifest{}); err != nil {
		return err
	}
	if err := text("description", "what it does, in a sentence", &o.Description, scaffold.Describe(*o)); err != nil {
		return err
	}
	for _, m := range []struct {
		flag, prompt, key string
		to                *string
	}{
		{"maintainer-name", "full name of the maintainer", "user.name", &o.Maintainer.Name},
		{"maintainer-email", "e-mail of the maintainer", "user.email", &o.Maintainer.Email},
	} {
		if fromGit(ctx, dir, m.to, m.key, "--"+m.flag) == nil {
			continue
		}
		if err := a.one(m.prompt, "", func(answer string) error {
			if answer == "" {
				return errors.New("a manifest must have it")
			}
			if err := checkEmail(answer); m.flag == "maintainer-email" && err != nil {
				return err
			}
			*m.to = answer
			return a.check(*o)
		}); err != nil {
			return err
		}
	}
	if given("smoke") {
		return nil
	}
	return a.yes("a smoke file with a sample of each input", &f.smoke)
}

// yes asks a question whose default is yes.
func (a *initAsker) yes(prompt string, to *bool) error {
	return a.one(prompt+"?", "Y/n", func(answer string) error {
		switch strings.ToLower(answer) {
		case "y/n", "y", "yes":
			*to = true
		case "n", "no":
			*to = false
		default:
			return errors.New("write y or n")
		}
		return nil
	})
}

// questions are about the members of an interface, in the order of the standard.
var questions = []struct{ flag, prompt string }{
	{"input", "input file: NAME or NAME=MEDIATYPE, as in IMAGE=image/tiff"},
	{"json-input", "JSON input: NAME or NAME=TYPE, as in LEVEL=integer"},
	{"output", "output file: NAME=PATTERN, as in TABLE=*.csv"},
	{"json-output", "JSON output: NAME or NAME=TYPE, as in COUNT=integer"},
	{"setting", "setting: NAME or NAME=secret, as in DB_HOST"},
	{"mount", "mount: NAME=PATH or NAME=PATH:rw, as in MODELS=/models"},
}

// members asks for the members of an interface that no flag gives. Variables that scripts use come first; those that are no
// member are not spoken of again.
func (a *initAsker) members(cmd *cobra.Command, o *scaffold.Options, own *ownFiles, m *seed.Manifest) error {
	a.manifest = m
	for _, use := range own.undeclared(m) {
		if declares(o, use.name) { // by a flag
			continue
		}
		if err := a.variable(o, use); err != nil {
			return err
		}
	}
	own.uses = slices.DeleteFunc(own.uses, func(use ownUse) bool { return slices.Contains(a.none, use.name) })
	for _, q := range questions {
		for more := !cmd.Flags().Changed(q.flag); more; {
			err := a.one(q.prompt+" (empty: no more)", "", func(answer string) error {
				if answer == "" {
					more = false
					return nil
				}
				return a.member(o, q.flag, answer)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// member adds a member, if the manifest stays right with it.
func (a *initAsker) member(o *scaffold.Options, flag, spec string) error {
	with := *o
	if why := addMember(&with, flag, spec); why != "" {
		return errors.New("it " + why)
	}
	if err := duplicate(a.manifest, &with); err != nil {
		return err
	}
	if err := a.check(with); err != nil {
		return err
	}
	*o = with
	return nil
}

// variable asks what a variable is that a script uses.
func (a *initAsker) variable(o *scaffold.Options, use ownUse) error {
	prompt := fmt.Sprintf("%s uses %s. Is it an input file (i), a JSON input (j), a setting (s), a secret setting (x), or none of these (n)?", use.at, use.name)
	return a.one(prompt, "n", func(answer string) error {
		switch strings.ToLower(answer) {
		case "i":
			return a.member(o, "input", use.name)
		case "j":
			return a.member(o, "json-input", use.name)
		case "s":
			return a.member(o, "setting", use.name)
		case "x":
			return a.member(o, "setting", use.name+"=secret")
		case "n":
			a.none = append(a.none, use.name)
			return nil
		}
		return errors.New("write i, j, s, x or n")
	})
}
