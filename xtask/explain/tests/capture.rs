//! Bytes of connections out of captures: in any container, on any link, in any order.
#![allow(clippy::cast_possible_truncation, reason = "all lengths here are short")]

mod common;

use std::time::Duration;

use common::{
    CLIENT, FIN, Got, RAW, RST, SERVER, SYN, Tcp, block, capture_of, client, cut_packet, interface,
    of, opened, packet, pcapng, read, read_one, section, server, syn,
};
use framing::Direction::{ToClient, ToServer};
use sessions::capture::Ending::{Closed, Reset, Unseen};

fn begin(is_whole: bool) -> Got {
    Got::Begin(CLIENT.parse().unwrap(), SERVER.parse().unwrap(), is_whole)
}

fn to_server(bytes: &[u8]) -> Got {
    Got::Bytes(ToServer, bytes.to_vec())
}

fn to_client(bytes: &[u8]) -> Got {
    Got::Bytes(ToClient, bytes.to_vec())
}

/// A connection in which both sides say something and close.
fn talk() -> Vec<Tcp<'static>> {
    [
        opened(),
        vec![
            client(1001, 2001, 0, b"hello"),
            server(2001, 1006, 0, b"yes"),
            client(1006, 2004, FIN, b""),
            server(2004, 1007, FIN, b""),
        ],
    ]
    .concat()
}

fn talked() -> Vec<Got> {
    let ends = [Got::End(ToServer, Closed), Got::End(ToClient, Closed)];
    [vec![begin(true), to_server(b"hello"), to_client(b"yes")], ends.to_vec()].concat()
}

/// What of the unexpected a connection has: what comes behind its opening, and its ends that nobody saw.
fn unended(between: &[Got]) -> Vec<Got> {
    let ends = [Got::End(ToServer, Unseen), Got::End(ToClient, Unseen)];
    [&[begin(true)], between, &ends].concat()
}

#[test]
fn every_link_layer_is_taken_off() {
    let ethernet = |kinds: &[u8]| [&[2; 12], kinds].concat();
    let links = [
        (0, vec![2, 0, 0, 0]),
        (0, vec![0, 0, 0, 2]),
        (108, vec![0, 0, 0, 2]),
        (1, ethernet(&[8, 0])),
        (1, ethernet(&[0x81, 0, 0, 7, 8, 0])),
        (1, ethernet(&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 8, 8, 0])),
        (12, vec![]),
        (14, vec![]),
        (101, vec![]),
        (228, vec![]),
        (113, [&[0; 14][..], &[8, 0]].concat()),
        (276, [&[8, 0][..], &[0; 18]].concat()),
    ];
    for (link, header) in links {
        let packets: Vec<_> =
            talk().iter().map(|it| [&header[..], &it.packet(), &[0; 2]].concat()).collect();
        assert_eq!(read_one(&pcapng(link, &packets)), talked(), "{link}");
    }
    let (pieces, besides) = read(&pcapng(147, &[talk()[0].packet()]), None);
    assert_eq!((pieces, besides.packets, besides.segments), (vec![], 1, 0));
}

#[test]
fn ipv6_is_taken_off_with_its_extension_headers() {
    let [from, to] = ["[2001:db8::1]:50000", "[2001:db8::2]:443"];
    let syn = Tcp { from, to, ..syn(1000) };
    let data = Tcp { from, to, ..client(1001, 2001, 0, b"hello") };
    let mut with_options = data.packet();
    // Hop-by-hop options of 8 bytes before TCP.
    with_options[6] = 0;
    with_options[5] += 8;
    with_options.splice(40..40, [6, 0, 1, 4, 0, 0, 0, 0]);
    let got = read_one(&pcapng(229, &[syn.packet(), with_options]));
    assert_eq!(got[0], Got::Begin(from.parse().unwrap(), to.parse().unwrap(), true));
    assert_eq!(got[1], to_server(b"hello"));
}

#[test]
fn pcap_is_read_in_both_byte_orders_and_both_units() {
    let packets: Vec<_> = talk().iter().map(Tcp::packet).collect();
    for (magic, unit) in [(0xa1b2_c3d4_u32, 1000), (0xa1b2_3c4d, 1)] {
        for bytes in [u32::to_be_bytes, u32::to_le_bytes] {
            let half = |number: u16| {
                let both = bytes(u32::from(number));
                if both[0] == 0 { [both[2], both[3]] } else { [both[0], both[1]] }
            };
            let mut file = [&bytes(magic)[..], &half(2), &half(4)].concat();
            file.extend([0, 0, 65535, 101].map(bytes).concat());
            for packet in &packets {
                let len = packet.len() as u32;
                file.extend([1_700_000_000, 7, len, len].map(bytes).concat());
                file.extend_from_slice(packet);
            }
            let (pieces, besides) = read(&file, Some(1));
            let at = Duration::new(1_700_000_000, 7 * unit);
            assert!(pieces.iter().all(|piece| piece.1 == at), "{pieces:?}");
            assert_eq!(pieces.into_iter().map(|it| it.2).collect::<Vec<_>>(), talked());
            assert_eq!((besides.packets, besides.segments), (7, 7));
        }
    }
}

#[test]
fn each_interface_has_its_own_unit_of_time_and_each_section_its_own_interfaces() {
    let option = |code: u8, value: &[u8]| {
        let mut option = [&[code, 0, value.len() as u8, 0], value].concat();
        option.resize(option.len().next_multiple_of(4), 0);
        option
    };
    let syn = syn(1000).packet();
    let cases: [(Vec<u8>, u64, Duration); 8] = [
        (vec![], 1_500_000, Duration::from_millis(1500)),
        (option(9, &[3]), 1500, Duration::from_millis(1500)),
        (option(9, &[9]), 1500, Duration::from_nanos(1500)),
        (option(9, &[0]), 1500, Duration::from_secs(1500)),
        (option(9, &[0x8a]), 1536, Duration::from_millis(1500)),
        (option(9, &[127]), u64::MAX, Duration::ZERO),
        (option(9, &[0xff]), u64::MAX, Duration::ZERO),
        (
            [option(2, b"\xff"), option(14, &5_i64.to_le_bytes())].concat(),
            1,
            Duration::from_micros(5_000_001),
        ),
    ];
    for (options, ticks, at) in cases {
        let other = interface(147, &[]);
        let file = [section(), other, interface(RAW, &options), packet(1, ticks, &syn)].concat();
        assert_eq!(read(&file, None).0[0].1, at, "{options:?}");
        // A section later, that interface is another.
        let file = [file, section(), interface(147, &[]), packet(1, 0, &syn)].concat();
        assert_eq!(read(&file, None).1.segments, 1);
    }
}

#[test]
fn a_pcapng_may_have_its_highest_byte_first_and_packets_of_other_kinds() {
    let packets: Vec<_> = talk().iter().map(Tcp::packet).collect();
    let big = |kind: u32, body: &[u8]| {
        let len = (body.len().next_multiple_of(4) + 12) as u32;
        let mut block = [&kind.to_be_bytes()[..], &len.to_be_bytes(), body].concat();
        block.resize(len as usize - 4, 0);
        [block, len.to_be_bytes().to_vec()].concat()
    };
    let header = [&0x1a2b_3c4d_u32.to_be_bytes()[..], &[0, 1, 0, 0], &[0xff; 8]].concat();
    let head = [big(0x0a0d_0d0a, &header), big(1, &[0, 101, 0, 0, 0, 0, 0, 0])].concat();
    let simple =
        packets.iter().map(|it| big(3, &[&(it.len() as u32).to_be_bytes(), &it[..]].concat()));
    let simple: Vec<_> = simple.collect();
    assert_eq!(read_one(&[head.clone(), simple.concat()].concat()), talked());
    let old = packets.iter().map(|it| {
        let words = [0, 0, 1, it.len() as u32, it.len() as u32].map(u32::to_be_bytes);
        big(2, &[&words.concat(), &it[..]].concat())
    });
    let old: Vec<_> = old.collect();
    assert_eq!(read_one(&[head, old.concat()].concat()), talked());
}

#[test]
fn what_comes_in_any_order_is_put_in_order() {
    let parts = [
        client(1001, 2001, 0, b"one "),
        client(1005, 2001, 0, b"two "),
        client(1009, 2001, 0, b"three "),
        client(1015, 2001, 0, b"four"),
    ];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1], [0, 3, 1, 2]] {
        let shuffled = order.map(|number| parts[number].clone());
        let got = of(&[opened(), shuffled.to_vec()].concat());
        assert_eq!(got, unended(&[to_server(b"one two three four")]), "{order:?}");
        // The end, too, may come early.
        let early = client(1019, 2001, FIN, b"");
        let got = of(&[opened(), vec![early], shuffled.to_vec()].concat());
        assert_eq!(got[1..3], [to_server(b"one two three four"), Got::End(ToServer, Closed)]);
    }
}

#[test]
fn numbers_wrap() {
    let first = u32::MAX - 3;
    let segments = [
        syn(first),
        server(u32::MAX, first.wrapping_add(1), SYN, b""),
        client(2, 0, 0, b"later"),
        client(first.wrapping_add(1), 0, 0, b"first"),
        server(0, 7, 0, b"yes"),
    ];
    assert_eq!(of(&segments), unended(&[to_server(b"firstlater"), to_client(b"yes")]));
}

#[test]
fn of_what_is_sent_twice_the_first_copy_counts_and_a_difference_is_noticed() {
    let same = [client(1001, 2001, 0, b"hello"), client(1001, 2001, 0, b"hello, you")];
    let other = [client(1001, 2001, 0, b"hello"), client(1003, 2001, 0, b"LLo, you")];
    let early = [
        client(1003, 2001, 0, b"llo"),
        client(1002, 2001, 0, b"eLlo,"),
        client(1001, 2001, 0, b"hE"),
        client(1007, 2001, 0, b" you"),
    ];
    for (segments, text, differing) in
        [(&same[..], "hello, you", 0), (&other, "hello, you", 1), (&early, "hello, you", 2)]
    {
        let (pieces, besides) = read(&capture_of(&[opened(), segments.to_vec()].concat()), Some(1));
        let got: Vec<_> = pieces.into_iter().map(|it| it.2).collect();
        assert_eq!(got, unended(&[to_server(text.as_bytes())]));
        assert_eq!(besides.differing, differing, "{text}");
    }
}

#[test]
fn a_keep_alive_is_no_data() {
    let alive = [
        client(1001, 2001, 0, b"hello"),
        client(1005, 2001, 0, b"\0"),
        client(1005, 2001, 0, b""),
        client(1006, 2001, 0, b"!"),
    ];
    let (pieces, besides) = read(&capture_of(&[opened(), alive.to_vec()].concat()), Some(1));
    assert_eq!(pieces[1].2, to_server(b"hello!"));
    assert_eq!(besides.differing, 0);
}

#[test]
fn data_in_a_syn_is_data() {
    let syn = Tcp { payload: b"early ", ..syn(1000) };
    let got = of(&[syn, server(2000, 1007, SYN, b"hi"), client(1007, 2003, 0, b"late")]);
    assert_eq!(got, unended(&[to_server(b"early "), to_client(b"hi"), to_server(b"late")]));
}

#[test]
fn a_reset_ends_its_direction_at_once_and_the_other_when_nothing_follows() {
    let late = server(2001, 1006, 0, b"late");
    let got =
        of(&[opened(), vec![client(1001, 2001, 0, b"hello"), client(1006, 2001, RST, b""), late]]
            .concat());
    let ends = [Got::End(ToServer, Reset), to_client(b"late"), Got::End(ToClient, Reset)];
    assert_eq!(got, [&[begin(true), to_server(b"hello")][..], &ends].concat());
    // Someone guesses a number.
    let astray = [
        opened(),
        vec![client(1001_u32.wrapping_add(1 << 31), 2001, RST, b"")],
        talk()[3..].to_vec(),
    ]
    .concat();
    assert_eq!(of(&astray), talked());
    assert_eq!(read(&capture_of(&astray), Some(1)).1.astray, 1);
}

#[test]
fn bytes_that_are_nowhere_are_missing_once_their_receiver_has_them() {
    let gap = |acks: u32| {
        let mut segments = opened();
        segments.push(client(1001, 2001, 0, b"one"));
        segments.push(client(1009, 2001, 0, b"three"));
        let acks = (0..acks).map(|_| server(2001, 1014, 0, b""));
        segments.extend(acks);
        segments
    };
    let missing = [to_server(b"one"), Got::Missing(ToServer, Some(5)), to_server(b"three")];
    let told = |segments: &[Tcp<'_>]| {
        let (pieces, _) = read(&capture_of(segments), Some(1));
        pieces.into_iter().map(|(_, at, got)| (at.as_micros() as usize, got)).collect::<Vec<_>>()
    };
    // Patiently: a capture may have an acknowledgement first.
    let segments = gap(17);
    let got = told(&segments);
    assert_eq!(got.iter().map(|it| it.1.clone()).collect::<Vec<_>>(), unended(&missing));
    assert_eq!(got[2].0, segments.len());
    let late = [gap(16), vec![client(1004, 2001, 0, b" two ")]].concat();
    assert_eq!(of(&late), unended(&[to_server(b"one two three")]));
    // At the end of the file nothing can come any more, acknowledged or not.
    assert_eq!(of(&gap(0)), unended(&missing));
    // Nor does anything behind a gap tell how long it is.
    let tail = [opened(), vec![server(2001, 1011, 0, b"")]].concat();
    assert_eq!(of(&tail), unended(&[Got::Missing(ToServer, None)]));
    let ended = [opened(), vec![client(1011, 2001, FIN, b"")]].concat();
    assert_eq!(of(&ended)[1..3], [Got::Missing(ToServer, Some(10)), Got::End(ToServer, Closed)]);
}

#[test]
fn a_connection_without_its_first_packet_begins_in_the_middle() {
    let data = [server(2001, 1006, 0, b"yes"), client(1006, 2004, 0, b"more")];
    let ends = [Got::End(ToServer, Unseen), Got::End(ToClient, Unseen)];
    let got = of(&data);
    assert_eq!(got, [&[begin(false), to_client(b"yes"), to_server(b"more")][..], &ends].concat());
    // Who says hello is the client, whatever the ports.
    let hello = server(2001, 1006, 0, b"\x16\x03\x01\0\x05\x01\0\0\x01\0");
    let Got::Begin(first, _, false) = of(&[hello])[0] else { panic!() };
    assert_eq!(first, SERVER.parse().unwrap());
    let hello = Tcp {
        from: SERVER,
        to: CLIENT,
        ..client(1001, 2001, 0, b"\x16\x03\x03\0\x05\x02\0\0\x01\0")
    };
    assert_eq!(of(&[hello])[0], begin(false));
    // The server's SYN tells all that the client's would have.
    assert_eq!(of(&talk()[1..]), talked());
    // Nothing tells where it begins, without either.
    let got = of(&[syn(1000), server(2001, 1006, 0, b"yes")]);
    assert_eq!(got[1..3], [Got::Missing(ToClient, None), to_client(b"yes")]);
    // An acknowledgement opens nothing.
    assert_eq!(of(&[client(1001, 2001, 0, b""), client(1001, 2001, RST, b"")]), []);
}

#[test]
fn the_same_ports_may_be_used_again_and_a_syn_may_come_twice() {
    let twice = [vec![syn(1000), syn(1000)], talk()[1..2].to_vec(), talk()[1..].to_vec()].concat();
    assert_eq!(of(&twice), talked());
    let late_syn = [talk()[3..4].to_vec(), talk()[..3].to_vec(), talk()[4..].to_vec()].concat();
    assert_eq!(of(&late_syn)[1..], talked()[1..]);
    let again: Vec<_> = talk()
        .into_iter()
        .map(|it| {
            let is_client = it.from == CLIENT;
            let [seq, ack] = if is_client { [50_000, 70_000] } else { [70_000, 50_000] };
            Tcp { seq: it.seq + seq, ack: it.ack.map(|it| it + ack), ..it }
        })
        .collect();
    let both = capture_of(&[talk(), again].concat());
    let (pieces, _) = read(&both, None);
    assert_eq!(pieces.len(), 10);
    for number in [1, 2] {
        let of_all: Vec<_> = pieces.iter().filter(|piece| piece.0 == number).cloned().collect();
        assert_eq!(of_all.iter().map(|it| it.2.clone()).collect::<Vec<_>>(), talked());
        assert_eq!(read(&both, Some(number)).0, of_all);
    }
}

#[test]
fn packets_that_were_cut_or_are_something_else_are_counted() {
    let mut packets: Vec<_> =
        (0..).zip(talk()).map(|(at, it)| packet(0, at, &it.packet())).collect();
    // Its headers, and two of its five bytes.
    packets[3] = cut_packet(0, 3, &talk()[3].packet(), 42);
    let file = [section(), interface(RAW, &[]), packets.concat()].concat();
    let (pieces, besides) = read(&file, Some(1));
    let got: Vec<_> = pieces.into_iter().map(|it| it.2).collect();
    assert_eq!(besides.cut, 1);
    assert!(
        got.contains(&to_server(b"he")) && got.contains(&Got::Missing(ToServer, Some(3))),
        "{got:?}"
    );

    // Where the direction ends is known all the same.
    let last = client(1001, 2001, FIN, b"hello").packet();
    let opening: Vec<_> = opened().iter().map(|it| packet(0, 0, &it.packet())).collect();
    let last = cut_packet(0, 1, &last, 42);
    let got = read_one(&[section(), interface(RAW, &[]), opening.concat(), last].concat());
    let rest = [Got::Missing(ToServer, Some(3)), Got::End(ToServer, Closed)];
    assert_eq!(got[1..4], [&[to_server(b"he")][..], &rest].concat());

    let mut fragment = talk()[3].packet();
    fragment[6] = 0x20;
    let mut datagram = Vec::new();
    let builder = etherparse::PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).udp(50000, 443);
    builder.write(&mut datagram, b"quic").unwrap();
    let other = block(5, &[0; 12]);
    let file = [pcapng(RAW, &[fragment, datagram, vec![0x45], vec![]]), other].concat();
    let (pieces, besides) = read(&file, None);
    assert_eq!(pieces, []);
    let found =
        [besides.packets, besides.segments, besides.fragments, besides.datagrams, besides.quic];
    assert_eq!(found, [4, 0, 1, 1, 1]);
}
