//! gRPC over HTTP/2, as much of it as an etcd has to speak here; by hand, so that any rule can be bent.

use std::io::{self, Read as _, Write as _};

use super::servers::{Tls, hold};

const PREFACE: usize = 24;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;

/// A frame of RFC 9113 section 4.1.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// `:status: 200` and `content-type: application/grpc`.
fn begin(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &[&[0x88, 0x5f, 16][..], b"application/grpc"].concat())
}

/// `grpc-status`, and what else stands in the trailers (HPACK).
fn end(stream: u32, status: u8, more: &[u8]) -> Vec<u8> {
    let status = [&[0, 11][..], b"grpc-status", &[1, b'0' + status], more].concat();
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &status)
}

/// A message in DATA frames.
fn message(stream: u32, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a short message").to_be_bytes();
    let whole = [&[0][..], &length, message].concat();
    whole.chunks(16_384).flat_map(|part| frame(DATA, 0, stream, part)).collect()
}

/// What an etcd answers to a call.
pub(super) enum Answer {
    /// This message.
    Message(Vec<u8>),
    /// A refusal with these words.
    Refusal(Vec<u8>),
    /// Bytes in place of frames.
    Raw(Vec<u8>),
    /// Nothing, ever.
    Silence,
}

/// Answers calls, by their number from 0, until the client hangs up.
pub(super) fn answer(tls: &mut Tls, answer: impl Fn(usize) -> Answer) {
    // an error means that the client has hung up
    let _ = converse(tls, answer);
    hold(tls);
}

fn converse(tls: &mut Tls, answer: impl Fn(usize) -> Answer) -> io::Result<()> {
    tls.read_exact(&mut [0; PREFACE])?;
    tls.write_all(&frame(SETTINGS, 0, 0, &[]))?;
    tls.flush()?;
    let mut calls = 0;
    loop {
        let (kind, flags, stream, payload) = next(tls)?;
        match kind {
            SETTINGS if flags & ACK == 0 => tls.write_all(&frame(SETTINGS, ACK, 0, &[]))?,
            PING if flags & ACK == 0 => tls.write_all(&frame(PING, ACK, 0, &payload))?,
            DATA | HEADERS if flags & END_STREAM != 0 => {
                let bytes = match answer(calls) {
                    Answer::Message(text) => [begin(stream), message(stream, &text), end(stream, 0, &[])].concat(),
                    Answer::Refusal(words) => {
                        let length = u8::try_from(words.len()).expect("short words");
                        let more = [&[0, 12][..], b"grpc-message", &[length], &words].concat();
                        [begin(stream), end(stream, 7, &more)].concat()
                    }
                    Answer::Raw(bytes) => bytes,
                    Answer::Silence => return Ok(()),
                };
                tls.write_all(&bytes)?;
                calls += 1;
            }
            _ => {}
        }
        tls.flush()?;
    }
}

fn next(tls: &mut Tls) -> io::Result<(u8, u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    tls.read_exact(&mut head)?;
    let [a, b, c, kind, flags, stream @ ..] = head;
    let mut payload = vec![0; usize::try_from(u32::from_be_bytes([0, a, b, c])).expect("a length")];
    tls.read_exact(&mut payload)?;
    Ok((kind, flags, u32::from_be_bytes(stream), payload))
}

/// A field of a protobuf message: bytes.
pub(super) fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2][..], &varint(content.len()), content].concat()
}

/// A field of a protobuf message: a number.
pub(super) fn number(number: u8, value: usize) -> Vec<u8> {
    [&[number << 3][..], &varint(value)].concat()
}

fn varint(mut value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 0x7f {
        out.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).expect("seven bits"));
    out
}

/// What a healthy etcd of one member says, in the order in which it is asked: status, members, alarms, a read.
pub(super) fn healthy(call: usize) -> Answer {
    Answer::Message(match call {
        0 => [bytes(1, &number(2, 1)), bytes(2, b"3.5.1"), number(4, 1)].concat(),
        1 => bytes(2, &[number(1, 1), bytes(2, b"pi-master1")].concat()),
        _ => Vec::new(),
    })
}
