//! What a certificate says of its names, its use and its time.

use std::time::Duration;

use certificates::CertificateError;
use messages::x509::Certificate;

use crate::issue::{
    Draft, NOW, authority, constraints, ed25519, element, extension, leaf, names, p256, purposes,
    usage,
};
use crate::{check, client, server, server_at};

fn roots() -> [Vec<u8>; 1] {
    [authority("Root", &p256(9), "Root").signed(&p256(9))]
}

/// What either side says to a leaf with these extensions, right below the root.
fn of_leaf(extensions: Vec<Vec<u8>>) -> [Result<usize, CertificateError>; 2] {
    let chain = [Draft { extensions, ..leaf(&p256(1), "Root") }.signed(&p256(9))];
    [server(&roots(), &chain, "bank.example"), client(&roots(), &chain)]
}

#[test]
fn a_name_is_compared_as_rfc_9525_says() {
    let wrong = Err("wrong_name");
    for (for_names, name, verdict) in [
        (&["bank.example"][..], "bank.example", Ok(2)),
        (&["bank.example"], "BANK.Example", Ok(2)),
        (&["BANK.Example"], "bank.example", Ok(2)),
        (&["bank.example"], "bank.example.", Ok(2)),
        (&["bank.example"], "www.bank.example", wrong),
        (&["bank.example"], "ank.example", wrong),
        (&["a.example", "b.example", "bank.example"], "bank.example", Ok(2)),
        (&["*.bank.example"], "www.bank.example", Ok(2)),
        (&["*.bank.example"], "WWW.BANK.example", Ok(2)),
        // A star is a whole label, the first, and exactly one; and two stand behind it.
        (&["*.bank.example"], "bank.example", wrong),
        (&["*.bank.example"], "a.www.bank.example", wrong),
        (&["*.example"], "bank.example", wrong),
        (&["*"], "localhost", wrong),
        (&["w*.bank.example"], "www.bank.example", wrong),
        (&["www.*.example"], "www.bank.example", wrong),
        (&["*.*.example"], "www.bank.example", wrong),
        (&["*.0.0.1"], "127.0.0.1", wrong),
        (&["xn--bcher-kva.example"], "xn--bcher-kva.example", Ok(2)),
        (&["127.0.0.1"], "127.0.0.1", Ok(2)),
        (&["127.0.0.1"], "127.0.0.2", wrong),
        (&["127.0.0.1"], "::ffff:127.0.0.1", wrong),
        (&["::1"], "::1", Ok(2)),
        (&["::1"], "0:0:0:0:0:0:0:1", Ok(2)),
        (&["::1"], "127.0.0.1", wrong),
        // A bad name does no harm beside a good one.
        (&["a b", "bank.example"], "bank.example", Ok(2)),
    ] {
        let extensions = vec![names(for_names)];
        let chain = [Draft { extensions, ..leaf(&p256(1), "Root") }.signed(&p256(9))];
        let found = check(server(&roots(), &chain, name));
        assert_eq!(found, verdict, "{for_names:?} as {name}");
    }
    // The subject is no name of a server, even if it is the only one; of a client no name is wanted.
    let [as_server, as_client] = of_leaf(vec![]);
    let told = as_server.unwrap_err().to_string();
    assert!(told.contains("no name at all (it has no subjectAltName), and not for bank.example"));
    assert_eq!(as_client, Ok(2));
}

#[test]
fn a_leaf_is_for_what_it_says_and_for_anything_if_it_says_nothing() {
    let name = || names(&["bank.example"]);
    let wrong = |why| Err(CertificateError::WrongUse { subject: "bank.example".to_owned(), why });
    let no_server = wrong("its extKeyUsage does not have serverAuth");
    let no_client = wrong("its extKeyUsage does not have clientAuth");
    let both = |verdict: Result<usize, CertificateError>| [verdict.clone(), verdict];
    assert_eq!(of_leaf(vec![name()]), both(Ok(2)));
    assert_eq!(of_leaf(vec![name(), purposes(&[1, 2])]), both(Ok(2)));
    assert_eq!(of_leaf(vec![name(), purposes(&[1])]), [Ok(2), no_client.clone()]);
    assert_eq!(of_leaf(vec![name(), purposes(&[2])]), [no_server.clone(), Ok(2)]);
    for neither in [&[][..], &[0], &[3, 4]] {
        let verdicts = of_leaf(vec![name(), purposes(neither)]);
        assert_eq!(verdicts, [no_server.clone(), no_client.clone()], "{neither:?}");
    }
    let why = "its keyUsage does not have digitalSignature";
    for bits in [0x20, 0x08, 0x04] {
        assert_eq!(of_leaf(vec![name(), usage(bits)]), both(wrong(why)), "{bits:x}");
    }
    assert_eq!(of_leaf(vec![name(), usage(0xa0)]), both(Ok(2)));
    // What part 4 refuses besides.
    let critical = extension(17, true, &element(0x30, &element(0x82, b"bank.example")));
    assert_eq!(of_leaf(vec![critical]), both(Ok(2)));
    assert_eq!(of_leaf(vec![name(), usage(0x84)]), both(Ok(2)));
    let why = "it is that of an authority, which signs certificates and serves nobody";
    assert_eq!(of_leaf(vec![name(), constraints(true, true, None)]), both(wrong(why)));
    let unknown = Err(CertificateError::UnknownCriticalExtension);
    assert_eq!(of_leaf(vec![name(), extension(99, true, &[5, 0])]), both(unknown));
    assert_eq!(of_leaf(vec![name(), extension(99, false, &[5, 0])]), both(Ok(2)));
}

/// What a server says to a client is about a client, whichever certificate of the path is at fault.
#[test]
fn an_authority_may_sign_what_it_says_and_for_as_many_as_it_says() {
    let verdicts = |top: Vec<Vec<u8>>, middle: Vec<Vec<u8>>| {
        let root = Draft { extensions: top, ..authority("Root", &p256(9), "Root") };
        let middle = Draft { extensions: middle, ..authority("Middle", &ed25519(5), "Root") };
        let chain = [leaf(&p256(1), "Middle").signed(&ed25519(5)), middle.signed(&p256(9))];
        let roots = [root.signed(&p256(9))];
        [server(&roots, &chain, "bank.example"), client(&roots, &chain)].map(check)
    };
    let ca = || constraints(true, true, None);
    let usual = || vec![ca(), usage(4)];
    let both = |verdict| [verdict, verdict];
    let (good, not_one, too_long) =
        (both(Ok(3)), both(Err("not_an_authority")), both(Err("path_too_long")));
    for (middle, verdict) in [
        (usual(), good),
        (vec![ca()], good),
        (vec![constraints(false, true, None), usage(4)], good),
        (vec![constraints(true, true, Some(0)), usage(6)], good),
        (vec![usage(4)], not_one),
        (vec![], not_one),
        (vec![constraints(true, false, None), usage(4)], not_one),
        (vec![ca(), usage(0x80)], not_one),
        (vec![ca(), usage(2)], not_one),
        (vec![ca(), usage(4), purposes(&[1, 2])], good),
        (vec![ca(), usage(4), purposes(&[1])], [Ok(3), Err("wrong_use")]),
        (vec![ca(), usage(4), purposes(&[2])], [Err("wrong_use"), Ok(3)]),
        (
            vec![ca(), usage(4), extension(99, true, &[5, 0])],
            both(Err("unknown_critical_extension")),
        ),
    ] {
        assert_eq!(verdicts(usual(), middle.clone()), verdict, "{middle:x?}");
    }
    // A root is trusted for itself, and what it does not say is not held against it. `openssl req -x509` makes such.
    for (top, verdict) in [
        (vec![ca()], good),
        (vec![], good),
        (vec![constraints(false, true, None)], good),
        (vec![constraints(true, true, Some(1)), usage(4)], good),
        (vec![constraints(true, true, Some(0)), usage(4)], too_long),
        (vec![constraints(true, false, None)], not_one),
        (vec![ca(), usage(0x80)], not_one),
    ] {
        assert_eq!(verdicts(top.clone(), usual()), verdict, "{top:x?}");
    }
    // Version 1 has no extensions at all: fine for a root, and for nobody else.
    let roots = [Draft { version: 1, ..authority("Root", &p256(9), "Root") }.signed(&p256(9))];
    let chain = [leaf(&p256(1), "Root").signed(&p256(9))];
    assert_eq!(server(&roots, &chain, "bank.example"), Ok(2));
    let middle = Draft { version: 1, ..authority("Middle", &p256(5), "Root") }.signed(&p256(9));
    let chain = [leaf(&p256(1), "Middle").signed(&p256(5)), middle];
    assert_eq!(check(server(&roots, &chain, "bank.example")), Err("bad_extension"));
}

/// Each certificate of the path has its time, the root too.
#[test]
fn every_time_counts() {
    let second = Duration::from_secs(1);
    let roots = roots();
    let root = Certificate::decode(&roots[0]).unwrap();
    let (from, until) = (root.not_before, root.not_after);
    let chain = [
        leaf(&p256(1), "Middle").signed(&p256(5)),
        authority("Middle", &p256(5), "Root").signed(&p256(9)),
    ];
    let at = |now| check(server_at(&roots, &chain, "bank.example", now));
    assert_eq!([at(from), at(until)], [Ok(3), Ok(3)]);
    assert_eq!(
        [at(from.saturating_sub(second)), at(until + second)],
        [Err("not_yet_valid"), Err("expired")]
    );

    for late in 0..3 {
        for (validity, name) in [
            (["200101000000Z", "210101000000Z"], "expired"),
            (["280101000000Z", "290101000000Z"], "not_yet_valid"),
        ] {
            let mut drafts = [
                leaf(&p256(1), "Middle"),
                authority("Middle", &p256(5), "Root"),
                authority("Root", &p256(9), "Root"),
            ];
            drafts[late].validity = validity;
            let subject = drafts[late].subject;
            let [leaf, middle, root] = drafts;
            let chain = [leaf.signed(&p256(5)), middle.signed(&p256(9))];
            let roots = [root.signed(&p256(9))];
            for error in [
                server_at(&roots, &chain, "bank.example", NOW).unwrap_err(),
                client(&roots, &chain).unwrap_err(),
            ] {
                assert_eq!(error.name(), name);
                assert!(error.to_string().contains(&format!("\"{subject}\"")), "{error}");
            }
        }
    }
}
