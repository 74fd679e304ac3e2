"""A worker process is scraped; rules and dashboards name metrics that it has."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.docs.pages import anchors
from tests.server.child_processes import ROOT, running_site
from tests.waiting import LIMIT, until

RULES = ROOT / "deploy" / "prometheus" / "alerts.yaml"
DASHBOARD = ROOT / "deploy" / "grafana" / "leadflow.json"
_METRIC = re.compile(r"\b(?:leadflow|temporal|process)_[a-z_]+")


def _rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return list(group["rules"])


def _named() -> set[str]:
    """Every metric that a rule or a panel asks for."""
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    asked += [rule["expr"] for rule in _rules()]
    return {name for one in asked for name in _METRIC.findall(one)}


def _samples(text: str) -> dict[str, float]:
    """The sum of the samples of each name."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0.0) + sample.value
    return found


async def test_a_worker_is_scraped_and_has_every_metric_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADFLOW_MONITORING_PORT", "0")
    monkeypatch.setenv("LEADFLOW_LOG_FORMAT", "json")
    async with running_site(tmp_path) as site:
        url = await until(lambda: _monitored(tmp_path))
        await site.create_lead("ana")
        await until(lambda: site.entries_of("ana", "email_sent"))
        await site.leads.events(
            "ana", [{"id": "hand", "type": "form.submitted", "subject": "demo"}]
        )
        await until(lambda: site.entries_of("ana", "assigned"))
        async with httpx.AsyncClient(timeout=LIMIT, base_url=url) as http:
            samples = _samples((await http.get("/metrics")).text)
            assert _named() - set(samples) == set()
            assert samples["leadflow_turn_seconds_count"] >= 2
            assert samples["leadflow_mails_total"] >= 1
            assert samples["leadflow_database_up"] == 1
            assert (await http.get("/health")).json() == {"status": "alive"}
            assert (await http.get("/ready")).json() == {"status": "ready"}
            site.server.stop()

            async def not_ready() -> Any:
                answer = await http.get("/ready")
                return answer.json() if answer.status_code == 503 else None

            assert "Temporal does not answer" in (await until(not_ready))["why"]
            assert (await http.get("/metrics")).status_code == 200
        page = (ROOT / "docs" / "operations.md").read_text("utf-8")
        ours = {name for name in samples if name.startswith("leadflow_")}
        families = {re.sub(r"_(bucket|count|sum|total)$", "", name) for name in ours}
        assert [one for one in sorted(families) if f"`{one}" not in page] == []
        site.kill(signal.SIGKILL)


def _monitored(home: Path) -> str | None:
    """The URL of the worker's monitoring port, once its log names it."""
    (log,) = home.glob("worker-*.log")
    logged = [json.loads(one) for one in log.read_text().splitlines() if one.startswith("{")]
    ports = [one["http"] for one in logged if one["event"] == "monitoring ready"]
    return f"http://127.0.0.1:{ports[0]}" if ports else None


def test_every_alert_has_a_severity_a_summary_and_a_runbook() -> None:
    rules = _rules()
    assert len({rule["alert"] for rule in rules}) == len(rules) > 10
    for rule in rules:
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert anchor in anchors(ROOT / page), rule["alert"]
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
