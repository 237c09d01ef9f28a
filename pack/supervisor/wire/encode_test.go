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

func encode(t testing.TB, o *Outcome) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := o.WriteReport(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, want := range []*Outcome{sample(), {Nonce: "n"}} {
		got, err := ReadOutcome("n", encode(t, want))
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
		cut    int // bytes off the end
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
		text := encode(t, o)
		got, err := ReadOutcome("n", text[:len(text)-tt.cut])
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
	}
	whole := encode(t, sample())
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for n, text := range map[string][]byte{
		"nothing": nil, "no files": lines[0], "one file": bytes.Join(lines[:2], nil), "files twice": bytes.Join(append(lines, lines[1:]...), nil),
		"a long first line": append(bytes.Repeat([]byte(" "), MaxOutcome), whole...),
	} {
		if _, err := ReadOutcome("n", text); err == nil {
			t.Errorf("a report with %s is taken", n)
		}
	}
}

func FuzzReadOutcome(f *testing.F) {
	f.Add(encode(f, sample()))
	f.Add([]byte(`{"nonce":"n","fileCount":1}` + "\n" + `{"name":"YQ=="}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := ReadOutcome("n", text)
		if err != nil {
			return
		}
		if o.Nonce != "n" || len(o.Files) > MaxFiles || len(o.Leaks) > MaxSome {
			t.Fatalf("%+v", o)
		}
		again, err := ReadOutcome(o.Nonce, encode(t, o))
		if err != nil || !reflect.DeepEqual(again.Files, o.Files) {
			t.Fatalf("%v: %+v is read back as %+v", err, o.Files, again)
		}
	})
}
