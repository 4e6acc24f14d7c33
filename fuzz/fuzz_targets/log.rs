#![no_main]
use libfuzzer_sys::fuzz_target;
use pkidoctor::logs::{Reader, Settings};
use time::macros::datetime;

// A log in one piece and in small ones gives the same, and nothing in it that a terminal obeys.
fuzz_target!(|bytes: &[u8]| {
    let read = |chunk: usize| {
        let mut reader = Reader::new(Settings::at(datetime!(2026-11-23 12:00 UTC)));
        let source = reader.source("");
        for piece in bytes.chunks(chunk) {
            reader.feed(source, piece);
        }
        reader.finish()
    };
    let whole = read(bytes.len().max(1));
    for event in &whole.events {
        assert!(!event.example.chars().any(char::is_control));
        assert!(!event.error.chars().any(char::is_control));
        assert!(event.example.chars().count() <= 1000);
    }
    if bytes.len() < 4096 {
        assert_eq!(read(7), whole);
    }
});
