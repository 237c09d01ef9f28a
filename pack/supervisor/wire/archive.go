package wire

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ArchiveFile, in ReportDir, holds the directories of Spec.Archive. It is a series of entries. Each is a line of JSON,
// followed by the content if it is a regular file. Unlike tar, it needs no special rules for names of arbitrary bytes.
const ArchiveFile = "archive"

// maxHeader is more than the longest line of an archive. Linux limits names and links to 4096 bytes.
const maxHeader = 64 << 10

// An ArchiveEntry is one name below a directory of Spec.Archive.
type ArchiveEntry struct {
	Dir  int  `json:"dir"` // index in Spec.Archive
	File File `json:"file"`
	// End marks the last entry, which is not a file. Its Cut counts the files that were left out because of their size.
	End bool `json:"end,omitempty"`
	Cut int  `json:"cut,omitempty"`
}

// WriteTo writes the line of the entry. The caller writes the content, if there is one.
func (e *ArchiveEntry) WriteTo(w io.Writer) (int64, error) {
	text, err := json.Marshal(e)
	if err != nil {
		return 0, err
	}
	n, err := w.Write(append(text, '\n'))
	return int64(n), err
}

// An Archive is read entry by entry. It was written in a container in which the job may be root. Names are checked, but
// nothing else can be relied on.
type Archive struct {
	r    *bufio.Reader
	left int64 // bytes left of the current content
	Cut  int   // files that were left out; set when Next has returned io.EOF
}

// NewArchive returns an archive that reads from r.
func NewArchive(r io.Reader) *Archive { return &Archive{r: bufio.NewReaderSize(r, maxHeader)} }

// Next moves to the next entry. Read then returns its content. The error is io.EOF after the last entry, and another
// one if the archive is truncated.
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

// Read returns the content of the current entry.
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
