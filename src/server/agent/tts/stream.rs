//! Sound that comes as the body of an HTTP response.

use futures_util::StreamExt;
use reqwest::{Response, header::CONTENT_TYPE};

use super::Pieces;
use crate::server::agent::{
    audio::{pcm::Samples, resample::From24},
    providers::ProviderError,
};

/// The rate of the samples in a body.
pub(super) enum Rate {
    Khz16,
    Khz24(From24),
}

/// Hands the body's samples on as they arrive, 16 bits each.
///
/// # Errors
/// A status that is no success, a body that is no sound, a connection that ends before the body does.
pub(super) async fn pass_on(response: Response, mut rate: Rate, sound: &Pieces) -> Result<(), ProviderError> {
    let response = response.error_for_status()?;
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("text/") || kind.starts_with("application/json") {
        return Err(ProviderError::Malformed(format!("{kind} where sound was expected")));
    }
    let mut samples = Samples::default();
    let mut body = response.bytes_stream();
    while let Some(bytes) = body.next().await {
        let pcm = samples.push(&bytes?);
        let pcm = match &mut rate {
            Rate::Khz16 => pcm,
            Rate::Khz24(from) => from.push(&pcm),
        };
        if !pcm.is_empty() && sound.send(pcm).await.is_err() {
            break;
        }
    }
    Ok(())
}
