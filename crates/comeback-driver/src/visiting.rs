//! A visit as a task: the route's attempt, with a permission that the engine can take back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;
use comeback_engine::ids::{LeaseId, PartitionId};
use comeback_engine::visit::Visit;
use comeback_fetch::{AttemptRequest, Permission, Route};
use tokio::task::AbortHandle;

use crate::post::{Message, Post};

/// An attempt under way, from outside.
#[derive(Debug)]
pub(crate) struct UnderWay {
    leave: Arc<Leave>,
    task: AbortHandle,
}

/// The leave was used: something was sent, or is at this moment.
const USED: u8 = 1;
/// The leave was taken back.
const RECALLED: u8 = 2;

/// The engine's leave to send. Use and recall are told in one place, so that exactly one of them comes first.
#[derive(Debug, Default)]
struct Leave(AtomicU8);

impl Permission for Leave {
    fn still_granted(&self) -> bool {
        let use_it = |told: u8| (told & RECALLED == 0).then_some(told | USED);
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, use_it).is_ok()
    }

    fn sent(&self) {}
}

/// Tells the partition when the task ends without having said so itself: by a panic, or because it was cut.
struct Telling {
    post: Post,
    partition: PartitionId,
    lease: LeaseId,
    visit: Option<Box<Visit>>,
}

impl Drop for Telling {
    fn drop(&mut self) {
        if let Some(visit) = self.visit.take() {
            self.post.send(self.partition, Message::Attempted { lease: self.lease, visit, attempt: None });
        }
    }
}

impl UnderWay {
    /// Starts an attempt with these fields; its end comes as a message.
    pub(crate) fn start(
        route: Arc<dyn Route>,
        post: Post,
        partition: PartitionId,
        lease: LeaseId,
        visit: Box<Visit>,
        headers: Vec<(String, String)>,
    ) -> Self {
        let leave = Arc::new(Leave::default());
        let permission = Arc::clone(&leave);
        let task = tokio::spawn(async move {
            let request = AttemptRequest {
                url: visit.url.clone(),
                method: visit.method.clone(),
                headers,
                body: visit.body.clone().map(Bytes::from),
                from_public_redirect: visit.from_public,
            };
            let mut telling = Telling { post, partition, lease, visit: Some(visit) };
            let attempt = route.attempt(&request, &*permission).await;
            if let Some(visit) = telling.visit.take() {
                telling.post.send(partition, Message::Attempted { lease, visit, attempt: Some(Box::new(attempt)) });
            }
        });
        Self { leave, task: task.abort_handle() }
    }

    /// Takes the leave to send back; an attempt that has sent goes on.
    pub(crate) fn recall(&self) {
        self.leave.0.fetch_or(RECALLED, Ordering::AcqRel);
    }

    /// Ends the attempt at once. Returns whether it had sent.
    pub(crate) fn cut(&self) -> bool {
        let told = self.leave.0.fetch_or(RECALLED, Ordering::AcqRel);
        self.task.abort();
        told & USED != 0
    }
}
