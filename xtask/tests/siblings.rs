//! Sibling programs differ in the stage they name, and in nothing else.

use std::fs;

#[test]
fn the_programs_of_a_part_differ_only_in_the_stage_they_name() {
    for role in ["client", "server"] {
        let with_names_taken_out = |part: &str, module: &str, stage: &str| {
            let path = format!("../{part}/src/bin/{module}_{role}.rs");
            let source = fs::read_to_string(path).unwrap();
            let constant = stage.to_uppercase().replace('-', "_");
            assert!(source.lines().count() <= 50, "{stage}: a program fits on a page");
            for name in [stage, &constant, &format!("crypto::{module}::")] {
                assert!(source.contains(name), "{stage} names {name}");
            }
            source
                .replace(stage, "STAGE")
                .replace(&constant, "STAGE")
                .replace(&format!("crypto::{module}::"), "crypto::MODULE::")
        };
        let hmac = with_names_taken_out("part2", "hmac", "part2-hmac");
        assert_eq!(with_names_taken_out("part2", "hmac_seq", "part2-hmac-seq"), hmac);
        assert_eq!(with_names_taken_out("part2", "aead", "part2-aead"), hmac);
        assert_eq!(with_names_taken_out("part1", "ctr", "part1-ctr"), hmac);
    }
}
