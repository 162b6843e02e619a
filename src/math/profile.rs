//! Distances of a sliding window to many reference windows, without paying for the overlap twice.
//!
//! A window that slides by one point against a reference window that slides along loses one product and gains
//! one: `dot(i, j) = dot(i-1, j-1) + x[i]·t[j] - x[i-L]·t[j-L]`. One pushed point so costs O(1) a reference
//! window whatever the window length, and the distance in any [`Form`] follows from the dot product and a few
//! numbers kept for each window. The dot products are computed afresh every few windows, at indices counted
//! from the first value pushed, so that rounding neither grows nor depends on how the values were cut up.
//!
//! Source: Zhu et al. (2016), "Matrix Profile II" (STOMP), with two differences: the windows of the reference
//! lie in separate stretches, and the scale of a window has a floor.

use std::sync::Arc;

use super::lanes::map_into;
use crate::settings::choices;

/// Dot products are recomputed after this many points, or after four windows if that is later.
const RESTART: usize = 1024;

/// What of a window counts when it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The values as they are: level, amplitude and shape.
    Raw,
    /// The mean taken off: amplitude and shape.
    Centred,
    /// The mean taken off, divided by the deviation, which counts as no smaller than a floor: shape.
    ZNormalised,
}
choices!(Form { Raw = "raw", Centred = "centred", ZNormalised = "z-normalised" });

/// How windows are compared: Euclidean distance of equally long windows in one form.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// Points a window, at least 1.
    pub window: usize,
    /// What of them counts.
    pub form: Form,
    /// The least deviation by which a window is divided, for [`Form::ZNormalised`].
    pub floor: f64,
}

/// What the distance needs of a window besides its dot product with the other one.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    /// The mean that is taken off.
    mean: f64,
    /// One over the divisor; 0 for a window that counts as flat.
    weight: f64,
    /// Sum of squares in the compared form.
    energy: f64,
}

impl Measure {
    fn moments(&self, window: &[f64]) -> Moments {
        let n = window.len() as f64;
        let mean = if self.form == Form::Raw { 0.0 } else { window.iter().sum::<f64>() / n };
        let squares: f64 = window.iter().map(|v| (v - mean) * (v - mean)).sum();
        if self.form != Form::ZNormalised {
            return Moments { mean, weight: 1.0, energy: squares };
        }
        let scale = (squares / n).sqrt().max(self.floor);
        let weight = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        Moments { mean, weight, energy: squares * weight * weight }
    }
}

/// Neighbouring reference windows, one starting at each point of a stretch.
#[derive(Debug, Clone, Default)]
struct Stretch {
    /// Where `values` starts, in the numbering of the caller.
    start: usize,
    values: Vec<f64>,
    /// Of each window: one over its divisor,
    weight: Vec<f64>,
    /// its mean over its divisor, times the window length,
    shift: Vec<f64>,
    /// and its sum of squares.
    energy: Vec<f64>,
}

impl Stretch {
    fn new(start: usize, values: &[f64], measure: &Measure) -> Stretch {
        let mut stretch = Stretch { start, ..Stretch::default() };
        for v in values {
            stretch.push(*v, measure);
        }
        stretch
    }

    fn push(&mut self, value: f64, measure: &Measure) {
        self.values.push(value);
        if let Some(from) = self.values.len().checked_sub(measure.window) {
            let m = measure.moments(&self.values[from..]);
            self.weight.push(m.weight);
            self.shift.push(m.mean * m.weight * measure.window as f64);
            self.energy.push(m.energy);
        }
    }

    /// Number of windows.
    fn count(&self) -> usize {
        self.weight.len()
    }

    fn drop_front(&mut self, n: usize) {
        self.start += n;
        for column in [&mut self.values, &mut self.weight, &mut self.shift, &mut self.energy] {
            column.drain(..n.min(column.len()));
        }
    }
}

/// The windows that others are compared with.
#[derive(Debug, Clone)]
pub struct Reference {
    measure: Measure,
    stretches: Vec<Stretch>,
}

impl Reference {
    /// At most `most` windows of `values`: all of them, or else those of equal stretches spread evenly, each at
    /// least four windows long (or the whole budget, if that is less). No windows if `values` are too few.
    pub fn new(values: &[f64], measure: Measure, most: usize) -> Reference {
        let count = (values.len() + 1).saturating_sub(measure.window);
        let most = most.max(1);
        let stretches = if count <= most {
            vec![Stretch::new(0, values, &measure)]
        } else {
            let parts = (most / (4 * measure.window)).clamp(1, 64);
            let each = most / parts;
            let room = count - each;
            (0..parts)
                .map(|p| {
                    let start = if parts == 1 { room / 2 } else { room * p / (parts - 1) };
                    Stretch::new(start, &values[start..start + each + measure.window - 1], &measure)
                })
                .collect()
        };
        Reference { measure, stretches }
    }

    /// How windows are compared.
    pub fn measure(&self) -> Measure {
        self.measure
    }

    /// Number of windows.
    pub fn count(&self) -> usize {
        self.stretches.iter().map(Stretch::count).sum()
    }

    /// Where the reference window of this number starts in the values.
    pub fn start_of(&self, index: usize) -> Option<usize> {
        let mut left = index;
        for stretch in &self.stretches {
            match left.checked_sub(stretch.count()) {
                Some(rest) => left = rest,
                None => return Some(stretch.start + left),
            }
        }
        None
    }

    /// The stretches: index in the values of the first window, and the values themselves.
    pub fn stretches(&self) -> impl Iterator<Item = (usize, &[f64])> {
        self.stretches.iter().map(|s| (s.start, s.values.as_slice()))
    }
}

/// Dot products of the sliding window with the windows of one stretch.
#[derive(Debug, Clone, Default)]
struct Track {
    dots: Vec<f64>,
    spare: Vec<f64>,
}

impl Track {
    /// Moves on by one point: `window` is the new window, `leave` the value that has just left it. Windows that
    /// joined the end of the stretch since the last call are taken in.
    fn step(&mut self, stretch: &Stretch, window: &[f64], leave: f64, restart: bool) {
        let (size, count) = (window.len(), stretch.count());
        self.spare.resize(count, 0.0);
        let Some(enter) = window.last() else { return };
        if restart || self.dots.len() + 1 < count {
            for (d, w) in self.spare.iter_mut().zip(stretch.values.windows(size)) {
                *d = dot(window, w);
            }
        } else if let Some((first, rest)) = self.spare.split_first_mut() {
            *first = dot(window, &stretch.values[..size]);
            let columns = [&self.dots, &stretch.values[size..], &stretch.values];
            map_into(rest, columns, |[before, e, l]| before + enter * e - leave * l);
        }
        std::mem::swap(&mut self.dots, &mut self.spare);
    }

    /// Appends the squared distances.
    fn squares(&self, stretch: &Stretch, m: &Moments, out: &mut Vec<f64>) {
        let (energy, mean, weight) = (m.energy, m.mean, 2.0 * m.weight);
        let known = out.len();
        out.resize(known + self.dots.len(), 0.0);
        let columns = [&self.dots, &stretch.weight, &stretch.shift, &stretch.energy];
        map_into(&mut out[known..], columns.map(Vec::as_slice), |[d, w, s, e]| {
            let square = energy + e - weight * (d * w - mean * s);
            if square > 0.0 { square } else { 0.0 }
        });
    }
}

/// Windows of the sliding series itself that serve as references once they lie far enough back.
#[derive(Debug, Clone)]
struct Past {
    stretch: Stretch,
    track: Track,
    /// Windows kept when old ones are dropped, which happens where dot products are computed afresh.
    most: usize,
    /// Points by which a window must start earlier than the one it is compared with.
    gap: usize,
    /// Values before this index are not taken in.
    from: usize,
}

impl Past {
    /// Takes in the value at `index`, which is now far enough back.
    fn take(&mut self, index: usize, value: f64, measure: &Measure) {
        if index >= self.from {
            self.stretch.push(value, measure);
        } else {
            self.stretch.start = index + 1;
        }
    }

    fn step(&mut self, window: &[f64], leave: f64, restart: bool) {
        if restart {
            self.stretch.drop_front(self.stretch.count().saturating_sub(self.most));
        }
        self.track.step(&self.stretch, window, leave, restart);
    }
}

/// One reference window close to the sliding one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Squared distance.
    pub square: f64,
    /// Number of the reference window, counted through all stretches; those of the past come last.
    pub index: usize,
}

/// A window that slides over a series, and its distances to the reference windows.
#[derive(Debug, Clone)]
pub struct Sweep {
    reference: Arc<Reference>,
    tracks: Vec<Track>,
    past: Option<Past>,
    recent: Vec<f64>,
    seen: usize,
    squares: Vec<f64>,
}

impl Sweep {
    /// At the start of a series.
    pub fn new(reference: Arc<Reference>) -> Sweep {
        let tracks = vec![Track::default(); reference.stretches.len()];
        Sweep { reference, tracks, past: None, recent: Vec::new(), seen: 0, squares: Vec::new() }
    }

    /// Takes about `most` windows of the series' own past as references too, those that start at least `gap`
    /// points before the current one. 0: none.
    pub fn with_past(mut self, most: usize, gap: usize) -> Sweep {
        let (stretch, track) = Default::default();
        self.past = (most > 0).then_some(Past { stretch, track, most, gap, from: 0 });
        self
    }

    /// Values before index `from` do not serve as past: the reference has them already.
    pub fn past_from(&mut self, from: usize) {
        if let Some(past) = &mut self.past {
            past.from = from;
        }
    }

    /// Takes the next value. Once the window is full, returns the index of its first value.
    pub fn push(&mut self, value: f64) -> Option<usize> {
        let measure = self.reference.measure;
        let size = measure.window;
        let keep = size.max(self.past.as_ref().map_or(0, |p| p.gap)) + 1;
        if self.recent.len() >= 4 * keep {
            self.recent.drain(..self.recent.len() - keep);
        }
        self.recent.push(value);
        self.seen += 1;
        if let Some(past) = &mut self.past
            && let Some(index) = self.seen.checked_sub(past.gap + 1)
        {
            past.take(index, self.recent[self.recent.len() - 1 - past.gap], &measure);
        }
        let start = self.seen.checked_sub(size)?;
        let (before, window) = self.recent.split_at(self.recent.len() - size);
        let leave = before.last().copied().unwrap_or(0.0);
        let restart = start % RESTART.max(4 * size) == 0;
        let moments = measure.moments(window);
        self.squares.clear();
        for (track, stretch) in self.tracks.iter_mut().zip(&self.reference.stretches) {
            track.step(stretch, window, leave, restart);
            track.squares(stretch, &moments, &mut self.squares);
        }
        if let Some(past) = &mut self.past {
            past.step(window, leave, restart);
            past.track.squares(&past.stretch, &moments, &mut self.squares);
        }
        Some(start)
    }

    /// Squared distances from the current window to all reference windows, stretch after stretch.
    pub fn squares(&self) -> &[f64] {
        &self.squares
    }

    /// Puts the reference windows whose start lies less than `zone` from `start` infinitely far away, until the
    /// next push. Those of the past stay.
    pub fn exclude(&mut self, start: usize, zone: usize) {
        let mut offset = 0;
        for stretch in &self.reference.stretches {
            let count = stretch.count();
            let low = (start + 1).saturating_sub(zone + stretch.start).min(count);
            let high = (start + zone).saturating_sub(stretch.start).min(count);
            if low < high {
                self.squares[offset + low..offset + high].fill(f64::INFINITY);
            }
            offset += count;
        }
    }

    /// The `k` nearest reference windows, nearest first, into `out`: at most one from each run of `apart`
    /// neighbouring ones, which share most of their points and would vouch for each other. Fewer than `k` where
    /// there are not as many.
    pub fn nearest(&self, k: usize, apart: usize, out: &mut Vec<Neighbour>) {
        out.clear();
        let counts = self.reference.stretches.iter().chain(self.past.iter().map(|p| &p.stretch));
        let mut offset = 0;
        for count in counts.map(Stretch::count) {
            let part = &self.squares[offset..offset + count];
            for (b, run) in part.chunks(apart.max(1)).enumerate() {
                let square = least(run);
                let full = out.len() == k;
                if square.is_infinite() || (full && out.last().is_none_or(|worst| square >= worst.square)) {
                    continue;
                }
                if full {
                    out.pop();
                }
                let at = run.iter().position(|v| *v == square).unwrap_or(0);
                let index = offset + b * apart.max(1) + at;
                let rank = out.partition_point(|n| n.square <= square);
                out.insert(rank, Neighbour { square, index });
            }
            offset += count;
        }
    }

    /// How many runs of `apart` neighbouring reference windows there are that are not excluded as a whole, and
    /// how many of them hold a window within the squared distance `square`.
    pub fn within(&self, square: f64, apart: usize) -> (usize, usize) {
        let counts = self.reference.stretches.iter().chain(self.past.iter().map(|p| &p.stretch));
        let (mut runs, mut hits, mut offset) = (0, 0, 0);
        for count in counts.map(Stretch::count) {
            for run in self.squares[offset..offset + count].chunks(apart.max(1)) {
                let nearest = least(run);
                runs += usize::from(nearest.is_finite());
                hits += usize::from(nearest <= square);
            }
            offset += count;
        }
        (runs, hits)
    }
}

/// Sum of products, in four interleaved sums that the compiler keeps in vector registers.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a4.remainder().iter().zip(b4.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a4.zip(b4) {
        for lane in 0..4 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    (sums[0] + sums[2]) + (sums[1] + sums[3]) + rest
}

/// The smallest value; infinity for none.
fn least(values: &[f64]) -> f64 {
    let mut low = [f64::INFINITY; 4];
    let quads = values.chunks_exact(4);
    let rest = quads.remainder();
    for q in quads {
        for lane in 0..4 {
            low[lane] = if q[lane] < low[lane] { q[lane] } else { low[lane] };
        }
    }
    low.iter().chain(rest).copied().fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::Random;

    fn noise(n: usize, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        (0..n).map(|_| random.normal()).collect()
    }

    fn formed(w: &[f64], measure: &Measure) -> Vec<f64> {
        let n = w.len() as f64;
        let mean = w.iter().sum::<f64>() / n;
        let std = (w.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        let scale = std.max(measure.floor);
        match measure.form {
            Form::Raw => w.to_vec(),
            Form::Centred => w.iter().map(|v| v - mean).collect(),
            Form::ZNormalised if scale == 0.0 => vec![0.0; w.len()],
            Form::ZNormalised => w.iter().map(|v| (v - mean) / scale).collect(),
        }
    }

    fn square(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum()
    }

    #[test]
    fn equals_the_naive_distances_in_every_form() {
        let (train, x) = (noise(300, 1), noise(2500, 2));
        for form in [Form::Raw, Form::Centred, Form::ZNormalised] {
            let measure = Measure { window: 7, form, floor: 0.9 };
            // 90 windows of 294: three stretches.
            let reference = Arc::new(Reference::new(&train, measure, 90));
            assert_eq!(reference.stretches.len(), 3);
            assert_eq!((reference.start_of(0), reference.start_of(89)), (Some(0), Some(293)));
            let mut sweep = Sweep::new(reference.clone());
            for (i, v) in x.iter().enumerate() {
                let Some(start) = sweep.push(*v) else {
                    assert!(i < 6);
                    continue;
                };
                assert_eq!(start, i - 6);
                let own = formed(&x[start..=i], &measure);
                let mut want = Vec::new();
                for (_, values) in reference.stretches() {
                    want.extend(values.windows(7).map(|w| square(&own, &formed(w, &measure))));
                }
                assert_eq!(want.len(), 90);
                for (got, want) in sweep.squares().iter().zip(&want) {
                    assert!((got - want).abs() < 1e-10, "{form:?} at {i}: {got} {want}");
                }
            }
        }
    }

    #[test]
    fn the_past_serves_as_reference_from_a_gap_on() {
        let x = noise(3000, 3);
        let measure = Measure { window: 8, form: Form::Raw, floor: 0.0 };
        let reference = Arc::new(Reference::new(&[], measure, 10));
        for gap in [3, 8, 20] {
            let mut sweep = Sweep::new(reference.clone()).with_past(500, gap);
            sweep.past_from(40);
            for (i, v) in x.iter().enumerate() {
                let Some(start) = sweep.push(*v) else { continue };
                let last = (start + 1).saturating_sub(gap);
                let newest = sweep.squares().len();
                assert_eq!(newest == 0, last <= 40, "{i} {newest}");
                assert!(newest <= 500 + RESTART);
                for (back, got) in sweep.squares().iter().rev().enumerate() {
                    let s = last - 1 - back;
                    let want = square(&x[start..=i], &x[s..s + 8]);
                    assert!((got - want).abs() < 1e-10);
                }
            }
        }
    }

    #[test]
    fn excludes_and_finds_neighbours_that_do_not_overlap() {
        // Reference windows of one point: squares are those of the differences.
        let measure = Measure { window: 1, form: Form::Raw, floor: 0.0 };
        let reference = Arc::new(Reference::new(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], measure, 10));
        let mut sweep = Sweep::new(reference.clone());
        sweep.push(2.25);
        let mut found = Vec::new();
        sweep.nearest(2, 2, &mut found);
        let of = |square, index| Neighbour { square, index };
        assert_eq!(found, [of(0.0625, 2), of(1.5625, 1)]);
        assert_eq!(sweep.within(1.6, 2), (3, 2));
        assert_eq!((reference.start_of(5), reference.start_of(6)), (Some(5), None));
        sweep.exclude(2, 2);
        assert_eq!(sweep.squares()[1..4], [f64::INFINITY; 3]);
        sweep.nearest(9, 2, &mut found);
        assert_eq!(found, [of(3.0625, 4), of(5.0625, 0)]);
        sweep.exclude(3, 3);
        assert_eq!(sweep.within(99.0, 2), (1, 1));
    }

    #[test]
    fn a_flat_window_without_a_floor_counts_as_zeros() {
        let measure = Measure { window: 4, form: Form::ZNormalised, floor: 0.0 };
        let mut sweep = Sweep::new(Arc::new(Reference::new(&[5.0; 9], measure, 10)));
        for v in [1.0, 2.0, 3.0] {
            assert_eq!(sweep.push(v), None);
        }
        sweep.push(4.0);
        assert!(sweep.squares().iter().all(|s| (s - 4.0).abs() < 1e-12));
    }
}
