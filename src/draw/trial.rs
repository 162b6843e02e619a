//! A chart for tests, and what it draws.

use super::chart::{Chart, Words};
use super::recorder::Recorder;
use super::rows::Columns;
use super::ticks::Zone;

/// The default theme's colour of the series.
pub const LINE: (u8, u8, u8) = (29, 91, 184);
/// That of the paper.
pub const PAPER: (u8, u8, u8) = (255, 255, 255);

/// A chart of these values, a second apart, 400 CSS pixels high.
pub fn chart(values: &[f64], width: f64, scale: f64) -> Chart {
    let n = values.len();
    let mut scores: Vec<f64> = (0..n).map(|i| (i % 7) as f64 / 7.0).collect();
    if n > 10 {
        scores[n / 2] = 40.0;
    }
    let rows = Columns {
        time: (0..n).map(|i| 1.7e12 + 1000.0 * i as f64).collect::<Vec<_>>().into(),
        value: values.to_vec(),
        scores,
        limits: vec![2.0; n],
        ..Columns::default()
    };
    let mut chart = Chart::default();
    chart.replace(0, rows).unwrap();
    chart.read_as(Zone::default(), '.', 1000.0, Words { score: "score".into() });
    chart.resize(width, 400.0 * scale, scale);
    chart
}

/// What a chart asks of its back end.
pub fn drawn(chart: &Chart) -> Recorder {
    let mut recorder = Recorder::default();
    let ticks = chart.layout().map_or(0, |layout| layout.times.1.len());
    let labels = vec!["12:00"; ticks].join("\n");
    chart.draw(&mut recorder, &labels).unwrap();
    recorder
}

/// A noisy wave.
pub fn wave(n: usize) -> Vec<f64> {
    (0..n).map(|i| (i as f64 * 0.37).sin() * 10.0 + ((i * 7919) % 13) as f64).collect()
}
