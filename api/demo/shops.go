package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// The table of shops: two years of days, four cities, two channels.
const shopDays = 730

var (
	shopCities   = []string{"Bergen", "Lyon", "Porto", "Utrecht"}
	shopChannels = []string{"shop", "web"}
)

// shops is a CSV of plausible daily sales, the same each time: more at weekends and before Christmas, growing on the web.
func shops() string {
	r := rand.New(rand.NewPCG(2024, 1))
	var b strings.Builder
	b.WriteString("day,city,channel,orders,revenue,returns,rating\n")
	first := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for n := range shopDays {
		day := first.AddDate(0, 0, n)
		for c, city := range shopCities {
			for _, channel := range shopChannels {
				orders := 20 + 8*c + r.IntN(15) + season(day, channel, n)
				cents := orders*(2400+r.IntN(1900)) + r.IntN(100)
				fmt.Fprintf(&b, "%s,%s,%s,%d,%d.%02d,%d,%s\n", day.Format(time.DateOnly), city, channel, orders, cents/100, cents%100,
					r.IntN(1+orders/8), rating(r, channel))
			}
		}
	}
	return b.String()
}

// season is how many orders a day has more than others.
func season(day time.Time, channel string, n int) int {
	more := 0
	if weekday := day.Weekday(); channel == "shop" && (weekday == time.Friday || weekday == time.Saturday) {
		more += 18
	}
	if day.Month() == time.December && day.Day() < 24 {
		more += 30
	}
	if channel == "web" {
		more += n / 30
	}
	return more
}

// rating is a mean of few answers; on some days nobody answers.
func rating(r *rand.Rand, channel string) string {
	if r.IntN(20) == 0 {
		return ""
	}
	tenths := 34 + r.IntN(15)
	if channel == "web" {
		tenths -= 3
	}
	return fmt.Sprintf("%d.%d", tenths/10, tenths%10)
}
