// Package barcode reads and checks EAN-13 article numbers.
package barcode

import (
	"errors"
	"fmt"
	"strings"
)

// ErrLength is returned for anything that has not 13 digits.
var ErrLength = errors.New("an EAN has 13 digits")

// CheckDigit returns the last digit that belongs to the first twelve.
func CheckDigit(first12 string) (int, error) {
	if len(first12) != 12 {
		return 0, fmt.Errorf("%w, got %d before the check digit", ErrLength, len(first12))
	}
	sum := 0
	for i, r := range first12 {
		if r < '0' || r > '9' {
			return 0, fmt.Errorf("%q at position %d is not a digit", r, i+1)
		}
		weight := 1
		if i%2 == 1 {
			weight = 3
		}
		sum += int(r-'0') * weight
	}
	return (10 - sum%10) % 10, nil
}

// Parse accepts digits with spaces or dashes between them and returns the plain number.
func Parse(text string) (string, error) {
	plain := strings.NewReplacer(" ", "", "-", "").Replace(text)
	if len(plain) != 13 {
		return "", fmt.Errorf("%w, got %d", ErrLength, len(plain))
	}
	want, err := CheckDigit(plain[:12])
	if err != nil {
		return "", err
	}
	if got := int(plain[12] - '0'); got != want {
		return "", fmt.Errorf("check digit is %d, should be %d", got, want)
	}
	return plain, nil
}

// Country returns who issued the number, by its prefix.
func Country(ean string) string {
	for _, p := range prefixes {
		if ean[:3] >= p.from && ean[:3] <= p.to {
			return p.country
		}
	}
	return "unknown"
}

var prefixes = []struct{ from, to, country string }{
	{"000", "139", "US"},
	{"300", "379", "FR"},
	{"400", "440", "DE"},
	{"450", "459", "JP"},
	{"760", "769", "CH"},
	{"900", "919", "AT"},
	{"978", "979", "Bookland"},
}
