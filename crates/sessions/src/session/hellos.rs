//! Checks of a Hello against those before it.

use messages::tls13::{ClientHello, Extension, ServerHello, names};
use transcript::{EventKind, Role};

use super::check::{either, fails, holds, not_made};

/// The type of `early_data`.
const EARLY_DATA: u16 = 42;

/// The ends of a ServerHello's random, if the server could have chosen a higher version (RFC 8446, section 4.1.3).
const DOWNGRADES: [&[u8]; 2] = [b"DOWNGRD\x01", b"DOWNGRD\x00"];

/// Returns whether a message has this extension.
pub fn has(extensions: &[Extension], kind: u16) -> bool {
    extensions.iter().any(|it| it.kind() == kind)
}

/// Returns whether data may follow that a client sends before the server has answered.
pub fn has_early_data(extensions: &[Extension]) -> bool {
    has(extensions, EARLY_DATA)
}

/// Checks a ServerHello, or a HelloRetryRequest, against the ClientHello that it answers.
pub fn answer(hello: &ServerHello, client: &ClientHello) -> Vec<EventKind> {
    let what = if hello.is_retry_request() { "HelloRetryRequest" } else { "ServerHello" };
    let echo = either(
        Role::Server,
        "legacy_session_id_echo",
        hello.legacy_session_id_echo == client.legacy_session_id,
        [
            "it is the legacy_session_id of the ClientHello",
            "it is not the legacy_session_id of the ClientHello: the server answers another one, or one of the two was changed",
        ],
    );
    vec![echo, choice(what, hello, client), downgrade(hello, client)]
}

/// Checks that what was chosen was offered.
fn choice(what: &str, hello: &ServerHello, client: &ClientHello) -> EventKind {
    if !client.cipher_suites.contains(&hello.cipher_suite) {
        let suite = names::suite(hello.cipher_suite);
        return fails(Role::Server, what, format!("its cipher suite {suite} was not offered"));
    }
    let version = hello.version();
    let offers = |offered: &Extension| match offered {
        Extension::SupportedVersions(versions) => versions.contains(&version),
        _ => false,
    };
    if !client.extensions.iter().any(offers) {
        let version = names::version(version);
        return fails(Role::Server, what, format!("its version {version} was not offered"));
    }
    for chosen in &hello.extensions {
        let (group, is_offered) = match chosen {
            Extension::KeyShare(share) => (share.group, shares(client).contains(&share.group)),
            Extension::SelectedGroup(group) => (*group, groups(client).contains(group)),
            _ => continue,
        };
        if !is_offered {
            let group = names::group(group);
            return fails(Role::Server, what, format!("its group {group} was not offered"));
        }
    }
    holds(Role::Server, what, "its version, its cipher suite and its group are among those offered")
}

/// Checks that nobody between the two has made the version a lower one.
pub fn downgrade(hello: &ServerHello, client: &ClientHello) -> EventKind {
    let what = "downgrade";
    let is_marked = DOWNGRADES.iter().any(|mark| hello.random.ends_with(mark));
    let wants_tls13 = client.extensions.iter().any(|offered| {
        matches!(offered, Extension::SupportedVersions(all) if all.contains(&names::TLS13))
    });
    match (hello.version() == names::TLS13, wants_tls13) {
        (true, _) => either(
            Role::Server,
            what,
            !is_marked,
            [
                "TLS 1.3 was agreed on, and the random has no mark of a lower version",
                "the random ends in DOWNGRD, as that of a server does that was made to speak a lower version, and yet TLS \
                 1.3 was agreed on",
            ],
        ),
        (false, true) => either(
            Role::Server,
            what,
            !is_marked,
            [
                "the client offers TLS 1.3, and the random has no mark of a server that knows it too",
                "the random ends in DOWNGRD: the server knows TLS 1.3, the client offers it, and yet a lower version was \
                 agreed on. Someone between them has changed the ClientHello",
            ],
        ),
        (false, false) => {
            let message = "the client does not offer TLS 1.3: there was nothing to lower";
            not_made(Role::Server, what, message)
        }
    }
}

/// Checks a second ClientHello against the first and the request between them (RFC 8446, section 4.1.2).
pub fn second(hello: &ClientHello, first: &ClientHello, retry: &ServerHello) -> EventKind {
    let what = "second ClientHello";
    let of = Role::Client;
    if (hello.random, &hello.legacy_session_id, &hello.cipher_suites)
        != (first.random, &first.legacy_session_id, &first.cipher_suites)
    {
        let message =
            "its random, its legacy_session_id or its cipher suites are not those of the first";
        return fails(of, what, message);
    }
    for wanted in &retry.extensions {
        match wanted {
            Extension::Cookie(_) if !hello.extensions.contains(wanted) => {
                return fails(
                    of,
                    what,
                    "the cookie of the HelloRetryRequest does not come back in it",
                );
            }
            Extension::SelectedGroup(group) if shares(hello) != [*group] => {
                let group = names::group(*group);
                let message = format!("it has not one key share, for {group}, as was asked for");
                return fails(of, what, message);
            }
            _ => {}
        }
    }
    holds(of, what, "what the HelloRetryRequest asked for is in it, and else it is the first")
}

/// Checks that a ServerHello goes on where the request before it left off (section 4.1.4).
pub fn after_retry(hello: &ServerHello, retry: &ServerHello) -> EventKind {
    either(
        Role::Server,
        "hash after HelloRetryRequest",
        hello.cipher_suite == retry.cipher_suite,
        [
            "the suite, and so the hash, is that of the HelloRetryRequest: the first ClientHello stands in it as a message_hash",
            "the suite is not that of the HelloRetryRequest, so the hash of what was said is not defined",
        ],
    )
}

/// Returns the groups that a client has sent keys for.
fn shares(hello: &ClientHello) -> Vec<u16> {
    let shares = hello.extensions.iter().find_map(|extension| match extension {
        Extension::KeyShares(shares) => Some(shares.iter().map(|share| share.group).collect()),
        _ => None,
    });
    shares.unwrap_or_default()
}

/// Returns the groups that a client knows.
fn groups(hello: &ClientHello) -> &[u16] {
    let groups = hello.extensions.iter().find_map(|extension| match extension {
        Extension::SupportedGroups(groups) => Some(groups.as_slice()),
        _ => None,
    });
    groups.unwrap_or_default()
}
