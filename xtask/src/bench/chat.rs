//! A flow as suites have it: bodies with values filled in, answers parsed and checked, a value carried on, canaries looked for.

use super::finding::{Finding, figure};
use super::lab::Lab;
use super::stats::{median, paired_ratio};
use super::tools;
use super::truth::Truth;

const USERS: u32 = 50;

/// The flow as a scenario of a suite.
pub(super) fn suite(url: &str, seconds: u32, canary_scan: bool) -> String {
    format!(
        r#"name: chat
target: {{ url: "{url}" }}
flows:
  chat:
    - name: ask
      post: /chat
      json: {{ user: "{{{{ user.id }}}}", message: "My code is {{{{ canary }}}}. How do I reset my password ({{{{ iteration }}}})?" }}
      check: [ status == 200, json.answer != "" ]
      capture: {{ session: json.session }}
    - name: ask_again
      post: /chat
      json: {{ session: "{{{{ session }}}}", message: "And how long is the link valid?" }}
      check: [ status == 200, json.said.session == session ]
scenarios:
  chat:
    load: {{ users: {USERS}, duration: {seconds}s }}
    flow: chat
    canary_scan: {canary_scan}
    settle: 0s
"#
    )
}

/// The same for k6.
fn script(url: &str, seconds: u32) -> String {
    format!(
        r#"import http from 'k6/http';
import {{ check }} from 'k6';
export const options = {{ {trend}, vus: {USERS}, duration: '{seconds}s' }};
const json = {{ headers: {{ 'content-type': 'application/json' }} }};
const letters = 'abcdefghijklmnopqrstuvwxyz234567';
let canary = 'zq7k';
for (let n = 0, rest = __VU * 48271; n < 12; n++) {{ canary += letters[rest % 32]; rest = (rest * 31 + 7) % 1000003; }}
// Another user's canary in a response?
function foreign(text) {{
  for (let at = text.indexOf('zq7k'); at >= 0; at = text.indexOf('zq7k', at + 4)) {{
    if (text.substr(at, 16) !== canary) return true;
  }}
  return false;
}}
export default function () {{
  const ask = http.post('{url}/chat', JSON.stringify({{
    user: `user-${{__VU}}`, message: `My code is ${{canary}}. How do I reset my password (${{__ITER}})?`,
  }}), json);
  const first = ask.json();
  check(ask, {{
    'status': (r) => r.status === 200, 'answer': () => first.answer !== '', 'canary': (r) => !foreign(r.body),
  }});
  const again = http.post('{url}/chat', JSON.stringify({{
    session: first.session, message: 'And how long is the link valid?',
  }}), json);
  const second = again.json();
  check(again, {{
    'status': (r) => r.status === 200, 'session': () => second.said.session === first.session,
    'canary': (r) => !foreign(r.body),
  }});
}}
{summary}"#,
        trend = tools::k6::TREND,
        summary = tools::k6::SUMMARY,
    )
}

pub(super) fn run(lab: &Lab) -> anyhow::Result<Finding> {
    let truth = Truth::start(&lab.cores)?;
    let mut finding = Finding::default();
    finding.say(format!(
        "{USERS} users, two POSTs each time: a JSON body with values filled in, the answer (400 bytes of JSON) checked, a value of the \
         first carried into the second, both answers searched for other users' canaries. k6 runs the same as a script."
    ));
    if !tools::K6.is_there(lab) {
        finding.say("k6 is not there, so there is nothing to compare with.");
        return Ok(finding);
    }
    let seconds = lab.either(4, 2);
    lab.write("chat.js", &script(&truth.url(""), seconds))?;
    let (mut ours, mut theirs) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    for _ in 0..lab.rounds() {
        let (ran, _) = lab.suite(&suite(&truth.url(""), seconds, true))?;
        ours.0.push(ran.measure.per_second);
        ours.1.push(ran.cpu_per_100k());
        lab.rest();
        let ran = tools::K6.run(lab, &tools::k6::script("chat.js"))?;
        theirs.0.push(ran.measure.per_second);
        theirs.1.push(ran.cpu_per_100k());
        lab.rest();
    }
    let (speed, cpu) = (paired_ratio(&ours.0, &theirs.0), paired_ratio(&ours.1, &theirs.1));
    finding.at_least("requests/s of a chat-like flow over k6's", 6.0, speed, "");
    finding.at_most("CPU per request of a chat-like flow over k6's", 1.0 / 6.0, cpu, "");
    let row = |name: &str, (speed, cpu): &(Vec<f64>, Vec<f64>)| {
        [name.to_owned(), figure(median(speed), ""), figure(median(cpu), "s")]
    };
    finding.table(
        ["client", "requests/s", "cpu for 100,000 requests"],
        &[row("loadgate", &ours), row("k6", &theirs)],
    );
    Ok(finding)
}
