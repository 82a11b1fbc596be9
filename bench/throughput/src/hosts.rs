//! The list by its hosts, and who takes the next URL.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;

use crate::failure::BenchFailure;

/// Exchanges under way at once, as comeback's default has it.
pub(crate) const CONCURRENCY: usize = 256;
/// Connections to one host at once, as comeback's default has it.
const CONNECTIONS_PER_HOST_MAX: usize = 16;

/// A host and what is to be asked of it.
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    pub(crate) urls: RefCell<std::vec::IntoIter<String>>,
}

/// Reads a list.
pub(crate) fn read(list: &Path) -> Result<Vec<String>, BenchFailure> {
    Ok(std::fs::read_to_string(list)?.lines().map(str::to_owned).collect())
}

/// The connections that are to be made, in their order.
pub(crate) fn connections(list: &Path) -> Result<VecDeque<Rc<Host>>, BenchFailure> {
    let mut order = Vec::new();
    let mut by_address: HashMap<SocketAddr, Vec<String>> = HashMap::new();
    for url in read(list)? {
        let address = authority(&url).and_then(|authority| authority.parse().ok());
        let Some(address) = address else { return Err(BenchFailure::List { line: url }) };
        let urls = by_address.entry(address).or_default();
        if urls.is_empty() {
            order.push(address);
        }
        urls.push(url);
    }
    let hosts = order.into_iter().map(|address| {
        let urls = by_address.remove(&address).unwrap_or_default().into_iter();
        Rc::new(Host { address, urls: RefCell::new(urls) })
    });
    let hosts: Vec<_> = hosts.collect();
    // Where hosts are too few to fill the connections, each gets several.
    let per_host = (CONCURRENCY / hosts.len().max(1)).clamp(1, CONNECTIONS_PER_HOST_MAX);
    Ok((0..per_host).flat_map(|_| hosts.iter().cloned()).collect())
}

/// Host and port of a URL.
pub(crate) fn authority(url: &str) -> Option<&str> {
    url.strip_prefix("http://")?.split('/').next()
}
