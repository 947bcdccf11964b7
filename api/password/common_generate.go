//go:build ignore

// Makes common.sha256: see common.go.
package main

import (
	"crypto/sha256"
	"encoding/json"
	"log"
	"os"
	"slices"
)

func main() {
	var passwords []string
	if err := json.NewDecoder(os.Stdin).Decode(&passwords); err != nil {
		log.Fatal(err)
	}
	var sums []string
	for _, p := range passwords { // lower case and ASCII, all of them
		if len(p) >= 8 {
			sum := sha256.Sum256([]byte(p))
			sums = append(sums, string(sum[:8]))
		}
	}
	slices.Sort(sums)
	for _, sum := range slices.Compact(sums) {
		_, _ = os.Stdout.WriteString(sum)
	}
}
