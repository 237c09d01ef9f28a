package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// Limits for what a supervisor reports. ReadOutcome returns an error if one is exceeded.
const (
	ExcerptSize = 32 << 10 // bytes of each of Head and Tail
	HeadSize    = 3 << 10  // bytes of Content that was not requested
	MaxHeads    = 4 << 20  // bytes of all such Content
	MaxContent  = 16 << 20 // bytes of all requested Content
	MaxFiles    = 100_000
	MaxNames    = 16 << 20 // bytes of all Names and Links
	MaxSamples  = 120      // elements of Usage.Samples
	MaxSome     = 20       // elements in each of the other lists
	MaxOutcome  = 1 << 20  // bytes of the first line of ReportFile
	MaxReport   = 97 << 20 // bytes of ReportFile
)

// A report is the first line of ReportFile. The count shows whether the list of files is truncated.
type report struct {
	Outcome
	FileCount int `json:"fileCount"`
}

// WriteReport writes ReportFile.
func (o *Outcome) WriteReport(w io.Writer) error {
	enc := json.NewEncoder(w)
	if err := enc.Encode(report{*o, len(o.Files)}); err != nil {
		return err
	}
	for _, f := range o.Files {
		if err := enc.Encode(f); err != nil {
			return err
		}
	}
	return nil
}

// ReadOutcome reads ReportFile. A job that runs as root may have written it, too. So it is an error if the nonce is not
// that of the Spec, or if a limit is exceeded.
func ReadOutcome(nonce string, text []byte) (*Outcome, error) {
	first, files, _ := bytes.Cut(text, []byte("\n"))
	if len(first) > MaxOutcome || len(text) > MaxReport {
		return nil, fmt.Errorf("the supervisor's report has %d bytes, and %d in its first line, which is more than it writes", len(text), len(first))
	}
	var r report
	if err := json.Unmarshal(first, &r); err != nil {
		return nil, fmt.Errorf("read the supervisor's report: %w", err)
	}
	if r.Nonce != nonce {
		return nil, errors.New("the report in the container is not the supervisor's: its nonce differs")
	}
	o := &r.Outcome
	if err := errors.Join(o.check(), o.readFiles(files, r.FileCount)); err != nil {
		return nil, fmt.Errorf("read the supervisor's report: %w", err)
	}
	return o, nil
}

func (o *Outcome) check() error {
	for _, e := range []Excerpt{o.Stdout, o.Stderr} {
		if len(e.Head) > ExcerptSize || len(e.Tail) > ExcerptSize || e.Total < int64(len(e.Head)+len(e.Tail)) {
			return errors.New("an excerpt is longer than it can be")
		}
	}
	u := o.Usage
	if min(u.Wall, u.CPU) < 0 || min(u.Memory, u.Largest, u.Output, u.SharedMem, u.SharedMemSize, o.Elsewhere.Bytes) < 0 ||
		min(o.Leftover, o.FilesCut, o.Elsewhere.Count) < 0 {
		return errors.New("an amount is negative")
	}
	if max(len(o.LeftoverNames), len(o.Leaks), len(o.Elsewhere.Files)) > MaxSome {
		return fmt.Errorf("a list has more than %d elements", MaxSome)
	}
	return u.checkSamples()
}

func (u *Usage) checkSamples() error {
	if len(u.Samples) > MaxSamples {
		return fmt.Errorf("%d samples, where there are at most %d", len(u.Samples), MaxSamples)
	}
	var last Sample
	for _, s := range u.Samples {
		if s.At < last.At || s.CPU < last.CPU || s.Memory < 0 {
			return errors.New("the samples are not in the order of time")
		}
		last = s
	}
	return nil
}

func (o *Outcome) readFiles(lines []byte, count int) error {
	if count < 0 || count > MaxFiles {
		return fmt.Errorf("%d files, where at most %d are listed", count, MaxFiles)
	}
	last := ""
	for len(lines) > 0 && len(o.Files) <= count {
		line, rest, _ := bytes.Cut(lines, []byte("\n"))
		lines = rest
		var f File
		if err := json.Unmarshal(line, &f); err != nil {
			return err
		}
		if !validName(f.Name) || f.Name <= last || f.Size < 0 {
			return fmt.Errorf("file %d is called %q and has %d bytes", len(o.Files), f.Name, f.Size)
		}
		last = f.Name
		o.Files = append(o.Files, f)
	}
	if len(o.Files) != count || len(lines) > 0 {
		return fmt.Errorf("the listing does not hold the %d files it should", count)
	}
	return nil
}

// validName reports whether a name is below the directory that it is relative to. It may have any bytes except NUL.
func validName(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return !strings.Contains(name, "\x00")
}

// A fileJSON is the JSON form of a File. Names need not be text, so they are base64.
type fileJSON struct {
	Name      []byte      `json:"name"`
	Mode      fs.FileMode `json:"mode"`
	UID       int         `json:"uid,omitempty"`
	GID       int         `json:"gid,omitempty"`
	Size      int64       `json:"size,omitempty"`
	Link      []byte      `json:"link,omitempty"`
	Readable  bool        `json:"readable,omitempty"`
	Content   []byte      `json:"content,omitempty"`
	Collected bool        `json:"collected,omitempty"`
	Sum       []byte      `json:"sum,omitempty"`
	Blocks    []byte      `json:"blocks,omitempty"`
}

// MarshalJSON writes the name and the link as base64.
func (f File) MarshalJSON() ([]byte, error) {
	return json.Marshal(fileJSON{[]byte(f.Name), f.Mode, f.UID, f.GID, f.Size, []byte(f.Link), f.ReadableByOther, f.Content, f.Collected, f.Sum, f.Blocks})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *File) UnmarshalJSON(text []byte) error {
	var j fileJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	*f = File{string(j.Name), j.Mode, j.UID, j.GID, j.Size, string(j.Link), j.Readable, j.Content, j.Collected, j.Sum, j.Blocks}
	return nil
}
