//! The `comeback` binary against servers on loopback: real ones, scripted ones and hostile ones, with crashes and full disks.
//!
//! The fixtures come first: [`program`] runs the binary, [`origin`] is a scripted server that logs what it is asked, [`nginx`],
//! [`haproxy`] and [`varnish`] are the real ones, [`wire`] speaks over a bare socket, [`records`] and [`account`] read what was
//! written. Nothing here looks inside the product: only its files, its output and its exit code, and what servers saw of it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test, in the functions that tests share as well")]
#![allow(clippy::panic, reason = "a panic with its reason is a failed test, in the functions that tests share as well")]

mod account;
mod haproxy;
mod nginx;
mod origin;
mod program;
mod records;
mod server_process;
mod varnish;
mod wire;

mod contract_events;
mod contract_kindness;
mod contract_processes;
mod contract_schemas;
mod contract_terminal;
mod crash_descriptors;
mod crash_disk;
mod crash_hold;
mod crash_interrupt;
mod crash_kill;
mod crash_writes;
mod dns_loss;
mod dry_run;
mod expected_pages;
mod hold_maintenance;
mod host_rules;
mod hostile_bodies;
mod hostile_connections;
mod hostile_folders;
mod hostile_lists;
mod hostile_memory;
mod hostile_redirects;
mod hostile_refusals;
mod hostile_robots;
mod lists_formats;
mod lists_sitemaps;
mod outcomes_parquet;
mod proxies;
mod real_captures;
mod real_haproxy;
mod real_http2;
mod real_nginx;
mod real_varnish;
mod redriving;
mod replay;
mod rolled_files;
