// Package movements records what comes in and goes out. Stock is never stored, only added up.
package movements

import (
	"fmt"
	"sync"
	"time"
)

// Movement of one article. Quantity is negative for what goes out.
type Movement struct {
	Article  string
	Quantity int
	At       time.Time
	Reason   string
}

// Ledger is safe for use by several goroutines.
type Ledger struct {
	mu        sync.Mutex
	movements []Movement
	listeners []chan Movement
}

// Add records a movement. What would make the stock negative is refused.
func (l *Ledger) Add(m Movement) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if have := l.stock(m.Article, time.Time{}); have+m.Quantity < 0 {
		return fmt.Errorf("%s: %d in stock, %d wanted", m.Article, have, -m.Quantity)
	}
	l.movements = append(l.movements, m)
	for _, listener := range l.listeners {
		select {
		case listener <- m:
		default:
		}
	}
	return nil
}

// Stock now.
func (l *Ledger) Stock(article string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stock(article, time.Time{})
}

// StockAt is what was there at that moment.
func (l *Ledger) StockAt(article string, at time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stock(article, at)
}

func (l *Ledger) stock(article string, until time.Time) int {
	sum := 0
	for _, m := range l.movements {
		if m.Article == article && (until.IsZero() || m.At.Before(until)) {
			sum += m.Quantity
		}
	}
	return sum
}

// Listen returns a channel of movements from now on. Who is too slow misses some.
func (l *Ledger) Listen(buffer int) <-chan Movement {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := make(chan Movement, buffer)
	l.listeners = append(l.listeners, c)
	return c
}

// Turnover counts the pieces that went out in a period, both ends included.
func (l *Ledger) Turnover(article string, from, to time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := 0
	for _, m := range l.movements {
		if m.Article == article && m.Quantity < 0 && m.At.After(from) && m.At.Before(to) {
			sum -= m.Quantity
		}
	}
	return sum
}
