//! Which certificates are sent, and in which order.

use certificates::{CertificateError, Roots, ServerName, Terms};

use crate::issue::{Draft, NOW, authority, constraints, leaf, p256, p384, rsa, usage};
use crate::{check, client, server};

/// As many names as a path has room for, and more.
const NAMES: [&str; 8] = ["A", "B", "C", "D", "E", "F", "G", "H"];

/// A leaf, so many intermediates from the one that signed it to the one below the root, and the root.
fn path(intermediates: usize) -> (Vec<Vec<u8>>, [Vec<u8>; 1]) {
    let key = p256(7);
    let names: Vec<_> = NAMES[..intermediates].iter().chain(&["Root"]).copied().collect();
    let mut chain = vec![leaf(&p256(1), names[0]).signed(&key)];
    let signed = |pair: &[&'static str]| authority(pair[0], &key, pair[1]).signed(&key);
    chain.extend(names.windows(2).map(signed));
    (chain, [authority("Root", &key, "Root").signed(&key)])
}

#[test]
fn the_order_behind_the_leaf_does_not_matter() {
    let (chain, roots) = path(3);
    let [leaf, a, b, c] = chain.try_into().unwrap();
    for [x, y, z] in [[&a, &b, &c], [&c, &b, &a], [&b, &a, &c], [&b, &c, &a]] {
        let chain = [&leaf, x, y, z].map(Clone::clone);
        assert_eq!(server(&roots, &chain, "bank.example"), Ok(5));
        assert_eq!(client(&roots, &chain), Ok(5));
    }
    // The leaf comes first (RFC 8446, section 4.4.2).
    let chain = [a.clone(), leaf.clone(), b.clone(), c.clone()];
    assert_eq!(check(server(&roots, &chain, "bank.example")), Err("wrong_use"));
    // One that is missing is told by name.
    let error = server(&roots, &[leaf, a, c], "bank.example").unwrap_err();
    let unknown =
        CertificateError::UnknownIssuer { subject: "A".to_owned(), issuer: "B".to_owned() };
    assert_eq!(error, unknown);
}

/// As real servers do: the root, a certificate twice, the chain of another host, the leaf once more.
#[test]
fn what_is_sent_besides_does_no_harm() {
    let (chain, roots) = path(1);
    let [leaf, a] = chain.try_into().unwrap();
    let root = &roots[0];
    let other = authority("Other", &p384(3), "Nobody").signed(&p384(4));
    for more in [
        vec![&a, root],
        vec![root, &a],
        vec![&other, &a],
        vec![&a, &a, &a],
        vec![&leaf, &a],
        vec![root, root, &other, &leaf, &a],
    ] {
        let chain: Vec<_> = [&leaf].into_iter().chain(more).cloned().collect();
        let name = ServerName::try_from("bank.example").unwrap();
        let roots = Roots::from_der(roots.to_vec()).unwrap();
        let believed = roots.verify(&Terms::TLS13_SERVER, Some(&name), &chain, NOW).unwrap();
        assert_eq!(believed.path, [leaf.clone(), a.clone(), root.clone()]);
    }
    // Bytes that are no certificate are refused, needed or not.
    let chain = [leaf, a, b"no certificate".to_vec()];
    assert_eq!(check(server(&roots, &chain, "bank.example")), Err("malformed_certificate"));
}

#[test]
fn ten_certificates_are_looked_at_and_no_more() {
    let (mut chain, roots) = path(1);
    let other = authority("Other", &p384(3), "Nobody").signed(&p384(4));
    while chain.len() < 10 {
        chain.insert(1, other.clone());
    }
    assert_eq!(server(&roots, &chain, "bank.example"), Ok(3));
    chain.push(other);
    let error = CertificateError::TooMany { count: 11, most: 10 };
    assert_eq!(server(&roots, &chain, "bank.example"), Err(error.clone()));
    assert_eq!(client(&roots, &chain), Err(error));
    assert_eq!(check(server(&roots, &[], "bank.example")), Err("bad_certificate"));
    assert_eq!(check(client(&roots, &[])), Err("bad_certificate"));
}

#[test]
fn a_path_has_six_intermediates_at_most() {
    for (intermediates, verdict) in [(0, Ok(2)), (6, Ok(8)), (7, Err("path_too_long"))] {
        let (chain, roots) = path(intermediates);
        assert_eq!(check(server(&roots, &chain, "bank.example")), verdict);
    }
    // One authority more than another allows.
    let key = p256(7);
    let (chain, roots) = path(3);
    for (path_len, verdict) in [(0, Err("path_too_long")), (1, Ok(5))] {
        let extensions = vec![constraints(true, true, Some(path_len)), usage(4)];
        let b = Draft { extensions, ..authority("B", &key, "C") }.signed(&key);
        let chain = [chain[0].clone(), chain[1].clone(), b, chain[3].clone()];
        assert_eq!(check(server(&roots, &chain, "bank.example")), verdict);
    }
}

/// One name and one key, signed by two roots: a client finds the one that it trusts.
#[test]
fn an_intermediate_that_two_roots_have_signed_is_believed_by_the_clients_of_both() {
    let [old, new, middle] = [rsa("root"), p384(1), p256(2)];
    let old_root = authority("Old", &old, "Old");
    let new_root = authority("New", &new, "New").signed(&new);
    let of_old = authority("Middle", &middle, "Old").signed(&old);
    let of_new = authority("Middle", &middle, "New").signed(&new);
    // And the old one has signed the new one, for clients that only know the old.
    let bridge = authority("New", &new, "Old");
    let leaf = leaf(&p256(1), "Middle").signed(&middle);
    let old_der = old_root.signed(&old);
    for (chain, of_old_clients, of_new_clients) in [
        (vec![&leaf, &of_old, &of_new], Ok(3), Ok(3)),
        (vec![&leaf, &of_new, &of_old], Ok(3), Ok(3)),
        (vec![&leaf, &of_new], Err("unknown_issuer"), Ok(3)),
        (vec![&leaf, &of_new, &bridge.signed(&old)], Ok(4), Ok(3)),
    ] {
        let chain: Vec<_> = chain.into_iter().cloned().collect();
        let by = |root: &Vec<u8>| check(server(std::slice::from_ref(root), &chain, "bank.example"));
        assert_eq!([by(&old_der), by(&new_root)], [of_old_clients, of_new_clients]);
    }

    // The old root's time is over, in its own certificate and in what it signed: whoever knows the new one goes on.
    let over = ["200101000000Z", "210930140115Z"];
    let old_der = Draft { validity: over, ..old_root }.signed(&old);
    let bridge = Draft { validity: over, ..bridge }.signed(&old);
    let chain = [leaf, of_new, bridge];
    let both = [old_der.clone(), new_root];
    assert_eq!(server(&both, &chain, "bank.example"), Ok(3));
    assert_eq!(check(server(&[old_der], &chain, "bank.example")), Err("expired"));
}
