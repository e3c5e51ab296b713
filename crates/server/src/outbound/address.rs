//! Which addresses anybody on the internet could connect to: those that neither of the IANA special-purpose address registries
//! (RFC 6890) nor the multicast registries list.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of IPv4 that are not asked, with their prefixes. Those that are globally reachable (AS112, AMT) hold no sites.
const SPECIAL_V4: [(Ipv4Addr, u32); 17] = [
    // RFC 791: this network.
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    // RFC 1918: private, with 172.16.0.0/12 and 192.168.0.0/16.
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // RFC 6598: shared with a carrier's NAT.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    // RFC 1122: loopback.
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // RFC 3927: link-local, where clouds have their metadata.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    // RFC 6890: protocol assignments.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // RFC 5737: documentation, with 198.51.100.0/24 and 203.0.113.0/24.
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    // RFC 7535: AS112, with 192.175.48.0/24 of RFC 7534.
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    // RFC 7450: automatic multicast tunnelling.
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    // RFC 7526: what was the anycast address of 6to4 relays.
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(192, 175, 48, 0), 24),
    // RFC 2544: benchmarks.
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // RFC 1112: multicast (224.0.0.0/4) and what is reserved (240.0.0.0/4), with the broadcast address.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// RFC 4291 §2.4: global unicast, as far as IANA assigns it.
///
/// Outside are, among others, loopback, IPv4-compatible addresses, `64:ff9b:1::/48`, `100::/64`, `5f00::/16`, unique-local, link-local
/// and site-local addresses, and multicast.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Networks within it that are not asked, with their prefixes.
const SPECIAL_V6: [(Ipv6Addr, u32); 5] = [
    // RFC 2928: protocol assignments, among them Teredo, benchmarks and ORCHID.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // RFC 3849: documentation, with 3fff::/20 of RFC 9637.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // RFC 3056: 6to4, which leads to any IPv4 address.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    // RFC 7534: AS112.
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// RFC 6052 §2.1: where a NAT64 has the whole of IPv4.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Whether an address is one that anybody could connect to.
pub(super) fn is_public(address: IpAddr) -> bool {
    match seen_through(address) {
        IpAddr::V4(v4) => {
            let within = |(network, prefix): &(Ipv4Addr, u32)| (v4.to_bits() ^ network.to_bits()) >> (32 - prefix) == 0;
            !SPECIAL_V4.iter().any(within)
        }
        IpAddr::V6(v6) => is_within(v6, &GLOBAL_V6) && !SPECIAL_V6.iter().any(|network| is_within(v6, network)),
    }
}

/// The address that a connection ends at: an IPv4 address may be written within one of IPv6.
pub(super) fn seen_through(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) if is_within(v6, &NAT64) => {
            let [.., a, b, c, d] = v6.octets();
            IpAddr::from([a, b, c, d])
        }
        // RFC 4291 §2.5.5.2: IPv4-mapped addresses.
        other => other.to_canonical(),
    }
}

fn is_within(address: Ipv6Addr, (network, prefix): &(Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ network.to_bits()) >> (128 - prefix) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: [&str; 28] = [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2003::1",
        "2606:4700:4700::1111",
        "2a00:1450:4001:80b::200e",
        "3ffe:ffff::1",
        "64:ff9b::8.8.8.8",
        "::ffff:8.8.8.8",
    ];

    const SPECIAL: [&str; 70] = [
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.9",
        "192.0.0.170",
        "192.0.0.192",
        "192.0.2.1",
        "192.31.196.1",
        "192.52.193.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.168.255.255",
        "192.175.48.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:0.0.0.0",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b::1:8.8.8.8",
        "64:ff9b:1::8.8.8.8",
        "64:ff9b:1::10.0.0.1",
        "100::1",
        "100:0:0:1::1",
        "200::1",
        "400::1",
        "1fff:ffff::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:1::1",
        "2001:2::1",
        "2001:20::1",
        "2001:1ff:ffff::1",
        "2001:db8::1",
        "2002:808:808::1",
        "2002:7f00:1::1",
        "2620:4f:8000::1",
        "3fff::1",
        "3fff:fff:ffff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
    ];

    #[test]
    fn rfc6890_special_purpose_addresses_are_not_public() {
        for address in SPECIAL.iter().chain(&["ff02::1", "ff0e::1", "febf::1", "feff::1", "fdff:ffff::1"]) {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn addresses_beside_them_are_public() {
        for address in PUBLIC {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
