"""Remedies in words: a title, and the steps in the order in which a person does them. What changes a setting says how it is undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.diagnosis.findings import Remedy
from t4t.domain.record import record
from t4t.wording.language import Marked, gettext

if TYPE_CHECKING:
    from t4t.domain.diagnosis.findings import Finding, Step


@record
class Guide:
    """Title and steps. ``by_hand`` are the steps where no command does it, if they differ."""

    title: Marked
    steps: tuple[Marked, ...]
    by_hand: tuple[Marked, ...] = ()


_TYPE: Final[Marked] = "Open a terminal and type: {command}"
_AS_ADMINISTRATOR: Final[Marked] = "Open a terminal as administrator and type: {command}"
_ANSWER: Final[Marked] = "Type your password when it asks for it."
_AGAIN: Final[Marked] = "Check again."
_RESTART: Final[Marked] = "Restart the computer, and check again."

GUIDES: Final[dict[Remedy, Guide]] = {
    Remedy.CHECK_AGAIN: Guide("Check again", ("Check again in a minute.", "If it stays so, send us a report.")),
    Remedy.OTHER_COMPUTER: Guide("Use another computer", ("Install Test4Theory on a computer with an Intel or AMD processor.",)),
    Remedy.LOOK_AT_SCIENCE: Guide("Follow the science", ("Look at what others compute: https://lhcathome.cern.ch",)),
    Remedy.RUN_OUTSIDE: Guide("Run it outside", ("Install Test4Theory from its own package, directly on the computer.", "Start it there.")),
    Remedy.WINDOWS_PROGRAM: Guide("Use the Windows program", ("Install Test4Theory for Windows.", "Start it in Windows, not in Linux for Windows.")),
    Remedy.RUN_ON_THE_REAL_COMPUTER: Guide("Run it on the real computer", ("Install Test4Theory on the computer that this virtual machine runs on.",)),
    Remedy.NESTED: Guide(
        "Let the virtual machine have virtualization",
        ("Switch this virtual machine off.", "In its settings, switch on “nested virtualization” (nested VT-x or AMD-V).", "Start it, and check again."),
    ),
    Remedy.NORMAL_USER: Guide(
        "Start it as yourself", ("Close Test4Theory and VirtualBox.", "Start Test4Theory again, without “as administrator” and without sudo.")
    ),
    Remedy.FROM_DESKTOP: Guide("Start it from your desktop", ("Log in to your desktop as yourself.", "Start Test4Theory there.")),
    Remedy.CLOSE_PROGRAMS: Guide("Close some programs", ("Close programs that you do not need, browsers first.", _AGAIN)),
    Remedy.FREE_DISK: Guide("Free some space", ("Empty the trash.", "Delete or move large files that you do not need.", _AGAIN)),
    Remedy.OTHER_DISK: Guide("Choose another disk", ("Start Test4Theory with --data-dir and a folder on a disk of this computer that has room.",)),
    Remedy.FIRMWARE_SETTING: Guide(
        "Switch it on in the start-up menu",
        (
            "Restart the computer, and press {key} again and again until a menu (called BIOS or UEFI) opens.",
            "Look for {where}, and set it to Enabled.",
            "Press F10 to save, and let the computer start.",
            "If it does not help at once, switch the computer off completely, wait ten seconds, and switch it on.",
        ),
    ),
    Remedy.RESTART_INTO_FIRMWARE: Guide(
        "Restart into the start-up menu",
        (
            "Save your work. This restarts the computer into a menu (called BIOS or UEFI); type: {command}",
            "Look for {where}, and set it to Enabled.",
            "Press F10 to save, and let the computer start.",
        ),
    ),
    Remedy.ASK_OWNER: Guide(
        "Ask the person who looks after this computer",
        ("Company computers are often locked.", "Tell them: please switch on {feature} in the firmware, for VirtualBox."),
    ),
    Remedy.KEEP_AS_IS: Guide("Keep everything as it is", ("You need not do anything.",)),
    Remedy.FULL_SPEED: Guide(
        "How to get full speed",
        (
            "This stops Linux for Windows, Docker and Hyper-V until you undo it. Open a terminal as administrator and type: {command}",
            "Restart the computer.",
            "To undo it: bcdedit /set hypervisorlaunchtype auto, and restart.",
        ),
        (
            "Windows uses the feature to protect itself. We do not recommend switching that off.",
            "If you know what it means for your computer: Windows Security, Device security, Core isolation details, Memory integrity.",
        ),
    ),
    Remedy.WINDOWS_PLATFORM: Guide(
        "Let Windows share it",
        (_AS_ADMINISTRATOR, _RESTART, "To undo it: dism /online /disable-feature /featurename:HypervisorPlatform"),
    ),
    Remedy.KVM_CLOSE: Guide("Close the other virtual machines", ("Close them in the program that runs them: {programs}.", _AGAIN)),
    Remedy.KVM_UNLOAD: Guide(
        "Put KVM away until the next restart", ("Close other virtual machines.", _TYPE, _ANSWER, "It comes back by itself after a restart.")
    ),
    Remedy.KVM_LEND: Guide(
        "Tell KVM to take it only when it needs it",
        (_TYPE, _ANSWER, _RESTART, "To undo it: sudo rm /etc/modprobe.d/t4t-kvm.conf, and restart."),
    ),
    Remedy.KVM_UNDO_LEND: Guide(
        "Take the old setting away",
        (_TYPE, _ANSWER, _RESTART, "A copy of the file as it was stays beside it, if it was not ours."),
        ("Take kvm.enable_virt_at_load=0 out of the settings of your boot loader ({place}).", _RESTART),
    ),
    Remedy.KVM_ALLOW: Guide("Let your user use KVM", (_TYPE, _ANSWER, "Log out and in again, and check again.", 'To undo it: sudo gpasswd -d "$USER" kvm')),
    Remedy.WITHOUT_XEN: Guide("Start Linux without Xen", ("Restart the computer.", "Choose the entry without Xen in the first menu.")),
    Remedy.INSTALL_VIRTUALBOX: Guide(
        "Install VirtualBox",
        (
            "Your internet connection may stop for about ten seconds while it is installed.",
            _TYPE,
            "Say yes, or type your password, when it asks for it.",
            _AGAIN,
        ),
        (
            "Open https://www.virtualbox.org/wiki/Downloads",
            "Take the package for your system. You do not need the Extension Pack.",
            "Install it. Your internet connection may stop for about ten seconds.",
            _AGAIN,
        ),
    ),
    Remedy.UPDATE_VIRTUALBOX: Guide(
        "Get VirtualBox {recommended}",
        ("Close all virtual machines.", _TYPE, _AGAIN),
        (
            "Close all virtual machines.",
            "Open https://www.virtualbox.org/wiki/Downloads",
            "Install version {recommended} or newer over the one you have.",
            _AGAIN,
        ),
    ),
    Remedy.REPAIR_VIRTUALBOX: Guide(
        "Install VirtualBox again",
        (
            "Close all virtual machines.",
            "Open https://www.virtualbox.org/wiki/Downloads",
            "Install the same version over the one you have; your machines stay.",
            _AGAIN,
        ),
    ),
    Remedy.REGISTER_SERVICE: Guide("Tell Windows about it again", (_AS_ADMINISTRATOR, _AGAIN)),
    Remedy.RESTART_SERVICE: Guide("Let VirtualBox start afresh", ("Close all windows of VirtualBox.", "Log out and in again.", _AGAIN)),
    Remedy.INSTALL_HEADERS: Guide(
        "Install the parts", (_TYPE, _ANSWER), ("Install the headers of your kernel ({kernel}), a C compiler and make, with your package manager.",)
    ),
    Remedy.BUILD_DRIVER: Guide("Build the driver", (_TYPE, _ANSWER, "If it complains, read /var/log/vbox-setup.log.", _AGAIN)),
    Remedy.LOAD_DRIVER: Guide("Start the driver", (_TYPE, _ANSWER, _AGAIN)),
    Remedy.START_DRIVER: Guide("Start the driver", (_AS_ADMINISTRATOR, _AGAIN)),
    Remedy.ENROL_KEY: Guide(
        "Make Linux trust the driver",
        (
            "Open a terminal and type: {command} – it asks you to think up a password, which you need once.",
            "Restart the computer. A blue screen appears: choose “Enroll MOK”, “Continue”, “Yes”, and type that password.",
            "Choose “Reboot”. Then build the driver again.",
        ),
        (
            "Make a key for drivers and announce it with mokutil --import, as your system's handbook describes; think up a password, which you need once.",
            "Restart the computer. A blue screen appears: choose “Enroll MOK”, “Continue”, “Yes”, and type that password.",
            "Choose “Reboot”. Then build the driver again.",
        ),
    ),
    Remedy.EXCLUDE_FROM_ANTIVIRUS: Guide(
        "Tell the antivirus program about VirtualBox",
        (
            "Open your antivirus program, and add VirtualBox's folder and ours to its exceptions.",
            "Close programs that draw over games or record the screen.",
            "VirtualBox names the culprit in VBoxHardening.log, in the Logs folder of the machine.",
            _AGAIN,
        ),
    ),
    Remedy.SELINUX_LABELS: Guide(
        "Give VirtualBox's files their labels back",
        (_TYPE, _ANSWER, "If it stays so, show what was refused to who looks after the computer: sudo ausearch -m avc -ts recent", _AGAIN),
        ("Ask who looks after the computer to look for what SELinux refused to VirtualBox.", _AGAIN),
    ),
    Remedy.CLOSE_OTHER_SERVICE: Guide(
        "Let VirtualBox start afresh, for you",
        (
            "Close all windows and machines of VirtualBox, and programs that use it with settings of their own.",
            "Wait ten seconds: then its service ends by itself.",
            _AGAIN,
        ),
    ),
    Remedy.REMOVE_LOST_MACHINES: Guide(
        "Tidy VirtualBox's list", ("Open VirtualBox.", "Remove machines that are marked as inaccessible, if you no longer have their files.")
    ),
    Remedy.UPDATE_EXTENSION_PACK: Guide(
        "Update or remove the extension pack", ("Open VirtualBox, Tools, Extensions.", "Remove the pack, or install the one of version {version}.")
    ),
    Remedy.INSTALL_QEMU: Guide("Install QEMU", (_TYPE, _AGAIN), ("Open https://www.qemu.org/download/", "Install QEMU for your system.", _AGAIN)),
    Remedy.CONNECT: Guide("Connect to the internet", ("Switch on Wi-Fi, or plug in the cable.", _AGAIN)),
    Remedy.WAIT_FOR_WIFI: Guide("Wait for Wi-Fi", ("Go on when you are in a network that does not cost by volume.",)),
    Remedy.ALLOW_HOSTS: Guide("Let us through", ("Ask the person who looks after your network to allow connections to {blocked}.", _AGAIN)),
    Remedy.CHECK_PROXY: Guide("Look at the proxy settings", ("Check in the system's network settings which proxy is set.", _AGAIN)),
}


@record
class SaidStep:
    """A remedy in words."""

    id: str
    title: str
    command: str
    steps: tuple[str, ...]


def say(step: Step, finding: Finding) -> SaidStep:
    """``step`` of ``finding`` in words."""
    guide = GUIDES[step.remedy]
    data = {name: str(value) for name, value in finding.data.items()}
    setting, path = data.get("setting", "Virtualization"), data.get("path", "")
    words = {
        "programs": gettext("a program"),
        "place": gettext("its settings"),
        "key": "Del",
        "feature": gettext("hardware virtualization"),
        "blocked": "",
        "recommended": "",
        "version": "",
        "kernel": "",
        **{name: value for name, value in data.items() if value},
        "command": step.command,
        "where": f"“{path} → {setting}”" if path else gettext("“{setting}” or a word with “Virtual” in it").format(setting=setting),
    }
    chosen = guide.by_hand if guide.by_hand and not step.command else guide.steps
    return SaidStep(
        id=step.remedy.value,
        title=gettext(guide.title).format(**words).strip(),
        command=step.command,
        steps=tuple(gettext(line).format(**words) for line in chosen),
    )
