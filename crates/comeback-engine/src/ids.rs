//! Numbers that name things, one type for each, so that no two can be mixed up.

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$meta:meta])* $name:ident, $inner:ty) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        pub struct $name(pub $inner);

        impl $name {
            /// The number after this one.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "{}", self.0)
            }
        }
    };
}

number!(
    /// One user order.
    JobId, u32
);
number!(
    /// A fixed share of the host keys, owned by one engine at a time.
    PartitionId, u16
);
number!(
    /// A host batch's place in its partition's queue; the first is 1.
    BatchSeq, u64
);
number!(
    /// A record's place in its partition's log; the first is 1, and 0 stands before it.
    LogSeq, u64
);
number!(
    /// A URL handed out, until its exchange ends or is cut. Unique within the run of one partition's engine.
    LeaseId, u64
);
number!(
    /// A request for a slot, put to the governor. Unique within the run of one partition's engine.
    Ticket, u64
);
number!(
    /// A host, as its partition's engine numbers it for the governor. Unique within the run of one partition's engine.
    HostNumber, u64
);
