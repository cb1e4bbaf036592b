package barcode

import (
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for name, text := range map[string]string{
		"plain":       "4006381333931",
		"with spaces": "4 006381 333931",
		"with dashes": "978-3-16-148410-0",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 13 {
				t.Errorf("Parse(%q) = %q", text, got)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"too short", "400638133393", "13 digits"},
		{"empty", "", "13 digits"},
		{"a wrong check digit", "4006381333932", "should be 1"},
		{"letters", "40063813339x1", "is not a digit"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(c.text)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Parse(%q) gave %v, want an error with %q", c.text, err, c.want)
			}
		})
	}
	if _, err := Parse("1"); !errors.Is(err, ErrLength) {
		t.Errorf("a short number should be ErrLength, is %v", err)
	}
}

func TestCheckDigitOfEveryWeight(t *testing.T) {
	for _, c := range []struct {
		first12 string
		want    int
	}{{"000000000000", 0}, {"100000000000", 9}, {"010000000000", 7}, {"999999999999", 4}} {
		if got, err := CheckDigit(c.first12); err != nil || got != c.want {
			t.Errorf("CheckDigit(%s) = %d, %v, want %d", c.first12, got, err, c.want)
		}
	}
}

func TestCountry(t *testing.T) {
	for ean, want := range map[string]string{"4006381333931": "DE", "9783161484100": "Bookland", "7612345678900": "CH", "5012345678900": "unknown"} {
		if got := Country(ean); got != want {
			t.Errorf("Country(%s) = %s, want %s", ean, got, want)
		}
	}
}

func TestRegister(t *testing.T) {
	t.Skip("asks the public register of numbers: needs the network")
}
