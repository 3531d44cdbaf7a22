"""The API road: VirtualBox commanded through its own API (XPCOM on Linux and macOS, COM on Windows) with pyvbox.

`road` is what the driver sees. The API itself lives in a process of its own (`worker`), which the road starts, ends and starts again: the client library of
VirtualBox can't connect a second time once VBoxSVC was gone (seen with 7.2: its calls block for 30 s, then fail for ever), a call that hangs can't be taken
back in a thread, and a crash of Oracle's libraries stays there.
"""
