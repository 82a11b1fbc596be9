//! A list with reqwest and reqwest-retry: sixteen at a time, three retries by the policy that its documentation shows.

use futures::{StreamExt as _, stream};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_retry::{RetryTransientMiddleware, policies::ExponentialBackoff};

#[tokio::main]
async fn main() -> Result<(), std::io::Error> {
    let policy = ExponentialBackoff::builder().build_with_max_retries(3);
    let client = ClientBuilder::new(reqwest::Client::new()).with(RetryTransientMiddleware::new_with_policy(policy)).build();
    let urls = std::fs::read_to_string("urls.txt")?;
    stream::iter(urls.lines()).for_each_concurrent(16, |url| fetch(&client, url)).await;
    Ok(())
}

/// Asks for a page; whether it came is for the servers to say.
async fn fetch(client: &ClientWithMiddleware, url: &str) {
    if let Ok(answer) = client.get(url).send().await {
        drop(answer.bytes().await);
    }
}
