//! What the run cost and what a month would.

use super::table::count;
use super::{Page, facts};
use crate::html::{Node, el};

pub(super) fn render(page: &Page<'_>) -> Option<Node> {
    let cost = page.report.cost.as_ref()?;
    let currency = super::words::cut(&cost.currency, 12);
    let money = |value: f64| -> Node {
        el("data").attr("value", value.to_string()).with(format!("{value:.2} {currency}")).into()
    };
    Some(facts(vec![
        ("This run", money(cost.total)),
        ("Saved", money(cost.saved)),
        ("Paid requests", count(cost.paid)),
        ("Free requests", count(cost.free)),
        (
            "Price of a request",
            el("data")
                .attr("value", cost.per_request.to_string())
                .with(format!("{} {currency}", cost.per_request))
                .into(),
        ),
        (
            "Assumed requests a day",
            el("data").attr("value", cost.per_day.to_string()).with(cost.per_day.to_string()).into(),
        ),
        ("A month", money(cost.monthly)),
        ("A month if all were paid", money(cost.monthly_without_free)),
    ]))
}
