//! Numbers and names as people read them: thousands separators, a true minus sign, units of the trade.
//!
//! Owns rounding for the eye only; files keep the shortest text that reads back to the same double.

use crate::time::Month;

/// What stands where there is no value: an en dash, with the reason in the text around it.
pub const MISSING: &str = "\u{2013}";
/// The minus sign, of the width of the plus.
const MINUS: char = '\u{2212}';

/// A number with `decimals` decimals and thousands separators; [`MISSING`] where it is not finite.
pub fn number(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return MISSING.to_owned();
    }
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = plain
        .split_once('.')
        .map_or((plain.as_str(), None), |(w, f)| (w, Some(f)));
    let mut text = String::with_capacity(plain.len() + plain.len() / 3 + 2);
    // A value that rounds to zero carries no sign.
    if value < 0.0 && plain.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        text.push(MINUS);
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// US dollars in millions, one decimal, without the unit.
pub fn musd(usd: f64) -> String {
    number(usd / 1e6, 1)
}

/// A signed difference in millions of US dollars: `+12.3` or `−4.0`.
pub fn musd_signed(usd: f64) -> String {
    signed(musd(usd), usd)
}

/// A number that always carries its sign, as differences do.
pub fn number_signed(value: f64, decimals: usize) -> String {
    signed(number(value, decimals), value)
}

fn signed(text: String, value: f64) -> String {
    let is_zero = !text.bytes().any(|b| (b'1'..=b'9').contains(&b));
    if value > 0.0 && !is_zero && text != MISSING {
        format!("+{text}")
    } else {
        text
    }
}

/// A share of one, as percent with `decimals` decimals.
pub fn percent(share: f64, decimals: usize) -> String {
    let text = number(share * 100.0, decimals);
    if text == MISSING {
        text
    } else {
        format!("{text} %")
    }
}

/// A probability estimated from `count` replications: `never seen` is not zero, so the ends say `<` and `>`.
pub fn probability(share: f64, count: usize) -> String {
    if !share.is_finite() || count == 0 {
        return MISSING.to_owned();
    }
    let resolution = 1.0 / count as f64;
    let floor = number(resolution * 100.0, usize::from(count > 100));
    if share <= 0.0 && count > 1 {
        return format!("< {floor} %");
    }
    if share >= 1.0 && count > 1 {
        return format!(
            "> {} %",
            number(100.0 - resolution * 100.0, usize::from(count > 100))
        );
    }
    percent(share, 0)
}

/// `low to high`, each as `format` writes it.
pub fn range(low: f64, high: f64, format: impl Fn(f64) -> String) -> String {
    if low.is_finite() && high.is_finite() {
        format!("{} to {}", format(low), format(high))
    } else {
        MISSING.to_owned()
    }
}

/// An id as words: `gpu_reserved_revenue` becomes `gpu reserved revenue`; known acronyms keep their capitals.
pub fn words(id: &str) -> String {
    let spelled: Vec<String> = clean(id)
        .split(['_', ' '])
        .map(|word| match word {
            "gpu" => "GPU".to_owned(),
            "it" => "IT".to_owned(),
            "asic" => "ASIC".to_owned(),
            "btc" => "BTC".to_owned(),
            "mwh" => "MWh".to_owned(),
            "npv" => "NPV".to_owned(),
            "dsra" => "DSRA".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    spelled.join(" ")
}

/// The words with a capital first letter, as a row of a table begins.
pub fn label(id: &str) -> String {
    let text = words(id);
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Text from outside without control and direction-changing characters; line breaks become spaces.
pub fn clean(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\t' => Some(' '),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => None,
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => None,
            c => Some(c),
        })
        .collect()
}

/// At most `count` characters, the cut shown by an ellipsis.
pub fn shorten(text: &str, count: usize) -> String {
    if text.chars().count() <= count {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(count.saturating_sub(1)).collect();
    short.push('\u{2026}');
    short
}

/// Reads `YYYY-MM`.
pub fn parse_month(text: &str) -> Option<Month> {
    let (year, month) = text.split_once('-')?;
    let month = Month {
        year: year.parse().ok()?,
        month: month.parse().ok()?,
    };
    ((1..=12).contains(&month.month) && (1..=9_998).contains(&month.year)).then_some(month)
}

/// `Sep 2027`.
pub fn month_name(month: Month) -> String {
    const NAMES: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let name = NAMES[(month.month - 1).clamp(0, 11) as usize];
    format!("{name} {}", month.year)
}

/// `1 replication`, `100 replications`.
pub fn count_of(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", number(count as f64, 0))
}

/// `a`, `a and b`, `a, b and c`.
pub fn join_and(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_separators_and_a_true_minus() {
        assert_eq!(number(1_234_567.891, 1), "1,234,567.9");
        assert_eq!(number(-1_000.0, 0), "\u{2212}1,000");
        assert_eq!(number(999.96, 1), "1,000.0");
        assert_eq!(number(-0.04, 1), "0.0");
        assert_eq!(number(12.0, 0), "12");
    }

    #[test]
    fn what_is_not_a_number_is_a_dash() {
        assert_eq!(number(f64::NAN, 1), MISSING);
        assert_eq!(percent(f64::INFINITY, 1), MISSING);
        assert_eq!(range(1.0, f64::NAN, musd), MISSING);
        assert_eq!(musd_signed(f64::NAN), MISSING);
    }

    #[test]
    fn differences_always_carry_a_sign_unless_they_round_to_zero() {
        assert_eq!(musd_signed(12_340_000.0), "+12.3");
        assert_eq!(musd_signed(-12_340_000.0), "\u{2212}12.3");
        assert_eq!(musd_signed(10_000.0), "0.0");
    }

    #[test]
    fn a_probability_never_claims_certainty_it_cannot_have() {
        assert_eq!(probability(1.0, 100), "> 99 %");
        assert_eq!(probability(0.0, 200), "< 0.5 %");
        assert_eq!(probability(0.834, 100), "83 %");
        assert_eq!(probability(0.5, 0), MISSING);
    }

    #[test]
    fn hostile_text_loses_its_controls() {
        assert_eq!(clean("a\u{202e}b\u{7}\nc"), "ab c");
        assert_eq!(parse_month("2026-13"), None);
        assert_eq!(month_name(parse_month("2027-09").unwrap()), "Sep 2027");
        assert_eq!(label("gpu_reserved_revenue"), "GPU reserved revenue");
        assert_eq!(shorten("abcdef", 4), "abc\u{2026}");
    }
}
