//! The PROXY protocol, in which a load balancer says who is at the other end (<https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>).

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use ppp::{HeaderResult, v1, v2};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    net::TcpStream,
    time::timeout,
};

/// A header is the first that a balancer sends: one round trip, and one packet lost ("5 seconds" are for the slowest networks).
const WITHIN: Duration = Duration::from_secs(5);
/// What every header has, of either version.
const LEAST: usize = 12;
/// Bytes of a header of version 1 ("2.1. Human-readable header format").
const MOST_V1: usize = 107;
/// Where a header of version 2 says how long the rest is.
const FIXED_V2: usize = 16;
/// Bytes of that rest, with what balancers add about TLS and themselves.
const MOST_V2: usize = 2048;

/// Reads the header and nothing after it; gives who connects.
pub(super) async fn announced(
    mut stream: TcpStream,
    balancer: SocketAddr,
) -> io::Result<(TcpStream, SocketAddr)> {
    let header = timeout(WITHIN, header(&mut stream)).await??;
    let peer = source(&header)?.unwrap_or(balancer);
    Ok((stream, peer))
}

async fn header(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut header = vec![0; LEAST];
    stream.read_exact(&mut header).await?;
    if header == v2::PROTOCOL_PREFIX {
        header.resize(FIXED_V2, 0);
        stream.read_exact(&mut header[LEAST..]).await?;
        let rest = usize::from(u16::from_be_bytes([header[FIXED_V2 - 2], header[FIXED_V2 - 1]]));
        if rest > MOST_V2 {
            return Err(invalid("its header is too long"));
        }
        header.resize(FIXED_V2 + rest, 0);
        stream.read_exact(&mut header[FIXED_V2..]).await?;
        return Ok(header);
    }
    // Nothing says how long it is: what follows must stay where it is.
    while !header.ends_with(b"\r\n") {
        if header.len() == MOST_V1 || !header.starts_with(v1::PROTOCOL_PREFIX.as_bytes()) {
            return Err(invalid("there is no header"));
        }
        header.push(stream.read_u8().await?);
    }
    Ok(header)
}

/// Who connects; none: the balancer itself, to see whether we are there.
fn source(header: &[u8]) -> io::Result<Option<SocketAddr>> {
    let unread = |error: &dyn std::fmt::Display| invalid(&format!("its header could not be read: {error}"));
    let (address, port): (IpAddr, u16) = match HeaderResult::parse(header) {
        HeaderResult::V1(header) => match header.map_err(|error| unread(&error))?.addresses {
            v1::Addresses::Unknown => return Ok(None),
            v1::Addresses::Tcp4(v4) => (v4.source_address.into(), v4.source_port),
            v1::Addresses::Tcp6(v6) => (v6.source_address.into(), v6.source_port),
        },
        HeaderResult::V2(header) => {
            let header = header.map_err(|error| unread(&error))?;
            match header.addresses {
                _ if header.command == v2::Command::Local => return Ok(None),
                v2::Addresses::IPv4(v4) => (v4.source_address.into(), v4.source_port),
                v2::Addresses::IPv6(v6) => (v6.source_address.into(), v6.source_port),
                v2::Addresses::Unspecified | v2::Addresses::Unix(_) => return Ok(None),
            }
        }
    };
    Ok(Some(SocketAddr::new(address, port)))
}

fn invalid(detail: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, detail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    async fn read(mut bytes: &[u8]) -> (io::Result<Option<SocketAddr>>, &[u8]) {
        let source = header(&mut bytes).await.and_then(|header| source(&header));
        (source, bytes)
    }

    fn v2_header(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
        let length = u16::try_from(addresses.len()).unwrap().to_be_bytes();
        [v2::PROTOCOL_PREFIX, &[0x20 | command, family], &length, addresses].concat()
    }

    #[tokio::test]
    async fn the_lines_of_version_1_name_who_connects_and_what_follows_stays() {
        for (line, expected) in [
            ("PROXY TCP4 192.0.2.7 192.0.2.1 40000 6667\r\n", Some("192.0.2.7:40000")),
            ("PROXY TCP6 2001:db8::7 2001:db8::1 40000 6667\r\n", Some("[2001:db8::7]:40000")),
            ("PROXY UNKNOWN\r\n", None),
        ] {
            let bytes = [line, "NICK alice\r\n"].concat();
            let (source, rest) = read(bytes.as_bytes()).await;
            assert_eq!(source.unwrap(), expected.map(|address| address.parse().unwrap()));
            assert_eq!(rest, b"NICK alice\r\n");
        }
    }

    #[tokio::test]
    async fn the_headers_of_version_2_do_so_too_whatever_is_added_to_them() {
        let v4 = [192, 0, 2, 7, 192, 0, 2, 1, 0x9c, 0x40, 0x1a, 0x0b];
        // A kind of additional field that nobody has heard of.
        let added = [&v4[..], &[0xe0, 0, 2, 1, 2]].concat();
        for (header, expected) in [
            (v2_header(1, 0x11, &v4), Some("192.0.2.7:40000")),
            (v2_header(1, 0x11, &added), Some("192.0.2.7:40000")),
            (v2_header(0, 0x11, &v4), None),
            (v2_header(0, 0, &[]), None),
        ] {
            let bytes = [&header[..], b"NICK"].concat();
            let (source, rest) = read(&bytes).await;
            assert_eq!(source.unwrap(), expected.map(|address| address.parse().unwrap()));
            assert_eq!(rest, b"NICK");
        }
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused_before_it_is_long() {
        let endless = ["PROXY TCP4 ", &"1".repeat(200)].concat();
        let long = v2_header(1, 0x11, &[0; MOST_V2 + 1]);
        for bytes in [b"NICK alice\r\nUSER a\r\n".as_slice(), endless.as_bytes(), &long] {
            assert!(read(bytes).await.0.is_err());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..300), version in 0..3) {
            let begins: &[u8] = match version {
                0 => b"",
                1 => b"PROXY ",
                _ => v2::PROTOCOL_PREFIX,
            };
            let bytes = [begins, &bytes].concat();
            let _ = futures_util::FutureExt::now_or_never(read(&bytes)).expect("it waits for nothing");
        }
    }
}
