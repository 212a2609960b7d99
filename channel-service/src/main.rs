//! channel-service on its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    kit::main::<channel_service::ChannelService>()
}
