//! A host's pace: how fast it may be asked, found from what it accepts.
//!
//! Life story. *Free*: no refusal yet, the window alone limits. A refusal is an *incident*, and a *trial* follows it: requests go on a
//! little more slowly than answers were accepted. A limit, an overload, shed load refuse nothing then. A trial that is won leads to a
//! *climb*: upwards in steps, which become smaller with each incident until the pace lies just below the limit, and wider where nobody
//! refuses. A trial that is lost leads to a slower one. Where requests are refused that no limit explains (`shown.rs`), refusals come by
//! *chance*: no pace is kept, and a refusal costs its URL a moment and the host nothing, until there are more of them than before.
//! A trouble interrupts; after it the pace climbs from what the run before it allows.
//!
//! Gaps are in microseconds, since 19.4 ms is another rate than 20 ms. An error never shortens a gap. What is bounded in answers is
//! bounded in time as well: a server that counts by the second takes a second to show what it allows.

use comeback_diagnosis::clock::Monotonic;

use super::shown::Shown;
use crate::governor::RunSeen;

/// The longest gap that this asks for, and the shortest that is one, in microseconds.
const GAP_US_MAX: u64 = 5_000_000;
const GAP_US_MIN: u64 = 1_000;
/// A trial's gap, in percent of what was found.
const TRIAL_PERCENT: u64 = 106;
/// The least gap after a lost trial, in percent of the gap that it was lost with.
const LOST_PERCENT: u64 = 150;
/// Accepted answers that win a trial.
const TRIAL_ACCEPTED: u32 = 12;
/// Accepted answers in a climb of small steps before a refusal can be the limit.
const CLIMB_ACCEPTED: u32 = 24;
/// Refusals in a row, with no accepted answer between, that are an outage; and the most that there may be by chance.
const ROW_MAX: u32 = 5;
const ROW_MAX_BY_CHANCE: u32 = 20;
/// How seldom so many in a row come by chance that they are taken for an outage.
const ROW_SIGNIFICANCE: f64 = 1e-5;
/// Answers by chance after which their share of refusals is looked at, how many standard deviations more than before are borne, and the
/// share that never is.
const CHANCE_WATCHED: u32 = 12;
const CHANCE_DEVIATIONS: f64 = 3.5;
const SHARE_MAX: f64 = 0.8;
/// The least wait after a refusal, in microseconds; doubled with the second and the third in a row.
const WAIT_US_MIN: u64 = 250_000;
/// How long a server may remember how fast it was asked before, in milliseconds.
const SETTLE_MS: u64 = 1_000;
/// How much of a wait before a run belongs to it, in milliseconds: it may have refilled a bucket.
const LEAD_MS_MAX: u64 = 1_000;
/// The first step of a climb, the smallest, the least after a trouble, and what an incident divides it by; in thousandths.
const STEP_FIRST: u64 = 500;
const STEP_MIN: u64 = 20;
const STEP_RESUMED: u64 = 100;
const STEP_DIVISOR: u64 = 3;
/// Steps without an incident after which they become half as wide again.
const STEPS_TO_WIDEN: u32 = 4;
/// Accepted answers in a climb after which the climb, and not the wait before it, met the limit.
const CLIMBED: u32 = 16;
/// Accepted answers before a refusal that may be its URL's own.
const WELL_TO_BLAME: u32 = 4;

/// What to make of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Look at what is under way before asking more.
    Look,
    /// It was taken care of: go on at the pace, or by chance.
    Borne,
    /// The host is in trouble.
    Trouble,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    Free,
    Trial(Trial),
    Climb(Climb),
    Chance(Chance),
}

/// Answers to requests from before `from` count neither way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Trial {
    from: Monotonic,
    accepted: u32,
    /// The step of the climb that follows.
    step: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Climb {
    from: Monotonic,
    accepted: u32,
    step: u64,
    /// Steps taken, when the last was, and what was accepted since.
    steps: u32,
    stepped_at: Monotonic,
    since_step: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chance {
    /// The answers that earned it, and those since; all but the latest.
    answers: u32,
    refused: u32,
    /// The latest answers, the newest in the lowest bit: whether each was a refusal.
    lately: u32,
    lately_count: u32,
}

/// What was asked and accepted since the last incident, or since the first request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Run {
    since: Option<Monotonic>,
    asked_at: Option<Monotonic>,
    asked: u64,
    accepted: u64,
}

/// What to go on with after a trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Before {
    /// Nothing was accepted.
    #[default]
    Nothing,
    /// No gap was kept in a run so long.
    Run {
        ms: u64,
        accepted: u64,
    },
    /// A gap had been sought.
    Sought {
        step: u64,
    },
    Chance(Chance),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Pace {
    gap_us: u64,
    /// The earliest next request, in microseconds.
    next_us: u64,
    phase: Phase,
    run: Run,
    before: Before,
    shown: Shown,
    /// Refusals since the last accepted answer.
    row: u32,
    /// Accepted answers since the last refusal, and between that and the one before.
    well: u32,
    well_before: u32,
}

impl Climb {
    const fn begin(now: Monotonic, step: u64) -> Self {
        Self { from: now, accepted: 0, step, steps: 0, stepped_at: now, since_step: 0 }
    }

    /// Whether a refusal came too soon for a limit: the steps are small, and hardly any was taken.
    const fn is_lost(&self) -> bool {
        self.step < STEP_RESUMED && self.accepted < CLIMB_ACCEPTED
    }

    /// Accepted answers, and milliseconds, before the next step.
    const fn step_after(&self) -> (u32, u64) {
        match self.step {
            ..50 => (24, 1_000),
            50..100 => (8, 400),
            100..200 => (4, 200),
            200.. => (3, 120),
        }
    }

    /// An accepted answer; true when a step is due.
    fn accepted(&mut self, now: Monotonic) -> bool {
        self.accepted += 1;
        self.since_step += 1;
        let (answers, ms) = self.step_after();
        let is_due = self.since_step >= answers && now.since_ms(self.stepped_at) >= ms;
        if is_due {
            (self.since_step, self.stepped_at) = (0, now);
            self.steps += 1;
            if self.steps.is_multiple_of(STEPS_TO_WIDEN) {
                self.step = (self.step * 3 / 2).min(STEP_FIRST);
            }
        }
        is_due
    }
}

impl Chance {
    /// An answer.
    fn hear(&mut self, is_refusal: bool) {
        if self.lately_count == u32::BITS {
            self.answers += 1;
            self.refused += self.lately >> (u32::BITS - 1);
        }
        self.lately = self.lately << 1 | u32::from(is_refusal);
        self.lately_count = (self.lately_count + 1).min(u32::BITS);
    }

    /// The share of refusals, from 0 to 1.
    fn share(&self) -> f64 {
        f64::from(self.refused + 1) / f64::from(self.answers + 2)
    }

    /// Whether no more of the latest answers are refusals than the share allows, which is not known exactly either.
    fn is_borne(&self) -> bool {
        if self.lately_count < CHANCE_WATCHED {
            return true;
        }
        let (share, count) = (self.share(), f64::from(self.lately_count));
        let deviation = (count * share * (1.0 - share) * (1.0 + count / f64::from(self.answers + 2))).sqrt();
        let most = (count * share + CHANCE_DEVIATIONS * deviation).min(count * SHARE_MAX);
        f64::from(self.lately.count_ones()) <= most
    }

    /// Refusals in a row that are an outage.
    fn row_max(&self) -> u32 {
        (ROW_MAX..ROW_MAX_BY_CHANCE)
            .find(|row| self.share().powf(f64::from(*row)) < ROW_SIGNIFICANCE)
            .unwrap_or(ROW_MAX_BY_CHANCE)
    }
}

impl Run {
    const fn begin(now: Monotonic) -> Self {
        Self { since: Some(now), asked_at: None, asked: 0, accepted: 0 }
    }

    /// Time in which there was nothing to ask is no part of a rate.
    fn leave_out_idle(&mut self, now: Monotonic, gap_ms: u64) {
        let (Some(since), Some(asked_at)) = (self.since, self.asked_at) else { return };
        let idle_ms = now.since_ms(asked_at).saturating_sub(gap_ms + LEAD_MS_MAX);
        self.since = Some(since.plus_ms(idle_ms));
    }

    fn ms(&self, now: Monotonic) -> u64 {
        self.since.map_or(0, |since| now.since_ms(since))
    }

    /// The time for each accepted answer, in microseconds.
    fn gap_us(&self, now: Monotonic) -> u64 {
        self.ms(now) * 1000 / self.accepted.max(1)
    }
}

impl Pace {
    pub(crate) const fn gap_ms(&self) -> u64 {
        self.gap_us.div_ceil(1000)
    }

    /// The earliest time for the next request.
    pub(crate) const fn next_at(&self) -> Monotonic {
        Monotonic(self.next_us.div_ceil(1000))
    }

    /// Whether so many answers were accepted between the last refusal and the one before that it may be the URL's own.
    pub(crate) const fn answered_others(&self) -> bool {
        self.row == 1 && (self.well_before >= WELL_TO_BLAME || matches!(self.phase, Phase::Chance(_)))
    }

    /// A pace for several hosts that nobody has sought yet, with what was asked and accepted before.
    pub(crate) fn resumed(run: RunSeen) -> Self {
        let RunSeen { since, asked, accepted } = run;
        Self { run: Run { since, asked_at: None, asked, accepted }, shown: Shown::of_many(), ..Self::default() }
    }

    /// The pace of a host that was asked at this gap until now, and could perhaps be asked faster.
    pub(crate) fn known(now: Monotonic, gap_us: u64) -> Self {
        if gap_us < GAP_US_MIN {
            return Self::default();
        }
        let phase = Phase::Climb(Climb::begin(now, STEP_FIRST));
        Self {
            gap_us: gap_us.min(GAP_US_MAX),
            next_us: now.0 * 1000 + gap_us.min(GAP_US_MAX),
            phase,
            run: Run::begin(now),
            ..Self::default()
        }
    }

    pub(crate) const fn gap_us(&self) -> u64 {
        self.gap_us
    }

    /// What was asked and accepted since the last incident.
    pub(crate) const fn run_seen(&self) -> RunSeen {
        let Run { since, asked_at: _, asked, accepted } = self.run;
        RunSeen { since, asked, accepted }
    }

    /// Whether the last answers were refusals, and may be those of an outage.
    pub(crate) const fn is_refused(&self) -> bool {
        self.row > 0 && !matches!(self.phase, Phase::Chance(_))
    }

    /// Whether it accepted anything since the last incident.
    pub(crate) const fn has_accepted(&self) -> bool {
        self.run.accepted > 0
    }

    /// A request starts.
    pub(crate) fn asked(&mut self, now: Monotonic) {
        // What was not used up to half a gap ago is not saved.
        let earliest = (now.0 * 1000).saturating_sub(self.gap_us / 2);
        self.next_us = self.next_us.max(earliest) + self.gap_us;
        self.run.leave_out_idle(now, self.gap_us / 1000);
        self.run.since.get_or_insert(now);
        self.run.asked_at = Some(now);
        self.shown.asked(now);
        self.run.asked += 1;
    }

    /// An answer was accepted.
    pub(crate) fn accepted(&mut self, now: Monotonic, asked_at: Monotonic) {
        self.run.accepted += 1;
        self.shown.accepted(now, asked_at);
        self.row = 0;
        self.well += 1;
        match &mut self.phase {
            Phase::Free => {}
            Phase::Trial(Trial { from, .. }) | Phase::Climb(Climb { from, .. }) if asked_at < *from => {}
            Phase::Trial(trial) => {
                trial.accepted += 1;
                if trial.accepted >= TRIAL_ACCEPTED {
                    self.gap_us = self.gap_us * 100 / TRIAL_PERCENT;
                    self.phase = Phase::Climb(Climb::begin(now, trial.step));
                }
            }
            Phase::Climb(climb) => {
                if climb.accepted(now) {
                    self.gap_us = self.gap_us * 1000 / (1000 + climb.step);
                }
                if self.gap_us < GAP_US_MIN {
                    self.gap_us = 0;
                    self.phase = Phase::Free;
                }
            }
            Phase::Chance(chance) => chance.hear(false),
        }
    }

    /// A refusal that asking more slowly may cure, or that came by chance, for all that it says.
    pub(crate) fn refused(&mut self, now: Monotonic, asked_at: Monotonic) -> Meaning {
        self.row += 1;
        self.well_before = std::mem::take(&mut self.well);
        let is_unexplained = self.shown.refused(asked_at);
        match &mut self.phase {
            Phase::Free => return Meaning::Look,
            Phase::Trial(_) | Phase::Climb(_) if self.row >= ROW_MAX => return Meaning::Trouble,
            Phase::Chance(chance) if self.row >= chance.row_max() => return Meaning::Trouble,
            Phase::Trial(_) | Phase::Climb(_) if self.shown.is_chance() => {
                self.take_for_chance(now);
                return Meaning::Borne;
            }
            Phase::Trial(_) | Phase::Climb(_) if is_unexplained => return Meaning::Borne,
            Phase::Trial(Trial { from, .. }) | Phase::Climb(Climb { from, .. }) if asked_at < *from => {}
            Phase::Trial(_) | Phase::Climb(_) if self.row > 1 => {}
            Phase::Trial(trial) => {
                let step = trial.step;
                self.lose(now, step);
            }
            Phase::Climb(climb) if climb.is_lost() => {
                let step = climb.step;
                self.lose(now, step);
            }
            Phase::Climb(climb) => {
                let climb = *climb;
                self.meet(now, climb);
            }
            Phase::Chance(chance) => {
                chance.hear(true);
                if chance.is_borne() {
                    return Meaning::Borne;
                }
                self.shown = self.shown.doubted();
                self.begin_trial(now, self.run.gap_us(now), SETTLE_MS, STEP_FIRST / STEP_DIVISOR);
            }
        }
        let wait_us = (2 * self.gap_us).max(WAIT_US_MIN << self.row.saturating_sub(1).min(2));
        self.next_us = self.next_us.max(now.0 * 1000 + wait_us);
        Meaning::Borne
    }

    /// Refusals came among accepted answers: go on, more slowly than answers were accepted.
    pub(crate) fn mixed(&mut self, now: Monotonic) {
        self.begin_trial(now, self.run.gap_us(now), SETTLE_MS, STEP_FIRST / STEP_DIVISOR);
        self.next_us = self.next_us.max(now.0 * 1000 + WAIT_US_MIN);
    }

    /// Asking more slowly changes nothing: no gap is kept.
    fn take_for_chance(&mut self, now: Monotonic) {
        let Shown { answers, refused, .. } = self.shown;
        self.phase = Phase::Chance(Chance { answers, refused, lately: 0, lately_count: 0 });
        (self.gap_us, self.next_us) = (0, 0);
        self.run = Run::begin(now);
    }

    /// A trial is lost: a slower one.
    fn lose(&mut self, now: Monotonic, step: u64) {
        // The waits between do not count here: they may refill a bucket, and then say too little.
        let found_us = self.gap_us * self.run.asked / self.run.accepted.max(1);
        self.begin_trial(now, found_us.max(self.gap_us * LOST_PERCENT / 100), 0, step);
    }

    /// A climb has met the limit: it lies between two steps back and what was accepted in all the time since the last incident, waits
    /// included.
    fn meet(&mut self, now: Monotonic, climb: Climb) {
        let back_us = self.gap_us * (1000 + climb.step) / 1000 * (1000 + climb.step) / 1000;
        let measured_us = self.run.gap_us(now).clamp(back_us, back_us.max(GAP_US_MAX));
        let found_us = if climb.accepted >= CLIMBED { back_us } else { (back_us * measured_us).isqrt() };
        self.begin_trial(now, found_us, 0, (climb.step / STEP_DIVISOR).max(STEP_MIN));
    }

    fn begin_trial(&mut self, now: Monotonic, found_us: u64, settle_ms: u64, step: u64) {
        // Slower than what the host has shown to allow is never needed.
        let needed_us = found_us.min(self.shown.gap_us().unwrap_or(GAP_US_MAX)).max(GAP_US_MIN);
        self.gap_us = self.gap_us.max((needed_us * TRIAL_PERCENT / 100).min(GAP_US_MAX));
        self.phase = Phase::Trial(Trial { from: now.plus_ms(settle_ms), accepted: 0, step });
        self.run = Run::begin(now);
    }

    /// A trouble begins: the run is over.
    pub(crate) fn interrupted(&mut self, now: Monotonic) {
        self.before = match self.phase {
            Phase::Chance(chance) => Before::Chance(chance),
            Phase::Trial(Trial { step, .. }) | Phase::Climb(Climb { step, .. }) => Before::Sought { step },
            Phase::Free if self.run.accepted > 0 => Before::Run { ms: self.run.ms(now), accepted: self.run.accepted },
            Phase::Free => Before::Nothing,
        };
        self.run = Run::begin(now);
        self.row = 0;
        self.phase = Phase::Free;
    }

    /// A trouble has ended; `by_rate`: it was a limit on the rate, and the server said when to come back.
    pub(crate) fn recovered(&mut self, now: Monotonic, by_rate: bool) {
        let waited_ms = self.run.ms(now);
        // A longer wait says nothing about a rate, unless the server named the time for one.
        let lead_ms = if by_rate { waited_ms } else { waited_ms.min(LEAD_MS_MAX) };
        self.run.since = Some(Monotonic(now.0 - lead_ms));
        let step = match std::mem::take(&mut self.before) {
            Before::Nothing => {
                self.run = Run::begin(now);
                return;
            }
            Before::Chance(chance) => {
                self.phase = Phase::Chance(Chance { lately: 0, lately_count: 0, ..chance });
                return;
            }
            // The pace was sought already; what a few answers in a trial took says less than it.
            Before::Sought { step } => {
                self.gap_us = self.gap_us * LOST_PERCENT / 100;
                step.max(STEP_RESUMED)
            }
            Before::Run { ms, accepted } if by_rate => {
                self.gap_us = (ms + lead_ms) * 1000 / accepted;
                STEP_MIN
            }
            Before::Run { ms, accepted } => {
                let (high_us, low_us) = (ms.max(1) * 1000 / accepted, (ms + lead_ms) * 1000 / accepted);
                self.gap_us = (high_us.min(GAP_US_MAX) * low_us.min(GAP_US_MAX)).isqrt();
                STEP_FIRST
            }
        };
        self.gap_us = self.gap_us.min(GAP_US_MAX);
        self.next_us = now.0 * 1000 + self.gap_us;
        self.phase = Phase::Climb(Climb::begin(now, step));
    }

    /// The state, for people.
    pub(crate) fn render(&self) -> String {
        let Self { gap_us, next_us: _, phase, run, before, row, well, well_before, shown } = self;
        let phase = match phase {
            Phase::Free => "free".to_owned(),
            Phase::Trial(Trial { from: _, accepted, step }) => format!("trial, {accepted} accepted, step {step}"),
            Phase::Climb(Climb { from: _, accepted, step, steps, stepped_at: _, since_step: _ }) => {
                format!("climb of {steps} steps, {accepted} accepted, step {step}")
            }
            Phase::Chance(Chance { answers, refused, lately, lately_count }) => {
                format!("chance, {refused} of {answers} refused, and {} of the latest {lately_count}", lately.count_ones())
            }
        };
        let before = match before {
            Before::Nothing => String::new(),
            Before::Run { ms, accepted } => format!("; before: {accepted} accepted in {ms} ms"),
            Before::Sought { step } => format!("; before: sought, step {step}"),
            Before::Chance(_) => "; before: chance".to_owned(),
        };
        let Run { since: _, asked_at: _, asked, accepted } = run;
        format!(
            "gap {gap_us} us, {phase}; run: {asked} asked, {accepted} accepted; {row} refused after {well_before}, {well} since{before}{}",
            shown.render()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks a server one request after another, as fast as the pace allows but every 10 ms at most, for so many pages; a trouble waits a
    /// second. Returns refusals and milliseconds.
    fn play(pages: u64, mut accepts: impl FnMut(u64) -> bool) -> (Pace, u64, u64) {
        let (mut pace, mut now_ms, mut had, mut refusals) = (Pace::default(), 0, 0, 0);
        let mut is_in_trouble = false;
        while had < pages {
            now_ms = (now_ms + 10).max(pace.next_at().0);
            let now = Monotonic(now_ms);
            pace.asked(now);
            if accepts(now_ms) {
                had += 1;
                if std::mem::take(&mut is_in_trouble) {
                    pace.recovered(now, false);
                }
                pace.accepted(now, now);
                continue;
            }
            refusals += 1;
            if is_in_trouble || matches!(pace.refused(now, now), Meaning::Look | Meaning::Trouble) {
                if !std::mem::replace(&mut is_in_trouble, true) {
                    pace.interrupted(now);
                }
                now_ms += 1_000;
            }
        }
        (pace, refusals, now_ms)
    }

    /// A leaky bucket: a token each so many milliseconds, and so many at once.
    fn bucket(each_ms: u64, burst: u64) -> impl FnMut(u64) -> bool {
        let (mut tokens_ms, mut filled_ms) = (burst * each_ms, 0);
        move |now_ms| {
            tokens_ms = (tokens_ms + now_ms - filled_ms).min(burst * each_ms);
            filled_ms = now_ms;
            let accepts = tokens_ms >= each_ms;
            tokens_ms -= if accepts { each_ms } else { 0 };
            accepts
        }
    }

    #[test]
    fn a_limit_is_found_with_few_refusals_and_little_time() {
        for (each_ms, burst) in [(20, 1), (20, 20), (50, 1), (50, 10), (100, 1), (100, 5), (200, 1), (200, 20)] {
            let (pace, refusals, ms) = play(400, bucket(each_ms, burst));
            let least_ms = (400 - burst) * each_ms;
            assert!(refusals <= 20 && ms <= least_ms * 13 / 10 + 3_000, "{each_ms} ms, {burst}: {refusals} refusals, {ms} ms");
            assert!(matches!(pace.phase, Phase::Climb(_) | Phase::Trial(_)), "{}", pace.render());
        }
    }

    #[test]
    fn chance_is_earned_by_slowing_down_in_vain() {
        for (share, most_ms) in [(10, 20_000), (20, 20_000), (30, 20_000), (50, 40_000)] {
            let mut times: Vec<u64> = (0..50)
                .map(|rng_seed| {
                    let mut chance = crate::chance::Chance::from_rng_seed(rng_seed);
                    let (_, _, ms) = play(400, |_| chance.up_to(99) >= share);
                    ms
                })
                .collect();
            times.sort_unstable();
            // 400 pages take 4 s where nothing is refused, and refused requests take their 10 ms as well.
            assert!(times[25] <= most_ms, "{share} %: {times:?}");
        }
    }

    #[test]
    fn a_limit_is_never_taken_for_chance_for_long() {
        for each_ms in 11..60 {
            let (pace, refusals, _) = play(400, bucket(each_ms, 3));
            assert!(!matches!(pace.phase, Phase::Chance(_)) && refusals <= 40, "{each_ms} ms: {refusals}, {}", pace.render());
        }
    }

    #[test]
    fn an_outage_is_not_taken_for_a_rate() {
        let (pace, refusals, ms) = play(2_000, |now_ms| !(5_000..65_000).contains(&now_ms));
        assert!(refusals <= 70 && ms <= 100_000, "{refusals} refusals, {ms} ms");
        assert!(pace.gap_us <= 15_000, "{}", pace.render());
    }

    #[test]
    fn a_refusal_never_shortens_a_gap() {
        let mut chance = crate::chance::Chance::from_rng_seed(1);
        let (mut pace, mut now_ms) = (Pace::default(), 0);
        for _ in 0..100_000 {
            now_ms += chance.up_to(300);
            let now = Monotonic(now_ms);
            pace.asked(now);
            let (gap_us, next_us) = (pace.gap_us, pace.next_us);
            match chance.up_to(9) {
                0..3 => {
                    if pace.refused(now, now) == Meaning::Look {
                        pace.mixed(now);
                    }
                    // Chance is the one way out: there it was found that gaps change nothing.
                    assert!(matches!(pace.phase, Phase::Chance(_)) || (pace.gap_us >= gap_us && pace.next_us >= next_us));
                }
                _ => pace.accepted(now, now),
            }
        }
    }
}
