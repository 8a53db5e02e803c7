//! The server's entry.

use frontdesk::server;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    server::run().await
}
