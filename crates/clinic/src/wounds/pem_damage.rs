//! Every damage to PEM text, in certificates, keys and files of trusted certificates.

use super::{Wound, authority_file, certificate_file, key_file, wound};
use crate::file::Damage;

/// Three wounds for each damage.
macro_rules! damaged {
    ($($certificate:literal $key:literal $authority:literal $slug:literal $variant:ident,)*) => {
        &[$(
            wound($certificate, $slug, |cluster, rng| {
                certificate_file(cluster, rng, |file, _| file.damage.push(Damage::$variant))
            }),
            wound($key, $slug, |cluster, rng| {
                key_file(cluster, rng, |file, _| file.damage.push(Damage::$variant))
            }),
            wound($authority, $slug, |cluster, rng| {
                authority_file(cluster, rng, |file, _| file.damage.push(Damage::$variant))
            }),
        )*]
    };
}

pub(super) const WOUNDS: &[Wound] = damaged![
    "certificate-pem-bom" "key-pem-bom" "authority-pem-bom" "enc-no-pem" Bom,
    "certificate-pem-indented" "key-pem-indented" "authority-pem-indented" "enc-no-pem" Indent,
    "certificate-pem-body-indented" "key-pem-body-indented" "authority-pem-body-indented" "enc-harmless" IndentBody,
    "certificate-pem-crlf" "key-pem-crlf" "authority-pem-crlf" "enc-harmless" Crlf,
    "certificate-pem-cr" "key-pem-cr" "authority-pem-cr" "enc-no-pem" Cr,
    "certificate-pem-no-end" "key-pem-no-end" "authority-pem-no-end" "enc-no-pem" NoEnd,
    "certificate-pem-half" "key-pem-half" "authority-pem-half" "enc-no-pem" Half,
    "certificate-pem-short-end" "key-pem-short-end" "authority-pem-short-end" "enc-no-pem" ShortEnd,
    "certificate-pem-glued" "key-pem-glued" "authority-pem-glued" "enc-no-pem" Glued,
    "certificate-pem-no-newline" "key-pem-no-newline" "authority-pem-no-newline" "enc-harmless" NoFinalNewline,
    "certificate-pem-other-end" "key-pem-other-end" "authority-pem-other-end" "enc-no-pem" OtherEnd,
    "certificate-pem-blanks-behind" "key-pem-blanks-behind" "authority-pem-blanks-behind" "enc-harmless" TrailingBlanks,
    "certificate-pem-text-after" "key-pem-text-after" "authority-pem-text-after" "enc-no-pem" TextAfterBegin,
    "certificate-pem-text-before" "key-pem-text-before" "authority-pem-text-before" "enc-no-pem" TextBeforeBegin,
    "certificate-pem-lower-case" "key-pem-lower-case" "authority-pem-lower-case" "enc-no-pem" LowerCase,
    "certificate-pem-blank-line" "key-pem-blank-line" "authority-pem-blank-line" "enc-harmless" BlankLine,
    "certificate-pem-header" "key-pem-header" "authority-pem-header" "enc-harmless" Header,
    "certificate-pem-one-line" "key-pem-one-line" "authority-pem-one-line" "enc-harmless" OneLine,
    "certificate-pem-bad-character" "key-pem-bad-character" "authority-pem-bad-character" "enc-corrupt-der" BadCharacter,
    "certificate-pem-other-character" "key-pem-other-character" "authority-pem-other-character" "enc-corrupt-der" OtherCharacter,
    "certificate-pem-no-padding" "key-pem-no-padding" "authority-pem-no-padding" "enc-corrupt-der" NoPadding,
    "certificate-pem-der" "key-pem-der" "authority-pem-der" "enc-no-pem" Der,
    "certificate-pem-twice" "key-pem-twice" "authority-pem-twice" "enc-no-pem" Twice,
    "certificate-pem-newline" "key-pem-newline" "authority-pem-newline" "file-zero-bytes" Newline,
    "certificate-pem-text-around" "key-pem-text-around" "authority-pem-text-around" "enc-harmless" TextAround,
    "certificate-pem-half-block-behind" "key-pem-half-block-behind" "authority-pem-half-block-behind" "enc-harmless" TrailingHalfBlock,
    "certificate-pem-junk-behind" "key-pem-junk-behind" "authority-pem-junk-behind" "enc-harmless" TrailingJunk,
    "certificate-pem-utf16" "key-pem-utf16" "authority-pem-utf16" "enc-no-pem" Utf16,
    "certificate-pem-nul-behind" "key-pem-nul-behind" "authority-pem-nul-behind" "enc-harmless" Nul,
    "certificate-pem-no-data" "key-pem-no-data" "authority-pem-no-data" "enc-corrupt-der" NoData,
    "certificate-pem-open-block-first" "key-pem-open-block-first" "authority-pem-open-block-first" "enc-no-pem" OpenBlockFirst,
];
