use std::process::ExitCode;

fn main() -> ExitCode {
    kit::main::<message_service::MessageService>()
}
