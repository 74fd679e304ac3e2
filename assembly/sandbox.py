"""The workflow sandbox, for workers and for replays."""

from __future__ import annotations

from temporalio import workflow
from temporalio.worker import WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

_Policy = workflow.SandboxImportNotificationPolicy


def sandbox() -> WorkflowRunner:
    """The workflow sandbox; what a workflow imports is passed through, and named in its file."""
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_import_notification_policy(
            _Policy.WARN_ON_DYNAMIC_IMPORT | _Policy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
        )
    )
