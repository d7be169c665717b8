//! Which investigations are led? One file each; this is the table, and the check of what they are given.
//!
//! A prompt is one message that sends the assistant through the tools, its first calls filled in from the arguments and
//! from what the store holds at that moment.

mod debug_crash;
mod lead;
mod live;
mod what_happened_around;
mod who_changed_state;
mod why_slow;

use rmcp::model::{ErrorData, GetPromptRequestParams, GetPromptResult, JsonObject, Prompt, PromptMessage, Role};
use serde_json::Value;

use super::closest::did_you_mean;
use crate::EventStore;
use crate::visible::visible_lines;
use crate::watch::Watch;

use lead::{Argument, Given, Lead};

static TABLE: [Lead; 4] = [debug_crash::LEAD, why_slow::LEAD, who_changed_state::LEAD, what_happened_around::LEAD];

/// Every prompt, in the order they are listed.
pub(crate) fn all() -> &'static [Lead] {
    &TABLE
}

/// What `prompts/list` shows.
pub(crate) fn list() -> Vec<Prompt> {
    let argument = |one: &Argument| {
        let shown = rmcp::model::PromptArgument::new(one.name).with_description(one.description);
        shown.with_required(one.is_required)
    };
    let prompt = |lead: &Lead| {
        let arguments = lead.arguments.iter().map(argument).collect();
        Prompt::new(lead.name, Some(lead.description), Some(arguments)).with_title(lead.title)
    };
    TABLE.iter().map(prompt).collect()
}

/// The message of a prompt. A wrong name or argument is an error that says what is right.
pub(crate) fn get(
    store: &EventStore,
    request: GetPromptRequestParams,
    watch: &dyn Watch,
) -> Result<GetPromptResult, ErrorData> {
    let Some(lead) = TABLE.iter().find(|lead| lead.name == request.name) else {
        let names: Vec<&str> = TABLE.iter().map(|lead| lead.name).collect();
        let closest = did_you_mean(&request.name, names.iter().copied());
        let message = format!("Unknown prompt: {}. Available: {}.{closest}", request.name, names.join(", "));
        return Err(ErrorData::invalid_params(message, None));
    };
    let example = || format!("\nArguments that work: {} {}", lead.name, lead.example);
    let refused = |problem: String| ErrorData::invalid_params(format!("{problem}{}", example()), None);
    let mut given = check(lead, request.arguments.unwrap_or_default()).map_err(refused)?;
    let write = |given: &mut Given| {
        given.narrow(store, watch)?;
        (lead.write)(store, given)
    };
    let text = write(&mut given).map_err(|error| refused(error.to_string()))?;
    let message = PromptMessage::new_text(Role::User, visible_lines(&text));
    Ok(GetPromptResult::new(vec![message]).with_description(lead.title))
}

fn check(lead: &Lead, arguments: JsonObject) -> Result<Given, String> {
    let names = || lead.arguments.iter().map(|one| one.name);
    let mut given = Given::default();
    let mut problems = Vec::new();
    for (name, value) in arguments {
        let Some(argument) = lead.arguments.iter().find(|one| one.name == name) else {
            let known = names().collect::<Vec<_>>().join(", ");
            problems
                .push(format!("{name}: unknown argument.{} Known arguments: {known}", did_you_mean(&name, names())));
            continue;
        };
        match value {
            Value::String(text) if text.trim().is_empty() => {}
            Value::String(text) => given.0.push((argument.name, text.trim().to_owned())),
            // Hosts with a form send text; who writes JSON by hand may write a number.
            Value::Number(number) => given.0.push((argument.name, number.to_string())),
            Value::Null => {}
            other => problems.push(format!("{name}: got {other}; expected a string")),
        }
    }
    for argument in lead.arguments.iter().filter(|one| one.is_required && given.get(one.name).is_none()) {
        problems.push(format!("{}: missing; expected {}", argument.name, argument.description));
    }
    if problems.is_empty() { Ok(given) } else { Err(problems.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lead(name: &str) -> &'static Lead {
        TABLE.iter().find(|lead| lead.name == name).unwrap()
    }

    fn checked(name: &str, arguments: Value) -> Result<Given, String> {
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        check(lead(name), arguments)
    }

    #[test]
    fn what_is_wrong_with_arguments_is_told_all_at_once() {
        let problems = checked("who_changed_state", json!({"pidd": "<0.1.0>", "since": ["-5s"]})).unwrap_err();
        for told in ["pidd: unknown argument. Did you mean \"pid\"?", "since: got [\"-5s\"]", "pid: missing; expected "]
        {
            assert!(problems.contains(told), "{problems}");
        }
        assert!(checked("who_changed_state", json!({"pid": "  "})).unwrap_err().contains("pid: missing"));
    }

    #[test]
    fn text_is_trimmed_and_numbers_are_taken_as_their_digits() {
        let given = checked("what_happened_around", json!({"moment": -576_460_751_564_576_952_i64})).unwrap();
        assert_eq!(given.get("moment"), Some("-576460751564576952"));
        let given = checked("who_changed_state", json!({"pid": " <0.1.0> ", "since": null})).unwrap();
        assert_eq!((given.get("pid"), given.get("since")), (Some("<0.1.0>"), None));
    }

    #[test]
    fn the_example_of_every_prompt_has_its_arguments() {
        for lead in &TABLE {
            checked(lead.name, serde_json::from_str(lead.example).unwrap()).unwrap();
        }
    }
}
