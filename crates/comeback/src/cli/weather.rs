//! `comeback weather`: a misbehaving web on loopback, for whatever scraper is to be tested.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use clap::{Args, value_parser};
use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback_driver::settings::quantity::{QuantityRefusal, parse_duration_ms};
use comeback_report::figures::count;
use comeback_weather::{HostEntry, HostTally, Options, WORLD_BYTES_MAX, Waited, Weather, WeatherError, World, builtins};

use super::{complain, print};

/// The characters of a line, its end included, that a terminal of 80 columns does not break.
const LINE_CHARS_MAX: usize = 81;

/// How long a command may take to end after a signal, before it is ended.
const COMMAND_ENDS_MAX: Duration = Duration::from_secs(5);

/// Run a misbehaving web on loopback, to test any scraper
///
/// Each address 127.x.y.z is a host with one behaviour: healthy, in maintenance,
/// limiting the rate, overloaded, turning robots away, dead. It ends by Ctrl-C,
/// after --for, or with COMMAND, and prints what each host counted. Exit code 1
/// when a request came while the host's own Retry-After asked to stay away.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// A world that is built in, or a TOML file
    #[arg(value_name = "WORLD", default_value = "all")]
    world: String,
    /// The port of every host [default: one that is free]
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Write down each request, as a JSON object a line
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// End after this time
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, conflicts_with = "command")]
    lasts: Option<Duration>,
    /// Print the URLs of N pages of each host, and end; needs --port
    #[arg(long, value_name = "N", requires = "port", conflicts_with_all = ["log", "lasts", "command"])]
    urls: Option<u32>,
    /// List the worlds that are built in, and end
    #[arg(long, exclusive = true)]
    list: bool,
    /// Print the TOML of a world that is built in, and end
    #[arg(long, value_name = "NAME", exclusive = true)]
    show: Option<String>,
    /// Run this while the world is up; it finds the port in WEATHER_PORT
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<String>,
}

const AFTER_HELP: &str = "\
A duration is 500ms, 5s, 10m or 1h.

Examples:
  comeback weather all --port 8503 --log requests.jsonl
  comeback weather all --port 8503 --urls 50 > urls.txt
  comeback weather all --port 8503 -- scrapy runspider spider.py";

fn duration(text: &str) -> Result<Duration, QuantityRefusal> {
    parse_duration_ms(text).map(Duration::from_millis)
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.list {
        return list();
    }
    if let Some(name) = &arguments.show {
        return print(builtin(name)?).map(|()| Exit::Success);
    }
    let world = read(&arguments.world)?;
    if let Some((pages, port)) = arguments.urls.zip(arguments.port) {
        return print_urls(&world, port, pages);
    }
    let options = Options { port: arguments.port.unwrap_or_default(), log: arguments.log.clone() };
    let weather = Weather::start(&world, &options)?;
    print(&directory(&weather.hosts()))?;
    if arguments.command.is_empty() {
        let mut note = arguments.lasts.is_none().then_some("Ctrl-C ends it.\n");
        // Said only when it is so: the wait listens for signals before it asks.
        weather.wait(arguments.lasts, || {
            note.take().into_iter().for_each(complain);
            false
        })?;
    } else {
        accompany(&weather, &arguments.command)?;
    }
    let tallies = weather.tallies();
    print(&table(&tallies))?;
    weather.stop()?;
    let violations: u64 = tallies.iter().map(|host| host.violations).sum();
    Ok(if violations == 0 { Exit::Success } else { Exit::Unfinished })
}

fn list() -> Result<Exit, Failure> {
    for builtin in builtins() {
        let world = parsed(builtin.text, builtin.name)?;
        print(&format!("{:<8} {}\n", builtin.name, world.about()))?;
    }
    Ok(Exit::Success)
}

fn builtin(name: &str) -> Result<&'static str, Failure> {
    let found = builtins().into_iter().find(|builtin| builtin.name == name).map(|builtin| builtin.text);
    found.ok_or_else(|| Failure::UnknownWord { noun: "built-in world", word: name.to_owned(), known: known() })
}

fn known() -> String {
    builtins().map(|builtin| builtin.name).join(", ")
}

/// A word with a dot or a slash is a file; any other is the name of a world that is built in.
fn read(word: &str) -> Result<World, Failure> {
    let text = if word.contains(['.', '/']) { read_file(Path::new(word))? } else { builtin(word)?.to_owned() };
    parsed(&text, word)
}

fn parsed(text: &str, word: &str) -> Result<World, Failure> {
    World::parse(text).map_err(|error| match error {
        WeatherError::World { line, why } => Failure::World { world: word.to_owned(), line, why },
        other @ (WeatherError::Listen { .. } | WeatherError::Log { .. } | WeatherError::System { .. }) => Failure::Weather(other),
    })
}

fn read_file(path: &Path) -> Result<String, Failure> {
    let refused = |source| Failure::WorldFile { path: path.to_owned(), source };
    let mut text = String::new();
    // One byte more than a world may have: the world refuses it.
    let bytes_max = WORLD_BYTES_MAX as u64 + 1;
    File::open(path).and_then(|file| file.take(bytes_max).read_to_string(&mut text)).map_err(refused)?;
    Ok(text)
}

fn print_urls(world: &World, port: u16, pages: u32) -> Result<Exit, Failure> {
    for url in world.urls(port, pages) {
        print(&format!("{url}\n"))?;
    }
    Ok(Exit::Success)
}

/// Runs a command until it ends. A signal gives it a while to end by itself (a terminal tells it too).
fn accompany(weather: &Weather, words: &[String]) -> Result<(), Failure> {
    let Some((program, arguments)) = words.split_first() else { return Ok(()) };
    let refused = |source| Failure::Program { program: program.clone(), source };
    let mut command = Command::new(program);
    command.args(arguments).env("WEATHER_PORT", weather.port().to_string());
    // Begun within the wait, which listens for signals first: none that the command draws can end us without the table.
    let mut begun = None;
    let waited = weather.wait(None, || match begun.get_or_insert_with(|| command.spawn()) {
        Ok(child) => has_ended(child),
        Err(_) => true,
    })?;
    let Some(begun) = begun else { return Ok(()) };
    let mut child = begun.map_err(refused)?;
    if waited != Waited::Over && weather.wait(Some(COMMAND_ENDS_MAX), || has_ended(&mut child))? != Waited::Over {
        child.kill().map_err(refused)?;
    }
    let status = child.wait().map_err(refused)?;
    if !status.success() {
        complain(&format!("note: {program} ended with {status}\n"));
    }
    Ok(())
}

/// What can't be asked is taken for ended; waiting for it says why.
fn has_ended(child: &mut Child) -> bool {
    child.try_wait().map_or(true, |status| status.is_some())
}

/// Where each host is, and what it does; on a line of its own where the terminal would break it.
fn directory(hosts: &[HostEntry]) -> String {
    let width = hosts.iter().map(|host| host.base().len()).max().unwrap_or_default();
    let lines = hosts.iter().map(|host| {
        let HostEntry { name, about, address: _ } = host;
        let line = format!("{:<width$}  {name}: {about}\n", host.base());
        let fits = line.chars().count() <= LINE_CHARS_MAX;
        if fits { line } else { format!("{:<width$}  {name}:\n    {about}\n", host.base()) }
    });
    lines.collect()
}

/// One row for each host, and the sum.
fn table(tallies: &[HostTally]) -> String {
    let sum = |of: fn(&HostTally) -> u64| tallies.iter().map(of).sum::<u64>();
    let width = tallies.iter().map(|host| host.name.chars().count()).max().unwrap_or_default().max("all hosts".len());
    let row = |name: &str, cells: [String; 5]| {
        let [requests, well, wasted, violations, robots] = cells;
        format!("{name:<width$} {requests:>9} {well:>9} {wasted:>9} {violations:>10} {robots:>10}\n")
    };
    let head = ["requests", "well", "wasted", "violations", "robots.txt"].map(str::to_owned);
    let counts = |cells: [u64; 5]| cells.map(count);
    let mut text = row("host", head);
    for HostTally { name, requests, well, wasted, violations, robots, address: _, about: _ } in tallies {
        text.push_str(&row(name, counts([*requests, *well, *wasted, *violations, *robots])));
    }
    let all = [sum(|host| host.requests), sum(|host| host.well), sum(|host| host.wasted)];
    let [requests, well, wasted] = all;
    let (violations, robots) = (sum(|host| host.violations), sum(|host| host.robots));
    text.push_str(&row("all hosts", counts([requests, well, wasted, violations, robots])));
    text
}
