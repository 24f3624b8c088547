//! The users one by one. Those with failures and those far slower than the others stand out.

use super::Part;
use crate::html::{Node, el, list};
use crate::model::User;
use crate::page::words::cut;
use crate::page::{Cell, Column, Table};
use crate::quantity::{Quantity, Unit};

/// Beyond this many users the table is folded, and what stands out is shown before it.
const FOLD: usize = 12;
/// The pre-rendered page lists this many of each scenario: hundreds would be most of the file. The interactive page, its
/// exports and the report's JSON have them all.
const PRINTED: usize = 20;
/// Fewer users than this have no usual mean.
const ENOUGH: usize = 8;

pub(super) fn render(part: &Part<'_>) -> Option<Node> {
    let users = &part.scenario.users;
    if users.is_empty() {
        return None;
    }
    let fence = fence(users);
    let slow = |user: &User| fence.zip(user.mean_ms).is_some_and(|(fence, mean)| mean > fence);
    let apart: Vec<&User> = users.iter().filter(|u| u.failed > 0 || slow(u)).collect();
    let limit = if part.page.is_complete() { users.len() } else { PRINTED };
    let all = || part.table(table("users", "Users", users.iter().take(limit), &slow));
    let left_out = part.scenario.users_left_out + users.len().saturating_sub(limit) as u64;
    let left_out = (left_out > 0)
        .then(|| el("p").class("quiet").with(format!("{left_out} more users are not listed here.")));
    let note = fence.filter(|_| users.iter().any(slow)).map(|fence| {
        let words = format!(
            "“Slow” is a mean beyond {}: the upper quartile of the users' means and 1.5 times their quartile range.",
            Quantity::new(fence, Unit::Ms)
        );
        el("p").class("quiet").with(words)
    });
    if users.len() <= FOLD {
        return Some(list([Node::from(all()), Node::from(left_out), Node::from(note)]));
    }
    let some = !apart.is_empty() && apart.len() < users.len();
    let first = some.then(|| {
        part.table(table("users-apart", "Users that stand out", apart.iter().copied().take(FOLD), &slow))
    });
    let folded = part.folded("all-users", format!("All {} users", users.len()), || Node::from(all()));
    Some(list([Node::from(first.flatten()), Node::from(note), folded.into(), Node::from(left_out)]))
}

/// The mean beyond which a user is far slower than the others (Tukey's upper fence).
fn fence(users: &[User]) -> Option<f64> {
    let mut means: Vec<f64> = users.iter().filter_map(|u| u.mean_ms).collect();
    if means.len() < ENOUGH {
        return None;
    }
    means.sort_by(f64::total_cmp);
    let quartile = |share: f64| means[((means.len() - 1) as f64 * share).round() as usize];
    let (lower, upper) = (quartile(0.25), quartile(0.75));
    Some(upper + 1.5 * (upper - lower))
}

fn table<'a>(
    id: &str,
    caption: &str,
    users: impl Iterator<Item = &'a User> + Clone,
    slow: &dyn Fn(&User) -> bool,
) -> Table {
    let classes = users.clone().any(|u| u.class.is_some());
    let mut columns = vec![Column::text("user")];
    if classes {
        columns.push(Column::text("class"));
    }
    columns.extend(["ok", "refused", "failed", "mean", "fastest", "longest"].map(Column::number));
    let mut table = Table::new(id, caption, columns);
    for user in users {
        let mark = slow(user).then(|| el("span").class("label").with("slow"));
        let name = list([Node::from(el("bdi").with(cut(&user.name, 80))), Node::from(mark)]);
        let mut cells = vec![Cell::node(name, user.name.as_str())];
        if classes {
            cells.push(user.class.as_deref().map_or_else(Cell::empty, |class| Cell::text(cut(class, 60))));
        }
        cells.extend([Cell::count(user.ok), Cell::count(user.refused), Cell::count(user.failed)]);
        cells.extend([user.mean_ms, user.min_ms, user.max_ms].map(|value| Cell::quantity(value, Unit::Ms)));
        table.marked_row(if user.failed > 0 { "fail" } else { "" }, cells);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_far_slower_than_the_others_stands_out() {
        let user = |mean| User { mean_ms: Some(mean), ..User::default() };
        let mut users: Vec<User> = (0..10).map(|i| user(100.0 + f64::from(i))).collect();
        users.push(user(150.0));
        let fence = fence(&users).unwrap();
        assert!((109.0..150.0).contains(&fence), "{fence}");
        assert_eq!(super::fence(&users[..7]), None);
    }
}
