package dockerfile

import (
	"testing"

	"github.com/seedpack/seedpack/diag"
)

// A base image for another platform makes an image that does not run. That is a warning; other checks give notices.
func TestWarningSeverity(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]diag.Severity{"InvalidBaseImagePlatform": diag.Warning, "StageNameCasing": diag.Notice} {
		found := WarningReport("Dockerfile", []byte("FROM a\n"), []Warning{{Name: name, Text: "text", First: 1}})
		if len(found.Diagnostics) != 1 || found.Diagnostics[0].Level() != want {
			t.Errorf("%s: %+v", name, found.Diagnostics)
		}
	}
}
