package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"

	"github.com/seedpack/seedpack/diag"
)

// JUnitOptions are options of JUnit. With the zero value, errors fail.
type JUnitOptions struct {
	// Fails reports whether a finding fails the run. Default: errors do.
	Fails func(*diag.Report, *diag.Diagnostic) bool
	// Failures are checks that could not be made.
	Failures []Failure
}

// JUnit writes reports in the XML of JUnit, which test systems read. A file is a suite, and a finding is a case. A file
// without findings has one case that passes. A finding that fails the run is a failed case; any other is a skipped case
// with its message. A check that could not be made is an error.
func JUnit(w io.Writer, reports []*diag.Report, opt JUnitOptions) error {
	j := &junitWriter{JUnitOptions: opt, suites: map[string]*junitSuite{}, names: map[string]int{}}
	j.all.Name = "seedpack"
	for _, r := range reports {
		if r != nil {
			j.report(r)
		}
	}
	for _, f := range opt.Failures {
		name := f.Path
		if name == "" {
			name = "seedpack"
		}
		message := Escape(clip(f.Message))
		j.add(name, junitCase{Name: "could not be checked", Error: &junitProblem{Message: message, Text: message}})
	}
	for _, s := range j.all.Suites {
		if s.Tests == 0 {
			s.Tests, s.Cases = 1, []junitCase{{Class: s.Name, Name: "no findings"}}
		}
		j.all.Tests += s.Tests
	}
	text, err := xml.MarshalIndent(&j.all, "", "  ")
	if err != nil {
		return fmt.Errorf("encode as XML: %w", err)
	}
	_, err = w.Write(append([]byte(xml.Header), append(text, '\n')...))
	return err
}

type junitWriter struct {
	JUnitOptions
	all    junitSuites
	suites map[string]*junitSuite
	names  map[string]int // how often each name was used
}

type junitSuites struct {
	XMLName  xml.Name      `xml:"testsuites"`
	Name     string        `xml:"name,attr"`
	Tests    int           `xml:"tests,attr"`
	Failures int           `xml:"failures,attr"`
	Errors   int           `xml:"errors,attr"`
	Suites   []*junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
	Skipped *junitProblem `xml:"skipped"`
}

type junitProblem struct {
	Type    string `xml:"type,attr,omitempty"` // the severity
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func (j *junitWriter) suite(path string) *junitSuite {
	name := Escape(path)
	s, ok := j.suites[name]
	if !ok {
		s = &junitSuite{Name: name}
		j.suites[name] = s
		j.all.Suites = append(j.all.Suites, s)
	}
	return s
}

func (j *junitWriter) report(r *diag.Report) {
	j.suite(r.Path)
	for i := range r.Diagnostics {
		j.add(r.Path, j.finding(r, &r.Diagnostics[i]))
	}
}

// add adds a case and makes its name unique. The class is the file, since test systems group by class.
func (j *junitWriter) add(path string, c junitCase) {
	s := j.suite(path)
	c.Class = s.Name
	key := c.Class + "\x00" + c.Name
	if j.names[key]++; j.names[key] > 1 {
		c.Name += " #" + strconv.Itoa(j.names[key])
	}
	s.Cases = append(s.Cases, c)
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
		j.all.Failures++
	case c.Error != nil:
		s.Errors++
		j.all.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

// finding returns the case of a diagnostic. Its name stays the same if lines of the file move.
func (j *junitWriter) finding(r *diag.Report, d *diag.Diagnostic) junitCase {
	place, level := r.Path, d.Level()
	c := junitCase{Name: Escape(d.Rule.ID)}
	if d.Pointer != "" {
		c.Name = Escape(d.Rule.ID + " " + clip(string(d.Pointer)))
	}
	if start, _, ok := position(r, d); ok {
		c.File, c.Line = Escape(r.Path), start.Line
		place = fmt.Sprintf("%s:%d:%d", place, start.Line, start.Column)
	}
	problem := &junitProblem{Type: level.String(), Message: Escape(clip(d.Message)),
		Text: Escape(fmt.Sprintf("%s: %s: %s [%s]", place, level, withHint(d), d.Rule.ID))}
	fails := level == diag.Error
	if j.Fails != nil {
		fails = j.Fails(r, d)
	}
	if fails {
		c.Failure = problem
	} else {
		problem.Type = ""
		c.Skipped = problem
	}
	return c
}
