package query

import "fmt"

// Error is a mistake in a specification. Its message may quote a name that the client sent, never a value.
type Error struct {
	Field   string // where, such as "measures[1].column"
	Code    Code
	Message string
}

// Code tells the mistakes apart.
type Code string

// The codes.
const (
	UnknownColumn Code = "unknown_column" // the version has no such column
	UnknownName   Code = "unknown_name"   // an order names nothing in the result
	DuplicateName Code = "duplicate_name" // two result columns have one name, or a name is ambiguous
	WrongType     Code = "wrong_type"     // the column's type does not allow this
	BadValue      Code = "bad_value"      // a value of the wrong kind, or out of bounds
	Missing       Code = "missing"        // something that must be given
	TooMany       Code = "too_many"       // more elements than allowed
)

func (e *Error) Error() string { return e.Field + ": " + e.Message }

func mistake(field string, code Code, format string, args ...any) *Error {
	return &Error{Field: field, Code: code, Message: fmt.Sprintf(format, args...)}
}
