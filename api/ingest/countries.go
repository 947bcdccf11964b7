package ingest

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

const maxCountry = 60 // bytes of a name

// otherNames are what countries are also called in English.
var otherNames = []string{"usa", "u.s.", "u.s.a.", "uk", "u.k.", "great britain", "england", "scotland", "wales", "northern ireland",
	"united states of america", "korea", "republic of korea", "ivory coast", "czech republic", "burma", "turkey", "soviet union",
	"west germany", "east germany", "yugoslavia", "czechoslovakia", "serbia and montenegro", "hong kong", "macau", "macedonia",
	"people's republic of china", "republic of ireland", "the netherlands", "the bahamas", "the gambia", "democratic republic of the congo",
	"republic of the congo", "russian federation", "cabo verde", "timor-leste", "palestine", "myanmar", "bosnia and herzegovina"}

// countries are their English names and ISO 3166 codes, in lower case.
var countries = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{}
	for _, name := range otherNames {
		set[name] = true
	}
	names := display.English.Regions()
	for first := 'A'; first <= 'Z'; first++ {
		for second := 'A'; second <= 'Z'; second++ {
			region, err := language.ParseRegion(string([]rune{first, second}))
			if err != nil || !region.IsCountry() || region.Canonicalize() != region {
				continue
			}
			name := strings.ToLower(names.Name(region))
			set[name], set[strings.ReplaceAll(name, " & ", " and ")] = true, true
			set[strings.ToLower(region.String())], set[strings.ToLower(region.ISO3())] = true, true
		}
	}
	return set
})

func isCountry(lower string) bool { return countries()[lower] }
