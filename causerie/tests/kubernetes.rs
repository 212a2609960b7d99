//! The manifests of deploy/kubernetes are what Kubernetes takes, field by field, and say of the program what is true of it.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its message")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use k8s_openapi::api::{
    apps::v1::{Deployment, StatefulSet},
    core::v1::{ConfigMap, Container, Namespace, PodSpec, Service},
    networking::v1::NetworkPolicy,
    policy::v1::PodDisruptionBudget,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

const PORTS: [(&str, i32); 5] =
    [("gateway", 8080), ("users", 8101), ("channels", 8102), ("messages", 8103), ("logs", 8104)];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/kubernetes")
}

/// The objects of all files that the kustomization names, with the file's name.
fn objects() -> Vec<(String, Value)> {
    let read = |name: &str| {
        fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let kustomization: Value = serde_yaml_ng::from_str(&read("kustomization.yaml")).unwrap();
    let mut all = Vec::new();
    for name in kustomization["resources"].as_array().unwrap() {
        let name = name.as_str().unwrap();
        for document in serde_yaml_ng::Deserializer::from_str(&read(name)) {
            let object =
                serde::Deserialize::deserialize(document).unwrap_or_else(|error| panic!("{name}: {error}"));
            all.push((name.to_owned(), object));
        }
    }
    all
}

/// As that kind of object, with nothing left over: a field that Kubernetes does not know would be gone.
fn checked<T: DeserializeOwned + Serialize>(file: &str, object: &Value) -> T {
    let typed: T = serde_json::from_value(object.clone()).unwrap_or_else(|error| panic!("{file}: {error}"));
    let again = serde_json::to_value(&typed).unwrap();
    must_hold(file, object, &again);
    typed
}

fn must_hold(at: &str, given: &Value, known: &Value) {
    match (given, known) {
        (Value::Object(given), Value::Object(known)) => {
            for (key, value) in given {
                let found = known.get(key).unwrap_or_else(|| panic!("{at}: Kubernetes knows no {key:?}"));
                must_hold(&format!("{at}.{key}"), value, found);
            }
        }
        (Value::Array(given), Value::Array(known)) => {
            assert_eq!(given.len(), known.len(), "{at}");
            given.iter().zip(known).for_each(|(given, known)| must_hold(at, given, known));
        }
        _ => assert_eq!(given, known, "{at}"),
    }
}

#[test]
fn every_object_is_one_that_kubernetes_takes() {
    let mut kinds = BTreeSet::new();
    for (file, object) in objects() {
        let kind = object["kind"].as_str().unwrap().to_owned();
        match kind.as_str() {
            "ConfigMap" => drop(checked::<ConfigMap>(&file, &object)),
            "Deployment" => drop(checked::<Deployment>(&file, &object)),
            "Namespace" => drop(checked::<Namespace>(&file, &object)),
            "NetworkPolicy" => drop(checked::<NetworkPolicy>(&file, &object)),
            "PodDisruptionBudget" => drop(checked::<PodDisruptionBudget>(&file, &object)),
            "Service" => drop(checked::<Service>(&file, &object)),
            "StatefulSet" => drop(checked::<StatefulSet>(&file, &object)),
            other => panic!("{file}: {other} is looked at by nobody"),
        }
        kinds.insert(kind);
    }
    assert_eq!(kinds.len(), 7, "{kinds:?}");
    let files: BTreeSet<_> = objects().into_iter().map(|(file, _)| file).collect();
    let there =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let there: BTreeSet<_> = there.filter(|name| name != "kustomization.yaml").collect();
    assert_eq!(files, there, "the kustomization names all files");
}

fn deployment(name: &str) -> (PodSpec, Container) {
    let found = objects()
        .into_iter()
        .find(|(_, object)| object["kind"] == "Deployment" && object["metadata"]["name"] == name);
    let (file, object) = found.unwrap_or_else(|| panic!("no {name}"));
    let pod = checked::<Deployment>(&file, &object).spec.unwrap().template.spec.unwrap();
    let container = pod.containers[0].clone();
    (pod, container)
}

#[test]
fn each_process_is_asked_where_it_answers() {
    for (name, port) in PORTS {
        let (pod, container) = deployment(name);
        assert_eq!(container.args.as_deref(), Some(&[name.to_owned()][..]));
        let ports = container.ports.unwrap();
        assert!(
            ports.iter().any(|it| it.name.as_deref() == Some("http") && it.container_port == port),
            "{name}"
        );
        let path = |probe: Option<k8s_openapi::api::core::v1::Probe>| probe.unwrap().http_get.unwrap().path;
        assert_eq!(path(container.readiness_probe).as_deref(), Some("/readyz"));
        assert_eq!(path(container.liveness_probe).as_deref(), Some("/livez"));
        // A process has ten seconds to end, and `CHAT_SERVICE_HOST` would be a setting that there is not.
        assert!(
            pod.termination_grace_period_seconds.unwrap() > 10 && pod.enable_service_links == Some(false)
        );
    }
}

/// The shared settings and each process's own are settings that there are, with values that can work.
#[test]
fn what_is_set_are_settings() {
    let shared = objects().into_iter().find(|(_, object)| object["kind"] == "ConfigMap").unwrap().1;
    let shared: ConfigMap = checked("settings.yaml", &shared);
    let mut set: Vec<(String, String)> = shared.data.unwrap().into_iter().collect();
    for (name, _) in PORTS {
        let own = deployment(name).1.env.unwrap_or_default();
        set.extend(own.into_iter().map(|it| (it.name, it.value.unwrap())));
    }
    let secrets = tempfile::tempdir().unwrap();
    for (file, text) in [("nats.url", "nats://nats:4222"), ("database.url", "postgres://causerie@x/causerie")]
    {
        fs::write(secrets.path().join(file), text).unwrap();
    }
    for (name, value) in set {
        let value = value.replace("/secrets", &secrets.path().display().to_string());
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_causerie"))
            .args(["--print-config"])
            .env(&name, &value)
            .current_dir(secrets.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}={value}: {said}");
    }
    let unknown = std::process::Command::new(env!("CARGO_BIN_EXE_causerie"))
        .args(["--print-config"])
        .env("CAUSERIE_BUS__KINDS", "nats")
        .current_dir(secrets.path())
        .output()
        .unwrap();
    assert!(!unknown.status.success(), "a setting that there is not is refused");
}
