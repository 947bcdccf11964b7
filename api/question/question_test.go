package question

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
)

func schema(columns ...Column) []Column {
	for i := range columns {
		columns[i].No = i + 1
	}
	return columns
}

func of(name string, t column.Type, words ...string) Column {
	return Column{Column: column.Column{Name: name, Type: t}, Words: words}
}

var weather = schema(
	of("date", column.Date), of("precipitation", column.Decimal), of("temp_max", column.Decimal), of("temp_min", column.Decimal),
	of("wind", column.Decimal), of("weather", column.Text, "drizzle", "rain", "sun", "snow", "fog"),
)

var stocks = schema(
	of("symbol", column.Text, "MSFT", "AMZN", "IBM", "GOOG", "AAPL"), of("date", column.Timestamp), of("price", column.Decimal),
	of("volume", column.Integer), of("isActive", column.Boolean),
)

var disasters = schema(
	of("Entity", column.Text, "All natural disasters", "Drought", "Earthquake", "Flood"), of("Year", column.Integer), of("Deaths", column.Integer),
)

var strikes = schema(
	of("Airport__Name", column.Text, "DALLAS/FORT WORTH INTL ARPT", "LA GUARDIA"), of("Aircraft__Make_Model", column.Text),
	of("Effect__Amount_of_damage", column.Text, "None", "Substantial", "Medium"), of("Flight__Date", column.Date), of("Report__Date", column.Date),
	of("Aircraft__Airline_Operator", column.Text, "AMERICAN AIRLINES", "UNITED AIRLINES", "None"), of("Origin__State", column.Text, "Texas", "New York"),
	of("When__Phase_of_flight", column.Text, "Climb", "Landing Roll", "Approach"), of("Wildlife__Size", column.Text, "Small", "Medium", "Large"),
	of("Wildlife__Species", column.Text), of("Cost__Other", column.Integer), of("Cost__Repair", column.Integer),
	of("Cost__Total_$", column.Integer), of("Speed_IAS_in_knots", column.Integer),
)

var schemas = map[string][]Column{"weather": weather, "stocks": stocks, "disasters": disasters, "strikes": strikes}

func TestQuestionsAreReadAsSpecifications(t *testing.T) {
	t.Parallel()
	for _, c := range read {
		t.Run(c.schema+"/"+c.question, func(t *testing.T) {
			t.Parallel()
			reading, err := Parse(c.question, schemas[c.schema])
			require.NoError(t, err)
			got, err := json.Marshal(reading.Specification)
			require.NoError(t, err)
			require.JSONEq(t, c.want, string(got))
			require.NotEmpty(t, reading.Interpretation)
		})
	}
}

func TestWhatIsNotUnderstoodIsReportedWordForWord(t *testing.T) {
	t.Parallel()
	for _, c := range refused {
		t.Run(c.schema+"/"+c.question, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(c.question, schemas[c.schema])
			var refusal *NotUnderstood
			require.ErrorAs(t, err, &refusal)
			require.Equal(t, c.words, refusal.Words)
			require.Contains(t, refusal.Hint, c.hint)
			require.Contains(t, refusal.Error(), c.hint)
		})
	}
}
