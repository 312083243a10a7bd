//! The sheet of inputs: a line each, a column for each strategy; what may be changed is blue.

use super::book::{Book, Content, Kind, Look, Role, Table, Word};
use super::case::Case;
use super::expr::{CellId, Expr, TableId};
use crate::finance::account::{Account, CashFlow, Class};
use crate::finance::statement::Statement;

/// The column of the first strategy.
const FIRST: u16 = 2;

/// Whether a change of an input recalculates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Live {
    Yes,
    No,
}

/// What is asked of an input: its term, what people call it, its unit, its look, whether it is live.
type Line<'a> = (&'a str, &'a str, &'static str, Look, Live);

const GENERAL: [Line<'static>; 11] = [
    (
        "discount",
        "Discount rate, effective a year",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    ("income_tax", "Income tax", "%", Look::Percent, Live::Yes),
    (
        "loss_offset",
        "Share of a year's profit that earlier losses may cover",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    (
        "receivable_days",
        "Days until customers pay",
        "days",
        Look::Plain,
        Live::Yes,
    ),
    (
        "payable_days",
        "Days until suppliers are paid",
        "days",
        Look::Plain,
        Live::Yes,
    ),
    (
        "inflation",
        "Inflation of running costs",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    (
        "facility_life",
        "Life of facility plant in the books",
        "years",
        Look::Plain,
        Live::Yes,
    ),
    (
        "hardware_life",
        "Life of hardware in the books",
        "years",
        Look::Plain,
        Live::Yes,
    ),
    (
        "facility_tax_method",
        "Parameter of the facility's tax depreciation (method on the sheet Calc)",
        "",
        Look::Plain,
        Live::Yes,
    ),
    (
        "hardware_tax_method",
        "Parameter of the hardware's tax depreciation",
        "",
        Look::Plain,
        Live::Yes,
    ),
    (
        "disposal_at_horizon",
        "All that stands is given up at the horizon (1) or kept (0)",
        "0/1",
        Look::Count,
        Live::No,
    ),
];

const DEBT: [Line<'static>; 17] = [
    (
        "facility",
        "Facility as sized at close",
        "USD",
        Look::Usd,
        Live::Yes,
    ),
    (
        "debt_share",
        "Debt's share of uses while building",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    (
        "reserve",
        "Reserve account at completion",
        "USD",
        Look::Usd,
        Live::Yes,
    ),
    (
        "overrun",
        "Standby for overruns, of the facility",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    ("upfront_fee", "Upfront fee", "%", Look::Percent, Live::Yes),
    (
        "commitment_fee",
        "Commitment fee a year",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    ("margin", "Margin a year", "%", Look::Percent, Live::Yes),
    (
        "hedge",
        "Share of interest that is swapped",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    ("sweep", "Cash sweep", "%", Look::Percent, Live::Yes),
    (
        "lock_up",
        "Cover below which owners get nothing",
        "ratio",
        Look::Ratio,
        Live::Yes,
    ),
    (
        "covenant",
        "Cover of the covenant",
        "ratio",
        Look::Ratio,
        Live::Yes,
    ),
    (
        "payment_months",
        "Months of a payment period",
        "months",
        Look::Count,
        Live::No,
    ),
    (
        "close",
        "First month of works, from 0",
        "month",
        Look::Count,
        Live::No,
    ),
    (
        "built",
        "First month after building, from 0",
        "month",
        Look::Count,
        Live::No,
    ),
    (
        "completion",
        "First month with every hall ready, from 0",
        "month",
        Look::Count,
        Live::No,
    ),
    (
        "first_repayment",
        "First month of repayment, from 0",
        "month",
        Look::Count,
        Live::No,
    ),
    (
        "schedule_end",
        "Last month of the schedule, from 0",
        "month",
        Look::Count,
        Live::No,
    ),
];

const OWNERS: [Line<'static>; 3] = [
    (
        "investor",
        "Investor's share of equity",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    (
        "preferred",
        "Preferred return a year",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    ("promote", "Sponsor's promote", "%", Look::Percent, Live::Yes),
];

/// Shares of cost by tax year, percent (IRS Publication 946, table A-1: half-year convention).
const MACRS: [(&str, &[f64]); 2] = [
    ("macrs_5", &[20.0, 32.0, 19.2, 11.52, 11.52, 5.76]),
    (
        "macrs_15",
        &[
            5.0, 9.5, 8.55, 7.70, 6.93, 6.23, 5.90, 5.90, 5.91, 5.90, 5.91, 5.90, 5.91, 5.90, 5.91, 2.95,
        ],
    ),
];

/// The inputs of the strategies.
#[derive(Debug, Clone, Default)]
pub(super) struct Inputs {
    /// By strategy and name.
    cells: Vec<Vec<(String, CellId)>>,
    tables: Vec<(&'static str, TableId)>,
    pub(super) sheet: usize,
    /// Which inputs recalculate, for the list on the cover.
    pub(super) live: Vec<String>,
    /// Which do not.
    pub(super) fixed: Vec<String>,
}

impl Inputs {
    /// An input of a strategy.
    pub(super) fn of(&self, strategy: usize, name: &str) -> CellId {
        let found = self.cells[strategy].iter().find(|(own, _)| own == name);
        found
            .unwrap_or_else(|| panic!("strategy {strategy} has no input `{name}`"))
            .1
    }
    /// Likewise, where there is one.
    pub(super) fn find(&self, strategy: usize, name: &str) -> Option<CellId> {
        let found = self.cells[strategy].iter().find(|(own, _)| own == name);
        found.map(|(_, cell)| *cell)
    }
    /// The table of a method of depreciation, where it is one of tables.
    pub(super) fn table(&self, method: &str) -> Option<TableId> {
        self.tables
            .iter()
            .find(|(own, _)| *own == method)
            .map(|(_, table)| *table)
    }
}

/// Lines of the sheet under way.
struct Lines<'a> {
    book: &'a mut Book,
    inputs: Inputs,
    cases: &'a [Case],
}
/// Adds the sheet.
pub(super) fn add(book: &mut Book, cases: &[Case]) -> Inputs {
    let sheet = book.sheet("Inputs".to_owned(), "Inputs", Kind::List(&[58.0, 9.0, 18.0]));
    book.text(
        (sheet, 1),
        0,
        Word::Note,
        "Blue cells may be changed; everything else follows. A later strategy takes the first one's figure where it is the same.",
    );
    book.text((sheet, 3), 1, Word::Heading, "Unit");
    for (index, case) in cases.iter().enumerate() {
        book.text((sheet, 3), FIRST + index as u16, Word::Heading, &case.id);
    }
    book.sheets[sheet].next = 4;
    book.sheets[sheet].frozen = 3;
    let mut lines = Lines {
        book,
        inputs: Inputs {
            cells: vec![Vec::new(); cases.len()],
            sheet,
            ..Inputs::default()
        },
        cases,
    };
    lines.section("General", &GENERAL);
    let as_run: Vec<Option<f64>> = cases.iter().map(|case| Some(case.term("inflation"))).collect();
    let label = "Inflation in the simulation";
    lines.line(
        &("inflation_as_run", label, "%", Look::Percent, Live::No),
        &as_run,
    );
    lines.scales();
    if cases.iter().any(Case::borrows) {
        lines.section("Debt", &DEBT);
        lines.debt_changes();
    }
    if cases.iter().any(|case| case.states("investor")) {
        lines.section("Owners", &OWNERS);
    }
    lines.depreciation();
    lines.inputs
}

impl Lines<'_> {
    fn section(&mut self, heading: &str, lines: &[Line<'_>]) {
        self.book.heading(self.inputs.sheet, heading);
        for line in lines {
            let values: Vec<Option<f64>> = self
                .cases
                .iter()
                .map(|case| case.states(line.0).then(|| case.term(line.0)))
                .collect();
            self.line(line, &values);
        }
    }

    /// A line with a figure for each strategy that has one.
    fn line(&mut self, &(name, label, unit, look, live): &Line<'_>, values: &[Option<f64>]) {
        let sheet = self.inputs.sheet;
        let at = (sheet, self.book.take_line(sheet));
        self.book.text(at, 0, Word::Plain, label);
        self.book.text(at, 1, Word::Note, unit);
        let list = match live {
            Live::Yes => &mut self.inputs.live,
            Live::No => &mut self.inputs.fixed,
        };
        list.push(label.to_owned());
        let mut first: Option<(CellId, f64)> = None;
        for (strategy, value) in values.iter().enumerate() {
            let Some(value) = *value else { continue };
            let (role, content) = match (first, live) {
                (Some((cell, same)), _) if same == value => {
                    (Role::Formula, Content::Formula(Expr::Cell(cell)))
                }
                (_, Live::Yes) => (Role::Input, Content::Values(vec![value])),
                (_, Live::No) => (Role::Engine, Content::Values(vec![value])),
            };
            let cell = self.book.cell(at, FIRST + strategy as u16, (look, role), content);
            if first.is_none() {
                first = Some((cell, value));
            }
            self.inputs.cells[strategy].push((name.to_owned(), cell));
        }
    }

    /// A factor for each account that moved: 100 % is what the simulation found.
    fn scales(&mut self) {
        self.book
            .heading(self.inputs.sheet, "Factors on what the simulation found");
        for account in Account::of_cash_flow().filter(|a| is_scaled(*a)) {
            let moved: Vec<Option<f64>> = self
                .cases
                .iter()
                .map(|c| moves(c, account).then_some(100.0))
                .collect();
            if moved.iter().all(Option::is_none) {
                continue;
            }
            let name = format!("scale/{}", account.id());
            let label = format!("Factor on {}", words(account.id()));
            // Prepayments follow the reserved blocks that they pay for.
            if account == Account::CustomerPrepayments {
                self.follows((&name, &label), Account::GpuReservedRevenue, &moved);
            } else {
                self.line(&(&name, &label, "%", Look::Percent, Live::Yes), &moved);
            }
        }
        let all: Vec<Option<f64>> = vec![Some(100.0); self.cases.len()];
        for (name, label, of) in [
            (
                "scale/in_service_facility",
                "Factor on facility plant that enters service, for depreciation",
                Account::CapexFacility,
            ),
            (
                "scale/in_service_hardware",
                "Factor on hardware that enters service, for depreciation",
                Account::CapexHardware,
            ),
        ] {
            self.follows((name, label), of, &all);
        }
    }

    /// A factor that is another one's unless it is overwritten.
    fn follows(&mut self, (name, label): (&str, &str), leader: Account, moved: &[Option<f64>]) {
        let sheet = self.inputs.sheet;
        let at = (sheet, self.book.take_line(sheet));
        self.book.text(at, 0, Word::Plain, label);
        self.book.text(at, 1, Word::Note, "%");
        for (strategy, _) in moved.iter().enumerate().filter(|(_, moved)| moved.is_some()) {
            let leader = self.inputs.find(strategy, &format!("scale/{}", leader.id()));
            let content = leader.map_or(Content::Values(vec![100.0]), |cell| {
                Content::Formula(Expr::Cell(cell))
            });
            let look = (Look::Percent, Role::Input);
            let cell = self.book.cell(at, FIRST + strategy as u16, look, content);
            self.inputs.cells[strategy].push((name.to_owned(), cell));
        }
        self.inputs.live.push(label.to_owned());
    }

    fn debt_changes(&mut self) {
        let of = |value: f64| -> Vec<Option<f64>> {
            self.cases
                .iter()
                .map(|case| case.borrows().then_some(value))
                .collect()
        };
        let (none, whole) = (of(0.0), of(100.0));
        let shift = "Change of the base rate, in points (swapped interest stays)";
        self.line(&("rate_shift", shift, "%", Look::Percent, Live::Yes), &none);
        let service = "Factor on the scheduled debt service";
        self.line(&("service_scale", service, "%", Look::Percent, Live::Yes), &whole);
        let sized = self
            .cases
            .iter()
            .map(|case| case.borrows().then(|| case.term("facility")));
        let sized: Vec<Option<f64>> = sized.collect();
        let basis = "Facility for which the schedule was made";
        self.line(&("schedule_basis", basis, "USD", Look::Usd, Live::No), &sized);
    }

    /// Tables of depreciation for tax, where a strategy uses them.
    fn depreciation(&mut self) {
        for (method, percents) in MACRS {
            let used = |case: &Case| {
                [case.kind("facility_tax_method"), case.kind("hardware_tax_method")].contains(&method)
            };
            if !self.cases.iter().any(used) {
                continue;
            }
            let sheet = self.inputs.sheet;
            self.book.heading(
                sheet,
                &format!(
                    "{} (IRS Publication 946, table A-1): tax year, share of cost",
                    words(method)
                ),
            );
            let line = self.book.sheets[sheet].next;
            let shares: Vec<f64> = percents.iter().map(|percent| percent / 100.0).collect();
            self.book.sheets[sheet].next += shares.len() as u32;
            self.book.tables.push(Table {
                sheet,
                line,
                column: 1,
                shares,
            });
            self.inputs
                .tables
                .push((method, TableId(self.book.tables.len() - 1)));
        }
    }
}
/// An id as people read it.
pub(super) fn words(id: &str) -> String {
    let mut words = id.replace('_', " ");
    for (from, to) in [("gpu ", "GPU "), ("macrs ", "MACRS "), ("capex ", "capex: ")] {
        words = words.replace(from, to);
    }
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}
/// Whether an account has a factor of its own: running income and cost, works, grants, sales, residuals.
fn is_scaled(account: Account) -> bool {
    let is_result = matches!(account.class(), Class::Income | Class::Expense);
    match account.cash_flow() {
        Some(CashFlow::Operating) => {
            (is_result && account != Account::CoinGains) || account == Account::CustomerPrepayments
        }
        Some(CashFlow::Investing | CashFlow::Residual) => true,
        _ => false,
    }
}
fn moves(case: &Case, account: Account) -> bool {
    case.line(Statement::Income, account.id()).is_some()
        || case.line(Statement::CashFlow, account.id()).is_some()
}
/// The account whose factor an account takes.
pub(super) const fn scale_of(account: Account) -> Account {
    match account {
        Account::CoinGains | Account::CoinRevaluation | Account::CoinsHeld => Account::MiningRevenue,
        other => other,
    }
}
