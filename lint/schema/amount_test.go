package schema

import (
	"fmt"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

func TestAmount(t *testing.T) {
	t.Parallel()
	src := seed.ParseJSON([]byte(`{"job": {"timeout": 1, "resources": {"scalar": [{"name": "mem"}, {"name": "cpus"}, {"name": "other"}]}}}`))
	const memory, cpus, timeout seed.Pointer = "/job/resources/scalar/0/value", "/job/resources/scalar/1/value", "/job/timeout"
	for _, tt := range []struct {
		at   seed.Pointer
		text string
		want string
	}{
		{memory, `"4Gi"`, "4096 MiB true"}, {memory, "512Mi", "512 MiB true"}, {memory, "512 MiB", "512 MiB true"}, {memory, "1TiB", "1048576 MiB true"}, {memory, "512Ki", "0.5 MiB true"},
		{memory, "2 gibibytes", "2048 MiB true"}, {memory, "2GB", "2048 MiB false"}, {memory, "2g", "2048 MiB false"}, {memory, "100 megabytes", "  false"}, {memory, "1.5Gi", "1536 MiB true"},
		{memory, "512", "  false"}, {memory, "Gi", "  false"}, {memory, "4Xi", "  false"}, {memory, "-4Gi", "  false"}, {memory, "1.2.3Gi", "  false"}, {memory, "", "  false"},
		{cpus, "500m", "0.5 cpus true"}, {cpus, "2 cores", "2 cpus true"}, {cpus, "1 vCPU", "1 cpus true"}, {cpus, "2Gi", "  false"},
		{timeout, "1h", "3600 seconds true"}, {timeout, "1h30m", "5400 seconds true"}, {timeout, "90 min", "5400 seconds true"}, {timeout, "PT1H30M", "5400 seconds true"},
		{timeout, "01:30:00", "5400 seconds true"}, {timeout, "1d", "86400 seconds true"}, {timeout, "500ms", "  false"}, {timeout, "1:30", "  false"}, {timeout, "soon", "  false"}, {timeout, "PT", "  false"},
		{"/job/resources/scalar/2/value", "4Gi", "  false"}, {"/job/title", "4Gi", "  false"},
	} {
		number, unit, exact := Amount(src, tt.at, tt.text)
		if number == "" {
			unit, exact = "", false
		}
		if got := fmt.Sprintf("%s %s %v", number, unit, exact); got != tt.want {
			t.Errorf("%s at %s: %q, want %q", tt.text, tt.at, got, tt.want)
		}
	}
}

func TestASCII(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"größe": "groesse", "Ärger": "Aerger", "naïve-Łódź": "naive-Lodz", "e\u0301t\u00e9": "ete", "a b·c": "a b·c", "размер": "", "名前": "", "x²": ""} {
		if got, _ := ascii(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
