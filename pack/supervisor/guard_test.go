//go:build linux

package main

import (
	"strings"
	"testing"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// A job that runs as root can neither look into the supervisor nor write to it. So it does not know the nonce, and cannot forge
// what the supervisor prints.
func TestRefusesTracing(t *testing.T) {
	const script = `s=/proc/$PPID
[ "$(cat $s/comm)" ] || exit 2
for f in environ mem maps auxv; do head -c 1 $s/$f >/dev/null && echo "reads $f"; done 2>/dev/null
for f in mem fd/1; do echo x 2>/dev/null >>$s/$f && echo "writes $f"; done 2>/dev/null
readlink $s/cwd $s/root $s/exe && echo follows
set -- $(grep CapBnd /proc/self/status); [ $((0x$2 >> 19 & 1)) = 0 ] && [ $((0x$2 >> 38 & 1)) = 0 ] || echo "may trace"
env | grep SEEDPACK
exit 0`
	spec := shell(script)
	spec.User = "0:0"
	// The test has more capabilities than a container. Of those that trace, the supervisor has to drop all.
	caps := "-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+mknod,+setfcap,+sys_ptrace,+perfmon"
	o, _ := run(t, spec, "setpriv", "--bounding-set="+caps, "--inh-caps=-all")
	if got := string(o.Stdout.Head); o.Exit != 0 || got != "" {
		t.Errorf("exit status %d, and the job %s%s", o.Exit, got, o.Stderr.Head)
	}
}

// A supervisor that the job stops is continued by its parent, where it is not process 1, which cannot be stopped from within.
func TestStopped(t *testing.T) {
	spec := shell(`kill -STOP $PPID; echo stopped`)
	spec.User = "0:0"
	o, _ := run(t, spec)
	if o.Exit != 0 || string(o.Stdout.Head) != "stopped\n" {
		t.Errorf("%+v", o)
	}
}

// The supervisor says when the job begins and when nothing of it is left. Both come before the report.
func TestSaysBegunAndSettled(t *testing.T) {
	for _, script := range []string{"echo of the job", "sleep 100 & exit 3"} {
		_, said := run(t, shell(script))
		before, after, ok := strings.Cut(said, wire.Begun("n"))
		if !ok || before != "" || !strings.Contains(after, wire.Settled("n")) {
			t.Errorf("%s: it says %q", script, said)
		}
	}
	spec := shell("")
	spec.Args = []string{"/none"}
	if _, said := run(t, spec); !strings.Contains(said, wire.Settled("n")) {
		t.Errorf("a job that cannot start: it says %q", said)
	}
}
