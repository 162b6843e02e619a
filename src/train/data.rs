//! Seeded synthetic series for training, others that training never sees, and planted anomalies.
//!
//! Series are made at the rate at which a net sees them, so a period lasts about 25 points, with the spread that an
//! integer resampling leaves.

use crate::math::random::Random;
use crate::math::stats::quantile_sorted;
use crate::nn::familiar::Sampling;

/// Which generators a series may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Those that nets are trained on.
    Training,
    /// Those kept for judging them.
    Unseen,
}

/// An ordinary series of `n` points with up to 20 % noise, on an arbitrary scale.
pub fn series(origin: Origin, n: usize, random: &mut Random) -> Vec<f64> {
    let mut values = match origin {
        Origin::Training => match random.below(12) {
            0..=2 => harmonics(n, random),
            3 => rectangles(n, random),
            4 => saw(n, random),
            5 => pulses(n, random),
            6 => profile(n, random),
            7 => autoregressive(n, random),
            8 => wandering(n, random),
            9 => regimes(n, random),
            10 => interpolated(n, random),
            _ => modulated(n, random),
        },
        Origin::Unseen => match random.below(5) {
            0 => triangle(n, random),
            1 => rectified(n, random),
            2 => charging(n, random),
            3 => heartbeat(n, random),
            _ => oscillator(n, random),
        },
    };
    // Half of the series are clean to 2 %, as sums and means are.
    let most = if random.below(2) == 0 { 0.02 } else { 0.2 };
    let deviation = random.range(0.0, most) * spread(&values);
    values.iter_mut().for_each(|v| *v += deviation * random.normal());
    let (scale, shift) = ((random.normal() * 2.0).exp(), 10.0 * random.normal());
    let sign = if random.below(2) == 0 { -1.0 } else { 1.0 };
    values.iter_mut().for_each(|v| *v = sign * scale * *v + shift);
    values
}

/// `values` on the scale of `prepare`: median 0, half the distance between the 1 % and 99 % quantiles 1.
pub fn scaled(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = quantile_sorted(&sorted, 0.5);
    let half = 0.5 * (quantile_sorted(&sorted, 0.99) - quantile_sorted(&sorted, 0.01));
    let half = half.max(1e-6 * middle.abs()).max(f64::MIN_POSITIVE);
    values.iter().map(|v| (v - middle) / half).collect()
}

/// Something strange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anomaly {
    /// One to three points far off.
    Spike,
    /// A stretch lifted or lowered.
    Level,
    /// A stretch that stays at one value.
    Flat,
    /// A stretch of noise on top.
    Burst,
    /// A stretch with its swing enlarged.
    Swing,
    /// A stretch mirrored about its mean.
    Mirror,
}

impl Anomaly {
    /// Every kind.
    pub const ALL: [Anomaly; 6] =
        [Anomaly::Spike, Anomaly::Level, Anomaly::Flat, Anomaly::Burst, Anomaly::Swing, Anomaly::Mirror];
}

/// Replaces about `length` values from `start` on, of a series on the scale of [`scaled`]; returns the end of what
/// was replaced.
pub fn plant(values: &mut [f64], start: usize, length: usize, kind: Anomaly, random: &mut Random) -> usize {
    let length = if kind == Anomaly::Spike { 1 + random.below(3) } else { length };
    let end = (start + length).min(values.len());
    let part = &mut values[start.min(end)..end];
    let mean = part.iter().sum::<f64>() / part.len().max(1) as f64;
    let sign = if random.below(2) == 0 { -1.0 } else { 1.0 };
    match kind {
        Anomaly::Spike => {
            let height = sign * random.range(1.0, 4.0);
            part.iter_mut().for_each(|v| *v += height);
        }
        Anomaly::Level => {
            let height = sign * random.range(0.5, 2.0);
            part.iter_mut().for_each(|v| *v += height);
        }
        Anomaly::Flat => {
            let held = part.first().copied().unwrap_or(0.0);
            part.fill(held);
        }
        Anomaly::Burst => {
            let deviation = random.range(0.5, 1.5);
            part.iter_mut().for_each(|v| *v += deviation * random.normal());
        }
        Anomaly::Swing => {
            let factor = random.range(2.0, 4.0);
            part.iter_mut().for_each(|v| *v = mean + factor * (*v - mean));
        }
        Anomaly::Mirror => part.iter_mut().for_each(|v| *v = 2.0 * mean - *v),
    }
    end
}

/// Standard deviation, 1 for a constant.
fn spread(values: &[f64]) -> f64 {
    let deviation = crate::math::stats::std(values);
    if deviation > 0.0 { deviation } else { 1.0 }
}

/// A period as integer resampling leaves it: mostly between 16 and 38 points, at times far longer.
fn period(random: &mut Random) -> f64 {
    match random.below(8) {
        0 => random.range(38.0, 120.0),
        1 => random.range(10.0, 16.0),
        _ => random.range(16.0, 38.0),
    }
}

/// Cycles done at each point: a steady period, drifting by up to 10 % in every third series.
fn phases(n: usize, random: &mut Random) -> Vec<f64> {
    let (period, start) = (period(random), random.uniform());
    let warp = if random.below(3) == 0 { random.range(0.0, 0.1) } else { 0.0 };
    let (length, at) = (random.range(60.0, 300.0), random.uniform());
    let mut phase = start;
    (0..n)
        .map(|i| {
            phase += (1.0 + warp * (std::f64::consts::TAU * (i as f64 / length + at)).sin()) / period;
            phase
        })
        .collect()
}

fn sine(phase: f64) -> f64 {
    (std::f64::consts::TAU * phase).sin()
}

fn harmonics(n: usize, random: &mut Random) -> Vec<f64> {
    let parts: Vec<(f64, f64, f64)> = (0..1 + random.below(3))
        .map(|k| ((k + 1) as f64, random.range(0.2, 1.0) / (k + 1) as f64, random.uniform()))
        .collect();
    let slow = if random.below(3) == 0 { random.range(0.2, 1.0) } else { 0.0 };
    let length = random.range(100.0, 400.0);
    let phases = phases(n, random);
    let value = |phase: &f64| parts.iter().map(|(k, a, at)| a * sine(k * phase + at)).sum::<f64>();
    phases.iter().enumerate().map(|(i, p)| value(p) + slow * sine(i as f64 / length)).collect()
}

fn rectangles(n: usize, random: &mut Random) -> Vec<f64> {
    let duty = random.range(0.1, 0.9);
    let edge = random.range(0.02, 0.2);
    let phases = phases(n, random);
    phases
        .iter()
        .map(|p| {
            let p = p.fract();
            ((p / edge).min(1.0) - ((p - duty) / edge).clamp(0.0, 1.0)).clamp(0.0, 1.0)
        })
        .collect()
}

fn saw(n: usize, random: &mut Random) -> Vec<f64> {
    let peak = random.range(0.02, 0.4);
    let phases = phases(n, random);
    let value = |p: f64| if p < peak { p / peak } else { (1.0 - p) / (1.0 - peak) };
    phases.iter().map(|p| value(p.fract())).collect()
}

fn bump(phase: f64, at: f64, width: f64) -> f64 {
    let off = (phase - at + 0.5).rem_euclid(1.0) - 0.5;
    (-0.5 * (off / width).powi(2)).exp()
}

fn pulses(n: usize, random: &mut Random) -> Vec<f64> {
    let parts: Vec<(f64, f64, f64)> = (0..1 + random.below(4))
        .map(|_| (random.uniform(), random.range(0.02, 0.15), random.range(-0.5, 1.0)))
        .collect();
    let phases = phases(n, random);
    phases.iter().map(|p| parts.iter().map(|(at, w, a)| a * bump(*p, *at, *w)).sum()).collect()
}

/// A random smooth course of a day, repeated.
fn profile(n: usize, random: &mut Random) -> Vec<f64> {
    let knots: Vec<f64> = (0..5 + random.below(8)).map(|_| random.normal()).collect();
    let calm = random.range(0.0, 0.15);
    let phases = phases(n, random);
    let days: Vec<f64> =
        (0..=phases.last().copied().unwrap_or(0.0) as usize).map(|_| 1.0 + calm * random.normal()).collect();
    phases
        .iter()
        .map(|p| {
            let at = p.fract() * knots.len() as f64;
            let (k, t) = (at as usize, 0.5 - 0.5 * (std::f64::consts::PI * at.fract()).cos());
            let (a, b) = (knots[k % knots.len()], knots[(k + 1) % knots.len()]);
            (a + t * (b - a)) * days.get(*p as usize).copied().unwrap_or(1.0)
        })
        .collect()
}

fn autoregressive(n: usize, random: &mut Random) -> Vec<f64> {
    let (radius, angle) = (random.range(0.8, 0.99), std::f64::consts::TAU / period(random));
    let (a, b) = if random.below(2) == 0 {
        (2.0 * radius * angle.cos(), -radius * radius)
    } else {
        (random.range(0.8, 0.98), 0.0)
    };
    let (mut last, mut before) = (0.0, 0.0);
    (0..n + 100)
        .map(|_| {
            let x = a * last + b * before + random.normal();
            (before, last) = (last, x);
            x
        })
        .skip(100)
        .collect()
}

/// A random walk pulled back weakly and smoothed.
fn wandering(n: usize, random: &mut Random) -> Vec<f64> {
    let pull = random.range(0.005, 0.05);
    let smooth = random.range(0.1, 0.9);
    let (mut level, mut value) = (0.0, 0.0);
    (0..n)
        .map(|_| {
            level += random.normal() - pull * level;
            value += smooth * (level - value);
            value
        })
        .collect()
}

/// Levels held for a while, as switches and set-points do.
fn regimes(n: usize, random: &mut Random) -> Vec<f64> {
    let levels: Vec<f64> = (0..2 + random.below(3)).map(|_| random.normal()).collect();
    let dwell = random.range(8.0, 60.0);
    let smooth = random.range(0.3, 1.0);
    let (mut left, mut level, mut value) = (0.0, 0.0, 0.0);
    (0..n)
        .map(|_| {
            left -= 1.0;
            if left <= 0.0 {
                left = dwell * random.range(0.5, 1.5);
                level = levels[random.below(levels.len())];
            }
            value += smooth * (level - value);
            value
        })
        .collect()
}

/// A coarse series on a finer grid, as short periods reach the net.
fn interpolated(n: usize, random: &mut Random) -> Vec<f64> {
    let u = 2 + random.below(3);
    let (period, at) = (random.range(4.0, 25.0 / u as f64 + 2.0), random.uniform());
    let (second, noise) = (random.range(0.0, 0.5), random.range(0.0, 0.1));
    let coarse: Vec<f64> = (0..n / u + 2)
        .map(|i| {
            let p = i as f64 / period + at;
            sine(p) + second * sine(2.0 * p + at) + noise * random.normal()
        })
        .collect();
    let mut values = Sampling::Up(u).bins(&coarse);
    values.truncate(n);
    values
}

/// A wave whose height changes slowly.
fn modulated(n: usize, random: &mut Random) -> Vec<f64> {
    let (depth, length) = (random.range(0.1, 0.7), random.range(60.0, 250.0));
    let carrier = if random.below(2) == 0 { harmonics(n, random) } else { pulses(n, random) };
    carrier.iter().enumerate().map(|(i, v)| v * (1.0 + depth * sine(i as f64 / length))).collect()
}

fn triangle(n: usize, random: &mut Random) -> Vec<f64> {
    let second = random.range(0.0, 0.4);
    let value = |p: f64| 4.0 * (p.fract() - 0.5).abs() - 1.0;
    phases(n, random).iter().map(|p| value(*p) + second * value(2.0 * p)).collect()
}

fn rectified(n: usize, random: &mut Random) -> Vec<f64> {
    let power = random.range(0.7, 3.0);
    phases(n, random).iter().map(|p| sine(0.5 * p).abs().powf(power)).collect()
}

/// A capacitor charged and discharged.
fn charging(n: usize, random: &mut Random) -> Vec<f64> {
    let (duty, pace) = (random.range(0.3, 0.7), random.range(0.15, 0.5));
    let mut value = 0.0;
    phases(n, random)
        .iter()
        .map(|p| {
            let goal = if p.fract() < duty { 1.0 } else { 0.0 };
            value += pace * (goal - value);
            value
        })
        .collect()
}

/// A small wave, a sharp two-sided one, and a broad one.
fn heartbeat(n: usize, random: &mut Random) -> Vec<f64> {
    let broad = random.range(0.2, 0.5);
    phases(n, random)
        .iter()
        .map(|p| {
            0.15 * bump(*p, 0.2, 0.05) + bump(*p, 0.38, 0.035) - 0.3 * bump(*p, 0.46, 0.03)
                + broad * bump(*p, 0.7, 0.08)
        })
        .collect()
}

/// Van der Pol's oscillator, sampled at its own pace.
fn oscillator(n: usize, random: &mut Random) -> Vec<f64> {
    let stiffness = random.range(0.3, 2.5);
    // Steps of 1/20 so that explicit integration is stable; its period is near 2 pi for weak stiffness.
    let (mut x, mut v) = (random.range(-1.0, 1.0), 1.0);
    (0..n + 100)
        .map(|_| {
            for _ in 0..5 {
                let force = stiffness * (1.0 - x * x) * v - x;
                x += 0.05 * v;
                v += 0.05 * force;
            }
            x
        })
        .skip(100)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_is_finite_and_the_same_for_a_seed() {
        for origin in [Origin::Training, Origin::Unseen] {
            let (mut a, mut b) = (Random::new(3), Random::new(3));
            for _ in 0..200 {
                let values = series(origin, 300, &mut a);
                assert!(values.len() == 300 && values.iter().all(|v| v.is_finite()));
                assert_eq!(values, series(origin, 300, &mut b));
            }
        }
    }

    #[test]
    fn planting_changes_its_place_only() {
        let mut random = Random::new(1);
        let before: Vec<f64> = (0..100).map(|i| f64::from(i).sin()).collect();
        for kind in Anomaly::ALL {
            let mut after = before.clone();
            let end = plant(&mut after, 40, 10, kind, &mut random);
            assert!(end > 40 && end <= 50);
            assert_eq!(before[..40], after[..40]);
            assert_eq!(before[end..], after[end..]);
            assert_ne!(before[40..end], after[40..end], "{kind:?}");
        }
    }
}
