package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// What an image may consist of. Anything else that the library might write one day is an error, not an image.
var (
	elements   = map[string]bool{"svg": true, "path": true, "circle": true, "text": true}
	attributes = map[string]bool{
		"d": true, "cx": true, "cy": true, "r": true, "x": true, "y": true, "transform": true, "viewBox": true,
		"stroke-dasharray": true, "stroke-width": true, "stroke": true, "fill": true, "font-size": true,
	}
)

// The library names the font it measures with; browsers seldom have it, and these are about as wide.
const fonts = "Roboto, Arial, Helvetica, 'Liberation Sans', sans-serif"

// restrict writes the library's image again with only the elements and attributes above, its style attributes as
// attributes of their own, a size, and the title for those who cannot see the image.
func restrict(image []byte, title string) ([]byte, error) {
	var out bytes.Buffer
	decoder := xml.NewDecoder(bytes.NewReader(image))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return out.Bytes(), nil
		}
		if err != nil {
			return nil, fmt.Errorf("read drawn image: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			err = writeStart(&out, t, title)
		case xml.EndElement:
			out.WriteString("</" + t.Name.Local + ">")
		case xml.CharData:
			err = xml.EscapeText(&out, t)
		default:
			err = fmt.Errorf("drawn image has an unexpected %T", t)
		}
		if err != nil {
			return nil, err
		}
	}
}

func writeStart(out *bytes.Buffer, start xml.StartElement, title string) error {
	name := start.Name.Local
	if !elements[name] {
		return fmt.Errorf("drawn image has an unexpected element %s", name)
	}
	out.WriteString("<" + name)
	for _, a := range start.Attr {
		if err := writeAttribute(out, a); err != nil {
			return err
		}
	}
	if name != "svg" {
		out.WriteString(">")
		return nil
	}
	fmt.Fprintf(out, ` xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" role="img" font-family="%s"><title>`, Width, Height, fonts)
	err := xml.EscapeText(out, []byte(title))
	out.WriteString("</title>")
	return err
}

func writeAttribute(out *bytes.Buffer, a xml.Attr) error {
	switch name := a.Name.Local; {
	case name == "xmlns" || a.Name.Space == "xmlns" || name == "font-family":
		return nil
	case name == "style":
		for declaration := range strings.SplitSeq(a.Value, ";") {
			property, value, _ := strings.Cut(declaration, ":")
			if err := writeAttribute(out, xml.Attr{Name: xml.Name{Local: property}, Value: value}); err != nil {
				return err
			}
		}
		return nil
	case !attributes[name] || a.Name.Space != "":
		return fmt.Errorf("drawn image has an unexpected attribute %s", name)
	default:
		out.WriteString(" " + name + `="`)
		err := xml.EscapeText(out, []byte(a.Value))
		out.WriteString(`"`)
		return err
	}
}
