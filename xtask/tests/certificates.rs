//! `cargo xtask certificates`, through `cargo xtask`; its own tests are beside it.

mod common;

#[test]
fn its_words_are_passed_on_and_its_exit_code_is_passed_back() {
    for (args, code, said) in [
        (&["show", "--json"][..], 0, "\"refused_by\": null"),
        (&["show", "--name", "bank.example"], 0, "refuses this chain by wrong_name"),
        (
            &["show", "--for", "tls13"],
            0,
            "what a client of localhost at TLS 1.3 with the stages' root",
        ),
        (&["--help"], 0, "cargo xtask certificates --name bank.example --days 30"),
        (&["make", "--name", "a b"], 2, "xtask: --name a b: expected the name of a server"),
        (&["show", "Cargo.toml"], 2, "xtask: Cargo.toml: there is no certificate in it"),
        (&["shwo"], 2, "a similar subcommand exists: 'show'"),
    ] {
        let output = common::xtask().arg("certificates").args(args).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
        assert!(text.contains(said), "{args:?}: {text}");
    }
}
