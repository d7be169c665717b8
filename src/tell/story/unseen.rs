//! Why is not known what a process did when it failed?

use crate::analysis::story::line::Unseen;
use crate::tell::words::count_of;

pub(super) fn note(of: &Unseen) -> String {
    let Unseen::Calls { count, are_newest, without_arguments, without_end, last, event } = of else {
        return "no call of this process was recorded, so neither its message nor its state is known; trace calls of its \
                module to see them"
            .to_owned();
    };
    let newest = if *are_newest { "the newest " } else { "" };
    let mut lacks = Vec::new();
    if *without_arguments > 0 {
        lacks.push(format!("{without_arguments} without their arguments"));
    }
    if *without_end > 0 {
        lacks.push(format!("of {without_end} how they ended is not recorded"));
    }
    let lacks = if lacks.is_empty() { String::new() } else { format!(" ({})", lacks.join("; ")) };
    let calls = count_of(*count, "call of this process was", "calls of this process were");
    format!(
        "{newest}{calls} recorded{lacks}, the last {last} ({event}); none of them shows the \
         failure, so the message and the state it failed with are not known"
    )
}
