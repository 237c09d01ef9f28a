package catalogue

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/page"
	"github.com/seedpack/seedpack/seed"
)

// A shellCommand is one that a reader may copy into a shell. All of it that is foreign is quoted.
type shellCommand struct{ Title, Note, Text string }

// commands returns how a job is run.
func commands(i *Image, exports []string) []shellCommand {
	job := &i.Seed().Job
	all := []shellCommand{seedpackRun(i, job), dockerRun(i, job)}
	if len(exports) > 0 {
		lines := make([]string, len(exports))
		for n, system := range exports {
			lines[n] = fmt.Sprintf("seedpack export --to %s %s -o %s", system, i.Reference, system)
		}
		all = append(all, shellCommand{"Export it to another system", "", strings.Join(lines, "\n")})
	}
	return append(all, shellCommand{"Check it", "This reads the label again, lints it, and runs the image as an executor would.",
		"seedpack verify --smoke " + i.Reference})
}

// nameForm is what names in a manifest may consist of. With another name no command is shown.
var nameForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// plainNames reports whether all names of a job can be part of a command.
func plainNames(job *seed.Job) bool {
	var names []string
	for _, f := range job.Interface.Inputs.Files {
		names = append(names, f.Name)
	}
	for _, v := range job.Interface.Inputs.JSON {
		names = append(names, v.Name)
	}
	for _, s := range job.Interface.Settings {
		names = append(names, s.Name)
	}
	for _, m := range job.Interface.Mounts {
		names = append(names, m.Name)
	}
	for _, s := range job.Resources.Scalar {
		names = append(names, s.Name)
	}
	for _, name := range names {
		if !nameForm.MatchString(name) {
			return false
		}
	}
	return true
}

// extensions are endings of files by media type, for examples.
var extensions = map[string]string{
	"image/tiff": ".tif", "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/jp2": ".jp2", "image/webp": ".webp",
	"text/csv": ".csv", "text/plain": ".txt", "text/html": ".html", "text/xml": ".xml", "application/xml": ".xml", "application/json": ".json",
	"application/geo+json": ".geojson", "application/vnd.geo+json": ".geojson", "application/zip": ".zip", "application/gzip": ".gz",
	"application/pdf": ".pdf", "application/x-hdf": ".h5", "application/x-hdf5": ".h5", "application/x-netcdf": ".nc", "video/mp4": ".mp4",
}

// example returns the name of a file, or of a directory, that a reader puts in its place.
func example(f seed.InputFile) string {
	name := strings.ToLower(strings.ReplaceAll(f.Name, "_", "-"))
	if f.Multiple {
		return name + "/"
	}
	for _, mediaType := range f.MediaTypes {
		if extension := extensions[strings.ToLower(mediaType)]; extension != "" {
			return name + extension
		}
	}
	return name
}

// exampleValues are values of the types of JSON.
var exampleValues = map[string]string{"integer": "1", "number": "1.5", "boolean": "true", "string": "text", "array": "[]", "object": "{}"}

func seedpackRun(i *Image, job *seed.Job) shellCommand {
	c := shellCommand{Title: "With Seedpack"}
	if !plainNames(job) {
		c.Note = "No command is shown, because the manifest has names that are not valid."
		return c
	}
	words, more := []string{"seedpack run " + i.Reference}, []string{}
	add := func(required bool, word string) {
		if required {
			words = append(words, word)
		} else {
			more = append(more, word)
		}
	}
	for _, f := range job.Interface.Inputs.Files {
		add(f.Required, "-i "+f.Name+"="+example(f))
	}
	for _, v := range job.Interface.Inputs.JSON {
		add(v.Required, "-j "+command.Quote(v.Name+"="+exampleValues[v.Type]))
	}
	for _, s := range job.Interface.Settings {
		words = append(words, "-e "+s.Name)
	}
	for _, m := range job.Interface.Mounts {
		words = append(words, "-m "+m.Name+"="+strings.ToLower(m.Name)+"/")
	}
	c.Text = strings.Join(append(words, "-o output"), " \\\n  ")
	var notes []string
	if len(more) > 0 {
		text := "It may have, too: " + strings.Join(more[:min(len(more), maxPorts)], ", ")
		if left := len(more) - maxPorts; left > 0 {
			text += fmt.Sprintf(", and %d more that the tables name", left)
		}
		notes = append(notes, text+".")
	}
	if len(job.Interface.Settings) > 0 {
		notes = append(notes, "Settings are taken from environment variables of the same name.")
	}
	c.Note = strings.Join(notes, " ")
	return c
}

// Directories in the container that dockerRun binds.
const (
	inDir  = "/seed/in"
	outDir = "/seed/out"
)

// dockerRun returns the command that does what an executor does: it binds inputs, sets variables and expands the command.
func dockerRun(i *Image, job *seed.Job) shellCommand {
	c := shellCommand{Title: "With Docker"}
	env := map[string]string{seed.OutputDir: outDir}
	lines := []string{"mkdir -p -m 777 output && docker run --rm"}
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if !plainNames(job) {
		c.Note = "No command is shown, because the manifest has names that are not valid."
		return c
	}
	for _, f := range job.Interface.Inputs.Files {
		if f.Required {
			inside := inDir + "/" + f.Name
			if !f.Multiple {
				inside += "/" + example(f)
			}
			env[seed.Variable(f.Name)] = inside
			add(`-v "$PWD/%s:%s:ro" -e %s=%s`, strings.TrimSuffix(example(f), "/"), inside, seed.Variable(f.Name), inside)
		}
	}
	for _, v := range job.Interface.Inputs.JSON {
		if v.Required {
			env[seed.Variable(v.Name)] = exampleValues[v.Type]
			add("-e %s", command.Quote(seed.Variable(v.Name)+"="+exampleValues[v.Type]))
		}
	}
	for _, s := range job.Interface.Settings {
		env[seed.Variable(s.Name)] = "value"
		add("-e %s=value", seed.Variable(s.Name))
	}
	for _, m := range job.Interface.Mounts {
		bound, ok := dockerMount(m)
		if !ok {
			c.Note = fmt.Sprintf("No command is shown, because Docker cannot bind a directory to the path of the mount %s.", m.Name)
			return c
		}
		add(`-v "$PWD"/%s`, bound)
	}
	for _, s := range job.Resources.Scalar {
		name := seed.AllocatedPrefix + seed.Variable(s.Name)
		env[name] = seed.Allocated(s.Value)
		add("-e %s=%s%s", name, env[name], dockerLimit(s))
	}
	add(`-v "$PWD/output:%s" -e %s=%s`, outDir, seed.OutputDir, outDir)
	args, err := arguments(job.Interface.Command, env)
	if err != nil {
		c.Note = "No command is shown: " + err.Error() + ". seedpack run says what to do about it."
		return c
	}
	lines = append(lines, i.Reference)
	if len(args) > 0 {
		lines = append(lines, strings.Join(args, " "))
	}
	c.Text, c.Note = strings.Join(lines, " \\\n  "), growth(job)
	if page.Text(c.Text) != c.Text {
		return shellCommand{Title: c.Title, Note: "No command is shown, because the manifest has characters that cannot be seen."}
	}
	return c
}

// dockerMount returns a mount as -v takes it, without the directory of the host that it is in. It reports false if -v cannot.
func dockerMount(m seed.Mount) (string, bool) {
	mode := ":ro"
	if m.Mode == "rw" {
		mode = ""
	}
	return command.Quote(strings.ToLower(m.Name) + ":" + m.Path + mode), strings.HasPrefix(m.Path, "/") && !strings.Contains(m.Path, ":")
}

// growth says which amounts of dockerRun are too small for a large input, since a page does not know its size.
func growth(job *seed.Job) string {
	var all []string
	for _, s := range job.Resources.Scalar {
		if s.InputMultiplier == 0 {
			continue
		}
		name := seed.AllocatedPrefix + seed.Variable(s.Name)
		if flag, _, ok := strings.Cut(strings.TrimSpace(dockerLimit(s)), " "); ok {
			name += " and " + flag
		}
		all = append(all, fmt.Sprintf("%.6g times to %s", s.InputMultiplier, name))
	}
	if len(all) == 0 {
		return ""
	}
	return "Amounts are shown without the inputs. An executor adds the size of the inputs in MiB: " + strings.Join(all, ", ") + "."
}

// dockerLimit returns the flag of docker run that limits a resource, after a blank.
func dockerLimit(s seed.Scalar) string {
	switch seed.Variable(s.Name) {
	case "CPUS":
		return fmt.Sprintf(" --cpus %.6g", s.Value)
	case "MEM":
		return fmt.Sprintf(" --memory %.0fm", s.Value)
	case "SHAREDMEM":
		return fmt.Sprintf(" --shm-size %.0fm", s.Value)
	case "GPUS":
		if s.Value > 0 {
			return fmt.Sprintf(" --gpus %.0f", s.Value)
		}
	}
	return ""
}

// arguments returns the arguments of a job's command, quoted.
func arguments(text string, env map[string]string) ([]string, error) {
	words, err := command.Expand(text, env)
	if err != nil {
		return nil, err
	}
	for n := range words {
		words[n] = command.Quote(words[n])
	}
	return words, nil
}
