//! Data that pass in pieces.

use std::os::fd::AsRawFd;
use std::time::Instant;

use nix::libc;
use soak::kinds::link::proxy::{Condition, Impairment, PIECE_GAP};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;

/// Where the kernel says how many segments with data have come (`tcpi_data_segs_in`, linux/tcp.h).
const SEGMENTS: usize = 152;

/// How many segments with data have come on a connection.
fn segments(stream: &TcpStream) -> u32 {
    let mut information = [0_u8; 256];
    let mut length = information.len() as libc::socklen_t;
    // SAFETY: the buffer is as long as is said, and the kernel writes no further.
    let told = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            information.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    assert_eq!(told, 0);
    assert!(length as usize >= SEGMENTS + 4, "this kernel does not tell");
    u32::from_ne_bytes(information[SEGMENTS..SEGMENTS + 4].try_into().unwrap())
}

async fn carry(from: &mut TcpStream, to: &mut TcpStream, bytes: &[u8]) {
    from.write_all(bytes).await.unwrap();
    let mut came = vec![0; bytes.len()];
    within(to.read_exact(&mut came)).await.unwrap();
    assert_eq!(came, bytes);
}

#[tokio::test]
async fn each_piece_is_a_segment_of_its_own_both_ways_and_nothing_is_lost() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = proxy_to(server.local_addr().unwrap()).await;
    let (mut client, mut served) = pair(&proxy, &server).await;
    for (size, length, condition) in [
        (10_usize, 5_003_usize, Condition::On),
        (7, 300, Condition::Degrade(Impairment::both(latency(5)))),
        (1, 100, Condition::On),
    ] {
        proxy.set(condition);
        proxy.slice(Some(size));
        let pieces = length.div_ceil(size);
        for way in ["up", "down"] {
            let (from, to) =
                if way == "up" { (&mut client, &mut served) } else { (&mut served, &mut client) };
            let (before, seen, began) = (proxy.counters(), segments(to), Instant::now());
            carry(from, to, &pattern(length, size)).await;
            assert!(began.elapsed() >= PIECE_GAP * (pieces as u32 - 1), "{size} {way}");
            eventually("all pieces are counted", || proxy.counters().pieces >= before.pieces + pieces as u64)
                .await;
            let now = proxy.counters();
            // The client's bytes come in one go over loopback, or in a few.
            let written = (now.pieces - before.pieces) as usize;
            assert!((pieces..pieces + 5).contains(&written), "{size} {way}: {written} of {pieces}");
            assert!(now.cuts - before.cuts >= pieces as u64 - 5, "{size} {way}");
            let came = (segments(to) - seen) as usize;
            assert!(came >= pieces, "{size} {way}: {came} segments of {pieces}");
        }
    }
    proxy.slice(None);
    proxy.set(Condition::On);
    let before = proxy.counters().pieces;
    carry(&mut client, &mut served, &pattern(50_000, 3)).await;
    assert_eq!(proxy.counters().pieces, before);
}

#[tokio::test]
async fn the_port_stays_closed_while_the_size_of_pieces_changes() {
    let proxy = proxy_to(echo_server().await).await;
    proxy.set(Condition::Refuse);
    proxy.slice(Some(10));
    proxy.settled().await;
    assert!(TcpStream::connect(proxy.local_address()).await.is_err());
    assert!(proxy.counters().measured.refusing);
    proxy.set(Condition::On);
    proxy.settled().await;
    ask(&mut connect(&proxy).await, b"still in pieces").await;
    eventually("the pieces are counted", || proxy.counters().pieces >= 4).await;
}
