package catalogue

// A SiloImage is an image as Silo's /images and /images/search/{query} give it. Members keep Silo's order.
type SiloImage struct {
	ID             int    `json:"ID"` // counts from 1
	RegistryID     int    `json:"RegistryId"`
	Name           string `json:"Name"` // repository:tag without the namespace
	Registry       string `json:"Registry"`
	Org            string `json:"Org"` // the namespace
	JobName        string `json:"JobName"`
	Title          string `json:"Title"`
	Maintainer     string `json:"Maintainer"`
	Email          string `json:"Email"`
	MaintOrg       string `json:"MaintOrg"`
	Description    string `json:"Description"`
	JobVersion     string `json:"JobVersion"`
	PackageVersion string `json:"PackageVersion"`
}

// Silo returns the images in the form of Silo, in their order.
func (c *Catalogue) Silo() []SiloImage {
	all := make([]SiloImage, 0, len(c.Images))
	for n := range c.Images {
		i := &c.Images[n]
		job := &i.Seed().Job
		host, _, _ := i.split()
		all = append(all, SiloImage{
			ID: n + 1, RegistryID: 1, Name: i.shortName(), Registry: host, Org: i.namespace(),
			JobName: job.Name, Title: job.Title, Maintainer: job.Maintainer.Name, Email: job.Maintainer.Email,
			MaintOrg: job.Maintainer.Organization, Description: job.Description,
			JobVersion: job.JobVersion, PackageVersion: job.PackageVersion,
		})
	}
	return all
}
