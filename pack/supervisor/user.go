//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// An account is the user as whom a job runs.
type account struct {
	uid, gid int
	groups   []uint32 // supplementary groups, including gid
	home     string
}

// accounts are the files with the names of users and groups. They need not exist.
type accounts struct{ passwd, group string }

// runnable returns the user as whom a job can run. Without root, as in Apptainer, that is the supervisor's own.
func runnable(user string) string {
	if uid := os.Geteuid(); uid != 0 {
		return fmt.Sprintf("%d:%d", uid, os.Getegid())
	}
	return user
}

// find reads USER as a Dockerfile has it: user or user:group, each a name or a number. Without a group, the group is
// that of the user's entry, and the groups that list the user are supplementary.
func (a accounts) find(user string) (*account, error) {
	name, group, hasGroup := strings.Cut(user, ":")
	if name == "" {
		name = "0"
	}
	acc := &account{home: "/"}
	entry := lookup(a.passwd, name, 7)
	switch id, err := parseID(name); {
	case entry != nil:
		var err1, err2 error
		acc.uid, err1 = parseID(entry[2])
		acc.gid, err2 = parseID(entry[3])
		if err1 != nil || err2 != nil {
			return nil, &misfit{fmt.Sprintf("user %q has the IDs %q and %q in %s, they should be numbers from 0 to %d", name, entry[2], entry[3], a.passwd, maxID),
				"correct the entry, or remove it and make the user in the Dockerfile with adduser or useradd"}
		}
		name, acc.home = entry[0], entry[5]
	case err == nil:
		acc.uid = id
	default:
		return nil, a.unknown("user", name, a.passwd)
	}
	if hasGroup && group != "" {
		return acc, a.setGroup(acc, group)
	}
	acc.groups = append(a.memberships(name), uint32(acc.gid))
	return acc, nil
}

func (a accounts) setGroup(acc *account, group string) (err error) {
	id := group
	if entry := lookup(a.group, group, 4); entry != nil {
		id = entry[2]
	}
	if acc.gid, err = parseID(id); err != nil {
		return a.unknown("group", group, a.group)
	}
	acc.groups = []uint32{uint32(acc.gid)}
	return nil
}

// unknown says what is wrong with a user or a group that is neither an entry of its file nor an ID.
func (a accounts) unknown(kind, name, file string) error {
	if digits := strings.TrimLeft(name, "+-"); digits != "" && strings.Trim(digits, "0123456789") == "" {
		return &misfit{fmt.Sprintf("%s %q is out of range: %s IDs are numbers from 0 to %d", kind, name, kind, maxID),
			fmt.Sprintf("give USER in the Dockerfile such a number, or the name of a %s that is in %s", kind, file)}
	}
	program := map[string]string{"user": "adduser or useradd", "group": "addgroup or groupadd"}[kind]
	return &misfit{fmt.Sprintf("%s %q is not in %s of the image", kind, name, file),
		fmt.Sprintf("make the %s in the Dockerfile with %s, or give USER a number such as 1000", kind, program)}
}

// maxID is the greatest ID of a user or a group that container runtimes accept.
const maxID = 1<<31 - 1

func parseID(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err
}

// lookup returns the entry whose first field is the name or whose third field is the number.
func lookup(file, key string, fields int) (found []string) {
	eachEntry(file, fields, func(e []string) {
		if found == nil && (e[0] == key || e[2] == key) {
			found = e
		}
	})
	return found
}

func (a accounts) memberships(user string) (groups []uint32) {
	eachEntry(a.group, 4, func(e []string) {
		if id, err := parseID(e[2]); err == nil && slices.Contains(strings.Split(e[3], ","), user) {
			groups = append(groups, uint32(id))
		}
	})
	return groups
}

func eachEntry(file string, fields int, do func([]string)) {
	f, err := os.Open(file)
	if err != nil {
		return
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if e := strings.Split(strings.TrimSpace(lines.Text()), ":"); len(e) >= fields && !strings.HasPrefix(e[0], "#") {
			do(e)
		}
	}
}
