//! How does a tool or a prompt get input from the user when the server may send no request of its own?
//!
//! It answers with what it needs to know; the client calls again with the answers and the state it was given, which is
//! sealed, because a client could change it.

use rmcp::ErrorData;
use rmcp::model::{
    ClientCapabilities, InputRequest, InputRequests, InputRequiredResult, InputResponses, RequestStateCodec,
};
use serde_json::Value;

use crate::fixtures;

/// What a call with input comes to.
pub(crate) enum Outcome {
    Ask(InputRequiredResult),
    /// All was answered; a text about it.
    Done(String),
}

/// Goes on with the fixture of this name, if there is one: asks, asks again for what is missing, or is done.
pub(crate) fn go_on(
    name: &str,
    responses: Option<&InputResponses>,
    state: Option<&str>,
    client: &ClientCapabilities,
    seal: &RequestStateCodec,
) -> Option<Result<Outcome, ErrorData>> {
    let fixture = fixtures::entry("rounds", name)?;
    let rounds = fixture["rounds"].as_array().unwrap();
    let stateful = fixture["state"] == true;
    let ask = |round: usize| {
        let state = stateful.then(|| seal.seal(&[round as u8]));
        Outcome::Ask(InputRequiredResult::new(Some(requests(&rounds[round], client)), state))
    };

    let round = match state.filter(|_| stateful).map(|state| seal.open(state)) {
        Some(Ok(opened)) => usize::from(opened[0]),
        Some(Err(error)) => return Some(Err(ErrorData::invalid_params(format!("requestState: {error}"), None))),
        None => 0,
    };
    // Answers to a question with state are worth nothing without the state.
    let responses = responses.filter(|_| state.is_some() || !stateful);
    let answers = responses.and_then(|responses| answers(&rounds[round], client, responses));
    Some(Ok(match answers {
        None => ask(round),
        Some(_) if round + 1 < rounds.len() => ask(round + 1),
        Some(answers) => Outcome::Done(format!("state-ok, answered: {answers}")),
    }))
}

/// The requests of one round that the client says it can answer.
fn requests(round: &Value, client: &ClientCapabilities) -> InputRequests {
    let wanted = round.as_object().unwrap().iter();
    let requests = wanted.map(|(key, request)| {
        let request = fixtures::entry("requests", request.as_str().unwrap()).unwrap();
        (key.clone(), fixtures::read::<InputRequest>(request.clone()))
    });
    requests.filter(|(_, request)| can_answer(client, request)).collect()
}

fn can_answer(client: &ClientCapabilities, request: &InputRequest) -> bool {
    match request {
        InputRequest::Elicitation(_) => client.elicitation.is_some(),
        InputRequest::CreateMessage(_) => client.sampling.is_some(),
        InputRequest::ListRoots(_) => client.roots.is_some(),
        _ => false,
    }
}

/// The answers to one round as text, if all of them are there and none is malformed. Others are ignored.
fn answers(round: &Value, client: &ClientCapabilities, responses: &InputResponses) -> Option<String> {
    let texts = requests(round, client).into_iter().map(|(key, request)| {
        let response = responses.get(&key)?;
        let content = match request {
            InputRequest::Elicitation(_) => Some(&response["content"]).filter(|content| content.is_object()),
            InputRequest::CreateMessage(_) => response["content"].get("text"),
            InputRequest::ListRoots(_) => Some(&response["roots"]).filter(|roots| roots.is_array()),
            _ => None,
        };
        Some(format!("{key}={}", content?))
    });
    texts.collect::<Option<Vec<_>>>().map(|texts| texts.join(" "))
}
