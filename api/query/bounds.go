package query

import "math/big"

// bounds is a range of stored integers, both ends included; nil is open.
type bounds struct{ low, high *big.Int }

// boundsOf is the range of integers that compare so with x (for between: from x to y).
func boundsOf(op Comparison, x, y *big.Rat) bounds {
	switch op {
	case Equal:
		return bounds{ceil(x), floor(x)}
	case Less:
		return bounds{nil, previous(ceil(x))}
	case LessOrEqual:
		return bounds{nil, floor(x)}
	case Greater:
		return bounds{next(floor(x)), nil}
	case GreaterOrEqual:
		return bounds{ceil(x), nil}
	default:
		return bounds{ceil(x), floor(y)}
	}
}

var (
	smallest = new(big.Int).Lsh(big.NewInt(-1), 63)
	largest  = previous(new(big.Int).Lsh(big.NewInt(1), 63))
)

// within64 opens ends that every stored integer meets; ok is false where none can meet both.
func (b bounds) within64() (clamped bounds, ok bool) {
	if b.low != nil && b.high != nil && b.low.Cmp(b.high) > 0 {
		return b, false
	}
	if b.low != nil && b.low.Cmp(largest) > 0 || b.high != nil && b.high.Cmp(smallest) < 0 {
		return b, false
	}
	if b.low != nil && b.low.Cmp(smallest) <= 0 {
		b.low = nil
	}
	if b.high != nil && b.high.Cmp(largest) >= 0 {
		b.high = nil
	}
	return b, true
}

// stored64 is x as a stored integer, if it can be one.
func stored64(x *big.Rat) (int64, bool) {
	if !x.IsInt() || !x.Num().IsInt64() {
		return 0, false
	}
	return x.Num().Int64(), true
}

// floor works because big.Int.Div rounds towards negative infinity for a positive divisor, which a Rat's always is.
func floor(x *big.Rat) *big.Int { return new(big.Int).Div(x.Num(), x.Denom()) }

func ceil(x *big.Rat) *big.Int {
	return new(big.Int).Neg(floor(new(big.Rat).Neg(x)))
}

func next(i *big.Int) *big.Int     { return new(big.Int).Add(i, big.NewInt(1)) }
func previous(i *big.Int) *big.Int { return new(big.Int).Sub(i, big.NewInt(1)) }
