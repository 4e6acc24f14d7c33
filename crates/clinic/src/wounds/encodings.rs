//! DER that Go refuses to parse, or parses although one would not think so.

use super::{Wound, either, leaf, wound};
use crate::certificate::{Malformation, Spoil, Time};
use crate::cluster::Cluster;
use crate::der::tag;
use crate::name::{
    Attribute, COMMON_NAME, COUNTRY, DOMAIN_COMPONENT, Name, ORGANIZATION, ORGANIZATIONAL_UNIT, SERIAL_NUMBER,
};
use crate::rng::Rng;

/// One wound for each malformation.
macro_rules! malformed {
    ($($name:literal $variant:ident,)*) => {
        &[$(wound($name, "enc-corrupt-der", |cluster, rng| {
            either(cluster, rng, |it, _, _| it.certificate.malformations.push(Malformation::$variant))
        }),)*]
    };
}

/// One wound for each way to spoil a finished certificate.
macro_rules! spoiled {
    ($($name:literal $variant:ident,)*) => {
        &[$(wound($name, "enc-corrupt-der", |cluster, rng| {
            either(cluster, rng, |it, _, _| it.certificate.spoils.push(Spoil::$variant))
        }),)*]
    };
}

/// One wound for each malformed time.
macro_rules! timed {
    ($($name:literal $tag:ident $text:literal,)*) => {
        &[$(wound($name, "alg-strict-parse", |cluster, rng| bad_time(cluster, rng, tag::$tag, $text)),)*]
    };
}

/// One wound for each string that does not keep to its type.
macro_rules! stringed {
    ($($name:literal $tag:ident $bytes:literal,)*) => {
        &[$(wound($name, "alg-strict-parse", |cluster, rng| bad_string(cluster, rng, tag::$tag, $bytes)),)*]
    };
}

const MALFORMED: &[Wound] = malformed![
    "der-version-four" VersionFour,
    "der-version-one-written" VersionOneExplicit,
    "der-serial-not-an-integer" SerialTag,
    "der-serial-padded" SerialPadded,
    "der-serial-empty" SerialEmpty,
    "der-subject-not-a-sequence" SubjectTag,
    "der-issuer-not-a-sequence" IssuerTag,
    "der-validity-with-one-time" ValidityHalf,
    "der-key-truncated" KeyTruncated,
    "der-key-with-unused-bits" KeyUnusedBits,
    "der-extensions-empty" ExtensionsEmpty,
    "der-extension-twice" ExtensionTwice,
    "der-extension-odd-boolean" ExtensionBoolean,
    "der-extension-false-written" ExtensionFalse,
    "der-extension-garbage" ExtensionGarbage,
    "der-length-not-minimal" LongLength,
    "der-length-beyond-the-end" LengthBeyond,
    "der-trailing-field" TrailingField,
    "der-unique-identifiers" UniqueIds,
    "der-algorithm-parameters" AlgorithmParameters,
];

const SPOILED: &[Wound] = spoiled![
    "der-without-signature" NoSignature,
    "der-signature-with-unused-bits" SignatureUnusedBits,
    "der-content-changed" Content,
    "der-trailing-bytes" Trailing,
    "der-truncated" Truncated,
    "der-outer-tag" OuterTag,
    "der-trailing-inside" TrailingInside,
    "der-garbage" Garbage,
];

const TIMED: &[Wound] = timed![
    "time-without-seconds" UTC_TIME "3001010000Z",
    "time-with-offset" UTC_TIME "300101000000+0100",
    "time-with-zero-offset" UTC_TIME "300101000000+0000",
    "time-without-zone" UTC_TIME "300101000000",
    "time-month-thirteen" UTC_TIME "301301000000Z",
    "time-february-thirty" UTC_TIME "300230000000Z",
    "time-hour-twenty-four" UTC_TIME "300101240000Z",
    "time-second-sixty" UTC_TIME "300101000060Z",
    "time-letters" UTC_TIME "someday-soonZ",
    "time-empty" UTC_TIME "",
    "time-long-year-in-short-form" UTC_TIME "20300101000000Z",
    "time-with-fraction" GENERALIZED_TIME "20300101000000.5Z",
    "time-generalized-without-zone" GENERALIZED_TIME "20300101000000",
    "time-generalized-with-offset" GENERALIZED_TIME "20300101000000+0000",
    "time-short-year-in-long-form" GENERALIZED_TIME "300101000000Z",
    "time-year-zero" GENERALIZED_TIME "00000101000000Z",
    "time-as-a-string" PRINTABLE_STRING "300101000000Z",
];

const STRINGED: &[Wound] = stringed![
    "name-printable-with-asterisk" PRINTABLE_STRING b"node*1",
    "name-printable-with-ampersand" PRINTABLE_STRING b"a&b",
    "name-printable-with-underscore" PRINTABLE_STRING b"node_1",
    "name-printable-with-at" PRINTABLE_STRING b"root@node",
    "name-printable-not-ascii" PRINTABLE_STRING b"kn\xc3\xb6ten",
    "name-utf8-invalid" UTF8_STRING b"node\xff\xfe",
    "name-utf8-empty" UTF8_STRING b"",
    "name-utf8-not-ascii" UTF8_STRING b"kn\xc3\xb6ten \xf0\x9f\xa6\x80",
    "name-utf8-with-control" UTF8_STRING b"no\x07de\x00",
    "name-teletex-latin" TELETEX_STRING b"kn\xf6ten",
    "name-ia5-not-ascii" IA5_STRING b"kn\xf6ten",
    "name-ia5" IA5_STRING b"node",
    "name-numeric" NUMERIC_STRING b"12 34",
    "name-numeric-with-letters" NUMERIC_STRING b"12ab",
    "name-bmp-odd-length" BMP_STRING b"\x00n\x00o\x00",
    "name-bmp-with-surrogate" BMP_STRING b"\xd8\x00\xdc\x00",
    "name-bmp-with-end" BMP_STRING b"\x00n\x00o\x00\x00",
    "name-universal" UNIVERSAL_STRING b"\x00\x00\x00n",
    "name-as-octets" OCTET_STRING b"node",
    "name-as-integer" INTEGER b"\x05",
];

const NAMED: &[Wound] = &[
    wound("name-multi-valued", "usage-odd-but-accepted", |cluster, rng| {
        either(cluster, rng, |it, _, _| {
            let extra = Attribute::new(ORGANIZATIONAL_UNIT, "etcd");
            if let Some(first) = it.certificate.subject.parts.first_mut() {
                first.push(extra);
            }
        })
    }),
    wound("name-with-many-parts", "usage-odd-but-accepted", |cluster, rng| {
        either(cluster, rng, |it, _, _| {
            it.certificate.subject = it
                .certificate
                .subject
                .clone()
                .with(COUNTRY, "DE")
                .with(SERIAL_NUMBER, "42")
                .with(DOMAIN_COMPONENT, "example")
                .with(ORGANIZATION, "A, \"B\" + C\\D;<E> #")
                .with(&[1, 3, 6, 1, 4, 1, 99_999, 3], "unknown");
        })
    }),
    wound("name-with-empty-set", "alg-strict-parse", |cluster, rng| {
        either(cluster, rng, |it, _, _| {
            it.certificate.subject.parts.push(Vec::new());
        })
    }),
    wound("name-with-two-common-names", "usage-odd-but-accepted", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.subject = it.certificate.subject.clone().with(COMMON_NAME, "second");
        })
    }),
    wound("issuer-retyped-in-leaf", "chain-name-encoding", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.issuer = Some(Name::common_typed(tag::UTF8_STRING, "etcd-ca"));
        })
    }),
    wound("issuer-empty", "alg-strict-parse", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.issuer = Some(Name::empty());
        })
    }),
];

/// The families above in one table.
pub(super) const WOUNDS: &[Wound] = &joined::<
    { MALFORMED.len() + SPOILED.len() + TIMED.len() + STRINGED.len() + NAMED.len() },
>(&[MALFORMED, SPOILED, TIMED, STRINGED, NAMED]);

const fn joined<const N: usize>(tables: &[&[Wound]]) -> [Wound; N] {
    let mut all = [tables[0][0]; N];
    let (mut table, mut next) = (0, 0);
    while table < tables.len() {
        let mut index = 0;
        while index < tables[table].len() {
            all[next] = tables[table][index];
            next += 1;
            index += 1;
        }
        table += 1;
    }
    all
}

fn bad_time(cluster: &mut Cluster, rng: &mut Rng, tag: u8, text: &str) -> bool {
    let time = Time::Raw(tag, text.as_bytes().to_vec());
    either(cluster, rng, |it, _, rng| {
        if rng.chance(70) {
            it.certificate.not_after = time;
        } else {
            it.certificate.not_before = time;
        }
    })
}

fn bad_string(cluster: &mut Cluster, rng: &mut Rng, string: u8, bytes: &[u8]) -> bool {
    let attribute = Attribute { kind: ORGANIZATIONAL_UNIT.to_vec(), string, value: bytes.to_vec() };
    either(cluster, rng, |it, _, _| {
        it.certificate.subject.parts.push(vec![attribute]);
    })
}
