//! A world on sockets: begun, watched, ended.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpSocket;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{interval, sleep};

use crate::error::WeatherError;
use crate::host::Host;
use crate::request_log::RequestLog;
use crate::server::{Shared, listen};
use crate::tally::HostTally;
use crate::world::World;

/// Threads that serve: scripts take no time, so that few do.
const THREADS: usize = 2;

/// How many ports are tried before the system's refusal is passed on.
const PORT_TRIES_MAX: usize = 50;

/// How many connections may wait to be taken, for each host.
const BACKLOG_MAX: u32 = 1_024;

/// How often [`Weather::wait`] asks whether all is over.
const OVER_ASKED_EVERY: Duration = Duration::from_millis(20);

/// How a weather is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The port of every host; 0 finds one that is free on all their addresses.
    pub port: u16,
    /// Where each request is written down, as a JSON object a line; an existing file is overwritten.
    pub log: Option<PathBuf>,
}

/// A host, as a scraper needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostEntry {
    /// Its name in the world.
    pub name: String,
    /// Where it is.
    pub address: SocketAddr,
    /// What it does, in a few words.
    pub about: String,
}

impl HostEntry {
    /// The URL of its front page, without the slash at its end: `http://127.0.1.1:8503`.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// The time is over.
    Time,
    /// SIGINT or SIGTERM came.
    Signal,
    /// What was waited for is over.
    Over,
}

/// A world under way, on threads of its own. Dropping it ends it.
///
/// ```
/// use comeback_weather::{Options, Weather, World, builtins};
///
/// let all = builtins().into_iter().find(|world| world.name == "all").ok_or("no such world")?;
/// let world = World::parse(all.text)?;
/// let weather = Weather::start(&world, &Options::default())?;
/// let urls: Vec<String> = world.urls(weather.port(), 10).collect();
/// assert_eq!(urls.len(), 10 * weather.hosts().len());
/// let broken: u64 = weather.stop()?.iter().map(|host| host.violations).sum();
/// assert_eq!(broken, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Weather {
    runtime: Option<Runtime>,
    hosts: Vec<Arc<Host>>,
    shared: Arc<Shared>,
    port: u16,
}

/// A socket of a host, bound and not yet open.
type Bound = (Arc<Host>, TcpSocket);

impl Weather {
    /// Puts the hosts of a world on sockets. When it returns, all of them can be asked.
    ///
    /// # Errors
    /// [`WeatherError::Listen`] where an address can't be had at this port, [`WeatherError::Log`] where the log can't be begun,
    /// [`WeatherError::System`] where the machine gives no threads.
    pub fn start(world: &World, options: &Options) -> Result<Self, WeatherError> {
        let system = |source| WeatherError::System { action: "start the threads of the weather", source };
        let runtime =
            Builder::new_multi_thread().worker_threads(THREADS).thread_name("weather").enable_all().build().map_err(system)?;
        let (port, bound) = bind_all(world, options.port)?;
        let log = options.log.as_deref().map(RequestLog::create).transpose()?;
        let shared = Arc::new(Shared { began: Instant::now(), log });
        let mut hosts = Vec::with_capacity(bound.len());
        let context = runtime.enter();
        for (host, socket) in bound {
            if host.listens {
                let listener =
                    socket.listen(BACKLOG_MAX).map_err(|source| WeatherError::Listen { address: host.address, source })?;
                runtime.spawn(listen(listener, Arc::clone(&host), Arc::clone(&shared)));
            } else {
                // Bound and never open: the system refuses connections, and gives the port to nobody who does not insist.
                runtime.spawn(async move {
                    let _kept = socket;
                    std::future::pending::<()>().await;
                });
            }
            hosts.push(host);
        }
        drop(context);
        Ok(Self { runtime: Some(runtime), hosts, shared, port })
    }

    /// The port of every host.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The hosts, in the world's order.
    #[must_use]
    pub fn hosts(&self) -> Vec<HostEntry> {
        let entry = |host: &Arc<Host>| HostEntry { name: host.name.clone(), address: host.address, about: host.about.clone() };
        self.hosts.iter().map(entry).collect()
    }

    /// What each host has counted so far, in the world's order.
    #[must_use]
    pub fn tallies(&self) -> Vec<HostTally> {
        self.hosts.iter().map(|host| host.tally()).collect()
    }

    /// Blocks until the time is over (`None`: there is no such time), SIGINT or SIGTERM comes, or `is_over` says so, which is
    /// asked many times a second, beginning when signals are listened for. From then on, neither signal ends the process by itself.
    /// Not for asynchronous code.
    ///
    /// # Errors
    /// [`WeatherError::System`] where signals can't be listened for.
    pub fn wait(&self, at_most: Option<Duration>, mut is_over: impl FnMut() -> bool) -> Result<Waited, WeatherError> {
        let Some(runtime) = &self.runtime else { return Ok(Waited::Over) };
        let ended = runtime.block_on(async {
            let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            let mut asked = interval(OVER_ASKED_EVERY);
            let time = async {
                match at_most {
                    Some(time) => sleep(time).await,
                    None => std::future::pending().await,
                }
            };
            tokio::pin!(time);
            loop {
                tokio::select! {
                    biased;
                    _ = interrupt.recv() => return Ok(Waited::Signal),
                    _ = terminate.recv() => return Ok(Waited::Signal),
                    () = &mut time => return Ok(Waited::Time),
                    _ = asked.tick() => {
                        if is_over() {
                            return Ok(Waited::Over);
                        }
                    }
                }
            }
        });
        ended.map_err(|source| WeatherError::System { action: "listen for signals", source })
    }

    /// Ends it, cutting what is under way, and says what each host counted.
    ///
    /// # Errors
    /// [`WeatherError::Log`] where a line of the log could not be written.
    pub fn stop(mut self) -> Result<Vec<HostTally>, WeatherError> {
        self.end();
        if let Some(log) = &self.shared.log {
            log.close()?;
        }
        Ok(self.tallies())
    }

    fn end(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Weather {
    fn drop(&mut self) {
        self.end();
    }
}

/// Binds every host of a world to the same port, finding one where none is asked for.
fn bind_all(world: &World, port: u16) -> Result<(u16, Vec<Bound>), WeatherError> {
    let mut tries = 0;
    loop {
        match bind_at(world, port) {
            Err(WeatherError::Listen { source, .. })
                if port == 0 && tries < PORT_TRIES_MAX && source.kind() == io::ErrorKind::AddrInUse =>
            {
                tries += 1;
            }
            ended => return ended,
        }
    }
}

fn bind_at(world: &World, port: u16) -> Result<(u16, Vec<Bound>), WeatherError> {
    let mut hosts = world.hosts(port).into_iter();
    let mut bound = Vec::new();
    let mut port = port;
    for mut host in hosts.by_ref() {
        host.address.set_port(port);
        let refused = |source| WeatherError::Listen { address: host.address, source };
        let socket = bind(host.address).map_err(refused)?;
        port = socket.local_addr().map_err(refused)?.port();
        host.address.set_port(port);
        bound.push((Arc::new(host), socket));
    }
    Ok((port, bound))
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Otherwise a port that was just in use could not be had for a minute.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
