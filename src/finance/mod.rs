//! Money over time: the ledger, returns, income tax, residual values. Domain-free.
//!
//! Series of money are plain slices of US dollars by month (`*_usd`), money in positive, because they are rows of
//! tables; single amounts and rates carry their types.

pub mod account;
pub mod annual;
pub mod break_even;
pub mod capital;
pub mod debt;
pub mod irr;
pub mod ledger;
pub mod register;
pub mod residual;
pub mod returns;
pub mod statement;
pub mod tax;
pub mod unit;

pub use account::{Account, CashFlow, Class};
pub use irr::{irr_roots, irr_roots_annual, xirr_roots};
pub use ledger::{Imbalance, Ledger};
pub use residual::ResidualSpec;
pub use returns::{discount_factor, mirr, moic, npv, payback_years, peak_equity};
pub use tax::{Depreciation, IncomeTax, IncomeTaxSpec, TaxYear};
