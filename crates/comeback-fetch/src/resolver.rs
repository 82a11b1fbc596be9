//! From a host name to addresses: literals and localhost without asking anyone, /etc/hosts, then the system's name servers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use comeback_diagnosis::cause::Cause;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use tokio::sync::Semaphore;
use url::Host;

use crate::capture::OwnFailure;
use crate::route::FetchError;

/// Records that are kept until they expire.
const CACHED_RECORDS_MAX: u64 = 16 * 1024;

/// Resolves names, a bounded number at once.
pub(crate) struct Resolver {
    names: TokioResolver,
    lookups: Semaphore,
}

impl Resolver {
    /// A resolver with the system's settings; without a readable resolv.conf, only literals and /etc/hosts resolve.
    pub(crate) fn new(lookups_max: usize) -> Result<Self, FetchError> {
        let mut builder = TokioResolver::builder_tokio()
            .unwrap_or_else(|_| TokioResolver::builder_with_config(ResolverConfig::default(), TokioRuntimeProvider::default()));
        let options = builder.options_mut();
        options.ip_strategy = LookupIpStrategy::Ipv6AndIpv4;
        options.cache_size = CACHED_RECORDS_MAX;
        let names = builder.build().map_err(|error| FetchError::Resolver { why: error.to_string() })?;
        Ok(Self { names, lookups: Semaphore::new(lookups_max.clamp(1, Semaphore::MAX_PERMITS)) })
    }

    /// The addresses of a host, IPv6 and IPv4 in turn.
    pub(crate) async fn addresses(&self, host: &Host<&str>) -> Result<Vec<IpAddr>, OwnFailure> {
        let name = match host {
            Host::Ipv4(address) => return Ok(vec![IpAddr::V4(*address)]),
            Host::Ipv6(address) => return Ok(vec![IpAddr::V6(*address)]),
            Host::Domain(name) => name.trim_end_matches('.'),
        };
        if name == "localhost" || name.ends_with(".localhost") {
            // RFC 6761, section 6.3.
            return Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]);
        }
        let _turn = self
            .lookups
            .acquire()
            .await
            .map_err(|_| OwnFailure::new(Cause::Dns, format!("The name {name} was not looked up: shutting down.")))?;
        // The final dot keeps the system's search domains away from a full name.
        let asked = if name.contains('.') { format!("{name}.") } else { name.to_owned() };
        match self.names.lookup_ip(asked.as_str()).await {
            Ok(found) => Ok(in_turn(found.iter())),
            // What the name servers deny is so until somebody registers the name or mends the zone.
            Err(error) => Err(OwnFailure::new(Cause::Dns, sentence(name, &error)).lasting_if(error.is_no_records_found())),
        }
    }
}

/// Puts addresses of both families in turn, IPv6 first, so that a family that does not work costs one try.
fn in_turn(addresses: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let (v6, v4): (Vec<IpAddr>, Vec<IpAddr>) = addresses.partition(IpAddr::is_ipv6);
    let longer = v6.len().max(v4.len());
    (0..longer).flat_map(|index| [v6.get(index), v4.get(index)]).flatten().copied().collect()
}

fn sentence(name: &str, error: &NetError) -> String {
    if error.is_nx_domain() {
        format!("The name {name} does not exist.")
    } else if error.is_no_records_found() {
        format!("The name {name} has no address.")
    } else {
        format!("The name {name} could not be looked up: {error}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let addresses = ["1.1.1.1", "1.0.0.1", "2606::1"].map(|text| text.parse::<IpAddr>().unwrap());
        let turned: Vec<String> = in_turn(addresses.into_iter()).iter().map(ToString::to_string).collect();
        assert_eq!(turned, ["2606::1", "1.1.1.1", "1.0.0.1"]);
    }
}
