use std::process::ExitCode;

fn main() -> ExitCode {
    kit::main::<user_service::UserService>()
}
