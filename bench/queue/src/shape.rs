//! How the URLs of a list spread over hosts.

use clap::ValueEnum;

/// Hosts of the shape with few of them.
const FEW_HOSTS: u64 = 100_000;
/// URLs of each host in the shape with many of them.
const URLS_PER_HOST: u64 = 10;

/// A list's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// 100,000 hosts: one has a tenth of all URLs, the others sizes by Zipf's law.
    FewHosts,
    /// Hosts of 10 URLs each.
    ManyHosts,
}

/// The host of each URL, by its number.
#[derive(Debug)]
pub(crate) struct Spread {
    shape: Shape,
    urls: u64,
    /// For few hosts: the share of all hosts up to each one, in parts of 2^32.
    cumulative: Vec<u64>,
    /// A step that visits every number below `urls` once.
    step: u64,
}

impl Spread {
    pub(crate) fn new(shape: Shape, urls: u64) -> Self {
        let cumulative = match shape {
            Shape::FewHosts => zipf(),
            Shape::ManyHosts => Vec::new(),
        };
        // Coprime with every number of URLs that is not its multiple: a prime near the golden section of 2^32.
        Self { shape, urls, cumulative, step: 2_654_435_761 }
    }

    /// The host of a URL, the hosts being mixed.
    pub(crate) fn host_of(&self, url: u64) -> u64 {
        match self.shape {
            Shape::FewHosts => {
                let chance = (url + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
                self.cumulative.partition_point(|share| *share <= chance) as u64
            }
            Shape::ManyHosts => {
                let place = u128::from(url) * u128::from(self.step) % u128::from(self.urls);
                u64::try_from(place).unwrap_or(0) / URLS_PER_HOST
            }
        }
    }
}

/// The giant first, then Zipf's law for what is left.
fn zipf() -> Vec<u64> {
    const WHOLE: f64 = 4_294_967_296.0;
    let harmonic: f64 = (1..FEW_HOSTS).map(|rank| 1.0 / rank as f64).sum();
    let mut share = 0.1;
    let mut cumulative = vec![share];
    for rank in 1..FEW_HOSTS {
        share += 0.9 / harmonic / rank as f64;
        cumulative.push(share);
    }
    cumulative.into_iter().map(whole_part(WHOLE)).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 2^32 is positive and fits")]
fn whole_part(whole: f64) -> impl Fn(f64) -> u64 {
    move |share| (share * whole).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_of_the_few_has_a_tenth() {
        let spread = Spread::new(Shape::FewHosts, 100_000);
        let giant = (0..100_000).filter(|url| spread.host_of(*url) == 0).count();
        assert!((9_900..10_100).contains(&giant), "{giant}");
        assert!((0..100_000).all(|url| spread.host_of(url) < FEW_HOSTS));
    }

    #[test]
    fn each_of_the_many_has_ten() {
        let spread = Spread::new(Shape::ManyHosts, 100_000);
        let mut counts = vec![0; 10_000];
        (0..100_000).for_each(|url| counts[usize::try_from(spread.host_of(url)).unwrap()] += 1);
        assert!(counts.iter().all(|count| *count == 10));
    }
}
