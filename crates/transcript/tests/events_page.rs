//! The reference page of the events names all there are.

use serde::de::DeserializeOwned;
use transcript::{EventKind, Outcome, Role};

const PAGE: &str = include_str!("../../../docs/src/reference/events.md");

/// Lists the names that `T` has in JSON, as the refusal of another one does: each in backticks.
fn names<T: DeserializeOwned>(json_of_none: &str) -> Vec<String> {
    let Err(error) = serde_json::from_str::<T>(json_of_none) else { panic!("{json_of_none}") };
    let error = error.to_string();
    let (_, names) = error.split_once(", expected one of ").unwrap_or_else(|| panic!("{error}"));
    names.split('`').skip(1).step_by(2).map(|name| format!("`{name}`")).collect()
}

#[test]
fn the_page_has_a_row_for_each_event_and_names_each_role_and_outcome() {
    let rows: Vec<_> = names::<EventKind>(r#"{"event":"none"}"#);
    assert!(rows.contains(&"`missing`".to_owned()), "{rows:?}");
    for name in &rows {
        assert!(PAGE.contains(&format!("\n| {name} | ")), "{name}");
    }
    for name in [names::<Role>("\"none\""), names::<Outcome>("\"none\"")].concat() {
        assert!(PAGE.contains(&name), "{name}");
    }
}
