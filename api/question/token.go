package question

import (
	"regexp"
	"strings"
	"unicode"
)

// token is a word, a quoted text, a number, a comparison sign or a comma.
type token struct {
	text   string // as written
	word   string // in lower case; empty if quoted
	quoted bool
	parts  []string // stems of the words it is made of, such as temp and max in temp_max
}

var lexeme = regexp.MustCompile(`"[^"]*"|“[^”]*”|‘[^’]*’|'[^']*'` + // quoted
	`|>=|<=|!=|<>|==|[<>=≥≤≠,]` +
	`|-?\d{1,3}(?:,\d{3})+(?:\.\d+)?\b` + // 5,000.5
	`|[^\s<>=≥≤≠,"“”]+`)

var signs = map[string]string{"≥": ">=", "≤": "<=", "≠": "!=", "<>": "!=", "==": "="}

func tokenize(question string) []token {
	var tokens []token
	for _, text := range lexeme.FindAllString(strings.ToValidUTF8(question, " "), -1) {
		if inner, quoted := unquote(text); quoted {
			tokens = append(tokens, token{text: inner, quoted: true})
			continue
		}
		text = trim(text)
		if text == "" {
			continue
		}
		word := strings.ToLower(strings.ReplaceAll(text, "’", "'"))
		if sign, ok := signs[word]; ok {
			word = sign
		}
		if thousands.MatchString(word) {
			word = strings.ReplaceAll(word, ",", "")
		}
		tokens = append(tokens, token{text: text, word: word, parts: stems(text)})
	}
	return tokens
}

var thousands = regexp.MustCompile(`^-?\d{1,3}(,\d{3})+(\.\d+)?$`)

func unquote(text string) (string, bool) {
	runes := []rune(text)
	if len(runes) < 2 || !strings.ContainsRune(`"“‘'`, runes[0]) || !strings.ContainsRune(`"”’'`, runes[len(runes)-1]) {
		return "", false
	}
	return string(runes[1 : len(runes)-1]), true
}

// trim takes punctuation of the sentence off a word; a comma or sign alone stays.
func trim(text string) string {
	if text == "," {
		return text
	}
	return strings.TrimRight(strings.TrimLeft(text, "([{;:'"), ")]}.;:?!'")
}

// stems splits a name at everything that is no letter or digit and where a capital follows a small letter, and takes the
// plural off each part.
func stems(name string) []string {
	var spaced strings.Builder
	var last rune
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r):
			spaced.WriteRune(' ')
		case unicode.IsUpper(r) && unicode.IsLower(last):
			spaced.WriteString(" " + string(r))
		default:
			spaced.WriteRune(r)
		}
		last = r
	}
	parts := strings.Fields(strings.ToLower(spaced.String()))
	for i := range parts {
		parts[i] = stem(parts[i])
	}
	return parts
}

var sameStem = map[string]string{"maximum": "max", "minimum": "min", "average": "avg"}

func stem(word string) string {
	if short, ok := sameStem[word]; ok {
		return short
	}
	switch {
	case len(word) < 4 || strings.HasSuffix(word, "ss") || strings.HasSuffix(word, "us") || strings.HasSuffix(word, "is"):
		return word
	case strings.HasSuffix(word, "ies"):
		return strings.TrimSuffix(word, "ies") + "y"
	case strings.HasSuffix(word, "sses") || strings.HasSuffix(word, "xes") || strings.HasSuffix(word, "ches") || strings.HasSuffix(word, "shes"):
		return strings.TrimSuffix(word, "es")
	default:
		return strings.TrimSuffix(word, "s")
	}
}
