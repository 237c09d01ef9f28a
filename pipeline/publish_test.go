package pipeline

import "testing"

func TestNextVersion(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"1.0.0": "1.0.1", "0.1.9": "0.1.10", "1.0.3-rc.1": "1.0.3", "1.0": "", "1.0.x": "", "1.0.99999999999": "", "": "",
	} {
		if got := nextVersion(version); got != want {
			t.Errorf("after %q comes %q, want %q", version, got, want)
		}
	}
}
