//! A series on its way through the stages.

use std::sync::Arc;

use super::marks::{Mark, Marks, SPACING};
use super::rows::{ALONE, Rows};
use super::{Decision, Report, Settings, check_sensitivity};
use crate::decide::events::{self, Evidence};
use crate::decide::shape::CONTEXT;
use crate::decide::threshold::{Calibration, Threshold};
use crate::decide::{History, Peaks};
use crate::detect::{self, Fitted, Reach, Setup, StreamingDetector, Tail, registry, streaming};
use crate::error::{Error, Result};
use crate::nn::weights::Weights;
use crate::prepare::{Grid, Prepare};
use crate::series::Series;

/// A row whose score looks at more than this part of filled points is not scored.
const FILLED_LIMIT: f64 = 0.3;
/// Rows that an event lasts at most, unless two periods are longer.
const LASTING: usize = 400;

/// A detector fitted to a series, with the preparation that goes before it.
struct Model {
    prepare: Prepare,
    fitted: Arc<dyn Fitted>,
    detector: &'static detect::Entry,
    /// Names of the detectors that it has judge together, if it is not one alone.
    members: Vec<&'static str>,
}

/// A series as it comes in: rows are pushed in any chunking, reports read at any time.
///
/// Rows are numbered from the first ever pushed, also when the oldest have been forgotten ([`Watch::live`]).
pub struct Watch {
    model: Arc<Model>,
    settings: Settings,
    grid: Grid,
    online: Box<dyn StreamingDetector>,
    /// Rows at the start of the series whose scores are the calibration.
    train_rows: usize,
    /// Calibration scores.
    history: History,
    rows: Rows,
    /// Peaks of the scores of rows that are forgotten.
    peaks: Peaks,
    /// Grid points before this one have their final scores, if no late row comes.
    settled: usize,
    marks: Marks,
    /// Rows may come this many milliseconds late; `None`: in order only.
    late: Option<f64>,
    /// Rows to keep.
    capacity: usize,
    /// Events that begin before this row were reported for good.
    first: usize,
}

impl Watch {
    /// Fits on `train`, which is also the series' beginning: the caller pushes these rows first, and what
    /// follows after them. Until all of them are in, the calibration is not complete and nothing is settled.
    ///
    /// # Errors
    /// As [`Pipeline::fit`].
    pub fn begin(settings: &Settings, weights: Option<&Weights>, train: &Series) -> Result<Watch> {
        settings.check()?;
        let detector = registry::find(&settings.detector)?;
        let prepare = Prepare::fit(&settings.prepare, train)?;
        let setup =
            Setup { params: settings.params.clone(), period: prepare.period(), day: prepare.day(), weights };
        let built = (detector.build)(&setup)?;
        let fitted = built.fit(&prepare.grid().push(train).values)?;
        let members = fitted.members();
        let model = Model { prepare, fitted, detector, members };
        Ok(Watch { train_rows: train.len(), ..Watch::new(Arc::new(model), settings) })
    }

    /// At the start of another series, judged by the same calibration.
    pub(super) fn afresh(&self) -> Watch {
        Watch { history: self.history.clone(), ..Watch::new(Arc::clone(&self.model), &self.settings) }
    }

    fn new(model: Arc<Model>, settings: &Settings) -> Watch {
        let (grid, online) = (model.prepare.grid(), streaming::online(&model.fitted));
        Watch {
            marks: Marks::new(Mark::new(&Rows::default(), &grid, &*online, 0)),
            grid,
            online,
            model,
            settings: settings.clone(),
            train_rows: 0,
            history: History::default(),
            rows: Rows::default(),
            peaks: Peaks::default(),
            settled: 0,
            late: None,
            capacity: usize::MAX,
            first: 0,
        }
    }

    /// From now on rows may come up to `late` milliseconds after the newest and be given again, and about
    /// `capacity` rows are kept: older ones are forgotten, with some to spare, once they and their events are
    /// settled. An event that outlasts the capacity is cut.
    pub fn live(&mut self, late: f64, capacity: usize) {
        (self.late, self.capacity) = (Some(late), capacity);
    }

    /// Takes rows of any time: each replaces the row of its time or goes between those known. Returns the number
    /// of the first row that is new or changed.
    ///
    /// # Errors
    /// [`Error::Series`] for a time that [`Watch::open_from`] rules out, [`Error::Numeric`].
    pub fn merge(&mut self, rows: &Series) -> Result<usize> {
        let Some(first) = rows.time().first() else { return Ok(self.len()) };
        // Not at the end: what the caller has not yet seen settled must still be there to report.
        self.forget();
        let at = self.rows.base() + self.rows.time.partition_point(|t| t < first);
        if at < self.len() {
            let Some(mark) = self.marks.before(at) else {
                let why = format!("time {first} is too late: what came then is settled");
                return Err(Error::Series { at: self.len(), why });
            };
            let (time, value) = self.rows.since(mark.rows);
            let merged = merged(time, value, rows)?;
            let same = at - mark.rows;
            (self.grid, self.online, self.settled) = (mark.grid.clone(), mark.online.branch(), mark.settled);
            self.rows.truncate(mark.rows, mark.placed, mark.points);
            // What was provisional at the mark is so again.
            let tail = self.online.push(&[])?;
            self.apply(&tail);
            self.push(&merged.slice(0, same))?;
            // The next late row is most likely the same again: the open interval of a source that revises it.
            self.marks.add(self.mark());
            self.push(&merged.slice(same, merged.len()))?;
        } else {
            self.push(rows)?;
        }
        if self.len() >= self.marks.last() + SPACING {
            self.marks.add(self.mark());
        }
        if self.late.is_some() {
            self.marks.forget(self.fixed_rows());
        }
        Ok(at)
    }

    /// Rows up to this time are settled for good: [`Watch::merge`] takes none of them.
    pub fn open_from(&self) -> f64 {
        let oldest = self.marks.first();
        match oldest.checked_sub(self.rows.base() + 1) {
            Some(before) => self.rows.time[before],
            None if oldest == 0 => f64::NEG_INFINITY,
            None => self.rows.time.first().copied().unwrap_or(f64::NEG_INFINITY),
        }
    }

    fn mark(&self) -> Mark {
        Mark::new(&self.rows, &self.grid, &*self.online, self.settled)
    }

    /// Rows that no row to come can change or move.
    fn fixed_rows(&self) -> usize {
        match (self.late, self.rows.time.last()) {
            (Some(late), Some(newest)) => {
                self.rows.base() + self.rows.time.partition_point(|t| *t < newest - late)
            }
            _ => self.len(),
        }
    }

    /// Grid points whose scores no row to come can change.
    fn settled_points(&self) -> usize {
        let fixed = self.fixed_rows() - self.rows.base();
        if self.late.is_none() || fixed == self.rows.time.len() {
            return self.settled;
        }
        // A late row may join the interval of the last row that is fixed.
        let shared = usize::from(self.model.prepare.aggregates());
        let last =
            self.rows.place.get(fixed.wrapping_sub(1)).or(self.rows.place.last().filter(|_| fixed > 0));
        let points = last.map_or(0, |place| place + 1 - shared);
        self.settled.min(points.saturating_sub(self.model.fitted.reach().after))
    }

    /// Forgets the oldest rows where they are more than the capacity by a quarter: those that are settled now.
    fn forget(&mut self) {
        let kept = self.len() - self.first;
        if kept <= self.capacity.saturating_add(self.capacity / 4) {
            return;
        }
        let report = self.report(self.len());
        let most = self.marks.first().min(self.rows.placed()).min(self.len() - self.capacity);
        let (from, until) = (self.first, most.min(report.settled));
        let quiet = if until > from { self.quiet(until) } else { from };
        // Where an event, or what is not settled, outlasts the ring, memory comes first.
        let first = if quiet <= from && kept > 2 * self.capacity { most } else { quiet };
        if first <= from {
            return;
        }
        self.first = first;
        let context = CONTEXT.max(self.model.prepare.period().unwrap_or(0));
        let keep = first.saturating_sub(context) / Threshold::BLOCK * Threshold::BLOCK;
        if keep > self.rows.base() {
            let mut peaks = self.peaks;
            self.limits(&self.history, &mut peaks, &self.rows.score[..keep - self.rows.base()]);
            self.peaks = peaks;
            let reach = self.model.fitted.reach();
            self.rows.forget(keep, if reach.before == Reach::ALL { 0 } else { reach.before });
        }
    }

    /// Scores the next rows. Their times must come after those pushed before.
    ///
    /// # Errors
    /// [`Error::Series`] if they do not, [`Error::Numeric`].
    pub fn push(&mut self, rows: &Series) -> Result<()> {
        if let (Some(last), Some(first)) = (self.rows.time.last(), rows.time().first())
            && first <= last
        {
            let why = format!("time {first} is not after {last}, the last one seen; times must increase");
            return Err(Error::Series { at: self.len(), why });
        }
        let missing = self.train_rows.saturating_sub(self.len());
        if missing == 0 || rows.len() < missing {
            return self.score(rows);
        }
        // The calibration sees the training rows and nothing of what follows, in whatever chunks they came.
        self.score(&rows.slice(0, missing))?;
        self.history = History::of(&self.rows.score[..self.train_rows - self.rows.base()]);
        self.score(&rows.slice(missing, rows.len()))
    }

    /// Whether the calibration is complete.
    fn calibrated(&self) -> bool {
        self.len() >= self.train_rows
    }

    fn score(&mut self, rows: &Series) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let placed = self.grid.push(rows);
        self.rows.append(rows, &placed.rows, &placed.filled);
        if placed.values.is_empty() {
            return Ok(());
        }
        let tail = self.online.push(&placed.values)?;
        self.apply(&tail);
        Ok(())
    }

    /// Writes the scores of a tail to the rows on its points.
    fn apply(&mut self, tail: &Tail) {
        self.settled = tail.settled;
        let (prepare, reach) = (&self.model.prepare, self.model.fitted.reach());
        let first = self.rows.place.partition_point(|g| *g < tail.start);
        for row in first..self.rows.place.len() {
            let (place, missing) = (self.rows.place[row], self.rows.value[row].is_nan());
            let at = place - tail.start;
            let read = |column: &Option<Vec<f64>>| {
                column.as_ref().and_then(|c| c.get(at)).copied().unwrap_or(f64::NAN)
            };
            let hidden = missing || self.rows.filled_share(place, reach) > FILLED_LIMIT;
            let score = tail.scores.value.get(at).copied().unwrap_or(f64::NAN);
            self.rows.score[row] = if hidden { f64::NAN } else { score };
            self.rows.expected[row] = prepare.value_of(read(&tail.scores.expected));
            self.rows.band[row] = prepare.width_of(read(&tail.scores.band));
            let by = tail.scores.by.as_ref().and_then(|by| by.get(at));
            self.rows.by[row] = by.copied().unwrap_or(ALONE);
        }
    }

    /// Rows pushed.
    pub fn len(&self) -> usize {
        self.rows.end()
    }

    /// Whether no row has been pushed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Changes limit and sensitivity for the reports to come; nothing is scored again.
    ///
    /// # Errors
    /// [`Error::Param`] for a sensitivity outside 0..=100.
    pub fn decide(&mut self, threshold: Threshold, sensitivity: f64) -> Result<()> {
        check_sensitivity(sensitivity)?;
        (self.settings.threshold, self.settings.sensitivity) = (threshold, sensitivity);
        Ok(())
    }

    /// The report from row `since` on, or from the first that has not been forgotten.
    pub fn report(&self, since: usize) -> Report {
        let Decision { start, settled, limits, ordinary, events } = self.decision(since);
        let rows = &self.rows;
        let cut = |column: &[f64]| column[start - rows.base()..].to_vec();
        let known = |column: &[f64]| column.iter().any(|v| v.is_finite());
        let expected = known(&rows.expected).then(|| cut(&rows.expected));
        let band = known(&rows.band).then(|| cut(&rows.band));
        Report { start, settled, scores: cut(&rows.score), limits, expected, band, ordinary, events }
    }

    /// What the report from row `since` on says of limits and events.
    pub fn decision(&self, since: usize) -> Decision {
        let rows = &self.rows;
        let base = rows.base();
        let provisional = if self.calibrated() { None } else { Some(History::of(&rows.score)) };
        let history = provisional.as_ref().unwrap_or(&self.history);
        let threshold = self.settings.threshold;
        let mut limits = self.limits(history, &mut { self.peaks }, &rows.score);
        let points = self.settled_points();
        let final_rows = rows.place.partition_point(|g| *g < points).min(self.fixed_rows() - base);
        let calibrated = self.fixed_rows() >= self.train_rows;
        let settled = if calibrated { threshold.settled(final_rows) } else { 0 };
        let expected = rows.expected.iter().any(|v| v.is_finite());
        let evidence = self.evidence(history, &limits, expected, settled);
        let options = &self.event_options();
        let mut events = match threshold {
            Threshold::Published => events::find_published(&evidence, options, self.settings.sensitivity),
            _ => events::find(&evidence, options),
        };
        events.retain(|e| base + e.start >= self.first);
        let start = since.clamp(self.first, self.len());
        let settled = base + events::settled(&evidence, options);
        events.retain(|e| base + e.end > start);
        for event in &mut events {
            event.shift(base);
        }
        limits.drain(..start - base);
        Decision { start, settled, limits, ordinary: history.ordinary(), events }
    }

    /// The limits of scores from the first row kept on.
    fn limits(&self, history: &History, peaks: &mut Peaks, scores: &[f64]) -> Vec<f64> {
        let scale = self.model.fitted.rarity();
        let judged = self.settings.whole && scale.is_some();
        let own = if judged { 0 } else { self.train_rows.saturating_sub(self.rows.base()) };
        let calibration = Calibration { history, scale, own };
        self.settings.threshold.limits(&calibration, peaks, scores, self.settings.sensitivity)
    }

    /// What counts as one event, with what goes by the series.
    fn event_options(&self) -> events::Options {
        let usual = (2 * self.model.prepare.period().unwrap_or(0)).max(LASTING);
        events::Options { longest: self.settings.events.longest.or(Some(usual)), ..self.settings.events }
    }

    fn evidence<'a>(
        &'a self,
        history: &'a History,
        limits: &'a [f64],
        expected: bool,
        settled: usize,
    ) -> Evidence<'a> {
        Evidence {
            history,
            scores: &self.rows.score,
            limits,
            values: &self.rows.value,
            expected: expected.then_some(self.rows.expected.as_slice()),
            apart: !self.model.members.is_empty(),
            rarity: self.model.fitted.rarity(),
            scale: self.model.prepare.scale(),
            period: self.model.prepare.period(),
            settled,
        }
    }

    /// The last row up to `until` at which no event is open or near.
    fn quiet(&self, until: usize) -> usize {
        let base = self.rows.base();
        let limits = self.limits(&self.history, &mut { self.peaks }, &self.rows.score);
        let evidence = self.evidence(&self.history, &limits, false, 0);
        base + events::quiet(&evidence, &self.event_options(), until - base)
    }

    /// Times in milliseconds and values (NaN: missing) of the rows from number `row` on.
    pub fn rows(&self, row: usize) -> (&[f64], &[f64]) {
        self.rows.since(row)
    }

    /// Name of the detector.
    pub fn detector(&self) -> &'static str {
        self.model.detector.name
    }

    /// Name of the detector whose score row number `row` has: of several that judge together the one that counts.
    pub fn judge(&self, row: usize) -> &'static str {
        let by = row.checked_sub(self.rows.base()).and_then(|at| self.rows.by.get(at));
        let member = by.and_then(|by| self.model.members.get(usize::from(*by)));
        member.copied().unwrap_or(self.detector())
    }

    /// The preparation in use: sampling interval, period, scale.
    pub fn prepare(&self) -> &Prepare {
        &self.model.prepare
    }

    /// Grid points that one score looks at; none when it looks at all before it.
    pub fn window(&self) -> Option<usize> {
        let reach = self.model.fitted.reach();
        (reach.before != detect::Reach::ALL).then(|| reach.before + reach.after + 1)
    }

    /// Why the scores deserve less trust than usual, if they do.
    pub fn caution(&self) -> Option<String> {
        self.model.fitted.caution()
    }
}

/// Rows known, from some row on, with others put among them; where times are equal the new one counts.
fn merged(time: &[f64], value: &[f64], new: &Series) -> Result<Series> {
    let mut rows: Vec<(f64, f64)> = Vec::with_capacity(time.len() + new.len());
    let mut fresh = new.time().iter().copied().zip(new.value().iter().copied()).peekable();
    for (t, v) in time.iter().copied().zip(value.iter().copied()) {
        while let Some(row) = fresh.next_if(|row| row.0 < t) {
            rows.push(row);
        }
        rows.push(fresh.next_if(|row| row.0 == t).unwrap_or((t, v)));
    }
    rows.extend(fresh);
    let (time, value) = rows.into_iter().unzip();
    Series::new(time, value)
}
