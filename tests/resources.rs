//! Resources of the real server: what is listed, what is read, how a wrong URI is refused, who is told of changes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

#[path = "support/client.rs"]
mod client;

use std::time::Instant;

use client::{BANK, Client, modern};
use serde_json::{Value, json};

fn read(client: &mut Client, uri: &str) -> (String, String) {
    let result = client.ask("resources/read", json!({"uri": uri}));
    let [contents] = result["contents"].as_array().unwrap().as_slice() else { panic!("{result}") };
    assert_eq!(contents["uri"], uri, "as it was asked for");
    (contents["text"].as_str().unwrap().to_owned(), contents["mimeType"].as_str().unwrap().to_owned())
}

fn refused(client: &mut Client, uri: &str) -> String {
    let (code, message) = client.error("resources/read", json!({"uri": uri}));
    assert_eq!(code, -32602, "{message}");
    message
}

#[test]
fn resources_and_templates_are_listed() {
    let mut client = Client::start();
    let list = client.ask("resources/list", json!({}));
    let uris: Vec<&str> =
        list["resources"].as_array().unwrap().iter().map(|one| one["uri"].as_str().unwrap()).collect();
    assert_eq!(uris, ["elixirscope://stats", "elixirscope://guide"]);
    let list = client.ask("resources/templates/list", json!({}));
    let templates = list["resourceTemplates"].as_array().unwrap();
    let uris: Vec<&str> = templates.iter().map(|one| one["uriTemplate"].as_str().unwrap()).collect();
    assert_eq!(uris, ["elixirscope://event/{event_id}", "elixirscope://pid/{pid}", "elixirscope://ast/{ast_node_id}"]);
    client.finish();
}

#[test]
fn the_statistics_are_what_get_stats_answers() {
    let mut client = Client::start_with(&BANK);
    let (text, mime) = read(&mut client, "elixirscope://stats");
    assert_eq!(mime, "application/json");
    let stats: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(stats["total_events"], 10_000);
    assert_eq!(stats, client.call("get_stats", json!({})));
}

#[test]
fn the_guide_names_every_tool_prompt_and_resource() {
    let mut client = Client::start();
    let (guide, mime) = read(&mut client, "elixirscope://guide");
    assert_eq!(mime, "text/markdown");
    let mut names = Vec::new();
    for (method, list, key) in [
        ("tools/list", "tools", "name"),
        ("tools/list", "tools", "description"),
        ("prompts/list", "prompts", "name"),
        ("resources/list", "resources", "uri"),
        ("resources/templates/list", "resourceTemplates", "uriTemplate"),
    ] {
        let listed = client.ask(method, json!({}));
        names.extend(listed[list].as_array().unwrap().iter().map(|one| one[key].as_str().unwrap().to_owned()));
    }
    assert!(names.len() > 30);
    for name in names {
        assert!(guide.contains(&name), "{name}");
    }
    assert!(guide.len() < 16_000, "{} bytes are too many for a context window", guide.len());
}

#[test]
fn a_process_is_read_as_tail_shows_it() {
    let mut client = Client::start_with(&BANK);
    let tail = client.text("last_n_events_for_pid", json!({"pid": "<0.162.0>"}));
    for uri in ["elixirscope://pid/0.162.0", "elixirscope://pid/%3C0.162.0%3E", "elixirscope://pid/<0.162.0>"] {
        let (text, mime) = read(&mut client, uri);
        assert_eq!(mime, "text/plain");
        let (call, events) = text.split_once('\n').unwrap();
        assert!(call.starts_with("call: last_n_events_for_pid {\"pid\":"), "{call}");
        assert_eq!(events, tail, "{uri}");
    }
}

#[test]
fn a_place_in_the_source_is_read_by_its_percent_encoded_id() {
    let mut client = Client::start_with(&BANK);
    let node = "Bank.Teller:transfer:3:line_143:expr_0";
    let arguments = json!({"ast_node_id": node, "order": "desc"});
    let newest = client.text("query_events_by_ast_node", arguments);
    let (text, _) = read(&mut client, "elixirscope://ast/Bank.Teller%3Atransfer%3A3%3Aline_143%3Aexpr_0");
    assert_eq!(text.split_once('\n').unwrap().1, newest);
    assert!(text.contains("total_matched=91"), "{text}");
}

#[test]
fn an_event_is_read_whole() {
    let mut client = Client::start();
    let event = json!({"id": "a b/ü?", "ts": -7, "data": {"n": 12_345_678_901_234_567_890_u64}});
    client.call("store_event", json!({"event": event}));
    let (text, mime) = read(&mut client, "elixirscope://event/a%20b%2F%C3%BC%3F");
    assert_eq!(mime, "application/json");
    assert_eq!(text, r#"{"event_id":"a b/ü?","timestamp":-7,"data":{"n":12345678901234567890}}"#);
}

#[test]
fn a_table_read_as_a_resource_is_bounded() {
    let mut client = Client::start_with(&BANK);
    let pids = client.call("get_stats", json!({}))["top_pids"].as_array().unwrap().clone();
    for pid in pids {
        let uri = format!("elixirscope://pid/{}", pid["name"].as_str().unwrap().trim_matches(['<', '>']));
        let (text, _) = read(&mut client, &uri);
        assert!(text.len() <= 20_000 + 200, "{uri}: {} bytes", text.len());
    }
}

#[test]
fn what_is_not_there_is_invalid_params_with_the_closest_there_is() {
    let mut client = Client::start_with(&BANK);
    for (uri, told) in [
        ("elixirscope://stat", "Did you mean \"elixirscope://stats\"?"),
        ("elixirscope://pids/0.1.0", "Did you mean \"elixirscope://pid/{pid}\"?"),
        ("https://example.com", "expected one of elixirscope://stats, "),
        ("elixirscope://pid/collector", "read elixirscope://pid/%3Acollector."),
        ("elixirscope://pid/0.9120.0", "read elixirscope://pid/0.120.0."),
        (
            "elixirscope://ast/Bank.Teller:transfer:3:line_143",
            "elixirscope://ast/Bank.Teller%3Atransfer%3A3%3Aline_143%3Aexpr_0",
        ),
        ("elixirscope://event/ev-9888", "read elixirscope://event/evt-9888."),
        ("elixirscope://event/100%", "%25"),
    ] {
        let message = refused(&mut client, uri);
        assert!(message.starts_with("uri: ") && message.contains(told), "{uri}: {message}");
        let (code, modern_message) = client.error("resources/read", modern(json!({"uri": uri})));
        assert_eq!((code, modern_message), (-32602, message), "both eras");
    }
    let mut empty = Client::start();
    assert!(refused(&mut empty, "elixirscope://pid/0.1.0").contains("may be empty"));
}

#[test]
fn no_list_takes_a_cursor_it_did_not_give() {
    let mut client = Client::start();
    for method in ["tools/list", "resources/list", "resources/templates/list", "prompts/list"] {
        assert_eq!(client.ask(method, json!({})).get("nextCursor"), None, "{method}: one page");
        let (code, message) = client.error(method, json!({"cursor": "nonsense"}));
        assert_eq!(code, -32602);
        assert!(message.contains(method) && message.contains("first page"), "{message}");
    }
}

#[test]
fn lists_say_how_long_they_stay_to_who_understands_it() {
    let mut client = Client::start();
    for method in ["tools/list", "resources/list", "resources/templates/list", "prompts/list"] {
        assert_eq!(client.ask(method, json!({})).get("ttlMs"), None, "{method}");
        let list = client.ask(method, modern(json!({})));
        assert_eq!((&list["cacheScope"], &list["ttlMs"]), (&json!("public"), &json!(3_600_000)), "{method}");
    }
    let guide = client.ask("resources/read", modern(json!({"uri": "elixirscope://guide"})));
    assert_eq!(guide["ttlMs"], 3_600_000);
    let stats = client.ask("resources/read", modern(json!({"uri": "elixirscope://stats"})));
    assert_eq!((&stats["cacheScope"], &stats["ttlMs"]), (&json!("private"), &json!(0)));
}

fn is_update(message: &Value) -> bool {
    message["method"] == "notifications/resources/updated" && message["params"]["uri"] == "elixirscope://stats"
}

#[test]
fn a_subscriber_is_told_of_a_burst_a_few_times_and_not_once_per_event() {
    let mut client = Client::start();
    client.ask("resources/subscribe", json!({"uri": "elixirscope://stats"}));
    client.call("store_event", json!({"event": {"ts": 0}}));
    assert!(is_update(&client.next()));

    let started = Instant::now();
    for n in 0..300 {
        client.send(&json!({
            "jsonrpc": "2.0", "id": format!("s{n}"), "method": "tools/call",
            "params": {"name": "store_event", "arguments": {"event": {"ts": n}}},
        }));
    }
    let (mut updates, mut replies) = (0, 0);
    while replies < 300 || updates == 0 {
        let message = client.next();
        if is_update(&message) {
            updates += 1;
        } else {
            assert!(message["result"].is_object(), "{message}");
            replies += 1;
        }
    }
    let half_seconds = started.elapsed().as_millis() / 500;
    assert!(updates <= half_seconds + 1, "{updates} updates in {:?}", started.elapsed());
    client.finish();
}

#[test]
fn who_unsubscribed_is_told_nothing() {
    let mut client = Client::start();
    client.ask("resources/subscribe", json!({"uri": "elixirscope://stats"}));
    client.ask("resources/unsubscribe", json!({"uri": "elixirscope://stats"}));
    // A listener on the same pipe is the clock: an update of it would come along with one of the other's.
    let filter = json!({"notifications": {"resourceSubscriptions": ["elixirscope://stats"]}});
    client.send(&json!({"jsonrpc": "2.0", "id": "l", "method": "subscriptions/listen", "params": modern(filter)}));
    assert_eq!(client.next()["method"], "notifications/subscriptions/acknowledged");
    for n in 0..3 {
        client.call("store_event", json!({"event": {"ts": n}}));
        let update = client.next();
        assert!(is_update(&update), "{update}");
        assert_eq!(update["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], "l", "{update}");
    }
}

#[test]
fn a_listener_gets_what_the_server_can_tell_and_a_last_word_at_the_end() {
    let mut client = Client::start();
    let filter = json!({"notifications": {
        "toolsListChanged": true,
        "resourceSubscriptions": ["elixirscope://stats", "elixirscope://guide", "elixirscope://pid/0.1.0"],
    }});
    client.send(&json!({"jsonrpc": "2.0", "id": "l", "method": "subscriptions/listen", "params": modern(filter)}));
    let acknowledged = client.next();
    assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged");
    assert_eq!(
        acknowledged["params"]["notifications"],
        json!({"resourceSubscriptions": ["elixirscope://stats"]}),
        "nothing else ever changes or is watched"
    );
    client.call("store_event", json!({"event": {"ts": 1}}));
    assert!(is_update(&client.next()));
    // A server that waited for its listeners would end them by force in the end, and they would not get this result.
    let rest = client.rest();
    let [last] = rest.as_slice() else { panic!("{rest:?}") };
    assert_eq!((&last["id"], &last["result"]["resultType"]), (&json!("l"), &json!("complete")));
}

#[test]
fn a_legacy_subscription_does_not_keep_the_server() {
    let mut client = Client::start();
    client.ask("resources/subscribe", json!({"uri": "elixirscope://stats"}));
    client.finish();
}

#[test]
fn only_the_statistics_can_be_subscribed_to() {
    let mut client = Client::start();
    for method in ["resources/subscribe", "resources/unsubscribe"] {
        let (code, message) = client.error(method, json!({"uri": "elixirscope://guide"}));
        assert_eq!(code, -32602);
        assert!(message.contains("only elixirscope://stats can"), "{message}");
    }
}
