//! What a service documents is what it serves. That nothing else is served is a matter of how routes come about
//! (`cargo xtask check-arrows`), but for methods: those are tried here.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its message")]

use std::fs;

use api::{ErrorCode, auth::ServiceName};
use clap::Parser;
use kit::{Running, config::Flags};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
}

/// All five, on ports of their own. They do not find each other, and need not for this.
async fn all_five() -> (Vec<Running>, TempDir) {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("causerie.toml");
    fs::write(&file, "[log]\nship = false\n").unwrap();
    let (file, folder) = (file.to_str().unwrap(), data.path().to_str().unwrap());
    let mut flags = ["causerie", "--config", file, "--data", folder].map(str::to_owned).to_vec();
    for listener in [
        "gateway.listen",
        "gateway.lines",
        "gateway.lines_tls",
        "gateway.irc",
        "gateway.irc_tls",
        "users.listen",
        "channels.listen",
        "messages.listen",
        "logs.listen",
    ] {
        flags.extend(["--set".to_owned(), format!("{listener}=127.0.0.1:0")]);
    }
    let config = causerie::Config::load(&Cli::parse_from(flags).flags).unwrap();
    (causerie::up(config).await.unwrap(), data)
}

async fn document(service: &Running) -> Value {
    reqwest::get(format!("http://{}/openapi.json", service.addr)).await.unwrap().json().await.unwrap()
}

/// Methods that a path can be documented with. `HEAD` comes with every `GET`.
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

fn filled(path: &str) -> String {
    let fill = |part: &str| match part {
        "{list}" => "bans".to_owned(),
        part if part.starts_with('{') => "1aaaaaaaaaaaa".to_owned(),
        part => part.to_owned(),
    };
    path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

/// Whether it is the frame that says so, and no handler.
async fn leads_nowhere(answer: Response) -> bool {
    if answer.status() == StatusCode::METHOD_NOT_ALLOWED {
        return true;
    }
    if answer.status() != StatusCode::NOT_FOUND {
        return false;
    }
    let problem: api::Problem = answer.json().await.unwrap();
    problem.code == ErrorCode::NotFound && problem.detail.starts_with("there is nothing at")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_description_is_of_the_service_and_of_nothing_else() {
    let (services, _data) = all_five().await;
    for service in &services {
        let info = document(service).await["info"].clone();
        let mut said: Vec<_> = info.as_object().unwrap().keys().map(String::as_str).collect();
        said.sort_unstable();
        assert_eq!(said, ["description", "license", "title", "version"], "{info}");
        assert!(info["title"].as_str().unwrap().starts_with("Causerie: "), "{info}");
        assert!(!info["description"].as_str().unwrap().contains("tipa"), "{info}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_paths_are_exactly_the_routers() {
    let (services, _data) = all_five().await;
    let http = Client::new();
    let mut wrong = Vec::new();
    for service in &services {
        let document = document(service).await;
        let paths = document["paths"].as_object().unwrap();
        for path in ["/livez", "/readyz", "/metrics", "/problems/{code}", "/v1/events"] {
            assert!(paths.contains_key(path), "{}: {path} is not documented", service.name);
        }
        for (path, operations) in paths {
            for method in METHODS {
                let documented = operations.get(method.as_str().to_lowercase()).is_some();
                let url = format!("http://{}{}", service.addr, filled(path));
                let answer = http.request(method.clone(), url).send().await.unwrap();
                let status = answer.status();
                if leads_nowhere(answer).await == documented {
                    let said = if documented { "documented" } else { "not documented" };
                    wrong.push(format!("{}: {method} {path} is {said}: {status}", service.name));
                }
            }
        }
        let nothing = http.get(format!("http://{}/v1/nothing", service.addr)).send().await.unwrap();
        assert!(leads_nowhere(nothing).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let users = services.iter().find(|service| service.name == ServiceName::Users).unwrap();
    assert!(document(users).await["paths"]["/.well-known/jwks.json"]["get"].is_object());
    for service in services {
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_token_that_is_not_valid_gets_is_documented() {
    let (services, _data) = all_five().await;
    let http = Client::new();
    let mut wrong = Vec::new();
    for service in &services {
        for (path, operations) in document(service).await["paths"].as_object().unwrap() {
            let operations = METHODS.into_iter().filter_map(|method| {
                let operation = operations.get(method.as_str().to_lowercase())?;
                Some((method, operation))
            });
            for (method, operation) in operations {
                let url = format!("http://{}{}", service.addr, filled(path));
                let asked = http.request(method.clone(), url).bearer_auth("nobody's");
                let status = asked.send().await.unwrap().status().as_u16();
                let documented = operation["responses"].as_object().unwrap();
                let is_documented = |status: u16| {
                    documented.contains_key(&status.to_string())
                        || documented.contains_key(&format!("{}XX", status / 100))
                };
                if !is_documented(status) || documented.contains_key("401") && status != 401 {
                    let documented: Vec<_> = documented.keys().collect();
                    wrong.push(format!("{}: {method} {path} answers {status}: {documented:?}", service.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for service in services {
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_does_not_run_is_described_as_one_that_does() {
    let (services, _data) = all_five().await;
    for (name, api) in [
        (ServiceName::Users, user_service::api()),
        (ServiceName::Channels, channel_service::api()),
        (ServiceName::Messages, message_service::api()),
        (ServiceName::Logs, log_service::api()),
    ] {
        let service = services.iter().find(|service| service.name == name).unwrap();
        assert_eq!(document(service).await, serde_json::to_value(api).unwrap(), "{name}");
    }
    for service in services {
        service.stop().await;
    }
}
