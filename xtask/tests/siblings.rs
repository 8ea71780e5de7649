//! Sibling programs differ in the stage they name, and in nothing else.

mod common;

use std::fs;

use common::record_stages;
use stages::Stage;

#[test]
fn the_programs_of_a_part_differ_only_in_the_stage_they_name() {
    for role in ["client", "server"] {
        let with_names_taken_out = |stage: &Stage| {
            let path = format!("../{}/src/bin/{}.rs", stage.package(), stage.program(role));
            let source = fs::read_to_string(path).unwrap();
            assert!(source.lines().count() <= 50, "{}: a program fits on a page", stage.name);
            let module = stage.module();
            let names = [
                stage.name,
                &stage.name.to_uppercase().replace('-', "_"),
                &format!("crypto::{module}::"),
                &format!("demo_keys::{module}()"),
            ];
            let taken_out = ["STAGE", "STAGE", "crypto::MODULE::", "demo_keys::MODULE()"];
            names.iter().zip(taken_out).fold(source, |source, (name, taken_out)| {
                assert!(source.contains(name), "{} names {name}", stage.name);
                source.replace(name, taken_out)
            })
        };
        let siblings: Vec<_> = record_stages().filter(|stage| stage.handshake.is_empty()).collect();
        for pair in siblings.windows(2) {
            assert_eq!(with_names_taken_out(pair[0]), with_names_taken_out(pair[1]));
        }
    }
}
