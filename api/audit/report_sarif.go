package audit

import (
	"maps"
	"slices"
	"strings"
)

// The parts of SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0) that are used here.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string             `json:"id"`
		ShortDescription sarifText          `json:"shortDescription"`
		FullDescription  sarifText          `json:"fullDescription"`
		HelpURI          string             `json:"helpUri"`
		Configuration    sarifConfiguration `json:"defaultConfiguration"`
	}
	sarifConfiguration struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID              string             `json:"ruleId"`
		RuleIndex           int                `json:"ruleIndex"`
		Level               string             `json:"level"`
		Message             sarifText          `json:"message"`
		Locations           []sarifLocation    `json:"locations,omitempty"`
		PartialFingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions        []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifLocation struct {
		PhysicalLocation *sarifPhysical `json:"physicalLocation,omitempty"`
		LogicalLocations []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		ArtifactLocation struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region struct {
			StartLine int `json:"startLine"`
		} `json:"region"`
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
		Kind               string `json:"kind"`
	}
	sarifSuppression struct {
		Kind string `json:"kind"`
	}
)

const documentation = "https://github.com/insightforge/insightforge/blob/main/docs/audit.md"

// newSarif is a log without results.
func newSarif(rules []sarifRule) sarifLog {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{"insightforge audit", documentation, rules}
	return sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}}
}

// sarif is the report for what collects findings of static analysis.
func (r *Report) sarif() sarifLog {
	ids := slices.Sorted(maps.Keys(Lints))
	var rules []sarifRule
	for _, id := range ids {
		l := Lints[id]
		rules = append(rules, sarifRule{id, sarifText{l.Title}, sarifText{l.Meaning}, documentation + "#" + id, sarifConfiguration{string(l.Level)}})
	}
	log := newSarif(rules)
	for _, f := range r.Findings {
		log.Runs[0].Results = append(log.Runs[0].Results, f.sarif(slices.Index(ids, f.ID)))
	}
	return log
}

func (f Finding) sarif(rule int) sarifResult {
	text := printable(f.Detail)
	for _, effect := range f.Effects {
		text += "\n" + printable(effect)
	}
	if f.Mend != "" {
		text += "\nTo mend: " + printable(f.Mend)
	}
	result := sarifResult{RuleID: f.ID, RuleIndex: rule, Level: string(f.Level), Message: message(text),
		PartialFingerprints: map[string]string{"finding/v1": f.ID + " " + strings.Join(f.Objects, ", ")}}
	for _, object := range f.Objects[:min(1, len(f.Objects))] {
		result.Locations = append(result.Locations, location(object))
	}
	if f.Accepted {
		result.Suppressions = []sarifSuppression{{"external"}}
	}
	return result
}

// message is a text in which a name makes no link.
func message(text string) sarifText { return sarifText{strings.ReplaceAll(text, "](", `\](`)} }

// location of an object: its name, and the file of this repository that says how it should be, if there is one.
func location(object string) sarifLocation {
	kind, name, ok := strings.Cut(object, " ")
	if !ok {
		name = object
	}
	l := sarifLocation{LogicalLocations: []sarifLogical{{name, kind}}}
	if file := fileOf(object); file != "" {
		l.PhysicalLocation = &sarifPhysical{}
		l.PhysicalLocation.ArtifactLocation.URI = file
		l.PhysicalLocation.Region.StartLine = 1
	}
	return l
}

func fileOf(object string) string {
	for _, t := range targets {
		if strings.Contains(object+" ", " app."+t.name+" ") {
			return "policies/" + t.name + ".sql"
		}
	}
	switch {
	case strings.HasPrefix(object, "function app.begin_"):
		return "policies/begin.sql"
	case strings.HasPrefix(object, "function app."):
		return "policies/context.sql"
	case strings.HasPrefix(object, "role "), strings.HasPrefix(object, "database "):
		return "sql/roles.sql"
	default:
		return ""
	}
}

// sarif tells what was widened as errors, and what was narrowed as notes.
func (c *Comparison) sarif() sarifLog {
	rule := func(id, title, level string) sarifRule {
		return sarifRule{id, sarifText{title}, sarifText{title + ": insightforge audit --against"}, documentation, sarifConfiguration{level}}
	}
	log := newSarif([]sarifRule{rule("widened", "A caller may do what was refused before", "error"), rule("narrowed", "A caller may no longer do what was allowed before", "note")})
	add := func(index int, sentences []string) {
		for _, s := range sentences {
			of := log.Runs[0].Tool.Driver.Rules[index]
			log.Runs[0].Results = append(log.Runs[0].Results, sarifResult{RuleID: of.ID, RuleIndex: index, Level: of.Configuration.Level,
				Message: message(printable(s)), PartialFingerprints: map[string]string{"sentence/v1": s}})
		}
	}
	add(0, c.Widened)
	add(1, c.Narrowed)
	return log
}
