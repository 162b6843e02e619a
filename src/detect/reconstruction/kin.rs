//! What a net misses of every window like this one.
//!
//! A pretrained net rebuilds a stranger's series with errors of its own: corners come out round and narrow peaks low,
//! each time in the same way. Windows of the training stretch that it answered as it answers this one, its kin, tell
//! how much of that to expect; what is left over is strange. Neighbours among a pretrained net's answers are used as
//! by Bergman, Cohen and Hoshen (2020), Deep Nearest Neighbor Anomaly Detection. Cost: [`WINDOW`] multiply-adds for
//! each window known.

use crate::nn::familiar::WINDOW;

/// Windows whose errors make the one that is expected.
const NEAREST: usize = 3;
/// Nearest windows start at least so far from each other.
const APART: usize = WINDOW / 4;
/// A window is no kin of those that it shares half of its bins with.
const ITSELF: usize = WINDOW / 2;
/// With fewer windows than this, none is like another.
const FEWEST: usize = 4 * NEAREST;

/// Windows of the training stretch: where they start, what the net answered, and what it missed.
#[derive(Debug, Clone, Default)]
pub struct Kin {
    starts: Vec<usize>,
    answers: Vec<f32>,
    missed: Vec<f32>,
}

impl Kin {
    /// Remembers windows of [`WINDOW`] values, one after the other, with the net's `answers`.
    pub fn add(&mut self, starts: impl Iterator<Item = usize>, windows: &[f32], answers: &[f32]) {
        self.starts.extend(starts);
        self.answers.extend_from_slice(answers);
        self.missed.extend(windows.iter().zip(answers).map(|(window, answer)| window - answer));
    }

    /// Adds to an answer what the net missed of its kin, in the mean. A window that is known itself, told by an equal
    /// answer, is not its own kin.
    pub fn amend(&self, answer: &mut [f32]) {
        if self.starts.len() < FEWEST {
            return;
        }
        let mut away: Vec<f32> = self.answers.chunks_exact(WINDOW).map(|a| square(a, answer)).collect();
        let strike = |away: &mut [f32], start: usize, within: usize| {
            let near = self.starts.iter().zip(away).filter(|(s, _)| s.abs_diff(start) < within);
            near.for_each(|(_, a)| *a = f32::INFINITY);
        };
        if let Some(same) = away.iter().position(|a| *a == 0.0) {
            strike(&mut away, self.starts[same], ITSELF);
        }
        let mut sum = [0f32; WINDOW];
        let mut count = 0.0;
        for _ in 0..NEAREST {
            let nearest = away.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
            let Some((k, _)) = nearest.filter(|(_, a)| a.is_finite()) else { break };
            sum.iter_mut().zip(&self.missed[k * WINDOW..]).for_each(|(s, m)| *s += m);
            count += 1.0;
            strike(&mut away, self.starts[k], APART);
        }
        if count > 0.0 {
            answer.iter_mut().zip(sum).for_each(|(a, s)| *a += s / count);
        }
    }
}

/// Squared distance, summed in lanes.
fn square(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 4;
    let mut lanes = [0f32; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += (a - b) * (a - b);
        }
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows of two kinds by turns, at 0, 50, 100 and on: answers 0 and 1 with errors of 0.1 and 0.3, the answers a
    /// little apart.
    fn known(n: usize) -> Kin {
        let mut kin = Kin::default();
        for k in 0..n {
            let (kind, off) = if k % 2 == 0 { (0.0, 0.1) } else { (1.0, 0.3) };
            let answer = [kind + 1e-3 * (k + 1) as f32; WINDOW];
            kin.add(std::iter::once(50 * k), &answer.map(|a| a + off), &answer);
        }
        kin
    }

    #[test]
    fn an_answer_is_amended_by_what_its_kin_missed() {
        let kin = known(12);
        for (answer, missed) in [(0.0, 0.1), (1.0, 0.3)] {
            let mut amended = [answer; WINDOW];
            kin.amend(&mut amended);
            assert!(amended.iter().all(|a| (a - answer - missed).abs() < 1e-6), "{answer}: {}", amended[0]);
        }
        let mut alone = [0.0; WINDOW];
        known(FEWEST - 1).amend(&mut alone);
        assert_eq!(alone, [0.0; WINDOW]);
    }

    #[test]
    fn a_known_window_is_not_its_own_kin() {
        let mut kin = known(12);
        // The third window had an error that no other had.
        kin.missed[2 * WINDOW..3 * WINDOW].fill(9.0);
        let mut amended = [3e-3; WINDOW];
        kin.amend(&mut amended);
        assert!(amended.iter().all(|a| (a - 0.103).abs() < 1e-6), "{}", amended[0]);
    }
}
