//! Ports that nobody else takes: below those that the kernel hands out, and tried before they are given away.

use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// Above the well-known ones of etcd and Kubernetes.
const FIRST: u32 = 12_000;
/// Where ports for outgoing connections begin on Linux.
const END: u32 = 32_000;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A port at which nothing listens, whatever the address.
pub(crate) fn free() -> u16 {
    // two runs at the same time begin far from each other
    let start = std::process::id().wrapping_mul(131);
    (0..END - FIRST)
        .map(|_| FIRST + start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % (END - FIRST))
        .filter_map(|number| u16::try_from(number).ok())
        .find(|port| TcpListener::bind((IpAddr::V4(Ipv4Addr::UNSPECIFIED), *port)).is_ok())
        .expect("a free port")
}
