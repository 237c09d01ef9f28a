package wire

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ArchiveFile, in ReportDir, holds the directories that Spec.Archive asks for. It is a series of entries, each a line of JSON,
// behind that of a regular file its content. Unlike in tar, names of any bytes need no rules of their own.
const ArchiveFile = "archive"

// maxHeader is more than a line of an archive can have: Linux bounds names and links to 4096 bytes.
const maxHeader = 64 << 10

// An ArchiveEntry is one name below a directory that was asked for.
type ArchiveEntry struct {
	Dir  int  `json:"dir"` // index in Spec.Archive
	File File `json:"file"`
	// End marks the last entry, which is no file; Cut then counts what was left out for its size.
	End bool `json:"end,omitempty"`
	Cut int  `json:"cut,omitempty"`
}

// WriteTo writes the line of the entry. The content, where there is one, is the caller's to write.
func (e *ArchiveEntry) WriteTo(w io.Writer) (int64, error) {
	text, err := json.Marshal(e)
	if err != nil {
		return 0, err
	}
	n, err := w.Write(append(text, '\n'))
	return int64(n), err
}

// An Archive is read entry by entry. What it holds was written in a container where the job may have been root: names are
// checked, and nothing else of it can be relied on.
type Archive struct {
	r    *bufio.Reader
	left int64 // of the current content
	Cut  int   // files left out, once Next has come to the end
}

// NewArchive reads from r.
func NewArchive(r io.Reader) *Archive { return &Archive{r: bufio.NewReaderSize(r, maxHeader)} }

// Next goes on to the next entry, after which Read gives its content. The error is io.EOF behind the last one, and
// another where the archive was cut short.
func (a *Archive) Next() (*ArchiveEntry, error) {
	if _, err := io.Copy(io.Discard, a); err != nil {
		return nil, err
	}
	line, err := a.r.ReadSlice('\n')
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("read what was kept of a run: %w", err)
	}
	var e ArchiveEntry
	if err := json.Unmarshal(slices.Clone(line), &e); err != nil {
		return nil, fmt.Errorf("read what was kept of a run: %w", err)
	}
	if e.End {
		a.Cut = e.Cut
		return nil, io.EOF
	}
	if !validName(e.File.Name) || e.File.Size < 0 || e.Dir < 0 {
		return nil, fmt.Errorf("read what was kept of a run: it has a file %q of %d bytes", e.File.Name, e.File.Size)
	}
	if e.File.Mode.IsRegular() {
		a.left = e.File.Size
	}
	return &e, nil
}

// Read gives the content of the current entry.
func (a *Archive) Read(b []byte) (int, error) {
	if a.left == 0 {
		return 0, io.EOF
	}
	n, err := a.r.Read(b[:min(int64(len(b)), a.left)])
	a.left -= int64(n)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
