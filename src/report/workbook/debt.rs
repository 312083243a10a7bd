//! The sheet of a strategy's loan: draws, interest and fees while building, then the waterfall of each payment period, cover
//! ratios, and what owners pay in and get. Month by month what `finance::capital::run` does.

use super::book::{Book, Kind, Look, Role};
use super::calc::Basis;
use super::expr::{
    Expr, Operator, RowId, above, all, any, at_least, below, choose, equal, flag, is, least, most, share,
    total,
};
use super::late::{self, Late, plus};
use super::service::{Dues, dues};
use super::statements::Worked;
use super::timing::Timing;
use crate::finance::account::Account;
use crate::finance::capital::run::{LEFT_SHARE_MIN, WORKS};
use crate::finance::statement::Statement;

/// Of a dollar that is due, what counts as nothing.
const NOTHING_USD: f64 = 1e-6;
/// Below this share of what was drawn a loan is repaid.
const REPAID: f64 = 1e-11;

/// Rows of a loan that others need.
#[derive(Debug, Clone, Copy)]
pub(super) struct Debt {
    pub(super) sheet: usize,
    /// 1 once building is over.
    pub(super) operating: RowId,
    /// Interest and fees while building, in the month in which they become an asset.
    pub(super) capitalised_in_service: RowId,
    /// What was drawn in the month.
    pub(super) draw: RowId,
    /// Interest and fees while building, in the month.
    pub(super) building: (RowId, RowId),
    /// What is owed at the end of the month.
    pub(super) balance: RowId,
    /// Interest of a month on a dollar owed.
    pub(super) factor: RowId,
    /// What lending anew costs, where it is refinanced.
    pub(super) renewal: Option<RowId>,
    /// Works, interest, fees and reserve while building.
    pub(super) uses: RowId,
    /// What of them owners pay.
    pub(super) owners_part: RowId,
    reserve_in: RowId,
    granted: RowId,
    /// All that was drawn so far.
    drawn: RowId,
    /// Draws while it is repaid, where the facility stays available.
    pub(super) late: Option<Late>,
}

/// Rows of the waterfall that measures need.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waterfall {
    pub(super) cash: RowId,
    /// Cover of the periods of the schedule; else an empty text.
    pub(super) cover: RowId,
    pub(super) breached: RowId,
    pub(super) locked: RowId,
    /// What was owed when repayment began, in that month.
    pub(super) owed_at_start: RowId,
}

/// A row of dollars, summed.
pub(super) fn usd(book: &mut Book, sheet: usize, label: &str, expr: Expr) -> RowId {
    book.flow(sheet, label, expr)
}

/// A row of dollars to be defined later.
pub(super) fn later(book: &mut Book, sheet: usize, label: &str) -> RowId {
    book.row(sheet, label, "USD", (Look::Usd, Role::Formula))
}

/// Works, less what lenders of machines pay of them.
fn works(basis: &Basis<'_>) -> Expr {
    let built = |a: Account| WORKS.contains(&a);
    let all = -basis.statements.sum(Statement::CashFlow, built);
    match basis.lenders.draw {
        Some(draw) => all - draw,
        None => all,
    }
}

/// The rate by month and the interest on a dollar owed: of the loan, and of what is lent anew after its schedule.
fn interest(book: &mut Book, basis: &Basis<'_>, sheet: usize) -> RowId {
    let input = |name: &str| Expr::Cell(basis.input(name));
    book.heading(sheet, "Interest");
    let base = basis.case.by_month("base_rate", "", book.months);
    let base = book.values(
        sheet,
        ("Base rate with its hedge, in the simulation", "%"),
        Look::Percent,
        base,
    );
    let shift = input("rate_shift") * (Expr::Number(1.0) - share(input("hedge")));
    let mut rate = base + shift + input("margin");
    if basis.case.refinances() {
        let anew = basis.case.by_month("refinanced_base", "", book.months);
        let label = ("Base rate without a hedge, in the simulation", "%");
        let anew = book.values(sheet, label, Look::Percent, anew);
        let anew = anew + input("rate_shift") + input("refinancing_margin");
        rate = choose(above(basis.timing.month, input("schedule_end")), anew, rate);
    }
    book.formula(sheet, ("Rate", "%"), Look::Percent, rate)
}

/// Adds the sheet with what happens until building is over.
#[expect(
    clippy::too_many_lines,
    reason = "a sheet from top to bottom, in the order in which it is read"
)]
pub(super) fn build(book: &mut Book, basis: &Basis<'_>) -> Debt {
    let name = format!("Debt {}", basis.strategy + 1);
    let sheet = book.sheet(name, &format!("Debt: {}", basis.case.id), Kind::Months);
    let month = basis.timing.month;
    let input = |name: &str| Expr::Cell(basis.input(name));
    let rate = interest(book, basis, sheet);
    let part = basis.case.by_month("year_part", "", book.months);
    let part = book.values(
        sheet,
        ("Length of the month as interest counts it", "years"),
        Look::Factor,
        part,
    );
    let factor = book.formula(
        sheet,
        ("Interest on a dollar owed", "factor"),
        Look::Factor,
        share(rate) * part,
    );
    book.heading(sheet, "Phases");
    let mut phase = |label: &str, holds: Expr| book.formula(sheet, (label, "0/1"), Look::Count, flag(holds));
    let building = phase(
        "Building",
        all(vec![
            at_least(month, input("close")),
            below(month, input("built")),
        ]),
    );
    let first = phase(
        "Closing",
        all(vec![building.is_on(), equal(month, input("close"))]),
    );
    let completes = phase(
        "Completion",
        all(vec![building.is_on(), equal(month + 1.0, input("built"))]),
    );
    let operating = phase("Operation", at_least(month, input("built")));
    book.heading(sheet, "Sources and uses while building");
    let drawn = later(book, sheet, "Drawn so far");
    let owed = drawn.before();
    let since = |expr: Expr| choose(all(vec![building.is_on(), equal(first, 0.0)]), expr, 0.0);
    let granted = choose(
        building.is_on(),
        most(least(basis.cash("grants"), works(basis)), 0.0),
        0.0,
    );
    let granted = usd(book, sheet, "Grants that pay for works", granted);
    let net = usd(
        book,
        sheet,
        "Works less grants",
        choose(building.is_on(), works(basis) - granted, 0.0),
    );
    let interest = usd(
        book,
        sheet,
        "Interest while building",
        since(owed.clone() * factor),
    );
    let undrawn = most(input("facility") - owed.clone(), 0.0) * part * share(input("commitment_fee"));
    let upfront = choose(
        first.is_on(),
        input("facility") * share(input("upfront_fee")),
        0.0,
    );
    let fees = usd(
        book,
        sheet,
        "Commitment and upfront fees",
        since(undrawn) + upfront,
    );
    let reserve_in = choose(completes.is_on(), input("reserve"), 0.0);
    let reserve_in = usd(book, sheet, "Into the reserve account", reserve_in);
    let uses = usd(book, sheet, "Uses", net + interest + fees + reserve_in);
    let limit = input("facility") * (Expr::Number(1.0) + share(input("overrun")));
    let draw = least(
        most(share(input("debt_share")) * uses, 0.0),
        most(limit - owed.clone(), 0.0),
    );
    let draw = usd(book, sheet, "Drawn", choose(building.is_on(), draw, 0.0));
    let owners_part = usd(book, sheet, "Owners' part", uses - draw);
    let capitalised = (interest.sum() + fees.sum())
        * flag(equal(
            month,
            least(input("built"), Expr::Cell(basis.timing.count) - 1.0),
        ));
    let capitalised = usd(book, sheet, "Interest and fees that become an asset", capitalised);
    let balance = later(book, sheet, "Owed at the end of the month");
    let renewal = basis.case.refinances().then(|| {
        let first = equal(month, input("schedule_end") + 1.0);
        let fee = balance.before() * share(input("refinancing_fee"));
        usd(book, sheet, "Fee on what is lent anew", choose(first, fee, 0.0))
    });
    let stays = basis.case.draws_late();
    let late = stays.then(|| late::begin(book, basis, (sheet, part), (operating, completes), drawn));
    let so_far = plus(owed + draw, late.map(|late| Expr::Now(late.draw)));
    book.define(drawn, so_far);
    Debt {
        sheet,
        operating,
        capitalised_in_service: capitalised,
        draw,
        building: (interest, fees),
        balance,
        factor,
        renewal,
        uses,
        owners_part,
        reserve_in,
        granted,
        drawn,
        late,
    }
}

/// Adds operation: each payment period's cash serves the debt.
#[expect(
    clippy::too_many_lines,
    reason = "a sheet from top to bottom, in the order in which it is read"
)]
pub(super) fn operate(
    book: &mut Book,
    basis: &Basis<'_>,
    debt: &Debt,
    aside: RowId,
    worked: &mut Worked,
) -> Waterfall {
    let sheet = debt.sheet;
    let Timing { last, .. } = basis.timing;
    book.heading(sheet, "Cash available for debt service");
    let mut cash = basis.cash("operating_cash_flow") + basis.cash("investing_cash_flow") - aside;
    let mut label = "Cash of operation and investment less tax set aside";
    if let Some(served) = basis.lenders.net() {
        cash = cash + served;
        label = "Cash of operation and investment less tax set aside and other lenders";
    }
    if let Some(fees) = debt.later_fees() {
        cash = cash - fees;
    }
    let cash = usd(book, sheet, label, cash);
    let unready = all(vec![
        debt.operating.is_on(),
        below(basis.timing.month, basis.input("completion")),
    ]);
    let unpaid = works(basis) - most(least(basis.cash("grants"), works(basis)), 0.0);
    let support = usd(
        book,
        sheet,
        "Works of halls that are not ready yet, no part of CFADS",
        choose(unready, unpaid, 0.0),
    );
    if let Some(late) = &debt.late {
        late::define(book, basis, late, (debt.drawn, support));
    }
    let available = usd(
        book,
        sheet,
        "Of it after building: CFADS",
        choose(debt.operating.is_on(), cash + support, 0.0),
    );
    let accrued = usd(
        book,
        sheet,
        "Interest accrued",
        choose(debt.operating.is_on(), debt.balance.before() * debt.factor, 0.0),
    );
    let dues = dues(book, basis, debt, (available, accrued));
    book.heading(sheet, "Waterfall");
    let (trapped, reserve) = (
        later(book, sheet, "Trapped for owners"),
        later(book, sheet, "Reserve account"),
    );
    let on = |expr: Expr| choose(dues.pays.is_on(), expr, 0.0);
    let left = dues.gathered + trapped.before() - dues.due;
    let left = usd(book, sheet, "Cash less what is due", on(left));
    let short = choose(all(vec![below(left, 0.0), above(dues.due, 0.0)]), -left, 0.0);
    let short = usd(book, sheet, "Missing", short);
    let help = usd(
        book,
        sheet,
        "Out of the reserve account",
        least(reserve.before(), short),
    );
    let deferred = usd(book, sheet, "Deferred", least(short - help, dues.due));
    let after = usd(book, sheet, "Cash after debt service", left + help + deferred);
    let paid = usd(book, sheet, "Principal paid", dues.principal - deferred);
    let target = debt.reserve_in.sum();
    let room = most(target - (reserve.before() - help), 0.0);
    let fill = choose(above(dues.due, 0.0), least(room, most(after, 0.0)), 0.0);
    let fill = usd(book, sheet, "Into the reserve account again", on(fill));
    let owed_after = debt.balance.before() - paid;
    let free = most(after - fill - trapped.before(), 0.0);
    let swept = least(owed_after.clone(), share(basis.input("sweep")) * free);
    let sweeps = all(vec![
        dues.pays.is_on(),
        above(dues.due, 0.0),
        any(vec![dues.all_due.is_on(), above(dues.schedule, 0.0)]),
    ]);
    let sweep = usd(book, sheet, "Swept", choose(sweeps, swept, 0.0));
    let owed = usd_balance(book, sheet, "Owed after payment", owed_after - sweep);
    let held = reserve.before() - help + fill;
    let repaid = is(Operator::AtMost, owed, debt.draw.sum() * REPAID);
    let release = usd(
        book,
        sheet,
        "Reserve released with the last of the debt",
        on(choose(repaid, held.clone(), 0.0)),
    );
    let rest = usd(book, sheet, "Left for owners", after - fill - sweep + release);
    let locks = all(vec![
        dues.pays.is_on(),
        above(dues.due, 1e-12),
        equal(last, 0.0),
        below(dues.gathered, Expr::Cell(basis.input("lock_up")) * dues.due),
    ]);
    let locked = book.formula(sheet, ("Locked up", "0/1"), Look::Count, flag(locks));
    let trap = usd(
        book,
        sheet,
        "Trapped",
        choose(locked.is_on(), most(rest, 0.0), 0.0),
    );
    book.define(trapped, choose(dues.pays.is_on(), trap, trapped.before()));
    let held_after = held - release;
    book.define(
        reserve,
        choose(last.is_on(), 0.0, held_after.clone() + debt.reserve_in),
    );
    let end = basis.cash("residual_cash_flow") + held_after - owed;
    let end = usd(
        book,
        sheet,
        "At the horizon: residual and reserve less what is owed",
        choose(last.is_on(), end, 0.0),
    );
    let owed_now = choose(
        debt.operating.is_on(),
        plus(owed.into(), debt.late_draw()),
        debt.balance.before() + debt.draw,
    );
    book.define(debt.balance, choose(last.is_on(), 0.0, owed_now));
    owners(
        book,
        basis,
        (debt, cash, support),
        (total([Expr::Now(rest), -trap]), end),
        worked,
    );
    lines(debt, (dues.interest, reserve, accrued), worked);
    measures(book, basis, debt, (&dues, deferred, locked, available))
}

/// A row of a balance: not summed.
fn usd_balance(book: &mut Book, sheet: usize, label: &str, expr: Expr) -> RowId {
    book.formula(sheet, (label, "USD"), Look::Usd, expr)
}

/// What owners get, or pay in: before closing all cash, while building what operation has over their part, then what the
/// waterfall leaves.
fn owners(
    book: &mut Book,
    basis: &Basis<'_>,
    (debt, cash, support): (&Debt, RowId, RowId),
    (rest, end): (Expr, RowId),
    worked: &mut Worked,
) {
    let sheet = debt.sheet;
    book.heading(sheet, "Owners");
    let early = below(
        basis.timing.month,
        least(basis.input("close"), basis.input("built")),
    );
    let early = usd(book, sheet, "Before closing", choose(early, cash, 0.0));
    let building = all(vec![
        at_least(basis.timing.month, basis.input("close")),
        below(basis.timing.month, basis.input("built")),
    ]);
    // Cash of the month is after works; works are among the uses.
    let operation = cash + works(basis) - debt.granted - debt.owners_part;
    let building = usd(book, sheet, "While building", choose(building, operation, 0.0));
    let later = usd(book, sheet, "Out of the waterfall", rest);
    let all = usd(book, sheet, "Owners get (pay in)", early + building + later + end);
    let completion = match debt.late_draw() {
        Some(draw) => support - draw,
        None => support.into(),
    };
    let paid_in = most(-all, 0.0) + completion;
    worked.insert(("cash_flow", "equity_contributions"), paid_in);
    worked.insert(("cash_flow", "equity_distributions"), -most(all, 0.0));
}

/// Lines of the statements that the loan makes.
fn lines(debt: &Debt, (interest, reserve, accrued): (RowId, RowId, RowId), worked: &mut Worked) {
    let (while_building, fees) = debt.building;
    let draws = plus(debt.draw.into(), debt.late_draw());
    for (id, expr) in [
        ("debt_draws", draws.clone()),
        ("debt_repayments", debt.balance - debt.balance.before() - draws),
        ("interest_capitalised", -(while_building + fees)),
        ("reserve_accounts", reserve.before() - reserve),
        ("interest_payable", -interest),
        (
            "financing_fees",
            debt.later_fees().map_or(Expr::Number(0.0), |fees| -fees),
        ),
    ] {
        // Other lenders have theirs on the same lines.
        let key = ("cash_flow", id);
        let others = worked.remove(&key);
        worked.insert(
            key,
            others.map_or_else(|| expr.clone(), |others| others + expr.clone()),
        );
    }
    let others = worked.get(&("cash_flow", "interest_cost")).cloned();
    let cost = others.map_or(-accrued, |others| others - accrued);
    worked.insert(("income", "interest_cost"), cost);
}

fn measures(
    book: &mut Book,
    basis: &Basis<'_>,
    debt: &Debt,
    (dues, deferred, locked, cash): (&Dues, RowId, RowId, RowId),
) -> Waterfall {
    let sheet = debt.sheet;
    book.heading(sheet, "Cover");
    let some = above(dues.due, 1e-12);
    let cover = choose(
        all(vec![
            dues.counted.is_on(),
            some.clone(),
            at_least(dues.due, Expr::Now(dues.schedule) * LEFT_SHARE_MIN),
        ]),
        dues.gathered / dues.due,
        Expr::Blank,
    );
    let cover = book.formula(sheet, ("Cover ratio", "ratio"), Look::Ratio, cover);
    let counts = any(vec![dues.counted.is_on(), above(deferred, NOTHING_USD)]);
    let thin = all(vec![
        some,
        below(dues.gathered, Expr::Cell(basis.input("covenant")) * dues.due),
    ]);
    let breached = all(vec![
        dues.pays.is_on(),
        counts.clone(),
        any(vec![above(deferred, 0.0), thin]),
    ]);
    let breached = book.formula(sheet, ("Covenant broken", "0/1"), Look::Count, flag(breached));
    let counted = all(vec![locked.is_on(), counts]);
    let locked = book.formula(sheet, ("Owners locked up", "0/1"), Look::Count, flag(counted));
    book.foot(breached);
    book.foot(locked);
    let starts = equal(basis.timing.month, basis.input("first_repayment"));
    let owed = choose(starts, debt.balance.before(), 0.0);
    let owed_at_start = usd(book, sheet, "Owed when repayment begins", owed);
    Waterfall {
        cash,
        cover,
        breached,
        locked,
        owed_at_start,
    }
}
