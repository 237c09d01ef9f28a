package cases

import (
	"runtime"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

// A file twice as long costs about twice as much, also if each line has a finding. Bytes of memory stand for the work, since
// they do not depend on the machine.
func TestWorkGrowsWithTheText(t *testing.T) {
	work := func(lines int) uint64 {
		text := []byte(strings.Repeat("a: 1\n", lines))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		Read("seed.smoke.yaml", text, seed.Parse(nil), nil)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	if once, twice := work(5_000), work(10_000); twice > 3*once {
		t.Errorf("5,000 lines take %d bytes, 10,000 take %d", once, twice)
	}
}
