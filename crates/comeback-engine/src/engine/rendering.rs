//! The whole state as text, for snapshots and `comeback inspect`. It names every field, so that a new one breaks the build
//! until someone decides how it is shown.

use std::fmt::{self, Write};

use comeback_diagnosis::clock::{Monotonic, Now};

use super::indexing::Index;
use super::{Batch, Engine, Lease, LeaseOf};
use crate::commit::{HostRecord, Tally};
use crate::host::grouping::Grouping;
use crate::host::robots::Robots;
use crate::host::{Hold, Host};
use crate::ids::{BatchSeq, LeaseId};

impl Engine {
    /// The engine's state as text; times are relative to `now`, in milliseconds.
    #[must_use]
    pub fn render(&self, now: Now) -> String {
        let mut text = String::new();
        self.render_into(&mut text, now).expect("writing into a String does not fail");
        text
    }

    fn render_into(&self, text: &mut String, now: Now) -> fmt::Result {
        let Self {
            config,
            chance: _,
            hosts,
            resting,
            index,
            batches,
            leases,
            tickets,
            timers,
            outputs,
            commit_clock,
            tally,
            unsettled,
            draining,
            same_blocks,
            last_lease: _,
            last_ticket: _,
        } = self;
        let Tally { fetched, answered, failed, parked, requests, robots_requests, bytes } = tally;
        writeln!(
            text,
            "partition {} of {}: {unsettled} unsettled{}",
            config.partition,
            config.partition_count,
            if *draining { ", draining" } else { "" }
        )?;
        writeln!(text, "  settled: {fetched} fetched, {answered} answered, {failed} failed, {parked} parked")?;
        writeln!(text, "  requests: {requests} for pages, {robots_requests} for robots.txt, {bytes} bytes")?;
        for (_, sites) in same_blocks.iter() {
            writeln!(text, "  the same block came from {sites} unrelated sites: it is about our network")?;
        }
        writeln!(text, "  {} tickets, {} timers, {} outputs not drained", tickets.len(), timers.len(), outputs.len())?;
        writeln!(
            text,
            "  to commit: {} batches, {} retired, {} hosts{}",
            commit_clock.touched.len(),
            commit_clock.retired.len(),
            commit_clock.hosts.len(),
            if commit_clock.under_way { "; a commit is under way" } else { "" }
        )?;
        render_index(text, *index, resting.len())?;
        for (id, host) in hosts.iter() {
            render_host(text, now, host)?;
            for (seq, batch) in batches.iter().filter(|(_, batch)| batch.host == id) {
                render_batch(text, *seq, batch)?;
            }
        }
        for record in hosts.records() {
            render_record(text, now, record)?;
        }
        leases.iter().try_for_each(|(id, lease)| render_lease(text, *id, lease))
    }
}

fn render_lease(text: &mut String, id: LeaseId, lease: &Lease) -> fmt::Result {
    let Lease { host: _, of, visit, ticket } = lease;
    let of = match of {
        LeaseOf::Url(place) => format!("url {} of batch {}", place.index, place.batch),
        LeaseOf::Guest(guest) => format!("guest of lease {} in partition {}", guest.lease, guest.from),
        LeaseOf::Robots => "robots.txt".into(),
    };
    let where_it_is = if ticket.is_some() { "under way" } else { "waits for another host" };
    writeln!(text, "lease {id}: {of}, {} {}, {where_it_is}", visit.method, visit.url)
}

fn render_batch(text: &mut String, seq: BatchSeq, batch: &Batch) -> fmt::Result {
    let Batch { job, host: _, count, from_public, progress, body } = batch;
    let loaded = if body.is_some() { ", loaded" } else { "" };
    let named = if *from_public { ", named by a public list" } else { "" };
    let (settled, asked) = (progress.settled.count(), progress.asked.len());
    writeln!(text, "  batch {seq} of job {job}: {settled} of {count} settled, {asked} asked{loaded}{named}")
}

fn render_index(text: &mut String, index: Index, resting: usize) -> fmt::Result {
    match index {
        Index::Complete => {}
        Index::Waiting => writeln!(text, "  further batches wait")?,
        Index::Asked => writeln!(text, "  further batches were asked for")?,
    }
    if resting > 0 { writeln!(text, "  hosts with nothing to do: {resting}") } else { Ok(()) }
}

/// A host that is not met, or put aside.
fn render_record(text: &mut String, now: Now, record: &HostRecord) -> fmt::Result {
    let HostRecord { host, hold, patience, trouble, condemned } = record;
    writeln!(text, "host {host}: nothing of it is under way")?;
    if let Some(hold) = hold {
        writeln!(text, "  held for {} ms: {}", hold.until.since_ms(now.wall), hold.because)?;
    }
    if let Some(patience) = patience {
        writeln!(text, "  patience: {} ms spent, last refusal {}", patience.spent_ms, patience.cause)?;
    }
    if let Some(trouble) = trouble {
        writeln!(text, "  in trouble: {}, {} probes", trouble.cause, trouble.probes)?;
    }
    if let Some(condemned) = condemned {
        writeln!(text, "  condemned: {} ({})", condemned.outcome.word(), condemned.cause)?;
    }
    Ok(())
}

fn render_host(text: &mut String, now: Now, host: &Host) -> fmt::Result {
    let Host {
        key,
        robots,
        queue,
        window,
        pace,
        grouping,
        look,
        announced,
        delay_ms,
        hold: _,
        patience: _,
        trouble: _,
        condemned: _,
        suspicion: _,
        history,
        first_answers,
        put_off_until: _,
        asked_at,
        under_way,
        elsewhere,
        // Its batches say both.
        unsettled: _,
        is_listed: _,
        met: _,
        tickets,
        timer,
        changed: _,
        hold_changed: _,
        is_resting: _,
    } = host;
    let robots = match robots {
        Robots::Unknown => "unknown",
        Robots::Asking => "asking",
        Robots::Known(_) => "known",
        Robots::Ignored => "ignored",
    };
    let in_ms = |at: Monotonic| at.since_ms(now.monotonic);
    let delay = if *delay_ms > 0 { format!(", delay {delay_ms} ms") } else { String::new() };
    let limited = announced.and_then(|announced| announced.left(now.monotonic));
    let limited = limited.map(|left| format!(", {left} left of the server's own limit")).unwrap_or_default();
    let looking = if look.is_some() { ", looking at what is under way" } else { "" };
    writeln!(text, "host {key}: robots {robots}, window {}{delay}{looking}{limited}", window.limit())?;
    match grouping {
        Grouping::Alone { from: _ } => writeln!(text, "  pace: {}", pace.render())?,
        Grouping::Grouped => writeln!(text, "  pace: that of its group")?,
    }
    writeln!(text, "  queue: {}", queue.render())?;
    writeln!(text, "  {} under way, {elsewhere} elsewhere, {} slots asked for", under_way.len(), tickets.len())?;
    render_clocks(text, now, host)?;
    let (attempts, refused, first) = (history.len(), first_answers.refused(), first_answers.count());
    writeln!(text, "  remembers {attempts} attempts, {refused} of {first} first ones refused")?;
    let asked = asked_at.map_or_else(|| "never".into(), |at| format!("{} ms ago", now.monotonic.since_ms(at)));
    let timer = timer.map_or_else(|| "none".into(), |at| format!("in {} ms", in_ms(at)));
    writeln!(text, "  last asked {asked}, timer {timer}")
}

fn render_clocks(text: &mut String, now: Now, host: &Host) -> fmt::Result {
    let Host { hold, patience, trouble, condemned, suspicion, put_off_until, .. } = host;
    if let Some(until) = put_off_until {
        writeln!(text, "  put off for {} ms: the job's retry budget is spent", until.since_ms(now.monotonic))?;
    }
    if let Some(Hold { since: _, until, because }) = hold {
        writeln!(text, "  held for {} ms: {because}", until.since_ms(now.monotonic))?;
    }
    if let Some(patience) = patience {
        writeln!(text, "  patience: {}", patience.render(now))?;
    }
    if let Some(trouble) = trouble {
        writeln!(text, "  in trouble {}", trouble.render(now))?;
    }
    if let Some(condemned) = condemned {
        writeln!(text, "  condemned: {} ({})", condemned.outcome.word(), condemned.cause)?;
    }
    if let Some(suspicion) = suspicion {
        writeln!(text, "  suspected: {}, met by {} URLs", suspicion.cause, suspicion.urls)?;
    }
    Ok(())
}
