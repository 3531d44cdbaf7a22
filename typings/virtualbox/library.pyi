"""The part of pyvbox's object model that is the same in the API that it was made for (6.1) and in 7.x."""

from typing import Any

class VBoxError(Exception):
    value: int
    msg: str | None
    exc: Exception

class MachineState:
    running: MachineState
    def __init__(self, value: int) -> None: ...
    def __int__(self) -> int: ...

class Interface:
    _i: Any
    def __init__(self, interface: Any = None) -> None: ...
    def _call(self, name: str, in_p: list[Any] | None = None) -> Any: ...
    def _get_attr(self, name: str) -> Any: ...
    def _set_attr(self, name: str, value: Any) -> None: ...

class IVirtualBoxErrorInfo(Interface):
    result_code: int
    text: str
    next_p: IVirtualBoxErrorInfo

class IProgress(Interface):
    completed: bool
    result_code: int
    error_info: IVirtualBoxErrorInfo
    def wait_for_completion(self, timeout: int = -1) -> None: ...
    def cancel(self) -> None: ...

class IEvent(Interface): ...

class IEventSource(Interface):
    def create_listener(self) -> Interface: ...
    def unregister_listener(self, listener: Interface) -> None: ...
    def event_processed(self, listener: Interface, event: IEvent) -> None: ...

class IMedium(Interface):
    id_p: str
    location: str
    format_p: str
    size: int
    logical_size: int
    last_access_error: str
    machine_ids: list[str]
    def close(self) -> None: ...
    def delete_storage(self) -> IProgress: ...

class IStorageController(Interface):
    name: str
    port_count: int
    use_host_io_cache: bool

class INATEngine(Interface):
    redirects: list[str]
    dns_proxy: bool
    dns_use_host_resolver: bool
    def remove_redirect(self, name: str) -> None: ...

class INetworkAdapter(Interface):
    enabled: bool
    cable_connected: bool
    bridged_interface: str
    nat_engine: INATEngine

class IBandwidthGroup(Interface):
    name: str
    max_bytes_per_sec: int

class IBandwidthControl(Interface):
    def get_bandwidth_group(self, name: str) -> IBandwidthGroup: ...

class ISharedFolder(Interface):
    name: str
    host_path: str

class IVRDEServer(Interface):
    enabled: bool
    def set_vrde_property(self, key: str, value: str) -> None: ...

class ISerialPort(Interface):
    enabled: bool

class IParallelPort(Interface):
    enabled: bool

class ISnapshot(Interface):
    id_p: str
    name: str
    children: list[ISnapshot]

class IDisplay(Interface): ...

class IConsole(Interface):
    display: IDisplay
    def power_down(self) -> IProgress: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def power_button(self) -> None: ...

class IMachine(Interface):
    id_p: str
    name: str
    description: str
    accessible: bool
    memory_size: int
    cpu_count: int
    cpu_execution_cap: int
    settings_file_path: str
    snapshot_folder: str
    log_folder: str
    state_file_path: str
    session_name: str
    session_pid: int
    last_state_change: int
    snapshot_count: int
    current_snapshot: ISnapshot
    bandwidth_control: IBandwidthControl
    vrde_server: IVRDEServer
    shared_folders: list[ISharedFolder]
    def get_extra_data(self, key: str) -> str: ...
    def set_extra_data(self, key: str, value: str) -> None: ...
    def get_network_adapter(self, slot: int) -> INetworkAdapter: ...
    def get_serial_port(self, slot: int) -> ISerialPort: ...
    def get_parallel_port(self, slot: int) -> IParallelPort: ...
    def get_storage_controller_by_name(self, name: str) -> IStorageController: ...
    def set_storage_controller_bootable(self, name: str, bootable: bool) -> None: ...
    def create_shared_folder(self, name: str, host_path: str, writable: bool, automount: bool, auto_mount_point: str) -> None: ...
    def remove_shared_folder(self, name: str) -> None: ...
    def detach_device(self, name: str, controller_port: int, device: int) -> None: ...
    def find_snapshot(self, name_or_id: str) -> ISnapshot: ...
    def take_snapshot(self, name: str, description: str, pause: bool) -> tuple[IProgress, str]: ...
    def delete_snapshot(self, id_p: str) -> IProgress: ...
    def restore_snapshot(self, snapshot: ISnapshot) -> IProgress: ...
    def save_state(self) -> IProgress: ...
    def discard_saved_state(self, f_remove_file: bool) -> None: ...
    def save_settings(self) -> None: ...
    def delete_config(self, media: list[IMedium]) -> IProgress: ...

class ISession(Interface):
    machine: IMachine
    console: IConsole
    def unlock_machine(self) -> None: ...

class IVirtualBox(Interface):
    version: str
    home_folder: str
    machines: list[IMachine]
    hard_disks: list[IMedium]
    event_source: IEventSource
    def find_machine(self, name_or_id: str) -> IMachine: ...
    def register_machine(self, machine: IMachine) -> None: ...
