//! What every service answers beside its own work: pages for watchers and readers, an OpenAPI document that is exactly what there
//! is, and problems for whatever is asked wrongly.

use api::ErrorCode;
use e2e::{
    Answer, Channels, Gateway, Logs, Messages, Rest, ServiceName, Town, Users, fresh, in_every_town, segment,
};
use reqwest::Method;

const OWNERS: [ServiceName; 4] = [Users, Channels, Messages, Logs];

/// As every refusal is: a problem of the catalogue that can be found in the logs.
fn assert_problem(answer: &Answer) {
    let what = format!("{} {}", answer.status, answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
    let code: ErrorCode =
        answer.code().parse().unwrap_or_else(|()| panic!("no code of the catalogue: {what}"));
    assert_eq!(code.status(), answer.status, "{what}");
    assert_eq!(answer.header("trace-id").len(), 32, "{what}");
}

/// Each operation of a service's OpenAPI document, with something in each place of its path.
async fn operations(rest: &Rest, service: ServiceName) -> Vec<(Method, String)> {
    let document = rest.get(service, "/openapi.json").await;
    let paths = document.is(200).body["paths"].as_object().expect("paths").clone();
    let mut found = Vec::new();
    for (path, operations) in paths {
        let filled: Vec<_> = path
            .split('/')
            .map(|part| match part {
                "{list}" => "bans",
                "{code}" => "forbidden",
                part if part.starts_with('{') => "1aaaaaaaaaaaa",
                part => part,
            })
            .collect();
        for method in operations.as_object().expect("operations").keys() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            if [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(&method) {
                found.push((method, filled.join("/")));
            }
        }
    }
    found
}

in_every_town! {
    async fn every_service_has_its_pages(town: &Town) {
        let rest = town.rest();
        for service in ServiceName::ALL {
            for page in ["/livez", "/readyz", "/metrics", "/openapi.json", "/docs/"] {
                rest.get(service, page).await.is(200);
            }
            for code in ErrorCode::ALL {
                let page = rest.get(service, &format!("/problems/{code}")).await;
                assert!(page.is(200).text.contains(&format!("{} {code}", code.status())), "{}", page.text);
            }
            rest.get(service, "/problems/nonsense").await.refused("not-found");
        }
        let metrics = rest.get(Gateway, "/metrics").await.text;
        assert!(metrics.contains("gateway_"), "{metrics}");
    }

    async fn every_documented_path_is_there_and_wants_a_token(town: &Town) {
        let rest = town.rest();
        let guest = rest.guest(&fresh("reader")).await;
        for service in OWNERS {
            let operations = operations(&rest, service).await;
            assert!(operations.len() >= 3, "{service}: {operations:?}");
            for (method, path) in operations {
                let what = format!("{service}: {method} {path}");
                let anonymous = rest.send(rest.request(method.clone(), service, &path)).await;
                assert_ne!(anonymous.code(), "not-found", "{what}: documented, but not there");
                assert_ne!(anonymous.code(), "method-not-allowed", "{what}: documented, but not there");
                assert!(anonymous.status < 500, "{what}: {}", anonymous.text);
                // A stream that is open to a guest would be read for ever.
                if path.ends_with("/stream") || path.ends_with("/events") {
                    continue;
                }
                // Without a body, or with one that is none of the kind.
                for body in ["", "{", "[]", "{\"nonsense\":1}"] {
                    let request = guest.request(method.clone(), service, &path).header("content-type", "application/json");
                    let answer = guest.send(request.body(body)).await;
                    assert!(answer.status < 500, "{what} with {body:?}: {}", answer.text);
                    if answer.status >= 400 {
                        assert_problem(&answer);
                    }
                }
            }
        }
    }

    async fn whatever_is_asked_wrongly_is_a_problem(town: &Town) {
        let guest = town.rest().guest(&fresh("wrong")).await;
        for service in ServiceName::ALL {
            let nothing = guest.get(service, "/v1/nothing").await;
            assert_problem(nothing.refused("not-found"));
            let method = guest.delete(service, "/livez").await;
            assert_problem(method.refused("method-not-allowed"));
            assert!(method.header("allow").contains("GET"), "{:?}", method.headers);
        }
        for service in OWNERS {
            for token in ["nonsense", "a.b.c", ""] {
                let answer = guest.with_token(token).get(service, "/v1/users/me/channels").await;
                assert!([401, 404].contains(&answer.status), "{service} {token:?}: {}", answer.text);
                assert_problem(&answer);
            }
        }
        // What is in a path or a query may be anything.
        let hostile = ["%00", "..%2f..", "%ff%fe", "a%0d%0ab", "%F0%9F%92%A9", "'%20or%201=1--", "x".repeat(500).as_str()].map(str::to_owned);
        for text in &hostile {
            for (service, path) in [
                (Users, format!("/v1/users/{text}")),
                (Channels, format!("/v1/channels/{text}")),
                (Channels, format!("/v1/channels?match={text}&cursor={text}")),
                (Messages, format!("/v1/channels/{text}/messages?after={text}")),
                (Messages, format!("/v1/messages/{text}")),
                (Logs, format!("/v1/logs?q={text}&since={text}")),
            ] {
                let answer = guest.get(service, &path).await;
                assert!(answer.status < 500, "{service} {path}: {}", answer.text);
                if answer.status >= 400 {
                    assert_problem(&answer);
                }
            }
        }
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let traced = guest.with_header("traceparent", &format!("00-{trace}-00f067aa0ba902b7-01"));
        let refused = traced.get(Users, &format!("/v1/users/{}", segment("nobody-at-all"))).await;
        assert_eq!(refused.refused("no-such-nick").body["trace_id"], trace);
    }
}
