//! What a message tells about its sender by certificates.

use messages::fields::{CERTIFICATE, CERTIFICATE_VERIFY, Fields, Tag, X25519_KEY};
use messages::x509::Certificate;
use messages::{Explained, Span};

use crate::{Direction, lines};

/// Lists the certificates in a message, the sender's own first, as far as they can be read.
pub fn certificates(message: &[u8]) -> Vec<Certificate<'_>> {
    let explained = messages::explain(message);
    let mut places = places(&explained, message).into_iter();
    std::iter::from_fn(|| Certificate::decode(places.next()?.bytes(message)?).ok()).collect()
}

/// Lists where certificates are in a message.
fn places(explained: &Explained, message: &[u8]) -> Vec<Place> {
    if !messages::tls13::is_one(message) {
        return values(&CERTIFICATE, explained, message).collect();
    }
    let list = find(&explained.spans, "certificate_list").into_iter().flat_map(|list| &list.inside);
    let certificates =
        list.filter(|span| span.name == "cert_data").filter_map(|it| it.inside.last());
    certificates.map(|it| Place { offset: it.offset, len: it.len }).collect()
}

/// Lists where the values of this kind are in a message.
fn values<'e>(
    tag: &'static Tag,
    explained: &'e Explained,
    message: &'e [u8],
) -> impl Iterator<Item = Place> + 'e {
    let is_one = move |span: &&Span| {
        message.get(span.offset..).is_some_and(|it| it.starts_with(&tag.number.to_be_bytes()))
    };
    let values = explained.spans.iter().filter(is_one).filter_map(|span| span.inside.get(2));
    values.map(|value| Place { offset: value.offset, len: value.len })
}

/// Finds a span of this name, however deep.
fn find<'s>(spans: &'s [Span], name: &str) -> Option<&'s Span> {
    spans
        .iter()
        .find_map(|span| if span.name == name { Some(span) } else { find(&span.inside, name) })
}

/// Lists the names that the sender's own certificate is for, in quotes: whom its receiver takes it for, once it has
/// accepted the message.
pub fn sender(message: &[u8]) -> Option<String> {
    let certificates = certificates(message);
    let own = certificates.first()?;
    let names: Vec<_> = own.names().iter().map(|name| format!("{name:?}")).collect();
    (!names.is_empty()).then(|| lines::either(&names))
}

/// The subject of the sender's own certificate, in quotes: a client has no name on the network.
pub fn subject(message: &[u8]) -> Option<String> {
    certificates(message).first().map(|own| format!("{:?}", own.subject.text))
}

/// Who vouches for whom in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The name of the root, whose certificate its receiver has beforehand.
    pub root: String,
    /// What stands between it and the signature: each is signed by the one before it, the first by the root. The
    /// last is the sender's own.
    pub links: Vec<Link>,
    /// Where the sender's signature is in the message. At TLS it stands in one of its own, CertificateVerify.
    pub signature: Option<Place>,
}

/// A certificate of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whom it is for.
    pub subject: String,
    /// Where it is in the message.
    pub place: Place,
}

/// Bytes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The first one's offset, from the start of the message.
    pub offset: usize,
    /// How many they are.
    pub len: usize,
}

/// Finds the chain in a message, as far as the names in it tell: each certificate is followed by one whose subject is
/// its issuer. That the signatures are good as well is for the message's receiver to check.
pub fn chain(message: &[u8]) -> Option<Chain> {
    let explained = messages::explain(message);
    let mut certificates: Vec<_> = places(&explained, message)
        .into_iter()
        .filter_map(|place| Some((Certificate::decode(place.bytes(message)?).ok()?, place)))
        .collect();
    let mut links = Vec::new();
    let mut issuer = None;
    let mut next = (!certificates.is_empty()).then_some(0);
    while let Some(at) = next {
        let (certificate, place) = certificates.remove(at);
        links.push(Link { subject: certificate.subject.text, place });
        next = certificates.iter().position(|(it, _)| it.subject.der == certificate.issuer.der);
        issuer = Some(certificate.issuer.text);
    }
    links.reverse();
    let signature = values(&CERTIFICATE_VERIFY, &explained, message).next();
    let is_whole = signature.is_some() || messages::tls13::is_one(message);
    is_whole.then_some(Chain { root: issuer?, links, signature })
}

/// Finds the signature in a message that carries one and nothing else: TLS's CertificateVerify.
pub fn signature(message: &[u8]) -> Option<Place> {
    let explained = messages::explain(message);
    let signature = find(&explained.spans, "signature")?.inside.last()?;
    Some(Place { offset: signature.offset, len: signature.len })
}

impl Place {
    /// Returns the bytes there.
    pub fn bytes<'m>(&self, message: &'m [u8]) -> Option<&'m [u8]> {
        message.get(self.offset..self.offset + self.len)
    }

    /// Returns the offset of the last one.
    pub fn last(&self) -> usize {
        (self.offset + self.len).saturating_sub(1)
    }
}

/// The public keys of a connection as they pass by, which the server's signature is over.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    client: Option<Vec<u8>>,
    server: Option<Vec<u8>>,
}

impl Keys {
    /// Takes the key out of a message that goes this way, if it brings one.
    pub fn pass(&mut self, direction: Direction, message: &[u8]) {
        let fields = Fields::decode(message).ok();
        let key = fields.iter().flat_map(|fields| fields.all(&X25519_KEY)).last();
        if let Some(key) = key {
            let of_sender = match direction {
                Direction::ToServer => &mut self.client,
                Direction::ToClient => &mut self.server,
            };
            *of_sender = Some(key.to_vec());
        }
    }

    /// Returns what the signature in a message is over, the client's key and the server's, if it has one.
    pub fn signed_in(&self, message: &[u8]) -> Option<[&[u8]; 2]> {
        let fields = Fields::decode(message).ok()?;
        fields.all(&CERTIFICATE_VERIFY).next()?;
        Some([self.client.as_deref()?, self.server.as_deref()?])
    }
}
