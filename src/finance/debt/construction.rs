//! Construction finance: draws pro rata with equity, interest and fees capitalised, and the facility's size.
//!
//! Every cash need (works, interest, fees, the reserve account at completion) is met by debt and equity in one
//! proportion, chosen so that the facility is drawn to the last dollar at completion. Interest and fees depend on the
//! facility, the facility on all uses: a fixed point, found by iteration (bankers' "circularity"), never by a macro.

use super::sculpting::SizingError;

/// The most turns of the fixed point; each shrinks the error by fees and interest over uses, some thirtyfold.
const TURNS_MAX: usize = 200;
/// Halvings of the interval of the debt's share: beyond the digits of a double.
const HALVINGS: usize = 80;

/// Terms of a construction facility.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Interest a year while it is drawn, a fraction.
    pub rate: f64,
    /// Fee a year on what is not drawn yet, a fraction.
    pub commitment: f64,
    /// Fee on the whole facility at its first date, a fraction.
    pub upfront: f64,
}

/// What is to be paid for: a date of each need, ending with completion.
#[derive(Debug, Clone, Copy)]
pub struct Needs<'a> {
    /// Works at each date, USD; the last is completion.
    pub works_usd: &'a [f64],
    /// Years since the date before, as interest counts them; nought at the first.
    pub years: &'a [f64],
    /// Interest of each date on a dollar owed, where it is not the same rate throughout; instead of rate times years.
    pub interest: Option<&'a [f64]>,
    /// What the debt service reserve account is filled with at completion, USD.
    pub reserve_usd: f64,
}

/// One date of the construction account, USD.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Draw {
    /// Debt drawn.
    pub debt_usd: f64,
    /// Equity paid in.
    pub equity_usd: f64,
    /// Interest that fell due and was capitalised.
    pub interest_usd: f64,
    /// Fees that fell due.
    pub fees_usd: f64,
}

/// A built project's sources and uses, USD.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Built {
    /// The facility.
    pub facility_usd: f64,
    /// Debt's share of every need.
    pub debt_share: f64,
    /// By date.
    pub draws: Vec<Draw>,
    /// Works.
    pub works_usd: f64,
    /// Interest during construction.
    pub interest_usd: f64,
    /// Upfront and commitment fees.
    pub fees_usd: f64,
    /// The reserve account.
    pub reserve_usd: f64,
    /// What limited the facility: `cover` or `gearing`.
    pub bound_by: Bound,
}

/// What limits a facility.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bound {
    /// Cash for debt service.
    #[default]
    Cover,
    /// Debt over all uses.
    Gearing,
}

impl Built {
    /// All uses.
    pub fn uses_usd(&self) -> f64 {
        self.works_usd + self.interest_usd + self.fees_usd + self.reserve_usd
    }
    /// Debt drawn.
    pub fn debt_usd(&self) -> f64 {
        self.draws.iter().map(|d| d.debt_usd).sum()
    }
    /// Equity paid in.
    pub fn equity_usd(&self) -> f64 {
        self.draws.iter().map(|d| d.equity_usd).sum()
    }
}

/// Runs the construction account with a debt share; gives what is owed at completion.
fn account(facility: f64, share: f64, terms: &Terms, needs: &Needs<'_>, mut each: impl FnMut(Draw)) -> f64 {
    let mut owed = 0.0;
    let last = needs.works_usd.len() - 1;
    for (k, (works, years)) in needs.works_usd.iter().zip(needs.years).enumerate() {
        let interest_usd = owed * needs.interest.map_or(terms.rate * years, |i| i[k]);
        let commitment = (facility - owed).max(0.0) * terms.commitment * years;
        let upfront = if k == 0 { facility * terms.upfront } else { 0.0 };
        let reserve = if k == last { needs.reserve_usd } else { 0.0 };
        let need = works + interest_usd + commitment + upfront + reserve;
        owed += share * need;
        each(Draw {
            debt_usd: share * need,
            equity_usd: (1.0 - share) * need,
            interest_usd,
            fees_usd: commitment + upfront,
        });
    }
    owed
}

/// Builds with a given facility: finds the share of debt with which it is just drawn at completion.
pub fn build(facility_usd: f64, terms: &Terms, needs: &Needs<'_>) -> Result<Built, SizingError> {
    check(facility_usd, terms, needs)?;
    let whole = account(facility_usd, 1.0, terms, needs, |_| ());
    if facility_usd > whole {
        return Err(SizingError::AboveUses {
            debt_usd: facility_usd,
            uses_usd: whole,
        });
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if account(facility_usd, middle, terms, needs, |_| ()) < facility_usd {
            low = middle;
        } else {
            high = middle;
        }
    }
    let debt_share = f64::midpoint(low, high);
    let mut built = Built {
        facility_usd,
        debt_share,
        draws: Vec::with_capacity(needs.works_usd.len()),
        works_usd: needs.works_usd.iter().sum(),
        reserve_usd: needs.reserve_usd,
        ..Built::default()
    };
    let draws = &mut built.draws;
    account(facility_usd, debt_share, terms, needs, |draw| draws.push(draw));
    built.interest_usd = built.draws.iter().map(|d| d.interest_usd).sum();
    built.fees_usd = built.draws.iter().map(|d| d.fees_usd).sum();
    Ok(built)
}

/// The facility that is the lesser of what cash serves and `gearing` (debt over all uses, a fraction), built.
///
/// A project that cash would serve whole, and more, without a limit to gearing has no equity: it is refused, since a
/// size without meaning would follow.
pub fn size_and_build(
    capacity_usd: f64,
    gearing: Option<f64>,
    terms: &Terms,
    needs: &Needs<'_>,
) -> Result<Built, SizingError> {
    let by_cover = build(capacity_usd, terms, needs);
    let Some(gearing) = gearing else {
        return by_cover;
    };
    if !(gearing > 0.0 && gearing <= 1.0) {
        let (what, must) = ("gearing", "above nought and at most 1");
        return Err(SizingError::Input {
            what,
            must,
            value: gearing,
        });
    }
    match by_cover {
        Ok(built) if built.debt_share <= gearing => return Ok(built),
        Ok(_) | Err(SizingError::AboveUses { .. }) => {}
        Err(other) => return Err(other),
    }
    let mut facility = gearing * needs.works_usd.iter().sum::<f64>();
    for _ in 0..TURNS_MAX {
        let built = build(facility, terms, needs)?;
        let next = gearing * built.uses_usd();
        if (next - facility).abs() <= 1e-14 * next {
            return Ok(Built {
                bound_by: Bound::Gearing,
                ..built
            });
        }
        facility = next;
    }
    let built = build(facility, terms, needs)?;
    Ok(Built {
        bound_by: Bound::Gearing,
        ..built
    })
}

fn check(facility: f64, terms: &Terms, needs: &Needs<'_>) -> Result<(), SizingError> {
    let figures = [
        ("the facility", facility, facility > 0.0, "positive"),
        (
            "interest while building",
            terms.rate,
            terms.rate >= 0.0,
            "nought or more",
        ),
        (
            "the commitment fee",
            terms.commitment,
            (0.0..=1.0).contains(&terms.commitment),
            "between 0 and 1",
        ),
        (
            "the upfront fee",
            terms.upfront,
            (0.0..=1.0).contains(&terms.upfront),
            "between 0 and 1",
        ),
        (
            "the reserve",
            needs.reserve_usd,
            needs.reserve_usd >= 0.0,
            "nought or more",
        ),
    ];
    for (what, value, holds, must) in figures {
        if !value.is_finite() || !holds {
            return Err(SizingError::Input { what, must, value });
        }
    }
    let dates = needs.works_usd.len();
    if dates == 0 || dates != needs.years.len() {
        let (what, must) = (
            "the number of dates of works",
            "positive and that of the years between them",
        );
        return Err(SizingError::Input {
            what,
            must,
            value: dates as f64,
        });
    }
    let bad = needs
        .works_usd
        .iter()
        .chain(needs.years)
        .find(|v| v.is_nan() || **v < 0.0);
    bad.map_or(Ok(()), |value| {
        let (what, must) = ("works and the years between them", "nought or more");
        Err(SizingError::Input {
            what,
            must,
            value: *value,
        })
    })
}
