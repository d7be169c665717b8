//! Where did the same go well?

use super::words::times;
use crate::analysis::story::line::{ChangedIn, Elsewhere, Gave};
use crate::tell::words::count;

pub(super) fn line(of: &Elsewhere) -> String {
    match of {
        Elsewhere::Change { pattern, path, results, beyond, of_newest } => {
            let mut shown: Vec<String> = results.iter().map(changed).collect();
            if *beyond > 0 {
                shown.push(count(*beyond, "more result"));
            }
            format!("{pattern} in other processes, {path}: {}{}", shown.join("; "), newest(*of_newest, "changes"))
        }
        Elsewhere::Function { function, results, beyond, of_newest } => {
            let mut shown: Vec<String> = results.iter().map(gave).collect();
            if *beyond > 0 {
                shown.push(format!("{beyond} more"));
            }
            format!("other calls of {function}: {}{}", shown.join(", "), newest(*of_newest, "calls"))
        }
        Elsewhere::Message { pattern, here, well, others, failed, of_newest } => {
            let newest = newest(*of_newest, "messages");
            if *well == 0 {
                return format!("{pattern} failed {} and never went well{newest}", count(*failed, "other time"));
            }
            let places = match (here, others) {
                (0, 1) => "in another process".to_owned(),
                (0, others) => format!("in {others} other processes"),
                (_, 0) => "in this process".to_owned(),
                (here, 1) => format!("in this process ({here}) and another"),
                (here, others) => format!("in this process ({here}) and {others} others"),
            };
            let failed =
                if *failed > 0 { format!("; it failed {}", count(*failed, "other time")) } else { String::new() };
            let times = if *well == 1 { "once".to_owned() } else { format!("{well} times") };
            format!("{pattern} went well {times}, {places}{failed}{newest}")
        }
    }
}

fn newest(of: Option<usize>, what: &str) -> String {
    of.map(|newest| format!(", of the newest {newest} {what}")).unwrap_or_default()
}

/// `"TEN" -> 10 x2`.
fn gave(Gave { args, result, count }: &Gave) -> String {
    let args = match args.as_deref() {
        None => "(arguments not recorded) ",
        Some("") => "",
        Some(args) => &format!("{args} "),
    };
    format!("{args}-> {}{}", result.as_deref().unwrap_or("(not recorded)"), times(*count))
}

/// `0 -> 20 in :cart_3, :cart_6`.
fn changed(ChangedIn { difference, processes, in_all, count }: &ChangedIn) -> String {
    let more = in_all - processes.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let times = if count > in_all { times(*count) } else { String::new() };
    format!("{difference} in {}{more}{times}", processes.join(", "))
}
