//! The score: how often diagnosis is right, by family and by cause, and how well it knows how sure it may be.
//!
//! Right for twins (same bytes, other label) is any cause of their group, or `unknown`. What cannot be decided from bytes is right
//! with `unknown` and is counted apart. `none` on a 5xx is also right with `unknown` or a trouble.

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::diagnosis::Diagnosis;
use comeback_diagnosis::family::Family;
use comeback_diagnosis::knowledge::Knowledge;

use crate::answer::Answer;

/// What an answer of diagnosis rests on: each kind of rule is right as often as it is on answers that nobody has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ground {
    /// What a known product sends.
    Product,
    /// Words or fields that many products share.
    Common,
    /// The status alone.
    Status,
}

/// One answer, with what diagnosis said of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged<'a> {
    /// The answer.
    pub answer: &'a Answer,
    /// The cause that diagnosis named.
    pub said: Cause,
    /// How sure it was, from 0 to 1.
    pub confidence: f64,
    /// What it rests on.
    pub ground: Ground,
}

impl<'a> Judged<'a> {
    /// An answer, judged.
    #[must_use]
    pub fn of(answer: &'a Answer, knowledge: &Knowledge) -> Self {
        let Diagnosis { cause, confidence, product, evidence, .. } = answer.diagnosed(knowledge);
        // The heaviest fact comes first; a status says so itself.
        let is_status = evidence.first().is_some_and(|fact| fact.what.starts_with("status "));
        let ground = match product {
            _ if is_status => Ground::Status,
            Some(_) => Ground::Product,
            None => Ground::Common,
        };
        Self { answer, said: cause, confidence, ground }
    }
}

impl Judged<'_> {
    /// Whether the bytes alone tell the cause.
    #[must_use]
    pub fn is_decidable(&self) -> bool {
        !self.answer.undecidable && self.answer.gold != Cause::Unknown
    }

    /// Whether one cause alone is right.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.is_decidable() && self.answer.twins.is_empty() && !self.is_harmless_error()
    }

    fn is_harmless_error(&self) -> bool {
        self.answer.gold == Cause::None && self.answer.status >= 500
    }

    fn is_clearly(&self, family: Family) -> bool {
        self.is_clear() && self.answer.gold.family() == family
    }

    fn says(&self, family: Family) -> bool {
        self.said.family() == family
    }

    fn is_right(&self, same: impl Fn(Cause) -> bool) -> bool {
        let answer = self.answer;
        if !self.is_decidable() {
            return self.said == Cause::Unknown;
        }
        let either = self.is_harmless_error() && matches!(self.said.family(), Family::Trouble | Family::Unknown);
        let undecided = !answer.twins.is_empty() && self.said == Cause::Unknown;
        either || undecided || same(answer.gold) || answer.twins.iter().any(|twin| same(*twin))
    }

    /// Whether the cause is right.
    #[must_use]
    pub fn cause_is_right(&self) -> bool {
        self.is_right(|cause| cause == self.said)
    }

    /// Whether the family is right.
    #[must_use]
    pub fn family_is_right(&self) -> bool {
        self.is_right(|cause| cause.family() == self.said.family())
    }
}

/// Hits among cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// How many were counted.
    pub hits: usize,
    /// Of how many.
    pub cases: usize,
}

impl Share {
    /// The share, from 0 to 1; `None` of nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the corpus has thousands of answers, not 2^53")]
    pub fn ratio(self) -> Option<f64> {
        (self.cases > 0).then(|| self.hits as f64 / self.cases as f64)
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.ratio() {
            Some(ratio) => write!(formatter, "{:5.1} %  ({} of {})", ratio * 100.0, self.hits, self.cases),
            None => formatter.write_str("no case"),
        }
    }
}

/// All figures over a set of judged answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Decidable answers whose family is right.
    pub family: Share,
    /// Decidable answers whose cause is right.
    pub cause: Share,
    /// Undecidable answers of which `unknown` was said.
    pub undecidable: Share,
    /// Harmless answers called a block or a rate.
    pub false_alarms: Share,
    /// Clear cases called `unknown`.
    pub unknown: Share,
    /// Clear blocks called a block.
    pub blocks_found: Share,
    /// Clear troubles called a block.
    pub trouble_called_block: Share,
    /// Expected calibration error, 10 bins, against the very label.
    pub calibration_error: f64,
}

impl Score {
    /// Scores judged answers.
    #[must_use]
    pub fn of(judged: &[Judged<'_>]) -> Self {
        let is_harmless = |one: &Judged<'_>| one.answer.gold == Cause::None && one.answer.twins.is_empty();
        let is_alarm = |one: &Judged<'_>| matches!(one.said.family(), Family::Block | Family::Rate);
        Self {
            family: share(judged, Judged::is_decidable, Judged::family_is_right),
            cause: share(judged, Judged::is_decidable, Judged::cause_is_right),
            undecidable: share(judged, |one| !one.is_decidable(), Judged::cause_is_right),
            false_alarms: share(judged, is_harmless, is_alarm),
            unknown: share(judged, Judged::is_clear, |one| one.says(Family::Unknown)),
            blocks_found: share(judged, |one| one.is_clearly(Family::Block), |one| one.says(Family::Block)),
            trouble_called_block: share(judged, |one| one.is_clearly(Family::Trouble), |one| one.says(Family::Block)),
            calibration_error: crate::calibration::error(judged),
        }
    }
}

/// How many of the cases are hits.
fn share<'a>(judged: &[Judged<'a>], is_case: impl Fn(&Judged<'a>) -> bool, is_hit: impl Fn(&Judged<'a>) -> bool) -> Share {
    let cases = judged.iter().filter(|one| is_case(one));
    cases.fold(Share::default(), |share, one| Share { hits: share.hits + usize::from(is_hit(one)), cases: share.cases + 1 })
}

impl std::fmt::Display for Score {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { family, cause, undecidable, false_alarms, unknown, blocks_found, trouble_called_block, calibration_error } =
            self;
        writeln!(formatter, "family right           {family}")?;
        writeln!(formatter, "cause right            {cause}")?;
        writeln!(formatter, "undecidable: unknown   {undecidable}")?;
        writeln!(formatter, "false alarms           {false_alarms}")?;
        writeln!(formatter, "unknown on clear cases {unknown}")?;
        writeln!(formatter, "blocks found           {blocks_found}")?;
        writeln!(formatter, "trouble called block   {trouble_called_block}")?;
        writeln!(formatter, "calibration error      {calibration_error:.3}")
    }
}
