package wire

import (
	"bytes"
	"io/fs"
	"reflect"
	"strings"
	"testing"
	"time"
)

func sample() *Outcome {
	return &Outcome{
		Nonce: "n", Started: true, Exit: 3, Signal: "killed", Leftover: 1, LeftoverNames: []string{"sleep"},
		Leaks:  []Leak{{"PASS", []byte("a\xff"), true}},
		Usage:  Usage{Wall: time.Second, Memory: 5, Output: 7, Samples: []Sample{{At: 1, Memory: 5, CPU: 2}, {At: 3, CPU: 2}}},
		Stdout: Excerpt{Head: []byte("\x00\xff"), Tail: []byte("end"), Total: 100},
		Files: []File{
			{Name: "a\xff\n", Mode: 0o644, UID: 1, GID: 2, Size: 3, ReadableByOther: true, Content: []byte("abc"), Collected: true},
			{Name: "d", Mode: fs.ModeDir | 0o755},
			{Name: "d/l", Mode: fs.ModeSymlink | 0o777, Link: "\xfe"},
		},
	}
}

func encode(t testing.TB, o *Outcome) (report, files []byte) {
	t.Helper()
	var r, f bytes.Buffer
	if err := o.WriteReport(&r); err != nil {
		t.Fatal(err)
	}
	if err := o.WriteFiles(&f); err != nil {
		t.Fatal(err)
	}
	return r.Bytes(), f.Bytes()
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, want := range []*Outcome{sample(), {Nonce: "n"}} {
		report, files := encode(t, want)
		got, err := ReadOutcome("n", report, files)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*Outcome)
		cut    int // bytes off the listing
		want   string
	}{
		{"nonce", func(o *Outcome) { o.Nonce = "" }, 0, "its nonce differs"},
		{"excerpt", func(o *Outcome) { o.Stderr.Head = make([]byte, ExcerptSize+1); o.Stderr.Total = 1 << 30 }, 0, "an excerpt is longer"},
		{"total", func(o *Outcome) { o.Stdout.Total = 1 }, 0, "an excerpt is longer"},
		{"negative", func(o *Outcome) { o.Usage.Memory = -1 }, 0, "an amount is negative"},
		{"samples", func(o *Outcome) { o.Usage.Samples = make([]Sample, MaxSamples+1) }, 0, "121 samples, where there are at most 120"},
		{"time", func(o *Outcome) { o.Usage.Samples[1].At = 0 }, 0, "not in the order of time"},
		{"backwards", func(o *Outcome) { o.Usage.Samples[1].CPU = 1 }, 0, "not in the order of time"},
		{"leaks", func(o *Outcome) { o.Leaks = make([]Leak, MaxSome+1) }, 0, "a list has more than 20 elements"},
		{"parent", func(o *Outcome) { o.Files[0].Name = "a/../b" }, 0, `file 0 is called "a/../b"`},
		{"absolute", func(o *Outcome) { o.Files[0].Name = "/a" }, 0, `file 0 is called "/a"`},
		{"empty", func(o *Outcome) { o.Files[0].Name = "" }, 0, `file 0 is called ""`},
		{"NUL", func(o *Outcome) { o.Files[0].Name = "a\x00" }, 0, `file 0 is called "a\x00"`},
		{"order", func(o *Outcome) { o.Files[1].Name = "a\xff\n" }, 0, `file 1 is called "a\xff\n"`},
		{"size", func(o *Outcome) { o.Files[2].Size = -1 }, 0, "has -1 bytes"},
		{"cut", func(*Outcome) {}, 2, "unexpected end of JSON"},
	}
	for _, tt := range tests {
		o := sample()
		tt.change(o)
		report, files := encode(t, o)
		got, err := ReadOutcome("n", report, files[:len(files)-tt.cut])
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
	}
	report, files := encode(t, sample())
	more := append(bytes.Clone(files), files...)
	first := files[:bytes.IndexByte(files, '\n')+1]
	for _, listing := range [][]byte{nil, first, more} {
		if _, err := ReadOutcome("n", report, listing); err == nil {
			t.Errorf("a listing of %d bytes in place of %d is taken", len(listing), len(files))
		}
	}
}

func FuzzReadOutcome(f *testing.F) {
	report, files := encode(f, sample())
	f.Add(report, files)
	f.Add([]byte(`{"nonce":"n","fileCount":1}`), []byte(`{"name":"YQ=="}`))
	f.Fuzz(func(t *testing.T, report, files []byte) {
		o, err := ReadOutcome("n", report, files)
		if err != nil {
			return
		}
		if o.Nonce != "n" || len(o.Files) > MaxFiles || len(o.Leaks) > MaxSome {
			t.Fatalf("%+v", o)
		}
		again, err := ReadOutcome(readBack(t, o))
		if err != nil || !reflect.DeepEqual(again.Files, o.Files) {
			t.Fatalf("%v: %+v is read back as %+v", err, o.Files, again)
		}
	})
}

func readBack(t *testing.T, o *Outcome) (string, []byte, []byte) {
	report, files := encode(t, o)
	return o.Nonce, report, files
}
