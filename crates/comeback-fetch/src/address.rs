//! Which addresses may be connected to. The connector asks this of every address it is about to use, on every hop, so that no
//! name, redirect or rebinding leads round it. It knows address ranges only; names are none of its business.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// What an address is for, by the IANA special-purpose registries (RFC 6890) and the clouds' documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressClass {
    /// Reachable from anywhere.
    Public,
    /// This machine.
    Loopback,
    /// A private network (RFC 1918), or unique-local (RFC 4193).
    Private,
    /// The same link only (RFC 3927, RFC 4291).
    LinkLocal,
    /// A cloud's metadata service, which hands out secrets: 169.254.169.254, fd00:ec2::254, 100.100.100.200.
    Metadata,
    /// Shared behind a carrier's NAT (RFC 6598).
    CarrierNat,
    /// No address at all: 0.0.0.0/8 and ::.
    Unspecified,
    /// Many receivers.
    Multicast,
    /// Everyone on the network.
    Broadcast,
    /// Set aside for protocols, tests and documentation, or for later.
    Reserved,
}

impl AddressClass {
    /// The class of an address. An IPv4 address inside an IPv6 one (mapped, compatible, NAT64, 6to4) is seen through.
    ///
    /// ```
    /// use comeback_fetch::address::AddressClass;
    /// assert_eq!(AddressClass::of("::ffff:127.0.0.1".parse().unwrap()), AddressClass::Loopback);
    /// assert_eq!(AddressClass::of("8.8.8.8".parse().unwrap()), AddressClass::Public);
    /// ```
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => embedded_v4(address).map_or_else(|| Self::of_v6(address), Self::of_v4),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            [169, 254, 169, 254] | [100, 100, 100, 200] => Self::Metadata,
            [0, ..] => Self::Unspecified,
            [127, ..] => Self::Loopback,
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Self::Private,
            [169, 254, ..] => Self::LinkLocal,
            [100, 64..=127, ..] => Self::CarrierNat,
            [255, 255, 255, 255] => Self::Broadcast,
            [224..=239, ..] => Self::Multicast,
            [192, 0, 0 | 2, _] | [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] | [240..=255, ..] => Self::Reserved,
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        match address.segments() {
            [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254] => Self::Metadata,
            [0, 0, 0, 0, 0, 0, 0, 0] => Self::Unspecified,
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            [0xfc00..=0xfdff, ..] => Self::Private,
            [0xfe80..=0xfebf, ..] => Self::LinkLocal,
            // Site-local, deprecated by RFC 3879 and still in use here and there.
            [0xfec0..=0xfeff, ..] => Self::Private,
            [0xff00..=0xffff, ..] => Self::Multicast,
            // Documentation, discard-only, benchmarking and ORCHID; Teredo, which hides an IPv4 address of its own.
            [0x2001, 0x0000..=0x01ff | 0x0db8, ..] | [0x0100, 0, 0, 0, ..] | [0x3fff, 0x0000..=0x0fff, ..] => Self::Reserved,
            // Only 2000::/3 is given out for global use (RFC 4291).
            [0x2000..=0x3fff, ..] => Self::Public,
            _ => Self::Reserved,
        }
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Public => "a public address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "a cloud metadata address",
            Self::CarrierNat => "a carrier's NAT address",
            Self::Unspecified => "an unspecified address",
            Self::Multicast => "a multicast address",
            Self::Broadcast => "a broadcast address",
            Self::Reserved => "a reserved address",
        })
    }
}

/// The IPv4 address that an IPv6 address stands for, where packets to it end at that IPv4 address.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let joined = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        // Mapped, compatible, translated (RFC 4291, 2.5.5; RFC 2765), and NAT64 with its local form (RFC 6052, RFC 8215).
        [0, 0, 0, 0, 0, 0xffff | 0, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x0064, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x0064, 0xff9b, 1, _, _, _, high, low] => Some(joined(high, low)),
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => Some(joined(high, low)),
        _ => None,
    }
}

/// Whether an address is reachable from anywhere: a redirect that came from one must not lead to one that is not.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    AddressClass::of(address) == AddressClass::Public
}

/// A block of addresses: `10.0.0.0/8`, `fd00::/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    network: IpAddr,
    prefix_bits: u32,
}

/// Why a text is not a block of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not a block of addresses such as 10.0.0.0/8 or fd00::/8")]
pub struct CidrUnreadable {
    /// The text.
    pub given: String,
}

impl Cidr {
    /// Whether an address lies in the block. An IPv4 address and its IPv4-mapped form are the same.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let shared_bits = |left: u128, right: u128, width: u32| (left ^ right).leading_zeros().saturating_sub(128 - width);
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                shared_bits(u128::from(network.to_bits()), u128::from(address.to_bits()), 32) >= self.prefix_bits
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                shared_bits(network.to_bits(), address.to_bits(), 128) >= self.prefix_bits
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Cidr {
    type Err = CidrUnreadable;

    fn from_str(given: &str) -> Result<Self, CidrUnreadable> {
        let unreadable = || CidrUnreadable { given: given.to_owned() };
        let (address, prefix) = given.split_once('/').map_or((given, None), |(address, prefix)| (address, Some(prefix)));
        let network: IpAddr = address.parse().map_err(|_| unreadable())?;
        let width = if network.is_ipv4() { 32 } else { 128 };
        let prefix_bits = prefix.map_or(Ok(width), str::parse).map_err(|_| unreadable())?;
        if prefix_bits > width { Err(unreadable()) } else { Ok(Self { network, prefix_bits }) }
    }
}

/// Which addresses a route may connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressPolicy {
    public_only: bool,
    allowed: Vec<Cidr>,
}

impl AddressPolicy {
    /// For `fetch`: whatever the user's own list names is allowed; only a redirect from a public address may not lead to one
    /// that is not public.
    #[must_use]
    pub const fn fetch() -> Self {
        Self { public_only: false, allowed: Vec::new() }
    }

    /// For a server that takes URLs from others: only public addresses.
    #[must_use]
    pub const fn strict() -> Self {
        Self { public_only: true, allowed: Vec::new() }
    }

    /// Opens blocks of addresses, redirect or not.
    #[must_use]
    pub fn allowing(mut self, blocks: impl IntoIterator<Item = Cidr>) -> Self {
        self.allowed.extend(blocks);
        self
    }

    /// The class for which an address is refused; `None` when it may be connected to.
    #[must_use]
    pub fn refusal(&self, address: IpAddr, from_public_redirect: bool) -> Option<AddressClass> {
        let class = AddressClass::of(address);
        let examined = self.public_only || from_public_redirect;
        let refused = examined && class != AddressClass::Public && !self.allowed.iter().any(|block| block.contains(address));
        refused.then_some(class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(address: &str) -> AddressClass {
        AddressClass::of(address.parse().unwrap())
    }

    #[test]
    fn every_special_range_is_known_at_its_edges() {
        for (addresses, expected) in [
            (&["127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1", "::127.0.0.1"][..], AddressClass::Loopback),
            (&["10.0.0.0", "172.16.0.0", "172.31.255.255", "192.168.255.255", "fc00::", "fdff::1"], AddressClass::Private),
            (&["::ffff:10.1.2.3", "64:ff9b::a01:203", "2002:c0a8:101::1", "64:ff9b:1::10.0.0.1"], AddressClass::Private),
            (&["169.254.0.1", "fe80::1", "febf::1", "::ffff:169.254.1.1"], AddressClass::LinkLocal),
            (&["169.254.169.254", "fd00:ec2::254", "::ffff:a9fe:a9fe", "100.100.100.200"], AddressClass::Metadata),
            (&["100.64.0.0", "100.127.255.255"], AddressClass::CarrierNat),
            (&["0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0"], AddressClass::Unspecified),
            (&["224.0.0.1", "239.255.255.255", "ff02::1"], AddressClass::Multicast),
            (&["255.255.255.255"], AddressClass::Broadcast),
            (&["240.0.0.1", "192.0.2.1", "198.18.0.1", "2001:db8::1", "2001::1", "100::1", "4000::1"], AddressClass::Reserved),
            (
                &["1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "2606:4700::1", "::ffff:8.8.8.8"],
                AddressClass::Public,
            ),
        ] {
            for address in addresses {
                assert_eq!(class(address), expected, "{address}");
            }
        }
    }

    #[test]
    fn fetch_refuses_private_addresses_only_behind_a_public_redirect() {
        let policy = AddressPolicy::fetch();
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        assert_eq!(policy.refusal(loopback, false), None);
        assert_eq!(policy.refusal(loopback, true), Some(AddressClass::Loopback));
        assert_eq!(policy.refusal("8.8.8.8".parse().unwrap(), true), None);
    }

    #[test]
    fn strict_refuses_throughout_but_for_what_is_opened() {
        let policy = AddressPolicy::strict().allowing(["10.1.0.0/16".parse().unwrap()]);
        assert_eq!(policy.refusal("10.2.0.1".parse().unwrap(), false), Some(AddressClass::Private));
        assert_eq!(policy.refusal("10.1.2.3".parse().unwrap(), false), None);
        assert_eq!(policy.refusal("::ffff:10.1.2.3".parse().unwrap(), true), None);
    }

    #[test]
    fn blocks_end_where_their_prefix_says() {
        let block: Cidr = "192.168.4.0/22".parse().unwrap();
        assert!(block.contains("192.168.7.255".parse().unwrap()));
        assert!(!block.contains("192.168.8.0".parse().unwrap()));
        let all: Cidr = "::/0".parse().unwrap();
        assert!(all.contains("2606:4700::1".parse().unwrap()));
        assert!(!all.contains("1.1.1.1".parse().unwrap()));
        let one: Cidr = "127.0.0.1".parse().unwrap();
        assert!(one.contains("127.0.0.1".parse().unwrap()));
        assert!(!one.contains("127.0.0.2".parse().unwrap()));
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "10.0.0.0/x"] {
            assert!(bad.parse::<Cidr>().is_err(), "{bad}");
        }
    }
}
