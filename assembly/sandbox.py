"""The workflow sandbox, for workers and for replays."""

from __future__ import annotations

from temporalio import workflow
from temporalio.worker import WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

_Policy = workflow.SandboxImportNotificationPolicy


def sandbox(*passed: str) -> WorkflowRunner:
    """The workflow sandbox; what a workflow imports is passed through, and named in its file.

    Our workflows are passed through too. Else the SDK would load their file again for every lead
    that wakes, which takes more time than the lead's turn. Their files keep no state of their own,
    and ruff (DTZ, banned-api) and the replays of tests/replay see that they ask no clock. `passed`
    are packages whose workflows are treated alike.
    """
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_import_notification_policy(
            _Policy.WARN_ON_DYNAMIC_IMPORT | _Policy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
        ).with_passthrough_modules("workflows", "models", *passed)
    )
