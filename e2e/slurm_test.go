package e2e

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// This file runs exported jobs in a real Slurm of one node, which the test starts and ends.

// A cluster is a Slurm of this machine alone: munged, slurmctld and slurmd, all with files and ports of their own.
type cluster struct {
	dir string
	env []string
}

const slurmConf = `ClusterName=seedpack
SlurmctldHost=HOST(127.0.0.1)
SlurmctldPort=CONTROL
SlurmdPort=NODE
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=DIR/munge/socket
CredType=cred/munge
StateSaveLocation=DIR/state
SlurmdSpoolDir=DIR/spool
SlurmctldPidFile=DIR/slurmctld.pid
SlurmdPidFile=DIR/slurmd.pid
SlurmctldLogFile=DIR/slurmctld.log
SlurmdLogFile=DIR/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,batch_sched_delay=0
MpiDefault=none
KillWait=3
ReturnToService=2
SlurmdParameters=config_overrides
NodeName=HOST NodeAddr=127.0.0.1 Port=NODE CPUs=8 RealMemory=16000 TmpDisk=100000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`

// startSlurm starts a Slurm, which ends with the test. Its jobs find the Podman on their PATH.
func startSlurm(t *testing.T, p *podman) *cluster {
	t.Helper()
	needPrograms(t, "munged", "slurmctld", "slurmd", "sbatch")
	dir, err := os.MkdirTemp("", "seedpack-slurm-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ = strings.Cut(host, ".")
	text := strings.NewReplacer("HOST", host, "DIR", dir, "CONTROL", freePort(t), "NODE", freePort(t)).Replace(slurmConf)
	errs := []error{os.Chmod(dir, 0o755), os.WriteFile(filepath.Join(dir, "slurm.conf"), []byte(text), 0o644)}
	for _, sub := range []string{"state", "spool", "munge"} {
		errs = append(errs, os.Mkdir(filepath.Join(dir, sub), 0o755))
	}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	c := &cluster{dir: dir, env: append(os.Environ(), "SLURM_CONF="+dir+"/slurm.conf", p.path())}
	c.startMunge(t)
	c.start(t, "slurmctld", nil, "-D", "-c")
	c.start(t, "slurmd", nil, "-D", "-N", host)
	wait(t, 60*time.Second, "the node to be idle", func() bool {
		out, _ := c.command("sinfo", "-h", "-o", "%t").Output()
		return strings.TrimSpace(string(out)) == "idle"
	})
	// Jobs are cancelled before the daemons are stopped, or their steps stay.
	t.Cleanup(func() {
		_ = c.command("scancel", "--full", "--state=RUNNING").Run()
		for range 100 {
			if out, err := c.command("squeue", "-h").Output(); err != nil || len(out) == 0 {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	return c
}

// startMunge starts the daemon that signs messages. It runs as its own user, as it wants to.
func (c *cluster) startMunge(t *testing.T) {
	t.Helper()
	dir := filepath.Join(c.dir, "munge")
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte(strings.Repeat("seedpack", 16)), 0o600); err != nil {
		t.Fatal(err)
	}
	attributes := &syscall.SysProcAttr{}
	if u, err := user.Lookup("munge"); err == nil {
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := errors.Join(os.Chown(dir, uid, gid), os.Chown(key, uid, gid)); err != nil {
			t.Fatal(err)
		}
	}
	socket := filepath.Join(dir, "socket")
	c.start(t, "munged", attributes, "--foreground", "--force", "--key-file="+key, "--socket="+socket, "--pid-file="+dir+"/pid", "--log-file="+dir+"/log",
		"--seed-file="+dir+"/seed", "--num-threads=2")
	wait(t, 20*time.Second, "munged", func() bool {
		conn, err := net.Dial("unix", socket)
		return err == nil && conn.Close() == nil
	})
}

// start starts a daemon, which gets TERM at the end of the test, and then KILL.
func (c *cluster) start(t *testing.T, name string, attributes *syscall.SysProcAttr, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path = "/usr/sbin/" + name
	}
	// A shell keeps the daemon, and ends it when its input ends: with the test, or with a test process that is killed.
	const keeper = `"$@" & daemon=$!; read -r _; kill -TERM "$daemon"; wait "$daemon"`
	cmd := exec.Command("sh", append([]string{"-c", keeper, "sh", path}, args...)...)
	cmd.Env, cmd.SysProcAttr = c.env, attributes
	alive, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(c.dir, name+".out"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		if t.Failed() {
			for _, file := range []string{name + ".out", name + ".log"} {
				if text, err := os.ReadFile(filepath.Join(c.dir, file)); err == nil {
					t.Logf("%s:\n%s", file, text[max(0, len(text)-3000):])
				}
			}
		}
		_ = alive.Close()
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
	})
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// wait asks until something is so.
func wait(t *testing.T, limit time.Duration, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited for %s", what)
		}
	}
}

func (c *cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = c.env
	return cmd
}

// submit hands in a script and returns the number of the job.
func (c *cluster) submit(t *testing.T, p *prepared, script string, options ...string) string {
	t.Helper()
	args := append(append([]string{"--parsable"}, options...), script)
	cmd := c.command("sbatch", append(args, p.arguments()...)...)
	cmd.Env, cmd.Dir = append(c.env, p.environment()...), p.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("sbatch: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// result waits for the end of a job, and returns its exit status and its log.
func (c *cluster) result(t *testing.T, p *prepared, job string) (status int, log string) {
	t.Helper()
	var said string
	field := func(name string) string {
		_, rest, _ := strings.Cut(said, " "+name+"=")
		value, _, _ := strings.Cut(strings.ReplaceAll(rest, "\n", " "), " ")
		return value
	}
	wait(t, 2*time.Minute, "job "+job, func() bool {
		out, err := c.command("scontrol", "show", "job", job).CombinedOutput()
		if said = string(out); err != nil {
			t.Fatalf("scontrol: %v: %s", err, said)
		}
		state := field("JobState")
		return state != "PENDING" && state != "RUNNING" && state != "COMPLETING" && state != "CONFIGURING"
	})
	if _, err := fmt.Sscanf(field("ExitCode"), "%d:", &status); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	text, err := os.ReadFile(field("StdOut"))
	if err != nil {
		t.Error(err)
	}
	return status, string(text)
}

// TestSlurm proves that exported jobs run in Slurm as their manifests say, that errors have their names there, and that no
// container is left.
func TestSlurm(t *testing.T) {
	t.Parallel()
	p := needPodman(t)
	c := startSlurm(t, p)
	jobs := exportedJobs(t)
	scripts := map[string]string{}
	for name, dir := range jobs {
		scripts[name] = filepath.Join(export(t, "slurm", dir, name), "job.sbatch")
		if out, err := c.command("sbatch", "--test-only", scripts[name]).CombinedOutput(); err != nil {
			t.Errorf("%s: sbatch --test-only: %v\n%s", name, err, out)
		}
	}
	t.Run("trials", func(t *testing.T) {
		submitted, numbers := []*prepared{}, []string{}
		for _, tr := range trials {
			p := prepare(t, tr, jobs[tr.job])
			submitted, numbers = append(submitted, p), append(numbers, c.submit(t, p, scripts[tr.job]))
		}
		t.Run("cancelled", func(t *testing.T) {
			t.Parallel()
			c.cancelled(t, scripts["ignores-term"])
		})
		t.Run("tasks", func(t *testing.T) {
			t.Parallel()
			c.tasks(t, scripts["image-watermark"])
		})
		for i, p := range submitted {
			t.Run(p.name, func(t *testing.T) {
				status, log := c.result(t, p, numbers[i])
				p.check(t, status, log)
			})
		}
	})
}

// cancelled cancels a job that does not end on TERM. Its container ends before Slurm kills the launcher.
func (c *cluster) cancelled(t *testing.T, script string) {
	p := prepare(t, trial{}, ".")
	number := c.submit(t, p, script, "--time=5")
	log := filepath.Join(p.dir, fmt.Sprintf("ignores-term-%s.out", number))
	wait(t, time.Minute, "the job to begin", func() bool {
		text, _ := os.ReadFile(log)
		return strings.Contains(string(text), "begun")
	})
	if out, err := c.command("scancel", number).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	wait(t, time.Minute, "the job to end", func() bool {
		out, _ := c.command("squeue", "-h", "-j", number).Output()
		return len(out) == 0
	})
	text, err := os.ReadFile(log)
	if err != nil || !strings.Contains(string(text), "ended from outside, with status 143") {
		t.Errorf("%v: the log of the cancelled job is\n%s", err, text)
	}
	mode, err := os.Stat(p.out)
	if err != nil || mode.Mode().Perm() == 0o777 {
		t.Errorf("%v: OUTPUT_DIR is left open: %v", err, mode.Mode())
	}
}

// tasks runs an array, each task of which takes a line of a file.
func (c *cluster) tasks(t *testing.T, script string) {
	p := prepare(t, trial{}, ".")
	inputs, err := filepath.Abs("testdata/jobs/image-watermark/inputs")
	if err != nil {
		t.Fatal(err)
	}
	lines := fmt.Sprintf("INPUT_IMAGE=%s/icon.png OUTPUT_DIR=%s/one\n", inputs, p.dir) +
		fmt.Sprintf("  INPUT_IMAGE='%s/landscape.png'\tOUTPUT_DIR=\"%s/the second\"\n", inputs, p.dir) +
		fmt.Sprintf("INPUT_IMAGE=%s/icon.png", inputs)
	file := filepath.Join(p.dir, "tasks.txt")
	if err := os.WriteFile(file, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	p.out = filepath.Join(p.dir, "base")
	cmd := c.command("sbatch", "-W", "--array=1-3", script, "--tasks", file, "OUTPUT_DIR="+p.out)
	cmd.Dir = p.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	checkFiles(t, p.dir, map[string]string{"one/icon_watermark.png": "", "the second/landscape_watermark.png": "", "base/3/icon_watermark.png": ""})
}
