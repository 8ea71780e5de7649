//! The exercises, in the order of the chapters of each part; 12 is from a chapter behind all parts.

use stages::{PART1_CTR, PART2_AEAD, PART2_HMAC_SEQ, PART3_HKDF, PART4_CERT, PART5_TLS13};

use super::{Exercise, attacks, certificates, cut, defences, tls, whole};

/// All exercises.
pub const EXERCISES: [Exercise; 15] = [
    Exercise {
        number: 1,
        name: "record-reader",
        title: "find the planted bug in a record reader",
        chapter: "part1/records.md",
        stage: &PART2_AEAD,
        hints: &[
            "the stream may end in three places: between records, inside a length, inside a payload. \
             Follow each of them through the code.",
            "fill says that the stream has ended. What does it not say?",
            "let fill return how many bytes came. Which number is a clean end, and where?",
        ],
        why: "The end of a stream means one thing between two records and another inside one. A reader that \
              mistakes a cut record for a clean end acts on half a conversation, and reports that all is well.",
        good: "reads until it has what it needs, however few bytes come at a time; counts what came; and checks \
               the length against the limits before it makes room for that much.",
        check: cut::record_reader,
    },
    Exercise {
        number: 2,
        name: "bit-flip",
        title: "change the amount of a transfer at ctr",
        chapter: "part1/malleability.md",
        stage: &PART1_CTR,
        hints: &[
            "each byte of the ciphertext is a byte of the text xor a byte of keystream. What becomes of the text \
             if you xor something else into the ciphertext?",
            "you know the digit that is there and the digit that is wanted. What must be xored into the one to \
             get the other?",
            "request.find(\"amount=\") tells where in the text the amount stands. In front of the text a record \
             has its length and its nonce.",
        ],
        why: "What is xored into the ciphertext is xored into the plaintext, since the keystream drops out. \
              Encryption hid the amount and did not protect it. No key was needed.",
        good: "takes the place and the change from what it was given, so that it works for any request and any \
               amount, and leaves every other byte alone.",
        check: attacks::bit_flip,
    },
    Exercise {
        number: 3,
        name: "oracle",
        title: "read a recorded request through an oracle",
        chapter: "part1/open.md",
        stage: &PART1_CTR,
        hints: &[
            "you can change a byte of the text, as in exercise 2, and you can cut the text short. Which bytes of \
             it do you know already?",
            "work from the end to the beginning. The two bytes behind the one you want are known, so you can \
             make them anything you like. Then whether an answer comes depends on the first of the three.",
            "compare the rows of the table: which first byte is the only one that allows 80 behind it, and not \
             a0? Guess the wanted byte, and change it so that a right guess makes it that one.",
        ],
        why: "The server has the key and tells one bit of each plaintext that you make: whether it is text. \
              That is an oracle. A few thousand such bits are the request. Nothing was decrypted by you, and no \
              bug was needed but an answer that depends on the plaintext.",
        good: "asks two questions per guess, uses what it has found for what comes next, and tries likely bytes \
               first. The defence is to verify a tag before anything is decrypted: then each changed record \
               ends in the same way.",
        check: attacks::oracle,
    },
    Exercise {
        number: 4,
        name: "receiver-check",
        title: "write the receiver's check for hmac-seq, in the right order",
        chapter: "part2/sequence.md",
        stage: &PART2_HMAC_SEQ,
        hints: &[
            "until you know that the record is genuine, each field of it is whatever somebody wrote \
             there. Which of the three steps tells you?",
            "a genuine record may still be an old one: know its place before you decrypt it.",
            "a record that is refused has not been received: expected moves on when nothing can be \
             refused any more.",
        ],
        why: "Tag, number, decrypt, advance. Before the tag is verified every byte is anyone's, the sequence \
              number among them. A replayed record has a right tag, so that the number alone refuses it. And \
              what was refused was not received: the same number is still due.",
        good: "returns at the first thing that is wrong, decrypts only what it will hand on, and changes \
               `expected` in one place, at the end.",
        check: defences::receiver_check,
    },
    Exercise {
        number: 5,
        name: "false-answer",
        title: "answer a client in the server's name",
        chapter: "part2/open.md",
        stage: &PART2_AEAD,
        hints: &[
            "the client checks tag and seq of its answer. Who can make a right tag, and which seq does \
             the client expect first?",
            "two programs have the key. The server's records are no use here; whose are left?",
            "what you take from session.requests can be sent on session.answers.",
        ],
        why: "Both directions have one key and both count from 0. Nothing in a record says who made it, so the \
              client's record 0 is as good an answer as the server's. This is reflection. TLS closes it with a \
              key for each direction.",
        good: "takes each record and sends it back at once, in order. It needs no answer from the server, which \
               need not even be asked.",
        check: attacks::false_answer,
    },
    Exercise {
        number: 6,
        name: "refuse-false-answer",
        title: "refuse the false answer of exercise 5, and say what that costs",
        chapter: "part2/open.md",
        stage: &PART2_AEAD,
        hints: &[
            "which bytes of a payload tell your records from the server's? Its seq does not: both count \
             from 0.",
            "several records may be on their way before the first answer comes, and any of them may come back.",
            "your record 3, sent back, can only be taken for the server's record 3. When can you forget \
             what you kept of it?",
        ],
        why: "A tag tells your own records from any other. Your record n can only come back in the place of the \
              server's record n, so its tag is kept until that has come: 16 bytes for each record in flight.",
        good: "forgets as early as it can, and says what it costs to the byte. It also says that it is not worth \
               it: a key for each direction refuses the same, costs 32 bytes once, and needs no search.",
        check: defences::refuse_false_answer,
    },
    Exercise {
        number: 7,
        name: "sixth-stage",
        title: "design a sixth stage that closes truncate",
        chapter: "part2/open.md",
        stage: &PART2_AEAD,
        hints: &[
            "anyone can end a stream. Who can make a record, and what would a record have to say to be of use \
             here?",
            "whatever the client may send as a message must not look like your end. How does a reader know what \
             kind of record it has?",
            "put a byte in front of everything that is sealed. And think of a stream that ends before anything \
             was said: is that whole?",
        ],
        why: "The end is now a record like any other: sealed, numbered, and impossible to make without the key. \
              A stream that stops without it was cut. TLS calls that record close_notify.",
        good: "marks every record with its kind, so that no message can be mistaken for the end; counts a stream \
               without a word as cut; and accepts nothing after the end. It does not close splice: the end of \
               another connection fits here too, as long as all connections have one key.",
        check: whole::sixth_stage,
    },
    Exercise {
        number: 8,
        name: "derive-keys",
        title: "derive the keys of a connection from its secret",
        chapter: "part3/hkdf.md",
        stage: &PART3_HKDF,
        hints: &[
            "hmac takes the key first. Of salt and secret, which is the key in the first step?",
            "what extract makes is the key of the second step, for both directions. Only the label differs.",
            "the last byte of the second message is the number 1, not the digit: [label, &[1]].concat()",
        ],
        why: "Extract makes an even key of a secret that is none, and expand makes of that a key for each label. \
              Knowing one of the two keys tells nothing about the other. Both sides did the same sums, so each \
              opens what the other seals.",
        good: "has one function of the label, so that the two keys cannot differ in anything else, and calls \
               extract once.",
        check: defences::derive_keys,
    },
    Exercise {
        number: 9,
        name: "man-in-the-middle",
        title: "be the man in the middle",
        chapter: "part3/mitm.md",
        stage: &PART3_HKDF,
        hints: &[
            "what tells the client whose public key it gets? Answer its Hello yourself.",
            "agree twice: with the client as a server does, and with the server as a client does. Draw a \
             private key for each, and protect each side with the keys of its own agreement.",
            "towards the client you are the server: client.protect(&keys.server, &keys.client). Towards the \
             server it is the other way round. Then take, change, send.",
        ],
        why: "Both agreements are honest, and every tag is right: you made it. The mathematics proves that nobody \
              else has the secret, and nothing proves who you are. Part 4 puts a name on the key.",
        good: "seals anew, and so need not care how long the amount is. At ctr one could only flip bits; here one \
               may write anything.",
        check: attacks::man_in_the_middle,
    },
    Exercise {
        number: 10,
        name: "five-chains",
        title: "find what is wrong with five chains",
        chapter: "part4/chain.md",
        stage: &PART4_CERT,
        hints: &[
            "go from certificate to certificate: who has to have signed this one, and who the last? A name is easily \
             given to oneself; what can only its owner do?",
            "whoever has signed must be allowed to, and not only the first that did. Which certificates have a time?",
            "what a server is called stands in its names, and nowhere else. And the root that counts is the one that \
             nobody sent.",
        ],
        why: "Anyone can make a certificate that says anything, and send any chain. What you believe in the end is \
              the root; every step from there to the server's key is a signature by somebody who may sign, in time, \
              and the last one names the server that you want. Each check that is left out lets somebody in.",
        good: "looks at each certificate together with its issuer, up to the client's own root; asks of all of them \
               what it asks of one; and compares names as a whole.",
        check: certificates::five_chains,
    },
    Exercise {
        number: 11,
        name: "bind-certificate",
        title: "bind the certificate too",
        chapter: "part4/open.md",
        stage: &PART4_CERT,
        hints: &[
            "a signature protects what is under it, and nothing else. What does the client believe that is not?",
            "Eve may sign whatever she likes with her own key, her own certificate included: no signature stops her. \
             But she does not know the secret. What must differ on the two sides when they have not heard the same?",
            "take the messages as they stood on the wire, all of them. And if one of them ended a field later, and the \
             next began a field later: would you notice? Put a length in front of each.",
        ],
        why: "All that was said goes under the signature and into the keys, as each side heard it. Where somebody \
              changed a byte, the client verifies a signature over something else. Where somebody put a name and a \
              signature of his own in place of the server's, the signature is right and the keys differ: a record \
              opens only between two who have heard the same. TLS 1.3 does both, with a hash of all messages.",
        good: "has one function for both, without a choice of what matters, and puts the length in front of each \
               part, so that no two conversations look alike.",
        check: certificates::bind_certificate,
    },
    Exercise {
        number: 12,
        name: "nonce-reuse",
        title: "recover a request from a nonce used twice",
        chapter: "further/nonces.md",
        stage: &PART1_CTR,
        hints: &[
            "key and nonce make the keystream: what is the same in both records?",
            "you have a ciphertext and its plaintext. What does the one give away about the other's making?",
            "ciphertext xor plaintext is keystream. It fits the second ciphertext too, as far as it goes.",
        ],
        why: "One key and one nonce make one keystream. Ciphertext xor plaintext is that keystream, and it \
              decrypts everything else under the nonce. No key was needed, and none was found.",
        good: "takes the nonces off, works byte by byte, and stops where the shorter of the two ends.",
        check: attacks::nonce_reuse,
    },
    Exercise {
        number: 13,
        name: "open-record",
        title: "open the record of RFC 8448",
        chapter: "part5/record.md",
        stage: &PART5_TLS13,
        hints: &[
            "the tag covers more than the ciphertext. What did both sides see, and what did both sides count?",
            "the nonce is iv xor number, and the iv is longer: 12 bytes, the number 8. They have their last bytes in \
             common, and the last one of the number is the smallest.",
            "behind the content stands the type, and behind the type as many zeros as the sender likes. From which end \
             do you have to look for it, and what if you find none?",
        ],
        why: "Number and header take part in the tag without standing in it: the number through the nonce, the header as \
              associated data. So whoever moves a record, or changes what is in front of it, has no right tag for that. \
              The type is found from the end, since it is the last byte that is not zero.",
        good: "decides nothing by the header, which everyone can write; takes zeros off in front of nothing else; and \
               refuses a record without a type, since RFC 8446 does.",
        check: tls::open_record,
    },
    Exercise {
        number: 14,
        name: "finished",
        title: "compute Finished",
        chapter: "part5/finished.md",
        stage: &PART5_TLS13,
        hints: &[
            "the hash is over the messages of the handshake, in the order in which they were sent: not over records, and \
             not over what is no message of the handshake.",
            "put together what is in a side's records of type 22 first. Where it was cut does not matter then. Of the \
             client's messages, which one was sent before all of the server's?",
            "the key of the HMAC is not the secret: it comes from it, under the label finished. The message is the hash.",
        ],
        why: "Whoever makes this tag has the secret and has heard the same, byte for byte, up to this message. The server \
              proves that in front of the client's first data, and the client does it again over the server's Finished. \
              That a device on the path cut the records in another way, or that a ChangeCipherSpec came along, makes no \
              difference: neither says anything.",
        good: "has one function for both sides: they differ in the secret, and in what has been said so far.",
        check: tls::finished,
    },
    Exercise {
        number: 15,
        name: "changed-hello",
        title: "find what a changed ClientHello breaks",
        chapter: "part5/finished.md",
        stage: &PART5_TLS13,
        hints: &[
            "first ask whether the server can go on with what it got. If it cannot, nothing else happens.",
            "then look at the answer, which is not encrypted: does something in ServerHello, or in HelloRetryRequest, not \
             fit what the client sent?",
            "if it does, both have keys. What are they made of, and what is the first thing that they are used for? And \
             what is the hash not over?",
        ],
        why: "The client hashes what it sent, and the server what it got. The keys of the handshake are made of the hash, \
              so the first encrypted record does not open, long before a signature or a Finished is looked at. Only what \
              makes an answer impossible, or visibly wrong, is found earlier. And a cut between records changes no \
              message.",
        good: "asks the same three questions of each change, and so needs to know no change by name.",
        check: tls::changed_hello,
    },
];
