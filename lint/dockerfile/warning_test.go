package dockerfile

import (
	"testing"

	"github.com/seedpack/seedpack/diag"
)

// BuildKit's checks give notices, also that of a base image for another platform: whether the programs of the image are for its
// platform is seen in the image.
func TestWarningSeverity(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]diag.Severity{"InvalidBaseImagePlatform": diag.Notice, "StageNameCasing": diag.Notice} {
		found := WarningReport("Dockerfile", []byte("FROM a\n"), []Warning{{Name: name, Text: "text", First: 1}})
		if len(found.Diagnostics) != 1 || found.Diagnostics[0].Level() != want {
			t.Errorf("%s: %+v", name, found.Diagnostics)
		}
	}
}
