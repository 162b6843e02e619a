//! Feature matching for BeatGAN: the makers are to change nothing that the discriminator sees (Zhou et al., 2019).

use candle_core::Result;

use super::Game;
use crate::math::random::Random;
use crate::nn::familiar::WINDOW;
use crate::train::batch::Source;
use crate::train::layers::samples;
use crate::train::loss::{logistic, scalar, squared};

/// Gradients longer than this are shortened.
const CLIP: f64 = 1.0;

/// One step of the discriminator on windows and reconstructions, one of the makers on the reconstruction's error and
/// the distance of what is seen. Returns the losses: discriminator, features, makers, reconstruction.
///
/// # Errors
/// A loss that is not finite, or a net that is missing.
pub fn group(game: &mut Game, source: &Source, random: &mut Random) -> Result<[f64; 4]> {
    let batch = source.batch(game.size, true, random);
    let (shown, whole) = (samples(&batch.shown, WINDOW)?, samples(&batch.whole, WINDOW)?);
    let again = game.on("decoder", &game.on("encoder", &shown, None)?, None)?;
    let seen = game.on("features", &whole, None)?;
    let real = logistic(&game.on("judge", &seen, None)?, 1.0)?;
    let fake = logistic(&game.on("judge", &game.on("features", &again.detach(), None)?, None)?, 0.0)?;
    let judged = (real + fake)?;
    game.critics.step(game.params, &judged.backward()?, game.rates.critics, CLIP)?;
    let error = squared(&again, &whole)?;
    let seen = game.on("features", &whole, None)?.detach();
    let apart = squared(&game.on("features", &again, None)?, &seen)?;
    let loss = (&error + (&apart * game.rates.judgement)?)?;
    game.makers.step(game.params, &loss.backward()?, game.rates.makers, CLIP)?;
    Ok([scalar(&judged)?, scalar(&apart)?, scalar(&loss)?, scalar(&error)?])
}
