//! A misbehaving web on loopback, to test any scraper against.
//!
//! Each address `127.x.y.z` is a host with one scripted behaviour: it is healthy, in maintenance, limits the rate, is overloaded,
//! turns robots away, is dead. A [`World`] says which hosts there are; [`Weather`] puts them on real sockets, judges each request
//! and counts what a scraper wasted and which holds it broke. Behaviours are pure (a time and a request in, a reaction out), so
//! that each is tested in virtual time.
//!
//! It is not a model of our own policy: it shares no code and no constants with it. It is no server for anything else, and listens
//! on loopback only.
//!
//! ```
//! use std::io::{Read as _, Write as _};
//! use std::net::TcpStream;
//!
//! use comeback_weather::{Options, Weather, World};
//!
//! let world = World::parse("[[host]]\nbehaviour = \"maintenance\"\nfor = \"1h\"\n")?;
//! let weather = Weather::start(&world, &Options::default())?;
//! let host = &weather.hosts()[0];
//! for _ in 0..2 {
//!     let mut stream = TcpStream::connect(host.address)?;
//!     write!(stream, "GET /page/1 HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", host.address)?;
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer)?;
//!     assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\r\nretry-after: 3600\r\n"), "{answer}");
//! }
//! let tallies = weather.stop()?;
//! assert_eq!((tallies[0].requests, tallies[0].wasted), (2, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod behaviour;
mod error;
mod hold;
mod host;
mod parameter;
mod request_log;
mod server;
mod tally;
mod weather;
mod world;

pub use error::WeatherError;
pub use tally::HostTally;
pub use weather::{HostEntry, Options, Waited, Weather};
pub use world::builtin::{Builtin, builtins};
pub use world::{HOSTS_MAX, WORLD_BYTES_MAX, World};
