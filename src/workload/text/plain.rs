//! Plain lines, without quotes: split, or read as whole numbers, in one pass over the bytes.

/// Reads a line of exactly `N` whole numbers of at most 18 digits, apart by commas and nothing else; `false`, with
/// any numbers, for every other line.
pub(super) fn whole_numbers<const N: usize>(line: &[u8], numbers: &mut [i64; N]) -> bool {
    let mut rest = line;
    for (index, number) in numbers.iter_mut().enumerate() {
        let negative = rest.first() == Some(&b'-');
        rest = &rest[usize::from(negative)..];
        let (mut value, mut digits) = (0_i64, 0);
        while let Some(digit) = rest
            .get(digits)
            .map(|byte| byte.wrapping_sub(b'0'))
            .filter(|digit| *digit < 10)
        {
            if digits == 18 {
                return false;
            }
            value = value * 10 + i64::from(digit);
            digits += 1;
        }
        let last = index + 1 == N;
        let end = rest.get(digits);
        if digits == 0 || (last && end.is_some()) || (!last && end != Some(&b',')) {
            return false;
        }
        *number = if negative { -value } else { value };
        rest = &rest[digits + usize::from(!last)..];
    }
    true
}

/// The fields of a line, as byte ranges.
pub(super) fn split_plain(text: &str, fields: &mut Vec<(usize, usize)>) {
    fields.clear();
    let mut from = 0;
    for (to, byte) in text.bytes().enumerate() {
        if byte == b',' {
            fields.push((from, to));
            from = to + 1;
        }
    }
    fields.push((from, text.len()));
}
