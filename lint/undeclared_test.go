package lint

import (
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// What a variable is called elsewhere is recognised, and a shell's operator hides nothing.
func TestUndeclaredHints(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"${OUT_DIR}": "did you mean OUTPUT_DIR?", "$OUTPUTDIR": "did you mean OUTPUT_DIR?", "$OUTPUT": "did you mean OUTPUT_DIR?", "$OUTDIR": "did you mean OUTPUT_DIR?",
		"$OUT": "did you mean OUTPUT_DIR?", "$OUTPUT_PATH": "did you mean OUTPUT_DIR?", "$INPUTIMAGE": "did you mean INPUT_IMAGE?", "$input_image": "the variable is spelled INPUT_IMAGE",
		"$OUT_DIR1": "did you mean OUT_DIR2?", "$ALLOCATED_CPU": "did you mean ALLOCATED_CPUS?", "$MEMORY": "did you mean ALLOCATED_MEM?", "$ALLOCATED_DISK": "declare the resource",
		"$ELSEWHERE": "declare it as an input",
	} {
		inputs := `{"name": "INPUT_IMAGE"}`
		if command == "$OUT_DIR1" {
			inputs = `{"name": "OUT_DIR2"}` // nearer than another name for OUTPUT_DIR
		}
		for _, after := range []string{"", " && echo done", " | tee log", " > log", "; echo", " $(id)", " &"} {
			text := `{"job": {"interface": {"command": "` + command + after + `", "inputs": {"files": [` + inputs + `]}}, "resources": {"scalar": [{"name": "cpus", "value": 1}, {"name": "mem", "value": 1}]}}}`
			found := false
			for _, d := range Manifest("it", seed.Parse([]byte(text)), Options{}).Diagnostics {
				found = found || d.Rule == &commandUndeclared.Rule && strings.HasPrefix(d.Hint, want) && d.Level() == diag.Warning
			}
			if !found {
				t.Errorf("%s%s: no %q", command, after, want)
			}
		}
	}
}
