//! A series as cycles: where each begins, its level, and its curve.

use crate::math::functional::median_curve;
use crate::math::stats;

/// Cycles of which the level of the next one is the median: a new level is believed after two.
const LEVELS: usize = 3;
/// Cycles that make the first template.
const FIRST: usize = 5;
/// A cycle is moved if that takes away at least this part of its misfit: noise must not move it.
const GAIN: f64 = 0.2;
/// Most points of a curve that an alignment looks at.
const LOOKED_AT: usize = 256;

/// One cycle, less the level that the cycles before it lead to expect.
#[derive(Debug, Clone)]
pub(super) struct Cycle {
    /// Index of its first value in the training stretch; `None` for one that came later.
    pub(super) place: Option<usize>,
    /// Its values.
    pub(super) curve: Vec<f64>,
}

/// Medians of the last cycles.
#[derive(Debug, Clone, Default)]
pub(super) struct Levels(Vec<f64>);

impl Levels {
    /// The level expected of the next cycle: the median of the last [`LEVELS`], or for the first its own.
    pub(super) fn next(&self, cycle: &[f64]) -> f64 {
        stats::median(if self.0.is_empty() { cycle } else { &self.0 })
    }

    /// Takes the next cycle.
    pub(super) fn push(&mut self, cycle: &[f64]) {
        if self.0.len() == LEVELS {
            self.0.remove(0);
        }
        self.0.push(stats::median(cycle));
    }
}

/// How many points later than `nominal`, at least `-before` and at most `after`, the cycle in `values` fits the
/// template best, levels apart; 0 unless that is clearly better. All those points are in `values`.
pub(super) fn lag(values: &[f64], nominal: usize, template: &[f64], before: usize, after: usize) -> isize {
    let step = template.len().div_ceil(LOOKED_AT);
    let misfit = |start: usize| -> f64 {
        let away = || template.iter().zip(&values[start..]).step_by(step).map(|(expected, x)| x - expected);
        let level = away().sum::<f64>() / template.len().div_ceil(step) as f64;
        away().map(|d| (d - level).abs()).sum()
    };
    let nominal_misfit = misfit(nominal);
    let best = (nominal - before..=nominal + after)
        .map(|start| (start, misfit(start)))
        .min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.abs_diff(nominal).cmp(&b.0.abs_diff(nominal))));
    match best {
        Some((start, misfit)) if misfit < (1.0 - GAIN) * nominal_misfit => start as isize - nominal as isize,
        _ => 0,
    }
}

/// How far into a cycle `values`, one cycle long, begin: where the template fits them best, levels apart.
pub(super) fn phase(values: &[f64], template: &[f64]) -> usize {
    let twice = [template, template].concat();
    let step = values.len().div_ceil(LOOKED_AT);
    let misfit = |phase: usize| -> f64 {
        let away = || twice[phase..].iter().zip(values).step_by(step).map(|(expected, x)| x - expected);
        let level = away().sum::<f64>() / values.len().div_ceil(step) as f64;
        away().map(|d| (d - level).abs()).sum()
    };
    (0..template.len())
        .map(|phase| (phase, misfit(phase)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(0, |best| best.0)
}

/// The last `most` cycles of `points` values in `train` from its index `first` on, each moved by up to `shift`
/// points to where it fits those before it, and the levels after the last one.
pub(super) fn cut(
    train: &[f64],
    first: usize,
    points: usize,
    shift: usize,
    most: usize,
) -> (Vec<Cycle>, Levels) {
    let whole = train[first.min(train.len())..].chunks_exact(points).take(FIRST);
    let plain: Vec<Vec<f64>> = whole
        .map(|values| {
            let level = stats::median(values);
            values.iter().map(|x| x - level).collect()
        })
        .collect();
    let mut template = median_curve(plain.iter());
    let (mut cycles, mut levels) = (Vec::<Cycle>::new(), Levels::default());
    let mut start = first;
    while start + points <= train.len() {
        if !cycles.is_empty() && shift > 0 {
            let after = shift.min(train.len() - start - points);
            start = start.saturating_add_signed(lag(train, start, &template, shift, after));
        }
        let values = &train[start..start + points];
        let level = levels.next(values);
        levels.push(values);
        cycles.push(Cycle { place: Some(start), curve: values.iter().map(|x| x - level).collect() });
        if cycles.len() > most {
            cycles.remove(0);
        }
        if shift > 0 && cycles.len() >= FIRST {
            template = median_curve(cycles[cycles.len() - FIRST..].iter().map(|c| &c.curve));
        }
        start += points;
    }
    (cycles, levels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::Random;

    #[test]
    fn levels_follow_a_step_after_two_cycles() {
        let mut levels = Levels::default();
        assert_eq!(levels.next(&[3.0, 5.0, 4.0]), 4.0);
        for level in [1.0, 1.0, 1.0, 9.0] {
            levels.push(&[level; 4]);
        }
        assert_eq!(levels.next(&[0.0; 4]), 1.0);
        levels.push(&[9.0; 4]);
        assert_eq!(levels.next(&[0.0; 4]), 9.0);
    }

    #[test]
    fn a_late_cycle_is_found_and_noise_moves_none() {
        let bump = |i: usize, at: usize| if i.abs_diff(at) < 3 { 1.0 } else { 0.0 };
        let template: Vec<f64> = (0..20).map(|i| bump(i, 10)).collect();
        let values: Vec<f64> = (0..60).map(|i| 7.0 + bump(i, 33)).collect();
        assert_eq!(lag(&values, 20, &template, 4, 4), 3);
        assert_eq!(lag(&values, 20, &template, 4, 2), 2);
        assert_eq!(lag(&values, 24, &template, 4, 4), -1);
        assert_eq!(phase(&values[28..48], &template), 5);
        let mut random = Random::new(1);
        let noise: Vec<f64> = (0..60).map(|_| random.normal()).collect();
        assert_eq!(lag(&noise, 10, &[0.0; 40], 10, 10), 0);
    }

    #[test]
    fn cycles_follow_a_period_that_is_no_whole_number() {
        // 40.4 points: without moving, the last of 50 cycles would be cut half a cycle late.
        let x: Vec<f64> = (0..2020).map(|i| (i as f64 / 40.4).fract() * 2.0 - 1.0).collect();
        let (cycles, _) = cut(&x, 0, 40, 4, 30);
        assert_eq!(cycles.len(), 30);
        for cycle in &cycles {
            let start = cycle.place.unwrap() as f64 / 40.4;
            let late = (start - start.round()) * 40.4;
            assert!(late.abs() <= 4.0, "{late}");
        }
        let (all, _) = cut(&x, 7, 40, 0, 100);
        assert_eq!(all.iter().map(|c| c.place.unwrap()).take(3).collect::<Vec<_>>(), [7, 47, 87]);
    }
}
