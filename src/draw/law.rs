//! Law 2, over random events and views: what is drawn of the events is the events, at any zoom.

use super::chart::Chart;
use super::overlay::{Kind, Mark};
use super::recorder::{Op, Recorder};
use super::rows::Columns;
use super::scale::View;
use super::theme::Theme;
use super::{Label, Words};
use crate::draw::ticks::Zone;
use crate::math::random::Random;

const ROWS: usize = 5000;
const STEP: f64 = 60_000.0;
const START: f64 = 1.7e12;

fn chart(width: f64, scale: f64) -> Chart {
    let columns = Columns {
        time: (0..ROWS).map(|i| START + STEP * i as f64).collect::<Vec<_>>().into(),
        value: (0..ROWS).map(|i| (i as f64 * 0.1).sin()).collect(),
        scores: (0..ROWS).map(|i| ((i * 7919) % 13) as f64 / 10.0).collect(),
        limits: vec![2.0; ROWS],
        ..Columns::default()
    };
    let mut chart = Chart::default();
    chart.replace(0, columns).unwrap();
    chart.read_as(Zone::default(), '.', STEP, Words { score: "score".into() });
    chart.resize(width, 420.0 * scale, scale);
    chart
}

/// Events that do not overlap, in order of time; each with a severity of its own, so that its colour tells it.
fn events(rng: &mut Random) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut row = 0.0;
    loop {
        row += (1.0 + rng.uniform().powi(3) * 1500.0).floor();
        let length = if rng.uniform() < 0.4 { 1.0 } else { (1.0 + rng.uniform().powi(3) * 400.0).floor() };
        if row + length >= ROWS as f64 {
            return marks;
        }
        let peak = (row + rng.uniform() * length).floor();
        let kind = match (length, rng.uniform() < 0.3) {
            (1.0, _) => Kind::Point,
            (_, true) => Kind::Shift,
            _ => Kind::Duration,
        };
        let at = |row: f64| START + STEP * row;
        marks.push(Mark {
            start: at(row),
            end: at(row + length),
            peak: at(peak),
            value: (peak * 0.1).sin(),
            severity: [1.5, 3.0, 9.0][marks.len() % 3],
            kind,
            dismissed: rng.uniform() < 0.15,
        });
        row += length;
    }
}

fn view(rng: &mut Random, marks: &[Mark]) -> View {
    let all = STEP * (ROWS - 1) as f64;
    let span = all * 10f64.powf(-3.3 * rng.uniform());
    // Half of the views have an event near an edge: there most goes wrong.
    let from = match marks.get(rng.below(marks.len().max(1))) {
        Some(mark) if rng.uniform() < 0.5 => [mark.start, mark.end - span, mark.peak - span][rng.below(3)],
        _ => START + rng.uniform() * (all - span),
    };
    View::new(from, from + span)
}

#[test]
fn each_visible_event_has_its_bar_and_no_other_bar_is_drawn() {
    let theme = Theme::default();
    let rgb = |c: plotters::style::RGBAColor| (c.0, c.1, c.2);
    let mut rng = Random::new(2);
    for round in 0..300 {
        let scale = [1.0, 1.5, 2.0][round % 3];
        let width = ((300.0 + 900.0 * rng.uniform()) * scale).round();
        let mut chart = chart(width, scale);
        let marks = events(&mut rng);
        let view = view(&mut rng, &marks);
        let chosen = (round % 4 == 0 && !marks.is_empty()).then(|| rng.below(marks.len()));
        chart.mark(marks.clone(), chosen);
        chart.look(Some(view));
        let layout = chart.layout().unwrap();
        let (plot, x) = (layout.plot, layout.x);
        let mut recorder = Recorder::default();
        let labels = vec!["12:00"; layout.times.1.len()].join("\n");
        chart.draw(&mut recorder, &labels).unwrap();

        // The bars end at the top of the plot; nothing else does.
        let paper = rgb(theme.paper);
        let mut bars: Vec<([f64; 4], (u8, u8, u8))> = Vec::new();
        for op in &recorder.ops {
            let Op::Block(edges, colour) = op else { continue };
            if edges[3] == plot.top && *colour != paper {
                bars.push((*edges, *colour));
            }
        }
        let thinnest = (3.0 * scale).round();
        for (i, mark) in marks.iter().enumerate() {
            let (left, right) = (x.at(mark.start), x.at(mark.end));
            if right < plot.left || left > plot.right {
                continue;
            }
            let colour =
                if mark.dismissed { rgb(theme.muted) } else { rgb(super::overlay::colour(&theme, mark)) };
            let (left, right) = (left.max(plot.left), right.min(plot.right));
            // Its own bar: of its colour, around its pixels, and wider than them by the least width at most.
            let own = bars.iter().position(|(bar, c)| {
                let around = bar[0] <= left + thinnest && bar[2] >= right - thinnest;
                *c == colour && around && bar[2] - bar[0] <= (right - left).max(thinnest) + 2.0
            });
            assert!(own.is_some(), "event {i} of round {round}: {mark:?} in {view:?}");
            let Some(own) = own else { continue };
            let ([bar_left, _, bar_right, _], _) = bars.swap_remove(own);
            assert!(
                bar_right - bar_left >= 1.0 && bar_left >= plot.left && bar_right <= plot.right,
                "{bar_left}"
            );
            // Events that are apart on the screen stay apart.
            if let Some(next) = marks.get(i + 1) {
                let gap = x.at(next.start) - x.at(mark.end);
                if gap > 2.0 * thinnest + 2.0 {
                    assert!(bar_right < x.at(next.start), "event {i} of round {round} runs into the next");
                }
            }
        }
        assert!(bars.is_empty(), "round {round}: bars of no event: {bars:?}");
    }
}

#[test]
fn the_overview_has_a_mark_for_each_event_at_any_zoom() {
    let mut rng = Random::new(3);
    for _ in 0..40 {
        let mut chart = chart(900.0, 1.0);
        let marks = events(&mut rng);
        chart.mark(marks.clone(), None);
        chart.look(Some(view(&mut rng, &marks)));
        let layout = chart.layout().unwrap();
        let mut recorder = Recorder::default();
        chart.draw(&mut recorder, "").unwrap();
        let theme = Theme::default();
        let levels = [theme.mild, theme.strong, theme.severe].map(|c| (c.0, c.1, c.2));
        let bars = recorder.ops.iter().filter(|op| {
            matches!(op, Op::Block(edges, c) if levels.contains(c) && edges[3] == layout.overview.bottom)
        });
        assert_eq!(bars.count(), marks.iter().filter(|mark| !mark.dismissed).count());
    }
}

#[test]
fn a_dismissed_event_is_hollow_and_a_verdict_is_a_line_under_the_plot() {
    let mut chart = chart(900.0, 1.0);
    let at = |row: f64| START + STEP * row;
    let mark = Mark {
        start: at(1000.0),
        end: at(1500.0),
        peak: at(1200.0),
        value: 0.0,
        severity: 9.0,
        kind: Kind::Duration,
        dismissed: true,
    };
    chart.mark(vec![mark], None);
    chart.label(vec![
        Label { start: at(1000.0), end: at(1500.0), anomaly: false },
        Label { start: at(3000.0), end: at(3001.0), anomaly: true },
    ]);
    let layout = chart.layout().unwrap();
    let mut recorder = Recorder::default();
    chart.draw(&mut recorder, "").unwrap();
    let theme = Theme::default();
    let severe = (theme.severe.0, theme.severe.1, theme.severe.2);
    let loud = recorder.ops.iter().any(|op| matches!(op, Op::Block(_, c) | Op::Area(_, c) if *c == severe));
    assert!(!loud, "a dismissed event is not loud");
    let ink = (theme.ink.0, theme.ink.1, theme.ink.2);
    let lines: Vec<[f64; 4]> = recorder
        .ops
        .iter()
        .filter_map(|op| match op {
            Op::Block(edges, c) if *c == ink && edges[1] == layout.plot.bottom + 2.0 => Some(*edges),
            _ => None,
        })
        .collect();
    let [[left, _, right, _]] = lines[..] else { panic!("{lines:?}") };
    assert!((left - layout.x.at(at(3000.0))).abs() <= 3.0 && right - left == 3.0);
}
