//! Wasserstein groups for TadGAN and the cycle-consistent GAN: critics several times, then encoder and generator
//! (Geiger et al., 2020).

use candle_core::{Device, Result, Tensor};

use super::{Game, normal};
use crate::math::random::Random;
use crate::nn::familiar::WINDOW;
use crate::train::batch::Source;
use crate::train::layers::samples;
use crate::train::loss::{absolute, critique, scalar, squared};
use crate::train::recipe::Cycles;

/// Steps of the critics for one of encoder and generator.
const CRITIC_STEPS: usize = 5;
/// Weight of the cycles beside the critics' judgement (the reference implementation's).
const CYCLE: f64 = 10.0;
/// Gradients longer than this are shortened.
const CLIP: f64 = 5.0;

/// One group: [`CRITIC_STEPS`] steps of both critics, then one of encoder and generator on the last batch. Returns
/// the parts of the losses: critic x, critic z, makers, reconstruction.
///
/// # Errors
/// A loss that is not finite, or a net that is missing.
pub fn group(
    game: &mut Game,
    cycles: Cycles,
    latent: usize,
    source: &Source,
    random: &mut Random,
) -> Result<[f64; 4]> {
    let size = game.size;
    let mut parts = [0.0; 4];
    let mut last = None;
    for _ in 0..CRITIC_STEPS {
        let batch = source.batch(size, true, random);
        let whole = samples(&batch.whole, WINDOW)?;
        let z = normal(size, latent, random)?;
        let made = game.on("generator", &z, None)?.detach();
        let mix = uniform(size, random)?;
        let (net, name) = game.net("critic_x")?;
        let of_x = critique(net, name, game.params, &whole, &made, &mix, Some(random))?;
        let code = game.on("encoder", &whole, None)?.detach();
        let mix = uniform(size, random)?;
        let (net, name) = game.net("critic_z")?;
        let of_z = critique(net, name, game.params, &z, &code, &mix, Some(random))?;
        game.critics.step(
            game.params,
            &(&of_x.total + &of_z.total)?.backward()?,
            game.rates.critics,
            f64::INFINITY,
        )?;
        parts[0] = scalar(&of_x.total)?;
        parts[1] = scalar(&of_z.total)?;
        last = Some((whole, samples(&batch.shown, WINDOW)?, z));
    }
    let Some((whole, shown, z)) = last else { return Ok(parts) };
    let made = game.on("generator", &z, None)?;
    let judged_x = game.on("critic_x", &made, None)?.mean_all()?;
    let code = game.on("encoder", &shown, None)?;
    let judged_z = game.on("critic_z", &code, None)?.mean_all()?;
    let error = match cycles {
        Cycles::Windows => squared(&game.on("generator", &code, None)?, &whole)?,
        Cycles::Both(noise) => {
            let code = (&code + (normal(size, latent, random)? * noise)?)?;
            let again = absolute(&game.on("generator", &code, None)?, &whole)?;
            // A code's values are about three times as far from 0 as a window's.
            (again + (absolute(&game.on("encoder", &made, None)?, &z)? * 0.3)?)?
        }
    };
    let loss = ((&error * CYCLE)? - ((judged_x + judged_z)? * game.rates.judgement)?)?;
    game.makers.step(game.params, &loss.backward()?, game.rates.makers, CLIP)?;
    parts[2] = scalar(&loss)?;
    parts[3] = scalar(&error)?;
    Ok(parts)
}

fn uniform(count: usize, random: &mut Random) -> Result<Tensor> {
    let values: Vec<f32> = (0..count).map(|_| random.uniform() as f32).collect();
    Tensor::from_vec(values, (count, 1, 1), &Device::Cpu)
}
