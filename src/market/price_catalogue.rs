//! Fitted price processes by name, with what they were fitted to.

use super::price_europe::{GB_2025, NO4_2025};
use super::price_process::Regime;
use super::price_spread::Spread;

/// A process that scenarios can name.
#[derive(Debug, Clone, Copy)]
pub struct PricePreset {
    /// Its name in scenarios.
    pub name: &'static str,
    /// Its regimes.
    pub regimes: &'static [Regime],
    /// What it was fitted to; label: computed.
    pub source: &'static str,
}

/// The preset that the default scenario uses.
pub const DEFAULT_PRESET: &str = "ercot-hub-2022-2024";

/// The fitted day-ahead processes.
pub const PRESETS: &[PricePreset] = &[
    PricePreset {
        name: DEFAULT_PRESET,
        regimes: &[HUB_2022, HUB_2023, HUB_2024],
        source: "computed: each simulated year is drawn like 2022, 2023 or 2024 of ERCOT HB_HUBAVG day-ahead",
    },
    PricePreset {
        name: "ercot-hub-2022",
        regimes: &[HUB_2022],
        source: "computed: ERCOT HB_HUBAVG day-ahead 2022, 8,760 hours",
    },
    PricePreset {
        name: "ercot-hub-2023",
        regimes: &[HUB_2023],
        source: "computed: ERCOT HB_HUBAVG day-ahead 2023, 8,760 hours",
    },
    PricePreset {
        name: "ercot-hub-2024",
        regimes: &[HUB_2024],
        source: "computed: ERCOT HB_HUBAVG day-ahead 2024, 8,784 hours",
    },
    PricePreset {
        name: "no4-2025",
        regimes: &[NO4_2025],
        source: "computed: EPEX day-ahead, northern Norway (NO4), 24 January to 31 December 2025, 1.13 USD a euro",
    },
    PricePreset {
        name: "gb-2025",
        regimes: &[GB_2025],
        source: "computed: EPEX day-ahead, Great Britain, 24 January to 31 December 2025, 1.32 USD a pound",
    },
];

/// Fitted spreads of real time over day-ahead, with what they were fitted to.
pub const SPREADS: &[(&str, Spread, &str)] = &[(
    "ercot-west-2024",
    Spread {
        mean: -0.8,
        keep: 0.76,
        sd: 10.5,
        threshold: 40.0,
        sd_slope: 0.45,
        premium: 0.30,
        events_per_year: 63.0,
        event_min: 60.0,
        event_log: 0.77,
        event_hours: 1.95,
        floor: -32.0,
    },
    "computed: ERCOT HB_WEST real-time less day-ahead 2024, 8,614 hours",
)];

/// A preset by name.
pub fn preset(name: &str) -> Option<&'static PricePreset> {
    PRESETS.iter().find(|p| p.name == name)
}

/// A spread by name.
pub fn spread_preset(name: &str) -> Option<Spread> {
    SPREADS
        .iter()
        .find(|(n, ..)| *n == name)
        .map(|(_, spread, _)| *spread)
}

const HUB_2022: Regime = Regime {
    year: 2022,
    month_median: [
        29.8, 32.8, 30.9, 48.7, 65.0, 69.3, 67.6, 81.3, 63.3, 44.4, 41.7, 38.8,
    ],
    shape: [
        [
            -0.06, -0.14, -0.13, -0.12, -0.07, 0.1, 0.38, 0.45, 0.24, 0.08, -0.02, -0.06, -0.11, -0.14,
            -0.17, -0.16, -0.07, 0.43, 0.46, 0.27, 0.13, 0.07, 0.0, -0.05,
        ],
        [
            -0.16, -0.24, -0.33, -0.37, -0.37, -0.32, -0.22, -0.22, -0.2, -0.16, -0.06, 0.09, 0.26, 0.4,
            0.55, 0.67, 0.67, 0.53, 0.48, 0.5, 0.38, 0.16, -0.01, -0.12,
        ],
        [
            -0.13, -0.25, -0.31, -0.35, -0.28, -0.14, 0.11, 0.12, -0.05, -0.13, -0.07, -0.03, 0.0, 0.04, 0.1,
            0.13, 0.25, 0.39, 0.42, 0.45, 0.35, 0.14, 0.03, -0.07,
        ],
    ],
    weekend: -0.046,
    noise_sd: [0.25, 0.15],
    low_stretch: 1.3,
    heat_slope: [0.03, 0.06],
    events: [0.2, 1.2, 0.2, 1.2, 12.0, 5.0, 22.0, 7.0, 0.6, 0.8, 0.8, 6.0],
    event_log: [1.1, 0.45],
    event_hours: 3.5,
    event_slope: [0.12, 0.12],
    shift: 0.5,
};

const HUB_2023: Regime = Regime {
    year: 2023,
    month_median: [
        21.3, 17.4, 21.9, 19.2, 23.2, 24.4, 27.6, 32.5, 25.8, 24.8, 24.8, 19.4,
    ],
    shape: [
        [
            -0.14, -0.16, -0.1, -0.05, -0.03, 0.09, 0.35, 0.4, 0.14, -0.04, -0.16, -0.22, -0.22, -0.28,
            -0.33, -0.31, -0.03, 0.59, 0.5, 0.26, 0.14, 0.04, 0.04, -0.06,
        ],
        [
            -0.15, -0.26, -0.32, -0.36, -0.36, -0.32, -0.31, -0.33, -0.36, -0.32, -0.15, 0.04, 0.23, 0.6,
            0.87, 1.17, 1.32, 1.27, 1.33, 1.55, 1.04, 0.34, 0.11, -0.08,
        ],
        [
            -0.19, -0.27, -0.31, -0.34, -0.26, -0.1, 0.1, 0.07, -0.1, -0.19, -0.17, -0.09, -0.06, 0.03, 0.05,
            0.11, 0.31, 0.37, 0.52, 0.68, 0.5, 0.16, 0.05, -0.07,
        ],
    ],
    weekend: -0.058,
    noise_sd: [0.20, 0.17],
    low_stretch: 1.35,
    heat_slope: [0.04, 0.07],
    events: [0.2, 0.2, 0.6, 0.5, 0.5, 11.0, 6.0, 68.0, 11.0, 2.5, 1.5, 0.2],
    event_log: [1.05, 0.85],
    event_hours: 3.5,
    event_slope: [0.12, 0.12],
    shift: 1.0,
};

const HUB_2024: Regime = Regime {
    year: 2024,
    month_median: [
        24.0, 13.4, 17.8, 16.0, 22.1, 26.3, 22.3, 25.1, 23.0, 21.5, 20.2, 25.0,
    ],
    shape: [
        [
            -0.06, -0.13, -0.13, -0.11, -0.02, 0.13, 0.38, 0.39, 0.07, -0.13, -0.18, -0.2, -0.28, -0.3,
            -0.34, -0.3, -0.08, 0.64, 0.61, 0.41, 0.29, 0.12, 0.04, -0.06,
        ],
        [
            -0.13, -0.23, -0.3, -0.31, -0.28, -0.17, -0.16, -0.22, -0.4, -0.42, -0.25, -0.08, 0.05, 0.18,
            0.24, 0.31, 0.35, 0.36, 0.53, 0.9, 0.77, 0.3, 0.13, -0.04,
        ],
        [
            -0.21, -0.31, -0.38, -0.34, -0.21, 0.0, 0.19, 0.16, -0.19, -0.41, -0.35, -0.27, -0.2, -0.11,
            -0.09, 0.01, 0.32, 0.6, 0.74, 1.02, 0.78, 0.34, 0.13, -0.07,
        ],
    ],
    weekend: -0.105,
    noise_sd: [0.22, 0.18],
    low_stretch: 1.8,
    heat_slope: [0.05, 0.09],
    events: [11.0, 0.5, 1.2, 6.0, 14.0, 4.0, 2.0, 9.0, 2.0, 5.0, 2.0, 2.0],
    event_log: [0.9, 0.75],
    event_hours: 2.6,
    event_slope: [0.15, 0.20],
    shift: 2.0,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_every_preset_says_its_source() {
        for p in PRESETS {
            assert_eq!(preset(p.name).unwrap().regimes.len(), p.regimes.len());
            assert!(p.source.starts_with("computed"));
        }
        assert!(preset("nowhere").is_none());
        assert!(spread_preset("ercot-west-2024").is_some());
    }
}
