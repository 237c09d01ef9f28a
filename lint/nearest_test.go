package lint

import "testing"

func TestDistance(t *testing.T) {
	tests := []struct {
		a, b  string
		limit int
		want  int
	}{
		{"INPUT", "INPUT", 3, 0},
		{"INPUT_FIEL", "INPUT_FILE", 3, 1},
		{"INN", "IN", 3, 1},
		{"IN", "", 3, 2},
		{"", "INPUT", 3, 3},
		{"ABC", "XYZ", 3, 3},
		{"ABCDEF", "UVWXYZ", 3, 3},
		{"INPUT", "INPTU_", 3, 2},
	}
	for _, tt := range tests {
		if got := distance(tt.a, tt.b, tt.limit); got != tt.want {
			t.Errorf("distance(%q, %q, %d) = %d, want %d", tt.a, tt.b, tt.limit, got, tt.want)
		}
	}
}
