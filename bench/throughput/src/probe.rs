//! The bare probe: connections of hyper on one thread, the same records as comeback's, appended, synced once a second.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::LocalSet;

use crate::exchange::{ask, connect};
use crate::failure::BenchFailure;
use crate::hosts::{CONCURRENCY, Host, connections};
use crate::records::{Compression, Records};

/// How much is gathered before it is written.
const WRITTEN_AT_ONCE_BYTES: usize = 64 * 1024;
const SYNC_GAP_MS: u64 = 1_000;

/// What the connections share.
struct Archive {
    records: Records,
    gathered: Vec<u8>,
    file: File,
    written_bytes: u64,
    pages: u64,
}

impl Archive {
    fn keep(&mut self, url: &str, asked: &[u8], answered: &[u8], head_bytes: usize) -> std::io::Result<()> {
        self.records.append(url, asked, answered, head_bytes, &mut self.gathered)?;
        self.pages += 1;
        if self.gathered.len() < WRITTEN_AT_ONCE_BYTES { Ok(()) } else { self.write_out() }
    }

    fn write_out(&mut self) -> std::io::Result<()> {
        self.file.write_all(&self.gathered)?;
        self.written_bytes += self.gathered.len() as u64;
        self.gathered.clear();
        Ok(())
    }
}

/// Fetches and archives a list, and prints what it did.
pub(crate) fn run(list: &Path, dir: &Path, compression: Compression) -> Result<(), BenchFailure> {
    std::fs::create_dir_all(dir)?;
    let archive = Archive {
        records: Records::new(compression)?,
        gathered: Vec::with_capacity(2 * WRITTEN_AT_ONCE_BYTES),
        file: File::create(dir.join("probe.warc"))?,
        written_bytes: 0,
        pages: 0,
    };
    let archive = Rc::new(RefCell::new(archive));
    let waiting = Rc::new(RefCell::new(connections(list)?));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let syncing = tokio::task::spawn_local(sync(archive.borrow().file.try_clone()?));
        let workers: Vec<_> =
            (0..CONCURRENCY).map(|_| tokio::task::spawn_local(work(Rc::clone(&waiting), Rc::clone(&archive)))).collect();
        for worker in workers {
            worker.await.map_err(std::io::Error::other)??;
        }
        syncing.abort();
        Ok::<(), BenchFailure>(())
    })?;
    let mut archive = archive.borrow_mut();
    archive.write_out()?;
    archive.file.sync_data()?;
    println!("{} pages, {} bytes written", archive.pages, archive.written_bytes);
    Ok(())
}

async fn sync(file: File) -> Result<(), BenchFailure> {
    let file = std::sync::Arc::new(file);
    loop {
        tokio::time::sleep(Duration::from_millis(SYNC_GAP_MS)).await;
        let file = std::sync::Arc::clone(&file);
        tokio::task::spawn_blocking(move || file.sync_data()).await.map_err(std::io::Error::other)??;
    }
}

/// Makes one connection after another, and asks on each until its host has no more.
async fn work(waiting: Rc<RefCell<VecDeque<Rc<Host>>>>, archive: Rc<RefCell<Archive>>) -> Result<(), BenchFailure> {
    let (mut asked, mut answered) = (Vec::new(), Vec::new());
    loop {
        let Some(host) = waiting.borrow_mut().pop_front() else { return Ok(()) };
        let Some(mut url) = host.urls.borrow_mut().next() else { continue };
        let mut sender = connect(host.address).await?;
        loop {
            let head_bytes = ask(&mut sender, &url, &mut asked, &mut answered).await?;
            archive.borrow_mut().keep(&url, &asked, &answered, head_bytes)?;
            match host.urls.borrow_mut().next() {
                Some(next) => url = next,
                None => break,
            }
        }
    }
}
