//! The server's entry: configuration, logging, serve.

use frontdesk::server;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    server::run().await
}
