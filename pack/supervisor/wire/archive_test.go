package wire

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
)

func archived(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	add := func(e ArchiveEntry, content string) {
		if _, err := e.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		b.WriteString(content)
	}
	add(ArchiveEntry{File: File{Name: "d\xff\n", Mode: fs.ModeDir | 0o755}}, "")
	add(ArchiveEntry{File: File{Name: "d\xff\n/a", Mode: 0o600, Size: 6}}, "{\"a\n\"}")
	add(ArchiveEntry{Dir: 1, File: File{Name: "empty", Mode: 0o644}}, "")
	add(ArchiveEntry{Dir: 1, File: File{Name: "l", Mode: fs.ModeSymlink | 0o777, Link: "../x", Size: 4}}, "")
	add(ArchiveEntry{End: true, Cut: 2}, "")
	return b.Bytes()
}

// listing reads an archive to its end. It reads every second content only in part.
func listing(r io.Reader) (names, contents []string, cut int, err error) {
	a := NewArchive(r)
	for i := 0; ; i++ {
		e, err := a.Next()
		if errors.Is(err, io.EOF) {
			return names, contents, a.Cut, nil
		}
		if err != nil {
			return names, contents, a.Cut, err
		}
		names = append(names, e.File.Name+e.File.Link)
		content, err := io.ReadAll(io.LimitReader(a, int64(3+i%2*100)))
		if err != nil {
			return names, contents, a.Cut, err
		}
		contents = append(contents, string(content))
	}
}

func TestArchive(t *testing.T) {
	t.Parallel()
	whole := archived(t)
	names, contents, cut, err := listing(bytes.NewReader(whole))
	if err != nil || cut != 2 || strings.Join(names, "|") != "d\xff\n|d\xff\n/a|empty|l../x" || strings.Join(contents, "|") != "|{\"a\n\"}||" {
		t.Errorf("%q %q, %d cut, %v", names, contents, cut, err)
	}
	for n := range whole {
		if _, _, _, err := listing(bytes.NewReader(whole[:n])); err == nil {
			t.Fatalf("%d of %d bytes are taken for the whole", n, len(whole))
		}
	}
	for _, bad := range []string{"x\n", `{"file":{"name":"Li4="}}` + "\n", `{"file":{"name":"YQ==","size":-1}}` + "\n", `{"dir":-1,"file":{"name":"YQ=="}}` + "\n", strings.Repeat(" ", maxHeader+1)} {
		if _, _, _, err := listing(strings.NewReader(bad)); err == nil {
			t.Errorf("%.40q is taken", bad)
		}
	}
}

func FuzzArchive(f *testing.F) {
	f.Add(archived(f))
	f.Fuzz(func(t *testing.T, text []byte) {
		a := NewArchive(bytes.NewReader(text))
		for read := int64(0); ; {
			e, err := a.Next()
			if err != nil {
				return
			}
			if !validName(e.File.Name) {
				t.Fatalf("name %q", e.File.Name)
			}
			n, err := io.Copy(io.Discard, a)
			if read += n; read > int64(len(text)) || err == nil && e.File.Mode.IsRegular() && n != e.File.Size {
				t.Fatalf("%d bytes of %d, %v", n, e.File.Size, err)
			}
		}
	})
}
