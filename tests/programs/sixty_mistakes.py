"""A program as a marketing person writes it, and the mistakes that such a person makes.

Each mistake: a text of the program, what is written in its place (`§` marks where the message
must point), and words of the remedy.
"""

from __future__ import annotations

PROGRAM = """\
program: shop
timezone: America/New_York
fields: {budget: number, renewal: date, partner: flag, plan: text}
doors:
  - {when: "lead.employees >= 200", motion: sales}
  - {otherwise: self_serve}
scoring:
  fit:
    - {when: "lead.country in ['US', 'CA']", points: 20}
  engagement:
    half_life: 30d
    rules:
      - {on: email.clicked, points: 10, at_most: 30 per 7d}
      - {on: page.viewed, when: "event.subject.startsWith('/pricing')", points: 15}
lifecycle:
  engaged: "score.engagement >= 10.0"
  mql: "score.fit >= 20.0 && score.engagement >= 40.0"
  hand_raise: "event.type == 'form.submitted' && event.subject == 'demo'"
  disqualify: [{when: "lead.partner", reason: partner}]
  idle: [{after: 90d, in: [known, engaged], do: recycle, reason: gone_cold}]
sending:
  from: "Shop <hello@shop.example>"
  postal_address: "Shop Inc., 1 Main Street"
  send_window: {days: mon-fri, hours: "08:00-18:00"}
  caps: [1 per 1d, 3 per 7d]
  consent_required_in: [DE]
  holdout: 10%
emails:
  welcome: {subject: "Hi {{ lead.first_name }}", text: "Welcome to the shop."}
  guide: {subject: "The guide", text: "https://shop.example/guide"}
  renewal: {subject: "Your renewal", text: "It is near."}
  news: {subject: "News", text: "All that is new."}
tracks:
  nurture:
    for: "stage in ['known', 'engaged']"
    exit: "stage == 'customer'"
    steps:
      - email: welcome
      - wait: 3d
      - wait_until: "did('email.clicked', 'welcome')"
        up_to: 5d
        then: [{email: guide}]
        else: [{task: {kind: call, note: "ask", team: sdr}}]
  customers:
    for: "stage == 'customer'"
    steps:
      - wait_for: renewal
        before: 30d
        then: [{email: renewal}]
  again:
    for: "stage == 'recycled'"
    again: true
    steps: [{email: news}, {wait: 60d}]
calendars:
  office:
    timezone: America/New_York
    hours: {mon-fri: ["09:00-17:00"]}
    holidays: {country: US}
handoff:
  routing: [{when: "lead.country == 'CA'", team: north}, {otherwise: sdr}]
  accept:
    {within: 4h, calendar: office, remind_at: [50%], on_breach: [alert, reassign], attempts: 2,
     then: recycle, reason: not_worked}
  qualify: {within: 10d, calendar: office, then: keep}
recycle:
  reasons: {not_now: {cool_off: 90d}, not_worked: {cool_off: 7d}, gone_cold: {}}
disqualify: {reasons: {partner: {}}}
lost_reasons: {price: {cool_off: 180d}}
schedules:
  digest: {cron: "30 8 * * MON-FRI"}
targets: {accepted_within_sla: 90%}
"""

_FIT = "\"lead.country in ['US', 'CA']\""
_MQL = '"score.fit >= 20.0 && score.engagement >= 40.0"'
_FOR = "\"stage in ['known', 'engaged']\""
_UNTIL = "\"did('email.clicked', 'welcome')\""
_NEWS = '  news: {subject: "News", text: "All that is new."}'
_DIGEST = '"30 8 * * MON-FRI"'
_HOURS = '{mon-fri: ["09:00-17:00"]}'
_MORE = """
  more:
    for: "stage == 'recycled' && lead.consent"
    again: §true
    steps: [{email: news}]"""
_AGAIN = "    steps: [{email: news}, {wait: 60d}]"

MISTAKES: tuple[tuple[str, str, str], ...] = (
    # names and shape
    ("timezone: America/New_York\nfields", "§timezon: UTC\nfields", "did you mean 'timezone'"),
    ("timezone: America/New_York\nfields", "timezone: §EST5\nfields", "time zone"),
    ("budget: number", "budget: §money", "flag"),
    ("plan: text", "§email: text", "every lead has"),
    ("    for: \"stage == 'customer'\"", "    §form: \"stage == 'customer'\"", "'for'"),
    ("program: shop\n", "program: §my shop\n", "use letters, digits"),
    # comparisons that never hold
    (_FIT, "\"lead.employees >= §'250'\"", "write 250 without quotes"),
    (_FIT, "\"lead.partner == §'yes'\"", "write lead.partner"),
    (_FIT, '"lead.partner == §1"', "write lead.partner"),
    (_FIT, '"lead.plan == §3"', "write '3' in quotes"),
    (_FIT, "\"lead.renewal < §'1.3.2027'\"", "write one like '2026-03-02'"),
    (_MQL, '"score.total == §40"', "write score.total >= 40"),
    (_MQL, '"score.fit + §10 > 30.0"', "write 10.0"),
    (_FIT, "\"lead.budget in [§'1000', '2000']\"", "write 1000 without quotes"),
    (_FIT, "\"lead.country == §'UK'\"", "write 'GB'"),
    (_FIT, "\"lead.country in ['US', §'Canada']\"", "write a code of ISO 3166"),
    (_FIT, '"lead.employees §=> 200"', "does not parse"),
    (_FIT, "\"lead.country §= 'US'\"", "write == to compare"),
    (_FIT, '"lead.consent §and lead.partner"', "write &&"),
    (_FIT, '"lead.§employes >= 200"', "did you mean 'lead.employees'"),
    (_FIT, '"§employees >= 200"', "did you mean 'lead.employees'"),
    (_FIT, "\"lead.title.§includes('VP')\"", "unknown function"),
    (_MQL, '"§fit >= 20.0"', "did you mean 'score.fit'"),
    (_MQL, "\"§event.type == 'form.submitted'\"", "use did('TYPE')"),
    # stages and events
    (_FOR, "\"stage == §'prospect'\"", "known:"),
    (_FOR, "§\"stage == 'mql'\"", "name one of them here"),
    (_UNTIL, "\"did(§'email.click', 'welcome')\"", "did you mean 'email.clicked'"),
    (_UNTIL, "\"did('email.clicked', §'welcom')\"", "did you mean 'welcome'"),
    (_UNTIL, "\"did(§'clicked')\"", "write two words like 'email.clicked'"),
    ("on: page.viewed", "on: §page.view", "did you mean 'page.viewed'"),
    ("on: email.clicked", "on: §click", "write two words like email.clicked"),
    ("event.type == 'form.submitted'", "event.type == §'form.submited'", "'form.submitted'"),
    # order of rules
    (
        "  - {otherwise: self_serve}",
        "  - {§otherwise: self_serve}\n  - {when: lead.consent, motion: sales}",
        "move it to the end of the list",
    ),
    (
        "[{when: \"lead.country == 'CA'\", team: north}, {otherwise: sdr}]",
        "[{§otherwise: sdr}, {when: \"lead.country == 'CA'\", team: north}]",
        "move it to the end of the list",
    ),
    (
        "  qualify: {within: 10d, calendar: office, then: keep}",
        '  qualify: [§{within: 10d}, {within: 5d, when: "lead.consent"}]',
        "move it to the end",
    ),
    # mail
    ("      - email: welcome", "      - email: §welcom", "did you mean 'welcome'"),
    (_NEWS, f'{_NEWS}\n  §spare: {{subject: "S", text: "T"}}', "add a step 'email: spare'"),
    ("then: [{email: guide}]", "then: [{email: §welcome}]", "name another e-mail"),
    ("{{ lead.first_name }}", "{{ §lead.firstname }}", "first_name"),
    ('from: "Shop <hello@shop.example>"', 'from: §"hello at shop"', "write one like"),
    ('postal_address: "Shop Inc., 1 Main Street"', 'postal_address: §"-"', "write one like"),
    ("consent_required_in: [DE]", "consent_required_in: [§Germany]", "write one like DE"),
    ("holdout: 10%", "holdout: §0.1", "say 10%"),
    ("1 per 1d", "§1 a day", "write one like 1 per 1d"),
    ("1 per 1d", "§0 per 1d", "allow at least 1"),
    # tracks and waits
    ("      - wait: 3d", "      - wait: §2m", "for months write 60d"),
    ("      - wait: 3d", "      - wait: §3 days", "write one like 30m, 4h, 3d or 2w"),
    ("      - wait: 3d", "      - wait: 4h\n      - email: §guide", "loosen sending.caps"),
    ("      - wait: 3d", "      - finish: true\n      - §wait: 3d", "remove or move it"),
    ("wait_for: renewal", "wait_for: §budget", "needs a field of type date"),
    (
        _AGAIN,
        f"{_AGAIN}\n  more:\n    for: \"stage == 'recycled'\"\n    again: §true\n{_AGAIN}",
        "take 'again: true' from one of them",
    ),
    # hours, holidays and schedules
    (_HOURS, '{mon-fri: [§"09:00-23:59"]}', "write '09:00-24:00'"),
    (_HOURS, '{mon-fri: [§"9am-5pm"]}', "write one like 09:00-12:30"),
    (_HOURS, '{§monday: ["09:00-17:00"]}', "write one like mon or mon-fri"),
    ("{country: US}", "{country: §GB}", "Easter Monday"),
    (_DIGEST, '§"30 2 * * *"', "write an hour from 3 on"),
    (_DIGEST, '§"0 9 31 2 *"', "write a day of the month that it has"),
    (_DIGEST, '§"8:30"', "five: minute, hour"),
    # clocks, reasons and targets
    ("remind_at: [50%]", "remind_at: [§100%]", "write a smaller share like 80%"),
    ("reason: not_worked}", "reason: §notworked}", "did you mean 'not_worked'"),
    ("calendar: office, remind_at", "calendar: §ofice, remind_at", "did you mean 'office'"),
    ("{accepted_within_sla: 90%}", "{§accepted_in_time: 90%}", "no report knows the target"),
    ("{accepted_within_sla: 90%}", "{accepted_within_sla: §0.9}", "write 90%"),
    # words of other tools, keys of other places
    ("program: shop\n", "§name: shop\n", "did you mean 'program'"),
    ("budget: number", "budget: §integer", "did you mean 'number'"),
    ("partner: flag", "partner: §boolean", "did you mean 'flag'"),
    ("  - {otherwise: self_serve}", "  - {§else: self_serve}", "did you mean 'otherwise'"),
    ("      - wait: 3d", "      - §delay: 3d", "did you mean 'wait'"),
    ("targets: {accepted", "§holdout: 5%\ntargets: {accepted", "it belongs under sending"),
    (_FIT, '"§US == lead.country"', "a text needs quotes: 'US'"),
    (_FIT, "\"lead.§stage == 'known'\"", "did you mean 'stage'"),
    (_FIT, '"lead.§score > 5"', "did you mean 'score.total'"),
    (_FIT, "\"lead.title.§lower() == 'vp'\"", "write TEXT.matches('(?i)vp')"),
    (_FIT, "\"lead.title §contains 'VP'\"", "write TEXT.contains"),
    (_FIT, '"§not lead.partner"', "write !"),
    (_FIT, '"lead.renewal < §today()"', "expressions know no clock"),
    (_FIT, "\"lead.timezone == §'Berlin'\"", "did you mean Europe/Berlin"),
    (_FOR, "§known", "did you mean stage == 'known'"),
    (
        "\"event.type == 'form.submitted' && event.subject == 'demo'\"",
        "§form.submitted",
        "write event.type == 'form.submitted'",
    ),
    # what does nothing, or something else
    ("timezone: America/New_York\nfields", "timezone: §EST\nfields", "write America/New_York"),
    (_FIT + ", points: 20", _FIT + ", points: §0", "add nothing"),
    ("at_most: 30 per 7d", "at_most: §5 per 7d", "below the 10 points"),
    (
        "{on: email.clicked, points: 10, at_most: 30 per 7d}",
        "{on: email.clicked, when: \"event.subject == §'welcom'\", points: 10}",
        "did you mean 'welcome'",
    ),
    (
        "\"event.type == 'form.submitted' && event.subject == 'demo'\"",
        "§\"did('form.submitted', 'demo')\"",
        "asks nothing of the event",
    ),
    ("in: [known, engaged], do", "in: [known, §customer], do", "does nothing there"),
    ("caps: [1 per 1d, 3 per 7d]", "caps: [1 per 1d, §3 per 1d]", "is tighter"),
    ("holdout: 10%", "holdout: §100%", "nobody gets mail"),
    ("Hi {{ lead.first_name }}", "Hi §{first_name}", "write one like {{ lead.first_name }}"),
    ("Hi {{ lead.first_name }}", "Hi §*|FNAME|*", "a placeholder of another tool"),
    (
        "    for: \"stage == 'customer'\"",
        "    for: §\"stage == 'sql'\"\n    start_on: \"event.type == 'form.submitted'\"",
        "no lead can enter this track",
    ),
    ("    exit: \"stage == 'customer'\"", f"    exit: §{_FOR}", "ends the track"),
    ("then: [{email: guide}]", "then: [{move_to: §nurture}]", "it is there"),
    (_HOURS, '{mon-fri: ["09:00-17:00"], §wed: ["09:00-12:00"]}', "the hours of both are joined"),
    ("{country: US}", "{country: US, except: [§2026-12-24]}", "no holiday here"),
    (
        "[{when: \"lead.country == 'CA'\", team: north}, {otherwise: sdr}]",
        "[§{when: \"lead.country == 'CA'\", team: north}]",
        "add a last rule {otherwise: TEAM}",
    ),
    ("remind_at: [50%]", "remind_at: [§0%]", "write a larger share"),
    ("attempts: 2", "attempts: §1", "write attempts: 2"),
    (
        "on_breach: [alert, reassign], attempts: 2",
        "on_breach: [alert], attempts: §2",
        "add reassign",
    ),
    ("then: recycle, reason: not_worked", "then: keep, reason: §not_worked", "is not used"),
    (_DIGEST, '§"* 8 * * *"', "runs 60 times in an hour"),
    (_DIGEST, '§"0 9 1 * MON"', "write * for one of them"),
    # second looks at the same kinds
    (_FIT, '"lead.budget == §true"', "write a number like 250"),
    (_FIT, "\"lead.country.startsWith(§'UK')\"", "write 'GB'"),
    (_FIT, "\"lead.country.matches(§'^(EU|EN)$')\"", "like 'US' or 'DE'"),
    ("\"lead.country == 'CA'\", team: north", '§"true", team: north', "as 'otherwise'"),
    (
        "      - email: welcome",
        "      - {variants: {a: welcome, b: news}, weights: {a: 1, b: §0}}",
        "nobody gets variant 'b'",
    ),
    (_UNTIL, "§\"stage == 'mql'\"", "'then' is never reached"),
    ("      - wait: 3d", "      - if: §'false'\n        then: [{email: news}]", "it never holds"),
    ("at_most: 30 per 7d", "at_most: §30 per 1m", "for months write 30d"),
    ("  qualify: {within: 10d", "  hold_at_most: §1m\n  qualify: {within: 10d", "write 30d"),
    (_DIGEST, '§"0 2,14 * * *"', "leaves out a run on days like 2027-03-14"),
    (
        'hours: "08:00-18:00"}',
        'hours: "08:00-18:00", holidays: {country: §GB}}',
        "Easter Monday",
    ),
    (
        _AGAIN,
        _AGAIN + _MORE,
        "take 'again: true' from one of them",
    ),
)
