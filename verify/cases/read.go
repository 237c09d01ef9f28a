package cases

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

const (
	maxCases = 100
	maxFile  = 1 << 20
)

// Read reads a smoke file. path is the file as the user named it; other files are relative to its directory. The cases
// may be run only if the report has no errors. getenv returns the variables that settings name.
func Read(path string, text []byte, m *seed.Manifest, getenv func(string) string) ([]Case, *diag.Report) {
	r := &reader{m: m, getenv: getenv, dir: filepath.Dir(path), report: &diag.Report{Path: path, Source: seed.TextSource(text)}}
	if len(text) > maxFile {
		r.addAt(syntaxRule, seed.Span{}, "", "file has %d bytes, at most %d are read", len(text), maxFile)
		return nil, r.report
	}
	var doc yaml.Node
	switch err := yaml.Unmarshal(text, &doc); {
	case err != nil:
		r.syntax(err)
		r.conflicts()
		return nil, r.report
	case len(doc.Content) == 0:
		r.addAt(syntaxRule, seed.Span{}, "cases: [{name: first}]", "file is empty, there should be a list of cases")
		return nil, r.report
	}
	if line := diag.SecondDocument(text); line > 0 {
		r.addAt(syntaxRule, r.report.Source.Line(line), "", "a second document begins here, but the file holds one")
		return nil, r.report
	}
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		r.add(pathRule, &doc, "the directory of the file cannot be opened: %v", err)
		return nil, r.report
	}
	defer root.Close()
	r.root = root
	cases := r.file(doc.Content[0])
	r.conflicts()
	r.report.Sort()
	return cases, r.report
}

// conflicts names the markers of a merge conflict in a file with errors. Nothing else in it is worth saying then.
func (r *reader) conflicts() {
	if r.report.Count(diag.Error) == 0 {
		return
	}
	if markers := seed.Conflicts(r.report.Source.Text); markers != nil {
		r.report = &diag.Report{Path: r.report.Path, Source: r.report.Source}
		for _, m := range markers {
			r.report.Add(diag.Diagnostic{Rule: syntaxRule, Span: &m.Span, Message: m.Message, Hint: m.Hint})
		}
	}
}

type reader struct {
	m      *seed.Manifest
	getenv func(string) string
	dir    string
	root   *os.Root
	report *diag.Report
	nodes  int                  // number of JSON values, with aliases expanded
	places map[string]seed.Span // of the case that is read
}

func (r *reader) file(n *yaml.Node) (cases []Case) {
	r.members(n, "the file", map[string]func(*yaml.Node){"cases": func(n *yaml.Node) {
		names := map[string]int{}
		for i, e := range r.list(n, "cases") {
			if i == maxCases {
				r.add(typeRule, e, "there are more than %d cases", maxCases)
				return
			}
			c := r.readCase(e)
			c.Name = cmp.Or(c.Name, fmt.Sprintf("case %d", i+1))
			if line, twice := names[c.Name]; twice {
				r.add(keyRule, e, "a case is called %q already, on line %d", c.Name, line)
			}
			names[c.Name] = e.Line
			cases = append(cases, c)
		}
	}})
	if len(cases) == 0 && len(r.report.Diagnostics) == 0 {
		r.add(syntaxRule, n, "there are no cases; without the file they are made from the manifest")
	}
	return cases
}

func (r *reader) readCase(n *yaml.Node) Case {
	c := Case{places: map[string]seed.Span{}, file: r.report}
	c.init()
	r.places = c.places
	r.members(n, "the case", map[string]func(*yaml.Node){
		"name":      func(n *yaml.Node) { c.Name = r.text(n, "name") },
		"inputs":    func(n *yaml.Node) { r.inputs(n, &c) },
		"json":      func(n *yaml.Node) { r.json(n, &c) },
		"settings":  func(n *yaml.Node) { r.settings(n, &c) },
		"mounts":    func(n *yaml.Node) { r.mounts(n, &c) },
		"requires":  func(n *yaml.Node) { c.Requires = r.texts(n, "requires") },
		"network":   func(n *yaml.Node) { c.Network = r.network(n) },
		"run-as":    func(n *yaml.Node) { c.RunAs = r.text(n, "run-as") },
		"timeout":   func(n *yaml.Node) { c.Timeout = r.duration(n) },
		"platforms": func(n *yaml.Node) { c.Platforms = r.texts(n, "platforms") },
		"expect":    func(n *yaml.Node) { r.expect(n, &c.Expect) },
	})
	r.noteMadeUp(n, &c)
	fill(r.m, &c, true)
	return c
}

// named returns the member of the manifest with a name. It reports a name that the manifest does not have.
func named[T any](r *reader, key *yaml.Node, what string, all []T, name func(*T) string) *T {
	var names []string
	for i := range all {
		if name(&all[i]) == key.Value {
			return &all[i]
		}
		names = append(names, strconv.Quote(name(&all[i])))
	}
	known := "it has none"
	if len(names) > 0 {
		known = "it has " + strings.Join(names[:min(len(names), 10)], ", ")
	}
	r.add(nameRule, key, "the manifest has no %s %q, %s", what, key.Value, known)
	return nil
}

func (r *reader) inputs(n *yaml.Node, c *Case) {
	r.pairs(n, "inputs", func(key, value *yaml.Node) {
		in := named(r, key, "input file", r.m.Job.Interface.Inputs.Files, func(f *seed.InputFile) string { return f.Name })
		if in == nil {
			return
		}
		var files []InputFile
		nodes := []*yaml.Node{deref(value)}
		if nodes[0].Kind == yaml.SequenceNode {
			nodes = nodes[0].Content
		}
		for _, n := range nodes {
			files = append(files, r.files(n, in)...)
		}
		r.checkFiles(value, in, files)
		c.Inputs[in.Name] = files
	})
}

func (r *reader) checkFiles(n *yaml.Node, in *seed.InputFile, files []InputFile) {
	if len(files) > 1 && !in.Multiple {
		r.add(typeRule, n, "input %q is given %d files, it takes one: it is not multiple", in.Name, len(files))
	}
	seen := map[string]bool{}
	for _, f := range files {
		if seen[f.Name] {
			r.add(pathRule, n, "input %q is given two files called %q, they would lie in one directory", in.Name, f.Name)
		}
		seen[f.Name] = true
	}
}

// files returns a file, the files of a directory, or the files that a pattern matches.
func (r *reader) files(n *yaml.Node, in *seed.InputFile) []InputFile {
	name, ok := r.localPath(n)
	if !ok {
		return nil
	}
	names := []string{name}
	info, err := r.root.Stat(name)
	switch {
	case err == nil && info.IsDir() && !in.Multiple:
		r.add(typeRule, n, "%q is a directory, input %q takes one file", name, in.Name)
		return nil
	case err == nil && info.IsDir():
		names, err = fs.Glob(r.root.FS(), path.Join(escapeGlob(name), "*"))
	case err != nil && strings.ContainsAny(name, "*?["):
		names, err = fs.Glob(r.root.FS(), name)
	}
	if err != nil {
		r.noFile(n, name, err)
		return nil
	}
	var files []InputFile
	for _, name := range names {
		if info, err := r.root.Stat(name); err == nil && info.Mode().IsRegular() {
			files = append(files, InputFile{Name: containerName(path.Base(name)), Host: filepath.Join(r.dir, name), Size: info.Size()})
		}
	}
	if len(files) == 0 {
		r.add(pathRule, n, "%q gives no files", name)
	}
	return files
}

var escapeGlob = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace

func (r *reader) noFile(n *yaml.Node, name string, err error) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.add(pathRule, n, "there is no file %q", name)
	default:
		var e *fs.PathError
		if errors.As(err, &e) {
			err = e.Err
		}
		r.add(pathRule, n, "%q cannot be read: %v", name, err)
	}
}

// localPath accepts only paths below the directory of the file. Opening a file refuses links that lead out.
func (r *reader) localPath(n *yaml.Node) (string, bool) {
	name := r.text(n, "the path")
	if name == "" {
		return "", false
	}
	if clean := path.Clean(name); path.IsAbs(name) || !filepath.IsLocal(filepath.FromSlash(clean)) {
		r.add(pathRule, n, "%q leaves the directory of the file, paths are relative to it and stay below", name)
		return "", false
	}
	return path.Clean(name), true
}

func (r *reader) settings(n *yaml.Node, c *Case) {
	r.pairs(n, "settings", func(key, value *yaml.Node) {
		s := named(r, key, "setting", r.m.Job.Interface.Settings, func(s *seed.Setting) string { return s.Name })
		if s == nil {
			return
		}
		if value = deref(value); value.Kind == yaml.ScalarNode {
			c.Settings[s.Name] = r.text(value, "the setting")
			return
		}
		r.members(value, "the setting", map[string]func(*yaml.Node){"env": func(n *yaml.Node) {
			variable := r.text(n, "env")
			if c.Settings[s.Name] = r.getenv(variable); c.Settings[s.Name] == "" && variable != "" {
				c.Skip = fmt.Sprintf("setting %q is taken from the environment variable %s, which is not set", s.Name, variable)
			}
		}})
	})
}

func (r *reader) mounts(n *yaml.Node, c *Case) {
	r.pairs(n, "mounts", func(key, value *yaml.Node) {
		m := named(r, key, "mount", r.m.Job.Interface.Mounts, func(m *seed.Mount) string { return m.Name })
		if m == nil {
			return
		}
		given := r.mountValue(deref(value), c)
		given.Writable = m.Mode == "rw"
		c.Mounts[m.Name] = given
	})
}

func (r *reader) mountValue(n *yaml.Node, c *Case) Mount {
	if n.Kind != yaml.MappingNode {
		return r.mount(n, false, c)
	}
	var dir, image *yaml.Node
	optional := false
	r.members(n, "the mount", map[string]func(*yaml.Node){
		"dir":             func(n *yaml.Node) { dir = n },
		"image":           func(n *yaml.Node) { image = n },
		"skip-if-missing": func(n *yaml.Node) { optional = r.text(n, "skip-if-missing") == "true" },
	})
	switch {
	case dir != nil && image != nil:
		r.add(keyRule, image, "dir and image are both given, one of them is what is mounted")
	case dir != nil:
		return r.mount(dir, optional, c)
	case image != nil:
		return r.image(image)
	default:
		r.add(typeRule, n, "the mount has neither dir nor image")
	}
	return Mount{}
}

func (r *reader) image(n *yaml.Node) Mount {
	name := r.text(n, "image")
	reference, err := pack.ParseImage(name)
	if err != nil && name != "" {
		r.add(typeRule, n, "image %q is no reference of an image: %v", name, err)
	}
	return Mount{Image: reference}
}

func (r *reader) network(n *yaml.Node) bool {
	switch mode := r.text(n, "network"); mode {
	case "", "none":
	case "default":
		return true
	default:
		r.add(typeRule, n, "network %q must be none or default", mode)
	}
	return false
}

func (r *reader) mount(n *yaml.Node, optional bool, c *Case) Mount {
	if deref(n).Value == emptyMount {
		return Mount{}
	}
	name, ok := r.localPath(n)
	if !ok {
		return Mount{}
	}
	info, err := r.root.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && optional:
		c.Skip = fmt.Sprintf("the directory %q is not there", name)
	case err != nil:
		r.noFile(n, name, err)
	case !info.IsDir():
		r.add(pathRule, n, "%q is a file, it should be a directory or the word empty", name)
	}
	return Mount{Host: filepath.Join(r.dir, name)}
}

func (r *reader) duration(n *yaml.Node) time.Duration {
	text := r.text(n, "timeout")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	d, err := time.ParseDuration(text)
	if (err != nil || d <= 0) && text != "" {
		r.add(typeRule, n, "timeout %q is no duration, write seconds or 90s or 5m", text)
	}
	return d
}

func (r *reader) expect(n *yaml.Node, e *Expectation) {
	exit := (*yaml.Node)(nil)
	r.members(n, "expect", map[string]func(*yaml.Node){
		"exit": func(n *yaml.Node) {
			exit = n
			r.note(n, "exit")
			code, err := strconv.Atoi(r.text(n, "exit"))
			if err != nil || code < 0 || code > 255 {
				r.add(typeRule, n, "exit %q is no exit status, which is 0 to 255", deref(n).Value)
			}
			e.Exit = code
		},
		"error": func(n *yaml.Node) {
			r.note(n, "exit")
			if found := named(r, deref(n), "error", r.m.Job.Errors, func(e *seed.Error) string { return e.Name }); found != nil {
				e.Error = found.Name
			}
		},
		"outputs": func(n *yaml.Node) { e.Outputs = r.expectOutputs(n) },
		"json":    func(n *yaml.Node) { e.JSON = r.expectJSON(n) },
		"stdout":  func(n *yaml.Node) { e.Stdout = r.patterns(n, "stdout") },
		"stderr":  func(n *yaml.Node) { e.Stderr = r.patterns(n, "stderr") },
	})
	if e.Error != "" && exit != nil {
		r.add(keyRule, exit, "exit and error are both given, one of them says how the run ends")
	}
}

// note keeps the place of what is expected.
func (r *reader) note(n *yaml.Node, member string, names ...string) {
	r.places[placeKey(member, names)] = r.span(n)
}

func (r *reader) patterns(n *yaml.Node, what string) []string {
	all := r.texts(n, what)
	for i, p := range all {
		at := deref(n)
		if at.Kind == yaml.SequenceNode {
			at = at.Content[i]
		}
		r.note(at, what, p)
		if _, err := regexp.Compile(p); err != nil {
			r.add(typeRule, n, "%q is no regular expression: %v", p, err)
		}
	}
	return all
}
