from collections.abc import Callable

NSWorkspaceWillPowerOffNotification: str
NSWorkspaceWillSleepNotification: str
NSWorkspaceDidWakeNotification: str
NSWorkspaceSessionDidResignActiveNotification: str
NSWorkspaceSessionDidBecomeActiveNotification: str

class NSNotificationCenter:
    def addObserverForName_object_queue_usingBlock_(self, name: str, sender: object, queue: object, block: Callable[[object], None]) -> object: ...
    def removeObserver_(self, observer: object) -> None: ...
    def postNotificationName_object_(self, name: str, sender: object) -> None: ...

class NSWorkspace:
    @classmethod
    def sharedWorkspace(cls) -> NSWorkspace: ...
    def notificationCenter(self) -> NSNotificationCenter: ...

NSApplicationActivationPolicyRegular: int

class NSApplication:
    @staticmethod
    def sharedApplication() -> NSApplication: ...
    def setActivationPolicy_(self, policy: int) -> bool: ...
