"""The demo project against the client's own parts: the whole way from an address to credit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.demo_rig import IMAGES, WITH_VIRTUALBOX, WORK, demo_rig
from t4t.demo import RESULT
from t4t.domain.scheduler_request import WorkRequest
from t4t.domain.vbox_job import parse_vbox_job
from t4t.project.replies import feed, root_of

if TYPE_CHECKING:
    from pathlib import Path

NOTHING = WorkRequest()


async def test_from_an_address_to_credit(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        project, volunteer = rig.project, rig.volunteer
        config = await volunteer.attach(project.address)
        assert config.invite_code_required
        assert "& ends with it" in config.terms_of_use
        await volunteer.contact()
        (task,) = volunteer.tasks.values()
        assert task.version.plan_class == "qemu64"
        files = await volunteer.fetch(task)
        job_file, image = (info.name for info in task.programs)
        assert files[image].read_bytes() == IMAGES["t4t-appliance.raw"]
        job = parse_vbox_job(files[job_file].read_bytes(), path="job")
        assert job.multiattach_vdi_file == image
        assert files[task.inputs[0].name].read_text().startswith("boinc ee zhad ")
        assert task.result.file_refs[0].open_name == f"shared/{RESULT}"
        await volunteer.finish(task, b"r" * 20_000)
        await volunteer.contact(NOTHING)
        assert volunteer.tasks == {}
        await project.settled()
        exchange = await volunteer.contact(NOTHING)
        assert exchange.error is None
        assert exchange.state.user_total_credit == exchange.state.host_total_credit == 50.0
        feed_reply = await rig.http.get(exchange.state.rss_urls[0])
        assert feed(root_of(feed_reply.body, "rss", kind="rss")).items[0].title == "t4t_demo_0001_0 is valid"
        assert project.complaints == []
        assert {line.status for line in project.log} == {200}


async def test_virtualbox_is_for_computers_that_have_it(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        rig.volunteer.host = WITH_VIRTUALBOX
        await rig.volunteer.attach(rig.project.address)
        await rig.volunteer.contact()
        (task,) = rig.volunteer.tasks.values()
        assert task.version.plan_class == "vbox64"
        files = await rig.volunteer.fetch(task)
        assert files[task.programs[1].name].read_bytes() == IMAGES["t4t-appliance.vdi"]


async def test_everything_survives_a_restart(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        await rig.volunteer.attach(rig.project.address)
        await rig.volunteer.contact()
        (name,) = rig.volunteer.tasks
        account = rig.project.book.accounts[1]
        port = rig.project.address.split(":")[2].partition("/")[0]
    async with demo_rig(tmp_path, port=int(port)) as rig:
        again = rig.volunteer
        rig.now.now += 100
        await again.attach(rig.project.address)
        assert again.state is not None
        assert again.attachments.key(again.state) == account.key
        await again.contact(WORK)
        assert list(again.tasks) == [name]
