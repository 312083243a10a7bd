//! One domain module alone: what a scenario's field means, and the catalogue's deals, without any simulation.
//! `cargo run --example price_a_deal`

use repower::catalogue::{self, Kind};
use repower::finance::unit::usd_per_kw_month;
use repower::scenario::guide;
use repower::units::{Money, Power};

fn main() {
    // A deal of one's own beside those that were published.
    let mine = usd_per_kw_month(Money::from_usd(0.9e9), Power::from_mw(50.0), 12.0);
    println!("mine: {mine:.1} USD/kW-month over the term");
    for deal in catalogue::all().iter().filter(|item| item.kind == Kind::Deal) {
        let rent = deal.figures.iter().find(|figure| figure.unit == "USD/kW-month");
        println!(
            "{}: {}",
            deal.name,
            rent.map_or("-", |figure| figure.value.as_str())
        );
    }
    // What a field means, with the range that the checks take.
    let entry = guide::explain("sites.halls.cooling.direct_to_chip_dry.facility_water_c");
    println!(
        "{}",
        entry.expect("the path stands in the schema").meaning.join(" ")
    );
}
