package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Kept is one part of what the private builder keeps in the cache directory.
type Kept struct {
	What string `json:"what"`
	Path string `json:"path"`
	Size int64  `json:"size"` // bytes on the disk
	// InUse is true while a builder runs that needs it.
	InUse bool `json:"inUse"`
	// Spare is true for what a next build does not need: it is as fast without.
	Spare bool `json:"spare"`

	root bool // a root directory of a daemon, which has a lock
}

// prunedPrefix begins the names of root directories that are being removed.
const prunedPrefix = ".pruned-"

// Cache lists what is kept in a cache directory, which need not exist. The first root directory and the program of this
// version serve the next build; all others are spare.
func Cache(dir string) ([]Kept, error) {
	if dir == "" {
		return nil, errors.New("there is no cache directory: set HOME or XDG_CACHE_HOME")
	}
	roots, err := keptRoots(filepath.Join(dir, "buildkit"))
	if err != nil {
		return nil, err
	}
	running := slices.ContainsFunc(roots, func(k Kept) bool { return k.InUse })
	programs, err := keptPrograms(dir, running)
	if err != nil {
		return nil, err
	}
	all := append(roots, programs...)
	for i := range all {
		if all[i].Size, err = diskUsage(all[i].Path); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// keptRoots lists the root directories of daemons, and what is left of those that were being removed.
func keptRoots(dir string) (all []Kept, err error) {
	entries, err := entriesOf(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		k := Kept{Path: filepath.Join(dir, e.Name()), What: "build cache", root: true}
		n, err := strconv.Atoi(e.Name())
		switch {
		case !e.IsDir():
			continue
		case strings.HasPrefix(e.Name(), prunedPrefix):
			k.What, k.Spare, k.root = "left over", true, false
		case err != nil:
			continue // it is not ours
		default:
			k.Spare = n > 0
			if k.InUse, err = isLocked(k.Path); err != nil {
				return nil, err
			}
		}
		all = append(all, k)
	}
	return all, nil
}

// isLocked reports whether a daemon runs in a root directory.
func isLocked(root string) (bool, error) {
	lock := filepath.Join(root, lockName)
	if _, err := os.Lstat(lock); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	unlock, err := lockFile(lock)
	if errors.Is(err, errLocked) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, unlock()
}

// keptPrograms lists the programs that were built, and what is left of builds that were killed.
func keptPrograms(cache string, running bool) (all []Kept, err error) {
	current, err := cachedBuildkitd(cache)
	if err != nil {
		return nil, err
	}
	entries, err := entriesOf(filepath.Dir(current))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		k := Kept{Path: filepath.Join(filepath.Dir(current), e.Name()), What: strings.Replace(e.Name(), "-", " ", 1)}
		switch {
		case strings.HasPrefix(e.Name(), ".build-"):
			k.What, k.Spare, k.InUse = "left over", true, !isOld(k.Path)
		case !strings.HasPrefix(e.Name(), "buildkitd-"):
			continue
		default:
			k.Spare, k.InUse = k.Path != current, running
		}
		all = append(all, k)
	}
	return all, nil
}

// isOld reports whether nobody has written to a directory for so long that its build must have been killed.
func isOld(dir string) bool {
	const longest = time.Hour
	info, err := os.Stat(dir)
	return err == nil && time.Since(info.ModTime()) > longest
}

func entriesOf(dir string) ([]os.DirEntry, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return entries, err
}

// diskUsage returns how many bytes of a disk a file or directory takes. What vanishes or cannot be read meanwhile counts as
// nothing, and so does what is mounted there. A file with several names counts once.
func diskUsage(path string) (total int64, err error) {
	seen := map[fileID]bool{}
	var device uint64
	err = filepath.WalkDir(path, func(at string, e fs.DirEntry, err error) error {
		if err != nil {
			if e != nil && e.IsDir() && at != path {
				return filepath.SkipDir
			}
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return nil
		}
		id, size := identify(info)
		switch {
		case at == path:
			device = id.device
		case id.device != device && e.IsDir():
			return filepath.SkipDir
		case id.device != device || seen[id] && id.inode != 0:
			return nil
		}
		seen[id] = true
		total += size
		return nil
	})
	return total, err
}

// A fileID tells files apart.
type fileID struct{ device, inode uint64 }

// Prune removes what is spare, or with all everything. It never removes what a running builder uses. It returns what it
// removed and what it left because of that. If something cannot be removed, the rest is.
func Prune(ctx context.Context, dir string, all bool) (removed, left []Kept, err error) {
	kept, err := Cache(dir)
	if err != nil {
		return nil, nil, err
	}
	var errs []error
	for _, k := range kept {
		switch {
		case !all && !k.Spare:
			continue
		case ctx.Err() != nil:
			return removed, left, errors.Join(append(errs, context.Cause(ctx))...)
		case k.InUse:
			left = append(left, k)
			continue
		}
		err := k.remove(ctx)
		switch {
		case errors.Is(err, errLocked):
			left = append(left, k)
		case err != nil:
			errs = append(errs, fmt.Errorf("remove %s: %w", k.Path, err))
		default:
			removed = append(removed, k)
		}
	}
	return removed, left, errors.Join(errs...)
}

// remove removes what is kept. A root directory is locked and gets another name first, so that no builder begins in it.
func (k *Kept) remove(ctx context.Context) error {
	if !k.root {
		return removeAll(ctx, k.Path)
	}
	unlock, err := lockFile(filepath.Join(k.Path, lockName))
	if err != nil {
		return err
	}
	if exists(filepath.Join(k.Path, recordFile)) { // a run was killed, and left mounts that must not be removed with it
		runtime, err := ociRuntime()
		if err == nil {
			err = cleanRoot(ctx, k.Path, runtime)
		}
		if err != nil {
			return errors.Join(err, unlock())
		}
	}
	aside, err := os.MkdirTemp(filepath.Dir(k.Path), prunedPrefix)
	if err == nil {
		err = os.Rename(k.Path, filepath.Join(aside, "root"))
	}
	if err := errors.Join(err, unlock()); err != nil {
		return err
	}
	return removeAll(ctx, aside)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// removeAll removes a directory. Without root, its files may belong to users that only rootlesskit can become.
func removeAll(ctx context.Context, path string) error {
	err := os.RemoveAll(path)
	if err == nil || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	launcher, _ := rootLauncher()
	if len(launcher) == 0 {
		return err
	}
	if out, rootErr := exec.CommandContext(ctx, launcher[0], "rm", "-rf", "--", path).CombinedOutput(); rootErr != nil {
		return fmt.Errorf("%w\nrootlesskit rm: %w %s", err, rootErr, strings.TrimSpace(string(out)))
	}
	return nil
}

// Free returns how many bytes may still be written to the disk of a directory, or 0 if that is unknown.
func Free(dir string) uint64 { return freeBytes(dir) }
