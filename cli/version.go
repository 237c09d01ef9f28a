package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

func newVersionCommand(p *Process) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(p.Stdout, p.versionLine())
			return err
		},
	}
}

// versionLine is what version and --version print.
func (p *Process) versionLine() string {
	return fmt.Sprintf("seedpack %s %s/%s", p.version(), runtime.GOOS, runtime.GOARCH)
}
