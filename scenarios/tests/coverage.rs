//! The scenarios speak the language of the WIT, and of all that it has.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

use serde_json::{Map, Value};
use wit_parser::{Function, Handle, Interface, InterfaceId, Resolve, SourceMap, Type, TypeDefKind};

struct Wit {
    resolve: Resolve,
    graph: InterfaceId,
    store: InterfaceId,
}

impl Wit {
    fn read() -> Self {
        let mut texts = SourceMap::new();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
        for file in fs::read_dir(folder).expect("the WIT is there") {
            let file = file.unwrap().path();
            texts.push_str(&file.display().to_string(), fs::read_to_string(file).unwrap());
        }
        let parsed = texts.parse().map_err(|(_, error)| error).expect("the WIT is well formed");
        let mut resolve = Resolve::default();
        let package = resolve.push_group(parsed).expect("the WIT is whole");
        let interfaces = &resolve.packages[package].interfaces;
        let (graph, store) = (interfaces["identity-graph"], interfaces["kv-cas"]);
        Self { resolve, graph, store }
    }

    fn interface(&self, id: InterfaceId) -> &Interface {
        &self.resolve.interfaces[id]
    }

    /// An operation by the member `call` of a step.
    fn function(&self, call: &str, is_of_snapshot: bool) -> &Function {
        let functions = &self.interface(self.graph).functions;
        let resource = if is_of_snapshot { "snapshot" } else { "graph" };
        let names =
            ["method", "static"].map(|kind| format!("[{kind}]{resource}.{call}")).into_iter();
        let mut names = names.chain([call.to_owned()]);
        let found = names.find_map(|name| functions.get(&name));
        found.unwrap_or_else(|| panic!("the WIT has no operation {call}"))
    }

    /// The cases of all enums and variants of an interface, e.g. `touch-outcome.stale`.
    fn cases(&self, id: InterfaceId) -> BTreeSet<String> {
        let mut cases = BTreeSet::new();
        for (name, id) in &self.interface(id).types {
            match &self.resolve.types[*id].kind {
                TypeDefKind::Enum(of) => {
                    cases.extend(of.cases.iter().map(|case| format!("{name}.{}", case.name)));
                }
                TypeDefKind::Variant(of) => {
                    cases.extend(of.cases.iter().map(|case| format!("{name}.{}", case.name)));
                }
                _ => {}
            }
        }
        cases
    }

    fn named(&self, interface: InterfaceId, name: &str) -> Type {
        Type::Id(self.interface(interface).types[name])
    }
}

/// Compares values with their types, and collects the cases that they name.
struct Reader<'a> {
    wit: &'a Wit,
    cases: BTreeSet<String>,
    operations: BTreeSet<String>,
}

impl Reader<'_> {
    fn value(&mut self, of: Type, value: &Value) {
        let is_text = value.is_string() || is_part(value);
        match of {
            Type::Bool => assert!(value.is_boolean(), "{value} is no bool"),
            Type::String => assert!(is_text, "{value} is no text"),
            Type::Id(id) => self.defined(id, value),
            _ => assert!(value.is_number(), "{value} is no number"),
        }
    }

    fn defined(&mut self, id: wit_parser::TypeId, value: &Value) {
        let wit = self.wit;
        let defined = &wit.resolve.types[id];
        let name = defined.name.as_deref().unwrap_or_default();
        match &defined.kind {
            TypeDefKind::Type(of) => self.value(*of, value),
            TypeDefKind::Option(of) if !value.is_null() => self.value(*of, value),
            TypeDefKind::Option(_) => {}
            TypeDefKind::Record(record) => {
                // A policy by its name.
                if name == "policy" && value == "trusted-server" {
                    return;
                }
                for (member, value) in object(value) {
                    let field = record.fields.iter().find(|field| field.name == *member);
                    let field = field.unwrap_or_else(|| panic!("{name} has no {member}"));
                    self.value(field.ty, value);
                }
            }
            TypeDefKind::Enum(_) => {
                let case = value.as_str().unwrap_or_else(|| panic!("{value} is no {name}"));
                self.case(name, case);
            }
            TypeDefKind::Variant(variant) => {
                let (case, payload) = match value {
                    Value::Object(members) if members.len() == 1 => {
                        members.iter().next().map(|(case, payload)| (&**case, Some(payload)))
                    }
                    other => other.as_str().map(|case| (case, None)),
                }
                .unwrap_or_else(|| panic!("{value} is no {name}"));
                self.case(name, case);
                let of = variant.cases.iter().find(|of| of.name == case).and_then(|of| of.ty);
                if let Some((of, payload)) = of.zip(payload) {
                    self.value(of, payload);
                }
            }
            // Bytes are told as text.
            TypeDefKind::List(Type::U8) => self.value(Type::String, value),
            TypeDefKind::List(of) => {
                for value in value.as_array().unwrap_or_else(|| panic!("{value} is no list")) {
                    self.value(*of, value);
                }
            }
            // A snapshot is told by its entry.
            TypeDefKind::Handle(Handle::Own(of)) => match wit.resolve.types[*of].name.as_deref() {
                Some("snapshot") => self.value(wit.named(wit.graph, "entry"), value),
                _ => assert!(value.is_null(), "{value} is told of a resource"),
            },
            other => panic!("{name} is a {}", other.as_str()),
        }
    }

    fn case(&mut self, of: &str, case: &str) {
        let case = format!("{of}.{case}");
        let (graph, store) = (self.wit.graph, self.wit.store);
        let is_known = [graph, store].iter().any(|id| self.wit.cases(*id).contains(&case));
        assert!(is_known, "the WIT has no {case}");
        self.cases.insert(case);
    }

    fn call(&mut self, step: &Map<String, Value>) {
        let call = step["call"].as_str().expect("a call has a name");
        let function = self.wit.function(call, step.contains_key("on"));
        self.operations.insert(function.name.clone());
        for param in &function.params {
            if let Some(argument) = step.get(&param.name) {
                self.value(param.ty, argument);
            }
        }
        let expect = object(&step["expect"]);
        match function.result.map(|of| (of, self.result(of))) {
            // Whether it is the stored row's.
            _ if call == "generation" => {}
            None => assert!(expect["ok"].is_null()),
            Some((of, None)) => self.value(of, &expect["ok"]),
            Some((_, Some((ok, error)))) => match (expect.get("ok"), ok) {
                (Some(value), Some(ok)) => self.value(ok, value),
                (Some(value), None) => assert!(value.is_null(), "{call} answers nothing"),
                (None, _) => self.value(error, &expect["error"]),
            },
        }
        for fault in step.get("faults").and_then(Value::as_array).into_iter().flatten() {
            let fault = fault.get("fault").and_then(Value::as_str);
            if let Some(fault) = fault.filter(|fault| !OF_THE_SCRIPT.contains(fault)) {
                self.case("kv-error", fault);
            }
        }
    }

    /// What a function answers and what it fails with.
    fn result(&self, of: Type) -> Option<(Option<Type>, Type)> {
        let Type::Id(id) = of else { return None };
        match &self.wit.resolve.types[id].kind {
            TypeDefKind::Result(result) => Some((result.ok, result.err?)),
            _ => None,
        }
    }
}

/// Faults that are no `kv-error`.
const OF_THE_SCRIPT: [&str; 5] = ["miss", "stale", "lost-answer", "refused", "sent-twice"];

/// A part of a text, or a long text.
fn is_part(value: &Value) -> bool {
    value.get("contains").or(value.get("repeat")).is_some_and(Value::is_string)
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("{value} is no object"))
}

/// The scenarios as JSON.
fn scenarios() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|of| of == "json"));
    let read = |file| -> Vec<Value> {
        let mut subject: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        serde_json::from_value(subject["scenarios"].take()).unwrap()
    };
    files.flat_map(read).collect()
}

fn steps(scenarios: &[Value]) -> impl Iterator<Item = &Map<String, Value>> {
    scenarios.iter().flat_map(|scenario| scenario["steps"].as_array().unwrap()).map(object)
}

fn read<'a>(wit: &'a Wit, scenarios: &[Value]) -> Reader<'a> {
    let mut reader = Reader { wit, cases: BTreeSet::new(), operations: BTreeSet::new() };
    let calls = steps(scenarios).filter(|step| step.contains_key("call"));
    calls.for_each(|step| reader.call(step));
    reader
}

#[test]
fn every_operation_outcome_and_error_occurs_in_a_scenario() {
    let wit = Wit::read();
    let scenarios = scenarios();
    let Reader { cases, operations, .. } = read(&wit, &scenarios);
    let all: BTreeSet<_> = wit.interface(wit.graph).functions.keys().cloned().collect();
    let missing: Vec<_> = all.difference(&operations).collect();
    assert!(missing.is_empty(), "no scenario calls {missing:?}");
    let errors = wit.cases(wit.store).into_iter().filter(|case| case.starts_with("kv-error."));
    let all: BTreeSet<_> = wit.cases(wit.graph).into_iter().chain(errors).collect();
    let missing: Vec<_> = all.difference(&cases).collect();
    assert!(missing.is_empty(), "no scenario has {missing:?}");
}

#[test]
fn every_fault_of_the_script_and_every_kind_of_operation_occur_in_some_scenario() {
    let scenarios = scenarios();
    let faults = || {
        let of = |step: &Map<String, Value>| step.get("faults").cloned().unwrap_or_default();
        steps(&scenarios).filter_map(move |step| of(step).as_array().cloned()).flatten()
    };
    let said = |member: &str| -> BTreeSet<String> {
        let text = |fault: Value| fault[member].as_str().map(str::to_owned);
        faults().filter_map(text).collect()
    };
    let missing = OF_THE_SCRIPT.into_iter().find(|fault| !said("fault").contains(*fault));
    assert_eq!(missing, None);
    assert_eq!(said("at"), ["count", "delete", "get", "head", "put"].map(str::to_owned).into());
    assert_eq!(said("nth"), ["every".to_owned()].into());
    assert!(faults().any(|fault| fault["before"].is_array()));
}

#[test]
fn there_are_at_least_sixty_scenarios_and_each_has_a_name_of_its_own() {
    let scenarios = scenarios();
    assert!(scenarios.len() >= 60, "{} are not enough", scenarios.len());
    let names: BTreeSet<_> = scenarios.iter().map(|of| of["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), scenarios.len());
}

#[test]
#[should_panic(expected = "the WIT has no touch-outcome.bounced")]
fn a_case_that_the_wit_does_not_have_is_found() {
    let step = serde_json::json!({
        "call": "update-last-seen", "ec-id": "a1", "now": 1, "expect": { "ok": "bounced" }
    });
    let wit = Wit::read();
    read(&wit, &[serde_json::json!({ "steps": [step] })]);
}

#[test]
fn an_operation_that_no_scenario_calls_and_a_case_that_none_has_are_missed() {
    let wit = Wit::read();
    let mut scenarios = scenarios();
    let of = |call: &str| wit.function(call, true).name.clone();
    scenarios.retain(|scenario| !scenario.to_string().contains("\"withdraw\""));
    assert!(!read(&wit, &scenarios).operations.contains(&of("withdraw")));
    scenarios.retain(|scenario| !scenario.to_string().contains("debounced"));
    assert!(!read(&wit, &scenarios).cases.contains("touch-outcome.debounced"));
}
