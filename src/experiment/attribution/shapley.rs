//! Shares of a change by input: Shapley's where inputs are few, one after the other where they are many.

/// The most inputs of which all mixtures are simulated.
pub const ALL_MIXTURES_MAX: usize = 8;
/// The most inputs at all: the order of so many is stated.
pub const INPUTS_MAX: usize = 60;

/// What each of `inputs` adds to each output when it goes from A to B. `value` gives the outputs of a mixture, whose bit `i` is
/// set where input `i` is that of B. Up to [`ALL_MIXTURES_MAX`] inputs: the mean over all orders (Shapley, 1953); beyond: the order in
/// which they are counted. Shares add up to the whole change, but for rounding.
pub fn shares<E>(
    inputs: usize,
    mut value: impl FnMut(u64) -> Result<Vec<f64>, E>,
) -> Result<Vec<Vec<f64>>, E> {
    assert!(inputs <= INPUTS_MAX, "{inputs} inputs: at most {INPUTS_MAX}");
    if inputs > ALL_MIXTURES_MAX {
        let mut before = value(0)?;
        let mut shares = Vec::with_capacity(inputs);
        for input in 0..inputs {
            let after = value((1 << (input + 1)) - 1)?;
            shares.push(after.iter().zip(&before).map(|(a, b)| a - b).collect());
            before = after;
        }
        return Ok(shares);
    }
    let values: Vec<Vec<f64>> = (0..1_u64 << inputs).map(&mut value).collect::<Result<_, E>>()?;
    let weights = weights(inputs);
    let share = |input: usize, output: usize| -> f64 {
        let bit = 1_usize << input;
        (0..values.len())
            .filter(|mixture| mixture & bit == 0)
            .map(|mixture| {
                let others = mixture.count_ones() as usize;
                weights[others] * (values[mixture | bit][output] - values[mixture][output])
            })
            .sum()
    };
    let outputs = values[0].len();
    Ok((0..inputs)
        .map(|i| (0..outputs).map(|o| share(i, o)).collect())
        .collect())
}

/// `k! (n - k - 1)! / n!` for k others that are in before.
fn weights(inputs: usize) -> Vec<f64> {
    let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    (0..inputs)
        .map(|k| factorial(k) * factorial(inputs - k - 1) / factorial(inputs))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(inputs: usize, f: impl Fn(&dyn Fn(usize) -> f64) -> f64) -> Vec<f64> {
        let value = |mixture: u64| {
            let bit = |i: usize| (mixture >> i & 1) as f64;
            Ok::<_, ()>(vec![f(&bit)])
        };
        shares(inputs, value).unwrap().into_iter().map(|s| s[0]).collect()
    }

    #[test]
    fn a_product_is_shared_evenly_and_a_sum_by_its_parts() {
        // Gloves: 3 x + 4 y z + 2 x y z: x gets 3 and a third of 2, y and z half of 4 and a third of 2.
        let shares = of(3, |b| 3.0 * b(0) + 4.0 * b(1) * b(2) + 2.0 * b(0) * b(1) * b(2));
        for (share, expected) in shares
            .iter()
            .zip([3.0 + 2.0 / 3.0, 2.0 + 2.0 / 3.0, 2.0 + 2.0 / 3.0])
        {
            assert!((share - expected).abs() < 1e-12, "{shares:?}");
        }
        assert!(of(0, |_| 1.0).is_empty());
    }

    #[test]
    fn many_inputs_go_one_after_the_other_and_still_add_up() {
        let f = |b: &dyn Fn(usize) -> f64| {
            (0..12).map(|i| b(i) * (i as f64 + 1.0)).sum::<f64>() + 5.0 * b(0) * b(11)
        };
        let shares = of(12, f);
        assert_eq!(shares[0], 1.0);
        assert_eq!(shares[11], 17.0);
        assert_eq!(shares.iter().sum::<f64>(), 83.0);
    }
}
