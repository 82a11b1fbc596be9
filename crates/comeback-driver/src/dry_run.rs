//! What a job would ask of whom: its lists read to their ends, and nothing else. No job is made, nothing is asked, no trace is left.
//!
//! It reads with the intake's eyes (the same readers, the same identity of URLs) and with bounded memory: beyond its limits it still
//! counts, but no longer tells hosts and duplicates apart, and says so.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use comeback_engine::host_key::HostKey;
use comeback_engine::seed_url::{SeedUrl, UrlKey, canonical};

use crate::error::DriverError;
use crate::job::look_at_lists;
use crate::list::{self, Entry, Expected, ListReader, ReadError};
use crate::settings::Settings;
use crate::settings::job_file::ListSource;

/// Hosts that are counted one by one.
pub const HOSTS_MAX: usize = 100_000;
/// Faults and lists on the web that are kept with their words; of more, only the number is known.
pub const NAMED_MAX: usize = 20;
/// The share of the job's memory that the URLs met so far may take, as a divisor.
const SEEN_SHARE: u64 = 2;
/// What a URL that was met costs, in bytes: its key, and the table's room around it.
const SEEN_URL_BYTES: u64 = 48;

/// What a job would ask.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// URLs that would be asked.
    pub urls: u64,
    /// Entries that name a URL again.
    pub duplicates: u64,
    /// URLs that would be asked by another method than GET, or with fields or a body of their own.
    pub special: u64,
    /// URLs of each host.
    pub hosts: BTreeMap<HostKey, u64>,
    /// URLs of hosts beyond [`HOSTS_MAX`].
    pub urls_elsewhere: u64,
    /// Whether there were more URLs than could be compared: some duplicates may be among `urls`.
    pub is_rough: bool,
    /// Lines that cannot be used.
    pub bad_lines: u64,
    /// Lists that break off before their end.
    pub broken_lists: u64,
    /// The first bad lines and broken lists.
    pub faults: Vec<Fault>,
    /// Lists on the web, which would be fetched first.
    pub web_lists: u64,
    /// The first of them.
    pub web_lists_named: Vec<String>,
}

/// What cannot be used, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The list as the user named it.
    pub list: PathBuf,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub why: String,
}

/// Reads lists and says what a job with these settings would ask. `-` is standard input.
///
/// # Errors
/// A list cannot be read, or can't be a list.
pub fn plan(lists: &[PathBuf], settings: &Settings) -> Result<Plan, DriverError> {
    let seen_max = usize::try_from(settings.memory_bytes / SEEN_SHARE / SEEN_URL_BYTES).unwrap_or(usize::MAX);
    let mut planning = Planning { plan: Plan::default(), seen: HashSet::new(), seen_max };
    let url_column = settings.url_column.as_deref();
    // All of them are looked at first: what can be no list is said before hours of reading.
    for source in look_at_lists(lists, url_column)? {
        let shown = source.shown();
        let unnamed = Expected { url_column, ..Expected::default() };
        let reader = match &source {
            ListSource::File { given, .. } => list::open(given, Expected::of_name(given, url_column))?,
            // Where it is: nothing is spooled.
            ListSource::Spool { given, .. } if given == Path::new("-") => {
                list::read(BufReader::new(io::stdin()), &shown, unnamed)?
            }
            ListSource::Spool { given, .. } => list::open(given, unnamed)?,
            ListSource::Web { url } => {
                planning.note_web_list(url);
                continue;
            }
        };
        planning.read(&shown, reader)?;
    }
    Ok(planning.plan)
}

struct Planning {
    plan: Plan,
    seen: HashSet<UrlKey>,
    seen_max: usize,
}

impl Planning {
    fn read(&mut self, shown: &Path, mut reader: Box<dyn ListReader>) -> Result<(), DriverError> {
        loop {
            match reader.next_item() {
                Ok(Some(item)) => match item.entry {
                    Ok(Entry::Url(seed)) => self.take(&seed),
                    Ok(Entry::Sitemap(url)) => self.note_web_list(&url),
                    Err(bad) => {
                        self.plan.bad_lines += 1;
                        self.note_fault(shown, bad.line, &bad.refusal.to_string());
                    }
                },
                Ok(None) => return Ok(()),
                Err(ReadError::System(error)) => return Err(DriverError::system("read", shown, error)),
                Err(ReadError::Damaged { line, damage }) => {
                    self.plan.broken_lists += 1;
                    self.note_fault(shown, line, &damage.to_string());
                    return Ok(());
                }
            }
        }
    }

    fn take(&mut self, seed: &SeedUrl) {
        // The list's reader lets through only what has a key and a host.
        let (Ok(key), Some(host)) = (seed.key(), canonical(&seed.given).ok().as_ref().and_then(HostKey::of)) else { return };
        if self.seen.contains(&key) {
            self.plan.duplicates += 1;
            return;
        }
        if self.seen.len() < self.seen_max {
            self.seen.insert(key);
        } else {
            self.plan.is_rough = true;
        }
        self.plan.urls += 1;
        let SeedUrl { given: _, method, headers, body, meta: _ } = seed;
        self.plan.special += u64::from(method != "GET" || !headers.is_empty() || body.is_some());
        if self.plan.hosts.len() < HOSTS_MAX || self.plan.hosts.contains_key(&host) {
            *self.plan.hosts.entry(host).or_default() += 1;
        } else {
            self.plan.urls_elsewhere += 1;
        }
    }

    fn note_web_list(&mut self, url: &str) {
        self.plan.web_lists += 1;
        if self.plan.web_lists_named.len() < NAMED_MAX {
            self.plan.web_lists_named.push(url.to_owned());
        }
    }

    fn note_fault(&mut self, list: &Path, line: u64, why: &str) {
        if self.plan.faults.len() < NAMED_MAX {
            self.plan.faults.push(Fault { list: list.to_owned(), line, why: why.to_owned() });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The plan of a list with this name and text.
    fn plan_of(name: &str, text: &str, settings: &Settings) -> Plan {
        let dir = tempfile::tempdir().unwrap();
        let list = dir.path().join(name);
        fs::write(&list, text).unwrap();
        plan(&[list], settings).unwrap()
    }

    #[test]
    fn urls_are_counted_by_host_and_once() {
        let text = "http://a.example/1\nHTTP://A.example:80/1#top\nhttps://a.example/1\nno url\nhttp://a.example/2\n";
        let plan = plan_of("urls.txt", text, &Settings::default());
        assert_eq!((plan.urls, plan.duplicates, plan.bad_lines, plan.special), (3, 1, 1, 0));
        let hosts: Vec<_> = plan.hosts.iter().map(|(host, urls)| (host.as_str(), *urls)).collect();
        assert_eq!(hosts, [("http://a.example:80", 2), ("https://a.example:443", 1)]);
        assert_eq!((plan.faults.len(), plan.faults[0].line), (1, 4));
        assert!(!plan.is_rough);
    }

    #[test]
    fn requests_that_are_no_plain_get_are_counted() {
        let text = "{\"url\":\"http://a.example/\",\"method\":\"POST\"}\n{\"url\":\"http://a.example/\",\"headers\":{\"A\":\"b\"}}\n\
            {\"url\":\"http://b.example/\"}\n";
        let plan = plan_of("urls.jsonl", text, &Settings::default());
        assert_eq!((plan.urls, plan.special), (3, 2));
    }

    #[test]
    fn lists_on_the_web_are_named_and_not_fetched() {
        let lists = ["HTTPS://a.example/sitemap.xml", "http://b.example/urls.txt"].map(PathBuf::from);
        let plan = plan(&lists, &Settings::default()).unwrap();
        assert_eq!((plan.urls, plan.web_lists), (0, 2));
        assert_eq!(plan.web_lists_named, ["HTTPS://a.example/sitemap.xml", "http://b.example/urls.txt"]);
    }

    #[test]
    fn beyond_the_memory_it_counts_and_says_that_it_is_rough() {
        let settings = Settings { memory_bytes: 3 * SEEN_SHARE * SEEN_URL_BYTES, ..Settings::default() };
        let text: String = (0..5).chain(0..2).map(|number| format!("http://a.example/{number}\n")).collect();
        let plan = plan_of("urls.txt", &text, &settings);
        assert_eq!((plan.urls, plan.duplicates, plan.is_rough), (5, 2, true));
    }

    #[test]
    fn a_list_that_is_none_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let absent = dir.path().join("absent.txt");
        for list in [absent.as_path(), dir.path()] {
            assert!(matches!(plan(&[list.to_owned()], &Settings::default()), Err(DriverError::List(_))), "{list:?}");
        }
    }
}
