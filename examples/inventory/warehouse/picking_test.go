package warehouse

import (
	"fmt"
	"math/rand"
	"reflect"
	"testing"
)

func TestWalk(t *testing.T) {
	cases := []struct {
		name string
		a, b Bin
		want int
	}{
		{"nowhere", Bin{2, 7}, Bin{2, 7}, 0},
		{"along an aisle", Bin{2, 7}, Bin{2, 31}, 24},
		{"by the front", Bin{1, 3}, Bin{2, 5}, 12},
		{"by the back", Bin{1, 38}, Bin{2, 36}, 10},
		{"two aisles on", Bin{1, 1}, Bin{3, 1}, 10},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := Walk(c.a, c.b); got != c.want {
				t.Errorf("Walk(%s, %s) = %d, want %d", c.a, c.b, got, c.want)
			}
			if back := Walk(c.b, c.a); back != c.want {
				t.Errorf("Walk(%s, %s) = %d, want %d", c.b, c.a, back, c.want)
			}
		})
	}
}

func TestSnake(t *testing.T) {
	got := Snake([]Bin{{2, 5}, {1, 30}, {2, 39}, {1, 2}, {3, 8}})
	want := []Bin{{1, 2}, {1, 30}, {2, 39}, {2, 5}, {3, 8}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestEmptyRoute(t *testing.T) {
	if got := Length(nil); got != 0 {
		t.Errorf("an empty route is %d long", got)
	}
}

// Slow: every order of ten bins, for several orders.
func TestSnakeIsNearlyTheShortest(t *testing.T) {
	for seed := int64(1); seed <= 6; seed++ {
		t.Run(fmt.Sprintf("order %d", seed), func(t *testing.T) {
			bins := randomBins(rand.New(rand.NewSource(seed)), 10)
			snake, shortest := Length(Snake(bins)), Length(Shortest(bins))
			if snake < shortest {
				t.Fatalf("snake %d is shorter than the shortest %d", snake, shortest)
			}
			if snake > 2*shortest {
				t.Errorf("snake %d is more than twice %d", snake, shortest)
			}
		})
	}
}

func randomBins(r *rand.Rand, n int) []Bin {
	bins := make([]Bin, n)
	for i := range bins {
		bins[i] = Bin{Aisle: 1 + r.Intn(6), Shelf: 1 + r.Intn(AisleLength)}
	}
	return bins
}

func TestPick(t *testing.T) {
	stock := Stock{{1, 4}: 3, {2, 9}: 5, {6, 1}: 1}
	t.Run("from one bin", func(t *testing.T) {
		if got := stock.Pick(4); !reflect.DeepEqual(got, []Bin{{2, 9}}) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("from several", func(t *testing.T) {
		if got := stock.Pick(8); !reflect.DeepEqual(got, []Bin{{2, 9}, {1, 4}}) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("not enough", func(t *testing.T) {
		if got := stock.Pick(10); got != nil {
			t.Errorf("got %v", got)
		}
	})
	// All bins have enough, and Go visits a map in random order: this fails every second time.
	t.Run("from the near half of the hall", func(t *testing.T) {
		hall := Stock{}
		for aisle := 1; aisle <= 8; aisle++ {
			hall[Bin{aisle, 12}] = 6
		}
		if got := hall.Pick(2); len(got) != 1 || got[0].Aisle > 4 {
			t.Errorf("picked from %v, aisles 1 to 4 are nearer", got)
		}
	})
}
