package cases

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"strconv"
	"time"
)

// Samples are small, and real programs read them: a job that averages pixels or rows finds something to average. The same call
// gives the same bytes.

// sampleSide is the width and the height of images, in pixels.
const sampleSide = 64

// The area of samples, in degrees: a square of 0.64° west of Greenwich, so that a pixel has 0.01°.
const (
	sampleWest  = -1.0
	sampleNorth = 52.0
	samplePixel = 0.01
)

// inMemory returns what is written. Writing to memory cannot fail.
func inMemory(write func(io.Writer) error) []byte {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		panic(fmt.Sprint("write to memory: ", err))
	}
	return b.Bytes()
}

// gradient has red from left to right and green from top to bottom.
func gradient() image.Image {
	m := image.NewRGBA(image.Rect(0, 0, sampleSide, sampleSide))
	for y := range sampleSide {
		for x := range sampleSide {
			m.SetRGBA(x, y, color.RGBA{uint8(x * 4), uint8(y * 4), 128, 255})
		}
	}
	return m
}

func samplePNG() []byte {
	return inMemory(func(w io.Writer) error { return png.Encode(w, gradient()) })
}

func sampleJPEG() []byte {
	return inMemory(func(w io.Writer) error { return jpeg.Encode(w, gradient(), nil) })
}

func sampleGIF() []byte {
	m := image.NewPaletted(image.Rect(0, 0, sampleSide, sampleSide), palette.WebSafe)
	draw.Draw(m, m.Bounds(), gradient(), image.Point{}, draw.Src)
	return inMemory(func(w io.Writer) error { return gif.Encode(w, m, nil) })
}

// A tiffTag is an entry of a TIFF directory: its number, its type (3 short, 4 long, 12 double) and its values.
type tiffTag struct {
	number, kind uint16
	values       []float64
}

// sampleTIFF returns a GeoTIFF of one band of bytes, from 0 on the left to 252 on the right, in WGS 84. It is a plain TIFF for a
// program that does not look for places. Libraries write TIFF, but none in Go writes where it lies.
func sampleTIFF() []byte {
	pixels := make([]byte, 0, sampleSide*sampleSide)
	for range sampleSide {
		for x := range sampleSide {
			pixels = append(pixels, uint8(x*4))
		}
	}
	packed := inMemory(func(w io.Writer) error {
		z := zlib.NewWriter(w)
		if _, err := z.Write(pixels); err != nil {
			return err
		}
		return z.Close()
	})
	const header, deflate, blackIsZero, wgs84 = 8, 8, 1, 4326
	tags := []tiffTag{
		{256, 3, []float64{sampleSide}}, {257, 3, []float64{sampleSide}}, {258, 3, []float64{8}}, {259, 3, []float64{deflate}},
		{262, 3, []float64{blackIsZero}}, {273, 4, []float64{header}}, {277, 3, []float64{1}}, {278, 3, []float64{sampleSide}},
		{279, 4, []float64{float64(len(packed))}},
		{33550, 12, []float64{samplePixel, samplePixel, 0}},                                // ModelPixelScale
		{33922, 12, []float64{0, 0, 0, sampleWest, sampleNorth, 0}},                        // ModelTiepoint: the corner of the first pixel
		{34735, 3, []float64{1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, wgs84}}, // keys: geographic, pixels are areas, WGS 84
	}
	if len(packed)%2 == 1 {
		packed = append(packed, 0) // directories begin at even offsets
	}
	le := binary.LittleEndian
	at := header + len(packed)
	b := append([]byte("II*\x00"), 0, 0, 0, 0)
	le.PutUint32(b[4:], uint32(at))
	b = append(b, packed...)
	directory, values := le.AppendUint16(nil, uint16(len(tags))), []byte(nil)
	behind := at + 2 + 12*len(tags) + 4 // where values lie that do not fit into an entry
	for _, t := range tags {
		value := t.bytes()
		directory = le.AppendUint16(le.AppendUint16(directory, t.number), t.kind)
		directory = le.AppendUint32(directory, uint32(len(t.values)))
		if len(value) <= 4 {
			directory = append(directory, append(value, 0, 0, 0, 0)[:4]...)
			continue
		}
		directory = le.AppendUint32(directory, uint32(behind+len(values)))
		values = append(values, value...)
	}
	return append(append(b, le.AppendUint32(directory, 0)...), values...)
}

func (t tiffTag) bytes() (b []byte) {
	for _, v := range t.values {
		switch t.kind {
		case 3:
			b = binary.LittleEndian.AppendUint16(b, uint16(v))
		case 4:
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		default:
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
	}
	return b
}

// A samplePlace is one of ten places on a line across the area.
type samplePlace struct {
	id                  int
	name                string
	value               float64
	longitude, latitude float64
}

func samplePlaces() (all []samplePlace) {
	for i := range 10 {
		all = append(all, samplePlace{i + 1, fmt.Sprintf("place %d", i+1), 1.5 * float64(i), sampleWest + float64(i*6+3)/100, sampleNorth - float64(i*6+3)/100})
	}
	return all
}

func number(f float64) string { return strconv.FormatFloat(math.Round(f*1e6)/1e6, 'f', -1, 64) }

// sampleCSV has a header and ten rows.
func sampleCSV() []byte {
	rows := [][]string{{"id", "name", "value", "longitude", "latitude"}}
	for _, p := range samplePlaces() {
		rows = append(rows, []string{strconv.Itoa(p.id), p.name, number(p.value), number(p.longitude), number(p.latitude)})
	}
	return inMemory(func(w io.Writer) error { return csv.NewWriter(w).WriteAll(rows) })
}

// sampleGeoJSON has a feature for each place, the line through them and the area around them.
func sampleGeoJSON() []byte {
	var features, line []string
	feature := func(kind, coordinates, properties string) {
		features = append(features, fmt.Sprintf(`    {"type": "Feature", "geometry": {"type": %q, "coordinates": %s}, "properties": %s}`, kind, coordinates, properties))
	}
	for _, p := range samplePlaces() {
		at := "[" + number(p.longitude) + ", " + number(p.latitude) + "]"
		line = append(line, at)
		feature("Point", at, fmt.Sprintf(`{"id": %d, "name": %q, "value": %s}`, p.id, p.name, number(p.value)))
	}
	side := sampleSide * samplePixel
	west, east, north, south := number(sampleWest), number(sampleWest+side), number(sampleNorth), number(sampleNorth-side)
	feature("LineString", "["+joined(line)+"]", `{"id": 11, "name": "line", "value": 0}`)
	feature("Polygon", fmt.Sprintf("[[[%[1]s, %[4]s], [%[2]s, %[4]s], [%[2]s, %[3]s], [%[1]s, %[3]s], [%[1]s, %[4]s]]]", west, east, north, south),
		`{"id": 12, "name": "area", "value": 0}`)
	text := []byte("{\n  \"type\": \"FeatureCollection\",\n  \"features\": [\n" + joinedBy(features, ",\n") + "\n  ]\n}\n")
	if !json.Valid(text) {
		panic("the sample of GeoJSON is not JSON")
	}
	return text
}

func joined(all []string) string { return joinedBy(all, ", ") }

func joinedBy(all []string, by string) (text string) {
	for i, s := range all {
		if i > 0 {
			text += by
		}
		text += s
	}
	return text
}

// sampleZip has one file, the table.
func sampleZip() []byte {
	return inMemory(func(w io.Writer) error {
		z := zip.NewWriter(w)
		f, err := z.Create("made-up.csv")
		if err == nil {
			_, err = f.Write(sampleCSV())
		}
		if err != nil {
			return err
		}
		return z.Close()
	})
}

// sampleTar has one file, the table.
func sampleTar() []byte {
	return inMemory(func(w io.Writer) error {
		t, table := tar.NewWriter(w), sampleCSV()
		err := t.WriteHeader(&tar.Header{Name: "made-up.csv", Mode: 0o644, Size: int64(len(table)), ModTime: time.Unix(0, 0)})
		if err == nil {
			_, err = t.Write(table)
		}
		if err != nil {
			return err
		}
		return t.Close()
	})
}

// sampleGzip holds a line of text.
func sampleGzip() []byte {
	return inMemory(func(w io.Writer) error {
		z := gzip.NewWriter(w)
		if _, err := z.Write([]byte("made up\n")); err != nil {
			return err
		}
		return z.Close()
	})
}

// samplePDF has one empty page.
func samplePDF() []byte {
	b := []byte("%PDF-1.4\n")
	var offsets []int
	for i, object := range []string{"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Resources << >> >>"} {
		offsets = append(offsets, len(b))
		b = fmt.Appendf(b, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	table := len(b)
	b = fmt.Appendf(b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, at := range offsets {
		b = fmt.Appendf(b, "%010d 00000 n \n", at)
	}
	return fmt.Appendf(b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, table)
}
