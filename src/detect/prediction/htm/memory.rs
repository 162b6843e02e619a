//! Temporal memory: cells that learn which columns follow each other.

/// Sizes and rates of the memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates {
    pub(super) cells_per_column: usize,
    /// Connected active synapses that make a segment active.
    pub(super) activation: u32,
    /// Active synapses, connected or not, that make it matching.
    pub(super) matching: u32,
    /// Synapses that a learning segment may have to the cells that came before.
    pub(super) growth: usize,
    pub(super) initial: f32,
    pub(super) connected: f32,
    pub(super) increment: f32,
    pub(super) decrement: f32,
    /// Taken from the active synapses of a segment that predicted in vain.
    pub(super) punishment: f32,
    pub(super) segments_per_cell: usize,
    pub(super) synapses_per_segment: usize,
}

/// Slack of comparisons with the connected permanence: sums of f32 steps round.
const SLACK: f32 = 1e-6;

#[derive(Debug, Clone, Default)]
struct Segment {
    cell: u32,
    synapses: Vec<(u32, f32)>,
    /// Step at which it was last active or made.
    used: u64,
}

/// A memory over columns; column c owns the cells `c * cells_per_column ..`.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    rates: Rates,
    segments: Vec<Segment>,
    free: Vec<u32>,
    /// Segments of each cell.
    owned: Vec<Vec<u32>>,
    /// For each cell, the segments that have a synapse to it.
    targets: Vec<Vec<u32>>,
    active: Vec<u32>,
    is_active: Vec<bool>,
    winners: Vec<u32>,
    /// Segments active and matching for the next step, in ascending order.
    predicting: Vec<u32>,
    matching: Vec<u32>,
    /// Active synapses of each segment, and the segments that have any.
    potential: Vec<u32>,
    excited: Vec<u32>,
    step: u64,
}

impl Memory {
    pub(super) fn new(columns: usize, rates: Rates) -> Memory {
        let cells = columns * rates.cells_per_column;
        Memory {
            rates,
            segments: Vec::new(),
            free: Vec::new(),
            owned: vec![Vec::new(); cells],
            targets: vec![Vec::new(); cells],
            active: Vec::new(),
            is_active: vec![false; cells],
            winners: Vec::new(),
            predicting: Vec::new(),
            matching: Vec::new(),
            potential: Vec::new(),
            excited: Vec::new(),
            step: 0,
        }
    }

    /// Takes the active columns (ascending), learns, and returns the part of them that was not predicted, 0..=1;
    /// 0 for no columns.
    pub(super) fn step(&mut self, columns: &[usize]) -> f64 {
        self.step += 1;
        let per_column = self.rates.cells_per_column;
        let column_of = |segment: &Segment| segment.cell as usize / per_column;
        let mut predicting = vec![Vec::new(); columns.len()];
        let mut matching = vec![Vec::new(); columns.len()];
        let mut wrong = Vec::new();
        for id in &self.predicting {
            if let Ok(at) = columns.binary_search(&column_of(&self.segments[*id as usize])) {
                predicting[at].push(*id);
            }
        }
        for id in &self.matching {
            match columns.binary_search(&column_of(&self.segments[*id as usize])) {
                Ok(at) => matching[at].push(*id),
                Err(_) => wrong.push(*id),
            }
        }
        let (mut active, mut winners) = (Vec::new(), Vec::new());
        let mut surprises = 0;
        for (at, column) in columns.iter().enumerate() {
            if predicting[at].is_empty() {
                surprises += 1;
                let first = (column * per_column) as u32;
                active.extend(first..first + per_column as u32);
                winners.push(self.burst(first, &matching[at]));
                continue;
            }
            let mut cells: Vec<u32> = Vec::new();
            for id in &predicting[at] {
                cells.push(self.segments[*id as usize].cell);
                self.segments[*id as usize].used = self.step;
                self.learn(*id);
            }
            cells.sort_unstable();
            cells.dedup();
            active.extend(&cells);
            winners.extend(&cells);
        }
        for id in wrong {
            self.adapt(id, -self.rates.punishment, 0.0);
        }
        winners.sort_unstable();
        self.activate(active, winners);
        if columns.is_empty() { 0.0 } else { f64::from(surprises) / columns.len() as f64 }
    }

    /// A column that nothing predicted: its best matching segment learns, or a new one on the cell that has
    /// fewest. Returns the winner cell.
    fn burst(&mut self, first: u32, matching: &[u32]) -> u32 {
        let best =
            matching.iter().copied().max_by_key(|id| (self.potential[*id as usize], std::cmp::Reverse(*id)));
        if let Some(id) = best {
            self.learn(id);
            return self.segments[id as usize].cell;
        }
        let cells = first..first + self.rates.cells_per_column as u32;
        let cell = cells.min_by_key(|c| self.owned[*c as usize].len()).unwrap_or(first);
        if !self.winners.is_empty() {
            let id = self.make(cell);
            self.grow(id, self.rates.growth);
        }
        cell
    }

    fn learn(&mut self, id: u32) {
        let potential = self.potential[id as usize] as usize;
        self.adapt(id, self.rates.increment, self.rates.decrement);
        self.grow(id, self.rates.growth.saturating_sub(potential));
    }

    /// Adds `up` to the synapses whose cell was active and takes `down` from the others; those at 0 go. Three places
    /// call it; inlined there it is slower.
    #[inline(never)]
    fn adapt(&mut self, id: u32, up: f32, down: f32) {
        let synapses = &mut self.segments[id as usize].synapses;
        let mut gone = false;
        for (cell, permanence) in synapses.iter_mut() {
            let change = if self.is_active[*cell as usize] { up } else { -down };
            let changed = *permanence + change;
            *permanence = if changed > 1.0 { 1.0 } else { changed };
            gone |= *permanence <= SLACK;
        }
        if gone {
            let targets = &mut self.targets;
            synapses.retain(|(cell, permanence)| {
                let keep = *permanence > SLACK;
                if !keep {
                    forget(&mut targets[*cell as usize], id);
                }
                keep
            });
        }
    }

    /// Up to `count` new synapses to the winners of the step before, in ascending order.
    fn grow(&mut self, id: u32, count: usize) {
        let segment = &mut self.segments[id as usize];
        let room = self.rates.synapses_per_segment.saturating_sub(segment.synapses.len());
        let mut left = count.min(room);
        for cell in &self.winners {
            if left == 0 {
                break;
            }
            if segment.synapses.iter().all(|(c, _)| c != cell) {
                segment.synapses.push((*cell, self.rates.initial));
                self.targets[*cell as usize].push(id);
                left -= 1;
            }
        }
    }

    /// A new segment on `cell`; the one used longest ago makes room where the cell is full.
    fn make(&mut self, cell: u32) -> u32 {
        let owned = &self.owned[cell as usize];
        if owned.len() >= self.rates.segments_per_cell
            && let Some(oldest) = owned.iter().copied().min_by_key(|id| self.segments[*id as usize].used)
        {
            self.destroy(oldest);
        }
        let id = self.free.pop().unwrap_or(self.segments.len() as u32);
        let segment = Segment { cell, synapses: Vec::new(), used: self.step };
        match self.segments.get_mut(id as usize) {
            Some(place) => *place = segment,
            None => {
                self.segments.push(segment);
                self.potential.push(0);
            }
        }
        self.owned[cell as usize].push(id);
        id
    }

    fn destroy(&mut self, id: u32) {
        let segment = std::mem::take(&mut self.segments[id as usize]);
        for (cell, _) in &segment.synapses {
            forget(&mut self.targets[*cell as usize], id);
        }
        forget(&mut self.owned[segment.cell as usize], id);
        self.free.push(id);
    }

    /// Makes these cells the active ones and finds the segments that they excite.
    fn activate(&mut self, active: Vec<u32>, winners: Vec<u32>) {
        for cell in &self.active {
            self.is_active[*cell as usize] = false;
        }
        for cell in &active {
            self.is_active[*cell as usize] = true;
        }
        (self.active, self.winners) = (active, winners);
        for id in self.excited.drain(..) {
            self.potential[id as usize] = 0;
        }
        let mut touched = Vec::new();
        for cell in &self.active {
            for id in &self.targets[*cell as usize] {
                let count = &mut self.potential[*id as usize];
                *count += 1;
                if *count == 1 {
                    self.excited.push(*id);
                }
                if *count == self.rates.matching {
                    touched.push(*id);
                }
            }
        }
        touched.sort_unstable();
        let connected = |id: &u32| {
            let synapses = &self.segments[*id as usize].synapses;
            let firm = |s: &&(u32, f32)| s.1 + SLACK >= self.rates.connected && self.is_active[s.0 as usize];
            synapses.iter().filter(firm).count() as u32
        };
        let enough = self.rates.activation;
        let active = |id: &u32| self.potential[*id as usize] >= enough && connected(id) >= enough;
        self.predicting = touched.iter().copied().filter(active).collect();
        self.matching = touched;
    }

    /// Segments and synapses that exist.
    #[cfg(test)]
    fn size(&self) -> (usize, usize) {
        let synapses = self.segments.iter().map(|s| s.synapses.len()).sum();
        (self.segments.len() - self.free.len(), synapses)
    }
}

/// Takes one `id` out of the list.
fn forget(list: &mut Vec<u32>, id: u32) {
    if let Some(at) = list.iter().position(|other| *other == id) {
        list.swap_remove(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{as_type, golden};
    use crate::math::random::Random;

    /// Of the reference trace.
    const RATES: Rates = Rates {
        cells_per_column: 4,
        activation: 3,
        matching: 2,
        growth: 4,
        initial: 0.21,
        connected: 0.5,
        increment: 0.1,
        decrement: 0.1,
        punishment: 0.02,
        segments_per_cell: 16,
        synapses_per_segment: 16,
    };

    /// Columns that the memory predicts now.
    fn predicted(memory: &Memory) -> Vec<usize> {
        let columns = memory.predicting.iter().map(|id| memory.segments[*id as usize].cell as usize / 4);
        columns.collect::<std::collections::BTreeSet<usize>>().into_iter().collect()
    }

    #[test]
    fn the_raw_score_of_sets_agrees_with_the_reference() {
        let golden = golden("htm_likelihood");
        let cases = golden["inputs"]["set_cases"].as_array().unwrap();
        let want = golden["outputs"]["set_case_scores"].as_array().unwrap();
        assert_eq!(cases.len(), want.len());
        for (case, want) in cases.iter().zip(want) {
            let follows: Vec<usize> = as_type(&case["predicted"]);
            let mut memory = Memory::new(20, RATES);
            for _ in 0..8 {
                memory.step(&[10, 11, 12, 13]);
                memory.step(&follows);
            }
            memory.step(&[10, 11, 12, 13]);
            assert_eq!(predicted(&memory), follows);
            assert_eq!(
                memory.step(&as_type::<Vec<usize>>(&case["active"])),
                want.as_f64().unwrap(),
                "{case}"
            );
        }
    }

    #[test]
    fn agrees_with_the_reference_trace() {
        let golden = golden("htm_deterministic");
        let mut memory = Memory::new(20, RATES);
        for (i, want) in golden["outputs"]["tm_trace"].as_array().unwrap().iter().enumerate() {
            let pattern = &golden["inputs"]["patterns"][want["p"].as_str().unwrap()];
            assert_eq!(predicted(&memory), as_type::<Vec<usize>>(&want["predicted_columns"]), "step {i}");
            let surprise = memory.step(&as_type::<Vec<usize>>(pattern));
            assert_eq!(surprise, want["anomaly"].as_f64().unwrap(), "step {i}");
            assert_eq!(memory.active.len() as u64, want["active"].as_u64().unwrap(), "step {i}");
            let winners: Vec<usize> = memory.winners.iter().map(|c| *c as usize).collect();
            assert_eq!(winners, as_type::<Vec<usize>>(&want["winners"]), "step {i}");
            let size =
                (want["segments"].as_u64().unwrap() as usize, want["synapses"].as_u64().unwrap() as usize);
            assert_eq!(memory.size(), size, "step {i}");
        }
    }

    #[test]
    fn memory_stays_bounded_on_noise() {
        let rates = Rates {
            cells_per_column: 4,
            activation: 6,
            matching: 4,
            growth: 8,
            initial: 0.24,
            connected: 0.5,
            increment: 0.04,
            decrement: 0.008,
            punishment: 0.001,
            segments_per_cell: 4,
            synapses_per_segment: 12,
        };
        let mut memory = Memory::new(64, rates);
        let mut random = Random::new(1);
        for _ in 0..5000 {
            let mut columns: Vec<usize> = (0..8).map(|_| random.below(64)).collect();
            columns.sort_unstable();
            columns.dedup();
            let surprise = memory.step(&columns);
            assert!((0.0..=1.0).contains(&surprise));
        }
        assert!(memory.segments.len() <= 64 * 4 * 4);
        assert_eq!(memory.targets.iter().map(Vec::len).sum::<usize>(), memory.size().1);
    }
}
