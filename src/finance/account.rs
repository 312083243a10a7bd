//! The chart of accounts: every place where money can be booked.

/// What kind of account it is; decides the statement it appears in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// What is owned.
    Asset,
    /// What is owed.
    Liability,
    /// What owners paid in, net of what they took out.
    Equity,
    /// What was earned.
    Income,
    /// What was used up.
    Expense,
}

impl Class {
    /// Whether a debit makes it grow.
    pub const fn grows_by_debit(self) -> bool {
        matches!(self, Self::Asset | Self::Expense)
    }
}

/// The section of the cash-flow statement to which cash against an account belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CashFlow {
    /// Earning and running.
    Operating,
    /// Building, buying and selling assets.
    Investing,
    /// Income tax.
    Tax,
    /// What assets and running contracts are taken to be worth at the horizon: no money moves, and NPV is shown
    /// with and without it.
    Residual,
    /// Lenders.
    Debt,
    /// Owners.
    Equity,
}

impl CashFlow {
    /// Whether it belongs to the project's own flows, before financing.
    pub const fn is_project(self) -> bool {
        matches!(
            self,
            Self::Operating | Self::Investing | Self::Tax | Self::Residual
        )
    }
}

/// Declares the accounts: variant, id in files, class, section of the cash-flow statement (`-` where cash never
/// stands against it), meaning.
macro_rules! accounts {
    (@flow -) => { None };
    (@flow $flow:ident) => { Some(CashFlow::$flow) };
    ($($name:ident, $id:literal, $class:ident, $flow:tt, $meaning:literal;)+) => {
        /// An account of the chart.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Account { $(#[doc = $meaning] $name,)+ }

        impl Account {
            /// Every account, in the order of files.
            pub const ALL: &'static [Account] = &[$(Account::$name,)+];
            /// The id in files.
            pub const fn id(self) -> &'static str {
                match self { $(Account::$name => $id,)+ }
            }
            /// What kind of account it is.
            pub const fn class(self) -> Class {
                match self { $(Account::$name => Class::$class,)+ }
            }
            /// The section of the cash-flow statement for cash against it; `None` where cash never is.
            pub const fn cash_flow(self) -> Option<CashFlow> {
                match self { $(Account::$name => accounts!(@flow $flow),)+ }
            }
            /// One sentence for people.
            pub const fn meaning(self) -> &'static str {
                match self { $(Account::$name => $meaning,)+ }
            }
        }
    };
}

accounts! {
    MiningRevenue, "mining_revenue", Income, Operating, "Coins mined, at the price of the hour.";
    CoinGains, "coin_gains", Income, Operating, "What coins sold had gained since they were mined: taxed when they are sold.";
    CoinRevaluation, "coin_revaluation", Income, -, "What coins held gained, until they are sold.";
    HashpriceForwards, "hashprice_forwards", Income, Operating, "Settlement of hashprice forwards.";
    GpuReservedRevenue, "gpu_reserved_revenue", Income, Operating, "Reserved blocks of GPUs.";
    GpuOnDemandRevenue, "gpu_on_demand_revenue", Income, Operating, "GPU-hours sold on demand.";
    GpuSpotRevenue, "gpu_spot_revenue", Income, Operating, "GPU-hours sold as spot.";
    InferenceRevenue, "inference_revenue", Income, Operating, "Tokens or replicas of inference services.";
    LeaseRevenue, "lease_revenue", Income, Operating, "Rent of powered shell.";
    HostingRevenue, "hosting_revenue", Income, Operating, "Fees and shares of profit of customers' miners.";
    PowerRecharge, "power_recharge", Income, Operating, "Power passed through to tenants.";
    DemandResponse, "demand_response", Income, Operating, "Payments for curtailment and ancillary services.";
    PowerResale, "power_resale", Income, Operating, "Unused block power sold on.";
    CompensationReceived, "compensation_received", Income, Operating, "Damages and insurance received.";
    OtherRevenue, "other_revenue", Income, Operating, "Any other income.";
    PowerCost, "power_cost", Expense, Operating, "The power bill, before resale and demand response.";
    FuelCost, "fuel_cost", Expense, Operating, "Fuel and running cost of generation on site and backup generators.";
    WaterCost, "water_cost", Expense, Operating, "Water and its discharge.";
    StaffCost, "staff_cost", Expense, Operating, "Wages with on-costs.";
    TrainingCost, "training_cost", Expense, Operating, "Hiring and retraining.";
    MaintenanceCost, "maintenance_cost", Expense, Operating, "Repair, spares and service contracts.";
    NetworkCost, "network_cost", Expense, Operating, "Transit, transport and cross-connects.";
    SoftwareCost, "software_cost", Expense, Operating, "Licences and platform fees.";
    PoolFees, "pool_fees", Expense, Operating, "Fees of the mining pool.";
    InsuranceCost, "insurance_cost", Expense, Operating, "Insurance of operations.";
    PropertyTax, "property_tax", Expense, Operating, "Taxes on property.";
    LandCost, "land_cost", Expense, Operating, "Rent of land.";
    OtherOpex, "other_opex", Expense, Operating, "Any other running cost.";
    ServiceCredits, "service_credits", Expense, Operating, "Credits and penalties for late or short capacity.";
    HostingTermination, "hosting_termination", Expense, Operating, "Paid to hosting customers whose contract ends early.";
    OrderCancellation, "order_cancellation", Expense, Operating, "Cost of cancelling orders.";
    Severance, "severance", Expense, Operating, "Payments to people who leave.";
    Decommissioning, "decommissioning", Expense, Operating, "Taking down and clearing.";
    Receivables, "receivables", Asset, Operating, "Earned and not yet paid by customers.";
    Payables, "payables", Liability, Operating, "Owed to suppliers.";
    CoinsHeld, "coins_held", Asset, Operating, "Coins mined and kept: cash where they are sold.";
    CustomerPrepayments, "customer_prepayments", Liability, Operating, "Paid by customers and not yet earned.";
    OrderDeposits, "order_deposits", Asset, Investing, "Paid for equipment not yet delivered.";
    CapexFacility, "capex_facility", Asset, Investing, "Building, electrical and mechanical plant.";
    CapexGrid, "capex_grid", Asset, Investing, "Grid connection and substation.";
    CapexHardware, "capex_hardware", Asset, Investing, "Miners, GPU systems and their network.";
    CapexContingency, "capex_contingency", Asset, Investing, "Contingency spent.";
    CapexOther, "capex_other", Asset, Investing, "Design, permits and other costs of the project.";
    InterestCapitalised, "interest_capitalised", Asset, Debt, "Interest and fees of lenders while building: part of what was built.";
    AsicSalvage, "asic_salvage", Income, Investing, "Miners sold.";
    AssetSales, "asset_sales", Income, Investing, "Other assets sold.";
    HardwareResidual, "hardware_residual", Income, Residual, "Worth of hardware at the horizon.";
    FacilityResidual, "facility_residual", Income, Residual, "Worth of buildings and plant at the horizon.";
    ContractResidual, "contract_residual", Income, Residual, "Worth of running contracts at the horizon.";
    IncomeTax, "income_tax", Expense, Tax, "Tax on profit.";
    Depreciation, "depreciation", Expense, -, "Assets used up.";
    DisposalLoss, "disposal_loss", Expense, -, "Book value of assets given up.";
    AccumulatedDepreciation, "accumulated_depreciation", Asset, -, "Depreciation so far, against the assets.";
    InterestIncome, "interest_income", Income, Debt, "Interest on cash held.";
    InterestCost, "interest_cost", Expense, Debt, "Interest paid.";
    FinancingFees, "financing_fees", Expense, Debt, "Fees of lenders.";
    InterestPayable, "interest_payable", Liability, Debt, "Interest accrued: cash where it is paid.";
    ReserveAccounts, "reserve_accounts", Asset, Debt, "Held for lenders, out of reach of owners.";
    DebtDraws, "debt_draws", Liability, Debt, "Loans drawn.";
    DebtRepayments, "debt_repayments", Liability, Debt, "Loans paid back.";
    Grants, "grants", Income, Investing, "Grants received.";
    EquityContributions, "equity_contributions", Equity, Equity, "Paid in by owners.";
    EquityDistributions, "equity_distributions", Equity, Equity, "Paid out to owners.";
    OpeningEquity, "opening_equity", Equity, -, "Owners' stake in what stood at the start.";
    Cash, "cash", Asset, -, "Money at the bank.";
}

impl Account {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();
    /// Whether cash moves with the month's work itself: coins, people, taxes, credits, clearing. The other running accounts have
    /// days of grace.
    pub const fn is_paid_at_once(self) -> bool {
        matches!(
            self,
            Self::MiningRevenue
                | Self::CoinGains
                | Self::HashpriceForwards
                | Self::PoolFees
                | Self::StaffCost
                | Self::TrainingCost
                | Self::Severance
                | Self::PropertyTax
                | Self::ServiceCredits
                | Self::Decommissioning
        )
    }
    /// As an index into arrays of all accounts.
    pub const fn index(self) -> usize {
        self as usize
    }
    /// The account of an id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|account| account.id() == id)
    }
    /// The accounts against which cash can stand, in the order of files.
    pub fn of_cash_flow() -> impl Iterator<Item = Self> {
        Self::ALL
            .iter()
            .copied()
            .filter(|account| account.cash_flow().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_read_back_and_indices_are_dense() {
        for (index, account) in Account::ALL.iter().enumerate() {
            assert_eq!(Account::from_id(account.id()), Some(*account));
            assert_eq!(account.index(), index);
            assert!(account.id().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        }
    }

    #[test]
    fn income_and_expense_meet_cash_unless_they_only_move_book_values() {
        let bookish = [
            Account::Depreciation,
            Account::DisposalLoss,
            Account::CoinRevaluation,
        ];
        for account in Account::ALL {
            if matches!(account.class(), Class::Income | Class::Expense) {
                assert_eq!(
                    account.cash_flow().is_none(),
                    bookish.contains(account),
                    "{account:?}"
                );
            }
        }
        assert_eq!(Account::Cash.cash_flow(), None);
    }
}
