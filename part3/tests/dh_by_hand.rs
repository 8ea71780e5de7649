//! What `dh_by_hand` prints, checked sum by sum.

use std::process::Command;

/// A line such as `client  gets B = 19   computes B^a = 19^6 mod 23 = 2`, as numbers: 19, 6, 2.
fn sum(line: &str) -> Option<[u32; 3]> {
    let (before, result) = line.split_once(" mod 23 = ")?;
    let (_, power) = before.rsplit_once(" = ")?;
    let (base, exponent) = power.split_once('^')?;
    Some([base, exponent, result].map(|number| number.parse().unwrap()))
}

#[test]
fn every_sum_is_right_and_both_ends_hold_what_the_page_says() {
    let output = Command::new(env!("CARGO_BIN_EXE_dh_by_hand")).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    let output = String::from_utf8(output.stdout).unwrap();

    let sums: Vec<_> = output.lines().filter_map(sum).collect();
    for [base, exponent, result] in &sums {
        let product = (0..*exponent).fold(1, |product, _| product * base % 23);
        assert_eq!(product, *result, "{base}^{exponent}");
    }
    let results: Vec<_> = sums.iter().map(|[_, _, result]| *result).collect();
    let (agreed, rest) = results.split_at(4);
    let (between, forced) = rest.split_at(5);
    assert_eq!(agreed, [8, 19, 2, 2], "both public values, and one secret");
    assert_eq!(between, [10, 6, 6, 5, 5], "one public value, and a secret with each side");
    assert_eq!(forced, [1, 1, 1, 22], "secrets that nobody need calculate");

    let row = |name: &str| -> Vec<u32> {
        let row = output.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        row.split_whitespace().map(|number| number.parse().unwrap()).collect()
    };
    let (exponents, powers) = (row("  exponent"), row("  power"));
    assert!(exponents.iter().copied().eq(1..=22));
    assert_eq!(powers[6 - 1], 8, "the client's exponent is found");
    let mut sorted = powers.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, exponents, "every number is a power, once");
}
