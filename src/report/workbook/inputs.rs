//! The sheet of inputs: a line each, a column for each strategy; what may be changed is blue.

use super::book::{Book, Content, Kind, Look, Role, Table, Word};
use super::case::Case;
use super::expr::{CellId, Expr, TableId};
use super::lines::{DEBT, GENERAL, LATE_DRAWS, Line, Live, MACHINES, MACRS, OWNERS, REFINANCING, VENDOR};
use crate::finance::account::{Account, CashFlow, Class};
use crate::finance::statement::Statement;

/// The column of the first strategy.
const FIRST: u16 = 2;

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
    if cases.iter().any(Case::draws_late) {
        lines.section("Draws while repaying", &LATE_DRAWS);
    }
    if cases.iter().any(Case::refinances) {
        lines.section("Refinancing", &REFINANCING);
    }
    if cases.iter().any(Case::leases_machines) {
        lines.section("Lender of machines", &MACHINES);
    }
    if cases.iter().any(|case| case.states("vendor_usd")) {
        lines.section("Vendor of machines", &VENDOR);
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
