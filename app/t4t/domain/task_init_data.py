"""``init_data.xml`` for a task's guest: BOINC's names, and never a key, a password or a path of this computer."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from t4t.domain.preferences import Preferences
    from t4t.domain.project_state import ProjectState
    from t4t.domain.project_task import ProjectTask


def write_init_data(task: ProjectTask, state: ProjectState, preferences: Preferences, *, cores: int) -> bytes:
    """The file. ``project_dir`` ends with the folder's name only: a guest reads from it which project it is, and not whose computer."""
    workunit, version = task.given.workunit, task.given.version
    values: dict[str, object] = {
        "app_name": workunit.app_name,
        "app_version": version.version_num,
        "plan_class": version.plan_class,
        "userid": state.userid,
        "hostid": state.hostid,
        "user_name": state.user_name,
        "team_name": state.team_name,
        "project_dir": f"/boinc/projects/{task.project}",
        "boinc_dir": "/boinc",
        "wu_name": workunit.name,
        "result_name": task.name,
        "authenticator": "",
        "user_total_credit": state.user_total_credit,
        "user_expavg_credit": state.user_expavg_credit,
        "host_total_credit": state.host_total_credit,
        "host_expavg_credit": state.host_expavg_credit,
        "resource_share_fraction": 1.0,
        "ncpus": float(cores),
        "computation_deadline": task.deadline,
        "rsc_fpops_est": workunit.rsc_fpops_est,
        "rsc_fpops_bound": workunit.rsc_fpops_bound,
        "rsc_memory_bound": workunit.rsc_memory_bound,
        "rsc_disk_bound": workunit.rsc_disk_bound,
        "checkpoint_period": preferences.disk_interval,
        "cpu_usage_limit": preferences.cpu_usage_limit,
        "max_bytes_sec_up": preferences.max_bytes_sec_up,
        "max_bytes_sec_down": preferences.max_bytes_sec_down,
    }
    lines = [f"<{name}>{_text(value)}</{name}>" for name, value in values.items()]
    return "\n".join(["<app_init_data>", *lines, "</app_init_data>", ""]).encode()


def _text(value: object) -> str:
    text = f"{value:.6f}" if isinstance(value, float) else str(value)
    return html.escape("".join(c for c in text if c.isprintable()), quote=False)
