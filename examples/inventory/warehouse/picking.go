// Package warehouse knows where things lie and in which order to fetch them.
package warehouse

import (
	"fmt"
	"math"
	"sort"
)

// Bin is a place on a shelf. Aisles are parallel; one walks along them and changes at either end.
type Bin struct {
	Aisle, Shelf int
}

func (b Bin) String() string { return fmt.Sprintf("%02d-%03d", b.Aisle, b.Shelf) }

// AisleLength is the number of shelves in an aisle.
const AisleLength = 40

// Walk is the distance between two bins in shelf widths; changing to the next aisle counts four.
func Walk(a, b Bin) int {
	if a.Aisle == b.Aisle {
		return abs(a.Shelf - b.Shelf)
	}
	front := a.Shelf + b.Shelf
	back := 2*AisleLength - a.Shelf - b.Shelf
	return min(front, back) + 4*abs(a.Aisle-b.Aisle)
}

// Length of a route that begins and ends at the packing table, before the first shelf of the first aisle.
func Length(route []Bin) int {
	table := Bin{Aisle: 1, Shelf: 0}
	total, at := 0, table
	for _, bin := range route {
		total += Walk(at, bin)
		at = bin
	}
	return total + Walk(at, table)
}

// Snake visits the aisles one after another, up the odd ones and down the even ones.
func Snake(bins []Bin) []Bin {
	route := append([]Bin(nil), bins...)
	sort.Slice(route, func(i, j int) bool {
		a, b := route[i], route[j]
		if a.Aisle != b.Aisle {
			return a.Aisle < b.Aisle
		}
		if a.Aisle%2 == 1 {
			return a.Shelf < b.Shelf
		}
		return a.Shelf > b.Shelf
	})
	return route
}

// Shortest tries every order. It is for checking the others: ten bins are 3.6 million routes.
func Shortest(bins []Bin) []Bin {
	best, bestLength := append([]Bin(nil), bins...), math.MaxInt
	permute(append([]Bin(nil), bins...), 0, func(route []Bin) {
		if length := Length(route); length < bestLength {
			best, bestLength = append(best[:0], route...), length
		}
	})
	return best
}

func permute(bins []Bin, from int, visit func([]Bin)) {
	if from == len(bins) {
		visit(bins)
		return
	}
	for i := from; i < len(bins); i++ {
		bins[from], bins[i] = bins[i], bins[from]
		permute(bins, from+1, visit)
		bins[from], bins[i] = bins[i], bins[from]
	}
}

// Stock says how many pieces lie in which bin.
type Stock map[Bin]int

// Pick takes pieces from as few bins as it can and returns from where. It returns nil when there are not enough.
func (s Stock) Pick(pieces int) []Bin {
	for bin, n := range s {
		if n >= pieces {
			return []Bin{bin}
		}
	}
	var bins []Bin
	for bin := range s {
		bins = append(bins, bin)
	}
	sort.Slice(bins, func(i, j int) bool { return s[bins[i]] > s[bins[j]] })
	var taken []Bin
	for _, bin := range bins {
		if pieces <= 0 {
			break
		}
		taken = append(taken, bin)
		pieces -= s[bin]
	}
	if pieces > 0 {
		return nil
	}
	return taken
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
