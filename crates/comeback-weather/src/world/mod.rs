//! A world: which hosts there are, and what each does. Read from TOML, with the line of whatever is wrong.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use toml::de::{DeTable, Deserializer, Error};

use crate::behaviour::{KINDS, Script};
use crate::error::WeatherError;
use crate::host::{Account, Host, Running};
use host_table::HostTable;

pub(crate) mod builtin;
mod host_table;

/// The largest text that is read as a world, in bytes.
pub const WORLD_BYTES_MAX: usize = 1 << 20;

/// The most hosts that a world may have: each listens on a socket of its own.
pub const HOSTS_MAX: usize = 1_000;

/// The address of the first host, where a world does not say.
const FIRST_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 1, 1);

/// Hosts on loopback addresses, each with a behaviour.
///
/// ```
/// let world = comeback_weather::World::parse("[[host]]\nname = \"api\"\ncount = 3\nbehaviour = \"rate_limit\"\n")?;
/// assert_eq!(world.hosts_count(), 3);
/// let refused = comeback_weather::World::parse("[[host]]\nbehaviour = \"rate_limit\"\nlimits = 3\n").unwrap_err();
/// assert!(refused.to_string().starts_with("line 3: unknown key `limits`"));
/// # Ok::<(), comeback_weather::WeatherError>(())
/// ```
#[derive(Debug)]
pub struct World {
    about: String,
    rng_seed: u64,
    blocks: Vec<HostBlock>,
}

/// The hosts of one `[[host]]`.
#[derive(Debug)]
struct HostBlock {
    table: HostTable,
    first: Ipv4Addr,
    script: Box<dyn Script>,
}

impl World {
    /// Reads a world.
    ///
    /// # Errors
    /// [`WeatherError::World`] names the line and what is wrong there: no TOML, an unknown key or behaviour, a value that makes no
    /// sense, an address twice or off loopback, no host or more than [`HOSTS_MAX`].
    pub fn parse(text: &str) -> Result<Self, WeatherError> {
        if text.len() > WORLD_BYTES_MAX {
            return Err(at_line(text, 0, format!("a world is at most {WORLD_BYTES_MAX} bytes long")));
        }
        let refused = |error: Error| told(text, &error);
        let mut root = DeTable::parse(text).map_err(refused)?;
        let mut world = Self { about: String::new(), rng_seed: 1, blocks: Vec::new() };
        let hosts = root.get_mut().remove("host");
        let head = host_table::Head::read(Deserializer::from(root)).map_err(refused)?;
        world.about = head.about;
        world.rng_seed = head.rng_seed;
        let mut next = Some(FIRST_ADDRESS);
        for table in host_table::tables(hosts).map_err(|offset| at_line(text, offset, "a host is written as [[host]]".into()))? {
            let offset = table.span().start;
            let refuse = |why: String| at_line(text, offset, why);
            let (table, rest) = HostTable::read(table).map_err(refused)?;
            let Some((_, reader)) = KINDS.iter().find(|(name, _)| *name == table.behaviour.get_ref()) else {
                let known = KINDS.map(|(name, _)| name).join(", ");
                let why = format!("unknown behaviour `{}`; there are {known}", table.behaviour.get_ref().escape_debug());
                return Err(at_line(text, table.behaviour.span().start, why));
            };
            let script = reader(Deserializer::from(rest)).map_err(refused)?;
            let first = table.address.or(next).ok_or_else(|| refuse("no loopback address is left".into()))?;
            let block = HostBlock { table, first, script };
            next = block.after().map_err(refuse)?;
            world.add(block).map_err(refuse)?;
        }
        if world.blocks.is_empty() { Err(at_line(text, 0, "a world needs a [[host]]".into())) } else { Ok(world) }
    }

    fn add(&mut self, block: HostBlock) -> Result<(), String> {
        if self.hosts_count() + block.table.count() > HOSTS_MAX {
            return Err(format!("a world has at most {HOSTS_MAX} hosts"));
        }
        let taken = self.blocks.iter().any(|other| other.is_at(block.first) || block.is_at(other.first));
        if taken {
            return Err(format!("{} or an address after it is another host's already", block.first));
        }
        self.blocks.push(block);
        Ok(())
    }

    /// What the world says of itself.
    #[must_use]
    pub fn about(&self) -> &str {
        &self.about
    }

    /// How many hosts it has.
    #[must_use]
    pub fn hosts_count(&self) -> usize {
        self.blocks.iter().map(|block| block.table.count()).sum()
    }

    /// The URLs of its pages at this port, `pages` of each host: `http://127.0.1.1:PORT/page/1` and so on, host by host.
    pub fn urls(&self, port: u16, pages: u32) -> impl Iterator<Item = String> {
        let addresses = self.blocks.iter().flat_map(HostBlock::addresses);
        addresses.flat_map(move |address| (1..=pages).map(move |page| format!("http://{address}:{port}/page/{page}")))
    }

    /// The hosts at their beginning, at this port.
    pub(crate) fn hosts(&self, port: u16) -> Vec<Host> {
        let mut hosts = Vec::with_capacity(self.hosts_count());
        for block in &self.blocks {
            let mut shared: Option<Arc<Mutex<Running>>> = None;
            for (index, address) in block.addresses().enumerate() {
                // The place in the world is part of the seed: equal hosts are not in step.
                let rng_seed = self.rng_seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(hosts.len() as u64);
                let own = || Arc::new(Mutex::new(Running::new(block.script.begin(rng_seed))));
                let script = if block.table.shared { Arc::clone(shared.get_or_insert_with(own)) } else { own() };
                hosts.push(block.host(index, SocketAddr::from((address, port)), script));
            }
        }
        hosts
    }
}

impl HostBlock {
    /// The address after its last; `None` at the end of loopback.
    fn after(&self) -> Result<Option<Ipv4Addr>, String> {
        let count = u32::try_from(self.table.count()).map_err(|_| "too many hosts")?;
        let last = self.first.to_bits().checked_add(count - 1).map(Ipv4Addr::from_bits);
        if !self.first.is_loopback() || !last.is_some_and(|last| last.is_loopback()) {
            return Err(format!("{} to {count} addresses on are not all on loopback (127.0.0.0/8)", self.first));
        }
        Ok(last.and_then(|last| last.to_bits().checked_add(1)).map(Ipv4Addr::from_bits).filter(Ipv4Addr::is_loopback))
    }

    fn is_at(&self, address: Ipv4Addr) -> bool {
        self.addresses().any(|own| own == address)
    }

    fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> + use<> {
        let first = self.first.to_bits();
        (first..).take(self.table.count()).map(Ipv4Addr::from_bits)
    }

    fn host(&self, index: usize, address: SocketAddr, script: Arc<Mutex<Running>>) -> Host {
        let HostTable { name, count: _, shared, behaviour, address: _, latency, clock, robots, pages } = &self.table;
        let name = name.as_deref().unwrap_or(behaviour.get_ref());
        let mut about = self.script.describe();
        if *shared {
            about.push_str(&format!(", one for {} hosts", self.table.count()));
        }
        if !clock.span.0.is_zero() {
            let side = if clock.is_behind { "behind" } else { "ahead" };
            about.push_str(&format!(", its clock {} {side}", clock.span));
        }
        Host {
            name: if self.table.count() == 1 { name.to_owned() } else { format!("{name}-{}", index + 1) },
            address,
            about,
            latency: latency.0,
            clock: *clock,
            robots: robots.clone(),
            pages: pages.0,
            listens: self.script.listens(),
            script,
            account: Mutex::new(Account::default()),
        }
    }
}

fn told(text: &str, error: &Error) -> WeatherError {
    let why = error.message().lines().next().unwrap_or_default().replacen("unknown field", "unknown key", 1);
    at_line(text, error.span().map_or(0, |span| span.start), why)
}

fn at_line(text: &str, offset: usize, why: String) -> WeatherError {
    let before = text.as_bytes().iter().take(offset);
    WeatherError::World { line: 1 + before.filter(|byte| **byte == b'\n').count(), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        World::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let host = "about = \"x\"\n\n[[host]]\n";
        let cases = [
            ("behaviour = \"healthy\"\nlatncy = \"1s\"", "line 5: unknown key `latncy`"),
            ("behaviour = \"hungry\"", "line 4: unknown behaviour `hungry`; there are bad_path, "),
            ("count = 3", "line 3: missing field `behaviour`"),
            ("behaviour = \"healthy\"\nlatency = 5", "line 5: invalid type"),
            ("behaviour = \"healthy\"\nlatency = \"5\"", "line 5: `5` is not a duration"),
            ("behaviour = \"flapping\"\nshare = 3.0", "line 5: 3 is not a share"),
            ("behaviour = \"challenge\"\nstatus = 42", "line 5: 42 is not a status"),
            ("behaviour = \"rate_limit\"\nrequests = 0", "line 5: invalid value"),
            ("behaviour = \"rate_limit\"\nper = \"0s\"", "line 5: a limit needs a time"),
            ("behaviour = \"healthy\"\naddress = \"192.0.2.1\"", "line 3: 192.0.2.1 to 1 addresses"),
            ("behaviour = \"healthy\"\naddress = \"127.255.255.255\"\ncount = 2", "line 3: 127.255.255.255 to 2 addresses"),
            ("behaviour = \"healthy\"\ncount = 0", "line 5: "),
            ("behaviour = \"healthy\"\npages = 10001", "line 5: a front page links to at most 10000 pages"),
            ("behaviour = \"overload\"\ncapacity = 1e-300", "line 5: "),
            ("behaviour = \"healthy\"\ncount = 1001", "line 5: "),
            ("behaviour = \"healthy\"\n[[host]]\nbehaviour = \"slow\"\naddress = \"127.0.1.1\"", "line 5: 127.0.1.1 or an"),
            ("behaviour = ", "line 4: "),
        ];
        for (rest, said) in cases {
            let told = refused(&format!("{host}{rest}"));
            assert!(told.starts_with(said), "{rest}: {told}");
        }
        for (text, said) in [
            ("", "line 1: a world needs a [[host]]"),
            ("host = 3", "line 1: a host is written as [[host]]"),
            ("abuot = 3\n[[host]]\nbehaviour = \"slow\"", "line 1: unknown key `abuot`"),
            ("\u{0}", "line 1: "),
        ] {
            assert!(refused(text).starts_with(said), "{text}: {}", refused(text));
        }
        assert!(refused(&"#".repeat(WORLD_BYTES_MAX + 1)).contains("at most"));
        let many = "[[host]]\nbehaviour = \"slow\"\ncount = 600\n".repeat(2);
        assert!(refused(&many).starts_with("line 4: a world has at most 1000 hosts"), "{}", refused(&many));
    }

    #[test]
    fn addresses_follow_one_another_unless_said() {
        let world = "[[host]]\nbehaviour = \"slow\"\ncount = 2\n[[host]]\nbehaviour = \"slow\"\n\
                     [[host]]\nbehaviour = \"slow\"\naddress = \"127.9.0.255\"\n[[host]]\nbehaviour = \"slow\"\n";
        let hosts = World::parse(world).unwrap().hosts(80);
        let found: Vec<_> = hosts.iter().map(|host| format!("{} {}", host.address.ip(), host.name)).collect();
        assert_eq!(found, ["127.0.1.1 slow-1", "127.0.1.2 slow-2", "127.0.1.3 slow", "127.9.0.255 slow", "127.9.1.0 slow"]);
    }

    #[test]
    fn urls_are_listed_host_by_host() {
        let world = World::parse("[[host]]\nbehaviour = \"slow\"\ncount = 2").unwrap();
        let urls: Vec<_> = world.urls(8503, 2).collect();
        let end = |page: &str| urls.iter().filter(|url| url.ends_with(page)).count();
        assert_eq!((urls.len(), end("/page/1"), end("/page/2")), (4, 2, 2));
        assert_eq!(urls[0], "http://127.0.1.1:8503/page/1");
    }
}
