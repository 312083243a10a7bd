//! Uniform numbers and the normal distribution's two functions: what copulas and paths are built from.

use rand::Rng;
use statrs::function::erf::{erfc, erfc_inv};
use std::f64::consts::SQRT_2;

use crate::random::streams::Stream;

/// A uniform number strictly between 0 and 1, from one 64-bit draw.
///
/// The 2^52 possible numbers lie in the middle of equal cells, so neither end is ever met and no quantile is
/// infinite.
pub fn open_unit(stream: &mut Stream) -> f64 {
    let cell = (stream.next_u64() >> 12) as f64;
    (cell + 0.5) / (1_u64 << 52) as f64
}

/// The standard normal value below which a share `u` lies, for `u` between 0 and 1.
pub fn normal_quantile(u: f64) -> f64 {
    -SQRT_2 * erfc_inv(2.0 * u)
}

/// The share of the standard normal distribution below `z`.
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * erfc(-z / SQRT_2)
}

/// A standard normal number, from one 64-bit draw.
pub fn standard_normal(stream: &mut Stream) -> f64 {
    normal_quantile(open_unit(stream))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    #[test]
    fn the_normal_functions_match_printed_values_and_invert_each_other() {
        for (u, z) in [
            (0.5, 0.0),
            (0.9, 1.281_551_565_544_600_4),
            (0.975, 1.959_963_984_540_054),
            (0.999, 3.090_232_306_167_814),
        ] {
            assert!((normal_quantile(u) - z).abs() < 1e-13, "{u}");
            assert!((normal_quantile(1.0 - u) + z).abs() < 1e-11, "{u}");
            // The library's error function is good to eleven digits.
            assert!((normal_cdf(z) - u).abs() < 1e-10, "{u}");
        }
    }

    #[test]
    fn uniforms_fill_the_open_interval_evenly() {
        let mut stream = Streams::new(3, 0).stream("test/uniform");
        let mut cells = [0u32; 10];
        for _ in 0..100_000 {
            let u = open_unit(&mut stream);
            assert!(u > 0.0 && u < 1.0);
            cells[(u * 10.0) as usize] += 1;
        }
        // Chi squared with 9 degrees of freedom: 99.9 % point 27.9.
        let chi2: f64 = cells.iter().map(|c| (f64::from(*c) - 1e4).powi(2) / 1e4).sum();
        assert!(chi2 < 27.9, "{chi2}");
    }
}
