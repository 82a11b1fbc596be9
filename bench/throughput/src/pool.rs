//! The pool loop: hyper-util's pooled client on one thread, bodies read and dropped.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::task::LocalSet;

use crate::failure::BenchFailure;
use crate::hosts::{CONCURRENCY, read};

type Pooled = Client<HttpConnector, Empty<Bytes>>;

/// Fetches a list, and prints what it did.
pub(crate) fn run(list: &Path) -> Result<(), BenchFailure> {
    let waiting = Rc::new(RefCell::new(read(list)?.into_iter()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client: Pooled = Client::builder(TokioExecutor::new()).build(connector);
        let workers: Vec<_> =
            (0..CONCURRENCY).map(|_| tokio::task::spawn_local(work(client.clone(), Rc::clone(&waiting)))).collect();
        let (mut pages, mut bytes) = (0, 0);
        for worker in workers {
            let (of_worker, bytes_of_worker) = worker.await.map_err(std::io::Error::other)??;
            pages += of_worker;
            bytes += bytes_of_worker;
        }
        println!("{pages} pages, {bytes} bytes dropped");
        Ok(())
    })
}

async fn work(client: Pooled, waiting: Rc<RefCell<std::vec::IntoIter<String>>>) -> Result<(u64, usize), BenchFailure> {
    let (mut pages, mut bytes) = (0, 0);
    loop {
        let Some(url) = waiting.borrow_mut().next() else { return Ok((pages, bytes)) };
        let request = http::Request::get(url).body(Empty::new())?;
        let response = client.request(request).await?;
        if response.status() != 200 {
            return Err(BenchFailure::Status { status: response.status().as_u16() });
        }
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            bytes += frame?.data_ref().map_or(0, Bytes::len);
        }
        pages += 1;
    }
}
