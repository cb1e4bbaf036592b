package movements

import (
	"sync"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func ledger(t *testing.T, movements ...Movement) *Ledger {
	t.Helper()
	l := &Ledger{}
	for _, m := range movements {
		if err := l.Add(m); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func TestStockIsTheSum(t *testing.T) {
	l := ledger(t, Movement{"mug", 10, noon, "delivery"}, Movement{"mug", -3, noon, "order 1"}, Movement{"tee", 4, noon, "delivery"})
	if got := l.Stock("mug"); got != 7 {
		t.Errorf("stock is %d, want 7", got)
	}
}

func TestNothingGoesBelowZero(t *testing.T) {
	l := ledger(t, Movement{"mug", 2, noon, "delivery"})
	err := l.Add(Movement{"mug", -3, noon, "order 1"})
	if err == nil || err.Error() != "mug: 2 in stock, 3 wanted" {
		t.Errorf("got %v", err)
	}
	if got := l.Stock("mug"); got != 2 {
		t.Errorf("stock is %d after a refusal, want 2", got)
	}
}

func TestStockAtAMoment(t *testing.T) {
	l := ledger(t, Movement{"mug", 5, noon, "delivery"}, Movement{"mug", -1, noon.Add(time.Hour), "order 1"})
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{-time.Minute, 0}, {time.Minute, 5}, {2 * time.Hour, 4}} {
		if got := l.StockAt("mug", noon.Add(c.after)); got != c.want {
			t.Errorf("%v after noon: %d, want %d", c.after, got, c.want)
		}
	}
}

// The comment at Turnover promises both ends; After and Before leave them out.
func TestTurnoverIncludesBothEnds(t *testing.T) {
	day := 24 * time.Hour
	l := ledger(t, Movement{"mug", 50, noon.Add(-9 * day), "delivery"})
	for i := 0; i <= 4; i++ {
		if err := l.Add(Movement{"mug", -2, noon.Add(time.Duration(i) * day), "order"}); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := l.Turnover("mug", noon, noon.Add(4*day)), 10; got != want {
		t.Errorf("turnover of five days:\nexpected: %d\nactual:   %d", want, got)
	}
}

func TestManyAtOnceSellTheLastPiecesOnce(t *testing.T) {
	l := ledger(t, Movement{"mug", 100, noon, "delivery"})
	var wg sync.WaitGroup
	var mu sync.Mutex
	sold := 0
	for i := 0; i < 250; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if l.Add(Movement{"mug", -1, noon, "order"}) == nil {
				mu.Lock()
				sold++
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	if sold != 100 || l.Stock("mug") != 0 {
		t.Errorf("%d sold, %d left", sold, l.Stock("mug"))
	}
}

func TestListenersHearOfMovements(t *testing.T) {
	t.Parallel()
	l := ledger(t)
	heard := l.Listen(8)
	go func() {
		for i := 0; i < 5; i++ {
			time.Sleep(250 * time.Millisecond)
			if err := l.Add(Movement{"mug", 1, noon, "delivery"}); err != nil {
				t.Error(err)
			}
		}
	}()
	for i := 0; i < 5; i++ {
		select {
		case m := <-heard:
			if m.Article != "mug" {
				t.Errorf("heard of %s", m.Article)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("heard nothing for five seconds")
		}
	}
}

func TestASlowListenerDoesNotHoldOthersUp(t *testing.T) {
	t.Parallel()
	l := ledger(t)
	l.Listen(0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; i < 1000; i++ {
			_ = l.Add(Movement{"mug", 1, noon, "delivery"})
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("stuck")
	}
}
