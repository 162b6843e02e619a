//! Joint discriminators for the bi-directional GAN: of windows with codes, of two windows, of two codes (Zenati et al.,
//! 2018, ALAD).

use candle_core::{Result, Tensor};

use super::{Game, normal};
use crate::math::random::Random;
use crate::nn::familiar::WINDOW;
use crate::train::batch::Source;
use crate::train::layers::samples;
use crate::train::loss::{logistic, scalar, squared};

/// Weight of the reconstruction beside the judgement: without it a window comes back as one of its class.
const CYCLE: f64 = 10.0;
/// Gradients longer than this are shortened.
const CLIP: f64 = 1.0;

/// One step of the three discriminators, one of encoder and generator against them. Returns the losses:
/// discriminators, the makers' judgement, makers, reconstruction.
///
/// # Errors
/// A loss that is not finite, or a net that is missing.
pub fn group(game: &mut Game, latent: usize, source: &Source, random: &mut Random) -> Result<[f64; 4]> {
    let batch = source.batch(game.size, true, random);
    let (shown, whole) = (samples(&batch.shown, WINDOW)?, samples(&batch.whole, WINDOW)?);
    let z = normal(game.size, latent, random)?;
    let code = game.on("encoder", &shown, None)?;
    let made = game.on("generator", &z, None)?;
    let again = game.on("generator", &code, None)?;
    let back = game.on("encoder", &made, None)?;

    let (x, y) = (flat(&whole)?, flat(&again)?);
    let made = flat(&made)?;
    let mut judge = |game: &Game, name: &str, left: &Tensor, right: &Tensor, real: f64| {
        let seen = game.on(name, &Tensor::cat(&[left, right], 2)?, None)?;
        logistic(&game.on(&format!("{name}_judge"), &seen, Some(random))?, real)
    };
    let pairs =
        (judge(game, "pair", &x, &code.detach(), 1.0)? + judge(game, "pair", &made.detach(), &z, 0.0)?)?;
    let twins = (judge(game, "twin", &x, &x, 1.0)? + judge(game, "twin", &x, &y.detach(), 0.0)?)?;
    let codes = (judge(game, "codes", &z, &z, 1.0)? + judge(game, "codes", &z, &back.detach(), 0.0)?)?;
    let told = ((pairs + twins)? + codes)?;
    game.critics.step(game.params, &told.backward()?, game.rates.critics, CLIP)?;

    let pairs = (judge(game, "pair", &x, &code, 0.0)? + judge(game, "pair", &made, &z, 1.0)?)?;
    let twins = judge(game, "twin", &x, &y, 1.0)?;
    let codes = judge(game, "codes", &z, &back, 1.0)?;
    let believed = ((pairs + twins)? + codes)?;
    let error = squared(&again, &whole)?;
    let loss = ((&error * CYCLE)? + (&believed * game.rates.judgement)?)?;
    game.makers.step(game.params, &loss.backward()?, game.rates.makers, CLIP)?;
    Ok([scalar(&told)?, scalar(&believed)?, scalar(&loss)?, scalar(&error)?])
}

/// Windows as one step of all their values.
fn flat(windows: &Tensor) -> Result<Tensor> {
    let batch = windows.dim(0)?;
    windows.reshape((batch, 1, ()))
}
