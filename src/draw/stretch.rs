//! The lines of a series in pixels: which of them are steep, and how these are drawn.

use super::pen::{FINE, Place, fine};
use std::rc::Rc;

/// What climbs so many times as far as it goes from left to right fills what it passes: one device pixel is as good for
/// it as a wider stroke or as a polygon of many steep edges, and a fraction of a canvas' work.
pub const STEEP: f64 = 6.0;
/// So many points a pixel are too many to be followed one by one.
const DENSE: f64 = 1.5;
/// Lines of so few points are neither steep nor dense.
const SHORT: usize = 8;

/// A part of a line as it is drawn, from left to right.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    /// Its points; those of a dense and steep one are the top and the bottom of each pixel column.
    pub places: Rc<Vec<Place>>,
    /// Whether it goes up and down all the time, so that one device pixel is wide enough.
    pub steep: bool,
}

impl Stretch {
    /// That through these points, in pixels.
    pub fn of(points: &[(f64, f64)]) -> Stretch {
        let steep = steep(points);
        Stretch { places: Rc::new(if steep { thin(points) } else { through(points) }), steep }
    }

    /// Its points in pixels.
    pub fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.places.iter().map(|&[x, y]| (f64::from(x) / FINE, f64::from(y) / FINE))
    }

    /// How wide it is drawn where so many pixels are wanted.
    pub fn stroke(&self, wanted: f64) -> f64 {
        if self.steep { wanted.min(1.0) } else { wanted }
    }

    /// With two points a pixel column where there are more, the top and the bottom of what it passes through: what is
    /// steep is so already.
    pub fn thinned(self) -> Stretch {
        if self.steep {
            return self;
        }
        let points: Vec<_> = self.points().collect();
        Stretch { places: Rc::new(thin(&points)), ..self }
    }
}

fn through(points: &[(f64, f64)]) -> Vec<Place> {
    points.iter().map(|&(x, y)| [fine(x), fine(y)]).collect()
}

/// The line by columns where it is dense.
fn thin(points: &[(f64, f64)]) -> Vec<Place> {
    let dense = points.len() > SHORT && points.len() as f64 > DENSE * width(points);
    if dense { turns(points) } else { through(points) }
}

/// See [`Stretch::steep`].
fn steep(line: &[(f64, f64)]) -> bool {
    line.len() > SHORT && climbed(line.iter().map(|point| point.1)) > STEEP * width(line)
}

/// From the first to the last point.
fn width(line: &[(f64, f64)]) -> f64 {
    line.first().zip(line.last()).map_or(0.0, |(first, last)| last.0 - first.0)
}

/// Whether such columns, `(left edge, top, bottom)`, are better drawn one by one than as one polygon.
pub fn jagged(columns: &[(f64, f64, f64)]) -> bool {
    let (Some(first), Some(last)) = (columns.first(), columns.last()) else { return false };
    let width = last.0 - first.0 + 1.0;
    width == columns.len() as f64 && climbed(columns.iter().map(|column| column.1)) > STEEP * width
}

/// The way up and down from one to the next.
fn climbed(heights: impl Iterator<Item = f64> + Clone) -> f64 {
    heights.clone().zip(heights.skip(1)).map(|(a, b)| (b - a).abs()).sum()
}

/// A line up and down each pixel column that this line passes through, as far as this does.
fn turns(line: &[(f64, f64)]) -> Vec<Place> {
    let mut turns = Turns::across(width(line));
    each_crossed(line, |left, top, bottom| turns.take(left, top, bottom));
    turns.places
}

/// A line that goes down one pixel column and up the next.
pub struct Turns {
    /// Its points so far.
    pub places: Vec<Place>,
    down: bool,
}

impl Turns {
    /// One with no points yet, but room for so many pixels.
    pub fn across(width: f64) -> Turns {
        Turns { places: Vec::with_capacity(2 * (width as usize + 2)), down: true }
    }

    /// Adds a pixel column.
    pub fn take(&mut self, left: f64, top: f64, bottom: f64) {
        let (from, to) = if self.down { (top, bottom) } else { (bottom, top) };
        let middle = fine(left + 0.5);
        self.places.extend([[middle, fine(from)], [middle, fine(to)]]);
        self.down = !self.down;
    }
}

/// Calls `take` for each column that a line passes through, with its left edge, top and bottom.
fn each_crossed(line: &[(f64, f64)], mut take: impl FnMut(f64, f64, f64)) {
    let Some(&(mut x0, mut y0)) = line.first() else { return };
    let (mut left, mut top, mut bottom) = (x0.floor(), y0, y0);
    for &(x1, y1) in line.iter().skip(1) {
        while x1 >= left + 1.0 {
            let edge = y0 + (left + 1.0 - x0) / (x1 - x0) * (y1 - y0);
            take(left, least(top, edge), most(bottom, edge));
            (left, top, bottom) = (left + 1.0, edge, edge);
        }
        (top, bottom) = (least(top, y1), most(bottom, y1));
        (x0, y0) = (x1, y1);
    }
    take(left, top, bottom);
}

/// The smaller of two numbers: unlike [`f64::min`] one instruction.
pub fn least(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

/// See [`least`].
pub fn most(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

/// The columns that a line passes through, each with its left edge, top and bottom.
#[cfg(test)]
pub fn crossed(line: &[(f64, f64)]) -> Vec<(f64, f64, f64)> {
    let mut columns = Vec::new();
    each_crossed(line, |left, top, bottom| columns.push((left, top, bottom)));
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steep_line_turns_in_the_columns_that_it_crosses() {
        let line = [(0.5, 0.0), (0.75, 8.0), (0.9, 4.0), (3.5, 30.0), (3.6, 2.0)];
        assert_eq!(crossed(&line), [(0.0, 0.0, 8.0), (1.0, 5.0, 15.0), (2.0, 15.0, 25.0), (3.0, 2.0, 30.0)]);
        assert_eq!(turns(&line[..4])[..4], [[2, 0], [2, 32], [6, 60], [6, 20]]);
        assert_eq!(crossed(&[(1.0, 1.0), (2.0, 3.0)]), [(1.0, 1.0, 3.0), (2.0, 3.0, 3.0)]);
        let wave = |height: f64, apart: f64| {
            let points = (0..100).map(|i| (apart * f64::from(i), height * f64::from(i % 2)));
            let Stretch { places, steep } = Stretch::of(&points.collect::<Vec<_>>());
            (steep, places.len())
        };
        assert_eq!(
            [wave(5.0, 1.0), wave(7.0, 1.0), wave(7.0, 0.5)],
            [(false, 100), (true, 100), (true, 100)]
        );
        assert_eq!(wave(3.0, 0.25), (true, 2 * 25));
    }
}
