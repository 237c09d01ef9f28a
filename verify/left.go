package verify

import (
	"bytes"
	"encoding/hex"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// Left returns what the runs of each case left behind, on all platforms, for cases.Update. The results must be those of Smoke with
// Options.Update, for the same cases.
func Left(m *seed.Manifest, results ...*Result) (all []cases.Left) {
	if len(results) == 0 {
		return nil
	}
	for i, c := range results[0].Cases {
		left := cases.Left{Case: c.Name, Skipped: c.Reason}
		var runs []*Run
		for _, result := range results {
			switch c := result.Cases[i]; c.Verdict {
			case Passed:
				runs = append(runs, c.runs...)
			case Failed:
				left.Skipped = "it failed, see above"
			case Inconclusive:
				left.Skipped = "it came to no conclusion, see above"
			case Skipped:
			}
		}
		if len(runs) > 0 && (left.Skipped == c.Reason || left.Skipped == "") {
			left = observe(m, c.Name, runs)
		}
		all = append(all, left)
	}
	return all
}

// observe puts together what runs of one case left.
func observe(m *seed.Manifest, name string, runs []*Run) cases.Left {
	left := cases.Left{Case: name}
	for i, out := range m.Job.Interface.Outputs.Files {
		if o, ok := observeOutput(out.Name, i, runs); ok {
			left.Outputs = append(left.Outputs, o)
		}
	}
	if !runs[0].succeeded() {
		return left
	}
	for _, out := range m.Job.Interface.Outputs.JSON {
		o := cases.LeftJSON{Name: out.Name, Value: runs[0].jsonValue(out)}
		for _, run := range runs[1:] {
			if v := run.jsonValue(out); (v == nil) != (o.Value == nil) || v != nil && !sameJSON(v, o.Value) {
				o.Differs = true
			}
		}
		left.JSON = append(left.JSON, o)
	}
	return left
}

// observeOutput is false for a run without outputs.
func observeOutput(name string, output int, runs []*Run) (o cases.LeftOutput, ok bool) {
	o.Name = name
	var first *pack.File
	for n, run := range runs {
		if output >= len(run.Files) {
			return o, false
		}
		files := run.Files[output].Files
		if n == 0 {
			o.Count = len(files)
		}
		o.CountDiffers = o.CountDiffers || len(files) != o.Count
		for _, f := range files {
			target, _ := run.resolve(f)
			if first == nil {
				first = target
				o.MinSize, o.MaxSize = target.Size, target.Size
				o.MediaType, o.SHA256, o.Content, o.JSON = mediaType(target), hex.EncodeToString(target.Sum), collected(target), jsonContent(target)
				continue
			}
			o.MinSize, o.MaxSize = min(o.MinSize, target.Size), max(o.MaxSize, target.Size)
			if mediaType(target) != o.MediaType {
				o.MediaType = ""
			}
			if !bytes.Equal(target.Sum, first.Sum) {
				o.SHA256, o.Content = "", nil
			}
			if o.JSON != nil && !sameJSON(target.Content, o.JSON) {
				o.JSON = nil
			}
		}
	}
	return o, true
}

// mediaType returns what the content of a file says, without parameters; "" of an empty one.
func mediaType(f *pack.File) string {
	if len(f.Content) == 0 {
		return ""
	}
	found, _, _ := strings.Cut(mimetype.Detect(f.Content).String(), ";")
	return found
}

func collected(f *pack.File) []byte {
	if !f.Collected {
		return nil
	}
	return append([]byte{}, f.Content...)
}

func jsonContent(f *pack.File) []byte {
	if !f.Collected || len(seed.ParseJSON(f.Content).Problems) > 0 {
		return nil
	}
	return f.Content
}
